//! A turn under way: first what became of the request in the record, then the first step of what is to be done.

use super::super::{From, JobStep, ObservedJob, Policy, carried_out, decide, start};
use super::{AboutJob, Act, Answer, Asked, News, POLL, SeenJob, Turn};
use crate::decide::Again;
use crate::ledger::{JobRecord, Request, Snapshot};
use crate::words::jobs as words;

/// Options that say where savepoints are written; the first one that is there holds.
pub const SAVEPOINT_DIRECTORY: [&str; 2] =
    ["execution.checkpointing.savepoint-dir", "state.savepoints.dir"];

const CANCEL: &str = Request::CANCEL;
const CANCEL_AT_CHECKPOINT: &str = Request::CANCEL_AT_CHECKPOINT;
const END: &str = Request::END;

/// Where an answer leads: an act or none, what comes then, and whether it has failed.
type Next = (Option<Act>, Again, bool);

/// A turn under way.
pub(super) struct Course<'a> {
    pub(super) about: AboutJob<'a>,
    pub(super) seen: &'a SeenJob,
    /// How the record's generation is.
    pub(super) state: ObservedJob,
    /// Whether there is a record.
    pub(super) is_known: bool,
    pub(super) record: JobRecord,
    pub(super) news: Vec<News>,
}

impl Course<'_> {
    pub(super) fn turn(mut self) -> Turn {
        if let Some(request) = self.record.request.clone() {
            if request.job != self.id() {
                self.record.request = None;
            } else if let Some(turn) = self.answered(&request) {
                let (act, again, has_failed) = turn;
                return self.end(act, again, has_failed);
            }
        }
        let (act, again) = self.next();
        self.end(act, again, false)
    }

    fn end(self, act: Option<Act>, again: Again, has_failed: bool) -> Turn {
        Turn { record: self.record, news: self.news, act, again, has_failed }
    }

    fn id(&self) -> String {
        self.about.id(self.record.generation)
    }

    fn waits(&self, what: impl FnOnce(&str) -> String) -> Again {
        Again::Wait { reason: what(&self.about.job.name), after: POLL }
    }

    /// What became of the request in the record; `None`: it is over, and what is next is open.
    fn answered(&mut self, request: &Request) -> Option<Next> {
        let generation = self.record.generation;
        let wait = |again: Again| Some((None, again, false));
        match (Asked::of(&request.kind), request.kind.as_str()) {
            (Some(asked), _) => self.polled(asked, request),
            (None, CANCEL | CANCEL_AT_CHECKPOINT) if self.state.is_alive() => {
                if self.seen.is_asked {
                    return wait(self.waits(words::waits_for_end));
                }
                // Whether it was sent is not known, and a second one does no harm.
                let at_checkpoint = request.kind == CANCEL_AT_CHECKPOINT;
                let act = Act::Cancel { generation, at_checkpoint };
                Some((Some(act), Again::Look, false))
            }
            (None, CANCEL) => {
                self.record.request = None;
                self.news.push(News::Canceled);
                None
            }
            // It may have completed another checkpoint and deleted the one before.
            (None, CANCEL_AT_CHECKPOINT) if !self.seen.repeats_for.is_zero() => {
                let reason = words::waits_for_end(&self.about.job.name);
                wait(Again::Wait { reason, after: self.seen.repeats_for })
            }
            (None, CANCEL_AT_CHECKPOINT) => match &self.seen.left {
                Some((of, left)) if *of == generation => {
                    self.take(left.clone());
                    self.close(request);
                    None
                }
                _ => Some((Some(Act::Recall(generation)), Again::Look, false)),
            },
            // The savepoint is complete a moment before the job has ended.
            (None, END) if self.state.is_alive() => wait(self.waits(words::waits_for_end)),
            (None, END) => None,
            // Submissions are settled by what is pending; others are a newer Nutkin's.
            (None, _) => {
                self.record.request = None;
                None
            }
        }
    }

    /// What became of a trigger.
    fn polled(&mut self, asked: Asked, request: &Request) -> Option<Next> {
        match self.seen.answer.clone().unwrap_or(Answer::Unknown) {
            Answer::InProgress => {
                let what = |job: &str| match asked {
                    Asked::Stop | Asked::Savepoint => words::waits_for_savepoint(job),
                    Asked::Checkpoint => words::waits_for_checkpoint(job),
                };
                return Some((None, self.waits(what), false));
            }
            Answer::Completed(path) => {
                self.record.request = None;
                let path = path.unwrap_or_default();
                match asked {
                    Asked::Stop => {
                        self.stopped(path, News::Stopped, request);
                        if self.state.is_alive() {
                            return Some((None, self.waits(words::waits_for_end), false));
                        }
                    }
                    Asked::Savepoint => {
                        self.remember(&path);
                        self.news.push(News::Savepoint(path));
                        self.record.savepoint_trigger_nonce =
                            self.about.job.savepoint_trigger_nonce;
                    }
                    Asked::Checkpoint => {
                        self.news.push(News::Checkpoint);
                        self.record.checkpoint_trigger_nonce =
                            self.about.job.checkpoint_trigger_nonce;
                    }
                }
            }
            Answer::Uncommitted(path) if !self.state.is_alive() => {
                self.stopped(path, News::Uncommitted, request);
            }
            // It has ended with its savepoint, of which nobody tells any more, or by itself.
            Answer::Unknown if asked == Asked::Stop && self.state == ObservedJob::Finished => {
                let generation = self.record.generation;
                match self.seen.left.clone() {
                    Some((of, left)) if of == generation => match left {
                        Some(path) => self.stopped(path, News::Stopped, request),
                        None => self.finish(),
                    },
                    _ => return Some((Some(Act::Recall(generation)), Again::Look, false)),
                }
            }
            // Another JobManager, which knows neither: whether the savepoint is complete nobody tells.
            Answer::Unknown if asked == Asked::Stop && self.state == ObservedJob::Absent => {
                self.record.request = None;
            }
            Answer::Failed if asked == Asked::Stop && self.state == ObservedJob::Finished => {
                self.finish();
            }
            // The same id again: where it was heard before, it is not obeyed twice.
            Answer::Unknown
                if !self.seen.is_asked
                    && self.state.is_alive()
                    && request.trigger.is_some()
                    && self.seen.trigger.is_some()
                    && request.deadline.as_ref().is_some_and(|until| self.seen.now <= *until) =>
            {
                let (generation, trigger) = (self.record.generation, request.trigger.clone());
                let act = Act::Trigger { generation, asked, trigger };
                return Some((Some(act), Again::Look, false));
            }
            Answer::Failed | Answer::Uncommitted(_) | Answer::Unknown => {
                self.record.request = None;
                if self.seen.is_asked {
                    self.record.suspended = false;
                    return Some((None, Again::Done, true));
                }
                self.record.suspended &= !self.state.is_alive();
            }
        }
        None
    }

    /// It came to its end before it could be stopped: nothing of it is to go on.
    fn finish(&mut self) {
        self.record.request = None;
        self.record.suspended = false;
        self.news.push(News::Finished);
    }

    /// The job is stopped with this savepoint.
    fn stopped(&mut self, path: String, news: impl FnOnce(String) -> News, request: &Request) {
        self.remember(&path);
        self.news.push(news(path));
        self.close(request);
    }

    /// The job is stopped or canceled, and its record says where it goes on.
    fn close(&mut self, request: &Request) {
        self.record.request =
            Some(Request { kind: END.to_owned(), job: request.job.clone(), ..Request::default() });
    }

    fn remember(&mut self, path: &str) {
        let now = Some(self.seen.now.clone());
        let savepoint = Snapshot::new("savepoint", None, path, now, &self.id());
        self.record.remember_savepoint(savepoint);
    }

    fn take(&mut self, left: Option<String>) {
        if let Some(path) = left {
            self.news.push(News::Left(path.clone()));
            self.record.last_savepoint = Some(path);
        }
    }

    /// The first step of what is to be done.
    fn next(&mut self) -> (Option<Act>, Again) {
        let AboutJob { job, session, .. } = self.about;
        let policy = Policy::of(session, &job.configuration);
        let record = self.is_known.then_some(&self.record);
        let steps = decide(job, policy, record, self.state);
        let submits = steps.iter().any(|step| matches!(step, JobStep::Submit { .. }));
        if submits && self.seen.jar.is_none() {
            return (Some(Act::BringJar), Again::Look);
        }
        let mut steps = steps.into_iter();
        let mut step = steps.next();
        if let Some(JobStep::Recall(generation)) = step {
            let is_recalled = self.record.request.as_ref().is_some_and(|one| one.kind == END);
            match &self.seen.left {
                _ if is_recalled => {}
                Some((of, left)) if *of == generation => self.take(left.clone()),
                _ => return (Some(Act::Recall(generation)), Again::Look),
            }
            step = steps.next();
        }
        match step {
            None => {
                self.record = carried_out(job, Some(&self.record), &[]);
                self.record.request = None;
                self.record.id = Some(self.id());
                (None, Again::Done)
            }
            Some(JobStep::Recall(_)) => (None, Again::Look),
            Some(JobStep::Cancel(generation)) => self.cancel(generation, false),
            Some(JobStep::CancelAtCheckpoint(generation)) => self.cancel(generation, true),
            Some(JobStep::StopWithSavepoint(_)) => self.trigger(Asked::Stop),
            Some(JobStep::Savepoint(_)) => self.trigger(Asked::Savepoint),
            Some(JobStep::Checkpoint(_)) if !self.seen.has_checkpoint_trigger => {
                self.news.push(News::NoCheckpoint);
                self.record.checkpoint_trigger_nonce = job.checkpoint_trigger_nonce;
                (None, Again::Look)
            }
            Some(JobStep::Checkpoint(_)) => self.trigger(Asked::Checkpoint),
            Some(JobStep::Submit { generation, from }) => {
                let from = start(&from, job, &self.record);
                let submit = JobStep::Submit { generation, from: From::Nothing };
                let mut after = carried_out(job, Some(&self.record), &[submit]);
                after.request = None;
                after.id = Some(self.about.id(generation));
                after.start_from(from.as_ref());
                after.jar_digest.clone_from(&self.seen.jar);
                after.submitted = Some(self.seen.now.clone());
                self.record.pending = Some(Box::new(after));
                (Some(Act::Submit { generation, from }), Again::Look)
            }
        }
    }

    fn request(&self, kind: &str) -> Request {
        Request {
            kind: kind.to_owned(),
            job: self.id(),
            deadline: Some(self.seen.deadline.clone()),
            ..Request::default()
        }
    }

    fn cancel(&mut self, generation: u64, at_checkpoint: bool) -> (Option<Act>, Again) {
        let kind = if at_checkpoint { CANCEL_AT_CHECKPOINT } else { CANCEL };
        self.record.suspended = true;
        self.record.request = Some(self.request(kind));
        (Some(Act::Cancel { generation, at_checkpoint }), Again::Look)
    }

    fn trigger(&mut self, asked: Asked) -> (Option<Act>, Again) {
        if !self.seen.is_ready {
            return (None, self.waits(words::waits_for_tasks));
        }
        self.record.suspended |= asked == Asked::Stop;
        let trigger = self.seen.trigger.clone();
        let directory = SAVEPOINT_DIRECTORY
            .into_iter()
            .find_map(|key| self.about.job.configuration.get(key).or(self.about.session.get(key)))
            .filter(|_| asked != Asked::Checkpoint)
            .map(|entry| entry.value.to_string());
        self.record.request =
            Some(Request { trigger: trigger.clone(), directory, ..self.request(asked.name()) });
        (Some(Act::Trigger { generation: self.record.generation, asked, trigger }), Again::Look)
    }
}
