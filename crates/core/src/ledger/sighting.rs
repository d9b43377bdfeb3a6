//! How a job was seen last.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A job as the list of its JobManager had it. Where no archive of ended jobs can be read, nothing else tells a job that ran when
/// its JobManager was lost from one that had been canceled.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sighting {
    /// Its state, in Flink's words.
    #[serde(default)]
    pub state: String,
    /// When that was (RFC 3339), by the clock of whoever looked.
    #[serde(default)]
    pub time: String,
    /// The start of the JobManager that said so (RFC 3339); `None`: its platform does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_manager: Option<String>,
    /// Fields of a newer Nutkin, which are kept.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}
