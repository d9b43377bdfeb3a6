//! Jobs of a JobManager: jars, submissions, savepoints that take a few looks, and ends.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::server::{Answer, Request};

/// Looks at a savepoint or a job that ends until it is there.
const LOOKS: u32 = 2;

/// What becomes of a stop with a savepoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stops {
    /// The savepoint is complete, and then the job has finished.
    #[default]
    Well,
    /// The savepoint is complete, and the job fails while it stops (`StopWithSavepointStoppingException`).
    Uncommitted,
    /// The savepoint fails so often; the job restarts each time, and runs again after a few looks.
    Refused(u32),
    /// The job has finished by itself before the savepoint was begun.
    Ended,
    /// The JobManager dies while the savepoint is made, and another one comes that knows nothing.
    Dies,
    /// The job is between two attempts when it is to stop: its tasks run after so many looks.
    Restarting(u32),
}

/// When every snapshot was complete, in milliseconds since 1970: in 2100, after everything that a test does.
const COMPLETE: i64 = 4_102_444_800_000;

/// What was submitted, and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Work {
    /// How jobs stop.
    pub stops: Stops,
    /// How often it refuses after the restart that is under way.
    refuses: u32,
    /// Ids of jobs that somebody else submits as soon as a job is asked to stop.
    pub comes_in: Vec<String>,
    /// Jobs that have ended for good in the result store, by id: they are not submitted again (`JobResultStore`).
    pub results: Vec<String>,
    /// Names under which jars were uploaded.
    pub jars: Vec<String>,
    /// By id.
    pub jobs: BTreeMap<String, Submitted>,
    /// How many savepoints were begun.
    pub savepoints: u32,
    /// Savepoints that were disposed of.
    pub disposed: Vec<String>,
    /// How many JobManagers there were before this one.
    pub before: u32,
    /// The JobManager, counted from 0, of which all jobs fail as soon as they run.
    pub fails: Option<u32>,
    /// Applications of several jobs, by id: the name, and the jobs.
    pub applications: BTreeMap<String, (String, Vec<String>)>,
    /// Checkpoints that cannot be read: a job that starts from one restarts again and again.
    pub unreadable: Vec<String>,
    /// By trigger id: the job, whether it stops it, looks until it is there, where it is.
    triggers: BTreeMap<String, (String, bool, u32, String)>,
}

/// A job that was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// Flink's word.
    pub state: &'static str,
    /// What it was started from.
    pub from: Option<String>,
    /// Arguments of main().
    pub arguments: Value,
    /// Looks until it has ended; `None`: nobody wants it to.
    ends: Option<u32>,
}

fn refusal(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"errors": [message]}))
}

fn accepted(id: &str) -> Answer {
    Answer::json(202, &json!({"request-id": id}))
}

/// What was asked for is done.
fn done(operation: &Value) -> Answer {
    Answer::json(200, &json!({"status": {"id": "COMPLETED"}, "operation": operation}))
}

impl Work {
    /// Rows of `/jobs/overview`.
    pub(super) fn rows(&self) -> impl Iterator<Item = Value> {
        self.jobs.iter().map(|(id, job)| {
            let task = if job.state == "RESTARTING" { "created" } else { "running" };
            json!({"jid": id, "name": "job", "state": job.state, "tasks": {task: 1}})
        })
    }

    /// The JobManager ends: the next one knows nothing of jobs, jars and requests.
    pub fn forget(&mut self) {
        let Self { savepoints, before, fails, stops, .. } = *self;
        let results = std::mem::take(&mut self.results);
        let unreadable = std::mem::take(&mut self.unreadable);
        let before = before + 1;
        *self = Self { stops, results, savepoints, before, fails, unreadable, ..Self::default() };
    }

    /// How many run.
    pub(super) fn running(&self) -> usize {
        self.jobs.values().filter(|job| job.state == "RUNNING").count()
    }

    /// What it says to a request about jobs and jars; `None` where it is about something else.
    pub(super) fn answer(&mut self, request: &Request) -> Option<Answer> {
        let parts: Vec<&str> = request.path.split('/').skip(1).collect();
        let body = request.json();
        Some(match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["jars"]) => {
                let file = |name: &String| json!({"id": name, "name": name});
                let files: Vec<Value> = self.jars.iter().map(file).collect();
                Answer::json(200, &json!({"files": files}))
            }
            ("POST", ["jars", "upload"]) => {
                let text = String::from_utf8_lossy(&request.body);
                let name = text.split("filename=\"").nth(1)?.split('"').next()?.to_owned();
                self.jars.push(name.clone());
                Answer::json(200, &json!({"filename": format!("/upload/{name}")}))
            }
            ("POST", ["jars", _, "plan"]) => Answer::json(200, &json!({"plan": {"nodes": []}})),
            ("POST", ["jars", _, "run"]) => self.run(&body),
            (method, ["applications", rest @ ..]) => return self.application(method, rest),
            (_, ["jobs", id, ..]) if !self.jobs.contains_key(*id) => return None,
            ("GET", ["jobs", id, "status"]) => self.state(id),
            ("GET", ["jobs", id]) => {
                let state = self.jobs.get(*id).map(|job| job.state);
                let is_of = |(_, (_, jobs)): &(&String, &(String, Vec<String>))| {
                    jobs.iter().any(|job| job == id)
                };
                let application = self.applications.iter().find(is_of);
                let application = application.map_or(*id, |(application, _)| application);
                Answer::json(
                    200,
                    &json!({"jid": id, "name": "job", "state": state, "vertices": [], "application-id": application}),
                )
            }
            ("GET", ["jobs", id, "exceptions"]) => {
                let from = self.jobs.get(*id).and_then(|job| job.from.as_ref());
                let fails = from.is_some_and(|from| self.unreadable.contains(from));
                let said = "Could not restore keyed state backend for Count_0a_(1/1) from any of the 1 provided restore options. Caused by: java.io.FileNotFoundException: x";
                let entries = if fails {
                    json!([{"stacktrace": said}, {"stacktrace": said}])
                } else {
                    json!([])
                };
                Answer::json(200, &json!({"exceptionHistory": {"entries": entries}}))
            }
            ("GET", ["jobs", id, "checkpoints"]) => self.checkpoints(id),
            ("GET", ["jobs", _, "checkpoints", "config"]) => {
                let kept = json!({"enabled": true, "delete_on_cancellation": false});
                Answer::json(200, &json!({"externalization": kept}))
            }
            ("PATCH", ["jobs", id]) => self.cancel(id),
            ("POST", ["jobs", id, verb @ ("stop" | "savepoints")]) => {
                self.trigger(id, &body, *verb == "stop")
            }
            ("POST", ["jobs", _, "checkpoints"]) => {
                accepted(body["triggerId"].as_str().unwrap_or_default())
            }
            ("GET", ["jobs", _, "checkpoints", _]) => done(&json!({"checkpointId": 1})),
            ("GET", ["jobs", _, "savepoints", trigger]) => self.poll(trigger),
            ("POST", ["savepoint-disposal"]) => {
                self.disposed.extend(body["savepoint-path"].as_str().map(str::to_owned));
                accepted("disposal")
            }
            ("GET", ["savepoint-disposal", _]) => done(&json!({})),
            _ => return None,
        })
    }

    /// What it says of applications. A job that was submitted by itself has one of its own id (`SingleJobApplication`, 2.3.0).
    fn application(&mut self, method: &str, rest: &[&str]) -> Option<Answer> {
        match (method, rest) {
            ("GET", ["overview"]) => {
                let row =
                    |id: &String| json!({"id": id, "name": "application", "status": "RUNNING"});
                let is_alone =
                    |id: &&String| !self.applications.values().any(|(_, jobs)| jobs.contains(*id));
                let alone = self.jobs.keys().filter(is_alone);
                let rows: Vec<Value> = alone.chain(self.applications.keys()).map(row).collect();
                Some(Answer::json(200, &json!({"applications": rows})))
            }
            ("GET", [id]) => {
                let (name, jobs) = self.applications.get(*id)?;
                let row = |id: &String| json!({"jid": id, "name": "job", "state": self.jobs.get(id).map(|job| job.state)});
                let jobs: Vec<Value> = jobs.iter().map(row).collect();
                let answer = json!({"id": id, "name": name, "status": "RUNNING", "jobs": jobs});
                Some(Answer::json(200, &answer))
            }
            ("POST", [id, "cancel"]) => {
                for id in self.applications.remove(*id)?.1 {
                    self.cancel(&id);
                }
                Some(Answer::json(202, &json!({})))
            }
            _ => None,
        }
    }

    fn run(&mut self, body: &Value) -> Answer {
        let id = body["jobId"].as_str().unwrap_or_default().to_owned();
        if self.jobs.contains_key(&id) || self.results.contains(&id) {
            return refusal(400, "Job has already been submitted.");
        }
        let from = body["savepointPath"].as_str().map(str::to_owned);
        let arguments = body["programArgsList"].clone();
        let is_unreadable = from.as_ref().is_some_and(|from| self.unreadable.contains(from));
        let state = match self.fails {
            Some(before) if before == self.before => "FAILED",
            _ if is_unreadable => "RESTARTING",
            _ => "RUNNING",
        };
        let job = Submitted { state, from, arguments, ends: None };
        self.jobs.insert(id.clone(), job);
        Answer::json(200, &json!({"jobid": id}))
    }

    fn state(&mut self, id: &str) -> Answer {
        let Some(job) = self.jobs.get_mut(id) else { return refusal(404, "Job not found") };
        if let Some(looks) = &mut job.ends {
            *looks = looks.saturating_sub(1);
            if *looks == 0 {
                job.ends = None;
                job.state = if job.state == "CANCELLING" { "CANCELED" } else { "FINISHED" };
            }
        }
        Answer::json(200, &json!({"status": job.state}))
    }

    fn checkpoints(&self, id: &str) -> Answer {
        let of = |one: &&(String, bool, u32, String)| one.0 == id && one.2 == 0;
        let savepoint = self.triggers.values().filter(of).map(|one| &one.3).next_back();
        let state = |number: u32, path: &str| {
            json!({
                "id": number, "external_path": path, "discarded": false, "latest_ack_timestamp": COMPLETE,
            })
        };
        let savepoint = savepoint.map(|path| state(2, path));
        let completed = state(1, &format!("file:/checkpoints/{id}/chk-1"));
        Answer::json(200, &json!({"latest": {"completed": completed, "savepoint": savepoint}}))
    }

    fn cancel(&mut self, id: &str) -> Answer {
        match self.jobs.get_mut(id) {
            None => refusal(404, "Job not found"),
            Some(job) => {
                if job.state == "RESTARTING" {
                    job.state = "CANCELED";
                } else if job.state == "RUNNING" {
                    (job.state, job.ends) = ("CANCELLING", Some(LOOKS));
                }
                Answer::json(202, &json!({}))
            }
        }
    }

    fn trigger(&mut self, id: &str, body: &Value, stops: bool) -> Answer {
        let made = format!("{:032x}", self.triggers.len() + 1);
        let trigger = body["triggerId"].as_str().map_or(made, str::to_owned);
        if !self.triggers.contains_key(&trigger) {
            self.savepoints += 1;
            let path = format!("file:/savepoints/savepoint-{}", self.savepoints);
            self.triggers.insert(trigger.clone(), (id.to_owned(), stops, LOOKS, path));
            for id in std::mem::take(&mut self.comes_in) {
                self.submit(id);
            }
            if stops && self.stops == Stops::Ended {
                self.savepoints -= 1;
                self.set(id, "FINISHED");
            }
        }
        accepted(&trigger)
    }

    /// Somebody else submits a job.
    pub fn submit(&mut self, id: String) {
        let job = Submitted { state: "RUNNING", from: None, arguments: Value::Null, ends: None };
        self.jobs.insert(id, job);
    }

    fn set(&mut self, id: &str, state: &'static str) {
        if let Some(job) = self.jobs.get_mut(id) {
            job.state = state;
        }
    }

    fn poll(&mut self, trigger: &str) -> Answer {
        let Some((id, stops, looks, path)) = self.triggers.get_mut(trigger) else {
            return refusal(404, "Operation not found under key");
        };
        if 0 < *looks {
            *looks -= 1;
            return Answer::json(200, &json!({"status": {"id": "IN_PROGRESS"}, "operation": null}));
        }
        let (id, stops, path) = (id.clone(), *stops, path.clone());
        let failed = |said: &str| {
            let cause = json!({"class": "java.lang.Exception", "stack-trace": said});
            let operation = json!({"failure-cause": cause});
            Answer::json(200, &json!({"status": {"id": "COMPLETED"}, "operation": operation}))
        };
        match self.stops {
            Stops::Dies if stops => {
                self.forget();
                self.stops = Stops::Well;
                return refusal(404, "Operation not found under key");
            }
            Stops::Uncommitted if stops => {
                self.set(&id, "FAILED");
                return failed(&format!(
                    "org.apache.flink.runtime.scheduler.stopwithsavepoint.StopWithSavepointStoppingException: A savepoint has \
                     been created at: {path}, but the corresponding job {id} failed during stopping. The savepoint is \
                     consistent, but might have uncommitted transactions. If you want to resume the job, please restart a \
                     new job from this savepoint."
                ));
            }
            Stops::Refused(times) if stops && 0 < times => {
                self.stops = Stops::Restarting(LOOKS);
                if 1 < times {
                    self.refuses = times - 1;
                }
                self.triggers.remove(trigger);
                self.savepoints -= 1;
                self.set(&id, "RESTARTING");
                return failed(
                    "org.apache.flink.runtime.checkpoint.CheckpointException: Checkpoint Coordinator is suspending.",
                );
            }
            Stops::Ended if stops => {
                return failed(
                    "org.apache.flink.runtime.checkpoint.CheckpointException: Task has failed.",
                );
            }
            _ => {}
        }
        if stops
            && let Some(job) = self.jobs.get_mut(&id)
            && job.state == "RUNNING"
        {
            job.ends.get_or_insert(LOOKS);
        }
        done(&json!({"location": path}))
    }

    /// Time passes for jobs between two attempts, with each look at all jobs.
    pub(super) fn tick(&mut self) {
        let Stops::Restarting(looks) = self.stops else { return };
        if 0 < looks {
            self.stops = Stops::Restarting(looks - 1);
            self.jobs
                .values_mut()
                .filter(|job| job.state == "RUNNING")
                .for_each(|job| job.state = "RESTARTING");
            return;
        }
        self.jobs
            .values_mut()
            .filter(|job| job.state == "RESTARTING")
            .for_each(|job| job.state = "RUNNING");
        self.stops = match std::mem::take(&mut self.refuses) {
            0 => Stops::Well,
            times => Stops::Refused(times),
        };
    }
}
