//! Step 6: the Service by which TaskManagers find the JobManager (`InternalServiceDecorator`).

use serde_json::{Value, json};

use crate::plan::kubernetes::steps::draft::Draft;
use crate::plan::kubernetes::steps::effective::is_highly_available;
use crate::plan::kubernetes::steps::json::{object, texts};
use nutkin_flink::Origin;

/// Adds the headless Service and tells the JobManager that name. With high availability the leader is found
/// otherwise.
pub(in crate::plan::kubernetes) fn decorate(draft: &mut Draft<'_>) {
    if is_highly_available(&draft.settings) {
        return;
    }
    let address = format!("{}.{}", draft.cluster_id, draft.namespace);
    let origin = Origin::Derived("the Service in front of the JobManager");
    draft.settings.configuration.set("jobmanager.rpc.address", address, origin);
    let mut metadata = serde_json::Map::from_iter([("name".to_owned(), json!(draft.cluster_id))]);
    let mut labels = draft.labels();
    labels.extend(texts(draft.settings.map("kubernetes.internal-service.labels")));
    metadata.insert("labels".to_owned(), Value::Object(labels));
    let annotations = draft.settings.map("kubernetes.internal-service.annotations");
    if !annotations.is_empty() {
        object(&mut metadata, "annotations").extend(texts(annotations));
    }
    let ports = json!([
        {"name": "jobmanager-rpc", "port": draft.port("jobmanager.rpc.port")},
        {"name": "blobserver", "port": draft.port("blob.server.port")},
    ]);
    draft.others.push(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"clusterIP": "None", "selector": draft.selectors(), "ports": ports},
    }));
}
