//! Jobs that can be resumed only where their jars are.

use std::collections::BTreeSet;

use nutkin_flink::artifact::Artifact;

use super::open::open;
use crate::decide::{Fate, Fates};
use crate::jars::JarStore;
use crate::ledger::Ledger;
use crate::session::{Session, SessionJob};
use crate::words::kept as words;

/// What to know of jobs on Kubernetes that a move or a recovery resumes, and whose jars nobody has but the machine that submits them: only
/// there it can be done. `of_file`: the jobs of the session file; `fates`: what a change does to
/// those that run.
pub fn jars_only_here(
    session: &Session,
    of_file: &[SessionJob],
    ledger: Option<&Ledger>,
    fates: &Fates,
) -> Option<String> {
    if JarStore::of(&session.configuration) != Ok(JarStore::Machine) {
        return None;
    }
    let all = if let Fates::Known(all) = fates { &all[..] } else { &[] };
    let moved = all.iter().filter(|job| job.fate == Fate::Moved);
    let moved: BTreeSet<&str> = moved.map(|job| job.id.as_str()).collect();
    let recovers = session.recovers();
    let running = ledger.into_iter().flat_map(open).filter(|(_, record)| {
        let is_moved = record.id.as_ref().is_some_and(|id| moved.contains(id.as_str()));
        is_file(record.jar.as_deref()) && (recovers || is_moved)
    });
    let to_come =
        of_file.iter().filter(|job| recovers && job.running && is_file(job.jar_uri.as_deref()));
    let names: BTreeSet<&str> = running
        .map(|(name, _)| name.as_str())
        .chain(to_come.map(|job| job.name.as_str()))
        .collect();
    (!names.is_empty()).then(|| words::only_here(&names))
}

/// Whether a jar is a file, which is where somebody put it, and not at an address from which it can be fetched again.
fn is_file(jar: Option<&str>) -> bool {
    jar.is_some_and(|jar| matches!(jar.parse(), Ok(Artifact::Path(_))))
}
