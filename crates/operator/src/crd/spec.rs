//! Schemas of `spec`: made from core's table of fields, which is also what the command line reads a session file by. What a
//! Kubernetes API needs beside that table is below, each with its reason.

use nutkin_core::spec::fields::{Field, Type};
use serde_json::{Value, json};

use super::schema::{list, object, one_of, open, put, short, text, text_map, whole};

/// Words of `flinkVersion` in FKO 1.16; resources that hold an old one can still be read, and are refused by a rule.
pub const VERSIONS: [&str; 13] = [
    "v1_13", "v1_14", "v1_15", "v1_16", "v1_17", "v1_18", "v1_19", "v1_20", "v2_0", "v2_1", "v2_2",
    "v2_3", "v2_4",
];

/// Addresses of jars and savepoints. Browsers and servers agree on some 2,000 characters; this is far above, and small enough for CEL.
const ADDRESS: u32 = 8192;

/// Names of Kubernetes objects are at most as long.
const NAME: u32 = 253;

/// More files than two are refused by a rule; it needs a bound to be costed.
const LOG_FILES: u32 = 64;

/// Puts the fields of the table into the schema, except those below one that has a shape of its own.
pub(super) fn of_table(table: &[Field], shapes: &[(&str, Value)]) -> Value {
    let mut root = Value::Null;
    for field in table.iter().filter(|field| field.path.starts_with("spec.")) {
        let is_shaped = |(path, _): &&(&str, Value)| {
            field
                .path
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if shapes.iter().any(|shape| is_shaped(&shape)) {
            continue;
        }
        put(&mut root, field.path, described(of_type(field.kind), field.on_kubernetes()));
    }
    for (path, schema) in shapes {
        let field = table.iter().find(|field| field.path == *path);
        let schema = match field {
            Some(field) if !matches!(field.kind, Type::Refused(_)) => {
                described(schema.clone(), field.on_kubernetes())
            }
            _ => schema.clone(),
        };
        put(&mut root, path, schema);
    }
    root["properties"]["spec"].take()
}

fn described(mut schema: Value, text: &str) -> Value {
    schema["description"] = json!(text);
    schema
}

fn of_type(kind: Type) -> Value {
    match kind {
        Type::Text | Type::Memory => text(),
        Type::Whole(_) => whole(),
        Type::Number => json!({"type": "number"}),
        Type::Bool => json!({"type": "boolean"}),
        Type::OneOf(words) => one_of(words),
        Type::Texts => list(&text()),
        Type::TextMap => text_map(),
        // Flat text, numbers, or nested: whatever YAML holds.
        Type::Options => json!({"x-kubernetes-preserve-unknown-fields": true}),
        Type::Any | Type::Refused(_) => open(),
    }
}

/// Shapes of a `FlinkDeployment` that the table does not tell.
pub(super) fn deployment_shapes(job: Value) -> Vec<(&'static str, Value)> {
    let mut job = job;
    job["description"] = json!("an application cluster: Nutkin leaves it alone");
    vec![
        ("spec.flinkVersion", one_of(&VERSIONS)),
        ("spec.image", text()),
        ("spec.serviceAccount", short(NAME)),
        ("spec.ingress", ingress()),
        (
            "spec.logConfiguration",
            json!({"type": "object", "maxProperties": LOG_FILES, "additionalProperties": text()}),
        ),
        ("spec.jobManager.resources", requirements()),
        ("spec.taskManager.resources", requirements()),
        ("spec.job", job),
    ]
}

/// Shapes of a `FlinkSessionJob` that the table does not tell.
pub(super) fn session_job_shapes() -> Vec<(&'static str, Value)> {
    vec![
        ("spec.deploymentName", short(NAME)),
        ("spec.job.jarURI", short(ADDRESS)),
        ("spec.job.initialSavepointPath", short(ADDRESS)),
        // FKO's autoscaler reads it: without the field the API server would drop it.
        (
            "spec.job.autoscalerResetNonce",
            described(whole(), "no effect here: for the autoscaler of FKO"),
        ),
    ]
}

/// Shapes of a `FlinkStateSnapshot` that the table does not tell.
pub(super) fn snapshot_shapes() -> Vec<(&'static str, Value)> {
    vec![("spec.checkpoint", object([]))]
}

fn ingress() -> Value {
    let tls = object([("hosts", list(&text())), ("secretName", text())]);
    object([
        ("template", short(ADDRESS)),
        ("className", text()),
        ("annotations", text_map()),
        ("labels", text_map()),
        ("tls", list(&tls)),
    ])
}

/// Kubernetes' `ResourceRequirements`, with resources of any name: a GPU has one too.
fn requirements() -> Value {
    let quantities = json!({
        "type": "object",
        "additionalProperties": {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": true},
    });
    let claim = object([("name", text()), ("request", text())]);
    object([("requests", quantities.clone()), ("limits", quantities), ("claims", list(&claim))])
}
