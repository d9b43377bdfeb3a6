//! What `up` and `status` say of a session on Kubernetes is so: who leads, which release runs, who gets in.

use std::time::Duration;

use nutkin_testkit::scenario::Kubernetes;
use nutkin_testkit::side_by_side;
use serde_json::{Value, json};

use crate::scenario::{LIMIT, Place, always, finish, standalone, trouble};

const UP: &[&str] = &["up", "a"];

fn with_pods() -> Place<Kubernetes> {
    let place = Place::kubernetes();
    place.server.with(|kubernetes| kubernetes.runs_pods = true);
    place
}

/// What belongs to a session's JobManager in the eyes of Flink.
fn labels(component: &str) -> Value {
    json!({"app": "a", "type": "flink-native-kubernetes", "component": component})
}

#[test]
fn the_way_to_rest_is_looked_for_again_when_nobody_answers_on_it() {
    let place = with_pods();
    let old = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "a-old", "labels": labels("jobmanager"), "creationTimestamp": "2025-01-01T00:00:00Z",
        },
        "status": {"phase": "Running", "podIP": "192.0.2.99"},
    });
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "a-cluster-config-map", "labels": labels("")},
        "data": {"org.apache.flink.k8s.leader.restserver": "1,http://192.0.2.99:8081"},
    });
    place.server.with(|kubernetes| {
        kubernetes.put("pods", old);
        kubernetes.put("configmaps", map);
    });
    place.server.set(always("pods/http:a-old", trouble(503)).rule());
    let up = place.start(&["up", "a", "--timeout", "30"]);
    let asked = || 2 < place.count("pods/http:a-old");
    nutkin_testkit::eventually("the old leader is asked", LIMIT, asked);
    place.server.with(|kubernetes| {
        kubernetes.remove("Pod", "a-old");
        kubernetes.remove("ConfigMap", "a-cluster-config-map");
    });
    let up = finish(up);
    up.expect(0).says("session `a` is up");
    assert!(up.took < Duration::from_secs(20), "{}", up.all());
}

#[test]
fn a_session_is_found_where_it_was_started() {
    let place = with_pods();
    place
        .server
        .with(|kubernetes| kubernetes.namespaces = vec!["default".to_owned(), "x".to_owned()]);
    place.file("session.yaml", &standalone(1).replace("{name: a}", "{name: a, namespace: x}"));
    place.run(&["up", "-f", "session.yaml"]).expect(0).says("namespace x");
    for args in [&["status", "a"][..], &["status"], &["logs", "--session", "a"], &["logs"]] {
        place.run(args).expect(0);
    }
    // Who says where to look is not led elsewhere.
    place.run(&["status", "a", "-n", "default"]).expect(5).says("in namespace default");
    place.run(&["down", "a"]).expect(0);
    place.run(&["status", "a"]).expect(5);
}

#[test]
fn the_release_that_runs_is_told() {
    #[track_caller]
    fn check(runs: &'static str, is_warned: bool) {
        let place = with_pods();
        place.server.with(|kubernetes| kubernetes.flink.version = runs);
        let up = place.run(UP);
        up.expect(0).says(&format!("session `a` is up: Flink {runs}"));
        let status = place.run(&["status", "a"]);
        status.expect(0).prints(runs);
        let warning = "the JobManager runs Flink 1.19.3, and Flink 1.20.5 is wanted";
        assert_eq!(up.stderr.contains(warning), is_warned, "{}", up.all());
        assert_eq!(status.stdout.contains(warning), is_warned, "{}", status.all());
    }
    let releases = [("1.19.3", true), ("1.20.5", false), ("1.20.4", false)];
    side_by_side(releases, |(runs, is_warned)| check(runs, is_warned));
}

#[test]
fn who_leads_is_told() {
    let place = with_pods();
    let two = ["kubernetes.jobmanager.replicas=2", "high-availability.type=kubernetes"];
    let storage = "high-availability.storageDir=s3://bucket/ha";
    place.run(&["up", "a", "-D", two[0], "-D", two[1], "-D", storage]).expect(0);
    let leads = || -> Vec<Value> {
        let status = place.run(&["status", "a", "-o", "json"]);
        status.expect(0);
        let processes = status.json()["processes"].clone();
        processes.as_array().unwrap().iter().map(|one| one["leads"].clone()).collect()
    };
    // The control.
    assert_eq!(leads(), [json!(null), json!(null)]);
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "a-cluster-config-map", "labels": labels("")},
        "data": {"org.apache.flink.k8s.leader.restserver": "1,http://192.0.2.11:8081"},
    });
    place.server.with(|kubernetes| kubernetes.put("configmaps", map));
    assert_eq!(leads(), [json!(false), json!(true)]);
    place.run(&["status", "a"]).expect(0).prints("Running, leads, up ");
}

#[test]
fn a_rest_service_that_is_missing_is_told() {
    let place = with_pods();
    place.run(UP).expect(0);
    place.run(&["status", "a"]).expect(0).prints("running");
    place.server.with(|kubernetes| kubernetes.remove("Service", "a-rest"));
    let status = place.run(&["status", "a"]);
    status.expect(0).prints("degraded").prints("Service/a-rest of the session is missing");
    status.prints("`nutkin up` makes it again");
}

#[test]
fn nobody_gets_in_before_a_readiness_probe_succeeds() {
    #[track_caller]
    fn check(ready: &str, is_warned: bool) {
        let place = with_pods();
        place.file("session.yaml", &format!("{}{}", standalone(1), PROBE));
        place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
        place.server.with(|kubernetes| {
            kubernetes.runs_pods = false;
            let mut pod = kubernetes.get("Pod", "a-0");
            pod["status"]["conditions"] = json!([{"type": "Ready", "status": ready}]);
            kubernetes.put("pods", pod);
        });
        let warning = "no JobManager's pod is ready";
        let up = place.run(&["up", "-f", "session.yaml"]);
        up.expect(0).says("session `a` is up");
        assert_eq!(up.stderr.contains(warning), is_warned, "{}", up.all());
        assert_eq!(up.stderr.contains("110 s after"), is_warned, "{}", up.all());
        let status = place.run(&["status", "a"]);
        assert_eq!(status.stdout.contains(warning), is_warned, "{}", status.all());
    }
    side_by_side([("False", true), ("True", false)], |(ready, is_warned)| check(ready, is_warned));
}

/// A JobManager that nobody is led to for some minutes.
const PROBE: &str = "  jobManager:
    podTemplate:
      spec:
        containers:
          - name: flink-main-container
            readinessProbe: {initialDelaySeconds: 110, tcpSocket: {port: 8081}}
";

#[test]
fn a_hint_about_the_log_names_the_session() {
    let place = with_pods();
    place.run(&["up", "a", "--no-wait"]).expect(0);
    place.server.with(|kubernetes| {
        kubernetes.runs_pods = false;
        let mut pod = kubernetes.get("Pod", "a-0");
        pod["status"]["containerStatuses"] = json!([{
            "name": "flink-main-container", "ready": false, "restartCount": 1,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 239, "reason": "Error"}},
        }]);
        kubernetes.put("pods", pod);
        kubernetes.logs.insert("a-0".to_owned(), LOG.to_owned());
    });
    let up = place.run(UP);
    up.expect(1).says("`nutkin logs --previous --session a`");
    up.says("Caused by: java.lang.IllegalStateException: the directory isn't accessible");
    assert!(!up.stderr.contains("Remote daemon"), "{}", up.all());
    place.run(&["logs", "--previous", "--session", "a"]).expect(0).prints("Remote daemon");
}

/// The end of a JobManager, shortened.
const LOG: &str = "2026-01-01 00:00:01,000 ERROR a.ClusterEntrypoint [] - Fatal error occurred in the cluster entrypoint.
java.util.concurrent.CompletionException: no
\tat a.B.c(D.java:1)
Caused by: java.lang.IllegalStateException: the directory isn't accessible
\tat a.B.d(D.java:2)
2026-01-01 00:00:02,000 INFO  a.B [] - Remote daemon shut down; proceeding with flushing remote transports.
";

/// Sets a variable of TaskManagers as another author of the workload does.
fn set_variable(place: &Place<Kubernetes>, author: &str) {
    place.server.with(|kubernetes| {
        let mut workload = kubernetes.get("Deployment", "a-taskmanager");
        let env = &mut workload["spec"]["template"]["spec"]["containers"][0]["env"];
        let mut all = env.as_array().cloned().unwrap_or_default();
        all.push(json!({"name": "FOO", "value": "bar"}));
        *env = json!(all);
        let fields = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"flink-main-container\"}": {
                "f:env": {"k:{\"name\":\"FOO\"}": {".": {}, "f:name": {}, "f:value": {}}},
            },
        }}}}});
        let entry = json!({
            "manager": author, "operation": "Update", "apiVersion": "apps/v1",
            "fieldsType": "FieldsV1", "fieldsV1": fields, "time": "2026-01-01T00:00:00Z",
        });
        let entries = workload["metadata"]["managedFields"].as_array_mut();
        entries.expect("whose the fields are").push(entry);
        kubernetes.put("deployments", workload);
    });
}

const FIELD: &str = "spec.template.spec.containers[flink-main-container].env[FOO]";

#[test]
fn what_a_controller_has_set_is_told() {
    let place = Place::kubernetes();
    place.file("session.yaml", &standalone(1));
    place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
    // The control.
    let plan = place.run(&["plan", "-f", "session.yaml"]);
    plan.expect(0);
    assert!(!plan.stdout.contains("FOO"), "{}", plan.all());
    set_variable(&place, "somebodys-controller");
    let says = format!("Deployment/a-taskmanager: `somebodys-controller` has set `{FIELD}`");
    place.run(&["plan", "-f", "session.yaml"]).expect(0).prints(&says);
}

#[test]
fn what_a_person_has_set_by_hand_is_put_back() {
    let place = Place::kubernetes();
    place.file("session.yaml", &standalone(1));
    place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
    let env = || {
        let workload = place.server.with(|server| server.get("Deployment", "a-taskmanager"));
        workload["spec"]["template"]["spec"]["containers"][0]["env"].clone()
    };
    let before = env();
    set_variable(&place, "kubectl-set");
    let plan = place.run(&["plan", "-f", "session.yaml"]);
    plan.expect(0).prints(&format!("- {FIELD}.value: bar")).prints("restarts all TaskManagers");
    place.run(&["up", "-f", "session.yaml", "--yes", "--no-wait"]).expect(0);
    assert_eq!(env(), before);
    let plan = place.run(&["plan", "-f", "session.yaml"]);
    plan.expect(0).prints("no change");
}

#[test]
fn a_restart_of_pods_is_a_time_in_their_templates() {
    let place = Place::kubernetes();
    place.file("session.yaml", &standalone(1));
    place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
    let times = || {
        let time = |name: &str| {
            let workload = place.server.with(|server| server.get("Deployment", name));
            let annotations = &workload["spec"]["template"]["metadata"]["annotations"];
            annotations["nutkin.dev/restarted-at"].clone()
        };
        [time("a"), time("a-taskmanager")]
    };
    assert_eq!(times(), [json!(null), json!(null)]);
    let restart = place.run(&["restart", "a", "--no-wait", "--force"]);
    restart.expect(0).says("restarts all JobManagers and TaskManagers");
    let first = times();
    assert!(first[0].is_string() && first[0] == first[1], "{first:?}");
    // Whoever wants no restart keeps what was restarted.
    place.run(&["plan", "-f", "session.yaml"]).expect(0).prints("no change");
    place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
    assert_eq!(times(), first);
    // The control: what is not as it is wanted is not restarted.
    set_variable(&place, "kubectl-set");
    let restart = place.run(&["restart", "a", "--no-wait", "--force"]);
    restart.expect(1).says("session `a` is not what is wanted of it: Deployment/a-taskmanager");
    assert_eq!(times(), first);
}
