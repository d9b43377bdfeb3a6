//! A JobManager's REST API, as far as Nutkin asks a session that has no work to do.

use serde_json::{Value, json};

use super::server::{Answer, Backend, Reply, Request};

/// What a JobManager tells.
#[derive(Debug, Clone)]
pub struct Flink {
    /// Its release.
    pub version: &'static str,
    /// TaskManagers that are registered.
    pub task_managers: u32,
    /// Slots of all of them.
    pub slots: u32,
    /// Names of the jobs that run.
    pub jobs: Vec<String>,
}

impl Default for Flink {
    fn default() -> Self {
        Self { version: "1.20.5", task_managers: 1, slots: 1, jobs: Vec::new() }
    }
}

impl Flink {
    /// What it says to a request below its address.
    pub fn answer(&self, method: &str, path: &str) -> Answer {
        match (method, path) {
            ("GET", "/overview") => Answer::json(200, &self.overview()),
            ("GET", "/config") => Answer::json(200, &json!({"flink-version": self.version})),
            ("GET", "/jobs/overview") => {
                let job = |(number, name): (usize, &String)| json!({"jid": format!("{number:032x}"), "name": name, "state": "RUNNING"});
                let jobs: Vec<Value> = self.jobs.iter().enumerate().map(job).collect();
                Answer::json(200, &json!({"jobs": jobs}))
            }
            _ => Answer::json(404, &json!({"errors": [format!("Not found: {path}")]})),
        }
    }

    fn overview(&self) -> Value {
        json!({
            "flink-version": self.version,
            "taskmanagers": self.task_managers,
            "slots-total": self.slots,
            "slots-available": self.slots,
            "jobs-running": self.jobs.len(),
            "jobs-finished": 0,
            "jobs-cancelled": 0,
            "jobs-failed": 0,
        })
    }
}

impl Backend for Flink {
    fn reply(&mut self, request: &Request) -> Reply {
        Reply::Now(self.answer(&request.method, &request.path))
    }
}
