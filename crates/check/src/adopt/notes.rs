//! What a user has to know or to do when a session file takes the place of hand-written files.

use super::{AdoptionRequest, resources};
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::system::{Assumed, System, World};

/// The release of Flink, where nobody named it for certain.
pub(super) fn guess(system: &System<'_>) -> Option<String> {
    let how = "`--flink VERSION` says which one it is";
    let (version, why) = system.assumed()?;
    let field = version.operator_name();
    Some(match why {
        Assumed::Tag(image) => {
            format!(
                "Flink {version} is a guess from the tag of `{image}`, which is not an image of Flink's own; {how}"
            )
        }
        Assumed::Newest(image) => {
            format!(
                "`flinkVersion: {field}` is a guess: `{image}` is the newest Flink, whichever that was when it was pulled; {how}"
            )
        }
        Assumed::Default => {
            format!(
                "`flinkVersion: {field}` is a guess, because no file names a release of Flink; {how}"
            )
        }
    })
}

/// The notes, in the order in which they matter.
pub(super) fn of(
    world: &World,
    system: &System<'_>,
    name: &str,
    request: &AdoptionRequest,
) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(guess(system).filter(|_| request.flink.is_none()));
    let mut missing: Vec<&str> = Vec::new();
    let is_there = |name: &str| world.of_kind("ConfigMap").any(|object| object.name == name);
    for mount in system.workloads.iter().flat_map(Workload::mounts) {
        if let Some(map) = mount.config_map()
            && !is_there(map)
            && !missing.contains(&map)
            && (map.contains("flink") || mount.path == "/opt/flink/conf")
        {
            missing.push(map);
            notes.push(format!(
                "ConfigMap {map} is mounted at `{}` and is not among the files: if it holds Flink's configuration, name \
                 it as well, `kubectl get configmap {map} -o yaml` prints it",
                mount.path
            ));
        }
    }
    let old: Vec<String> = system
        .workloads
        .iter()
        .map(|workload| {
            format!("{}/{}", workload.object.kind.to_ascii_lowercase(), workload.object.name)
        })
        .collect();
    if old.is_empty() {
        return notes;
    }
    notes.extend(resources::unlimited(system, request.as_is));
    let namespace = system.namespace().map(|name| format!(" -n {name}")).unwrap_or_default();
    notes.push(format!(
        "`nutkin up` starts a session of its own beside what runs; take savepoints of the jobs, then end the old one \
         with `kubectl delete {}{namespace}`",
        old.join(" ")
    ));
    let taken: Vec<&str> = system
        .workloads
        .iter()
        .filter(|w| w.object.name == name || w.object.name == format!("{name}-taskmanager"))
        .map(|w| w.object.name.as_str())
        .collect();
    if !taken.is_empty() {
        notes.push(format!(
            "the session has workloads of the same names ({}): end the old one before `nutkin up`, or give the session \
             another name, `nutkin init NAME --from ...`",
            taken.join(", ")
        ));
    }
    let shell = system.workloads.iter().find_map(|workload| {
        let words: Vec<&str> =
            workload.container.items_of("command").iter().filter_map(Walk::text).collect();
        (words.len() > 1 && words.contains(&"-c")).then(|| workload.title())
    });
    if let Some(title) = shell {
        notes.push(format!(
            "{title} runs a shell command, which is left out: what it did before Flink started belongs in an init container"
        ));
    }
    notes
}
