//! `up` on a session that exists: what it sees as a change, what it says of it, and what it leaves alone.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};

use serde_json::{Value, json};

use crate::world::{World, answer, answer_as, eventually, finish, rest_port};

const FILE: &str = "\
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: a}
spec:
  flinkVersion: v1_20
  flinkConfiguration: {rest.port: '0'}
  logConfiguration:
    log4j-console.properties: |
      rootLogger.level = LEVEL
";

/// The supervisor and two processes live, and the same ones after the same `up`.
#[test]
fn the_same_again_changes_nothing_from_any_terminal() {
    let world = World::new();
    world.up("a", &[]).expect(0);
    let before = world.until_running("a");
    assert_eq!(before.len(), 3, "{before:?}");
    let mut again = world.command(&["up", "a", "--no-wait", "-D", "rest.port=0"]);
    again.env("LANG", "de_DE.UTF-8").env("TZ", "Asia/Tokyo");
    let again = crate::world::finish(again.spawn().unwrap());
    again.expect(0).says("session `a` is unchanged");
    assert_eq!(world.until_running("a"), before);
}

#[test]
fn a_changed_log_configuration_asks_and_restarts() {
    let world = World::new();
    let file = world.file("work/s.yaml", &FILE.replace("LEVEL", "INFO"));
    world.run(&["up", "-f", "s.yaml", "--no-wait", "--on", "local"]).expect(0);
    let before = world.until_running("a");
    fs::write(&file, FILE.replace("LEVEL", "DEBUG")).unwrap();
    answer(rest_port(&world.launch("a")), 1, &["orders"]);

    let refused = world.run(&["up", "-f", "s.yaml", "--no-wait"]);
    refused
        .expect(6)
        .says("~ conf/log4j-console.properties: content ")
        .says("restarts all JobManagers and TaskManagers")
        .says("jobs that will be lost (no high availability): `orders` (ab)")
        .says("run it again with --force");
    assert_eq!(world.until_running("a"), before, "nothing was touched");
    world.run(&["up", "-f", "s.yaml", "--no-wait", "--yes"]).expect(6).says("--force");

    world.run(&["up", "-f", "s.yaml", "--no-wait", "--force"]).expect(0);
    let after = world.until_running("a");
    let written = world.session("a").join("conf/log4j-console.properties");
    assert!(fs::read_to_string(written).unwrap().contains("DEBUG"));
    for ((name, old), (_, new)) in before.iter().zip(&after) {
        assert_eq!(old == new, name == "supervisor", "{name}: {old} and {new}");
    }
}

#[test]
fn a_change_that_did_not_come_to_it_gives_no_job_up() {
    let world = World::new();
    let file = world.file("work/s.yaml", &FILE.replace("LEVEL", "INFO"));
    world.run(&["up", "-f", "s.yaml", "--no-wait", "--on", "local"]).expect(0);
    world.until_running("a");
    fs::write(&file, FILE.replace("LEVEL", "DEBUG")).unwrap();
    answer(rest_port(&world.launch("a")), 1, &["orders"]);
    let given_up = || {
        let ledger = fs::read_to_string(world.session("a").record()).unwrap();
        serde_json::from_str::<serde_json::Value>(&ledger).unwrap()["givenUp"].clone()
    };
    let force = ["up", "-f", "s.yaml", "--no-wait", "--force"];
    // Nobody can take the lock under which it would be restarted.
    let lock = world.session("a").join("lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    world.run(&force).expect(1);
    assert_eq!(given_up(), serde_json::Value::Null);
    // The control: a change that is carried out does.
    fs::remove_dir(&lock).unwrap();
    world.run(&force).expect(0);
    assert!(given_up().is_string());
}

#[test]
fn the_job_manager_of_another_session_does_not_count() {
    #[track_caller]
    fn check(folder: impl Fn(&World) -> String, state: &str) {
        let world = World::new();
        world.up("a", &[]).expect(0);
        world.until_running("a");
        let options = serde_json::json!([{"key": "web.upload.dir", "value": folder(&world)}]);
        answer_as(rest_port(&world.launch("a")), 1, &["orders"], &options);
        world.run(&["status", "a"]).expect(0).prints(state);
    }
    check(|_| "/elsewhere/jars".to_owned(), "the JobManager does not answer");
    let own = |world: &World| world.session("a").join("jars").display().to_string();
    check(own, "a  running");
}

/// A change without jobs needs `--yes`.
#[track_caller]
fn check_change(
    step: impl Fn(&World),
    more: &[&str],
    says: &[&str],
    restarted: impl Fn(&str) -> bool,
) {
    let world = World::new();
    world.up("a", &[]).expect(0);
    let before = world.until_running("a");
    answer(rest_port(&world.launch("a")), 1, &[]);
    step(&world);
    let refused = world.up("a", more);
    world.run(&[&["plan", "a", "-D", "rest.port=0"], more].concat()).expect(0).prints(says[0]);
    for text in says {
        refused.expect(6).says(text);
    }
    assert_eq!(world.until_running("a"), before, "nothing was touched");
    world.up("a", &[more, &["--yes"]].concat()).expect(0);
    let after = world.until_running("a");
    for (name, old) in &before {
        let new = after.iter().find(|one| one.0 == *name).unwrap().1;
        assert_eq!(*old != new, restarted(name), "{name}: {old} and {new}");
    }
    world.up("a", more).expect(0).says("session `a` is unchanged");
}

#[test]
fn another_java() {
    check_change(
        |world| world.java("java11", "11.0.2", "exec sleep 600"),
        &["-D", "env.java.home=../java11"],
        &["~ java: ", "java11/bin/java"],
        |name| name != "supervisor",
    );
}

#[test]
fn a_jar_that_came_to_flink() {
    check_change(
        |world| drop(world.file("flink/lib/flink-cep-1.20.5.jar", "")),
        &[],
        &["+ JobManager arguments: ", "flink/lib/flink-cep-1.20.5.jar"],
        |name| name != "supervisor",
    );
}

#[test]
fn jars_of_the_user() {
    check_change(
        |world| drop(world.file("work/u.jar", "")),
        &["-D", "nutkin.libs=u.jar"],
        &["+ nutkin.libs: ", "work/u.jar"],
        |name| name != "supervisor",
    );
}

#[test]
fn an_option_of_task_managers() {
    check_change(
        |_| (),
        &["-D", "taskmanager.memory.network.max=70m"],
        &["+ taskmanager.memory.network.max: 70m", "restarts all TaskManagers"],
        |name| name.starts_with("taskmanager"),
    );
}

#[test]
fn one_more_task_manager() {
    check_change(
        |_| (),
        &["--task-managers", "2"],
        &["~ taskManager.replicas: 1 -> 2", "restarts nothing"],
        |_| false,
    );
}

#[test]
fn a_job_manager_that_does_not_answer_may_have_jobs() {
    let world = World::new();
    world.up("a", &[]).expect(0);
    world.until_running("a");
    let change = ["-D", "parallelism.default=2", "--yes"];
    world
        .up("a", &change)
        .expect(6)
        .says("jobs that will be lost (no high availability): unknown, because no JobManager");
    world.run(&["down", "a"]).expect(6).says("jobs that will be lost: unknown");
    world.run(&["down", "a", "--yes"]).expect(0);
}

#[test]
fn the_end_of_a_session_with_jobs_needs_more_than_yes() {
    let world = World::new();
    world.up("a", &[]).expect(0);
    let before = world.until_running("a");
    answer(rest_port(&world.launch("a")), 1, &["orders"]);
    let lost = "session `a`: jobs that will be lost: `orders` (ab)";
    for consent in [&[][..], &["--yes"]] {
        let down = world.run(&[&["down", "a"], consent].concat());
        down.expect(6).says(lost).says("run it again with --force");
    }
    assert_eq!(world.living("a"), before);
    // Nor does it where nobody knows them: the orders are damaged, with them the address.
    fs::write(world.session("a").launch(), "{").unwrap();
    world.run(&["down", "a"]).expect(6).says("jobs that will be lost: unknown");
    assert_eq!(world.living("a"), before);
    // The controls: with it, and without jobs.
    world.run(&["down", "a", "--force"]).expect(0);
    world.up("b", &[]).expect(0);
    world.until_running("b");
    answer(rest_port(&world.launch("b")), 1, &[]);
    world.run(&["down", "b", "--yes"]).expect(0);
}

#[test]
fn a_session_whose_directory_was_removed_is_ended() {
    let world = World::new();
    world.up("a", &[]).expect(0);
    world.until_running("a");
    world.file("state/nutkin/data/a/checkpoints/ab/chk-1/_metadata", "");
    fs::remove_dir_all(world.session("a").path()).unwrap();
    world.up("a", &[]).expect(1).says("`nutkin down a` ends what runs of it");
    world.run(&["status", "a"]).expect(0).prints("damaged");
    world.run(&["down", "a", "--yes"]).expect(0).says("session `a` ended: jobmanager");
    assert_eq!(world.living("a"), []);
    assert!(world.path("state/nutkin/data/a/checkpoints/ab/chk-1/_metadata").exists());
    // The control: now there is none.
    world.run(&["down", "a", "--yes"]).expect(5).says("there is no session");
    world.up("a", &[]).expect(0);
}

#[test]
fn a_session_that_nobody_starts_again_is_not_waited_for() {
    let world = World::new();
    world.up("a", &["-D", "high-availability.type=zookeeper"]).expect(0);
    let living = world.until_running("a");
    let kill = |(_, pid): &(String, i32)| {
        let pid = rustix::process::Pid::from_raw(*pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    };
    living.iter().filter(|one| one.0 == "supervisor").for_each(kill);
    living.iter().filter(|one| one.0 != "supervisor").for_each(kill);
    eventually("all are gone", || world.living("a").is_empty());
    let started = std::time::Instant::now();
    for command in [&["jobs"][..], &["job", "x"], &["stop", "x"]] {
        let said = world.run(command);
        said.expect(1).says("no JobManager of session `a` runs").says("`nutkin up a` starts it");
    }
    // An election is given 30 s.
    assert!(started.elapsed() < std::time::Duration::from_secs(20));
    let scaled = world.run(&["scale", "a", "--task-managers", "2"]);
    scaled.expect(0).says("no process of session `a` runs: Nutkin starts its JobManagers, too");
}

#[test]
fn who_leads_is_shown() {
    let world = World::new();
    world.up("a", &["-D", "high-availability.type=zookeeper"]).expect(0);
    world.until_running("a");
    let starts = "INFO  ClusterEntrypoint [] -  Starting StandaloneSessionClusterEntrypoint (Version: 1.20.5)\n";
    let log = |name: &str, text: &str| {
        let launch = world.launch("a");
        let process = launch.processes.iter().find(|one| one.name == name).unwrap();
        std::fs::write(&process.log, text).unwrap();
    };
    let leads = |expected: &[Value]| {
        let said = world.run(&["status", "a", "-o", "json"]);
        let document: Value = serde_json::from_str(&said.expect(0).stdout).unwrap();
        let all = document["processes"].as_array().unwrap();
        let found: Vec<&Value> =
            all.iter().filter(|one| one["role"] == "JobManager").map(|one| &one["leads"]).collect();
        assert_eq!(found, expected.iter().collect::<Vec<_>>());
    };
    log("jobmanager-1", starts);
    log("jobmanager-2", starts);
    // The control: they elect one.
    leads(&[Value::Null, Value::Null]);
    let granted = "INFO  DispatcherRestEndpoint [] - http://127.0.0.1:1 was granted leadership with leaderSessionID=a\n";
    log("jobmanager-2", &format!("{starts}{granted}"));
    leads(&[json!(false), json!(true)]);
    world.run(&["status", "a"]).expect(0).prints(", leads, up");
}

#[test]
fn a_session_that_is_starting_is_waited_for() {
    let world = World::new();
    world.up("a", &[]).expect(0);
    world.until_running("a");
    let mut jobs = world.command(&["jobs", "a"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(jobs.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "session `a` is starting: waiting for its JobManager\n");
    answer(rest_port(&world.launch("a")), 1, &[]);
    assert!(jobs.wait().unwrap().success());
}

#[test]
fn options_that_nobody_knows_are_said() {
    let world = World::new();
    let said = world.run(&["plan", "a", "-D", "foo=bar", "-D", "checkpoint.interval=10s"]);
    said.expect(0).says("only programs can read them: `checkpoint.interval`, `foo`");
    // The control: what a reporter of the user's reads.
    let said = world.run(&["plan", "a", "-D", "metrics.reporter.mine.foo=bar"]);
    assert!(!said.expect(0).stderr.contains("only programs"), "{}", said.all());
}

#[test]
fn down_says_which_data_it_keeps_and_which_it_deletes() {
    let world = World::new();
    world.up("a", &[]).expect(0);
    for file in ["savepoints/savepoint-1/_metadata", "checkpoints/ab/chk-1/_metadata"] {
        world.file(&format!("state/nutkin/data/a/{file}"), "");
    }
    let holds = "checkpoints (1 file), savepoints (1 file)";
    world.run(&["down", "a", "--yes"]).expect(0).says(holds).says("--delete-data deletes it");
    world.up("a", &[]).expect(0);
    let deleted = world.run(&["down", "a", "--yes", "--delete-data"]);
    let data = format!("`{}`: {holds}", world.path("state/nutkin/data/a").display());
    let before = deleted.expect(0).stderr.find(&format!("will be deleted: {data}"));
    let ended = deleted.stderr.find("session `a` ended");
    let after = deleted.stderr.find(&format!("deleted {data}"));
    assert!(before.is_some() && before < ended && ended < after, "{deleted:#?}");
    assert!(!world.path("state/nutkin/data/a").exists());
    // Of a session that is gone as well.
    world.file("state/nutkin/data/a/savepoints/savepoint-2/_metadata", "");
    world.run(&["down", "a"]).expect(5);
    world.run(&["down", "b", "--delete-data"]).expect(5).says("`--on docker`");
    let deleted = world.run(&["down", "a", "--delete-data"]);
    deleted
        .expect(0)
        .says("will be deleted: ")
        .says("savepoints (1 file)")
        .says("none of its processes was running");
    assert!(!world.path("state/nutkin/data/a").exists());
    assert!(!world.session("a").path().exists(), "no session has come from it");
}

#[test]
fn logs_are_followed_to_the_end_of_the_session() {
    let world = World::new();
    world.java("java", "17.0.1", "echo first; exec sleep 600");
    world.up("a", &[]).expect(0);
    world.until_running("a");
    let job_manager = &world.launch("a").processes[0];
    let out = &job_manager.out;
    eventually("it has said something", || fs::read_to_string(out).is_ok_and(|it| !it.is_empty()));
    let said = world.file("said", "");
    let mut follow = world.command(&["logs", "jobmanager", "--follow", "--tail", "1"]);
    let child = follow.stdout(fs::File::create(&said).unwrap()).spawn().unwrap();
    let shows = |text: &str| fs::read_to_string(&said).unwrap().contains(text);
    eventually("what was there", || shows("first\n"));
    let mut file = fs::File::options().append(true).open(out).unwrap();
    for line in ["second\nha", "lf\nlast words"] {
        file.write_all(line.as_bytes()).unwrap();
        eventually("what was added", || shows("second\n"));
    }
    world.run(&["down", "a", "--yes", "--force"]).expect(0);
    finish(child).expect(0).says("session `a` has ended");
    let lines = fs::read_to_string(&said).unwrap();
    let expected: String = ["first", "second", "half", "last words"]
        .map(|line| format!("jobmanager    | {line}\n"))
        .concat();
    assert_eq!(lines, expected);
}

#[test]
fn a_session_in_the_place_of_a_process() {
    let world = World::new();
    world.up("a", &[]).expect(0);
    world.until_running("a");
    world.run(&["logs", "a"]).expect(0);
    world.run(&["logs", "a", "jobmanager"]).expect(0);
    world.up("b", &[]).expect(0);
    world.until_running("b");
    world.run(&["logs", "b"]).expect(0);
    // The controls: another word is a process, and where the session is named all others are processes.
    world.run(&["logs", "a", "b"]).expect(2).says("session `a` has no process `b`");
    let said = world.run(&["logs", "--session", "a", "b"]);
    said.expect(2).says("hint: `b` is a session: `nutkin logs --session b`");
    world.run(&["jobs", "c"]).expect(5).says("there is no session `c`");
    world.run(&["jobs", "a", "--session", "b"]).expect(2).says("cannot be used with");
}

#[test]
fn what_was_scaled_stays_so() {
    #[track_caller]
    fn check(again: &[&str], says: &str, count: usize) {
        let world = World::new();
        world.up("a", &[]).expect(0);
        let before = world.until_running("a");
        answer(rest_port(&world.launch("a")), 1, &[]);
        let scaled = world.run(&["scale", "a", "--task-managers", "2"]);
        scaled.expect(0).says("1 -> 2 TaskManagers");
        assert!(!scaled.stderr.contains("no process"), "{}", scaled.all());
        world.run(&["scale", "a", "--task-managers", "2"]).expect(0).says("already");
        let scaled = world.until_running("a");
        assert!(before.iter().all(|one| scaled.contains(one)), "{before:?} {scaled:?}");
        world.run(again).expect(0).says(says);
        let launch = world.launch("a");
        assert_eq!(launch.processes.len(), 1 + count);
        world.until_running("a");
    }
    check(&["up", "a", "--no-wait"], "session `a` is unchanged", 2);
    // The control: all that is wanted is said, and the number is not.
    let all = ["up", "a", "--no-wait", "--yes", "-D", "rest.port=0"];
    check(&all, "taskManager.replicas: 2 -> 1", 1);
}

#[test]
fn scaling_needs_to_know_what_is_wanted() {
    let world = World::new();
    world.up("a", &[]).expect(0);
    world.until_running("a");
    answer(rest_port(&world.launch("a")), 1, &[]);
    let ledger = world.session("a").path().join("record.json");
    let scale = |number| world.run(&["scale", "a", "--task-managers", number]);
    fs::remove_file(&ledger).unwrap();
    // The control: it is seen in what runs.
    scale("2").expect(0).says("1 -> 2 TaskManagers");
    world.until_running("a");
    fs::remove_file(&ledger).unwrap();
    world.file("flink/lib/flink-cep-1.20.5.jar", "");
    scale("2").expect(0).says("already");
    let before = world.launch("a");
    scale("3").expect(1).says("it is not noted what is wanted of session `a`");
    scale("3").expect(1).says("`nutkin up a --task-managers 3`");
    assert_eq!(world.launch("a"), before);
}

#[test]
fn more_task_managers_than_the_machine_has_memory_for_are_told() {
    #[track_caller]
    fn check(size: &str, expected: &[&str]) {
        let world = World::new();
        world.up("a", &["-D", &format!("taskmanager.memory.process.size={size}")]).expect(0);
        world.until_running("a");
        answer(rest_port(&world.launch("a")), 1, &[]);
        let said = world.run(&["scale", "a", "--task-managers", "2"]);
        said.expect(0).says("1 -> 2 TaskManagers");
        for text in expected {
            said.says(text);
        }
        let is_told = said.stderr.contains("of memory");
        assert_eq!(is_told, !expected.is_empty(), "{}", said.all());
        assert!(!world.run(&["scale", "a", "--task-managers", "1"]).stderr.contains("of memory"));
    }
    check(
        "700g",
        &["the processes of the session may take 1401.6 GiB", "no TaskManager of this size fits"],
    );
    // The control.
    check("1728m", &[]);
}
