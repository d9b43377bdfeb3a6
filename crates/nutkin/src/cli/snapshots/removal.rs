//! Deletes snapshots that nobody wants any more, as long as nothing refers to them.

use std::path::Path;
use std::time::Duration;

use nutkin_core::ledger::{Ledger, Opened, SnapshotOrigin};
use nutkin_core::selection::Platform;
use nutkin_core::snapshots::{self as rules, Around, Removal, RemovalStep, seconds_of};
use nutkin_rest::{Client, Job, RestError};
use nutkin_shell::{Error, Kind, Place, ledger};

use super::Tending;
use crate::cli::consent::{self, ConsentArgs};
use crate::cli::gc;
use crate::context::Context;
use crate::jobs::snapshots::limit;
use crate::jobs::{Driven, Patience, failure, until_done};
use crate::platform;

/// How long the ledger of another session may take: what it does not tell stays.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether files may be deleted: on Kubernetes and in stores whoever has access may refer to them, and nobody here knows of that.
pub(in crate::cli) fn deletes(platform: Platform) -> bool {
    platform != Platform::Kubernetes
}

/// Removes snapshots that nobody wants any more: first their files, then what the ledger says of them. `consent`: how far somebody
/// agrees who has taken documents out of a file; `None`: only what was agreed to before, and what the clock has asked for.
pub(super) async fn remove(
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
    // Asked once, for all that jobs refer to.
    let jobs: Result<Vec<Job>, String> = match client.jobs().await {
        Ok(jobs) => Ok(jobs.into_iter().filter(|job| !job.state.has_ended()).collect()),
        Err(failed) => Err(failed.to_string()),
    };
    let asked = async {
        let running = jobs?;
        let others = Box::pin(others(place, &running, &opened.ledger, context)).await?;
        Ok::<_, String>((others, running))
    };
    let (others, running) = match asked.await {
        Ok(told) => told,
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
    let restored = restored(client, &running).await?;
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

/// Ledgers of other sessions. `running`: the jobs of this one.
///
/// # Errors
/// Why nothing may be deleted: one of them does not tell what it refers to, or a job runs of which nobody knows what it needs.
async fn others(
    place: &platform::Session,
    running: &[Job],
    own: &Ledger,
    context: &Context<'_>,
) -> Result<Vec<Ledger>, String> {
    let known =
        platform::known(context.environment).map_err(|failure| format!("{:#}", failure.error))?;
    let mut places: Vec<(String, Place)> =
        known.into_iter().map(|(known, there)| (known.name, there)).collect();
    if place.platform() == Platform::Docker {
        // All of this daemon, whoever has made them.
        let of_daemon = platform::all(&Place::Docker, context).await;
        let of_daemon = of_daemon.map_err(|failed| format!("{:#}", failed.error))?;
        places.retain(|(_, there)| there.platform() != Platform::Docker);
        places.extend(of_daemon.iter().map(|one| (one.name().to_owned(), Place::Docker)));
    }
    unmanaged(own, running.iter().map(|job| &job.id))?;
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
            !record.start_is_unknown && (name == *id || record.ids().any(|known| known == *id))
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
async fn restored(client: &Client, running: &[Job]) -> Result<Vec<String>, Error> {
    let mut all = Vec::new();
    for job in running {
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
