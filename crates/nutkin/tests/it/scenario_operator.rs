//! The operator against a scenario API server: a session and a job from their resources to their ends, and the same when the operator
//! is killed after any of its writes.

use std::sync::atomic::{AtomicUsize, Ordering};

use nutkin_testkit::scenario::{Fault, Kubernetes};
use nutkin_testkit::{Running, eventually, side_by_side};
use serde_json::{Value, json};

use crate::scenario::{LIMIT, Place};

const RUN: &[&str] =
    &["operator", "run", "--no-lease", "--namespaces", "default", "--health", "127.0.0.1:0"];

fn place() -> Place<Kubernetes> {
    let place = Place::kubernetes();
    place.server.with(|kubernetes| kubernetes.runs_pods = true);
    place
}

fn resource(kind: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": kind, "metadata": {"name": name}, "spec": spec,
    })
}

fn session(place: &Place<Kubernetes>) {
    let spec = json!({
        "flinkVersion": "v1_20",
        "mode": "standalone",
        "serviceAccount": "flink",
        "jobManager": {"resource": {"memory": "1600m"}},
        "taskManager": {"replicas": 1, "resource": {"memory": "1728m"}},
    });
    let session = resource("FlinkDeployment", "a", spec);
    place.server.with(|kubernetes| kubernetes.put("flinkdeployments", session));
}

fn until(place: &Place<Kubernetes>, what: &str, is_so: impl Fn(&Kubernetes) -> bool) {
    eventually(what, LIMIT, || place.server.with(|kubernetes| is_so(kubernetes)));
}

/// Everything but events, which stay for as long as the API server keeps them.
fn left(kubernetes: &Kubernetes) -> Vec<String> {
    let mut titles = kubernetes.titles();
    titles.retain(|title| !title.starts_with("Event/"));
    titles
}

fn is_stable(kubernetes: &Kubernetes) -> bool {
    let status = &kubernetes.get("FlinkDeployment", "a")["status"];
    status["lifecycleState"] == "STABLE" && status["jobManagerDeploymentStatus"] == "READY"
}

/// Deletes a resource as `kubectl` does: whoever holds it takes his finalizer away.
fn delete(place: &Place<Kubernetes>, plural: &'static str, kind: &str, name: &str) {
    place.server.with(|kubernetes| {
        let mut one = kubernetes.get(kind, name);
        one["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        kubernetes.put(plural, one);
    });
}

/// Lines of the requests that write.
fn writes(place: &Place<Kubernetes>) -> Vec<String> {
    let seen = place.server.seen();
    let lines = seen.iter().map(|seen| seen.request.line());
    lines.filter(|line| !line.starts_with("GET") && !line.contains("dryRun")).collect()
}

#[test]
fn a_session_from_its_resource_to_its_end() {
    let place = place();
    session(&place);
    let running = place.start(RUN);
    until(&place, "the session is stable", is_stable);
    let writes = writes(&place);
    let statuses = writes.iter().filter(|line| line.contains("/flinkdeployments/a/status")).count();
    // UPGRADING, DEPLOYED, STABLE: once each.
    assert!(statuses <= 3, "{writes:#?}");
    let managers = place.server.with(|kubernetes| {
        kubernetes.get("Deployment", "a")["metadata"]["managedFields"].to_string()
    });
    assert!(managers.contains("nutkin-operator"), "{managers}");
    let one = place.server.with(|kubernetes| kubernetes.get("FlinkDeployment", "a"));
    assert_eq!(one["metadata"]["finalizers"][0], "flinkdeployments.flink.apache.org/finalizer");
    assert_eq!(one["status"]["observedGeneration"], 1);
    assert_eq!(one["status"]["taskManager"]["labelSelector"], "component=taskmanager,app=a");

    delete(&place, "flinkdeployments", "FlinkDeployment", "a");
    until(&place, "nothing is left", |kubernetes| left(kubernetes).is_empty());
    drop(running);
}

#[test]
fn a_deletion_waits_for_the_jobs_of_the_session() {
    let place = place();
    session(&place);
    let job = resource(
        "FlinkSessionJob",
        "count",
        json!({"deploymentName": "a", "job": {"entryClass": "a.B"}}),
    );
    place.server.with(|kubernetes| kubernetes.put("flinksessionjobs", job));
    delete(&place, "flinkdeployments", "FlinkDeployment", "a");
    place.server.with(|kubernetes| {
        let mut one = kubernetes.get("FlinkDeployment", "a");
        one["metadata"]["finalizers"] = json!(["flinkdeployments.flink.apache.org/finalizer"]);
        kubernetes.put("flinkdeployments", one);
    });
    let running = place.start(RUN);
    until(&place, "the session says what it waits for", |kubernetes| {
        let error = kubernetes.get("FlinkDeployment", "a")["status"]["error"].to_string();
        error.contains("The session jobs [count] should be deleted first")
    });
    // One that nobody holds yet would be gone at once.
    until(&place, "the job is held", |kubernetes| {
        kubernetes.get("FlinkSessionJob", "count")["metadata"]["finalizers"].is_array()
    });
    delete(&place, "flinksessionjobs", "FlinkSessionJob", "count");
    until(&place, "nothing is left", |kubernetes| left(kubernetes).is_empty());
    drop(running);
}

/// Starts an operator that hangs at its n-th write, which is carried out.
fn cut(place: &Place<Kubernetes>, at: usize) -> Running {
    let writes = AtomicUsize::new(0);
    place.server.set(move |request| {
        let is_write = request.method != "GET" && request.query("dryRun").is_empty();
        let is_it = is_write && writes.fetch_add(1, Ordering::Relaxed) + 1 == at;
        if is_it { Fault::Hang } else { Fault::None }
    });
    place.start(RUN)
}

#[test]
fn an_operator_that_is_killed_after_any_write_is_continued_by_the_next_one() {
    let uncut = place();
    session(&uncut);
    let running = uncut.start(RUN);
    until(&uncut, "the session is stable", is_stable);
    drop(running);
    let titles = uncut.server.with(|kubernetes| left(kubernetes));
    let count = writes(&uncut).len();
    assert!(5 < count, "{count} writes");
    side_by_side(1..=count, |at| {
        let place = place();
        session(&place);
        let running = cut(&place, at);
        // The last ones may come together.
        let _ = place.server.hangs_within(std::time::Duration::from_secs(10));
        drop(running);
        // No request reaches a server that hangs before its rule is set anew.
        place.server.set(|_| Fault::None);
        let running = place.start(RUN);
        until(&place, &format!("the session is stable after a cut at write {at}"), is_stable);
        assert_eq!(place.server.with(|kubernetes| left(kubernetes)), titles, "write {at}");
        drop(running);
    });
}
