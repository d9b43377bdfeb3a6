//! Ctrl-C as a person presses it: in a terminal, at the moments of `up`, `run` and `down`; it is left as it was found.

use nutkin_shell::files::document;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nutkin::jobs::Jar;
use nutkin_local::launch::{ProcessPhase, Running};
use nutkin_testkit::Terminal;
use nutkin_testkit::terminal::Screen;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::world::{World, answer, eventually, rest_port};

fn terminal(world: &World, args: &[&str]) -> Terminal {
    Terminal::start(world.command(args))
}

/// `up` without a Flink to be found but by a `pip` that never comes to an end.
fn up_with_a_slow_pip(world: &World) -> Command {
    let script = "#!/bin/sh\ncase \"$*\" in *--version) exit 0;; esac\nexec sleep 600\n";
    let python = world.file("bin/python3", script);
    fs::set_permissions(python, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = world.command(&["up", "a", "-D", "rest.port=0"]);
    command
        .env_remove("FLINK_HOME")
        .env("PATH", format!("{}:{path}", world.path("bin").display()))
        // Nobody listens there: Apache's archive does not answer, wherever the test runs.
        .env("HTTPS_PROXY", "http://127.0.0.1:1");
    command
}

#[test]
fn while_flink_is_installed() {
    let world = World::new();
    let mut terminal = Terminal::start(up_with_a_slow_pip(&world));
    terminal.until_shown("with pip");
    terminal.interrupt().expect(130, &["error: interrupted; session `a` was not touched"]);
    assert!(!world.session("a").exists());
    let left = fs::read_dir(world.path("cache/nutkin/dist")).unwrap();
    let names = left.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    assert_eq!(names.filter(|name| !name.starts_with(".lock-")).count(), 0);
}

#[test]
fn while_another_command_has_the_session() {
    let world = World::new();
    let held = world.session("a").try_lock().unwrap();
    let mut terminal = terminal(&world, &["up", "a", "-D", "rest.port=0"]);
    terminal.until_shown("another command works on `a`: waiting");
    terminal.interrupt().expect(
        130,
        &[
            "error: interrupted while session `a` was being changed",
            "hint: `nutkin status a` shows what is there; the same command again completes it",
        ],
    );
    drop(held);
    assert_eq!(world.living("a"), []);
}

#[test]
fn while_the_session_starts() {
    let world = World::new();
    let mut terminal = terminal(&world, &["up", "a", "-D", "rest.port=0"]);
    terminal.until_shown("waiting for the JobManager to answer");
    let before = world.until_running("a");
    terminal.interrupt().expect(
        130,
        &[
            "error: interrupted; session `a` goes on starting",
            "hint: `nutkin status a` shows it, `nutkin down a` ends it",
        ],
    );
    assert_eq!(world.living("a"), before, "neither the JVMs nor the supervisor heard it");
}

/// A session that answers and has a job.
fn with_a_job(world: &World) {
    world.up("a", &[]).expect(0);
    world.until_running("a");
    answer(rest_port(&world.launch("a")), 1, &["orders"]);
}

#[track_caller]
fn check_question(args: &[&str], question: &str, keys: &str, says: &str) {
    let world = World::new();
    with_a_job(&world);
    let before = world.living("a");
    let mut terminal = terminal(&world, args);
    terminal.until_shown(question);
    terminal.press(keys);
    let screen: Screen = terminal.end();
    let code = if keys == "\u{3}" { 130 } else { 6 };
    screen.expect(code, &[says]);
    assert_eq!(world.living("a"), before);
}

#[test]
fn at_a_question() {
    let up = ["up", "a", "-D", "rest.port=0", "-D", "taskmanager.numberOfTaskSlots=3"];
    let interrupted = "error: interrupted; nothing was changed";
    check_question(&up, "Go on? [y/N] ", "\u{3}", interrupted);
    check_question(&up, "Go on? [y/N] ", "n\n", "error: not agreed; nothing was changed");
    check_question(&["down", "a"], "End the session? [y/N] ", "\u{3}", interrupted);
}

#[test]
fn after_the_answer() {
    let world = World::new();
    // JVMs that end when the test says so: time to press keys.
    let end = world.path("end");
    let script = format!("trap '' TERM; while [ ! -e {} ]; do sleep 0.05; done", end.display());
    world.java("java", "17.0.1", &script);
    with_a_job(&world);
    let mut terminal = terminal(&world, &["down", "a"]);
    terminal.until_shown("End the session? [y/N] ");
    terminal.press("y\n");
    eventually("the processes are told to end", || {
        let running = document::read_json::<Running>(&world.session("a").processes());
        running.is_ok_and(|running| {
            running.processes.iter().all(|one| one.phase == ProcessPhase::Ending)
        })
    });
    let names: Vec<String> = world.launch("a").processes.into_iter().map(|one| one.name).collect();
    let still = names.join(", ");
    terminal.interrupt().expect(
        130,
        &[
            &format!(
                "error: interrupted while session `a` was being ended; at this moment there are still: {still}"
            ),
            "hint: `nutkin status a` shows what is left, `nutkin down a` ends it",
        ],
    );
    fs::write(end, "").unwrap();
    world.run(&["down", "a", "--force"]).expect(0);
    assert_eq!(world.living("a"), []);
}

/// A JobManager whose main() never comes to an end, and which says that it was asked to run it.
async fn busy(asked: Arc<AtomicBool>) -> MockServer {
    let server = MockServer::start().await;
    let answers = |at: &str, body: Value| {
        let answer = ResponseTemplate::new(200).set_body_json(body);
        Mock::given(method("GET")).and(path(at)).respond_with(answer).mount(&server)
    };
    answers("/overview", json!({"flink-version": "1.20.5"})).await;
    answers("/jars", json!({"files": []})).await;
    answers("/jobs/overview", json!({"jobs": []})).await;
    let uploaded = ResponseTemplate::new(200)
        .set_body_json(json!({"status": "success", "filename": "/jars/x.jar"}));
    Mock::given(path("/jars/upload")).respond_with(uploaded).mount(&server).await;
    let never = ResponseTemplate::new(200).set_delay(Duration::from_mins(10));
    let never = move |_: &Request| {
        asked.store(true, Ordering::Relaxed);
        never.clone()
    };
    Mock::given(path("/jars/x.jar/run")).respond_with(never).mount(&server).await;
    server
}

#[tokio::test]
async fn while_a_job_is_submitted() {
    let asked = Arc::new(AtomicBool::new(false));
    let server = busy(asked.clone()).await;
    let uri = server.uri();
    let person = move || {
        let world = World::new();
        Jar::empty(&world.path("work/a.jar")).unwrap();
        let id = "0123456789abcdef0123456789abcdef";
        let run = ["run", "--address", &uri, "--job-id", id, "--no-slot-check", "-c", "Main"];
        let terminal = terminal(&world, &[&run[..], &["a.jar"]].concat());
        eventually("main() runs", || asked.load(Ordering::Relaxed));
        terminal.interrupt().expect(
            130,
            &[
                &format!("error: interrupted; job {id} goes on: its main() runs in the JobManager"),
                &format!("hint: `nutkin job {id}` shows it, `nutkin cancel {id}` ends it"),
            ],
        );
    };
    tokio::task::spawn_blocking(person).await.unwrap();
}

/// A JobManager with one job, whose savepoint is never complete. What was asked of it is in its requests.
async fn saving(id: &str) -> MockServer {
    let server = MockServer::start().await;
    let answers = |verb: &str, at: String, body: Value| {
        let answer = ResponseTemplate::new(200).set_body_json(body);
        Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(&server)
    };
    answers("GET", "/overview".to_owned(), json!({"flink-version": "1.20.5"})).await;
    let job = json!({"jid": id, "name": "numbers", "state": "RUNNING", "start-time": 1, "end-time": -1,
        "duration": 1, "last-modification": 1, "tasks": {"total": 1, "running": 1}});
    answers("GET", "/jobs/overview".to_owned(), json!({"jobs": [job]})).await;
    for verb in ["stop", "savepoints"] {
        answers("POST", format!("/jobs/{id}/{verb}"), json!({"request-id": "r"})).await;
    }
    let progress = json!({"status": {"id": "IN_PROGRESS"}, "operation": null});
    answers("GET", format!("/jobs/{id}/savepoints/r"), progress).await;
    server
}

#[tokio::test]
async fn while_a_savepoint_is_taken() {
    let id = "0123456789abcdef0123456789abcdef";
    let server = saving(id).await;
    let uri = server.uri();
    let person = move || {
        let world = World::new();
        let check = |command: &[&str], says: &str| {
            let mut terminal = terminal(&world, &[command, &["--address", &uri]].concat());
            terminal.until_shown(&format!("taking a savepoint of job {id}"));
            let says = format!("error: interrupted; {says}");
            terminal
                .interrupt()
                .expect(130, &[&says, &format!("hint: `nutkin job {id}` shows it")]);
        };
        let goes_on = format!("the savepoint of job {id} goes on");
        check(&["savepoint", "numbers", "here/it/is"], &goes_on);
        let stops = format!("the savepoint goes on, and job {id} stops when it is complete");
        check(&["stop", id, "--savepoint", "/there"], &stops);
        world.path("work").canonicalize().unwrap()
    };
    let work = tokio::task::spawn_blocking(person).await.unwrap();
    let asked = server.received_requests().await.unwrap();
    let places: Vec<Value> = asked
        .iter()
        .filter(|request| request.method.as_str() == "POST")
        .map(|request| serde_json::from_slice::<Value>(&request.body).unwrap())
        .map(|mut body| {
            let place = if body["targetDirectory"].is_null() {
                "target-directory"
            } else {
                "targetDirectory"
            };
            body[place].take()
        })
        .collect();
    assert_eq!(places, [json!(work.join("here/it/is")), json!("/there")]);
}
