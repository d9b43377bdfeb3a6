//! The Flink versions that Nutkin knows, and what differs between them, as one table.

use std::fmt;
use std::str::FromStr;

/// A Flink release such as 1.20.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlinkVersion {
    /// 1 or 2.
    pub major: u16,
    /// 13 to 20 of 1.x; 0 to 3 of 2.x.
    pub minor: u16,
    /// The bug-fix release.
    pub patch: u16,
}

/// What a release line (1.20, 2.3) does its own way. One row of [`LINES`].
#[derive(Debug, PartialEq, Eq)]
pub struct ReleaseLine {
    /// Major and minor number.
    pub number: (u16, u16),
    /// Newest patch release known to this Nutkin: what `flinkVersion: v1_20` means.
    pub newest: FlinkVersion,
    /// Reads `config.yaml` (nested, YAML 1.2 core schema).
    pub reads_config_yaml: bool,
    /// Reads `flink-conf.yaml` (`key: value` lines).
    pub reads_flink_conf: bool,
    /// Java versions that the release was built and tested for.
    pub java: &'static [u8],
    /// Scheme of the RPC addresses.
    pub rpc_scheme: &'static str,
    /// `POST /jars/:id/run` takes `flinkConfiguration` and `restoreMode`.
    pub run_takes_configuration: bool,
    /// `POST /jars/:id/run` takes `claimMode`.
    pub run_takes_claim_mode: bool,
    /// `GET /jobs/:id/status` is there.
    pub has_job_status: bool,
    /// `POST /jobs/:id/checkpoints` is there.
    pub has_checkpoint_trigger: bool,
    /// `POST /jobs/:id/stop` and its like take a `triggerId`: sent twice, they are obeyed once.
    pub takes_trigger_id: bool,
    /// `GET /applications/overview` is there: sessions have applications, with the jobs of each (FLIP-549).
    pub has_applications: bool,
    /// Savepoints need `formatType: NATIVE` to be safe for every state.
    pub native_savepoints: bool,
    /// Legacy memory options (`*.heap.size`, `*.heap.mb`, `FLINK_*_HEAP`) are read.
    pub legacy_memory: bool,
}

/// All lines, oldest first. Sources: the release notes of each line, and runs of 1.13.6, 1.17.2, 1.20.5
/// and 2.3.0; the lines between take the facts of the nearest one below unless a FLIP says otherwise
/// (config.yaml since 1.19: FLIP-366; Pekko since 1.18: FLINK-32468; Java 17 since 1.18, 21 since 1.19; trigger ids
/// since 1.15: FLINK-24208).
pub const LINES: &[ReleaseLine] = &[
    line((1, 13), 6, &[8, 11]),
    line((1, 14), 6, &[8, 11]),
    line((1, 15), 4, &[8, 11]),
    line((1, 16), 3, &[8, 11]),
    line((1, 17), 2, &[8, 11]),
    line((1, 18), 1, &[8, 11, 17]),
    line((1, 19), 3, &[8, 11, 17, 21]),
    line((1, 20), 5, &[8, 11, 17, 21]),
    line((2, 0), 2, &[11, 17, 21]),
    line((2, 1), 3, &[11, 17, 21]),
    line((2, 2), 1, &[11, 17, 21]),
    line((2, 3), 0, &[11, 17, 21]),
];

const fn at_least(number: (u16, u16), floor: (u16, u16)) -> bool {
    number.0 > floor.0 || (number.0 == floor.0 && floor.1 <= number.1)
}

const fn line(number: (u16, u16), newest_patch: u16, java: &'static [u8]) -> ReleaseLine {
    ReleaseLine {
        number,
        newest: FlinkVersion { major: number.0, minor: number.1, patch: newest_patch },
        reads_config_yaml: at_least(number, (1, 19)),
        reads_flink_conf: !at_least(number, (2, 0)),
        java,
        rpc_scheme: if at_least(number, (1, 18)) { "pekko.tcp" } else { "akka.tcp" },
        run_takes_configuration: at_least(number, (1, 17)),
        run_takes_claim_mode: at_least(number, (1, 20)),
        has_job_status: at_least(number, (1, 17)),
        has_checkpoint_trigger: at_least(number, (1, 17)),
        takes_trigger_id: at_least(number, (1, 15)),
        has_applications: at_least(number, (2, 3)),
        native_savepoints: at_least(number, (2, 0)),
        legacy_memory: !at_least(number, (2, 0)),
    }
}

impl FlinkVersion {
    /// What Nutkin runs when nobody says otherwise: the last line of 1.x, which most users are on.
    pub const DEFAULT: Self = Self { major: 1, minor: 20, patch: 5 };

    /// A release by its three numbers.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// The row of the table for this release; a release newer than all rows gets the last one, an older
    /// one the first.
    pub fn line(self) -> &'static ReleaseLine {
        LINES.iter().rev().find(|line| line.number <= (self.major, self.minor)).unwrap_or(&LINES[0])
    }

    /// Whether this is `major.minor` or later.
    pub const fn is_at_least(self, major: u16, minor: u16) -> bool {
        at_least((self.major, self.minor), (major, minor))
    }

    /// The release that `flinkVersion: v1_20` of a `FlinkDeployment` means, if the line is known.
    pub fn from_operator_name(name: &str) -> Option<Self> {
        let (major, minor) = name.strip_prefix('v')?.split_once('_')?;
        let number = (major.parse().ok()?, minor.parse().ok()?);
        LINES.iter().find(|line| line.number == number).map(|line| line.newest)
    }

    /// How a `FlinkDeployment` names the line: `v1_20`.
    pub fn operator_name(self) -> String {
        format!("v{}_{}", self.major, self.minor)
    }
}

impl fmt::Display for FlinkVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A text that names no Flink version Nutkin knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a Flink version known here: 1.13 to 2.3, as `1.20`, `1.20.5` or `v1_20`")]
pub struct UnknownVersion(pub String);

/// Reads `1.20.5`, `1.20` (newest patch) and `v1_20` (the same).
impl FromStr for FlinkVersion {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownVersion(text.to_owned());
        if let Some(version) = Self::from_operator_name(text) {
            return Ok(version);
        }
        let mut numbers = text.split('.').map(str::parse::<u16>);
        let mut next = || numbers.next().transpose().map_err(|_| unknown());
        let (major, minor, patch) = (next()?, next()?, next()?);
        let number = (major.ok_or_else(unknown)?, minor.ok_or_else(unknown)?);
        if next()?.is_some() {
            return Err(unknown());
        }
        let line = LINES.iter().find(|line| line.number == number).ok_or_else(unknown)?;
        Ok(patch.map_or(line.newest, |patch| Self::new(number.0, number.1, patch)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(u16, u16, u16)>) {
        let version = text.parse::<FlinkVersion>().ok();
        assert_eq!(version.map(|v| (v.major, v.minor, v.patch)), expected, "{text:?}");
    }

    #[test]
    fn names() {
        check("1.20.5", Some((1, 20, 5)));
        check("1.20", Some((1, 20, 5)));
        check("v1_20", Some((1, 20, 5)));
        check("v2_3", Some((2, 3, 0)));
        check("1.20.0", Some((1, 20, 0)));
        check("v1_12", None);
        check("3.0", None);
        check("1.20.5.1", None);
        check("latest", None);
        check("", None);
    }

    #[test]
    fn lines_are_sorted_and_named_after_themselves() {
        assert!(LINES.is_sorted_by_key(|line| line.number));
        for line in LINES {
            assert_eq!((line.newest.major, line.newest.minor), line.number);
            assert_eq!(
                FlinkVersion::from_operator_name(&line.newest.operator_name()),
                Some(line.newest)
            );
        }
    }
}
