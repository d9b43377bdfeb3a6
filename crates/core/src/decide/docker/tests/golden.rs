//! What is decided, in words.

use super::daemon::{Daemon, image};
use super::{HA, session};
use crate::Remedy;
use crate::change::{Difference, Effect};
use crate::decide::docker::{Extras, Mine, Step, TakenPort, Thing, decide, resized, undo};
use crate::decide::{Again, Decision, Ending, Goal, Harm};
use crate::plan::docker::{FILES, HealthCheck};
use crate::session::Session;

/// What `plan` says, a line for each step, and what comes then.
#[track_caller]
fn check(decision: &Decision<Step>, lines: &[&str], steps: &[&str], harm: Harm) {
    assert_eq!(decision.lines(Remedy::plain), lines);
    let found: Vec<String> = decision.steps.iter().map(ToString::to_string).collect();
    assert_eq!(found, steps);
    assert_eq!(decision.harm, harm);
}

#[track_caller]
fn decided(daemon: &Daemon, session: &Session) -> Decision<Step> {
    let wanted = Goal::Session(session);
    decide(wanted, &daemon.seen(wanted, &Mine::default())).expect("a decision")
}

fn job(daemon: &mut Daemon) {
    daemon.jobs = vec![("0a".to_owned(), "orders".to_owned())];
}

#[test]
fn a_new_session() {
    let decision = decided(&Daemon::new(), &session(2, &[]));
    check(
        &decision,
        &["+ session `s`: Flink 1.20.5, 1 JobManager, 2 TaskManagers"],
        &[
            "make network nutkin-s",
            "make volume nutkin-s-data",
            "save the ledger",
            "make nutkin-s-jobmanager",
            "make nutkin-s-taskmanager-1",
            "make nutkin-s-taskmanager-2",
        ],
        Harm::None,
    );
    assert_eq!(decision.again, Again::Look);
}

#[test]
fn nothing_to_do() {
    let mut daemon = Daemon::new();
    daemon.bring(&session(1, &[]));
    let decision = decided(&daemon, &session(1, &[]));
    check(&decision, &["session `s`: no change"], &[], Harm::None);
    assert_eq!(decision.again, Again::Done);
    assert_eq!(decision.conditions[0].reason, "Complete");
}

#[test]
fn the_same_memory_in_other_words_is_no_change() {
    let size = |text| session(1, &[("taskmanager.memory.process.size", text)]);
    let mut daemon = Daemon::new();
    daemon.bring(&size("2g"));
    assert!(decided(&daemon, &size("2147483648b")).is_done());
    // The control.
    assert!(!decided(&daemon, &size("2147483649b")).is_done());
}

#[test]
fn an_option_that_only_job_managers_read() {
    let mut daemon = Daemon::new();
    daemon.bring(&session(1, &[]));
    job(&mut daemon);
    check(
        &decided(&daemon, &session(1, &[("web.refresh-interval", "1000")])),
        &[
            "+ web.refresh-interval: 1000",
            "replaces nutkin-s-jobmanager",
            "jobs that will be lost (no high availability): `orders` (0a)",
        ],
        &[
            "prepare nutkin-s-jobmanager",
            "stop nutkin-s-jobmanager and keep it",
            "start nutkin-s-jobmanager as it was prepared",
        ],
        Harm::Loss,
    );
    daemon.jobs = Vec::new();
    let decision = decided(&daemon, &session(1, &[("web.refresh-interval", "1000")]));
    assert_eq!((decision.change.effect, decision.harm), (Effect::Loss, Harm::None));
    assert!(decision.change.restarts.job_managers && !decision.change.restarts.task_managers);
    assert!(!decision.loses_jobs());
}

#[test]
fn with_high_availability_jobs_fail_over() {
    let mut daemon = Daemon::new();
    daemon.bring(&session(1, &[HA]));
    job(&mut daemon);
    let decision = decided(&daemon, &session(1, &[HA, ("web.refresh-interval", "1000")]));
    check(
        &decision,
        &[
            "+ web.refresh-interval: 1000",
            "replaces nutkin-s-jobmanager-1, nutkin-s-jobmanager-2",
            "jobs that fail over to their last checkpoint: `orders` (0a)",
        ],
        &[
            "prepare nutkin-s-jobmanager-1",
            "prepare nutkin-s-jobmanager-2",
            "stop nutkin-s-jobmanager-1 and keep it",
            "stop nutkin-s-jobmanager-2 and keep it",
            "start nutkin-s-jobmanager-1 as it was prepared",
            "start nutkin-s-jobmanager-2 as it was prepared",
        ],
        Harm::Change,
    );
}

#[test]
fn more_and_fewer_task_managers_and_none() {
    let wanted = session(2, &[]);
    let mut daemon = Daemon::new();
    daemon.bring(&wanted);
    job(&mut daemon);
    check(
        &decided(&daemon, &wanted.clone().scaled(3)),
        &[
            "~ taskManager.replicas: 2 -> 3",
            "creates nutkin-s-taskmanager-3",
            "jobs that keep running: `orders` (0a)",
        ],
        &["make nutkin-s-taskmanager-3"],
        Harm::None,
    );
    check(
        &decided(&daemon, &wanted.clone().scaled(0)),
        &[
            "~ taskManager.replicas: 2 -> 0",
            "removes nutkin-s-taskmanager-1, nutkin-s-taskmanager-2",
            "jobs that fail over to their last checkpoint: `orders` (0a)",
        ],
        &["end nutkin-s-taskmanager-1", "end nutkin-s-taskmanager-2"],
        Harm::Change,
    );
    daemon.bring(&wanted.clone().scaled(0));
    assert_eq!(daemon.containers.len(), 1);
    daemon.bring(&wanted.clone().scaled(1));
    assert_eq!(daemon.containers.len(), 2);
}

/// A daemon on which a change was carried out as far as the new containers run.
fn changed() -> (Daemon, Mine, Session) {
    let mut daemon = Daemon::new();
    daemon.bring(&session(1, &[]));
    let wanted = session(1, &[("web.refresh-interval", "1000")]);
    let (goal, mut mine) = (Goal::Session(&wanted), Mine::default());
    for step in decide(goal, &daemon.seen(goal, &mine)).expect("a decision").steps {
        daemon.act(&step, &mut mine);
    }
    (daemon, mine, wanted)
}

#[test]
fn what_was_stopped_for_a_change_is_kept_until_the_session_serves() {
    let (daemon, mine, wanted) = changed();
    let goal = Goal::Session(&wanted);
    let mut seen = daemon.seen(goal, &mine);
    let decision = decide(goal, &seen).expect("a decision");
    check(&decision, &["session `s`: no change"], &["end nutkin-s-jobmanager-old"], Harm::None);
    assert_eq!(decision.again, Again::Done);
    // The controls: it does not answer yet, and it never will.
    seen.overview = None;
    let decision = decide(goal, &seen).expect("a decision");
    assert!(decision.steps.is_empty() && matches!(decision.again, Again::Wait { .. }));
    let new = seen.containers.iter_mut().find(|one| one.seen.name == "nutkin-s-jobmanager");
    let new = new.expect("there");
    (new.seen.runs, new.status) = (false, "Exited (1) 1 second ago".to_owned());
    let decision = decide(goal, &seen).expect("a decision");
    assert!(decision.steps.is_empty());
    assert_eq!(decision.conditions[0].kind, "Stalled");
    assert!(decision.conditions[0].message.starts_with("jobmanager did not start"));
}

/// Another container that publishes a port.
fn taken(address: &str, port: u16) -> TakenPort {
    TakenPort { address: address.to_owned(), port, by: Some("other".to_owned()) }
}

#[test]
fn a_port_that_somebody_has_is_seen_before_anything_ends() {
    #[track_caller]
    fn check_port(publish: &str, taken: &[TakenPort], expected: Option<&str>) {
        let mut daemon = Daemon::new();
        daemon.bring(&session(1, &[]));
        daemon.taken = taken.to_vec();
        let wanted = session(1, &[("nutkin.docker.publish", publish)]);
        let goal = Goal::Session(&wanted);
        let decided = decide(goal, &daemon.seen(goal, &Mine::default()));
        match (decided, expected) {
            (Ok(decision), None) => assert!(!decision.steps.is_empty()),
            (Err(problems), Some(expected)) => assert_eq!(problems[0].to_string(), expected),
            (decided, _) => panic!("{decided:?}"),
        }
    }
    let said = "`nutkin.docker.publish`: port 9999 of 127.0.0.1 is taken by container `other`";
    check_port("9999", &[taken("127.0.0.1", 9999)], Some(said));
    check_port("9999", &[taken("0.0.0.0", 9999)], Some(said));
    check_port(
        "0.0.0.0:9999",
        &[taken("10.0.0.1", 9999)],
        Some(&said.replace("127.0.0.1", "0.0.0.0")),
    );
    // The controls: other ports, another address, and any port.
    check_port("9999", &[taken("127.0.0.1", 9998)], None);
    check_port("9999", &[taken("10.0.0.1", 9999)], None);
    check_port("0", &[taken("127.0.0.1", 9999)], None);
}

#[test]
fn a_change_of_the_port_is_named() {
    #[track_caller]
    fn check(publish: &str, expected: &[&str], remarks: usize) {
        let mut daemon = Daemon::new();
        daemon.bring(&session(1, &[("nutkin.docker.publish", "7500")]));
        let change = decided(&daemon, &session(1, &[("nutkin.docker.publish", publish)])).change;
        let lines: Vec<String> = change.differences.iter().map(Difference::line).collect();
        assert_eq!(lines, expected);
        assert_eq!(change.remarks.len(), remarks, "{:?}", change.remarks);
    }
    check("8081", &["~ nutkin.docker.publish: 7500 -> 8081"], 0);
    // It lets others in, too.
    check("0.0.0.0:7500", &["~ nutkin.docker.publish: 127.0.0.1:7500 -> 0.0.0.0:7500"], 1);
    // The control.
    check("7500", &[], 0);
}

#[test]
fn the_usual_port_is_another_one_where_it_is_taken_and_stays_that() {
    let wanted = session(1, &[]);
    let mut daemon = Daemon::new();
    daemon.taken = vec![taken("0.0.0.0", 8081)];
    let decision = decided(&daemon, &wanted);
    let said: Vec<String> = decision.change.remarks.iter().map(crate::Remark::plain).collect();
    assert_eq!(said, ["port 8081 is taken by container `other`: the session uses 8082"]);
    daemon.bring(&wanted);
    assert!(decided(&daemon, &wanted).is_done());
    // It is not given up when the usual one is free again.
    daemon.taken.clear();
    assert!(decided(&daemon, &wanted).is_done());
    // The control: a session of two JobManagers needs two ports side by side.
    let two = session(1, &[HA]);
    let mut daemon = Daemon::new();
    daemon.taken = vec![taken("127.0.0.1", 8082)];
    let said = decided(&daemon, &two).change.remarks[0].plain();
    assert!(said.ends_with("the session uses 8083"), "{said}");
}

#[test]
fn a_restart_of_flinks_processes() {
    let wanted = session(1, &[HA]);
    let mut daemon = Daemon::new();
    daemon.bring(&wanted);
    daemon.stop("jobmanager-2");
    job(&mut daemon);
    let again = wanted.clone().restarted("2026-11-30T00:00:00Z".to_owned());
    check(
        &decided(&daemon, &again),
        &[
            "starts nutkin-s-jobmanager-2",
            "restarts nutkin-s-jobmanager-1, nutkin-s-taskmanager-1",
            "jobs that fail over to their last checkpoint: `orders` (0a)",
        ],
        &[
            "restart nutkin-s-jobmanager-1",
            "start nutkin-s-jobmanager-2",
            "restart nutkin-s-taskmanager-1",
        ],
        Harm::Change,
    );
    daemon.bring(&again);
    check(&decided(&daemon, &wanted), &["session `s`: no change"], &[], Harm::None);
    // The control: without high availability jobs are lost.
    let plain = session(1, &[]);
    let mut daemon = Daemon::new();
    daemon.bring(&plain);
    job(&mut daemon);
    let again = plain.restarted("2026-11-30T00:00:00Z".to_owned());
    assert_eq!(decided(&daemon, &again).harm, Harm::Loss);
}

#[test]
fn what_has_stopped_is_started_once() {
    let wanted = session(1, &[]);
    let mut daemon = Daemon::new();
    daemon.bring(&wanted);
    daemon.stop("taskmanager-1");
    let decision = decided(&daemon, &wanted);
    let start = "start nutkin-s-taskmanager-1";
    check(&decision, &["starts nutkin-s-taskmanager-1"], &[start], Harm::None);
    let mut mine = Mine::default();
    daemon.act(&decision.steps[0], &mut mine);
    daemon.stop("taskmanager-1");
    let again = decide(Goal::Session(&wanted), &daemon.seen(Goal::Session(&wanted), &mine));
    let again = again.expect("a decision");
    assert_eq!((again.steps, again.again), (Vec::new(), Again::Done));
    assert_eq!(again.conditions[0].reason, "ContainerDied");
    assert!(again.conditions[0].message.starts_with("taskmanager-1 did not start: Exited (1)"));
}

#[test]
fn what_is_missing_is_waited_for() {
    #[track_caller]
    fn check(overview: Option<(u32, u32)>, expected: Option<&str>) {
        let mut daemon = Daemon::new();
        let wanted = session(2, &[("taskmanager.numberOfTaskSlots", "4")]);
        daemon.bring(&wanted);
        let mut seen = daemon.seen(Goal::Session(&wanted), &Mine::default());
        seen.overview = overview.map(|(task_managers, slots)| crate::decide::docker::Registered {
            task_managers,
            slots,
        });
        let decision = decide(Goal::Session(&wanted), &seen).expect("a decision");
        let reason = match decision.again {
            Again::Wait { reason, .. } => Some(reason),
            _ => None,
        };
        assert_eq!(reason.as_deref(), expected);
    }
    check(None, Some("waiting for the JobManager to answer"));
    check(Some((1, 4)), Some("1 of 2 TaskManagers registered"));
    check(Some((2, 7)), Some("2 of 2 TaskManagers registered"));
    check(Some((2, 8)), None);
}

#[test]
fn a_missing_image_is_assumed_and_pulled_first() {
    let assumed = "the daemon has no image `flink:1.20.5`: assumed is one like the official";
    let mut daemon = Daemon::new();
    daemon.images.clear();
    let new = "+ session `s`: Flink 1.20.5, 1 JobManager, 1 TaskManager";
    let decision = decided(&daemon, &session(1, &[]));
    check(&decision, &[new, assumed], &["pull image flink:1.20.5"], Harm::None);
    assert_eq!(decision.again, Again::Look);
    daemon.bring(&session(1, &[]));
    assert!(daemon.containers.iter().all(|one| one.seen.runs));
}

#[test]
fn pull_policies() {
    #[track_caller]
    fn check(policy: &str, has: bool, expected: Option<&str>) {
        let mut wanted = session(1, &[]);
        wanted.image = Some("mine/flink:1".to_owned());
        wanted.image_pull_policy = Some(policy.to_owned());
        let mut daemon = Daemon::new();
        if has {
            daemon.images.insert("mine/flink:1".to_owned(), image(HealthCheck::Nutkin));
        }
        let first = decided(&daemon, &wanted).steps[0].to_string();
        assert_eq!(Some(first.as_str()).filter(|step| !step.starts_with("make")), expected);
        if policy != "Never" {
            daemon.bring(&wanted);
            assert_eq!(decided(&daemon, &wanted).steps, [], "nothing is pulled for nothing");
        }
    }
    check("Never", false, Some("need image mine/flink:1"));
    check("Never", true, None);
    check("IfNotPresent", false, Some("pull image mine/flink:1"));
    check("IfNotPresent", true, None);
    check("Always", false, Some("pull image mine/flink:1"));
    check("Always", true, Some("pull image mine/flink:1"));
}

#[test]
fn changed_files_are_shown() {
    let mut daemon = Daemon::new();
    let mut wanted = session(1, &[]);
    daemon.extras.insert("lib/udf.jar".to_owned(), Some("0001".to_owned()));
    daemon.bring(&wanted);
    daemon.extras.insert("lib/udf.jar".to_owned(), Some("0002".to_owned()));
    let name = "log4j-console.properties".to_owned();
    wanted.log_configuration.insert(name, "rootLogger.level = DEBUG\n".to_owned());
    let lines = decided(&daemon, &wanted).lines(Remedy::plain);
    assert_eq!(lines[0], "~ lib/udf.jar: content 0001 -> content 0002");
    assert!(lines[1].starts_with("+ log4j-console.properties: content "), "{lines:?}");
    assert_eq!(lines[2], "replaces nutkin-s-jobmanager, nutkin-s-taskmanager-1");
}

#[test]
fn an_option_is_told_once() {
    let option = ("taskmanager.memory.network.min", "65m");
    let mut daemon = Daemon::new();
    daemon.bring(&session(1, &[]));
    daemon.bring(&session(1, &[option]));
    // The JobManager does not read it: it stays, with the label that it was made with.
    assert_eq!(
        decided(&daemon, &session(1, &[option])).lines(Remedy::plain),
        ["session `s`: no change"]
    );
    let lines = decided(&daemon, &session(1, &[option, ("web.refresh-interval", "1000")]))
        .lines(Remedy::plain);
    assert_eq!(lines, ["+ web.refresh-interval: 1000", "replaces nutkin-s-jobmanager"]);
}

#[test]
fn containers_of_an_older_release_tell_no_files() {
    let mut daemon = Daemon::new();
    daemon.extras.insert("lib/udf.jar".to_owned(), Some("0001".to_owned()));
    daemon.bring(&session(1, &[]));
    for one in &mut daemon.containers {
        one.labels.remove(FILES);
    }
    assert!(decided(&daemon, &session(1, &[])).is_done());
    daemon.extras.insert("lib/udf.jar".to_owned(), Some("0002".to_owned()));
    let lines = decided(&daemon, &session(1, &[])).lines(Remedy::plain);
    assert_eq!(lines[0], "~ what a JobManager is made of");
}

#[test]
fn jars_that_are_not_here_are_fetched_before_anything_else() {
    let mut daemon = Daemon::new();
    daemon.extras.insert("lib/udf.jar".to_owned(), Some("fetched".to_owned()));
    daemon.bring(&session(1, &[]));
    daemon.extras.insert("lib/udf.jar".to_owned(), None);
    let decision = decided(&daemon, &session(1, &[]));
    let assumed = "not fetched yet: lib/udf.jar; assumed to be what the session has";
    check(&decision, &["session `s`: no change", assumed], &["fetch lib/udf.jar"], Harm::None);
    let before = daemon.shape();
    daemon.bring(&session(1, &[]));
    assert_eq!(daemon.shape(), before);
}

#[test]
fn more_task_managers_get_the_jars_of_what_is_there() {
    let mut daemon = Daemon::new();
    daemon.extras.insert("lib/udf.jar".to_owned(), Some("0001".to_owned()));
    daemon.bring(&session(1, &[]));
    let two = session(2, &[]);
    let kept = |daemon: &Daemon| {
        let mut seen = daemon.seen(Goal::Session(&two), &Mine::default());
        seen.extras = Extras::Kept;
        decide(Goal::Session(&two), &seen)
    };
    check(
        &kept(&daemon).expect("a decision"),
        &["~ taskManager.replicas: 1 -> 2", "creates nutkin-s-taskmanager-2"],
        &["make nutkin-s-taskmanager-2 with the jars of nutkin-s-jobmanager"],
        Harm::None,
    );
    for one in &mut daemon.containers {
        one.labels.remove(FILES);
    }
    let problems = kept(&daemon).expect_err("nothing that stays has the jars");
    assert!(problems[0].to_string().contains("lib/udf.jar"), "{problems:?}");
}

#[test]
fn a_session_of_which_nothing_is_noted_gets_copies() {
    let mut daemon = Daemon::new();
    let wanted = session(2, &[]);
    daemon.bring(&wanted);
    job(&mut daemon);
    let resized = |daemon: &Daemon, number| {
        resized(number, &daemon.seen(Goal::Session(&wanted), &Mine::default()))
    };
    let more = resized(&daemon, 3).expect("a decision");
    let steps: Vec<String> = more.steps.iter().map(ToString::to_string).collect();
    assert_eq!(steps, ["make nutkin-s-taskmanager-3 like the first TaskManager"]);
    assert_eq!(more.harm, Harm::None);
    let fewer = resized(&daemon, 1).expect("a decision");
    assert_eq!(fewer.harm, Harm::Change);
    for step in &fewer.steps {
        daemon.act(step, &mut Mine::default());
    }
    assert_eq!(resized(&daemon, 1).expect("a decision").steps, []);
    daemon.containers.retain(|one| one.seen.alias != "taskmanager-1");
    assert_eq!(resized(&daemon, 1), None);
}

#[test]
fn an_end() {
    let mut daemon = Daemon::new();
    daemon.bring(&session(2, &[]));
    job(&mut daemon);
    let ending = Ending { delete_data: true, ..Ending::default() };
    let decided = |ending| {
        let wanted = Goal::Gone(ending);
        decide(wanted, &daemon.seen(wanted, &Mine::default())).expect("a decision")
    };
    let steps =
        |ending| -> Vec<String> { decided(ending).steps.iter().map(ToString::to_string).collect() };
    let kept = [
        "end nutkin-s-taskmanager-2",
        "end nutkin-s-taskmanager-1",
        "end nutkin-s-jobmanager",
        "remove network nutkin-s",
    ];
    assert_eq!(steps(Ending::default()), kept);
    assert_eq!(steps(ending), [&kept[..], &["remove volume nutkin-s-data"]].concat());
    assert_eq!(decided(ending).harm, Harm::Loss);
    daemon.network = Thing::Foreign;
    daemon.jobs = Vec::new();
    let wanted = Goal::Gone(Ending::default());
    let decision = decide(wanted, &daemon.seen(wanted, &Mine::default())).expect("a decision");
    assert_eq!((decision.steps.len(), decision.harm), (3, Harm::None));
}

#[test]
fn a_creation_that_failed_is_undone() {
    let wanted = session(1, &[]);
    let wanted = Goal::Session(&wanted);
    let steps = |daemon: &Daemon, mine: &Mine| -> Vec<String> {
        undo(&daemon.seen(wanted, mine)).iter().map(ToString::to_string).collect()
    };
    let mut daemon = Daemon::new();
    let mut mine = Mine::default();
    let decision = decide(wanted, &daemon.seen(wanted, &mine)).expect("a decision");
    for step in &decision.steps[..4] {
        daemon.act(step, &mut mine);
    }
    let all = ["end nutkin-s-jobmanager", "remove network nutkin-s", "remove volume nutkin-s-data"];
    assert_eq!(steps(&daemon, &mine), all);
    // The volume of an earlier session has savepoints.
    let older = Mine { volume: false, ..mine.clone() };
    assert_eq!(steps(&daemon, &older), all[..2]);
    // Somebody else's containers need network and volume.
    daemon.containers.push(crate::decide::docker::FoundContainer {
        id: "other".to_owned(),
        ..daemon.containers[0].clone()
    });
    assert_eq!(steps(&daemon, &mine), all[..1]);
}

#[test]
fn passwords_are_not_printed() {
    let daemon = Daemon::new();
    let decision = decided(&daemon, &session(1, &[("s3.secret-key", "hunter2")]));
    assert!(!format!("{decision:?}").contains("hunter2"));
}
