//! What a small session is made of. The many other cases are recordings of Flink's own client, see
//! `tests/native.rs`.

use super::*;
use crate::flink::FlinkVersion;
use crate::plan::kubernetes::marks;
use crate::spec::{Inputs, resolve};

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
    let objects = plan(&session(options, flink), &Client::default()).unwrap();
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
    let problems = plan(&session, &Client::default()).unwrap_err();
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
