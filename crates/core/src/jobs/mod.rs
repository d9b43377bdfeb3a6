//! What is to be done for the `FlinkSessionJob`s of a session: submitted once, never doubled, changed as the
//! Flink Kubernetes Operator changes them.

pub mod arguments;
mod claim;
mod decide;
mod evidence;
mod find;
mod jars_here;
mod left;
mod lost;
mod moving;
mod notes;
mod open;
mod outlook;
mod policy;
mod settle;
pub mod slots;
#[cfg(test)]
mod tests;
mod turn;
mod unreadable;
mod way_back;

use std::collections::BTreeMap;

use crate::record::JobRecord;
use crate::session::SessionJob;

pub use claim::ClaimMode;
pub use decide::{carried_out, decide, problems, redeploys};
pub use evidence::{Looks, RECENT, sightings_to_write};
pub use find::{ListedJob, NotFound, find};
pub use jars_here::{JarsOnlyHere, jars_only_here};
pub use left::{Archived, LIST, archived, listed};
pub use lost::{
    AfterLoss, JobArchive, LostJob, LostOutcome, WhyLost, cut, from_older, is_one_of_several, lost,
};
pub use moving::{
    Hindrance, JobsChoice, MovableJob, Stop, again, fates, savepoint_in, stopped, to_resume,
    to_stop,
};
pub use notes::{Note, notes, sent};
pub use open::open;
pub use outlook::{Next, Outlook, next};
pub use policy::Policy;
pub use settle::settle;
pub use turn::{AboutJob, Act, Answer, Asked, News, POLL, SAVEPOINT_DIRECTORY, SeenJob, Turn};
pub use unreadable::is_unreadable;
pub use way_back::{Moved, WayBack, reads_savepoints};

/// How options begin that only the operator and its autoscaler read: no process changes by them.
pub const OPERATOR_ONLY: [&str; 2] = ["kubernetes.operator", "job.autoscaler"];

/// Options about snapshots of a job, which are nothing to the job itself.
const SNAPSHOTS: &str = "nutkin.snapshots.";

/// Namespace of the jobs of a file that names none, so that ids are the same everywhere.
pub const NAMESPACE: &str = "default";

/// Hex digits of a job's id that its name gives, which is what [`nutkin_flink::digest::short`] makes; as many belong to its
/// generation.
const NAME_DIGITS: usize = 16;

/// The generation of a first submission.
const FIRST: u64 = 1;

/// The id of a job: it follows from its name, so that whoever tries again finds it running.
pub fn job_id(namespace: &str, name: &str, generation: u64) -> String {
    let name = nutkin_flink::digest::short(format!("{namespace}/{name}"));
    format!("{name}{generation:016x}")
}

/// Digest of the fields whose change makes it another job. As for the operator, how it is upgraded, where
/// it starts from and what is triggered are not among them, nor are options that only the operator and its
/// autoscaler read. Source: `SpecDiff` annotations of the operator's `FlinkSessionJobSpec`.
pub fn digest(job: &SessionJob) -> String {
    let is_ignored = |key: &str| {
        let mut prefixes = OPERATOR_ONLY.iter().chain(&["parallelism.default", SNAPSHOTS]);
        prefixes.any(|prefix| key.starts_with(prefix))
    };
    let options: Vec<String> = job
        .configuration
        .iter()
        .filter(|(key, _)| !is_ignored(key))
        .map(|(key, entry)| format!("{key}={}", entry.value))
        .collect();
    let text =
        format!("{:?}", (&job.jar_uri, &job.entry_class, &job.args, job.parallelism, options));
    nutkin_flink::digest::short(text)
}

/// A job as the session reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObservedJob {
    /// The session does not know it.
    Absent,
    /// It runs, or is about to.
    Running,
    /// It is between two attempts: it takes no savepoint now.
    Restarting,
    /// It has ended by itself, or with a savepoint.
    Finished,
    /// It has failed, and will not try again.
    Failed,
    /// It was canceled.
    Canceled,
}

impl ObservedJob {
    /// By Flink's name of the state (`JobStatus`).
    pub fn of_state(state: &str) -> Self {
        match state {
            "FINISHED" => Self::Finished,
            "FAILED" => Self::Failed,
            "CANCELED" => Self::Canceled,
            // A JobManager that loses the leadership suspends a job: the next leader has it again.
            "RESTARTING" | "FAILING" | "SUSPENDED" => Self::Restarting,
            _ => Self::Running,
        }
    }

    /// Whether it has not ended.
    pub const fn is_alive(self) -> bool {
        matches!(self, Self::Running | Self::Restarting)
    }
}

impl JobRecord {
    /// How it had ended while somebody saw it; `Absent`: nobody knows of an end.
    fn end(&self) -> ObservedJob {
        match self.ended.as_deref().map(ObservedJob::of_state) {
            Some(ObservedJob::Finished) if !self.suspended => ObservedJob::Finished,
            Some(end @ (ObservedJob::Failed | ObservedJob::Canceled)) => end,
            _ => ObservedJob::Absent,
        }
    }
}

/// What a session knows of the jobs of one name: state by generation.
pub type Known = BTreeMap<u64, ObservedJob>;

/// Picks the jobs of one name out of all jobs of the session, given as id and state.
pub fn known<'a>(
    namespace: &str,
    name: &str,
    jobs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Known {
    jobs.into_iter()
        .filter_map(|(id, state)| {
            Some((generation(namespace, name, id)?, ObservedJob::of_state(state)))
        })
        .collect()
}

/// The generation in a job's id, if it is the id of a job of this name. A job that no session file names is called by the id
/// of its first submission.
fn generation(namespace: &str, name: &str, id: &str) -> Option<u64> {
    if id == name {
        return Some(FIRST);
    }
    let prefix = job_id(namespace, name, 0);
    let generation = id.strip_prefix(&prefix[..NAME_DIGITS])?;
    u64::from_str_radix(generation, 16).ok()
}

/// One thing to do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobStep {
    /// Cancel the job of this generation.
    Cancel(u64),
    /// Stop it with a savepoint, and remember that.
    StopWithSavepoint(u64),
    /// Cancel it, and remember its last checkpoint.
    CancelAtCheckpoint(u64),
    /// It has ended: remember the newest state that it left, if any.
    Recall(u64),
    /// Submit it under this generation.
    Submit {
        /// Part of the id.
        generation: u64,
        /// Where it starts from.
        from: From,
    },
    /// Take a savepoint of this generation.
    Savepoint(u64),
    /// Take a checkpoint of this generation.
    Checkpoint(u64),
}

/// Where a submission starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// From nothing.
    Nothing,
    /// From this savepoint.
    Path(String),
    /// From what the steps before remembered, or else the record; see [`start`].
    Remembered,
}

/// The path that a submission starts from. A job that has left no state yet begins where it would have begun the
/// first time.
pub fn start(from: &From, job: &SessionJob, record: &JobRecord) -> Option<String> {
    match from {
        From::Nothing => None,
        From::Path(path) => Some(path.clone()),
        From::Remembered => {
            record.last_savepoint.clone().or_else(|| job.initial_savepoint_path.clone())
        }
    }
}
