//! The snapshots of a session: those that its file asks for, those that the clock asks for, and those that go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use nutkin_core::jobs as jobs_rules;
use nutkin_core::ledger::{
    Bringer, JobRecord, Ledger, Opened, Snapshot, SnapshotOrigin, SnapshotRecord, SnapshotState,
};
use nutkin_core::selection::Platform;
use nutkin_core::session::{Session, SnapshotDocument, WantedSnapshot};
use nutkin_core::snapshots::{
    self as rules, AboutSnapshot, Around, Removal, RemovalStep, SAVEPOINT, SnapshotPolicy,
    seconds_of,
};
use nutkin_flink::Configuration;
use nutkin_rest::{Client, RestError};
use nutkin_shell::{Error, Kind, Place, ledger};

use super::consent::{self, ConsentArgs};
use super::{Context, gc};
use crate::jobs::snapshots::{limit, outcome_of, take};
use crate::jobs::{Driven, Patience, failure, until_done};
use crate::platform;
use crate::progress::Spinner;

/// How long the ledger of another session may take: what it does not tell stays.
const PATIENCE: Duration = Duration::from_secs(10);

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
                let line = record.line(&document.name);
                if record.state == SnapshotState::Completed {
                    context.events.say(&line);
                } else {
                    context.events.warn(&line);
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
    retry(&session, place, &client, &mut opened, most, context).await?;
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
    if record.state != SnapshotState::Completed || record.kind != SAVEPOINT {
        return;
    }
    let job = record.job.as_ref().and_then(|job| ledger.jobs.get_mut(job));
    if let Some(job) = job.filter(|job| is_at_rest(job) && job.id.as_ref() == Some(id)) {
        // When it was asked for: a checkpoint that is newer than that may have more.
        let time = record.asked.clone().or_else(|| record.time.clone());
        let taken = Snapshot::new(SAVEPOINT, None, path, time, id);
        job.remember_savepoint(taken);
    }
}

const fn is_at_rest(job: &JobRecord) -> bool {
    !job.moving && !job.suspended && job.pending.is_none() && job.request.is_none()
}

/// Tries again what has failed and is to be tried again, and sees through what was cut off.
async fn retry(
    session: &Session,
    place: &platform::Session,
    client: &Client,
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
                let policy = policies(session, &opened.ledger).remove(&job);
                policy.map(|policy| periodic(&name, &job, &record.kind, &policy))
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

fn tell(record: &SnapshotRecord, name: &str, context: &Context<'_>) {
    let line = record.line(name);
    if record.state == SnapshotState::Completed {
        context.events.say(&line);
    } else {
        context.events.warn(&line);
    }
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
            Ok(record) => tell(&record, &name, context),
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

/// Whether files may be deleted: on Kubernetes and in stores whoever has access may refer to them, and nobody here knows of that.
pub(super) fn deletes(platform: Platform) -> bool {
    platform != Platform::Kubernetes
}

/// Removes snapshots that nobody wants any more: first their files, then what the ledger says of them. `consent`: how far somebody
/// agrees who has taken documents out of a file; `None`: only what was agreed to before, and what the clock has asked for.
async fn remove(
    place: &platform::Session,
    client: &Client,
    around: Around<'_>,
    consent: Option<ConsentArgs>,
    told: &mut Tending,
    context: &Context<'_>,
) -> Result<(), Error> {
    let now = seconds_of(&ledger::now()).unwrap_or_default();
    let around = Around { deletes: deletes(place.platform()), now, ..around };
    let mut opened = ledger::load(place).await?;
    let first = rules::removals(&opened.ledger, &around);
    if first.is_empty() || !is_whole(&opened) {
        return Ok(());
    }
    let mut is_told = true;
    for Removal { name, step } in first {
        if !matches!(step, RemovalStep::Dispose(_)) {
            removed(place, &mut opened, &name, &step, told, context).await?;
            continue;
        }
        if !is_told {
            continue;
        }
        // What refers to it is looked up for each one by itself, just before it goes.
        let step = match looked_up(place, client, &mut opened, &name, around, told, context).await?
        {
            Looked::NotTold => {
                // Who did not tell for this one does not tell for the next one, and each time takes long.
                is_told = false;
                continue;
            }
            Looked::Wanted => continue,
            Looked::Step(step) => step,
        };
        let RemovalStep::Dispose(path) = &step else {
            removed(place, &mut opened, &name, &step, told, context).await?;
            continue;
        };
        let Some(before) = opened.ledger.snapshots.get(&name).cloned() else { continue };
        let is_asked =
            before.origin == SnapshotOrigin::Document && !before.dropped && !before.disposing;
        if is_asked {
            let agreed = agree(consent, &name, path, context)?;
            if !agreed {
                context.events.warn(&format!(
                    "snapshot `{name}` is in no document any more, and {path} stays: `--yes` deletes it"
                ));
                continue;
            }
        }
        // Before it is asked for: from now on nobody takes it for one that is there.
        if let Some(record) = opened.ledger.snapshots.get_mut(&name) {
            (record.disposing, record.dropped) = (true, true);
        }
        ledger::save(place, &mut opened).await?;
        // Whoever has begun to refer to it meanwhile, also while somebody was asked, keeps it; from now on no job starts from it.
        let again = looked_up(place, client, &mut opened, &name, around, told, context).await;
        if !matches!(&again, Ok(Looked::Step(RemovalStep::Dispose(now))) if now == path) {
            if let Some(record) = opened.ledger.snapshots.get_mut(&name) {
                (record.disposing, record.dropped) = (before.disposing, before.dropped);
            }
            ledger::save(place, &mut opened).await?;
            match again? {
                Looked::NotTold => is_told = false,
                Looked::Step(step @ RemovalStep::Stays(..)) => {
                    removed(place, &mut opened, &name, &step, told, context).await?;
                }
                _ => {}
            }
            continue;
        }
        match dispose(client, path).await {
            Ok(step) => removed(place, &mut opened, &name, &step, told, context).await?,
            // The others go all the same.
            Err(failed) => {
                let line = format!("snapshot `{name}` is not deleted: {:#}", failed.error);
                if told.lines.insert(line.clone()) {
                    context.events.warn(&line);
                }
            }
        }
    }
    ledger::save(place, &mut opened).await
}

/// What is known of a snapshot that is to go.
enum Looked {
    /// Somebody does not tell what it refers to.
    NotTold,
    /// It does not go any more.
    Wanted,
    /// What becomes of it.
    Step(RemovalStep),
}

/// What becomes of a snapshot in the light of all that refers to anything now.
async fn looked_up(
    place: &platform::Session,
    client: &Client,
    opened: &mut Opened,
    name: &str,
    around: Around<'_>,
    told: &mut Tending,
    context: &Context<'_>,
) -> Result<Looked, Error> {
    ledger::save(place, opened).await?;
    *opened = ledger::load(place).await?;
    let others = match Box::pin(others(place, client, &opened.ledger, context)).await {
        Ok(others) => others,
        Err(why) => {
            let line = format!("no snapshot is deleted: {why}");
            if told.lines.insert(line.clone()) {
                context.events.warn(&line);
            }
            return Ok(Looked::NotTold);
        }
    };
    if !is_whole(opened) {
        return Ok(Looked::NotTold);
    }
    let restored = restored(client).await?;
    let around = Around { others: &others, restored: &restored, ..around };
    let all = rules::removals(&opened.ledger, &around);
    let it = all.into_iter().find(|one| one.name == name);
    Ok(it.map_or(Looked::Wanted, |one| Looked::Step(one.step)))
}

/// Whether a ledger says all that it said.
fn is_whole(opened: &Opened) -> bool {
    opened.lost.is_empty() && opened.missing.is_empty()
}

/// Whether somebody agrees to what a document leaves behind that is not in the file any more.
fn agree(
    consent: Option<ConsentArgs>,
    name: &str,
    path: &str,
    context: &Context<'_>,
) -> Result<bool, Error> {
    let Some(consent) = consent else { return Ok(false) };
    context.printer.say("to be deleted, because its document is not in the file any more:");
    context.printer.say(&format!("  `{name}`: {path}"));
    match consent::ask(consent, false, "Delete it?", context) {
        Ok(()) => Ok(true),
        Err(failed) if failed.kind == Kind::Unconfirmed => Ok(false),
        Err(failed) => Err(failed),
    }
}

/// Notes and tells what became of a snapshot.
async fn removed(
    place: &platform::Session,
    opened: &mut Opened,
    name: &str,
    step: &RemovalStep,
    told: &mut Tending,
    context: &Context<'_>,
) -> Result<(), Error> {
    let line = Removal { name: name.to_owned(), step: step.clone() }.line();
    if matches!(step, RemovalStep::Stays(..)) {
        if told.lines.insert(line.clone()) {
            context.events.say(&line);
        }
        return Ok(());
    }
    let record = opened.ledger.snapshots.remove(name);
    if record.is_some_and(|record| record.origin == SnapshotOrigin::Document) {
        opened.ledger.note(ledger::event(context.environment, vec![line.clone()]));
    }
    ledger::save(place, opened).await?;
    context.events.say(&line);
    Ok(())
}

/// Ledgers of other sessions.
///
/// # Errors
/// Why nothing may be deleted: one of them does not tell what it refers to, or a job runs of which nobody knows what it needs.
async fn others(
    place: &platform::Session,
    client: &Client,
    own: &Ledger,
    context: &Context<'_>,
) -> Result<Vec<Ledger>, String> {
    let known = platform::known(context.environment).map_err(|error| error.to_string())?;
    let mut places: Vec<(String, Place)> =
        known.into_iter().map(|(known, there)| (known.name, there)).collect();
    if place.platform() == Platform::Docker {
        // All of this daemon, whoever has made them.
        let of_daemon = platform::all(&Place::Docker, context).await;
        let of_daemon = of_daemon.map_err(|failed| format!("{:#}", failed.error))?;
        places.retain(|(_, there)| there.platform() != Platform::Docker);
        places.extend(of_daemon.iter().map(|one| (one.name().to_owned(), Place::Docker)));
    }
    let jobs = client.jobs().await.map_err(|failed| failed.to_string())?;
    let running: Vec<String> =
        jobs.into_iter().filter(|job| !job.state.has_ended()).map(|job| job.id).collect();
    unmanaged(own, running.iter())?;
    let mut all = Vec::new();
    for (name, there) in places {
        if name == place.name() && there.platform() == place.platform() {
            continue;
        }
        let silent = || format!("session `{name}` does not tell what it refers to");
        let asked =
            tokio::time::timeout(PATIENCE, Box::pin(gc::holder(&name, &there, context))).await;
        let holder = asked.map_err(|_| silent())?;
        let (Some(ledger), Some(running)) = (holder.ledger, holder.running) else {
            return Err(silent());
        };
        // A note on a session of which nobody finds anything.
        if !holder.lives && ledger.wanted.is_none() && there.platform() != Platform::Local {
            return Err(silent());
        }
        unmanaged(&ledger, running.iter())?;
        all.push(ledger);
    }
    Ok(all)
}

/// # Errors
/// A job runs that is in no ledger, or was adopted: what it was restored from is not known.
fn unmanaged<'a>(ledger: &Ledger, running: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let is_known = |id: &&String| {
        ledger.jobs.iter().any(|(name, record)| {
            let pending = record.pending.as_ref().and_then(|pending| pending.id.as_ref());
            !record.start_is_unknown
                && (*name == **id || record.id.as_ref() == Some(*id) || pending == Some(*id))
        })
    };
    let mut running = running;
    running.find(|id| !is_known(id)).map_or(Ok(()), |id| {
        let name = &ledger.name;
        Err(format!(
            "job {id} of session `{name}` was not started by Nutkin, and may need any of them"
        ))
    })
}

/// What the jobs that run were restored from.
async fn restored(client: &Client) -> Result<Vec<String>, Error> {
    let mut all = Vec::new();
    for job in client.jobs().await.map_err(failure)? {
        if job.state.has_ended() {
            continue;
        }
        match client.job(&job.id, "/checkpoints").await {
            Ok(checkpoints) => {
                let path = checkpoints["latest"]["restored"]["external_path"].as_str();
                all.extend(path.map(str::to_owned));
            }
            // A job that takes no checkpoints has no such page.
            Err(RestError::NotFound(_)) => {}
            Err(error) => return Err(failure(error)),
        }
    }
    Ok(all)
}

/// What Flink says of a savepoint that is not there. Source: `AbstractFsCheckpointStorageAccess`, 1.13 to 2.3.
const GONE: &str = "Cannot find";

/// Deletes a savepoint. Gives what became of it: one that the JobManager does not find is forgotten, unless it lies on this machine.
async fn dispose(client: &Client, path: &str) -> Result<RemovalStep, Error> {
    let asked = client.dispose(path).await.map_err(failure)?;
    let mut patience = Patience::new(Some(limit()));
    match until_done(client, &asked, &mut patience).await {
        Ok(Driven::Done(_)) => Ok(RemovalStep::Dispose(path.to_owned())),
        Ok(_) => Err(Error::new(Kind::TimedOut, format!("`{path}` is not deleted yet"))
            .hint("the same command looks at it again")),
        Err(error) if error.whole().contains(GONE) && !is_here(path) => {
            Ok(RemovalStep::Missing(path.to_owned()))
        }
        Err(error) => Err(failure(error)),
    }
}

/// Whether something lies there on this machine, which is not always what the JobManager sees.
fn is_here(path: &str) -> bool {
    let path = path.strip_prefix("file:").unwrap_or(path);
    Path::new(&format!("/{}", path.trim_start_matches('/'))).exists()
}
