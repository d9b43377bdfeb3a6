//! What is to be done for the `FlinkSessionJob`s of a session: submitted once, never doubled, changed as the
//! Flink Kubernetes Operator changes them.

use sha2::{Digest, Sha256};

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
    /// Remember its last checkpoint, and cancel it.
    CancelAtCheckpoint(u64),
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
    /// From what the steps before remembered, or else the record.
    Remembered,
}

/// Decides for one job. `observed` is asked for a generation.
///
/// Carried out and asked again with what is then there, it decides for nothing.
pub fn decide(
    job: &SessionJob,
    record: Option<&JobRecord>,
    observed: impl Fn(u64) -> Observed,
) -> Vec<Step> {
    let initial = || job.initial_savepoint_path.clone().map_or(From::Nothing, From::Path);
    let Some(record) = record else {
        // Never seen here; but an earlier try may have got as far as the session.
        return match (job.running, observed(1)) {
            (true, Observed::Absent) => vec![Step::Submit { generation: 1, from: initial() }],
            _ => Vec::new(),
        };
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
    let redeploy = job.savepoint_redeploy_nonce.is_some()
        && job.savepoint_redeploy_nonce != record.savepoint_redeploy_nonce;
    if redeploy {
        let mut steps = if runs { vec![Step::Cancel(generation)] } else { Vec::new() };
        steps.push(Step::Submit { generation: next, from: initial() });
        return steps;
    }
    let resumed = match job.upgrade_mode {
        UpgradeMode::Stateless => From::Nothing,
        _ => From::Remembered,
    };
    if digest(job) != record.digest {
        let mut steps = if runs { vec![stop] } else { Vec::new() };
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
    let mut record =
        record.cloned().unwrap_or_else(|| JobRecord { generation: 1, ..JobRecord::default() });
    for step in steps {
        if let Step::Submit { generation, .. } = step {
            record.generation = *generation;
        }
    }
    if job.running {
        record.digest = digest(job);
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
            assert_eq!(decide(&job(), record, |_| observed), expected);
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
