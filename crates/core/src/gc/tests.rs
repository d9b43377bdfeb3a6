//! Nothing goes that anybody may need.

use super::*;
use crate::ledger::{Phase, Snapshot};

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const C: &str = "cccccccccccccccccccccccccccccccc";

fn holder(name: &str, jobs: Vec<(&str, JobRecord)>) -> Holder {
    let mut ledger = Ledger::new(name);
    ledger.jobs = jobs.into_iter().map(|(name, job)| (name.to_owned(), job)).collect();
    Holder {
        session: name.to_owned(),
        ledger: Some(ledger),
        running: Some(BTreeSet::new()),
        lives: true,
        is_highly_available: false,
    }
}

fn job(id: &str) -> JobRecord {
    JobRecord { id: Some(id.to_owned()), jar_digest: Some("jar".to_owned()), ..Default::default() }
}

fn ended(id: &str, state: &str) -> JobRecord {
    JobRecord { ended: Some(state.to_owned()), ..job(id) }
}

fn leftover(what: LeftoverKind, mentions: &[&str]) -> Leftover {
    Leftover {
        session: Some("s".to_owned()),
        path: format!("/data/s/{what:?}"),
        what,
        bytes: 1,
        mentions: mentions.iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn checkpoints(id: &str, mentions: &[&str]) -> Leftover {
    leftover(LeftoverKind::Checkpoints(id.to_owned()), mentions)
}

/// Whether each stays.
fn stays(leftovers: &[Leftover], holders: &[Holder]) -> Vec<bool> {
    let judged = judge(leftovers.to_vec(), holders);
    judged.iter().map(|one| one.needed.is_some()).collect()
}

#[track_caller]
fn check(record: JobRecord, expected: bool) {
    let jar = Leftover { session: None, ..leftover(LeftoverKind::Jar("jar".to_owned()), &[]) };
    let holders = [holder("s", vec![("orders", record)])];
    assert_eq!(stays(&[checkpoints(A, &[]), jar], &holders), [expected, expected]);
    assert_eq!(!needs_jar("jar", &holders).is_empty(), expected);
}

#[test]
fn what_a_ledger_may_need_stays() {
    check(job(A), true);
    check(ended(A, "UNKNOWN"), true);
    check(JobRecord { suspended: true, ..ended(A, "FINISHED") }, true);
    check(JobRecord { pending: Some(Box::new(job(A))), ..JobRecord::default() }, true);
    let left = Snapshot::new("checkpoint", None, &format!("file:/c/{A}/chk-7"), None, A);
    check(JobRecord { checkpoint: Some(left), ..ended(A, "CANCELED") }, true);
    // The controls.
    check(ended(A, "FINISHED"), false);
    check(ended(A, "CANCELED"), false);
}

#[test]
fn what_the_way_back_from_a_change_needs_stays() {
    let jar = Leftover { session: None, ..leftover(LeftoverKind::Jar("old".to_owned()), &[]) };
    // The job runs with another jar by now.
    let now = JobRecord { jar_digest: Some("new".to_owned()), ..job(B) };
    let check = |phase: Option<Phase>, expected: bool| {
        let mut changed = holder("s", vec![("orders", now.clone())]);
        changed.ledger.as_mut().unwrap().phase = phase;
        let holders = [changed];
        assert_eq!(stays(&[checkpoints(A, &[]), jar.clone()], &holders), [expected, expected]);
        let needs = needs_jar("old", &holders);
        assert_eq!(needs, if expected { vec![("s", "orders")] } else { Vec::new() });
    };
    let before = JobRecord { jar_digest: Some("old".to_owned()), ..job(A) };
    let jobs = [("orders".to_owned(), before)].into();
    check(Some(Phase { jobs, ..Phase::default() }), true);
    // The control: the change is done.
    check(None, false);
}

#[test]
fn nothing_of_a_living_session_goes() {
    let living = |running: Option<&[&str]>| Holder {
        running: running.map(|all| all.iter().map(|id| (*id).to_owned()).collect()),
        ..holder("s", Vec::new())
    };
    let left = [checkpoints(A, &[]), checkpoints(B, &[])];
    assert_eq!(stays(&left, &[living(Some(&[A]))]), [true, false]);
    assert_eq!(stays(&left, &[living(None)]), [true, true], "it does not tell");
    let unreadable = Holder { ledger: None, ..living(Some(&[])) };
    assert_eq!(stays(&left, &[unreadable]), [true, true]);
    let available = Holder { is_highly_available: true, ..living(Some(&[])) };
    assert_eq!(stays(&left, &[available]), [true, true]);
    assert_eq!(stays(&left, &[]), [false, false]);
    // One that is gone keeps everything as well, and is not said to be silent.
    let gone = Holder { ledger: None, running: None, lives: false, ..holder("other", Vec::new()) };
    let silent = Holder { lives: true, ..gone.clone() };
    let why = |holder: Holder| judge(left.to_vec(), &[holder]).remove(0).needed;
    assert_eq!(why(gone), Some(Needed::MayReturn("other".to_owned())));
    assert_eq!(why(silent), Some(Needed::NotTold("other".to_owned())));
}

#[test]
fn another_session_may_need_it() {
    let from = JobRecord { started_from: Some(format!("file:/data/s/c/{A}/chk-7")), ..job(C) };
    let left = [checkpoints(A, &[]), checkpoints(B, &[])];
    assert_eq!(stays(&left, &[holder("other", vec![("x", from)])]), [true, false]);
}

#[test]
fn what_stays_keeps_what_it_refers_to() {
    let holders = [holder("s", vec![("orders", job(C))])];
    let left = [checkpoints(A, &[]), checkpoints(B, &[A, B]), checkpoints(C, &[B])];
    assert_eq!(stays(&left, &holders), [true, true, true]);
    // The control: the chain is cut.
    let left = [checkpoints(A, &[]), checkpoints(B, &[A, B]), checkpoints(C, &[C])];
    assert_eq!(stays(&left, &holders), [false, false, true]);
}

#[test]
fn a_savepoint_goes_only_with_its_session() {
    let savepoint = [leftover(LeftoverKind::Savepoint, &[])];
    assert_eq!(stays(&savepoint, &[holder("s", Vec::new())]), [true]);
    assert_eq!(stays(&savepoint, &[holder("other", Vec::new())]), [false]);
}

#[test]
fn ids_of_jobs_in_bytes() {
    let text = format!("\0\x01file:/c/{A}/shared/{B}0 chk-7/{C}\u{7}");
    let expected = [A, C].map(str::to_owned);
    assert_eq!(ids_in(text.as_bytes()), expected.into());
}

#[test]
fn high_availability_data_goes_when_its_session_is_gone_and_it_brings_nothing_back() {
    let of = |may_bring_back| [leftover(LeftoverKind::HighAvailability { may_bring_back }, &[])];
    let check = |holders: &[Holder], expected: bool| {
        assert_eq!(stays(&of(false), holders), [expected]);
        assert_eq!(stays(&of(true), holders), [true]);
    };
    check(&[], false);
    check(&[holder("other", Vec::new())], false);
    check(&[holder("s", Vec::new())], true);
    // Who does not tell keeps everything, and so does a session that is told to keep its jobs there.
    check(&[Holder { ledger: None, ..holder("other", Vec::new()) }], true);
    check(&[Holder { running: None, ..holder("other", Vec::new()) }], true);
    let mut other = holder("other", Vec::new());
    let place = of(false)[0].path.clone();
    let job = JobRecord { args: vec![place], ..job(A) };
    other.ledger.as_mut().unwrap().jobs.insert("x".to_owned(), job);
    check(&[other], true);
    let said = judge(of(true).to_vec(), &[]).remove(0).line();
    assert!(said.ends_with("may bring jobs back from it, or it cannot be read"), "{said}");
}
