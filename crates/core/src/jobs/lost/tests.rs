//! Every way in which a job may have been lost.

use super::*;
use crate::ledger::{ENDED, Event, Request, Sighting};

const ID: &str = "0123456789abcdef0123456789abcdef";

fn record() -> JobRecord {
    JobRecord {
        generation: 3,
        id: Some(ID.to_owned()),
        submitted: Some("2026-11-29T12:00:00Z".to_owned()),
        started_from: Some("file:/first".to_owned()),
        last_savepoint: Some("file:/old".to_owned()),
        ..JobRecord::default()
    }
}

/// A JobManager that knows nothing and writes down ends, and a job that has left these checkpoints.
fn seen(numbers: &[u64]) -> AfterLoss {
    let path = |number: &u64| (*number, format!("file:/c/{ID}/chk-{number}"));
    AfterLoss {
        checkpoints: [(ID.to_owned(), numbers.iter().map(path).collect())].into(),
        archive: archive(&[]),
        ..AfterLoss::default()
    }
}

/// One that has these jobs.
fn archive(ended: &[(&str, &str)]) -> JobArchive {
    let of = |(id, state): &(&str, &str)| ((*id).to_owned(), (*state).to_owned());
    JobArchive::Read { ended: ended.iter().map(of).collect(), unclear: BTreeSet::new() }
}

/// A watch saw the job in this state last, and right after that the end of its JobManager.
fn watched(state: &str) -> Looks {
    let start = "2026-11-29T10:00:00Z".to_owned();
    let seen = Sighting {
        state: state.to_owned(),
        time: "2026-11-29T12:30:00Z".to_owned(),
        job_manager: Some(start.clone()),
        ..Sighting::default()
    };
    Looks {
        sightings: [(ID.to_owned(), seen)].into(),
        ended: Some((start, "2026-11-29T12:30:05Z".to_owned())),
        now: String::new(),
    }
}

fn ledger(record: JobRecord) -> Ledger {
    let mut ledger = Ledger::new("s");
    ledger.jobs.insert("orders".to_owned(), record);
    ledger
}

/// In a few words: the generation and from where, or why not.
fn verdict(record: JobRecord, seen: &AfterLoss) -> String {
    of_ledger(&ledger(record), seen)
}

fn of_ledger(ledger: &Ledger, seen: &AfterLoss) -> String {
    let all = lost(ledger, seen);
    let Some(job) = all.first() else { return "-".to_owned() };
    match &job.outcome {
        LostOutcome::GoesOn { record, from, .. } => {
            assert!(record.moving && record.ended.is_none() && record.request.is_none());
            assert_eq!(&record.last_savepoint, from);
            format!("{} {}", record.generation, from.as_deref().unwrap_or("nothing"))
        }
        LostOutcome::HadEnded { record, state } => {
            assert_eq!(record.ended.as_ref(), Some(state));
            state.clone()
        }
        LostOutcome::Stays(why) => format!("{why:?}"),
    }
}

#[test]
fn the_greatest_number_counts_and_not_the_last_name() {
    let expected = format!("3 file:/c/{ID}/chk-10");
    assert_eq!(verdict(record(), &seen(&[9, 10])), expected);
}

#[test]
fn what_cannot_be_read_is_followed_by_older_ones_under_other_ids() {
    let path = |number: u64| format!("file:/c/{ID}/chk-{number}");
    let found = lost(&ledger(record()), &seen(&[8, 9, 10])).remove(0);
    let LostOutcome::GoesOn { record: first, older, .. } = found.outcome else {
        panic!("{found:?}");
    };
    assert_eq!(older, [path(9), path(8)]);
    // Submitted under the id that it had, and refused; submitted, and failed.
    let pending = JobRecord { pending: Some(first.clone()), ..*first.clone() };
    for tried in [*first, pending] {
        let now = from_older(&tried, &older[0]);
        assert_eq!((now.generation, now.last_savepoint.as_ref()), (4, Some(&older[0])));
        assert!(now.moving && !now.suspended && now.pending.is_none());
        assert_eq!(from_older(&now, &older[1]).generation, 5);
    }
    // The control: one checkpoint, and nothing behind it.
    let found = lost(&ledger(record()), &seen(&[7])).remove(0);
    assert!(matches!(found.outcome, LostOutcome::GoesOn { older, .. } if older.is_empty()));
}

#[test]
fn another_id_where_the_old_one_may_be_registered() {
    let seen = AfterLoss { may_be_registered: true, ..seen(&[7]) };
    assert_eq!(verdict(record(), &seen), format!("4 file:/c/{ID}/chk-7"));
    // Two watches: what the other one is submitting keeps its id.
    let other = JobRecord { id: Some("b".repeat(32)), ..record() };
    let on_its_way = JobRecord { moving: true, pending: Some(Box::new(other)), ..record() };
    assert_eq!(verdict(on_its_way, &seen), format!("3 file:/c/{ID}/chk-7"));
    let at_rest = JobRecord { moving: true, ..record() };
    assert_eq!(verdict(at_rest, &seen), format!("4 file:/c/{ID}/chk-7"));
    let by_id = JobRecord { generation: 0, origin: Bringer::Run, ..record() };
    assert_eq!(verdict(by_id, &seen), format!("2 file:/c/{ID}/chk-7"));
}

#[test]
fn what_runs_or_has_ended_is_left_alone() {
    let left = seen(&[7]);
    let known = AfterLoss { known: [ID.to_owned()].into(), ..left.clone() };
    assert_eq!(verdict(record(), &known), "-");
    for state in ["FINISHED", "CANCELED", "FAILED"] {
        let ended = JobRecord { ended: Some(state.to_owned()), ..record() };
        assert_eq!(verdict(ended, &left), "-");
        let seen = AfterLoss { archive: archive(&[(ID, state)]), ..left.clone() };
        assert_eq!(verdict(record(), &seen), state);
    }
    let suspended = JobRecord { suspended: true, ..record() };
    assert_eq!(verdict(suspended, &left), "-");
    // The control: a command that looked meanwhile has missed it.
    let missed = JobRecord { ended: Some("UNKNOWN".to_owned()), ..record() };
    assert_eq!(verdict(missed, &left), format!("3 file:/c/{ID}/chk-7"));
}

#[test]
fn a_job_that_is_being_ended_does_not_come_back() {
    for (kind, expected) in [
        ("stop", "WasEnding".to_owned()),
        ("cancel", "WasEnding".to_owned()),
        ("savepoint", format!("3 file:/c/{ID}/chk-7")),
    ] {
        let request = Request { kind: kind.to_owned(), job: ID.to_owned(), ..Request::default() };
        let asked = JobRecord { request: Some(request), ..record() };
        assert_eq!(verdict(asked, &seen(&[7])), expected);
    }
}

#[test]
fn without_a_checkpoint_nothing_is_guessed() {
    assert_eq!(verdict(record(), &seen(&[])), "3 file:/first");
    let first = JobRecord { started_from: None, ..record() };
    assert_eq!(verdict(first, &seen(&[])), "3 nothing");
    // It may have finished.
    let unknown = AfterLoss { archive: JobArchive::Nothing, ..seen(&[]) };
    assert_eq!(verdict(record(), &unknown), "NoCheckpoint");
    // The control: somebody saw it run.
    let ran = AfterLoss { looks: watched("RUNNING"), ..unknown };
    assert_eq!(verdict(record(), &ran), "3 file:/first");
    // Its checkpoints may lie elsewhere.
    let elsewhere = AfterLoss { checkpoints: BTreeMap::new(), ..seen(&[]) };
    assert_eq!(verdict(record(), &elsewhere), "NoCheckpoint");
}

#[test]
fn lost_once_more_on_its_way() {
    let again = JobRecord { moving: true, ..record() };
    assert_eq!(verdict(again.clone(), &seen(&[])), "3 file:/old");
    assert_eq!(verdict(again, &seen(&[8])), format!("3 file:/c/{ID}/chk-8"));
    // Whoever watched saw that it ended.
    let failed = AfterLoss { looks: watched("FAILED"), archive: JobArchive::Nothing, ..seen(&[]) };
    assert_eq!(verdict(JobRecord { moving: true, ..record() }, &failed), "FAILED");
    let pending = JobRecord { pending: Some(Box::new(record())), ..JobRecord::default() };
    assert_eq!(verdict(pending.clone(), &seen(&[8])), format!("3 file:/c/{ID}/chk-8"));
    assert_eq!(verdict(pending, &seen(&[])), "-", "it has not arrived");
}

#[test]
fn what_was_given_up_does_not_come_back() {
    let expected = format!("3 file:/c/{ID}/chk-7");
    for (time, given_up) in [("2026-11-29T12:00:00Z", true), ("2026-11-29T11:59:59Z", false)] {
        let expected = if given_up { "-" } else { expected.as_str() };
        let mut lost = ledger(record());
        lost.given_up = Some(time.to_owned());
        assert_eq!(of_ledger(&lost, &seen(&[7])), expected);
        let mut ended = ledger(record());
        let changes = vec![ENDED.to_owned()];
        ended.note(Event { time: time.to_owned(), changes, ..Event::default() });
        assert_eq!(of_ledger(&ended, &seen(&[7])), expected);
    }
    let mut moved = ledger(JobRecord { moving: true, ..record() });
    moved.given_up = Some("2026-11-29T13:00:00Z".to_owned());
    assert_eq!(of_ledger(&moved, &seen(&[7])), expected);
}

#[test]
fn what_cannot_be_submitted_is_told() {
    let hindrances = [("orders".to_owned(), Hindrance::NoJar)].into();
    let seen = AfterLoss { hindrances, ..seen(&[7]) };
    assert_eq!(verdict(record(), &seen), "Hindered(NoJar)");
}

#[test]
fn carried_out_and_asked_again_nothing_is_left() {
    let seen = seen(&[7]);
    let mut one = ledger(record());
    let all = lost(&one, &seen);
    let [LostJob { outcome: LostOutcome::GoesOn { record, .. }, .. }] = all.as_slice() else {
        panic!("{all:?}")
    };
    one.jobs.insert("orders".to_owned(), (**record).clone());
    let known = AfterLoss { known: [ID.to_owned()].into(), ..seen };
    assert_eq!(lost(&one, &known), []);
}

#[test]
fn jobs_of_one_program() {
    let record = |origin: Bringer, submitted: &str| JobRecord {
        origin,
        submitted: Some(submitted.to_owned()),
        ..JobRecord::default()
    };
    let jobs = [
        ("a", record(Bringer::Flink, "1")),
        ("b", record(Bringer::Flink, "1")),
        ("c", record(Bringer::Flink, "2")),
        ("d", record(Bringer::Run, "1")),
    ];
    let mut ledger = Ledger::new("s");
    ledger.jobs = jobs.map(|(name, job)| (name.to_owned(), job)).into();
    let several = ["a", "b", "c", "d"].map(|name| is_one_of_several(name, &ledger));
    assert_eq!(several, [true, true, false, false]);
}

#[test]
fn where_nobody_can_look_the_checkpoint_counts_that_was_noted() {
    let unseen = |archive: JobArchive| AfterLoss {
        unseen: [ID.to_owned()].into(),
        looks: watched("RUNNING"),
        archive,
        ..AfterLoss::default()
    };
    let noted = |time: &str, job: &str| {
        let time = Some(time.to_owned());
        let checkpoint = Some(Snapshot::new("checkpoint", None, "s3://c/chk-7", time, job));
        JobRecord { checkpoint, ..record() }
    };
    let now = noted("2026-11-29T12:00:30Z", ID);
    for archive in [JobArchive::Nothing, JobArchive::Unseen] {
        assert_eq!(verdict(now.clone(), &unseen(archive.clone())), "3 s3://c/chk-7");
        // The control: nobody has seen it run.
        let unwatched = AfterLoss { looks: Looks::default(), ..unseen(archive) };
        assert_eq!(verdict(now.clone(), &unwatched), "MayHaveEnded(Some(\"s3://c/chk-7\"))");
    }
    // Another run of it, or another job.
    assert_eq!(
        verdict(noted("2026-11-29T11:00:00Z", ID), &unseen(JobArchive::Unseen)),
        "NoCheckpoint"
    );
    assert_eq!(
        verdict(noted("2026-11-29T12:00:30Z", "other"), &unseen(JobArchive::Unseen)),
        "NoCheckpoint"
    );
    // What can be seen counts.
    let looked = AfterLoss { archive: JobArchive::Nothing, ..seen(&[]) };
    assert_eq!(verdict(now.clone(), &looked), "NoCheckpoint");
    assert_eq!(verdict(now, &unseen(archive(&[(ID, "FINISHED")]))), "FINISHED");
}

#[test]
fn what_the_living_job_manager_has_forgotten_has_ended_there() {
    let left = AfterLoss { archive: JobArchive::Nothing, ..seen(&[7]) };
    let since = |time: &str| AfterLoss { since: Some(time.to_owned()), ..left.clone() };
    assert_eq!(verdict(record(), &since("2026-11-29T11:00:00Z")), "-");
    // The controls: it was submitted to the one before, or it was seen to run, whatever the two clocks say.
    let may_have = format!("MayHaveEnded(Some(\"file:/c/{ID}/chk-7\"))");
    assert_eq!(verdict(record(), &since("2026-11-29T12:30:00Z")), may_have);
    // By the clock of whoever submitted it, it may have been a little later than that: it is told.
    assert_eq!(verdict(record(), &since("2026-11-29T11:59:00Z")), may_have);
    assert_eq!(verdict(record(), &since("2026-11-29T11:58:59Z")), "-");
    // This very JobManager had it, whatever the archive has, which somebody may clear. The control: somebody wants it.
    let start = "2026-11-29T10:00:00Z";
    let had = AfterLoss { looks: watched("RUNNING"), archive: archive(&[]), ..since(start) };
    assert_eq!(verdict(record(), &had), "-");
    let wanted = AfterLoss { wanted: ["orders".to_owned()].into(), ..had };
    assert_eq!(verdict(record(), &wanted), format!("3 file:/c/{ID}/chk-7"));
    assert_eq!(verdict(record(), &left), may_have);
    let expected = format!("3 file:/c/{ID}/chk-7");
    let ran = AfterLoss { looks: watched("RUNNING"), ..since("2026-11-29T11:00:00Z") };
    assert_eq!(verdict(record(), &ran), expected);
    // Its last submission was begun, and has not arrived.
    let moving = JobRecord { moving: true, ..record() };
    assert_eq!(verdict(moving, &since("2026-11-29T11:00:00Z")), expected);
}

#[test]
fn what_was_resumed_and_failed_is_not_resumed_again() {
    #[track_caller]
    fn check(record: JobRecord, state: Option<&str>, resumed: bool, says: usize) {
        let states = state.map(|state| (ID.to_owned(), state.to_owned()));
        let (names, lines) = cut(&ledger(record), &states.into_iter().collect());
        assert_eq!((names.len() == 1, lines.len()), (resumed, says), "{state:?}");
    }
    let moved = JobRecord { moving: true, ..record() };
    for state in ["FAILED", "CANCELED"] {
        check(moved.clone(), Some(state), false, 1);
        let old = JobRecord { id: Some("b".repeat(32)), ..moved.clone() };
        check(JobRecord { pending: Some(Box::new(moved.clone())), ..old }, Some(state), false, 1);
    }
    for state in [Some("RUNNING"), Some("RESTARTING"), Some("FINISHED"), None] {
        check(moved.clone(), state, true, 0);
    }
    // At rest, or stopped with a savepoint: somebody else's.
    check(record(), Some("FAILED"), false, 0);
    check(JobRecord { suspended: true, ..moved }, Some("FAILED"), false, 0);
}

#[test]
fn what_a_watch_saw_counts_where_no_archive_is_read() {
    #[track_caller]
    fn check(archive: &JobArchive, state: Option<&str>, expected: &str) {
        let looks = state.map(watched).unwrap_or_default();
        let seen = AfterLoss { archive: archive.clone(), looks, ..seen(&[7]) };
        assert_eq!(verdict(record(), &seen), expected, "{archive:?}");
    }
    let unclear = [ID.to_owned()].into();
    let unclear = JobArchive::Read { ended: BTreeMap::new(), unclear };
    let (goes_on, path) = (format!("3 file:/c/{ID}/chk-7"), format!("file:/c/{ID}/chk-7"));
    for archive in [&JobArchive::Nothing, &JobArchive::Unseen, &unclear] {
        for state in ["CANCELED", "FAILED", "FINISHED"] {
            check(archive, Some(state), state);
        }
        for state in ["CANCELLING", "FAILING"] {
            check(archive, Some(state), &format!("WasSeen(\"{state}\")"));
        }
        // It ran when somebody looked last. The control: nobody did.
        for state in ["RUNNING", "RESTARTING", "SUSPENDED"] {
            check(archive, Some(state), &goes_on);
        }
        check(archive, None, &format!("MayHaveEnded(Some(\"{path}\"))"));
    }
    // What was archived as suspended has not ended: another JobManager continues it.
    check(&archive(&[(ID, "SUSPENDED")]), None, &goes_on);
    // An archive that can be read and does not have it: it had not ended.
    check(&archive(&[]), None, &goes_on);
    check(&archive(&[]), Some("CANCELLING"), "WasSeen(\"CANCELLING\")");
}

#[test]
fn what_somebody_wants_goes_on_unless_it_is_known_to_have_ended() {
    let wanted = |archive: JobArchive| AfterLoss {
        archive,
        wanted: ["orders".to_owned()].into(),
        ..seen(&[7])
    };
    let goes_on = format!("3 file:/c/{ID}/chk-7");
    assert_eq!(verdict(record(), &wanted(JobArchive::Nothing)), goes_on);
    assert_eq!(verdict(record(), &wanted(JobArchive::Unseen)), goes_on);
    let request = Request { kind: "cancel".to_owned(), job: ID.to_owned(), ..Request::default() };
    let ending = JobRecord { request: Some(request), ..record() };
    assert_eq!(verdict(ending, &wanted(JobArchive::Nothing)), goes_on);
    assert_eq!(verdict(record(), &wanted(archive(&[(ID, "CANCELED")]))), "CANCELED");
    for (state, expected) in [("FAILED", "FAILED"), ("CANCELLING", goes_on.as_str())] {
        let saw = AfterLoss { looks: watched(state), ..wanted(JobArchive::Nothing) };
        assert_eq!(verdict(record(), &saw), expected);
    }
    let others = AfterLoss { wanted: ["other".to_owned()].into(), ..wanted(JobArchive::Nothing) };
    assert!(verdict(record(), &others).starts_with("MayHaveEnded"));
}
