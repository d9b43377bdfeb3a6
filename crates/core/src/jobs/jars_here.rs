//! Jobs that can be resumed only where their jars are.

use std::collections::BTreeSet;

use nutkin_flink::artifact::Artifact;

use super::open::open;
use crate::decide::{Fate, Fates};
use crate::jars::JarStore;
use crate::ledger::Ledger;
use crate::session::{Session, SessionJob};
use crate::words::kept as words;

/// Jobs on Kubernetes that a move or a recovery resumes, and whose jars nobody has but the machine that submits them: only
/// there it can be done. By their names in the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JarsOnlyHere(pub BTreeSet<String>);

impl JarsOnlyHere {
    /// What to know of them; `None`: there are none.
    pub fn line(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| words::only_here(&self.0))
    }
}

/// Looks for them. `of_file`: the jobs of the session file; `fates`: what a change does to those that run.
pub fn jars_only_here(
    session: &Session,
    of_file: &[SessionJob],
    ledger: Option<&Ledger>,
    fates: &Fates,
) -> JarsOnlyHere {
    if JarStore::of(&session.configuration) != Ok(JarStore::Machine) {
        return JarsOnlyHere::default();
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
    let running = running.map(|(name, _)| name);
    JarsOnlyHere(running.chain(to_come.map(|job| &job.name)).cloned().collect())
}

/// Whether a jar is a file, which is where somebody put it, and not at an address from which it can be fetched again.
fn is_file(jar: Option<&str>) -> bool {
    jar.is_some_and(|jar| matches!(jar.parse(), Ok(Artifact::Path(_))))
}
