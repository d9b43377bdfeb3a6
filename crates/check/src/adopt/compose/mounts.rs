//! What services mount: jars and plugins become options, the configuration is in the file, all else is said.

use crate::adopt::Maker;
use crate::adopt::options::Options;
use crate::image::CONF;
use crate::path::is_above;
use crate::rules::storage::local_path;
use crate::service::Source;
use crate::system::System;

/// Directories of Flink's images from which it takes jars, and the options for them.
const JARS: &[(&str, &str)] =
    &[("/opt/flink/lib/", "nutkin.libs"), ("/opt/flink/plugins/", "nutkin.plugins")];

/// Adds the options, and notes what is left.
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
            if is_above(CONF, target) {
                maker.put(
                    mount.place,
                    format!("mount at {target}"),
                    "nowhere: made of spec.flinkConfiguration and spec.logConfiguration",
                );
                continue;
            }
            let option = JARS.iter().find(|(directory, _)| target.starts_with(directory));
            if let (Some((_, option)), Source::Path(path)) = (option, &mount.source) {
                let to = format!("spec.flinkConfiguration, `{option}`");
                maker.put(mount.place, format!("mount at {target}"), to);
                let jar = (*option, path.clone(), maker.origin(mount.place));
                if !is_everywhere(system, target) {
                    let note = format!(
                        "`{path}` is mounted in {} and not in all services: all containers of the session have it",
                        workload.title()
                    );
                    notes.push(note);
                }
                if !jars.iter().any(|(known, other, _)| known == option && *other == *path) {
                    jars.push(jar);
                }
                continue;
            }
            maker.put(
                mount.place,
                format!("mount at {target}"),
                "nowhere: containers of a session mount its own volume only",
            );
            if !told.contains(&target) {
                told.push(target);
                notes.push(note(system, target, &mount.source));
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

/// Whether all containers mount something at a path.
fn is_everywhere(system: &System<'_>, target: &str) -> bool {
    system.workloads.iter().all(|workload| {
        let service = workload.object.compose.as_ref();
        service.is_some_and(|service| service.mounts.iter().any(|mount| mount.target == target))
    })
}

/// What becomes of a mount that a session does not have.
fn note(system: &System<'_>, target: &str, source: &Source) -> String {
    let source = match source {
        Source::Path(path) => format!("`{path}`"),
        Source::Volume(name) => format!("the volume `{name}`"),
        Source::Own => "a volume of the container".to_owned(),
    };
    let state = system.settings.effective().find(|setting| {
        setting.key.to_ascii_lowercase().ends_with("dir")
            && local_path(&setting.text()).is_some_and(|path| path.starts_with(target))
    });
    match state {
        Some(setting) => format!(
            "{source} is not mounted at `{target}`: the session keeps what `{}` names on its own volume, which starts empty",
            setting.key
        ),
        None => format!(
            "{source} is not mounted at `{target}`: containers of a session mount its own volume only; what jobs read from there \
             belongs in the image or in a storage service"
        ),
    }
}
