//! The objects of a session as a directory that Kustomize reads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Objects;
use nutkin_flink::yaml;

/// Name of the file that makes a directory Kustomize's.
pub const FILE: &str = "kustomization.yaml";

/// First line of what `render` writes: a directory with it may be written again.
pub const SESSION_MARK: &str = "# Written by `nutkin render`: change the session file, not this.\n";

/// The same of the operator's own objects.
pub const OPERATOR_MARK: &str =
    "# Written by `nutkin operator manifests`: change its flags, not this.\n";

/// Files by their names: one for each object, and [`FILE`], which begins with the mark and lists them in order of creation.
///
/// # Errors
/// An object cannot be written as YAML.
pub fn files(objects: &Objects, mark: &str) -> Result<BTreeMap<String, String>, yaml::YamlError> {
    let mut files = BTreeMap::new();
    let mut resources = Vec::new();
    for item in &objects.items {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let kind = text(&item["kind"]).to_lowercase();
        // A kind and a name are one object; the name of a Role may have a `:`, which some file systems do not take.
        let name = text(&item["metadata"]["name"]).replace(':', "_");
        let mut name = format!("{kind}-{name}");
        // Of the operator's objects some are in several namespaces.
        if files.contains_key(&format!("{name}.yaml")) {
            name = format!("{name}-{}", text(&item["metadata"]["namespace"]));
        }
        name.push_str(".yaml");
        files.insert(name.clone(), yaml::to_string(item)?);
        resources.push(name);
    }
    let kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        // Otherwise Kustomize puts them into an order of its own.
        "sortOptions": {"order": "fifo"},
        "resources": resources,
    });
    files.insert(FILE.to_owned(), format!("{mark}{}", yaml::to_string(&kustomization)?));
    Ok(files)
}

/// Files that an earlier writing left and this one does not write: what the old [`FILE`] lists. `None`: it has not
/// this mark.
pub fn stale(old: &str, files: &BTreeMap<String, String>, mark: &str) -> Option<Vec<String>> {
    let rest = old.strip_prefix(mark)?;
    let listed = rest.lines().filter_map(|line| line.trim_start().strip_prefix("- "));
    let stale = listed.map(|name| name.trim_matches(['\'', '"']).to_owned());
    // A name with a directory in it was never ours.
    Some(stale.filter(|name| !name.contains('/') && !files.contains_key(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_for_each_object() {
        let objects = |names: &[&str]| {
            Objects {
            cluster_id: "a".to_owned(),
            namespace: "n".to_owned(),
            items: names
                .iter()
                .map(|name| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}))
                .collect(),
            warnings: Vec::new(),
        }
        };
        let first = files(&objects(&["b", "a"]), SESSION_MARK).unwrap();
        let names: Vec<&str> = first.keys().map(String::as_str).collect();
        assert_eq!(names, ["configmap-a.yaml", "configmap-b.yaml", FILE]);
        assert!(
            first[FILE].contains("resources:\n- configmap-b.yaml\n- configmap-a.yaml\n")
                || first[FILE].contains("resources:\n  - configmap-b.yaml\n  - configmap-a.yaml\n"),
            "{}",
            first[FILE]
        );
        let second = files(&objects(&["b"]), SESSION_MARK).unwrap();
        assert_eq!(stale(&first[FILE], &second, SESSION_MARK).unwrap(), ["configmap-a.yaml"]);
        assert_eq!(stale("resources: []\n", &second, SESSION_MARK), None);
        assert_eq!(stale(&first[FILE], &second, OPERATOR_MARK), None);
        assert_eq!(
            stale(&format!("{SESSION_MARK}- ../x\n"), &second, SESSION_MARK).unwrap(),
            Vec::<String>::new()
        );
    }
}
