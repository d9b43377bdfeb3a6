//! What is said of a session that starts, for the states that Kubernetes reports.

use serde_json::{Value, json};

use super::*;

fn pod(status: Value) -> Value {
    json!({
        "metadata": {
            "name": "a-1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"pod-template-hash": "1"},
        },
        "spec": {"nodeName": "n", "containers": [{"image": "flink:1"}]},
        "status": status,
    })
}

fn container(state: Value, last: Value, ready: bool) -> Value {
    pod(json!({"phase": "Running", "containerStatuses": [{
        "name": "flink-main-container", "image": "flink:1",
        "state": state, "lastState": last, "ready": ready,
    }]}))
}

fn show(progress: JobManagerProgress) -> String {
    match progress {
        JobManagerProgress::Runs => "runs".to_owned(),
        JobManagerProgress::Waiting(what) => what,
        JobManagerProgress::Stuck(stuck) => {
            format!("stuck: {} ({})", stuck.what, stuck.hint.plain())
        }
    }
}

#[track_caller]
fn check(pods: &[Value], events: &[Value], expected: &str) {
    let found = show(of(&json!({}), pods, events));
    assert!(found.contains(expected), "{found}");
}

#[test]
fn before_there_is_a_pod() {
    check(&[], &[], "make the JobManager's pod");
    let failed = |message: &str| {
        let condition = json!({"type": "ReplicaFailure", "status": "True", "message": message});
        show(of(&json!({"status": {"conditions": [condition]}}), &[], &[]))
    };
    let quota = failed("pods \"a-1\" is forbidden: exceeded quota: q, requested: memory=2Gi");
    assert_eq!(
        quota,
        "stuck: Kubernetes does not make the JobManager's pod: exceeded quota: q, requested: \
         memory=2Gi (ask for less (memory, CPU), or have the namespace's ResourceQuota raised)"
    );
    let account = failed("pods \"a-1\" is forbidden: error looking up service account n/flink");
    assert!(account.contains("(ProcessAccount)"), "{account}");
    let security = failed("pods \"a-1\" is forbidden: violates PodSecurity \"restricted\"");
    assert!(security.contains("securityContext"), "{security}");
}

#[test]
fn on_the_way() {
    let unscheduled = json!({"type": "PodScheduled", "status": "False", "message": "0/1 nodes"});
    check(&[pod(json!({"conditions": [unscheduled]}))], &[], "waiting for a node: 0/1 nodes");
    let pending = pod(json!({"phase": "Pending"}));
    let event = |reason: &str, time: &str| {
        let about = json!({"name": "a-1"});
        json!({"involvedObject": about, "reason": reason, "message": "m", "lastTimestamp": time})
    };
    let pending = std::slice::from_ref(&pending);
    let scheduled = event("Scheduled", "1");
    check(pending, &[event("Pulling", "2"), scheduled.clone()], "pulling the image `flink:1`");
    check(pending, &[scheduled.clone(), event("FailedMount", "2")], "waiting for a volume: m");
    check(pending, &[scheduled], "the JobManager's container is being made");
    let first = json!({"waiting": {"reason": "ErrImagePull", "message": "no route"}});
    check(&[container(first, Value::Null, false)], &[], "cannot be pulled: no route");
    check(&[container(json!({"running": {}}), Value::Null, true)], &[], "runs");
}

#[test]
fn never_without_help() {
    let waits = |reason: &str| {
        let waiting = json!({"waiting": {"reason": reason, "message": "m"}});
        [container(waiting, Value::Null, false)]
    };
    check(&waits("ImagePullBackOff"), &[], "stuck: the image `flink:1` cannot be pulled: m");
    check(&waits("InvalidImageName"), &[], "stuck: `flink:1` is not a valid image name");
    check(
        &waits("CreateContainerConfigError"),
        &[],
        "stuck: container flink-main-container cannot",
    );
    let ended = |reason: &str| json!({"terminated": {"exitCode": 137, "reason": reason}});
    let back = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    check(&[container(back.clone(), ended("OOMKilled"), false)], &[], "more memory than its limit");
    check(&[container(back, ended("Error"), false)], &[], "of pod a-1 ended: exit code 137");
    let again = container(json!({"running": {}}), ended("Error"), true);
    check(&[again], &[], "runs");
}

#[test]
fn the_newest_pods_count_and_one_is_enough() {
    let mut old = container(json!({"running": {}}), Value::Null, true);
    old["metadata"]["labels"]["pod-template-hash"] = json!("0");
    old["metadata"]["creationTimestamp"] = json!("2025-01-01T00:00:00Z");
    check(&[pod(json!({"phase": "Pending"})), old], &[], "is being made");
    let crashed = json!({"terminated": {"exitCode": 1, "reason": "Error"}});
    let dead = container(crashed, Value::Null, false);
    check(&[dead, container(json!({"running": {}}), Value::Null, true)], &[], "runs");
}

#[test]
fn rolled_out() {
    #[track_caller]
    fn check(generation: u64, replicas: u64, updated: u64, expected: bool) {
        let deployment = json!({
            "metadata": {"generation": 2},
            "spec": {"replicas": 1},
            "status": {"observedGeneration": generation, "replicas": replicas, "updatedReplicas": updated},
        });
        assert_eq!(is_rolled_out(&deployment), expected);
    }
    check(2, 1, 1, true);
    check(1, 1, 1, false);
    check(2, 2, 1, false);
    check(2, 1, 0, false);
}
