//! Jobs that end while somebody looks, and jobs that are gone.

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
        assert_eq!((job.ended.as_deref(), job.last_savepoint.as_deref()), (Some(state), expected));
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
        let timed =
            |path, time: Option<&str>| Snapshot { time: time.map(str::to_owned), ..snapshot(path) };
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
    // It was listed before it was there, and is lost once more.
    one.note_left("aa", snapshot("file:/aa/chk-10"));
    assert!(!one.note_back(&[("bb", "RUNNING"), ("aa", "FAILED")]), "the control");
    assert!(one.note_back(&[("aa", "RUNNING")]));
    let job = &one.jobs["aa"];
    assert_eq!((&job.ended, &job.checkpoint, &job.last_savepoint), (&None, &None, &None));
    assert!(!one.note_back(&[("aa", "RUNNING")]), "it is known");
    assert_eq!(one.forgotten_since(&[]), ["aa"]);
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

#[test]
fn a_job_of_a_file_is_missed_by_a_newer_job_manager() {
    #[track_caller]
    fn check(change: impl Fn(&mut JobRecord), listed: &str, since: &str, expected: usize) {
        let mut ledger = ledger(Bringer::File);
        let job = ledger.job_of("aa").unwrap();
        job.submitted = Some("2026-01-01T00:00:05Z".to_owned());
        change(job);
        assert_eq!(ledger.missing_of_file(&[(listed, "RUNNING")], since).len(), expected);
    }
    let later = "2026-01-01T02:00:00Z";
    check(|_| (), "bb", later, 1);
    // The controls: it is there, the JobManager is the one that it was given to, it has ended, or a command is at work with it.
    check(|_| (), "aa", later, 0);
    check(|_| (), "bb", "2026-01-01T00:00:00Z", 0);
    check(|job| job.submitted = None, "bb", later, 0);
    check(|job| job.ended = Some("FINISHED".to_owned()), "bb", later, 0);
    check(|job| job.suspended = true, "bb", later, 0);
    check(|job| job.pending = Some(Box::default()), "bb", later, 0);
    check(|job| job.origin = Bringer::Run, "bb", later, 0);
}
