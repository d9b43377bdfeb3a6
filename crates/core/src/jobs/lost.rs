//! Jobs whose JobManager was lost without high availability: which of them go on, and from where.
//!
//! The ledger has what was submitted, the directory of checkpoints what is left of it. Nothing is guessed: a job goes on only where
//! nothing speaks against it that it had ended, and where what it has left can be seen.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{Evidence, Looks, is_end};
use super::moving::Hindrance;
use super::open::may_go_on;
use super::{FIRST, ObservedJob};
use crate::calendar::seconds_of;
use crate::ledger::{Bringer, JobRecord, Ledger, Request, Snapshot};
use crate::words::lost as words;

/// By how much the clock of whoever submitted a job may differ from that of the JobManager, in seconds: clocks that are set by NTP differ
/// by far less, those of laptops that have slept by some seconds.
const SKEW: i64 = 60;

/// What is there once a JobManager answers again.
#[derive(Debug, Clone, Default)]
pub struct AfterLoss {
    /// Ids of the jobs that this JobManager knows.
    pub known: BTreeSet<String>,
    /// What each job has in its directory of checkpoints: path by number, of those that are complete. A job that has no such
    /// directory is not among them.
    pub checkpoints: BTreeMap<String, BTreeMap<u64, String>>,
    /// Ids of jobs whose directory nobody can look into from here: for these the last checkpoint counts that the ledger has noted.
    pub unseen: BTreeSet<String>,
    /// When the JobManager was started, where its platform tells: without an archive, a job that was submitted later and that it
    /// does not know has ended there.
    pub since: Option<String>,
    /// What the JobManagers before have written down of jobs that ended.
    pub archive: JobArchive,
    /// How jobs were seen last while their JobManager lived.
    pub looks: Looks,
    /// Jobs, by their names in the ledger, that somebody wants to go on although nobody knows whether they had ended.
    pub wanted: BTreeSet<String>,
    /// Whether a TaskManager may live that knows the lost registrations: it would refuse a job of the same id for ever
    /// (`BlobLibraryCacheManager`, FLINK-32212).
    pub may_be_registered: bool,
    /// Jobs, by their names in the ledger, that cannot be submitted again, and why.
    pub hindrances: BTreeMap<String, Hindrance>,
}

/// What JobManagers write down of jobs that have ended. Without that nobody tells a job that was canceled from one that ran: both
/// leave their checkpoints.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum JobArchive {
    /// Nothing.
    #[default]
    Nothing,
    /// Something, where nobody can look from here.
    Unseen,
    /// This.
    Read {
        /// Jobs that have ended, each with Flink's word for its state.
        ended: BTreeMap<String, String>,
        /// Jobs of which it cannot tell: a part of a file, one of an earlier job of the same id, which Flink does not replace
        /// (`FsJobArchivist` writes with `NO_OVERWRITE`), or nothing in a directory that went with its JobManager.
        unclear: BTreeSet<String>,
    },
}

/// A job of the ledger that no JobManager has any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostJob {
    /// What the ledger calls it.
    pub name: String,
    /// The id that it had.
    pub id: String,
    /// What becomes of it.
    pub outcome: LostOutcome,
}

/// What becomes of a job whose JobManager was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LostOutcome {
    /// It goes on.
    GoesOn {
        /// Its record, which has it resumed.
        record: Box<JobRecord>,
        /// From where; `None`: it had completed no checkpoint, and begins as it began.
        from: Option<String>,
        /// Older complete checkpoints, the newest first: from the first that can be read it goes on where that one cannot.
        older: Vec<String>,
    },
    /// It had ended before.
    HadEnded {
        /// Its record, which knows that.
        record: Box<JobRecord>,
        /// Flink's word for how.
        state: String,
    },
    /// It stays lost.
    Stays(WhyLost),
}

/// Why a job does not go on by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyLost {
    /// Somebody was ending it.
    WasEnding,
    /// Whoever looked saw it in this state last, of which only its end comes.
    WasSeen(String),
    /// It has no complete checkpoint where it could be seen, and whether it had ended is not known.
    NoCheckpoint,
    /// It could go on from there, but whether it had ended is not known: no archive says so, and nobody has seen it run just before.
    MayHaveEnded(Option<String>),
    /// It cannot be submitted again.
    Hindered(Hindrance),
}

impl LostJob {
    /// What people read.
    pub fn line(&self) -> String {
        let name = &self.name;
        match &self.outcome {
            LostOutcome::GoesOn { from: Some(from), .. } => words::goes_on(name, from),
            LostOutcome::GoesOn { from: None, .. } => words::begins_again(name),
            LostOutcome::HadEnded { state, .. } => words::had_ended(name, state),
            LostOutcome::Stays(why) => {
                let why = match why {
                    WhyLost::WasEnding => words::WAS_ENDING.to_owned(),
                    WhyLost::WasSeen(state) => words::was_seen(state),
                    WhyLost::MayHaveEnded(_) => words::MAY_HAVE_ENDED.to_owned(),
                    WhyLost::NoCheckpoint => words::NO_CHECKPOINT.to_owned(),
                    WhyLost::Hindered(hindrance) => hindrance.line(),
                };
                words::stays_lost(name, &why)
            }
        }
    }
}

/// The jobs of a ledger that ran as far as it knows, that no JobManager has any more, and what becomes of each.
///
/// Carried out and asked again, there is none.
pub fn lost(ledger: &Ledger, seen: &AfterLoss) -> Vec<LostJob> {
    let all = ledger.jobs.iter();
    all.filter_map(|(name, record)| {
        let record = arrived(record, seen);
        let id = record.id.clone()?;
        let is_lost = may_go_on(record, ledger)
            && !seen.known.contains(&id)
            && !has_ended(name, record, seen);
        is_lost.then(|| LostJob {
            name: name.clone(),
            outcome: outcome(name, record, &id, seen),
            id,
        })
    })
    .collect()
}

/// Whether it has ended under the JobManager that lives, which has forgotten it since. What is known better counts: the two times
/// are of two clocks.
fn has_ended(name: &str, record: &JobRecord, seen: &AfterLoss) -> bool {
    let id = record.id.as_deref().unwrap_or_default();
    match end_of(name, record, id, seen) {
        End::Forgotten => true,
        End::Unknown => {
            let times = [&record.submitted, &seen.since].map(|time| seconds_of(time.as_ref()?));
            matches!(times, [Some(submitted), Some(since)] if since + SKEW < submitted)
        }
        End::NotYet | End::Was(_) | End::Begun(_) => false,
    }
}

/// What is known of the end of a job that no JobManager has.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// It ran when its JobManager was lost, or somebody says that it shall go on.
    NotYet,
    /// It has ended, in this state.
    Was(String),
    /// It was seen on the way to its end, in this state.
    Begun(String),
    /// It has ended under the JobManager that lives, which has forgotten it since (`jobstore.expiration-time`).
    Forgotten,
    /// Nothing.
    Unknown,
}

fn end_of(name: &str, record: &JobRecord, id: &str, seen: &AfterLoss) -> End {
    let archived = match &seen.archive {
        JobArchive::Read { ended, .. } => ended.get(id),
        JobArchive::Nothing | JobArchive::Unseen => None,
    };
    // `SUSPENDED` does not count: another JobManager continues such a job.
    if let Some(state) = archived.filter(|state| is_end(state)) {
        return End::Was(state.clone());
    }
    let evidence = seen.looks.of(record, id, seen.since.as_deref());
    if let Evidence::Ended(state) = evidence {
        return End::Was(state.to_owned());
    }
    if seen.wanted.contains(name) {
        return End::NotYet;
    }
    if let Evidence::Ending(state) = evidence {
        return End::Begun(state.to_owned());
    }
    if evidence == Evidence::Known {
        return End::Forgotten;
    }
    let is_archived = match &seen.archive {
        JobArchive::Read { unclear, .. } => !unclear.contains(id),
        JobArchive::Nothing | JobArchive::Unseen => false,
    };
    // Who has begun to resume it knew more.
    if evidence == Evidence::Alive || is_archived || record.moving {
        End::NotYet
    } else {
        End::Unknown
    }
}

/// The record that counts: a submission that was begun has arrived where it has left something.
fn arrived<'r>(record: &'r JobRecord, seen: &AfterLoss) -> &'r JobRecord {
    let has_left = |pending: &JobRecord| {
        pending.id.as_ref().is_some_and(|id| {
            seen.known.contains(id) || seen.checkpoints.get(id).is_some_and(|all| !all.is_empty())
        })
    };
    record.pending.as_deref().filter(|pending| has_left(pending)).unwrap_or(record)
}

fn outcome(name: &str, record: &JobRecord, id: &str, seen: &AfterLoss) -> LostOutcome {
    let request = record.request.as_ref().filter(|request| request.job == id);
    let left = seen.checkpoints.get(id);
    let newest = left.and_then(|all| all.last_key_value()).map(|(_, path)| path.clone());
    let newest = newest.or_else(|| noted(record, id).filter(|_| seen.unseen.contains(id)));
    let end = end_of(name, record, id, seen);
    if let End::Was(state) = end {
        let mut record = record.clone();
        record.ended = Some(state.clone());
        record.request = None;
        record.moving = false;
        if let Some(path) = newest {
            record.checkpoint = Some(Snapshot::new("checkpoint", None, &path, None, id));
            record.last_savepoint = Some(path);
        }
        return LostOutcome::HadEnded { record: Box::new(record), state };
    }
    if request.is_some_and(Request::ends_job) && !seen.wanted.contains(name) {
        return LostOutcome::Stays(WhyLost::WasEnding);
    }
    if let End::Begun(state) = end {
        return LostOutcome::Stays(WhyLost::WasSeen(state));
    }
    let from = match newest {
        Some(path) => Some(path),
        // Flink makes the directory when it starts the job, and empties it when the job has finished.
        None if left.is_some() && end == End::NotYet => {
            let began = if record.moving { &record.last_savepoint } else { &record.started_from };
            began.clone()
        }
        None => return LostOutcome::Stays(WhyLost::NoCheckpoint),
    };
    if end == End::Unknown {
        return LostOutcome::Stays(WhyLost::MayHaveEnded(from));
    }
    if let Some(hindrance) = seen.hindrances.get(name) {
        return LostOutcome::Stays(WhyLost::Hindered(hindrance.clone()));
    }
    let record = resumed(record, id, from.clone(), seen.may_be_registered);
    let older = left.into_iter().flat_map(|all| all.values().rev());
    let older = older.filter(|path| Some(*path) != from.as_ref()).cloned().collect();
    LostOutcome::GoesOn { record: Box::new(record), from, older }
}

/// The record of a job that was resumed from a checkpoint that cannot be read: it goes on from an older one, under the next id, because
/// the directory of this one has checkpoints of greater numbers already, which Flink does not write over.
pub fn from_older(record: &JobRecord, path: &str) -> JobRecord {
    let last = record.pending.as_deref().unwrap_or(record);
    let id = last.id.clone().unwrap_or_default();
    let before = JobRecord {
        generation: last.generation.max(record.generation),
        pending: None,
        suspended: false,
        ..record.clone()
    };
    resumed(&before, &id, Some(path.to_owned()), true)
}

/// The last checkpoint of this run of the job that somebody noted while it ran.
fn noted(record: &JobRecord, id: &str) -> Option<String> {
    let is_of_run = |one: &&Snapshot| {
        let is_later =
            one.time.as_ref().is_some_and(|time| Some(time) >= record.submitted.as_ref());
        is_later && one.job.as_deref() == Some(id)
    };
    record.checkpoint.as_ref().filter(is_of_run).map(|one| one.path.clone())
}

/// The record of a job that is resumed from there: under the same id, or under the next one where that is not free.
fn resumed(record: &JobRecord, id: &str, from: Option<String>, is_registered: bool) -> JobRecord {
    let mut now = record.clone();
    // Somebody else is submitting it: under the one id of both it runs once.
    let is_on_its_way = record.moving && record.pending.is_some();
    now.generation = now.generation.max(FIRST) + u64::from(is_registered && !is_on_its_way);
    now.pending = None;
    now.request = None;
    now.ended = None;
    now.moving = true;
    if let Some(path) = from.as_ref().filter(|path| now.last_savepoint.as_ref() != Some(path)) {
        now.checkpoint = Some(Snapshot::new("checkpoint", None, path, None, id));
    }
    now.last_savepoint = from;
    now
}

/// Jobs that a command resumed which was cut off, by how the JobManager lists them: names of those to be seen through, and what
/// people read of those that have failed since. Nobody resumes these again and again.
pub fn cut(ledger: &Ledger, states: &BTreeMap<String, String>) -> (Vec<String>, Vec<String>) {
    let is_cut = |record: &JobRecord| record.moving && !record.suspended;
    let (mut resumed, mut failed) = (Vec::new(), Vec::new());
    for (name, record) in ledger.jobs.iter().filter(|(_, record)| is_cut(record)) {
        let id = record.pending.as_deref().unwrap_or(record).id.as_ref();
        let state = id.and_then(|id| states.get(id)).map_or("", String::as_str);
        match ObservedJob::of_state(state) {
            ObservedJob::Failed | ObservedJob::Canceled => {
                failed.push(words::was_resumed(name, state));
            }
            _ => resumed.push(name.clone()),
        }
    }
    (resumed, failed)
}

/// Whether one program submitted this job and others: Flink's client notes all that are new with one record.
pub fn is_one_of_several(key: &str, ledger: &Ledger) -> bool {
    let jobs = &ledger.jobs;
    let Some(this) = jobs.get(key).filter(|job| job.origin == Bringer::Flink) else { return false };
    jobs.iter().any(|(name, other)| {
        name != key
            && other.origin == Bringer::Flink
            && other.submitted == this.submitted
            && other.jar == this.jar
            && other.args == this.args
    })
}
