//! `plan` and `render` look and touch nothing: no installation, no download, no state.

use std::path::Path;

use serde_json::Value;

use nutkin_testkit::Finished;

use crate::world::{World, finish};

/// Without a Flink of its own, without a network, and with a session that wants jars from elsewhere.
fn run(world: &World, args: &[&str]) -> Finished {
    let more = [
        "-D",
        "nutkin.libs=https://user:hunter2@localhost:1/a.jar",
        "-D",
        "nutkin.plugins=mvn:org.example:plugin:1.0",
    ];
    let mut command = world.command(&[args, &more].concat());
    command.env_remove("FLINK_HOME").env("AWS_SECRET_ACCESS_KEY", "hunter2");
    finish(command.spawn().unwrap())
}

/// All files and directories below one.
fn below(path: &Path) -> Vec<String> {
    let entries = walkdir::WalkDir::new(path).into_iter().map(|entry| entry.unwrap());
    let mut names: Vec<_> = entries.map(|entry| entry.path().display().to_string()).collect();
    names.sort();
    names
}

#[track_caller]
fn check(args: &[&str]) -> Finished {
    let world = World::new();
    let before = below(&world.path(""));
    let said = run(&world, args);
    said.expect(0);
    assert_eq!(below(&world.path("")), before, "nothing was made");
    assert!(!format!("{said:?}").contains("hunter2"), "{said:?}");
    said
}

const NOT_INSTALLED: &str = "Flink 1.20.5 is not installed: `up` installs it";
const NOT_FETCHED: &str = "mvn:org.example:plugin:1.0 is not on this machine: `up` fetches it";

#[test]
fn plan() {
    let said = check(&["plan", "a"]);
    said.prints("+ session `a`: Flink 1.20.5, 1 JobManager, 1 TaskManager")
        .prints(NOT_INSTALLED)
        .prints(NOT_FETCHED);
    let said = check(&["plan", "a", "-o", "json"]);
    let document: Value = nutkin_testkit::schema::read(&said.stdout);
    assert_eq!(document["new"], true);
    assert_eq!(document["assumptions"].as_array().unwrap().len(), 3, "{document:#}");
}

#[test]
fn render() {
    let said = check(&["render"]);
    said.says(NOT_INSTALLED).says(NOT_FETCHED);
    said.prints("flink-1.20.5/lib/*:")
        .prints("/a.jar")
        .prints("StandaloneSessionClusterEntrypoint");
    let said = check(&["render", "-o", "json"]);
    let document: Value = nutkin_testkit::schema::read(&said.stdout);
    let environment = &document["processes"][0]["environment"];
    assert_eq!(environment["AWS_SECRET_ACCESS_KEY"], "******");
}

#[test]
fn plan_of_a_session_that_runs() {
    let world = World::new();
    world.up("a", &[]).expect(0);
    let before = world.until_running("a");
    let files = below(&world.path("state"));
    let change = ["plan", "a", "-D", "rest.port=0", "--task-managers", "2"];
    world.run(&change).expect(0).prints("~ taskManager.replicas: 1 -> 2");
    assert_eq!(below(&world.path("state")), files);
    assert_eq!(world.living("a"), before);
}

/// TaskManagers whose JVM refuses its arguments, beside a JobManager that sleeps.
const REFUSES: &str = "case \"$*\" in *TaskManagerRunner*) echo \"Unrecognized VM option 'UseParallelOldGC'\"; \
                       echo 'Error: Could not create the Java Virtual Machine.'; exit 1;; esac\nexec sleep 600";

#[test]
fn why_names_what_the_jvm_of_a_task_manager_refuses() {
    let world = World::new();
    world.up("a", &[]).expect(0);
    world.until_running("a");
    crate::world::answer(crate::world::rest_port(&world.launch("a")), 1, &[]);
    let before = below(&world.path("state"));
    let well = world.run(&["why", "a"]);
    well.expect(0).prints("session `a`: nothing is wrong that is known here");
    assert_eq!(below(&world.path("state")), before, "nothing was made");
    world.run(&["down", "a", "--yes"]).expect(0);

    world.java("java", "17.0.1", REFUSES);
    world.up("a", &[]).expect(0);
    crate::world::answer(crate::world::rest_port(&world.launch("a")), 0, &[]);
    crate::world::eventually("it has ended", || {
        world.run(&["why", "a"]).stdout.contains("exit code 1")
    });
    let status = world.run(&["status", "a"]);
    status.expect(0).prints("cause: NK2601 the JVM refuses its arguments (taskmanager-1)");
    let document = world.run(&["status", "a", "-o", "json"]);
    let document = nutkin_testkit::schema::read(&document.expect(0).stdout);
    assert_eq!(document["causes"][0]["code"], "NK2601", "{document:#}");
    let said = world.run(&["why", "a", "-o", "json"]);
    let document = nutkin_testkit::schema::read(&said.expect(1).stdout);
    assert_eq!(document["items"][0]["code"], "NK2601", "{document:#}");
    let led: Vec<&Value> =
        document["items"][0]["ledTo"].as_array().unwrap().iter().map(|one| &one["code"]).collect();
    assert_eq!(led, ["NK2108", "NK2121"], "{document:#}");
    assert!(document["items"][0]["ledTo"][0]["time"].is_string(), "{document:#}");
    assert_eq!(document["items"].as_array().map(Vec::len), Some(1), "{document:#}");
}
