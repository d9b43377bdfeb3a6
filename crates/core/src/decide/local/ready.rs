//! Whether processes that were brought about are a session, or never will be.

use std::time::Duration;

use super::{Launch, Observation};
use crate::decide::ready::{self, Expected};
use crate::decide::{Again, Condition};
use nutkin_flink::process::Role;

/// Between two looks. Readiness is to be noticed within 50 ms, and a look costs a millisecond.
const POLL: Duration = Duration::from_millis(25);

/// What is still waited for, given that there is nothing left to do.
pub(super) fn look(launch: &Launch, seen: &Observation) -> (Vec<Condition>, Again) {
    let is_followed = seen.follows == Some(launch.generation);
    if let Some(stalled) = died(seen).filter(|_| is_followed) {
        return (vec![stalled], Again::Done);
    }
    let expected = Expected {
        task_managers: launch.count(Role::TaskManager),
        options: &launch.options,
        // An answer before the supervisor follows these orders is the old session's.
        is_this: is_followed && seen.processes.iter().all(|one| one.runs),
        poll: POLL,
    };
    ready::look(expected, seen.overview)
}

/// A process that died and waits to be started again. One that was restarted before is not news.
fn died(seen: &Observation) -> Option<Condition> {
    let (name, how) =
        seen.processes.iter().find_map(|one| Some((&one.name, one.died.as_ref()?)))?;
    Some(ready::stalled("ProcessDied", name, how))
}
