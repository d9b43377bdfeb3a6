//! Processes as they were started and as they shall be: which of them restart, and why, where no option tells.

use std::collections::{BTreeMap, BTreeSet};

use super::{Difference, Explained, ProcessChange, Shape};
use crate::words::change as words;
use nutkin_flink::process::{ARCHIVE_FLAGS, Role};

/// Variables that a session takes from whoever starts it and that no Flink process does its work by: a terminal
/// with another `PATH` must not restart a session.
const INCIDENTAL: &[&str] = &["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// Variables whose values are nobody's business, beside those that Flink would call sensitive.
const SECRET: &[&str] = &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// One process, reduced to what it is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessShape {
    /// What it is for.
    pub role: Role,
    /// The program.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Digest of what it reads at its start.
    pub inputs: String,
}

impl ProcessShape {
    /// Whether this one, running, does for the other: they differ in nothing but what was incidental at the start,
    /// and in class data archives, which come and go.
    pub fn serves_for(&self, other: &Self) -> bool {
        self.role == other.role
            && self.program == other.program
            && self.inputs == other.inputs
            && lasting(&self.arguments).eq(lasting(&other.arguments))
            && self.variables().eq(other.variables())
    }

    fn variables(&self) -> impl Iterator<Item = (&String, &String)> {
        self.environment.iter().filter(|(name, _)| !INCIDENTAL.contains(&name.as_str()))
    }
}

/// The arguments without those about class data archives.
pub fn lasting(arguments: &[String]) -> impl Iterator<Item = &String> {
    let is_of_archive =
        |argument: &str| ARCHIVE_FLAGS.iter().any(|flag| argument.starts_with(flag));
    arguments.iter().filter(move |argument| !is_of_archive(argument))
}

/// Whether the value of a variable is to be masked.
pub fn is_secret_variable(name: &str, sensitive: impl Fn(&str) -> bool) -> bool {
    SECRET.contains(&name) || sensitive(&name.to_lowercase())
}

/// Notes which roles restart, and the reasons that no difference of options, files or fields explains.
pub(super) fn compare(
    old: &Shape,
    new: &Shape,
    explained: &Explained,
    sensitive: impl Fn(&str) -> bool,
    change: &mut ProcessChange,
) {
    let mut told = BTreeSet::new();
    for (name, before) in &old.processes {
        let after = new.processes.get(name);
        let restarts = match before.role {
            Role::JobManager => &mut change.restarts_job_managers,
            Role::TaskManager => &mut change.restarts_task_managers,
            Role::ZooKeeper => &mut change.restarts_zookeeper,
        };
        let Some(after) = after else {
            // Fewer TaskManagers are counted; a JobManager that goes takes jobs with it.
            *restarts |= before.role != Role::TaskManager;
            continue;
        };
        if before.serves_for(after) {
            continue;
        }
        *restarts = true;
        for difference in reasons(before, after, !explained.has(before.role), &sensitive) {
            if told.insert(difference.what.clone()) {
                change.differences.push(difference);
            }
        }
    }
}

fn reasons(
    old: &ProcessShape,
    new: &ProcessShape,
    with_arguments: bool,
    sensitive: impl Fn(&str) -> bool,
) -> Vec<Difference> {
    let mut reasons = Vec::new();
    let told = |what: String, old, new| Difference { what, old, new };
    let is_java = old.program != new.program;
    if is_java {
        reasons.push(told("java".to_owned(), Some(old.program.clone()), Some(new.program.clone())));
    }
    let (before, after): (BTreeMap<_, _>, BTreeMap<_, _>) =
        (old.variables().collect(), new.variables().collect());
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for name in names {
        let (before, after) = (before.get(name), after.get(name));
        let is_told = match name.as_str() {
            "JAVA_HOME" => is_java,
            "FLINK_HOME" => !with_arguments,
            // Follow from options, or from the one above.
            "ROOT_LOG_LEVEL" | "MAX_LOG_FILE_NUMBER" => true,
            name => name.starts_with("FLINK_"),
        };
        if before == after || is_told {
            continue;
        }
        let shown = |value: Option<&&String>| {
            let is_secret = is_secret_variable(name, &sensitive);
            value.map(|value| if is_secret { "******".to_owned() } else { (*value).clone() })
        };
        reasons.push(told(words::variable(name), shown(before), shown(after)));
    }
    if with_arguments {
        let (before, after) = (parts(&old.arguments), parts(&new.arguments));
        let only = |these: &[String], others: &[String]| {
            let these = these.iter().filter(|one| !others.contains(one));
            let texts: Vec<_> = these.map(|one| masked(one, &sensitive)).collect();
            (!texts.is_empty()).then(|| texts.join(" "))
        };
        let (gone, come) = (only(&before, &after), only(&after, &before));
        let role = match old.role {
            Role::JobManager => "JobManager",
            Role::TaskManager => "TaskManager",
            Role::ZooKeeper => "ZooKeeper",
        };
        if gone.is_some() || come.is_some() {
            reasons.push(told(words::arguments(role), gone, come));
        } else if reasons.is_empty() {
            reasons.push(told(words::reads_at_start(role), None, None));
        }
    }
    reasons
}

/// Arguments, the class path as one part for each jar.
fn parts(arguments: &[String]) -> Vec<String> {
    let mut parts = Vec::new();
    let mut is_class_path = false;
    for argument in lasting(arguments) {
        if is_class_path {
            parts.extend(argument.split(':').map(str::to_owned));
        } else {
            parts.push(argument.clone());
        }
        is_class_path = argument == "-classpath";
    }
    parts
}

/// `key=value` without a value that is a secret.
fn masked(argument: &str, sensitive: impl Fn(&str) -> bool) -> String {
    match argument.split_once('=') {
        Some((key, _)) if sensitive(key.trim_start_matches("-D")) => format!("{key}=******"),
        _ => argument.to_owned(),
    }
}
