//! Who owns a savepoint that a job starts from.

use nutkin_flink::Argument;
use nutkin_flink::FlinkVersion;
use nutkin_flink::problem::Problem;

/// Flink's claim modes (FLIP-193).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimMode {
    /// Flink owns the savepoint, and deletes it once it needs it no more.
    Claim,
    /// The user goes on owning it; the first checkpoint is a full one. Flink's default.
    NoClaim,
    /// The user owns it, and checkpoints may go on needing it. Deprecated by Flink.
    Legacy,
}

impl ClaimMode {
    const ALL: [Self; 3] = [Self::Claim, Self::NoClaim, Self::Legacy];

    /// As REST spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claim => "CLAIM",
            Self::NoClaim => "NO_CLAIM",
            Self::Legacy => "LEGACY",
        }
    }

    /// What the user says, in any case and with `-` for `_`.
    ///
    /// # Errors
    /// It is not one of the three.
    pub fn read(text: &str, path: &str) -> Result<Self, Problem> {
        let wanted = text.trim().replace('-', "_");
        let found = Self::ALL.into_iter().find(|mode| mode.name().eq_ignore_ascii_case(&wanted));
        found.ok_or_else(|| {
            Problem::new(path, format!("`{text}` is not a claim mode"))
                .hint("write CLAIM, NO_CLAIM or LEGACY")
        })
    }

    /// What is wrong with a claim mode for a submission to this release.
    ///
    /// `POST /jars/:id/run` takes it since 1.17 (`restoreMode`, from 1.20 on `claimMode`) and ignores it before without a
    /// word.
    pub fn problems(version: FlinkVersion, has_savepoint: bool, path: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !version.line().run_takes_configuration {
            problems.push(
                Problem::new(path, format!("Flink {version} takes none with a job"))
                    .hint("leave it out, or use Flink 1.17 or later"),
            );
        }
        if !has_savepoint {
            problems.push(
                Problem::new(path, "there is no savepoint to own").hint(
                    Argument::FromSavepoint.within("name it with ", ", or leave the mode out"),
                ),
            );
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::ClaimMode;

    #[test]
    fn modes_in_any_spelling() {
        #[track_caller]
        fn check(text: &str, expected: Option<&str>) {
            let read = ClaimMode::read(text, "--claim-mode");
            assert_eq!(read.as_ref().ok().map(|mode| mode.name()), expected);
            assert_eq!(read.is_err(), expected.is_none());
        }
        check("CLAIM", Some("CLAIM"));
        check("no-claim", Some("NO_CLAIM"));
        check("legacy", Some("LEGACY"));
        check("NOCLAIM", None);
        check("", None);
    }

    #[test]
    fn what_a_release_would_ignore_is_refused() {
        #[track_caller]
        fn check(version: &str, has_savepoint: bool, expected: usize) {
            let version = version.parse().expect("a version");
            assert_eq!(ClaimMode::problems(version, has_savepoint, "").len(), expected);
        }
        check("1.16", true, 1);
        check("1.16", false, 2);
        check("1.17", true, 0);
        check("2.3", false, 1);
    }
}
