//! The effective configuration of a process: the mounted file, then variables, then `-D` arguments.
//!
//! It is what the official entrypoint of each version reaches by editing the file, with three differences that
//! are all on the user's side: values of `FLINK_PROPERTIES` keep their blanks in every version, variables win even
//! where the file cannot be written, and comments in `FLINK_PROPERTIES` are comments in every version.

use std::collections::BTreeMap;

use super::command::is_set;
use super::layers::{Layers, Overridden, variable};
use super::{Rules, Service, Start, cluster, substitute};
use nutkin_flink::dialect::{self, Dialect};
use nutkin_flink::{Configuration, FlinkVersion, Origin};
use nutkin_flink::{Location, Problem};

use super::ObservedContainer;

/// Port of the BLOB server that the official entrypoint sets.
const BLOB_PORT: &str = "6124";
/// Port of queryable state that the official entrypoint sets, under a key that no version reads any more.
const QUERY_PORT: &str = "6125";

/// A configuration, and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// All options that the process has, `-D` arguments included.
    pub configuration: Configuration,
    /// The options of the file that the process shall read.
    pub file: Configuration,
    /// Which language that file has.
    pub dialect: Dialect,
    /// Whether `file` is something else than what is mounted.
    pub changed: bool,
    /// The arguments of the process, in its version's words.
    pub arguments: Vec<String>,
    /// Values that gave way to others.
    pub overridden: Vec<Overridden>,
    /// What works but should be known.
    pub warnings: Vec<Problem>,
}

/// Brings together what a process shall be configured with. Precedence, lowest first:
///
/// 1. the mounted file;
/// 2. where the official entrypoint could write that file: its defaults (address, ports, slots of 1.13);
/// 3. variables of the official entrypoint, then those of clusters by host name;
/// 4. `FLINK_PROPERTIES`;
/// 5. arguments: `-D`, and the host and port of 1.x.
///
/// # Errors
/// All that is wrong with the file, the variables and the arguments.
pub fn effective(
    start: &Start,
    version: FlinkVersion,
    observed: &ObservedContainer,
) -> Result<Effective, Vec<Problem>> {
    let environment = &observed.environment;
    let mut problems = Vec::new();
    let mut warnings = Vec::new();
    let dialect = loaded(version, observed, &mut warnings);
    let as_text = version.is_at_least(1, 19);

    // 1.
    let mounted = dialect.and_then(|dialect| observed.conf.get(dialect.file_name()));
    let dialect = dialect.unwrap_or(Dialect::for_version(version));
    let path = format!("{}/{}", observed.conf_directory, dialect.file_name());
    let edits = start.rules != Rules::Script && observed.conf_writable;
    let mut read = Configuration::new();
    if let Some(text) = mounted {
        // Up to 1.18 the whole file goes through envsubst.
        let text = if edits && !as_text {
            substitute::substitute(text, environment)
        } else {
            text.clone()
        };
        match dialect::read(dialect, &text, &path) {
            Ok(reading) => {
                read = reading.configuration;
                warnings.extend(reading.warnings);
            }
            Err(all) => problems.extend(all),
        }
    }
    let mut layers = Layers { all: read.clone(), overridden: Vec::new() };

    if start.rules != Rules::Script {
        // 2. and 3.
        official(&mut layers, start, version, observed, edits);
        if start.rules == Rules::Cluster {
            problems.extend(cluster::apply(&mut layers, start, version, observed));
        }
        // 4.
        if let Some(text) = environment.get("FLINK_PROPERTIES") {
            for (key, entry) in properties(text, version, environment, &mut warnings).iter() {
                let value = entry.value.to_string();
                if value.is_empty() && dialect == Dialect::FlinkConf {
                    // Flink writes a line that it does not read back.
                    layers.remove(key, &entry.origin);
                } else {
                    layers.set(key, value, entry.origin.clone());
                }
            }
        }
    }

    // 5.
    let arguments = arguments(start);
    let dynamic = match dynamic(&arguments) {
        Ok(dynamic) => dynamic,
        Err(all) => {
            problems.extend(all);
            Configuration::new()
        }
    };
    let mut file = layers.all.clone();
    for (key, entry) in dynamic.iter() {
        layers.set(key, entry.value.to_string(), Origin::CommandLine);
    }
    if !start.service.takes_options() {
        file = layers.all.clone();
    }
    if start.service.is_native() {
        warnings.extend(unheard(environment));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    // A file that envsubst changed is another file too.
    let changed = mounted.is_none()
        || text_of(&file) != text_of(&read)
        || edits && !as_text && mounted.is_some_and(|text| text.contains('$'));
    Ok(Effective {
        configuration: layers.all,
        file,
        dialect,
        changed,
        arguments,
        overridden: layers.overridden,
        warnings,
    })
}

fn text_of(configuration: &Configuration) -> BTreeMap<&str, String> {
    configuration.iter().map(|(key, entry)| (key, entry.value.to_string())).collect()
}

/// Which of the two files the version reads.
fn loaded(
    version: FlinkVersion,
    observed: &ObservedContainer,
    warnings: &mut Vec<Problem>,
) -> Option<Dialect> {
    let has = |dialect: Dialect| observed.conf.contains_key(dialect.file_name());
    let (old, new) = (has(Dialect::FlinkConf), has(Dialect::ConfigYaml));
    let loaded = Dialect::loaded(version, old, new);
    let mut warn = |name: &str, message: String, hint: &str| {
        let file = format!("{}/{name}", observed.conf_directory);
        let location = Location { file, line: None, column: None };
        warnings.push(Problem::new("", message).hint(hint).at(location));
    };
    for (dialect, there) in [(Dialect::FlinkConf, old), (Dialect::ConfigYaml, new)] {
        if there && loaded != Some(dialect) {
            let message = format!("Flink {version} does not read this file here");
            warn(
                dialect.file_name(),
                message,
                "one of the two files is enough: remove this one, or rename it",
            );
        }
    }
    if loaded.is_none() {
        let name = Dialect::for_version(version).file_name();
        let message = format!("there is no file that Flink {version} reads; all options are unset");
        warn(name, message, "mount one, or give options in FLINK_PROPERTIES");
    }
    loaded
}

/// What the official entrypoint sets. Its defaults take the place of what the file says only where it could
/// have written that file: a mounted ConfigMap keeps its address.
fn official(
    layers: &mut Layers,
    start: &Start,
    version: FlinkVersion,
    observed: &ObservedContainer,
    edits: bool,
) {
    let environment = &observed.environment;
    let text = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let is_official = start.rules == Rules::Official;
    let address = "jobmanager.rpc.address";
    let host = Origin::Default("the full name of this host: JOB_MANAGER_RPC_ADDRESS is not set");
    match text("JOB_MANAGER_RPC_ADDRESS") {
        Some(value) => layers.set(address, value, variable("JOB_MANAGER_RPC_ADDRESS")),
        None if start.with_task_manager => {
            layers.set(
                address,
                "localhost",
                Origin::Default("both processes are in this container"),
            );
        }
        // In a cluster by host name a TaskManager is never on the JobManager's host.
        None if !is_official && start.service == Service::TaskExecutor => {}
        None if edits || !layers.all.contains(address) => {
            layers.set(address, observed.host.full_name(), host);
        }
        None => {}
    }
    if edits && is_official {
        let fixed = Origin::Default("the official entrypoint's port");
        layers.set("blob.server.port", BLOB_PORT, fixed.clone());
        layers.set("query.server.port", QUERY_PORT, fixed);
    }
    let slots = "taskmanager.numberOfTaskSlots";
    match text("TASK_MANAGER_NUMBER_OF_TASK_SLOTS") {
        Some(value) => layers.set(slots, value, variable("TASK_MANAGER_NUMBER_OF_TASK_SLOTS")),
        None if edits && is_official && !version.is_at_least(1, 14) => {
            layers.set(slots, "1", Origin::Default("the official entrypoint of 1.13"));
        }
        None => {}
    }
}

/// The options in `FLINK_PROPERTIES`. Up to 1.18 they are lines of `flink-conf.yaml`; since 1.19 a colon is
/// enough, and variables are filled in behind it.
fn properties(
    text: &str,
    version: FlinkVersion,
    environment: &BTreeMap<String, String>,
    warnings: &mut Vec<Problem>,
) -> Configuration {
    let name = "FLINK_PROPERTIES";
    let mut found = Configuration::new();
    if !version.is_at_least(1, 19) {
        let text = substitute::substitute(text, environment);
        if let Ok(reading) = dialect::read(Dialect::FlinkConf, &text, name) {
            for (key, entry) in reading.configuration.iter() {
                found.set(key, entry.value.clone(), variable(name));
            }
            warnings.extend(reading.warnings);
        }
        return found;
    }
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.find(" #").map_or(value, |comment| &value[..comment]);
        let (key, value) = (key.trim(), substitute::substitute(value.trim(), environment));
        if key.is_empty() || value.is_empty() {
            let location = Location { file: name.to_owned(), line: Some(number), column: None };
            let message = "key or value is missing";
            warnings.push(Problem::new(key, message).hint("write `key: value`").at(location));
        }
        if !key.is_empty() {
            found.set(key, value, variable(name));
        }
    }
    found
}

/// The arguments of the process. The words that 1.x takes behind `jobmanager`, a host and a port, become options,
/// which every version understands; they stand behind the other options, because Flink lets them win.
fn arguments(start: &Start) -> Vec<String> {
    if start.service != Service::StandaloneSession {
        return start.arguments.clone();
    }
    let mut words = start.arguments.iter().filter(|word| !word.is_empty());
    let (mut options, mut named, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    let mut positional = ["jobmanager.rpc.address", "rest.port"].into_iter();
    while let Some(word) = words.next() {
        if word == "-D" {
            options.extend(words.next().cloned());
            continue;
        }
        if let Some(option) = word.strip_prefix("-D") {
            options.push(option.to_owned());
            continue;
        }
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        let key = match name {
            "--host" | "-h" => Some("jobmanager.rpc.address"),
            "--webui-port" | "-r" => Some("rest.port"),
            _ => None,
        };
        if let Some(key) = key {
            let value = value.or_else(|| words.next().cloned());
            named.extend(value.map(|value| format!("{key}={value}")));
        } else if word.starts_with('-') || !rest.is_empty() {
            rest.push(word.clone());
        } else if let Some(key) = positional.next() {
            named.push(format!("{key}={word}"));
        } else {
            rest.push(word.clone());
        }
    }
    let options = options.into_iter().chain(named);
    options.flat_map(|option| ["-D".to_owned(), option]).chain(rest).collect()
}

/// The options among arguments: `-Dkey=value` and `-D key=value`.
///
/// # Errors
/// All that have no key.
pub(super) fn dynamic(arguments: &[String]) -> Result<Configuration, Vec<Problem>> {
    let mut options = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "-D" {
            options.extend(words.next().cloned());
        } else if let Some(option) = word.strip_prefix("-D") {
            options.push(option.to_owned());
        }
    }
    nutkin_flink::dynamic::parse(&options)
}

/// Variables that cannot change a pod of the native mode, where the mounted file is the truth for all pods.
fn unheard(environment: &BTreeMap<String, String>) -> Vec<Problem> {
    ["FLINK_PROPERTIES", "JOB_MANAGER_RPC_ADDRESS", "TASK_MANAGER_NUMBER_OF_TASK_SLOTS"]
        .into_iter()
        .filter(|name| is_set(environment, name))
        .map(|name| {
            Problem::new(name, "has no effect on pods that Flink itself starts on Kubernetes")
                .hint("give the option to the session: `-D key=value`, or its configuration file")
        })
        .collect()
}
