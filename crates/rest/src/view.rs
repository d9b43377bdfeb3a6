//! What `status`, `ls` and `up` show of a session. The same document on every platform.

use nutkin_core::selection::Platform;
use nutkin_core::status::{self, STARTS, SessionState};
use nutkin_core::{Remark, Wording};
use serde_json::{Value, json};

use crate::Overview;

/// A session as it is now.
#[derive(Debug, Clone)]
pub struct View {
    /// Its name.
    pub name: String,
    /// Where it runs.
    pub platform: Platform,
    /// Its namespace, on Kubernetes.
    pub namespace: Option<String>,
    /// Its state.
    pub state: SessionState,
    /// What is not as it should be.
    pub messages: Vec<Remark>,
    /// Its Flink release, where it is known.
    pub flink_version: Option<String>,
    /// The address to show: one that answered, otherwise one that should.
    pub rest_url: Option<String>,
    /// JobManagers that shall run.
    pub job_managers: usize,
    /// TaskManagers that shall run.
    pub task_managers: usize,
    /// Its processes or pods.
    pub processes: Vec<ProcessView>,
    /// What REST says, when it answers.
    pub overview: Option<Overview>,
}

/// A process, container or pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessView {
    /// `jobmanager`, `taskmanager-1`, or the pod's name.
    pub name: String,
    /// `JobManager`, `TaskManager`, `ZooKeeper`.
    pub role: String,
    /// In words for people: `PID 17`, `not running`, `Running on node-1`.
    pub state: String,
    /// PID, for a process of this machine that lives.
    pub pid: Option<i32>,
    /// How often it was started again.
    pub restarts: u32,
    /// How it ended the last time.
    pub last_end: Option<String>,
    /// Seconds since it was started, where it lives and that is known.
    pub uptime: Option<u64>,
    /// Whether it leads, of several JobManagers; `None` where nobody says which one does.
    pub leads: Option<bool>,
}

/// A session that is up.
#[derive(Debug, Clone)]
pub struct Ready {
    /// What REST says.
    pub overview: Overview,
    /// The address to show; `None` where it ends with this command.
    pub url: Option<String>,
    /// What is not as one might think all the same.
    pub remarks: Vec<Remark>,
}

/// How the waiting ended.
#[derive(Debug)]
pub enum Waited {
    /// REST answers and what can be expected to be there is.
    Ready(Ready),
    /// The time is over: what was seen last, in words.
    TimedOut(String),
}

impl View {
    /// A session that has ended and of which the ledger is left.
    pub fn ended(name: String, platform: Platform, namespace: Option<String>) -> Self {
        let message = status::ended(&name);
        Self { namespace, ..Self::bare(name, platform, SessionState::Ended, vec![message]) }
    }

    /// A session of which nothing can be said but this.
    pub fn bare(
        name: String,
        platform: Platform,
        state: SessionState,
        messages: Vec<Remark>,
    ) -> Self {
        Self {
            name,
            platform,
            namespace: None,
            state,
            messages,
            flink_version: None,
            rest_url: None,
            job_managers: 0,
            task_managers: 0,
            processes: Vec::new(),
            overview: None,
        }
    }

    /// Whether all JobManagers have lived for longer than their start takes.
    pub fn has_started(&self) -> bool {
        let mut all = self.processes.iter().filter(|one| one.role == "JobManager");
        all.all(|one| one.uptime.is_some_and(|uptime| STARTS <= uptime))
    }

    /// Jobs that run, as far as the session says.
    pub fn running_jobs(&self) -> u32 {
        self.overview.as_ref().map_or(0, |overview| overview.jobs_running)
    }

    /// The document of `-o json`, without `apiVersion` and `kind`.
    pub fn document(&self, wording: Wording) -> Value {
        let overview = self.overview.as_ref();
        json!({
            "name": self.name,
            "platform": self.platform.to_string(),
            "namespace": self.namespace,
            "state": self.state.to_string(),
            "flinkVersion": self.flink_version,
            "restUrl": self.rest_url,
            "jobManagers": self.job_managers,
            "taskManagers": self.task_managers,
            "slots": overview.map(|o| json!({"total": o.slots_total, "available": o.slots_available})),
            "jobs": overview.map(|o| json!({
                "running": o.jobs_running,
                "finished": o.jobs_finished,
                "canceled": o.jobs_cancelled,
                "failed": o.jobs_failed,
            })),
            "processes": self.processes.iter().map(|one| json!({
                "name": one.name,
                "role": one.role,
                "state": one.state,
                "pid": one.pid,
                "restarts": one.restarts,
                "lastEnd": one.last_end,
                "uptimeSeconds": one.uptime,
                "leads": one.leads,
            })).collect::<Vec<_>>(),
            "messages": self.messages.iter().map(|one| one.line(wording)).collect::<Vec<_>>(),
            // What is not as the ledger wants it: `status` looks for that.
            "drift": null,
        })
    }
}
