//! Continues with a session once everything is ordered: replaces held pods in the order that harms jobs least, and says what
//! is waited for until its REST API answers and its TaskManagers are there.

use std::time::Duration;

use serde_json::Value;

use super::{Ask, Plan, Refusal, Rest, SeenProgress, Step, Target};
use crate::crash_log;
use crate::decide::{Again, Condition, Decision};
use crate::kubernetes::ownership::{self, Owner};
use crate::kubernetes::progress::{self, Stuck};
use crate::kubernetes::rollout::{self, SeenPods};
use crate::kubernetes::shape::{self, WorkloadLayout};
use crate::kubernetes::{forbidden, workers};
use crate::remedy::Remedy;
use crate::words::waits as words;

/// Between two looks while Kubernetes makes the pod: events come by the second.
const POLL: Duration = Duration::from_millis(500);

/// Between two looks once the container runs: REST answers some seconds later, and every one counts.
const SOON: Duration = Duration::from_millis(200);

/// Lines of a crashed container's log that are shown: an exception with its causes fits.
const SHOWN_LINES: usize = 15;

/// How far the processes are.
enum State {
    /// They never will be ready by themselves.
    Stuck(Stuck),
    /// They are on their way: what is waited for.
    Waits(String, Duration),
    /// Their pods are being replaced.
    Replaces,
    /// All that is wanted is there.
    Ready,
}

/// What has to be asked next.
pub(super) fn question(seen: &SeenProgress) -> Option<Ask> {
    if !seen.is_seen {
        return Some(Ask::Progress);
    }
    let workload = seen.workload.as_ref()?;
    if is_replacing(seen, workload) && seen.replica_sets.is_none() {
        return Some(Ask::Replacing);
    }
    let runs = job_managers_run(seen, workload);
    if runs && seen.rest == Rest::Unasked {
        return Some(Ask::Rest);
    }
    match state(seen, workload, None) {
        State::Stuck(Stuck { crashed: Some(pod), .. }) if seen.crash.is_none() => {
            Some(Ask::Crash(pod))
        }
        // A process that lacks a permission may go on asking for ever.
        State::Waits(..) if runs && seen.told.is_none() => Some(Ask::Told),
        _ => None,
    }
}

/// What is done next, and what is waited for. `ended` has the UIDs of pods that were ended before.
pub(super) fn decide(
    plan: &Plan,
    seen: &SeenProgress,
    ended: &[String],
) -> Result<Decision<Step>, Refusal> {
    let mut decision = Decision::nothing(plan.about());
    if !seen.is_seen {
        decision.again = Again::Look;
        return Ok(decision);
    }
    let Some(workload) = &seen.workload else {
        let kind = plan.objects.workload()["kind"].as_str().unwrap_or("Deployment");
        return Err(Refusal::Deleted { workload: format!("{kind}/{}", plan.objects.cluster_id) });
    };
    let (steps, replacing) = replace(plan, seen, workload);
    decision.steps = steps;
    let told = seen.told.clone().flatten();
    let state = match (state(seen, workload, Some(plan.slots)), told) {
        (State::Waits(..), Some(told)) => {
            State::Stuck(Stuck { what: told, hint: Remedy::ProcessPermissions, crashed: None })
        }
        (state, _) => state,
    };
    let (reason, after) = match state {
        // A pod that is broken may be one of those that are ended now.
        State::Stuck(_) if !decision.steps.is_empty() => (replacing, POLL),
        State::Stuck(stuck) => return Err(stuck_for_good(plan, seen, stuck)),
        State::Waits(what, after) => (what, after),
        State::Replaces => (hindered(replacing, seen, workload), POLL),
        State::Ready => {
            let old = old_workers(plan, seen, workload, ended);
            if old.is_empty() {
                decision.conditions.push(condition("Ready", true, "Answers", ""));
                return Ok(decision);
            }
            // The JobManager that has ended asked for them, and the change that ended it was agreed to.
            let names: Vec<String> = old.iter().map(|one| one.name.clone()).collect();
            decision.steps = vec![Step::EndPods(old)];
            (words::replacing(&names), POLL)
        }
    };
    decision.conditions.push(condition("Ready", false, "Starting", &reason));
    decision.again = Again::Wait { reason, after };
    Ok(decision)
}

/// TaskManagers of a native session that were started with other sizes than its objects have. Those that come after the
/// first ones were ended are what the JobManager asks for now, whatever their sizes are.
fn old_workers(
    plan: &Plan,
    seen: &SeenProgress,
    workload: &Value,
    ended: &[String],
) -> Vec<Target> {
    if WorkloadLayout::of(workload) != WorkloadLayout::Native {
        return Vec::new();
    }
    let wanted = workers::wanted(&plan.objects, plan.flink);
    let old = seen.pods.iter().filter(|pod| workers::is_old(pod, &wanted)).map(Target::of);
    old.filter(|pod| ended.is_empty() || ended.contains(&pod.uid)).collect()
}

fn condition(kind: &'static str, status: bool, reason: &'static str, message: &str) -> Condition {
    Condition { kind, status: Some(status), reason, message: message.to_owned() }
}

/// The session's workloads, the JobManagers' first.
fn workloads(seen: &SeenProgress, workload: &Value) -> Vec<Value> {
    std::iter::once(workload).chain(&seen.task_managers).cloned().collect()
}

/// Whether pods of a session of ours are being replaced one by one.
fn is_replacing(seen: &SeenProgress, workload: &Value) -> bool {
    let is_ours = matches!(ownership::of_workload(workload), Owner::Nutkin(_));
    is_ours && workloads(seen, workload).iter().any(rollout::is_held)
}

/// The next step of a replacement, and what it does or waits for; nothing where nothing is held.
fn replace(plan: &Plan, seen: &SeenProgress, workload: &Value) -> (Vec<Step>, String) {
    if !is_replacing(seen, workload) {
        return (Vec::new(), String::new());
    }
    let workloads = workloads(seen, workload);
    let of_rollout = SeenPods {
        workloads: &workloads,
        replica_sets: seen.replica_sets.as_deref().unwrap_or_default(),
        pods: &seen.pods,
        leader: seen.leader.as_deref(),
        max_unavailable: plan.max_unavailable,
    };
    let is_named =
        |one: &&Value, names: &[String]| names.iter().any(|name| one["metadata"]["name"] == *name);
    match rollout::step(of_rollout) {
        rollout::RolloutStep::Done => (Vec::new(), String::new()),
        rollout::RolloutStep::Wait(what) => (Vec::new(), what),
        rollout::RolloutStep::End(names) => {
            let pods = seen.pods.iter().filter(|pod| is_named(pod, &names)).map(Target::of);
            let what = words::replacing(&names);
            (vec![Step::EndPods(pods.collect())], what)
        }
        rollout::RolloutStep::Release(names) => {
            let held = workloads.iter().filter(|one| is_named(one, &names));
            let steps: Vec<Step> = held
                .map(|one| Step::Release { target: Target::of(one), patch: rollout::release(one) })
                .collect();
            let what = words::ENDING.to_owned();
            (vec![Step::Together(steps)], what)
        }
    }
}

/// What is waited for, with what keeps new TaskManagers from being made or started.
fn hindered(what: String, seen: &SeenProgress, workload: &Value) -> String {
    let workloads = workloads(seen, workload);
    let mut refused = workloads.iter().filter_map(|one| progress::refused(one, &seen.events));
    let mut waiting = seen.pods.iter().filter(|pod| progress::is_unscheduled(pod));
    let of_pod = |pod: &Value| match progress::of_pod(pod, &seen.events) {
        progress::JobManagerProgress::Waiting(why) => Some(why),
        _ => None,
    };
    let why = refused.next().map(|stuck| stuck.what).or_else(|| waiting.find_map(of_pod));
    why.map_or(what.clone(), |why| words::because(&what, &why))
}

fn job_managers(seen: &SeenProgress) -> Vec<Value> {
    seen.pods.iter().filter(|pod| shape::is_job_manager(pod)).cloned().collect()
}

/// Whether a JobManager's container runs and every old pod has ended.
fn job_managers_run(seen: &SeenProgress, workload: &Value) -> bool {
    progress::of(workload, &job_managers(seen), &seen.events) == progress::JobManagerProgress::Runs
        && !is_replacing(seen, workload)
        && progress::is_rolled_out(workload)
}

/// How far everything is. `slots` of each TaskManager count where they are given.
fn state(seen: &SeenProgress, workload: &Value, slots: Option<u32>) -> State {
    match progress::of(workload, &job_managers(seen), &seen.events) {
        progress::JobManagerProgress::Stuck(stuck) => return State::Stuck(stuck),
        progress::JobManagerProgress::Waiting(what) => return State::Waits(what, POLL),
        progress::JobManagerProgress::Runs => {}
    }
    if is_replacing(seen, workload) {
        return State::Replaces;
    }
    // One that is about to end may answer with what it knew.
    let ends = |pod: &&Value| progress::is_ending(pod) && progress::is_ready(pod);
    if !progress::is_rolled_out(workload) || job_managers(seen).iter().any(|pod| ends(&pod)) {
        return State::Waits(words::OLD_PODS.to_owned(), POLL);
    }
    let Rest::Answers { task_managers, slots: all } = seen.rest else {
        return State::Waits(words::REST.to_owned(), SOON);
    };
    match missing(seen, workload, task_managers) {
        State::Ready => {}
        state => return state,
    }
    let expected = task_managers.saturating_mul(slots.unwrap_or(0));
    if all < expected && !seen.is_settled {
        return State::Waits(words::SLOTS.to_owned(), SOON);
    }
    State::Ready
}

/// What a session still waits for whose JobManager answers: TaskManagers, where Kubernetes and not Flink makes them.
fn missing(seen: &SeenProgress, workload: &Value, registered: u32) -> State {
    let own = seen.task_managers.as_ref();
    let Some(wanted) = shape::task_managers(workload, own) else { return State::Ready };
    let workers = seen.pods.iter().filter(|pod| !shape::is_job_manager(pod));
    let workers: Vec<Value> = workers.cloned().collect();
    if let Some(own) = own.filter(|own| !progress::is_rolled_out(own)) {
        let ends = progress::has_old_pods(own) || workers.iter().any(progress::is_ending);
        return match progress::not_made(own, &seen.events) {
            // What ends makes room: a quota counts it.
            Some(stuck) if !ends => State::Stuck(stuck),
            Some(stuck) => State::Waits(stuck.what, POLL),
            None if ends || !progress::is_observed(own) => {
                State::Waits(words::OLD_TASK_MANAGERS.to_owned(), SOON)
            }
            None => State::Waits(words::task_managers(registered, wanted), SOON),
        };
    }
    if wanted <= u64::from(registered) {
        return State::Ready;
    }
    match progress::of(own.unwrap_or(workload), &workers, &seen.events) {
        progress::JobManagerProgress::Stuck(stuck) => State::Stuck(stuck),
        progress::JobManagerProgress::Waiting(what) => State::Waits(what, SOON),
        progress::JobManagerProgress::Runs => {
            State::Waits(words::task_managers(registered, wanted), SOON)
        }
    }
}

/// Why it never will be ready; of a crash the end of the log.
fn stuck_for_good(plan: &Plan, seen: &SeenProgress, mut stuck: Stuck) -> Refusal {
    let log = seen.crash.as_deref().unwrap_or_default();
    let mut lines: Vec<String> = Vec::new();
    if stuck.crashed.is_some() && !log.trim().is_empty() {
        lines = crash_log::excerpt(log, SHOWN_LINES);
        if let Some(told) = forbidden::told(log) {
            lines.push(told);
            stuck.hint = Remedy::ProcessPermissions;
        }
    }
    Refusal::Stuck { session: plan.objects.cluster_id.clone(), stuck: Box::new(stuck), log: lines }
}
