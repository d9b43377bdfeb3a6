//! Ending a session, and undoing a creation that failed.

use super::{Observation, Step, Thing};
use crate::decide::{About, Decision, Ending, gone};
use crate::plan::docker::FLINK;
use crate::selection::Platform;
use nutkin_flink::process::Role;

/// Ends the containers and the network. The volume stays unless its data is to be deleted: savepoints and checkpoints
/// are there.
pub(super) fn decide(ending: Ending, seen: &Observation) -> Decision<Step> {
    let mut steps = Vec::new();
    // Data that is deleted has the ledger in it.
    if !seen.is_saved && seen.volume != Thing::Absent && !ending.delete_data {
        steps.push(Step::SaveLedger);
    }
    steps.extend(all(seen));
    if ending.delete_data {
        let remove = |name: &String| Step::RemoveVolume { name: name.clone() };
        steps.extend(seen.volumes.iter().map(remove));
    }
    let lives = seen.first(Role::JobManager).is_some();
    gone::by(about(seen), steps, lives, &seen.jobs, Vec::new())
}

/// The session as its containers tell it.
pub(super) fn about(seen: &Observation) -> About {
    let count = |role| seen.containers.iter().filter(|one| one.seen.role == Some(role)).count();
    let number = |role| u32::try_from(count(role)).unwrap_or(u32::MAX);
    let flink = seen.containers.iter().find_map(|one| one.labels.get(FLINK));
    About {
        platform: Platform::Docker,
        name: seen.session.clone(),
        namespace: None,
        flink_version: flink.cloned().unwrap_or_default(),
        job_managers: number(Role::JobManager),
        task_managers: Some(number(Role::TaskManager)),
    }
}

/// Steps that end all containers, TaskManagers first: they would look for the JobManager.
fn all(seen: &Observation) -> Vec<Step> {
    let mut steps: Vec<Step> = seen.containers.iter().rev().map(end).collect();
    if seen.network == Thing::Ours {
        steps.push(Step::RemoveNetwork { name: network(seen) });
    }
    steps
}

fn end(one: &super::FoundContainer) -> Step {
    Step::End { name: one.seen.name.clone(), id: one.id.clone() }
}

fn network(seen: &Observation) -> String {
    format!("nutkin-{}", seen.session)
}

/// Ends what this run made of a new session that did not come up. Where another machine's command made containers of the
/// session at the same moment, they stay, with the network and the volume that they use.
pub fn undo(seen: &Observation) -> Vec<Step> {
    let is_mine = |one: &super::FoundContainer| seen.mine.made.contains(&one.id);
    if !seen.containers.iter().all(is_mine) {
        return seen.containers.iter().rev().filter(|one| is_mine(one)).map(end).collect();
    }
    let mut steps = all(seen);
    if seen.mine.volume && seen.volume == Thing::Ours {
        steps.push(Step::RemoveVolume { name: format!("nutkin-{}-data", seen.session) });
    }
    steps
}
