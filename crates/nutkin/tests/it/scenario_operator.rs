//! The operator against a scenario API server: a session and a job from their resources to their ends, and the same when the operator
//! is killed after any of its writes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nutkin_testkit::scenario::{Answer, Fault, Kubernetes};
use nutkin_testkit::{Running, eventually, eventually_or, side_by_side};
use serde_json::{Value, json};

use crate::scenario::{LIMIT, Place};
use crate::scenario_lost;

/// Between two looks: what is waited for takes longer than a moment.
const POLL: Duration = Duration::from_millis(20);

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
    session_with(place, &json!({}), &json!({}));
}

fn session_with(place: &Place<Kubernetes>, options: &Value, pods: &Value) {
    let spec = json!({
        "flinkVersion": "v1_20",
        "flinkConfiguration": options,
        "podTemplate": pods,
        "mode": "standalone",
        "serviceAccount": "flink",
        "jobManager": {"resource": {"memory": "1600m"}},
        "taskManager": {"replicas": 1, "resource": {"memory": "1728m"}},
    });
    let session = resource("FlinkDeployment", "a", spec);
    place.server.with(|kubernetes| kubernetes.put("flinkdeployments", session));
}

fn until(place: &Place<Kubernetes>, what: &str, is_so: impl Fn(&Kubernetes) -> bool) {
    let is_so = || place.server.with(|kubernetes| is_so(kubernetes));
    let resources = || {
        let of = |kind, name| {
            let status =
                place.server.with(|kubernetes| kubernetes.get(kind, name)["status"].clone());
            format!("{kind}/{name}: {status}")
        };
        [of("FlinkDeployment", "a"), of("FlinkSessionJob", "one"), of("FlinkSessionJob", "two")]
            .join("\n")
    };
    eventually_or(what, LIMIT, POLL, resources, is_so);
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

/// A job whose class is on the class path of the session.
fn job(place: &Place<Kubernetes>, name: &str) {
    let job = json!({"entryClass": "a.B", "parallelism": 1, "upgradeMode": "savepoint"});
    let job = resource("FlinkSessionJob", name, json!({"deploymentName": "a", "job": job}));
    place.server.with(|kubernetes| kubernetes.put("flinksessionjobs", job));
}

fn runs(kubernetes: &Kubernetes, name: &str) -> bool {
    kubernetes.get("FlinkSessionJob", name)["status"]["jobStatus"]["state"] == "RUNNING"
}

fn ledger(kubernetes: &Kubernetes) -> Value {
    let map = kubernetes.get("ConfigMap", "nutkin-a");
    serde_json::from_str(map["data"]["record.json"].as_str().unwrap_or("{}")).unwrap()
}

/// Loses the JobManager of a job that has just begun to run and has left one checkpoint, and no checkpoint follows. Gives the id of
/// the job, which was started again from there.
fn lost_job() -> (Place<Kubernetes>, Running, String) {
    let place = place();
    // Nothing is written down of jobs that have ended: only who has seen a job run knows that it did.
    place.server.with(|kubernetes| kubernetes.flink = scenario_lost::flink(false));
    let options = json!({
        "state.checkpoints.dir": "file:///opt/flink/data/checkpoints",
        "state.savepoints.dir": "file:///opt/flink/data/savepoints",
    });
    let mounts = json!([{"name": "data", "mountPath": "/opt/flink/data"}]);
    let pods = json!({"spec": {
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        "containers": [{"name": "flink-main-container", "volumeMounts": mounts}],
    }});
    session_with(&place, &options, &pods);
    job(&place, "one");
    let running = place.start(RUN);
    until(&place, "the job runs", |kubernetes| runs(kubernetes, "one"));
    let id = place.server.with(|kubernetes| {
        let job = kubernetes.get("FlinkSessionJob", "one");
        job["status"]["jobStatus"]["jobId"].as_str().expect("an id").to_owned()
    });
    // Long before the next look that nothing but the clock asks for.
    let sighted = eventually("it is sighted", LIMIT, || {
        place.server.with(|kubernetes| ledger(kubernetes)["sightings"][&id]["state"] == "RUNNING")
    });
    assert!(sighted < Duration::from_secs(10), "{sighted:?}");
    let checkpoints = format!("/jobs/{id}/checkpoints");
    place.server.set(move |request| {
        let is_asked = request.method == "GET" && request.path.ends_with(&checkpoints);
        let none = || Answer::json(200, &json!({"latest": {}}));
        if is_asked { Fault::Answer(none()) } else { Fault::None }
    });
    place.server.with(|kubernetes| {
        kubernetes.printed = Some(format!("{id}\n{id}/chk-9/_metadata\n"));
        kubernetes.started = scenario_lost::LATER;
    });
    scenario_lost::lose_in_pod(&place);
    let from = format!("file:/opt/flink/data/checkpoints/{id}/chk-9");
    until(&place, "the job goes on", |kubernetes| {
        kubernetes.flink.work.jobs.values().any(|job| job.from.as_ref() == Some(&from))
    });
    (place, running, id)
}

#[test]
fn a_job_that_goes_on_holds_up_neither_others_nor_its_own_end() {
    let (place, running, _) = lost_job();
    job(&place, "two");
    until(&place, "the other job runs", |kubernetes| runs(kubernetes, "two"));
    let moving = |kubernetes: &Kubernetes| ledger(kubernetes)["jobs"]["one"]["moving"] == true;
    assert!(place.server.with(|kubernetes| moving(kubernetes)), "it waits for its checkpoint");
    delete(&place, "flinksessionjobs", "FlinkSessionJob", "one");
    until(&place, "the job is gone", |kubernetes| {
        let ledger = ledger(kubernetes);
        kubernetes.get("FlinkSessionJob", "one").is_null() && ledger["jobs"]["one"].is_null()
    });
    assert!(place.server.with(|kubernetes| runs(kubernetes, "two")));
    drop(running);
}

#[test]
fn a_job_that_goes_on_is_seen_to_its_first_checkpoint() {
    let (place, running, _) = lost_job();
    place.server.set(|_| Fault::None);
    until(&place, "the job runs as it did", |kubernetes| {
        let job = &ledger(kubernetes)["jobs"]["one"];
        job["id"].is_string() && job["moving"] != true && runs(kubernetes, "one")
    });
    let jobs = place.server.with(|kubernetes| kubernetes.flink.work.jobs.len());
    assert_eq!(jobs, 1);
    drop(running);
}

#[test]
fn a_change_of_a_job_that_goes_on_is_not_held_up() {
    let (place, running, _) = lost_job();
    place.server.with(|kubernetes| {
        let mut job = kubernetes.get("FlinkSessionJob", "one");
        job["spec"]["job"]["args"] = json!(["changed"]);
        job["metadata"]["generation"] = json!(2);
        kubernetes.put("flinksessionjobs", job);
    });
    until(&place, "the changed job runs", |kubernetes| {
        let work = &kubernetes.flink.work;
        let mut alive = work.jobs.values().filter(|job| job.state == "RUNNING");
        alive.any(|job| job.arguments.to_string().contains("changed"))
    });
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
        let _ = place.server.hangs_within(Duration::from_secs(10));
        drop(running);
        // No request reaches a server that hangs before its rule is set anew.
        place.server.set(|_| Fault::None);
        let running = place.start(RUN);
        until(&place, &format!("the session is stable after a cut at write {at}"), is_stable);
        assert_eq!(place.server.with(|kubernetes| left(kubernetes)), titles, "write {at}");
        drop(running);
    });
}
