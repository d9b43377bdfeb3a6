//! Pod templates of a rendering: what its pods have beside what the planner makes of a session without templates.

use serde_json::{Map, Value, json};

/// Fields that a template says whole or not at all (`default_to` of the planner).
const WHOLE: [&str; 3] = ["startupProbe", "readinessProbe", "livenessProbe"];

/// By what items of a list are told apart.
const IDENTITY: [&str; 1] = ["name"];

/// The template of a workload's pods: all that the bare one does not have.
pub(super) fn remainder(workload: &Value, bare: &Value) -> Option<Value> {
    let pods = |workload: &Value| {
        let mut pod = workload["spec"]["template"].clone();
        if let Some(Value::Object(annotations)) = pod.pointer_mut("/metadata/annotations") {
            // Notes of ours, which say what the configuration was.
            annotations.retain(|key, _| !key.starts_with("nutkin.dev/"));
        }
        pod
    };
    rest(&pods(workload), &pods(bare))
}

/// What the first has and the second does not.
fn rest(one: &Value, bare: &Value) -> Option<Value> {
    if one == bare {
        return None;
    }
    match (one, bare) {
        (Value::Object(one), Value::Object(bare)) => {
            let mut made = Map::new();
            for (key, value) in one {
                let left = match bare.get(key) {
                    None => Some(value.clone()),
                    Some(known) if WHOLE.contains(&key.as_str()) => {
                        (value != known).then(|| value.clone())
                    }
                    Some(known) => rest(value, known),
                };
                made.extend(left.map(|left| (key.clone(), left)));
            }
            (!made.is_empty()).then_some(Value::Object(made))
        }
        (Value::Array(one), Value::Array(bare)) if one.iter().all(Value::is_object) => {
            let items: Vec<Value> = one.iter().filter_map(|item| item_rest(item, bare)).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        (one, _) => Some(one.clone()),
    }
}

/// What an item has that the one of its name does not.
fn item_rest(item: &Value, bare: &[Value]) -> Option<Value> {
    if bare.contains(item) {
        return None;
    }
    let is_same = |other: &&Value| {
        IDENTITY.iter().all(|key| item[*key].is_string() && item[*key] == other[*key])
            && item["mountPath"] == other["mountPath"]
    };
    let Some(known) = bare.iter().find(is_same) else { return Some(item.clone()) };
    let left = rest(item, known)?;
    let mut made = json!({ "name": item["name"] });
    if let (Value::Object(made), Value::Object(left)) = (&mut made, left) {
        made.extend(left);
    }
    Some(made)
}
