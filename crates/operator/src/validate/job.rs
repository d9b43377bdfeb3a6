//! What is refused of a `FlinkSessionJob`. Source: `DefaultValidator.validateSessionJob` of FKO 1.16.

use nutkin_flink::Configuration;
use serde_json::Value;

use super::jar::{self, JarPolicy};
use super::{ResourceRefusal, Sort, deployment, given, refusal};
use crate::texts;

/// The session that a job belongs to.
#[derive(Debug, Clone, Copy)]
pub struct SessionFacts<'a> {
    /// `metadata.name`.
    pub name: &'a str,
    /// `spec`.
    pub spec: &'a Value,
}

/// A session job, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct SessionJobFacts<'a> {
    /// `spec`.
    pub spec: &'a Value,
    /// The options that count: those of the session, and those of the job over them.
    pub options: &'a Configuration,
    /// The spec that was deployed last; `None` before the first time.
    pub last: Option<&'a Value>,
    /// The session; `None` where it is not there yet, and then nothing is said that depends on it.
    pub session: Option<SessionFacts<'a>>,
    /// Where jars may come from.
    pub jars: &'a JarPolicy,
}

/// All that is refused; what FKO would say comes first.
///
/// A job that does not state its parallelism has that of the session; FKO refuses it.
pub fn session_job(new: &SessionJobFacts<'_>) -> Vec<ResourceRefusal> {
    let mut found = Vec::new();
    let session = given(new.spec, "deploymentName").and_then(Value::as_str);
    found.extend(deployment::name(session.unwrap_or("null"), "spec.deploymentName"));
    let job = given(new.spec, "job");
    if job.is_none() {
        found.push(refusal(Sort::Job, "spec.job", texts::NO_JOB));
    }
    if let Some(last) = new.last {
        if last["deploymentName"] != new.spec["deploymentName"] {
            let path = "spec.deploymentName";
            found.push(refusal(Sort::Switch, path, texts::OTHER_DEPLOYMENT));
        }
        redeploy(&new.spec["job"], &last["job"], &mut found);
    }
    let jar = job.and_then(|job| given(job, "jarURI")).and_then(Value::as_str);
    found.extend(jar.and_then(|jar| jar::check(jar, new.jars)));
    if let Some(session) = new.session {
        if given(session.spec, "job").is_some() {
            found.push(refusal(Sort::Job, "spec.deploymentName", texts::APPLICATION));
        }
        if new.spec["deploymentName"] != session.name {
            found.push(refusal(Sort::Job, "spec.deploymentName", texts::OTHER_CLUSTER));
        }
    }
    let Some(job) = job else { return found };
    if new.session.is_some() {
        deployment::directories(job, new.options, &mut found);
    }
    if job["parallelism"].as_i64().is_some_and(|parallelism| parallelism < 1) {
        found.push(refusal(Sort::TooFew, "spec.job.parallelism", texts::PARALLELISM));
    }
    found
}

/// A new `savepointRedeployNonce` needs a savepoint.
fn redeploy(job: &Value, last: &Value, found: &mut Vec<ResourceRefusal>) {
    let nonce = "savepointRedeployNonce";
    let is_new = given(job, nonce).is_some_and(|new| *new != last[nonce]);
    let path = job["initialSavepointPath"].as_str().unwrap_or_default();
    if is_new && path.trim().is_empty() {
        found.push(refusal(Sort::Job, "spec.job.initialSavepointPath", texts::REDEPLOY));
    }
}
