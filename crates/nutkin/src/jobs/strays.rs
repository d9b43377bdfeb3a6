//! Jobs that a session file named once and names no more: they run until somebody ends them.

use nutkin_core::ledger::{Bringer, Ledger};
use nutkin_core::session::Session;
use nutkin_rest::Job;

/// Names in the file, and ids, of the jobs that run and that the file no longer has.
pub fn strays(session: &Session, ledger: &Ledger, listed: &[Job]) -> Vec<(String, String)> {
    let runs = |id: &String| listed.iter().any(|job| job.id == *id && !job.state.has_ended());
    let of_file = ledger.jobs.iter().filter(|(_, record)| record.origin == Bringer::File);
    let left = of_file.filter(|(name, _)| session.jobs.iter().all(|job| job.name != **name));
    left.filter_map(|(name, record)| Some((name.clone(), record.id.clone().filter(runs)?)))
        .collect()
}

/// That such a job goes on, and what ends it.
pub fn goes_on(name: &str, id: &str) -> String {
    format!(
        "job `{name}` is no longer in the file and keeps running; `nutkin stop {id}` ends it with a savepoint"
    )
}
