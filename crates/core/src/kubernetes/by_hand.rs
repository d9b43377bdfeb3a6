//! Fields of a workload's pods that somebody else has set, as `kubectl set env` does: an apply of ours keeps them, and
//! comparing what it would give with what is there shows nothing.

use serde_json::Value;

/// What is not meant to last or to mean anything: the time at which `kubectl rollout restart` was called.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// Each field of the pod template that another author than `manager` has set, and the author: `spec.template.spec.x`,
/// `kubectl-set`. Fields that we have set as well are not among them.
pub fn of(workload: &Value, manager: &str) -> Vec<(String, String)> {
    let entries = workload["metadata"]["managedFields"].as_array().map_or(&[][..], Vec::as_slice);
    let template = |entry: &Value| entry["fieldsV1"]["f:spec"]["f:template"].clone();
    let is_ours = |entry: &&Value| entry["manager"] == manager;
    let ours: Vec<Value> = entries.iter().filter(is_ours).map(template).collect();
    let mut found = Vec::new();
    for entry in entries.iter().filter(|entry| !is_ours(entry) && entry["subresource"].is_null()) {
        let ours: Vec<&Value> = ours.iter().collect();
        let mut paths = Vec::new();
        paths_of(&template(entry), &ours, "spec.template", &mut paths);
        let author = entry["manager"].as_str().unwrap_or_default();
        found.extend(paths.into_iter().map(|path| (path, author.to_owned())));
    }
    found
}

/// The paths of fields that none of ours has. What was added as a whole is one.
fn paths_of(fields: &Value, ours: &[&Value], path: &str, found: &mut Vec<String>) {
    for (key, below) in fields.as_object().into_iter().flatten() {
        let name = match key.split_once(':') {
            Some(("f", name)) if name == RESTARTED_AT => continue,
            Some(("f", name)) => format!(".{name}"),
            Some((_, item)) => format!("[{}]", name_of(item)),
            // The item itself.
            None => continue,
        };
        let path = format!("{path}{name}");
        let ours: Vec<&Value> = ours.iter().filter_map(|one| one.get(key)).collect();
        let is_leaf = below.as_object().is_none_or(serde_json::Map::is_empty);
        let is_whole = ours.is_empty() && below.get(".").is_some();
        if is_leaf || is_whole {
            if ours.is_empty() {
                found.push(path);
            }
        } else {
            paths_of(below, &ours, &path, found);
        }
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
            of(&workload, "nutkin").into_iter().map(|(path, _)| path).collect();
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
}
