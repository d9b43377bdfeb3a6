//! The second half of a move: jobs are resumed in the session as it is then, side by side.

use std::cell::RefCell;
use std::collections::BTreeMap;

use futures_util::future::join_all;
use nutkin_core::jobs::{self as rules, Stop};
use nutkin_core::ledger::{Bringer, JobRecord, Ledger, Opened, Snapshot};
use nutkin_rest::{Client, RestError, Trigger};
use nutkin_shell::ledger::{self, Store};
use nutkin_shell::{Error, Kind};
use serde_json::Value;
use tokio::sync::Mutex;

use super::super::asked::has_completed;
use super::super::bring::{Manner, drive, is_silent};
use super::super::drive::{Driven, Look, Patience, until};
use super::super::jars::{FoundJar, Jars, located};
use super::super::wait::{are_ready, tasks_of};
use super::super::within::Within;
use super::super::work::{MovedJar, Work};
use super::super::{failure, random_id};
use super::shared::Shared;

/// Resumes every job of the ledger that is being moved, side by side, and waits until all their tasks run and a first
/// checkpoint is complete. `ends` writes into the ledger that this is so.
///
/// # Errors
/// A job cannot be submitted, fails, or takes too long: it stays in the ledger as one that is being moved.
pub async fn resume(
    store: &impl Store,
    client: &Client,
    ends: impl FnOnce(&mut Ledger),
    within: Within<'_>,
) -> Result<(), Error> {
    let opened = ledger::load(store).await?;
    let names: Vec<String> = opened.ledger.moving().into_iter().map(str::to_owned).collect();
    let shared = Shared(store, Mutex::new(opened));
    all(client, (&names, &BTreeMap::new()), &shared, within).await?;
    shared.change(ends).await
}

/// The same of some of them, of which nothing else is to be written. `opened`: the ledger, just read. `older`: by the name of a job,
/// older checkpoints from which it goes on where the one that it has cannot be read.
///
/// # Errors
/// As [`resume`].
pub async fn resume_these(
    store: &impl Store,
    client: &Client,
    (names, older): (&[String], &BTreeMap<String, Vec<String>>),
    opened: Opened,
    within: Within<'_>,
) -> Result<(), Error> {
    all(client, (names, older), &Shared(store, Mutex::new(opened)), within).await
}

async fn all<S: Store>(
    client: &Client,
    (names, older): (&[String], &BTreeMap<String, Vec<String>>),
    shared: &Shared<'_, S>,
    within: Within<'_>,
) -> Result<(), Error> {
    let records = shared.1.lock().await.ledger.jobs.clone();
    let is_alone = names.len() == 1;
    let resumed = names.iter().map(|name| {
        let mut record = records[name].clone();
        // Of a job that is moved nothing else is known: it may have its state in a moment.
        let has_others = older.contains_key(name);
        let mut older = older.get(name).into_iter().flatten();
        async move {
            loop {
                let keep = async |now: &JobRecord| shared.keep(name, now).await;
                let failed = match one(name, record, client, within, (is_alone, has_others), keep).await {
                    Ok(record) => {
                        return shared.keep(name, &JobRecord { moving: false, ..record }).await;
                    }
                    Err(failed) => failed,
                };
                if !has_others || !is_unreadable(&failed) {
                    return Err(failed);
                }
                record = shared.1.lock().await.ledger.jobs[name].clone();
                let from = record.last_savepoint.clone().unwrap_or_default();
                // It would try again and again to read that.
                cancel(client, &record).await;
                let Some(path) = older.next() else {
                    return Err(failed.hint(format!("`{from}` cannot be read, and no older checkpoint is there")));
                };
                within.context.events.warn(&format!(
                    "job `{name}` cannot go on from {from}, which cannot be read: it goes on from {path}, and repeats what came after that"
                ));
                record = rules::from_older(&record, path);
                shared.keep(name, &record).await?;
            }
        }
    });
    join_all(resumed).await.into_iter().collect()
}

/// The reason of a failure: what a job starts from cannot be read.
const UNREADABLE: &str = "CheckpointUnreadable";

fn is_unreadable(failed: &Error) -> bool {
    let said = failed.error.downcast_ref::<RestError>();
    failed.reason == UNREADABLE || said.is_some_and(|error| rules::is_unreadable(&error.whole()))
}

/// Ends the run of a job that cannot start.
async fn cancel(client: &Client, record: &JobRecord) {
    let id = record.pending.as_deref().unwrap_or(record).id.as_ref();
    if let Some(id) = id
        && client.state(id).await.is_ok_and(|state| !state.has_ended())
    {
        // One that has ended meanwhile needs none.
        let _ = client.cancel(id).await;
    }
}

/// How often a task has to say that it cannot read its state: what passes is mostly over at the next try.
const TWICE: usize = 2;

/// Whether a job fails because it cannot read what it starts from, by what it has failed with so far. `times`: how often it has to have said so.
async fn cannot_read(client: &Client, id: &str, times: usize) -> bool {
    let Ok(exceptions) = client.job(id, "/exceptions").await else { return false };
    let entries = exceptions["exceptionHistory"]["entries"].as_array();
    let says = |entry: &&Value| rules::is_unreadable(&entry.to_string());
    times <= entries.into_iter().flatten().filter(says).count()
}

/// Resumes one job.
async fn one(
    name: &str,
    mut record: JobRecord,
    client: &Client,
    within: Within<'_>,
    (is_shown, has_others): (bool, bool),
    keep: impl AsyncFnMut(&JobRecord) -> Result<(), Error>,
) -> Result<JobRecord, Error> {
    let by_id = record.origin != Bringer::File;
    let of_file = within.session.jobs.iter().find(|job| job.name == name && !by_id);
    let job = of_file.cloned().unwrap_or_else(|| rules::again(name, &record));
    let job = rules::to_resume(job);
    let id = within.about(&job, by_id).id(record.generation);
    if !record.suspended && record.pending.is_none() && has_failed(client, &id).await {
        // It was resumed and did not run: what kept it from that may be fixed by now.
        record.suspended = true;
        if let Some(savepoint) = &mut record.savepoint {
            savepoint.job = Some(id.clone());
        }
    }
    if record.suspended
        && rules::stopped(&record, &id) == Stop::Lost
        && matches!(client.state(&id).await, Err(RestError::NotFound(_)))
    {
        // Whoever asked it to stop was cut off, and its JobManager has ended since.
        let Some(path) = (within.found)(&id) else {
            let message = format!(
                "job `{name}` was being stopped when its JobManager ended, and where its savepoint is cannot be told"
            );
            return Err(Error::new(Kind::Broken, message));
        };
        let found = Snapshot::new("savepoint", None, &path, None, &id);
        record.remember_savepoint(found);
        record.request = None;
    }
    if of_file.is_none() {
        // The record is what the job is: one that was not stopped after all is left alone.
        record.digest = rules::digest(&job);
    }
    let is_given = within.given.contains_key(name);
    let jar = match of_file {
        // It keeps the jar that ran, whatever has become of the file; a changed job gets the one that it names.
        Some(job) if !is_given && rules::digest(job) == record.digest => {
            kept(&record, client, within).await
        }
        Some(_) if !is_given => None,
        _ => jar_of(name, &record, client, within).await?,
    };
    let about = within.about(&job, by_id);
    let work = Work::new(about, client, within.base, within.context);
    let work = work.moving(MovedJar(jar.as_ref()));
    let manner = Manner {
        otherwise: format!("job `{name}` is not resumed"),
        tries: 1,
        limit: within.limit,
        is_patient: true,
        is_shown,
    };
    let record = drive(about, work, Some(record), &manner, within.context, keep).await?;
    if job.running {
        let id = about.id(record.generation);
        runs(client, &id, name, has_others, within).await?;
        within.context.events.say(&format!("job `{name}` runs again as {id}"));
    }
    Ok(record)
}

/// Whether a job has come to an end that is not its own.
async fn has_failed(client: &Client, id: &str) -> bool {
    let state = client.state(id).await;
    state.is_ok_and(|state| state.has_ended() && !state.is_finished())
}

/// The jar of a job that no file of the session names, where it is now; `None`: it has none. It is known to be there since
/// before the job was stopped.
async fn jar_of(
    name: &str,
    record: &JobRecord,
    client: &Client,
    within: Within<'_>,
) -> Result<Option<FoundJar>, Error> {
    match located(name, record, Some(client), within).await {
        Ok(jar) => Ok(jar),
        Err(gone) => Err(Error::new(Kind::Broken, gone.line())),
    }
}

/// The jar that ran as a job of the file, where it is kept; `None`: the file says where it is.
async fn kept(record: &JobRecord, client: &Client, within: Within<'_>) -> Option<FoundJar> {
    let options = &within.session.configuration;
    let jars = Jars::of_session(options, within.context.environment);
    jars.kept(record.jar_digest.as_deref()?, Some(client), options, within.context).await
}

/// Waits until all tasks of a job run and a first checkpoint is complete, or until it has come to its end.
/// `has_others`: there may be other checkpoints to go on from.
async fn runs(
    client: &Client,
    id: &str,
    name: &str,
    has_others: bool,
    within: Within<'_>,
) -> Result<(), Error> {
    let is_asked = RefCell::new(!client.version().line().has_checkpoint_trigger);
    let look = async || {
        let jobs = client.jobs().await.map_err(failure)?;
        let state = jobs.iter().find(|job| job.id == id).map(|job| &job.state);
        if state.is_some_and(nutkin_rest::JobState::is_finished) {
            return Ok(Look::Done(()));
        }
        if let Some(state) = state.filter(|state| state.has_ended()) {
            let outcome = client.outcome(id).await.unwrap_or_default();
            let cause = outcome.cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            let message = format!("job `{name}` was resumed as {id} and is {state}{cause}");
            let failed = Error::new(Kind::Broken, message);
            let is_unreadable = has_others && cannot_read(client, id, 1).await;
            return Err(if is_unreadable { failed.because(UNREADABLE) } else { failed });
        }
        if has_others
            && state.is_some_and(|state| state.to_string() == "RESTARTING")
            && cannot_read(client, id, TWICE).await
        {
            let message = format!("job `{name}` was resumed as {id} and cannot read its state");
            return Err(Error::new(Kind::Broken, message).because(UNREADABLE));
        }
        if !are_ready(&tasks_of(&jobs, id)) {
            return Ok(Look::Wait(format!("waiting for the tasks of job `{name}` to run")));
        }
        let checkpoints = match client.job(id, "/checkpoints").await {
            Ok(checkpoints) => checkpoints,
            // It takes none.
            Err(RestError::NotFound(_)) => return Ok(Look::Done(())),
            Err(error) => return Err(failure(error)),
        };
        if has_completed(&checkpoints) {
            return Ok(Look::Done(()));
        }
        if !is_asked.replace(true) {
            // Its own clock may be slow. Where it takes none on request its own one counts.
            let trigger = Trigger::Checkpoint { kind: "CONFIGURED" };
            let _ = client.trigger(id, &trigger, random_id().ok().as_deref()).await;
        }
        Ok(Look::Wait(format!("waiting for the first checkpoint of job `{name}`")))
    };
    let look = async || match look().await {
        Err(silent) if is_silent(&silent) => {
            Ok(Look::Wait("waiting for the JobManager to answer".to_owned()))
        }
        looked => looked,
    };
    let mut patience = Patience::new(Some(within.limit));
    match until(&mut patience, look).await? {
        Driven::Done(()) => Ok(()),
        Driven::TimedOut | Driven::Interrupted => {
            let seconds = within.limit.as_secs();
            let message =
                format!("job `{name}` was resumed as {id} and has no checkpoint after {seconds} s");
            Err(Error::new(Kind::TimedOut, message))
        }
    }
}
