//! Directories of state that each pod has for itself: a claim that all pods share takes their place.

use serde_json::{Value, json};

use super::Maker;
use super::shape::Shape;
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::rules::storage::{Reach, local_path, reach};
use crate::system::System;
use nutkin_flink::yaml::Node;

/// The name of the volume that a cure adds, and of its claim.
pub(super) const SHARED: &str = "flink-state";

/// Options that name a directory of state, each with the code of what is wrong where pods cannot share it.
const DIRECTORIES: [(&str, &str); 3] = [
    ("high-availability.storageDir", "NK0201"),
    ("execution.checkpointing.dir", "NK0208"),
    ("execution.checkpointing.savepoint-dir", "NK0208"),
];

/// The directories that a claim has to hold, for one workload. In standalone mode `up` refuses checkpoints on the disk of
/// a pod; in native mode it warns, as Flink's client does not even.
pub(super) fn lost(
    system: &System<'_>,
    workload: &Workload<'_>,
    maker: &mut Maker<'_>,
) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (path, code, place) in directories(system) {
        // What lies on the node stays there, as `up` takes it.
        let is_on_pods = |one: &Workload<'_>| matches!(reach(system, one, &path), Reach::One(_));
        // What a StatefulSet claims for each pod is mounted by options.
        let is_claimed = |one: &Workload<'_>| {
            one.mount_of(&path)
                .is_some_and(|mount| mount.path == path && mount.volume.is_some_and(is_template))
        };
        // Jobs and leaders are for JobManagers alone.
        let mut needs =
            system.workloads.iter().filter(|one| code != "NK0201" || one.role.is_job_manager());
        let is_held =
            found.iter().any(|known| path == *known || path.starts_with(&format!("{known}/")));
        if maker.as_is
            || is_held
            || !needs.any(is_on_pods)
            || system.workloads.iter().any(is_claimed)
        {
            continue;
        }
        if workload.role.is_job_manager() {
            let message =
                format!("a claim `{SHARED}` (ReadWriteMany) is mounted at `{path}` in all pods");
            maker.cure(code, place, message);
        }
        found.push(path);
    }
    found
}

fn is_template(volume: &Node) -> bool {
    volume.get("spec").is_some()
}

/// The directories on disks that options name: path, code, place.
fn directories(
    system: &System<'_>,
) -> impl Iterator<Item = (String, &'static str, crate::finding::Place)> {
    let is_native = Shape::of(system) == Shape::Native;
    DIRECTORIES.into_iter().filter_map(move |(key, code)| {
        let counts = match code {
            "NK0201" => system.high_availability().is_some(),
            _ => !is_native,
        };
        let setting = system.settings.get(key).filter(|_| counts)?;
        let text = setting.text();
        let path = local_path(&text)?.trim_end_matches('/');
        path.starts_with('/').then(|| (path.to_owned(), code, setting.place))
    })
}

/// Whether something mounted at a path may have made place for the claim.
pub(super) fn is_directory(system: &System<'_>, path: &str) -> bool {
    directories(system).any(|(known, ..)| known == path)
}

/// Mounts of the claim: several directories are parts of it.
pub(super) fn mounts(lost: &[String]) -> Vec<Value> {
    let mount = |path: &String| match lost {
        [_] => json!({"name": SHARED, "mountPath": path}),
        _ => json!({"name": SHARED, "mountPath": path, "subPath": path.trim_start_matches('/')}),
    };
    lost.iter().map(mount).collect()
}

/// The claim, where a cure asked for it. Its storage class is that of the files' own claim that pods share: the default class
/// of a cluster is one of disks as a rule, which one node has at a time. `kept` are the objects of the files that stay.
pub(super) fn claim(system: &System<'_>, maker: &Maker<'_>, kept: &[Value]) -> Option<Value> {
    let is_lost = |code: &str| DIRECTORIES.iter().any(|(_, known)| *known == code);
    if !maker.cures.iter().any(|cure| is_lost(cure.rule.code)) {
        return None;
    }
    let mut metadata = json!({ "name": SHARED });
    if let Some(namespace) = system.namespace() {
        metadata["namespace"] = namespace.into();
    }
    let mut spec = json!({
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "1Gi"}},
    });
    if let Some(class) = kept.iter().find_map(shared_class) {
        spec["storageClassName"] = class.into();
    }
    Some(json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata,
        "spec": spec,
    }))
}

/// The storage class of a claim that all pods may use.
fn shared_class(object: &Value) -> Option<&str> {
    let modes = object["spec"]["accessModes"].as_array()?;
    let is_shared = object["kind"] == "PersistentVolumeClaim"
        && modes.iter().any(|mode| *mode == "ReadWriteMany");
    object["spec"]["storageClassName"].as_str().filter(|class| is_shared && !class.is_empty())
}
