//! The snapshots of a session: those that its file asks for, those that the clock asks for, and those that go.

mod removal;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use nutkin_core::jobs as jobs_rules;
use nutkin_core::ledger::{
    Bringer, JobRecord, Ledger, Opened, Snapshot, SnapshotOrigin, SnapshotRecord, SnapshotState,
};
use nutkin_core::session::{Session, SnapshotDocument, WantedSnapshot};
use nutkin_core::snapshots::{
    self as rules, AboutSnapshot, Around, SAVEPOINT, SnapshotPolicy, seconds_of,
};
use nutkin_flink::Configuration;
use nutkin_rest::{Client, RestError};
use nutkin_shell::{Error, Kind, ledger};

use super::Context;
use super::consent::ConsentArgs;
use crate::jobs::snapshots::{limit, outcome_of, take};
use crate::jobs::{Patience, failure};
use crate::platform;
use crate::progress::Spinner;
pub(super) use removal::deletes;
use removal::remove;

/// Milliseconds of a second.
const MILLIS: i64 = 1000;

/// What was told before, by somebody who looks again and again.
#[derive(Debug, Default)]
pub(super) struct Tending {
    lines: BTreeSet<String>,
    /// When it was last looked who refers to what is to go.
    looked: Option<Instant>,
}

/// How often it is looked whether something still refers to a snapshot that is to go: all sessions are asked.
const SELDOM: Duration = Duration::from_mins(5);

/// How long the periodic snapshots of an `up` may take: a watch takes those that need longer.
const SOON: Duration = Duration::from_mins(1);

/// What `up` does for snapshots once the jobs run: those of the file, and those that are due. `whole`: a file says all
/// that is wanted, and how far somebody agrees to what follows.
///
/// # Errors
/// As [`bring`].
pub(super) async fn of_up(
    session: &Session,
    place: &platform::Session,
    whole: Option<ConsentArgs>,
    context: &Context<'_>,
) -> Result<(), Error> {
    for line in rules::warnings(session) {
        context.printer.warn(&line);
    }
    let of = |options: &Configuration| SnapshotPolicy::of(&session.configuration, options);
    let mut jobs = session.jobs.iter().map(|job| of(&job.configuration));
    let is_periodic =
        of(&Configuration::new()).is_periodic() || jobs.any(|policy| policy.is_periodic());
    let brought = if whole.is_some() || !session.snapshots.is_empty() {
        bring(session, place, whole, context).await
    } else {
        Ok(())
    };
    if is_periodic {
        // The session and its jobs are as they shall be: the next look takes what this one could not.
        if let Err(failed) = tend(place, SOON, &mut Tending::default(), context).await {
            context.printer.warn(&format!("periodic snapshots: {:#}", failed.error));
        }
        let name = place.name();
        context.printer.hint(&format!(
            "periodic savepoints and checkpoints are taken while `nutkin watch {name}` runs"
        ));
    }
    brought
}

/// Takes the snapshots that a session file asks for, once each, and removes those that it asks for no more, if it is the whole of what
/// is wanted.
///
/// # Errors
/// One of them is not there, or the session does not answer. The same command goes on.
async fn bring(
    session: &Session,
    place: &platform::Session,
    whole: Option<ConsentArgs>,
    context: &Context<'_>,
) -> Result<(), Error> {
    let mut opened = ledger::load(place).await?;
    if session.snapshots.is_empty() && opened.ledger.snapshots.is_empty() {
        return Ok(());
    }
    let connected = place.connect(true).await?;
    let client = connected.client()?;
    let mut wrong: Option<Error> = None;
    for document in &session.snapshots {
        let about = AboutSnapshot { document, origin: &SnapshotOrigin::Document, keeps: None };
        let before = opened.ledger.snapshots.get(&document.name);
        let before = before.filter(|record| about.is_of(record)).cloned();
        if before.as_ref().is_some_and(|record| record.state.is_final()) {
            // Whether it is deleted with its document may have changed.
            let turn = about.turn(before.as_ref(), &rules::SeenSnapshot::default());
            rules::put(&mut opened.ledger, &document.name, turn.record);
            continue;
        }
        let patience = Patience::new(Some(limit()));
        let patience = patience.telling(Spinner::at_terminal(context.printer));
        match one(&about, session, place, &client, &mut opened, patience).await {
            Ok(record) => {
                let line = tell(&record, &document.name, context);
                if record.state != SnapshotState::Completed {
                    wrong.get_or_insert_with(|| Error::new(Kind::Broken, line.clone()));
                }
                opened.ledger.note(ledger::event(context.environment, vec![line]));
            }
            Err(failed) if failed.kind == Kind::Conflict => return Err(failed),
            // The others are taken all the same.
            Err(failed) => {
                context.events.warn(&format!("{:#}", failed.error));
                wrong.get_or_insert(failed);
            }
        }
    }
    ledger::save(place, &mut opened).await?;
    if let Some(consent) = whole {
        let around = Around { wanted: Some(session), ..Around::default() };
        let mut told = Tending::default();
        remove(place, &client, around, Some(consent), &mut told, context).await?;
    }
    wrong.map_or(Ok(()), Err)
}

/// Does what time brings: takes the periodic snapshots that are due, tries those again that have failed, and removes what is
/// too old. Gives the seconds until the next one is due. `most`: how long one may take.
///
/// # Errors
/// The session does not answer. The next call goes on.
pub(super) async fn tend(
    place: &platform::Session,
    most: Duration,
    told: &mut Tending,
    context: &Context<'_>,
) -> Result<Option<Duration>, Error> {
    let mut opened = ledger::load(place).await?;
    if opened.ledger.phase.is_some() {
        return Ok(None);
    }
    let Some(wanted) = &opened.ledger.wanted else { return Ok(None) };
    let session = wanted.session().map_err(Error::input)?;
    let policies = policies(&session, &opened.ledger);
    let is_periodic = policies.values().any(SnapshotPolicy::is_periodic);
    if !is_periodic && opened.ledger.snapshots.is_empty() {
        return Ok(None);
    }
    let connected = place.connect(true).await?;
    let client = connected.client()?;
    retry(&session, place, &client, &policies, &mut opened, most, context).await?;
    let before = opened.ledger.snapshots.len();
    let next = take_due(&session, place, &client, &policies, &mut opened, most, context).await?;
    let is_new = opened.ledger.snapshots.len() != before;
    if is_new || told.looked.is_none_or(|looked| SELDOM < looked.elapsed()) {
        told.looked = Some(Instant::now());
        let around = Around { policies: Some(&policies), ..Around::default() };
        remove(place, &client, around, None, told, context).await?;
    }
    Ok(next)
}

/// What the options say of the snapshots of each job that the ledger has. What those of a job said that is taken out of the file nobody knows.
fn policies(session: &Session, ledger: &Ledger) -> BTreeMap<String, SnapshotPolicy> {
    let of = |(name, record): (&String, &JobRecord)| {
        let of_file = session.jobs.iter().find(|job| job.name == *name);
        let options = match of_file {
            Some(job) => job.configuration.clone(),
            None => jobs_rules::again(name, record).configuration,
        };
        let policy = SnapshotPolicy::of(&session.configuration, &options);
        let is_taken_out = of_file.is_none() && record.origin == Bringer::File;
        (name.clone(), if is_taken_out { policy.keeping_all() } else { policy })
    };
    ledger.jobs.iter().map(of).collect()
}

/// Drives one snapshot, and keeps its record in the ledger at each step.
async fn one(
    about: &AboutSnapshot<'_>,
    session: &Session,
    place: &platform::Session,
    client: &Client,
    opened: &mut Opened,
    patience: Patience<'_>,
) -> Result<SnapshotRecord, Error> {
    let name = &about.document.name;
    let job = about.document.job.as_ref();
    let of_job = job.and_then(|job| Some((job, opened.ledger.jobs.get(job)?)));
    let id = of_job.map(|(job, record)| id_of(session, job, record));
    let remembered = opened.ledger.snapshots.get(name).cloned();
    let keep = async |record: &SnapshotRecord| {
        rules::put(&mut opened.ledger, name, record.clone());
        ledger::save(place, opened).await
    };
    let record = take(*about, id.as_deref(), client, remembered, patience, keep).await?;
    // Another command may be doing something with the job: then that says where it goes on.
    if record.state == SnapshotState::Completed && record.kind == SAVEPOINT {
        let written = ledger::update(place, |ledger| remember(ledger, &record)).await;
        if let Ok(now) = written {
            *opened = now;
        }
    }
    Ok(record)
}

fn id_of(session: &Session, name: &str, record: &JobRecord) -> String {
    let namespace = session.namespace.as_deref().unwrap_or(jobs_rules::NAMESPACE);
    let made = || jobs_rules::job_id(namespace, name, record.generation);
    record.id.clone().unwrap_or_else(made)
}

/// A savepoint that is there is where its job goes on from, unless a command is doing something with the job.
fn remember(ledger: &mut Ledger, record: &SnapshotRecord) {
    let (Some(path), Some(id)) = (&record.path, &record.job_id) else { return };
    let job = record.job.as_ref().and_then(|job| ledger.jobs.get_mut(job));
    if let Some(job) = job.filter(|job| job.is_at_rest() && job.id.as_ref() == Some(id)) {
        // When it was asked for: a checkpoint that is newer than that may have more.
        let time = record.asked.clone().or_else(|| record.time.clone());
        let taken = Snapshot::new(SAVEPOINT, None, path, time, id);
        job.remember_savepoint(taken);
    }
}

/// Tries again what has failed and is to be tried again, and sees through what was cut off.
async fn retry(
    session: &Session,
    place: &platform::Session,
    client: &Client,
    policies: &BTreeMap<String, SnapshotPolicy>,
    opened: &mut Opened,
    most: Duration,
    context: &Context<'_>,
) -> Result<(), Error> {
    let now = ledger::now();
    let open: Vec<(String, SnapshotRecord)> = opened
        .ledger
        .snapshots
        .iter()
        .filter(|(_, record)| !record.state.is_final() && !record.is_put_off(&now))
        .map(|(name, record)| (name.clone(), record.clone()))
        .collect();
    for (name, record) in open {
        let of_file = session.snapshots.iter().find(|one| one.name == name).cloned();
        let document = match record.origin {
            SnapshotOrigin::Document => of_file,
            SnapshotOrigin::Periodic => {
                let job = record.job.clone().unwrap_or_default();
                policies.get(&job).map(|policy| periodic(&name, &job, &record.kind, policy))
            }
            SnapshotOrigin::Other(_) => None,
        };
        let of_it = |document: &SnapshotDocument| {
            AboutSnapshot { document, origin: &record.origin, keeps: None }.is_of(&record)
        };
        let Some(document) = document.filter(of_it) else {
            // Nobody wants it any more: what becomes of it is noted all the same.
            let outcome = if record.state == SnapshotState::InProgress {
                outcome_of(client, &record).await?
            } else {
                Some(SnapshotRecord { state: SnapshotState::Failed, ..record.clone() })
            };
            if let Some(outcome) = outcome {
                opened.ledger.snapshots.insert(name, outcome);
                ledger::save(place, opened).await?;
            }
            continue;
        };
        let about =
            AboutSnapshot { document: &document, origin: &record.origin, keeps: record.keeps };
        let patience = Patience::new(Some(most));
        let record = one(&about, session, place, client, opened, patience).await?;
        tell(&record, &name, context);
    }
    Ok(())
}

/// Says what became of a snapshot, and gives the line.
fn tell(record: &SnapshotRecord, name: &str, context: &Context<'_>) -> String {
    let line = record.line(name);
    if record.state == SnapshotState::Completed {
        context.events.say(&line);
    } else {
        context.events.warn(&line);
    }
    line
}

/// A snapshot that the clock asks for: it is tried once, and the next one comes anyway.
fn periodic(name: &str, job: &str, kind: &str, policy: &SnapshotPolicy) -> SnapshotDocument {
    let (format, disposes) = (policy.format.clone(), policy.disposes);
    let savepoint = WantedSnapshot::Savepoint { path: None, format, exists: false, disposes };
    SnapshotDocument {
        name: name.to_owned(),
        job: Some(job.to_owned()),
        what: if kind == SAVEPOINT { savepoint } else { WantedSnapshot::Checkpoint },
        backoff_limit: Some(0),
    }
}

/// Takes what is due. Gives the time until the next one.
async fn take_due(
    session: &Session,
    place: &platform::Session,
    client: &Client,
    policies: &BTreeMap<String, SnapshotPolicy>,
    opened: &mut Opened,
    most: Duration,
    context: &Context<'_>,
) -> Result<Option<Duration>, Error> {
    let now = seconds_of(&ledger::now()).unwrap_or_default();
    let due = rules::due(&opened.ledger, policies, now);
    let mut next = due.next;
    for one_due in due.now {
        let (job, kind) = (&one_due.job, one_due.kind);
        let Some((record, policy)) = opened.ledger.jobs.get(job).zip(policies.get(job)) else {
            continue;
        };
        let runs = client.state(&id_of(session, job, record)).await;
        match runs {
            Ok(state) if state.to_string() == "RUNNING" => {}
            // The next look sees whether it runs by then.
            Ok(_) | Err(RestError::NotFound(_)) => continue,
            Err(error) => return Err(failure(error)),
        }
        let name = rules::periodic_name(job, kind, one_due.time * MILLIS);
        let document = periodic(&name, job, kind, policy);
        let (origin, keeps) = (&SnapshotOrigin::Periodic, Some(policy.keeps()));
        let about = AboutSnapshot { document: &document, origin, keeps };
        let patience = Patience::new(Some(most));
        match one(&about, session, place, client, opened, patience).await {
            Ok(record) => {
                tell(&record, &name, context);
            }
            // Somebody else takes the same one.
            Err(failed) if failed.kind == Kind::Conflict => *opened = ledger::load(place).await?,
            Err(failed) => return Err(failed),
        }
        let again = policy.schedules().find(|(one, _)| *one == kind);
        let again = again.and_then(|(_, schedule)| schedule.after(now));
        next = next.into_iter().chain(again).min();
    }
    let wait = next.map(|next| u64::try_from(next - now).unwrap_or_default());
    Ok(wait.map(Duration::from_secs))
}
