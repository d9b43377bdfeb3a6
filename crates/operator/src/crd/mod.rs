//! The three CustomResourceDefinitions of `flink.apache.org/v1beta1`, of our own make.
//!
//! Pod templates are not written out in them (the API server keeps every field), so that each is small enough for `kubectl apply` without
//! `--server-side`. Whatever the API server would add to a definition is there already, and what it drops is not (`priority: 0` of a column, an
//! empty `properties`), so that nobody sees an eternal difference.

pub mod rules;
mod schema;
mod spec;
mod status;

use nutkin_core::spec::fields;
use serde_json::{Value, json};

use rules::CelRule;
pub use spec::VERSIONS;

/// The API group.
pub const GROUP: &str = "flink.apache.org";

/// The only version of it.
pub const VERSION: &str = "v1beta1";

/// What differs between the kinds.
struct Kind {
    name: &'static str,
    plural: &'static str,
    short: &'static str,
    /// Columns of `kubectl get`: name, path, what it shows.
    columns: &'static [[&'static str; 3]],
    scale: bool,
}

const JOB_COLUMNS: &[[&str; 3]] = &[
    ["Job Status", ".status.jobStatus.state", "State of the job as Flink tells it"],
    ["Lifecycle State", ".status.lifecycleState", "How far the resource is as its spec says"],
];

const DEPLOYMENT: Kind = Kind {
    name: "FlinkDeployment",
    plural: "flinkdeployments",
    short: "flinkdep",
    columns: JOB_COLUMNS,
    scale: true,
};

const SESSION_JOB: Kind = Kind {
    name: "FlinkSessionJob",
    plural: "flinksessionjobs",
    short: "sessionjob",
    columns: JOB_COLUMNS,
    scale: false,
};

const SNAPSHOT: Kind = Kind {
    name: "FlinkStateSnapshot",
    plural: "flinkstatesnapshots",
    short: "flinksnp",
    columns: &[
        ["Path", ".status.path", "Where the snapshot is"],
        ["Result Timestamp", ".status.resultTimestamp", "When it was completed or has failed"],
        ["Snapshot State", ".status.state", "How far the snapshot is"],
    ],
    scale: false,
};

/// All definitions, in the order in which they are made.
pub fn all() -> [Value; 3] {
    [deployment(), session_job(), snapshot()]
}

/// The definition of `FlinkDeployment`: sessions, and applications, which are left alone.
pub fn deployment() -> Value {
    let mut job =
        spec::of_table(fields::SESSION_JOB, &spec::session_job_shapes())["properties"]["job"]
            .take();
    job["description"] = Value::Null;
    let spec = spec::of_table(fields::DEPLOYMENT, &spec::deployment_shapes(job));
    definition(&DEPLOYMENT, spec, status::deployment(), &rules::deployment())
}

/// The definition of `FlinkSessionJob`.
pub fn session_job() -> Value {
    let spec = spec::of_table(fields::SESSION_JOB, &spec::session_job_shapes());
    definition(&SESSION_JOB, spec, status::session_job(), &rules::session_job())
}

/// The definition of `FlinkStateSnapshot`.
pub fn snapshot() -> Value {
    let spec = spec::of_table(fields::STATE_SNAPSHOT, &spec::snapshot_shapes());
    definition(&SNAPSHOT, spec, status::snapshot(), &rules::snapshot())
}

fn definition(kind: &Kind, spec: Value, status: Value, rules: &[CelRule]) -> Value {
    let mut root = schema::object([
        ("apiVersion", schema::text()),
        ("kind", schema::text()),
        ("metadata", json!({"type": "object"})),
        ("spec", spec),
        ("status", status),
    ]);
    root["description"] = json!(format!("{} of {GROUP}, as Nutkin keeps it", kind.name));
    // Rules read below `spec`, and a resource without one says nothing.
    root["required"] = json!(["spec"]);
    for rule in rules {
        let place = &mut schema::slot(&mut root, rule.path)["x-kubernetes-validations"];
        match place.as_array_mut() {
            Some(rules) => rules.push(rule.to_json()),
            None => *place = json!([rule.to_json()]),
        }
    }
    let columns: Vec<Value> = kind
        .columns
        .iter()
        .map(|[name, path, shows]| {
            json!({"name": name, "jsonPath": path, "description": shows, "type": "string"})
        })
        .collect();
    let mut subresources = json!({"status": {}});
    if kind.scale {
        subresources["scale"] = json!({
            "specReplicasPath": ".spec.taskManager.replicas",
            "statusReplicasPath": ".status.taskManager.replicas",
            "labelSelectorPath": ".status.taskManager.labelSelector",
        });
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{}.{GROUP}", kind.plural)},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": kind.name,
                "listKind": format!("{}List", kind.name),
                "plural": kind.plural,
                "singular": kind.name.to_lowercase(),
                "shortNames": [kind.short],
            },
            "scope": "Namespaced",
            "conversion": {"strategy": "None"},
            "versions": [{
                "name": VERSION,
                "served": true,
                "storage": true,
                "additionalPrinterColumns": columns,
                "schema": {"openAPIV3Schema": root},
                "subresources": subresources,
            }],
        },
    })
}

#[cfg(test)]
mod tests;
