//! Volumes of the files and where they are mounted, beside those that a session has itself.

use serde_json::{Map, Value, json};

use super::{Maker, storage};
use crate::finding::Place;
use crate::image::CONF;
use crate::kubernetes::{Mount, Workload};
use crate::node::Walk;
use crate::path;
use crate::rules;
use crate::rules::storage::local_path;
use crate::system::System;
use nutkin_flink::yaml::Node;
use nutkin_flink::{FlinkVersion, options};

/// Names that a session gives volumes of its own (`Constants` of Flink's client).
const OWN_VOLUMES: [&str; 6] = [
    "flink-config-volume",
    "hadoop-config-volume",
    "user-artifacts-volume",
    "pod-template-volume",
    "kerberos-keytab-volume",
    "kerberos-krb5conf-volume",
];

/// Where pods of a session keep what they fetch; Flink's client mounts an empty directory there (`InitJobManagerDecorator`).
const ARTIFACTS: &str = "user.artifacts.base-dir";

/// Another place for what they fetch, where the files have theirs for something else.
const OTHER_ARTIFACTS: &str = "/opt/flink/fetched-artifacts";

/// Where the pods of a session mount a directory of their own for what they fetch, if the release has one.
fn artifacts(system: &System<'_>, version: FlinkVersion) -> Option<String> {
    let facts = options::find(ARTIFACTS)?;
    let default = facts.at(version)?.default?;
    Some(system.settings.value(ARTIFACTS).unwrap_or_else(|| default.to_owned()))
}

/// Whether a mount is the same as the one that pods of a session have at its path: an empty directory that no other container mounts.
fn is_of_session(workload: &Workload<'_>, mount: &Mount<'_>) -> bool {
    let is_empty = mount.volume.is_some_and(|volume| volume.set("emptyDir").is_some());
    let name = mount.node.text_of("name");
    let mut others = workload.other_containers().flat_map(|other| other.items_of("volumeMounts"));
    is_empty && !others.any(|other| other.text_of("name") == name)
}

/// Another directory for what pods fetch, where the files mount something else at that of the release: option, value and place.
pub(super) fn other_artifacts(
    system: &System<'_>,
    version: FlinkVersion,
) -> Option<(&'static str, &'static str, Place)> {
    let directory = artifacts(system, version)?;
    system.workloads.iter().find_map(|workload| {
        let mounts = workload.mounts().into_iter();
        let mut kept =
            mounts.filter(|mount| mount.path == directory && !is_of_session(workload, mount));
        Some((ARTIFACTS, OTHER_ARTIFACTS, kept.next()?.node.place(workload.file())))
    })
}

/// Gives volumes of the files other names than those of a session's own.
pub(super) fn rename(pod: &mut Map<String, Value>) {
    let new = |name: &Value| {
        let name = name.as_str().filter(|name| OWN_VOLUMES.contains(name))?;
        Some(json!(format!("files-{name}")))
    };
    for volume in pod.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(name) = new(&volume["name"]) {
            volume["name"] = name;
        }
    }
    for list in ["containers", "initContainers"] {
        let containers = pod.get_mut(list).and_then(Value::as_array_mut);
        let mounts = containers
            .into_iter()
            .flatten()
            .filter_map(|container| container.get_mut("volumeMounts")?.as_array_mut());
        for mount in mounts.flatten() {
            if let Some(name) = new(&mount["name"]) {
                mount["name"] = name;
            }
        }
    }
}

/// Mounts and volumes, without the configuration that Nutkin mounts itself.
pub(super) fn of(
    system: &System<'_>,
    workload: &Workload<'_>,
    pod: &mut Map<String, Value>,
    field: &str,
    maker: &mut Maker<'_>,
) -> (Vec<Value>, Vec<Value>) {
    let file = workload.file();
    let is_conf = |mount: &Mount<'_>| {
        mount.path == CONF
            || mount.config_map().is_some_and(|name| {
                system.texts.iter().any(|text| {
                    matches!(text.origin, crate::embedded::Origin::ConfigMap(index)
                    if system.world.objects[index].name == name)
                })
            })
    };
    let (mut mounts, mut volumes) = (Vec::new(), Vec::new());
    let lost = storage::lost(system, workload, maker);
    let version = system.release();
    let artifacts = artifacts(system, version);
    for mount in workload.mounts() {
        let place = mount.node.place(file);
        if lost.iter().any(|path| path == mount.path) {
            maker.put(place, format!("mount at {}", mount.path), "nowhere: a claim is there");
            continue;
        }
        let is_artifacts = artifacts.as_deref() == Some(mount.path);
        if is_artifacts && is_of_session(workload, &mount) {
            maker.put(place, "mount of artifacts", "nowhere: each pod of a session has one");
            continue;
        }
        if is_conf(&mount) {
            maker.put(
                place,
                "mounted configuration",
                "nowhere: made of spec.flinkConfiguration and spec.logConfiguration",
            );
            continue;
        }
        maker.put(place, format!("mount at {}", mount.path), field);
        // What a StatefulSet claims is mounted by the options of the claim.
        let is_claimed = mount.volume.is_some_and(|volume| volume.get("spec").is_some());
        if !is_claimed {
            mounts.push(mount.node.to_json());
        }
        let Some(volume) = mount.volume.filter(|_| !is_claimed) else { continue };
        let mut json = clean_volume(volume);
        let name = volume.text_of("name");
        let is_scratch = workload
            .mounts()
            .iter()
            .filter(|other| other.node.text_of("name") == name)
            .all(|other| is_scratch(other) && !holds_state(system, other));
        if is_scratch && !maker.as_is {
            json = json!({"name": volume.text_of("name"), "emptyDir": {}});
            maker.cure("NK0604", volume.place(file), format!("`{}` is an emptyDir", mount.path));
        }
        if rules::ha::lacks_group(workload, &mount) && !maker.as_is {
            fs_group(pod, place, maker);
        }
        if !volumes.contains(&json) {
            volumes.push(json);
        }
    }
    // What only other containers mount, or none.
    let wanted: Vec<&str> = workload
        .other_containers()
        .flat_map(|other| other.items_of("volumeMounts"))
        .filter_map(|mount| mount.text_of("name"))
        .collect();
    for volume in workload.pod.items_of("volumes") {
        let name = volume.text_of("name").unwrap_or_default();
        let is_there = volumes.iter().any(|known| known["name"] == name);
        let mut mounts = workload.container.items_of("volumeMounts").iter();
        let is_mounted = mounts.any(|mount| mount.text_of("name") == Some(name));
        if (wanted.contains(&name) || !is_mounted) && !is_there {
            volumes.push(clean_volume(volume));
        }
    }
    if !lost.is_empty() {
        mounts.extend(storage::mounts(&lost));
        volumes.push(json!({"name": storage::SHARED, "persistentVolumeClaim": {"claimName": storage::SHARED}}));
        let security = pod.entry("securityContext").or_insert_with(|| json!({}));
        if let Some(security) = security.as_object_mut() {
            security.entry("fsGroup").or_insert_with(|| json!(9999));
        }
    }
    (mounts, volumes)
}

/// Whether a mount is a directory of the node that only takes logs or temporary files. Any other one may hold what Flink
/// reads, such as jars, a time zone or state, and stays.
fn is_scratch(mount: &Mount<'_>) -> bool {
    let host = mount.volume.and_then(|volume| volume.get("hostPath"));
    let last = mount.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    // `type` is of a directory, or nothing: sockets and files are not.
    let is_directory = |kind: &str| kind.is_empty() || kind.starts_with("Directory");
    host.is_some_and(|host| host.text_of("type").is_none_or(is_directory))
        && matches!(last, "log" | "logs" | "tmp" | "temp")
        && mount.node.text_of("readOnly") != Some("true")
}

/// Directories that nothing outlives: of temporary files, logs and numbers of processes.
const PASSING: [&str; 3] = ["io.tmp.dirs", "env.log.dir", "env.pid.dir"];

/// Whether an option keeps something in a mount: state, recovery data, uploaded jars, an archive.
fn holds_state(system: &System<'_>, mount: &Mount<'_>) -> bool {
    let above = mount.path.trim_end_matches('/');
    system.settings.list.iter().any(|setting| {
        let text = setting.text();
        let is_below = |path: &str| path.starts_with('/') && path::is_above(above, path);
        setting.key.to_ascii_lowercase().ends_with("dir")
            && !PASSING.contains(&setting.key.as_str())
            && local_path(&text).is_some_and(is_below)
    })
}

/// A volume with the fields that volumes have.
fn clean_volume(volume: &Node) -> Value {
    let mut json = volume.to_json();
    if let Some(map) = json.as_object_mut() {
        map.retain(|field, _| !field.ends_with("Probe"));
    }
    json
}

fn fs_group(pod: &mut Map<String, Value>, place: Place, maker: &mut Maker<'_>) {
    let security = pod.entry("securityContext").or_insert_with(|| json!({}));
    let Some(security) = security.as_object_mut() else { return };
    if !security.contains_key("fsGroup") {
        security.insert("fsGroup".to_owned(), json!(9999));
        maker.cure("NK0209", place, "the pod sets fsGroup 9999");
    }
}
