//! Which periodic snapshots are due.

use std::collections::BTreeMap;

use super::{SnapshotPolicy, seconds_of};
use crate::ledger::{JobRecord, Ledger, SnapshotOrigin};

/// A snapshot that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueSnapshot {
    /// The job, as the ledger calls it.
    pub job: String,
    /// `savepoint` or `checkpoint`.
    pub kind: &'static str,
    /// Since when it is due, in seconds since 1970: the same for everybody who looks.
    pub time: i64,
}

/// What is due now, and when the next one is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Now.
    pub now: Vec<DueSnapshot>,
    /// In seconds since 1970.
    pub next: Option<i64>,
}

/// Says which snapshots of jobs that have not ended are due. The first one is due when its job has run for as long as the
/// schedule says; one that nobody has taken in time is due at once, and once.
pub fn due(ledger: &Ledger, policies: &BTreeMap<String, SnapshotPolicy>, now: i64) -> Due {
    let mut due = Due::default();
    for (job, record) in ledger.jobs.iter().filter(|(_, record)| may_run(record)) {
        let Some(policy) = policies.get(job) else { continue };
        for (kind, schedule) in policy.schedules() {
            let of = ledger.snapshots.values().filter(|one| {
                one.origin == SnapshotOrigin::Periodic
                    && one.kind == kind
                    && one.job.as_ref() == Some(job)
            });
            // One that is under way comes to its own end first.
            let submitted = record.submitted.as_deref().and_then(seconds_of);
            let mut last = submitted.filter(|time| *time <= now);
            let mut is_open = false;
            for one in of {
                is_open |= !one.state.is_final();
                // One that is still to come was noted by a clock that was ahead, and says nothing.
                let time = one.time.as_deref().and_then(seconds_of);
                last = last.max(time.filter(|time| *time <= now));
            }
            if submitted.is_none() || is_open {
                continue;
            }
            // Nobody knows since when: it is due now.
            let Some(time) = last.map_or(Some(now), |last| schedule.after(last)) else { continue };
            if time <= now {
                due.now.push(DueSnapshot { job: job.clone(), kind, time });
            } else {
                due.next = due.next.into_iter().chain([time]).min();
            }
        }
    }
    due
}

/// Whether a job may run, and no command is doing anything with it.
const fn may_run(record: &JobRecord) -> bool {
    record.ended.is_none() && record.is_at_rest()
}
