//! What the supervisor is told (`launch.json`: [`Launch`]) and what it tells (`processes.json`: [`Running`]).

use std::path::PathBuf;

use nutkin_rest::{Identity, Probe};
use nutkin_shell::files::document;
use nutkin_shell::{Error, token};
use serde::{Deserialize, Serialize};

use super::directory::{self, SessionDirectory};

pub use nutkin_core::decide::local::{Definition, Launch};
pub use nutkin_flink::process::Role;

/// Variable that says to which session a process belongs: `<32 hex digits>:<session directory>`.
pub const TOKEN_VARIABLE: &str = "NUTKIN_TOKEN";
/// Variable with the name of the process (`taskmanager-1`), or of a helper: see [`is_helper`].
pub const PROCESS_VARIABLE: &str = "NUTKIN_PROCESS";
/// Variable with the fingerprint of the definition that a process was started by.
pub const DEFINITION_VARIABLE: &str = "NUTKIN_DEFINITION";
/// Value of [`PROCESS_VARIABLE`] in the supervisor itself.
pub const SUPERVISOR: &str = "supervisor";
/// Value of [`PROCESS_VARIABLE`] in the command with which the supervisor has the jobs of a lost JobManager go on.
pub const RECOVERY: &str = "recovery";

/// Whether a process with this name works for the session and is not one of those that the orders name.
pub fn is_helper(name: &str) -> bool {
    [SUPERVISOR, RECOVERY].contains(&name)
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
    pub phase: ProcessPhase,
    /// Its PID, when it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// Its start time in clock ticks since boot, which with the PID names it for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<u64>,
    /// How often the supervisor started it again after a death.
    pub restarts: u32,
    /// Whether it counts as hung: it gives no sign of life, and others do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hangs: bool,
    /// How it ended the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_end: Option<String>,
    /// Where stdout and stderr go.
    pub out: PathBuf,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProcessPhase {
    /// It runs.
    Running,
    /// It died and is started again after a wait.
    Waiting,
    /// It was told to end.
    Ending,
}

/// Reads a session's `launch.json`.
///
/// # Errors
/// It is missing or damaged: what to do is said.
pub(super) fn read_launch(directory: &SessionDirectory) -> Result<Launch, Error> {
    document::read_json(&directory.launch()).map_err(|error| directory::damaged(directory, error))
}

/// What the JobManagers of these orders are known by: the folder for their jars, which lies in the session's directory.
pub(super) fn identity(launch: &Launch) -> Option<Identity> {
    const KEY: &str = "web.upload.dir";
    launch.options.get(KEY).map(|folder| Identity::new(KEY, folder.clone()))
}

/// Asks the JobManagers of these orders, and no others that answer at their addresses.
///
/// # Errors
/// The HTTP client cannot be set up.
pub(super) fn probe(launch: &Launch) -> Result<Probe, Error> {
    Ok(Probe::new(&launch.rest_urls)?.of(identity(launch)))
}

/// A new token for the session in `directory`.
///
/// # Errors
/// The system gives no random bytes.
pub fn new_token(directory: &std::path::Path) -> std::io::Result<String> {
    Ok(format!("{}:{}", token::random::<16>()?, directory.display()))
}
