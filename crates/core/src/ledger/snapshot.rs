//! What became of a savepoint or checkpoint that a session file, or the clock, asked for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A snapshot that was asked for, by its name in the ledger. The states are the words of the Java operator's
/// `FlinkStateSnapshotStatus`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotRecord {
    /// `savepoint` or `checkpoint`.
    #[serde(default)]
    pub kind: String,
    /// The job that it is of, as the ledger calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "SnapshotOrigin::is_document")]
    pub origin: SnapshotOrigin,
    /// Digest of the fields that make it another snapshot when they change.
    #[serde(default)]
    pub digest: String,
    /// Grows with every such change.
    #[serde(default)]
    pub generation: u64,
    /// How far it is.
    #[serde(default)]
    pub state: SnapshotState,
    /// The id of the job that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// The trigger id that was chosen. Written before the request is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// When the request counts as lost (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// When it was asked for (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// When that became known (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Why it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How often it has failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// When it is tried again (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<String>,
    /// Whether it is deleted when nobody wants it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disposes: bool,
    /// Whether nobody wants it any more: it goes as soon as nothing refers to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
    /// Whether its files are being deleted: written before that is asked for, so that nobody takes it for one that is there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disposing: bool,
    /// How many of its kind stay, and how old they become, by what the options said when the clock asked for it: options that are
    /// taken out delete nothing that was taken under them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeps: Option<SnapshotLimits>,
    /// Fields of a newer Nutkin, which are kept.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

/// How long periodic snapshots stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotLimits {
    /// How many of a job and a kind.
    pub count: usize,
    /// How old they become, in seconds; `None`: as old as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<i64>,
}

/// Who asked for a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SnapshotOrigin {
    /// A `FlinkStateSnapshot` of the session file.
    #[default]
    Document,
    /// The clock.
    Periodic,
    /// Somebody that a newer Nutkin knows.
    #[serde(untagged)]
    Other(String),
}

impl SnapshotOrigin {
    fn is_document(&self) -> bool {
        *self == Self::Document
    }
}

/// How far a snapshot is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SnapshotState {
    /// It is to be asked for.
    #[default]
    TriggerPending,
    /// It was asked for.
    InProgress,
    /// It is there.
    Completed,
    /// It failed, and is not tried again.
    Failed,
    /// Its job does not run.
    Abandoned,
    /// A state that a newer Nutkin knows.
    #[serde(untagged)]
    Other(String),
}

impl SnapshotRecord {
    /// Whether it has failed, and is not tried again yet. `now`: the time, RFC 3339 in UTC, to the second. A failure that is still to
    /// come was noted by a clock that was ahead, and nobody waits for it.
    pub fn is_put_off(&self, now: &str) -> bool {
        let is_past = self.time.as_deref().is_none_or(|time| time <= now);
        is_past && self.retry.as_deref().is_some_and(|retry| now < retry)
    }
}

impl SnapshotState {
    /// Flink's and the operator's word for it.
    pub fn word(&self) -> &str {
        match self {
            Self::TriggerPending => "TRIGGER_PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Abandoned => "ABANDONED",
            Self::Other(word) => word,
        }
    }

    /// Whether it has come to its end.
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::TriggerPending | Self::InProgress)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}
