//! Step 10: options and logging as a ConfigMap (`FlinkConfMountDecorator`). It comes late because steps before
//! it change options.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::client::{SeenPath, log_files};
use super::draft::Draft;
use super::json::{append, object};
use super::logging;
use nutkin_flink::Problem;
use nutkin_flink::dialect::{self, Dialect};
use nutkin_flink::{Configuration, options};

/// Options of the client's machine, which would be wrong in a pod.
const CLIENT_ONLY: [&str; 2] = ["kubernetes.config.file", "$internal.deployment.config-dir"];

/// Addresses of one machine: a pod that bound them could not be reached. Dropped from 1.15 on (FLINK-24474).
const LOCAL_ADDRESSES: [&str; 4] =
    ["rest.bind-address", "jobmanager.bind-host", "taskmanager.bind-host", "taskmanager.host"];

/// Adds the ConfigMap and mounts it over the image's configuration directory.
pub(in crate::plan::kubernetes) fn decorate(draft: &mut Draft<'_>) {
    let mut data: Vec<(String, String)> = Vec::new();
    let logs = logs(draft);
    for name in log_files(draft.settings.version) {
        if let Some(text) = logs.get(*name) {
            data.push(((*name).to_owned(), text.clone()));
        }
    }
    let file = draft.settings.dialect.file_name();
    data.push((file.to_owned(), options_text(draft)));

    let map = format!("flink-config-{}", draft.cluster_id);
    let items: Vec<Value> =
        data.iter().map(|(name, _)| json!({"key": name, "path": name})).collect();
    let volume = json!({
        "name": "flink-config-volume",
        "configMap": {"name": map, "items": items},
    });
    append(object(&mut draft.pod, "spec"), "volumes", [volume]);
    let directory = draft.settings.text_or_default("kubernetes.flink.conf.dir");
    let mount = json!({"name": "flink-config-volume", "mountPath": directory});
    append(&mut draft.container, "volumeMounts", [mount]);
    draft.others.push(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": map, "labels": draft.labels()},
        "data": super::json::texts(data),
    }));
}

/// Logging: what a session file says, otherwise what is in the configuration directory, otherwise a default, because the
/// mount hides what the image has.
fn logs(draft: &mut Draft<'_>) -> BTreeMap<String, String> {
    let given = &draft.session.log_configuration;
    let Some(directory) = &draft.session.conf_dir else {
        return logging::files(given);
    };
    let mut logs = BTreeMap::new();
    for name in log_files(draft.settings.version) {
        let path = format!("{}/{name}", directory.path);
        match draft.client.files.get(&path) {
            Some(SeenPath::File(bytes)) => {
                logs.insert((*name).to_owned(), String::from_utf8_lossy(bytes).into_owned());
            }
            Some(SeenPath::Unreadable(reason)) => {
                let fault = format!("cannot read `{path}`: {reason}");
                draft.settings.problems.push(Problem::new("", fault));
            }
            Some(SeenPath::Directory) | None => {}
        }
    }
    logs
}

/// The options as the pods read them.
fn options_text(draft: &mut Draft<'_>) -> String {
    let mut all = draft.settings.configuration.clone();
    for key in CLIENT_ONLY {
        all.remove(key);
    }
    if draft.settings.version.is_at_least(1, 15) {
        for key in LOCAL_ADDRESSES {
            all.remove(key);
        }
    }
    match draft.settings.dialect {
        Dialect::FlinkConf => lines(&all, draft),
        // Nested as Flink writes it; where that cannot hold two keys, whole keys, which Flink reads alike.
        dialect @ Dialect::ConfigYaml => {
            dialect::write(dialect, &all).unwrap_or_else(|_| dialect::write_flat(&all))
        }
    }
}

/// `key: value` lines. What Flink would read back as something else is written all the same, as its own client
/// does, and warned of; a line break would make options of its own.
fn lines(all: &Configuration, draft: &mut Draft<'_>) -> String {
    let mut text = String::new();
    for (key, entry) in all.iter() {
        let value = entry.value.to_string();
        if key.contains(['\n', '\r']) || value.contains(['\n', '\r']) {
            let message =
                "a line break cannot be in flink-conf.yaml: the rest would be another option";
            draft.settings.problem(Problem::new(key, message).hint("write it in one line"));
            continue;
        }
        let line = format!("{key}: {value}\n");
        let read = dialect::read(Dialect::FlinkConf, &line, "flink-conf.yaml");
        let read = read.ok().and_then(|reading| reading.configuration.text(key));
        if read.as_ref() != Some(&value) {
            let shown = match &read {
                None => "the JobManager leaves the line out".to_owned(),
                Some(_) if options::is_sensitive(key) => "the JobManager reads less".to_owned(),
                Some(read) => format!("the JobManager reads `{read}`"),
            };
            let message = format!("flink-conf.yaml cannot hold this value: {shown}");
            draft.settings.warnings.push(Problem::new(key, message).hint(
                "`#` begins a comment there, and outer blanks are lost; Flink 1.19 and later read config.yaml",
            ));
        }
        text.push_str(&line);
    }
    text
}
