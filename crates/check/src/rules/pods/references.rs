//! What pods use of other objects, and whether it is in their namespace.

use super::{OTHER_MAP, OTHER_NAMESPACE};
use crate::finding::Findings;
use crate::image::FLINK_CONF;
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::path;
use crate::system::System;
use nutkin_flink::yaml::Node;

/// Kinds of objects, and where a volume names one.
const OF_VOLUMES: &[(&str, &str)] = &[
    ("ConfigMap", "configMap/name"),
    ("Secret", "secret/secretName"),
    ("PersistentVolumeClaim", "persistentVolumeClaim/claimName"),
];

/// Kinds of objects, and where an entry of `env` or `envFrom`, or a source of a projected volume, names one.
const OF_ENTRIES: &[(&str, &str)] = &[
    ("ConfigMap", "configMapRef/name"),
    ("Secret", "secretRef/name"),
    ("ConfigMap", "valueFrom/configMapKeyRef/name"),
    ("Secret", "valueFrom/secretKeyRef/name"),
    ("ConfigMap", "configMap/name"),
    ("Secret", "secret/name"),
];

pub(super) fn check(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    // A kustomization gives all objects its own namespace.
    let is_moved = || {
        system.world.files.iter().any(|file| {
            let base = path::last(&file.name);
            base.starts_with("kustomization.")
                && file.text.lines().any(|line| line.starts_with("namespace:"))
        })
    };
    let Some(namespace) = workload.object.namespace.as_deref() else { return };
    for (kind, name) in used(workload) {
        let text = name.text().unwrap_or_default();
        let mut others = system.world.all_named(kind, text).peekable();
        let Some(other) = others.peek().and_then(|object| object.namespace.as_deref()) else {
            continue;
        };
        if others.any(|object| object.shares_namespace(workload.object)) || is_moved() {
            continue;
        }
        let message = format!(
            "the {kind} `{text}` is in `{other}`, the pods of {} are in `{namespace}`",
            workload.title()
        );
        out.add(&OTHER_NAMESPACE, name.place(workload.file()), message);
    }
}

/// A ConfigMap over the image's configuration that is not there, beside one of the session that is.
pub(super) fn configuration(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    let Some(mount) = workload.mount_of(FLINK_CONF) else { return };
    let Some(volume) = mount.volume else { return };
    let Some(name) = volume.at("configMap/name") else { return };
    let is_there = |name: &str| system.world.named("ConfigMap", name, workload.object).is_some();
    let text = name.text().unwrap_or_default();
    if is_there(text)
        || system.world.made.has("ConfigMap", text)
        || volume.at("configMap/optional").and_then(Walk::text) == Some("true")
    {
        return;
    }
    let other = system.workloads.iter().find_map(|other| {
        let mount = other.mount_of(FLINK_CONF)?;
        mount.config_map().filter(|name| is_there(name))
    });
    let Some(other) = other else { return };
    let message = format!(
        "{} mounts ConfigMap `{text}`, which is not among the files; the other pods of the session mount `{other}`",
        workload.title()
    );
    let place = name.place(workload.file());
    let patch = out.exchange(place, text, other);
    out.add(&OTHER_MAP, place, message).patch = patch;
}

/// Names of objects without which the pods do not start: kind and place.
fn used<'a>(workload: &Workload<'a>) -> Vec<(&'static str, &'a Node)> {
    let mut found = Vec::new();
    let mut look = |node: &'a Node, table: &[(&'static str, &'static str)]| {
        for (kind, path) in table {
            let Some(name) = node.at(path) else { continue };
            let above = path.rsplit_once('/').and_then(|(above, _)| node.at(above));
            if above.and_then(|above| above.text_of("optional")) != Some("true") {
                found.push((*kind, name));
            }
        }
    };
    for volume in workload.pod.items_of("volumes") {
        look(volume, OF_VOLUMES);
        for source in volume.at("projected/sources").map_or(&[][..], Walk::items) {
            look(source, OF_ENTRIES);
        }
    }
    for kind in ["containers", "initContainers"] {
        for container in workload.pod.items_of(kind) {
            for entry in container.items_of("env").iter().chain(container.items_of("envFrom")) {
                look(entry, OF_ENTRIES);
            }
        }
    }
    found
}
