//! The definitions against the table of fields, against what clients depend on, and against the limits of an API server.

use std::collections::BTreeSet;

use nutkin_core::spec::fields::{self, Field, Type};
use serde_json::Value;

use super::rules::{CelMessage, CelRule};
use super::*;

/// What the API server takes in an annotation, and `kubectl apply` writes the whole object into one.
const CLIENT_SIDE: usize = 262_144;

fn root(definition: &Value) -> &Value {
    &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
}

/// Paths of all fields that the schema names, down to where it leaves the rest open.
fn paths(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    let Some(properties) = schema["properties"].as_object() else { return };
    for (name, child) in properties {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        found.insert(path.clone());
        paths(child, &path, found);
    }
}

#[test]
fn each_is_small_enough_for_client_side_apply() {
    for definition in all() {
        let size = definition.to_string().len();
        // Ten times below the limit, so that nobody has to think of it.
        assert!(size * 10 < CLIENT_SIDE, "{size} bytes: {}", definition["metadata"]["name"]);
    }
}

#[test]
fn every_field_of_the_table_is_in_the_schema() {
    // Below these the schema leaves everything open, or has a map.
    let open =
        ["spec.jobManager.resources.", "spec.taskManager.resources.", "metadata.", "spec.job."];
    for (definition, table) in all().iter().zip(tables()) {
        let mut found = BTreeSet::new();
        paths(root(definition), "", &mut found);
        for field in table {
            let is_below = open.iter().any(|open| field.path.starts_with(open));
            let is_job = definition["spec"]["names"]["kind"] == "FlinkSessionJob"
                && field.path.starts_with("spec.job.");
            assert!(
                found.contains(field.path) || is_below && !is_job,
                "{} is not in the schema of {}",
                field.path,
                definition["metadata"]["name"]
            );
        }
    }
}

#[test]
fn every_field_of_the_schema_is_in_the_table() {
    // Parts of a field that the table has as a whole, and one field that is FKO's alone.
    let parts =
        ["spec.ingress.", "spec.jobManager.resources.", "spec.taskManager.resources.", "status."];
    for (definition, table) in all().iter().zip(tables()) {
        let mut found = BTreeSet::new();
        paths(root(definition), "", &mut found);
        let is_application = |path: &str| {
            definition["spec"]["names"]["kind"] == "FlinkDeployment"
                && path.starts_with("spec.job.")
        };
        for path in found {
            let is_known = table.iter().any(|field| {
                field.path == path
                    || field
                        .path
                        .strip_prefix(path.as_str())
                        .is_some_and(|rest| rest.starts_with('.'))
            });
            let is_part = parts.iter().any(|part| path.starts_with(part));
            let is_own = path == "spec.job.autoscalerResetNonce" || is_application(&path);
            assert!(is_known || is_part || is_own, "{path} is not in the table of fields");
        }
    }
}

fn tables() -> [&'static [Field]; 3] {
    [fields::DEPLOYMENT, fields::SESSION_JOB, fields::STATE_SNAPSHOT]
}

#[test]
fn types_are_those_of_the_table() {
    let session_job = session_job();
    let schema = root(&session_job);
    for field in fields::SESSION_JOB.iter().filter(|field| field.path.starts_with("spec.")) {
        let pointer = field.path.replace('.', "/properties/");
        let found = &schema["properties"].pointer(&format!("/{pointer}")).unwrap()["type"];
        let expected = match field.kind {
            Type::Text | Type::Memory | Type::OneOf(_) => "string",
            Type::Whole(_) => "integer",
            Type::Bool => "boolean",
            Type::Texts => "array",
            Type::Options => "",
            _ => "object",
        };
        assert_eq!(found.as_str().unwrap_or_default(), expected, "{}", field.path);
    }
}

#[test]
fn clients_find_what_they_look_for() {
    let names = |definition: &Value| {
        let columns = definition["spec"]["versions"][0]["additionalPrinterColumns"].as_array();
        let columns: Vec<String> = columns
            .into_iter()
            .flatten()
            .map(|column| column["name"].as_str().unwrap_or_default().to_owned())
            .collect();
        (definition["spec"]["names"]["shortNames"][0].clone(), columns.join(", "))
    };
    let [deployment, session_job, snapshot] = all();
    assert_eq!(names(&deployment), (json!("flinkdep"), "Job Status, Lifecycle State".to_owned()));
    assert_eq!(
        names(&session_job),
        (json!("sessionjob"), "Job Status, Lifecycle State".to_owned())
    );
    let columns = "Path, Result Timestamp, Snapshot State".to_owned();
    assert_eq!(names(&snapshot), (json!("flinksnp"), columns));
    let scale = &deployment["spec"]["versions"][0]["subresources"]["scale"];
    assert_eq!(scale["specReplicasPath"], ".spec.taskManager.replicas");
    assert_eq!(scale["labelSelectorPath"], ".status.taskManager.labelSelector");
}

#[test]
fn a_newer_fko_finds_its_status_again() {
    for definition in all() {
        let status = &root(&definition)["properties"]["status"];
        assert_eq!(status["x-kubernetes-preserve-unknown-fields"], true);
    }
}

/// Rules stand at fields that are there, and quote nothing that would end their text.
#[test]
fn rules_are_at_fields_that_are_there() {
    let kinds: [(Value, Vec<CelRule>); 3] = [
        (deployment(), rules::deployment()),
        (session_job(), rules::session_job()),
        (snapshot(), rules::snapshot()),
    ];
    for (definition, rules) in kinds {
        for rule in rules {
            let mut place = root(&definition);
            for part in rule.path.split('.').filter(|part| !part.is_empty()) {
                place = &place["properties"][part];
            }
            assert_eq!(place["type"], "object", "{}", rule.path);
            let known = place["x-kubernetes-validations"].as_array().expect("rules");
            assert!(
                known
                    .iter()
                    .any(|one| one["rule"].as_str().is_some_and(|text| text.contains(&rule.rule))),
                "{}",
                rule.rule
            );
            if let CelMessage::Expression(text) = &rule.message {
                assert_eq!(text.matches('"').count() % 2, 0, "{text}");
            }
        }
    }
}

#[test]
fn versions_are_those_that_nutkin_knows() {
    for name in VERSIONS {
        let known = nutkin_flink::FlinkVersion::from_operator_name(name).is_some();
        assert_eq!(known, name != "v2_4", "{name}: a rule refuses what Nutkin cannot run");
    }
}
