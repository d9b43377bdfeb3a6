//! One snapshot, turn by turn: from its record and what was seen, what to do next or what to wait for.

use crate::decide::Again;
use crate::jobs::{Answer, ObservedJob, POLL};
use crate::ledger::{SnapshotLimits, SnapshotOrigin, SnapshotRecord, SnapshotState};
use crate::session::{SnapshotDocument, WantedSnapshot};
use crate::words::snapshots as words;

use super::{digest, kind, seconds_of, text_of};

/// Seconds until a snapshot that has failed is tried again; each failure doubles them. Source: `FlinkStateSnapshotController` of
/// the Java operator.
const RETRY: i64 = 10;

/// Doublings of [`RETRY`] at most: longer than a day nobody waits.
const DOUBLINGS: u32 = 13;

/// A snapshot that is wanted.
#[derive(Debug, Clone, Copy)]
pub struct AboutSnapshot<'a> {
    /// What it is.
    pub document: &'a SnapshotDocument,
    /// Who wants it.
    pub origin: &'a SnapshotOrigin,
    /// How long it stays, where the clock asks for it.
    pub keeps: Option<SnapshotLimits>,
}

/// What a turn starts from, beside the record.
#[derive(Debug, Clone, Default)]
pub struct SeenSnapshot {
    /// The id of the last submission of its job, and how that is.
    pub job: Option<(String, ObservedJob)>,
    /// Whether all tasks of the job run, or were waited for long enough.
    pub is_ready: bool,
    /// What became of the request in the record, where it was asked for.
    pub answer: Option<Answer>,
    /// Why it failed, where it did.
    pub error: Option<String>,
    /// Whether this command has sent that request itself.
    pub is_asked: bool,
    /// Whether the session takes checkpoints on request.
    pub has_checkpoint_trigger: bool,
    /// The session's release, for people.
    pub version: String,
    /// The time, RFC 3339 in UTC, to the second.
    pub now: String,
    /// When a request that is made now counts as lost, in the same form.
    pub deadline: String,
    /// The id for the next trigger; `None` where the release chooses it.
    pub trigger: Option<String>,
}

/// One thing to do: ask for the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotAct {
    /// The id of the job.
    pub job: String,
    /// The id that was chosen.
    pub trigger: Option<String>,
}

/// What follows.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotTurn {
    /// The record, to be kept before anything is done.
    pub record: SnapshotRecord,
    /// What to do.
    pub act: Option<SnapshotAct>,
    /// What comes then.
    pub again: Again,
}

impl AboutSnapshot<'_> {
    /// The record before anything was done. `earlier`: of another snapshot of this name, which is another one by now.
    fn begin(&self, earlier: Option<&SnapshotRecord>) -> SnapshotRecord {
        SnapshotRecord {
            kind: kind(self.document).to_owned(),
            job: self.document.job.clone(),
            origin: self.origin.clone(),
            keeps: self.keeps,
            digest: digest(self.document),
            generation: earlier.map_or(1, |earlier| earlier.generation + 1),
            ..SnapshotRecord::default()
        }
    }

    /// Whether this is the record of the same snapshot.
    pub fn is_of(&self, record: &SnapshotRecord) -> bool {
        record.digest == digest(self.document) && !record.disposing
    }

    /// What is to be done next. Carried out until nothing is left and asked again, it says that nothing is to be done; a cut
    /// anywhere leads to the same.
    pub fn turn(&self, remembered: Option<&SnapshotRecord>, seen: &SeenSnapshot) -> SnapshotTurn {
        let same = remembered.filter(|record| self.is_of(record)).cloned();
        let mut record = same.unwrap_or_else(|| self.begin(remembered));
        record.dropped = false;
        record.disposes = false;
        if let WantedSnapshot::Savepoint { path, exists, disposes, .. } = &self.document.what {
            record.disposes = *disposes;
            if *exists && !record.state.is_final() {
                record.state = SnapshotState::Completed;
                record.path.clone_from(path);
                record.time = Some(seen.now.clone());
            }
        }
        match record.state {
            SnapshotState::TriggerPending => self.ask(record, seen),
            SnapshotState::InProgress => self.look(record, seen),
            _ => SnapshotTurn { record, act: None, again: Again::Done },
        }
    }

    fn ask(&self, mut record: SnapshotRecord, seen: &SeenSnapshot) -> SnapshotTurn {
        let done = |record| SnapshotTurn { record, act: None, again: Again::Done };
        if record.is_put_off(&seen.now) {
            return done(record);
        }
        let Some((job, _)) = seen.job.as_ref().filter(|(_, state)| state.is_alive()) else {
            record.state = SnapshotState::Abandoned;
            record.time = Some(seen.now.clone());
            return done(record);
        };
        let is_checkpoint = self.document.what == WantedSnapshot::Checkpoint;
        if is_checkpoint && !seen.has_checkpoint_trigger {
            record.state = SnapshotState::Failed;
            record.error = Some(words::no_checkpoint(&seen.version));
            record.time = Some(seen.now.clone());
            return done(record);
        }
        if !seen.is_ready {
            let reason = words::waits_for_tasks(&self.document.name);
            return SnapshotTurn { record, act: None, again: Again::Wait { reason, after: POLL } };
        }
        record.state = SnapshotState::InProgress;
        record.job_id = Some(job.clone());
        record.trigger.clone_from(&seen.trigger);
        record.deadline = Some(seen.deadline.clone());
        record.asked = Some(seen.now.clone());
        record.error = None;
        record.retry = None;
        let act = SnapshotAct { job: job.clone(), trigger: seen.trigger.clone() };
        SnapshotTurn { record, act: Some(act), again: Again::Look }
    }

    /// What became of the request in the record.
    fn look(&self, mut record: SnapshotRecord, seen: &SeenSnapshot) -> SnapshotTurn {
        let limit = self.document.backoff_limit;
        let is_same = |(id, state): &&(String, ObservedJob)| {
            Some(id) == record.job_id.as_ref() && state.is_alive()
        };
        let runs = seen.job.as_ref().filter(is_same).map(|(id, _)| id.clone());
        match (seen.answer.clone().unwrap_or(Answer::Unknown), runs) {
            (Answer::InProgress, _) => {
                let reason = words::waits(&record.kind, &self.document.name);
                return SnapshotTurn {
                    record,
                    act: None,
                    again: Again::Wait { reason, after: POLL },
                };
            }
            (Answer::Completed(path), _) => {
                record.state = SnapshotState::Completed;
                record.path = path.filter(|path| !path.is_empty());
                record.time = Some(seen.now.clone());
                record.trigger = None;
                record.deadline = None;
            }
            // The same id again: where it was heard before, it is not obeyed twice.
            (Answer::Unknown, Some(job))
                if !seen.is_asked
                    && record.trigger.is_some()
                    && seen.trigger.is_some()
                    && record.deadline.as_ref().is_some_and(|until| seen.now <= *until) =>
            {
                let act = SnapshotAct { job, trigger: record.trigger.clone() };
                return SnapshotTurn { record, act: Some(act), again: Again::Look };
            }
            (Answer::Failed | Answer::Unknown | Answer::Uncommitted(_), _) => {
                let why = seen.error.clone().unwrap_or_else(|| words::FORGOTTEN.to_owned());
                record = failed(&record, limit, &why, &seen.now);
            }
        }
        SnapshotTurn { record, act: None, again: Again::Done }
    }
}

/// The record where it has failed once more: it is tried again later, unless `limit` says that it was enough.
pub fn failed(record: &SnapshotRecord, limit: Option<u32>, why: &str, now: &str) -> SnapshotRecord {
    let mut record = record.clone();
    record.failures += 1;
    record.error = Some(why.to_owned());
    record.time = Some(now.to_owned());
    (record.trigger, record.deadline) = (None, None);
    if limit.is_some_and(|limit| limit < record.failures) {
        record.state = SnapshotState::Failed;
        return record;
    }
    record.state = SnapshotState::TriggerPending;
    let doublings = (record.failures - 1).min(DOUBLINGS);
    record.retry = seconds_of(now).map(|now| text_of(now + (RETRY << doublings)));
    record
}

impl SnapshotRecord {
    /// How it is, for people; `name` is what the ledger calls it.
    pub fn line(&self, name: &str) -> String {
        let (kind, job) = (&self.kind, self.job.as_deref());
        let why = self.error.as_deref().unwrap_or_default();
        match (&self.state, &self.retry) {
            (SnapshotState::Completed, _) => words::taken(kind, name, job, self.path.as_deref()),
            (SnapshotState::TriggerPending, Some(retry)) => {
                words::failed(kind, name, job, why, retry)
            }
            (SnapshotState::Failed, _) => words::failed_for_good(kind, name, job, why),
            (SnapshotState::Abandoned, _) => words::abandoned(kind, name, job),
            _ => words::waits(kind, name),
        }
    }
}
