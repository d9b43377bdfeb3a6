//! What commands wait for: the end of a job, its tasks, the result of what was asked for.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::drive::{Driven, Look, Patience, until};
use super::{failure, shortage_of};
use crate::remedies::words;
use crate::runtime::Interrupt;
use nutkin_rest::jobs::Described;
use nutkin_rest::{Client, Job, JobState, Outcome, Polled, Probe, RestError, TriggerId};
use nutkin_shell::Error;

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
pub const SLOTS_AFTER: Duration = Duration::from_secs(5);

/// How [`until_it_ends`] says what a job lacks that does not run.
const WAITS: &str = "the job waits for ";

/// Whether this is what a job lacks, and not how far it is.
pub fn is_lack(progress: &str) -> bool {
    progress.starts_with(WAITS)
}

/// The longest wait for an answer that is not older than the job's state, where `web.refresh-interval` is set to more.
const REPEATED: Duration = Duration::from_secs(10);

/// Waits until a job has ended, telling `progress` of every change. Without an `interrupt`, Ctrl-C is the caller's affair.
/// `why` looks for what keeps TaskManagers from coming, where a job waits for some that Flink has asked for.
///
/// # Errors
/// The session does not answer, or has forgotten the job.
pub async fn until_it_ends(
    client: &Client,
    id: &str,
    timeout: Option<Duration>,
    interrupt: Option<&mut Interrupt>,
    progress: impl FnMut(&str),
    mut why: impl AsyncFnMut() -> Option<String>,
) -> Result<Ended, RestError> {
    // What was found, and when: it is looked for again after a while.
    let mut missing: Option<(String, Instant)> = None;
    let mut waiting: Option<Instant> = None;
    let mut last = JobState::of("");
    let look = async || {
        let state = client.state(id).await?;
        last = state.clone();
        if state.has_ended() {
            return Ok(Look::Done((state, client.outcome(id).await.unwrap_or_default())));
        }
        let tasks = tasks(client, id).await;
        let waits = tasks.contains_key("SCHEDULED") && !tasks.contains_key("RUNNING");
        // A bounded job continues with fewer slots than it has tasks: between two of them it waits for a moment.
        let since = *waiting.get_or_insert_with(Instant::now);
        if !waits {
            (missing, waiting) = (None, None);
        } else if SLOTS_AFTER < missing.as_ref().map_or(since, |(_, at)| *at).elapsed() {
            let found = match lacks_slots(client, id).await {
                Some(lack) => lack,
                None => match why().await {
                    Some(why) => format!("{WAITS}TaskManagers: {why}"),
                    None => describe(&state, &tasks),
                },
            };
            missing = Some((found, Instant::now()));
        }
        let missing = missing.as_ref().map(|(found, _)| found.clone());
        Ok(Look::Wait(missing.unwrap_or_else(|| describe(&state, &tasks))))
    };
    let mut patience = Patience::new(timeout).hearing(interrupt).telling(progress);
    let driven = until(&mut patience, look).await?;
    Ok(match driven {
        Driven::Done((state, outcome)) => Ended::Job(state, outcome),
        Driven::TimedOut => Ended::TimedOut(last),
        Driven::Interrupted => Ended::Interrupted,
    })
}

/// That a job waits for slots, where no task of it runs; `None`: some run, or nothing is missing.
pub async fn waits_for_slots(client: &Client, id: &str) -> Option<String> {
    let tasks = tasks(client, id).await;
    if !tasks.contains_key("SCHEDULED") || tasks.contains_key("RUNNING") {
        return None;
    }
    lacks_slots(client, id).await
}

async fn lacks_slots(client: &Client, id: &str) -> Option<String> {
    let shortage = shortage_of(client, id).await?;
    let hints: Vec<String> = shortage.hints().iter().map(words).collect();
    Some(format!("{WAITS}slots: {shortage}; {}", hints.join("; ")))
}

/// How long a session may take to start before it is asked all the same: as long as `up` waits by default.
const STARTS: Duration = Duration::from_mins(2);

/// Waits until a session answers that is starting. `starts` says what that waits for, or nothing if it is not starting: then
/// whoever asks it for something is told how it is.
///
/// # Errors
/// It cannot be looked at.
pub async fn until_it_answers(
    client: &Client,
    mut starts: impl AsyncFnMut() -> Result<Option<String>, Error>,
    progress: impl FnMut(&str),
) -> Result<(), Error> {
    let probe = Probe::new(client.urls())?;
    let look = async || {
        if probe.overview().await.is_some() {
            return Ok(Look::Done(()));
        }
        Ok::<_, Error>(starts().await?.map_or(Look::Done(()), Look::Wait))
    };
    until(&mut Patience::new(Some(STARTS)).telling(progress), look).await?;
    Ok(())
}

/// Waits until all tasks of a job run, which savepoints and checkpoints need, or for a few seconds: what Flink says then
/// is told as it is.
pub async fn until_tasks_run(client: &Client, id: &str) {
    let look = async || {
        let ready = are_ready(&tasks(client, id).await);
        let look = if ready { Look::Done(()) } else { Look::Wait(String::new()) };
        Ok::<_, Infallible>(look)
    };
    let _ = until(&mut Patience::new(Some(SLOTS_AFTER)), look).await;
}

/// Whether all tasks of a job run, by their number in each state.
pub(super) fn are_ready(tasks: &BTreeMap<String, u64>) -> bool {
    let ready = |state: &String| state == "RUNNING" || state == "FINISHED";
    !tasks.is_empty() && tasks.keys().all(ready)
}

/// Whether all tasks of a job run, or have come to their own end.
pub fn runs_all(job: &Job) -> bool {
    are_ready(&tasks_of(std::slice::from_ref(job), &job.id))
}

/// Polls for what the JobManager was asked for until it is there.
///
/// # Errors
/// It failed: the root cause; no JobManager answers, or none knows of it.
pub async fn until_done(
    client: &Client,
    trigger: &TriggerId,
    patience: &mut Patience<'_>,
) -> Result<Driven<Value>, RestError> {
    let look = async || match client.poll(trigger).await? {
        Polled::InProgress => Ok(Look::Wait("the JobManager works on it".to_owned())),
        Polled::Completed(result) => Ok(Look::Done(result)),
        Polled::Failed(error) => Err(error),
    };
    until(patience, look).await
}

/// What Flink says of a job, no older than its state, where that is to be had in time.
///
/// # Errors
/// The session does not answer, or has forgotten the job.
pub async fn described(client: &Client, job: &Job) -> Result<Described, Error> {
    let first = nutkin_rest::jobs::describe(client, job).await?;
    if !first.is_stale {
        return Ok(first);
    }
    let interval = client.refresh_interval().await.map_err(failure)?;
    let look = async || {
        let described = nutkin_rest::jobs::describe(client, job).await?;
        let look =
            if described.is_stale { Look::Wait(String::new()) } else { Look::Done(described) };
        Ok::<_, Error>(look)
    };
    match until(&mut Patience::new(Some(interval.min(REPEATED))), look).await? {
        Driven::Done(described) => Ok(described),
        // What is asked after the time is over is new, however long the answer before it took.
        Driven::TimedOut | Driven::Interrupted => nutkin_rest::jobs::describe(client, job).await,
    }
}

/// What the JobManager says of the checkpoints of a job and of their settings, no older than this call: it keeps its answers for
/// `web.refresh-interval`.
pub async fn said_from_now_on(
    client: &Client,
    id: &str,
) -> (Result<Value, RestError>, Result<Value, RestError>) {
    let interval = client.refresh_interval().await.unwrap_or(REPEATED).min(REPEATED);
    // Nobody hears of it, and there is no limit.
    let _ = Patience::new(None).waits("", interval).await;
    tokio::join!(client.job(id, "/checkpoints"), client.job(id, "/checkpoints/config"))
}

async fn tasks(client: &Client, id: &str) -> BTreeMap<String, u64> {
    tasks_of(&client.jobs().await.unwrap_or_default(), id)
}

/// The number of a job's tasks in each state.
pub(super) fn tasks_of(jobs: &[Job], id: &str) -> BTreeMap<String, u64> {
    let tasks = jobs.iter().find(|job| job.id == id).map(|job| &job.tasks);
    let tasks = tasks.into_iter().flatten().map(|(state, count)| (state.to_uppercase(), *count));
    let mut tasks: BTreeMap<String, u64> = tasks.collect();
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
