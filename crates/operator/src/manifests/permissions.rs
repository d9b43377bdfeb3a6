//! Accounts and permissions: of the operator what it does, and of Flink's pods what their processes need.

use nutkin_core::kubernetes::rbac::{self, PolicyRule, ProcessNeeds, rule};
use nutkin_flink::FlinkVersion;
use serde_json::{Value, json};

use super::{ACCOUNT, Install, JOB_ACCOUNT, metadata};
use crate::crd::GROUP;

const API: &str = "rbac.authorization.k8s.io";

/// Commands that the operator does for its resources.
const COMMANDS: [&str; 3] = ["up", "down", "watch"];

/// What the operator does beside that, in the namespaces that it looks at.
pub const OPERATOR: &[PolicyRule] = &[
    rule(GROUP, "flinkdeployments", &["get", "list", "watch"], "no session is seen"),
    rule(GROUP, "flinkdeployments", &["patch"], "a deleted session is not held until it has ended"),
    rule(GROUP, "flinkdeployments/status", &["get", "patch"], "nobody is told how a session is"),
    rule(
        GROUP,
        "flinkdeployments/finalizers",
        &["update"],
        "on clusters that guard owners (OpenShift), no session is made",
    ),
    rule(GROUP, "flinksessionjobs", &["get", "list", "watch"], "no job is seen"),
    rule(GROUP, "flinksessionjobs", &["patch"], "a deleted job is not held until it has ended"),
    rule(GROUP, "flinksessionjobs/status", &["get", "patch"], "nobody is told how a job is"),
    rule("", "events", &["get", "create", "patch"], "what happens is not told as events"),
    rule("", "pods", &["watch"], "the end of a pod is seen with the next look only"),
    rule("apps", "deployments", &["watch"], "a deleted Deployment is seen with the next look only"),
    rule(
        "apps",
        "statefulsets",
        &["watch"],
        "a deleted StatefulSet is seen with the next look only",
    ),
    rule("", "services", &["watch"], "a deleted Service is seen with the next look only"),
    rule("", "configmaps", &["watch"], "a deleted ConfigMap is seen with the next look only"),
];

/// What it does in its own namespace.
const OWN: &[PolicyRule] = &[rule(
    "coordination.k8s.io",
    "leases",
    &["get", "create", "update"],
    "no replica knows whether another one works",
)];

pub(super) fn objects(install: &Install) -> Vec<Value> {
    let own = Some(install.namespace.as_str());
    let mut objects = vec![account(ACCOUNT, own)];
    let of_jobs = ProcessNeeds {
        version: FlinkVersion::DEFAULT,
        native: true,
        high_availability: true,
        host_network: false,
    };
    let rules = rbac::with_commands(&COMMANDS, OPERATOR);
    let operator = subject(ACCOUNT, &install.namespace);
    if install.watched.is_empty() {
        objects.extend(grant(
            "Cluster",
            ACCOUNT,
            "flink-operator-role-binding",
            None,
            &rules,
            &operator,
        ));
    }
    for namespace in &install.watched {
        let place = Some(namespace.as_str());
        objects.extend(grant("", ACCOUNT, "flink-operator-role-binding", place, &rules, &operator));
    }
    let rules = rbac::with_commands(&[], OWN);
    objects.extend(grant("", "flink-operator-own", "flink-operator-own", own, &rules, &operator));
    let mut places: Vec<&str> = install.watched.iter().map(String::as_str).collect();
    if places.is_empty() {
        places.push(&install.namespace);
    }
    let rules = rbac::with_commands(&[], &of_jobs.job_manager());
    for place in places {
        objects.push(account(JOB_ACCOUNT, Some(place)));
        let flink = subject(JOB_ACCOUNT, place);
        objects.extend(grant("", JOB_ACCOUNT, "flink-role-binding", Some(place), &rules, &flink));
    }
    objects
}

fn account(name: &str, namespace: Option<&str>) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(name, namespace)})
}

fn subject(name: &str, namespace: &str) -> Value {
    json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
}

/// A role and who has it. `scope`: `Cluster`, or nothing for a namespace.
fn grant(
    scope: &str,
    role: &str,
    binding: &str,
    namespace: Option<&str>,
    rules: &[Value],
    subject: &Value,
) -> [Value; 2] {
    [
        json!({
            "apiVersion": format!("{API}/v1"),
            "kind": format!("{scope}Role"),
            "metadata": metadata(role, namespace),
            "rules": rules,
        }),
        json!({
            "apiVersion": format!("{API}/v1"),
            "kind": format!("{scope}RoleBinding"),
            "metadata": metadata(binding, namespace),
            "roleRef": {"apiGroup": API, "kind": format!("{scope}Role"), "name": role},
            "subjects": [subject],
        }),
    ]
}
