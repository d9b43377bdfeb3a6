//! The snapshots of a session: those that its file asks for, those that the clock asks for, and those that go.

use std::collections::BTreeMap;
use std::time::Duration;

use nutkin_core::jobs as jobs_rules;
use nutkin_core::ledger::{
    JobRecord, Ledger, Opened, Snapshot, SnapshotOrigin, SnapshotRecord, SnapshotState,
};
use nutkin_core::session::{Session, SnapshotDocument, WantedSnapshot};
use nutkin_core::snapshots::{
    self as rules, AboutSnapshot, Around, RemovalStep, SAVEPOINT, SnapshotPolicy, seconds_of,
};
use nutkin_flink::Configuration;
use nutkin_rest::{Client, RestError};
use nutkin_shell::{Error, Kind, ledger};

use super::Context;
use crate::jobs::snapshots::{limit, take};
use crate::jobs::{Driven, Patience, failure, until_done};
use crate::platform;
use crate::progress::Spinner;

/// How long the ledger of another session may take: what it does not tell stays.
const PATIENCE: Duration = Duration::from_secs(10);

/// Milliseconds of a second.
const MILLIS: i64 = 1000;

/// What `up` does for snapshots once the jobs run: those of the file, and those that are due. `is_whole`: a file says all
/// that is wanted.
///
/// # Errors
/// As [`bring`] and [`tend`].
pub(super) async fn of_up(
    session: &Session,
    place: &platform::Session,
    is_whole: bool,
    context: &Context<'_>,
) -> Result<(), Error> {
    let of = |options: &Configuration| SnapshotPolicy::of(&session.configuration, options);
    let mut jobs = session.jobs.iter().map(|job| of(&job.configuration));
    let is_periodic =
        of(&Configuration::new()).is_periodic() || jobs.any(|policy| policy.is_periodic());
    if is_whole || !session.snapshots.is_empty() {
        bring(session, place, is_whole, context).await?;
    }
    if is_periodic {
        tend(place, context).await?;
        let name = place.name();
        context.printer.hint(&format!(
            "periodic savepoints and checkpoints are taken while `nutkin watch {name}` runs"
        ));
    }
    Ok(())
}

/// Takes the snapshots that a session file asks for, once each, and removes those that it asks for no more. `removes`: whether the
/// file is the whole of what is wanted.
///
/// # Errors
/// One of them is not there, or the session does not answer. The same command goes on.
pub(super) async fn bring(
    session: &Session,
    place: &platform::Session,
    removes: bool,
    context: &Context<'_>,
) -> Result<(), Error> {
    let mut opened = ledger::load(place).await?;
    if session.snapshots.is_empty() && opened.ledger.snapshots.is_empty() {
        return Ok(());
    }
    let connected = place.connect(true).await?;
    let client = connected.client()?;
    let mut wrong = Vec::new();
    for document in &session.snapshots {
        let about = AboutSnapshot { document, origin: &SnapshotOrigin::Document };
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
        let record = one(&about, session, place, &client, &mut opened, patience).await?;
        let line = record.line(&document.name);
        if record.state == SnapshotState::Completed {
            context.events.say(&line);
        } else {
            context.events.warn(&line);
            wrong.push(line.clone());
        }
        opened.ledger.note(ledger::event(context.environment, vec![line]));
    }
    ledger::save(place, &mut opened).await?;
    if removes {
        let around = Around { wanted: Some(session), ..Around::default() };
        remove(place, &client, &mut opened, around, context).await?;
    }
    match wrong.pop() {
        None => Ok(()),
        Some(line) => Err(Error::new(Kind::Broken, line)),
    }
}

/// Does what time brings: takes the periodic snapshots that are due, tries those again that have failed, and removes what is
/// too old. Gives the seconds until the next one is due.
///
/// # Errors
/// The session does not answer, or one cannot be removed. The next call goes on.
pub(super) async fn tend(
    place: &platform::Session,
    context: &Context<'_>,
) -> Result<Option<Duration>, Error> {
    let mut opened = ledger::load(place).await?;
    if opened.ledger.phase.is_some() {
        return Ok(None);
    }
    let Some(wanted) = &opened.ledger.wanted else { return Ok(None) };
    let session = wanted.session().map_err(Error::input)?;
    let of_session = SnapshotPolicy::of(&session.configuration, &Configuration::new());
    let policies = policies(&session, &opened.ledger);
    let is_periodic = policies.values().any(SnapshotPolicy::is_periodic);
    if !is_periodic && opened.ledger.snapshots.is_empty() {
        return Ok(None);
    }
    let connected = place.connect(true).await?;
    let client = connected.client()?;
    retry(&session, place, &client, &mut opened, context).await?;
    let next = take_due(&session, place, &client, &policies, &mut opened, context).await?;
    let around = Around { policies: Some((&policies, &of_session)), ..Around::default() };
    remove(place, &client, &mut opened, around, context).await?;
    Ok(next)
}

/// What the options say of the snapshots of each job that the ledger has.
fn policies(session: &Session, ledger: &Ledger) -> BTreeMap<String, SnapshotPolicy> {
    let of = |(name, record): (&String, &JobRecord)| {
        let of_file = session.jobs.iter().find(|job| job.name == *name);
        let options = match of_file {
            Some(job) => job.configuration.clone(),
            None => jobs_rules::again(name, record).configuration,
        };
        (name.clone(), SnapshotPolicy::of(&session.configuration, &options))
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
        remember(&mut opened.ledger, record);
        ledger::save(place, opened).await
    };
    take(*about, id.as_deref(), client, remembered, patience, keep).await
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
        let taken = Snapshot::new(SAVEPOINT, None, path, record.time.clone(), id);
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
    context: &Context<'_>,
) -> Result<(), Error> {
    let now = ledger::now();
    let open: Vec<(String, SnapshotRecord)> = opened
        .ledger
        .snapshots
        .iter()
        .filter(|(_, record)| {
            let is_time = record.retry.as_ref().is_none_or(|retry| *retry <= now);
            !record.state.is_final() && is_time && !record.dropped
        })
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
        let Some(document) = document else { continue };
        let about = AboutSnapshot { document: &document, origin: &record.origin };
        let patience = Patience::new(Some(limit()));
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
        let about = AboutSnapshot { document: &document, origin: &SnapshotOrigin::Periodic };
        let patience = Patience::new(Some(limit()));
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

/// Removes snapshots that nobody wants any more: first their files, then what the ledger says of them.
async fn remove(
    place: &platform::Session,
    client: &Client,
    opened: &mut Opened,
    around: Around<'_>,
    context: &Context<'_>,
) -> Result<(), Error> {
    let now = seconds_of(&ledger::now()).unwrap_or_default();
    let around = Around { now, ..around };
    if rules::removals(&opened.ledger, &around).is_empty() {
        return Ok(());
    }
    let Some(others) = others(place, context).await else { return Ok(()) };
    let restored = restored(client).await?;
    let around = Around { others: &others, restored: &restored, ..around };
    let removals = rules::removals(&opened.ledger, &around);
    for removal in removals {
        let Some(record) = opened.ledger.snapshots.get_mut(&removal.name) else { continue };
        if let RemovalStep::Stays(..) = removal.step {
            // What a file has named before is told once.
            if record.origin == SnapshotOrigin::Document && !record.dropped {
                record.dropped = true;
                context.events.say(&removal.line());
            }
            continue;
        }
        let is_document = record.origin == SnapshotOrigin::Document;
        if let RemovalStep::Dispose(path) = &removal.step {
            dispose(client, path).await?;
        }
        opened.ledger.snapshots.remove(&removal.name);
        if is_document {
            let event = ledger::event(context.environment, vec![removal.line()]);
            opened.ledger.note(event);
        }
        ledger::save(place, opened).await?;
        context.events.say(&removal.line());
    }
    ledger::save(place, opened).await
}

/// Ledgers of other sessions; `None`: one of them does not tell what it refers to, so that nothing is removed.
async fn others(place: &platform::Session, context: &Context<'_>) -> Option<Vec<Ledger>> {
    let mut all = Vec::new();
    for (known, there) in platform::known(context.environment).ok()? {
        if known.name == place.name() && known.platform == place.platform() {
            continue;
        }
        let opened = async {
            let store = platform::ledger::store(&known.name, &there, context).await.ok()?;
            let opened = ledger::load(&store).await.ok()?;
            (opened.lost.is_empty() && opened.missing.is_empty()).then_some(opened.ledger)
        };
        all.push(tokio::time::timeout(PATIENCE, opened).await.ok().flatten()?);
    }
    Some(all)
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

/// Deletes a savepoint. That it is gone already is what is wanted.
async fn dispose(client: &Client, path: &str) -> Result<(), Error> {
    let asked = client.dispose(path).await.map_err(failure)?;
    let mut patience = Patience::new(Some(limit()));
    match until_done(client, &asked, &mut patience).await {
        Ok(Driven::Done(_)) => Ok(()),
        Ok(_) => Err(Error::new(Kind::TimedOut, format!("`{path}` is not deleted yet"))
            .hint("the same command looks at it again")),
        Err(error) if error.whole().contains(GONE) => Ok(()),
        Err(error) => Err(failure(error)),
    }
}
