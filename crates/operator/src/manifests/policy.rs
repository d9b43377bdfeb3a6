//! An admission policy for what the definitions cannot see: options, which the API server keeps without knowing them. Flat and nested
//! spellings are looked at, as far as people write them.

use serde_json::{Value, json};

use super::{Install, metadata};
use crate::crd::{GROUP, VERSION};
use crate::texts;

/// Name of the policy and of its binding.
pub const POLICY: &str = "flink-options.nutkin.dev";

/// Options of a resource as a map; empty where there are none.
const OPTIONS: &str = "has(object.spec.flinkConfiguration) ? object.spec.flinkConfiguration : {}";

/// What two texts of one option have in common: `a.b` flat, or `a: {b: ...}`.
fn is_set(key: &str) -> String {
    let mut places = vec![format!("'{key}' in variables.options")];
    for (at, _) in key.match_indices('.') {
        let (before, after) = (&key[..at], &key[at + 1..]);
        places.push(format!(
            "('{before}' in variables.options && type(variables.options['{before}']) == map && '{after}' in variables.options['{before}'])"
        ));
    }
    format!("({})", places.join(" || "))
}

/// Whether an option is `true`, however YAML holds that.
fn is_true(key: &str) -> String {
    format!(
        "('{key}' in variables.options && string(variables.options['{key}']).lowerAscii() == 'true')"
    )
}

fn is_false(key: &str) -> String {
    format!(
        "('{key}' in variables.options && string(variables.options['{key}']).lowerAscii() == 'false')"
    )
}

/// Whether high availability is asked for. Any value but NONE counts.
fn is_highly_available() -> String {
    let flat = |key: &str| {
        format!(
            "('{key}' in variables.options && type(variables.options['{key}']) != map && string(variables.options['{key}']).lowerAscii() != 'none')"
        )
    };
    let nested = "('high-availability' in variables.options && type(variables.options['high-availability']) == map && 'type' in variables.options['high-availability'] && string(variables.options['high-availability']['type']).lowerAscii() != 'none')";
    format!("({} || {} || {nested})", flat("high-availability.type"), flat("high-availability"))
}

pub(super) fn objects(install: &Install) -> [Value; 2] {
    let ha = is_highly_available();
    let mut validations: Vec<Value> = texts::FORBIDDEN_KEYS
        .iter()
        .map(|key| {
            json!({
                "expression": format!("!{}", is_set(key)),
                "message": format!("{}{key}", texts::FORBIDDEN_KEY),
            })
        })
        .collect();
    let rules = [
        (
            format!("!{} || {ha}", is_true("kubernetes.operator.deployment.rollback.enabled")),
            texts::ROLLBACK,
        ),
        (
            format!(
                "!{} || !{}",
                is_true("kubernetes.operator.cluster.health-check.enabled"),
                is_false("kubernetes.operator.jm-deployment-recovery.enabled")
            ),
            texts::HEALTH_CHECK,
        ),
        (
            format!(
                "!has(object.spec.jobManager) || !has(object.spec.jobManager.replicas) || object.spec.jobManager.replicas <= 1 || {ha}"
            ),
            texts::STANDBY,
        ),
    ];
    validations
        .extend(rules.into_iter().map(|(rule, text)| json!({"expression": rule, "message": text})));
    let mut binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": metadata(POLICY, None),
        "spec": {"policyName": POLICY, "validationActions": ["Deny"]},
    });
    if !install.watched.is_empty() {
        binding["spec"]["matchResources"] = json!({"namespaceSelector": {"matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "In", "values": install.watched},
        ]}});
    }
    [
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": metadata(POLICY, None),
            "spec": {
                // What the policy cannot judge, the operator does.
                "failurePolicy": "Ignore",
                "matchConstraints": {"resourceRules": [{
                    "apiGroups": [GROUP],
                    "apiVersions": [VERSION],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["flinkdeployments"],
                }]},
                "variables": [{"name": "options", "expression": OPTIONS}],
                "validations": validations,
            },
        }),
        binding,
    ]
}
