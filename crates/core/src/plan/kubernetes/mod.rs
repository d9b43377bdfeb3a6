//! A session as Kubernetes objects.
//!
//! Objects are JSON as the API server takes it: what Flink's own client would send, field by field, and not
//! what some typed library makes of it. The workload of the JobManager comes first, because it owns the
//! rest: a shell creates it, learns its UID, and gives that to [`Objects::owned_by`].

pub mod config_map;
pub mod kustomize;
pub mod marks;
pub mod native;
pub mod rbac;
pub mod standalone;
mod steps;

use serde_json::{Value, json};

use crate::session::{Mode, Session};
use nutkin_flink::Problem;

pub use crate::plan::pod_template::MAIN_CONTAINER;
pub use steps::names::is_label;

/// Plans the objects of a session in the mode that it asks for: native where it asks for none, as Flink's own
/// client does.
///
/// # Errors
/// All that is wrong with options, templates and files, at once.
pub fn plan(session: &Session, client: &native::ClientMachine) -> Result<Objects, Vec<Problem>> {
    let mut objects = match session.mode {
        Some(Mode::Standalone) => standalone::plan(session, client),
        Some(Mode::Native) | None => native::plan(session, client),
    }?;
    let wanted = session.configuration.text("nutkin.rbac.create");
    if wanted.is_some_and(|text| text.trim().eq_ignore_ascii_case("true")) {
        let mut permissions = rbac::objects(session, &objects.namespace);
        for item in &mut permissions {
            marks::mark(item, session, &session.flink.to_string());
        }
        // Before what pods mount: an account that is missing keeps them from being made.
        objects.items.splice(1..1, permissions);
    }
    Ok(objects)
}

/// The namespace in which [`plan`] puts a session. `of_context` is that of the kubeconfig's context.
pub fn namespace(session: &Session, of_context: Option<&str>) -> String {
    let context_namespace = of_context.map(str::to_owned);
    let client = native::ClientMachine { context_namespace, ..native::ClientMachine::default() };
    steps::effective::begin(session, &client).text_or_default(steps::effective::NAMESPACE)
}

/// What a session is made of on Kubernetes.
#[derive(Debug, Clone, PartialEq)]
pub struct Objects {
    /// The cluster-id: name of the Deployment, and part of all other names.
    pub cluster_id: String,
    /// The namespace of all objects. It is also in each object's metadata.
    pub namespace: String,
    /// All objects in the order in which they are created. The first is the workload that owns the others.
    pub items: Vec<Value>,
    /// What the user should know; nothing that keeps the session from starting.
    pub warnings: Vec<Problem>,
}

impl Objects {
    /// The workload of the JobManager: a Deployment, in standalone mode perhaps a StatefulSet.
    pub fn workload(&self) -> &Value {
        &self.items[0]
    }

    /// All objects but the JobManager's workload, each owned by that workload, which has this UID, as Flink's client
    /// sends them: deleting the workload takes them along. What outlives the session has no owner.
    pub fn owned_by(&self, uid: &str) -> Vec<Value> {
        let first = self.workload();
        let owner = json!([{
            "apiVersion": first["apiVersion"],
            "kind": first["kind"],
            "name": first["metadata"]["name"],
            "uid": uid,
            "controller": true,
            "blockOwnerDeletion": true,
        }]);
        let rest = self.items.iter().skip(1).cloned();
        rest.map(|mut item| {
            if item["metadata"]["annotations"].get(marks::OUTLIVES).is_none() {
                item["metadata"]["ownerReferences"] = owner.clone();
            }
            item
        })
        .collect()
    }
}
