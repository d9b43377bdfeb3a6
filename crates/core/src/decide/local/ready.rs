//! Whether a session that was brought about is there, or never will be.

use std::time::Duration;

use super::{Launch, Observation};
use crate::decide::{Again, Condition};
use nutkin_flink::counted;
use nutkin_flink::process::Role;

/// Between two looks. Readiness is to be noticed within 50 ms, and a look costs a millisecond.
const POLL: Duration = Duration::from_millis(25);

/// What is still waited for, given that there is nothing left to do.
pub(super) fn look(launch: &Launch, seen: &Observation) -> (Vec<Condition>, Again) {
    if let Some(stalled) = died(launch, seen) {
        return (vec![stalled], Again::Done);
    }
    let ready = |status, reason, message: String| Condition {
        kind: "Ready",
        status: Some(status),
        reason,
        message,
    };
    let wait = |reason: &'static str, message: String| {
        let again = Again::Wait { reason: message.clone(), after: POLL };
        (vec![ready(false, reason, message)], again)
    };
    let Some(overview) = seen.overview else {
        return wait("JobManagerSilent", "waiting for the JobManager to answer".to_owned());
    };
    let count = launch.count(Role::TaskManager);
    let slots = launch.options.get("taskmanager.numberOfTaskSlots");
    let slots: u32 = slots.and_then(|slots| slots.trim().parse().ok()).unwrap_or(1);
    // A TaskManager is counted a moment before its slots are.
    let complete = count <= overview.task_managers && slots.saturating_mul(count) <= overview.slots;
    // An answer before the supervisor follows these orders is the old session's.
    if complete
        && seen.follows == Some(launch.generation)
        && seen.processes.iter().all(|one| one.runs)
    {
        let message = format!(
            "{}, {}",
            counted(overview.task_managers, "TaskManager"),
            counted(overview.slots, "slot")
        );
        return (vec![ready(true, "Complete", message)], Again::Done);
    }
    let wanted = counted(count, "TaskManager");
    wait("TaskManagersMissing", format!("{} of {wanted} registered", overview.task_managers))
}

/// A process that died and waits to be started again. One that was restarted before is not news.
fn died(launch: &Launch, seen: &Observation) -> Option<Condition> {
    if seen.follows != Some(launch.generation) {
        return None;
    }
    let (name, how) =
        seen.processes.iter().find_map(|one| Some((&one.name, one.died.as_ref()?)))?;
    Some(Condition {
        kind: "Stalled",
        status: Some(true),
        reason: "ProcessDied",
        message: format!("{name} did not start: {how}"),
    })
}
