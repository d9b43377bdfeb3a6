//! Jobs whose JobManager was lost without high availability: looks what is left of them, and has them go on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nutkin_core::jobs::{self as rules, AfterLoss, Hindrance, LostJob, LostOutcome};
use nutkin_core::ledger::{JobRecord, Opened};
use nutkin_core::plan::retention::{ARCHIVE, CHECKPOINT_DIRECTORY};
use nutkin_flink::Configuration;
use nutkin_rest::{Client, RestError};
use nutkin_shell::{Error, ledger};

use super::Context;
use crate::jobs::moving::{self, Within};
use crate::jobs::{failure, located, until_it_answers};
use crate::platform::{self, Session};

/// Lines that were said about jobs that stay lost, so that nobody reads them twice.
pub(super) type Told = BTreeSet<String>;

/// Has the jobs of a session go on that its JobManager does not have any more, and waits for their first checkpoints. Gives how many.
/// Nothing is done where high availability brings them back.
///
/// # Errors
/// The session cannot be asked, or a job does not go on: it stays in the ledger as one that is to be resumed.
pub(super) async fn recover(
    session: &Session,
    limit: Duration,
    told: &mut Told,
    context: &Context<'_>,
) -> Result<usize, Error> {
    if !session.is_seen() {
        return Ok(0);
    }
    let opened = ledger::load(session).await?;
    let Some(said) = opened.ledger.wanted.clone() else { return Ok(0) };
    let mut wanted = said.session().map_err(Error::input)?;
    if !wanted.recovers() || rules::open(&opened.ledger).next().is_none() {
        return Ok(0);
    }
    let base = platform::ledger::base(&said, context.environment);
    let connected = session.connect(true).await?;
    let client = connected.client()?;
    let waits = async || Ok(Some("waiting for the JobManager to answer".to_owned()));
    until_it_answers(&client, waits, |_| ()).await?;
    let listed = client.jobs().await.map_err(failure)?;
    let listed: BTreeSet<String> = listed.into_iter().map(|job| job.id).collect();
    if rules::open(&opened.ledger).all(|(_, record)| ids(record).all(|id| listed.contains(id))) {
        return Ok(0);
    }
    // What a job of the file was submitted as, and not what has become of the file since.
    wanted.jobs.retain(|job| {
        let record = opened.ledger.jobs.get(&job.name);
        record.is_some_and(|record| record.digest == rules::digest(job))
    });
    let (given, nothing) = (BTreeMap::new(), |_: &str| None);
    let within =
        Within { session: &wanted, base: &base, given: &given, found: &nothing, limit, context };
    let seen = look(session, &client, listed, &opened, within).await?;
    let lost = rules::lost(&opened.ledger, &seen);
    go_on(session, &client, lost, opened, within, told).await
}

/// The ids under which a job may run.
fn ids(record: &JobRecord) -> impl Iterator<Item = &String> {
    let pending = record.pending.as_ref().and_then(|pending| pending.id.as_ref());
    record.id.iter().chain(pending)
}

/// What is left of the jobs that ran as far as the ledger knows. `known`: those that the JobManager lists.
async fn look(
    session: &Session,
    client: &Client,
    known: BTreeSet<String>,
    opened: &Opened,
    within: Within<'_>,
) -> Result<AfterLoss, Error> {
    let mut seen = AfterLoss { known, ..AfterLoss::default() };
    let options = moving::options(client).await?;
    let directory = directory_of_checkpoints(&options);
    let archive = options.text(ARCHIVE);
    for (name, record) in rules::open(&opened.ledger) {
        for id in ids(record).filter(|id| !seen.known.contains(*id)).collect::<Vec<_>>() {
            // The list may be a moment old.
            match client.state(id).await {
                Ok(_) => {
                    seen.known.insert(id.clone());
                    continue;
                }
                Err(RestError::NotFound(_)) => {}
                Err(error) => return Err(failure(error)),
            }
            let own: Configuration =
                record.options.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            let directory = directory_of_checkpoints(&own).or_else(|| directory.clone());
            let left = directory.and_then(|directory| session.checkpoints(&directory, id));
            seen.checkpoints.extend(left.map(|left| (id.clone(), left)));
            if let Some(archive) = &archive {
                let all = seen.archived.get_or_insert_default();
                let ended = session.archived(archive, id, record.submitted.as_deref());
                all.extend(ended.map(|state| (id.clone(), state)));
            }
        }
        let is_known = record.id.as_ref().is_some_and(|id| seen.known.contains(id));
        if !is_known && let Some(hindrance) = hindrance(name, record, opened, within).await {
            seen.hindrances.insert(name.clone(), hindrance);
        }
    }
    Ok(seen)
}

/// Where options have Flink keep checkpoints.
pub(super) fn directory_of_checkpoints(options: &Configuration) -> Option<String> {
    CHECKPOINT_DIRECTORY.iter().find_map(|key| options.text(key))
}

/// Why a job cannot be submitted again.
async fn hindrance(
    name: &str,
    record: &JobRecord,
    opened: &Opened,
    within: Within<'_>,
) -> Option<Hindrance> {
    if rules::is_one_of_several(name, &opened.ledger) {
        return Some(Hindrance::Several);
    }
    located(name, record, within.base, within.given, within.context).await.err()
}

/// Notes what becomes of the jobs, and has those go on that can.
async fn go_on(
    session: &Session,
    client: &Client,
    lost: Vec<LostJob>,
    mut opened: Opened,
    within: Within<'_>,
    told: &mut Told,
) -> Result<usize, Error> {
    let mut names = Vec::new();
    let mut changes = Vec::new();
    for job in lost {
        let line = job.line();
        match job.outcome {
            LostOutcome::GoesOn { record, .. } => {
                within.context.events.say(&line);
                opened.ledger.jobs.insert(job.name.clone(), *record);
                names.push(job.name);
                changes.push(line);
            }
            LostOutcome::HadEnded { record, .. } => {
                within.context.events.say(&line);
                opened.ledger.jobs.insert(job.name, *record);
                changes.push(line);
            }
            LostOutcome::Stays(_) if told.insert(line.clone()) => within.context.events.warn(&line),
            LostOutcome::Stays(_) => {}
        }
    }
    if changes.is_empty() {
        return Ok(0);
    }
    opened.ledger.note(ledger::event(within.context.environment, changes));
    ledger::save(session, &mut opened).await?;
    if !names.is_empty() {
        moving::resume_these(session, client, &names, opened, within).await?;
    }
    Ok(names.len())
}
