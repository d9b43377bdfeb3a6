//! How the pods of a standalone session are replaced: with as few failovers as possible, and never with more TaskManagers
//! missing than may be.
//!
//! Kubernetes alone would end an old pod as soon as one new pod is ready, and each end is a failover of its own. So a
//! change first holds the workloads ([`held`]). A Deployment that is held starts all new pods beside the old ones and
//! ends none; when all are ready the hold is taken away from the JobManagers, and from the TaskManagers as soon as the old
//! JobManagers are told to end: one failover. (All at once, an old JobManager that sees its TaskManagers go before it goes
//! itself starts the jobs once more on the new ones. One after the other, a new JobManager starts them on TaskManagers that
//! are about to end.) A StatefulSet, whose
//! pods have fixed names, cannot have both beside each other: while it is held its pods are ended in batches, standbys
//! before the leader, and the leader with the last batch of TaskManagers.
//!
//! [`step`] decides from what there is, and remembers nothing: a command that was interrupted is continued by the next.

use serde_json::{Value, json};

use super::shape;
use super::{ownership, progress};
use crate::words::progress::{self as words, Waits};

/// Seconds for which a held Deployment keeps its old pods: less than the ten minutes after which Kubernetes calls a
/// change failed. A hold that nobody takes away ends by itself, for each pod when it has been ready for so long, and stays
/// in the Deployment until the next `up`.
const HOLD: u64 = 540;

/// What there is of a session whose pods are replaced.
#[derive(Debug, Clone, Copy)]
pub struct SeenPods<'a> {
    /// The workloads: that of the JobManagers, and that of the TaskManagers where it is another one.
    pub workloads: &'a [Value],
    /// `ReplicaSets` of the session.
    pub replica_sets: &'a [Value],
    /// All its pods.
    pub pods: &'a [Value],
    /// Name of the leading JobManager's pod, where that is known.
    pub leader: Option<&'a str>,
    /// How many TaskManagers may be missing: `nutkin.upgrade.max-unavailable`.
    pub max_unavailable: usize,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RolloutStep {
    /// Nothing is held.
    Done,
    /// To wait, and for what.
    Wait(String),
    /// To end these pods, by name: new ones follow.
    End(Vec<String>),
    /// To take the hold away from these workloads, by name.
    Release(Vec<String>),
}

impl RolloutStep {
    fn wait(what: Waits<'_>) -> Self {
        Self::Wait(what.to_string())
    }
}

/// The workload as it is asked for while its pods are replaced.
pub fn held(workload: &Value) -> Value {
    let mut held = workload.clone();
    if is_set(workload) {
        held["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
    } else if held["spec"]["strategy"]["type"] != "Recreate" {
        held["spec"]["minReadySeconds"] = json!(HOLD);
    }
    held
}

/// The patch that must come before [`held`] is applied; `None`: none. What Kubernetes has filled in beside
/// `RollingUpdate` belongs to nobody, so that no apply takes it away, and beside `OnDelete` it is refused.
pub fn hold(live: &Value) -> Option<Value> {
    let usual = &live["spec"]["updateStrategy"]["rollingUpdate"];
    (is_set(live) && !usual.is_null()).then(|| {
        json!([
            {"op": "test", "path": "/metadata/uid", "value": live["metadata"]["uid"]},
            {"op": "replace", "path": "/spec/updateStrategy", "value": {"type": "OnDelete"}},
        ])
    })
}

/// Whether it is held.
pub fn is_held(workload: &Value) -> bool {
    workload["spec"]["minReadySeconds"] == HOLD
        || workload["spec"]["updateStrategy"]["type"] == "OnDelete"
}

/// The patch that takes the hold away.
pub fn release(workload: &Value) -> Value {
    if is_set(workload) {
        // With what Kubernetes adds where nothing is said: the next plan finds nothing to change.
        let usual = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}});
        json!([{"op": "replace", "path": "/spec/updateStrategy", "value": usual}])
    } else {
        json!([{"op": "replace", "path": "/spec/minReadySeconds", "value": 0}])
    }
}

/// What becomes of these workloads where nobody continues the change; `None`: nothing of it depends on that.
pub fn left_alone(workloads: &[Value]) -> Option<&'static str> {
    let mut held = workloads.iter().filter(|one| is_held(one));
    Some(words::left_alone(is_set(held.next()?)))
}

/// How often jobs fail over at most while all pods are replaced, where they are not lost.
pub fn failovers(workload: &Value, task_managers: u64, max_unavailable: u64) -> u64 {
    if is_set(workload) { task_managers.div_ceil(max_unavailable.max(1)).max(1) } else { 1 }
}

fn is_set(workload: &Value) -> bool {
    workload["kind"] == "StatefulSet"
}

/// Decides on the next step.
pub fn step(seen: SeenPods<'_>) -> RolloutStep {
    let held: Vec<&Value> = seen.workloads.iter().filter(|one| is_held(one)).collect();
    let Some(first) = held.first() else { return RolloutStep::Done };
    let is_observed = |one: &&Value| {
        one["metadata"]["generation"].as_u64() <= one["status"]["observedGeneration"].as_u64()
    };
    if !held.iter().all(is_observed) {
        return RolloutStep::wait(Waits::Seen);
    }
    if is_set(first) { sets(seen, &held) } else { deployments(seen, &held) }
}

/// Deployments: all new pods must be ready before the first old one ends.
fn deployments(seen: SeenPods<'_>, held: &[&Value]) -> RolloutStep {
    for deployment in held {
        let wanted = shape::replicas(deployment);
        let ready = newest(seen, deployment)
            .and_then(|set| set["status"]["readyReplicas"].as_u64())
            .unwrap_or(0);
        if ready < wanted {
            let role = role_of(deployment);
            return RolloutStep::wait(Waits::New(role, ready, wanted));
        }
    }
    let job_managers = &seen.workloads[0];
    if is_held(job_managers) {
        return RolloutStep::Release(names(&[job_managers]));
    }
    let newest = newest(seen, job_managers).and_then(|set| set["metadata"]["uid"].as_str());
    let mut lives = seen.pods.iter().filter(|pod| {
        shape::is_job_manager(pod)
            && !progress::is_ending(pod)
            && !newest.is_some_and(|uid| ownership::is_owned_by(pod, uid))
    });
    if lives.next().is_some() {
        return RolloutStep::wait(Waits::OldJobManager);
    }
    RolloutStep::Release(names(held))
}

/// The `ReplicaSet` of what a Deployment asks for now.
fn newest<'a>(seen: SeenPods<'a>, deployment: &Value) -> Option<&'a Value> {
    let key = "deployment.kubernetes.io/revision";
    let revision = ownership::annotation(deployment, key);
    let uid = deployment["metadata"]["uid"].as_str().unwrap_or_default();
    seen.replica_sets
        .iter()
        .find(|set| ownership::is_owned_by(set, uid) && ownership::annotation(set, key) == revision)
}

fn names(workloads: &[&Value]) -> Vec<String> {
    let name = |one: &&Value| one["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    workloads.iter().map(name).collect()
}

fn role_of(workload: &Value) -> &'static str {
    if workload["metadata"]["labels"]["component"] == "taskmanager" {
        "TaskManager"
    } else {
        "JobManager"
    }
}

/// `StatefulSet`s: TaskManagers in batches, standbys one by one, the leader with the last batch.
fn sets(seen: SeenPods<'_>, held: &[&Value]) -> RolloutStep {
    let name = |pod: &&Value| pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let of = |job_managers: bool| {
        seen.pods.iter().filter(move |pod| shape::is_job_manager(pod) == job_managers)
    };
    // One that is ending is no more to be ended.
    let lives = |pod: &&Value| !progress::is_ending(pod);
    let old = |job_managers: bool| -> Vec<String> {
        let old = of(job_managers).filter(|pod| is_old(pod, held)).filter(lives);
        old.filter(|pod| is_ready(pod)).map(|pod| name(&pod)).collect()
    };
    // An old pod that is not ready is missing anyway, and may never be ready.
    let is_broken = |pod: &&Value| is_old(pod, held) && lives(pod) && !is_ready(pod);
    let broken: Vec<String> = seen.pods.iter().filter(is_broken).map(|pod| name(&pod)).collect();
    if !broken.is_empty() {
        return RolloutStep::End(broken);
    }
    let ready = |job_managers: bool| of(job_managers).filter(|pod| is_ready(pod)).count() as u64;
    let (mut task_managers, job_managers) = (old(false), old(true));
    let first = &seen.workloads[0];
    let wanted_workers = shape::task_managers(first, seen.workloads.get(1)).unwrap_or(0);
    let missing = wanted_workers.saturating_sub(ready(false));
    let wanted_job_managers = shape::job_managers(first);
    let all_lead = wanted_job_managers <= ready(true);
    let room = seen.max_unavailable.max(1).saturating_sub(usize::try_from(missing).unwrap_or(0));
    // Where nobody says who leads, the first one started first and most likely does.
    let leader = seen.leader.map(str::to_owned).or_else(|| job_managers.iter().min().cloned());
    let (leaders, standbys): (Vec<String>, Vec<String>) =
        job_managers.into_iter().partition(|one| Some(one) == leader.as_ref());
    let mut ends = Vec::new();
    if all_lead {
        ends.extend(standbys.first().cloned());
    }
    let is_last = task_managers.len() <= room;
    if is_last && !leaders.is_empty() {
        // What is left of the old ends in one moment, once the new standbys can take over.
        let is_free = task_managers.is_empty() || missing == 0;
        if standbys.is_empty() && all_lead && is_free {
            ends.extend(task_managers.drain(..).chain(leaders));
        }
    } else {
        ends.extend(task_managers.iter().take(room).cloned());
    }
    if !ends.is_empty() {
        return RolloutStep::End(ends);
    }
    let left = seen.pods.iter().filter(|pod| is_old(pod, held)).count();
    if 0 < left {
        return RolloutStep::wait(Waits::Old(left));
    }
    if 0 < missing || !all_lead {
        return RolloutStep::wait(Waits::LastNew);
    }
    RolloutStep::Release(names(held))
}

/// Whether a pod was made for an older template of the workload that it belongs to.
fn is_old(pod: &Value, held: &[&Value]) -> bool {
    let owner = held.iter().find(|one| {
        let uid = one["metadata"]["uid"].as_str().unwrap_or_default();
        ownership::is_owned_by(pod, uid)
    });
    owner.is_some_and(|one| progress::revision(pod) != Some(&one["status"]["updateRevision"]))
}

fn is_ready(pod: &Value) -> bool {
    !progress::is_ending(pod) && progress::is_ready(pod)
}

#[cfg(test)]
mod tests;
