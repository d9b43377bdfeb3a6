//! The jobs that run on a session and that a change or an end of it would harm.

use nutkin_shell::files::document;
use std::time::{Duration, Instant};

use super::control;
use super::directory::SessionDirectory;
use super::launch::{Launch, Role};
use nutkin_rest::{Probe, RunningJobs};
use nutkin_shell::Error;

/// How long a living JobManager is asked before its jobs count as unknown: a loaded one answers within two
/// seconds, and one that has just started within a few more.
const PATIENCE: Duration = Duration::from_secs(6);

/// Between two questions.
const ASK: Duration = Duration::from_millis(100);

/// Asks the session for its jobs, as often as its JobManager needs.
///
/// # Errors
/// The HTTP client cannot be set up.
pub async fn jobs(directory: &SessionDirectory, launch: &Launch) -> Result<RunningJobs, Error> {
    let probe = Probe::new(&launch.rest_urls)?;
    let started = Instant::now();
    loop {
        if let Some(jobs) = probe.running_jobs().await {
            return Ok(RunningJobs::Known(jobs));
        }
        if !has_job_manager(directory) {
            return Ok(RunningJobs::Known(Vec::new()));
        }
        if PATIENCE < started.elapsed() {
            return Ok(RunningJobs::Unknown);
        }
        tokio::time::sleep(ASK).await;
    }
}

/// Names of the jobs that an end of the session would lose. One whose state is damaged has no address any more,
/// and is ended all the same.
///
/// # Errors
/// The HTTP client cannot be set up.
pub async fn of(directory: &SessionDirectory, is_asked: bool) -> Result<Option<String>, Error> {
    match document::read_json::<Launch>(&directory.launch()) {
        Ok(launch) if is_asked => Ok(jobs(directory, &launch).await?.names()),
        Ok(launch) if has_job_manager(directory) => Ok(look(&launch).await?.names()),
        _ => Ok(None),
    }
}

/// Asks once.
///
/// # Errors
/// The HTTP client cannot be set up.
pub async fn look(launch: &Launch) -> Result<RunningJobs, Error> {
    let jobs = Probe::new(&launch.rest_urls)?.running_jobs().await;
    Ok(jobs.map_or(RunningJobs::Unknown, RunningJobs::Known))
}

fn has_job_manager(directory: &SessionDirectory) -> bool {
    let running = control::look(directory).running;
    let mut processes = running.iter().flat_map(|running| &running.processes);
    processes.any(|process| process.role == Role::JobManager && process.pid.is_some())
}
