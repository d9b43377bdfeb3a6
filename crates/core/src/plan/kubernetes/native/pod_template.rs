//! Step 11: the template of TaskManager pods, which the JobManager needs (`PodTemplateMountDecorator`).

use serde_json::{Map, json};

use crate::plan::kubernetes::steps::draft::Draft;
use crate::plan::kubernetes::steps::json::{append, object};
use crate::plan::kubernetes::steps::template;

/// Where the JobManager looks (`Constants.POD_TEMPLATE_DIR_IN_POD`), and under which name.
const DIRECTORY: &str = "/opt/flink/pod-template";
const FILE: &str = "taskmanager-pod-template.yaml";

/// Adds the ConfigMap and mounts it, where TaskManagers have a template.
pub(in crate::plan::kubernetes) fn decorate(draft: &mut Draft<'_>) {
    let Some(text) = template::task_manager_text(draft) else { return };
    let map = format!("pod-template-{}", draft.cluster_id);
    draft.others.push(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": map, "labels": draft.labels()},
        "data": Map::from_iter([(FILE.to_owned(), json!(text))]),
    }));
    let volume = json!({
        "name": "pod-template-volume",
        "configMap": {"name": map, "items": [{"key": FILE, "path": FILE}]},
    });
    append(object(&mut draft.pod, "spec"), "volumes", [volume]);
    let mount = json!({"name": "pod-template-volume", "mountPath": DIRECTORY});
    append(&mut draft.container, "volumeMounts", [mount]);
}
