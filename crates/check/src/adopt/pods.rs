//! Pod templates: what the pods of the files have and no field of a session file says.

use serde_json::{Map, Value};

use super::{Maker, directory, ports, select, volumes};
use crate::finding::Place;
use crate::kubernetes::Workload;
use crate::node::{Walk, key_place};
use crate::system::System;
use nutkin_core::plan::kubernetes::MAIN_CONTAINER;
use nutkin_flink::options;
use nutkin_flink::yaml::Node;

/// Fields of a pod that have places of their own.
const POD_ELSEWHERE: &[&str] =
    &["containers", "serviceAccount", "serviceAccountName", "volumes", "restartPolicy"];

/// Fields of the container that have places of their own, or that the platform writes.
const CONTAINER_ELSEWHERE: &[&str] = &[
    "name",
    "image",
    "imagePullPolicy",
    "args",
    "command",
    "ports",
    "env",
    "volumeMounts",
    "resources",
];

/// Variables that tell the image's entrypoint what the session file tells Nutkin.
const ENTRYPOINT: &[&str] = &[
    "FLINK_PROPERTIES",
    "JOB_MANAGER_RPC_ADDRESS",
    "TASK_MANAGER_NUMBER_OF_TASK_SLOTS",
    "POD_IP",
    "JOB_MANAGER_HEAP_MB",
    "TASK_MANAGER_HEAP_MB",
];

/// Labels that Nutkin sets on all pods of a session.
const OWN_LABELS: &[&str] = &["app", "component", "type"];

/// Where Flink answers questions about state (`QueryableStateOptions.PROXY_PORT_RANGE` of the image).
const QUERIES: i64 = 6125;

/// Fields of the container that may call ports by name.
const CALLERS: [&str; 4] = ["startupProbe", "readinessProbe", "livenessProbe", "lifecycle"];

/// The pod template of one role, or `None` where nothing is left for it.
pub(super) fn template(
    system: &System<'_>,
    workload: &Workload<'_>,
    name: &str,
    field: &str,
    maker: &mut Maker<'_>,
) -> Option<Value> {
    let file = workload.file();
    let mut pod = Map::new();
    for (key, node) in workload.pod.entries() {
        if POD_ELSEWHERE.contains(&key.name.as_str()) {
            continue;
        }
        let short =
            key.name == "terminationGracePeriodSeconds" && node.whole().is_some_and(|s| s < 10);
        if short && !maker.as_is {
            maker.cure("NK0603", node.place(file), "the default of 30 seconds counts");
            continue;
        }
        if key.name == "hostNetwork" && has_host_network(system) {
            let to = format!("spec.flinkConfiguration, `{HOST_NETWORK}`");
            maker.put(key_place(key, file), key.name.clone(), to);
            continue;
        }
        maker.put(key_place(key, file), key.name.clone(), field);
        pod.insert(key.name.clone(), node.to_json());
    }
    let metadata = metadata(workload, field, maker);
    let mut container = Map::new();
    container.insert("name".to_owned(), MAIN_CONTAINER.into());
    for (key, node) in workload.container.entries() {
        let place = key_place(key, file);
        match key.name.as_str() {
            "args" | "command" => {
                maker.put(place, key.name.clone(), "nowhere: made for every session");
            }
            "ports" => declared(system, workload, node, &mut container, place, field, maker),
            "resources" => resources(node, &mut container, place, field, maker),
            name if CONTAINER_ELSEWHERE.contains(&name) => {}
            name => {
                maker.put(place, name, field);
                container.insert(name.to_owned(), node.to_json());
            }
        }
    }
    stray_probes(workload, &mut container, field, maker);
    let names = ports::names(system, workload);
    for caller in CALLERS {
        if let Some(value) = container.get_mut(caller) {
            ports::follow(value, &names);
        }
    }
    let env = environment(workload, field, maker);
    if !env.is_empty() {
        container.insert("env".to_owned(), env.into());
    }
    let (mounts, volumes) = volumes::of(system, workload, &mut pod, field, maker);
    if !mounts.is_empty() {
        container.insert("volumeMounts".to_owned(), mounts.into());
    }
    if !volumes.is_empty() {
        pod.insert("volumes".to_owned(), volumes.into());
    }
    let mut containers = Vec::new();
    if 1 < container.len() {
        containers.push(Value::Object(container));
    }
    for other in workload.pod.items_of("containers") {
        if !std::ptr::eq(other, workload.container) {
            let name = other.text_of("name").unwrap_or_default();
            maker.put(other.place(file), format!("container {name}"), field);
            containers.push(other.to_json());
        }
    }
    if !containers.is_empty() {
        pod.insert("containers".to_owned(), containers.into());
    }
    volumes::rename(&mut pod);
    let mut template = Map::new();
    if !metadata.is_empty() {
        template.insert("metadata".to_owned(), metadata.into());
    }
    if !pod.is_empty() {
        template.insert("spec".to_owned(), pod.into());
    }
    let mut template = Value::Object(template);
    select::follow(&mut template, system, name);
    template.as_object().is_some_and(|map| !map.is_empty()).then_some(template)
}

/// The option by which pods use the network of their node; a template's word does not count beside it
/// (`InitJobManagerDecorator` and `InitTaskManagerDecorator`).
pub(super) const HOST_NETWORK: &str = "kubernetes.hostnetwork.enabled";

/// The option by which pods run as whatever user their images say.
pub(super) const USER: &str = "nutkin.security-context";

/// A container beside Flink that has the user of its image, where the pod names none. It would run as Flink's user in a
/// session, and what it does may need another one: `chown` of a volume, for example.
pub(super) fn without_user(workload: &Workload<'_>) -> Option<Place> {
    const PATH: &str = "securityContext/runAsUser";
    let other = workload.other_containers().find(|other| other.at(PATH).is_none())?;
    workload.pod.at(PATH).is_none().then(|| other.place(workload.file()))
}

/// Whether the release has that option.
pub(super) fn has_host_network(system: &System<'_>) -> bool {
    let version = system.release();
    options::find(HOST_NETWORK).is_some_and(|info| info.at(version).is_some())
}

/// Labels and annotations of the pods, but for the labels by which a session finds its own.
fn metadata(workload: &Workload<'_>, field: &str, maker: &mut Maker<'_>) -> Map<String, Value> {
    let mut made = Map::new();
    for of in ["labels", "annotations"] {
        let entries =
            workload.template.at(&format!("metadata/{of}")).map_or(&[][..], Walk::entries);
        let mut kept = Map::new();
        for (key, node) in entries {
            let place = key_place(key, workload.file());
            if of == "labels" && OWN_LABELS.contains(&key.name.as_str()) {
                maker.put(place, key.name.clone(), "nowhere: a label that every session has");
                continue;
            }
            maker.put(place, key.name.clone(), field);
            kept.insert(key.name.clone(), node.to_json());
        }
        if !kept.is_empty() {
            made.insert(of.to_owned(), kept.into());
        }
    }
    made
}

/// Ports that are not those of Flink itself, which are there anyway.
fn declared(
    system: &System<'_>,
    workload: &Workload<'_>,
    node: &Node,
    container: &mut Map<String, Value>,
    place: Place,
    field: &str,
    maker: &mut Maker<'_>,
) {
    let is_query = |port: &Node| {
        let query = system.settings.port("queryable-state.proxy.ports").unwrap_or(QUERIES);
        !maker.as_is
            && !ports::answers_queries(system)
            && port.get("containerPort").and_then(Walk::whole) == Some(query)
    };
    let other = |port: &&Node| ports::own_name(system, workload, port).is_none() && !is_query(port);
    let kept: Vec<Value> = node.items().iter().filter(other).map(Node::to_json).collect();
    if kept.is_empty() {
        maker.put(place, "ports", "nowhere: made for every session");
        return;
    }
    maker.put(place, "ports", format!("{field}; those of Flink itself are made for every session"));
    container.insert("ports".to_owned(), kept.into());
}

/// Amounts that no field of a session file has stay in the template.
fn resources(
    node: &Node,
    container: &mut Map<String, Value>,
    place: Place,
    field: &str,
    maker: &mut Maker<'_>,
) {
    let mut kept = Map::new();
    for kind in ["requests", "limits"] {
        let entries = node.get(kind).map_or(&[][..], Walk::entries);
        let values: Map<String, Value> = entries
            .iter()
            .filter(|(key, _)| key.name != "memory" && key.name != "cpu")
            .map(|(key, node)| (key.name.clone(), node.to_json()))
            .collect();
        if !values.is_empty() {
            kept.insert(kind.to_owned(), values.into());
        }
    }
    if !kept.is_empty() {
        maker.put(place, "resources", format!("{field}, without cpu and memory"));
        container.insert("resources".to_owned(), kept.into());
    }
}

/// Probes that stand below a volume or the pod go where they were meant.
fn stray_probes(
    workload: &Workload<'_>,
    container: &mut Map<String, Value>,
    field: &str,
    maker: &mut Maker<'_>,
) {
    if maker.as_is {
        return;
    }
    for volume in workload.pod.items_of("volumes") {
        for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
            let Some((key, probe)) = volume.entry(name) else { continue };
            let mut probe = probe.to_json();
            if let Some(probe) = probe.as_object_mut() {
                probe.retain(|field, _| field != "imagePullPolicy");
            }
            let place = key_place(key, workload.file());
            maker.cure("NK0004", place, format!("{name} is at the container"));
            maker.put(place, name, field);
            container.entry(name.to_owned()).or_insert(probe);
        }
    }
}

fn environment(workload: &Workload<'_>, field: &str, maker: &mut Maker<'_>) -> Vec<Value> {
    let mut kept = Vec::new();
    for entry in workload.container.items_of("env") {
        let name = entry.text_of("name").unwrap_or_default();
        let place = entry.place(workload.file());
        let is_used = workload.container.items_of("env").iter().any(|other| {
            let text = other.text_of("value").unwrap_or_default();
            !other.text_of("name").is_some_and(|name| ENTRYPOINT.contains(&name))
                && text.contains(&format!("$({name})"))
        });
        if directory::is_moved(workload, name) {
            maker.put(
                place,
                name,
                "nowhere: a session has its configuration where its image looks",
            );
            continue;
        }
        if ENTRYPOINT.contains(&name) && !maker.as_is && !is_used {
            if name.contains("HEAP") {
                maker.cure(
                    "NK0506",
                    place,
                    format!("`{name}` is left out; `resource.memory` sizes all parts"),
                );
            }
            maker.put(place, name, "nowhere: an option or the session file says it");
            continue;
        }
        maker.put(place, name, field);
        kept.push(entry.to_json());
    }
    kept
}
