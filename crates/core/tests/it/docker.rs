//! Sessions as containers: what is planned, what changes, and the Compose file.

use std::collections::BTreeMap;

use nutkin_core::plan::docker::{
    self, Containers, DaemonImage, HealthCheck, SeenContainer, Steps, steps,
};
use nutkin_core::session::Session;
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::FlinkVersion;
use nutkin_flink::process::Role;
use serde_json::Value;

fn session(flink: FlinkVersion, task_managers: u32, options: &[(&str, &str)]) -> Session {
    let inputs = Inputs {
        name: Some("s".to_owned()),
        flink: Some(flink),
        task_managers: Some(task_managers),
        options: options.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
        ..Inputs::default()
    };
    spec::resolve(&inputs).expect("a session")
}

fn ours() -> DaemonImage {
    DaemonImage {
        image: "nutkin/flink:1.20.5".to_owned(),
        flink_home: "/opt/flink".to_owned(),
        probe: HealthCheck::Nutkin,
        extras: BTreeMap::new(),
        port: None,
    }
}

#[track_caller]
fn planned(session: &Session, around: &DaemonImage) -> Containers {
    docker::plan(session, around).expect("a plan")
}

const V1_20: FlinkVersion = FlinkVersion::new(1, 20, 5);
const V2_3: FlinkVersion = FlinkVersion::new(2, 3, 0);
const HA: &[(&str, &str)] = &[("high-availability.type", "zookeeper")];

#[track_caller]
fn check(case: &str, session: &Session, around: &DaemonImage, extras: &[(String, String)]) {
    let planned = planned(session, around);
    let file = docker::compose(&planned, &around.flink_home, extras);
    keeps_the_rules(&file);
    let text = nutkin_flink::yaml::to_string(&file).expect("YAML");
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/docker");
    nutkin_testkit::check_golden(&golden.join(case), &text);
}

/// Rules of the Compose Specification that a file of ours could break: known keys, references that lead somewhere,
/// durations, sizes, no `$` that Compose would fill in.
#[track_caller]
fn keeps_the_rules(file: &Value) {
    const TOP: &[&str] = &["name", "services", "networks", "volumes", "configs"];
    const SERVICE: &[&str] = &[
        "image",
        "container_name",
        "hostname",
        "command",
        "environment",
        "labels",
        "networks",
        "configs",
        "volumes",
        "restart",
        "deploy",
        "healthcheck",
        "ports",
        "depends_on",
        "logging",
        "cap_drop",
        "cap_add",
        "security_opt",
        "extra_hosts",
    ];
    assert!(is_literal(file), "{file:#}");
    let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
    for key in object(file).keys() {
        assert!(TOP.contains(&key.as_str()), "{key}");
    }
    let name = file["name"].as_str().expect("a name");
    assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c)));
    for (name, service) in object(&file["services"]) {
        for key in object(&service).keys() {
            assert!(SERVICE.contains(&key.as_str()), "{name}: {key}");
        }
        for need in object(&service["depends_on"]).keys() {
            assert!(file["services"].get(need).is_some(), "{name} needs {need}");
        }
        for config in service["configs"].as_array().expect("configs") {
            let source = config["source"].as_str().expect("a source");
            assert!(file["configs"].get(source).is_some(), "{source}");
        }
        let check = &service["healthcheck"];
        for key in ["interval", "timeout", "start_period"] {
            let text = check[key].as_str().expect("a duration");
            assert!(text.strip_suffix('s').is_some_and(|number| number.parse::<u32>().is_ok()));
        }
        let memory = service["deploy"]["resources"]["limits"]["memory"].as_str().expect("memory");
        assert!(memory.parse::<u64>().is_ok(), "{memory}");
        for (_, value) in object(&service["environment"]) {
            assert!(value.is_string(), "{value}");
        }
    }
}

/// Whether Compose fills nothing into any value.
fn is_literal(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.replace("$$", "").contains('$'),
        Value::Array(all) => all.iter().all(is_literal),
        Value::Object(all) => all.values().all(is_literal),
        _ => true,
    }
}

#[test]
fn one_job_manager_and_two_task_managers() {
    let options = [("taskmanager.numberOfTaskSlots", "4"), ("nutkin.docker.publish", "9999")];
    check("plain.yaml", &session(V1_20, 2, &options), &ours(), &[]);
}

#[test]
fn high_availability_logging_and_jars() {
    let mut session =
        session(V2_3, 1, &[HA, &[("kubernetes.taskmanager.cpu.amount", "1.5")]].concat());
    let text = "rootLogger.level = ${env:LEVEL}\n".to_owned();
    session.log_configuration.insert("log4j-console.properties".to_owned(), text);
    let around = DaemonImage {
        image: "flink:2.3.0".to_owned(),
        probe: HealthCheck::Bash,
        extras: BTreeMap::from([("lib/udf.jar".to_owned(), "0123".to_owned())]),
        ..ours()
    };
    let extras = [("lib/udf.jar".to_owned(), "/my/$1/udf.jar".to_owned())];
    check("ha.yaml", &session, &around, &extras);
}

#[test]
fn folders_volumes_and_hosts_of_a_template() {
    let mut session = session(V1_20, 1, &[]);
    session.pod_template = Some(serde_json::json!({"spec": {
        "hostAliases": [{"ip": "host-gateway", "hostnames": ["host.docker.internal"]}],
        "containers": [{"name": "flink-main-container", "volumeMounts": [
            {"name": "in", "mountPath": "/in", "readOnly": true},
            {"name": "archive", "mountPath": "/archive"},
            {"name": "scratch", "mountPath": "/scratch"},
        ]}],
        "volumes": [
            {"name": "in", "hostPath": {"path": "/srv/$in"}},
            {"name": "archive", "persistentVolumeClaim": {"claimName": "shop_archive"}},
            {"name": "scratch", "emptyDir": {}},
        ],
    }}));
    check("template.yaml", &session, &ours(), &[]);
}

#[track_caller]
fn changed(old: &Session, new: &Session, expected: &Steps, ends: Option<Role>) {
    let old = planned(old, &ours());
    let seen: Vec<SeenContainer> = old
        .containers
        .iter()
        .map(|one| SeenContainer {
            name: one.name.clone(),
            alias: one.alias.clone(),
            role: Some(one.role),
            hash: one.hash.clone(),
            runs: true,
        })
        .collect();
    let steps = steps(&planned(new, &ours()), &seen);
    assert_eq!(&steps, expected);
    for role in [Role::JobManager, Role::TaskManager] {
        assert_eq!(steps.ends(role, &seen), ends == Some(role), "{role:?}");
    }
}

fn names(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| format!("nutkin-s-{word}")).collect()
}

#[test]
fn what_changes() {
    let plain = session(V1_20, 1, &[]);
    changed(&plain, &plain, &Steps::default(), None);
    let more = Steps { create: names(&["taskmanager-2"]), ..Steps::default() };
    changed(&plain, &session(V1_20, 2, &[]), &more, None);
    let fewer = Steps { remove: names(&["taskmanager-2"]), ..Steps::default() };
    changed(&session(V1_20, 2, &[]), &plain, &fewer, Some(Role::TaskManager));
    let web = session(V1_20, 1, &[("web.refresh-interval", "1 s")]);
    let job_manager = Steps { replace: names(&["jobmanager"]), ..Steps::default() };
    changed(&plain, &web, &job_manager, Some(Role::JobManager));
    let memory = session(V1_20, 1, &[("taskmanager.memory.network.min", "65m")]);
    let task_manager = Steps { replace: names(&["taskmanager-1"]), ..Steps::default() };
    changed(&plain, &memory, &task_manager, Some(Role::TaskManager));
}

#[test]
fn all_task_managers_are_alike() {
    let planned = planned(&session(V1_20, 3, &[]), &ours());
    let hashes: Vec<&String> = planned
        .containers
        .iter()
        .filter(|one| one.role == Role::TaskManager)
        .map(|one| &one.hash)
        .collect();
    assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]), "{hashes:?}");
}

#[test]
fn secrets_stay_out_of_labels() {
    let session = session(V1_20, 1, &[("s3.secret-key", "hunter2")]);
    let planned = planned(&session, &ours());
    let labels: Vec<_> = planned.containers.iter().flat_map(|one| one.labels.values()).collect();
    assert!(!labels.iter().any(|label| label.contains("hunter2")), "{labels:?}");
    let file = planned.files.values().find(|text| text.contains("hunter2"));
    assert!(file.is_some(), "Flink reads it");
}

#[test]
fn all_problems_at_once() {
    let options = [("nutkin.docker.publish", "here"), ("taskmanager.memory.process.size", "10m")];
    let problems = docker::plan(&session(V1_20, 1, &options), &ours()).expect_err("problems");
    let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(text.contains("`here` is neither a port nor an address"), "{text}");
    assert!(2 <= problems.len(), "{text}");
}
