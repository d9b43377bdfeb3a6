//! What `render --on docker` prints is the session file that it came from.

use std::collections::BTreeMap;

use crate::Input;
use crate::adopt::{Adoption, AdoptionRequest, adopt};
use nutkin_core::plan::docker::{Containers, DaemonImage, HealthCheck, compose, plan};
use nutkin_core::session::Session;
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::yaml;

const HOME: &str = "/opt/flink";

fn session(text: &str) -> Session {
    let file = spec::read(text, "session.yaml").unwrap();
    spec::resolve(&Inputs { file: Some(file), ..Inputs::default() }).unwrap()
}

fn planned(session: &Session, image: &str) -> Containers {
    let around = DaemonImage {
        image: image.to_owned(),
        flink_home: HOME.to_owned(),
        probe: HealthCheck::Bash,
        extras: BTreeMap::new(),
        port: None,
    };
    plan(session, &around).unwrap()
}

fn adopted(text: &str) -> Adoption {
    let input = Input { name: "compose.yaml".to_owned(), text: text.to_owned() };
    adopt(&[input], &AdoptionRequest::default()).unwrap()
}

/// The containers of the session that its own rendering becomes are the same.
#[track_caller]
fn check(options: &str, image: &str, replicas: (u32, u32)) {
    let (masters, workers) = replicas;
    let text = format!(
        "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: orders}}\nspec:\n  \
         flinkVersion: v1_20\n  image: {image}\n  flinkConfiguration:\n    nutkin.flink.version: 1.20.1\n{options}  \
         jobManager: {{replicas: {masters}, resource: {{memory: 1600m}}}}\n  \
         taskManager: {{replicas: {workers}, resource: {{memory: 2g, cpu: 1.5}}}}\n"
    );
    let one = planned(&session(&text), image);
    let rendered = yaml::to_string(&compose(&one, HOME, &[])).unwrap();
    let adoption = adopted(&rendered);
    let again = planned(&session(&adoption.text), image);
    assert_eq!(one.session, again.session);
    assert_eq!(one.files, again.files, "{rendered}\n{}", adoption.text);
    let seen = |all: &Containers| -> Vec<_> {
        let containers = all.containers.iter();
        let seen = containers.map(|one| {
            let published = one.published.clone().map(|one| (one.address, one.port));
            let resources = (one.memory, one.millicpus);
            (one.name.clone(), one.command.clone(), one.environment.clone(), resources, published)
        });
        seen.collect()
    };
    assert_eq!(seen(&one), seen(&again), "{rendered}\n{}", adoption.text);
}

/// Which fields of a service an adoption says to have no place.
#[track_caller]
fn check_left(fields: &str, expected: &[&str]) {
    let text = format!(
        "services:\n  jobmanager:\n    image: flink:1.20.1\n    command: jobmanager\n{fields}  taskmanager:\n    \
         image: flink:1.20.1\n    command: taskmanager\n    environment: [\"FLINK_PROPERTIES=jobmanager.rpc.address: jobmanager\"]\n"
    );
    let adoption = adopted(&text);
    let notes = format!("{:?}", adoption.notes);
    for field in ["cap_drop", "cap_add", "security_opt", "logging"] {
        let is_left = notes.contains(&format!("`{field}` of"));
        assert_eq!(is_left, expected.contains(&field), "{field}: {notes}");
    }
}

#[test]
fn protections_of_services_are_those_of_every_session() {
    check_left("    cap_drop: [ALL]\n    security_opt: [\"no-new-privileges:true\"]\n", &[]);
    check_left(
        "    cap_add: [NET_ADMIN]\n    logging: {driver: fluentd}\n",
        &["cap_add", "logging"],
    );
}

#[test]
fn own_renderings_are_the_session_file_again() {
    check("", "flink:1.20.1", (1, 1));
    check(
        "    nutkin.docker.publish: 127.0.0.1:9999\n    state.backend.type: rocksdb\n",
        "flink:1.20.1",
        (1, 3),
    );
    check(
        "    high-availability.type: zookeeper\n    env.java.opts.all: \"-Da=$b -Dc=${d}\"\n    \
         containerized.taskmanager.env.TZ: Europe/Berlin\n    taskmanager.numberOfTaskSlots: \"4\"\n",
        "flink:1.20.1",
        (2, 2),
    );
}

#[test]
fn variables_of_containers_are_those_of_their_role() {
    let text = "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {name: orders}\nspec:\n  flinkVersion: v1_20\n  \
                flinkConfiguration: {containerized.taskmanager.env.TZ: UTC, containerized.master.env.A: b}\n";
    let all = planned(&session(text), "flink:1.20.1").containers;
    let variables: Vec<Vec<&str>> = all
        .iter()
        .map(|one| one.environment.keys().map(String::as_str).filter(|key| key.len() < 3).collect())
        .collect();
    assert_eq!(variables, [["A"], ["TZ"]]);
}
