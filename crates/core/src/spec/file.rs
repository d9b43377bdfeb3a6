//! Reading a session file.

use std::collections::BTreeMap;

use crate::Problem;
use crate::flink::{FlinkVersion, Value};
use crate::session::{Mode, SessionJob};

/// What a session file says, without problems.
#[derive(Debug, Clone, Default)]
pub struct SessionFile {
    /// The file as the user named it.
    pub name: String,
    /// `metadata.name`.
    pub session: Option<String>,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// `spec.flinkVersion`.
    pub flink: Option<FlinkVersion>,
    /// `spec.mode`.
    pub mode: Option<Mode>,
    /// `spec.flinkConfiguration`, flattened.
    pub options: Vec<(String, Value)>,
    /// Options for which other fields stand: key, value, field path.
    pub fields: Vec<(&'static str, Value, &'static str)>,
    /// `spec.jobManager.replicas`.
    pub job_managers: Option<u32>,
    /// `spec.taskManager.replicas`.
    pub task_managers: Option<u32>,
    /// `spec.logConfiguration`.
    pub log_configuration: BTreeMap<String, String>,
    /// `spec.jobManager.podTemplate`.
    pub job_manager_template: Option<serde_json::Value>,
    /// `spec.taskManager.podTemplate`.
    pub task_manager_template: Option<serde_json::Value>,
    /// `spec.image`.
    pub image: Option<String>,
    /// `spec.imagePullPolicy`.
    pub image_pull_policy: Option<String>,
    /// `spec.serviceAccount`.
    pub service_account: Option<String>,
    /// `spec.podTemplate`.
    pub pod_template: Option<serde_json::Value>,
    /// `spec.ingress`.
    pub ingress: Option<serde_json::Value>,
    /// `spec.restartNonce`.
    pub restart_nonce: Option<i64>,
    /// The `FlinkSessionJob`s.
    pub jobs: Vec<SessionJob>,
}

/// Reads a session file.
///
/// # Errors
/// All problems of the text.
pub fn read(_text: &str, name: &str) -> Result<SessionFile, Vec<Problem>> {
    Err(vec![
        Problem::new("", format!("`{name}`: session files are not read in this build yet"))
            .hint("give options on the command line: -D key=value"),
    ])
}
