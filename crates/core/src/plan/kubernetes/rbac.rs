//! What JobManagers and TaskManagers may do on Kubernetes.
//!
//! Their needs were observed by running them in 1.13.6, 1.17.2, 1.20.5 and 2.3.0; releases between go with the nearest.
//! Flink's documentation asks for the ClusterRole `edit`, which is far more.

use serde_json::{Value, json};

use super::marks;
use crate::session::{Mode, Session};
use nutkin_flink::{Configuration, FlinkVersion, high_availability, options, values};

/// A permission: a resource and what is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyRule {
    /// API group; "" is the core one.
    pub group: &'static str,
    /// The resource, with its subresource: `pods/log`.
    pub resource: &'static str,
    /// What is done with it.
    pub verbs: &'static [&'static str],
    /// What does not work without it.
    pub without: &'static str,
}

/// A rule, in one line.
pub const fn rule(
    group: &'static str,
    resource: &'static str,
    verbs: &'static [&'static str],
    without: &'static str,
) -> PolicyRule {
    PolicyRule { group, resource, verbs, without }
}

/// What decides on the needs of Flink's own processes.
#[derive(Debug, Clone, Copy)]
pub struct ProcessNeeds {
    /// The release.
    pub version: FlinkVersion,
    /// Whether the JobManager itself asks for TaskManagers.
    pub native: bool,
    /// Whether high availability is kept in ConfigMaps.
    pub high_availability: bool,
    /// Whether pods use their node's network: then the JobManager writes its port into the Services.
    pub host_network: bool,
}

impl ProcessNeeds {
    /// As a session has them.
    pub fn of(session: &Session) -> Self {
        let configuration = &session.configuration;
        let host_network = text(configuration, "kubernetes.hostnetwork.enabled", session.flink);
        Self {
            version: session.flink,
            native: session.mode != Some(Mode::Standalone),
            high_availability: is_kubernetes_ha(configuration),
            host_network: host_network.is_some_and(|text| values::boolean(&text) == Ok(true)),
        }
    }

    /// What JobManagers need.
    pub fn job_manager(self) -> Vec<PolicyRule> {
        let mut rules = Vec::new();
        if self.native {
            rules.push(rule(
                "",
                "pods",
                &["list", "watch", "create", "delete"],
                "no TaskManager is started",
            ));
            rules.push(rule(
                "apps",
                "deployments",
                &["get", "delete"],
                "TaskManagers have no owner, and `DELETE /cluster` fails",
            ));
            if self.host_network {
                rules.push(rule(
                    "",
                    "services",
                    &["get", "update"],
                    "the Services lead to another port",
                ));
            }
        }
        if self.high_availability {
            // 1.18 took the newer client, which renews a lease by PATCH: seen in 1.20.5 and 2.3.0.
            let verbs: &[&str] = if self.version.is_at_least(1, 18) {
                &["get", "list", "watch", "create", "update", "patch", "delete"]
            } else {
                &["get", "list", "watch", "create", "update", "delete"]
            };
            rules.push(rule("", "configmaps", verbs, "no JobManager is elected"));
        }
        rules
    }

    /// What TaskManagers need: only with high availability in ConfigMaps, to see who leads.
    pub fn task_manager(self) -> Vec<PolicyRule> {
        if self.high_availability {
            vec![rule(
                "",
                "configmaps",
                &["get", "list", "watch"],
                "TaskManagers do not find the JobManager",
            )]
        } else {
            Vec::new()
        }
    }
}

fn is_kubernetes_ha(configuration: &Configuration) -> bool {
    high_availability(configuration).is_some_and(|kind| kind.to_lowercase().contains("kubernetes"))
}

fn text(configuration: &Configuration, key: &str, version: FlinkVersion) -> Option<String> {
    options::lookup(configuration, key, version).map(|(_, entry)| entry.value.to_string())
}

/// The ServiceAccounts, Roles and RoleBindings that a session's pods need. Of an account named `default`, which every
/// namespace has, only Role and binding are made.
pub fn objects(session: &Session, namespace: &str) -> Vec<Value> {
    let needs = ProcessNeeds::of(session);
    let account = |role: &str| {
        let keys =
            [format!("kubernetes.{role}.service-account"), "kubernetes.service-account".to_owned()];
        let option = keys.iter().find_map(|key| text(&session.configuration, key, session.flink));
        session.service_account.clone().or(option).unwrap_or_else(|| "default".to_owned())
    };
    let (job_manager, task_manager) = (account("jobmanager"), account("taskmanager"));
    let mut objects = Vec::new();
    let mut rules = needs.job_manager();
    if job_manager == task_manager {
        rules.extend(needs.task_manager());
    }
    let name = format!("nutkin-{}", session.name);
    objects.extend(grant(&session.name, namespace, &name, &job_manager, &rules));
    if job_manager != task_manager {
        let name = format!("{name}-taskmanager");
        objects.extend(grant(
            &session.name,
            namespace,
            &name,
            &task_manager,
            &needs.task_manager(),
        ));
    }
    objects
}

fn grant(
    session: &str,
    namespace: &str,
    name: &str,
    account: &str,
    rules: &[PolicyRule],
) -> Vec<Value> {
    let metadata = |name: &str| json!({"name": name, "namespace": namespace, "labels": {marks::SESSION: session}});
    let api = "rbac.authorization.k8s.io";
    let mut objects = Vec::new();
    if account != "default" {
        objects.push(
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(account)}),
        );
    }
    if !rules.is_empty() {
        objects.push(json!({
            "apiVersion": format!("{api}/v1"), "kind": "Role", "metadata": metadata(name),
            "rules": merged(rules.iter()),
        }));
        objects.push(json!({
            "apiVersion": format!("{api}/v1"), "kind": "RoleBinding", "metadata": metadata(name),
            "roleRef": {"apiGroup": api, "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
        }));
    }
    objects
}

/// Rules as a Role has them: each resource once, verbs in order of the alphabet.
pub(crate) fn merged<'r>(rules: impl Iterator<Item = &'r PolicyRule>) -> Vec<Value> {
    let mut all: std::collections::BTreeMap<(&str, &str), Vec<&str>> =
        std::collections::BTreeMap::new();
    for rule in rules {
        all.entry((rule.group, rule.resource)).or_default().extend(rule.verbs);
    }
    all.into_iter()
        .map(|((group, resource), mut verbs)| {
            verbs.sort_unstable();
            verbs.dedup();
            json!({"apiGroups": [group], "resources": [resource], "verbs": verbs})
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Inputs, resolve};

    fn title(object: &Value) -> String {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))
    }

    #[track_caller]
    fn check(options: &[(&str, &str)], version: &str, expected: &[&str]) {
        let pairs = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let inputs = Inputs {
            name: Some("a".to_owned()),
            options: pairs.collect(),
            flink: version.parse().ok(),
            ..Inputs::default()
        };
        let session = resolve(&inputs).unwrap();
        let found: Vec<String> = objects(&session, "n")
            .iter()
            .flat_map(|object| {
                let rules = object["rules"].as_array().cloned().unwrap_or_default();
                let verbs = |rule: &Value| {
                    let verbs: Vec<&str> = rule["verbs"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .filter_map(Value::as_str)
                        .collect();
                    format!("  {}: {}", rule["resources"][0].as_str().unwrap(), verbs.join(","))
                };
                std::iter::once(title(object)).chain(rules.iter().map(verbs)).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_pods_need() {
        let native = [
            "Role/nutkin-a",
            "  pods: create,delete,list,watch",
            "  deployments: delete,get",
            "RoleBinding/nutkin-a",
        ];
        check(&[], "1.20", &native);
        let ha =
            [("high-availability.type", "kubernetes"), ("kubernetes.service-account", "flink")];
        let with_maps = |maps: &'static str| {
            [
                "ServiceAccount/flink",
                "Role/nutkin-a",
                maps,
                native[1],
                native[2],
                "RoleBinding/nutkin-a",
            ]
        };
        check(&ha, "1.20", &with_maps("  configmaps: create,delete,get,list,patch,update,watch"));
        check(&ha, "1.17", &with_maps("  configmaps: create,delete,get,list,update,watch"));
        let two = [
            ("high-availability.type", "kubernetes"),
            ("kubernetes.jobmanager.service-account", "jm"),
            ("kubernetes.taskmanager.service-account", "tm"),
        ];
        check(
            &two,
            "2.3",
            &[
                "ServiceAccount/jm",
                "Role/nutkin-a",
                "  configmaps: create,delete,get,list,patch,update,watch",
                native[1],
                native[2],
                "RoleBinding/nutkin-a",
                "ServiceAccount/tm",
                "Role/nutkin-a-taskmanager",
                "  configmaps: get,list,watch",
                "RoleBinding/nutkin-a-taskmanager",
            ],
        );
        let zookeeper =
            [("high-availability.type", "zookeeper"), ("kubernetes.hostnetwork.enabled", "true")];
        check(
            &zookeeper,
            "1.20",
            &[native[0], native[1], "  services: get,update", native[2], native[3]],
        );
    }
}
