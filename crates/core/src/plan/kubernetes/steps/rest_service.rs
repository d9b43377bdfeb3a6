//! Step 7: the Service of REST API and web UI (`ExternalServiceDecorator`).

use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::json::{object, texts};

/// Adds the Service.
pub(in crate::plan::kubernetes) fn decorate(draft: &mut Draft<'_>) {
    let name = format!("{}-rest", draft.cluster_id);
    let mut metadata = Map::from_iter([("name".to_owned(), json!(name))]);
    let mut labels = draft.labels();
    labels.extend(texts(draft.settings.map("kubernetes.rest-service.labels")));
    metadata.insert("labels".to_owned(), Value::Object(labels));
    let annotations = draft.settings.map("kubernetes.rest-service.annotations");
    if !annotations.is_empty() || !draft.settings.version.is_at_least(1, 18) {
        object(&mut metadata, "annotations").extend(texts(annotations));
    }
    // Only who asks for the address needs it; a wrong one shall not wait for that.
    draft.settings.name("kubernetes.rest-service.exposed.node-port-address-type");
    let mut spec = Map::new();
    let key = "kubernetes.rest-service.exposed.type";
    let default = if draft.settings.has("kubernetes.hostnetwork.enabled") {
        "ClusterIP"
    } else {
        // 1.13's own default, which put REST on the internet where a cloud gives load balancers.
        "LoadBalancer"
    };
    match draft.settings.name(key).unwrap_or(default) {
        "Headless_ClusterIP" => {
            spec.insert("type".to_owned(), json!("ClusterIP"));
            spec.insert("clusterIP".to_owned(), json!("None"));
        }
        kind => drop(spec.insert("type".to_owned(), json!(kind))),
    }
    spec.insert("selector".to_owned(), Value::Object(draft.selectors()));
    let (port, target) = (draft.port("rest.port"), draft.port("rest.bind-port"));
    spec.insert("ports".to_owned(), json!([{"name": "rest", "port": port, "targetPort": target}]));
    draft.others.push(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": spec,
    }));
}
