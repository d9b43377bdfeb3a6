//! Pod templates, and the objects that have no place in a session file.

use serde_json::{Map, Value, json};

use super::{Maker, uses_kubernetes};
use crate::check::kubernetes::{Mount, Object, Workload, selects};
use crate::check::node::{Walk, key_place};
use crate::check::rules::storage::{Reach, local_path, reach};
use crate::check::system::{System, World};
use crate::yaml::{Key, Node};

/// The container that the templates of Flink mean.
const MAIN: &str = "flink-main-container";

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

/// The name of the volume that a cure adds, and of its claim.
const SHARED: &str = "flink-state";

/// The pod template of one role, or `None` where nothing is left for it.
pub(super) fn template(
    system: &System<'_>,
    workload: &Workload<'_>,
    role: &str,
    maker: &mut Maker<'_>,
) -> Option<Value> {
    let field = format!("spec.{role}.podTemplate");
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
        maker.put(key_place(key, file), key.name.clone(), field.clone());
        pod.insert(key.name.clone(), node.to_json());
    }
    let mut container = Map::new();
    container.insert("name".to_owned(), MAIN.into());
    for (key, node) in workload.container.entries() {
        let place = key_place(key, file);
        match key.name.as_str() {
            "args" | "command" | "ports" => {
                maker.put(place, key.name.clone(), "nowhere: made for every session");
            }
            "resources" => resources(node, &mut container, place, &field, maker),
            name if CONTAINER_ELSEWHERE.contains(&name) => {}
            name => {
                maker.put(place, name, field.clone());
                container.insert(name.to_owned(), node.to_json());
            }
        }
    }
    stray_probes(workload, &mut container, &field, maker);
    let env = environment(workload, &field, maker);
    if !env.is_empty() {
        container.insert("env".to_owned(), env.into());
    }
    let (mounts, volumes) = volumes(system, workload, &mut pod, &field, maker);
    if !mounts.is_empty() {
        container.insert("volumeMounts".to_owned(), mounts.into());
    }
    if !volumes.is_empty() {
        pod.insert("volumes".to_owned(), volumes.into());
    }
    if 1 < container.len() {
        pod.insert("containers".to_owned(), json!([container]));
    }
    (!pod.is_empty()).then(|| json!({ "spec": pod }))
}

/// Cpu and requests stay in the template; the memory limit is the process size of the options.
fn resources(
    node: &Node,
    container: &mut Map<String, Value>,
    place: crate::check::finding::Place,
    field: &str,
    maker: &mut Maker<'_>,
) {
    let mut kept = Map::new();
    for kind in ["requests", "limits"] {
        let entries = node.get(kind).map_or(&[][..], Walk::entries);
        let some = |(key, _): &&(Key, Node)| maker.as_is || key.name != "memory";
        let values: Map<String, Value> = entries
            .iter()
            .filter(some)
            .map(|(key, node)| (key.name.clone(), node.to_json()))
            .collect();
        if !values.is_empty() {
            kept.insert(kind.to_owned(), values.into());
        }
    }
    let to = if maker.as_is {
        field.to_owned()
    } else {
        format!("{field}; memory is that of `resource.memory`")
    };
    maker.put(place, "resources", to);
    if !kept.is_empty() {
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
            maker.cure("NK0004", place, format!("{name} stands at the container"));
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
        if ENTRYPOINT.contains(&name) && !maker.as_is {
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

/// Mounts and volumes, without the configuration that Nutkin mounts itself.
fn volumes(
    system: &System<'_>,
    workload: &Workload<'_>,
    pod: &mut Map<String, Value>,
    field: &str,
    maker: &mut Maker<'_>,
) -> (Vec<Value>, Vec<Value>) {
    let file = workload.file();
    let is_conf = |mount: &Mount<'_>| {
        mount.path == "/opt/flink/conf"
            || mount.config_map().is_some_and(|name| {
                system.texts.iter().any(|text| {
                    matches!(text.origin, crate::check::embedded::Origin::ConfigMap(index)
                    if system.world.objects[index].name == name)
                })
            })
    };
    let (mut mounts, mut volumes) = (Vec::new(), Vec::new());
    for mount in workload.mounts() {
        let place = mount.node.place(file);
        if is_conf(&mount) {
            maker.put(
                place,
                "mounted configuration",
                "nowhere: made of spec.flinkConfiguration and spec.logConfiguration",
            );
            continue;
        }
        maker.put(place, format!("mount at {}", mount.path), field);
        mounts.push(mount.node.to_json());
        let Some(volume) = mount.volume.filter(|volume| volume.get("spec").is_none()) else {
            continue;
        };
        let mut json = clean_volume(volume);
        if volume.get("hostPath").is_some() && !maker.as_is {
            json = json!({"name": volume.text_of("name"), "emptyDir": {}});
            maker.cure("NK0604", volume.place(file), format!("`{}` is an emptyDir", mount.path));
        }
        if volume.at("persistentVolumeClaim").is_some() && !maker.as_is {
            fs_group(pod, place, maker);
        }
        if !volumes.contains(&json) {
            volumes.push(json);
        }
    }
    if let Some(path) = lost_storage(system, workload, maker) {
        mounts.push(json!({"name": SHARED, "mountPath": path}));
        volumes.push(json!({"name": SHARED, "persistentVolumeClaim": {"claimName": SHARED}}));
        let security = pod.entry("securityContext").or_insert_with(|| json!({}));
        if let Some(security) = security.as_object_mut() {
            security.entry("fsGroup").or_insert_with(|| json!(9999));
        }
    }
    (mounts, volumes)
}

/// A volume with the fields that volumes have.
fn clean_volume(volume: &Node) -> Value {
    let mut json = volume.to_json();
    if let Some(map) = json.as_object_mut() {
        map.retain(|field, _| !field.ends_with("Probe"));
    }
    json
}

fn fs_group(
    pod: &mut Map<String, Value>,
    place: crate::check::finding::Place,
    maker: &mut Maker<'_>,
) {
    let security = pod.entry("securityContext").or_insert_with(|| json!({}));
    let Some(security) = security.as_object_mut() else { return };
    if !security.contains_key("fsGroup") {
        security.insert("fsGroup".to_owned(), json!(9999));
        maker.cure("NK0209", place, "the pod sets fsGroup 9999");
    }
}

/// The directory of high availability, where each pod has its own.
fn lost_storage(
    system: &System<'_>,
    workload: &Workload<'_>,
    maker: &mut Maker<'_>,
) -> Option<String> {
    if maker.as_is || system.high_availability().is_none() {
        return None;
    }
    let setting = system.settings.get("high-availability.storageDir")?;
    let text = setting.text();
    let path = local_path(&text)?.to_owned();
    if !matches!(reach(system, workload, &path), Reach::One(_)) || path == "/" {
        return None;
    }
    let message = format!("a claim `{SHARED}` (ReadWriteMany) is mounted at `{path}` in all pods");
    if workload.role.is_job_manager() {
        maker.cure("NK0201", setting.place, message);
    }
    Some(path)
}

/// All other objects, cured.
pub(super) fn beside(world: &World, system: &System<'_>, maker: &mut Maker<'_>) -> Vec<Value> {
    let mut kept = Vec::new();
    for (index, object) in world.objects.iter().enumerate() {
        let place = object.place();
        let is_workload = system.workloads.iter().any(|w| std::ptr::eq(w.object, object));
        let is_conf = system.texts.iter().any(|text| {
            matches!(text.origin, crate::check::embedded::Origin::ConfigMap(of) if of == index)
        });
        if is_workload {
            continue;
        }
        if is_conf {
            let others = object
                .node
                .get("data")
                .map_or(&[][..], Walk::entries)
                .iter()
                .any(|(key, _)| !system.texts.iter().any(|text| text.name == key.name));
            if !others {
                maker.put(
                    place,
                    object.title(),
                    "spec.flinkConfiguration and spec.logConfiguration",
                );
                continue;
            }
        }
        if object.kind == "Service" && service(system, object, maker) {
            continue;
        }
        if let Some(value) = access(system, object, maker) {
            maker.put(place, object.title(), "an object beside the session file");
            kept.push(value);
        }
        if object.cut.is_some() && !maker.as_is {
            maker.cure("NK0002", place, format!("{} is an object of its own", object.title()));
        }
    }
    let lost = maker.cures.iter().any(|cure| cure.rule.code == "NK0201");
    if lost {
        let mut metadata = json!({ "name": SHARED });
        if let Some(namespace) = system.namespace() {
            metadata["namespace"] = namespace.into();
        }
        kept.push(json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": metadata,
            "spec": {
                "accessModes": ["ReadWriteMany"],
                "resources": {"requests": {"storage": "1Gi"}},
            },
        }));
    }
    kept
}

/// Whether a Service is one that is made for every session, or leads to what is off.
fn service(system: &System<'_>, object: &Object, maker: &mut Maker<'_>) -> bool {
    let Some(selector) = object.node.at("spec/selector") else { return false };
    let mut selected = system.workloads.iter().filter(|w| selects(selector.entries(), w.labels()));
    let Some(workload) = selected.next() else { return false };
    let place = object.place();
    let kind = object.node.at("spec/type").and_then(Walk::text).unwrap_or("ClusterIP");
    if !workload.role.is_job_manager() {
        if maker.as_is {
            return false;
        }
        maker.put(place, object.title(), "nowhere: nothing listens behind it");
        maker.cure("NK0410", place, format!("{} is left out", object.title()));
        return true;
    }
    if kind == "ClusterIP" {
        maker.put(place, object.title(), "nowhere: made for every session");
        return true;
    }
    if maker.as_is {
        return false;
    }
    maker.cure(
        "NK0901",
        place,
        format!("{} is left out; `nutkin open` reaches the web UI", object.title()),
    );
    maker.put(place, object.title(), "nowhere: the REST API stays inside the cluster");
    true
}

/// An object with the permissions that Flink needs; `None` for one that is needless.
fn access(system: &System<'_>, object: &Object, maker: &mut Maker<'_>) -> Option<Value> {
    const VERBS: &[&str] = &["get", "list", "watch", "create", "update", "patch", "delete"];
    // Where a key stands twice the last one stays, as kubectl takes it.
    let mut value = object.node.to_json();
    if maker.as_is {
        return Some(value);
    }
    if object.kind == "ClusterRoleBinding"
        && object.node.at("roleRef/name").and_then(Walk::text) == Some("cluster-admin")
    {
        maker.cure("NK0306", object.place(), format!("{} is left out", object.title()));
        maker.put(object.place(), object.title(), "nowhere: a Role on configmaps is enough");
        return None;
    }
    if object.kind == "Role" && uses_kubernetes(system) {
        for rule in value.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten() {
            let has = |key: &str, word: &str| {
                rule[key].as_array().is_some_and(|items| items.iter().any(|item| item == word))
            };
            if !has("resources", "configmaps") || has("verbs", "*") {
                continue;
            }
            let missing: Vec<&str> =
                VERBS.iter().copied().filter(|verb| !has("verbs", verb)).collect();
            if let (false, Some(verbs)) = (missing.is_empty(), rule["verbs"].as_array_mut()) {
                verbs.extend(missing.iter().map(|verb| Value::from(*verb)));
                let message = format!("{} has {}, too", object.title(), missing.join(", "));
                maker.cure("NK0304", object.place(), message);
            }
        }
    }
    Some(value)
}
