//! What is left of jobs that no JobManager has any more: checkpoints, and what was written down of their ends.

use std::collections::{BTreeMap, BTreeSet};

use nutkin_core::jobs::{self as rules, AfterLoss, Archived, Hindrance, JobArchive};
use nutkin_core::ledger::{JobRecord, Opened};
use nutkin_core::plan::retention::{ARCHIVE, checkpoint_directory};
use nutkin_rest::{Client, RestError};
use nutkin_shell::{Error, ledger};

use super::super::outcomes;
use crate::files::of_address;
use crate::jobs::moving::{self, Within};
use crate::jobs::{failure, located};
use crate::platform::Session;

/// What is left of the jobs that ran as far as the ledger knows. `known`: those that the JobManager lists.
pub(super) async fn look(
    session: &Session,
    client: &Client,
    known: BTreeSet<String>,
    opened: &Opened,
    within: Within<'_>,
) -> Result<AfterLoss, Error> {
    let mut seen = AfterLoss { known, ..AfterLoss::default() };
    let mut missing: Vec<(&String, &JobRecord)> = Vec::new();
    for (name, record) in rules::open(&opened.ledger) {
        for id in record.ids().filter(|id| !seen.known.contains(*id)).collect::<Vec<_>>() {
            // The list may be a moment old.
            match client.state(id).await {
                Ok(_) => drop(seen.known.insert(id.clone())),
                Err(RestError::NotFound(_)) => missing.push((id, record)),
                Err(error) => return Err(failure(error)),
            }
        }
        let is_known = record.id.as_ref().is_some_and(|id| seen.known.contains(id));
        if !is_known && let Some(hindrance) = hindrance(name, record, opened, client, within).await
        {
            seen.hindrances.insert(name.clone(), hindrance);
        }
    }
    if missing.is_empty() {
        return Ok(seen);
    }
    let options = moving::options(client).await?;
    let directory = checkpoint_directory(&options);
    let mut by_directory: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (id, record) in &missing {
        if let Some(directory) = outcomes::directory_of(record, directory.as_deref()) {
            by_directory.entry(directory).or_default().push(id);
        }
    }
    let mut has_listed = false;
    for (directory, ids) in by_directory {
        match session.checkpoints(&directory, &ids).await {
            Some(left) => {
                has_listed = true;
                seen.checkpoints.extend(left);
            }
            None => seen.unseen.extend(ids.into_iter().map(str::to_owned)),
        }
    }
    if let Some(directory) = options.text(ARCHIVE) {
        seen.archive = match archive(session, &directory, &missing).await {
            // Where files can be listed now and then it is asked again: what has ended is not started again meanwhile.
            Err(failure)
                if has_listed && seen.unseen.is_empty() && of_address(&directory).is_some() =>
            {
                return Err(failure);
            }
            read => read.unwrap_or(JobArchive::Unseen),
        };
    }
    Ok(seen)
}

/// What JobManagers wrote down of these jobs.
///
/// # Errors
/// It cannot be read.
async fn archive(
    session: &Session,
    directory: &str,
    missing: &[(&String, &JobRecord)],
) -> Result<JobArchive, Error> {
    let (mut ended, mut unclear) = (BTreeMap::new(), BTreeSet::new());
    for (id, record) in missing {
        match session.archived(directory, id).await? {
            Archived::Nothing => {}
            Archived::Ended { state, at } if is_of(record, at) => {
                ended.insert((*id).clone(), state);
            }
            Archived::Ended { .. } | Archived::Unclear => drop(unclear.insert((*id).clone())),
        }
    }
    Ok(JobArchive::Read { ended, unclear })
}

/// Whether what ended at that time may be the job as it was submitted last, and not an earlier one of its id.
fn is_of(record: &JobRecord, ended: Option<i64>) -> bool {
    let ended = ended.and_then(ledger::time_of);
    ended.is_none() || record.submitted <= ended
}

/// Why a job cannot be submitted again.
async fn hindrance(
    name: &str,
    record: &JobRecord,
    opened: &Opened,
    client: &Client,
    within: Within<'_>,
) -> Option<Hindrance> {
    if rules::is_one_of_several(name, &opened.ledger) {
        return Some(Hindrance::Several);
    }
    located(name, record, Some(client), within).await.err()
}
