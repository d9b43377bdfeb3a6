//! What is refused, in FKO's words and order: the API server refuses some of it already (`crd::rules`), the loop refuses the rest, and
//! `nutkin check` says all of it before anything is applied.

mod deployment;
mod jar;
mod job;
mod quantity;
mod resources;
mod snapshot;

use nutkin_flink::{Configuration, Origin};
use serde_json::Value;

pub use deployment::{DeploymentFacts, deployment};
pub use jar::{JarPolicy, host, is_restricted, resolved};
pub use job::{SessionFacts, SessionJobFacts, session_job};
pub use snapshot::{SnapshotFacts, snapshot};

/// What is wrong with a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRefusal {
    /// Of which sort it is.
    pub sort: Sort,
    /// The field that has to be changed: `spec.jobManager.replicas`.
    pub path: &'static str,
    /// FKO's sentence.
    pub text: String,
}

fn refusal(sort: Sort, path: &'static str, text: impl Into<String>) -> ResourceRefusal {
    ResourceRefusal { sort, path, text: text.into() }
}

/// Sorts of refusals, as `nutkin check` has codes for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// The name, or the name of the session that a job belongs to.
    Name,
    /// `flinkVersion` is missing or not supported.
    Version,
    /// An option that the resource itself decides.
    ForbiddenOption,
    /// An option without another one that it needs.
    NeedsOption,
    /// `ingress` without its address.
    Ingress,
    /// A file of logging that Flink does not read.
    LogFile,
    /// No directory for the state of a job.
    Directory,
    /// Fewer than one of something.
    TooFew,
    /// Several JobManagers without high availability.
    Standby,
    /// Memory that nobody states.
    NoMemory,
    /// A size that cannot be read, or cannot be.
    Size,
    /// No `serviceAccount`.
    ServiceAccount,
    /// A change that only deleting and making anew can do.
    Switch,
    /// A job that is not there, or cannot run where it shall.
    Job,
    /// The address of a jar.
    Jar,
    /// What a snapshot is of.
    Snapshot,
}

/// Options as FKO reads them: nested keys joined by dots, lists by semicolons.
pub fn options_of(spec: &Value) -> Configuration {
    let mut options = Configuration::new();
    add(&mut options, spec);
    options
}

/// Puts the options of a spec over those that are there.
pub fn add(options: &mut Configuration, spec: &Value) {
    for (key, value) in nutkin_core::spec::options_of(&spec["flinkConfiguration"]) {
        options.set(key, value, Origin::Field("spec.flinkConfiguration".to_owned()));
    }
}

/// The text of an option, `None` where it is blank.
fn filled(options: &Configuration, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| options.text(key)).filter(|text| !text.trim().is_empty())
}

/// Whether an option is on: everything that Flink does not read counts as its default.
pub fn is_on(options: &Configuration, key: &str, default: bool) -> bool {
    let text = options.text(key);
    text.and_then(|text| nutkin_flink::values::boolean(&text).ok()).unwrap_or(default)
}

/// A field that is set: `null` is not.
fn given<'v>(value: &'v Value, field: &str) -> Option<&'v Value> {
    value.get(field).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests;
