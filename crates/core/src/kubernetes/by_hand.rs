//! Fields of a workload's pods that somebody else has set, as `kubectl set env` does: an apply of ours keeps them, and
//! comparing what it would give with what is there shows nothing.

use serde_json::Value;

/// What is not meant to last or to mean anything: the time at which `kubectl rollout restart` was called.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// Authors whose fields are put back, by the beginning of their names: people. A controller would set its fields again.
pub const PEOPLE: &str = "kubectl";

/// A field of the pod template that somebody else has set, and nobody of us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByHand {
    /// `spec.template.spec.x`
    pub path: String,
    /// `kubectl-set`
    pub author: String,
    /// The way to it below the template, as the API server notes it: `f:spec`, `k:{"name":"main"}`.
    keys: Vec<String>,
}

impl ByHand {
    /// Whether a person has set it, and no controller.
    pub fn is_of_a_person(&self) -> bool {
        self.author.starts_with(PEOPLE)
    }
}

/// Each field of the pod template that another author than `manager` has set. Fields that we have set as well are not
/// among them.
pub fn of(workload: &Value, manager: &str) -> Vec<ByHand> {
    let entries = workload["metadata"]["managedFields"].as_array().map_or(&[][..], Vec::as_slice);
    let template = |entry: &Value| entry["fieldsV1"]["f:spec"]["f:template"].clone();
    let is_ours = |entry: &&Value| entry["manager"] == manager;
    let ours: Vec<Value> = entries.iter().filter(is_ours).map(template).collect();
    // What was rendered and applied by kubectl has never been ours: all of it is as its author wants it.
    if ours.iter().all(Value::is_null) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for entry in entries.iter().filter(|entry| !is_ours(entry) && entry["subresource"].is_null()) {
        let ours: Vec<&Value> = ours.iter().collect();
        let author = entry["manager"].as_str().unwrap_or_default();
        let start = ByHand {
            path: "spec.template".to_owned(),
            author: author.to_owned(),
            keys: Vec::new(),
        };
        fields_of(&template(entry), &ours, &start, &mut found);
    }
    found
}

/// The fields that none of ours has. What was added as a whole is one.
fn fields_of(fields: &Value, ours: &[&Value], at: &ByHand, found: &mut Vec<ByHand>) {
    for (key, below) in fields.as_object().into_iter().flatten() {
        let name = match key.split_once(':') {
            Some(("f", name)) if name == RESTARTED_AT => continue,
            Some(("f", name)) => format!(".{name}"),
            Some((_, item)) => format!("[{}]", name_of(item)),
            // The item itself.
            None => continue,
        };
        let mut field = at.clone();
        field.path.push_str(&name);
        field.keys.push(key.clone());
        let ours: Vec<&Value> = ours.iter().filter_map(|one| one.get(key)).collect();
        let is_leaf = below.as_object().is_none_or(serde_json::Map::is_empty);
        let is_restart = below.get(format!("f:{RESTARTED_AT}")).is_some();
        let is_whole = ours.is_empty() && below.get(".").is_some() && !is_restart;
        if is_leaf || is_whole {
            if ours.is_empty() {
                found.push(field);
            }
        } else {
            fields_of(below, &ours, &field, found);
        }
    }
}

/// Takes what people have set out of a workload as applying would leave it.
pub fn put_back(fields: &[ByHand], becomes: &mut Value) {
    for field in fields.iter().filter(|field| field.is_of_a_person()) {
        remove(&mut becomes["spec"]["template"], &field.keys);
    }
}

/// Removes what a path leads to, and what is empty without it.
fn remove(value: &mut Value, keys: &[String]) {
    let Some((key, rest)) = keys.split_first() else { return };
    let is_gone = |below: &mut Value| {
        remove(below, rest);
        let is_empty = match below {
            Value::Object(fields) => fields.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        rest.is_empty() || is_empty
    };
    match (key.split_once(':'), value) {
        (Some(("f", name)), Value::Object(fields)) => {
            let is_gone = fields.get_mut(name).is_some_and(is_gone);
            if is_gone {
                fields.shift_remove(name);
            }
        }
        (Some(("k", key)), Value::Array(items)) => {
            let key: Value = serde_json::from_str(key).unwrap_or_default();
            let is_meant = |item: &Value| {
                key.as_object().is_some_and(|key| key.iter().all(|(name, is)| item[name] == *is))
            };
            let meant = items.iter_mut().position(|item| is_meant(item));
            if let Some(index) = meant
                && is_gone(&mut items[index])
            {
                items.remove(index);
            }
        }
        (Some(("v", item)), Value::Array(items)) => {
            let item: Value = serde_json::from_str(item).unwrap_or_default();
            items.retain(|one| *one != item);
        }
        _ => {}
    }
}

/// `{"name":"X"}` as `X`.
fn name_of(item: &str) -> String {
    let key: Option<Value> = serde_json::from_str(item).ok();
    let value = key.as_ref().and_then(|key| key.as_object()?.values().next().cloned());
    match value {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => item.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(author: &str, template: &Value, expected: &[&str]) {
        let entry = |manager: &str, template: &Value| json!({"manager": manager, "fieldsV1": {"f:spec": {"f:template": template}}});
        let ours = json!({"f:spec": {"f:containers": {"k:{\"name\":\"main\"}": {
            ".": {}, "f:image": {}, "f:env": {"k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}}},
        }}}});
        let workload = json!({"metadata": {"managedFields": [entry("nutkin", &ours), entry(author, template)]}});
        let found: Vec<String> =
            of(&workload, "nutkin").into_iter().map(|field| field.path).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_somebody_else_has_set() {
        let env = |name: &str| {
            let variable = json!({".": {}, "f:name": {}, "f:value": {}});
            json!({"f:spec": {"f:containers": {"k:{\"name\":\"main\"}": {
                "f:env": {format!("k:{{\"name\":\"{name}\"}}"): variable},
            }}}})
        };
        check("kubectl-set", &env("FOO"), &["spec.template.spec.containers[main].env[FOO]"]);
        // The controls: what is ours as well, and our own.
        check("kubectl-set", &env("A"), &[]);
        check("nutkin", &env("FOO"), &[]);
        let restarted =
            json!({"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/restartedAt": {}}}});
        check("kubectl-rollout", &restarted, &[]);
        let selector = json!({"f:spec": {"f:nodeSelector": {"f:disk": {}}}});
        check("kubectl-edit", &selector, &["spec.template.spec.nodeSelector.disk"]);
    }

    /// What a workload with these containers would be, once this author's variable `FOO` is put back.
    #[track_caller]
    fn check_put_back(author: &str, is_ours: bool, env: &Value, expected: &Value) {
        let fields = json!({"f:spec": {"f:containers": {"k:{\"name\":\"main\"}": {
            "f:env": {".": {}, "k:{\"name\":\"FOO\"}": {".": {}, "f:name": {}, "f:value": {}}},
        }}}});
        let entry = json!({"manager": author, "fieldsV1": {"f:spec": {"f:template": fields}}});
        let ours = json!({"manager": "nutkin", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {
            "f:containers": {"k:{\"name\":\"main\"}": {"f:env": {"k:{\"name\":\"A\"}": {"f:value": {}}}}},
        }}}}});
        let entries = if is_ours { json!([ours, entry]) } else { json!([entry]) };
        let pod = |env: &Value| json!({"name": "main", "image": "a", "env": env});
        let workload = json!({"metadata": {"managedFields": entries},
            "spec": {"template": {"spec": {"containers": [pod(env)]}}}});
        let mut becomes = workload.clone();
        put_back(&of(&workload, "nutkin"), &mut becomes);
        assert_eq!(becomes["spec"]["template"]["spec"]["containers"][0], *expected);
    }

    #[test]
    fn what_a_person_has_set_is_put_back() {
        let (ours, foo) =
            (json!({"name": "A", "value": "1"}), json!({"name": "FOO", "value": "2"}));
        let main = |env: Value| json!({"name": "main", "image": "a", "env": env});
        let both = json!([ours, foo]);
        check_put_back("kubectl-set", true, &both, &main(json!([ours])));
        let alone = json!([foo]);
        check_put_back("kubectl-edit", true, &alone, &json!({"name": "main", "image": "a"}));
        // Applied by kubectl, and never ours.
        check_put_back("kubectl", false, &alone, &main(alone.clone()));
        // The control: a controller.
        check_put_back("vpa-updater", true, &both, &main(both.clone()));
    }
}
