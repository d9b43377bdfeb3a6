//! What the examples are on Kubernetes is in golden files. (That nothing is wrong in them: `nutkin-check`.)

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use nutkin_core::plan::kubernetes::{self, native::ClientMachine};
use nutkin_core::spec::{self, Inputs};
use nutkin_testkit::check_golden;
use serde_json::json;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[track_caller]
fn check(name: &str, text: &str, kinds: &[&str]) {
    let path = format!("examples/{name}.yaml");
    let file = spec::read(text, &path).unwrap();
    let session = spec::resolve(&Inputs { file: Some(file), ..Inputs::default() }).unwrap();
    let objects = kubernetes::plan(&session, &ClientMachine::default()).unwrap();
    assert_eq!(objects.warnings, []);
    let found: Vec<&str> = objects.items.iter().filter_map(|item| item["kind"].as_str()).collect();
    assert_eq!(found, kinds);
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects.items});
    let golden = root().join(format!("crates/core/tests/golden/examples/{name}.json"));
    check_golden(&golden, &format!("{list:#}\n"));
}

#[test]
fn session() {
    let kinds =
        ["Deployment", "Deployment", "ConfigMap", "Service", "Service", "Service", "Service"];
    check("session", include_str!("../../../../examples/session.yaml"), &kinds);
}

#[test]
fn node_port() {
    check(
        "node-port",
        include_str!("../../../../examples/node-port.yaml"),
        &["Deployment", "Deployment", "ConfigMap", "Service", "Service"],
    );
}

#[test]
fn stateful_set() {
    check(
        "stateful-set",
        include_str!("../../../../examples/stateful-set.yaml"),
        &["StatefulSet", "ConfigMap", "Service", "Service", "Service"],
    );
}

#[test]
fn native() {
    let kinds = [
        "Deployment",
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "Service",
        "ConfigMap",
        "ConfigMap",
    ];
    check("native", include_str!("../../../../examples/native.yaml"), &kinds);
}

#[test]
fn high_availability() {
    let kinds = [
        "Deployment",
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "Deployment",
        "ConfigMap",
        "Service",
        "Service",
        "PersistentVolumeClaim",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "PodDisruptionBudget",
    ];
    check("high-availability", include_str!("../../../../examples/high-availability.yaml"), &kinds);
}
