//! What may be done by whom: one table for Nutkin's own commands, and what JobManagers and TaskManagers need.
//!
//! The needs of Flink's processes were observed by running them in 1.13.6, 1.17.2, 1.20.5 and 2.3.0; releases between go
//! with the nearest. Flink's documentation asks for the ClusterRole `edit`, which is far more.

use serde_json::{Value, json};

use crate::flink::{Configuration, FlinkVersion, options, values};
use crate::plan::kubernetes::marks;
use crate::session::{Mode, Session};
use crate::spec::high_availability;

/// A permission: a resource and what is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// API group; "" is the core one.
    pub group: &'static str,
    /// The resource, with its subresource: `pods/log`.
    pub resource: &'static str,
    /// What is done with it.
    pub verbs: &'static [&'static str],
    /// What does not work without it.
    pub without: &'static str,
}

/// What a command of Nutkin's needs in the session's namespace.
#[derive(Debug, Clone, Copy)]
pub struct CommandNeeds {
    /// The commands.
    pub commands: &'static [&'static str],
    /// Their permissions.
    pub rules: &'static [Rule],
}

const fn rule(
    group: &'static str,
    resource: &'static str,
    verbs: &'static [&'static str],
    without: &'static str,
) -> Rule {
    Rule { group, resource, verbs, without }
}

/// The way to REST for who is outside the cluster.
const REACH: [Rule; 3] = [
    rule("", "services", &["get"], "the session's REST Service is not found"),
    rule(
        "",
        "services/proxy",
        &["get", "create", "update", "patch", "delete"],
        "REST is reached through a forwarded port only",
    ),
    rule(
        "",
        "pods/proxy",
        &["get", "create", "update", "patch", "delete"],
        "with high availability, REST is reached through a forwarded port only",
    ),
];

/// To find a session and its pods.
const FIND: [Rule; 5] = [
    rule("apps", "deployments", &["get"], "a session that is named is not found"),
    rule("apps", "deployments", &["list"], "sessions are not listed"),
    rule("apps", "statefulsets", &["get"], "a session of StatefulSets is not found"),
    rule("apps", "statefulsets", &["list"], "sessions of StatefulSets are not listed"),
    rule("", "pods", &["list"], "the session's pods are not found"),
];

/// The commands that use the REST API of a session that is there.
const THROUGH_REST: [&str; 8] =
    ["open", "run", "jobs", "job", "cancel", "stop", "savepoint", "checkpoint"];

/// Every command. What is more than one command's is listed with each.
pub const COMMANDS: &[CommandNeeds] = &[
    CommandNeeds {
        commands: &["up"],
        rules: &[
            rule("apps", "deployments", &["create"], "no session is started"),
            rule("apps", "deployments", &["get"], "a session that exists is not found"),
            rule("apps", "deployments", &["patch"], "a session is not changed"),
            rule(
                "apps",
                "deployments",
                &["delete"],
                "a start that failed half-way is not taken back",
            ),
            rule(
                "apps",
                "statefulsets",
                &["create", "get", "list", "patch", "delete"],
                "no session of StatefulSets is started or changed",
            ),
            rule("apps", "deployments", &["list"], "a workload that nothing wants any more stays"),
            rule(
                "networking.k8s.io",
                "ingresses",
                &["create", "get", "list", "patch", "delete"],
                "a session has no Ingress, or keeps one that nothing wants any more",
            ),
            rule(
                "networking.k8s.io",
                "networkpolicies",
                &["create", "get", "list", "patch", "delete"],
                "a standalone session has no NetworkPolicy, or keeps one",
            ),
            rule(
                "policy",
                "poddisruptionbudgets",
                &["create", "get", "list", "patch", "delete"],
                "a standalone session has no PodDisruptionBudget, or keeps one",
            ),
            rule(
                "",
                "persistentvolumeclaims",
                &["create", "get", "patch"],
                "a standalone session has no claims",
            ),
            rule(
                "apps",
                "replicasets",
                &["list"],
                "it is not seen when new pods of a standalone session are ready",
            ),
            rule("", "services", &["create"], "a session has no Services"),
            rule("", "services", &["get"], "a Service that exists is not compared"),
            rule("", "services", &["patch"], "a Service is not changed"),
            rule("", "services", &["delete"], "a Service that must be made anew stays as it is"),
            rule("", "configmaps", &["create"], "a session has no configuration"),
            rule("", "configmaps", &["get"], "a ConfigMap that exists is not compared"),
            rule("", "configmaps", &["patch"], "a configuration is not changed"),
            rule("", "configmaps", &["list"], "a ConfigMap that nothing wants any more stays"),
            rule("", "configmaps", &["delete"], "a ConfigMap that nothing wants any more stays"),
            rule("", "configmaps", &["update"], "jobs of a file are not remembered"),
            rule("", "services", &["list"], "a Service that nothing wants any more stays"),
            rule(
                "",
                "secrets",
                &["create", "get", "patch"],
                "a session with Kerberos has no keytab",
            ),
            rule("", "pods", &["list"], "it is not known what a start waits for"),
            rule(
                "",
                "pods",
                &["delete"],
                "TaskManagers go on with the configuration of before a change",
            ),
            rule(
                "",
                "events",
                &["list"],
                "a start does not tell of images that are pulled and volumes that are awaited",
            ),
        ],
    },
    CommandNeeds { commands: &["up"], rules: &REACH },
    CommandNeeds { commands: &THROUGH_REST, rules: &REACH },
    CommandNeeds {
        commands: &["plan"],
        rules: &[
            rule("apps", "deployments", &["get", "list", "patch"], "no change is predicted"),
            rule("apps", "statefulsets", &["get", "list", "patch"], "no change is predicted"),
            rule(
                "networking.k8s.io",
                "ingresses",
                &["get", "list", "patch"],
                "no change of an Ingress is predicted",
            ),
            rule(
                "networking.k8s.io",
                "networkpolicies",
                &["get", "list", "patch"],
                "no change of a NetworkPolicy is predicted",
            ),
            rule(
                "policy",
                "poddisruptionbudgets",
                &["get", "list", "patch"],
                "no change of a PodDisruptionBudget is predicted",
            ),
            rule(
                "",
                "persistentvolumeclaims",
                &["get", "patch"],
                "no change of a claim is predicted",
            ),
            rule("", "services", &["get", "list", "patch"], "no change of a Service is predicted"),
            rule("", "configmaps", &["get", "list", "patch"], "no change of options is predicted"),
            rule("", "secrets", &["get", "patch"], "no change of a keytab is predicted"),
            rule("", "pods", &["list"], "the jobs that a change harms are not named"),
        ],
    },
    CommandNeeds { commands: &THROUGH_REST, rules: &FIND },
    CommandNeeds { commands: &["status", "ls", "logs", "down"], rules: &FIND },
    CommandNeeds {
        commands: &["status", "ls"],
        rules: &[rule("", "events", &["list"], "`status` does not tell what a pod waits for")],
    },
    CommandNeeds { commands: &["status", "ls"], rules: &REACH },
    CommandNeeds {
        commands: &["run"],
        rules: &[rule(
            "",
            "configmaps",
            &["get", "create", "update"],
            "jobs of a file are not remembered",
        )],
    },
    CommandNeeds {
        commands: &["scale"],
        rules: &[
            rule("apps", "deployments", &["patch"], "a session keeps its number of TaskManagers"),
            rule("apps", "statefulsets", &["patch"], "a session keeps its number of TaskManagers"),
        ],
    },
    CommandNeeds { commands: &["scale"], rules: &FIND },
    CommandNeeds { commands: &["scale"], rules: &REACH },
    CommandNeeds {
        commands: &["logs"],
        rules: &[rule("", "pods/log", &["get"], "no log is read")],
    },
    CommandNeeds {
        commands: &["up", "status"],
        rules: &[rule(
            "",
            "pods/log",
            &["get"],
            "it is not told why a JobManager ended, or what is forbidden to it",
        )],
    },
    CommandNeeds {
        commands: &["down"],
        rules: &[
            rule("apps", "deployments", &["delete"], "no session is ended"),
            rule("apps", "statefulsets", &["delete"], "no session of StatefulSets is ended"),
            rule("", "persistentvolumeclaims", &["list"], "it is not told which claims stay"),
            rule("apps", "replicasets", &["list"], "it is not seen when everything is gone"),
            rule("", "services", &["list"], "it is not seen when everything is gone"),
            rule("", "configmaps", &["list"], "it is not seen what stays behind"),
            rule("", "configmaps", &["get"], "it is not told where checkpoints stay"),
            rule("", "configmaps", &["delete"], "`--delete-ha-data` deletes nothing"),
        ],
    },
];

/// What these commands need, each resource once, in order. An unknown command needs nothing.
pub fn for_commands(commands: &[&str]) -> Vec<Value> {
    let rules = COMMANDS
        .iter()
        .filter(|one| one.commands.iter().any(|command| commands.contains(command)))
        .flat_map(|one| one.rules);
    merged(rules)
}

/// Names of all commands that need something.
pub fn commands() -> Vec<&'static str> {
    let mut all: Vec<&str> = COMMANDS.iter().flat_map(|one| one.commands).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What decides on the needs of Flink's own processes.
#[derive(Debug, Clone, Copy)]
pub struct Processes {
    /// The release.
    pub version: FlinkVersion,
    /// Whether the JobManager itself asks for TaskManagers.
    pub native: bool,
    /// Whether high availability is kept in ConfigMaps.
    pub high_availability: bool,
    /// Whether pods use their node's network: then the JobManager writes its port into the Services.
    pub host_network: bool,
}

impl Processes {
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
    pub fn job_manager(self) -> Vec<Rule> {
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
    pub fn task_manager(self) -> Vec<Rule> {
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
    let needs = Processes::of(session);
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

fn grant(session: &str, namespace: &str, name: &str, account: &str, rules: &[Rule]) -> Vec<Value> {
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
fn merged<'r>(rules: impl Iterator<Item = &'r Rule>) -> Vec<Value> {
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
                std::iter::once(crate::kubernetes::resource::title(object))
                    .chain(rules.iter().map(verbs))
                    .collect::<Vec<_>>()
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

    #[test]
    fn what_commands_need() {
        let rules = for_commands(&["logs"]);
        let text = serde_json::to_string(&rules).unwrap();
        assert!(text.contains("pods/log") && !text.contains("create"), "{text}");
        assert!(commands().contains(&"down"));
        assert_eq!(for_commands(&["init"]), Vec::<Value>::new());
    }
}
