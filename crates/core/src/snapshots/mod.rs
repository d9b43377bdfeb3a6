//! Snapshots that a session file or the clock asks for: what is to be taken, when, and what may go.
//!
//! A snapshot is asked for once: its record is in the ledger before the request is sent, with the trigger id that was chosen
//! for it. It is deleted before it is forgotten, and only while no job, file or ledger refers to it.

mod due;
mod outlook;
mod place;
mod policy;
mod removal;
mod schedule;
#[cfg(test)]
mod tests;
mod turn;

pub use crate::calendar::{seconds_of, text_of};
use crate::ledger::{Ledger, SnapshotRecord, SnapshotState};
use crate::session::{SnapshotDocument, WantedSnapshot};

pub use due::{Due, DueSnapshot, due};
pub use outlook::{SnapshotNext, outlooks};
pub use place::going;
pub use policy::{SnapshotPolicy, problems, warnings};
pub use removal::{Around, Removal, RemovalStep, removals};
pub use schedule::{BadSchedule, Schedule};
pub use turn::{AboutSnapshot, SeenSnapshot, SnapshotAct, SnapshotTurn, failed};

/// Kind of a savepoint, in the words of a ledger.
pub const SAVEPOINT: &str = "savepoint";

/// Kind of a checkpoint, in the words of a ledger.
pub const CHECKPOINT: &str = "checkpoint";

/// The kind of a snapshot, in the words of a ledger.
pub const fn kind(document: &SnapshotDocument) -> &'static str {
    match document.what {
        WantedSnapshot::Checkpoint => CHECKPOINT,
        WantedSnapshot::Savepoint { .. } => SAVEPOINT,
    }
}

/// Digest of the fields that make it another snapshot when they change: not how often it is tried, nor what becomes of it
/// afterwards.
pub fn digest(document: &SnapshotDocument) -> String {
    let what = match &document.what {
        WantedSnapshot::Checkpoint => None,
        WantedSnapshot::Savepoint { path, format, exists, .. } => Some((path, format, exists)),
    };
    nutkin_flink::digest::short(format!("{:?}", (&document.job, what)))
}

/// Puts a record into a ledger. One of another snapshot that had this name stays under a free name until it has come to its end,
/// and is forgotten then: its files stay.
pub fn put(ledger: &mut Ledger, name: &str, record: SnapshotRecord) {
    let is_same = |old: &SnapshotRecord| old.digest == record.digest && !old.disposing;
    let old = ledger.snapshots.get(name).filter(|old| !is_same(old)).cloned();
    if let Some(mut old) = old.filter(|old| old.state != SnapshotState::TriggerPending) {
        old.dropped = true;
        old.disposes = old.disposing;
        let mut free = format!("{name}@{}", old.generation);
        while ledger.snapshots.contains_key(&free) {
            free.push('+');
        }
        ledger.snapshots.insert(free, old);
    }
    ledger.snapshots.insert(name.to_owned(), record);
}

/// Name of a snapshot that the clock asks for, as the Java operator forms it. `millis`: the time, since 1970.
pub fn periodic_name(job: &str, kind: &str, millis: i64) -> String {
    format!("{job}-{kind}-periodic-{millis}")
}
