//! Each field of a session file, changed to a right value: either something that is planned for this machine changes,
//! or the table of fields says that nothing does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use nutkin_core::plan::process::{self, Archives, Machine};
use nutkin_core::session::Session;
use nutkin_core::spec::fields::{self, Field};
use nutkin_core::spec::{self, Inputs};
use serde_json::{Value, json};

/// A right value for each field whose change is to be seen, other than that of [`base`].
fn right(path: &str) -> Value {
    let text = match path {
        "spec.flinkVersion" => "v2_0",
        "spec.deploymentName" | "metadata.name" | "spec.jobReference.name" => "other",
        "spec.imagePullPolicy" => "Always",
        "spec.mode" => "standalone",
        "spec.job.jarURI" => "/other.jar",
        "spec.job.state" => "suspended",
        "spec.job.upgradeMode" => "savepoint",
        "spec.jobReference.kind" => "FlinkDeployment",
        "spec.savepoint.formatType" => "NATIVE",
        path if path.ends_with("memory") => "3g",
        _ => "text",
    };
    match path {
        "spec.flinkConfiguration" => json!({"parallelism.default": "7"}),
        "spec.logConfiguration" => {
            json!({"log4j-console.properties": "rootLogger.level = WARN"})
        }
        path if path.starts_with("metadata.m") || path == "metadata.finalizers" => {
            json!([{"a": "b"}])
        }
        "metadata.labels"
        | "metadata.annotations"
        | "spec.ingress"
        | "spec.podTemplate"
        | "spec.jobManager.podTemplate"
        | "spec.taskManager.podTemplate"
        | "status" => json!({"a": "b"}),
        "spec.job.args" => json!(["--x"]),
        "spec.job.allowNonRestoredState" | "spec.savepoint.alreadyExists" => json!(true),
        "spec.savepoint.disposeOnDelete" => json!(false),
        "spec.checkpoint" => json!({}),
        "spec.backoffLimit" => json!(3),
        path if path.to_lowercase().ends_with("nonce") => json!(5),
        path if path.ends_with("replicas") || path.ends_with("parallelism") => json!(3),
        path if path.ends_with("cpu") => json!(1.5),
        _ => json!(text),
    }
}

/// A session with one job and a snapshot of it, highly available so that its JobManagers can be counted.
fn base() -> [Value; 3] {
    let version = "flink.apache.org/v1beta1";
    [
        json!({"apiVersion": version, "kind": "FlinkDeployment", "metadata": {"name": "a"}, "spec": {
            "flinkVersion": "v1_20",
            "flinkConfiguration": {"high-availability.type": "zookeeper"},
        }}),
        json!({"apiVersion": version, "kind": "FlinkSessionJob", "metadata": {"name": "j"}, "spec": {
            "deploymentName": "a",
            "job": {"jarURI": "/a.jar"},
        }}),
        json!({"apiVersion": version, "kind": "FlinkStateSnapshot", "metadata": {"name": "s"}, "spec": {
            "jobReference": {"name": "j"},
            "savepoint": {"path": "/savepoints"},
        }}),
    ]
}

fn set(document: &mut Value, path: &str, value: Value) {
    let mut place = document;
    for part in path.split('.') {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[part];
    }
    match (place.as_object_mut(), value) {
        // Options are added to those that are there.
        (Some(there), Value::Object(more)) => there.extend(more),
        (_, value) => *place = value,
    }
}

fn session(documents: &[Value; 3]) -> Result<Session, String> {
    let text: Vec<String> = documents.iter().map(ToString::to_string).collect();
    let said = |problems: Vec<nutkin_flink::Problem>| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let file = spec::read(&text.join("\n---\n"), "f").map_err(said)?;
    spec::resolve(&Inputs { file: Some(file), ..Inputs::default() }).map_err(said)
}

/// Everything that follows on this machine: files, command lines, the name, the jobs.
fn planned(session: &Session) -> String {
    let machine = Machine {
        flink_home: format!("/flink-{}", session.flink),
        lib: vec!["flink-dist.jar".to_owned()],
        extra_libs: Vec::new(),
        plugins: "/plugins".to_owned(),
        plugin_jars: BTreeMap::new(),
        java_home: "/java".to_owned(),
        java_major: 17,
        directory: "/session".to_owned(),
        data: "/data".to_owned(),
        rest_ports: (1..=session.job_managers())
            .map(|index| 8080 + u16::try_from(index).unwrap())
            .collect(),
        rpc_port: 6123,
        zookeeper_port: Some(2181),
        archives: Archives::default(),
        environment: BTreeMap::new(),
    };
    let planned = process::plan(session, &machine).unwrap();
    let jobs: Vec<String> = session.jobs.iter().map(|job| format!("{job:?}")).collect();
    format!("{} {planned:?} {jobs:?} {:?}", session.name, session.snapshots)
}

#[track_caller]
fn check(index: usize, kind: &str, field: &Field) {
    let mut documents = base();
    set(&mut documents[index], field.path, right(field.path));
    if let fields::Type::Refused(_) = field.kind {
        assert!(session(&documents).is_err(), "`{}` is not refused", field.path);
        return;
    }
    let changed = match session(&documents) {
        Ok(session) => planned(&session) != planned(&self::session(&base()).unwrap()),
        // A job of another session, or one which this file does not have, is told; so is what is two things at once.
        Err(said) => {
            assert!(
                [
                    "spec.deploymentName",
                    "metadata.name",
                    "spec.jobReference.kind",
                    "spec.jobReference.name",
                    "spec.checkpoint",
                ]
                .contains(&field.path),
                "{}: {said}",
                field.path
            );
            true
        }
    };
    let quiet = ["no effect", "ignored"].iter().any(|word| field.local.starts_with(word));
    assert_eq!(changed, !quiet, "{kind} `{}`: the table says: {}", field.path, field.local);
}

#[test]
fn a_right_value_changes_the_plan_or_is_said_not_to() {
    let kinds = [
        ("FlinkDeployment", fields::DEPLOYMENT),
        ("FlinkSessionJob", fields::SESSION_JOB),
        ("FlinkStateSnapshot", fields::STATE_SNAPSHOT),
    ];
    for (index, (kind, table)) in kinds.into_iter().enumerate() {
        // These two say what the document is.
        let fixed = ["apiVersion", "kind"];
        for field in table.iter().filter(|field| !fixed.contains(&field.path)) {
            check(index, kind, field);
        }
    }
}
