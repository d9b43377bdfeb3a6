//! What was done for a job, and what it takes to do it again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Flink's word for the state of a job that has come to its own end.
pub(super) const FINISHED: &str = "FINISHED";

/// A job that Nutkin submitted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobRecord {
    /// Grows with every deliberate resubmission; a part of the id of a job of a session file. 0 for others.
    #[serde(default)]
    pub generation: u64,
    /// Digest of the fields that make it another job when they change.
    #[serde(default)]
    pub digest: String,
    /// SHA-256 of the jar that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jar_digest: Option<String>,
    /// The last savepoint or retained checkpoint known: where the job goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_savepoint: Option<String>,
    /// The nonces that were acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub savepoint_trigger_nonce: Option<i64>,
    /// See above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_trigger_nonce: Option<i64>,
    /// See above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub savepoint_redeploy_nonce: Option<i64>,
    /// See above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_nonce: Option<i64>,
    /// Whether the job was stopped because the file says `suspended`: then it is resumed when the file says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    /// What this record becomes when a submission that was begun has arrived. Written before the submission,
    /// so that one whose answer was lost is known again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Box<JobRecord>>,
    /// By which command it came.
    #[serde(default, skip_serializing_if = "Bringer::is_file")]
    pub origin: Bringer,
    /// The id of its last submission, 32 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where its jar comes from: an absolute path, an address, or `mvn:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jar: Option<String>,
    /// Its main class, where it is not the one that the jar names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_class: Option<String>,
    /// Arguments of main().
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Its parallelism.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u32>,
    /// Options that were sent with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// Whether state that no operator takes is dropped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_non_restored_state: bool,
    /// What it was started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_from: Option<String>,
    /// What it was started from before, as long as it went on from checkpoints since: those may need its files, where it was claimed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_starts: Vec<String>,
    /// Whether nobody knows what it was started from: it was adopted, and has not begun anew from a savepoint since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub start_is_unknown: bool,
    /// When it was submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted: Option<String>,
    /// The last savepoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub savepoint: Option<Snapshot>,
    /// The last completed checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Snapshot>,
    /// Flink's word for the state in which it has ended (`FINISHED`; `UNKNOWN`: its session has forgotten it), and nothing
    /// while it has not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// A request whose answer has not come yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// Whether it is being moved: it is stopped with a savepoint because its session changes, and is to go on from that as
    /// soon as the session is there again. It holds until its first checkpoint there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moving: bool,
    /// Fields of a newer Nutkin, which are kept.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

/// By which command a job came.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bringer {
    /// It is a `FlinkSessionJob` of the session file.
    #[default]
    File,
    /// `nutkin run JAR`.
    Run,
    /// The drop-in for `flink run`.
    Flink,
    /// A way that a newer Nutkin knows.
    #[serde(untagged)]
    Other(String),
}

/// A savepoint or checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Where it is.
    pub path: String,
    /// `savepoint`, `checkpoint`, with its format after a slash where known: `savepoint/NATIVE`.
    #[serde(default)]
    pub kind: String,
    /// When it was complete (RFC 3339), where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The id of the job that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Fields of a newer Nutkin, which are kept.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

/// A request to the JobManager whose answer may be lost, with what finds its outcome again. Written before it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// `submit`, `savepoint`, `stop`, `checkpoint`, `cancel`, `cancel-at-checkpoint`; `end`: the job was stopped or canceled,
    /// and where it goes on is in its record.
    pub kind: String,
    /// The id of the job.
    pub job: String,
    /// The trigger id that was chosen for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// Where its result shall be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// When it counts as lost (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// Fields of a newer Nutkin, which are kept.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

impl Snapshot {
    /// Of the job with this id: a `savepoint` or a `checkpoint`, in that format where it is known.
    pub fn new(
        kind: &str,
        format: Option<&str>,
        path: &str,
        time: Option<String>,
        job: &str,
    ) -> Self {
        Self {
            path: path.to_owned(),
            kind: format.map_or_else(|| kind.to_owned(), |format| format!("{kind}/{format}")),
            time,
            job: Some(job.to_owned()),
            ..Self::default()
        }
    }
}

impl Bringer {
    fn is_file(&self) -> bool {
        *self == Self::File
    }
}

impl Request {
    /// Whether it cancels a job that is to go on from its last checkpoint: what the JobManager says of that may be old.
    pub fn waits_for_checkpoint(&self) -> bool {
        self.kind == Self::CANCEL_AT_CHECKPOINT
    }

    /// Whether the job is not to run once it is obeyed.
    pub fn ends_job(&self) -> bool {
        let endings = [Self::STOP, Self::CANCEL, Self::CANCEL_AT_CHECKPOINT, Self::END];
        endings.contains(&self.kind.as_str())
    }

    /// A stop with a savepoint.
    pub(crate) const STOP: &str = "stop";

    /// A cancelation.
    pub(crate) const CANCEL: &str = "cancel";

    /// The same of a job that goes on from its last checkpoint.
    pub(crate) const CANCEL_AT_CHECKPOINT: &str = "cancel-at-checkpoint";

    /// A job that was stopped or canceled, and whose last state is in its record.
    pub(crate) const END: &str = "end";
}

impl JobRecord {
    /// The ids under which it may run.
    pub fn ids(&self) -> impl Iterator<Item = &String> {
        let pending = self.pending.as_ref().and_then(|pending| pending.id.as_ref());
        self.id.iter().chain(pending)
    }

    /// The record where another job of this name has come to its end under that generation: nothing of it is to go on.
    pub fn after_another(generation: u64) -> Self {
        Self { generation, ..Self::default() }
    }

    /// Whether it is such a record: nothing was submitted by it.
    pub fn is_of_another(&self) -> bool {
        *self == Self::after_another(self.generation)
    }

    /// Whether no command is doing anything with it: otherwise the record is that command's.
    pub const fn is_at_rest(&self) -> bool {
        !self.moving && !self.suspended && self.pending.is_none() && self.request.is_none()
    }

    /// Whether it is known to have come to its own end, and is not to go on.
    pub fn has_finished(&self) -> bool {
        self.ended.as_deref() == Some(FINISHED) && !self.suspended
    }

    /// Whether a state is known from which it could go on.
    pub fn is_resumable(&self) -> bool {
        self.last_savepoint.is_some()
            || self.savepoint.is_some()
            || self.checkpoint.is_some()
            || self.pending.as_ref().is_some_and(|pending| pending.is_resumable())
    }

    /// Notes what it is started from now. A savepoint that Flink has named has all that is in it, and nothing, too, needs nothing else; a
    /// checkpoint may need the files of what the job was started from before.
    pub fn start_from(&mut self, from: Option<&String>) {
        let last = |path: &str| path.trim_end_matches('/').rsplit('/').next().map(str::to_owned);
        let begins = |path: &str, word| last(path).is_some_and(|last| last.starts_with(word));
        if from.is_some_and(|from| !begins(from, "savepoint-")) {
            let before = self.started_from.take().filter(|before| !begins(before, "chk-"));
            self.earlier_starts.extend(before.filter(|one| !self.earlier_starts.contains(one)));
        } else {
            self.earlier_starts.clear();
            self.start_is_unknown = false;
        }
        self.started_from = from.cloned();
    }

    /// Remembers a savepoint: where the job goes on from.
    pub fn remember_savepoint(&mut self, savepoint: Snapshot) {
        self.last_savepoint = Some(savepoint.path.clone());
        self.savepoint = Some(savepoint);
    }
}
