//! The parts of Flink, and which of the optional ones go where.

use std::collections::BTreeSet;

use crate::image::{FoundFlink, FoundParts, ImageRequest, ImageUser, LayerEntry};
use nutkin_flink::{Argument, FlinkVersion, Problem};

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
        request.plugins.iter().partition(|plugin| is_path(plugin));
    let mut folders: BTreeSet<&String> = BTreeSet::new();
    problems.extend(missing(request, flink, found.flink));
    for name in &names {
        folders.extend(flink.plugins.get_key_value(name.as_str()).map(|(folder, _)| folder));
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
        let Some(jar) = of_opt(wanted, flink, found.flink) else { continue };
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

/// Plugins and parts of `opt` that are wanted by name and that Flink does not have.
pub(super) fn missing(
    request: &ImageRequest,
    flink: &FoundFlink,
    release: FlinkVersion,
) -> Vec<Problem> {
    let plugins = request.plugins.iter().filter(|plugin| !is_path(plugin));
    let plugins = plugins.filter(|name| !flink.plugins.contains_key(name.as_str()));
    let plugins =
        plugins.map(|name| unknown(Argument::Plugin, name, flink.plugins.keys().cloned(), false));
    let parts = request.opt.iter().filter(|wanted| of_opt(wanted, flink, release).is_none());
    let parts = parts.map(|wanted| {
        let name = wanted.trim_end_matches(".jar").trim_end_matches(&format!("-{release}"));
        let is_elsewhere = OF_ARCHIVE.contains(&name);
        unknown(Argument::Opt, wanted, flink.opt.iter().cloned(), is_elsewhere)
    });
    plugins.chain(parts).collect()
}

/// The jar of `opt` that a word means.
fn of_opt<'f>(wanted: &str, flink: &'f FoundFlink, release: FlinkVersion) -> Option<&'f String> {
    let version = format!("{wanted}-{release}.jar");
    flink.opt.iter().find(|jar| *jar == wanted || **jar == version)
}

/// Parts of `opt` in the archives that Apache publishes, 1.13 to 2.3; distributions from PyPI have the Python parts alone.
const OF_ARCHIVE: [&str; 9] = [
    "flink-azure-fs-hadoop",
    "flink-gs-fs-hadoop",
    "flink-oss-fs-hadoop",
    "flink-queryable-state-runtime",
    "flink-s3-fs-hadoop",
    "flink-s3-fs-presto",
    "flink-sql-client",
    "flink-sql-gateway",
    "flink-state-processor-api",
];

/// Whether a plugin is given by its place.
fn is_path(plugin: &str) -> bool {
    plugin.contains('/') || is_jar(plugin)
}

/// `is_elsewhere`: another distribution of the same release has it.
fn unknown(
    option: Argument,
    name: &str,
    there: impl Iterator<Item = String>,
    is_elsewhere: bool,
) -> Problem {
    let there: Vec<String> = there.collect();
    let hint = match there.as_slice() {
        [] => "this Flink has none; a jar is named by its path".to_owned(),
        _ => format!("there are {}", there.join(", ")),
    };
    let problem = Problem::argument(option, format!("this Flink has no `{name}`"));
    if is_elsewhere {
        let before = format!("{hint}; the archive of Flink that Apache publishes has it (");
        return problem.hint(Argument::FlinkFrom.within(before, " names it)"));
    }
    problem.hint(hint)
}

fn is_jar(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end == "jar")
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}
