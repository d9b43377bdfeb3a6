//! Services of the files: those that every session has anyway, those under names that clients know, and others.

use serde_json::{Map, Value, json};

use super::Maker;
use super::options::Options;
use super::shape::Shape;
use crate::finding::Place;
use crate::kubernetes::{Object, Role, Workload};
use crate::node::Walk;
use crate::system::System;
use nutkin_flink::yaml::Node;

/// Value of the label `type` in standalone mode, as the operator has it.
const TYPE: &str = "flink-standalone-kubernetes";

/// The same in native mode (`Constants.LABEL_CONFIGMAP_TYPE` and neighbours of Flink).
const NATIVE_TYPE: &str = "flink-native-kubernetes";

/// What becomes of a Service.
pub(super) enum Fate {
    /// The session file says it, or nothing has to.
    Gone,
    /// It lies beside the session file.
    Beside(Value),
}

/// Decides about a Service. `None`: it is not about this session.
pub(super) fn of(
    system: &System<'_>,
    object: &Object,
    name: &str,
    options: &mut Options,
    maker: &mut Maker<'_>,
) -> Option<Fate> {
    let selector = object.node.at("spec/selector")?;
    let mut selected = system.workloads.iter().filter(|w| w.is_selected(selector.entries()));
    let workload = selected.next()?;
    let (place, title) = (object.place(), object.title());
    let shape = Shape::of(system);
    let ports = object.node.at("spec/ports").map_or(&[][..], Walk::items);
    let query = |port: &Node| number(workload, port) == Some(query_port(system));
    if workload.role == Role::TaskManager && ports.iter().all(query) && !maker.as_is {
        maker.put(place, title.clone(), "nowhere: nothing listens on it");
        maker.cure("NK0410", place, format!("{title} is left out"));
        return Some(Fate::Gone);
    }
    let kind = object.node.at("spec/type").and_then(Walk::text).unwrap_or("ClusterIP");
    let is_headless = object.node.at("spec/clusterIP").and_then(Walk::text) == Some("None");
    let own = [name.to_owned(), format!("{name}-rest"), format!("{name}-taskmanager")];
    if is_headless || (own.contains(&object.name) && kind == "ClusterIP") {
        maker.put(place, title, "nowhere: made for every session");
        return Some(Fate::Gone);
    }
    let is_open = kind != "ClusterIP" && workload.role.is_job_manager();
    let kind = if is_open && !maker.as_is {
        let message =
            format!("{title} is reached inside the cluster only; `nutkin open` shows the web UI");
        maker.cure("NK0901", place, message);
        "ClusterIP"
    } else {
        kind
    };
    if own.contains(&object.name) && kind == "ClusterIP" {
        maker.put(place, title, "nowhere: made for every session");
        return Some(Fate::Gone);
    }
    let words: Option<Vec<String>> =
        ports.iter().map(|port| word(system, workload, port, kind)).collect();
    let is_plain = object.node.at("metadata/annotations").is_none()
        && object.node.at("spec").is_some_and(|spec| {
            let known = ["type", "ports", "selector", "clusterIP"];
            spec.entries().iter().all(|(key, _)| known.contains(&key.name.as_str()))
        });
    let words = words.filter(|words| is_plain && !words.is_empty() && shape != Shape::Native);
    if let Some(words) = words {
        let key = |setting: &str| format!("nutkin.service.{}.{setting}", object.name);
        let at = maker.origin(place);
        options.push(&key("ports"), &words.join(","), at.clone());
        if !workload.role.is_job_manager() {
            options.push(&key("role"), "taskmanager", at.clone());
        }
        if kind != "ClusterIP" {
            options.push(&key("type"), kind, at);
        }
        maker.put(place, title, format!("spec.flinkConfiguration, `{}`", key("ports")));
        return Some(Fate::Gone);
    }
    maker.put(place, title, "an object beside the session file, which selects its pods");
    let mut value = object.node.to_json();
    if let Some(spec) = value.get_mut("spec").and_then(Value::as_object_mut) {
        if kind == "ClusterIP" && is_open {
            close(spec);
        }
        relabel(spec.get_mut("selector"), name, workload.role, shape);
    }
    Some(Fate::Beside(value))
}

/// Makes a Service one that only the cluster reaches.
fn close(spec: &mut Map<String, Value>) {
    spec.insert("type".to_owned(), "ClusterIP".into());
    spec.retain(|field, _| !field.starts_with("loadBalancer") && field != "externalTrafficPolicy");
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(port) = port.as_object_mut() {
            port.remove("nodePort");
        }
    }
}

/// Lets a selector of the files select the pods of the session.
pub(super) fn relabel(selector: Option<&mut Value>, name: &str, role: Role, shape: Shape) {
    let Some(selector) = selector.and_then(Value::as_object_mut) else { return };
    let made = if shape == Shape::Native { NATIVE_TYPE } else { TYPE };
    let component = match role {
        Role::JobManager => Some("jobmanager"),
        Role::TaskManager => Some("taskmanager"),
        Role::Both => None,
    };
    selector.insert("app".to_owned(), name.into());
    selector.insert("type".to_owned(), made.into());
    selector.remove("component");
    if let Some(component) = component {
        selector.insert("component".to_owned(), component.into());
    }
}

/// The port on which Flink would answer questions about state (`QueryableStateOptions.PROXY_PORT_RANGE` of the files).
fn query_port(system: &System<'_>) -> i64 {
    system.settings.port("queryable-state.proxy.ports").unwrap_or(6125)
}

/// The number of the container's port that a Service's port leads to.
fn number(workload: &Workload<'_>, port: &Node) -> Option<i64> {
    let Some(target) = port.get("targetPort") else { return port.get("port")?.whole() };
    target.whole().or_else(|| {
        let name = target.text()?;
        let ports = workload.container.items_of("ports");
        ports.iter().find(|port| port.text_of("name") == Some(name))?.get("containerPort")?.whole()
    })
}

/// A port as `nutkin.service.<name>.ports` takes it, or `None` where that has no word for it.
fn word(system: &System<'_>, workload: &Workload<'_>, port: &Node, kind: &str) -> Option<String> {
    let number = number(workload, port)?;
    if port.text_of("protocol").is_some_and(|protocol| protocol != "TCP")
        || port.get("port").and_then(Walk::whole) != Some(number)
    {
        return None;
    }
    let of = |key: &str, default: i64| system.settings.port(key).unwrap_or(default);
    let known = if workload.role.is_job_manager() {
        let rest = system.settings.port("rest.bind-port").unwrap_or_else(|| of("rest.port", 8081));
        [
            ("rest", rest),
            ("rpc", of("jobmanager.rpc.port", 6123)),
            ("blob", of("blob.server.port", 6124)),
        ]
    } else {
        [("rpc", of("taskmanager.rpc.port", 6122)), ("query-state", query_port(system)), ("", -1)]
    };
    let word = known.iter().find(|(_, port)| *port == number).map(|(word, _)| (*word).to_owned());
    let word = word.unwrap_or_else(|| number.to_string());
    let node = port.get("nodePort").and_then(Walk::whole).filter(|_| kind != "ClusterIP");
    Some(node.map_or(word.clone(), |node| format!("{word}:{node}")))
}

/// Lets whatever selects pods of a workload select those of the session: Services, budgets, network policies.
pub(super) fn select(value: &mut Value, system: &System<'_>, object: &Object, name: &str) -> bool {
    let shape = Shape::of(system);
    let mut is_changed = false;
    for path in ["spec/selector/matchLabels", "spec/podSelector/matchLabels", "spec/selector"] {
        let Some(labels) = object.node.at(path) else { continue };
        let found = system.workloads.iter().find(|w| w.is_selected(labels.entries()));
        if let Some(workload) = found {
            relabel(value.pointer_mut(&format!("/{path}")), name, workload.role, shape);
            is_changed = true;
        }
    }
    let target = value.pointer_mut("/spec/scaleTargetRef/name");
    if let Some(target) = target
        && let Some(workload) = system.workloads.iter().find(|w| *target == json!(w.object.name))
    {
        *target = match workload.role {
            Role::TaskManager => json!(format!("{name}-taskmanager")),
            _ => json!(name),
        };
        is_changed = true;
    }
    is_changed
}

impl Maker<'_> {
    /// Where something stood, for a comment.
    pub(super) fn origin(&self, place: Place) -> String {
        let at = self.location(place);
        match at.line {
            Some(line) => format!("{}, line {line}", at.file),
            None => at.file,
        }
    }
}
