//! The Deployment, and the order of everything (`KubernetesJobManagerFactory.createJobManagerDeployment`).

use serde_json::{Map, Value, json};

use crate::plan::kubernetes::steps::draft::Draft;
use crate::plan::kubernetes::steps::effective::is_highly_available;
use crate::plan::kubernetes::steps::json::{append, object};
use crate::plan::kubernetes::steps::{ingress, owners, unique};
use crate::plan::kubernetes::{Objects, marks};
use nutkin_flink::Problem;

/// Puts the parts together.
pub(in crate::plan::kubernetes) fn finish(mut draft: Draft<'_>) -> Result<Objects, Vec<Problem>> {
    let replicas = replicas(&mut draft);
    let owners = owners::read(&mut draft.settings);
    if let Some(nonce) = draft.session.restart_nonce {
        let annotations = object(object(&mut draft.pod, "metadata"), "annotations");
        annotations.insert(marks::RESTART.to_owned(), json!(nonce.to_string()));
    }
    ingress::add(&mut draft);
    let container = ordered(std::mem::take(&mut draft.container), &CONTAINER);
    let spec = object(&mut draft.pod, "spec");
    append(spec, "containers", [container]);
    if let Some(policy) = spec.get("restartPolicy").filter(|policy| **policy != "Always") {
        let message = format!("the template's restartPolicy {policy} is left out");
        let hint = "a Deployment restarts its pods always";
        draft.settings.warnings.push(Problem::new("spec.restartPolicy", message).hint(hint));
        spec.shift_remove("restartPolicy");
    }
    unique::check(&mut draft);

    let mut labels = crate::plan::kubernetes::steps::json::texts(
        draft.settings.map("kubernetes.jobmanager.labels"),
    );
    labels.extend(draft.selectors());
    let mut metadata = Map::from_iter([
        ("name".to_owned(), json!(draft.cluster_id)),
        ("labels".to_owned(), Value::Object(labels)),
    ]);
    if draft.settings.version.is_at_least(1, 15) {
        let annotations = draft.settings.map("kubernetes.jobmanager.annotations");
        if !annotations.is_empty() || !draft.settings.version.is_at_least(1, 18) {
            object(&mut metadata, "annotations")
                .extend(crate::plan::kubernetes::steps::json::texts(annotations));
        }
    }
    append(&mut metadata, "ownerReferences", owners);
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": draft.selectors()},
            "template": ordered(std::mem::take(&mut draft.pod), &["metadata", "spec"]),
        },
    });
    if !draft.settings.problems.is_empty() {
        return Err(draft.settings.problems);
    }
    if !draft.settings.version.is_at_least(1, 18) {
        draft.others.sort_by_key(old_order);
    }
    let mut items = vec![deployment];
    items.append(&mut draft.others);
    let flink = draft.settings.version.to_string();
    for item in &mut items {
        item["metadata"]["namespace"] = json!(draft.namespace);
        marks::mark(item, draft.session, &flink);
        if let Some(Value::Object(metadata)) = item.get_mut("metadata") {
            item["metadata"] = ordered(std::mem::take(metadata), &METADATA);
        }
    }
    Ok(Objects {
        cluster_id: draft.cluster_id.to_owned(),
        namespace: draft.namespace,
        items,
        warnings: draft.settings.warnings,
    })
}

/// What a reader looks for first.
const METADATA: [&str; 4] = ["name", "namespace", "labels", "annotations"];
const CONTAINER: [&str; 6] = ["name", "image", "imagePullPolicy", "command", "args", "env"];

/// An object with some keys in front.
fn ordered(mut map: Map<String, Value>, first: &[&str]) -> Value {
    let mut sorted = Map::new();
    for key in first {
        sorted.extend(map.shift_remove_entry(*key));
    }
    sorted.extend(map);
    Value::Object(sorted)
}

/// The order in which the library of Flink up to 1.17 sends objects, whatever order they were made in: by kind,
/// then by name.
fn old_order(item: &Value) -> (usize, String) {
    let kinds = ["Secret", "Service", "ConfigMap"];
    let kind = kinds.iter().position(|kind| item["kind"] == *kind).unwrap_or(kinds.len());
    (kind, item["metadata"]["name"].to_string())
}

/// Number of JobManagers: one, or several with high availability.
fn replicas(draft: &mut Draft<'_>) -> i32 {
    let option = "kubernetes.jobmanager.replicas";
    if !draft.settings.has(option) {
        if draft.session.job_manager.replicas.is_some_and(|replicas| 1 < replicas) {
            let message =
                format!("Flink {} runs one JobManager on Kubernetes", draft.settings.version);
            let hint = "leave it out, or use Flink 1.17 or later";
            draft.settings.problem(Problem::new("spec.jobManager.replicas", message).hint(hint));
        }
        return 1;
    }
    let replicas = draft.settings.int(option).unwrap_or(1);
    if replicas < 1 {
        draft
            .settings
            .problem(Problem::new(option, "a session needs a JobManager").hint("write 1 or more"));
    }
    if 1 < replicas && !is_highly_available(&draft.settings) {
        let message = format!("{replicas} JobManagers need high availability");
        let hint = "set `high-availability.type: kubernetes` and `high-availability.storageDir`";
        draft.settings.problem(Problem::new(option, message).hint(hint));
    }
    replicas
}
