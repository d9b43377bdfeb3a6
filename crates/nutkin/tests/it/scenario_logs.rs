//! What `logs` shows of several processes at once, on each platform.

use std::fs;

use nutkin_testkit::scenario::{Docker, Flink, Kubernetes, Server};
use serde_json::json;

use crate::scenario::{Place, standalone};
use crate::world::World;

const JOB_MANAGER: &str = "2026-01-01 00:00:01,000 INFO  a.B [] - starts
2026-01-01 00:00:04,000 ERROR a.B [] - Job totals (5f3a) fails
java.lang.RuntimeException: outer
\tat a.B.c(D.java:1)
Caused by: java.io.IOException: no space
2026-01-01 00:00:06,000 INFO  a.B [] - goes on
";

const TASK_MANAGER: &str = "2026-01-01 00:00:02,000 INFO  a.C [] - registers
2026-01-01 00:00:03,000 WARN  a.C [] - slow
2026-01-01 00:00:05,000 INFO  a.C [] - frees a slot
";

/// Both by time, as `PROCESS LINE`; `j` is the JobManager.
const MERGED: [&str; 9] = [
    "j 2026-01-01 00:00:01,000 INFO  a.B [] - starts",
    "t 2026-01-01 00:00:02,000 INFO  a.C [] - registers",
    "t 2026-01-01 00:00:03,000 WARN  a.C [] - slow",
    "j 2026-01-01 00:00:04,000 ERROR a.B [] - Job totals (5f3a) fails",
    "j java.lang.RuntimeException: outer",
    "j \tat a.B.c(D.java:1)",
    "j Caused by: java.io.IOException: no space",
    "t 2026-01-01 00:00:05,000 INFO  a.C [] - frees a slot",
    "j 2026-01-01 00:00:06,000 INFO  a.B [] - goes on",
];

/// The lines that were printed, in the form of [`MERGED`].
fn shown(stdout: &str, job_manager: &str) -> Vec<String> {
    let line = |line: &str| {
        let (process, text) = line.split_once(" | ").unwrap_or(("?", line));
        let of = if process.trim() == job_manager { "j" } else { "t" };
        format!("{of} {text}")
    };
    stdout.lines().map(line).collect()
}

#[track_caller]
fn check(stdout: &str, job_manager: &str, expected: &[usize]) {
    let expected: Vec<&str> = expected.iter().map(|line| MERGED[*line]).collect();
    assert_eq!(shown(stdout, job_manager), expected);
}

const ALL: [usize; 9] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

fn pods() -> (Place<Kubernetes>, String) {
    let mut kubernetes = Kubernetes::default();
    kubernetes.runs_pods = true;
    kubernetes.flink.task_managers = 1;
    let place = Place::kubernetes_with(kubernetes);
    place.file("session.yaml", &standalone(1));
    place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
    let job_manager = place.server.with(|kubernetes| {
        let titles = kubernetes.titles();
        let mut pods = titles.iter().filter_map(|title| title.strip_prefix("Pod/"));
        let name = pods.find(|name| !name.contains("taskmanager")).unwrap().to_owned();
        kubernetes.logs.insert(name.clone(), JOB_MANAGER.to_owned());
        kubernetes.logs.insert("a-taskmanager-0".to_owned(), TASK_MANAGER.to_owned());
        name
    });
    (place, job_manager)
}

#[test]
fn pods_are_merged_by_time_and_entries_stay_whole() {
    let (place, job_manager) = pods();
    let check = |args: &[&str], expected: &[usize]| {
        let args = [&["logs", "--session", "a"], args].concat();
        check(&place.run(&args).expect(0).stdout, &job_manager, expected);
    };
    check(&[], &ALL);
    check(&["--level", "warn"], &[2, 3, 4, 5, 6]);
    check(&["--grep", "no space$"], &[3, 4, 5, 6]);
    check(&["--since", "2026-01-01T00:00:05Z"], &[7, 8]);
    check(&["--grep", "5f3a", "--level", "INFO", "a-taskmanager-0"], &[]);
    check(&["--level", "error", "--grep", "slow"], &[]);
    for args in [&["--grep", "("][..], &["--since", "soon"], &["--level", "loud"]] {
        let args = [&["logs", "--session", "a"], args].concat();
        place.run(&args).expect(2);
    }
}

#[test]
fn logs_of_one_job() {
    let (place, job_manager) = pods();
    // The JobManager knows nothing of it: its id is enough.
    let id = "5f3a5f3a5f3a5f3a5f3a5f3a5f3a5f3a";
    place.server.with(|kubernetes| {
        let log = JOB_MANAGER.replace("5f3a", id);
        kubernetes.logs.insert(job_manager.clone(), log);
    });
    let found = place.run(&["logs", "--session", "a", "--job", id]);
    let found = found.expect(0).stdout.replace(id, "5f3a");
    check(&found, &job_manager, &[3, 4, 5, 6]);
    place.run(&["logs", "--session", "a", "--job", "other"]).expect(5).says("other");
}

#[test]
fn what_a_container_wrote_before_is_merged_with_what_it_writes() {
    let (place, job_manager) = pods();
    place.server.with(|kubernetes| {
        let mut pod = kubernetes.get("Pod", "a-taskmanager-0");
        pod["status"]["containerStatuses"][0]["restartCount"] = json!(1);
        kubernetes.put("pods", pod);
        let (before, now) =
            TASK_MANAGER.split_at(TASK_MANAGER.find("2026-01-01 00:00:05").unwrap());
        kubernetes.logs.insert("a-taskmanager-0.previous".to_owned(), before.to_owned());
        kubernetes.logs.insert("a-taskmanager-0".to_owned(), now.to_owned());
    });
    let all = place.run(&["logs", "--session", "a", "--previous"]);
    check(&all.expect(0).stdout, &job_manager, &ALL);
    let present = place.run(&["logs", "--session", "a"]);
    check(&present.expect(0).stdout, &job_manager, &[0, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn containers_are_merged_by_time() {
    let flink = Server::start(Flink { slots: 8, task_managers: 4, ..Flink::default() });
    let place: Place<Docker> = Place::docker(flink.port());
    place.run(&["up", "a"]).expect(0);
    place.server.with(|docker| {
        docker.say("nutkin-a-jobmanager", JOB_MANAGER);
        docker.say("nutkin-a-taskmanager-1", TASK_MANAGER);
    });
    let logs = |args: &[&str]| {
        let args = [&["logs", "--session", "a", "jobmanager", "taskmanager-1"], args].concat();
        place.run(&args).expect(0).stdout.clone()
    };
    check(&logs(&[]), "jobmanager", &ALL);
    check(&logs(&["--level", "warn"]), "jobmanager", &[2, 3, 4, 5, 6]);
}

#[test]
fn files_of_this_machine_are_merged_by_time() {
    let world = World::new();
    world.up("a", &[]).expect(0);
    world.until_running("a");
    let launch = world.launch("a");
    let log =
        |name: &str| launch.processes.iter().find(|one| one.name == name).unwrap().log.clone();
    let task_manager = log("taskmanager-1");
    fs::create_dir_all(task_manager.parent().unwrap()).unwrap();
    fs::write(log("jobmanager"), JOB_MANAGER).unwrap();
    let cut = TASK_MANAGER.find("2026-01-01 00:00:05").unwrap();
    fs::write(&task_manager, &TASK_MANAGER[cut..]).unwrap();
    fs::write(format!("{}.1", task_manager.display()), &TASK_MANAGER[..cut]).unwrap();
    let logs = |args: &[&str]| {
        let args = [&["logs", "--session", "a"], args].concat();
        world.run(&args).expect(0).stdout.clone()
    };
    check(&logs(&["--previous"]), "jobmanager", &ALL);
    check(&logs(&[]), "jobmanager", &[0, 3, 4, 5, 6, 7, 8]);
    check(&logs(&["--tail", "1"]), "jobmanager", &[7, 8]);
    check(&logs(&["--since", "10m", "--grep", "."]), "jobmanager", &[]);
    // What it prints is not a part of what it logs.
    let out = launch.processes.iter().find(|one| one.name == "taskmanager-1").unwrap().out.clone();
    fs::write(&out, "2026-01-01 00:00:05,500 INFO  a.C [] - prints\n  a table\n").unwrap();
    fs::write(&task_manager, TASK_MANAGER).unwrap();
    check(&logs(&["--tail", "1", "--grep", "frees"]), "jobmanager", &[7]);
    let both = logs(&["--tail", "1", "--grep", "frees|table"]);
    assert!(both.contains(" |   a table\n"), "the control: {both}");
    fs::remove_file(out).unwrap();
    // A line without an end is shown in its place.
    fs::write(&task_manager, TASK_MANAGER.trim_end()).unwrap();
    check(&logs(&[]), "jobmanager", &ALL);
}
