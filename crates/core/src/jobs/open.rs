//! Jobs that may go on when their JobManager is lost.

use crate::ledger::{JobRecord, Ledger};

/// Jobs of a ledger that ran as far as it knows: these have to be looked for.
pub fn open(ledger: &Ledger) -> impl Iterator<Item = (&String, &JobRecord)> {
    ledger.jobs.iter().filter(|(_, record)| may_go_on(record, ledger))
}

/// Whether it ran as far as the ledger knows, and may run again.
pub(super) fn may_go_on(record: &JobRecord, ledger: &Ledger) -> bool {
    let is_open = record.ended.as_deref().is_none_or(|state| state == crate::ledger::FORGOTTEN);
    // What is stopped with a savepoint to be moved is resumed by its move.
    is_open && !record.suspended && (record.moving || !is_given_up(record, ledger))
}

/// Whether it was submitted before a change that was agreed to and ended all jobs.
fn is_given_up(record: &JobRecord, ledger: &Ledger) -> bool {
    let ended = ledger.history.iter().rev().find(|event| event.changes == [crate::ledger::ENDED]);
    let last = ended.map(|event| &event.time).max(ledger.given_up.as_ref());
    last.is_some_and(|last| record.submitted.as_ref().is_none_or(|time| time <= last))
}
