//! One job of a session file, turn by turn: from its record and what was seen, what to do next or what to wait for.
//!
//! A turn remembers nothing but its record, which is kept before the act begins. A request whose answer may be lost is in
//! it, so that the same command finds its outcome after any cut.

mod course;
#[cfg(test)]
mod tests;

use std::time::Duration;

use self::course::Course;
pub use self::course::SAVEPOINT_DIRECTORY;
use super::{FIRST, Known, ObservedJob, job_id, settle};
use crate::decide::Again;
use crate::ledger::{JobRecord, Request};
use crate::session::SessionJob;
use crate::words::jobs as words;
use nutkin_flink::Configuration;

/// Between two looks at something that takes time: a savepoint of a small job takes less than a second.
pub const POLL: Duration = Duration::from_millis(100);

/// What a turn starts from, beside the record.
#[derive(Debug, Clone, Default)]
pub struct SeenJob {
    /// What the session knows of the jobs of this name.
    pub known: Known,
    /// Whether all tasks of the job run, which savepoints and checkpoints need, or were waited for long enough.
    pub is_ready: bool,
    /// What became of the request in the record, where it was asked for.
    pub answer: Option<Answer>,
    /// Whether this command has sent that request itself.
    pub is_asked: bool,
    /// SHA-256 of the job's jar, once the session has it.
    pub jar: Option<String>,
    /// How long the JobManager may go on repeating what it said before the job ended.
    pub repeats_for: Duration,
    /// What a generation has left, once it was asked for: a path, or nothing.
    pub left: Option<(u64, Option<String>)>,
    /// Whether the session takes checkpoints on request.
    pub has_checkpoint_trigger: bool,
    /// The time, RFC 3339 in UTC, to the second.
    pub now: String,
    /// When a request that is made now counts as lost, in the same form.
    pub deadline: String,
    /// The id for the next trigger; `None` where the release chooses it.
    pub trigger: Option<String>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The JobManager works on it.
    InProgress,
    /// It is done; a savepoint is there.
    Completed(Option<String>),
    /// It failed.
    Failed,
    /// The savepoint is there, but the job failed while it was stopping: what its sinks had not committed is not.
    Uncommitted(String),
    /// No JobManager knows of it.
    Unknown,
}

/// What is asked for by a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A stop with a savepoint.
    Stop,
    /// A savepoint.
    Savepoint,
    /// A checkpoint.
    Checkpoint,
}

impl Asked {
    /// As a record has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => Request::STOP,
            Self::Savepoint => "savepoint",
            Self::Checkpoint => "checkpoint",
        }
    }

    /// By the kind of a request in a record.
    pub fn of(kind: &str) -> Option<Self> {
        [Self::Stop, Self::Savepoint, Self::Checkpoint].into_iter().find(|one| one.name() == kind)
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Give the jar to the session: one that is not there shall not cost the job that runs.
    BringJar,
    /// Cancel the job of this generation.
    Cancel {
        /// Part of the id.
        generation: u64,
        /// Only if it leaves a checkpoint.
        at_checkpoint: bool,
    },
    /// Ask for something that takes time.
    Trigger {
        /// Part of the id.
        generation: u64,
        /// What for.
        asked: Asked,
        /// The id that was chosen.
        trigger: Option<String>,
    },
    /// Ask for the newest state that this generation has left.
    Recall(u64),
    /// Submit it, which is what the record has as pending.
    Submit {
        /// Part of the id.
        generation: u64,
        /// The savepoint or checkpoint that it starts from.
        from: Option<String>,
    },
}

/// What happened to a job, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It is stopped, with this savepoint.
    Stopped(String),
    /// The same, but it failed while it was stopping.
    Uncommitted(String),
    /// It came to its end by itself before it could be stopped.
    Finished,
    /// A savepoint was taken.
    Savepoint(String),
    /// A checkpoint was taken.
    Checkpoint,
    /// The release takes none on request.
    NoCheckpoint,
    /// It was canceled.
    Canceled,
    /// It has ended, and this is the newest state that it has left.
    Left(String),
    /// It was submitted under an id, and from where.
    Submitted(String, Option<String>),
}

impl News {
    /// The sentence.
    pub fn line(&self, job: &str, version: &str) -> String {
        match self {
            Self::Stopped(path) => words::stopped(job, path),
            Self::Uncommitted(path) => words::uncommitted(job, path),
            Self::Finished => words::ended_by_itself(job),
            Self::Savepoint(path) => words::savepoint(job, path),
            Self::Checkpoint => words::checkpoint(job),
            Self::NoCheckpoint => words::no_checkpoint(job, version),
            Self::Canceled => words::canceled(job),
            Self::Left(path) => words::left(job, path),
            Self::Submitted(id, from) => words::submitted(job, id, from.as_deref()),
        }
    }
}

/// What follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The record, to be kept before anything is done.
    pub record: JobRecord,
    /// What happened since the turn before.
    pub news: Vec<News>,
    /// What to do.
    pub act: Option<Act>,
    /// What comes then.
    pub again: Again,
    /// What this command asked for has failed: it ends here, and the job goes on as it was.
    pub has_failed: bool,
}

/// A job of a session file, or one that is known by the id of its first submission.
#[derive(Debug, Clone, Copy)]
pub struct AboutJob<'a> {
    /// What it shall be.
    pub job: &'a SessionJob,
    /// Part of its ids.
    pub namespace: &'a str,
    /// The session's options.
    pub session: &'a Configuration,
    /// No session file names it: its name is the id of its first submission.
    pub by_id: bool,
}

impl AboutJob<'_> {
    /// The id of a generation.
    pub fn id(&self, generation: u64) -> String {
        if self.by_id && generation == FIRST {
            return self.job.name.clone();
        }
        job_id(self.namespace, &self.job.name, generation)
    }

    /// What is to be done next.
    ///
    /// Carried out until nothing is left and asked again, it says that nothing is to be done. A cut anywhere leads to the
    /// same.
    pub fn turn(&self, remembered: Option<&JobRecord>, seen: &SeenJob) -> Turn {
        let settled = settle(self.job, remembered, &seen.known);
        let state = settled.as_ref().and_then(|record| seen.known.get(&record.generation)).copied();
        let course = Course {
            about: *self,
            seen,
            state: state.unwrap_or(ObservedJob::Absent),
            is_known: settled.is_some(),
            record: settled.unwrap_or_default(),
            news: Vec::new(),
        };
        course.turn()
    }

    /// The record of a job whose submission has arrived: what was pending.
    pub fn arrived(&self, record: &JobRecord) -> JobRecord {
        record.pending.as_deref().unwrap_or(record).clone()
    }

    /// The record where the id of a submission is that of a job which has ended for good, as the result store of high
    /// availability knows: the next generation is submitted.
    pub fn taken(&self, record: &JobRecord) -> JobRecord {
        let mut record = record.clone();
        if let Some(pending) = record.pending.take() {
            (record.generation, record.id) = (pending.generation, pending.id);
            record.suspended = true;
            if let Some(savepoint) = &mut record.savepoint {
                savepoint.job.clone_from(&record.id);
            }
        }
        record
    }

    /// The record where an act was refused: nothing of it will arrive.
    pub fn refused(&self, record: &JobRecord, act: &Act) -> JobRecord {
        let mut record = record.clone();
        match act {
            Act::Cancel { .. } | Act::Trigger { .. } => {
                record.request = None;
                record.suspended = false;
            }
            // A submission whose answer was lost may arrive: the next turn sees it.
            Act::BringJar | Act::Recall(_) | Act::Submit { .. } => {}
        }
        record
    }
}
