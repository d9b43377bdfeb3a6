//! What services mount: jars and plugins become options, the configuration is in the file, state is on the session's volume,
//! all else is mounted by the session as well.

use serde_json::{Value, json};

use crate::adopt::options::Options;
use crate::adopt::{AdoptionRequest, Maker};
use crate::embedded;
use crate::image::CONF;
use crate::kubernetes::Workload;
use crate::path::{is_above, joined, last};
use crate::rules::storage::local_path;
use crate::service::{Mounted, Source};
use crate::system::System;
use nutkin_core::plan::MAIN_CONTAINER;

/// Directories of Flink's images from which it takes jars, and the options for them.
const JARS: &[(&str, &str)] =
    &[("/opt/flink/lib/", "nutkin.libs"), ("/opt/flink/plugins/", "nutkin.plugins")];

/// Where the volume of a session is (`plan::docker`).
const DATA: &str = "/opt/flink/data";

/// Directories for which the session has a volume.
const DIRECTORIES: &[&str] = &[
    "state.checkpoints.dir",
    "state.savepoints.dir",
    "execution.checkpointing.dir",
    "execution.checkpointing.savepoint-dir",
    "high-availability.storageDir",
];

/// What becomes of a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The configuration, which the session file has.
    Configuration,
    /// Jars and plugins of all containers: the option for them.
    Jars(&'static str),
    /// A volume for state, in the place of which the session has one of its own.
    State,
    /// The volume of a session that Nutkin rendered.
    Own,
    /// The session mounts it.
    Kept,
}

fn fate(system: &System<'_>, mount: &Mounted) -> Fate {
    let target = mount.target.as_str();
    let name = last(target);
    let is_file_of_flink = embedded::of_name(name).is_some()
        || matches!(name, "masters" | "workers" | "slaves" | "zoo.cfg");
    if target == CONF || is_above(CONF, target) && is_file_of_flink {
        return Fate::Configuration;
    }
    let option = JARS.iter().find(|(directory, _)| target.starts_with(directory));
    if let (Some((_, option)), Source::Path(_)) = (option, &mount.source)
        && is_everywhere(system, mount)
    {
        return Fate::Jars(option);
    }
    let is_rendered = |name: &String| name.starts_with("nutkin-") && name.ends_with("-data");
    if target == DATA && mount.volume.as_ref().is_some_and(is_rendered) {
        return Fate::Own;
    }
    if is_for_state(system, mount) { Fate::State } else { Fate::Kept }
}

/// Whether a path of a directory for state is on a volume in the place of which the session has its own.
pub(super) fn is_on_own_volume(system: &System<'_>, key: &str, value: &str) -> bool {
    let Some(path) = local_path(value).filter(|_| DIRECTORIES.contains(&key)) else { return false };
    let mounts = system.workloads.iter().filter_map(|workload| {
        let mounts = workload.object.compose.as_ref()?.mounts.iter();
        mounts.filter(|mount| is_above(&mount.target, path)).max_by_key(|mount| mount.target.len())
    });
    let mut mounts = mounts.peekable();
    mounts.peek().is_some()
        && mounts.all(|mount| matches!(fate(system, mount), Fate::State | Fate::Own))
}

/// Whether a volume of the session's services alone holds a directory for state.
fn is_for_state(system: &System<'_>, mount: &Mounted) -> bool {
    let Source::Volume(name) = &mount.source else { return false };
    let is_state = system.settings.effective().any(|setting| {
        DIRECTORIES.contains(&setting.key.as_str())
            && local_path(&setting.text()).is_some_and(|path| is_above(&mount.target, path))
    });
    let project = system.workloads.first().and_then(|one| one.object.compose.as_ref());
    let is_shared = system.world.objects.iter().any(|object| {
        let Some(service) = &object.compose else { return false };
        project.is_some_and(|own| own.project == service.project)
            && !system.workloads.iter().any(|one| std::ptr::eq(one.object, object))
            && service.mounts.iter().any(|one| one.source == Source::Volume(name.clone()))
    });
    is_state && !is_shared
}

/// Whether all containers mount the same at a path.
fn is_everywhere(system: &System<'_>, mount: &Mounted) -> bool {
    system.workloads.iter().all(|workload| {
        let mut mounts = workload.object.compose.iter().flat_map(|service| &service.mounts);
        mounts.any(|one| one.target == mount.target && one.source == mount.source)
    })
}

/// What services of one role have to have in common.
pub(super) fn kept(system: &System<'_>, workload: &Workload<'_>) -> Vec<(String, Source, bool)> {
    let mounts = workload.object.compose.iter().flat_map(|service| &service.mounts);
    let kept = mounts.filter(|mount| fate(system, mount) == Fate::Kept);
    kept.map(|mount| (mount.target.clone(), mount.source.clone(), mount.read_only)).collect()
}

/// Why a session cannot mount what a service does: the mount, the reason and what helps.
pub(super) fn refusals<'a>(
    system: &System<'_>,
    workload: &Workload<'a>,
    request: &AdoptionRequest,
) -> Vec<(&'a Mounted, String, &'static str)> {
    let mounts = workload.object.compose.iter().flat_map(|service| &service.mounts);
    let mut found = Vec::new();
    for mount in mounts.filter(|mount| fate(system, mount) == Fate::Kept) {
        let target = &mount.target;
        let (reason, hint) = match &mount.source {
            _ if is_above(target, "/opt/flink/lib") || target == "/opt/flink/plugins" => (
                format!("takes the place of the image's files at `{target}`"),
                "mount each jar by itself, or put them into the image",
            ),
            _ if is_above(DATA, target) || is_above(target, DATA) => (
                format!("is mounted at `{target}`, where a session has its own volume"),
                "mount it at another path",
            ),
            Source::Text(name) => (
                format!("is the text `{name}`, which a session file does not have"),
                "write the text into a file, and mount the file",
            ),
            Source::Path(path) if absolute(path, request).is_none() => (
                format!("is `{path}`, and where that is depends on who calls Compose"),
                "write a path from the root on",
            ),
            Source::Volume(name) if volume(mount, request).is_none() => (
                format!("is the volume `{name}`, and how Docker calls it is not known"),
                "give the volume a `name`, and no options for its driver, or make it `external`",
            ),
            _ => continue,
        };
        found.push((mount, format!("what {} mounts {reason}", workload.title()), hint));
    }
    found
}

/// Where a path is on the machine.
fn absolute(path: &str, request: &AdoptionRequest) -> Option<String> {
    if path.starts_with('/') {
        return Some(path.to_owned());
    }
    let from = request.directory.as_deref().filter(|_| !path.starts_with('~'))?;
    Some(joined(from, path))
}

/// How the daemon calls a volume.
fn volume(mount: &Mounted, request: &AdoptionRequest) -> Option<String> {
    let name = mount.volume.clone()?;
    // The project has the name of the directory in which the command runs.
    let Some(key) = name.strip_prefix('_') else { return Some(name) };
    let project = crate::compose::normalized(last(request.directory.as_deref()?));
    (!project.is_empty()).then(|| format!("{project}_{key}"))
}

/// Adds the options, and notes what is not as it was.
pub(super) fn of(
    system: &System<'_>,
    made: &mut Options,
    maker: &mut Maker<'_>,
    notes: &mut Vec<String>,
) {
    let mut jars: Vec<(&str, String, String)> = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    for workload in &system.workloads {
        for mount in workload.object.compose.iter().flat_map(|service| &service.mounts) {
            let target = mount.target.as_str();
            let what = format!("mount at {target}");
            match (fate(system, mount), &mount.source) {
                (Fate::Configuration, _) => maker.put(
                    mount.place,
                    what,
                    "nowhere: made of spec.flinkConfiguration and spec.logConfiguration",
                ),
                (Fate::Jars(option), Source::Path(path)) => {
                    maker.put(mount.place, what, format!("spec.flinkConfiguration, `{option}`"));
                    let jar = (option, path.clone(), maker.origin(mount.place));
                    if !jars.iter().any(|(known, other, _)| *known == option && other == path) {
                        jars.push(jar);
                    }
                }
                (Fate::State, _) => {
                    maker.put(mount.place, what, "nowhere: the session has a volume of its own");
                    if !told.contains(&target) {
                        told.push(target);
                        notes.push(note(system, mount));
                    }
                }
                (Fate::Own, _) => {
                    maker.put(mount.place, what, "nowhere: every session has such a volume");
                }
                _ => maker.put(mount.place, what, "spec.*.podTemplate"),
            }
        }
    }
    if !jars.is_empty() {
        notes.push(
            "`nutkin.libs` and `nutkin.plugins` name files relative to the session file: keep it in the directory in which `nutkin init` \
             ran, or change the paths"
                .to_owned(),
        );
    }
    for (_, option) in JARS {
        let all = jars.iter().filter(|(known, ..)| known == option);
        let paths: Vec<&str> = all.clone().map(|(_, path, _)| path.as_str()).collect();
        if let Some((.., origin)) = all.clone().next() {
            made.push(option, &paths.join(";"), origin.clone());
        }
    }
}

/// What becomes of a volume for state.
fn note(system: &System<'_>, mount: &Mounted) -> String {
    let source = match &mount.source {
        Source::Volume(name) => format!("the volume `{name}`"),
        _ => "a volume of the container".to_owned(),
    };
    let target = &mount.target;
    let key = system.settings.effective().find(|setting| {
        DIRECTORIES.contains(&setting.key.as_str())
            && local_path(&setting.text()).is_some_and(|path| is_above(target, path))
    });
    let key = key.map(|setting| setting.key.clone()).unwrap_or_default();
    format!(
        "{source} is not mounted at `{target}`: the session keeps what `{key}` names on its own volume, which starts empty"
    )
}

/// The template of a role's containers, with what its first service mounts and the hosts that it knows; `None`: nothing.
pub(super) fn template(
    system: &System<'_>,
    workload: &Workload<'_>,
    request: &AdoptionRequest,
) -> Option<Value> {
    let service = workload.object.compose.as_ref()?;
    let (mut volumes, mut mounts) = (Vec::new(), Vec::new());
    for mount in service.mounts.iter().filter(|mount| fate(system, mount) == Fate::Kept) {
        let name = format!("mount-{}", mounts.len() + 1);
        let mut volume_of = json!({ "name": name });
        match &mount.source {
            Source::Path(path) => {
                let path = absolute(path, request)?;
                volume_of["hostPath"] = json!({ "path": path });
                // Compose makes a folder that is not there; a file of the system that is missing is a fault.
                if !is_file(system, mount) {
                    volume_of["hostPath"]["type"] = json!("DirectoryOrCreate");
                }
            }
            Source::Volume(_) => {
                let claim = volume(mount, request)?;
                volume_of["persistentVolumeClaim"] = json!({ "claimName": claim });
            }
            Source::Own => volume_of["emptyDir"] = json!({}),
            Source::Text(_) => return None,
        }
        let mut mounted = json!({ "name": name, "mountPath": mount.target });
        if mount.read_only {
            mounted["readOnly"] = json!(true);
        }
        volumes.push(volume_of);
        mounts.push(mounted);
    }
    let mut spec = serde_json::Map::new();
    if !mounts.is_empty() {
        let container = json!({ "name": MAIN_CONTAINER, "volumeMounts": mounts });
        spec.insert("containers".to_owned(), json!([container]));
        spec.insert("volumes".to_owned(), volumes.into());
    }
    let hosts = service.extra_hosts.iter();
    let hosts = hosts.map(|(name, address, _)| json!({ "ip": address, "hostnames": [name] }));
    let hosts: Vec<Value> = hosts.collect();
    if !hosts.is_empty() {
        spec.insert("hostAliases".to_owned(), hosts.into());
    }
    (!spec.is_empty()).then(|| json!({ "spec": spec }))
}

/// Whether a mount is that of a file, as far as the files tell.
fn is_file(system: &System<'_>, mount: &Mounted) -> bool {
    let Source::Path(path) = &mount.source else { return false };
    let is_socket = path.rsplit_once('.').is_some_and(|(_, end)| end == "sock");
    let has_ending = last(&mount.target).contains('.') && last(path).contains('.');
    is_socket
        || has_ending
        || mount.target.starts_with("/run/secrets/")
        || system.world.files.iter().any(|file| file.name == *path)
}
