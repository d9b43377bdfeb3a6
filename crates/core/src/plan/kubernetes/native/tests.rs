//! What a small session is made of. The many other cases are recordings of Flink's own client, see
//! `tests/native.rs`.

use super::*;
use crate::plan::kubernetes::marks;
use crate::session::Mode;
use crate::spec::{Inputs, resolve};
use nutkin_flink::FlinkVersion;

fn session(options: &[(&str, &str)], flink: &str) -> Session {
    let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    resolve(&Inputs {
        name: Some("words".to_owned()),
        options: options.collect(),
        flink: flink.parse::<FlinkVersion>().ok(),
        ..Inputs::default()
    })
    .unwrap()
}

/// Kind and name of each object, in order.
#[track_caller]
fn check(options: &[(&str, &str)], flink: &str, expected: &[&str]) {
    let objects = plan(&session(options, flink), &ClientMachine::default()).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let names: Vec<String> = objects
        .items
        .iter()
        .map(|item| format!("{} {}", text(&item["kind"]), text(&item["metadata"]["name"])))
        .collect();
    assert_eq!(names, expected);
    for item in &objects.items {
        assert_eq!(item["metadata"]["labels"][marks::SESSION], "words", "{item}");
        assert_eq!(item["metadata"]["namespace"], "default", "{item}");
    }
    for item in objects.owned_by("u-1") {
        assert_eq!(item["metadata"]["ownerReferences"][0]["uid"], "u-1", "{item}");
    }
}

#[test]
fn a_session_in_order() {
    for flink in ["1.13", "1.20", "2.3"] {
        check(
            &[],
            flink,
            &[
                "Deployment words",
                "Service words",
                "Service words-rest",
                "ConfigMap flink-config-words",
            ],
        );
    }
    let available =
        [("high-availability.type", "kubernetes"), ("high-availability.storageDir", "s3://b/ha")];
    let without_internal =
        ["Deployment words", "Service words-rest", "ConfigMap flink-config-words"];
    check(&available, "1.20", &without_internal);
}

#[test]
fn high_availability_needs_a_place() {
    #[track_caller]
    fn check(options: &[(&str, &str)], standalone: bool, expected: &[&str]) {
        let mut session = session(options, "1.20");
        if standalone {
            session.mode = Some(Mode::Standalone);
        }
        let objects = crate::plan::kubernetes::plan(&session, &ClientMachine::default()).unwrap();
        let paths: Vec<&str> = objects.warnings.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, expected, "{options:?}");
    }
    let place = ("high-availability.storageDir", "s3://b/ha");
    for standalone in [false, true] {
        check(&[], standalone, &[]);
        check(&[("high-availability.type", "NONE")], standalone, &[]);
        check(&[("high-availability.type", "kubernetes")], standalone, &[place.0]);
        check(&[("high-availability", "ZooKeeper")], standalone, &[place.0]);
        check(&[("high-availability.type", "kubernetes"), place], standalone, &[]);
        // A factory of somebody's own may keep its data elsewhere.
        check(&[("high-availability.type", "com.example.Factory")], standalone, &[]);
    }
}

#[test]
fn all_problems_at_once() {
    let session = session(
        &[
            ("kubernetes.namespace", "No Such"),
            ("blob.server.port", "1-2"),
            ("kubernetes.jobmanager.replicas", "2"),
            ("kubernetes.pod-template-file.jobmanager", "pod.yaml"),
        ],
        "1.20",
    );
    let problems = plan(&session, &ClientMachine::default()).unwrap_err();
    let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "blob.server.port",
            "kubernetes.namespace",
            "kubernetes.pod-template-file.jobmanager",
            "kubernetes.jobmanager.replicas",
        ]
    );
}

/// A session file with `value` at a path of the `FlinkDeployment`, planned.
fn planned(path: &str, value: &serde_json::Value) -> Result<Objects, Vec<Problem>> {
    let mut document = serde_json::json!({
        "apiVersion": "flink.apache.org/v1beta1",
        "kind": "FlinkDeployment",
        "metadata": {"name": "words"},
        "spec": {
            "flinkVersion": "v1_20",
            "flinkConfiguration": {
                "high-availability.type": "kubernetes",
                "high-availability.storageDir": "s3://b/ha",
            },
            "jobManager": {"resources": {"requests": {"cpu": 1, "memory": "2Gi"}}},
            "taskManager": {"resources": {"requests": {"cpu": 1, "memory": "2Gi"}}},
        },
    });
    if let Some((_, rest)) = path.split_once("resource.") {
        // `resources` is stronger than `resource`.
        if ["memory", "cpu"].contains(&rest) {
            for role in ["jobManager", "taskManager"] {
                document["spec"][role] = serde_json::json!({});
            }
        }
    }
    let mut place = &mut document;
    for part in path.split('.').filter(|part| !part.is_empty()) {
        place = &mut place[part];
    }
    *place = value.clone();
    let text = nutkin_flink::yaml::to_string(&document).unwrap();
    let file = crate::spec::read(&text, "f.yaml")?;
    let session = resolve(&Inputs { file: Some(file), ..Inputs::default() })?;
    crate::plan::kubernetes::plan(&session, &ClientMachine::default())
}

#[test]
fn every_field_of_a_session_file_does_what_the_table_says() {
    use serde_json::json;
    let values = [
        ("metadata.name", json!("letters")),
        ("metadata.namespace", json!("ns1")),
        ("metadata.labels", json!({"team": "data"})),
        ("metadata.annotations", json!({"note": "x"})),
        ("spec.flinkVersion", json!("v2_3")),
        ("spec.flinkConfiguration", json!({"parallelism.default": "3"})),
        ("spec.image", json!("me/flink:1")),
        ("spec.imagePullPolicy", json!("Always")),
        ("spec.serviceAccount", json!("flink")),
        ("spec.mode", json!("standalone")),
        ("spec.ingress", json!({"template": "{{name}}.example.com"})),
        ("spec.podTemplate", json!({"spec": {"priorityClassName": "high"}})),
        ("spec.restartNonce", json!(7)),
        ("spec.logConfiguration", json!({"log4j-console.properties": "rootLogger.level = DEBUG"})),
        ("spec.jobManager.replicas", json!(3)),
        ("spec.jobManager.resource.memory", json!("3Gi")),
        ("spec.jobManager.resource.cpu", json!(0.5)),
        ("spec.jobManager.resource.ephemeralStorage", json!("2Gi")),
        ("spec.jobManager.resources.requests.memory", json!("3Gi")),
        ("spec.jobManager.resources.requests.cpu", json!("500m")),
        ("spec.jobManager.resources.limits.memory", json!("4Gi")),
        ("spec.jobManager.resources.limits.cpu", json!("2")),
        ("spec.jobManager.podTemplate", json!({"spec": {"priorityClassName": "high"}})),
        ("spec.taskManager.resource.memory", json!("3Gi")),
        ("spec.taskManager.resource.cpu", json!(0.5)),
        ("spec.taskManager.resource.ephemeralStorage", json!("2Gi")),
        ("spec.taskManager.resources.requests.memory", json!("3Gi")),
        ("spec.taskManager.resources.requests.cpu", json!("500m")),
        ("spec.taskManager.resources.limits.memory", json!("4Gi")),
        ("spec.taskManager.resources.limits.cpu", json!("2")),
        ("spec.taskManager.podTemplate", json!({"spec": {"priorityClassName": "high"}})),
    ];
    // What these do is told elsewhere, or nothing in native mode.
    let others = ["apiVersion", "kind", "spec.job", "spec.taskManager.replicas"];
    let base = planned("metadata.name", &json!("words")).unwrap();
    for field in crate::spec::fields::DEPLOYMENT {
        if field.is_ignored() {
            let objects = planned(field.path, &json!("x")).unwrap();
            assert_eq!(objects.items, base.items, "{} changes something", field.path);
            continue;
        }
        let Some((path, value)) = values.iter().find(|(path, _)| *path == field.path) else {
            assert!(others.contains(&field.path), "`{}` has no case here", field.path);
            continue;
        };
        let objects =
            planned(path, value).unwrap_or_else(|problems| panic!("{path}: {problems:?}"));
        assert_ne!(objects.items, base.items, "{path} changes nothing");
    }
    assert!(planned("spec.job", &json!({"jarURI": "a.jar"})).is_err());
    assert!(
        planned("spec.taskManager.resources.limits.cpu", &json!("500m")).is_err(),
        "below the request"
    );
    assert!(planned("spec.jobManager.resources.requests.cpu", &json!("lots")).is_err());
}
