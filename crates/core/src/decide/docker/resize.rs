//! Another number of TaskManagers for a session of which nobody knows what it was made from: an older release noted
//! nothing, or the ledger was lost.

use super::{FoundContainer, Observation, Step, end};
use crate::change::{Difference, Effect};
use crate::decide::{Again, Change, Decision, Harm, fates, harm};
use nutkin_flink::process::Role;

/// Ends the last TaskManagers, or makes more like the first one; `None` where there is none to make others like.
pub fn resized(task_managers: u32, seen: &Observation) -> Option<Decision<Step>> {
    let is_one = |one: &&FoundContainer| one.seen.role == Some(Role::TaskManager);
    // One that was never started may lack its files: a command was cut off while it made it.
    let (there, unfinished): (Vec<_>, Vec<_>) =
        seen.containers.iter().filter(is_one).partition(|one| !one.seen.hash.is_empty());
    let first = there.first()?;
    let wanted = usize::try_from(task_managers).unwrap_or(usize::MAX);
    let ended = there.iter().skip(wanted).chain(&unfinished);
    let mut steps: Vec<Step> =
        ended.map(|one| Step::End { name: one.seen.name.clone(), id: one.id.clone() }).collect();
    let effect = if wanted < there.len() { Effect::Restart } else { Effect::None };
    // Numbers that are free: one in between may have been removed by hand.
    let is_free = |alias: &String| !there.iter().any(|one| one.seen.alias == *alias);
    let names = (1..).map(|number: u32| format!("taskmanager-{number}")).filter(is_free);
    for alias in names.take(wanted.saturating_sub(there.len())) {
        let name = format!("nutkin-{}-{alias}", seen.session);
        steps.push(Step::Copy { name, alias, like: first.id.clone() });
    }
    let mut about = end::about(seen);
    about.task_managers = Some(task_managers);
    let differences = if steps.is_empty() {
        Vec::new()
    } else {
        let (old, new) = (Some(there.len().to_string()), Some(task_managers.to_string()));
        vec![Difference { what: "taskManager.replicas".to_owned(), old, new }]
    };
    let asks = effect != Effect::None && !seen.jobs.are_none();
    Some(Decision {
        harm: if asks { harm(true, effect, &seen.jobs) } else { Harm::None },
        jobs: fates(effect, &seen.jobs),
        change: Change { differences, effect, ..Change::default() },
        steps,
        ..Decision::nothing(about)
    })
    .map(|decision| Decision { again: Again::Done, ..decision })
}
