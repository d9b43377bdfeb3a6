//! What led to what. A cause is nearer to the beginning than its consequences, not later, and has to do with them.

use crate::codes::{self, Severity};
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
    let is_note = |one: &Diagnosis| one.rule().severity == Severity::Note;
    roots.sort_by_key(|one| (is_note(one), one.at.is_none(), one.at, one.symptom.layer));
    roots
}

/// Whether a cause, or something that it has led to, explains another finding.
fn leads(root: &Diagnosis, other: &Diagnosis) -> bool {
    explains(root, other) || root.led_to.iter().any(|one| explains(one, other))
}

fn explains(cause: &Diagnosis, other: &Diagnosis) -> bool {
    let is_lower = cause.symptom.layer < other.symptom.layer;
    let is_late = cause.at.zip(other.at).is_some_and(|(cause, other)| other + SLACK < cause);
    let is_bystander = cause.rule().severity == Severity::Note
        || [codes::UNSEEN, codes::UNKEPT, codes::JARS_GONE].contains(&cause.rule().code);
    if !is_lower || is_late || is_bystander {
        return false;
    }
    let shares = cause.subjects.iter().any(|one| other.subjects.contains(one));
    let names = cause.subjects.iter().any(|one| names(&other.words, one));
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

/// Whether words have a name that is not a part of a longer one.
fn names(words: &str, name: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || "-_".contains(c);
    words.match_indices(name).any(|(at, _)| {
        let before = words[..at].chars().next_back();
        let behind = words[at + name.len()..].chars().next();
        !before.is_some_and(goes_on) && !behind.is_some_and(goes_on)
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_are_whole_words() {
        #[track_caller]
        fn check(words: &str, name: &str, expected: bool) {
            assert_eq!(names(words, name), expected, "{words}");
        }
        check("Heartbeat of TaskManager with id taskmanager-1 timed out.", "taskmanager-1", true);
        check("Heartbeat of TaskManager with id taskmanager-10 timed out.", "taskmanager-1", false);
        check("container `flink-main-container`", "main", false);
        check("remote task manager 'a-1/10.0.0.1:1'", "a-1", true);
    }
}
