//! What led to what. A cause is nearer to the beginning than its consequences, not later, and has to do with them.

use crate::diagnosis::Diagnosis;
use crate::symptom::{Follows, Layer};

/// By how much a cause may be noted later than what it led to, milliseconds: Kubernetes writes times in whole seconds, and clocks of
/// nodes differ a little.
const SLACK: i64 = 5000;

/// The causes, earliest first, each with all that it led to in order of time.
pub(crate) fn order(mut found: Vec<Diagnosis>) -> Vec<Diagnosis> {
    let early = |one: &Diagnosis| (one.at.is_none(), one.at);
    found.sort_by_key(|one| (one.symptom.layer, early(one)));
    let mut roots: Vec<Diagnosis> = Vec::new();
    for one in found {
        let candidates = roots.iter_mut().filter(|root| leads(root, &one));
        match candidates.min_by_key(|root| (root.symptom.layer, early(root))) {
            Some(root) => root.led_to.push(one),
            None => roots.push(one),
        }
    }
    for root in &mut roots {
        root.led_to.sort_by_key(early);
    }
    // What has no time comes behind what is known to be early.
    roots.sort_by_key(|one| (one.at.is_none(), one.at, one.symptom.layer));
    roots
}

/// Whether a cause, or something that it has led to, explains another finding.
fn leads(root: &Diagnosis, other: &Diagnosis) -> bool {
    explains(root, other) || root.led_to.iter().any(|one| explains(one, other))
}

fn explains(cause: &Diagnosis, other: &Diagnosis) -> bool {
    let is_lower = cause.symptom.layer < other.symptom.layer;
    let is_late = cause.at.zip(other.at).is_some_and(|(cause, other)| other + SLACK < cause);
    if !is_lower || is_late || cause.rule().code == crate::codes::UNSEEN {
        return false;
    }
    let shares = cause.subjects.iter().any(|one| other.subjects.contains(one));
    let names = cause.subjects.iter().any(|one| other.words.contains(one.as_str()));
    let is_of_all = !cause.of_task_managers && !cause.of_job_managers;
    match other.symptom.follows {
        Follows::Nothing => false,
        Follows::Own => shares || names,
        // Without a JobManager that works nobody makes TaskManagers, and they have nobody to register with.
        Follows::TaskManagers => {
            let is_basic = matches!(cause.symptom.layer, Layer::Around | Layer::End);
            shares || names || cause.of_task_managers || is_of_all || is_basic
        }
        Follows::JobManagers => shares || names || cause.of_job_managers || is_of_all,
        Follows::Processes => true,
    }
}
