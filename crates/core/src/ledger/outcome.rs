//! What became of jobs after their submission, as some command saw it.

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
            job.goes_on_from(Snapshot { is_last: true, ..checkpoint });
        }
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

    /// Whether its newest checkpoint is known, because it was looked for after its session had forgotten it.
    pub fn knows_its_last(&self) -> bool {
        self.ended.as_deref() == Some(FORGOTTEN)
            && self.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.is_last)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remedy::Deed;

    fn ledger(origin: Bringer) -> Ledger {
        let mut ledger = Ledger::new("s");
        let job = JobRecord { id: Some("aa".to_owned()), origin, ..JobRecord::default() };
        ledger.jobs.insert("aa".to_owned(), job);
        ledger
    }

    fn snapshot(path: &str) -> Snapshot {
        Snapshot { path: path.to_owned(), ..Snapshot::default() }
    }

    #[test]
    fn only_what_has_ended_and_is_ours_is_news() {
        #[track_caller]
        fn check(origin: Bringer, listed: (&str, &str), is_news: bool) {
            let ledger = ledger(origin);
            assert_eq!(!ledger.ended_since(&[listed]).is_empty(), is_news);
        }
        check(Bringer::Run, ("aa", "FINISHED"), true);
        check(Bringer::Flink, ("aa", "CANCELED"), true);
        check(Bringer::Run, ("aa", "FAILED"), true);
        check(Bringer::Run, ("aa", "RUNNING"), false);
        check(Bringer::Run, ("aa", "SUSPENDED"), false);
        check(Bringer::Run, ("bb", "FINISHED"), false);
        // Of a file's job that it has finished: another JobManager must not be given it again.
        check(Bringer::File, ("aa", "FINISHED"), true);
        check(Bringer::File, ("aa", "FAILED"), true);
        check(Bringer::File, ("aa", "CANCELED"), true);
        check(Bringer::File, ("aa", "RUNNING"), false);
    }

    #[test]
    fn what_a_command_is_doing_with_a_job_of_a_file_is_its_own() {
        #[track_caller]
        fn check(change: impl Fn(&mut JobRecord), state: &str, is_news: bool) {
            let mut ledger = ledger(Bringer::File);
            change(ledger.job_of("aa").unwrap());
            assert_eq!(!ledger.ended_since(&[("aa", state)]).is_empty(), is_news);
        }
        let asked = |job: &mut JobRecord| job.request = Some(crate::ledger::Request::default());
        check(|_| (), "CANCELED", true);
        check(asked, "CANCELED", false);
        check(asked, "FINISHED", true);
        check(|job| job.suspended = true, "CANCELED", false);
        check(|job| job.pending = Some(Box::default()), "FAILED", false);
        check(|job| job.moving = true, "FAILED", false);
    }

    #[test]
    fn where_a_job_of_a_file_has_ended_is_where_it_goes_on() {
        for (state, expected) in [("CANCELED", Some("file:/chk")), ("FINISHED", None)] {
            let mut ledger = ledger(Bringer::File);
            let newest = Some("file:/chk".to_owned());
            ledger.note_end("aa", state, Left { newest, ..Left::default() });
            let job = &ledger.jobs["aa"];
            assert_eq!(
                (job.ended.as_deref(), job.last_savepoint.as_deref()),
                (Some(state), expected)
            );
        }
    }

    #[test]
    fn what_a_job_has_left_counts_before_what_its_job_manager_said() {
        #[track_caller]
        fn check(newest: &str, found: &str, expected: &str) {
            let timed =
                |path: &str, time: &str| Snapshot { time: Some(time.to_owned()), ..snapshot(path) };
            let mut left = Left {
                savepoint: Some(timed("savepoint", "2026-01-01T00:00:05Z")),
                checkpoint: Some(timed("chk-3", "2026-01-01T00:00:04Z")),
                newest: Some(newest.to_owned()),
            };
            left.found(timed("chk-9", found));
            assert_eq!(left.newest.as_deref(), Some(expected));
            assert_eq!(left.checkpoint.unwrap().path, "chk-9");
        }
        check("chk-3", "2026-01-01T00:00:04Z", "chk-9");
        check("savepoint", "2026-01-01T00:00:06Z", "chk-9");
        // The control: the savepoint is as new.
        check("savepoint", "2026-01-01T00:00:05Z", "savepoint");
    }

    #[test]
    fn a_checkpoint_that_is_found_counts_unless_a_savepoint_is_newer() {
        #[track_caller]
        fn check(savepoint: Option<&str>, checkpoint: Option<&str>, expected: &str) {
            let timed = |path, time: Option<&str>| Snapshot {
                time: time.map(str::to_owned),
                ..snapshot(path)
            };
            let mut job = JobRecord::default();
            job.remember_savepoint(timed("file:/sp", savepoint));
            job.goes_on_from(timed("file:/chk", checkpoint));
            assert_eq!(job.last_savepoint.as_deref(), Some(expected));
            assert_eq!(job.checkpoint.unwrap().path, "file:/chk");
        }
        let [earlier, later] = [Some("2026-01-01T00:00:01Z"), Some("2026-01-01T00:00:02Z")];
        check(earlier, later, "file:/chk");
        check(earlier, earlier, "file:/chk");
        check(later, earlier, "file:/sp");
        check(None, earlier, "file:/chk");
        check(later, None, "file:/chk");
    }

    #[test]
    fn an_end_is_noted_once_and_loses_no_savepoint() {
        let mut ledger = ledger(Bringer::Run);
        ledger.jobs.get_mut("aa").unwrap().remember_savepoint(snapshot("file:/sp"));
        ledger.note_end("aa", "FAILED", Left::default());
        let job = &ledger.jobs["aa"];
        assert_eq!((job.ended.as_deref(), job.is_resumable()), (Some("FAILED"), true));
        let from = "file:/sp".to_owned();
        assert_eq!(job.start_again().unwrap(), RunAgain { from, ..RunAgain::default() });
        assert_eq!(ledger.ended_since(&[("aa", "FAILED")]), []);
        let (checkpoint, newest) = (Some(snapshot("file:/chk")), Some("file:/chk".to_owned()));
        ledger.note_end("aa", "FAILED", Left { savepoint: None, checkpoint, newest });
        let job = ledger.jobs.get_mut("aa").unwrap();
        assert_eq!(job.savepoint, Some(snapshot("file:/sp")));
        (job.args, job.parallelism) = (vec!["--password".to_owned(), "x".to_owned()], Some(2));
        (job.jar, job.entry_class) = (Some("/j.jar".to_owned()), Some("M".to_owned()));
        let again = RunAgain {
            from: "file:/chk".to_owned(),
            class: Some("M".to_owned()),
            parallelism: Some(2),
            jar: Some("/j.jar".to_owned()),
            has_arguments: true,
        };
        assert_eq!(job.start_again().unwrap(), again);
    }

    #[test]
    fn a_job_that_has_finished_after_a_recovery_leaves_no_checkpoint() {
        #[track_caller]
        fn check(state: &str, expected: Option<&str>) {
            let mut ledger = ledger(Bringer::Run);
            let job = ledger.jobs.get_mut("aa").unwrap();
            job.checkpoint = Some(snapshot("file:/aa/chk-7"));
            job.last_savepoint = Some("file:/aa/chk-7".to_owned());
            ledger.note_end("aa", state, Left::default());
            assert_eq!(ledger.jobs["aa"].last_savepoint.as_deref(), expected);
            assert_eq!(ledger.jobs["aa"].is_resumable(), expected.is_some());
        }
        check("FINISHED", None);
        check("FAILED", Some("file:/aa/chk-7"));
    }

    #[test]
    fn what_a_session_has_forgotten_has_ended_until_it_is_seen_again() {
        let mut one = ledger(Bringer::Run);
        assert_eq!(one.forgotten_since(&[("aa", "RUNNING")]), Vec::<String>::new());
        assert_eq!(one.forgotten_since(&[("bb", "RUNNING")]), ["aa"]);
        one.note_forgotten("aa");
        assert_eq!(one.jobs["aa"].ended.as_deref(), Some("UNKNOWN"));
        assert_eq!(one.forgotten_since(&[]), Vec::<String>::new());
        assert_eq!(one.ended_since(&[("aa", "FAILED")]), [("aa", "FAILED")]);
        // The controls: one that is on its way, and one of a file.
        let mut one = ledger(Bringer::Run);
        one.job_of("aa").unwrap().request = Some(crate::ledger::Request::default());
        assert_eq!(one.forgotten_since(&[]), Vec::<String>::new());
        assert_eq!(ledger(Bringer::File).forgotten_since(&[]), Vec::<String>::new());
    }

    #[test]
    fn what_is_gone_is_told_until_it_goes_on() {
        let mut one = ledger(Bringer::Run);
        let gone = |ledger: &Ledger, listed: &[(&str, &str)]| ledger.gone(listed).len();
        assert_eq!(gone(&one, &[("aa", "RUNNING")]), 0);
        assert_eq!(gone(&one, &[]), 1);
        one.note_forgotten("aa");
        assert_eq!((gone(&one, &[]), gone(&one, &[("aa", "RUNNING")])), (1, 0));
        let again = JobRecord {
            id: Some("bb".to_owned()),
            origin: Bringer::Run,
            started_from: Some("file:/checkpoints/aa/chk-7".to_owned()),
            ..JobRecord::default()
        };
        one.jobs.insert("bb".to_owned(), again);
        assert_eq!(gone(&one, &[("bb", "RUNNING")]), 0);
        // The controls: one that has ended, and one of a file.
        let mut one = ledger(Bringer::Run);
        one.note_end("aa", "FINISHED", Left::default());
        assert_eq!((gone(&one, &[]), gone(&ledger(Bringer::File), &[])), (0, 0));
    }

    #[test]
    fn how_jobs_go_on() {
        let mut all = ledger(Bringer::Run);
        assert_eq!(all.goes_on(), []);
        all.jobs.get_mut("aa").unwrap().remember_savepoint(snapshot("file:/sp"));
        let mut of_file = JobRecord::default();
        of_file.remember_savepoint(snapshot("file:/of-file"));
        all.jobs.insert("count".to_owned(), of_file);
        let from = "file:/sp".to_owned();
        let run = Deed::Run(RunAgain { from, ..RunAgain::default() });
        let expected = [
            run.within("job `aa` can go on from file:/sp: ", ""),
            "job `count` can go on from file:/of-file".into(),
        ];
        assert_eq!(all.goes_on(), expected);
    }

    #[test]
    fn jobs_of_a_file_start_again_by_the_file() {
        let mut ledger = ledger(Bringer::File);
        ledger.jobs.get_mut("aa").unwrap().remember_savepoint(snapshot("file:/sp"));
        assert_eq!(ledger.jobs["aa"].start_again(), None);
    }
}
