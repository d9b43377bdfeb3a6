//! A turn for a `FlinkSessionJob`.

use std::time::Duration;

use nutkin_core::calendar::seconds_of;
use nutkin_core::jobs::job_id;
use nutkin_core::ledger::JobRecord;
use serde_json::{Value, json};

use super::seen_job::{SeenLoss, SeenRun, SeenSessionJob, SessionGate};
use super::{Begun, PATIENT, REST, ResourceAct, ResourceTurn, SOON, TurnTime, begun};
use crate::event::EventComponent::{Job, Operator};
use crate::event::EventReason;
use crate::resource::{CustomKind, CustomResource, last_spec};
use crate::status::{ReconciliationState, SpecDiff, StatusDraft, is_stable};
use crate::{texts, validate};

const SAVEPOINT_ON_DELETION: &str = "kubernetes.operator.job.savepoint-on-deletion";
const RESTART_FAILED: &str = "kubernetes.operator.job.restart.failed";

/// Decides for a job.
pub fn session_job(
    resource: &CustomResource,
    seen: &SeenSessionJob,
    now: &TurnTime,
) -> ResourceTurn {
    let mut turn = ResourceTurn::nothing(&resource.status);
    if resource.is_deleted() {
        return deletion(resource, seen, turn);
    }
    let Begun { mut draft, last, diff } = begun(resource, CustomKind::SessionJob, &mut turn);
    if let Some(problem) = seen.problems.first() {
        draft.error(Some(problem));
        turn.says(Operator, EventReason::ValidationError, problem.as_str());
        return finish(draft, turn);
    }
    match seen.gate {
        SessionGate::Ready => {}
        SessionGate::Application => {
            draft.error(Some(texts::APPLICATION));
            turn.says(Operator, EventReason::ValidationError, texts::APPLICATION);
            return finish(draft, turn);
        }
        // Its session wakes it.
        SessionGate::Absent | SessionGate::Silent | SessionGate::SilentWithJobs => {
            turn.again = (seen.gate != SessionGate::Absent).then_some(PATIENT);
            return finish(draft, turn);
        }
    }
    // Also a job that is changed goes on from its newest state, and not from what its ledger remembers.
    let is_lost = !matches!(seen.loss, SeenLoss::No | SeenLoss::GoesOn);
    if is_lost && !has_finished(&resource.status) {
        lost(seen, &mut draft, &mut turn);
        return finish(draft, turn);
    }
    match diff {
        SpecDiff::Upgrade => {
            begin(resource, seen, &mut draft, &mut turn, last.is_none(), now);
            return finish(draft, turn);
        }
        SpecDiff::Ignored => {
            draft.wants_the_same(&resource.spec, now.millis);
        }
        SpecDiff::Same => {}
    }
    if let Some(failed) = &seen.failed {
        draft.error(Some(failed));
        turn.says(Operator, EventReason::Error, failed.as_str());
        return finish(draft, turn);
    }
    if ReconciliationState::of(&resource.status) != Some(ReconciliationState::Deployed) {
        if !seen.is_brought {
            turn.act = Some(ResourceAct::Bring);
            return finish(draft, turn);
        }
        draft.state(ReconciliationState::Deployed);
    }
    // What its resource says since counts more: it goes on as that from the same state.
    if seen.loss == SeenLoss::GoesOn {
        if seen.run.is_none() {
            draft.set("jobStatus.state", "RECONCILING");
        }
        turn.act = Some(ResourceAct::Resume);
        return finish(draft, turn);
    }
    observed(resource, seen, &mut draft, &mut turn, now);
    finish(draft, turn)
}

/// Whether it has come to its own end: that stays so where its JobManager has forgotten it, and where there is another one
/// (FLINK-38290).
fn has_finished(status: &Value) -> bool {
    status["jobStatus"]["state"] == "FINISHED"
}

/// No JobManager has it, and its state is where nobody has looked yet, or where it cannot be taken from.
fn lost(seen: &SeenSessionJob, draft: &mut StatusDraft, turn: &mut ResourceTurn) {
    turn.says(Job, EventReason::Missing, "Job Not Found");
    draft.set("jobStatus.state", "RECONCILING");
    // Whoever works for its session wakes it.
    turn.again = Some(REST);
    if let SeenLoss::Stays(why) = &seen.loss {
        draft.error(Some(why));
        turn.says(Job, EventReason::Error, why.as_str());
        turn.again = Some(PATIENT);
    }
}

/// Whether an option is on: the job's, otherwise its session's.
fn is_on(resource: &CustomResource, seen: &SeenSessionJob, key: &str, default: bool) -> bool {
    let mut options = seen.options.clone();
    validate::add(&mut options, &resource.spec);
    validate::is_on(&options, key, default)
}

/// Notes what is wanted, with the id of a first submission.
fn begin(
    resource: &CustomResource,
    seen: &SeenSessionJob,
    draft: &mut StatusDraft,
    turn: &mut ResourceTurn,
    is_first: bool,
    now: &TurnTime,
) {
    draft.wants(&resource.spec, is_first, now.millis);
    draft.error(None);
    let runs = resource.spec["job"]["state"] != "suspended";
    if is_first {
        turn.says(Job, EventReason::Submit, "the job is submitted");
        // What has ended under this name was another's.
        let before = seen.run.as_ref().filter(|run| run.has_ended());
        if runs && seen.record.is_none() && (seen.run.is_none() || before.is_some()) {
            let about = &resource.metadata;
            let generation = before.map_or(0, |run| run.generation) + 1;
            draft.set("jobStatus.jobId", job_id(&about.namespace, &about.name, generation));
            draft.set("jobStatus.state", "RECONCILING");
        }
    } else if runs {
        let message = "the spec has changed: the job is brought to it";
        turn.says(Job, EventReason::SpecChanged, message);
    } else {
        turn.says(Job, EventReason::Suspended, "the job is suspended");
    }
    turn.act = Some(ResourceAct::Bring);
}

/// What Flink says of it, once what is wanted is noted and was brought about.
fn observed(
    resource: &CustomResource,
    seen: &SeenSessionJob,
    draft: &mut StatusDraft,
    turn: &mut ResourceTurn,
    now: &TurnTime,
) {
    let wants_run = resource.spec["job"]["state"] != "suspended";
    let record = seen.record.clone().unwrap_or_default();
    savepoints(draft, &record);
    let before = draft.text("/jobStatus/state").to_owned();
    let Some(run) = &seen.run else {
        let is_over = !seen.is_brought && has_finished(&resource.status);
        if wants_run && record.ended.is_none() && !is_over {
            if !seen.is_brought {
                turn.says(Job, EventReason::Missing, "Job Not Found");
                turn.act = Some(ResourceAct::Bring);
            }
            draft.set("jobStatus.state", "RECONCILING");
            turn.again = Some(SOON);
        } else if !wants_run {
            suspended(draft);
        }
        return;
    };
    draft.set("jobStatus.jobId", run.id.as_str());
    if !run.name.is_empty() {
        draft.set("jobStatus.jobName", run.name.as_str());
    }
    if 0 < run.start {
        draft.set("jobStatus.startTime", run.start.to_string());
    }
    if !wants_run && run.has_ended() {
        suspended(draft);
        return;
    }
    // Right after a submission Flink says RUNNING before any task has its slot.
    let is_new = ["", "RECONCILING", "CREATED", "INITIALIZING"].contains(&before.as_str());
    let state = match run.state.as_str() {
        "RUNNING" if is_new && !run.runs_all => "RECONCILING",
        state => state,
    };
    if before != state && !before.is_empty() {
        let message = format!("Job status changed from {before} to {state}");
        turn.says(Job, EventReason::JobStatusChanged, message);
    }
    draft.set("jobStatus.state", state);
    match state {
        "RUNNING" | "FINISHED" => {
            draft.error(None);
            draft.is_stable();
            turn.again = (state == "RUNNING").then(|| rest(run, now));
        }
        "FAILED" => {
            let cause = run.cause.as_deref().unwrap_or("the job has failed");
            draft.error(Some(cause));
            if before != "FAILED" {
                turn.says(Job, EventReason::JobException, cause);
            }
            let again = is_on(resource, seen, RESTART_FAILED, false) && !seen.is_brought;
            turn.act = again.then_some(ResourceAct::Bring);
        }
        "CANCELED" if !seen.is_brought => turn.act = Some(ResourceAct::Bring),
        // A status with an error in passing would show as degraded.
        _ => {
            draft.error(None);
            turn.again = Some(SOON);
        }
    }
}

/// Between two looks at a job that runs: as long as it has run so far, at most [`REST`], because what is to fail or to end soon does
/// that early. Where its JobManager's clock is ahead nothing is known of its age.
fn rest(run: &SeenRun, now: &TurnTime) -> Duration {
    let age = now.millis.checked_sub(run.start).and_then(|age| u64::try_from(age).ok());
    age.map_or(REST, Duration::from_millis).clamp(SOON, REST)
}

/// Where the job would go on, and its last savepoint in FKO's older form (`SavepointInfo`), which scripts look for.
fn savepoints(draft: &mut StatusDraft, record: &JobRecord) {
    if let Some(path) = &record.last_savepoint {
        draft.set("jobStatus.upgradeSavepointPath", path.as_str());
    }
    let Some(savepoint) = &record.savepoint else { return };
    let is_upgrade = record.suspended || record.started_from.as_ref() == Some(&savepoint.path);
    let format = savepoint.kind.split_once('/').map_or("CANONICAL", |(_, format)| format);
    let seconds = savepoint.time.as_deref().and_then(seconds_of);
    draft.set(
        "jobStatus.savepointInfo.lastSavepoint",
        json!({
            "location": savepoint.path,
            "timeStamp": seconds.map_or(0, |seconds| seconds.saturating_mul(1000)),
            "triggerType": if is_upgrade { "UPGRADE" } else { "MANUAL" },
            "formatType": format,
        }),
    );
}

fn suspended(draft: &mut StatusDraft) {
    draft.set("jobStatus.state", "SUSPENDED");
    draft.error(None);
    draft.is_stable();
}

fn finish(mut draft: StatusDraft, mut turn: ResourceTurn) -> ResourceTurn {
    conclude(&mut draft);
    turn.status = draft.done();
    turn
}

/// What follows from the rest: the lifecycle.
fn conclude(draft: &mut StatusDraft) {
    let status = draft.clone().done();
    let state = status["jobStatus"]["state"].as_str().unwrap_or_default();
    let has_error = crate::status::error(&status).is_some();
    let suspends = last_spec(&status).is_some_and(|spec| spec["job"]["state"] == "suspended");
    let lifecycle = match ReconciliationState::of(&status) {
        None if has_error => "FAILED",
        None => "CREATED",
        Some(ReconciliationState::Upgrading) => "UPGRADING",
        Some(ReconciliationState::Deployed) if state == "FAILED" => "FAILED",
        Some(ReconciliationState::Deployed) if suspends => "SUSPENDED",
        Some(ReconciliationState::Deployed) if is_stable(&status) => "STABLE",
        Some(ReconciliationState::Deployed) => "DEPLOYED",
    };
    draft.set("lifecycleState", lifecycle);
}

/// The status while somebody is at work for the job, from the record that is kept before each request.
pub fn while_at_work(status: &Value, record: &JobRecord) -> Value {
    let mut draft = StatusDraft::of(status);
    savepoints(&mut draft, record);
    if let Some(pending) = &record.pending {
        if let Some(id) = &pending.id {
            draft.set("jobStatus.jobId", id.as_str());
        }
        draft.set("jobStatus.state", "RECONCILING");
    } else if let Some(request) = &record.request {
        match request.kind.as_str() {
            "cancel" | "cancel-at-checkpoint" => draft.set("jobStatus.state", "CANCELLING"),
            "end" if record.suspended => draft.set("jobStatus.state", "FINISHED"),
            _ => {}
        }
    } else if record.suspended && draft.text("/jobStatus/state") == "CANCELLING" {
        draft.set("jobStatus.state", "CANCELED");
    }
    conclude(&mut draft);
    draft.done()
}

/// A job that somebody has deleted.
fn deletion(
    resource: &CustomResource,
    seen: &SeenSessionJob,
    mut turn: ResourceTurn,
) -> ResourceTurn {
    if !resource.is_held(CustomKind::SessionJob) {
        return turn;
    }
    let mut draft = StatusDraft::of(&resource.status);
    draft.set("observedGeneration", resource.metadata.generation);
    draft.set("lifecycleState", "DELETING");
    let runs = seen.run.as_ref().is_some_and(|run| !run.has_ended());
    let is_known = seen.record.is_some() || runs;
    match seen.gate {
        _ if seen.is_brought => turn.hold = Some(false),
        SessionGate::Ready if is_known && seen.failed.is_none() => {
            let saves = is_on(resource, seen, SAVEPOINT_ON_DELETION, false) && runs;
            let message = "the job is deleted";
            turn.says(Operator, EventReason::Cleanup, message);
            if runs {
                draft.set("jobStatus.state", "CANCELLING");
            }
            turn.act = Some(if saves { ResourceAct::Stop } else { ResourceAct::Cancel });
        }
        SessionGate::Ready if seen.failed.is_some() => {
            if let Some(failed) = &seen.failed {
                draft.error(Some(failed));
                turn.says(Operator, EventReason::CleanupFailed, failed.as_str());
            }
        }
        // High availability would bring it back.
        SessionGate::SilentWithJobs if is_known => {
            let message = "the job is deleted when its session answers again";
            turn.says(Operator, EventReason::Cleanup, message);
            turn.again = Some(PATIENT);
        }
        _ => turn.hold = Some(false),
    }
    turn.forgets = turn.hold == Some(false) && seen.record.is_some();
    turn.status = draft.done();
    turn
}
