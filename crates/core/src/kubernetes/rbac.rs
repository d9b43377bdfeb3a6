//! What may be done by whom: one table for Nutkin's own commands. What Flink's processes need is planned with their objects.

use serde_json::Value;

use crate::plan::kubernetes::rbac::merged;
pub use crate::plan::kubernetes::rbac::{PolicyRule, ProcessNeeds, objects, rule};
use crate::session::Session;
use nutkin_flink::values;

/// What a command of Nutkin's needs in the session's namespace.
#[derive(Debug, Clone, Copy)]
pub struct CommandNeeds {
    /// The commands.
    pub commands: &'static [&'static str],
    /// Their permissions.
    pub rules: &'static [PolicyRule],
}

/// The way to REST for who is outside the cluster.
const REACH: [PolicyRule; 3] = [
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
const FIND: [PolicyRule; 6] = [
    rule("apps", "deployments", &["get"], "a session that is named is not found"),
    rule("apps", "deployments", &["list"], "sessions are not listed"),
    rule("apps", "statefulsets", &["get"], "a session of StatefulSets is not found"),
    rule("apps", "statefulsets", &["list"], "sessions of StatefulSets are not listed"),
    rule("", "pods", &["list"], "the session's pods are not found"),
    rule("", "configmaps", &["get", "list"], "a session that has ended is not found"),
];

/// The jobs that run.
const JOBS: [PolicyRule; 3] = [
    rule("", "services", &["get"], "the jobs that a command harms are not named"),
    rule("", "services/proxy", &["get"], "the jobs that a command harms are not named"),
    rule("", "pods/proxy", &["get"], "the jobs that a command harms are not named"),
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
            rule("", "services", &["delete"], "a Service that must be made again stays as it is"),
            rule("", "configmaps", &["create"], "a session has no configuration"),
            rule("", "configmaps", &["get"], "a ConfigMap that exists is not compared"),
            rule("", "configmaps", &["patch"], "a configuration is not changed"),
            rule("", "configmaps", &["list"], "a ConfigMap that nothing wants any more stays"),
            rule("", "configmaps", &["delete"], "a ConfigMap that nothing wants any more stays"),
            rule("", "configmaps", &["update"], "what is wanted, and jobs, are not remembered"),
            rule(
                "",
                "secrets",
                &["update", "delete"],
                "secret values of options and arguments are not remembered",
            ),
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
                "TaskManagers keep the configuration that they had before the change",
            ),
            rule(
                "",
                "events",
                &["list"],
                "a start does not report images that are pulled and volumes that it waits for",
            ),
        ],
    },
    CommandNeeds { commands: &["up"], rules: &REACH },
    CommandNeeds { commands: &THROUGH_REST, rules: &REACH },
    CommandNeeds { commands: &["plan", "down"], rules: &JOBS },
    // What is wanted and what runs are compared by `status`, too.
    CommandNeeds {
        commands: &["plan", "scale", "status", "doctor"],
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
    CommandNeeds { commands: &["why", "doctor", "capture"], rules: &FIND },
    CommandNeeds { commands: &["why", "doctor", "capture"], rules: &REACH },
    CommandNeeds {
        commands: &["why", "doctor", "capture"],
        rules: &[
            rule("", "events", &["list"], "what pods wait for is not a finding"),
            rule("", "pods/log", &["get"], "what processes say is not a finding"),
            rule("", "secrets", &["get"], "jobs that are gone are not found"),
        ],
    },
    CommandNeeds {
        commands: &["doctor"],
        rules: &[
            rule("", "resourcequotas", &["list"], "it is not known whether quotas have room"),
            rule("", "limitranges", &["list"], "it is not known whether limits allow the pods"),
            rule("", "persistentvolumeclaims", &["list"], "it is not known whether claims exist"),
        ],
    },
    CommandNeeds {
        commands: &["jobs"],
        rules: &[rule("", "secrets", &["get"], "it is not told which jobs are gone")],
    },
    CommandNeeds {
        commands: &["run"],
        rules: &[
            rule("", "configmaps", &["get", "create", "update"], "jobs are not remembered"),
            rule(
                "",
                "secrets",
                &["get", "create", "update", "delete"],
                "secret options and arguments of jobs are not remembered",
            ),
        ],
    },
    CommandNeeds { commands: &["watch"], rules: &FIND },
    CommandNeeds { commands: &["watch"], rules: &REACH },
    CommandNeeds {
        commands: &["watch"],
        rules: &[
            rule("", "configmaps", &["update"], "what becomes of jobs is not remembered"),
            rule(
                "",
                "secrets",
                &["get", "create", "update", "delete"],
                "jobs with secret options or arguments do not continue",
            ),
            rule("", "pods", &["watch"], "the end of a JobManager is seen some seconds later"),
            rule(
                "",
                "pods",
                &["delete"],
                "TaskManagers of a lost JobManager continue to write, and jobs continue under new ids",
            ),
        ],
    },
    // A `WebSocket` is opened with GET; since Kubernetes 1.35 that needs `create` as well (KEP-4006).
    CommandNeeds {
        commands: &["up", "watch"],
        rules: &[rule(
            "",
            "pods/exec",
            &["create", "get"],
            "jobs of a lost JobManager continue from the checkpoint that was noted last",
        )],
    },
    CommandNeeds {
        commands: &["scale"],
        rules: &[
            rule("", "configmaps", &["update"], "the next `up` goes back to the number before"),
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
            rule("", "configmaps", &["update"], "the end of a session is not remembered"),
            rule(
                "",
                "configmaps",
                &["delete"],
                "the ledger stays, and no high availability data is deleted",
            ),
            rule(
                "",
                "secrets",
                &["get", "create", "update", "delete"],
                "secret values of the ledger stay",
            ),
        ],
    },
    // Without one of the lists nobody knows who needs the data, and none is deleted.
    CommandNeeds {
        commands: &["gc"],
        rules: &[
            rule("", "configmaps", &["list"], "no high availability data is found"),
            rule("apps", "deployments", &["list"], "no high availability data is deleted"),
            rule("apps", "statefulsets", &["list"], "no high availability data is deleted"),
            rule("", "pods", &["list"], "no high availability data is deleted"),
            rule("", "configmaps", &["delete"], "no high availability data is deleted"),
        ],
    },
];

/// What `nutkin.rbac.create` makes. Who only foresees a change asks for it as well, without making it.
const MAKES: [PolicyRule; 3] = [
    rule("", "serviceaccounts", &EVERYTHING, "the account of Flink's processes is not made"),
    rule(
        "rbac.authorization.k8s.io",
        "roles",
        &EVERYTHING,
        "the permissions of Flink's processes are not made",
    ),
    rule(
        "rbac.authorization.k8s.io",
        "rolebindings",
        &EVERYTHING,
        "Flink's processes are not given their permissions",
    ),
];

const EVERYTHING: [&str; 5] = ["create", "delete", "get", "list", "patch"];

/// What these commands need, each resource once, in order. An unknown command needs nothing.
fn for_commands(commands: &[&str]) -> Vec<Value> {
    with_commands(commands, &[])
}

/// What these commands need and these rules beside, each resource once, in order: for who does the work of commands among other things.
pub fn with_commands(commands: &[&str], more: &[PolicyRule]) -> Vec<Value> {
    let rules = COMMANDS
        .iter()
        .filter(|one| one.commands.iter().any(|command| commands.contains(command)))
        .flat_map(|one| one.rules);
    merged(rules.chain(more))
}

/// The same for this session. Where Nutkin makes the account and the permissions of its processes, a command needs those
/// as well: an API server lets nobody give what they may not do themselves (Kubernetes, "Privilege escalation prevention").
pub fn for_session(commands: &[&str], session: &Session) -> Vec<Value> {
    let makes = session.configuration.text("nutkin.rbac.create");
    let makes = makes.is_some_and(|text| values::boolean(text.trim()) == Ok(true));
    let plans = |command: &str| ["plan", "scale", "status", "up"].contains(&command);
    if !makes || !commands.iter().any(|command| plans(command)) {
        return for_commands(commands);
    }
    let needs = ProcessNeeds::of(session);
    let (job_managers, task_managers) = (needs.job_manager(), needs.task_manager());
    with_commands(commands, &[&MAKES[..], &job_managers, &task_managers].concat())
}

/// Names of all commands that need something.
pub fn commands() -> Vec<&'static str> {
    let mut all: Vec<&str> = COMMANDS.iter().flat_map(|one| one.commands).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Inputs, resolve};

    #[test]
    fn what_commands_need() {
        let rules = for_commands(&["logs"]);
        let text = serde_json::to_string(&rules).unwrap();
        assert!(text.contains("pods/log") && !text.contains("create"), "{text}");
        assert!(commands().contains(&"down"));
        assert_eq!(for_commands(&["init"]), Vec::<Value>::new());
    }

    #[test]
    fn who_has_permissions_made_needs_them() {
        let session = |create: &str| {
            let options = [("nutkin.rbac.create", create), ("kubernetes.service-account", "flink")];
            let pairs = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            let inputs = Inputs {
                name: Some("a".to_owned()),
                options: pairs.collect(),
                ..Inputs::default()
            };
            resolve(&inputs).unwrap()
        };
        let text = |rules: Vec<Value>| serde_json::to_string(&rules).unwrap();
        let made = text(for_session(&["up"], &session("true")));
        for resource in ["serviceaccounts", "roles", "rolebindings"] {
            assert!(made.contains(resource), "{made}");
        }
        // What the JobManager may do: no other command watches pods.
        assert!(made.contains("watch"), "{made}");
        // The controls.
        assert_eq!(for_session(&["up"], &session("false")), for_commands(&["up"]));
        assert_eq!(for_session(&["logs"], &session("true")), for_commands(&["logs"]));
    }
}
