//! Checkpoints of jobs that run, noted in the ledger for the moment in which their JobManager is lost.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nutkin_core::jobs as rules;
use nutkin_core::ledger::{JobRecord, Opened, Snapshot};
use nutkin_core::plan::retention::checkpoint_directory;
use nutkin_rest::{Client, Job, newest_checkpoint};
use nutkin_shell::{Error, ledger};

use super::outcomes;
use crate::jobs::moving;
use crate::platform::Session;

/// How often they are noted where the checkpoints themselves can be listed after a loss: no write that is not needed.
const SELDOM: Duration = Duration::from_mins(1);

/// When they were noted, and whether a loss would depend on that.
#[derive(Debug, Default)]
pub(super) struct Notes {
    last: Option<Instant>,
    places: Option<Places>,
}

/// Where jobs keep checkpoints.
#[derive(Debug)]
struct Places {
    /// The start of the JobManager for which this was found out.
    since: String,
    /// Where jobs keep them that say nothing else.
    of_session: Option<String>,
    /// Whether they can be listed there, by directory.
    seen: BTreeMap<String, bool>,
}

impl Places {
    /// Whether the checkpoints of a job can be listed after a loss.
    async fn sees(&mut self, record: &JobRecord, session: &Session) -> bool {
        let directory = outcomes::directory_of(record, self.of_session.as_deref());
        let Some(directory) = directory else { return false };
        if let Some(seen) = self.seen.get(&directory) {
            return *seen;
        }
        let seen = session.checkpoints(&directory, &[]).await.is_some();
        self.seen.insert(directory, seen);
        seen
    }
}

impl Notes {
    /// Notes which jobs have ended, and the last checkpoint of each that runs, if it is time. `since`: the start of the
    /// JobManager.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub(super) async fn write(
        &mut self,
        session: &Session,
        client: &Client,
        opened: &Opened,
        jobs: &[Job],
        since: &str,
    ) -> Result<(), Error> {
        let is_open = |id: &String| {
            rules::open(&opened.ledger).any(|(_, record)| record.id.as_ref() == Some(id))
        };
        if jobs.iter().any(|job| job.state.has_ended() && is_open(&job.id)) {
            outcomes::note(session, client, jobs).await;
        }
        if self.places.as_ref().is_none_or(|places| places.since != since) {
            let of_session = checkpoint_directory(&moving::options(client).await?);
            self.places =
                Some(Places { since: since.to_owned(), of_session, seen: BTreeMap::new() });
        }
        let Some(places) = &mut self.places else { return Ok(()) };
        let is_due = self.last.is_none_or(|last| SELDOM <= last.elapsed());
        if is_due {
            self.last = Some(Instant::now());
        }
        let mut new: Vec<(&String, Snapshot)> = Vec::new();
        for (name, record) in rules::open(&opened.ledger).filter(|(_, record)| is_at_rest(record)) {
            if !is_due && places.sees(record, session).await {
                continue;
            }
            let Some(id) = &record.id else { continue };
            let runs = jobs.iter().any(|job| job.id == *id && !job.state.has_ended());
            let Some(checkpoints) =
                (if runs { client.job(id, "/checkpoints").await.ok() } else { None })
            else {
                continue;
            };
            let newest = newest_checkpoint(&checkpoints, id);
            let is_new = |one: &Snapshot| {
                record.checkpoint.as_ref().is_none_or(|noted| noted.path != one.path)
            };
            new.extend(newest.filter(is_new).map(|one| (name, one)));
        }
        if new.is_empty() {
            return Ok(());
        }
        let write = |ledger: &mut nutkin_core::ledger::Ledger| {
            for (name, checkpoint) in new {
                let record = ledger.jobs.get_mut(name);
                let record = record.filter(|one| is_at_rest(one) && one.id == checkpoint.job);
                if let Some(record) = record {
                    record.checkpoint = Some(checkpoint);
                }
            }
        };
        ledger::update(session, write).await.map(drop)
    }
}

/// Whether no command is doing anything with a job: its record is that command's.
const fn is_at_rest(record: &JobRecord) -> bool {
    !record.moving && !record.suspended && record.pending.is_none() && record.request.is_none()
}
