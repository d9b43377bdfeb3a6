//! Whether the options of a configuration exist and have values of their types.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::{OptionInfo, canonical, find, patterns, ports, slip, suggest, table};
use crate::notation::Dialect;
use crate::units::MemorySize;
use crate::values::{self, ValueError};
use crate::{Configuration, Entry, FlinkVersion, Origin};
use crate::{Location, Problem};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Flink would start and do something else than was meant.
    Warning,
    /// Flink would stop at the value.
    Error,
}

/// Something wrong with one option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionFinding {
    /// How bad it is.
    pub level: Level,
    /// What it is.
    pub problem: Problem,
}

/// Looks at every option. Values are read in the notation of the file that the version gets.
///
/// A key that neither Flink nor a pattern knows is a warning: user code may read it. One in a name space
/// where Flink has no options at all is nobody's business.
pub fn check(configuration: &Configuration, version: FlinkVersion) -> Vec<OptionFinding> {
    let dialect = Dialect::for_version(version);
    let mut findings = Vec::new();
    for (key, entry) in configuration.iter() {
        if let Some((level, problem)) = check_one(key, entry, version, dialect) {
            let problem = match location(&entry.origin) {
                Some(location) => problem.at(location),
                None => problem,
            };
            findings.push(OptionFinding { level, problem });
        }
    }
    findings
}

/// Keys that no release of Flink, no pattern and no Nutkin knows, and that resemble none: only a program can read them.
pub fn foreign(configuration: &Configuration, version: FlinkVersion) -> Vec<&str> {
    let is_foreign = |key: &str| {
        find(&canonical(key, version)).is_none()
            && find(key).is_none()
            && slip(key).is_none()
            && patterns::of(key).is_none()
            && !is_below_a_map(key, version)
            && suggest(key).is_empty()
            && !in_a_name_space_of_flink(key)
    };
    configuration.iter().map(|(key, _)| key).filter(|key| is_foreign(key)).collect()
}

/// What is said of a key that no table has.
const UNKNOWN: &str = "neither Flink nor Nutkin has such an option";

fn check_one(
    key: &str,
    entry: &Entry,
    version: FlinkVersion,
    dialect: Dialect,
) -> Option<(Level, Problem)> {
    let current = canonical(key, version);
    // `find` follows old spellings of all versions; only those of this one count.
    let info = find(&current).filter(|info| info.key == current || info.pattern.is_some());
    if let Some(facts) = info.as_ref().and_then(|info| info.at(version)) {
        let text = entry.value.to_string();
        let reason = ports::problem(&current, &text)
            .or_else(|| value_problem(facts.type_name, &text, version, dialect))
            .or_else(|| no_such_name(&current, &text))?;
        let message = if super::is_sensitive(key) {
            format!("the value does not fit: {reason}")
        } else {
            format!("`{text}` does not fit: {reason}")
        };
        return Some((Level::Error, Problem::new(key, message)));
    }
    if let Some(meant) = slip(key).filter(|_| !is_below_a_map(key, version)) {
        let problem = Problem::new(key, UNKNOWN).hint(format!("did you mean `{meant}`?"));
        return Some((Level::Warning, problem));
    }
    if patterns::of(key).is_some() || is_below_a_map(key, version) {
        return None;
    }
    if let Some(info) = find(key).filter(|info| info.newest().is_some()) {
        return Some((Level::Warning, not_in(key, &info, version)));
    }
    let suggestions = suggest(key);
    if suggestions.is_empty() && !in_a_name_space_of_flink(key) {
        return None;
    }
    let problem = Problem::new(key, UNKNOWN);
    Some((
        Level::Warning,
        match &suggestions[..] {
            [] => problem,
            [one] => problem.hint(format!("did you mean `{one}`?")),
            [rest @ .., last] => {
                let rest = rest.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
                problem.hint(format!("did you mean {rest} or `{last}`?"))
            }
        },
    ))
}

/// An option that other versions have.
fn not_in(key: &str, info: &OptionInfo, version: FlinkVersion) -> Problem {
    let line = format!("{}.{}", version.major, version.minor);
    let versions = info.versions();
    let problem =
        Problem::new(key, format!("Flink {line} does not have this option (versions: {versions})"));
    // Another spelling of the same option that this version reads. The option's own older names come before
    // the newer keys: one of those may be another option that falls back to this one.
    let newer = table::line(key).into_iter().flat_map(|line| line.newer().collect::<Vec<_>>());
    let spellings = [info.key].into_iter().chain(info.old_spellings()).chain(newer);
    let mut current = spellings.filter(|other| {
        *other != key
            && find(other).is_some_and(|info| info.key == *other && info.at(version).is_some())
    });
    match current.next() {
        Some(current) => problem.hint(format!("write `{current}` for this version")),
        None => problem.hint("remove it: it has no effect"),
    }
}

/// Options that are text to Flink, which takes a few words in any case and else the name of a class
/// (`HighAvailabilityMode.fromConfig`, `StateBackendLoader`, `RestartStrategyOptions`).
const NAMED: &[([&str; 2], &[&str])] = &[
    (["high-availability.type", "high-availability"], &["NONE", "ZOOKEEPER", "KUBERNETES"]),
    (
        ["restart-strategy.type", "restart-strategy"],
        &[
            "none",
            "off",
            "disable",
            "fixed-delay",
            "fixeddelay",
            "failure-rate",
            "failurerate",
            "exponential-delay",
            "exponentialdelay",
        ],
    ),
    (
        ["state.backend.type", "state.backend"],
        &["hashmap", "rocksdb", "forst", "filesystem", "jobmanager"],
    ),
];

/// Why a word is not a name that an option knows. What has a dot is a class, and what has other signs is not known here.
fn no_such_name(key: &str, text: &str) -> Option<String> {
    let (_, names) = NAMED.iter().find(|(keys, _)| keys.contains(&key))?;
    let is_word =
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic() || "-_".contains(c));
    let is_known = names.iter().any(|name| name.eq_ignore_ascii_case(text));
    (is_word && !is_known)
        .then(|| format!("expected one of {}, or the name of a class", names.join(", ")))
}

/// Keys below an option of type `Map` are its entries.
fn is_below_a_map(key: &str, version: FlinkVersion) -> bool {
    let mut parent = key;
    while let Some((above, _)) = parent.rsplit_once('.') {
        parent = above;
        let is_map = |info: OptionInfo| {
            info.pattern.is_none() && info.at(version).is_some_and(|facts| facts.type_name == "Map")
        };
        if find(parent).is_some_and(is_map) {
            return true;
        }
    }
    false
}

fn in_a_name_space_of_flink(key: &str) -> bool {
    let first = key.split('.').next().unwrap_or_default();
    key.contains('.') && is_first_word(first)
}

/// Whether options of Flink or Nutkin begin with this word.
pub fn is_first_word(word: &str) -> bool {
    /// Made when the first key asks for it.
    static WORDS: LazyLock<BTreeSet<&str>> =
        LazyLock::new(|| table::lines().filter_map(|line| line.key.split('.').next()).collect());
    word == "nutkin" || WORDS.contains(word)
}

/// Why a text is not a value of a type, or `None` if it is one.
fn value_problem(
    type_name: &str,
    text: &str,
    version: FlinkVersion,
    dialect: Dialect,
) -> Option<String> {
    let told = |result: Result<(), ValueError>| result.err().map(|error| error.to_string());
    match type_name {
        "Boolean" => told(values::boolean(text).map(drop)),
        "Integer" => told(values::int(text).map(drop)),
        "Long" => told(values::long(text).map(drop)),
        "Double" | "Float" => told(values::double(text).map(drop)),
        "Duration" => told(values::duration(text, version).map(drop)),
        "MemorySize" => text.parse::<MemorySize>().err().map(|_| {
            "expected a size such as `512m` or `1g`, with units b, k, m, g or t".to_owned()
        }),
        "List<String>" => told(values::list(text, dialect).map(drop)),
        "List<Map>" => told(values::maps(text, dialect, version).map(drop)),
        "Map" => told(values::map(text, dialect).map(drop)),
        _ => {
            let names: Vec<&str> = type_name.strip_prefix("enum:")?.split('|').collect();
            told(values::enumeration(text, &names).map(drop))
        }
    }
}

fn location(origin: &Origin) -> Option<Location> {
    match origin {
        Origin::File(file, line) | Origin::SessionFile(file, line) => {
            Some(Location { file: file.clone(), line: Some(*line), column: None })
        }
        _ => None,
    }
}
