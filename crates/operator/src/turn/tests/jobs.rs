//! The same of jobs.

use nutkin_core::jobs::job_id;
use nutkin_core::ledger::{JobRecord, Request, Snapshot};

use super::*;

fn run(state: &str, runs_all: bool) -> SeenRun {
    SeenRun { id: "i".to_owned(), state: state.to_owned(), runs_all, ..SeenRun::default() }
}

/// The same of a job.
#[track_caller]
fn check_job(
    job: &mut CustomResource,
    goes_well: bool,
    rows: &[(SeenSessionJob, &str, Option<ResourceAct>)],
) {
    let mut written = Vec::new();
    for (at, (seen, expected, act)) in rows.iter().enumerate() {
        let turn = session_job(job, seen, &now());
        let is_written = keep(job, CustomKind::SessionJob, &turn);
        let text = if is_written { said(&job.status) } else { String::new() };
        assert_eq!((text.as_str(), turn.act), (*expected, *act), "row {at}: {seen:?}");
        written.push(shown(job));
    }
    assert_eq!(faults("FlinkSessionJob", &written, goes_well), [""; 0]);
}

#[test]
fn a_job_from_its_first_turn_to_its_end() {
    let mut job = resource(json!({"deploymentName": "s", "job": {"parallelism": 1}}));
    let absent = SeenSessionJob::default();
    let nothing = SeenSessionJob { gate: SessionGate::Ready, ..absent.clone() };
    let record = JobRecord { generation: 1, ..JobRecord::default() };
    let known = SeenSessionJob { record: Some(record.clone()), ..nothing.clone() };
    let with = |run| SeenSessionJob { run: Some(run), ..known.clone() };
    let brought = |run| SeenSessionJob { is_brought: true, ..with(run) };
    let bring = Some(ResourceAct::Bring);
    check_job(
        &mut job,
        true,
        &[
            (absent, "CREATED", None),
            (nothing.clone(), "UPGRADING RECONCILING UPGRADING", bring),
            (nothing.clone(), "", bring),
            (brought(run("RUNNING", false)), "DEPLOYED RECONCILING DEPLOYED", None),
            (with(run("RUNNING", true)), "DEPLOYED RUNNING STABLE", None),
            (with(run("RUNNING", false)), "", None),
            (with(run("RESTARTING", false)), "DEPLOYED RESTARTING STABLE", None),
            (with(run("RUNNING", true)), "DEPLOYED RUNNING STABLE", None),
            // Its session is gone for a while: nothing is said that nobody knows.
            (SeenSessionJob { gate: SessionGate::Silent, ..known.clone() }, "", None),
            (with(run("CANCELED", false)), "DEPLOYED CANCELED STABLE", bring),
            (brought(run("RUNNING", true)), "DEPLOYED RUNNING STABLE", None),
        ],
    );
    check_job(
        &mut job,
        false,
        &[
            (with(run("FAILED", false)), "DEPLOYED FAILED FAILED", None),
            (known.clone(), "DEPLOYED RECONCILING STABLE", bring),
            (brought(run("RUNNING", true)), "DEPLOYED RUNNING STABLE", None),
        ],
    );
    assert!(job.is_held(CustomKind::SessionJob) && job.status["error"].is_null());

    // Its JobManager is lost, and its newest state is looked for: nothing is submitted from an older one, whatever its spec says meanwhile.
    let lost = |loss| SeenSessionJob { loss, ..known.clone() };
    let open = lost(SeenLoss::Open);
    // Its session wakes it.
    assert_eq!(session_job(&job, &open, &now()).again, Some(REST));
    check_job(&mut job, true, &[(open.clone(), "DEPLOYED RECONCILING STABLE", None)]);
    // Once that is known it goes on, or begins from there what it shall be by now.
    let goes_on = lost(SeenLoss::GoesOn);
    check_job(&mut job, true, &[(goes_on.clone(), "", Some(ResourceAct::Resume))]);
    let mut changed = job.clone();
    changed.spec["job"]["parallelism"] = json!(3);
    check_job(&mut changed, true, &[(goes_on, "UPGRADING RECONCILING UPGRADING", bring)]);
    job.spec["job"]["parallelism"] = json!(2);
    check_job(&mut job, true, &[(open.clone(), "", None)]);
    let stays = lost(SeenLoss::Stays("nobody knows".to_owned()));
    check_job(&mut job, false, &[(stays, "DEPLOYED RECONCILING STABLE", None)]);
    assert!(job.status["error"].to_string().contains("nobody knows"));
    check_job(
        &mut job,
        true,
        &[
            (with(run("RUNNING", true)), "UPGRADING RECONCILING UPGRADING", bring),
            (brought(run("RUNNING", true)), "DEPLOYED RUNNING STABLE", None),
            // What has finished stays so, with another JobManager, too.
            (with(run("FINISHED", true)), "DEPLOYED FINISHED STABLE", None),
            (open, "", None),
            (known.clone(), "", None),
            (with(run("RUNNING", true)), "DEPLOYED RUNNING STABLE", None),
        ],
    );

    job.spec["job"]["state"] = json!("suspended");
    let mut record = JobRecord { suspended: true, ..record };
    let time = Some("2026-11-30T12:00:00Z".to_owned());
    record.remember_savepoint(Snapshot::new("savepoint", Some("NATIVE"), "s3://b/1", time, "i"));
    let suspended = SeenSessionJob { record: Some(record), ..brought(run("FINISHED", false)) };
    check_job(
        &mut job,
        true,
        &[
            (with(run("RUNNING", true)), "UPGRADING RUNNING UPGRADING", bring),
            (suspended, "DEPLOYED SUSPENDED SUSPENDED", None),
        ],
    );
    assert_eq!(job.status["jobStatus"]["upgradeSavepointPath"], "s3://b/1");
    let noted = &job.status["jobStatus"]["savepointInfo"]["lastSavepoint"];
    let expected = json!({
        "location": "s3://b/1", "timeStamp": 1_796_040_000_000_i64, "triggerType": "UPGRADE", "formatType": "NATIVE",
    });
    assert_eq!(*noted, expected);

    job.metadata.deletion_timestamp = Some(now().text);
    let gone = SeenSessionJob { is_brought: true, ..nothing };
    check_job(
        &mut job,
        true,
        &[
            (with(run("RUNNING", true)), "DEPLOYED CANCELLING DELETING", Some(ResourceAct::Cancel)),
            (gone, "", None),
        ],
    );
    assert!(job.metadata.finalizers.is_empty());
}

#[test]
fn a_young_job_is_looked_at_more_often() {
    let mut job = resource(json!({"deploymentName": "s", "job": {}}));
    let seen = |start: i64| SeenSessionJob {
        gate: SessionGate::Ready,
        run: Some(SeenRun { start, ..run("RUNNING", true) }),
        is_brought: true,
        ..SeenSessionJob::default()
    };
    let begun = session_job(&job, &seen(0), &now());
    keep(&mut job, CustomKind::SessionJob, &begun);
    for (age, expected) in [(0, 1), (4000, 4), (86_400_000, 30), (-1, 30)] {
        let turn = session_job(&job, &seen(now().millis - age), &now());
        assert_eq!(turn.again.map(|again| again.as_secs()), Some(expected), "{age}");
    }
}

#[test]
fn what_has_ended_under_the_name_before_is_another_job() {
    let job = resource(json!({"deploymentName": "s", "job": {}}));
    let before = SeenRun { generation: 3, ..run("FINISHED", true) };
    let seen = SeenSessionJob {
        gate: SessionGate::Ready,
        run: Some(before.clone()),
        ..SeenSessionJob::default()
    };
    let turn = session_job(&job, &seen, &now());
    assert_eq!(turn.act, Some(ResourceAct::Bring));
    let status = &turn.status["jobStatus"];
    assert_eq!(status["state"], "RECONCILING");
    assert_eq!(status["jobId"], job_id(&job.metadata.namespace, &job.metadata.name, 4));
    // One that runs is this one: its submission arrived, and its record is lost.
    let running =
        SeenSessionJob { run: Some(SeenRun { generation: 3, ..run("RUNNING", true) }), ..seen };
    let turn = session_job(&job, &running, &now());
    assert_eq!((turn.act, &turn.status["jobStatus"]), (Some(ResourceAct::Bring), &Value::Null));
}

#[test]
fn options_of_a_session_count_for_its_jobs() {
    let key = "kubernetes.operator.job.restart.failed";
    let of = |spec: &Value| validate::options_of(spec);
    let says = |text: &str| json!({"flinkConfiguration": {key: text}});
    for (session, job, expected) in [
        (json!({}), json!({}), None),
        (says("true"), json!({}), Some(ResourceAct::Bring)),
        (says("true"), says("false"), None),
        (says("false"), says("true"), Some(ResourceAct::Bring)),
    ] {
        let mut spec = json!({"deploymentName": "s", "job": {}});
        spec["flinkConfiguration"] = job["flinkConfiguration"].clone();
        let mut resource = resource(spec);
        let seen = SeenSessionJob {
            gate: SessionGate::Ready,
            options: of(&session),
            record: Some(JobRecord { generation: 1, ..JobRecord::default() }),
            run: Some(run("FAILED", false)),
            ..SeenSessionJob::default()
        };
        let begun = session_job(&resource, &seen, &now());
        keep(&mut resource, CustomKind::SessionJob, &begun);
        let brought = SeenSessionJob { is_brought: true, ..seen.clone() };
        let brought = session_job(&resource, &brought, &now());
        keep(&mut resource, CustomKind::SessionJob, &brought);
        assert_eq!(session_job(&resource, &seen, &now()).act, expected, "{session} {job}");
    }
}

#[test]
fn a_deleted_job_waits_only_for_a_session_that_would_bring_it_back() {
    #[track_caller]
    fn check(
        gate: SessionGate,
        record: Option<JobRecord>,
        spec: Value,
        expected: (Option<bool>, Option<ResourceAct>, bool),
    ) {
        let mut job = resource(spec);
        job.metadata.deletion_timestamp = Some(now().text);
        job.metadata.finalizers.push(CustomKind::SessionJob.finalizer().to_owned());
        let seen = SeenSessionJob {
            gate,
            record,
            run: Some(run("RUNNING", true)),
            ..SeenSessionJob::default()
        };
        let turn = session_job(&job, &seen, &now());
        assert_eq!((turn.hold, turn.act, turn.forgets), expected);
    }
    let known = || Some(JobRecord::default());
    // Whoever looks after lost jobs would bring back what the ledger has.
    check(SessionGate::Absent, known(), json!({}), (Some(false), None, true));
    check(SessionGate::Silent, known(), json!({}), (Some(false), None, true));
    check(SessionGate::Silent, None, json!({}), (Some(false), None, false));
    check(SessionGate::SilentWithJobs, known(), json!({}), (None, None, false));
    check(SessionGate::Ready, known(), json!({}), (None, Some(ResourceAct::Cancel), false));
    let saves =
        json!({"flinkConfiguration": {"kubernetes.operator.job.savepoint-on-deletion": "true"}});
    check(SessionGate::Ready, known(), saves, (None, Some(ResourceAct::Stop), false));
}

#[test]
fn what_is_written_while_somebody_is_at_work() {
    #[track_caller]
    fn check(status: &Value, record: &JobRecord, expected: (&str, &str)) -> Value {
        let now = while_at_work(status, record);
        let job = &now["jobStatus"];
        assert_eq!((job["state"].as_str(), job["jobId"].as_str()), {
            (Some(expected.0), Some(expected.1))
        });
        now
    }
    let running = json!({"jobStatus": {"state": "RUNNING", "jobId": "1"},
        "reconciliationStatus": {"state": "UPGRADING"}});
    let request = |kind: &str| Some(Request { kind: kind.to_owned(), ..Request::default() });
    let canceling = JobRecord { request: request("cancel-at-checkpoint"), ..JobRecord::default() };
    let status = check(&running, &canceling, ("CANCELLING", "1"));
    let canceled = JobRecord { suspended: true, ..JobRecord::default() };
    let status = check(&status, &canceled, ("CANCELED", "1"));
    let pending = JobRecord { id: Some("2".to_owned()), ..JobRecord::default() };
    let submitting = JobRecord { pending: Some(Box::new(pending)), ..canceled };
    check(&status, &submitting, ("RECONCILING", "2"));
    let stopping = JobRecord { request: request("stop"), ..JobRecord::default() };
    check(&running, &stopping, ("RUNNING", "1"));
    let stopped = JobRecord { request: request("end"), suspended: true, ..JobRecord::default() };
    check(&running, &stopped, ("FINISHED", "1"));
}
