//! What a JobManager is asked for and works on for a while: asked for once, and then asked how far it is.

use nutkin_flink::FlinkVersion;
use serde_json::{Value, json};

use crate::error::RestError;

/// Something about a job that takes time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A savepoint into a directory, the configured one when `None`.
    Savepoint {
        /// Where to.
        directory: Option<String>,
        /// NATIVE or CANONICAL; the release's safe one when `None`.
        format: Option<String>,
    },
    /// Stop with a savepoint.
    Stop {
        /// Where to.
        directory: Option<String>,
        /// NATIVE or CANONICAL; the release's safe one when `None`.
        format: Option<String>,
        /// Send the final watermark: the job will not go on from here.
        drain: bool,
    },
    /// Cancel with a savepoint, which Flink calls deprecated: in between the job may go on. Only for the drop-in.
    CancelWithSavepoint {
        /// Where to.
        directory: Option<String>,
        /// NATIVE or CANONICAL; the release's safe one when `None`.
        format: Option<String>,
    },
    /// A checkpoint, CONFIGURED or FULL, from 1.17 on.
    Checkpoint {
        /// Its type.
        kind: &'static str,
    },
}

impl Trigger {
    /// Path to post to, and body.
    pub(crate) fn request(&self, version: FlinkVersion) -> (&'static str, Value) {
        // 2.x fails the task on a CANONICAL savepoint of some jobs, and takes it when nothing is said.
        let format = |format: &Option<String>| {
            format.clone().or_else(|| version.line().native_savepoints.then(|| "NATIVE".to_owned()))
        };
        let (path, mut body, format) = match self {
            Self::Savepoint { directory, format: wanted } => (
                "savepoints",
                json!({"target-directory": directory, "cancel-job": false}),
                format(wanted),
            ),
            Self::CancelWithSavepoint { directory, format: wanted } => (
                "savepoints",
                json!({"target-directory": directory, "cancel-job": true}),
                format(wanted),
            ),
            Self::Stop { directory, format: wanted, drain } => {
                ("stop", json!({"targetDirectory": directory, "drain": drain}), format(wanted))
            }
            Self::Checkpoint { kind } => ("checkpoints", json!({"checkpointType": kind}), None),
        };
        if let (Some(format), Some(body)) = (format, body.as_object_mut()) {
            body.insert("formatType".to_owned(), format.into());
        }
        (path, body)
    }

    /// Path of the results.
    const fn results(&self) -> &'static str {
        match self {
            Self::Savepoint { .. } | Self::CancelWithSavepoint { .. } | Self::Stop { .. } => {
                "savepoints"
            }
            Self::Checkpoint { .. } => "checkpoints",
        }
    }
}

/// Something that a JobManager was asked for: where its result is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerId(String);

impl TriggerId {
    /// Of a job, by the id that was chosen for it.
    pub fn of(job: &str, trigger: &Trigger, id: &str) -> Self {
        Self(format!("/jobs/{job}/{}/{id}", trigger.results()))
    }

    pub(crate) fn of_disposal(id: &str) -> Self {
        Self(format!("/savepoint-disposal/{id}"))
    }

    /// The id alone, 32 hex digits.
    pub fn id(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    pub(crate) fn path(&self) -> &str {
        &self.0
    }
}

/// How far something is.
#[derive(Debug)]
pub enum Polled {
    /// The JobManager works on it.
    InProgress,
    /// It is done: `location` of a savepoint, `checkpointId` of a checkpoint.
    Completed(Value),
    /// It failed: the root cause.
    Failed(RestError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn savepoints_are_native_where_others_break() {
        let trigger = Trigger::Savepoint { directory: None, format: None };
        assert_eq!(trigger.request("2.3".parse().unwrap()).1["formatType"], "NATIVE");
        assert_eq!(trigger.request("1.20".parse().unwrap()).1.get("formatType"), None);
    }

    #[test]
    fn results_are_where_flink_has_them() {
        #[track_caller]
        fn check(trigger: &Trigger, place: &str) {
            let id = TriggerId::of("a", trigger, "r");
            assert_eq!((id.path(), id.id()), (place, "r"));
        }
        let stop = Trigger::Stop { directory: None, format: None, drain: false };
        check(&stop, "/jobs/a/savepoints/r");
        check(&Trigger::Checkpoint { kind: "FULL" }, "/jobs/a/checkpoints/r");
    }
}
