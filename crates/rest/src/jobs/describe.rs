//! What Flink says of one job, no older than its state.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::failure;
use crate::{Client, Job, JobState, POLL};
use nutkin_shell::Error;

/// The longest wait for a newer answer, where `web.refresh-interval` is set to more.
const PATIENCE: Duration = Duration::from_secs(10);

/// The answer of `/jobs/:id`, and the job with the state that goes with it.
///
/// Flink answers for a while (`web.refresh-interval`, 3 s) with what it said before. The tasks of a job that has ended
/// since would run on, beside its new state from the list of jobs: that much is waited for.
///
/// # Errors
/// The session does not answer, or has forgotten the job.
pub async fn describe(client: &Client, job: &Job) -> Result<(Job, Value), Error> {
    let ask = async || client.job(&job.id, "").await.map_err(failure);
    let state = |answer: &Value| JobState::of(answer["state"].as_str().unwrap_or_default());
    let mut answer = ask().await?;
    if job.state.has_ended() && !state(&answer).has_ended() {
        let interval = client.refresh_interval().await.map_err(failure)?;
        let started = Instant::now();
        let mut is_last = false;
        while !state(&answer).has_ended() && !is_last {
            // What is asked after the time is over is new, however long the answer before it took.
            is_last = interval.min(PATIENCE) < started.elapsed();
            tokio::time::sleep(POLL).await;
            answer = ask().await?;
        }
    }
    let mut job = job.clone();
    // It may have ended since it was listed.
    if state(&answer).has_ended() {
        job.state = state(&answer);
    }
    Ok((job, answer))
}
