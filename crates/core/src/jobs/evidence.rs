//! What speaks for or against that a job ran when its JobManager was lost: how somebody saw it last.
//!
//! One rule for what a watch remembers and for what the ledger has: that a job was alive counts where the JobManager directly
//! before the loss said so, shortly before the loss. What was seen on its way to the end counts for ever: nothing but a new
//! submission has it run again.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::ObservedJob;
use super::open::open;
use crate::calendar::seconds_of;
use crate::ledger::{JobRecord, Ledger, Sighting};
use crate::supervision::fence::is_before;

/// How long before the loss a job may have been seen alive, in seconds. A watch writes what it sees at least once a minute, and one
/// more minute is what a JobManager takes that goes with its node to be there again: the end of its pod, the next one, its image.
/// In that time somebody may have canceled the job, unseen; the longer it is, the more likely that becomes.
pub const RECENT: i64 = 120;

/// What was seen of jobs, and what that is compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looks {
    /// How each job was seen last, by its id.
    pub sightings: BTreeMap<String, Sighting>,
    /// The last JobManager of which whoever looks has seen that it had ended: its start, and when that was seen.
    pub ended: Option<(String, String)>,
    /// The time.
    pub now: String,
}

/// What was seen of a job.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Evidence<'s> {
    /// It had ended, in this state.
    Ended(&'s str),
    /// It was on its way to its end, in this state. `FAILING` is said where no restart follows.
    Ending(&'s str),
    /// It was alive just before its JobManager was lost.
    Alive,
    /// The JobManager that lives had it: it has ended there.
    Known,
    /// Nothing that counts.
    Nothing,
}

/// What one state means, of whatever time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Alive,
    Ending,
    Ended,
}

fn way(state: &str) -> Way {
    match ObservedJob::of_state(state) {
        _ if ["CANCELLING", "FAILING"].contains(&state) => Way::Ending,
        ObservedJob::Finished | ObservedJob::Failed | ObservedJob::Canceled => Way::Ended,
        ObservedJob::Absent | ObservedJob::Running | ObservedJob::Restarting => Way::Alive,
    }
}

/// Whether a state is one that a job does not leave any more.
pub(super) fn is_end(state: &str) -> bool {
    way(state) == Way::Ended
}

impl Looks {
    /// What is known to a process that has looked, and what the ledger has: of each job what is later.
    #[must_use]
    pub fn with(mut self, ledger: &Ledger) -> Self {
        for (id, noted) in &ledger.sightings {
            let mine = self.sightings.get(id);
            if mine.is_none_or(|mine| mine.time < noted.time) {
                self.sightings.insert(id.clone(), noted.clone());
            }
        }
        self
    }

    /// What speaks for or against this run of a job. `since`: the start of the JobManager that lives, where its platform tells.
    pub(super) fn of(&self, record: &JobRecord, id: &str, since: Option<&str>) -> Evidence<'_> {
        let sighting = self.sightings.get(id);
        // An earlier run under the same id says nothing.
        let sighting = sighting.filter(|one| record.submitted.as_ref() <= Some(&one.time));
        let Some(sighting) = sighting else { return Evidence::Nothing };
        match way(&sighting.state) {
            Way::Ended => Evidence::Ended(&sighting.state),
            Way::Ending => Evidence::Ending(&sighting.state),
            Way::Alive if since.is_some() && sighting.job_manager.as_deref() == since => {
                Evidence::Known
            }
            Way::Alive if self.is_of_last(sighting, since) && self.is_recent(sighting, since) => {
                Evidence::Alive
            }
            Way::Alive => Evidence::Nothing,
        }
    }

    /// Whether no JobManager is known to have been between the one that said it and the one that lives.
    fn is_of_last(&self, sighting: &Sighting, since: Option<&str>) -> bool {
        let Some(start) = sighting.job_manager.as_deref() else { return true };
        let others = self.sightings.values().filter_map(|one| one.job_manager.as_deref());
        let ended = self.ended.iter().map(|(start, _)| start.as_str());
        !others.chain(ended).any(|one| Some(one) != since && is_before(Some(start), Some(one)))
    }

    /// Whether it was said shortly before its JobManager ended, or before the next one was there.
    fn is_recent(&self, sighting: &Sighting, since: Option<&str>) -> bool {
        let ended = self.ended.as_ref();
        let ended = ended.filter(|(start, _)| Some(start) == sighting.job_manager.as_ref());
        let ended = ended.map(|(_, time)| time.as_str());
        let is_near = |time: &str| {
            let times = seconds_of(time).zip(seconds_of(&sighting.time));
            // Two clocks may differ: what is said to be later than the end is not any better.
            times.is_some_and(|(end, seen)| (end - seen).abs() <= RECENT)
        };
        [ended, Some(since.unwrap_or(&self.now))].into_iter().flatten().any(is_near)
    }
}

/// Sightings of open jobs that are to be written: of those that are alive where it is time, otherwise those that say of a job for
/// the first time that it is on its way to its end or has ended, or that it is alive after all. The end of a job with which no
/// command is doing anything is noted in its record. `seen`: by ids, what was just seen.
pub fn sightings_to_write(
    ledger: &Ledger,
    seen: &BTreeMap<String, Sighting>,
    is_due: bool,
) -> BTreeMap<String, Sighting> {
    let is_news = |record: &JobRecord, id: &String, now: &Sighting| {
        if way(&now.state) == Way::Ended && record.is_at_rest() {
            return false;
        }
        let before = ledger.sightings.get(id).map(|noted| way(&noted.state));
        let is_other = before.unwrap_or(Way::Alive) != way(&now.state);
        is_other || (is_due && way(&now.state) == Way::Alive)
    };
    let runs = open(ledger).flat_map(|(_, record)| record.ids().map(move |id| (record, id)));
    let found = runs.filter_map(|(record, id)| Some((record, id, seen.get(id)?)));
    let new = found.filter(|(record, id, now)| is_news(record, id, now));
    new.map(|(_, id, now)| (id.clone(), now.clone())).collect()
}
