//! Sessions in standalone mode as objects: Deployments, one StatefulSet, two.

use std::path::{Path, PathBuf};
use std::time::Duration;

use nutkin_e2e::{Cluster, Finished, assert_same};
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

/// A controller has done its part within this.
const LIMIT: Duration = Duration::from_secs(30);

const TWO_SETS: (&str, &str) = ("nutkin.standalone.workload", "statefulset");
const ONE_SET: (&str, &str) = ("nutkin.standalone.stateful-sets", "1");

/// A file of a session `a` with two TaskManagers.
fn file(cluster: &Cluster, name: &str, options: &[(&str, &str)], spec: &Value) -> PathBuf {
    let options: serde_json::Map<String, Value> =
        options.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    let mut session = json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": "a"},
        "spec": {
            "flinkVersion": "v1_20", "mode": "standalone", "taskManager": {"replicas": 2},
            "flinkConfiguration": options,
        },
    });
    if let (Some(all), Some(more)) = (session["spec"].as_object_mut(), spec.as_object()) {
        all.extend(more.clone());
    }
    cluster.nutkin.file(name, &session.to_string())
}

#[track_caller]
fn up(cluster: &Cluster, file: &Path, more: &[&str]) -> Finished {
    let file = file.to_str().expect("a path in UTF-8");
    cluster.run(&[&["up", "-f", file, "--no-wait"][..], more].concat())
}

fn pods(cluster: &Cluster) -> Vec<String> {
    let pods = cluster.get("pods")["items"].as_array().cloned().unwrap_or_default();
    let name = |pod: &Value| pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    pods.iter().map(name).collect()
}

/// A session's whole life as objects.
#[track_caller]
fn check(options: &[(&str, &str)], owner: &str, names: &[&str], count: usize) {
    let cluster = Cluster::new();
    let path = file(&cluster, "a.yaml", options, &Value::Null);
    let text = path.to_str().expect("a path in UTF-8");
    let plan = cluster.run(&["plan", "-f", text, "-o", "json"]);
    let planned = plan.expect(0).json();
    // The ledger is not a part of the session.
    let total = names.len() - 1;
    assert_eq!((&planned["new"], &planned["total"]["add"]), (&json!(true), &json!(total)));
    up(&cluster, &path, &[]).expect(0).says("session `a` is starting");
    let objects = cluster.objects();
    assert_eq!(objects.keys().map(String::as_str).collect::<Vec<_>>(), names);
    for (name, object) in &objects {
        assert_eq!(object["metadata"]["labels"]["nutkin.dev/session"], "a", "{name}");
        let owners = &object["metadata"]["ownerReferences"];
        if name == owner || name == "ConfigMap/nutkin-a" {
            assert_eq!(*owners, Value::Null);
        } else {
            let (kind, _) = owner.split_once('/').expect("kind and name");
            assert_eq!((&owners[0]["kind"], &owners[0]["name"]), (&json!(kind), &json!("a")));
        }
    }
    up(&cluster, &path, &[]).expect(0).says("session `a` is unchanged");
    cluster.run(&["plan", "-f", text, "--detailed-exitcode"]).expect(0).prints("no change");

    cluster.nutkin.eventually("the pods", LIMIT, || pods(&cluster).len() == count);
    let status = cluster.run(&["status", "a", "-o", "json"]).expect(0).json();
    assert_eq!((&status["state"], &status["flinkVersion"]), (&json!("starting"), &json!("1.20.5")));
    let role = |name: &str| {
        let processes = status["processes"].as_array().cloned().unwrap_or_default();
        processes.iter().filter(|one| one["role"] == name).count()
    };
    assert_eq!((role("JobManager"), role("TaskManager")), (1, count - 1), "{status}");
    assert_eq!(cluster.run(&["ls", "-o", "json"]).expect(0).json()["items"][0]["name"], "a");
    let logs = cluster.run(&["logs", "--session", "a"]);
    logs.expect(0).says("nothing is logged yet: ").says("`nutkin status a` says what");

    let down = cluster.run(&["down", "a", "-o", "json"]);
    let ended = down.expect(0).json()["ended"].clone();
    assert_eq!(ended[0], owner);
    assert!(cluster.objects().is_empty(), "{:?}", cluster.objects().keys());
    assert_eq!(cluster.kubectl(&["get", "pods,replicasets", "-o", "name"]), "");
    cluster.run(&["status", "a"]).expect(5);
}

#[test]
fn deployments() {
    let names = [
        "ConfigMap/flink-config-a",
        "ConfigMap/nutkin-a",
        "Deployment/a",
        "Deployment/a-taskmanager",
        "Service/a",
        "Service/a-rest",
    ];
    check(&[], "Deployment/a", &names, 3);
}

#[test]
fn two_stateful_sets() {
    let names = [
        "ConfigMap/flink-config-a",
        "ConfigMap/nutkin-a",
        "Service/a",
        "Service/a-rest",
        "Service/a-taskmanager",
        "StatefulSet/a",
        "StatefulSet/a-taskmanager",
    ];
    check(&[TWO_SETS], "StatefulSet/a", &names, 3);
}

#[test]
fn one_stateful_set() {
    let names = [
        "ConfigMap/flink-config-a",
        "ConfigMap/nutkin-a",
        "Service/a",
        "Service/a-rest",
        "StatefulSet/a",
    ];
    check(&[TWO_SETS, ONE_SET], "StatefulSet/a", &names, 3);
}

#[test]
fn claims_outlive_the_session_and_are_taken_again() {
    let cluster = Cluster::new();
    let options = [
        ("nutkin.claim.jars.path", "/jars"),
        ("nutkin.claim.jars.size", "1Gi"),
        ("nutkin.claim.logs.path", "/logs"),
        ("nutkin.claim.logs.size", "1Gi"),
        ("nutkin.claim.logs.per-pod", "true"),
        TWO_SETS,
    ];
    let path = file(&cluster, "a.yaml", &options, &Value::Null);
    up(&cluster, &path, &[]).expect(0);
    let claims = || {
        let all = cluster.get("pvc")["items"].as_array().cloned().unwrap_or_default();
        let uid = |one: &Value| one["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        all.iter().map(uid).collect::<Vec<_>>()
    };
    // One of the session's, and one of each of the three pods'.
    cluster.nutkin.eventually("the claims", LIMIT, || claims().len() == 4);
    let before = claims();
    let down = cluster.run(&["down", "a"]);
    down.expect(0).says("kept `PersistentVolumeClaim/jars`").says("kubectl delete pvc logs-a-0");
    assert_eq!(claims(), before);
    up(&cluster, &path, &[]).expect(0);
    assert_eq!(claims(), before);
    // A claim is data: what cannot be changed is told, and nothing is deleted.
    let mut larger = options;
    larger[1].1 = "2Gi";
    let path = file(&cluster, "larger.yaml", &larger, &Value::Null);
    up(&cluster, &path, &["--yes"]).expect(1).says("PersistentVolumeClaim/jars");
    assert_eq!(claims(), before);
    cluster.run(&["down", "a"]).expect(0);
}

#[test]
fn what_is_made_on_request_goes_when_nobody_asks_any_more() {
    let cluster = Cluster::new();
    let options = [("nutkin.network-policy", "true"), ("nutkin.pod-disruption-budget", "true")];
    let spec = json!({"ingress": {"template": "{{name}}.{{namespace}}.example.com"}});
    let full = file(&cluster, "full.yaml", &options, &spec);
    let plain = file(&cluster, "plain.yaml", &[], &Value::Null);
    up(&cluster, &full, &[]).expect(0);
    let count = || cluster.objects().len();
    assert_eq!(count(), 10, "{:?}", cluster.objects().keys());
    up(&cluster, &full, &[]).expect(0).says("unchanged");
    up(&cluster, &plain, &["--yes"]).expect(0).says("- Ingress/a").says("- NetworkPolicy/a-jobm");
    assert_eq!(count(), 6, "{:?}", cluster.objects().keys());
    cluster.run(&["down", "a"]).expect(0);
}

/// A session of one kind is not turned into another: that would be two sessions for a while.
#[track_caller]
fn check_other(first: &[(&str, &str)], mode: &str, then: &[(&str, &str)], words: &str) {
    let cluster = Cluster::new();
    let one = file(&cluster, "one.yaml", first, &Value::Null);
    let other = file(&cluster, "other.yaml", then, &json!({"mode": mode}));
    up(&cluster, &one, &[]).expect(0);
    let before = cluster.objects();
    up(&cluster, &other, &["--yes"]).expect(1).says(words).says("nutkin down a");
    cluster.nutkin.eventually("all is as it was", LIMIT, || cluster.objects() == before);
    let other = other.to_str().expect("a path in UTF-8");
    cluster.run(&["plan", "-f", other]).expect(1).says(words);
    cluster.run(&["down", "a"]).expect(0);
}

#[test]
fn a_session_stays_in_its_mode_and_workload() {
    check_other(&[], "native", &[], "modes native and standalone");
    check_other(&[TWO_SETS], "standalone", &[TWO_SETS, ONE_SET], "another kind of workload");
    check_other(&[TWO_SETS], "standalone", &[], "is in the way");
}

/// Earlier builds made one Service of the user's for one StatefulSet, which led to TaskManagers, too.
#[test]
fn services_that_led_to_both_roles_lead_to_job_managers_after_up() {
    let cluster = Cluster::new();
    let options = [
        TWO_SETS,
        ONE_SET,
        ("high-availability.type", "kubernetes"),
        ("high-availability.storageDir", "s3://bucket/ha"),
        ("nutkin.service.web.ports", "rest"),
    ];
    let path = file(&cluster, "a.yaml", &options, &json!({"serviceAccount": "default"}));
    up(&cluster, &path, &[]).expect(0);
    let wanted = cluster.objects();
    let labels = wanted["StatefulSet/a"]["spec"]["selector"]["matchLabels"].clone();
    let old = json!([{"op": "replace", "path": "/spec/selector", "value": labels}]).to_string();
    let as_nutkin = ["--field-manager=nutkin", "--type=json", "-p", &old];
    cluster.kubectl(&[&["patch", "service", "web"][..], &as_nutkin].concat());
    cluster.kubectl(&["delete", "service", "web-1"]);
    let before = cluster.get("service/web")["metadata"]["uid"].clone();

    let plan = cluster.run(&["plan", "-f", path.to_str().expect("a path in UTF-8")]);
    plan.expect(0).prints("~ Service/web").prints("+ Service/web-1").prints("restarts nothing");
    up(&cluster, &path, &["--yes"]).expect(0);
    assert_same(&cluster.objects(), &wanted, "as it is made again");
    assert_eq!(cluster.get("service/web")["metadata"]["uid"], before, "its address stays");
    up(&cluster, &path, &[]).expect(0).says("unchanged");
    cluster.run(&["down", "a"]).expect(0);
}

#[test]
fn a_foreign_workload_of_task_managers_is_not_touched() {
    let cluster = Cluster::new();
    let pod = json!({
        "metadata": {"labels": {"x": "y"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    cluster.apply(&json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a-taskmanager"},
        "spec": {"selector": {"matchLabels": {"x": "y"}}, "template": pod},
    }));
    let before = cluster.objects();
    let path = file(&cluster, "a.yaml", &[], &Value::Null);
    up(&cluster, &path, &[]).expect(1).says("Deployment/a-taskmanager").says("it was not touched");
    cluster.nutkin.eventually("only that is left", LIMIT, || cluster.objects() == before);
}

#[test]
fn a_session_of_the_operators_is_changed_only_when_taken_over() {
    for options in [&[][..], &[TWO_SETS][..]] {
        let cluster = Cluster::new();
        let path = file(&cluster, "a.yaml", options, &Value::Null);
        up(&cluster, &path, &[]).expect(0);
        cluster.kubectl(&["delete", "ConfigMap/nutkin-a"]);
        for (title, object) in cluster.objects() {
            let annotations = object["metadata"]["annotations"].as_object().cloned();
            let annotations = annotations.unwrap_or_default();
            let mut words = vec!["annotate".to_owned(), title.clone()];
            words.extend(annotations.keys().map(|key| format!("{key}-")));
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            cluster.kubectl(&words);
            cluster.kubectl(&["label", &title, "nutkin.dev/session-"]);
        }
        cluster.run(&["status", "a"]).expect(0);
        let before = cluster.objects();
        up(&cluster, &path, &[]).expect(1).says("Nutkin did not start").says("--adopt");
        cluster.run(&["down", "a"]).expect(1).says("--adopt");
        assert_eq!(cluster.objects(), before);
        up(&cluster, &path, &["--adopt"]).expect(6).says("takes over");
        up(&cluster, &path, &["--adopt", "--yes"]).expect(0);
        up(&cluster, &path, &[]).expect(0).says("unchanged");
        cluster.run(&["down", "a"]).expect(0);
        assert!(cluster.objects().is_empty());
    }
}

#[test]
fn the_number_of_task_managers_changes_in_place() {
    for options in [&[][..], &[TWO_SETS][..], &[TWO_SETS, ONE_SET][..]] {
        let cluster = Cluster::new();
        let path = file(&cluster, "a.yaml", options, &Value::Null);
        up(&cluster, &path, &[]).expect(0);
        cluster.nutkin.eventually("the pods", LIMIT, || pods(&cluster).len() == 3);
        let before = pods(&cluster);
        cluster.run(&["scale", "a", "--task-managers", "3"]).expect(0).says("2 -> 3 TaskManagers");
        cluster.nutkin.eventually("a pod more", LIMIT, || pods(&cluster).len() == 4);
        let after = pods(&cluster);
        assert!(before.iter().all(|pod| after.contains(pod)), "{before:?} {after:?}");
        cluster.run(&["scale", "a", "--task-managers", "3"]).expect(0).says("already");
        // The file says 2.
        let text = path.to_str().expect("a path in UTF-8");
        let plan = cluster.run(&["plan", "-f", text]);
        plan.expect(0).prints("spec.replicas: ").prints("restarts nothing");
        up(&cluster, &path, &["--yes"]).expect(0);
        cluster.nutkin.eventually("a pod less", LIMIT, || pods(&cluster).len() == 3);
        // Which pod of a Deployment goes is for Kubernetes to say.
        assert!(pods(&cluster).iter().all(|pod| after.contains(pod)), "{after:?}");
        cluster.run(&["down", "a"]).expect(0);
    }
}

/// Notes of pods that they run and are ready, as a node would.
fn make_ready(cluster: &Cluster, names: &[String]) {
    // Far ahead: what is to be ready for a while is not so yet.
    let now = "2099-01-01T00:00:00Z";
    let condition = |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": now});
    let conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition);
    let status = json!({"status": {
        "phase": "Running",
        "conditions": conditions,
        "containerStatuses": [{
            "name": "flink-main-container", "ready": true, "started": true, "restartCount": 0,
            "image": "flink", "imageID": "flink", "state": {"running": {"startedAt": now}},
        }],
    }});
    for name in names {
        let patch = status.to_string();
        cluster.kubectl(&["patch", "pod", name, "--subresource=status", "-p", &patch]);
    }
}

/// A session all of whose pods are said to run, and the pods by name and UID.
fn running(options: &[(&str, &str)]) -> (Cluster, PathBuf) {
    let cluster = Cluster::new();
    // The scheduler would go on noting that no node takes them.
    let spec = json!({"podTemplate": {"spec": {"schedulerName": "nobody"}}});
    let path = file(&cluster, "a.yaml", options, &spec);
    up(&cluster, &path, &[]).expect(0);
    cluster.nutkin.eventually("the pods", LIMIT, || pods(&cluster).len() == 3);
    make_ready(&cluster, &pods(&cluster));
    (cluster, path)
}

/// UIDs of the pods.
fn uids(cluster: &Cluster) -> Vec<String> {
    let pods = cluster.get("pods")["items"].as_array().cloned().unwrap_or_default();
    let uid = |pod: &Value| pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    pods.iter().map(uid).collect()
}

fn unready(cluster: &Cluster) -> Vec<String> {
    let pods = cluster.get("pods")["items"].as_array().cloned().unwrap_or_default();
    let waits = pods.iter().filter(|pod| pod["status"]["phase"] != "Running");
    waits.map(|pod| pod["metadata"]["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn new_pods_of_a_deployment_are_all_ready_before_an_old_one_ends() {
    let (cluster, path) = running(&[]);
    let before = uids(&cluster);
    let text = path.to_str().expect("a path in UTF-8");
    let option = "taskmanager.network.memory.buffers-per-channel=3";
    let change = ["up", "-f", text, "--yes", "-D", option];
    let plan = cluster.run(&["plan", "-f", text, "-D", option]);
    plan.expect(0).prints("restarts all TaskManagers");
    let first = cluster.nutkin.start(cluster.command(&change));
    cluster.nutkin.eventually("new pods", LIMIT, || pods(&cluster).len() == 5);
    let new = unready(&cluster);
    assert_eq!(new.len(), 2);
    make_ready(&cluster, &new[..1]);
    // Cut off in the middle; the old ones stay, and the next command goes on.
    drop(first);
    let short = [&change[..], &["--timeout", "1"]].concat();
    cluster.run(&short).expect(4).says("the same command again").says("for nine minutes");
    let second = cluster.nutkin.start(cluster.command(&change));
    let all = uids(&cluster);
    assert!(before.iter().all(|uid| all.contains(uid)), "an old one ended");
    make_ready(&cluster, &new[1..]);
    cluster.nutkin.eventually("the old ones end", LIMIT, || pods(&cluster).len() == 3);
    let left = uids(&cluster);
    assert_eq!(before.iter().filter(|uid| left.contains(uid)).count(), 1, "the JobManager stays");
    let free = |object: &Value| object["spec"]["minReadySeconds"].is_null();
    cluster.nutkin.eventually("no hold", LIMIT, || free(&cluster.get("deployment/a-taskmanager")));
    drop(second);
    cluster.run(&["plan", "-f", text, "-D", option]).expect(0).prints("no change");
    cluster.run(&["down", "a", "--force"]).expect(0);
}

#[test]
fn pods_of_sets_are_replaced_in_batches() {
    for options in [&[TWO_SETS][..], &[TWO_SETS, ONE_SET][..]] {
        let (cluster, path) = running(options);
        let before = uids(&cluster);
        let text = path.to_str().expect("a path in UTF-8");
        // Options of TaskManagers; with one set all pods have one template.
        let option = "taskmanager.network.memory.buffers-per-channel=3";
        let change = ["up", "-f", text, "--force", "--yes", "-D", option];
        let mut running = cluster.nutkin.start(cluster.command(&change));
        let replaced = || {
            let now = uids(&cluster);
            before.iter().filter(|uid| !now.contains(uid)).count()
        };
        let end = if options.len() == 1 { 2 } else { 3 };
        for count in 1..=end {
            cluster.nutkin.eventually("one pod more", LIMIT, || {
                replaced() == count && pods(&cluster).len() == 3 && unready(&cluster).len() == 1
            });
            // Where Nutkin itself has ended the pod: what an interrupt leaves is told, and the next command goes on.
            if count == 1 && options.len() == 1 {
                kill_process(running.pid(), Signal::INT).expect("it runs");
                let interrupted = running.wait(3 * LIMIT);
                interrupted.expect(130).says("while pods of session `a` were being replaced");
                interrupted.says("the same command again goes on").says("the other pods stay");
                running = cluster.nutkin.start(cluster.command(&change));
            }
            make_ready(&cluster, &unready(&cluster));
        }
        let is_released = |set: &str| {
            let set = cluster.get(&format!("statefulset/{set}"));
            set["spec"]["updateStrategy"]["type"] == "RollingUpdate"
        };
        let sets = if options.len() == 1 { &["a", "a-taskmanager"][..] } else { &["a"] };
        cluster.nutkin.eventually("no hold", LIMIT, || sets.iter().all(|set| is_released(set)));
        drop(running);
        cluster.run(&["plan", "-f", text, "-D", option]).expect(0).prints("no change");
        // Another change, after one that replaces no pod.
        let scale = [&change[..], &["--task-managers", "3", "--no-wait"]].concat();
        cluster.run(&scale).expect(0);
        let other =
            [&scale[..scale.len() - 1], &["-D", "taskmanager.network.retries=1", "--timeout", "1"]];
        cluster.run(&other.concat()).expect(4).says("is not ready after 1 s");
        cluster.run(&["down", "a", "--force"]).expect(0);
    }
}
