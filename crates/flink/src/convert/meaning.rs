//! What an option of an old file means to a version: the options that it has today.

use super::{ConversionRequest, Target, has};
use crate::{Configuration, FlinkVersion, Value, options};

/// The options that stand for an entry, or why there are none.
pub(super) fn of(
    key: &str,
    value: &Value,
    all: &Configuration,
    request: ConversionRequest,
) -> Result<Vec<Target>, String> {
    let version = request.version;
    if let Some(targets) = changed(key, value, all, version)? {
        return Ok(targets);
    }
    let spelling = spelling(key, version);
    let Some(spelling) = spelling else {
        return Err(format!("Flink {version} has no such option"));
    };
    // Two spellings of one option: Flink takes the current one, otherwise the first of the old ones.
    if spelling != key {
        let winner = options::lookup(all, &spelling, version).map(|(winner, _)| winner);
        if winner.is_some_and(|winner| winner != key) {
            return Err(format!("`{}` counts in its place", winner.unwrap_or_default()));
        }
    }
    Ok(vec![Target { key: spelling, value: value.clone() }])
}

/// How the version spells the option, `None` where it does not have it. Keys that no version knows stay:
/// jobs may read them.
fn spelling(key: &str, version: FlinkVersion) -> Option<String> {
    let canonical = options::canonical(key, version);
    if has(&canonical, version) {
        return Some(canonical.into_owned());
    }
    let Some(info) = options::find(key) else { return Some(key.to_owned()) };
    let mut others = std::iter::once(info.key).chain(info.old_spellings());
    if let Some(other) = others.find(|other| has(other, version)) {
        return Some(other.to_owned());
    }
    // A key below an option of type Map is an entry of it.
    let mut parent = key;
    while let Some((above, _)) = parent.rsplit_once('.') {
        parent = above;
        let is_map = |info: options::OptionInfo| {
            info.at(version).is_some_and(|facts| facts.type_name == "Map")
        };
        if options::find(parent).is_some_and(is_map) {
            return Some(key.to_owned());
        }
    }
    None
}

/// Options that became something else than another spelling.
///
/// Sources: `StateBackendLoader` and the release notes of 2.0 (the backends `jobmanager` and `filesystem` are
/// gone), `BashJavaUtils` of 1.x (what the scripts make of the old heap options), FLIP-370
/// (`taskmanager.load-balance.mode`), the metrics page of 1.17 (reporters are made by factories).
fn changed(
    key: &str,
    value: &Value,
    all: &Configuration,
    version: FlinkVersion,
) -> Result<Option<Vec<Target>>, String> {
    let text = value.to_string();
    let one = |key: &str, value: String| {
        Some(vec![Target { key: key.to_owned(), value: Value::Text(value) }])
    };
    let is_2x = version.is_at_least(2, 0);
    let unset = |new: &str| !all.contains(new);
    if is_2x && (key.starts_with("queryable-state.") || key == "query.server.port") {
        return Err("queryable state is gone in Flink 2.0".to_owned());
    }
    let heap = |megabytes: bool| if megabytes { format!("{text}m") } else { text.clone() };
    Ok(match key {
        "state.backend" | "state.backend.type"
            if is_2x && matches!(&*text, "jobmanager" | "filesystem") =>
        {
            let mut targets = one("state.backend.type", "hashmap".to_owned()).unwrap_or_default();
            if unset("state.checkpoint-storage") && unset("execution.checkpointing.storage") {
                targets.push(Target {
                    key: "execution.checkpointing.storage".to_owned(),
                    value: Value::Text(text),
                });
            }
            Some(targets)
        }
        "jobmanager.heap.size" | "jobmanager.heap.mb" if is_2x => {
            let new = "jobmanager.memory.heap.size";
            let total = ["jobmanager.memory.process.size", "jobmanager.memory.flink.size", new];
            if let Some(total) = total.iter().find(|total| all.contains(total)) {
                return Err(format!("`{total}` counts in its place"));
            }
            one(new, heap(key.ends_with("mb")))
        }
        "taskmanager.heap.size" | "taskmanager.heap.mb" if is_2x => {
            let new = "taskmanager.memory.flink.size";
            let total = ["taskmanager.memory.process.size", new];
            if let Some(total) = total.iter().find(|total| all.contains(total)) {
                return Err(format!("`{total}` counts in its place"));
            }
            one(new, heap(key.ends_with("mb")))
        }
        "cluster.evenly-spread-out-slots" if is_2x && unset("taskmanager.load-balance.mode") => {
            let mode = if text.eq_ignore_ascii_case("true") { "SLOTS" } else { "NONE" };
            one("taskmanager.load-balance.mode", mode.to_owned())
        }
        _ => {
            let reporter = key
                .strip_prefix("metrics.reporter.")
                .and_then(|rest| rest.strip_suffix(".class"))
                .filter(|name| !name.contains('.'));
            match reporter {
                Some(name) if is_2x && text.starts_with("org.apache.flink.metrics.") => {
                    let new = format!("metrics.reporter.{name}.factory.class");
                    if unset(&new) {
                        one(&new, format!("{text}Factory"))
                    } else {
                        return Err(format!("`{new}` counts in its place"));
                    }
                }
                _ => None,
            }
        }
    })
}
