//! Ending a session on this machine.

use super::{Observation, Step};
use crate::change::Effect;
use crate::decide::{About, Again, Change, Decision, Ending, Harm, fates, harm};
use crate::remedy::{Argument, Remark};
use crate::selection::Platform;
use crate::words::kept as words;
use nutkin_flink::process::Role;

/// Ends processes and removes state; works on a damaged session, too. Data stays unless it is to be deleted: a session of
/// the same name finds it again.
pub(super) fn decide(ending: Ending, seen: &Observation) -> Decision<Step> {
    let mut steps = Vec::new();
    if seen.supervisor || seen.runs() {
        steps.push(Step::End);
    }
    if seen.exists {
        steps.push(Step::Remove { keep_logs: ending.keep_logs });
    }
    let has_data = !seen.data.files.is_empty();
    if seen.data.exists && (ending.delete_data || !has_data) {
        steps.push(Step::DeleteData);
    }
    let mut remarks = Vec::new();
    if has_data && !ending.delete_data {
        remarks.push(Remark::new(
            words::keeps(&seen.data_directory, &seen.data.describe()),
            vec![words::FINDS_AGAIN.into(), Argument::DeleteData.does("deletes it")],
        ));
    }
    let lives = |role| seen.processes.iter().any(|one| one.role == role && one.lives);
    let effect = if lives(Role::JobManager) { Effect::Loss } else { Effect::None };
    let harm = if seen.jobs.are_none() { Harm::None } else { harm(true, effect, &seen.jobs) };
    Decision {
        about: about(seen),
        change: Change {
            parts: steps.iter().map(ToString::to_string).collect(),
            effect,
            remarks,
            ..Change::default()
        },
        jobs: fates(effect, &seen.jobs),
        harm,
        steps,
        conditions: Vec::new(),
        assumptions: Vec::new(),
        again: Again::Done,
    }
}

/// The session as its orders tell it.
fn about(seen: &Observation) -> About {
    let orders = seen.orders.given();
    let count = |role| orders.map_or(0, |launch| launch.count(role));
    About {
        platform: Platform::Local,
        name: seen.session.clone(),
        namespace: None,
        flink_version: orders.map(|launch| launch.flink_version.clone()).unwrap_or_default(),
        job_managers: count(Role::JobManager),
        task_managers: Some(count(Role::TaskManager)),
    }
}
