//! The two levels of `podTemplate`: the common one, and that of a role over it.

use serde_json::Value;

/// Name of the container with Flink's process in every pod that Flink or this makes (`Constants.MAIN_CONTAINER_NAME`): a
/// template adds to it under this name.
pub const MAIN_CONTAINER: &str = "flink-main-container";

/// A role's template over the common one: objects are merged, containers and the like by their names, everything
/// else is replaced.
pub(crate) fn merged(common: Option<&Value>, role: Option<&Value>) -> Option<Value> {
    match (common, role) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (Some(common), Some(role)) => {
            let mut template = common.clone();
            merge(&mut template, role);
            Some(template)
        }
    }
}

fn merge(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key.as_str()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(under), Value::Array(over))
            if over.iter().all(|item| item["name"].is_string()) =>
        {
            for item in over {
                match under.iter_mut().find(|known| known["name"] == item["name"]) {
                    Some(known) => merge(known, item),
                    None => under.push(item.clone()),
                }
            }
        }
        (under, over) => *under = over.clone(),
    }
}
