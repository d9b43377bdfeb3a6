//! Whether containers that were brought about are a session, or never will be.

use std::time::Duration;

use super::Observation;
use crate::decide::ready::{self, Expected};
use crate::decide::{Again, Condition};
use crate::plan::docker::Containers;

/// Between two looks while a session starts: each is six requests to the daemon.
const POLL: Duration = Duration::from_millis(200);

/// What is still waited for, given that there is nothing left to do.
pub(super) fn look(wanted: &Containers, seen: &Observation) -> (Vec<Condition>, Again) {
    if let Some(stalled) = died(seen) {
        return (vec![stalled], Again::Done);
    }
    let expected = Expected {
        task_managers: wanted.shape.task_managers,
        options: &wanted.shape.options,
        is_this: true,
        poll: POLL,
    };
    ready::look(expected, seen.overview)
}

/// A container that ended, or that the daemon starts again and again.
fn died(seen: &Observation) -> Option<Condition> {
    let one = seen
        .containers
        .iter()
        .filter(|one| !seen.mine.retired.contains(&one.id))
        .find(|one| !one.seen.runs && !one.status.is_empty() && one.status != "Created")?;
    Some(ready::stalled("ContainerDied", &one.seen.alias, &one.status))
}
