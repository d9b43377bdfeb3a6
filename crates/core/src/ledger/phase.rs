//! The change that is under way, and the way back from it: written before a job is stopped, kept until each of them has a
//! first checkpoint in the changed session.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{JobRecord, Ledger, Wanted, Who, secrets};
use crate::words::ledger as words;

/// A change that was begun and is not done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Phase {
    /// Which change: `up`, `restart`.
    pub change: String,
    /// When it was begun, in RFC 3339.
    #[serde(default)]
    pub since: String,
    /// By whom.
    #[serde(flatten)]
    pub who: Who,
    /// The command with its words, without secrets.
    #[serde(default)]
    pub command: String,
    /// What was wanted before: what is wanted again when the change is taken back. `None`: nobody knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<Wanted>>,
    /// The jobs that it stops, as they were before, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub jobs: BTreeMap<String, JobRecord>,
    /// Why it is being taken back; `None`: it is being made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<String>,
    /// Where the session moves to; `None`: it stays where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Destination>,
    /// Fields of a newer Nutkin, which are kept.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

/// Where a session moves to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    /// `local`, `docker`, `kubernetes`.
    pub platform: String,
    /// Its namespace there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The context of the kubeconfig.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The kubeconfig, where it is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<String>,
    /// Whether every job runs there: the session only has to end where it was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_arrived: bool,
    /// What tells the session that this move makes there from any other of its name; `None`: an older Nutkin has begun the move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// What is wanted of it there.
    #[serde(default)]
    pub wanted: Box<Wanted>,
    /// Fields of a newer Nutkin, which are kept.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

/// What somebody who wants something of a session has to know of the change under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InTheWay {
    /// There is none, or it is the same one: it goes on.
    No,
    /// The change is being taken back, and what is wanted is what was before: that goes on.
    TakesBack,
    /// Another one is.
    Yes,
}

impl Phase {
    /// A change that a command begins now.
    pub fn new(change: &str, time: &str, who: &Who, words: &[String]) -> Self {
        Self {
            change: change.to_owned(),
            since: time.to_owned(),
            who: who.clone(),
            command: secrets::masked_words(words).join(" "),
            ..Self::default()
        }
    }

    /// What people read of it.
    pub fn line(&self) -> String {
        let who = format!("{}@{}", self.who.user, self.who.host);
        match &self.taken_back {
            None => words::under_way(&self.command, &who, &self.since),
            Some(why) => words::being_taken_back(&self.command, &who, &self.since, why),
        }
    }

    /// What programs read of it.
    pub fn document(&self) -> Value {
        serde_json::json!({
            "change": self.change,
            "command": self.command,
            "user": self.who.user,
            "host": self.who.host,
            "since": self.since,
            "takenBack": self.taken_back,
            "to": self.to.as_ref().map(|to| &to.platform),
        })
    }
}

impl Ledger {
    /// A change begins: this is wanted from now on. The way back from a change that is under way already stays.
    pub fn begin(&mut self, phase: Phase, wanted: &Wanted) {
        let before = self.wanted.replace(wanted.clone()).map(Box::new);
        self.phase
            .get_or_insert_with(|| Phase { before: phase.before.clone().or(before), ..phase });
    }

    /// A job is to be stopped by the change under way. Keeps how it was before, the first time.
    pub fn will_stop(&mut self, name: &str, job: JobRecord) {
        if let Some(phase) = &mut self.phase {
            phase.jobs.entry(name.to_owned()).or_insert_with(|| job.clone());
        }
        self.jobs.insert(name.to_owned(), JobRecord { moving: true, ..job });
    }

    /// A job that was to be stopped has come to its own end before: nothing of it is to be resumed, whatever becomes of the
    /// change.
    pub fn stays_ended(&mut self, name: &str) {
        if let Some(phase) = &mut self.phase {
            phase.jobs.remove(name);
        }
        if let Some(job) = self.jobs.get_mut(name) {
            job.moving = false;
        }
    }

    /// What was before is wanted again, and the jobs of then are to go on: those that were submitted since from the savepoint
    /// that they were submitted from, or from a later one that was taken of them. `false`: nobody knows what was before, or
    /// nothing is under way; nothing has changed.
    pub fn take_back(&mut self, why: &str) -> bool {
        let Some(phase) = &mut self.phase else { return false };
        let Some(before) = &phase.before else { return false };
        if phase.taken_back.is_some() {
            // Some of them may run again by now.
            return true;
        }
        phase.taken_back = Some(why.to_owned());
        self.wanted = Some((**before).clone());
        for (name, before) in &phase.jobs {
            if let Some(job) = self.jobs.get_mut(name) {
                *job = job.back_to(before);
            }
        }
        true
    }

    /// The change under way is done, or is taken back.
    pub fn close(&mut self) {
        self.phase = None;
    }

    /// Whether the change under way is in the way of what somebody wants.
    pub fn in_the_way(&self, wanted: &Wanted) -> InTheWay {
        let Some(phase) = &self.phase else { return InTheWay::No };
        let is_same = self.wanted.as_ref().is_some_and(|now| now.is_same_wish(wanted));
        match (is_same, &phase.taken_back) {
            // Its jobs may run elsewhere by now.
            _ if phase.to.is_some() => InTheWay::Yes,
            (false, _) => InTheWay::Yes,
            (true, None) => InTheWay::No,
            (true, Some(_)) => InTheWay::TakesBack,
        }
    }
}

impl JobRecord {
    /// The record of a job that is to be again what it was before its session changed.
    fn back_to(&self, before: &Self) -> Self {
        let last = self.pending.as_deref().unwrap_or(self);
        if last.generation == before.generation {
            // Not submitted since: what was begun with it goes on, and then it does.
            return Self { moving: true, ..self.clone() };
        }
        let taken = self.savepoint.as_ref().filter(|one| self.suspended && one.job == last.id);
        let from = taken.map(|one| one.path.clone()).or_else(|| last.started_from.clone());
        let mut back = before.clone();
        // Ids of the session that is left are not used again: its checkpoints lie under them.
        back.generation = last.generation;
        back.id.clone_from(&last.id);
        back.savepoint.clone_from(&self.savepoint);
        if let Some(path) = from {
            let savepoint = back.savepoint.take().filter(|one| one.path == path);
            let mut savepoint = savepoint.unwrap_or_else(|| super::Snapshot {
                path: path.clone(),
                kind: "savepoint".to_owned(),
                ..super::Snapshot::default()
            });
            savepoint.job.clone_from(&last.id);
            back.remember_savepoint(savepoint);
        }
        (back.suspended, back.moving) = (true, true);
        (back.pending, back.request, back.ended) = (None, None, None);
        back
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Bringer, Opened, Snapshot, Stored, open};
    use super::*;

    fn wanted(option: &str) -> Wanted {
        let options = [
            ("a".to_owned(), option.to_owned()),
            ("s3.secret-key".to_owned(), "hunter2".to_owned()),
        ];
        Wanted { options: options.into(), ..Wanted::default() }
    }

    fn phase() -> Phase {
        let who = Who { user: "ann".to_owned(), host: "laptop".to_owned() };
        let words = ["nutkin", "up", "-D", "s3.secret-key=hunter2"].map(str::to_owned);
        Phase::new("up", "2026-11-30T12:00:00Z", &who, &words)
    }

    fn id(generation: u64) -> String {
        format!("job-{generation}")
    }

    fn record(generation: u64, args: &str) -> JobRecord {
        JobRecord {
            generation,
            id: Some(id(generation)),
            args: vec![args.to_owned()],
            origin: Bringer::Run,
            ..JobRecord::default()
        }
    }

    /// A ledger in the middle of a change that has stopped this job.
    fn begun() -> Ledger {
        let mut ledger = Ledger::new("s");
        ledger.wanted = Some(wanted("old"));
        ledger.begin(phase(), &wanted("new"));
        ledger.will_stop("j", record(1, "old"));
        ledger
    }

    fn stop(job: &mut JobRecord, path: &str) {
        let of = job.id.clone().unwrap();
        job.remember_savepoint(Snapshot::new("savepoint", None, path, None, &of));
        job.suspended = true;
    }

    #[test]
    fn the_way_back_stays_through_a_second_begin() {
        let mut ledger = begun();
        let first = ledger.clone();
        // The same command after a cut, or a job that came in meanwhile.
        ledger.begin(phase(), &wanted("new"));
        ledger.will_stop("j", record(1, "other"));
        ledger.will_stop("k", record(1, "k"));
        let phase = ledger.phase.as_ref().unwrap();
        assert_eq!(phase.before, first.phase.as_ref().unwrap().before);
        assert_eq!(phase.jobs["j"].args, ["old"]);
        assert!(phase.jobs.contains_key("k") && ledger.jobs["k"].moving && !phase.jobs["k"].moving);
    }

    #[test]
    fn who_is_in_the_way_of_whom() {
        #[track_caller]
        fn check(ledger: &Ledger, wish: &str, expected: InTheWay) {
            assert_eq!(ledger.in_the_way(&wanted(wish)), expected);
        }
        let mut ledger = begun();
        check(&ledger, "new", InTheWay::No);
        check(&ledger, "old", InTheWay::Yes);
        check(&ledger, "other", InTheWay::Yes);
        assert!(ledger.phase.as_ref().unwrap().line().contains("s3.secret-key=******"));
        assert!(ledger.take_back("it does not start"));
        check(&ledger, "old", InTheWay::TakesBack);
        check(&ledger, "new", InTheWay::Yes);
        assert!(ledger.phase.as_ref().unwrap().line().contains("it does not start"));
        ledger.close();
        for wish in ["old", "new"] {
            check(&ledger, wish, InTheWay::No);
        }
        // Where it moves to another platform, `up` would run its jobs twice.
        ledger.begin(Phase { to: Some(Destination::default()), ..phase() }, &wanted("new"));
        check(&ledger, "new", InTheWay::Yes);
        // Where it stands does not make it another wish.
        let mut elsewhere = wanted("new");
        elsewhere.directory = Some("/elsewhere".to_owned());
        assert_eq!(begun().in_the_way(&elsewhere), InTheWay::No);
        assert!(!Ledger::new("s").take_back("nothing is under way"));
        // Nobody knows what was before.
        let mut ledger = Ledger::new("s");
        ledger.begin(phase(), &wanted("new"));
        assert!(!ledger.take_back("it does not start"));
        assert_eq!(ledger.wanted, Some(wanted("new")));
    }

    /// What the job is when a change is taken back at some moment.
    #[track_caller]
    fn check(happens: impl Fn(&mut JobRecord), generation: u64, from: Option<&str>) {
        let mut ledger = begun();
        happens(ledger.jobs.get_mut("j").unwrap());
        assert!(ledger.take_back("it does not start"));
        let once = ledger.clone();
        let job = &once.jobs["j"];
        assert_eq!((job.generation, job.last_savepoint.as_deref()), (generation, from));
        assert!(job.moving && job.pending.is_none(), "{job:?}");
        assert_eq!((job.args[0].as_str(), job.id.clone()), ("old", Some(id(generation))));
        assert_eq!(once.wanted, Some(wanted("old")));
        // The next command after a cut finds a job that runs again, and leaves it alone.
        let job = ledger.jobs.get_mut("j").unwrap();
        (job.moving, job.suspended) = (false, false);
        let runs = ledger.clone();
        assert!(ledger.take_back("again"));
        assert_eq!(ledger, runs);
    }

    #[test]
    fn jobs_go_on_as_they_were_from_their_savepoints() {
        let submitted = |job: &mut JobRecord| {
            stop(job, "sp-1");
            let started_from = job.last_savepoint.clone();
            *job = JobRecord { started_from, moving: true, ..record(2, "new") };
            job.remember_savepoint(Snapshot::new("savepoint", None, "sp-1", None, &id(1)));
        };
        // Nothing has happened yet; it is being stopped; it is stopped.
        check(|_| (), 1, None);
        check(|job| job.suspended = true, 1, None);
        check(|job| stop(job, "sp-1"), 1, Some("sp-1"));
        // It was submitted, and whether that arrived is not known; it was; and it has a checkpoint.
        let pending = |job: &mut JobRecord| {
            let before = {
                stop(job, "sp-1");
                job.clone()
            };
            submitted(job);
            *job = JobRecord { pending: Some(Box::new(job.clone())), ..before };
        };
        check(pending, 2, Some("sp-1"));
        check(submitted, 2, Some("sp-1"));
        check(
            |job| {
                submitted(job);
                job.moving = false;
            },
            2,
            Some("sp-1"),
        );
        // It was stopped once more: what it has done since is not done twice.
        check(
            |job| {
                submitted(job);
                stop(job, "sp-2");
            },
            2,
            Some("sp-2"),
        );
        // The control: a savepoint that was taken of it while it ran says nothing of where it ended.
        let taken = |job: &mut JobRecord| {
            submitted(job);
            job.remember_savepoint(Snapshot::new("savepoint", None, "sp-2", None, &id(2)));
        };
        check(taken, 2, Some("sp-1"));
    }

    #[test]
    fn what_has_ended_by_itself_stays_ended() {
        let mut ledger = begun();
        ledger.stays_ended("j");
        let before = ledger.jobs.clone();
        assert!(ledger.take_back("it does not start"));
        assert_eq!(ledger.jobs, before);
        assert!(!before["j"].moving);
    }

    #[test]
    fn secrets_of_the_way_back_lie_beside_the_ledger() {
        let empty = open(Stored::default(), "s").unwrap();
        let opened = Opened { ledger: begun(), ..empty };
        let sealed = opened.seal("salt").unwrap();
        assert!(!sealed.document.contains("hunter2"), "{}", sealed.document);
        let stored = Stored {
            document: Some(sealed.document.clone()),
            secrets: sealed.secrets,
            ..Stored::default()
        };
        let read = open(stored, "s").unwrap();
        assert_eq!(read.ledger.phase, opened.ledger.phase);
        // Without them the way back is known, and what of it is missing.
        let lost = Stored { document: Some(sealed.document), ..Stored::default() };
        let before = open(lost, "s").unwrap().ledger.phase.unwrap().before.unwrap();
        assert_eq!(before.missing, ["phase.before.options.s3.secret-key"]);
    }
}
