//! What the supervisor is told (`launch.json`) and what it tells (`processes.json`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use nutkin_core::change;
pub use nutkin_flink::process::Role;
use nutkin_shell::token::{self, hex};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Variable that says to which session a process belongs: `<32 hex digits>:<session directory>`.
pub const TOKEN_VARIABLE: &str = "NUTKIN_TOKEN";
/// Variable with the name of the process (`taskmanager-1`), or [`SUPERVISOR`].
pub const PROCESS_VARIABLE: &str = "NUTKIN_PROCESS";
/// Variable with the fingerprint of the definition that a process was started by.
pub const DEFINITION_VARIABLE: &str = "NUTKIN_DEFINITION";
/// Value of [`PROCESS_VARIABLE`] in the supervisor itself.
pub const SUPERVISOR: &str = "supervisor";

/// The supervisor's orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Launch {
    /// Grows with every change; [`Running::generation`] follows it.
    pub generation: u64,
    /// The session's token, see [`TOKEN_VARIABLE`].
    pub token: String,
    /// The Flink release.
    pub flink_version: String,
    /// REST addresses, one for each JobManager: `http://127.0.0.1:8081`.
    pub rest_urls: Vec<String>,
    /// The ports that the session holds, by what they are for. They stay the same for its whole life:
    /// a JobManager that comes back is looked for where it was.
    pub ports: BTreeMap<String, u16>,
    /// All options as Flink gets them, secrets included, for the next `up` to compare with.
    pub options: BTreeMap<String, String>,
    /// Digests of the files that the user brings (`logConfiguration`), by path, for the same purpose.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// What shall run.
    pub processes: Vec<Definition>,
    /// The last TaskManager, where `scale` ended all of them: those to come are made like it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Box<Definition>>,
}

impl Launch {
    /// What another start or change of the session has differently.
    pub fn identity(&self) -> (&str, u64) {
        (&self.token, self.generation)
    }
}

/// One process that shall run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    /// `jobmanager`, `taskmanager-1`: unique in the session.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment, without Nutkin's own variables.
    pub environment: BTreeMap<String, String>,
    /// Its working directory.
    pub directory: PathBuf,
    /// Where stdout and stderr go.
    pub out: PathBuf,
    /// Where it writes its own log.
    #[serde(default)]
    pub log: PathBuf,
    /// Digest of the files it reads at start: another one means another process.
    pub inputs: String,
}

impl Definition {
    /// A short digest of everything in it.
    pub fn fingerprint(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        hex(&Sha256::digest(text.as_bytes())[..8])
    }

    /// What core compares.
    pub fn shape(&self) -> change::Process {
        change::Process {
            role: self.role,
            program: self.program.display().to_string(),
            arguments: self.arguments.clone(),
            environment: self.environment.clone(),
            inputs: self.inputs.clone(),
        }
    }
}

/// What the supervisor keeps running, as of its last change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// The [`Launch::generation`] that this follows.
    pub generation: u64,
    /// PID of the supervisor.
    pub supervisor: i32,
    /// One entry for each process, wanted or still ending.
    pub processes: Vec<ProcessState>,
}

/// One process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessState {
    /// As in its [`Definition`].
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// What it does.
    pub phase: Phase,
    /// Its PID, when it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// Its start time in clock ticks since boot, which with the PID names it for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<u64>,
    /// How often the supervisor started it again after a death.
    pub restarts: u32,
    /// How it ended the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_end: Option<String>,
    /// Where stdout and stderr go.
    pub out: PathBuf,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It runs.
    Running,
    /// It died and is started again after a wait.
    Waiting,
    /// It was told to end.
    Ending,
}

/// A new token for the session in `directory`.
///
/// # Errors
/// The system gives no random bytes.
pub fn new_token(directory: &std::path::Path) -> std::io::Result<String> {
    Ok(format!("{}:{}", token::random::<16>()?, directory.display()))
}
