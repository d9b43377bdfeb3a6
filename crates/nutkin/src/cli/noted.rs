//! Checkpoints of jobs that run, and how the jobs are, noted in the ledger for the moment in which their JobManager is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use nutkin_core::jobs as rules;
use nutkin_core::ledger::{JobRecord, Ledger, Opened, Sighting, Snapshot};
use nutkin_core::plan::retention::checkpoint_directory;
use nutkin_rest::{Client, Job, newest_checkpoint};
use nutkin_shell::{Error, ledger};

use super::outcomes;
use crate::jobs::moving;
use crate::platform::Session;

/// How often checkpoints are noted where they can be listed after a loss, and how often that jobs are alive: no write that is not
/// needed. It has to be less than [`rules::RECENT`].
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
    /// JobManager, and how it said that jobs are. `busy`: jobs that somebody else works for, by name.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub(super) async fn write(
        &mut self,
        session: &Session,
        client: &Client,
        opened: &Opened,
        jobs: &[Job],
        (since, sightings): (&str, &BTreeMap<String, Sighting>),
        busy: &BTreeSet<String>,
    ) -> Result<(), Error> {
        // Whoever works for a job writes its record.
        let open = || rules::open(&opened.ledger).filter(|(name, _)| !busy.contains(*name));
        let is_open = |id: &String| open().any(|(_, record)| record.id.as_ref() == Some(id));
        if jobs.iter().any(|job| job.state.has_ended() && is_open(&job.id)) {
            outcomes::note(session, client, jobs).await;
        }
        if self.places.as_ref().is_none_or(|places| places.since != since) {
            let of_session = checkpoint_directory(&moving::options(client).await?);
            self.places =
                Some(Places { since: since.to_owned(), of_session, seen: BTreeMap::new() });
            // What was noted was said by another one.
            self.last = None;
        }
        let Some(places) = &mut self.places else { return Ok(()) };
        let is_due = self.last.is_none_or(|last| SELDOM <= last.elapsed());
        if is_due {
            self.last = Some(Instant::now());
        }
        let mut new: Vec<(&String, Snapshot)> = Vec::new();
        for (name, record) in open().filter(|(_, record)| record.is_at_rest()) {
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
        // Beside a checkpoint it costs nothing.
        let is_due = is_due || !new.is_empty();
        if new.is_empty() {
            return self.see(session, opened, sightings, is_due).await;
        }
        let write = |ledger: &mut Ledger| {
            keep(ledger, sightings, is_due);
            for (name, checkpoint) in new {
                let record = ledger.jobs.get_mut(name);
                let record = record.filter(|one| one.is_at_rest() && one.id == checkpoint.job);
                if let Some(record) = record {
                    record.checkpoint = Some(checkpoint);
                }
            }
        };
        ledger::update(session, write).await.map(drop)
    }

    /// Notes how jobs are, if that is news or if it is time.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub(super) async fn see(
        &self,
        session: &Session,
        opened: &Opened,
        sightings: &BTreeMap<String, Sighting>,
        is_due: bool,
    ) -> Result<(), Error> {
        if rules::sightings_to_write(&opened.ledger, sightings, is_due).is_empty() {
            return Ok(());
        }
        ledger::update(session, |ledger| keep(ledger, sightings, is_due)).await.map(drop)
    }
}

/// Keeps these, and forgets those of jobs that nobody asks for any more.
fn keep(ledger: &mut Ledger, seen: &BTreeMap<String, Sighting>, is_due: bool) {
    let new = rules::sightings_to_write(ledger, seen, is_due);
    ledger.sightings.extend(new);
    let open: BTreeSet<String> =
        rules::open(ledger).flat_map(|(_, record)| record.ids()).cloned().collect();
    ledger.sightings.retain(|id, _| open.contains(id));
}
