//! Server-side apply, simplified: whose fields are whose, and what an apply of one manager makes of an object.
//!
//! Right for what Nutkin sends: lists with merge keys by the table below, all others as a whole; `force` always.

use serde_json::{Map, Value, json};

/// Lists whose items are told apart by these fields, by the list's own name and the one above where that is needed.
const KEYS: [(&str, &[&str]); 12] = [
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("volumes", &["name"]),
    ("env", &["name"]),
    ("imagePullSecrets", &["name"]),
    ("secrets", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("hostAliases", &["ip"]),
    ("ownerReferences", &["uid"]),
    ("container ports", &["containerPort", "protocol"]),
    ("service ports", &["port", "protocol"]),
    ("conditions", &["type"]),
];

/// Maps that are one value.
const ATOMIC: [&str; 3] = ["selector", "nodeSelector", "labelSelector"];

/// Fields that identify an object, or that the server keeps: nobody manages them.
const NOBODYS: [&str; 8] = [
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "managedFields",
];

/// When everything happens, for notes that need a time.
const TIME: &str = "2026-01-01T00:00:00Z";

/// Keys of the list's items; `None`: the list is one value.
fn keys(list: &str, items: &[Value]) -> Option<&'static [&'static str]> {
    let is_of_container = items.iter().any(|item| !item["containerPort"].is_null());
    let name = match list {
        "ports" if is_of_container => "container ports",
        "ports" => "service ports",
        other => other,
    };
    KEYS.iter().find(|(one, _)| *one == name).map(|(_, keys)| *keys)
}

/// `k:{"name":"main"}`.
fn key_of(item: &Value, keys: &[&str]) -> String {
    let mut key = Map::new();
    for name in keys {
        let missing = if *name == "protocol" { json!("TCP") } else { Value::Null };
        let value = item.get(*name).cloned().unwrap_or(missing);
        key.insert((*name).to_owned(), value);
    }
    format!("k:{}", Value::Object(key))
}

/// The fields that an object sets, in the form of `fieldsV1`.
pub(super) fn of(object: &Value) -> Map<String, Value> {
    let mut fields = Map::new();
    for (key, value) in object.as_object().into_iter().flatten() {
        match key.as_str() {
            "apiVersion" | "kind" | "status" => {}
            "metadata" => {
                let mut inner = Map::new();
                for (key, value) in value.as_object().into_iter().flatten() {
                    if !NOBODYS.contains(&key.as_str()) {
                        inner.insert(format!("f:{key}"), set(key, value));
                    }
                }
                if !inner.is_empty() {
                    fields.insert("f:metadata".to_owned(), Value::Object(inner));
                }
            }
            _ => {
                fields.insert(format!("f:{key}"), set(key, value));
            }
        }
    }
    fields
}

fn set(name: &str, value: &Value) -> Value {
    match value {
        Value::Object(map) if !ATOMIC.contains(&name) => {
            map.iter().map(|(key, value)| (format!("f:{key}"), set(key, value))).collect()
        }
        Value::Array(items) => match keys(name, items) {
            Some(keys) => items
                .iter()
                .map(|item| {
                    let mut fields = set("", item);
                    fields["."] = json!({});
                    (key_of(item, keys), fields)
                })
                .collect(),
            None => json!({}),
        },
        _ => json!({}),
    }
}

/// Notes that a manager has set all fields of a new object.
pub(super) fn created(object: &mut Value, manager: &str) {
    object["metadata"]["managedFields"] = json!([entry(object, manager, "Update", of(object))]);
}

/// Notes that a manager has set, by something else than an apply, what differs between two states of an object.
pub(super) fn updated(object: &mut Value, old: &Value, manager: &str) {
    let mut fields = of(object);
    changed(&mut fields, Some(old), Some(&*object));
    if fields.is_empty() {
        return;
    }
    let entries = old["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let mut others = Vec::new();
    for mut other in entries {
        let is_own = other["manager"] == manager && other["operation"] == "Update";
        if let Some(map) = other["fieldsV1"].as_object_mut() {
            if is_own {
                union(&mut fields, map);
                continue;
            }
            lose(map, &fields, Some(old), Some(&*object));
        }
        others.push(other);
    }
    others.retain(|one| one["fieldsV1"].as_object().is_some_and(|fields| !fields.is_empty()));
    others.push(entry(object, manager, "Update", fields));
    object["metadata"]["managedFields"] = json!(others);
}

/// Keeps of `fields` those whose values differ.
fn changed(fields: &mut Map<String, Value>, old: Option<&Value>, new: Option<&Value>) {
    fields.retain(|name, inner| {
        let (old, new) =
            (old.and_then(|one| child(one, name)), new.and_then(|one| child(one, name)));
        if old == new {
            return false;
        }
        if let Some(inner) = inner.as_object_mut().filter(|inner| !inner.is_empty()) {
            changed(inner, old, new);
        }
        true
    });
}

fn union(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(Value::Object(into)), Value::Object(from)) => union(into, from),
            (Some(_), _) => {}
            (None, _) => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

fn entry(object: &Value, manager: &str, operation: &str, fields: Map<String, Value>) -> Value {
    json!({
        "manager": manager,
        "operation": operation,
        "apiVersion": object["apiVersion"],
        "time": TIME,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    })
}

/// What a live object becomes by an apply of a manager: its fields are set, and those that its last apply set and that
/// nobody else manages are removed.
pub(super) fn applied(live: &Value, config: &Value, manager: &str) -> Value {
    let mut object = live.clone();
    let new = of(config);
    let entries = live["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let is_own = |one: &Value| one["manager"] == manager && one["operation"] == "Apply";
    let mut others: Vec<Value> = entries.iter().filter(|one| !is_own(one)).cloned().collect();
    let old = entries.iter().find(|one| is_own(one)).and_then(|one| one["fieldsV1"].as_object());
    for (name, fields) in old.into_iter().flatten() {
        let kept: Vec<&Value> =
            others.iter().map(|one| &one["fieldsV1"][name]).chain(new.get(name)).collect();
        prune(&mut object, name, fields, &kept);
    }
    let mut wanted = config.clone();
    if let Some(metadata) = wanted["metadata"].as_object_mut() {
        metadata.retain(|key, _| !NOBODYS.contains(&key.as_str()));
    }
    merge("", &mut object, &wanted);
    // Forced: whoever managed a field that has another value now does so no more.
    for other in &mut others {
        if let Some(fields) = other["fieldsV1"].as_object_mut() {
            lose(fields, &new, Some(live), Some(&object));
        }
    }
    others.retain(|one| one["fieldsV1"].as_object().is_some_and(|fields| !fields.is_empty()));
    others.push(entry(&object, manager, "Apply", new));
    object["metadata"]["managedFields"] = json!(others);
    object
}

/// The place of a field or of a list's item in a value.
fn child<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    if let Some(key) = name.strip_prefix("f:") {
        return value.get(key);
    }
    let wanted: Value = serde_json::from_str(name.strip_prefix("k:")?).ok()?;
    value.as_array()?.iter().find(|item| has_key(item, &wanted))
}

fn has_key(item: &Value, wanted: &Value) -> bool {
    let keys: Vec<&str> = wanted.as_object().into_iter().flatten().map(|(key, _)| &**key).collect();
    key_of(item, &keys) == format!("k:{wanted}")
}

/// Removes from a value what `fields` have and none of `kept`.
fn prune(value: &mut Value, name: &str, fields: &Value, kept: &[&Value]) {
    let is_kept = kept.iter().any(|one| one.is_object());
    if !is_kept {
        if let (Some(key), Some(map)) = (name.strip_prefix("f:"), value.as_object_mut()) {
            map.shift_remove(key);
        } else if let (Some(key), Some(items)) = (name.strip_prefix("k:"), value.as_array_mut()) {
            let wanted: Value = serde_json::from_str(key).unwrap_or_default();
            items.retain(|item| !has_key(item, &wanted));
        }
        return;
    }
    let inner = if let Some(key) = name.strip_prefix("f:") {
        value.get_mut(key)
    } else {
        let wanted = name.strip_prefix("k:").and_then(|key| serde_json::from_str(key).ok());
        let wanted: Value = wanted.unwrap_or_default();
        value.as_array_mut().and_then(|items| items.iter_mut().find(|one| has_key(one, &wanted)))
    };
    let Some(inner) = inner else { return };
    for (name, fields) in fields.as_object().into_iter().flatten().filter(|(name, _)| *name != ".")
    {
        let kept: Vec<&Value> = kept.iter().map(|one| &one[name.as_str()]).collect();
        prune(inner, name, fields, &kept);
    }
}

fn merge(name: &str, live: &mut Value, wanted: &Value) {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) if !ATOMIC.contains(&name) => {
            for (key, value) in wanted {
                match live.get_mut(key) {
                    Some(there) => merge(key, there, value),
                    None => {
                        live.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(live), Value::Array(wanted)) if keys(name, wanted).is_some() => {
            let keys = keys(name, wanted).unwrap_or_default();
            for item in wanted {
                let key = key_of(item, keys);
                match live.iter_mut().find(|one| key_of(one, keys) == key) {
                    Some(there) => merge("", there, item),
                    None => live.push(item.clone()),
                }
            }
        }
        (live, wanted) => *live = wanted.clone(),
    }
}

/// Takes from a manager's fields those of `new` whose value has changed.
fn lose(
    fields: &mut Map<String, Value>,
    new: &Map<String, Value>,
    old_value: Option<&Value>,
    new_value: Option<&Value>,
) {
    fields.retain(|name, inner| {
        let Some(new) = new.get(name).and_then(Value::as_object) else { return true };
        let (old, now) = (
            old_value.and_then(|one| child(one, name)),
            new_value.and_then(|one| child(one, name)),
        );
        match inner.as_object_mut().filter(|inner| !inner.is_empty()) {
            Some(inner) => {
                lose(inner, new, old, now);
                !inner.is_empty()
            }
            None => old == now,
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live() -> Value {
        let mut object = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "uid": "1", "labels": {"a": "1"}},
            "spec": {"containers": [{"name": "main", "image": "i", "env": [{"name": "X", "value": "1"}]}]},
        });
        created(&mut object, "other");
        object
    }

    fn config(env: Value, labels: Value) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": labels},
            "spec": {"containers": [{"name": "main", "env": env}]},
        })
    }

    #[test]
    fn what_an_apply_no_longer_has_is_removed_and_what_others_manage_stays() {
        let first = config(json!([{"name": "Y", "value": "2"}]), json!({"b": "2"}));
        let one = applied(&live(), &first, "m");
        assert_eq!(one["spec"]["containers"][0]["env"].as_array().map(Vec::len), Some(2));
        assert_eq!(one["metadata"]["labels"], json!({"a": "1", "b": "2"}));
        assert_eq!(one["spec"]["containers"][0]["image"], "i");
        let again = applied(&one, &first, "m");
        assert_eq!(again, one, "the same again changes nothing");
        let two = applied(&one, &config(json!([]), json!({})), "m");
        assert_eq!(two["spec"]["containers"][0]["env"], json!([{"name": "X", "value": "1"}]));
        assert_eq!(two["metadata"]["labels"], json!({"a": "1"}));
    }

    #[test]
    fn a_field_that_is_taken_by_force_is_the_takers_alone() {
        let env = |value: &str| json!([{"name": "X", "value": value}]);
        let taken = applied(&live(), &config(env("9"), json!({})), "m");
        assert_eq!(taken["spec"]["containers"][0]["env"][0]["value"], "9");
        let back = applied(&taken, &config(json!([]), json!({})), "m");
        // The item itself is the other one's still, its value was not any more.
        assert_eq!(back["spec"]["containers"][0]["env"], json!([{"name": "X"}]));
    }
}
