//! The Services of a session in standalone mode.

use serde_json::{Map, Value, json};

use super::super::steps::draft::{Draft, Role};
use super::super::steps::effective::is_highly_available;
use super::super::steps::{names, rest_service};
use super::workload::{self, Workload};
use super::{metadata, named};
use nutkin_flink::Problem;

/// Option: the port of all nodes that leads to REST and web UI.
const REST_NODE_PORT: &str = "nutkin.rest.node-port";

const PREFIX: &str = "nutkin.service.";

/// What can be said of a Service of the user's.
const SETTINGS: [&str; 3] = ["role", "type", "ports"];

/// Types of Service that make sense here.
const TYPES: [&str; 3] = ["ClusterIP", "NodePort", "LoadBalancer"];

/// Adds the Services.
pub(super) fn add(draft: &mut Draft<'_>, workload: Workload) {
    internal(draft, workload);
    rest(draft, workload);
    of_the_user(draft, workload);
}

/// The headless Services: TaskManagers find the JobManager by one, and StatefulSets give their pods names by them.
/// Addresses are published before pods are ready: a TaskManager that finds no address waits ten seconds for its next
/// try.
fn internal(draft: &mut Draft<'_>, workload: Workload) {
    if workload == Workload::Deployments && is_highly_available(&draft.settings) {
        return;
    }
    let selector = workload::selector(draft, workload);
    let ports = json!([
        {"name": "jobmanager-rpc", "port": draft.port("jobmanager.rpc.port")},
        {"name": "blobserver", "port": draft.port("blob.server.port")},
    ]);
    headless(draft, draft.cluster_id.to_owned(), Value::Object(selector), &ports);
    if workload == Workload::TwoStatefulSets {
        let mut selector = draft.selectors();
        selector.insert("component".to_owned(), json!(Role::TaskManager.name()));
        let ports =
            json!([{"name": "taskmanager-rpc", "port": draft.port("taskmanager.rpc.port")}]);
        let name = workload.name(draft.cluster_id, Role::TaskManager);
        headless(draft, name, Value::Object(selector), &ports);
    }
}

fn headless(draft: &mut Draft<'_>, name: String, selector: Value, ports: &Value) {
    draft.others.push(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(draft, &name),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": true,
            "selector": selector,
            "ports": ports,
        },
    }));
}

/// REST and web UI. One StatefulSet for both roles leaves no label that tells JobManagers apart: each of them gets a
/// Service, the first one under the usual name. A standby answers for its leader.
fn rest(draft: &mut Draft<'_>, workload: Workload) {
    let before = draft.others.len();
    rest_service::decorate(draft);
    let port = node_port(draft);
    let Some(service) = draft.others.get_mut(before) else { return };
    if let Some(port) = port {
        service["spec"]["ports"][0]["nodePort"] = json!(port);
    }
    if workload != Workload::OneStatefulSet {
        stick(draft.session.job_managers(), service);
        return;
    }
    let service = draft.others.remove(before);
    each_job_manager(draft, &service, &format!("{}-rest", draft.cluster_id));
}

/// One Service for each pod of one StatefulSet that is a JobManager. The first one has the name, and the node port: two
/// Services cannot have the same.
fn each_job_manager(draft: &mut Draft<'_>, template: &Value, name: &str) {
    for (ordinal, host) in workload::job_manager_hosts(draft).into_iter().enumerate() {
        let mut service = template.clone();
        service["spec"]["selector"] = json!({"statefulset.kubernetes.io/pod-name": host});
        if 0 < ordinal {
            service["metadata"]["name"] = json!(format!("{name}-{ordinal}"));
            for port in service["spec"]["ports"].as_array_mut().into_iter().flatten() {
                if let Value::Object(port) = port {
                    port.remove("nodePort");
                }
            }
        }
        draft.others.push(service);
    }
}

/// Sends each client to one JobManager: a jar that was uploaded to one is not found by the others.
fn stick(job_managers: u32, service: &mut Value) {
    if 1 < job_managers {
        service["spec"]["sessionAffinity"] = json!("ClientIP");
    }
}

/// The node port of the option, where the Service has node ports.
fn node_port(draft: &mut Draft<'_>) -> Option<u16> {
    let text = draft.session.configuration.text(REST_NODE_PORT)?;
    let exposed = draft.settings.text_or_default("kubernetes.rest-service.exposed.type");
    if !["NodePort", "LoadBalancer"].contains(&exposed.as_str()) {
        let message = "the Service of REST has no node port";
        let hint = "set `kubernetes.rest-service.exposed.type: NodePort` as well";
        draft.settings.problem(Problem::new(REST_NODE_PORT, message).hint(hint));
    }
    parse_node_port(draft, REST_NODE_PORT, &text)
}

fn parse_node_port(draft: &mut Draft<'_>, key: &str, text: &str) -> Option<u16> {
    let port = text.parse().ok().filter(|port| *port != 0);
    if port.is_none() {
        let problem = Problem::new(key, format!("`{text}` is not a port"));
        draft.settings.problem(problem.hint("clusters take 30000 to 32767 unless told otherwise"));
    }
    port
}

/// `nutkin.service.<name>.*`: Services under names that existing clients know.
fn of_the_user(draft: &mut Draft<'_>, workload: Workload) {
    let all = named::read(draft.session, &mut draft.settings, PREFIX, &SETTINGS);
    for (name, of_name) in all {
        let key = |setting: &str| format!("{PREFIX}{name}.{setting}");
        let text = |setting: &str| of_name.get(setting).map(String::as_str);
        if !names::is_label(&name) {
            let hint = "lower-case letters, digits and `-` inside; at most 63 characters";
            let message = format!("`{name}` cannot be the name of a Service");
            draft.settings.problem(Problem::new(key("ports"), message).hint(hint));
        }
        let role = match text("role") {
            None | Some("jobmanager") => Role::JobManager,
            Some("taskmanager") => Role::TaskManager,
            Some(_) => {
                let problem = Problem::new(key("role"), "no such role");
                draft.settings.problem(problem.hint("jobmanager or taskmanager"));
                Role::JobManager
            }
        };
        let kind = text("type").unwrap_or(TYPES[0]);
        if !TYPES.contains(&kind) {
            let problem = Problem::new(key("type"), "no such type of Service");
            draft.settings.problem(problem.hint(TYPES.join(", ")));
        }
        let default = match role {
            Role::JobManager => "rpc,blob,rest",
            Role::TaskManager => "rpc",
        };
        let mut ports = Vec::new();
        for written in text("ports").unwrap_or(default).split(',').map(str::trim) {
            ports.extend(port(draft, role, &key("ports"), written, kind));
        }
        let mut selector = workload::selector(draft, workload);
        if let Some(component) = selector.get_mut("component") {
            *component = json!(role.name());
        }
        let mut service = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata(draft, &name),
            "spec": {"type": kind, "selector": selector, "ports": ports},
        });
        match (workload, role) {
            (Workload::OneStatefulSet, Role::JobManager) => {
                each_job_manager(draft, &service, &name);
                continue;
            }
            // Pods of both roles would get what is meant for TaskManagers.
            (Workload::OneStatefulSet, Role::TaskManager) => {
                let message = "no label tells TaskManagers of one StatefulSet from its JobManagers";
                let host = format!("{0}-{1}.{0}", draft.cluster_id, draft.session.job_managers());
                let hint = format!(
                    "ask for a pod by its name, as `{host}`, or set `nutkin.standalone.stateful-sets: 2`"
                );
                draft.settings.problem(Problem::new(key("role"), message).hint(hint));
            }
            (_, Role::JobManager) => stick(draft.session.job_managers(), &mut service),
            _ => {}
        }
        draft.others.push(service);
    }
}

/// Whether a port of a Service is one by which the session's own pods talk.
pub(super) fn is_inner(name: &str) -> bool {
    ["rpc", "blob", "jobmanager-rpc", "blobserver", "taskmanager-rpc"].contains(&name)
}

/// One port of a Service: `rest`, `rest:30082`, `9249`.
fn port(draft: &mut Draft<'_>, role: Role, key: &str, written: &str, kind: &str) -> Option<Value> {
    let (name, node) = match written.split_once(':') {
        Some((name, node)) => (name.trim(), Some(node.trim())),
        None => (written, None),
    };
    let option = match (role, name) {
        (Role::JobManager, "rest") => Some("rest.bind-port"),
        (Role::JobManager, "rpc") => Some("jobmanager.rpc.port"),
        (Role::JobManager, "blob") => Some("blob.server.port"),
        (Role::TaskManager, "rpc") => Some("taskmanager.rpc.port"),
        (Role::TaskManager, "query-state") => Some("queryable-state.proxy.ports"),
        _ => None,
    };
    let number: u16 = match option {
        Some(option) => draft.port(option),
        None => name.parse().unwrap_or(0),
    };
    if number == 0 {
        let known = match role {
            Role::JobManager => "rest, rpc, blob",
            Role::TaskManager => "rpc, query-state",
        };
        let problem = Problem::new(key, format!("`{written}` is not a port of this role"));
        let hint = format!("{known}, or a number; with a node port: rest:30081");
        draft.settings.problem(problem.hint(hint));
        return None;
    }
    let name = if option.is_some() { name.to_owned() } else { format!("port-{number}") };
    let mut port = Map::from_iter([
        ("name".to_owned(), json!(name)),
        ("port".to_owned(), json!(number)),
        ("targetPort".to_owned(), json!(number)),
    ]);
    if let Some(node) = node {
        if kind == TYPES[0] {
            let problem = Problem::new(key, format!("`{written}`: a ClusterIP has no node port"));
            draft.settings.problem(problem.hint("set the Service's type to NodePort"));
        }
        port.insert("nodePort".to_owned(), json!(parse_node_port(draft, key, node)?));
    }
    Some(Value::Object(port))
}
