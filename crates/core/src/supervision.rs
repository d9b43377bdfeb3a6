//! What the supervisor of a local session decides: what to start, what to end, and when to try again.

pub mod fence;
pub mod letting_go;
pub mod life;

use std::collections::BTreeMap;
use std::time::Duration;

/// How long a process must have lived for its next death to count as the first one again. A JVM that
/// fails for a reason of its own (a bad option, a taken port) does so within its first seconds.
pub const STABLE_AFTER: Duration = Duration::from_mins(1);

/// The wait before the first restart: short, because a killed TaskManager means missing slots, and
/// long enough for the kernel to release its ports.
const FIRST_DELAY: Duration = Duration::from_millis(200);

/// The longest wait between two restarts: a JVM that cannot start costs some CPU seconds each time.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// How long a process has between SIGTERM and SIGKILL. A JobManager ends in well under a second; one
/// that writes a heap dump or waits for a lost ZooKeeper takes longer.
pub const GRACE: Duration = Duration::from_secs(10);

/// How long to wait before the next start, after `failures` deaths in a row (at least one).
pub fn delay(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (FIRST_DELAY * 2_u32.pow(doublings)).min(LONGEST_DELAY)
}

/// Deaths in a row, counting the one that just happened after a life of `lived`.
pub fn failures_after(previous: u32, lived: Duration) -> u32 {
    if STABLE_AFTER <= lived { 1 } else { previous.saturating_add(1) }
}

/// What the supervisor does with one process when its orders change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessStep {
    /// Start it: nothing of that name is there.
    Start(String),
    /// End it and start it again: it runs by an older definition.
    Replace(String),
    /// End it: it is no longer wanted.
    End(String),
}

/// Compares what shall run with what does, both as name to fingerprint of the definition. The order is
/// that of the names: starts come side by side anyway.
pub fn reconcile(
    desired: &BTreeMap<String, String>,
    actual: &BTreeMap<String, String>,
) -> Vec<ProcessStep> {
    let mut steps = Vec::new();
    for name in actual.keys().filter(|name| !desired.contains_key(*name)) {
        steps.push(ProcessStep::End(name.clone()));
    }
    for (name, wanted) in desired {
        match actual.get(name) {
            None => steps.push(ProcessStep::Start(name.clone())),
            Some(running) if running != wanted => steps.push(ProcessStep::Replace(name.clone())),
            Some(_) => {}
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(desired: &[(&str, &str)], actual: &[(&str, &str)], expected: &[ProcessStep]) {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
        };
        assert_eq!(reconcile(&map(desired), &map(actual)), expected);
    }

    #[test]
    fn steps() {
        let (start, replace, end) = (
            |n: &str| ProcessStep::Start(n.into()),
            |n: &str| ProcessStep::Replace(n.into()),
            |n: &str| ProcessStep::End(n.into()),
        );
        check(&[], &[], &[]);
        check(&[("jm", "a")], &[], &[start("jm")]);
        check(&[("jm", "a")], &[("jm", "a")], &[]);
        check(&[("jm", "b")], &[("jm", "a")], &[replace("jm")]);
        check(&[("jm", "a")], &[("jm", "a"), ("tm-2", "a")], &[end("tm-2")]);
        check(
            &[("jm", "a"), ("tm-2", "a")],
            &[("jm", "b"), ("tm-1", "a")],
            &[end("tm-1"), replace("jm"), start("tm-2")],
        );
    }

    #[test]
    fn delays_double_up_to_a_limit() {
        let millis: Vec<_> = (1..=10).map(|n| delay(n).as_millis()).collect();
        assert_eq!(millis, [200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]);
        assert_eq!(delay(u32::MAX), LONGEST_DELAY);
        assert_eq!(delay(0), FIRST_DELAY);
    }

    #[test]
    fn a_stable_life_forgives() {
        assert_eq!(failures_after(7, Duration::from_secs(59)), 8);
        assert_eq!(failures_after(7, Duration::from_mins(1)), 1);
        assert_eq!(failures_after(u32::MAX, Duration::ZERO), u32::MAX);
    }
}
