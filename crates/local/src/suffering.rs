//! The jobs that run on a session and that a change or an end of it would harm.

use nutkin_shell::files::document;
use std::time::{Duration, Instant};

use super::control;
use super::directory::SessionDirectory;
use super::launch::{Launch, Role, probe};
use nutkin_flink::is_highly_available;
use nutkin_rest::RunningJobs;
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
    let probe = probe(launch)?;
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

/// The jobs that an end of the session would lose. One whose state is damaged has no address any more: what its JobManager
/// runs is not known.
///
/// # Errors
/// The HTTP client cannot be set up.
pub async fn of(directory: &SessionDirectory, is_asked: bool) -> Result<RunningJobs, Error> {
    match document::read_json::<Launch>(&directory.launch()) {
        Ok(launch) if is_asked => jobs(directory, &launch).await,
        Ok(launch) if has_job_manager(directory) => look(&launch).await,
        Err(_) if has_job_manager(directory) => Ok(RunningJobs::Unknown),
        _ => Ok(RunningJobs::Known(Vec::new())),
    }
}

/// Whether high availability brings the jobs of a session back after its end: where they are kept in a ZooKeeper of the
/// user's. What the one that Nutkin brings along has kept goes with the session.
pub fn comes_back(directory: &SessionDirectory) -> bool {
    let launch = document::read_json::<Launch>(&directory.launch());
    launch.is_ok_and(|launch| {
        let options = launch.options.iter().map(|(key, value)| (key.clone(), value.clone()));
        let has_own = launch.processes.iter().any(|one| one.role == Role::ZooKeeper);
        is_highly_available(&options.collect()) && !has_own
    })
}

/// Asks once.
///
/// # Errors
/// The HTTP client cannot be set up.
pub async fn look(launch: &Launch) -> Result<RunningJobs, Error> {
    let probe = probe(launch)?;
    let jobs = probe.running_jobs().await;
    Ok(jobs.map_or(RunningJobs::Unknown, RunningJobs::Known))
}

fn has_job_manager(directory: &SessionDirectory) -> bool {
    let running = control::look(directory).running;
    let mut processes = running.iter().flat_map(|running| &running.processes);
    processes.any(|process| process.role == Role::JobManager && process.pid.is_some())
}
