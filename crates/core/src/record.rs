//! What Nutkin remembers of a session: one JSON document, the same on every platform.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The record of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionRecord {
    /// `nutkin/v1`.
    pub api_version: String,
    /// `SessionRecord`.
    pub kind: String,
    /// The session's name.
    pub name: String,
    /// The namespace that its file names, which is a part of the ids of its jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Jobs of its file, by name.
    #[serde(default)]
    pub jobs: BTreeMap<String, JobRecord>,
}

/// What was done for a `FlinkSessionJob`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobRecord {
    /// Grows with every deliberate resubmission; a part of the job's id.
    pub generation: u64,
    /// Digest of the fields that make it another job when they change.
    pub digest: String,
    /// SHA-256 of the jar that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jar_digest: Option<String>,
    /// The last savepoint or retained checkpoint known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_savepoint: Option<String>,
    /// The nonces that were acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub savepoint_trigger_nonce: Option<i64>,
    /// See above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_trigger_nonce: Option<i64>,
    /// See above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub savepoint_redeploy_nonce: Option<i64>,
    /// See above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_nonce: Option<i64>,
    /// Whether the job was stopped because the file says `suspended`: then it is resumed when the file says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    /// What this record becomes when a submission that was begun has arrived. Written before the submission,
    /// so that one whose answer was lost is known again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Box<JobRecord>>,
}

impl SessionRecord {
    /// The record of a session of which nothing is known.
    pub fn new(name: &str) -> Self {
        Self {
            api_version: "nutkin/v1".to_owned(),
            kind: "SessionRecord".to_owned(),
            name: name.to_owned(),
            namespace: None,
            jobs: BTreeMap::new(),
        }
    }
}
