//! What is refused of a `FlinkStateSnapshot`. Source: `DefaultValidator.validateStateSnapshot` of FKO 1.16.

use serde_json::Value;

use super::{ResourceRefusal, Sort, given, refusal};
use crate::texts;

/// A snapshot, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotFacts<'a> {
    /// `metadata.namespace`.
    pub namespace: &'a str,
    /// `spec`.
    pub spec: &'a Value,
    /// `status.state`; `None` before anything was done.
    pub state: Option<&'a str>,
    /// Whether the job that it refers to is there.
    pub has_target: bool,
}

/// All that is refused; what FKO would say comes first.
pub fn snapshot(new: &SnapshotFacts<'_>) -> Vec<ResourceRefusal> {
    let (savepoint, checkpoint) = (given(new.spec, "savepoint"), given(new.spec, "checkpoint"));
    if savepoint.is_some() == checkpoint.is_some() {
        return vec![refusal(Sort::Snapshot, "spec", texts::SNAPSHOT_SORT)];
    }
    if savepoint.is_some_and(|savepoint| savepoint["alreadyExists"] == true) {
        return Vec::new();
    }
    let Some(reference) = given(new.spec, "jobReference") else {
        return vec![refusal(Sort::Snapshot, "spec.jobReference", texts::NO_REFERENCE)];
    };
    let is_pending = matches!(new.state, None | Some("TRIGGER_PENDING"));
    if is_pending && !new.has_target {
        let [before, between, after] = texts::NO_TARGET;
        let name = reference["name"].as_str().unwrap_or_default();
        let text = [before, new.namespace, between, name, after].concat();
        return vec![refusal(Sort::Snapshot, "spec.jobReference.name", text)];
    }
    Vec::new()
}
