//! Follows a job to its end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::shortage_of;
use crate::remedies::words;
use crate::runtime::Interrupt;
use nutkin_rest::{Client, JobState, Outcome, POLL, RestError};

/// How the waiting ended.
#[derive(Debug)]
pub enum Ended {
    /// The job did.
    Job(JobState, Outcome),
    /// The time is over; the job goes on.
    TimedOut(JobState),
    /// The user pressed Ctrl-C; the job goes on.
    Interrupted,
}

/// How long a job may wait for slots before it is said that they are missing: TaskManagers that restart
/// come back sooner.
const PATIENCE: Duration = Duration::from_secs(5);

/// Waits until a job has ended, telling `progress` of every change. Without an `interrupt`, Ctrl-C is the caller's affair.
///
/// # Errors
/// The session does not answer, or has forgotten the job.
pub async fn until_it_ends(
    client: &Client,
    id: &str,
    timeout: Option<Duration>,
    interrupt: Option<&mut Interrupt>,
    mut progress: impl FnMut(&str),
) -> Result<Ended, RestError> {
    let started = Instant::now();
    let mut interrupt = std::pin::pin!(async {
        match interrupt {
            Some(interrupt) => interrupt.pressed().await,
            None => std::future::pending().await,
        }
    });
    // Looked for once for each time of waiting.
    let mut missing: Option<String> = None;
    let mut waiting: Option<Instant> = None;
    loop {
        let state = client.state(id).await?;
        if state.has_ended() {
            return Ok(Ended::Job(state, client.outcome(id).await.unwrap_or_default()));
        }
        let tasks = tasks(client, id).await;
        let waits = tasks.contains_key("SCHEDULED") && !tasks.contains_key("RUNNING");
        // A bounded job continues with fewer slots than it has tasks: between two of them it waits for a moment.
        let since = *waiting.get_or_insert_with(Instant::now);
        if !waits {
            (missing, waiting) = (None, None);
        } else if missing.is_none() && PATIENCE < since.elapsed() {
            missing = Some(match shortage_of(client, id).await {
                Some(shortage) => {
                    let hints: Vec<String> = shortage.hints().iter().map(words).collect();
                    let hints = hints.join("; ");
                    format!("the job waits for slots: {shortage}; {hints}")
                }
                None => describe(&state, &tasks),
            });
        }
        progress(&missing.clone().unwrap_or_else(|| describe(&state, &tasks)));
        if timeout.is_some_and(|timeout| timeout < started.elapsed()) {
            return Ok(Ended::TimedOut(state));
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            () = &mut interrupt => return Ok(Ended::Interrupted),
        }
    }
}

/// Waits until all tasks of a job run, which savepoints and checkpoints need, or for a few seconds: what Flink says then
/// is told as it is.
pub async fn until_tasks_run(client: &Client, id: &str) {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let tasks = tasks(client, id).await;
        let ready = |state: &String| state == "RUNNING" || state == "FINISHED";
        if !tasks.is_empty() && tasks.keys().all(ready) {
            return;
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn tasks(client: &Client, id: &str) -> BTreeMap<String, u64> {
    let jobs = client.jobs().await.unwrap_or_default();
    let tasks = jobs.into_iter().find(|job| job.id == id).map(|job| job.tasks);
    let mut tasks: BTreeMap<String, u64> =
        tasks.into_iter().flatten().map(|(state, count)| (state.to_uppercase(), count)).collect();
    tasks.remove("TOTAL");
    tasks
}

fn describe(state: &JobState, tasks: &BTreeMap<String, u64>) -> String {
    let tasks: Vec<String> =
        tasks.iter().map(|(state, count)| format!("{count} {}", state.to_lowercase())).collect();
    if tasks.is_empty() {
        state.to_string()
    } else {
        format!("{state}: tasks {}", tasks.join(", "))
    }
}
