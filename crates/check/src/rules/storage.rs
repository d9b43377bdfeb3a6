//! Whether pods can share what a URI names.

use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::system::System;
use nutkin_flink::yaml::Node;

/// Who reaches a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Every pod.
    All,
    /// One pod only, with the reason.
    One(String),
    /// Pods of one node, each node with files of its own, with the reason. It may be the only node, or have the same
    /// directory mounted as the others.
    Disk(String),
    /// Several pods, if one node runs them all: the name of the claim.
    Node(String),
}

/// The path of a URI on the machine's own file system; `None` for `hdfs:`, `s3:` and the like.
pub(crate) fn local_path(uri: &str) -> Option<&str> {
    let uri = uri.trim();
    if let Some(rest) = uri.strip_prefix("file:") {
        return Some(match rest.strip_prefix("//") {
            Some(after) => after.find('/').map_or("/", |slash| &after[slash..]),
            None => rest,
        });
    }
    (!uri.contains(':') && !uri.is_empty()).then_some(uri)
}

/// Who reaches a path of a pod's container.
pub(crate) fn reach(system: &System<'_>, workload: &Workload<'_>, path: &str) -> Reach {
    let Some(mount) = workload.mount_of(path) else {
        return Reach::One(format!("`{path}` lies in the container and goes with it"));
    };
    let volume = mount.volume;
    volume.map_or(Reach::All, |volume| of_volume(system, workload, volume, mount.path))
}

fn of_volume(system: &System<'_>, workload: &Workload<'_>, volume: &Node, path: &str) -> Reach {
    if volume.get("emptyDir").is_some() {
        return Reach::One(format!("`{path}` is an emptyDir, which goes with its pod"));
    }
    if volume.get("hostPath").is_some() {
        return Reach::Disk(format!("`{path}` is a directory of whatever node the pod runs on"));
    }
    // A claim template of a StatefulSet: one volume for each pod.
    if volume.get("spec").is_some() {
        return Reach::One(format!("`{path}` is a volume of its own in each pod"));
    }
    if let Some(name) = volume.at("persistentVolumeClaim/claimName").and_then(Walk::text) {
        let claim = system.world.named("PersistentVolumeClaim", name, workload.object);
        let modes: Vec<&str> = claim
            .and_then(|claim| claim.node.at("spec/accessModes"))
            .map_or(&[][..], Walk::items)
            .iter()
            .filter_map(Walk::text)
            .collect();
        let shared = modes.is_empty()
            || modes.iter().any(|mode| matches!(*mode, "ReadWriteMany" | "ReadOnlyMany"));
        if !shared {
            return Reach::Node(name.to_owned());
        }
    }
    Reach::All
}

/// Who reaches a path of the pods of a session file: what its pod templates mount.
pub(crate) fn reach_of_session(session: &Node, path: &str) -> Reach {
    for template in ["spec/podTemplate", "spec/jobManager/podTemplate"] {
        let Some(pod) = session.at(template).and_then(|template| template.get("spec")) else {
            continue;
        };
        let mounts = pod.items_of("containers").iter().flat_map(|c| c.items_of("volumeMounts"));
        for mount in mounts {
            let above = mount.text_of("mountPath").unwrap_or_default().trim_end_matches('/');
            let holds =
                path == above || path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'));
            let name = mount.text_of("name");
            let volume = pod.items_of("volumes").iter().find(|v| v.text_of("name") == name);
            if let (true, Some(volume)) = (holds, volume) {
                let is = |kind: &str| volume.get(kind).is_some();
                return match (is("emptyDir"), is("hostPath")) {
                    (true, _) => Reach::One(format!("`{above}` is a volume of kind emptyDir")),
                    (_, true) => Reach::Disk(format!(
                        "`{above}` is a directory of whatever node the pod runs on"
                    )),
                    _ => Reach::All,
                };
            }
        }
    }
    of_claims(session, path).unwrap_or_else(|| {
        Reach::One(format!("no claim and no pod template has a volume at `{path}`"))
    })
}

/// Who reaches a path of the claims that a session file names as `nutkin.claim.<name>.path`.
fn of_claims(session: &Node, path: &str) -> Option<Reach> {
    let options = session.at("spec/flinkConfiguration")?;
    let (name, above) = options.entries().iter().find_map(|(key, value)| {
        let name = key.name.strip_prefix("nutkin.claim.")?.strip_suffix(".path")?;
        let above = value.text()?.trim_end_matches('/');
        let rest = path.strip_prefix(above)?;
        (rest.is_empty() || rest.starts_with('/')).then_some((name, above))
    })?;
    let said = |setting: &str| options.text_of(&format!("nutkin.claim.{name}.{setting}"));
    if said("per-pod") == Some("true") {
        return Some(Reach::One(format!("`{above}` is a volume of its own in each pod")));
    }
    // One that is there already says nothing of itself.
    let is_shared = said("size").is_none()
        || said("access-mode")
            .is_some_and(|mode| mode == "ReadWriteMany" || mode == "ReadOnlyMany");
    Some(if is_shared { Reach::All } else { Reach::Node(name.to_owned()) })
}
