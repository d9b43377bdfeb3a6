//! The jobs that run on a session and that a change or an end of it would harm.

use crate::RunningJob;

/// Names that are shown; more would hide the question that follows.
const SHOWN: usize = 10;

/// The jobs of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunningJobs {
    /// Those that have not ended. None when no JobManager lives.
    Known(Vec<RunningJob>),
    /// A JobManager lives and does not answer: there may be some.
    Unknown,
}

impl RunningJobs {
    /// Whether nothing can be harmed.
    pub fn are_none(&self) -> bool {
        matches!(self, Self::Known(jobs) if jobs.is_empty())
    }

    /// Whether there are some for sure.
    pub fn are_some(&self) -> bool {
        matches!(self, Self::Known(jobs) if !jobs.is_empty())
    }

    /// Their number, where it is known.
    pub fn count(&self) -> Option<usize> {
        match self {
            Self::Known(jobs) => Some(jobs.len()),
            Self::Unknown => None,
        }
    }

    /// Their names, or that these are not known; `None` when there are no jobs.
    pub fn names(&self) -> Option<String> {
        let jobs = match self {
            Self::Unknown => return Some("unknown, because no JobManager answers".to_owned()),
            Self::Known(jobs) if jobs.is_empty() => return None,
            Self::Known(jobs) => jobs,
        };
        let mut names: Vec<String> = jobs
            .iter()
            .take(SHOWN)
            .map(|job| format!("`{}` ({})", printable(&job.name), printable(&job.id)))
            .collect();
        if SHOWN < jobs.len() {
            names.push(format!("and {} more", jobs.len() - SHOWN));
        }
        Some(names.join(", "))
    }
}

/// The name of a job is anybody's text: nothing of it may act on the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(name: &str) -> RunningJob {
        let text = format!(r#"{{"jid": "0a", "name": "{name}", "state": "RUNNING"}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[track_caller]
    fn check(jobs: &RunningJobs, expected: Option<&str>) {
        assert_eq!(jobs.names().as_deref(), expected);
    }

    #[test]
    fn names() {
        check(&RunningJobs::Known(Vec::new()), None);
        check(
            &RunningJobs::Known(vec![job("a"), job(r"b\u001b[2J")]),
            Some("`a` (0a), `b [2J` (0a)"),
        );
        let many = RunningJobs::Known(vec![job("a"); 12]);
        assert!(many.names().unwrap().ends_with("(0a), and 2 more"));
        check(&RunningJobs::Unknown, Some("unknown, because no JobManager answers"));
    }
}
