//! Requests and answers, tolerant to what differs between 1.13 and 2.3.

use std::collections::BTreeMap;
use std::fmt;

use nutkin_diagnosis::root_cause;
use nutkin_flink::FlinkVersion;
use serde_json::{Map, Value, json};

use super::error::shorten;

/// A row of the list of jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: JobState,
    /// When it started, milliseconds since 1970.
    pub start_time: i64,
    /// How long it has run, milliseconds.
    pub duration: i64,
    /// Tasks by state, those that there are.
    pub tasks: BTreeMap<String, u64>,
}

impl Job {
    pub(super) fn of(row: &Value) -> Option<Self> {
        let tasks = row["tasks"].as_object().into_iter().flatten();
        Some(Self {
            id: row["jid"].as_str()?.to_owned(),
            name: row["name"].as_str().unwrap_or_default().to_owned(),
            state: JobState::of(row["state"].as_str().unwrap_or_default()),
            start_time: row["start-time"].as_i64().unwrap_or(0),
            duration: row["duration"].as_i64().unwrap_or(0),
            tasks: tasks
                .filter_map(|(state, count)| Some((state.clone(), count.as_u64()?)))
                .filter(|(_, count)| 0 < *count)
                .collect(),
        })
    }

    /// The document of `-o json`, without `apiVersion` and `kind`.
    pub fn document(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "state": self.state.to_string(),
            "startTime": self.start_time,
            "durationMillis": self.duration,
            "tasks": self.tasks,
        })
    }
}

/// The state of a job, in Flink's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobState(String);

impl JobState {
    /// By Flink's name of it (`JobStatus`).
    pub fn of(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// FINISHED.
    pub fn is_finished(&self) -> bool {
        self.0 == "FINISHED"
    }

    /// It will not change any more.
    pub fn has_ended(&self) -> bool {
        ["FINISHED", "FAILED", "CANCELED", "SUSPENDED"].contains(&self.0.as_str())
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The newest savepoint or checkpoint of a job from which another can start, out of `/jobs/:id/checkpoints`.
///
/// A checkpoint that Flink has deleted says so, and one that lives in the JobManager has no path. What the job itself
/// was started from counts when it has completed nothing since.
pub fn newest_state(checkpoints: &Value) -> Option<String> {
    let latest = &checkpoints["latest"];
    let candidates = ["completed", "savepoint", "restored"].map(|key| &latest[key]);
    let usable = candidates.into_iter().filter_map(|one| {
        let path = one["external_path"].as_str()?;
        let is_there = path.contains('/') && one["discarded"] != true;
        is_there.then_some((one["id"].as_u64()?, path))
    });
    usable.max_by_key(|(id, _)| *id).map(|(_, path)| path.to_owned())
}

/// The savepoint with which a finished job was stopped, out of `/jobs/:id/checkpoints`; `None`: it came to its end by itself.
/// The last thing that a job does which is stopped is its savepoint. Its checkpoints are deleted then, although
/// the answer still names one.
pub fn savepoint_at_end(checkpoints: &Value) -> Option<String> {
    let latest = &checkpoints["latest"];
    let savepoint = &latest["savepoint"];
    let path = savepoint["external_path"].as_str()?;
    let is_last = latest["completed"]["id"].as_u64() <= savepoint["id"].as_u64();
    (is_last && savepoint["discarded"] != true).then(|| path.to_owned())
}

/// Whether a job's checkpoints outlive its cancelation, out of `/jobs/:id/checkpoints/config`.
pub fn retains_checkpoints(config: &Value) -> bool {
    let kept = &config["externalization"];
    kept["enabled"] == true && kept["delete_on_cancellation"] == false
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// How long it ran, milliseconds.
    pub runtime: Option<i64>,
    /// The root cause of its failure.
    pub cause: Option<String>,
    /// The exception, shortened.
    pub trace: Vec<String>,
}

impl Outcome {
    pub(super) fn of(answer: &Value) -> Self {
        let result = &answer["job-execution-result"];
        let trace = result["failure-cause"]["stack-trace"].as_str();
        Self {
            runtime: result["net-runtime"].as_i64(),
            cause: trace.map(root_cause),
            trace: trace.map(shorten).unwrap_or_default(),
        }
    }
}

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct RunRequest {
    /// The main class; the manifest's when `None`.
    pub class: Option<String>,
    /// Arguments of main().
    pub arguments: Vec<String>,
    /// Parallelism.
    pub parallelism: Option<u32>,
    /// The id that the job shall have.
    pub job_id: Option<String>,
    /// Savepoint or checkpoint to start from.
    pub savepoint: Option<String>,
    /// State without an operator is dropped.
    pub allow_non_restored_state: bool,
    /// CLAIM, NO_CLAIM or LEGACY.
    pub claim_mode: Option<String>,
    /// Options of the job, from 1.17 on.
    pub options: BTreeMap<String, String>,
}

impl RunRequest {
    /// The body for one release. Arguments always go as a list: 2.x ignores the text form in silence.
    pub(super) fn body(&self, version: FlinkVersion) -> Value {
        let mut body = Map::new();
        body.insert("programArgsList".to_owned(), json!(self.arguments));
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(key.to_owned(), value);
            }
        };
        put("entryClass", self.class.clone().map(Value::from));
        put("parallelism", self.parallelism.map(Value::from));
        put("jobId", self.job_id.clone().map(Value::from));
        put("savepointPath", self.savepoint.clone().map(Value::from));
        put("allowNonRestoredState", self.allow_non_restored_state.then_some(Value::Bool(true)));
        let line = version.line();
        let key = if line.run_takes_claim_mode { "claimMode" } else { "restoreMode" };
        if line.run_takes_configuration {
            put(key, self.claim_mode.clone().map(Value::from));
            put("flinkConfiguration", (!self.options.is_empty()).then(|| json!(self.options)));
        }
        Value::Object(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(request: &RunRequest, version: &str, keys: &[&str]) {
        let body = request.body(version.parse().unwrap());
        assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), keys, "{version}");
    }

    #[test]
    fn bodies_hold_what_a_release_understands() {
        let request = RunRequest {
            claim_mode: Some("CLAIM".to_owned()),
            options: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
            arguments: vec!["--x".to_owned()],
            ..RunRequest::default()
        };
        check(&request, "1.13", &["programArgsList"]);
        check(&request, "1.17", &["programArgsList", "restoreMode", "flinkConfiguration"]);
        check(&request, "2.3", &["programArgsList", "claimMode", "flinkConfiguration"]);
    }

    #[test]
    fn the_newest_state_that_is_still_there() {
        #[track_caller]
        fn check(latest: Value, expected: Option<&str>) {
            assert_eq!(newest_state(&json!({"latest": latest})).as_deref(), expected);
        }
        let state = |id: u64, path: &str, discarded: bool| json!({"id": id, "external_path": path, "discarded": discarded});
        check(json!({"completed": null, "savepoint": null, "restored": null}), None);
        let completed = state(7, "file:/c/7", false);
        check(
            json!({"completed": completed, "savepoint": state(6, "file:/s", false)}),
            Some("file:/c/7"),
        );
        check(
            json!({"completed": completed, "savepoint": state(8, "file:/s", false)}),
            Some("file:/s"),
        );
        let deleted = state(7, "file:/c/7", true);
        check(
            json!({"completed": deleted, "savepoint": state(6, "file:/s", false)}),
            Some("file:/s"),
        );
        check(
            json!({"completed": state(1, "<checkpoint-not-externally-addressable>", false)}),
            None,
        );
        check(json!({"restored": {"id": 3, "external_path": "file:/r"}}), Some("file:/r"));
    }

    #[test]
    fn checkpoints_that_outlive_a_cancelation() {
        #[track_caller]
        fn check(enabled: bool, delete: bool, expected: bool) {
            let kept = json!({"enabled": enabled, "delete_on_cancellation": delete});
            assert_eq!(retains_checkpoints(&json!({"externalization": kept})), expected);
        }
        check(true, false, true);
        check(true, true, false);
        check(false, true, false);
        assert!(!retains_checkpoints(&Value::Null));
    }
}
