//! Where jars are kept, and what high availability has left in a namespace: on scenario servers.

use std::fs;

use nutkin_testkit::scenario::{Docker, Fault, Flink, Kubernetes, Server};
use serde_json::{Value, json};

use crate::scenario::Place;
use crate::scenario_moving::jar_in;

const JOB: &str = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
const RUN: &[&str] = &["run", "-d", "--job-id", JOB, "-c", "a.B", "count.jar"];

/// Where an earlier Nutkin kept all jars.
const OF_MACHINE: &str = ".local/state/nutkin/jars";

#[test]
fn a_directory_of_the_users_has_the_jar_that_a_move_needs() {
    let options = vec![("state.savepoints.dir", "file:///opt/flink/data/savepoints")];
    let flink = Server::start(Flink { slots: 4, options, ..Flink::default() });
    let mut docker = Docker::default().with_image("flink:1.20.5");
    docker.rest_port = flink.port();
    let place = Place::docker_with(docker);
    let store = place.folder().join("store").display().to_string();
    let option = format!("nutkin.jars.store={store}");
    place.run(&["up", "a", "-D", &option]).expect(0);
    let jar = jar_in(&place);
    place.run(RUN).expect(0);
    fs::remove_file(jar).unwrap();
    assert!(!place.folder().join(OF_MACHINE).exists());
    let listed = place.run(&["jars", "-o", "json"]).json();
    assert_eq!(listed["items"][0]["where"], store, "{listed}");
    assert_eq!(listed["items"][0]["neededBy"][0]["job"], JOB);
    let change = ["plan", "a", "-D", &option, "-D", "env.java.opts.all=-Dx=y"];
    let plan = place.run(&change);
    assert!(!plan.expect(0).stdout.contains("is not kept"), "{}", plan.all());
    // The control: the directory is not there any more.
    fs::remove_dir_all(&store).unwrap();
    let plan = place.run(&change);
    assert!(plan.expect(0).stdout.contains("count.jar"), "{}", plan.all());
    assert_eq!(place.run(&["jars", "-o", "json"]).json()["items"], json!([]));
}

/// A session on Kubernetes that keeps uploads, with a job whose jar is nowhere else.
fn on_a_claim() -> Place<Kubernetes> {
    let place = Place::kubernetes();
    place.server.with(|one| {
        one.runs_pods = true;
        let options = vec![
            ("state.savepoints.dir", "s3://bucket/savepoints"),
            ("web.upload.dir", "/opt/flink/kept-jars"),
        ];
        one.flink = Flink { slots: 4, options, ..Flink::default() };
    });
    place.run(&["up", "a", "-D", "nutkin.jars.store=claim"]).expect(0);
    let jar = jar_in(&place);
    place.run(RUN).expect(0);
    fs::remove_file(jar).unwrap();
    place
}

#[test]
fn a_claim_has_the_jar_that_a_move_needs() {
    let place = on_a_claim();
    let claim = place.server.with(|one| one.get("PersistentVolumeClaim", "a-jars"));
    assert_eq!(claim["metadata"]["ownerReferences"], Value::Null, "it outlives the session");
    assert!(!place.folder().join(OF_MACHINE).exists());
    let listed = place.run(&["jars", "-o", "json"]).json();
    assert_eq!(listed["items"][0]["where"], "claim of session `a`", "{listed}");
    let change =
        ["plan", "a", "-D", "nutkin.jars.store=claim", "-D", "containerized.master.env.X=1"];
    let plan = place.run(&change);
    let moved = "stopped with a savepoint and resumed from it";
    assert!(plan.expect(0).stdout.contains(moved), "{}", plan.all());
    // The control: nobody has it.
    place.server.with(|one| one.flink.work.jars.clear());
    let plan = place.run(&change);
    assert!(!plan.expect(0).stdout.contains(moved), "{}", plan.all());
}

/// High availability data of the cluster-id `gone`, with this key in it.
fn leave(place: &Place<Kubernetes>, name: &str, key: &str) {
    let labels = json!({"app": name, "type": "flink-native-kubernetes"});
    let map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": format!("{name}-cluster-config-map"), "namespace": "default", "labels": labels},
        "data": {key: "x"},
    });
    place.server.with(|one| one.put("configmaps", map));
}

#[test]
fn gc_knows_what_high_availability_has_left_in_a_namespace() {
    let place = Place::kubernetes();
    place.run(&["up", "a", "--no-wait"]).expect(0);
    let leader = "org.apache.flink.k8s.leader.restserver";
    leave(&place, "a", leader);
    leave(&place, "gone", leader);
    leave(&place, "back", &format!("jobGraph-{JOB}"));
    let gc = ["gc", "--on", "kubernetes"];
    let shown = place.run(&[&gc[..], &["--dry-run"]].concat());
    shown.expect(0).says("`gone`").says("may bring jobs back from it");
    assert!(!shown.stdout.contains("`a`"), "{}", shown.all());
    place.run(&gc).expect(6);
    let has = |name: &str| {
        let title = format!("ConfigMap/{name}-cluster-config-map");
        place.server.with(|one| one.titles().contains(&title))
    };
    assert!(["a", "gone", "back"].iter().all(|name| has(name)));
    place.server.set(|_| Fault::None);
    place.run(&[&gc[..], &["--yes"]].concat()).expect(0).says("deleted: 1");
    assert_eq!(["a", "gone", "back"].map(&has), [true, false, true]);
    // The control: the session has ended, and nothing of it is in a ledger.
    place.run(&["down", "a", "--delete-data", "--force"]);
    place.run(&[&gc[..], &["--yes"]].concat()).expect(0);
    assert!(!has("a") && has("back"));
}
