//! The configuration directory of a container: a session has one ConfigMap there, and nothing else.

use crate::embedded::{Embedded, Origin};
use crate::finding::Place;
use crate::image::{self, CONF};
use crate::kubernetes::{Mount, Workload};
use crate::node::Walk;
use crate::path;
use crate::system::System;

/// The variable that names another directory to Flink's scripts (`config.sh`).
pub(super) const VARIABLE: &str = "FLINK_CONF_DIR";

/// Files of the directory that no process of a session reads: of clients, of scripts that start clusters by ssh, and of the
/// ZooKeeper that Flink brings.
const UNREAD: [&str; 7] = [
    "masters",
    "slaves",
    "workers",
    "zoo.cfg",
    "sql-client-defaults.yaml",
    "sql-gateway-defaults.yaml",
    "kustomization.yaml",
];

/// What of a configuration directory a session file cannot say: the reason, and what helps.
pub(super) struct Reason {
    pub(super) message: String,
    pub(super) hint: String,
}

/// Where a container has its configuration: where its variable says, otherwise, in an image of somebody's own, where its
/// ConfigMap is mounted.
fn of<'a>(system: &System<'_>, workload: &Workload<'a>) -> &'a str {
    if let Some((_, Some(path))) = workload.variable(VARIABLE) {
        return path.trim_end_matches('/');
    }
    let mounted = mounted(system, workload);
    if is_flinks_own(workload) || mounted.is_empty() || mounted.contains(&CONF) {
        return CONF;
    }
    mounted[0]
}

fn is_flinks_own(workload: &Workload<'_>) -> bool {
    image::is_flinks_own(workload.image().and_then(Walk::text).unwrap_or_default())
}

/// The directories into which options of the files are mounted.
fn mounted<'a>(system: &System<'_>, workload: &Workload<'a>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for mount in workload.mounts() {
        let has_options = mount.config_maps().any(|(name, _)| {
            let map = system.world.index_of("ConfigMap", name, workload.object);
            system.texts.iter().any(|text| {
                text.kind.is_options()
                    && map.is_some_and(|map| text.origin == Origin::ConfigMap(map))
            })
        });
        let is_file = mount.node.get("subPath").is_some();
        let name = path::last(mount.path);
        let is_options = matches!(name, "flink-conf.yaml" | "config.yaml");
        if has_options && (!is_file || is_options) {
            found.push(if is_file { path::directory(mount.path) } else { mount.path });
        }
    }
    found
}

/// The option that says where an image of somebody's own looks for its configuration.
pub(super) fn option(system: &System<'_>) -> Option<(String, Place)> {
    let main = system.job_managers().next().or(system.workloads.first())?;
    let directory = of(system, main);
    let place = main.image().map_or(main.object.place(), |image| image.place(main.file()));
    (directory != CONF && !is_flinks_own(main)).then(|| (directory.to_owned(), place))
}

/// All reasons for which the configuration of a container is not that of a session.
pub(super) fn refuse(system: &System<'_>, workload: &Workload<'_>) -> Vec<Reason> {
    let title = workload.title();
    let mut reasons = Vec::new();
    let mut add = |message: String, hint: &str| {
        reasons.push(Reason { message, hint: hint.to_owned() });
    };
    if matches!(workload.variable(VARIABLE), Some((_, None))) {
        let message =
            format!("where {title} has its configuration is not in the files: {VARIABLE}");
        add(message, "write the directory into the variable");
        return reasons;
    }
    let directory = of(system, workload);
    if let Some(main) = system.job_managers().next().filter(|_| !is_flinks_own(workload))
        && of(system, main) != directory
    {
        let message = format!(
            "{title} has its configuration in `{directory}`, and {} in `{}`",
            main.title(),
            of(system, main)
        );
        add(message, "mount it at one path in both");
    }
    if let Some(other) = mounted(system, workload).iter().find(|path| **path != directory) {
        let message = format!("{title} mounts options at `{other}`, and Flink reads `{directory}`");
        add(message, "mount them where Flink reads them");
    }
    let below = |mount: &&Mount<'_>| path::is_above(directory, mount.path);
    let mounts = workload.mounts();
    let inside: Vec<&Mount<'_>> = mounts.iter().filter(below).collect();
    let is_known = system.texts_of(workload).any(Embedded::is_options_of_map);
    if directory != CONF && !is_known {
        let message =
            format!("{title} reads its configuration in `{directory}`, which is not in the files");
        add(message, "write its options to a ConfigMap among the files, and mount it there");
    }
    if let Some(text) = of_dockerfile(system).filter(|_| !is_known && inside.is_empty()) {
        let message = format!(
            "the image of {title} has a configuration of its own, which that of a session hides: `{text}`"
        );
        add(message, "mount that configuration as a ConfigMap among the files");
    }
    for mount in &inside {
        let kinds = hidden(mount);
        for kind in &kinds {
            let at = mount.path;
            let message = format!(
                "a volume of kind {kind} is mounted at `{at}` in {title}, where a session has its own configuration"
            );
            let hint = "write options into a ConfigMap among the files, and mount other files at another path";
            add(message, hint);
        }
        for (map, keys) in unknown_keys(system, workload, mount) {
            let message = format!(
                "ConfigMap {map} puts {} into `{directory}` of {title}, and a session has only its own options and logging there",
                keys.join(", ")
            );
            add(message, "mount these files at another path");
        }
    }
    reasons
}

/// The instruction by which a Dockerfile of the files puts a configuration into the image. What a script does to it when the
/// container starts is known.
fn of_dockerfile<'a>(system: &System<'a>) -> Option<&'a str> {
    if system.scripts.iter().any(|script| script.is_entrypoint) {
        return None;
    }
    let all = system.dockerfiles.iter().flat_map(|dockerfile| &dockerfile.instructions);
    let mut texts = all.map(|(_, text)| text.as_str());
    texts.find(|text| {
        let mut words = text.split_whitespace();
        let is_copy = words.next().is_some_and(|first| {
            first.eq_ignore_ascii_case("COPY") || first.eq_ignore_ascii_case("ADD")
        });
        let target = words.last().unwrap_or_default().trim_matches(['"', ']', '[']);
        is_copy
            && (text.contains("flink-conf.yaml")
                || target.trim_end_matches('/').ends_with("flink/conf")
                || target.contains("FLINK_HOME") && target.trim_end_matches('/').ends_with("/conf"))
    })
}

/// Kinds of a volume in a configuration directory of which nobody knows what they hold.
fn hidden(mount: &Mount<'_>) -> Vec<String> {
    let Some(volume) = mount.volume else { return Vec::new() };
    // What a StatefulSet claims for each pod.
    if volume.get("spec").is_some() {
        return vec!["volumeClaimTemplate".to_owned()];
    }
    let kinds = |node: &nutkin_flink::yaml::Node| -> Vec<String> {
        let names = node.entries().iter().map(|(key, _)| key.name.clone());
        // A probe below a volume is a mistake (NK0004), not a kind.
        let is_kind = |name: &String| {
            !["name", "configMap", "projected"].contains(&name.as_str()) && !name.ends_with("Probe")
        };
        names.filter(is_kind).collect()
    };
    let mut found = kinds(volume);
    let sources = volume.at("projected/sources").map_or(&[][..], Walk::items);
    found.extend(sources.iter().flat_map(kinds));
    found
}

/// Files of ConfigMaps in a configuration directory that would not be there in a session.
fn unknown_keys(
    system: &System<'_>,
    workload: &Workload<'_>,
    mount: &Mount<'_>,
) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let part = mount.node.text_of("subPath");
    for (name, items) in mount.config_maps() {
        let mut files: Vec<&str> = items.iter().filter_map(|item| item.text_of("path")).collect();
        if let Some(part) = part {
            files = vec![if items.is_empty() { path::last(mount.path) } else { part }];
        } else if items.is_empty() {
            let map = system.world.named("ConfigMap", name, workload.object);
            let data = ["data", "binaryData"].into_iter().filter_map(|at| map?.node.get(at));
            files.extend(data.flat_map(Walk::entries).map(|(key, _)| key.name.as_str()));
        }
        let is_read = |file: &&str| {
            let name = path::last(file);
            let is_log = name.starts_with("log4j") || name.starts_with("logback");
            let is_options = matches!(name, "flink-conf.yaml" | "config.yaml");
            !is_log && !is_options && !UNREAD.contains(&name)
        };
        let unknown: Vec<String> =
            files.into_iter().filter(is_read).map(|file| format!("`{file}`")).collect();
        if !unknown.is_empty() {
            found.push((name.to_owned(), unknown));
        }
    }
    found
}

/// Whether a variable only says where the configuration is: Flink's own images have it where a session mounts it.
pub(super) fn is_moved(workload: &Workload<'_>, variable: &str) -> bool {
    variable == VARIABLE && is_flinks_own(workload)
}
