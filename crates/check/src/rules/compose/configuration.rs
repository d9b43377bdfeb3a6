//! A directory that is mounted over the configuration of the image, and what it hides.

use super::HIDDEN_JARS;
use crate::embedded;
use crate::finding::Findings;
use crate::image::CONF;
use crate::image::is_flinks_own;
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::path::is_above;
use crate::rules::pods::{NO_LOG_CONFIG, is_of_console};
use crate::service::Source;
use crate::source::FileKind;
use crate::system::System;

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    for workload in &system.workloads {
        jars(workload, out);
        let mounts = workload.object.compose.as_ref().map_or(&[][..], |service| &service.mounts);
        let Some(mount) = mounts.iter().find(|mount| mount.target == CONF) else { continue };
        let Source::Path(path) = &mount.source else { continue };
        let files = system.world.files.iter();
        let below = files.filter(|file| is_above(path, &file.name) && file.name != *path);
        let names: Vec<&str> = below.map(|file| crate::path::last(&file.name)).collect();
        // Of a directory that is not among the files nothing is known.
        let is_known =
            names.iter().any(|name| embedded::of_name(name).is_some_and(FileKind::is_options));
        // A file that is mounted by itself lies in it as well.
        let targets = mounts.iter().map(|mount| crate::path::last(&mount.target));
        if !is_known || names.iter().copied().chain(targets).any(is_of_console) {
            continue;
        }
        let message = format!("`{path}` hides the image's log4j-console.properties");
        out.add(&NO_LOG_CONFIG, mount.place, message).cure = Some(
            "Copy the image's log4j-console.properties into the directory; or mount only the file with the options."
                .to_owned(),
        );
    }
}

/// A directory of the machine over Flink's jars. A volume is another thing: Docker copies into a new one what the image has there.
fn jars(workload: &Workload<'_>, out: &mut Findings<'_>) {
    let mounts = workload.object.compose.as_ref().map_or(&[][..], |service| &service.mounts);
    let is_flinks = workload.image().and_then(Walk::text).is_some_and(is_flinks_own);
    for mount in mounts.iter().filter(|_| is_flinks) {
        let Source::Path(path) = &mount.source else { continue };
        if !matches!(mount.target.as_str(), "/opt/flink" | "/opt/flink/lib") {
            continue;
        }
        if !is_distribution(path) {
            let message = format!("`{path}` hides the image's files at `{}`", mount.target);
            out.add(&HIDDEN_JARS, mount.place, message);
        }
    }
}

/// Whether a directory is one of an unpacked release, or of its jars: its name says so. Jars are not among the files that are read.
fn is_distribution(path: &str) -> bool {
    let is_release = |part: &str| {
        let number = part.strip_prefix("flink-");
        number.is_some_and(|number| number.starts_with(|first: char| first.is_ascii_digit()))
    };
    path.split('/').any(is_release)
}
