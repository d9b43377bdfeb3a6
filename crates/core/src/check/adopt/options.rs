//! The options of a session, from all files, as `spec.flinkConfiguration` holds them.

use super::Maker;
use crate::check::settings::{Setting, Settings};
use crate::check::system::System;
use crate::flink::{FlinkVersion, options};
use crate::units::MemorySize;

/// The options, and the sizes that have fields of their own.
pub(super) struct Options {
    /// In the order of the files.
    pub(super) lines: Vec<Line>,
    /// `jobmanager.memory.process.size`.
    pub(super) job_manager: Option<String>,
    /// `taskmanager.memory.process.size`.
    pub(super) task_manager: Option<String>,
}

/// One option of the session file.
pub(super) struct Line {
    pub(super) key: String,
    pub(super) value: String,
    /// Where it came from, for a comment.
    pub(super) origin: String,
}

/// What Nutkin sets itself for every session on Kubernetes.
const OWN: &[&str] = &["jobmanager.rpc.address", "kubernetes.cluster-id", "kubernetes.namespace"];

/// All options that count, cured where that is wanted.
pub(super) fn of(system: &System<'_>, version: FlinkVersion, maker: &mut Maker<'_>) -> Options {
    let mut made = Options { lines: Vec::new(), job_manager: None, task_manager: None };
    let all = all(system);
    let mut counting: Vec<&Setting> = all.effective().collect();
    counting.sort_by_key(|setting| setting.place);
    for setting in counting {
        one(system, setting, version, &mut made, maker);
    }
    // The lines that a later one replaced.
    for setting in &all.list {
        let winner = all.exact(&setting.key);
        if let Some(winner) = winner.filter(|winner| winner.place != setting.place) {
            let at = maker.location(winner.place);
            maker.put(
                setting.place,
                setting.key.clone(),
                format!("nowhere: {at} counts in its place"),
            );
            maker.cure(
                "NK0104",
                winner.place,
                format!("`{}` stands once, with the last value", setting.key),
            );
        }
    }
    if let (Some((_, setting)), true) = (system.high_availability(), super::uses_kubernetes(system))
    {
        let set =
            system.settings.value("kubernetes.namespace").unwrap_or_else(|| "default".to_owned());
        if let Some(namespace) = system.namespace().filter(|namespace| *namespace != set) {
            let message =
                format!("`metadata.namespace: {namespace}` is the namespace of everything");
            maker.cure("NK0202", setting.place, message);
        }
    }
    made
}

/// The files, then the arguments of both roles that stand for options.
fn all(system: &System<'_>) -> Settings {
    let mut all = system.settings.clone();
    for workload in &system.workloads {
        for setting in crate::check::settings::arguments(workload) {
            if !setting.text().contains("$(") {
                all.push(setting);
            }
        }
    }
    all
}

fn one(
    system: &System<'_>,
    setting: &Setting,
    version: FlinkVersion,
    made: &mut Options,
    maker: &mut Maker<'_>,
) {
    let (place, text) = (setting.place, setting.text());
    let key = setting.key.as_str();
    if !system.workloads.is_empty() && OWN.contains(&key) {
        maker.put(place, key, "nowhere: set for every session from its name and namespace");
        return;
    }
    if !maker.as_is {
        if key.starts_with("queryable-state.") || key == "query.server.port" {
            maker.put(place, key, "nowhere: queryable state was off");
            maker.cure("NK0410", place, format!("`{key}` is left out"));
            return;
        }
        if system.version.is_some() && !is_known(key, version) {
            maker.put(place, key, format!("nowhere: Flink {version} has no such option"));
            maker.cure("NK0102", place, format!("`{key}` is left out"));
            return;
        }
    }
    let size = match key {
        "jobmanager.memory.process.size" => Some((&mut made.job_manager, "jobManager")),
        "taskmanager.memory.process.size" => Some((&mut made.task_manager, "taskManager")),
        _ => None,
    };
    if let (Some((slot, role)), Ok(bytes)) = (size, text.parse::<MemorySize>()) {
        // The field knows no blanks and no words for units.
        let bytes = bytes.bytes();
        let short = text.chars().all(|c| c.is_ascii_digit() || c == 'm' || c == 'g');
        *slot = Some(match (short && !text.is_empty(), bytes % (1 << 20)) {
            (true, _) => text,
            (false, 0) => format!("{}m", bytes >> 20),
            (false, _) => format!("{bytes}b"),
        });
        maker.put(place, key, format!("spec.{role}.resource.memory"));
        return;
    }
    let current = options::canonical(key, version);
    let new = if maker.as_is { key } else { &*current };
    // The current spelling counts, should both be set.
    if new != key {
        if system.settings.exact(new).is_some() {
            maker.put(place, key, format!("nowhere: `{new}` counts in its place"));
            return;
        }
        maker.cure("NK0111", place, format!("`{key}` is written `{new}`"));
    }
    maker.put(place, key, format!("spec.flinkConfiguration, `{new}`"));
    let at = maker.location(place);
    let origin = match at.line {
        Some(line) => format!("{}, line {line}", at.file),
        None => at.file,
    };
    made.lines.push(Line { key: new.to_owned(), value: text, origin });
}

/// Whether the version reads the key, or nobody knows it: jobs may.
fn is_known(key: &str, version: FlinkVersion) -> bool {
    let current = options::canonical(key, version);
    options::find(&current).is_none_or(|info| {
        info.pattern.is_some() || info.own.is_some() || info.at(version).is_some()
    })
}
