//! The jobs that run on a session and that a change or an end of it would harm.

use std::time::{Duration, Instant};

use super::control;
use super::directory::{self, SessionDirectory};
use super::launch::{Launch, Role};
use crate::Failure;
use crate::flink_rest::{Probe, RunningJob};

/// How long a living JobManager is asked before its jobs count as unknown: a loaded one answers within two
/// seconds, and one that has just started within a few more.
const PATIENCE: Duration = Duration::from_secs(6);

/// Between two questions.
const ASK: Duration = Duration::from_millis(100);

/// Names that are shown; more would hide the question that follows.
const SHOWN: usize = 10;

/// The jobs of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Jobs {
    /// Those that have not ended. None when no JobManager lives.
    Known(Vec<RunningJob>),
    /// A JobManager lives and does not answer: there may be some.
    Unknown,
}

/// Asks the session for its jobs, as often as its JobManager needs.
///
/// # Errors
/// The HTTP client cannot be set up.
pub async fn jobs(directory: &SessionDirectory, launch: &Launch) -> Result<Jobs, Failure> {
    let probe = Probe::new(&launch.rest_urls)?;
    let started = Instant::now();
    loop {
        if let Some(jobs) = probe.running_jobs().await {
            return Ok(Jobs::Known(jobs));
        }
        if !has_job_manager(directory) {
            return Ok(Jobs::Known(Vec::new()));
        }
        if PATIENCE < started.elapsed() {
            return Ok(Jobs::Unknown);
        }
        tokio::time::sleep(ASK).await;
    }
}

/// Names of the jobs that an end of the session would lose. One whose state is damaged has no address any more,
/// and is ended all the same.
///
/// # Errors
/// The HTTP client cannot be set up.
pub async fn of(directory: &SessionDirectory, is_asked: bool) -> Result<Option<String>, Failure> {
    match directory::read_json::<Launch>(&directory.launch()) {
        Ok(launch) if is_asked => Ok(jobs(directory, &launch).await?.names()),
        Ok(launch) if has_job_manager(directory) => Ok(look(&launch).await?.names()),
        _ => Ok(None),
    }
}

/// Asks once.
///
/// # Errors
/// The HTTP client cannot be set up.
pub async fn look(launch: &Launch) -> Result<Jobs, Failure> {
    let jobs = Probe::new(&launch.rest_urls)?.running_jobs().await;
    Ok(jobs.map_or(Jobs::Unknown, Jobs::Known))
}

fn has_job_manager(directory: &SessionDirectory) -> bool {
    let running = control::look(directory).running;
    let mut processes = running.iter().flat_map(|running| &running.processes);
    processes.any(|process| process.role == Role::JobManager && process.pid.is_some())
}

impl Jobs {
    /// Whether nothing can be harmed.
    pub fn are_none(&self) -> bool {
        matches!(self, Self::Known(jobs) if jobs.is_empty())
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
            Self::Unknown => return Some("unknown, for no JobManager answers".to_owned()),
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
    fn check(jobs: &Jobs, expected: Option<&str>) {
        assert_eq!(jobs.names().as_deref(), expected);
    }

    #[test]
    fn names() {
        check(&Jobs::Known(Vec::new()), None);
        check(&Jobs::Known(vec![job("a"), job(r"b\u001b[2J")]), Some("`a` (0a), `b [2J` (0a)"));
        let many = Jobs::Known(vec![job("a"); 12]);
        assert!(many.names().unwrap().ends_with("(0a), and 2 more"));
        check(&Jobs::Unknown, Some("unknown, for no JobManager answers"));
    }
}
