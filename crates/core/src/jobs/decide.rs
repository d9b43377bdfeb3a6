//! From what a job shall be and what it is to the steps between.

use super::{From, JobStep, ObservedJob, Policy, digest, sent};
use crate::record::JobRecord;
use crate::session::{SessionJob, UpgradeMode};
use nutkin_flink::problem::Problem;

/// What is wrong with a job in the light of what was done for it.
///
/// A redeployment without a savepoint would begin from nothing, which nobody asks for in this way. The operator
/// refuses it, too.
pub fn problems(job: &SessionJob, record: Option<&JobRecord>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if redeploys(job, record) && job.initial_savepoint_path.as_deref().is_none_or(str::is_empty) {
        let message = format!(
            "job `{}` changed savepointRedeployNonce, but initialSavepointPath is not set",
            job.name
        );
        problems.push(
            Problem::new("spec.job.initialSavepointPath", message)
                .hint("name the savepoint, or leave savepointRedeployNonce as it was"),
        );
    }
    problems.extend(job.problem());
    problems
}

/// Whether it is to begin anew from the savepoint that it names.
pub fn redeploys(job: &SessionJob, record: Option<&JobRecord>) -> bool {
    let differs =
        |record: &JobRecord| differs(job.savepoint_redeploy_nonce, record.savepoint_redeploy_nonce);
    job.running && record.is_some_and(differs)
}

/// A nonce that is left out, or taken out, asks for nothing.
fn differs(new: Option<i64>, old: Option<i64>) -> bool {
    new.is_some() && new != old
}

/// Decides for one job. `record` is [settled](super::settle); `state` is that of the record's generation.
///
/// Carried out and asked again with what is then there, it decides for nothing.
pub fn decide(
    job: &SessionJob,
    policy: Policy,
    record: Option<&JobRecord>,
    state: ObservedJob,
) -> Vec<JobStep> {
    let initial = || job.initial_savepoint_path.clone().map_or(From::Nothing, From::Path);
    let Some(record) = record.filter(|record| !record.is_of_another()) else {
        let generation = record.map_or(0, |before| before.generation) + 1;
        let submit = JobStep::Submit { generation, from: initial() };
        return if job.running { vec![submit] } else { Vec::new() };
    };
    let generation = record.generation;
    let stop = match job.upgrade_mode {
        UpgradeMode::Stateless => JobStep::Cancel(generation),
        UpgradeMode::Savepoint
            if state == ObservedJob::Restarting && policy.last_state_fallback =>
        {
            JobStep::CancelAtCheckpoint(generation)
        }
        UpgradeMode::Savepoint => JobStep::StopWithSavepoint(generation),
        UpgradeMode::LastState => JobStep::CancelAtCheckpoint(generation),
    };
    if !job.running {
        return if state.is_alive() { vec![stop] } else { Vec::new() };
    }
    let next = generation + 1;
    if redeploys(job, Some(record)) {
        let mut steps =
            if state.is_alive() { vec![JobStep::Cancel(generation)] } else { Vec::new() };
        steps.push(JobStep::Submit { generation: next, from: initial() });
        return steps;
    }
    let resumed = match job.upgrade_mode {
        UpgradeMode::Stateless => From::Nothing,
        UpgradeMode::Savepoint | UpgradeMode::LastState => From::Remembered,
    };
    // A session that started again does not know what had ended before.
    let end = if state == ObservedJob::Absent { record.end() } else { state };
    let is_another =
        digest(job) != record.digest || differs(job.restart_nonce, record.restart_nonce);
    let is_to_run_again = match end {
        ObservedJob::Absent | ObservedJob::Finished => record.suspended,
        ObservedJob::Canceled => true,
        ObservedJob::Failed => record.suspended || policy.restart_failed,
        ObservedJob::Running | ObservedJob::Restarting => false,
    };
    if is_another || is_to_run_again {
        let mut steps = Vec::new();
        if state.is_alive() {
            steps.push(stop);
        } else if state != ObservedJob::Absent && resumed == From::Remembered {
            // It may have gone on after what the record remembers: canceled by others, or failed.
            steps.push(JobStep::Recall(generation));
        }
        steps.push(JobStep::Submit { generation: next, from: resumed });
        return steps;
    }
    match state {
        ObservedJob::Absent if end != ObservedJob::Absent => Vec::new(),
        // A session that started again: the id is free again.
        ObservedJob::Absent => vec![JobStep::Submit { generation, from: resumed }],
        ObservedJob::Finished | ObservedJob::Failed | ObservedJob::Canceled => Vec::new(),
        ObservedJob::Running | ObservedJob::Restarting => {
            let mut steps = Vec::new();
            if differs(job.savepoint_trigger_nonce, record.savepoint_trigger_nonce) {
                steps.push(JobStep::Savepoint(generation));
            }
            if differs(job.checkpoint_trigger_nonce, record.checkpoint_trigger_nonce) {
                steps.push(JobStep::Checkpoint(generation));
            }
            steps
        }
    }
}

/// Writes down what is submitted.
fn describe(record: &mut JobRecord, job: &SessionJob) {
    record.jar.clone_from(&job.jar_uri);
    record.entry_class.clone_from(&job.entry_class);
    record.args.clone_from(&job.args);
    record.parallelism = job.parallelism;
    record.options = sent(job).map(|(key, value)| (key.to_owned(), value)).collect();
    record.allow_non_restored_state = job.allow_non_restored_state;
    record.ended = None;
}

/// The record after all steps were carried out.
pub fn carried_out(job: &SessionJob, record: Option<&JobRecord>, steps: &[JobStep]) -> JobRecord {
    let mut record = record.cloned().unwrap_or_default();
    for step in steps {
        match step {
            JobStep::Submit { generation, .. } => {
                record.generation = *generation;
                record.digest = digest(job);
                record.suspended = false;
                describe(&mut record, job);
            }
            JobStep::Cancel(_) | JobStep::StopWithSavepoint(_) | JobStep::CancelAtCheckpoint(_) => {
                record.suspended = true;
            }
            JobStep::Recall(_) | JobStep::Savepoint(_) | JobStep::Checkpoint(_) => {}
        }
    }
    // What a job that does not run shall do when it does is done with: its submission is newer.
    record.savepoint_trigger_nonce = job.savepoint_trigger_nonce;
    record.checkpoint_trigger_nonce = job.checkpoint_trigger_nonce;
    record.savepoint_redeploy_nonce = job.savepoint_redeploy_nonce;
    record.restart_nonce = job.restart_nonce;
    record
}
