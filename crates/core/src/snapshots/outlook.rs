//! What `up` would do for the snapshots of a session file, for `plan`.

use super::{AboutSnapshot, Around, RemovalStep, kind, removals};
use crate::ledger::{Ledger, SnapshotOrigin};
use crate::session::{Session, WantedSnapshot};
use crate::words::snapshots as words;

/// One snapshot, and what `up` would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotNext {
    /// Its name.
    pub name: String,
    /// `take`, `note` (it is there already), `dispose`, `forget`.
    pub action: &'static str,
    /// The job that it is of.
    pub job: Option<String>,
    /// What people read.
    pub line: String,
}

/// What `up` would do for the snapshots of a file. `removes`: whether the file is the whole of what is wanted; `deletes`: whether files may be
/// deleted.
pub fn outlooks(
    session: &Session,
    ledger: &Ledger,
    removes: bool,
    deletes: bool,
) -> Vec<SnapshotNext> {
    let mut all = Vec::new();
    for document in &session.snapshots {
        let about = AboutSnapshot { document, origin: &SnapshotOrigin::Document, keeps: None };
        let record = ledger.snapshots.get(&document.name).filter(|record| about.is_of(record));
        if record.is_some_and(|record| record.state.is_final()) {
            continue;
        }
        let (name, job) = (&document.name, document.job.as_deref());
        let exists = matches!(document.what, WantedSnapshot::Savepoint { exists: true, .. });
        let (action, line) = if exists {
            ("note", words::is_noted(name))
        } else {
            ("take", words::is_taken(kind(document), name, job))
        };
        let job = document.job.clone();
        all.push(SnapshotNext { name: name.clone(), action, job, line });
    }
    if removes {
        let around = Around { wanted: Some(session), deletes, ..Around::default() };
        for removal in removals(ledger, &around) {
            let job = ledger.snapshots.get(&removal.name).and_then(|record| record.job.clone());
            let (action, line) = match &removal.step {
                RemovalStep::Dispose(path) => ("dispose", words::goes(&removal.name, path)),
                RemovalStep::Forget(_) | RemovalStep::Missing(_) => {
                    ("forget", words::is_forgotten(&removal.name))
                }
                RemovalStep::Stays(..) => continue,
            };
            all.push(SnapshotNext { name: removal.name, action, job, line });
        }
    }
    all
}
