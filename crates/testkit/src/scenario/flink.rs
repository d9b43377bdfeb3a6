//! A JobManager's REST API, as far as Nutkin asks: of a session without work what it tells, and jobs that are submitted,
//! stopped and canceled as Flink does.

mod work;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use self::work::{Stops, Submitted, Work};

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
    /// TaskManagers without a task, by their ids.
    pub idle: Vec<String>,
    /// More jobs, by id, each with its state.
    pub listed: BTreeMap<String, String>,
    /// What `/jobs/:id/checkpoints` says of each of these as its latest ones.
    pub latest: BTreeMap<String, Value>,
    /// Where a savepoint is complete as soon as it is asked for, and its job ended where it is to stop.
    pub savepoint: String,
    /// Options of the JobManager, each with its value.
    pub options: Vec<(&'static str, &'static str)>,
    /// What was submitted over REST, and what became of it.
    pub work: Work,
}

impl Default for Flink {
    fn default() -> Self {
        Self {
            version: "1.20.5",
            task_managers: 1,
            slots: 1,
            jobs: Vec::new(),
            idle: Vec::new(),
            listed: BTreeMap::new(),
            latest: BTreeMap::new(),
            savepoint: "file:/savepoint-1".to_owned(),
            options: Vec::new(),
            work: Work::default(),
        }
    }
}

impl Flink {
    /// The free slots of the TaskManager that is asked for; `None`: it has not registered.
    fn task_manager(&self, path: &str) -> Option<u32> {
        let id = path.strip_prefix("/taskmanagers/")?;
        let number: u32 = id.strip_prefix("taskmanager-")?.parse().ok()?;
        let is_idle = self.idle.iter().any(|one| one == id);
        (number <= self.task_managers).then_some(if is_idle { 2 } else { 1 })
    }

    /// What it says to a request below its address.
    pub fn answer(&self, method: &str, path: &str) -> Answer {
        match (method, path) {
            ("GET", "/overview") => Answer::json(200, &self.overview()),
            ("GET", "/config") => {
                Answer::json(200, &json!({"flink-version": self.version, "refresh-interval": 20}))
            }
            ("GET", "/jobmanager/config") => {
                let row = |(key, value): &(&str, &str)| json!({"key": key, "value": value});
                Answer::json(200, &self.options.iter().map(row).collect())
            }
            ("GET", _) if self.task_manager(path).is_some() => {
                let free = self.task_manager(path).unwrap_or_default();
                Answer::json(200, &json!({"slotsNumber": 2, "freeSlots": free}))
            }
            ("GET", "/jobs/overview") => {
                let job = |(number, name): (usize, &String)| json!({"jid": format!("{number:032x}"), "name": name, "state": "RUNNING"});
                let listed = |(id, state): (&String, &String)| json!({"jid": id, "name": "listed", "state": state});
                let jobs = self.jobs.iter().enumerate().map(job);
                let jobs = jobs.chain(self.listed.iter().map(listed)).chain(self.work.rows());
                let jobs: Vec<Value> = jobs.collect();
                Answer::json(200, &json!({"jobs": jobs}))
            }
            _ => self.of_job(method, path).unwrap_or_else(|| {
                Answer::json(404, &json!({"errors": [format!("Not found: {path}")]}))
            }),
        }
    }

    /// What it says of a job that is listed.
    fn of_job(&self, method: &str, path: &str) -> Option<Answer> {
        let (id, part) = path.strip_prefix("/jobs/")?.split_once('/')?;
        let state = self.listed.get(id)?;
        let answer = match (method, part) {
            ("GET", "") => json!({"jid": id, "state": state, "vertices": []}),
            ("GET", "checkpoints") => json!({"latest": self.latest.get(id)}),
            ("GET", "checkpoints/config") => {
                json!({"externalization": {"enabled": true, "delete_on_cancellation": false}})
            }
            ("POST", "savepoints" | "stop") => json!({"request-id": "5a"}),
            ("GET", _) if part.starts_with("savepoints/") => {
                json!({"status": {"id": "COMPLETED"}, "operation": {"location": self.savepoint}})
            }
            _ => return None,
        };
        Some(Answer::json(200, &answer))
    }

    fn overview(&self) -> Value {
        let count = |state: &str| self.listed.values().filter(|one| *one == state).count();
        json!({
            "flink-version": self.version,
            "taskmanagers": self.task_managers,
            "slots-total": self.slots,
            "slots-available": self.slots,
            "jobs-running": self.jobs.len() + self.work.running() + count("RUNNING"),
            "jobs-finished": count("FINISHED"),
            "jobs-cancelled": count("CANCELED"),
            "jobs-failed": count("FAILED"),
        })
    }
}

impl Backend for Flink {
    fn reply(&mut self, request: &Request) -> Reply {
        Reply::Now(self.now(request))
    }
}

impl Flink {
    /// What it says now, with what becomes of its jobs.
    pub fn now(&mut self, request: &Request) -> Answer {
        if request.path == "/jobs/overview" {
            self.work.tick();
        }
        if let Some(answer) = self.work.answer(request) {
            return answer;
        }
        let answer = self.answer(&request.method, &request.path);
        let stops = request.method == "POST" && request.path.ends_with("/stop");
        let job = request.path.split('/').nth(2).filter(|_| stops);
        if let Some(state) = job.and_then(|job| self.listed.get_mut(job)) {
            "FINISHED".clone_into(state);
        }
        answer
    }
}
