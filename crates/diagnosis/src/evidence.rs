//! What was seen of a session, as the shells hand it over. A case of a test is the same thing in files.

use std::collections::BTreeMap;

use nutkin_flink::process::Role;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::doctor::Check;

/// All that was seen of a session at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Evidence {
    /// The session.
    pub session: String,
    /// When it was looked at, in RFC 3339.
    pub now: Option<String>,
    /// How many TaskManagers shall be registered, where somebody has said it.
    pub task_managers: Option<u64>,
    /// Whether nobody starts again what dies, although somebody shall.
    pub unkept: bool,
    /// Processes, as a supervisor or a daemon has them.
    pub processes: Vec<ProcessEvidence>,
    /// Ends of logs.
    pub logs: Vec<LogEvidence>,
    /// Objects of Kubernetes: pods, workloads, events, nodes.
    pub objects: Vec<Value>,
    /// What the JobManager says; `None`: it does not answer.
    pub flink: Option<FlinkEvidence>,
    /// Jobs of the ledger that are gone with a JobManager, as the ledger judges it: name by id.
    pub gone_jobs: BTreeMap<String, String>,
    /// What could not be looked at.
    pub unseen: Vec<Unseen>,
    /// Checks of the place where it runs or shall run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

/// A process that is not a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessEvidence {
    /// As `status` names it.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Whether it lives.
    pub runs: bool,
    /// How often it was started again.
    #[serde(default)]
    pub restarts: u32,
    /// Whether it lives and gives no sign of it.
    #[serde(default)]
    pub hangs: bool,
    /// Whether somebody has stopped it without ending it.
    #[serde(default)]
    pub paused: bool,
    /// How it has ended the last time, where it has.
    #[serde(default)]
    pub end: Option<ProcessEnd>,
}

/// How a process or a container has ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProcessEnd {
    /// When, in RFC 3339.
    pub at: Option<String>,
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that has ended it.
    pub signal: Option<i32>,
    /// Whether the kernel has ended it because its memory ran out.
    pub out_of_memory: bool,
    /// For how many seconds it had lived, where that is known.
    pub lived: Option<u64>,
    /// What whoever watches it says about the end.
    pub words: String,
}

/// The end of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEvidence {
    /// The process that wrote it.
    pub process: String,
    /// What it is for.
    pub role: Role,
    /// Whether it was written by a life of the process that has ended.
    pub previous: bool,
    /// Since when the process lives that writes it, in RFC 3339: what is older was written by another one.
    #[serde(default)]
    pub started: Option<String>,
    /// Seconds by which the times in it are ahead of UTC.
    pub offset: i32,
    /// The lines, each with a time of its own before it (RFC 3339) or not.
    pub text: String,
}

/// What a JobManager says by REST, in its own documents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FlinkEvidence {
    /// `/overview`.
    pub overview: Value,
    /// Its jobs.
    pub jobs: Vec<JobEvidence>,
    /// Whether the list of jobs could not be read: which there are is not known.
    pub is_unlisted: bool,
}

/// What a JobManager says of one job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobEvidence {
    /// Its row of `/jobs/overview`.
    pub job: Value,
    /// `/jobs/:id/exceptions`.
    pub exceptions: Value,
    /// `/jobs/:id/checkpoints`.
    pub checkpoints: Value,
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// What: `the log of taskmanager-2`.
    pub what: String,
    /// Why.
    pub why: String,
}

impl Evidence {
    /// Of files: `seen.json` has all that is not in one of the others; `NAME.log` and `NAME.previous.log` are logs,
    /// `objects.json` is a list of objects of Kubernetes. What cannot be read is unseen.
    pub fn of_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut evidence = Self::default();
        for (name, text) in files {
            let unseen = |error: serde_json::Error| Unseen {
                what: format!("`{name}`"),
                why: error.to_string(),
            };
            match name {
                "seen.json" => match serde_json::from_str::<Self>(text) {
                    Ok(mut seen) => {
                        seen.logs.append(&mut evidence.logs);
                        seen.objects.append(&mut evidence.objects);
                        seen.unseen.append(&mut evidence.unseen);
                        evidence = seen;
                    }
                    Err(error) => evidence.unseen.push(unseen(error)),
                },
                "objects.json" => match serde_json::from_str::<Vec<Value>>(text) {
                    Ok(mut objects) => evidence.objects.append(&mut objects),
                    Err(error) => evidence.unseen.push(unseen(error)),
                },
                _ => evidence.logs.extend(log(name, text)),
            }
        }
        evidence
    }
}

/// The log of a file of that name.
fn log(name: &str, text: &str) -> Option<LogEvidence> {
    let name = name.strip_suffix(".log")?;
    let (process, previous) =
        name.strip_suffix(".previous").map_or((name, false), |process| (process, true));
    let role =
        if process.contains("taskmanager") { Role::TaskManager } else { Role::of_name(process) };
    Some(LogEvidence {
        process: process.to_owned(),
        role,
        previous,
        started: None,
        offset: 0,
        text: text.to_owned(),
    })
}
