//! Tests of the decisions about jobs.

use proptest::prelude::*;

use super::*;
use crate::session::UpgradeMode;
use nutkin_flink::{Configuration, Origin};

const POLICY: Policy = Policy { restart_failed: false, last_state_fallback: true };

pub(super) fn job() -> SessionJob {
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
    carried_out(job, None, &[JobStep::Submit { generation: 1, from: From::Nothing }])
}

fn submit(generation: u64, from: From) -> JobStep {
    JobStep::Submit { generation, from }
}

#[test]
fn ids_are_names_and_generations() {
    let id = job_id("default", "count", 1);
    assert_eq!(id.len(), 32);
    assert!(id.ends_with("0000000000000001"));
    assert_ne!(id[..16], job_id("other", "count", 1)[..16]);
}

#[test]
fn the_jobs_of_one_name_are_found_among_all() {
    let ids = [job_id("n", "a", 1), job_id("n", "a", 18), job_id("n", "b", 3), "x".to_owned()];
    let states = ["CANCELED", "RESTARTING", "RUNNING", "RUNNING"];
    let jobs = ids.iter().map(String::as_str).zip(states);
    let expected = Known::from([(1, ObservedJob::Canceled), (18, ObservedJob::Restarting)]);
    assert_eq!(known("n", "a", jobs), expected);
}

#[test]
fn submitted_once() {
    #[track_caller]
    fn check(record: Option<&JobRecord>, known: &[(u64, ObservedJob)], expected: &[JobStep]) {
        let known: Known = known.iter().copied().collect();
        let record = settle(&job(), record, &known);
        let generation = record.as_ref().map_or(1, |record| record.generation);
        let state = known.get(&generation).copied().unwrap_or(ObservedJob::Absent);
        assert_eq!(decide(&job(), POLICY, record.as_ref(), state), expected);
    }
    let first = submit(1, From::Nothing);
    check(None, &[], std::slice::from_ref(&first));
    // The record is lost: the session knows better.
    check(None, &[(1, ObservedJob::Running)], &[]);
    check(None, &[(1, ObservedJob::Canceled), (2, ObservedJob::Running)], &[]);
    check(None, &[(1, ObservedJob::Finished)], &[]);
    let record = submitted(&job());
    check(Some(&record), &[(1, ObservedJob::Running)], &[]);
    check(Some(&record), &[(1, ObservedJob::Finished)], &[]);
    check(Some(&record), &[(1, ObservedJob::Failed)], &[]);
    check(Some(&record), &[(1, ObservedJob::Canceled)], &[submit(2, From::Nothing)]);
    check(Some(&record), &[(1, ObservedJob::Canceled), (2, ObservedJob::Restarting)], &[]);
    check(Some(&record), &[], std::slice::from_ref(&first));
    // Nothing goes on of another one of its name, whether the session still lists that or not.
    let after = JobRecord::after_another(3);
    check(Some(&after), &[(3, ObservedJob::Finished)], &[submit(4, From::Nothing)]);
    check(Some(&after), &[], &[submit(4, From::Nothing)]);
    check(Some(&after), &[(3, ObservedJob::Finished), (4, ObservedJob::Running)], &[]);
    // A session that started again: what has finished before does not run again, what else has ended does.
    let ended = |state: &str| JobRecord { ended: Some(state.to_owned()), ..record.clone() };
    check(Some(&ended("FINISHED")), &[], &[]);
    check(Some(&ended("UNKNOWN")), &[], &[first]);
    // A session that started again: what had failed stays so, and the id of what was canceled is in the archive.
    check(Some(&ended("FAILED")), &[], &[]);
    check(Some(&ended("CANCELED")), &[], &[submit(2, From::Nothing)]);
    check(Some(&ended("CANCELED")), &[(1, ObservedJob::Running)], &[]);
}

#[test]
fn changed_as_the_user_wants() {
    #[track_caller]
    fn check(
        mode: UpgradeMode,
        state: ObservedJob,
        change: impl Fn(&mut SessionJob),
        expected: &[JobStep],
    ) {
        let record = submitted(&job());
        let mut job = SessionJob { upgrade_mode: mode, ..job() };
        change(&mut job);
        let steps = decide(&job, POLICY, Some(&record), state);
        assert_eq!(steps, expected);
        let after = carried_out(&job, Some(&record), &steps);
        let state = if job.running { ObservedJob::Running } else { ObservedJob::Finished };
        assert_eq!(decide(&job, POLICY, Some(&after), state), Vec::new());
    }
    use ObservedJob::{Failed, Finished, Restarting, Running};
    use UpgradeMode::{LastState, Savepoint, Stateless};
    let other = |job: &mut SessionJob| job.jar_uri = Some("b.jar".to_owned());
    let remembered = || submit(2, From::Remembered);
    check(Stateless, Running, other, &[JobStep::Cancel(1), submit(2, From::Nothing)]);
    check(Stateless, Failed, other, &[submit(2, From::Nothing)]);
    check(Savepoint, Running, other, &[JobStep::StopWithSavepoint(1), remembered()]);
    check(Savepoint, Restarting, other, &[JobStep::CancelAtCheckpoint(1), remembered()]);
    check(Savepoint, Failed, other, &[JobStep::Recall(1), remembered()]);
    check(LastState, Running, other, &[JobStep::CancelAtCheckpoint(1), remembered()]);
    check(LastState, Finished, other, &[JobStep::Recall(1), remembered()]);
    let again = |job: &mut SessionJob| job.restart_nonce = Some(7);
    check(Stateless, Running, again, &[JobStep::Cancel(1), submit(2, From::Nothing)]);
    check(Savepoint, Finished, again, &[JobStep::Recall(1), remembered()]);
    let off = |job: &mut SessionJob| job.running = false;
    check(Stateless, Running, off, &[JobStep::Cancel(1)]);
    check(Savepoint, Running, off, &[JobStep::StopWithSavepoint(1)]);
    check(Savepoint, Failed, off, &[]);
    let savepoint = |job: &mut SessionJob| job.savepoint_trigger_nonce = Some(1);
    check(Savepoint, Running, savepoint, &[JobStep::Savepoint(1)]);
    let redeploy = |job: &mut SessionJob| {
        job.savepoint_redeploy_nonce = Some(1);
        job.initial_savepoint_path = Some("/sp".to_owned());
    };
    let there = || submit(2, From::Path("/sp".to_owned()));
    check(Savepoint, Running, redeploy, &[JobStep::Cancel(1), there()]);
    check(Savepoint, Failed, redeploy, &[there()]);
    let ignored = |job: &mut SessionJob| {
        job.configuration.set("kubernetes.operator.x", "y", Origin::Field(String::new()));
        job.allow_non_restored_state = true;
    };
    check(Savepoint, Running, ignored, &[]);
}

#[test]
fn a_nonce_that_is_taken_out_asks_for_nothing() {
    let with = SessionJob {
        savepoint_trigger_nonce: Some(1),
        savepoint_redeploy_nonce: Some(1),
        restart_nonce: Some(1),
        ..job()
    };
    let steps = decide(&job(), POLICY, Some(&submitted(&with)), ObservedJob::Running);
    assert_eq!(steps, Vec::new());
}

#[test]
fn the_options_of_the_operator_that_hold_here() {
    #[track_caller]
    fn check(option: (&str, &str), mode: UpgradeMode, state: ObservedJob, expected: &[JobStep]) {
        let mut configuration = Configuration::new();
        configuration.set(option.0, option.1, Origin::Field(String::new()));
        let policy = Policy::of(&configuration, &Configuration::new());
        assert_eq!(Policy::of(&Configuration::new(), &configuration), policy);
        let job =
            SessionJob { upgrade_mode: mode, running: state != ObservedJob::Restarting, ..job() };
        assert_eq!(decide(&job, policy, Some(&submitted(&job)), state), expected);
    }
    let restart = ("kubernetes.operator.job.restart.failed", "true");
    check(restart, UpgradeMode::Stateless, ObservedJob::Failed, &[submit(2, From::Nothing)]);
    check(restart, UpgradeMode::Stateless, ObservedJob::Finished, &[]);
    let from = [JobStep::Recall(1), submit(2, From::Remembered)];
    check(restart, UpgradeMode::LastState, ObservedJob::Failed, &from);
    let fallback = "kubernetes.operator.job.upgrade.last-state-fallback.enabled";
    let (here, there) = (JobStep::StopWithSavepoint(1), JobStep::CancelAtCheckpoint(1));
    check((fallback, "false"), UpgradeMode::Savepoint, ObservedJob::Restarting, &[here]);
    check((fallback, "true"), UpgradeMode::Savepoint, ObservedJob::Restarting, &[there]);
}

#[test]
fn a_suspended_job_is_resumed_from_where_it_was() {
    #[track_caller]
    fn check(mode: UpgradeMode, there: ObservedJob, expected: &[JobStep]) {
        let on = SessionJob { upgrade_mode: mode, ..job() };
        let off = SessionJob { running: false, ..on.clone() };
        let steps = decide(&off, POLICY, Some(&submitted(&on)), ObservedJob::Running);
        let record = carried_out(&off, Some(&submitted(&on)), &steps);
        assert_eq!(decide(&off, POLICY, Some(&record), there), Vec::new());
        assert_eq!(decide(&on, POLICY, Some(&record), there), expected, "{mode:?} {there:?}");
        let record = carried_out(&on, Some(&record), expected);
        assert_eq!(decide(&on, POLICY, Some(&record), ObservedJob::Running), Vec::new());
    }
    check(UpgradeMode::Stateless, ObservedJob::Canceled, &[submit(2, From::Nothing)]);
    check(UpgradeMode::Savepoint, ObservedJob::Absent, &[submit(2, From::Remembered)]);
    let recalled = [JobStep::Recall(1), submit(2, From::Remembered)];
    check(UpgradeMode::Savepoint, ObservedJob::Finished, &recalled);
    check(UpgradeMode::LastState, ObservedJob::Canceled, &recalled);
}

/// The answer to a submission was lost, or the command ended before it came.
#[test]
fn a_submission_counts_when_it_has_arrived() {
    #[track_caller]
    fn check(old: Option<&JobRecord>, there: Option<ObservedJob>, steps: usize) {
        let generation = old.map_or(1, |record| record.generation + 1);
        let new = SessionJob { jar_uri: Some("b.jar".to_owned()), ..job() };
        let pending = carried_out(&new, old, &[submit(generation, From::Nothing)]);
        let record =
            JobRecord { pending: Some(Box::new(pending)), ..old.cloned().unwrap_or_default() };
        let mut known: Known = there.map(|state| (generation, state)).into_iter().collect();
        if let Some(old) = old {
            known.insert(old.generation, ObservedJob::Canceled);
        }
        let settled = settle(&new, Some(&record), &known);
        let state = settled.as_ref().and_then(|record| known.get(&record.generation)).copied();
        let state = state.unwrap_or(ObservedJob::Absent);
        let decided = decide(&new, POLICY, settled.as_ref(), state);
        assert_eq!(decided.len(), steps, "{decided:?}");
        assert_eq!(settled.and_then(|record| record.pending), None);
    }
    for old in [None, Some(submitted(&job()))] {
        check(old.as_ref(), Some(ObservedJob::Running), 0);
        check(old.as_ref(), Some(ObservedJob::Finished), 0);
        check(old.as_ref(), None, 1);
    }
}

#[test]
fn what_cannot_be_done_is_a_problem() {
    #[track_caller]
    fn check(change: impl Fn(&mut SessionJob), record: Option<&JobRecord>, expected: &[&str]) {
        let mut job = job();
        change(&mut job);
        let problems = problems(&job, record);
        let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, expected);
    }
    let record = submitted(&job());
    let redeploy = |job: &mut SessionJob| job.savepoint_redeploy_nonce = Some(1);
    check(redeploy, Some(&record), &["spec.job.initialSavepointPath"]);
    check(redeploy, None, &[]);
    let there = |job: &mut SessionJob| {
        redeploy(job);
        job.initial_savepoint_path = Some("file:///s".to_owned());
    };
    check(there, Some(&record), &[]);
    let nothing = |job: &mut SessionJob| job.jar_uri = None;
    check(nothing, None, &["spec.job.jarURI"]);
    let class = |job: &mut SessionJob| {
        nothing(job);
        job.entry_class = Some("org.example.Main".to_owned());
    };
    check(class, None, &[]);
}

#[test]
fn what_is_said_about_a_job() {
    /// `jar` is the digest of the file now; `old` is that of the jar which was submitted.
    #[track_caller]
    fn check(
        version: &str,
        record: Option<&JobRecord>,
        state: ObservedJob,
        jar: &str,
        said: &[&str],
    ) {
        let mut job = job();
        job.configuration.set("state.backend.type", "rocksdb", Origin::Field(String::new()));
        job.configuration.set("kubernetes.operator.x", "y", Origin::Field(String::new()));
        let record = record.map(|record| JobRecord {
            digest: digest(&job),
            jar_digest: Some("old".to_owned()),
            ..record.clone()
        });
        let steps = decide(&job, POLICY, record.as_ref(), state);
        let version = version.parse().expect("a version");
        let notes = notes(&job, version, record.as_ref(), state, &steps, Some(jar));
        assert_eq!(notes.len(), said.len(), "{notes:?}");
        for (note, expected) in notes.iter().zip(said) {
            assert!(note.text.contains(expected), "{note:?}");
        }
    }
    let record = submitted(&job());
    let there = Some(&record);
    let no_options = "takes no options with a job, `state.backend.type`";
    check("1.20", None, ObservedJob::Absent, "old", &[]);
    check("1.16", None, ObservedJob::Absent, "old", &[no_options]);
    check("1.16", there, ObservedJob::Running, "old", &["is unchanged"]);
    let another = "but the file has changed";
    check("1.20", there, ObservedJob::Running, "new", &["is unchanged", another]);
    check("1.20", there, ObservedJob::Absent, "new", &["has lost job `count`"]);
    check("1.20", there, ObservedJob::Failed, "old", &["has failed and is left alone"]);
    check("1.20", there, ObservedJob::Finished, "old", &["has finished"]);
    check("1.20", there, ObservedJob::Canceled, "old", &[]);
}

#[test]
fn where_a_job_starts() {
    #[track_caller]
    fn check(from: From, initial: Option<&str>, last: Option<&str>, expected: Option<&str>) {
        let job = SessionJob { initial_savepoint_path: initial.map(str::to_owned), ..job() };
        let record = JobRecord { last_savepoint: last.map(str::to_owned), ..JobRecord::default() };
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
        mode in 0..3_usize,
        nonces in any::<[Option<i64>; 4]>(),
        change in any::<bool>(),
        suspended in any::<bool>(),
        before in 0..6_usize,
    ) {
        let old = job();
        let record = JobRecord { suspended, ..submitted(&old) };
        let modes = [UpgradeMode::Stateless, UpgradeMode::Savepoint, UpgradeMode::LastState];
        let new = SessionJob {
            running,
            upgrade_mode: modes[mode],
            jar_uri: Some(if change { "b.jar" } else { "a.jar" }.to_owned()),
            savepoint_trigger_nonce: nonces[0],
            checkpoint_trigger_nonce: nonces[1],
            savepoint_redeploy_nonce: nonces[2],
            restart_nonce: nonces[3],
            ..old
        };
        let states = [
            ObservedJob::Absent,
            ObservedJob::Running,
            ObservedJob::Restarting,
            ObservedJob::Finished,
            ObservedJob::Failed,
            ObservedJob::Canceled,
        ];
        let state = states[before];
        let steps = decide(&new, POLICY, Some(&record), state);
        let after = carried_out(&new, Some(&record), &steps);
        let submits = steps.iter().any(|step| matches!(step, JobStep::Submit { .. }));
        let now = if submits {
            ObservedJob::Running
        } else if !running && state.is_alive() {
            ObservedJob::Finished
        } else {
            state
        };
        prop_assert_eq!(decide(&new, POLICY, Some(&after), now), Vec::new());
    }
}
