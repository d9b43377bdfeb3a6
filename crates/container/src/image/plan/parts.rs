//! The parts of Flink, and which of the optional ones go where.

use std::collections::BTreeSet;

use crate::image::{FoundFlink, FoundParts, ImageRequest, ImageUser, LayerEntry};
use nutkin_flink::{Argument, Problem};

/// Parts of `opt/` that Flink loads as plugins, by the beginning of their names; others go to `lib/`
/// (Flink documentation, "File Systems", "Plugins").
const PLUGINS: &[&str] =
    &["flink-azure-fs-", "flink-gs-fs-", "flink-metrics-", "flink-oss-fs-", "flink-s3-fs-"];

/// What the configuration of an image must say: where processes of one container find each other (the entry point
/// writes another address for those of several), sizes, without which Flink does not start, and addresses, since
/// whatever is bound to a container's loopback is reached by nobody. REST is published by who starts it.
pub(super) fn default_configuration() -> String {
    [
        ("jobmanager.rpc.address", "localhost"),
        ("jobmanager.bind-host", "0.0.0.0"),
        ("jobmanager.memory.process.size", "1600m"),
        ("taskmanager.bind-host", "0.0.0.0"),
        ("taskmanager.memory.process.size", "1728m"),
        ("taskmanager.numberOfTaskSlots", "1"),
        ("parallelism.default", "1"),
        ("rest.address", "0.0.0.0"),
        ("rest.bind-address", "0.0.0.0"),
    ]
    .map(|(key, value)| format!("{key}: {value}\n"))
    .concat()
}

/// `lib` and what the licences want to be passed on.
pub(super) fn flink(flink: &FoundFlink, home: &str, user: ImageUser) -> Vec<(String, LayerEntry)> {
    let source = |name: &str| format!("{}/{name}", flink.home);
    let lib = flink.lib.iter().map(|name| format!("lib/{name}"));
    let mut entries: Vec<_> = lib
        .map(|name| (format!("{home}/{name}"), LayerEntry::file(source(&name), user, false)))
        .collect();
    for name in &flink.legal {
        let entry = match name.as_str() {
            "licenses" => LayerEntry::tree(source(name), user),
            _ => LayerEntry::file(source(name), user, false),
        };
        entries.push((format!("{home}/{name}"), entry));
    }
    entries
}

/// Plugins and parts of `opt/`: all built-in plugins unless some are named, and of `opt/` what is named.
pub(super) fn chosen(
    request: &ImageRequest,
    found: &FoundParts,
    problems: &mut Vec<Problem>,
) -> Vec<(String, LayerEntry)> {
    let (home, user) = (&request.flink_home, request.user);
    let nothing = FoundFlink::default();
    let flink = found.distribution.as_ref().unwrap_or(&nothing);
    let mut entries = Vec::new();
    let (paths, names): (Vec<_>, Vec<_>) =
        request.plugins.iter().partition(|plugin| plugin.contains('/') || is_jar(plugin));
    let mut folders: BTreeSet<&String> = BTreeSet::new();
    for name in &names {
        match flink.plugins.get_key_value(name.as_str()) {
            Some((folder, _)) => drop(folders.insert(folder)),
            None => problems.push(unknown(Argument::Plugin, name, flink.plugins.keys())),
        }
    }
    if names.is_empty() {
        folders.extend(flink.plugins.keys());
    }
    for folder in folders {
        for file in flink.plugins.get(folder).into_iter().flatten() {
            let path = format!("plugins/{folder}/{file}");
            let source = format!("{}/{path}", flink.home);
            entries.push((format!("{home}/{path}"), LayerEntry::file(source, user, false)));
        }
    }
    for source in paths {
        let name = file_name(source);
        let folder = name.strip_suffix(".jar").unwrap_or(name);
        entries.push(if found.directories.contains(source) {
            (format!("{home}/plugins/{folder}"), LayerEntry::tree(source, user))
        } else {
            (format!("{home}/plugins/{folder}/{name}"), LayerEntry::file(source, user, false))
        });
    }
    for wanted in &request.opt {
        let version = format!("{wanted}-{}.jar", found.flink);
        let Some(jar) = flink.opt.iter().find(|jar| *jar == wanted || **jar == version) else {
            problems.push(unknown(Argument::Opt, wanted, flink.opt.iter()));
            continue;
        };
        let place = if PLUGINS.iter().any(|prefix| jar.starts_with(prefix)) {
            let folder =
                jar.trim_end_matches(".jar").trim_end_matches(&format!("-{}", found.flink));
            let folder = folder.trim_start_matches("flink-");
            format!("plugins/{folder}/{jar}")
        } else {
            format!("lib/{jar}")
        };
        let source = format!("{}/opt/{jar}", flink.home);
        // `ENABLE_BUILT_IN_PLUGINS` looks for it where it was.
        entries.push((format!("{home}/opt/{jar}"), LayerEntry::link(format!("../{place}"))));
        entries.push((format!("{home}/{place}"), LayerEntry::file(source, user, false)));
    }
    entries
}

fn unknown<'a>(option: Argument, name: &str, there: impl Iterator<Item = &'a String>) -> Problem {
    let there: Vec<&str> = there.map(String::as_str).collect();
    let hint = match there.as_slice() {
        [] => "this Flink has none; a jar is named by its path".to_owned(),
        _ => format!("there are {}", there.join(", ")),
    };
    Problem::argument(option, format!("this Flink has no `{name}`")).hint(hint)
}

fn is_jar(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end == "jar")
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}
