//! Whether a pod template has the types that the API server knows, told before anything is sent.
//!
//! Fields that this list of types does not know are left alone: a newer API server may know them.

use k8s_openapi::api::core::v1::{Container, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Fields that hold a map of the user's words, where an empty one says as much as none.
const MAPS: [&str; 7] =
    ["nodeSelector", "labels", "annotations", "matchLabels", "requests", "limits", "overhead"];

/// Leaves out what says nothing, as Flink's libraries do: nothing at all, empty lists, and, in releases after 1.17,
/// empty maps.
pub(in crate::plan::kubernetes) fn prune(value: &mut Value, maps: bool) {
    match value {
        Value::Object(map) => {
            for value in map.values_mut() {
                prune(value, maps);
            }
            map.retain(|key, value| match value {
                Value::Null => false,
                Value::Array(items) => !items.is_empty(),
                Value::Object(inner) => !(maps && inner.is_empty() && MAPS.contains(&key.as_str())),
                _ => true,
            });
        }
        Value::Array(items) => items.iter_mut().for_each(|item| prune(item, maps)),
        _ => {}
    }
}

/// A step into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plan::kubernetes) enum Step {
    /// The value of a key.
    Key(String),
    /// An item of a list.
    Item(usize),
}

/// Where something is wrong, and what.
pub(in crate::plan::kubernetes) type Fault = (Vec<Step>, String);

/// Lists of containers in a pod.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// Finds what the API server would refuse, and turns amounts written as numbers into text, which is how they are
/// sent.
pub(in crate::plan::kubernetes) fn check(pod: &mut Map<String, Value>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(kind) = pod.get("kind").filter(|kind| *kind != "Pod") {
        let message = format!("a template is a Pod, not {kind}");
        faults.push((vec![key("kind")], message));
    }
    fields::<ObjectMeta>(pod.get("metadata"), &[key("metadata")], &mut faults);
    let Some(spec) = pod.get_mut("spec") else { return faults };
    amounts(spec);
    let at = [key("spec")];
    let Value::Object(spec) = spec else {
        if !spec.is_null() {
            faults.push((at.to_vec(), "expected a map".to_owned()));
        }
        return faults;
    };
    let others = spec.iter().filter(|(name, _)| !CONTAINERS.contains(&name.as_str()));
    for (name, value) in others {
        field::<PodSpec>(name, value, &at, &mut faults);
    }
    for name in CONTAINERS {
        let at = [key("spec"), key(name)];
        match spec.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::Array(containers)) => {
                for (index, container) in containers.iter().enumerate() {
                    let at = [key("spec"), key(name), Step::Item(index)];
                    fields::<Container>(Some(container), &at, &mut faults);
                }
            }
            Some(_) => faults.push((at.to_vec(), "expected a list".to_owned())),
        }
    }
    faults
}

fn key(name: &str) -> Step {
    Step::Key(name.to_owned())
}

/// Checks each field of an object by itself, so that every fault is found and has a place.
fn fields<T: DeserializeOwned>(object: Option<&Value>, at: &[Step], faults: &mut Vec<Fault>) {
    match object {
        None | Some(Value::Null) => {}
        Some(Value::Object(object)) => {
            for (name, value) in object {
                field::<T>(name, value, at, faults);
            }
        }
        Some(_) => faults.push((at.to_vec(), "expected a map".to_owned())),
    }
}

fn field<T: DeserializeOwned>(name: &str, value: &Value, at: &[Step], faults: &mut Vec<Fault>) {
    let alone = Value::Object(Map::from_iter([(name.to_owned(), value.clone())]));
    if let Err(error) = serde_json::from_value::<T>(alone) {
        let mut path = at.to_vec();
        path.push(key(name));
        faults.push((path, error.to_string()));
    }
}

/// Maps whose values are amounts, and fields that are one.
const AMOUNT_MAPS: [&str; 3] = ["requests", "limits", "overhead"];
const AMOUNTS: [&str; 2] = ["sizeLimit", "divisor"];

/// Writes amounts (`cpu: 2`) as text wherever they stand.
fn amounts(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::Object(inner) if AMOUNT_MAPS.contains(&name.as_str()) => {
                        inner.values_mut().for_each(as_text);
                    }
                    value if AMOUNTS.contains(&name.as_str()) => as_text(value),
                    value => amounts(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(amounts),
        _ => {}
    }
}

fn as_text(value: &mut Value) {
    if let Value::Number(number) = value {
        *value = Value::String(number.to_string());
    }
}
