//! What is waited for, and how pods are replaced meanwhile.

use serde_json::{Value, json};

use super::super::{Ask, Observation, Rest, SeenProgress, decide, question};
use super::plan;
use crate::decide::Again;
use crate::kubernetes::rollout;

/// Two TaskManagers of one slot, and high availability: without it a JobManager ends before the next one starts.
const STANDALONE: &str = "  mode: standalone
  taskManager: {replicas: 2}
  flinkConfiguration:
    taskmanager.numberOfTaskSlots: '1'
    high-availability.type: kubernetes
    high-availability.storageDir: s3://b/c
";

fn seen(progress: SeenProgress) -> Observation {
    let progress = Some(SeenProgress { is_seen: true, ..progress });
    Observation { progress, ..Observation::default() }
}

fn workload(fields: &str, index: usize) -> Value {
    let mut workload = plan(fields).objects.items[index].clone();
    workload["metadata"]["uid"] = json!("u");
    workload["metadata"]["generation"] = json!(1);
    let replicas = workload["spec"]["replicas"].as_u64().unwrap_or(1);
    workload["status"] =
        json!({"observedGeneration": 1, "updatedReplicas": replicas, "replicas": replicas});
    workload
}

fn pod(state: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "a-x", "labels": {"component": "jobmanager"}},
        "spec": {"containers": [{"name": "flink-main-container"}]},
        "status": state,
    })
}

/// What is asked next, and what is said where nothing is.
#[track_caller]
fn check(fields: &str, progress: SeenProgress, ask: Option<&Ask>, said: &str) {
    let (plan, seen) = (plan(fields), seen(progress));
    assert_eq!(question(&plan, &seen).unwrap().as_ref(), ask);
    let found = match decide(&plan, &seen) {
        Ok(decision) => match decision.again {
            Again::Wait { reason, .. } => reason,
            again => format!("{again:?}"),
        },
        Err(refusal) => refusal.message(),
    };
    assert_eq!(found, said);
}

#[test]
fn a_session_on_its_way() {
    let runs = || vec![pod(json!({"phase": "Running"}))];
    let here = |pods: Vec<Value>, rest: Rest| SeenProgress {
        workload: Some(workload("", 0)),
        pods,
        rest,
        told: Some(None),
        ..SeenProgress::default()
    };
    check("", SeenProgress::default(), None, "Deployment/a was deleted in the meantime");
    let unasked = here(Vec::new(), Rest::Unasked);
    check("", unasked, None, "waiting for Kubernetes to make the JobManager's pod");
    let waits = "waiting for the JobManager's REST API";
    check("", here(runs(), Rest::Unasked), Some(&Ask::Rest), waits);
    check("", here(runs(), Rest::Silent), None, waits);
    let untold = SeenProgress { told: None, ..here(runs(), Rest::Silent) };
    check("", untold, Some(&Ask::Told), waits);
    let told =
        SeenProgress { told: Some(Some("x may not".to_owned())), ..here(runs(), Rest::Silent) };
    check("", told, None, "session `a` does not start: x may not");
    let answers = Rest::Answers { task_managers: 0, slots: 0 };
    check("", here(runs(), answers), None, "Done");
}

#[test]
fn task_managers_of_a_workload_are_waited_for_with_their_slots() {
    let pods = vec![pod(json!({"phase": "Running"}))];
    let here = |task_managers: u32, slots: u32, is_settled: bool| SeenProgress {
        workload: Some(workload(STANDALONE, 0)),
        task_managers: Some(workload(STANDALONE, 1)),
        pods: pods.clone(),
        rest: Rest::Answers { task_managers, slots },
        told: Some(None),
        is_settled,
        ..SeenProgress::default()
    };
    let none = "waiting for Kubernetes to make a TaskManager's pod";
    check(STANDALONE, here(1, 1, false), None, none);
    check(STANDALONE, here(2, 1, false), None, "waiting for the slots of the TaskManagers");
    check(STANDALONE, here(2, 1, true), None, "Done");
    check(STANDALONE, here(2, 2, false), None, "Done");
}

#[test]
fn a_crash_is_told_with_the_end_of_its_log() {
    let state = json!({"containerStatuses": [{
        "name": "flink-main-container", "ready": false,
        "state": {"terminated": {"exitCode": 1, "reason": "Error"}},
    }]});
    let here = |crash: Option<&str>| SeenProgress {
        workload: Some(workload("", 0)),
        pods: vec![pod(state.clone())],
        crash: crash.map(str::to_owned),
        ..SeenProgress::default()
    };
    let said =
        "session `a` does not start: container flink-main-container of pod a-x ended: exit code 1";
    check("", here(None), Some(&Ask::Crash("a-x".to_owned())), said);
    check("", here(Some("one\ntwo\n")), None, &format!("{said}\none\ntwo"));
}

#[test]
fn held_workloads_are_released_when_all_new_pods_are_ready() {
    let mut job_managers = rollout::held(&workload(STANDALONE, 0));
    let revision = json!({"deployment.kubernetes.io/revision": "2"});
    job_managers["metadata"]["annotations"] = revision.clone();
    let here = |sets: Option<Vec<Value>>| SeenProgress {
        workload: Some(job_managers.clone()),
        task_managers: Some(workload(STANDALONE, 1)),
        pods: vec![pod(json!({"phase": "Running"}))],
        replica_sets: sets,
        told: Some(None),
        ..SeenProgress::default()
    };
    let set = |ready: u64| {
        json!({
            "metadata": {"annotations": revision, "ownerReferences": [{"uid": "u"}], "uid": "s"},
            "status": {"readyReplicas": ready},
        })
    };
    let waits = "0 of 2 new JobManagers are ready; the old ones run until all are";
    check(STANDALONE, here(None), Some(&Ask::Replacing), waits);
    check(STANDALONE, here(Some(vec![set(0)])), None, waits);
    let mut unscheduled = pod(json!({"phase": "Pending", "conditions": [{
        "type": "PodScheduled", "status": "False", "message": "Insufficient cpu",
    }]}));
    unscheduled["metadata"]["labels"] = json!({"component": "taskmanager"});
    let mut hindered = here(Some(vec![set(0)]));
    hindered.pods.push(unscheduled);
    let why = "waiting for a node: Insufficient cpu";
    check(STANDALONE, hindered, None, &format!("{waits}; {why}"));
    let ready = here(Some(vec![set(2)]));
    check(STANDALONE, ready.clone(), None, "ending the old pods");
    let decision = decide(&plan(STANDALONE), &seen(ready)).unwrap();
    assert_eq!(decision.steps[0].line(), "at once: release Deployment/a");
}

#[test]
fn task_managers_that_kubernetes_does_not_make_are_told_with_the_cause() {
    let own = |replicas: u64, updated: u64, failure: &str| {
        let mut own = workload(STANDALONE, 1);
        own["status"]["replicas"] = json!(replicas);
        own["status"]["updatedReplicas"] = json!(updated);
        own["status"]["conditions"] = json!([{
            "type": "ReplicaFailure", "status": failure,
            "message": "pods \"x\" is forbidden: exceeded quota: tiny, used: 2Gi",
        }]);
        own
    };
    let here = |task_managers: Value| SeenProgress {
        workload: Some(workload(STANDALONE, 0)),
        task_managers: Some(task_managers),
        pods: vec![pod(json!({"phase": "Running"}))],
        rest: Rest::Answers { task_managers: 1, slots: 1 },
        told: Some(None),
        ..SeenProgress::default()
    };
    let quota = "Kubernetes does not make a TaskManager's pod: exceeded quota: tiny, used: 2Gi";
    let stuck = format!("session `a` does not start: {quota}");
    check(STANDALONE, here(own(1, 1, "True")), None, &stuck);
    // Old ones count for the quota until they have ended.
    check(STANDALONE, here(own(1, 0, "True")), None, quota);
    let old = "waiting for the old TaskManagers to terminate";
    check(STANDALONE, here(own(3, 2, "False")), None, old);
    // The control: none was refused, and none is old.
    let some = "waiting for TaskManagers: 1 of 2 are registered";
    check(STANDALONE, here(own(1, 1, "False")), None, some);
}

#[test]
fn a_job_manager_that_is_about_to_end_is_not_asked() {
    let job_manager = |ends: bool, ready: &str| {
        let status =
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]});
        let mut job_manager = pod(status);
        if ends {
            job_manager["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        job_manager
    };
    let here = |old: Value| SeenProgress {
        workload: Some(workload("", 0)),
        pods: vec![job_manager(false, "True"), old],
        rest: Rest::Answers { task_managers: 0, slots: 0 },
        told: Some(None),
        ..SeenProgress::default()
    };
    let waits = "waiting for the old pods to terminate";
    check("", here(job_manager(true, "True")), None, waits);
    // One that does not run any more, or whose node is lost, answers nobody.
    check("", here(job_manager(true, "False")), None, "Done");
}

#[test]
fn task_managers_that_the_old_job_manager_asked_for_are_replaced() {
    let worker = |name: &str, slots: u64| {
        let words = format!("kubernetes-taskmanager.sh -D taskmanager.numberOfTaskSlots={slots}");
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "uid": name, "labels": {"component": "taskmanager"}},
            "spec": {"containers": [{"args": ["bash", "-c", words]}]},
            "status": {"phase": "Running"},
        })
    };
    let fields = "  flinkConfiguration: {taskmanager.numberOfTaskSlots: '4'}\n";
    let here = |workers: &[Value]| {
        let mut pods = vec![pod(json!({"phase": "Running"}))];
        pods.extend(workers.iter().cloned());
        SeenProgress {
            workload: Some(workload(fields, 0)),
            pods,
            rest: Rest::Answers { task_managers: 2, slots: 8 },
            told: Some(None),
            ..SeenProgress::default()
        }
    };
    let mixed = here(&[worker("a-1", 2), worker("a-2", 4)]);
    check(fields, mixed.clone(), None, "replacing a-1");
    let decision = decide(&plan(fields), &seen(mixed.clone())).unwrap();
    assert_eq!(decision.steps[0].line(), "end Pod/a-1");
    // What comes after that is what the JobManager asks for, and is not ended for ever.
    let mut later = seen(mixed);
    later.after(&decision.steps[0], None);
    later.progress = seen(here(&[worker("a-3", 2)])).progress;
    assert_eq!(later.ended.len(), 1);
    assert_eq!(decide(&plan(fields), &later).unwrap().again, Again::Done);
    check(fields, here(&[worker("a-2", 4)]), None, "Done");
}
