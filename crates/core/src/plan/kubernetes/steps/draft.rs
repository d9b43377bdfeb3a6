//! The plan in the making: what the steps of Flink's pipeline change and add.

use serde_json::{Map, Value, json};

use super::client::ClientMachine;
use super::effective;
use super::json::list;
use super::settings::Settings;
use crate::session::Session;

/// Whose pod is being planned. Its options begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan::kubernetes) enum Role {
    JobManager,
    TaskManager,
}

impl Role {
    /// Value of the label `component`, and part of option names.
    pub(in crate::plan::kubernetes) fn name(self) -> &'static str {
        match self {
            Self::JobManager => "jobmanager",
            Self::TaskManager => "taskmanager",
        }
    }

    /// The option `kubernetes.<role>.<rest>`.
    pub(in crate::plan::kubernetes) fn option(self, rest: &str) -> String {
        format!("kubernetes.{}.{rest}", self.name())
    }
}

/// A plan in the making.
pub(in crate::plan::kubernetes) struct Draft<'a> {
    pub(in crate::plan::kubernetes) session: &'a Session,
    pub(in crate::plan::kubernetes) client: &'a ClientMachine,
    pub(in crate::plan::kubernetes) settings: Settings,
    pub(in crate::plan::kubernetes) cluster_id: &'a str,
    pub(in crate::plan::kubernetes) namespace: String,
    /// Value of the label `type`: which client made the objects.
    pub(in crate::plan::kubernetes) made_by: &'static str,
    /// Whose pod `pod` and `container` are.
    pub(in crate::plan::kubernetes) role: Role,
    /// The pod without its main container: metadata and spec.
    pub(in crate::plan::kubernetes) pod: Map<String, Value>,
    /// The main container.
    pub(in crate::plan::kubernetes) container: Map<String, Value>,
    /// What is created beside the Deployment, in order.
    pub(in crate::plan::kubernetes) others: Vec<Value>,
}

/// User and group of Flink's images, and of ours, to which volumes have to belong.
pub(in crate::plan::kubernetes) const FLINK_USER: u32 = 9999;

impl Draft<'_> {
    /// Whether a pod may be given a security context: `nutkin.security-context: none` says that it may not.
    pub(in crate::plan::kubernetes) fn is_secured(&self) -> bool {
        let said = self.session.configuration.text("nutkin.security-context");
        said.is_none_or(|said| said != "none")
    }

    /// The innermost mount above a path of the main container, and its volume. A claim of each pod's own is in the
    /// StatefulSet, not among the volumes.
    pub(in crate::plan::kubernetes) fn mounted_at(
        &self,
        path: &str,
    ) -> Option<(&Value, Option<&Value>)> {
        fn point(mount: &Value) -> &str {
            mount["mountPath"].as_str().unwrap_or_default().trim_end_matches('/')
        }
        let is_above = |mount: &&Value| {
            let rest = path.strip_prefix(point(mount));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mounts = list(&self.container, "volumeMounts").iter().filter(is_above);
        let mount = mounts.max_by_key(|mount| point(mount).len())?;
        let spec = self.pod.get("spec").and_then(Value::as_object);
        let mut volumes = spec.map_or(&[][..], |spec| list(spec, "volumes")).iter();
        Some((mount, volumes.find(|volume| volume["name"] == mount["name"])))
    }

    /// Labels of every object (`KubernetesUtils.getCommonLabels`).
    pub(in crate::plan::kubernetes) fn labels(&self) -> Map<String, Value> {
        Map::from_iter([
            ("app".to_owned(), json!(self.cluster_id)),
            ("type".to_owned(), json!(self.made_by)),
        ])
    }

    /// Labels by which Services and workloads find the pods of the role.
    pub(in crate::plan::kubernetes) fn selectors(&self) -> Map<String, Value> {
        let mut labels = self.labels();
        labels.insert("component".to_owned(), json!(self.role.name()));
        labels
    }

    /// A port of a container or Service.
    pub(in crate::plan::kubernetes) fn port(&mut self, key: &str) -> u16 {
        let text = self.settings.text_or_default(key);
        let told = self.settings.problems.iter().any(|problem| problem.path == key);
        match text.parse() {
            Ok(port) => return port,
            Err(_) if told => {}
            Err(_) => self.settings.problem(effective::no_port(key)),
        }
        0
    }
}
