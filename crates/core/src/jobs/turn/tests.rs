//! Jobs that are driven on a session in memory: to the end, and with a cut before every single thing that happens.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::tests::job;
use super::super::{Stop, stopped, to_resume, to_stop};
use super::*;
use crate::session::UpgradeMode;

/// A session in memory. Whatever is asked for takes a few looks.
#[derive(Debug, Clone, Default, PartialEq)]
struct Memory {
    jobs: Known,
    /// Triggers by their id: of which generation, what for, how many looks it takes, the savepoint.
    triggers: BTreeMap<String, (u64, Asked, u32, String)>,
    /// Looks until a canceled job has ended.
    ending: BTreeMap<u64, u32>,
    savepoints: usize,
    checkpoints: usize,
    /// What every generation was started from.
    started: BTreeMap<u64, Option<String>>,
    /// The next trigger id.
    ids: usize,
    has_jar: bool,
}

impl Memory {
    /// Time passes.
    fn tick(&mut self) {
        for (generation, left) in &mut self.ending {
            *left = left.saturating_sub(1);
            if *left == 0 && self.jobs.get(generation).is_some_and(|state| state.is_alive()) {
                self.jobs.insert(*generation, ObservedJob::Canceled);
            }
        }
        for (generation, asked, left, _) in self.triggers.values_mut() {
            *left = left.saturating_sub(1);
            let state = self.jobs.get_mut(generation);
            if let Some(state) = state
                && (*left, *asked) == (0, Asked::Stop)
            {
                *state = ObservedJob::Finished;
            }
        }
    }

    fn left(&self, generation: u64) -> Option<String> {
        let of =
            |one: &&(u64, Asked, u32, String)| one.0 == generation && one.1 != Asked::Checkpoint;
        let path = self.triggers.values().filter(of).map(|one| one.3.clone()).next_back();
        path.or_else(|| Some(format!("checkpoint-of-{generation}")))
    }
}

/// One command: what it forgets when it is killed.
#[derive(Debug, Default)]
struct Command {
    is_asked: bool,
    left: Option<(u64, Option<String>)>,
    is_ready: bool,
}

/// Runs a command until nothing is left, or until it is killed after so many changes of the world or its record.
fn run(
    about: &AboutJob<'_>,
    memory: &mut Memory,
    record: &mut Option<JobRecord>,
    mut changes: usize,
) -> Vec<Act> {
    let mut command = Command::default();
    let mut acts = Vec::new();
    for _ in 0..100 {
        memory.tick();
        let request = record.as_ref().and_then(|record| record.request.clone());
        let answer = request.filter(|one| Asked::of(&one.kind).is_some()).map(|one| {
            match memory.triggers.get(&one.trigger.unwrap_or_default()) {
                None => Answer::Unknown,
                Some((.., 0, path)) => Answer::Completed(Some(path.clone())),
                Some(_) => Answer::InProgress,
            }
        });
        memory.ids += 1;
        let seen = SeenJob {
            known: memory.jobs.clone(),
            is_ready: std::mem::replace(&mut command.is_ready, true),
            answer,
            is_asked: command.is_asked,
            jar: memory.has_jar.then(|| "digest".to_owned()),
            left: command.left.clone(),
            has_checkpoint_trigger: true,
            now: "2026-11-29T12:00:00Z".to_owned(),
            deadline: "2026-11-29T12:10:00Z".to_owned(),
            trigger: Some(format!("t{}", memory.ids)),
            repeats_for: Duration::ZERO,
        };
        let turn = about.turn(record.as_ref(), &seen);
        assert!(!turn.has_failed, "{turn:?}");
        if record.as_ref() != Some(&turn.record) {
            if changes == 0 {
                return acts;
            }
            changes -= 1;
            *record = Some(turn.record.clone());
        }
        let Some(act) = turn.act else {
            match turn.again {
                Again::Done => return acts,
                Again::Wait { .. } | Again::Look => continue,
            }
        };
        if changes == 0 {
            return acts;
        }
        changes -= 1;
        acts.push(act.clone());
        match act {
            Act::BringJar => memory.has_jar = true,
            Act::Cancel { generation, .. } => {
                command.is_asked = true;
                memory.ending.entry(generation).or_insert(3);
            }
            Act::Trigger { generation, asked, trigger } => {
                command.is_asked = true;
                let id = trigger.expect("an id that was chosen");
                if !memory.triggers.contains_key(&id) {
                    let count = if asked == Asked::Checkpoint {
                        &mut memory.checkpoints
                    } else {
                        &mut memory.savepoints
                    };
                    *count += 1;
                    let path = format!("savepoint-{}-of-{generation}", *count);
                    memory.triggers.insert(id, (generation, asked, 3, path));
                }
            }
            Act::Recall(generation) => command.left = Some((generation, memory.left(generation))),
            Act::Submit { generation, from } => {
                assert_eq!(memory.started.insert(generation, from), None, "submitted once");
                memory.jobs.insert(generation, ObservedJob::Running);
                // The answer, which a cut may lose.
                if changes == 0 {
                    return acts;
                }
                changes -= 1;
                let now = record.as_ref().expect("what is pending");
                *record = Some(about.arrived(now));
            }
        }
    }
    panic!("it does not come to an end: {memory:?}, {record:?}");
}

/// What counts in the end: not by which ids, nor when.
fn outcome(memory: &Memory, record: Option<&JobRecord>) -> (Memory, Option<JobRecord>) {
    let memory =
        Memory { ids: 0, triggers: BTreeMap::new(), ending: BTreeMap::new(), ..memory.clone() };
    let record = record.cloned();
    (memory, record)
}

fn wanted(change: usize, mode: usize) -> SessionJob {
    let modes = [UpgradeMode::Stateless, UpgradeMode::Savepoint, UpgradeMode::LastState];
    let job = SessionJob { upgrade_mode: modes[mode], ..job() };
    match change {
        0 => job,
        1 => SessionJob { jar_uri: Some("b.jar".to_owned()), ..job },
        2 => SessionJob { running: false, ..job },
        3 => SessionJob { savepoint_trigger_nonce: Some(1), ..job },
        4 => SessionJob { checkpoint_trigger_nonce: Some(1), ..job },
        5 => SessionJob {
            savepoint_trigger_nonce: Some(1),
            checkpoint_trigger_nonce: Some(1),
            ..job
        },
        6 => SessionJob {
            savepoint_redeploy_nonce: Some(1),
            initial_savepoint_path: Some("/there".to_owned()),
            ..job
        },
        _ => SessionJob { restart_nonce: Some(1), ..job },
    }
}

const STATES: [Option<ObservedJob>; 6] = [
    None,
    Some(ObservedJob::Running),
    Some(ObservedJob::Restarting),
    Some(ObservedJob::Finished),
    Some(ObservedJob::Failed),
    Some(ObservedJob::Canceled),
];

proptest! {
    #[test]
    fn deciding_again_decides_nothing_and_any_cut_comes_to_the_same(
        change in 0..8_usize,
        mode in 0..3_usize,
        state in 0..6_usize,
    ) {
        let session = Configuration::new();
        let before = job();
        let about = AboutJob { job: &before, namespace: "n", session: &session, by_id: false };
        let (mut memory, mut record) = (Memory::default(), None);
        run(&about, &mut memory, &mut record, usize::MAX);
        prop_assert_eq!(memory.jobs.get(&1), Some(&ObservedJob::Running));
        match STATES[state] {
            Some(state) => { memory.jobs.insert(1, state); }
            // The session has forgotten all of it.
            None => memory = Memory::default(),
        }
        memory.has_jar = false;
        let job = wanted(change, mode);
        let about = AboutJob { job: &job, ..about };

        let (mut whole, mut after) = (memory.clone(), record.clone());
        run(&about, &mut whole, &mut after, usize::MAX);
        let again = run(&about, &mut whole, &mut after, 0);
        prop_assert_eq!(again, Vec::new(), "deciding again decides nothing");
        let expected = outcome(&whole, after.as_ref());
        for cut in 0..20 {
            let (mut memory, mut record) = (memory.clone(), record.clone());
            run(&about, &mut memory, &mut record, cut);
            run(&about, &mut memory, &mut record, usize::MAX);
            prop_assert_eq!(outcome(&memory, record.as_ref()), expected.clone(), "cut after {}", cut);
        }
    }
}

/// A job that is moved: stopped in one session, and resumed in another one of that name. A cut after so many changes, in the
/// first part or in the second.
fn moved(by_id: bool, cut: Option<(bool, usize)>) -> (Memory, Option<JobRecord>) {
    let session = Configuration::new();
    let job = job();
    let about = AboutJob { job: &job, namespace: "n", session: &session, by_id };
    let (mut memory, mut record) = (Memory::default(), None);
    run(&about, &mut memory, &mut record, usize::MAX);
    if let Some(record) = &mut record {
        record.moving = true;
    }
    let [stop, resume] = [to_stop(job.clone()), to_resume(job.clone())];
    for (job, is_first) in [(&stop, true), (&resume, false)] {
        if !is_first {
            // The session is another one: of the old jobs nothing is known.
            memory.jobs.clear();
            memory.triggers.clear();
            memory.has_jar = false;
        }
        let about = AboutJob { job, ..about };
        if let Some((first, changes)) = cut
            && first == is_first
        {
            run(&about, &mut memory, &mut record, changes);
        }
        run(&about, &mut memory, &mut record, usize::MAX);
        if is_first {
            let record = record.as_ref().expect("a record");
            let path = "savepoint-1-of-1".to_owned();
            assert_eq!(stopped(record, &about.id(1)), Stop::At(path));
        }
    }
    (memory, record)
}

#[test]
fn a_job_that_is_moved_goes_on_from_its_one_savepoint_whatever_is_cut() {
    for by_id in [false, true] {
        let (memory, record) = moved(by_id, None);
        assert_eq!(memory.started[&2].as_deref(), Some("savepoint-1-of-1"));
        assert_eq!(memory.jobs, Known::from([(2, ObservedJob::Running)]));
        assert_eq!(memory.savepoints, 1);
        let whole = record.expect("a record");
        assert!(whole.moving && !whole.suspended && whole.request.is_none());
        for changes in 0..20 {
            for first in [true, false] {
                let (cut, record) = moved(by_id, Some((first, changes)));
                assert_eq!(cut.started, memory.started, "{first} {changes}");
                assert_eq!((cut.jobs, cut.savepoints), (memory.jobs.clone(), 1));
                assert_eq!(record.as_ref(), Some(&whole), "{first} {changes}");
            }
        }
    }
}

#[test]
fn ids_of_jobs_that_no_file_names() {
    let (session, job) = (Configuration::new(), SessionJob { name: "0a".repeat(16), ..job() });
    let about = AboutJob { job: &job, namespace: "n", session: &session, by_id: true };
    assert_eq!(about.id(1), job.name);
    let second = about.id(2);
    assert_eq!(second, job_id("n", &job.name, 2));
    let known =
        super::super::known("n", &job.name, [(&*job.name, "FINISHED"), (&*second, "RUNNING")]);
    assert_eq!(known, Known::from([(1, ObservedJob::Finished), (2, ObservedJob::Running)]));
    // The control: a job of a file has no id of its own.
    let of_file = AboutJob { by_id: false, ..about };
    assert_eq!(of_file.id(1), job_id("n", &job.name, 1));
}

/// What becomes of a job that was asked to stop, by what is heard of that and how the job is then.
#[track_caller]
fn check_stop(
    answer: Answer,
    state: Option<ObservedJob>,
    is_asked: bool,
    left: Option<(u64, Option<&str>)>,
    expected: Result<&Stop, Option<&Act>>,
) {
    let session = Configuration::new();
    let (before, stop) = (job(), to_stop(job()));
    let about = AboutJob { job: &before, namespace: "n", session: &session, by_id: false };
    let (mut memory, mut record) = (Memory::default(), None);
    run(&about, &mut memory, &mut record, usize::MAX);
    let about = AboutJob { job: &stop, ..about };
    let mut record = record.expect("a record");
    record.suspended = true;
    record.request = Some(crate::ledger::Request {
        kind: "stop".to_owned(),
        job: about.id(1),
        trigger: Some("t".to_owned()),
        // In the past: it is not asked for again.
        deadline: Some("2026-11-29T11:00:00Z".to_owned()),
        ..crate::ledger::Request::default()
    });
    let mut act = None;
    let mut seen = SeenJob {
        known: state.map(|state| (1, state)).into_iter().collect(),
        is_ready: true,
        answer: Some(answer.clone()),
        is_asked,
        left: left.map(|(of, left)| (of, left.map(str::to_owned))),
        now: "2026-11-29T12:00:00Z".to_owned(),
        deadline: "2026-11-29T12:10:00Z".to_owned(),
        trigger: Some("t2".to_owned()),
        ..SeenJob::default()
    };
    let mut has_failed = false;
    for _ in 0..3 {
        let turn = about.turn(Some(&record), &seen);
        record = turn.record;
        has_failed |= turn.has_failed;
        act = turn.act;
        if act.is_some() || has_failed || turn.again == Again::Done {
            break;
        }
        seen.answer = None;
    }
    let stop = stopped(&record, &about.id(1));
    let found = if has_failed || act.is_some() { Err(act.as_ref()) } else { Ok(&stop) };
    assert_eq!(found, expected, "{answer:?} {state:?} {is_asked}");
}

#[test]
fn what_becomes_of_a_stop() {
    use ObservedJob::{Failed, Finished, Restarting, Running};
    let path = || "file:/sp".to_owned();
    let at = Stop::At(path());
    let again = Act::Trigger { generation: 1, asked: Asked::Stop, trigger: Some("t2".to_owned()) };
    // The control: it is stopped with its savepoint.
    check_stop(Answer::Completed(Some(path())), Some(Finished), true, None, Ok(&at));
    // The savepoint is there, and the job failed while it was stopping; or it goes on, and is asked again.
    check_stop(Answer::Uncommitted(path()), Some(Failed), true, None, Ok(&at));
    check_stop(Answer::Uncommitted(path()), Some(Failed), false, None, Ok(&at));
    check_stop(Answer::Uncommitted(path()), Some(Restarting), true, None, Err(None));
    // Its savepoint is refused: whoever asked says so, and whoever comes later asks anew.
    check_stop(Answer::Failed, Some(Running), true, None, Err(None));
    check_stop(Answer::Failed, Some(Running), false, None, Err(Some(&again)));
    // The trigger is lost while it was restarting.
    check_stop(Answer::Unknown, Some(Running), false, None, Err(Some(&again)));
    // It came to its end by itself: nothing is to be resumed.
    check_stop(Answer::Failed, Some(Finished), true, None, Ok(&Stop::Ended));
    check_stop(Answer::Failed, Some(Finished), false, None, Ok(&Stop::Ended));
    // Nobody knows of the request any more: what the job has left tells.
    check_stop(Answer::Unknown, Some(Finished), false, None, Err(Some(&Act::Recall(1))));
    check_stop(Answer::Unknown, Some(Finished), false, Some((1, Some("file:/sp"))), Ok(&at));
    check_stop(Answer::Unknown, Some(Finished), false, Some((1, None)), Ok(&Stop::Ended));
    // The JobManager is another one, which knows neither, for whoever asked, too: the job has not ended by itself.
    check_stop(Answer::Unknown, None, false, None, Ok(&Stop::Lost));
    check_stop(Answer::Unknown, None, true, None, Ok(&Stop::Lost));
}

#[test]
fn an_id_that_is_taken_for_good_costs_a_generation_and_no_state() {
    let session = Configuration::new();
    let (stop, resume) = (to_stop(job()), to_resume(job()));
    let about = AboutJob { job: &stop, namespace: "n", session: &session, by_id: false };
    let (mut memory, mut record) = (Memory::default(), None);
    run(&AboutJob { job: &resume, ..about }, &mut memory, &mut record, usize::MAX);
    run(&about, &mut memory, &mut record, usize::MAX);
    let about = AboutJob { job: &resume, ..about };
    let mut record = record.expect("a record");
    memory.jobs.clear();
    let seen = SeenJob { jar: Some("digest".to_owned()), is_ready: true, ..SeenJob::default() };
    for generation in 2..5 {
        let turn = about.turn(Some(&record), &seen);
        let from = Some("savepoint-1-of-1".to_owned());
        assert_eq!(turn.act, Some(Act::Submit { generation, from }));
        record = about.taken(&turn.record);
        assert_eq!(
            stopped(&record, &about.id(generation)),
            Stop::At("savepoint-1-of-1".to_owned())
        );
    }
    // The control: one that was refused for another reason is submitted under the same id.
    let turn = about.turn(Some(&record), &seen);
    let act = turn.act.expect("a submission");
    let refused = about.refused(&turn.record, &act);
    assert_eq!(about.turn(Some(&refused), &seen).act, Some(act));
}
