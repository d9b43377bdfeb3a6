//! Takes one snapshot that a session file or the clock asks for. What to do is decided in core.

use std::time::{Duration, Instant};

use nutkin_core::decide::Again;
use nutkin_core::jobs::{Answer, ObservedJob};
use nutkin_core::ledger::{SnapshotRecord, SnapshotState};
use nutkin_core::session::WantedSnapshot;
use nutkin_core::snapshots::{self as rules, AboutSnapshot, SeenSnapshot};
use nutkin_rest::{Client, Polled, RestError, Trigger, TriggerId};
use nutkin_shell::ledger::{later, now};
use nutkin_shell::{Error, Kind};
use serde_json::Value;

use super::drive::{Driven, Patience};
use super::wait::{SLOTS_AFTER as READY, are_ready, tasks_of};
use super::work::PATIENCE;
use super::{failure, trigger_id};

/// Looks, decides, keeps the record, asks, waits: until the snapshot is there, has failed, or is tried again later. `job`: the id
/// of the last submission of its job. `patience` says what is waited for, where somebody watches.
///
/// # Errors
/// The session does not answer, the record cannot be kept, or it takes too long. The same command goes on.
pub async fn take(
    about: AboutSnapshot<'_>,
    job: Option<&str>,
    client: &Client,
    mut record: Option<SnapshotRecord>,
    mut patience: Patience<'_>,
    mut keep: impl AsyncFnMut(&SnapshotRecord) -> Result<(), Error>,
) -> Result<SnapshotRecord, Error> {
    let trigger = trigger(&about);
    let version = client.version();
    let started = Instant::now();
    let mut is_asked = false;
    loop {
        let (mut answer, mut error) = (None, None);
        let mine = record.as_ref().filter(|record| about.is_of(record));
        if let Some(record) = mine.filter(|one| one.state == SnapshotState::InProgress) {
            let id = (record.job_id.as_deref().unwrap_or_default(), record.trigger.as_deref());
            (answer, error) = poll(client, id, &trigger).await?;
        }
        // What is done already asks nobody.
        let is_over = mine.is_some_and(|record| record.state.is_final());
        let (job, is_ready) = if is_over || answer == Some(Answer::InProgress) {
            (None, false)
        } else {
            let (state, is_ready) = look(client, job).await?;
            (state, is_ready || READY < started.elapsed())
        };
        let seen = SeenSnapshot {
            job,
            is_ready,
            answer,
            error,
            is_asked,
            has_checkpoint_trigger: version.line().has_checkpoint_trigger,
            version: version.to_string(),
            now: now(),
            deadline: later(REMEMBERED),
            trigger: trigger_id(version)?,
        };
        let turn = about.turn(record.as_ref(), &seen);
        let mut now_is = turn.record;
        if now_is.kind == rules::CHECKPOINT && now_is.state == SnapshotState::Completed {
            now_is.path = place_of(client, &now_is).await;
        }
        if record.as_ref() != Some(&now_is) {
            keep(&now_is).await?;
        }
        if let Some(act) = &turn.act {
            match client.trigger(&act.job, &trigger, act.trigger.as_deref()).await {
                Ok(given) => {
                    is_asked = true;
                    now_is.trigger = Some(given.id().to_owned());
                    if act.trigger.is_none() {
                        keep(&now_is).await?;
                    }
                }
                // Asked for by its id, it tells whether it was heard.
                Err(RestError::Broken(_)) if act.trigger.is_some() => {}
                Err(unheard @ (RestError::Unreachable(..) | RestError::NoLeader)) => {
                    return Err(failure(unheard));
                }
                Err(refused) => {
                    let limit = about.document.backoff_limit;
                    now_is = rules::failed(&now_is, limit, &refused.to_string(), &now());
                    keep(&now_is).await?;
                    return Ok(now_is);
                }
            }
        }
        record = Some(now_is.clone());
        match turn.again {
            Again::Done => return Ok(now_is),
            Again::Look => {}
            Again::Wait { reason, after } => {
                if !matches!(patience.waits(&reason, after).await, Driven::Done(())) {
                    let name = &about.document.name;
                    let message = format!("timed out {reason}; the JobManager continues");
                    return Err(Error::new(Kind::TimedOut, message)
                        .hint(format!("the same command waits for snapshot `{name}` again")));
                }
            }
        }
    }
}

/// How long a JobManager surely knows which trigger ids it was asked by: less than the 5 minutes of
/// `rest.async.store-duration`, 1.15 to 2.3.
const REMEMBERED: Duration = Duration::from_mins(4);

/// What became of a snapshot that was asked for and that nobody wants any more; `None`: the JobManager works on it. Only the trigger that was
/// noted tells: another savepoint of its job may be somebody else's.
///
/// # Errors
/// It does not answer.
pub async fn outcome_of(
    client: &Client,
    record: &SnapshotRecord,
) -> Result<Option<SnapshotRecord>, Error> {
    let trigger = if record.kind == rules::CHECKPOINT {
        Trigger::Checkpoint { kind: "CONFIGURED" }
    } else {
        Trigger::Savepoint { directory: None, format: None }
    };
    let id = (record.job_id.as_deref().unwrap_or_default(), record.trigger.as_deref());
    let (answer, error) = poll(client, id, &trigger).await?;
    let mut record = record.clone();
    match answer {
        Some(Answer::InProgress) => return Ok(None),
        Some(Answer::Completed(path)) => {
            (record.state, record.path) = (SnapshotState::Completed, path);
        }
        _ => (record.state, record.error) = (SnapshotState::Failed, error),
    }
    record.time = Some(now());
    Ok(Some(record))
}

/// How long one snapshot may take.
pub const fn limit() -> Duration {
    PATIENCE
}

fn trigger(about: &AboutSnapshot<'_>) -> Trigger {
    match &about.document.what {
        WantedSnapshot::Checkpoint => Trigger::Checkpoint { kind: "CONFIGURED" },
        WantedSnapshot::Savepoint { path, format, .. } => {
            Trigger::Savepoint { directory: path.clone(), format: format.clone() }
        }
    }
}

/// What became of a request, and why it failed.
async fn poll(
    client: &Client,
    (job, id): (&str, Option<&str>),
    trigger: &Trigger,
) -> Result<(Option<Answer>, Option<String>), Error> {
    let Some(id) = id else { return Ok((Some(Answer::Unknown), None)) };
    Ok(match client.poll(&TriggerId::of(job, trigger, id)).await {
        Ok(Polled::InProgress) => (Some(Answer::InProgress), None),
        Ok(Polled::Completed(result)) => {
            let place = result["location"].as_str().map(str::to_owned);
            let number = || result["checkpointId"].as_u64().map(|number| number.to_string());
            (Some(Answer::Completed(place.or_else(number))), None)
        }
        Ok(Polled::Failed(error)) => (Some(Answer::Failed), Some(error.to_string())),
        Err(RestError::NotFound(_)) => (Some(Answer::Unknown), None),
        Err(error) => return Err(failure(error)),
    })
}

/// How the job is, and whether all its tasks run.
async fn look(
    client: &Client,
    job: Option<&str>,
) -> Result<(Option<(String, ObservedJob)>, bool), Error> {
    let Some(id) = job else { return Ok((None, false)) };
    let state = match client.state(id).await {
        Ok(state) => ObservedJob::of_state(&state.to_string()),
        Err(RestError::NotFound(_)) => return Ok((None, false)),
        Err(error) => return Err(failure(error)),
    };
    let jobs = client.jobs().await.map_err(failure)?;
    Ok((Some((id.to_owned(), state)), are_ready(&tasks_of(&jobs, id))))
}

/// Where a checkpoint is of which Flink tells the number. One that is kept nowhere has no place. Source: `CheckpointingStatistics`.
async fn place_of(client: &Client, record: &SnapshotRecord) -> Option<String> {
    let number = record.path.as_ref()?;
    let number: u64 = number.parse().ok()?;
    let checkpoints = client.job(record.job_id.as_deref()?, "/checkpoints").await.ok()?;
    let history = checkpoints["history"].as_array().into_iter().flatten();
    let mut all = history.chain([&checkpoints["latest"]["completed"]]);
    let it = all.find(|one| one["id"] == number)?;
    let place = it.get("external_path").and_then(Value::as_str)?;
    (!place.starts_with('<')).then(|| place.to_owned())
}
