//! How large a ledger may become. A ConfigMap takes 1 MiB with everything in it.

use super::{Bringer, JobRecord, Ledger, SnapshotOrigin};
use crate::words::ledger as words;

/// Most bytes of the document: half of what a ConfigMap takes, as somebody else may add to its metadata.
pub const DOCUMENT_LIMIT: usize = 512 * 1024;

/// Most lines of history that are kept although there would be room: further back nobody looks.
const HISTORY: usize = 200;

/// Most jobs that have ended and are kept although there would be room.
const ENDED: usize = 200;

/// A ledger that is too large even without what can be left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", words::too_large(.name, *.bytes, DOCUMENT_LIMIT))]
pub struct TooLarge {
    /// The session.
    pub name: String,
    /// Size of the document in bytes.
    pub bytes: usize,
}

impl Ledger {
    /// Leaves out what is least needed until the document is small enough: history first, the oldest of it before the
    /// rest, then periodic snapshots that have come to their end, then jobs that have ended and cannot be resumed, then those that could be.
    ///
    /// # Errors
    /// It is too large all the same.
    pub fn bound(&mut self) -> Result<(), TooLarge> {
        let excess = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..excess);
        while ENDED < self.ended().count() && self.drop_one_ended().is_some() {}
        loop {
            let bytes = self.text().len();
            let Some(excess) = bytes.checked_sub(DOCUMENT_LIMIT + 1) else { return Ok(()) };
            if !self.history.is_empty() {
                // A half at a time, so that few texts are made; the newest line goes last.
                let half = self.history.len().div_ceil(2);
                self.history.drain(..half);
                continue;
            }
            // What is taken by the clock comes again, and its files stay.
            if let Some(name) = self.oldest_periodic() {
                self.snapshots.remove(&name);
                continue;
            }
            let mut left_out = 0;
            while left_out <= excess {
                let Some(job) = self.drop_one_ended() else { break };
                left_out += serde_json::to_string(&job).unwrap_or_default().len();
            }
            if left_out == 0 {
                return Err(TooLarge { name: self.name.clone(), bytes });
            }
        }
    }

    /// The periodic snapshot that has come to its end and is missed least.
    fn oldest_periodic(&self) -> Option<String> {
        let ended = self.snapshots.iter().filter(|(_, one)| {
            one.origin == SnapshotOrigin::Periodic && one.state.is_final() && !one.disposing
        });
        ended.min_by_key(|(_, one)| one.time.clone()).map(|(name, _)| name.clone())
    }

    /// The document as it is stored.
    pub(super) fn text(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        format!("{value:#}\n")
    }

    fn ended(&self) -> impl Iterator<Item = (&String, &JobRecord)> {
        // Without its record a job of a file would be submitted again.
        let is_ended = |job: &JobRecord| {
            job.ended.is_some() && job.pending.is_none() && job.origin != Bringer::File
        };
        self.jobs.iter().filter(move |(_, job)| is_ended(job))
    }

    /// The job that has ended and is missed least: without a state to go on from, and the oldest of those.
    fn drop_one_ended(&mut self) -> Option<JobRecord> {
        let least = self.ended().min_by_key(|(_, job)| (job.is_resumable(), job.submitted.clone()));
        let name = least.map(|(name, _)| name.clone())?;
        self.jobs.remove(&name)
    }
}
