//! A turn for a `FlinkDeployment` that is a session.

use serde_json::{Value, json};

use super::{Begun, PATIENT, REST, ResourceAct, ResourceTurn, SOON, TurnTime, begun, is_on};
use crate::event::EventComponent::{JobManagerDeployment, Operator};
use crate::event::{EventComponent, EventReason};
use crate::resource::{CustomKind, CustomResource};
use crate::status::{
    JobManagerState, ReconciliationState, SpecDiff, StatusCondition, StatusDraft, is_stable,
};

const BLOCK_ON_SESSION_JOBS: &str = "kubernetes.operator.session.deletion.block-on-session-jobs";
const BLOCK_ON_UNMANAGED_JOBS: &str =
    "kubernetes.operator.session.deletion.block-on-unmanaged-jobs";

/// The workload of the JobManagers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SeenWorkload {
    /// There is none.
    #[default]
    Absent,
    /// No JobManager is available yet.
    Starting,
    /// One is.
    Available,
    /// None will be, and why.
    Failed(String),
}

/// The jobs that run in a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RunningJobList {
    /// Nobody answers for them.
    #[default]
    Unknown,
    /// Their names or ids.
    Known(Vec<String>),
}

/// What was seen of a session.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SeenSession {
    /// What is wrong with what the resource asks for.
    pub problems: Vec<String>,
    /// Its JobManagers.
    pub workload: SeenWorkload,
    /// What REST says of the cluster (`status.clusterInfo`); `None`: nobody answers.
    pub info: Option<Value>,
    /// What runs and is not as it is wanted: each object, and what of it.
    pub drift: Vec<String>,
    /// Whether what is wanted was just brought about, in this very round.
    pub is_brought: bool,
    /// Why it was not.
    pub failed: Option<String>,
    /// `FlinkSessionJob`s that name it, in order.
    pub session_jobs: Vec<String>,
    /// Jobs that run.
    pub running: RunningJobList,
    /// Number of TaskManagers that are wanted.
    pub task_managers: u32,
}

/// Decides for a session.
pub fn deployment(resource: &CustomResource, seen: &SeenSession, now: &TurnTime) -> ResourceTurn {
    let mut turn = ResourceTurn::nothing(&resource.status);
    if resource.is_application() && resource.is_deleted() {
        // It may have been a session: what that left is its owner's by now.
        turn.hold = resource.is_held(CustomKind::Deployment).then_some(false);
        return turn;
    }
    if resource.is_application() {
        let message = "Nutkin keeps sessions only: an application (spec.job) is left alone";
        turn.says(Operator, EventReason::UnsupportedResource, message);
        return turn;
    }
    if resource.is_deleted() {
        return deletion(resource, seen, turn);
    }
    let Begun { mut draft, last, diff } = begun(resource, CustomKind::Deployment, &mut turn);
    let (generation, is_first) = (resource.metadata.generation, last.is_none());
    if let Some(problem) = seen.problems.first() {
        draft.error(Some(problem));
        turn.says(Operator, EventReason::ValidationError, problem.as_str());
        if is_first {
            conclude(&mut draft, None, false, generation, now);
            turn.status = draft.done();
            return turn;
        }
    }
    let is_refused = !seen.problems.is_empty();
    match diff {
        SpecDiff::Upgrade if !is_refused => {
            let (reason, message) = if is_first {
                (EventReason::Submit, "the session is started")
            } else {
                (EventReason::SpecChanged, "the spec has changed: the session is brought to it")
            };
            turn.says(Operator, reason, message);
            draft.wants(&resource.spec, is_first, now.millis);
            draft.error(None);
            let manager = JobManagerState::of(&resource.status);
            // A first deployment never shows as missing, for which clients give up.
            let manager = manager.filter(|_| !is_first).unwrap_or(JobManagerState::Deploying);
            conclude(&mut draft, Some(manager), false, generation, now);
            turn.act = Some(ResourceAct::Bring);
            turn.status = draft.done();
            return turn;
        }
        SpecDiff::Ignored if !is_refused => {
            draft.wants_the_same(&resource.spec, now.millis);
        }
        _ => {}
    }
    observed(resource, seen, draft, turn, now)
}

/// What runs, once what is wanted is noted.
fn observed(
    resource: &CustomResource,
    seen: &SeenSession,
    mut draft: StatusDraft,
    mut turn: ResourceTurn,
    now: &TurnTime,
) -> ResourceTurn {
    let generation = resource.metadata.generation;
    let mut state = ReconciliationState::of(&resource.status);
    let before = JobManagerState::of(&resource.status);
    if let Some(failed) = &seen.failed {
        draft.error(Some(failed));
        turn.says(Operator, EventReason::Error, failed.as_str());
        conclude(&mut draft, before, false, generation, now);
        turn.status = draft.done();
        return turn;
    }
    if state != Some(ReconciliationState::Deployed) {
        if !seen.is_brought {
            // Whoever began it was cut off: what is there already is found.
            turn.act = Some(ResourceAct::Bring);
            turn.status = draft.done();
            return turn;
        }
        state = Some(ReconciliationState::Deployed);
        draft.state(ReconciliationState::Deployed);
    }
    let manager = match &seen.workload {
        SeenWorkload::Absent if seen.is_brought => JobManagerState::Deploying,
        SeenWorkload::Absent => {
            let missing = "the workload of the JobManagers is gone";
            turn.says(JobManagerDeployment, EventReason::Missing, missing);
            let again = "the session is started again";
            turn.says(EventComponent::Job, EventReason::RecoverDeployment, again);
            turn.act = Some(ResourceAct::Bring);
            JobManagerState::Deploying
        }
        SeenWorkload::Starting => JobManagerState::Deploying,
        SeenWorkload::Failed(why) => {
            draft.error(Some(why));
            turn.says(JobManagerDeployment, EventReason::Error, why.as_str());
            JobManagerState::Error
        }
        SeenWorkload::Available if seen.info.is_some() => JobManagerState::Ready,
        SeenWorkload::Available => JobManagerState::DeployedNotReady,
    };
    if turn.act.is_none() && !seen.drift.is_empty() && !seen.is_brought {
        let message = format!("not as the resource says: {}", seen.drift.join("; "));
        turn.says(JobManagerDeployment, EventReason::Drift, message);
        turn.act = Some(ResourceAct::Bring);
    }
    if manager == JobManagerState::Ready {
        if let Some(info) = &seen.info {
            draft.set("clusterInfo", info.clone());
        }
        let name = &resource.metadata.name;
        draft.set(
            "taskManager",
            json!({
                "labelSelector": format!("component=taskmanager,app={name}"),
                "replicas": seen.task_managers,
            }),
        );
        if seen.problems.is_empty() {
            draft.error(None);
        }
        if state == Some(ReconciliationState::Deployed) {
            draft.is_stable();
        }
    }
    conclude(&mut draft, Some(manager), true, generation, now);
    turn.status = draft.done();
    turn.again = Some(if manager == JobManagerState::Ready { REST } else { SOON });
    turn
}

/// What follows from the rest: the lifecycle and the conditions.
fn conclude(
    draft: &mut StatusDraft,
    manager: Option<JobManagerState>,
    is_brought: bool,
    generation: i64,
    now: &TurnTime,
) {
    if let Some(manager) = manager {
        draft.set("jobManagerDeploymentStatus", manager.name());
    }
    let status = draft.clone().done();
    let error = crate::status::error(&status);
    let lifecycle = match (ReconciliationState::of(&status), &error) {
        (None, None) => "CREATED",
        (None, Some(_)) => "FAILED",
        (Some(ReconciliationState::Upgrading), _) => "UPGRADING",
        (Some(ReconciliationState::Deployed), _) if is_stable(&status) => "STABLE",
        (Some(ReconciliationState::Deployed), _) => "DEPLOYED",
    };
    draft.set("lifecycleState", lifecycle);
    let manager = manager.unwrap_or(JobManagerState::Missing);
    let is_ready = manager == JobManagerState::Ready && is_brought && error.is_none();
    let is_stalled = error.is_some();
    let message = error.as_deref().unwrap_or_default();
    let runs = match manager {
        JobManagerState::Ready => "the JobManager answers",
        JobManagerState::DeployedNotReady => "the JobManager runs and does not answer yet",
        JobManagerState::Deploying => "the JobManager is starting",
        JobManagerState::Missing => "there is no JobManager",
        JobManagerState::Error => message,
    };
    let why = if message.is_empty() { runs } else { message };
    let condition =
        |kind, is_true, reason, message| StatusCondition { kind, is_true, reason, message };
    let progress = if is_ready { "Stable" } else { "Progressing" };
    draft.conditions(
        &[
            condition("Running", manager == JobManagerState::Ready, manager.reason(), runs),
            condition("Ready", is_ready, manager.reason(), why),
            condition("Reconciling", !is_ready && !is_stalled, progress, why),
            condition("Stalled", is_stalled, if is_stalled { "Error" } else { "Fine" }, message),
        ],
        generation,
        &now.text,
    );
}

/// A session that somebody has deleted.
fn deletion(resource: &CustomResource, seen: &SeenSession, mut turn: ResourceTurn) -> ResourceTurn {
    if !resource.is_held(CustomKind::Deployment) {
        return turn;
    }
    let mut draft = StatusDraft::of(&resource.status);
    draft.set("observedGeneration", resource.metadata.generation);
    draft.set("lifecycleState", "DELETING");
    let runs = seen.workload == SeenWorkload::Available;
    let hinders = if !seen.session_jobs.is_empty() && is_on(resource, BLOCK_ON_SESSION_JOBS, true) {
        let jobs = seen.session_jobs.join(", ");
        Some(format!("The session jobs [{jobs}] should be deleted first"))
    } else if runs && is_on(resource, BLOCK_ON_UNMANAGED_JOBS, true) {
        match &seen.running {
            RunningJobList::Known(jobs) if !jobs.is_empty() => Some(format!(
                "The session cluster has non terminated jobs [{}] that should be cancelled first",
                jobs.join(", ")
            )),
            RunningJobList::Known(_) => None,
            RunningJobList::Unknown => Some(format!(
                "The JobManager runs and does not say which jobs it has; {BLOCK_ON_UNMANAGED_JOBS}: false \
                 in spec.flinkConfiguration deletes the session with all of them"
            )),
        }
    } else {
        None
    };
    if let Some(hinders) = hinders {
        draft.error(Some(&hinders));
        turn.says(Operator, EventReason::CleanupFailed, hinders);
        turn.again = Some(PATIENT);
    } else if let Some(failed) = &seen.failed {
        draft.error(Some(failed));
        turn.says(Operator, EventReason::CleanupFailed, failed.as_str());
    } else if seen.is_brought {
        turn.hold = Some(false);
    } else {
        draft.error(None);
        turn.says(Operator, EventReason::Cleanup, "the session is deleted");
        turn.act = Some(ResourceAct::End);
    }
    turn.status = draft.done();
    turn
}
