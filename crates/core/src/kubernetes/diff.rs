//! The difference between two states of an object, field by field, as a person reads it.
//!
//! Both sides are what the API server says (the newer one from a dry run), so that its defaults and its ways to write
//! quantities are not differences.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::change::{self, Difference};
use crate::plan::kubernetes::{config_map::settings, marks};
use nutkin_flink::dialect::Dialect;
use nutkin_flink::options;

/// What stands for a secret.
const MASK: &str = "******";

/// Longest value that is shown whole: a line of a terminal. Of longer texts only the size is told.
const SHOWN: usize = 120;

/// Fields of `metadata` that the API server keeps for itself.
const SERVER_FIELDS: [&str; 7] = [
    "managedFields",
    "resourceVersion",
    "generation",
    "uid",
    "creationTimestamp",
    "selfLink",
    "deletionGracePeriodSeconds",
];

/// Fields by which the items of a list are told apart, first match wins. Kubernetes' own merge keys.
const KEYS: [&str; 7] = ["name", "mountPath", "containerPort", "port", "key", "ip", "uid"];

/// All differences in order: fields in the order of their paths, options of a Flink configuration by their keys.
/// Values of Secrets and of sensitive options are masked.
pub fn objects(old: &Value, new: &Value) -> Vec<Difference> {
    let secret = new["kind"] == "Secret" || old["kind"] == "Secret";
    let (old, new) = (flat(old), flat(new));
    let mut paths: Vec<&String> = old.keys().chain(new.keys()).collect();
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .filter(|path| old.get(*path) != new.get(*path))
        .map(|path| {
            let hide = (secret && path.starts_with("data")) || is_secret(path);
            let shown = |value: Option<&String>| value.map(|text| show(text, hide));
            let what = path.strip_prefix("data.").map_or_else(|| path.clone(), option_name);
            Difference { what, old: shown(old.get(path)), new: shown(new.get(path)) }
        })
        .collect()
}

/// Options of a configuration stand for themselves: `data.config.yaml#rest.port` is `rest.port`.
fn option_name(path: &str) -> String {
    path.split_once('#').map_or_else(|| format!("data.{path}"), |(_, key)| key.to_owned())
}

fn show(text: &str, hide: bool) -> String {
    if hide {
        return MASK.to_owned();
    }
    if text.len() <= SHOWN && !text.contains('\n') {
        return text.to_owned();
    }
    format!("({} lines, {} bytes)", text.lines().count(), text.len())
}

/// Whether the last part of a path names a secret: an option of Flink's, or a variable of a container.
fn is_secret(path: &str) -> bool {
    let name = path.split_once('#').map(|(_, key)| key);
    let variable = || path.split_once(".env[").and_then(|(_, rest)| rest.split_once(']'));
    name.is_some_and(options::is_sensitive)
        || variable()
            .is_some_and(|(name, _)| change::is_secret_variable(name, options::is_sensitive))
}

/// Every leaf with its path.
fn flat(object: &Value) -> BTreeMap<String, String> {
    let mut leaves = BTreeMap::new();
    let Some(object) = object.as_object() else { return leaves };
    for (key, value) in object {
        match key.as_str() {
            "apiVersion" | "kind" | "status" => {}
            "metadata" => walk("metadata", &Value::Object(own_metadata(value)), &mut leaves),
            "data" => data(value, &mut leaves),
            _ => walk(key, value, &mut leaves),
        }
    }
    leaves
}

/// Annotations of ours.
const OWN: &str = "nutkin.dev/";

/// Metadata without what the server keeps, and without what follows from the rest.
fn own_metadata(metadata: &Value) -> Map<String, Value> {
    let mut metadata = metadata.as_object().cloned().unwrap_or_default();
    metadata.retain(|key, _| !SERVER_FIELDS.contains(&key.as_str()));
    if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
        // Ours are digests of what is shown itself, but for the release.
        let hidden = |key: &str| {
            (key.starts_with(OWN) && key != marks::FLINK)
                || key.starts_with("deployment.kubernetes.io/")
        };
        annotations.retain(|key, _| !hidden(key));
    }
    metadata
}

/// The data of a ConfigMap; a Flink configuration is its options.
fn data(value: &Value, leaves: &mut BTreeMap<String, String>) {
    for (file, value) in value.as_object().into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        match Dialect::of_file(file) {
            Some(dialect) => {
                for (key, value) in settings(dialect, text) {
                    leaves.insert(format!("data.{file}#{key}"), value);
                }
            }
            None => {
                leaves.insert(format!("data.{file}"), text.to_owned());
            }
        }
    }
}

fn walk(path: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Null => {}
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                // A key with dots of its own would read like a path.
                let plain = !key.contains(['.', '/']);
                let below = if plain { format!("{path}.{key}") } else { format!("{path}[{key}]") };
                walk(&below, value, leaves);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                let key = KEYS.iter().find_map(|key| name_of(&item[key]));
                let key = key.filter(|key| items.iter().filter(|one| has(one, key)).count() == 1);
                let below = format!("{path}[{}]", key.clone().unwrap_or_else(|| index.to_string()));
                match item.as_object() {
                    // What names an item is in its path already.
                    Some(fields) if key.is_some() && 1 < fields.len() => {
                        let mut fields = fields.clone();
                        if let Some(named) = KEYS.iter().find(|key| name_of(&item[**key]).is_some())
                        {
                            fields.remove(*named);
                        }
                        walk(&below, &Value::Object(fields), leaves);
                    }
                    _ => walk(&below, item, leaves),
                }
            }
        }
        Value::String(text) => {
            leaves.insert(path.to_owned(), text.clone());
        }
        other => {
            leaves.insert(path.to_owned(), other.to_string());
        }
    }
}

fn name_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn has(item: &Value, name: &str) -> bool {
    KEYS.iter().find_map(|key| name_of(&item[key])).as_deref() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(old: &Value, new: &Value, expected: &[&str]) {
        let show = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let found: Vec<String> = objects(old, new)
            .into_iter()
            .map(|one| format!("{}: {} -> {}", one.what, show(one.old), show(one.new)))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn fields_and_items_of_lists() {
        let pod = |image: &str, variables: Value| json!({"spec": {"containers": [{"name": "main", "image": image, "env": variables}]}});
        let old = pod("a:1", json!([{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]));
        let new = pod("a:2", json!([{"name": "Y", "value": "2"}, {"name": "Z", "value": "3"}]));
        check(
            &old,
            &new,
            &[
                "spec.containers[main].env[X].value: 1 -> -",
                "spec.containers[main].env[Z].value: - -> 3",
                "spec.containers[main].image: a:1 -> a:2",
            ],
        );
        check(&old, &old, &[]);
    }

    #[test]
    fn options_one_by_one() {
        let map = |text: &str| json!({"kind": "ConfigMap", "data": {"config.yaml": text}});
        check(
            &map("rest:\n  port: 1\ns3:\n  secret-key: x\n"),
            &map("rest.port: 2\ns3.secret-key: y\na: 'b'\n"),
            &["a: - -> b", "rest.port: 1 -> 2", "s3.secret-key: ****** -> ******"],
        );
        let old = map("a: 1\n");
        let new = json!({"kind": "ConfigMap", "data": {"flink-conf.yaml": "a: 1\n"}});
        check(&old, &new, &["a: 1 -> -", "a: - -> 1"]);
    }

    #[test]
    fn secrets_and_the_servers_own() {
        let secret = |value: &str| json!({"kind": "Secret", "data": {"keytab": value}});
        check(&secret("YQ=="), &secret("Yg=="), &["data.keytab: ****** -> ******"]);
        let password =
            |value: &str| json!({"spec": {"env": [{"name": "DB_PASSWORD", "value": value}]}});
        check(&password("a"), &password("b"), &["spec.env[DB_PASSWORD].value: ****** -> ******"]);
        let served = |version: &str| {
            json!({"metadata": {
                "resourceVersion": version, "generation": version,
                "annotations": {"nutkin.dev/spec-hash": version, "a.b/c": "d"},
            }, "status": {"x": version}})
        };
        check(&served("1"), &served("2"), &[]);
    }

    #[test]
    fn long_texts_are_measured() {
        let map = |text: String| json!({"data": {"log4j.properties": text}});
        check(
            &map("a\nb\n".to_owned()),
            &map("c".repeat(121)),
            &["data.log4j.properties: (2 lines, 4 bytes) -> (1 lines, 121 bytes)"],
        );
    }
}
