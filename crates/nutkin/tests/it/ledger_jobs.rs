//! What the ledger says of jobs that no session file names: who submitted them, how they ended, what they have left.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nutkin_testkit::scenario::{Answer, Docker, Fault, Flink, Server};
use nutkin_testkit::{Running, eventually, side_by_side};
use serde_json::{Value, json};

use crate::scenario::{LIMIT, Place, SECRET, always, finish, trouble};

const OTHERS: &str = "0000000000000000000000000000000a";
const OURS: &str = "0000000000000000000000000000000b";
const SAVEPOINT: &str = "file:/savepoint-1";

/// A session on Docker, the JobManager behind it, and a Flink and a Java here whose client only says that it has begun.
struct World {
    place: Place<Docker>,
    flink: Server<Flink>,
}

impl World {
    fn new() -> Self {
        let flink = Server::start(Flink { slots: 8, task_managers: 4, ..Flink::default() });
        let place = Place::docker(flink.port());
        let folder = place.file("job.jar", "a jar").parent().unwrap().to_owned();
        for file in ["flink/lib/flink-dist-1.20.5.jar", "flink/lib/log4j-core-2.24.3.jar"] {
            std::fs::create_dir_all(folder.join("flink/lib")).unwrap();
            std::fs::write(folder.join(file), "").unwrap();
        }
        std::fs::create_dir_all(folder.join("java/bin")).unwrap();
        std::fs::write(folder.join("java/release"), "JAVA_VERSION=\"17.0.1\"\n").unwrap();
        let java = folder.join("java/bin/java");
        let script = "#!/bin/sh\ntouch begun; while [ ! -e over ]; do sleep 0.1; done\n";
        std::fs::write(&java, script).unwrap();
        std::fs::set_permissions(java, std::fs::Permissions::from_mode(0o755)).unwrap();
        place.run(&["up", "a"]).expect(0);
        flink.with(|flink| flink.listed.insert(OTHERS.to_owned(), "RUNNING".to_owned()));
        Self { place, flink }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.place.command(args);
        let folder = command.get_current_dir().unwrap().to_owned();
        command.env("FLINK_HOME", folder.join("flink")).env("JAVA_HOME", folder.join("java"));
        command
    }

    /// Starts Flink's own client, and waits until it has begun.
    #[track_caller]
    fn client(&self) -> (Running, std::path::PathBuf) {
        let args = ["flink", "run", "--client", "jvm", "-p", "2", "-c", "M", "-Ds3.secret-key=x"];
        let args = [&args[..], &["job.jar", "--input", "i", "--password", SECRET]].concat();
        let command = self.command(&args);
        let folder = command.get_current_dir().unwrap().to_owned();
        let running = Running::start(command);
        eventually("the client has begun", LIMIT, || folder.join("begun").exists());
        (running, folder)
    }

    /// Runs Flink's own client, which submits a job while it runs.
    #[track_caller]
    fn submit(&self) {
        let (running, folder) = self.client();
        self.set(OURS, "RUNNING", &Value::Null);
        // It is noted while the client still waits for it.
        eventually("it is noted", LIMIT, || !self.job(OURS).is_null());
        std::fs::write(folder.join("over"), "").unwrap();
        finish(running).expect(0);
    }

    fn set(&self, id: &str, state: &str, latest: &Value) {
        self.flink.with(|flink| {
            flink.listed.insert(id.to_owned(), state.to_owned());
            flink.latest.insert(id.to_owned(), latest.clone());
        });
    }

    fn job(&self, id: &str) -> Value {
        let all = self.place.server.with(|docker| docker.plain());
        let files = all.values().filter_map(|one| one["files"].as_object());
        let mut ledgers = files.flat_map(|files| files.values());
        ledgers.find_map(|one| one["jobs"].get(id).cloned()).unwrap_or_default()
    }
}

#[test]
fn what_flinks_own_client_submits() {
    let world = World::new();
    world.submit();
    let job = world.job(OURS);
    let text = job.to_string();
    assert!(!text.contains(SECRET), "{text}");
    assert_eq!(job["origin"], "flink", "{job:#}");
    assert_eq!(
        (&job["id"], &job["entryClass"], &job["parallelism"]),
        (&json!(OURS), &json!("M"), &json!(2))
    );
    assert!(job["jar"].as_str().unwrap().ends_with("/job.jar"), "{job:#}");
    assert_eq!(job["jarDigest"].as_str().unwrap().len(), 64);
    assert_eq!(job["args"][1], "i");
    assert_eq!(job["ended"], Value::Null);
    // The control: what was there before is somebody else's.
    assert_eq!(world.job(OTHERS), Value::Null);
}

#[test]
fn the_end_of_a_job_is_noted_by_whoever_looks() {
    #[track_caller]
    fn check(args: &[&str], state: &str, ended: &Value) {
        let world = World::new();
        world.submit();
        let checkpoint = json!({"id": 3, "external_path": "file:/chk-3", "discarded": false});
        world.set(OURS, state, &json!({"completed": checkpoint, "savepoint": null}));
        world.set(OTHERS, state, &Value::Null);
        world.place.run(args).expect(0);
        let job = world.job(OURS);
        assert_eq!(job["ended"], *ended, "{job:#}");
        let path = if ended.is_null() { Value::Null } else { json!("file:/chk-3") };
        assert_eq!((&job["checkpoint"]["path"], &job["lastSavepoint"]), (&path, &path));
        assert_eq!(world.job(OTHERS), Value::Null);
    }
    let cases = [
        (&["jobs", "--all"][..], "FAILED", json!("FAILED")),
        (&["status", "a"], "CANCELED", json!("CANCELED")),
        (&["up", "a"], "FAILED", json!("FAILED")),
        (&["down", "a", "--yes"], "FAILED", json!("FAILED")),
        // The control: it runs, or another JobManager will continue it.
        (&["jobs", "--all"], "RUNNING", Value::Null),
        (&["jobs", "--all"], "SUSPENDED", Value::Null),
    ];
    side_by_side(cases, |(args, state, ended)| check(args, state, &ended));
}

#[test]
fn what_a_job_has_left_is_looked_for_where_it_is() {
    #[track_caller]
    fn check(there: &[u64], discarded: bool, expected: Option<u64>) {
        let world = World::new();
        world.submit();
        let path = |number: u64| format!("checkpoints/{OURS}/chk-{number}");
        let at = |number| format!("file:/opt/flink/data/{}", path(number));
        for number in there {
            let file = format!("{}/_metadata", path(*number));
            world.place.server.with(|docker| docker.put_file("nutkin-a-data", &file, "x"));
        }
        // What a JobManager says for some seconds after the end, when the next checkpoint has replaced this one.
        let checkpoint = json!({"id": 9, "external_path": at(9), "discarded": discarded});
        world.set(OURS, "FAILED", &json!({"completed": checkpoint, "savepoint": null}));
        world.place.run(&["jobs", "--all"]).expect(0);
        assert_eq!(world.job(OURS)["lastSavepoint"], json!(expected.map(at)));
    }
    check(&[10], false, Some(10));
    check(&[10], true, Some(10));
    // The controls.
    check(&[9], false, Some(9));
    check(&[], false, Some(9));
    check(&[], true, None);
}

#[test]
fn a_job_that_the_session_has_forgotten_does_not_count_as_one_that_runs() {
    let world = World::new();
    world.submit();
    world.place.run(&["status", "a"]).expect(0);
    assert_eq!(world.job(OURS)["ended"], Value::Null, "the control");
    // The JobManager was started anew, and nothing has recovered its jobs.
    world.flink.with(|flink| flink.listed.clear());
    world.place.run(&["status", "a"]).expect(0);
    assert_eq!(world.job(OURS)["ended"], "UNKNOWN");
}

#[test]
fn a_savepoint_is_in_the_record_of_its_job() {
    #[track_caller]
    fn check(args: &[&str], ended: &Value, savepoint: &Value) {
        let world = World::new();
        world.submit();
        world.place.run(args).expect(0).prints(SAVEPOINT);
        let job = world.job(OURS);
        assert_eq!(job["ended"], *ended, "{job:#}");
        assert_eq!((&job["lastSavepoint"], &job["savepoint"]["path"]), (savepoint, savepoint));
        assert_eq!(job["request"], Value::Null);
        let is_there = !savepoint.is_null();
        assert_eq!(job["savepoint"]["time"].is_string(), is_there, "{job:#}");
        assert_eq!(job["savepoint"]["job"] == OURS, is_there);
    }
    let there = || json!(SAVEPOINT);
    let cases = [
        (&["savepoint", OURS][..], Value::Null, there()),
        (&["stop", OURS], json!("FINISHED"), there()),
        (&["flink", "savepoint", OURS], Value::Null, there()),
        (&["flink", "stop", OURS], json!("FINISHED"), there()),
        (&["flink", "cancel", "-s", "file:/x", OURS], json!("CANCELED"), there()),
        // The job cannot go on from this one.
        (&["stop", OURS, "--drain"], json!("FINISHED"), Value::Null),
        // The control: of a job that nobody noted.
        (&["savepoint", OTHERS], Value::Null, Value::Null),
    ];
    side_by_side(cases, |(args, ended, savepoint)| check(args, &ended, &savepoint));
}

#[test]
fn a_session_whose_jobs_can_go_on_says_how() {
    let world = World::new();
    world.submit();
    world.place.run(&["stop", OURS]).expect(0);
    let down = world.place.run(&["down", "a", "--yes", "--force"]);
    down.expect(0).says("kept the ledger of session `a`");
    down.says(&format!("job `{OURS}` can go on from {SAVEPOINT}: `nutkin run --from-savepoint"));
    down.says("-c M -p 2 ").says("job.jar ARGS`");
    down.says("`nutkin up a` starts it again with the same options");
    world.place.run(&["ls"]).expect(0).prints("ended");
    world.place.run(&["up", "a"]).expect(0);
    let down = world.place.run(&["down", "a", "--yes", "--force", "--delete-data"]);
    down.expect(0);
    assert!(!down.stderr.contains("can go on"), "{}", down.all());
    world.place.run(&["ls"]).expect(0).says("there is no session");
}

#[test]
fn a_job_that_is_gone_goes_on_from_the_checkpoint_on_its_volume() {
    let world = World::new();
    world.submit();
    world.place.run(&["savepoint", OURS]).expect(0);
    let on = |directory: &'static str| {
        world.flink.with(|flink| {
            flink.listed.clear();
            flink.options = vec![("state.checkpoints.dir", directory)];
        });
    };
    let says = |text: &str| {
        world.place.run(&["jobs"]).expect(0).says(text);
    };
    // Elsewhere nobody here can look.
    on("s3://bucket/checkpoints");
    says(&format!("it can go on from {SAVEPOINT}, but look first for newer checkpoints below"));
    says(&format!("s3://bucket/checkpoints/{OURS}"));
    // What one container lacks there another one may have.
    on("file:///tmp/checkpoints");
    says(&format!("it can go on from {SAVEPOINT}, but look first for newer checkpoints below"));
    on("file:///opt/flink/data/checkpoints");
    // The control: nothing is there yet but the savepoint.
    says(&format!("it can go on from {SAVEPOINT}: `nutkin run --from-savepoint"));
    let put = |path: &str, text: &str| {
        let path = format!("checkpoints/{OURS}/{path}/_metadata");
        world.place.server.with(|docker| docker.put_file("nutkin-a-data", &path, text));
    };
    put("chk-9", "x");
    put("chk-10", "x");
    // It is not complete.
    put("chk-11", "");
    let newest = format!("file:/opt/flink/data/checkpoints/{OURS}/chk-10");
    let goes_on = format!("it can go on from {newest}: `nutkin run --from-savepoint {newest}");
    let looks = || {
        let all = world.place.server.seen();
        all.iter().filter(|one| one.request.line().contains("/exec")).count()
    };
    let before = looks();
    says(&goes_on);
    assert!(before < looks(), "a program of the JobManager lists them");
}

#[test]
fn a_job_that_has_ended_names_what_it_has_left() {
    #[track_caller]
    fn check(state: &str, latest: &Value, says: &str) {
        let world = World::new();
        world.submit();
        world.set(OURS, state, latest);
        world.place.run(&["stop", OURS]).expect(1).says(&format!("is {state}{says}"));
    }
    let one = |id: u64, path: &str| json!({"id": id, "external_path": path, "discarded": false});
    let (savepoint, newer) = (one(4, SAVEPOINT), one(900, "file:/aa/chk-900"));
    let named = format!("; it has left {SAVEPOINT}");
    let (retained, nothing) = ("; it has left file:/aa/chk-900", ": it has no state any more");
    let cases = [
        // Another command has stopped it.
        ("FINISHED", json!({"completed": null, "savepoint": savepoint}), &*named),
        ("CANCELED", json!({"completed": newer, "savepoint": null}), retained),
        ("FAILED", json!({"completed": newer, "savepoint": savepoint}), retained),
        // It came to its end by itself long after its savepoint.
        ("FINISHED", json!({"completed": newer, "savepoint": savepoint}), nothing),
        // The controls.
        ("FINISHED", Value::Null, nothing),
        ("CANCELED", Value::Null, nothing),
    ];
    side_by_side(cases, |(state, latest, says)| check(state, &latest, says));
}

#[test]
fn what_a_job_has_left_is_not_known_where_nobody_says_it() {
    let world = World::new();
    world.submit();
    world.set(OURS, "CANCELED", &Value::Null);
    world.flink.set(always("checkpoints/config", trouble(500)).rule());
    world.place.run(&["stop", OURS]).expect(1).says("is CANCELED; what it has left is not known");
}

#[test]
fn a_job_that_is_counted_as_gone_is_named() {
    let world = World::new();
    world.submit();
    world.flink.with(|flink| flink.listed.clear());
    let status = world.place.run(&["status", "a"]);
    status.expect(0).prints("1 with a JobManager that was started again: `nutkin jobs a` names");
    for _ in 0..2 {
        let gone = format!("job `{OURS}` is gone: its JobManager was started again");
        world.place.run(&["jobs"]).expect(0).says(&gone).says("how it ended is not known");
    }
}

#[test]
fn what_slots_a_job_of_flinks_own_client_waits_for_is_said() {
    let check = |running: u32, is_said: bool| {
        let world = World::new();
        let (client, folder) = world.client();
        let tasks = json!({"total": 9, "scheduled": 9 - running, "running": running});
        let tasks: Value = match running {
            0 => json!({"total": 9, "scheduled": 9}),
            _ => tasks,
        };
        let row = json!({"jid": OURS, "name": "job", "state": "RUNNING", "tasks": tasks});
        let list = Answer::json(200, &json!({"jobs": [row]}));
        let plan =
            json!({"jid": OURS, "state": "RUNNING", "plan": {"nodes": [{"parallelism": 9}]}});
        let job = Answer::json(200, &plan);
        let asked = Arc::new(AtomicUsize::new(0));
        let looks = asked.clone();
        world.flink.set(move |request| match request.path.as_str() {
            "/jobs/overview" => {
                looks.fetch_add(1, Ordering::Relaxed);
                Fault::Answer(list.clone())
            }
            path if path.trim_end_matches('/') == format!("/jobs/{OURS}") => {
                Fault::Answer(job.clone())
            }
            _ => Fault::None,
        });
        // The looks at 0.5, 1.5, 3.5 and 7.5 s, and the question after the last one.
        eventually("it is looked at for long", LIMIT, || 4 < asked.load(Ordering::Relaxed));
        std::fs::write(folder.join("over"), "").unwrap();
        let said = finish(client);
        let text = "the job waits for slots: the job needs 9 slots; 8 of 8 are free, 1 is missing";
        assert_eq!(said.stderr.contains(text), is_said, "{}", said.all());
    };
    // And the control: it runs.
    side_by_side([(0, true), (9, false)], |(running, is_said)| check(running, is_said));
}

#[test]
fn jobs_that_are_gone_with_a_job_manager_are_told() {
    let world = World::new();
    world.submit();
    let gone = format!("job `{OURS}` is gone: its JobManager was started again");
    let jobs = || world.place.run(&["jobs"]);
    assert!(!jobs().expect(0).stderr.contains("is gone"), "the control");
    world.place.run(&["savepoint", OURS]).expect(0);
    world.flink.with(|flink| flink.listed.clear());
    let go_on = format!("it can go on from {SAVEPOINT}: `nutkin run --from-savepoint");
    jobs().expect(0).says(&gone).says(&go_on);
    world.place.run(&["status", "a"]).expect(0).prints("jobs gone");
    jobs().expect(0).says(&gone);
    // It is there again.
    world.set(OURS, "RUNNING", &Value::Null);
    assert!(!jobs().expect(0).stderr.contains("is gone"));
}
