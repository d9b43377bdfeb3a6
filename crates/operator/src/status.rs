//! What a status says, in FKO's words, and how it is written: only what changes, in one patch.
//!
//! A status is kept as JSON, because fields of others (a newer operator's, FKO's own) stay in it.

use nutkin_core::jobs::OPERATOR_ONLY;
use nutkin_core::spec::options_of;
use serde_json::{Map, Value, json};

use crate::resource::{API_VERSION, CustomResource, last_spec};

/// `status.jobManagerDeploymentStatus` (`JobManagerDeploymentStatus` of FKO).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobManagerState {
    /// Its workload is not there, and nobody is making it.
    Missing,
    /// It starts.
    Deploying,
    /// It runs, and does not answer yet.
    DeployedNotReady,
    /// It answers.
    Ready,
    /// It cannot start.
    Error,
}

impl JobManagerState {
    const ALL: [Self; 5] =
        [Self::Missing, Self::Deploying, Self::DeployedNotReady, Self::Ready, Self::Error];

    /// As the status has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "MISSING",
            Self::Deploying => "DEPLOYING",
            Self::DeployedNotReady => "DEPLOYED_NOT_READY",
            Self::Ready => "READY",
            Self::Error => "ERROR",
        }
    }

    /// The reason of the condition `Running`.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "JobManagerDeploymentMissing",
            Self::Deploying => "JobManagerIsDeploying",
            Self::DeployedNotReady => "DeployedNotReady",
            Self::Ready => "JobManagerReady",
            Self::Error => "Error",
        }
    }

    /// What a status says.
    pub fn of(status: &Value) -> Option<Self> {
        let name = status["jobManagerDeploymentStatus"].as_str()?;
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// `status.reconciliationStatus.state`, as far as this operator brings it about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReconciliationState {
    /// What is wanted is noted, and being brought about.
    Upgrading,
    /// It was brought about.
    Deployed,
}

impl ReconciliationState {
    /// As the status has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upgrading => "UPGRADING",
            Self::Deployed => "DEPLOYED",
        }
    }

    /// What a status says; another word of FKO's is one of something under way.
    pub fn of(status: &Value) -> Option<Self> {
        let name = status["reconciliationStatus"]["state"].as_str()?;
        Some(if name == "DEPLOYED" { Self::Deployed } else { Self::Upgrading })
    }
}

/// A status while it is being made.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusDraft(Value);

impl StatusDraft {
    /// Begins with what was said last.
    pub fn of(status: &Value) -> Self {
        Self(if status.is_object() { status.clone() } else { json!({}) })
    }

    /// Says something in a field (`a.b`); null takes the field out.
    pub fn set(&mut self, path: &str, value: impl Into<Value>) {
        let value = value.into();
        let mut node = &mut self.0;
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            if !node.is_object() {
                *node = json!({});
            }
            let Value::Object(fields) = node else { return };
            if parts.peek().is_none() {
                if value.is_null() {
                    fields.shift_remove(part);
                } else {
                    fields.insert(part.to_owned(), value);
                }
                return;
            }
            if value.is_null() && !fields.contains_key(part) {
                return;
            }
            node = fields.entry(part).or_insert_with(|| json!({}));
        }
    }

    /// What is wanted, which is written before it is brought about: whoever takes over after a cut goes on from here.
    pub fn wants(&mut self, spec: &Value, is_first: bool, now_millis: i64) {
        self.set("reconciliationStatus.lastReconciledSpec", spec_text(spec, is_first));
        self.set("reconciliationStatus.reconciliationTimestamp", now_millis);
        self.state(ReconciliationState::Upgrading);
    }

    /// The same of a spec that differs only in what changes nothing that runs: state and stability stay.
    pub fn wants_the_same(&mut self, spec: &Value, now_millis: i64) {
        let (was_stable, state) = (is_stable(&self.0), ReconciliationState::of(&self.0));
        self.wants(spec, false, now_millis);
        self.state(state.unwrap_or(ReconciliationState::Upgrading));
        if was_stable {
            self.is_stable();
        }
    }

    /// `reconciliationStatus.state`.
    pub fn state(&mut self, state: ReconciliationState) {
        self.set("reconciliationStatus.state", state.name());
    }

    /// What was wanted last is stable.
    pub fn is_stable(&mut self) {
        let spec = self.0["reconciliationStatus"]["lastReconciledSpec"].clone();
        self.set("reconciliationStatus.lastStableSpec", spec);
    }

    /// What is wrong, or nothing. FKO's form of it: JSON as a text.
    pub fn error(&mut self, error: Option<&str>) {
        let text = error.map(|message| {
            json!({"type": "Error", "message": message, "additionalMetadata": {}, "throwableList": []})
                .to_string()
        });
        self.set("error", text.map_or(Value::Null, Value::from));
    }

    /// The conditions. Each keeps the time of its last change.
    pub fn conditions(&mut self, wanted: &[StatusCondition<'_>], generation: i64, now: &str) {
        let mut all = self.0["conditions"].as_array().cloned().unwrap_or_default();
        for one in wanted {
            let status = if one.is_true { "True" } else { "False" };
            let place = all.iter().position(|old| old["type"] == one.kind);
            let since = place.filter(|at| all[*at]["status"] == status);
            let since =
                since.map_or_else(|| json!(now), |at| all[at]["lastTransitionTime"].clone());
            let condition = json!({
                "type": one.kind, "status": status, "reason": one.reason, "message": one.message,
                "lastTransitionTime": since, "observedGeneration": generation,
            });
            match place {
                Some(at) => all[at] = condition,
                None => all.push(condition),
            }
        }
        self.set("conditions", all);
    }

    /// A text in the status.
    pub fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The whole.
    pub fn done(self) -> Value {
        self.0
    }
}

/// One condition that is to hold or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusCondition<'a> {
    /// `Running`, and kstatus' `Ready`, `Reconciling`, `Stalled`.
    pub kind: &'a str,
    /// Whether it holds.
    pub is_true: bool,
    /// In one word.
    pub reason: &'a str,
    /// For people.
    pub message: &'a str,
}

/// The form in which FKO keeps a spec in a status: JSON as a text.
fn spec_text(spec: &Value, is_first: bool) -> String {
    let about = json!({"apiVersion": API_VERSION, "firstDeployment": is_first});
    json!({"spec": spec, "resource_metadata": about}).to_string()
}

/// The resource as it was brought about last; as it is where it never was.
#[must_use]
pub fn as_brought(resource: &CustomResource) -> CustomResource {
    let mut resource = resource.clone();
    if let Some(last) = last_spec(&resource.status) {
        resource.spec = last;
    }
    resource
}

/// Whether what was wanted last is known to be stable.
pub fn is_stable(status: &Value) -> bool {
    let about = &status["reconciliationStatus"];
    about["lastStableSpec"].is_string() && about["lastStableSpec"] == about["lastReconciledSpec"]
}

/// The message in `status.error`.
pub fn error(status: &Value) -> Option<String> {
    let text = status["error"].as_str()?;
    let read: Option<Value> = serde_json::from_str(text).ok();
    let message = read.and_then(|read| read["message"].as_str().map(str::to_owned));
    Some(message.unwrap_or_else(|| text.to_owned()))
}

/// What another spec asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpecDiff {
    /// The same.
    Same,
    /// Another one, of which nothing has to be done.
    Ignored,
    /// Something has to be done.
    Upgrade,
}

/// Compares two specs. Fields with nothing in them are as if they were not there, options say the same flat and nested, and those that
/// only the operator reads change nothing that runs. Source: `SpecDiff` annotations of FKO's `AbstractFlinkSpec`.
pub fn difference_of_specs(old: &Value, new: &Value) -> SpecDiff {
    let (old, new) = (flat(pruned(old)), flat(pruned(new)));
    if old == new {
        return SpecDiff::Same;
    }
    if without_ignored(old) == without_ignored(new) { SpecDiff::Ignored } else { SpecDiff::Upgrade }
}

/// With options in one piece each, whichever way they are written.
fn flat(mut spec: Value) -> Value {
    if let Some(options) = spec.get_mut("flinkConfiguration").filter(|options| options.is_object())
    {
        let mut all = options_of(options);
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        let all = all.into_iter().map(|(key, value)| (key, json!(value.to_string())));
        *options = Value::Object(all.collect::<Map<_, _>>());
    }
    spec
}

fn without_ignored(mut spec: Value) -> Value {
    if let Some(options) = spec["flinkConfiguration"].as_object_mut() {
        options.retain(|key, _| !OPERATOR_ONLY.iter().any(|prefix| key.starts_with(prefix)));
    }
    spec
}

/// Without nulls and empty objects, and with keys in order: how a spec was written does not matter.
fn pruned(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut kept: Vec<(String, Value)> = fields
                .iter()
                .map(|(key, value)| (key.clone(), pruned(value)))
                .filter(|(_, value)| !is_empty(value))
                .collect();
            kept.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(kept.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(pruned).collect(),
        other => other.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

/// What makes the second of the first, as a merge patch (RFC 7386); `None`: they say the same.
pub fn merge_patch(old: &Value, new: &Value) -> Option<Value> {
    if old == new {
        return None;
    }
    let (Value::Object(before), Value::Object(after)) = (old, new) else {
        return Some(new.clone());
    };
    let mut patch = Map::new();
    for (key, value) in after {
        if let Some(part) = merge_patch(before.get(key).unwrap_or(&Value::Null), value) {
            patch.insert(key.clone(), part);
        }
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_written() {
        #[track_caller]
        fn check(old: Value, new: Value, expected: Option<Value>) {
            assert_eq!(merge_patch(&old, &new), expected);
        }
        check(json!({"a": 1}), json!({"a": 1}), None);
        check(Value::Null, json!({"a": {"b": 1}}), Some(json!({"a": {"b": 1}})));
        check(
            json!({"a": {"b": 1, "c": 2}, "d": [1]}),
            json!({"a": {"b": 1, "c": 3}, "d": [2]}),
            Some(json!({"a": {"c": 3}, "d": [2]})),
        );
        check(json!({"a": 1, "error": "x"}), json!({"a": 1}), Some(json!({"error": null})));
    }

    #[test]
    fn how_a_spec_is_written_does_not_matter() {
        #[track_caller]
        fn check(old: Value, new: Value, expected: SpecDiff) {
            assert_eq!(difference_of_specs(&old, &new), expected);
        }
        check(json!({"a": 1, "b": null}), json!({"c": {}, "a": 1}), SpecDiff::Same);
        check(json!({"a": 1}), json!({"a": 2}), SpecDiff::Upgrade);
        let with = |key: &str, value: u8| json!({"flinkConfiguration": {key: value}});
        let operator = "kubernetes.operator.periodic.savepoint.interval";
        check(with(operator, 1), with(operator, 2), SpecDiff::Ignored);
        check(with("a", 1), with("a", 2), SpecDiff::Upgrade);
        let nested = |interval: u8, other: u8| {
            json!({"flinkConfiguration": {"kubernetes": {
                "operator": {"periodic.savepoint": {"interval": interval}}, "other": other,
            }}})
        };
        let flat = json!({"flinkConfiguration": {"kubernetes.other": 1, operator: "1"}});
        check(flat.clone(), nested(1, 1), SpecDiff::Same);
        check(flat.clone(), nested(2, 1), SpecDiff::Ignored);
        check(flat, nested(1, 2), SpecDiff::Upgrade);
    }

    #[test]
    fn a_draft_keeps_what_others_said() {
        let mut draft = StatusDraft::of(&json!({"theirs": 1, "error": "x"}));
        draft.error(None);
        draft.wants(&json!({"image": "i"}), true, 7);
        draft.is_stable();
        draft.set("jobStatus.savepointInfo.triggerId", Value::Null);
        let status = draft.done();
        assert_eq!(status["theirs"], 1);
        assert!(status["error"].is_null() && status["jobStatus"].is_null());
        assert_eq!(last_spec(&status), Some(json!({"image": "i"})));
        assert!(is_stable(&status));
        let mut draft = StatusDraft::of(&status);
        draft.error(Some("why"));
        assert_eq!(error(&draft.done()).as_deref(), Some("why"));
    }

    #[test]
    fn conditions_keep_the_time_of_their_change() {
        let ready = |is_true| StatusCondition { kind: "Ready", is_true, reason: "R", message: "" };
        let mut draft = StatusDraft::of(&Value::Null);
        for (is_true, now) in [(false, "1"), (false, "2"), (true, "3"), (true, "4")] {
            draft.conditions(&[ready(is_true)], 1, now);
        }
        let status = draft.done();
        assert_eq!(status["conditions"].as_array().map(Vec::len), Some(1));
        assert_eq!(status["conditions"][0]["lastTransitionTime"], "3");
    }
}
