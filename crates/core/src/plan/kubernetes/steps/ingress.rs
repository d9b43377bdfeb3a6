//! The Ingress of a session that asks for one.

use serde_json::{Map, Value, json};

use super::draft::Draft;
use nutkin_flink::Problem;

/// Fields of `spec.ingress` (`IngressSpec` of the operator's CRD).
const FIELDS: [&str; 5] = ["template", "className", "annotations", "labels", "tls"];

/// `spec.ingress`: a host or a path with `{{name}}` and `{{namespace}}` in it, in front of REST.
pub(in crate::plan::kubernetes) fn add(draft: &mut Draft<'_>) {
    let Some(wanted) = &draft.session.ingress else { return };
    let mut problem = |path: &str, message: &str, hint: &str| {
        let path = format!("spec.ingress{path}");
        draft.settings.problem(Problem::new(path, message).hint(hint));
    };
    let Some(fields) = wanted.as_object() else {
        problem("", "an ingress is a map", "write `template: \"{{name}}.flink.example.com\"`");
        return;
    };
    for field in fields.keys().filter(|field| !FIELDS.contains(&field.as_str())) {
        let hint = format!("known ones: {}", FIELDS.join(", "));
        problem(&format!(".{field}"), "an ingress has no such field", &hint);
    }
    let Some(template) = fields.get("template").and_then(Value::as_str) else {
        let hint = "write `template: \"{{name}}.flink.example.com\"`";
        problem(".template", "an ingress needs a template", hint);
        return;
    };
    let address = fill(template, draft.cluster_id, &draft.namespace);
    let address = address.split_once("://").map_or(address.as_str(), |(_, rest)| rest);
    let (host, path) = match address.find('/') {
        Some(at) => (&address[..at], &address[at..]),
        None => (address, "/"),
    };
    let port = draft.port("rest.port");
    let service = json!({"name": format!("{}-rest", draft.cluster_id), "port": {"number": port}});
    let mut rule = Map::from_iter([(
        "http".to_owned(),
        json!({"paths": [{
            "path": path,
            "pathType": "ImplementationSpecific",
            "backend": {"service": service},
        }]}),
    )]);
    if !host.is_empty() {
        rule.insert("host".to_owned(), json!(host));
    }
    let mut spec = Map::from_iter([("rules".to_owned(), json!([rule]))]);
    for (field, key) in [("className", "ingressClassName"), ("tls", "tls")] {
        if let Some(value) = fields.get(field) {
            spec.insert(key.to_owned(), value.clone());
        }
    }
    let mut metadata = json!({"name": draft.cluster_id, "labels": draft.labels()});
    if let Some(annotations) = fields.get("annotations") {
        metadata["annotations"] = annotations.clone();
    }
    if let (Some(Value::Object(labels)), Value::Object(own)) =
        (fields.get("labels"), &mut metadata["labels"])
    {
        for (name, value) in labels {
            own.entry(name.as_str()).or_insert_with(|| value.clone());
        }
    }
    draft.others.push(json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": spec,
    }));
}

/// Fills `{{name}}` and `{{namespace}}` in, in any case and with blanks inside.
fn fill(template: &str, name: &str, namespace: &str) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let Some((word, after)) = after.split_once("}}") else {
            text.push_str("{{");
            rest = after;
            continue;
        };
        match word.trim().to_ascii_lowercase().as_str() {
            "name" => text.push_str(name),
            "namespace" => text.push_str(namespace),
            _ => text.push_str(&format!("{{{{{word}}}}}")),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}
