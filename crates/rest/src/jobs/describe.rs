//! What Flink says of one job, and whether it is older than its state.

use serde_json::Value;

use super::failure;
use crate::{Client, Job, JobState};
use nutkin_shell::Error;

/// A job, and what Flink says of it.
#[derive(Debug, Clone)]
pub struct Described {
    /// The job, with the state that goes with the answer.
    pub job: Job,
    /// The answer of `/jobs/:id`.
    pub answer: Value,
    /// The answer is older than the state: its tasks run, while the job has ended.
    pub is_stale: bool,
}

/// Asks for a job once.
///
/// Flink answers for a while ([`Client::refresh_interval`]) with what it said before. The tasks of a job that has ended
/// since would run on, beside its new state from the list of jobs: that much a caller may wait for.
///
/// # Errors
/// The session does not answer, or has forgotten the job.
pub async fn describe(client: &Client, job: &Job) -> Result<Described, Error> {
    let answer = client.job(&job.id, "").await.map_err(failure)?;
    let state = JobState::of(answer["state"].as_str().unwrap_or_default());
    let is_stale = job.state.has_ended() && !state.has_ended();
    let mut job = job.clone();
    // It may have ended since it was listed.
    if state.has_ended() {
        job.state = state;
    }
    Ok(Described { job, answer, is_stale })
}
