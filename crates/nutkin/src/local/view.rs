//! What `status`, `ls` and `up` show of a session. The same document on every platform.

use nutkin_core::status::{self, Observed, SessionState};
use serde_json::{Value, json};

use super::control;
use super::directory::SessionDirectory;
use super::launch::{Launch, ProcessState, Role};
use super::rest::{Overview, Probe};
use crate::Failure;

/// A session as it is now.
#[derive(Debug, Clone)]
pub struct View {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: SessionState,
    /// What is not as it should be.
    pub messages: Vec<String>,
    /// Its orders, when they can be read.
    pub launch: Option<Launch>,
    /// Its processes.
    pub processes: Vec<ProcessState>,
    /// What REST says, and the address that answered.
    pub overview: Option<(Overview, String)>,
}

/// Looks at a session.
///
/// # Errors
/// The HTTP client cannot be set up.
pub async fn look(directory: &SessionDirectory) -> Result<View, Failure> {
    let name = directory.name().to_owned();
    let launch: Launch = match super::directory::read_json(&directory.launch()) {
        Ok(launch) => launch,
        Err(error) => {
            let cure = format!("`nutkin down {name}` ends what runs of it and removes the rest");
            return Ok(View {
                name,
                state: SessionState::Damaged,
                messages: vec![error.to_string(), cure],
                launch: None,
                processes: Vec::new(),
                overview: None,
            });
        }
    };
    let seen = control::look(directory);
    let processes = seen.running.map_or_else(Vec::new, |running| running.processes);
    let probe = Probe::new(&launch.rest_urls)?;
    let overview = probe.overview().await.map(|(overview, url)| (overview, url.to_owned()));
    let wanted = |role| launch.processes.iter().filter(|one| one.role == role).count();
    let alive = |name: &str| processes.iter().any(|one| one.name == name && one.pid.is_some());
    let observed = Observed {
        supervised: seen.supervisor,
        processes: launch
            .processes
            .iter()
            .map(|one| (one.name.clone(), alive(&one.name)))
            .collect(),
        task_managers: u32::try_from(wanted(Role::TaskManager)).unwrap_or(u32::MAX),
        registered: overview.as_ref().map(|(overview, _)| overview.taskmanagers),
    };
    let (state, messages) = status::derive(&name, &observed);
    Ok(View { name, state, messages, launch: Some(launch), processes, overview })
}

impl View {
    /// The address to show.
    pub fn rest_url(&self) -> Option<&str> {
        let answered = self.overview.as_ref().map(|(_, url)| url.as_str());
        let first = || self.launch.as_ref()?.rest_urls.first().map(String::as_str);
        answered.or_else(first)
    }

    /// The document of `-o json`, without `apiVersion` and `kind`.
    pub fn document(&self) -> Value {
        let count = |role| {
            let processes = self.launch.iter().flat_map(|launch| &launch.processes);
            processes.filter(|one| one.role == role).count()
        };
        let overview = self.overview.as_ref().map(|(overview, _)| overview);
        json!({
            "name": self.name,
            "platform": "local",
            "state": self.state.to_string(),
            "flinkVersion": self.launch.as_ref().map(|launch| &launch.flink_version),
            "restUrl": self.rest_url(),
            "jobManagers": count(Role::JobManager),
            "taskManagers": count(Role::TaskManager),
            "slots": overview.map(|o| json!({"total": o.slots_total, "available": o.slots_available})),
            "jobs": overview.map(|o| json!({
                "running": o.jobs_running,
                "finished": o.jobs_finished,
                "canceled": o.jobs_cancelled,
                "failed": o.jobs_failed,
            })),
            "processes": self.processes.iter().map(|one| json!({
                "name": one.name,
                "role": one.role.to_string(),
                "pid": one.pid,
                "restarts": one.restarts,
                "lastEnd": one.last_end,
            })).collect::<Vec<_>>(),
            "messages": self.messages,
        })
    }
}
