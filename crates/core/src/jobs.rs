//! What is to be done for the `FlinkSessionJob`s of a session: submitted once, never doubled, changed as the
//! Flink Kubernetes Operator changes them.

use sha2::{Digest, Sha256};

use crate::problem::Problem;
use crate::record::JobRecord;
use crate::session::{SessionJob, UpgradeMode};

/// The id of a job: it follows from its name, so that whoever tries again finds it running.
pub fn job_id(namespace: &str, name: &str, generation: u64) -> String {
    let hash = Sha256::digest(format!("{namespace}/{name}"));
    let name: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{name}{generation:016x}")
}

/// Digest of the fields whose change makes it another job. As for the operator, how it is upgraded, where
/// it starts from and what is triggered are not among them.
pub fn digest(job: &SessionJob) -> String {
    let options: Vec<String> =
        job.configuration.iter().map(|(key, entry)| format!("{key}={}", entry.value)).collect();
    let text = format!(
        "{:?}",
        (&job.jar_uri, &job.entry_class, &job.args, job.parallelism, job.restart_nonce, options)
    );
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A job as the session reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    /// The session does not know it.
    Absent,
    /// It runs, or is about to.
    Running,
    /// It has ended.
    Ended,
}

/// One thing to do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Cancel the job of this generation.
    Cancel(u64),
    /// Stop it with a savepoint, and remember that.
    StopWithSavepoint(u64),
    /// Cancel it, and remember its last checkpoint.
    CancelAtCheckpoint(u64),
    /// It has ended: remember the newest state that it left, if any.
    Recall(u64),
    /// Submit it under this generation.
    Submit {
        /// Part of the id.
        generation: u64,
        /// Where it starts from.
        from: From,
    },
    /// Take a savepoint of this generation.
    Savepoint(u64),
    /// Take a checkpoint of this generation.
    Checkpoint(u64),
}

/// Where a submission starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// From nothing.
    Nothing,
    /// From this savepoint.
    Path(String),
    /// From what the steps before remembered, or else the record; see [`start`].
    Remembered,
}

/// The path that a submission starts from. A job that has left no state yet begins where it would have begun the
/// first time.
pub fn start(from: &From, job: &SessionJob, record: &JobRecord) -> Option<String> {
    match from {
        From::Nothing => None,
        From::Path(path) => Some(path.clone()),
        From::Remembered => {
            record.last_savepoint.clone().or_else(|| job.initial_savepoint_path.clone())
        }
    }
}

/// What is wrong with a job in the light of what was done for it.
///
/// A redeployment without a savepoint would begin from nothing, which nobody asks for in this way. The operator
/// refuses it, too.
pub fn problems(job: &SessionJob, record: Option<&JobRecord>) -> Vec<Problem> {
    if redeploys(job, record) && job.initial_savepoint_path.as_deref().is_none_or(str::is_empty) {
        let message = format!("job `{}` is to be redeployed, and from nowhere", job.name);
        return vec![
            Problem::new("spec.job.initialSavepointPath", message)
                .hint("name the savepoint, or leave savepointRedeployNonce as it was"),
        ];
    }
    Vec::new()
}

fn redeploys(job: &SessionJob, record: Option<&JobRecord>) -> bool {
    job.running
        && job.savepoint_redeploy_nonce.is_some()
        && record
            .is_some_and(|record| job.savepoint_redeploy_nonce != record.savepoint_redeploy_nonce)
}

/// The record as the session bears it out: a submission that was begun counts when the session knows its job, and is
/// forgotten when not; a job that runs without a record was submitted by an earlier try.
pub fn settle(
    job: &SessionJob,
    record: Option<&JobRecord>,
    observed: impl Fn(u64) -> Observed,
) -> Option<JobRecord> {
    let mut record = record.cloned().unwrap_or_default();
    if let Some(pending) = record.pending.take()
        && observed(pending.generation) != Observed::Absent
    {
        return Some(*pending);
    }
    if 0 < record.generation {
        return Some(record);
    }
    let submit = Step::Submit { generation: 1, from: From::Nothing };
    (observed(1) != Observed::Absent).then(|| carried_out(job, None, &[submit]))
}

/// Decides for one job. `record` is [`settle`]d; `observed` is asked for a generation.
///
/// Carried out and asked again with what is then there, it decides for nothing.
pub fn decide(
    job: &SessionJob,
    record: Option<&JobRecord>,
    observed: impl Fn(u64) -> Observed,
) -> Vec<Step> {
    let initial = || job.initial_savepoint_path.clone().map_or(From::Nothing, From::Path);
    let Some(record) = record else {
        let submit = Step::Submit { generation: 1, from: initial() };
        return if job.running { vec![submit] } else { Vec::new() };
    };
    let generation = record.generation;
    let state = observed(generation);
    let runs = state == Observed::Running;
    let stop = match job.upgrade_mode {
        UpgradeMode::Stateless => Step::Cancel(generation),
        UpgradeMode::Savepoint => Step::StopWithSavepoint(generation),
        UpgradeMode::LastState => Step::CancelAtCheckpoint(generation),
    };
    if !job.running {
        return if runs { vec![stop] } else { Vec::new() };
    }
    let next = generation + 1;
    if redeploys(job, Some(record)) {
        let mut steps = if runs { vec![Step::Cancel(generation)] } else { Vec::new() };
        steps.push(Step::Submit { generation: next, from: initial() });
        return steps;
    }
    let resumed = match job.upgrade_mode {
        UpgradeMode::Stateless => From::Nothing,
        _ => From::Remembered,
    };
    if digest(job) != record.digest || (record.suspended && !runs) {
        let mut steps = Vec::new();
        match state {
            Observed::Running => steps.push(stop),
            // It may have gone on after what the record remembers: canceled by others, or failed.
            Observed::Ended if resumed == From::Remembered => steps.push(Step::Recall(generation)),
            Observed::Ended | Observed::Absent => {}
        }
        steps.push(Step::Submit { generation: next, from: resumed });
        return steps;
    }
    match state {
        // A session that started anew: the id is free again.
        Observed::Absent => vec![Step::Submit { generation, from: resumed }],
        Observed::Ended => Vec::new(),
        Observed::Running => {
            let mut steps = Vec::new();
            let differs = |new: Option<i64>, old: Option<i64>| new.is_some() && new != old;
            if differs(job.savepoint_trigger_nonce, record.savepoint_trigger_nonce) {
                steps.push(Step::Savepoint(generation));
            }
            if differs(job.checkpoint_trigger_nonce, record.checkpoint_trigger_nonce) {
                steps.push(Step::Checkpoint(generation));
            }
            steps
        }
    }
}

/// The record after all steps were carried out.
pub fn carried_out(job: &SessionJob, record: Option<&JobRecord>, steps: &[Step]) -> JobRecord {
    let mut record = record.cloned().unwrap_or_default();
    for step in steps {
        match step {
            Step::Submit { generation, .. } => {
                record.generation = *generation;
                record.digest = digest(job);
                record.suspended = false;
            }
            Step::Cancel(_) | Step::StopWithSavepoint(_) | Step::CancelAtCheckpoint(_) => {
                record.suspended = true;
            }
            Step::Recall(_) | Step::Savepoint(_) | Step::Checkpoint(_) => {}
        }
    }
    record.savepoint_trigger_nonce = job.savepoint_trigger_nonce;
    record.checkpoint_trigger_nonce = job.checkpoint_trigger_nonce;
    record.savepoint_redeploy_nonce = job.savepoint_redeploy_nonce;
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flink::Configuration;
    use proptest::prelude::*;

    fn job() -> SessionJob {
        SessionJob {
            name: "count".to_owned(),
            jar_uri: Some("a.jar".to_owned()),
            entry_class: None,
            args: Vec::new(),
            parallelism: None,
            running: true,
            upgrade_mode: UpgradeMode::Stateless,
            initial_savepoint_path: None,
            allow_non_restored_state: false,
            savepoint_trigger_nonce: None,
            checkpoint_trigger_nonce: None,
            savepoint_redeploy_nonce: None,
            restart_nonce: None,
            configuration: Configuration::new(),
        }
    }

    fn submitted(job: &SessionJob) -> JobRecord {
        carried_out(job, None, &[Step::Submit { generation: 1, from: From::Nothing }])
    }

    #[test]
    fn ids_are_names_and_generations() {
        let id = job_id("default", "count", 1);
        assert_eq!(id.len(), 32);
        assert!(id.ends_with("0000000000000001"));
        assert_ne!(id[..16], job_id("other", "count", 1)[..16]);
    }

    #[test]
    fn submitted_once() {
        #[track_caller]
        fn check(record: Option<&JobRecord>, observed: Observed, expected: &[Step]) {
            let record = settle(&job(), record, |_| observed);
            assert_eq!(decide(&job(), record.as_ref(), |_| observed), expected);
        }
        let first = Step::Submit { generation: 1, from: From::Nothing };
        check(None, Observed::Absent, std::slice::from_ref(&first));
        check(None, Observed::Running, &[]);
        let record = submitted(&job());
        check(Some(&record), Observed::Running, &[]);
        check(Some(&record), Observed::Ended, &[]);
        check(Some(&record), Observed::Absent, &[first]);
    }

    #[test]
    fn changed_as_the_user_wants() {
        #[track_caller]
        fn check(mode: UpgradeMode, change: impl Fn(&mut SessionJob), expected: &[Step]) {
            let record = submitted(&job());
            let mut job = SessionJob { upgrade_mode: mode, ..job() };
            change(&mut job);
            assert_eq!(decide(&job, Some(&record), |_| Observed::Running), expected);
        }
        let submit = |from| Step::Submit { generation: 2, from };
        let other_jar = |job: &mut SessionJob| job.jar_uri = Some("b.jar".to_owned());
        check(UpgradeMode::Stateless, other_jar, &[Step::Cancel(1), submit(From::Nothing)]);
        check(
            UpgradeMode::Savepoint,
            other_jar,
            &[Step::StopWithSavepoint(1), submit(From::Remembered)],
        );
        check(
            UpgradeMode::LastState,
            other_jar,
            &[Step::CancelAtCheckpoint(1), submit(From::Remembered)],
        );
        check(UpgradeMode::Savepoint, |job| job.running = false, &[Step::StopWithSavepoint(1)]);
        check(
            UpgradeMode::Savepoint,
            |job| job.savepoint_trigger_nonce = Some(1),
            &[Step::Savepoint(1)],
        );
        let redeploy = |job: &mut SessionJob| {
            job.savepoint_redeploy_nonce = Some(1);
            job.initial_savepoint_path = Some("/sp".to_owned());
        };
        check(
            UpgradeMode::Savepoint,
            redeploy,
            &[Step::Cancel(1), submit(From::Path("/sp".to_owned()))],
        );
    }

    #[test]
    fn a_suspended_job_is_resumed_from_where_it_was() {
        #[track_caller]
        fn check(mode: UpgradeMode, there: Observed, expected: &[Step]) {
            let on = SessionJob { upgrade_mode: mode, ..job() };
            let off = SessionJob { running: false, ..on.clone() };
            let steps = decide(&off, Some(&submitted(&on)), |_| Observed::Running);
            let record = carried_out(&off, Some(&submitted(&on)), &steps);
            assert_eq!(decide(&off, Some(&record), |_| there), Vec::new());
            assert_eq!(decide(&on, Some(&record), |_| there), expected, "{mode:?} {there:?}");
            let record = carried_out(&on, Some(&record), expected);
            assert_eq!(decide(&on, Some(&record), |_| Observed::Running), Vec::new());
        }
        let submit = |from| Step::Submit { generation: 2, from };
        check(UpgradeMode::Stateless, Observed::Ended, &[submit(From::Nothing)]);
        check(UpgradeMode::Savepoint, Observed::Absent, &[submit(From::Remembered)]);
        let recalled = [Step::Recall(1), submit(From::Remembered)];
        check(UpgradeMode::Savepoint, Observed::Ended, &recalled);
        check(UpgradeMode::LastState, Observed::Ended, &recalled);
    }

    #[test]
    fn a_job_that_failed_goes_on_from_the_state_it_left() {
        let new = SessionJob {
            jar_uri: Some("b.jar".to_owned()),
            upgrade_mode: UpgradeMode::Savepoint,
            ..job()
        };
        let steps = decide(&new, Some(&submitted(&job())), |_| Observed::Ended);
        let submit = Step::Submit { generation: 2, from: From::Remembered };
        assert_eq!(steps, [Step::Recall(1), submit]);
    }

    /// The answer to a submission was lost, or the command ended before it came.
    #[test]
    fn a_submission_counts_when_it_has_arrived() {
        #[track_caller]
        fn check(old: Option<&JobRecord>, generation: u64, there: Observed, steps: usize) {
            let new = SessionJob { jar_uri: Some("b.jar".to_owned()), ..job() };
            let submit = Step::Submit { generation, from: From::Nothing };
            let pending = carried_out(&new, old, &[submit]);
            let record =
                JobRecord { pending: Some(Box::new(pending)), ..old.cloned().unwrap_or_default() };
            let observed = |asked| match asked {
                asked if asked == generation => there,
                0 => Observed::Absent,
                _ => Observed::Ended,
            };
            let settled = settle(&new, Some(&record), observed);
            let decided = decide(&new, settled.as_ref(), observed);
            assert_eq!(decided.len(), steps, "{decided:?}");
            assert_eq!(settled.and_then(|record| record.pending), None);
        }
        for old in [None, Some(submitted(&job()))] {
            let next = old.as_ref().map_or(1, |record| record.generation + 1);
            check(old.as_ref(), next, Observed::Running, 0);
            check(old.as_ref(), next, Observed::Ended, 0);
            check(old.as_ref(), next, Observed::Absent, 1);
        }
    }

    #[test]
    fn a_redeployment_needs_a_savepoint() {
        let record = submitted(&job());
        let mut job = SessionJob { savepoint_redeploy_nonce: Some(1), ..job() };
        assert_eq!(problems(&job, Some(&record)).len(), 1);
        assert_eq!(problems(&job, None), []);
        job.initial_savepoint_path = Some("file:///s".to_owned());
        assert_eq!(problems(&job, Some(&record)), []);
    }

    #[test]
    fn where_a_job_starts() {
        #[track_caller]
        fn check(from: From, initial: Option<&str>, last: Option<&str>, expected: Option<&str>) {
            let job = SessionJob { initial_savepoint_path: initial.map(str::to_owned), ..job() };
            let record =
                JobRecord { last_savepoint: last.map(str::to_owned), ..JobRecord::default() };
            assert_eq!(start(&from, &job, &record).as_deref(), expected);
        }
        check(From::Nothing, Some("i"), Some("l"), None);
        check(From::Path("p".to_owned()), Some("i"), Some("l"), Some("p"));
        check(From::Remembered, Some("i"), Some("l"), Some("l"));
        check(From::Remembered, Some("i"), None, Some("i"));
    }

    proptest! {
        #[test]
        fn deciding_again_does_nothing(
            running in any::<bool>(),
            mode in 0..3,
            nonces in any::<[Option<i64>; 3]>(),
            change in any::<bool>(),
            before in 0..3,
        ) {
            let old = job();
            let record = submitted(&old);
            let modes = [UpgradeMode::Stateless, UpgradeMode::Savepoint, UpgradeMode::LastState];
            let new = SessionJob {
                running,
                upgrade_mode: modes[usize::try_from(mode).unwrap()],
                jar_uri: Some(if change { "b.jar" } else { "a.jar" }.to_owned()),
                savepoint_trigger_nonce: nonces[0],
                checkpoint_trigger_nonce: nonces[1],
                savepoint_redeploy_nonce: nonces[2],
                ..old
            };
            let states = [Observed::Absent, Observed::Running, Observed::Ended];
            let state = states[usize::try_from(before).unwrap()];
            let steps = decide(&new, Some(&record), |_| state);
            let after = carried_out(&new, Some(&record), &steps);
            let submits = steps.iter().any(|step| matches!(step, Step::Submit { .. }));
            let runs = submits || (running && state == Observed::Running);
            let now = if runs { Observed::Running } else { Observed::Ended };
            prop_assert_eq!(decide(&new, Some(&after), |_| now), Vec::new());
        }
    }
}
