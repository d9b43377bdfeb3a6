//! Step 8: the Hadoop configuration (`HadoopConfMountDecorator`).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::client::{HADOOP_FILES, SeenPath};
use super::draft::Draft;
use super::json::{append, object};
use nutkin_flink::Problem;

/// Where pods find it (`Constants.HADOOP_CONF_DIR_IN_POD`).
const DIRECTORY: &str = "/opt/hadoop/conf";

/// Mounts the Hadoop configuration: that of a ConfigMap that the user names, otherwise that of the client's machine.
pub(in crate::plan::kubernetes) fn decorate(draft: &mut Draft<'_>) {
    let gate = "kubernetes.decorator.hadoop-conf-mount.enabled";
    if draft.settings.has(gate) && !draft.settings.boolean(gate) {
        return;
    }
    let (map, items) = match draft.settings.text("kubernetes.hadoop.conf.config-map.name") {
        Some(map) => (map, None),
        None => match files(draft) {
            Some(files) => {
                let map = format!("hadoop-config-{}", draft.cluster_id);
                let items: Vec<Value> =
                    files.keys().map(|file| json!({"key": file, "path": file})).collect();
                draft.others.push(json!({
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": map, "labels": draft.labels()},
                    "data": files,
                }));
                (map, Some(items))
            }
            None => return,
        },
    };
    let mut source = json!({"name": map});
    if let Some(items) = items {
        source["items"] = Value::Array(items);
    }
    let volume = json!({"name": "hadoop-config-volume", "configMap": source});
    append(object(&mut draft.pod, "spec"), "volumes", [volume]);
    let mount = json!({"name": "hadoop-config-volume", "mountPath": DIRECTORY});
    append(&mut draft.container, "volumeMounts", [mount]);
    append(&mut draft.container, "env", [json!({"name": "HADOOP_CONF_DIR", "value": DIRECTORY})]);
}

/// The files of the client's machine, if there are any.
fn files(draft: &mut Draft<'_>) -> Option<BTreeMap<String, String>> {
    let directory = draft.client.hadoop_directory()?;
    let mut files = BTreeMap::new();
    for name in HADOOP_FILES {
        let path = format!("{directory}/{name}");
        let text = match draft.client.files.get(&path) {
            Some(SeenPath::File(bytes)) => {
                let Ok(text) = String::from_utf8(bytes.clone()) else {
                    let message = format!("`{path}` is not UTF-8");
                    draft.settings.problem(Problem::new("HADOOP_CONF_DIR", message));
                    continue;
                };
                text
            }
            Some(SeenPath::Unreadable(reason)) => {
                let message = format!("cannot read `{path}`: {reason}");
                draft.settings.problem(Problem::new("HADOOP_CONF_DIR", message));
                continue;
            }
            Some(SeenPath::Directory) | None => continue,
        };
        files.insert(name.to_owned(), text);
    }
    (!files.is_empty()).then_some(files)
}
