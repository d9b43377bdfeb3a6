//! Whether a session of counted TaskManagers, processes or containers, is there.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::decide::{Again, Condition};
use crate::words::waits as words;

/// What a JobManager says of its TaskManagers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registered {
    /// TaskManagers that are registered.
    pub task_managers: u32,
    /// Their slots.
    pub slots: u32,
}

/// What is waited for, and how often it is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'o> {
    /// Number of TaskManagers.
    pub(super) task_managers: u32,
    /// Options of the session, which say how many slots each has.
    pub(super) options: &'o BTreeMap<String, String>,
    /// Whether who answers is the session that is wanted, and not one before it.
    pub(super) is_this: bool,
    /// Between two looks.
    pub(super) poll: Duration,
}

/// What is still waited for, given that there is nothing left to do and nothing has died.
pub(super) fn look(
    expected: Expected<'_>,
    overview: Option<Registered>,
) -> (Vec<Condition>, Again) {
    let Expected { task_managers, options, is_this, poll } = expected;
    let wait = |reason: &'static str, message: String| {
        let again = Again::Wait { reason: message.clone(), after: poll };
        (vec![ready(false, reason, message)], again)
    };
    let Some(seen) = overview else {
        return wait("JobManagerSilent", words::JOB_MANAGER.to_owned());
    };
    let slots = options.get("taskmanager.numberOfTaskSlots");
    let slots: u32 = slots.and_then(|slots| slots.trim().parse().ok()).unwrap_or(1);
    // A TaskManager is counted a moment before its slots are.
    let is_complete =
        task_managers <= seen.task_managers && slots.saturating_mul(task_managers) <= seen.slots;
    if is_complete && is_this {
        let message = words::complete(seen.task_managers, seen.slots);
        return (vec![ready(true, "Complete", message)], Again::Done);
    }
    wait("TaskManagersMissing", words::registered(seen.task_managers, task_managers))
}

fn ready(status: bool, reason: &'static str, message: String) -> Condition {
    Condition { kind: "Ready", status: Some(status), reason, message }
}

/// What has died and will not come up.
pub(super) fn stalled(reason: &'static str, name: &str, how: &str) -> Condition {
    let message = words::died(name, how);
    Condition { kind: "Stalled", status: Some(true), reason, message }
}
