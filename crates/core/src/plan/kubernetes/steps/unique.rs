//! Lists in which Kubernetes allows a name once: a template and Flink may both fill them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::draft::Draft;
use super::json::{list, object};
use nutkin_flink::Problem;

/// Makes the lists of pod and containers sound. What means the same is written once; what contradicts is a
/// problem.
pub(in crate::plan::kubernetes) fn check(draft: &mut Draft<'_>) {
    let mut problems = Vec::new();
    let spec = object(&mut draft.pod, "spec");
    keep_last(spec, "imagePullSecrets");
    clash(list(spec, "volumes"), "name", "the pod", "volumes", &mut problems);
    for kind in ["containers", "initContainers"] {
        clash(list(spec, kind), "name", "the pod", kind, &mut problems);
        let Some(Value::Array(containers)) = spec.get_mut(kind) else { continue };
        for container in containers.iter_mut().filter_map(Value::as_object_mut) {
            one(container, &mut problems);
        }
    }
    for problem in problems {
        draft.settings.problem(problem);
    }
}

fn one(container: &mut Map<String, Value>, problems: &mut Vec<Problem>) {
    let name = container.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    // Kubernetes takes the last of two variables, and refuses to apply a list that has a name twice.
    keep_last(container, "env");
    let place = format!("container `{name}`");
    clash(list(container, "volumeMounts"), "mountPath", &place, "volumeMounts", problems);
    ports(container, &place, problems);
}

/// Of items with the same name only the last stays.
fn keep_last(parent: &mut Map<String, Value>, key: &str) {
    let Some(Value::Array(items)) = parent.get_mut(key) else { return };
    let mut seen = BTreeSet::new();
    let mut kept: Vec<Value> = items
        .drain(..)
        .rev()
        .filter(|item| item["name"].as_str().is_none_or(|name| seen.insert(name.to_owned())))
        .collect();
    kept.reverse();
    *items = kept;
}

/// A port is known by number and protocol. The same one with the same name is written once.
fn ports(container: &mut Map<String, Value>, place: &str, problems: &mut Vec<Problem>) {
    let Some(Value::Array(ports)) = container.get_mut("ports") else { return };
    let mut kept: Vec<Value> = Vec::new();
    for port in ports.drain(..) {
        let same = |known: &Value| {
            let protocol = |port: &Value| port["protocol"].as_str().unwrap_or("TCP").to_owned();
            known["containerPort"] == port["containerPort"] && protocol(known) == protocol(&port)
        };
        match kept.iter().find(|known| same(known)) {
            None => kept.push(port),
            Some(known) if known["name"] == port["name"] => {}
            Some(known) => {
                let message = format!(
                    "{place} has port {} twice, as {} and as {}",
                    port["containerPort"], known["name"], port["name"]
                );
                problems.push(
                    Problem::new("ports", message)
                        .hint("let the template name it as Flink does, or use another number"),
                );
            }
        }
    }
    *ports = kept;
}

fn clash(items: &[Value], key: &str, place: &str, what: &str, problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    for name in super::json::names(items, key) {
        if !seen.insert(name) {
            let message = format!("{place} has `{name}` twice in `{what}`");
            let hint = "Flink adds its own volumes, and a container `flink-main-container`";
            problems.push(Problem::new(what, message).hint(hint));
        }
    }
}
