//! Ending a session on this machine.

use super::{Observation, Step};
use crate::decide::{About, Decision, Ending, gone};
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
    let lasting = seen.lasting_data();
    let has_data = !lasting.files.is_empty();
    let deletes_all = seen.data.exists && (ending.delete_data || !has_data);
    // Before the orders go, which alone say what it is.
    let orphaned = seen.orphaned_data().filter(|_| !deletes_all);
    steps.extend(orphaned.map(|directory| Step::DeleteOrphaned { directory }));
    // What runs writes into its directory until it ends, also where somebody has removed that.
    if seen.exists || seen.supervisor || seen.runs() {
        steps.push(Step::Remove { keep_logs: ending.keep_logs });
    }
    if deletes_all {
        steps.push(Step::DeleteData);
    }
    let mut remarks = Vec::new();
    if has_data && !ending.delete_data {
        remarks.push(Remark::new(
            words::keeps(&seen.data_directory, &lasting.describe()),
            vec![words::FINDS_AGAIN.into(), Argument::DeleteData.does("deletes it")],
        ));
    }
    let is_leader = |one: &super::SeenProcess| one.role == Role::JobManager && one.lives;
    let lives = seen.processes.iter().any(is_leader);
    gone::by(about(seen), steps, lives, &seen.jobs, remarks)
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
