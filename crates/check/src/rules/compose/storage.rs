//! State in directories that the containers of a session do not share.

use crate::finding::Findings;
use crate::kubernetes::Workload;
use crate::rules::ha::{LOCAL_CHECKPOINTS, LOCAL_STORAGE};
use crate::rules::storage::local_path;
use crate::service::Source;
use crate::system::System;

/// Directories of Flink, and whether high availability lies in them.
const DIRECTORIES: &[(&str, bool)] = &[
    ("high-availability.storageDir", true),
    ("execution.checkpointing.dir", false),
    ("execution.checkpointing.savepoint-dir", false),
];

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    for (key, is_ha) in DIRECTORIES {
        let Some(setting) = system.settings.get(key) else { continue };
        let text = setting.text();
        let Some(path) = local_path(&text).filter(|path| !path.contains('$')) else { continue };
        let rule = match (is_ha, system.high_availability()) {
            (true, Some(_)) => &LOCAL_STORAGE,
            (true, None) => continue,
            (false, _) => &LOCAL_CHECKPOINTS,
        };
        if let Some(reason) = apart(system, path) {
            let finding =
                out.add(rule, setting.place, format!("`{}` is not shared: {reason}", setting.key));
            finding.cure = Some(
                "Mount one volume at this path in the services of JobManagers and TaskManagers, or take a storage service."
                    .to_owned(),
            );
        }
    }
}

/// Why not all containers see one directory at a path.
fn apart(system: &System<'_>, path: &str) -> Option<String> {
    let mut first: Option<(&Workload<'_>, &Source)> = None;
    for workload in &system.workloads {
        let mounts = &workload.object.compose.as_ref()?.mounts;
        let above = mounts.iter().filter(|mount| {
            path.strip_prefix(mount.target.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || mount.target == "/")
        });
        let Some(mount) = above.max_by_key(|mount| mount.target.len()) else {
            return Some(format!(
                "in {} `{path}` lies in the container and goes with it",
                workload.title()
            ));
        };
        match first {
            _ if mount.source == Source::Own => {
                return Some(format!(
                    "`{}` of {} is a volume of its own",
                    mount.target,
                    workload.title()
                ));
            }
            Some((other, source)) if *source != mount.source => {
                return Some(format!(
                    "{} and {} mount different volumes at it",
                    other.title(),
                    workload.title()
                ));
            }
            _ => first = Some((workload, &mount.source)),
        }
    }
    None
}
