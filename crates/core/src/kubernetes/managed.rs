//! Whose fields are whose: the notes that server-side apply works by.
//!
//! A creation makes its author the manager of all fields by `Update`, and fields managed so are not removed by a later
//! apply of the same author. So after a creation, and when somebody else's objects are taken over, those notes become
//! ours by `Apply`. kubectl does the same when it goes over to server-side apply.

use serde_json::{Map, Value, json};

/// Authors whose objects a session that is taken over may be made of, by the beginning of their names: ourselves, kubectl, Flink's own
/// clients (1.13 and later ones), helm. Controllers keep what they manage.
pub const AUTHORS: [&str; 5] = ["nutkin", "kubectl", "flink", "okhttp", "helm"];

/// The patch after which all that these authors manage is ours by `Apply`; `None` where it is so already. It fails
/// with a conflict where the object has changed since.
pub fn take_over(object: &Value, manager: &str, authors: &[&str]) -> Option<Value> {
    let metadata = &object["metadata"];
    let entries = metadata["managedFields"].as_array()?;
    let is_ours = |entry: &Value| entry["manager"] == manager && entry["operation"] == "Apply";
    let is_taken = |entry: &&Value| {
        entry["subresource"].is_null()
            && entry["apiVersion"] == object["apiVersion"]
            && entry["manager"]
                .as_str()
                .is_some_and(|name| authors.iter().any(|author| name.starts_with(author)))
    };
    let taken: Vec<&Value> = entries.iter().filter(is_taken).collect();
    if taken.iter().all(|entry| is_ours(entry)) {
        return None;
    }
    let mut fields = Map::new();
    for entry in &taken {
        merge(&mut fields, entry["fieldsV1"].as_object()?);
    }
    let mut rest: Vec<Value> = entries.iter().filter(|entry| !is_taken(entry)).cloned().collect();
    rest.push(json!({
        "manager": manager,
        "operation": "Apply",
        "apiVersion": object["apiVersion"],
        "time": taken[0]["time"],
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }));
    Some(json!([
        {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        {"op": "replace", "path": "/metadata/managedFields", "value": rest},
    ]))
}

/// The union of two sets of fields: objects whose keys are fields, and whose leaves are empty.
fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(Value::Object(into)), Value::Object(from)) => merge(into, from),
            (Some(_), _) => {}
            (None, _) => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields})
    }

    fn object(entries: Value) -> Value {
        json!({"apiVersion": "v1", "metadata": {"resourceVersion": "7", "managedFields": entries}})
    }

    #[test]
    fn creations_become_applies() {
        let created = object(json!([
            entry("nutkin", "Update", json!({"f:data": {"f:a": {}}})),
            entry("kubectl-client-side-apply", "Update", json!({"f:data": {"f:b": {}}})),
            entry("kube-controller-manager", "Update", json!({"f:status": {}})),
        ]));
        let patch = take_over(&created, "nutkin", &AUTHORS).unwrap();
        assert_eq!(patch[0]["value"], "7");
        let entries = patch[1]["value"].as_array().unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0]["manager"], "kube-controller-manager");
        assert_eq!(
            (&entries[1]["manager"], &entries[1]["operation"]),
            (&json!("nutkin"), &json!("Apply"))
        );
        assert_eq!(entries[1]["fieldsV1"], json!({"f:data": {"f:a": {}, "f:b": {}}}));
        let own = take_over(&created, "nutkin", &["nutkin"]).unwrap();
        assert_eq!(own[1]["value"].as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn nothing_to_take_over() {
        let applied = object(json!([entry("nutkin", "Apply", json!({"f:data": {}}))]));
        assert_eq!(take_over(&applied, "nutkin", &AUTHORS), None);
        assert_eq!(take_over(&object(json!([])), "nutkin", &AUTHORS), None);
        let mut status = entry("nutkin", "Update", json!({"f:status": {}}));
        status["subresource"] = json!("status");
        assert_eq!(take_over(&object(json!([status])), "nutkin", &AUTHORS), None);
    }
}
