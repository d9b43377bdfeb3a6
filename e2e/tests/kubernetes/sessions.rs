//! Sessions as objects: made, found, changed, ended, and never anybody else's.

use std::time::Duration;

use nutkin_e2e::{Cluster, assert_same};
use serde_json::{Value, json};

/// `up` without waiting for pods, which nobody starts here.
const UP: [&str; 3] = ["up", "a", "--no-wait"];

/// What outlives the session's workload.
const LEDGER: &str = "ConfigMap/nutkin-a";

/// Options that say the whole of what is wanted: a default. Without any the ledger says it.
const PLAIN: [&str; 2] = ["--flink", "1.20"];

#[track_caller]
fn up(cluster: &Cluster, more: &[&str]) -> nutkin_e2e::Finished {
    cluster.run(&[&UP, more].concat())
}

#[test]
fn a_session_is_made_found_and_ended() {
    let cluster = Cluster::new();
    up(&cluster, &[]).expect(0).says("session `a` is starting");
    let objects = cluster.objects();
    let names: Vec<&str> = objects.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["ConfigMap/flink-config-a", LEDGER, "Deployment/a", "Service/a", "Service/a-rest"]
    );
    for (name, object) in &objects {
        assert_eq!(object["metadata"]["labels"]["nutkin.dev/session"], "a", "{name}");
        let owner = &object["metadata"]["ownerReferences"][0]["name"];
        let stands_alone = name == "Deployment/a" || name == LEDGER;
        assert_eq!(*owner, if stands_alone { Value::Null } else { json!("a") });
    }
    up(&cluster, &[]).expect(0).says("session `a` is unchanged");

    let status = cluster.run(&["status", "a", "-o", "json"]);
    let status = status.expect(0).json();
    assert_eq!((&status["state"], &status["flinkVersion"]), (&json!("starting"), &json!("1.20.5")));
    let list = cluster.run(&["ls", "-o", "json"]);
    assert_eq!(list.expect(0).json()["items"][0]["name"], "a");

    let down = cluster.run(&["down", "a", "-o", "json"]);
    let ended = down.expect(0).json()["ended"].clone();
    assert!(
        ended.as_array().is_some_and(|ended| ended.contains(&json!("Service/a-rest"))),
        "{ended}"
    );
    assert!(cluster.objects().is_empty(), "{:?}", cluster.objects().keys());
    assert_eq!(cluster.kubectl(&["get", "pods", "-o", "name"]), "");
    cluster.run(&["status", "a"]).expect(5);
}

#[test]
fn a_session_that_was_started_is_found_without_being_told_where() {
    let cluster = Cluster::new();
    up(&cluster, &[]).expect(0);
    let mut command = cluster.nutkin.command(&["status", "-o", "json"]);
    command.env("KUBECONFIG", std::env::var_os("NUTKIN_TEST_KUBECONFIG").expect("a kubeconfig"));
    let status = cluster.finish(command);
    assert_eq!(status.expect(0).json()["namespace"], *cluster.namespace);
}

/// What is predicted is what then is: the plan of the same change afterwards is empty, and every difference holds.
#[track_caller]
fn check_change(first: &[&str], then: &[&str], expected: &[&str]) {
    let cluster = Cluster::new();
    up(&cluster, first).expect(0);
    let plan = cluster.run(&[&["plan", "a", "-o", "json"], then].concat());
    let plan = plan.expect(0).json();
    let found: Vec<String> = plan["differences"]
        .as_array()
        .expect("differences")
        .iter()
        .map(|one| format!("{} {}: {} -> {}", one["object"], one["what"], one["old"], one["new"]))
        .collect();
    for expected in expected {
        assert!(found.iter().any(|one| one.contains(expected)), "{expected}: {found:#?}");
    }
    let before = cluster.objects();
    up(&cluster, then).expect(6).says("plan: ");
    assert_eq!(cluster.objects(), before, "nothing is done without consent");
    up(&cluster, &[then, &["--yes"]].concat()).expect(0);
    let after = cluster.run(&[&["plan", "a"], then].concat());
    after.expect(0).prints("no change");
    cluster.run(&[&["plan", "a", "--detailed-exitcode"], then].concat()).expect(0);
    // Fields that were there only for the change go with it: what is left is what a new session has.
    up(&cluster, &[first, &["--yes"]].concat()).expect(0);
    let (mut now, mut fresh) = (cluster.objects(), before);
    for objects in [&mut now, &mut fresh] {
        let deployment = objects.get_mut("Deployment/a").expect("the Deployment");
        // The pods were replaced, and that is noted.
        let template =
            deployment["spec"]["template"]["metadata"].as_object_mut().expect("metadata");
        template.remove("annotations");
    }
    assert_same(&now, &fresh, "after the change was taken back");
}

#[test]
fn options_change_and_change_back() {
    check_change(
        &PLAIN,
        &["-D", "taskmanager.numberOfTaskSlots=4", "-D", "containerized.master.env.X=1"],
        &[
            r#""ConfigMap/flink-config-a" "taskmanager.numberOfTaskSlots": "2" -> "4""#,
            r#"env[X].value": null -> "1""#,
        ],
    );
}

#[test]
fn a_service_changes_its_type() {
    let node_port = ["-D", "kubernetes.rest-service.exposed.type=NodePort"];
    check_change(&PLAIN, &node_port, &[r#""spec.type": "ClusterIP" -> "NodePort""#]);
}

#[test]
fn a_service_that_cannot_change_is_made_anew() {
    let headless = ["-D", "kubernetes.rest-service.exposed.type=Headless_ClusterIP"];
    check_change(&PLAIN, &headless, &[r#""spec.clusterIP": "#]);
}

#[test]
fn another_content_replaces_the_pods() {
    let cluster = Cluster::new();
    up(&cluster, &[]).expect(0);
    let pods = || {
        let pods = cluster.get("pods");
        let pods = pods["items"].as_array().expect("pods").clone();
        let name = |pod: &Value| pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        pods.iter().map(name).collect::<Vec<_>>()
    };
    let limit = Duration::from_secs(20);
    cluster.nutkin.eventually("a pod", limit, || pods().len() == 1);
    let before = pods();
    up(&cluster, &["-D", "rest.flamegraph.enabled=true", "--yes"]).expect(0);
    cluster
        .nutkin
        .eventually("another pod", limit, || pods().iter().any(|pod| !before.contains(pod)));
}

/// Something of somebody else has a name that the session needs.
#[track_caller]
fn check_foreign(kind: &str, name: &str, spec: &Value, api_version: &str) {
    let cluster = Cluster::new();
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
    if let (Some(object), Some(spec)) = (object.as_object_mut(), spec.as_object()) {
        object.extend(spec.clone());
    }
    cluster.apply(&object);
    let before = cluster.objects();
    let title = format!("{kind}/{name} in namespace {} is in the way", cluster.namespace);
    up(&cluster, &[]).expect(1).says(&title).says("it was not touched");
    cluster.nutkin.eventually("what was made is removed", Duration::from_secs(20), || {
        cluster.objects() == before
    });
}

#[test]
fn a_foreign_deployment_is_not_touched() {
    let pod = json!({
        "metadata": {"labels": {"x": "y"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    let spec = json!({"spec": {"selector": {"matchLabels": {"x": "y"}}, "template": pod}});
    check_foreign("Deployment", "a", &spec, "apps/v1");
}

#[test]
fn a_foreign_service_is_not_touched() {
    check_foreign("Service", "a-rest", &json!({"spec": {"ports": [{"port": 80}]}}), "v1");
}

#[test]
fn a_foreign_config_map_is_not_touched() {
    check_foreign("ConfigMap", "flink-config-a", &json!({"data": {"x": "y"}}), "v1");
}

#[test]
fn two_at_once_make_one_session() {
    let cluster = Cluster::new();
    let running: Vec<_> = (0..4).map(|_| cluster.nutkin.start(cluster.command(&UP))).collect();
    for one in running {
        one.wait(Duration::from_mins(1)).expect(0);
    }
    assert_eq!(cluster.objects().len(), 5);
    up(&cluster, &[]).expect(0).says("unchanged");
}

#[test]
fn a_quota_is_told_in_plain_words() {
    let cluster = Cluster::new();
    cluster.kubectl(&["create", "quota", "q", "--hard=services=1"]);
    up(&cluster, &[]).expect(1).says("exceeded quota: q").says("ResourceQuota");
    let limit = Duration::from_secs(20);
    cluster.nutkin.eventually("nothing is left", limit, || cluster.objects().is_empty());
}

#[test]
fn a_quota_of_pods_is_told_while_waiting() {
    let cluster = Cluster::new();
    cluster.kubectl(&["create", "quota", "q", "--hard=requests.memory=1Mi,requests.cpu=1"]);
    let waited = cluster.run(&["up", "a"]);
    waited.expect(1).says("Kubernetes does not make the JobManager's pod: exceeded quota: q");
}

#[test]
fn a_missing_service_account_is_told_while_waiting() {
    let cluster = Cluster::new();
    let waited = cluster.run(&["up", "a", "-D", "kubernetes.service-account=flink"]);
    waited.expect(1).says("error looking up service account").says("nutkin rbac");
}

#[test]
fn admission_is_told_in_plain_words() {
    let cluster = Cluster::new();
    let level = "pod-security.kubernetes.io/enforce=restricted";
    cluster.kubectl(&["label", "namespace", &cluster.namespace, level]);
    cluster.run(&["up", "a"]).expect(1).says("violates PodSecurity").says("securityContext");
}

#[test]
fn a_namespace_that_is_not_there() {
    let cluster = Cluster::new();
    let mut command = cluster.nutkin.command(&["up", "a", "--no-wait", "-n", "nowhere"]);
    let kubeconfig = std::env::var_os("NUTKIN_TEST_KUBECONFIG").expect("a kubeconfig");
    command.env("KUBECONFIG", kubeconfig).env("NUTKIN_PLATFORM", "kubernetes");
    cluster.finish(command).expect(1).says("create the namespace first");
}

/// A session as Flink's own client makes it: the same objects without anything of Nutkin's.
fn made_by_flink(cluster: &Cluster) {
    up(cluster, &[]).expect(0);
    cluster.kubectl(&["delete", LEDGER]);
    for (title, object) in cluster.objects() {
        let annotations =
            object["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
        let mut words = vec!["annotate".to_owned(), title.clone()];
        words.extend(annotations.keys().map(|key| format!("{key}-")));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        cluster.kubectl(&words);
        cluster.kubectl(&["label", &title, "nutkin.dev/session-"]);
    }
}

#[test]
fn a_session_of_flinks_client_is_found_and_changed_only_when_taken_over() {
    let cluster = Cluster::new();
    made_by_flink(&cluster);
    let status = cluster.run(&["status", "a", "-o", "json"]);
    assert_eq!(status.expect(0).json()["name"], "a");
    let before = cluster.objects();
    up(&cluster, &[]).expect(1).says("Nutkin did not start").says("--adopt");
    cluster.run(&["down", "a"]).expect(1).says("--adopt");
    assert_eq!(cluster.objects(), before);

    up(&cluster, &["--adopt"]).expect(6).says("takes over Deployment/a");
    assert_eq!(cluster.objects(), before);
    up(&cluster, &["--adopt", "--yes"]).expect(0);
    let object = cluster.get("deployment/a");
    assert_eq!(object["metadata"]["labels"]["nutkin.dev/session"], "a");
    let template = &object["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(*template, Value::Null, "its pods are left alone");
    up(&cluster, &[]).expect(0).says("unchanged");
    cluster.run(&["down", "a"]).expect(0);
    assert!(cluster.objects().is_empty());
}

#[test]
fn high_availability_data_stays_until_it_is_to_go() {
    let cluster = Cluster::new();
    let labels = |app: &str| json!({"app": app, "type": "flink-native-kubernetes"});
    let map = |name: &str, app: &str, data: Value| {
        let metadata = json!({"name": name, "labels": labels(app)});
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    };
    let ours = map("a-cluster-config-map", "a", json!({"executionPlan-77": "x"}));
    let other = map("a-b-cluster-config-map", "a-b", json!({}));
    let make = || {
        up(&cluster, &[]).expect(0);
        cluster.apply(&ours);
        cluster.apply(&other);
    };
    make();
    let down = cluster.run(&["down", "a"]);
    down.expect(0).says("kept `ConfigMap/a-cluster-config-map`").says("jobs again: 77");
    assert_eq!(cluster.objects().len(), 2);
    make();
    cluster.run(&["down", "a", "--delete-ha-data"]).expect(0);
    let left: Vec<String> = cluster.objects().into_keys().collect();
    assert_eq!(left, ["ConfigMap/a-b-cluster-config-map"], "never another cluster's");
    // After the session is gone, too.
    make();
    cluster.run(&["down", "a"]).expect(0);
    cluster
        .run(&["down", "a", "--delete-ha-data"])
        .expect(0)
        .says("session `a` was gone; deleted: ConfigMap/a-cluster-config-map");
    let left: Vec<String> = cluster.objects().into_keys().collect();
    assert_eq!(left, ["ConfigMap/a-b-cluster-config-map"]);
    cluster.run(&["down", "a", "--delete-ha-data"]).expect(5).says("there is no session `a`");
}

#[test]
fn nobody_counts_the_task_managers_of_a_native_session() {
    let cluster = Cluster::new();
    up(&cluster, &[]).expect(0);
    let before = cluster.objects();
    cluster
        .run(&["scale", "a", "--task-managers", "3"])
        .expect(2)
        .says("Flink itself starts and ends the TaskManagers of session `a`, as jobs need them")
        .says("slotmanager.max-total-resource.cpu");
    assert_eq!(cluster.objects(), before);
}
