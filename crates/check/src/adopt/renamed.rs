//! Objects beside the session file that call a workload by its old name, where nothing rewrites it: in commands and in rights.

use serde_json::Value;

use super::shape::Shape;
use crate::kubernetes::{Role, Workload};
use crate::system::System;

/// Words by which `kubectl` and rights call a kind of workload.
const WORDS: [&str; 8] = [
    "deployment",
    "deployments",
    "deployment.apps",
    "deploy",
    "statefulset",
    "statefulsets",
    "statefulset.apps",
    "sts",
];

/// The kind that the pods of a session have.
pub(super) fn kind(system: &System<'_>) -> &'static str {
    match Shape::of(system) {
        Shape::TwoStatefulSets | Shape::One => "StatefulSet",
        Shape::Files | Shape::Native | Shape::Deployments => "Deployment",
    }
}

/// The name that a workload of the files has in a session.
pub(super) fn name(workload: &Workload<'_>, session: &str) -> String {
    match workload.role {
        Role::TaskManager => format!("{session}-taskmanager"),
        Role::JobManager | Role::Both => session.to_owned(),
    }
}

/// What is said of each such object: once for each workload.
pub(super) fn notes(system: &System<'_>, beside: &[Value], session: &str) -> Vec<String> {
    let mut notes = Vec::new();
    for workload in system.workloads.iter().filter(|one| one.object.compose.is_none()) {
        let old = (workload.object.kind.as_str(), workload.object.name.as_str());
        let (kind, name) = (kind(system), name(workload, session));
        if old == (kind, name.as_str()) {
            continue;
        }
        for object in beside.iter().filter(|object| calls(object, old)) {
            let text = |at: &str| object.pointer(at).and_then(Value::as_str).unwrap_or_default();
            notes.push(format!(
                "{} {} names {} {}, which is {kind} {name} in the session: change it there",
                text("/kind"),
                text("/metadata/name"),
                old.0,
                old.1
            ));
        }
    }
    notes
}

/// Whether a value calls a workload, however deep.
fn calls(value: &Value, old: (&str, &str)) -> bool {
    match value {
        Value::String(text) => is_called(text, old.1),
        Value::Array(items) => {
            let is_pair = |two: &[Value]| {
                let word = two[0].as_str().unwrap_or_default();
                WORDS.contains(&word) && two[1] == old.1
            };
            items.windows(2).any(is_pair) || items.iter().any(|item| calls(item, old))
        }
        Value::Object(fields) => {
            let is_target = value["kind"] == old.0 && value["name"] == old.1;
            let has = |list: &str, is_meant: &dyn Fn(&str) -> bool| {
                let items = value[list].as_array().map_or(&[][..], Vec::as_slice);
                items.iter().any(|item| item.as_str().is_some_and(is_meant))
            };
            let is_right = has("resourceNames", &|name| name == old.1)
                && has("resources", &|kind| WORDS.iter().any(|word| kind.starts_with(word)));
            is_target || is_right || fields.values().any(|field| calls(field, old))
        }
        _ => false,
    }
}

/// Whether a text has `deployment/NAME` in it, or `deployment NAME`.
fn is_called(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let (before, behind) = (&text[..at], &text[at + name.len()..]);
        let ends = !behind.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
        let Some(before) = before.strip_suffix(['/', ' ']) else { return false };
        let word = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '.').next();
        ends && word.is_some_and(|word| WORDS.contains(&word))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn workloads_that_objects_call_by_name() {
        #[track_caller]
        fn check(value: &Value, expected: bool) {
            assert_eq!(calls(value, ("Deployment", "shop-tm")), expected, "{value}");
        }
        let command = |text: &str| json!({"command": ["sh", "-c", text]});
        check(&command("kubectl rollout restart deployment/shop-tm"), true);
        check(&command("kubectl -n x scale deploy shop-tm --replicas=3"), true);
        check(&command("kubectl get deployment.apps/shop-tm && date"), true);
        check(&json!({"args": ["scale", "statefulset", "shop-tm"]}), true);
        check(&json!({"kind": "Deployment", "name": "shop-tm"}), true);
        check(
            &json!({"resources": ["deployments", "deployments/scale"], "resourceNames": ["shop-tm"]}),
            true,
        );
        // Other names, other kinds, and the name alone.
        check(&command("kubectl rollout restart deployment/shop-tm-two"), false);
        check(&command("kubectl rollout restart deployment/old-shop-tm"), false);
        check(&command("kubectl logs service/shop-tm; echo shop-tm"), false);
        check(&json!({"args": ["scale", "service", "shop-tm"]}), false);
        check(&json!({"kind": "Service", "name": "shop-tm"}), false);
        check(&json!({"resources": ["configmaps"], "resourceNames": ["shop-tm"]}), false);
        check(&json!({"resources": ["deployments"], "resourceNames": ["shop"]}), false);
    }
}
