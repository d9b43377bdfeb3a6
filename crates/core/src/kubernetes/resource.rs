//! The resources that a session is made of, and where the API server keeps them.

use serde_json::Value;

/// A kind of object. Only kinds that some plan makes or some verb reads are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// `v1`, `apps/v1`.
    pub api_version: &'static str,
    /// `ConfigMap`.
    pub kind: &'static str,
    /// `configmaps`: the name in paths and in RBAC rules.
    pub plural: &'static str,
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
}

macro_rules! resources {
    ($($(#[$doc:meta])* $name:ident = $version:literal, $kind:literal, $plural:literal, $namespaced:literal;)*) => {
        $($(#[$doc])* pub const $name: Resource = Resource {
            api_version: $version, kind: $kind, plural: $plural, namespaced: $namespaced,
        };)*
        /// All of them.
        const ALL: &[Resource] = &[$($name),*];
    };
}

resources! {
    /// Deployments: mostly the JobManager, which owns everything else.
    DEPLOYMENTS = "apps/v1", "Deployment", "deployments", true;
    /// `StatefulSets`, in standalone mode.
    STATEFUL_SETS = "apps/v1", "StatefulSet", "statefulsets", true;
    /// `ReplicaSets`, between a Deployment and its pods.
    REPLICA_SETS = "apps/v1", "ReplicaSet", "replicasets", true;
    /// Pods.
    PODS = "v1", "Pod", "pods", true;
    /// Services.
    SERVICES = "v1", "Service", "services", true;
    /// `ConfigMaps`.
    CONFIG_MAPS = "v1", "ConfigMap", "configmaps", true;
    /// Secrets.
    SECRETS = "v1", "Secret", "secrets", true;
    /// Events.
    EVENTS = "v1", "Event", "events", true;
    /// Nodes.
    NODES = "v1", "Node", "nodes", false;
    /// `ServiceAccounts`.
    SERVICE_ACCOUNTS = "v1", "ServiceAccount", "serviceaccounts", true;
    /// Claims of volumes.
    CLAIMS = "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true;
    /// Roles.
    ROLES = "rbac.authorization.k8s.io/v1", "Role", "roles", true;
    /// Bindings of roles.
    ROLE_BINDINGS = "rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", true;
    /// Ingresses.
    INGRESSES = "networking.k8s.io/v1", "Ingress", "ingresses", true;
    /// Policies of who reaches whom.
    NETWORK_POLICIES = "networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", true;
    /// Sessions, as the operator's users say them.
    FLINK_DEPLOYMENTS = "flink.apache.org/v1beta1", "FlinkDeployment", "flinkdeployments", true;
    /// Their jobs.
    FLINK_SESSION_JOBS = "flink.apache.org/v1beta1", "FlinkSessionJob", "flinksessionjobs", true;
    /// Who of several leads.
    LEASES = "coordination.k8s.io/v1", "Lease", "leases", true;
    /// Namespaces.
    NAMESPACES = "v1", "Namespace", "namespaces", false;
    /// Quotas of a namespace.
    RESOURCE_QUOTAS = "v1", "ResourceQuota", "resourcequotas", true;
    /// Limits of the containers of a namespace.
    LIMIT_RANGES = "v1", "LimitRange", "limitranges", true;
    /// Kinds of storage.
    STORAGE_CLASSES = "storage.k8s.io/v1", "StorageClass", "storageclasses", false;
    /// Budgets of disruption.
    BUDGETS = "policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", true;
}

/// Kinds that keep a session's pods alive. The JobManagers' one owns the session.
pub const WORKLOADS: [Resource; 2] = [DEPLOYMENTS, STATEFUL_SETS];

impl Resource {
    /// The resource of an object with this `apiVersion` and `kind`.
    pub fn of(object: &Value) -> Option<Self> {
        let is =
            |one: &&Self| object["apiVersion"] == one.api_version && object["kind"] == one.kind;
        ALL.iter().find(is).copied()
    }

    /// `apps`, or "" for the core group, as RBAC rules name it.
    pub fn group(self) -> &'static str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Path of all objects of the cluster.
    pub fn everywhere(self) -> String {
        format!("{}/{}", self.root(), self.plural)
    }

    /// Path of all objects in a namespace.
    pub fn path(self, namespace: &str) -> String {
        if self.namespaced {
            format!("{}/namespaces/{namespace}/{}", self.root(), self.plural)
        } else {
            self.everywhere()
        }
    }

    fn root(self) -> String {
        let root = if self.api_version.contains('/') { "apis" } else { "api" };
        format!("/{root}/{}", self.api_version)
    }

    /// Path of one object.
    pub fn path_of(self, namespace: &str, name: &str) -> String {
        format!("{}/{name}", self.path(namespace))
    }
}

/// `Service/orders-rest`: how an object is named in messages.
pub fn title(object: &Value) -> String {
    format!(
        "{}/{}",
        object["kind"].as_str().unwrap_or("object"),
        object["metadata"]["name"].as_str().unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths() {
        #[track_caller]
        fn check(api_version: &str, kind: &str, expected: Option<&str>) {
            let object = json!({"apiVersion": api_version, "kind": kind});
            let path = Resource::of(&object).map(|resource| resource.path_of("n", "x"));
            assert_eq!(path.as_deref(), expected);
        }
        check("v1", "ConfigMap", Some("/api/v1/namespaces/n/configmaps/x"));
        check("v1", "Node", Some("/api/v1/nodes/x"));
        check("apps/v1", "Deployment", Some("/apis/apps/v1/namespaces/n/deployments/x"));
        check("apps/v1", "ConfigMap", None);
    }
}
