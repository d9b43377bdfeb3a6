//! What became of jobs after their submission, as some command saw it.

#[cfg(test)]
mod tests;

use super::job::FINISHED;
use super::{Bringer, JobRecord, Ledger, Snapshot};
use crate::remedy::{Remedy, RunAgain};
use crate::words::status as words;

/// States that a job does not leave any more and that mean its end. `SUSPENDED` is not one: another JobManager continues
/// such a job.
const ENDS: [&str; 3] = [FINISHED, "CANCELED", "FAILED"];

/// What is noted of a job that its session does not know any more, in Flink's word for what nobody knows.
pub(crate) const FORGOTTEN: &str = "UNKNOWN";

/// What a job has left from which another can start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// Its last savepoint.
    pub savepoint: Option<Snapshot>,
    /// Its last completed checkpoint, unless Flink has deleted it.
    pub checkpoint: Option<Snapshot>,
    /// The path of the newer of the two.
    pub newest: Option<String>,
}

impl Left {
    /// Takes a checkpoint into account that was found where the job left it: what the JobManager says may be older.
    pub fn found(&mut self, checkpoint: Snapshot) {
        let savepoint =
            self.savepoint.as_ref().filter(|one| self.newest.as_ref() == Some(&one.path));
        let times = savepoint.and_then(|one| one.time.as_ref()).zip(checkpoint.time.as_ref());
        if savepoint.is_none() || times.is_some_and(|(savepoint, time)| savepoint < time) {
            self.newest = Some(checkpoint.path.clone());
        }
        self.checkpoint = Some(checkpoint);
    }
}

impl Ledger {
    /// The record of the job with this id, whichever command brought it.
    pub fn job_of(&mut self, id: &str) -> Option<&mut JobRecord> {
        self.jobs.values_mut().find(|job| job.id.as_deref() == Some(id))
    }

    /// Of jobs as a session lists them (id, state): those that have ended and of which the ledger does not know that.
    /// Of jobs of a session file those are not among them with which a command is doing something.
    pub fn ended_since<'j>(&self, jobs: &[(&'j str, &'j str)]) -> Vec<(&'j str, &'j str)> {
        let is_news = |id: &str, state: &str| {
            let mut known = self.jobs.values();
            known.any(|job| {
                // Whoever moves it writes what becomes of it.
                let is_open =
                    !job.moving && job.ended.as_deref().is_none_or(|ended| ended == FORGOTTEN);
                let is_at_rest = job.request.is_none() && job.pending.is_none();
                let counts = job.origin != Bringer::File
                    || (!job.suspended && (state == FINISHED || is_at_rest));
                job.id.as_deref() == Some(id) && counts && is_open
            })
        };
        let is_end = |(id, state): &(&str, &str)| ENDS.contains(state) && is_news(id, state);
        jobs.iter().copied().filter(is_end).collect()
    }

    /// Ids of jobs that run as far as the ledger knows, and that the session does not list any more: it was started anew, or
    /// has forgotten them. One that is on its way is not there yet.
    pub fn forgotten_since(&self, jobs: &[(&str, &str)]) -> Vec<String> {
        let is_listed = |id: &String| jobs.iter().any(|(listed, _)| listed == id);
        let open = self.jobs.values().filter(|job| job.is_open() && job.request.is_none());
        open.filter_map(|job| job.id.clone()).filter(|id| !is_listed(id)).collect()
    }

    /// Jobs that no session file names, that have not ended as far as anybody saw, and that the session does not list: they are
    /// gone with a JobManager, unless another job was started from what they have left.
    pub fn gone(&self, jobs: &[(&str, &str)]) -> Vec<(&str, &JobRecord)> {
        let is_listed = |id: &str| jobs.iter().any(|(listed, _)| *listed == id);
        let is_resumed = |id: &str| {
            let mut from = self.jobs.values().filter_map(|job| job.started_from.as_deref());
            from.any(|path| path.contains(id))
        };
        let is_gone = |job: &JobRecord| {
            let is_forgotten = job.ended.as_deref() == Some(FORGOTTEN);
            let id = job.id.as_deref().unwrap_or_default();
            job.origin != Bringer::File
                && ((job.is_open() && job.request.is_none()) || is_forgotten)
                && !id.is_empty()
                && !is_listed(id)
                && !is_resumed(id)
        };
        let all = self.jobs.iter().map(|(name, job)| (name.as_str(), job));
        all.filter(|(_, job)| is_gone(job)).collect()
    }

    /// Jobs of the session file that were submitted before this time (RFC 3339), at which its JobManagers began to live, and that the
    /// session does not list, though nobody has ended them: they are gone with an older JobManager, or ended unseen.
    pub fn missing_of_file(&self, jobs: &[(&str, &str)], since: &str) -> Vec<(&str, &JobRecord)> {
        let is_missing = |job: &JobRecord| {
            let is_open = job.ended.is_none() && !job.suspended && !job.moving;
            let is_at_rest = job.request.is_none() && job.pending.is_none();
            let is_older = job.submitted.as_deref().is_some_and(|time| time < since);
            let id = job.id.as_deref().unwrap_or_default();
            job.origin == Bringer::File
                && is_open
                && is_at_rest
                && is_older
                && !id.is_empty()
                && !jobs.iter().any(|(listed, _)| *listed == id)
        };
        let all = self.jobs.iter().map(|(name, job)| (name.as_str(), job));
        all.filter(|(_, job)| is_missing(job)).collect()
    }

    /// Notes that the session has forgotten a job: how it ended is not known.
    pub fn note_forgotten(&mut self, id: &str) {
        if let Some(job) = self.job_of(id) {
            job.ended = Some(FORGOTTEN.to_owned());
        }
    }

    /// Notes the same, and the newest checkpoint that was found of it.
    pub fn note_left(&mut self, id: &str, checkpoint: Snapshot) {
        self.note_forgotten(id);
        if let Some(job) = self.job_of(id) {
            job.goes_on_from(checkpoint);
        }
    }

    /// Notes which jobs are there again, of jobs as a session lists them (id, state), and gives whether any are: a JobManager may list
    /// jobs before it has recovered all of them. What was found of such a job is not what it goes on from any more.
    pub fn note_back(&mut self, jobs: &[(&str, &str)]) -> bool {
        let mut is_any = false;
        for (id, _) in jobs.iter().filter(|(_, state)| !ENDS.contains(state)) {
            let job = self.job_of(id).filter(|job| job.ended.as_deref() == Some(FORGOTTEN));
            let Some(job) = job else { continue };
            is_any = true;
            job.ended = None;
            let before = job.checkpoint.take();
            if before.is_some_and(|old| job.last_savepoint == Some(old.path)) {
                job.last_savepoint = job.savepoint.as_ref().map(|savepoint| savepoint.path.clone());
            }
        }
        is_any
    }

    /// How many jobs that no session file names run, as far as the ledger knows.
    pub fn open_jobs(&self) -> usize {
        self.jobs.values().filter(|job| job.is_open()).count()
    }

    /// Of each job that could go on: from where, and how.
    pub fn goes_on(&self) -> Vec<Remedy> {
        let line = |(name, job): (&String, &JobRecord)| {
            let state = job.last_savepoint.as_ref().or_else(|| {
                job.savepoint.as_ref().or(job.checkpoint.as_ref()).map(|state| &state.path)
            });
            let pending = job.pending.as_ref().and_then(|job| job.last_savepoint.as_ref());
            let from = state.or(pending).map_or("", String::as_str);
            // `up` resumes it by itself.
            let again = job.start_again().filter(|_| !job.moving);
            words::goes_on(name, from, again)
        };
        self.jobs.iter().filter(|(_, job)| job.is_resumable()).map(line).collect()
    }

    /// Names of the jobs that are being moved.
    pub fn moving(&self) -> Vec<&str> {
        let moving = self.jobs.iter().filter(|(_, job)| job.moving);
        moving.map(|(name, _)| name.as_str()).collect()
    }

    /// Notes the end of a job, and what it has left. A savepoint that is known and of which Flink says nothing stays.
    pub fn note_end(&mut self, id: &str, state: &str, left: Left) {
        let Some(job) = self.job_of(id) else { return };
        job.ended = Some(state.to_owned());
        if job.origin == Bringer::File {
            // Whatever the file says of it later, this is where it is then.
            if state != FINISHED && left.newest.is_some() {
                job.last_savepoint = left.newest;
            }
            return;
        }
        job.request = None;
        if left.savepoint.is_some() {
            job.savepoint = left.savepoint;
        }
        let before = std::mem::replace(&mut job.checkpoint, left.checkpoint);
        if state == FINISHED && before.is_some_and(|old| job.last_savepoint == Some(old.path)) {
            // Flink deletes the checkpoints of a job that has finished, also the one that it went on from.
            job.last_savepoint = job.savepoint.as_ref().map(|savepoint| savepoint.path.clone());
        }
        if left.newest.is_some() {
            job.last_savepoint = left.newest;
        }
    }
}

impl JobRecord {
    /// Notes a checkpoint of it that was found after its JobManager was lost: it goes on from that one, unless it has a savepoint
    /// of a later time.
    pub fn goes_on_from(&mut self, checkpoint: Snapshot) {
        let savepoint = self.savepoint.as_ref();
        let savepoint = savepoint.filter(|one| self.last_savepoint.as_ref() == Some(&one.path));
        let times = savepoint.and_then(|one| one.time.as_ref()).zip(checkpoint.time.as_ref());
        if times.is_none_or(|(savepoint, checkpoint)| savepoint <= checkpoint) {
            self.last_savepoint = Some(checkpoint.path.clone());
        }
        self.checkpoint = Some(checkpoint);
    }

    /// Whether it runs as far as the ledger knows, and no session file names it.
    pub fn is_open(&self) -> bool {
        self.origin != Bringer::File && self.ended.is_none() && !self.moving
    }

    /// What starts the job again from what it has left, for a job that no session file names; `None`: nothing can.
    pub fn start_again(&self) -> Option<RunAgain> {
        if self.origin == Bringer::File {
            return None;
        }
        Some(RunAgain {
            from: self.last_savepoint.clone()?,
            class: self.entry_class.clone(),
            parallelism: self.parallelism,
            jar: self.jar.clone(),
            has_arguments: !self.args.is_empty(),
        })
    }
}
