//! The objects of the operator: definitions, accounts, permissions, its configuration and its Deployment, in order of creation. Names are
//! those of FKO's chart, because scripts, selectors and values of people have them.

mod deployment;
mod permissions;
mod policy;

use serde_json::{Value, json};

use crate::crd;
use crate::settings::LEASE;

pub use permissions::OPERATOR;
pub use policy::POLICY;

/// Name of the release, of its Deployment and of the container in it, and value of the label `app.kubernetes.io/name`.
pub const NAME: &str = "flink-kubernetes-operator";

/// The operator's account, and the name of its Role.
pub const ACCOUNT: &str = "flink-operator";

/// The account of Flink's pods, and the name of its Role.
pub const JOB_ACCOUNT: &str = "flink";

/// The ConfigMap with the operator's options.
pub const CONFIGURATION: &str = "flink-operator-config";

/// Port of the health endpoint.
pub const HEALTH: u16 = 8085;

/// How the operator is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// The namespace that it runs in.
    pub namespace: String,
    /// The namespaces that it looks at; all where there are none.
    pub watched: Vec<String>,
    /// Its image.
    pub image: String,
    /// Whether the definitions are among the objects: they belong to the whole cluster.
    pub definitions: bool,
    /// Whether the admission policy is.
    pub policy: bool,
}

/// All objects, in order of creation.
pub fn objects(install: &Install) -> Vec<Value> {
    let mut objects = Vec::new();
    if install.definitions {
        objects.extend(crd::all());
    }
    objects.extend(permissions::objects(install));
    objects.push(configuration(install));
    objects.push(deployment::object(install));
    if install.policy {
        objects.extend(policy::objects(install));
    }
    objects
}

/// What marks the operator's own objects.
fn labels() -> Value {
    json!({"app.kubernetes.io/name": NAME, "app.kubernetes.io/managed-by": "nutkin"})
}

fn metadata(name: &str, namespace: Option<&str>) -> Value {
    let mut metadata = json!({"name": name, "labels": labels()});
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    metadata
}

/// The options, where FKO's chart has them too. They are read when the operator starts.
fn configuration(install: &Install) -> Value {
    let watched = if install.watched.is_empty() {
        String::new()
    } else {
        format!("kubernetes.operator.watched.namespaces: {}\n", install.watched.join(","))
    };
    let text = format!("kubernetes.operator.leader-election.lease-name: {LEASE}\n{watched}");
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(CONFIGURATION, Some(&install.namespace)),
        "data": {"config.yaml": text},
    })
}

#[cfg(test)]
mod tests;
