//! Labels by which the files select pods of Flink: those of the session's pods take their place.

use serde_json::{Value, json};

use super::shape::Shape;
use crate::kubernetes::{Role, Workload};
use crate::node::Walk;
use crate::system::System;

/// Value of the label `type` in standalone mode, as the operator has it.
const TYPE: &str = "flink-standalone-kubernetes";

/// The same in native mode (`Constants.LABEL_CONFIGMAP_TYPE` and neighbours of Flink).
const NATIVE_TYPE: &str = "flink-native-kubernetes";

/// Lets a selector of the files select the pods of the session.
pub(super) fn relabel(selector: Option<&mut Value>, name: &str, role: Role, shape: Shape) {
    let Some(selector) = selector.and_then(Value::as_object_mut) else { return };
    let made = if shape == Shape::Native { NATIVE_TYPE } else { TYPE };
    selector.insert("app".to_owned(), name.into());
    selector.insert("type".to_owned(), made.into());
    selector.remove("component");
    if let Some(component) = component(role) {
        selector.insert("component".to_owned(), component.into());
    }
}

const fn component(role: Role) -> Option<&'static str> {
    match role {
        Role::JobManager => Some("jobmanager"),
        Role::TaskManager => Some("taskmanager"),
        Role::Both => None,
    }
}

/// The role of all workloads whose pods are selected; both, where that is several.
fn role_of(system: &System<'_>, is_selected: impl Fn(&Workload<'_>) -> bool) -> Option<Role> {
    let mut roles = system.workloads.iter().filter(|w| is_selected(w)).map(|w| w.role);
    let first = roles.next()?;
    Some(if roles.all(|role| role == first) { first } else { Role::Both })
}

fn label<'a>(workload: &Workload<'a>, key: &str) -> Option<&'a str> {
    let (_, value) = workload.labels().iter().rev().find(|(known, _)| known.name == key)?;
    value.text()
}

/// Lets every selector of labels in a value, however deep, select pods of the session where it selected pods of the
/// files. Whether there was one.
pub(super) fn follow(value: &mut Value, system: &System<'_>, name: &str) -> bool {
    let mut is_changed = false;
    match value {
        Value::Object(map) => {
            for (field, value) in map {
                is_changed |= match field.as_str() {
                    "matchLabels" => labels(value, system, name),
                    "matchExpressions" => expressions(value, system, name),
                    _ => follow(value, system, name),
                };
            }
        }
        Value::Array(items) => {
            for item in items {
                is_changed |= follow(item, system, name);
            }
        }
        _ => {}
    }
    is_changed
}

/// A map of labels, as Services and `matchLabels` have it.
pub(super) fn labels(value: &mut Value, system: &System<'_>, name: &str) -> bool {
    let wanted: Vec<(String, String)> = value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    let is_selected = |workload: &Workload<'_>| {
        wanted.iter().all(|(key, value)| label(workload, key) == Some(value))
    };
    let role = role_of(system, is_selected).filter(|_| !wanted.is_empty());
    if let Some(role) = role {
        relabel(Some(value), name, role, Shape::of(system));
    }
    role.is_some()
}

/// A list of `{key: app, operator: In, values: [x]}`.
fn expressions(value: &mut Value, system: &System<'_>, name: &str) -> bool {
    let made = if Shape::of(system) == Shape::Native { NATIVE_TYPE } else { TYPE };
    let mut is_changed = false;
    for one in value.as_array_mut().into_iter().flatten().filter(|one| one["operator"] == "In") {
        let key = one["key"].as_str().unwrap_or_default().to_owned();
        let values = one["values"].as_array().cloned().unwrap_or_default();
        let is_selected = |workload: &Workload<'_>| {
            label(workload, &key).is_some_and(|own| values.iter().any(|value| value == own))
        };
        let Some(role) = role_of(system, is_selected) else { continue };
        one["values"] = match (key.as_str(), component(role)) {
            ("app", _) => json!([name]),
            ("type", _) => json!([made]),
            ("component", Some(component)) => json!([component]),
            ("component", None) => json!(["jobmanager", "taskmanager"]),
            _ => continue,
        };
        is_changed = true;
    }
    is_changed
}
