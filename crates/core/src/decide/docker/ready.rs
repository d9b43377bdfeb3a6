//! Whether a session that was brought about is there, or never will be.

use std::time::Duration;

use super::Observation;
use crate::decide::{Again, Condition};
use crate::plan::docker::Containers;
use nutkin_flink::counted;

/// Between two looks while a session starts.
const POLL: Duration = Duration::from_millis(200);

/// What is still waited for, given that there is nothing left to do.
pub(super) fn look(wanted: &Containers, seen: &Observation) -> (Vec<Condition>, Again) {
    if let Some(stalled) = died(seen) {
        return (vec![stalled], Again::Done);
    }
    let count = wanted.shape.task_managers;
    let slots = wanted.shape.options.get("taskmanager.numberOfTaskSlots");
    let slots: u32 = slots.and_then(|slots| slots.trim().parse().ok()).unwrap_or(1);
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
    match seen.overview {
        None => wait("JobManagerSilent", "waiting for the JobManager to answer".to_owned()),
        Some(overview)
            if count <= overview.task_managers && slots.saturating_mul(count) <= overview.slots =>
        {
            let message = format!(
                "{}, {}",
                counted(overview.task_managers, "TaskManager"),
                counted(overview.slots, "slot")
            );
            (vec![ready(true, "Complete", message)], Again::Done)
        }
        Some(overview) => {
            let wanted = counted(count, "TaskManager");
            let message = format!("{} of {wanted} registered", overview.task_managers);
            wait("TaskManagersMissing", message)
        }
    }
}

/// A container that ended, or that the daemon starts again and again.
fn died(seen: &Observation) -> Option<Condition> {
    let one = seen
        .containers
        .iter()
        .find(|one| !one.seen.runs && !one.status.is_empty() && one.status != "Created")?;
    Some(Condition {
        kind: "Stalled",
        status: Some(true),
        reason: "ContainerDied",
        message: format!("{} did not start: {}", one.seen.alias, one.status),
    })
}
