//! The custom resources, as far as anything is decided by them.

use std::collections::BTreeMap;

use nutkin_core::kubernetes::resource::{FLINK_DEPLOYMENTS, FLINK_SESSION_JOBS, Resource};
use serde::Deserialize;
use serde_json::Value;

/// Group and version of all kinds.
pub const API_VERSION: &str = FLINK_DEPLOYMENTS.api_version;

/// What `kubectl apply` remembers: a second copy of the object, by which nothing is decided.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A kind that the operator keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CustomKind {
    /// `FlinkDeployment`: a session, or an application.
    Deployment,
    /// `FlinkSessionJob`: a job of a session.
    SessionJob,
}

impl CustomKind {
    /// Both, sessions first.
    pub const ALL: [Self; 2] = [Self::Deployment, Self::SessionJob];

    /// `FlinkDeployment`.
    pub const fn name(self) -> &'static str {
        self.resource().kind
    }

    /// Where the API server keeps them.
    pub const fn resource(self) -> Resource {
        match self {
            Self::Deployment => FLINK_DEPLOYMENTS,
            Self::SessionJob => FLINK_SESSION_JOBS,
        }
    }

    /// The finalizer that holds a resource back until what it stands for is gone. Source: the default of the operator SDK that FKO
    /// is made with, which people's rescue scripts name.
    pub const fn finalizer(self) -> &'static str {
        match self {
            Self::Deployment => "flinkdeployments.flink.apache.org/finalizer",
            Self::SessionJob => "flinksessionjobs.flink.apache.org/finalizer",
        }
    }
}

/// `metadata`, without what only the API server needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceMetadata {
    /// The name, which is that of the session or job.
    pub name: String,
    /// The namespace.
    pub namespace: String,
    /// Another object of the same name has another one.
    pub uid: String,
    /// What a write is compared with.
    pub resource_version: String,
    /// Grows with every change of the spec.
    pub generation: i64,
    /// When somebody deleted it.
    pub deletion_timestamp: Option<String>,
    /// Who holds it back.
    pub finalizers: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations, without the copy that `kubectl apply` keeps.
    pub annotations: BTreeMap<String, String>,
}

/// A resource as the API server has it. What is not here was skipped while it was read.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct CustomResource {
    /// Who it is.
    pub metadata: ResourceMetadata,
    /// What is wanted.
    pub spec: Value,
    /// What the operator said last.
    pub status: Value,
    /// The session in which a job was brought about last.
    #[serde(skip)]
    pub brought_in: Option<String>,
}

impl CustomResource {
    /// Drops what nothing is decided by and what was read all the same.
    pub fn prune(&mut self) {
        let last = last_spec(&self.status);
        self.brought_in = last.and_then(|last| Some(last["deploymentName"].as_str()?.to_owned()));
        self.metadata.annotations.remove(LAST_APPLIED);
    }

    /// Whether somebody has deleted it.
    pub const fn is_deleted(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    /// Whether it holds a finalizer of this kind.
    pub fn is_held(&self, kind: CustomKind) -> bool {
        self.metadata.finalizers.iter().any(|one| one == kind.finalizer())
    }

    /// Whether a deployment is an application, which is left alone.
    pub fn is_application(&self) -> bool {
        !self.spec["job"].is_null()
    }

    /// The session that a job belongs to: where it was brought about last, otherwise the one that it names. Another name is refused.
    pub fn session(&self) -> &str {
        let named = self.spec["deploymentName"].as_str();
        self.brought_in.as_deref().or(named).unwrap_or_default()
    }
}

/// The spec that was wanted last, out of a status of this operator or of FKO.
pub fn last_spec(status: &Value) -> Option<Value> {
    let text = status["reconciliationStatus"]["lastReconciledSpec"].as_str()?;
    let mut read: Value = serde_json::from_str(text).ok()?;
    Some(read["spec"].take()).filter(Value::is_object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_decided_by_is_read() {
        let mut read: CustomResource = serde_json::from_str(
            r#"{
              "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob",
              "metadata": {
                "name": "count", "namespace": "n", "uid": "u", "resourceVersion": "7", "generation": 2,
                "managedFields": [{"manager": "kubectl"}],
                "finalizers": ["flinksessionjobs.flink.apache.org/finalizer"],
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "a": "b"}
              },
              "spec": {"deploymentName": "orders", "job": {"jarURI": "https://h/a.jar"}}
            }"#,
        )
        .unwrap();
        read.prune();
        assert_eq!((read.metadata.generation, read.session()), (2, "orders"));
        assert_eq!(read.metadata.annotations.len(), 1);
        assert!(read.is_held(CustomKind::SessionJob) && !read.is_held(CustomKind::Deployment));
        assert!(!read.is_deleted() && read.status.is_null());
        // It stays where it was brought about, whatever it names since.
        let last = serde_json::json!({"spec": read.spec}).to_string();
        read.status = serde_json::json!({"reconciliationStatus": {"lastReconciledSpec": last}});
        read.spec["deploymentName"] = "other".into();
        assert_eq!(read.session(), "other");
        read.prune();
        assert_eq!(read.session(), "orders");
    }
}
