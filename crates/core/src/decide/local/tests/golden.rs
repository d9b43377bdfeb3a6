//! Decisions in words: `fixtures/decide/local.txt`.

use crate::session::Session;
use std::fmt::Write as _;
use std::path::Path;

use nutkin_testkit::golden::check_golden;

use super::super::*;
use super::world::{World, session};
use crate::Remedy;
use crate::decide::{Ending, Jobs};

/// A machine on which a session of two TaskManagers runs, with a job.
pub(super) fn running(options: &[(&str, &str)]) -> World {
    let mut world = World::new();
    world.drive(Ok(&session(options, 2)), usize::MAX);
    world.jobs.push("orders".to_owned());
    world
}

const AVAILABLE: (&str, &str) = ("high-availability.type", "zookeeper");

/// When somebody asks for a restart.
const NOW: &str = "2026-11-30T00:00:00Z";

const MEMORY: (&str, &str) = ("taskmanager.memory.process.size", "2g");

fn altered(alter: impl FnOnce(&mut World)) -> World {
    let mut world = running(&[]);
    alter(&mut world);
    world
}

#[test]
fn decisions() {
    let plain = session(&[], 2);
    let slots = session(&[("taskmanager.numberOfTaskSlots", "4")], 2);
    let web = session(&[("web.refresh-interval", "5000")], 2);
    let available = session(&[AVAILABLE, ("web.refresh-interval", "5000")], 2);
    let newer = session(&[("nutkin.flink.version", "2.0.0"), ("nutkin.libs", "mvn:g:a:1")], 2);
    let same = session(&[("taskmanager.memory.process.size", "2147483648b")], 2);
    let name = |world: &mut World| _ = world.living.remove("taskmanager-1");
    let cases: Vec<(&str, World, &Session)> = vec![
        ("new", World::new(), &plain),
        ("new, the port is taken", World { programs: [REST].into(), ..World::new() }, &plain),
        ("new, no Java", World { lacks_java: true, ..World::new() }, &plain),
        ("new, nothing is installed", World { fetched: false, ..World::default() }, &newer),
        ("unchanged", running(&[]), &plain),
        ("another web UI", running(&[]), &web),
        ("another web UI, no jobs", altered(|world| world.jobs.clear()), &web),
        ("another web UI, highly available", running(&[AVAILABLE]), &available),
        ("the same memory in other words", running(&[MEMORY]), &same),
        ("slots", running(&[]), &slots),
        ("another release that is not installed", running(&[]), &newer),
        ("a TaskManager is dead", altered(name), &plain),
        ("the supervisor is dead", altered(|world| world.supervisor = false), &plain),
        ("files were removed", altered(|world| world.files.clear()), &plain),
        ("all is dead, and options change", altered(|world| world.living.clear()), &web),
    ];
    let mut text = String::new();
    for (name, world, wanted) in cases {
        let decision = decide(Goal::Session(wanted), &world.observe(Some(wanted), None)).unwrap();
        show(&mut text, name, &decision);
    }
    let unsaved = Observation { is_saved: false, ..running(&[]).observe(Some(&slots), None) };
    let decision = decide(Goal::Session(&slots), &unsaved).unwrap();
    show(&mut text, "slots, which the ledger does not want yet", &decision);
    let unsaved = Observation { is_saved: false, ..running(&[]).observe(Some(&plain), None) };
    let decision = decide(Goal::Session(&plain), &unsaved).unwrap();
    show(&mut text, "unchanged, and the ledger says otherwise", &decision);
    for count in [0, 1, 3] {
        let wanted = plain.clone().scaled(count);
        let decision =
            decide(Goal::Session(&wanted), &running(&[]).observe(Some(&wanted), None)).unwrap();
        show(&mut text, &format!("scale to {count}"), &decision);
    }
    for (name, options) in [("restart", &[][..]), ("restart, highly available", &[AVAILABLE])] {
        let wanted = session(options, 2).restarted(NOW.to_owned());
        let seen = running(options).observe(Some(&wanted), None);
        show(&mut text, name, &decide(Goal::Session(&wanted), &seen).unwrap());
    }
    let mut world = running(&[]);
    world.data.insert("savepoints".to_owned(), 1);
    for ending in
        [Ending::default(), Ending { delete_data: true, keep_logs: true, ..Ending::default() }]
    {
        let decision = decide(Goal::Gone(ending), &world.observe(None, None)).unwrap();
        show(&mut text, &format!("down, {ending:?}"), &decision);
    }
    let mut world = running(&[AVAILABLE]);
    world.data =
        [("ha", 3), ("savepoints", 1)].map(|(name, count)| (name.to_owned(), count)).into();
    let decision = decide(Goal::Gone(Ending::default()), &world.observe(None, None)).unwrap();
    show(&mut text, "down, highly available", &decision);
    check_golden(Path::new("fixtures/decide/local.txt"), &text);
}

fn show(text: &mut String, name: &str, decision: &Decision<Step>) {
    writeln!(text, "# {name}: {:?}, {:?}", decision.harm, decision.again).unwrap();
    for line in decision.lines(Remedy::plain) {
        writeln!(text, "  {line}").unwrap();
    }
    for step in &decision.steps {
        writeln!(text, "  - {step}").unwrap();
    }
}

#[test]
fn memory_that_the_machine_does_not_have() {
    #[track_caller]
    fn check(task_managers: u32, expected: Result<&[&str], &str>) {
        let wanted = session(&[("taskmanager.memory.process.size", "8g")], task_managers);
        let decided = decide(Goal::Session(&wanted), &World::new().observe(Some(&wanted), None));
        match (decided, expected) {
            (Ok(decision), Ok(expected)) => {
                let remarks = &decision.change.remarks;
                let said: Vec<String> = remarks.iter().map(crate::Remark::plain).collect();
                assert_eq!(said, expected);
            }
            (Err(Refusal::Input(problems)), Err(expected)) => {
                assert!(problems[0].message.contains(expected), "{problems:?}");
            }
            (decided, _) => panic!("{decided:?}"),
        }
    }
    check(1, Ok(&[]));
    let text = "the processes of the session may take 17.6 GiB of memory, and this machine has 16.0 GiB: 1 TaskManager of this size fits";
    check(2, Ok(&[text]));
    check(100_000, Err("800001.6 GiB"));
}

#[test]
fn what_was_restarted_stays_and_restarts_again_when_asked() {
    let plain = session(&[], 2);
    let mut world = running(&[]);
    world.drive(Ok(&plain.clone().restarted(NOW.to_owned())), usize::MAX);
    let is_done = |wanted: &Session| {
        let seen = world.observe(Some(wanted), None);
        decide(Goal::Session(wanted), &seen).unwrap().is_done()
    };
    assert!(is_done(&plain), "what the file says is not another restart");
    assert!(is_done(&plain.clone().restarted(NOW.to_owned())), "it was carried out");
    // The controls.
    assert!(!is_done(&plain.clone().restarted("2026-11-30T00:00:01Z".to_owned())));
    assert!(!is_done(&session(&[("web.refresh-interval", "5000")], 2)));
}

#[test]
fn orders_that_cannot_be_read_stop_a_change_but_no_end() {
    let (world, wanted) = (running(&[]), session(&[], 2));
    for orders in [Orders::Damaged, Orders::Absent] {
        let seen = Observation { orders, ..world.observe(Some(&wanted), None) };
        let refused = decide(Goal::Session(&wanted), &seen);
        assert_eq!(refused, Err(Refusal::Damaged));
        let ended = decide(Goal::Gone(Ending::default()), &seen).unwrap();
        assert_eq!(ended.steps, [Step::End, Step::Remove { keep_logs: false }]);
    }
}

#[test]
fn a_session_that_has_not_come_up_is_waited_for_or_has_failed() {
    #[track_caller]
    fn check(alter: impl FnOnce(&mut Observation), kind: &str, message: &str, waits: bool) {
        let wanted = session(&[], 2);
        let mut seen = running(&[]).observe(Some(&wanted), Some(1));
        alter(&mut seen);
        let decision = decide(Goal::Session(&wanted), &seen).unwrap();
        assert_eq!(decision.steps, []);
        let condition = &decision.conditions[0];
        assert_eq!((condition.kind, condition.message.as_str()), (kind, message));
        assert_eq!(matches!(decision.again, crate::decide::Again::Wait { .. }), waits);
    }
    check(|_| (), "Ready", "2 TaskManagers, 16 slots", false);
    check(|seen| seen.overview = None, "Ready", "waiting for the JobManager to answer", true);
    let few = Registered { task_managers: 1, slots: 8 };
    check(|seen| seen.overview = Some(few), "Ready", "1 of 2 TaskManagers registered", true);
    check(|seen| seen.follows = Some(0), "Ready", "2 of 2 TaskManagers registered", true);
    let die = |seen: &mut Observation| {
        let one = &mut seen.processes[0];
        (one.lives, one.runs, one.died) = (false, false, Some("exit code 1".to_owned()));
    };
    check(die, "Stalled", "jobmanager did not start: exit code 1", false);
}

#[test]
fn jobs_that_nobody_tells_of_may_be_lost() {
    let wanted = session(&[("web.refresh-interval", "5000")], 2);
    let mut seen = running(&[]).observe(Some(&wanted), None);
    seen.jobs = Jobs::Unknown;
    let decision = decide(Goal::Session(&wanted), &seen).unwrap();
    assert_eq!(decision.harm, crate::decide::Harm::Loss);
    assert!(decision.loses_jobs());
}

#[test]
fn a_job_manager_that_does_not_answer_yet_is_asked_again_before_anything_is_shown() {
    let wanted = session(&[("web.refresh-interval", "5000")], 2);
    let mut seen = running(&[]).observe(Some(&wanted), None);
    (seen.jobs, seen.silent) = (Jobs::Unknown, std::time::Duration::from_secs(1));
    let decision = decide(Goal::Session(&wanted), &seen).unwrap();
    assert!(decision.is_open() && decision.steps.is_empty());
    let same = session(&[], 2);
    assert!(!decide(Goal::Session(&same), &seen).unwrap().is_open(), "nobody suffers");
}

#[test]
fn orders_are_read_and_written_as_ever() {
    let mut world = World::new();
    world.drive(Ok(&session(&[], 1)), usize::MAX);
    let launch = world.orders.unwrap();
    let text = serde_json::to_string(&launch).unwrap();
    assert_eq!(serde_json::from_str::<Launch>(&text).unwrap(), launch);
    assert!(
        text.contains(r#""role":"jobmanager""#) && text.contains(r#""flinkVersion""#),
        "{text}"
    );
    let definition = &launch.processes[0];
    assert_eq!(definition.fingerprint().len(), 16);
}
