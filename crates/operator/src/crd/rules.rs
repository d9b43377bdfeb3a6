//! What the API server itself refuses, as CEL rules in the CRDs, in FKO's sentences.
//!
//! A resource that was there before these CRDs can still be edited elsewhere, and deleted: an API server from 1.30 on refuses new faults
//! only.

use serde_json::{Value, json};

use crate::texts;

/// A rule and where it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CelRule {
    /// Path of the field; empty for the whole resource.
    pub path: &'static str,
    /// The expression that holds for what is accepted.
    pub rule: String,
    /// What is said of the rest.
    pub message: CelMessage,
}

/// A sentence, or a CEL expression that makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CelMessage {
    /// The sentence.
    Text(&'static str),
    /// The expression.
    Expression(String),
}

impl CelRule {
    /// As an entry of `x-kubernetes-validations`. A fault that a resource had already does not keep it from being edited, finalized and
    /// deleted: below `spec` the API server compares by itself, but not where it keeps fields that it does not know.
    pub(super) fn to_json(&self) -> Value {
        // Of the whole resource only the name is judged by itself, which cannot change, and comparing it is above the cost limit.
        let compares = self.path == "spec";
        let mut entry = match &self.message {
            CelMessage::Text(text) => json!({"rule": self.rule, "message": text}),
            CelMessage::Expression(text) => json!({"rule": self.rule, "messageExpression": text}),
        };
        if compares {
            let old = self.rule.replace("self.", "oldSelf.value().");
            entry["rule"] = json!(format!("({}) || oldSelf.hasValue() && !({old})", self.rule));
            entry["optionalOldSelf"] = json!(true);
        }
        entry
    }
}

fn rule(path: &'static str, rule: impl Into<String>, message: &'static str) -> CelRule {
    CelRule { path, rule: rule.into(), message: CelMessage::Text(message) }
}

fn saying(path: &'static str, rule: impl Into<String>, message: String) -> CelRule {
    CelRule { path, rule: rule.into(), message: CelMessage::Expression(message) }
}

/// Around an expression the two halves of a sentence.
fn around(halves: [&str; 2], expression: &str) -> String {
    format!("\"{}\" + {expression} + \"{}\"", halves[0], halves[1])
}

/// Whether the operator has deployed the old resource: before that nothing is switched.
const DEPLOYED: &str = "(has(oldSelf.status) && has(oldSelf.status.reconciliationStatus) && has(oldSelf.status.reconciliationStatus.lastReconciledSpec))";

fn unless_deployed(rest: &str) -> String {
    format!("!{DEPLOYED} || {rest}")
}

/// Rules of a `FlinkDeployment`.
pub fn deployment() -> Vec<CelRule> {
    let is_native = |resource: &str| {
        format!("(!has({resource}.spec.mode) || {resource}.spec.mode == 'native')")
    };
    let (was_native, native) = (is_native("oldSelf"), is_native("self"));
    let log_keys = texts::LOG_KEYS.map(|key| format!("'{key}'")).join(", ");
    let [key, rest] = texts::LOG_KEY;
    vec![
        saying(
            "",
            format!("self.metadata.name.matches('{}')", texts::NAME_PATTERN),
            around(texts::NAME, "self.metadata.name"),
        ),
        rule("", unless_deployed("has(oldSelf.spec.job) || !has(self.spec.job)"), texts::TO_JOB),
        rule(
            "",
            unless_deployed("!has(oldSelf.spec.job) || has(self.spec.job)"),
            texts::TO_SESSION,
        ),
        rule("", unless_deployed(&format!("!{was_native} || {native}")), texts::TO_STANDALONE),
        rule("", unless_deployed(&format!("{was_native} || !{native}")), texts::TO_NATIVE),
        rule("spec", "has(self.flinkVersion)", texts::NO_VERSION),
        saying(
            "spec",
            // An application is left alone: whoever runs it knows which releases.
            "!has(self.flinkVersion) || !(self.flinkVersion in ['v1_13', 'v1_14']) && (has(self.job) || self.flinkVersion != 'v2_4')",
            around(texts::UNSUPPORTED_VERSION, "self.flinkVersion"),
        ),
        rule("spec", "has(self.serviceAccount)", texts::SERVICE_ACCOUNT),
        rule("spec.ingress", "has(self.template)", texts::INGRESS),
        saying(
            "spec.logConfiguration",
            format!("self.all(key, key in [{log_keys}])"),
            format!("\"{key}\" + self.filter(key, !(key in [{log_keys}]))[0] + \"{rest}\""),
        ),
        rule("spec.jobManager", "!has(self.replicas) || self.replicas >= 1", texts::JOB_MANAGERS),
        rule("spec.taskManager", "!has(self.replicas) || self.replicas >= 1", texts::TASK_MANAGERS),
    ]
}

/// Rules of a `FlinkSessionJob`.
pub fn session_job() -> Vec<CelRule> {
    let nonce = "savepointRedeployNonce";
    let redeploy = format!(
        "!has(self.spec.job) || !has(self.spec.job.{nonce}) \
         || has(oldSelf.spec.job) && has(oldSelf.spec.job.{nonce}) && oldSelf.spec.job.{nonce} == self.spec.job.{nonce} \
         || has(self.spec.job.initialSavepointPath) && self.spec.job.initialSavepointPath.matches('[^ \\\\t]')"
    );
    vec![
        rule(
            "",
            unless_deployed(
                "has(oldSelf.spec.deploymentName) && has(self.spec.deploymentName) && oldSelf.spec.deploymentName == self.spec.deploymentName",
            ),
            texts::OTHER_DEPLOYMENT,
        ),
        rule("", unless_deployed(&redeploy), texts::REDEPLOY),
        saying(
            "spec",
            format!(
                "has(self.deploymentName) && self.deploymentName.matches('{}')",
                texts::NAME_PATTERN
            ),
            around(texts::NAME, "(has(self.deploymentName) ? self.deploymentName : \"null\")"),
        ),
        rule("spec", "has(self.job)", texts::NO_JOB),
        rule("spec.job", "!has(self.parallelism) || self.parallelism > 0", texts::PARALLELISM),
        rule(
            "spec.job",
            "!has(self.jarURI) || self.jarURI.matches('^[A-Za-z][A-Za-z0-9+.-]*:')",
            texts::NO_SCHEME,
        ),
        rule(
            "spec.job",
            "!has(self.jarURI) || !self.jarURI.matches('^[hH][tT][tT][pP][sS]?:') || self.jarURI.matches('^[a-zA-Z]+://[^/?#]')",
            texts::NO_HOST,
        ),
    ]
}

/// Rules of a `FlinkStateSnapshot`.
pub fn snapshot() -> Vec<CelRule> {
    vec![
        rule("spec", "has(self.checkpoint) != has(self.savepoint)", texts::SNAPSHOT_SORT),
        rule(
            "spec",
            "has(self.jobReference) || has(self.savepoint) && has(self.savepoint.alreadyExists) && self.savepoint.alreadyExists",
            texts::NO_REFERENCE,
        ),
    ]
}
