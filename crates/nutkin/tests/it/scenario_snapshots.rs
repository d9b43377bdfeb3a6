//! Snapshots that a session file or the clock asks for, on a scenario server: taken once whatever is cut, and gone when nobody
//! needs them any more.

use std::fs::File;
use std::io::Write as _;
use std::time::Duration;

use nutkin_testkit::scenario::{Answer, Docker, Fault, Flink, Request, Server};
use nutkin_testkit::{eventually, side_by_side};
use serde_json::{Value, json};

use crate::scenario::{Place, trouble};

/// Far more than anything here takes.
const LIMIT: Duration = Duration::from_secs(30);

/// Looks cost a request more or less, as time goes: this long the last ones are waited for.
const NEVER: Duration = Duration::from_secs(2);

const UP: &[&str] = &["up", "-f", "session.yaml", "--on", "docker", "--yes"];

const SAVEPOINT: &str = "jobReference: {kind: FlinkSessionJob, name: count}, savepoint: {}";

/// A daemon with a session of a file, and its JobManager.
struct World {
    place: Place<Docker>,
    flink: Server<Flink>,
}

impl World {
    fn new(docker: &Docker, flink: &Flink) -> Self {
        let flink = Server::start(flink.clone());
        let mut docker = docker.clone();
        docker.rest_port = flink.port();
        let world = Self { place: Place::docker_with(docker), flink };
        let jar = world.place.file("count.jar", "");
        let mut zip = zip::ZipWriter::new(File::create(jar).unwrap());
        zip.start_file("a/B.class", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(b"class").unwrap();
        zip.finish().unwrap();
        world
    }

    /// An `up` that is killed while the JobManager is asked to delete a savepoint.
    #[track_caller]
    fn up_that_is_cut_while_it_deletes(&self) {
        self.flink.set(|request| {
            if request.path == "/savepoint-disposal" { Fault::Hang } else { Fault::None }
        });
        let up = self.place.start(UP);
        assert!(self.flink.hangs_within(LIMIT), "it is deleted");
        drop(up);
        self.flink.set(|_| Fault::None);
    }

    fn fresh() -> Self {
        let docker = Docker::default().with_image("flink:1.20.5");
        Self::new(&docker, &Flink { slots: 4, ..Flink::default() })
    }

    /// The session file, with options and snapshots.
    fn file(&self, options: &str, job: &str, snapshots: &[(&str, &str)]) {
        let version = "apiVersion: flink.apache.org/v1beta1";
        let mut text = format!(
            "{version}\nkind: FlinkDeployment\nmetadata: {{name: a}}\n\
             spec: {{flinkVersion: v1_20, flinkConfiguration: {{{options}}}}}\n---\n\
             {version}\nkind: FlinkSessionJob\nmetadata: {{name: count}}\n\
             spec: {{deploymentName: a, job: {{jarURI: count.jar, entryClass: a.B, {job}}}}}\n"
        );
        for (name, spec) in snapshots {
            text += &format!(
                "---\n{version}\nkind: FlinkStateSnapshot\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"
            );
        }
        self.place.file("session.yaml", &text);
    }

    fn state(&self) -> (Docker, Flink) {
        (self.place.server.with(|docker| docker.clone()), self.flink.with(|flink| flink.clone()))
    }

    fn savepoints(&self) -> u32 {
        self.flink.with(|flink| flink.work.savepoints)
    }

    fn disposed(&self) -> Vec<String> {
        self.flink.with(|flink| flink.work.disposed.clone())
    }

    /// What the ledger has of snapshots, without times.
    fn snapshots(&self) -> Value {
        let files = self.place.server.with(|docker| docker.plain());
        let files = files.values().filter_map(|one| one["files"].as_object());
        let mut files = files.flat_map(|files| files.values());
        let ledger = files.find(|file| file["jobs"].is_object()).expect("a ledger");
        ledger["snapshots"].clone()
    }
}

fn is_look(request: &Request) -> bool {
    request.method == "GET" || request.method == "HEAD"
}

/// Nothing is answered after the k-th request that changed something.
fn cut_after(cut: usize) -> impl FnMut(&Request) -> Fault + Send + 'static {
    let mut changes = 0;
    move |request| {
        changes += usize::from(!is_look(request));
        if changes == cut && !is_look(request) { Fault::Hang } else { Fault::None }
    }
}

/// A session whose job runs, with the state of both servers.
fn running() -> (Docker, Flink) {
    let world = World::fresh();
    world.file("", "parallelism: 1", &[]);
    world.place.run(UP).expect(0).says("job `count` is submitted as");
    world.state()
}

#[test]
fn a_snapshot_of_a_file_is_taken_once_whatever_is_cut() {
    let (docker, flink) = running();
    let whole = World::new(&docker, &flink);
    let asks = |world: &World| world.file("", "parallelism: 1", &[("before", SAVEPOINT)]);
    asks(&whole);
    let plan = ["plan", "-f", "session.yaml", "--on", "docker"];
    whole.place.run(&plan).expect(0).prints("  + savepoint `before` of job `count`: taken");
    whole.place.server.set(|_| Fault::None);
    whole.flink.set(|_| Fault::None);
    whole
        .place
        .run(UP)
        .expect(0)
        .says("savepoint `before` of job `count` is file:/savepoints/savepoint-1");
    let count = |seen: &[nutkin_testkit::scenario::Seen]| {
        seen.iter().filter(|seen| !is_look(&seen.request)).count()
    };
    let counts = [count(&whole.flink.seen()), count(&whole.place.server.seen())];
    let expected = whole.snapshots();
    assert_eq!(expected["before"]["state"], "COMPLETED");
    whole.place.run(UP).expect(0);
    let again = (whole.savepoints(), whole.snapshots());
    assert_eq!(again, (1, expected.clone()), "the same file again does nothing");
    let shown = whole.place.run(&["job", "count", "--session", "a", "-o", "json"]).expect(0).json();
    assert_eq!(shown["ledger"]["snapshots"][0]["path"], "file:/savepoints/savepoint-1");
    // The control: another name.
    whole.file("", "parallelism: 1", &[("before", SAVEPOINT), ("other", SAVEPOINT)]);
    whole.place.run(UP).expect(0);
    assert_eq!(whole.savepoints(), 2);
    let cuts = counts.into_iter().enumerate();
    let cuts = cuts.flat_map(|(side, count)| (1..=count).map(move |cut| (side, cut)));
    let cuts = cuts.map(|cut| (cut, docker.clone(), flink.clone()));
    side_by_side(cuts, |((side, cut), docker, flink)| {
        let world = World::new(&docker, &flink);
        asks(&world);
        if side == 0 {
            world.flink.set(cut_after(cut));
        } else {
            world.place.server.set(cut_after(cut));
        }
        let running = world.place.start(UP);
        if side == 0 {
            world.flink.hangs_within(NEVER);
        } else {
            world.place.server.hangs_within(NEVER);
        }
        drop(running);
        world.flink.set(|_| Fault::None);
        world.place.server.set(|_| Fault::None);
        let again = world.place.run(UP);
        let found = (again.code, world.savepoints(), world.snapshots());
        assert_eq!(found, (Some(0), 1, expected.clone()), "cut {cut} at {side}\n{}", again.all());
    });
}

#[test]
fn a_snapshot_that_is_taken_out_goes_when_nothing_refers_to_it() {
    let (docker, flink) = running();
    let world = World::new(&docker, &flink);
    let one = ("one", SAVEPOINT);
    let two = ("two", SAVEPOINT);
    world.file("", "parallelism: 1", &[one]);
    world.place.run(UP).expect(0);
    // The job would continue from it.
    world.file("", "parallelism: 1", &[]);
    world.place.run(UP).expect(0).says("snapshot `one` stays for now: job `count` of session `a`");
    assert_eq!(world.disposed(), [""; 0]);
    // Nobody agrees.
    world.file("", "parallelism: 1", &[two]);
    let unasked = &UP[..UP.len() - 1];
    world.place.run(unasked).expect(0).says("snapshot `one` is in no document any more");
    assert_eq!(world.disposed(), [""; 0]);
    world.place.run(UP).expect(0).says("snapshot `one` is deleted: file:/savepoints/savepoint-1");
    assert_eq!(world.disposed(), ["file:/savepoints/savepoint-1"]);
    assert_eq!(world.snapshots().as_object().map(serde_json::Map::len), Some(1));
    // Without a file nobody says that it is not wanted.
    world.place.run(&["up", "a", "--yes"]).expect(0);
    assert_eq!(world.disposed().len(), 1);
}

#[test]
fn one_that_cannot_be_deleted_does_not_keep_the_others() {
    let (docker, flink) = running();
    let world = World::new(&docker, &flink);
    let three = [("one", SAVEPOINT), ("two", SAVEPOINT), ("last", SAVEPOINT)];
    world.file("", "parallelism: 1", &three);
    world.place.run(UP).expect(0);
    world.file("", "parallelism: 1", &three[2..]);
    world.flink.set(|request| {
        let is_first = String::from_utf8_lossy(&request.body).contains("savepoint-1");
        if request.path == "/savepoint-disposal" && is_first { trouble(500) } else { Fault::None }
    });
    world.place.run(UP).expect(0).says("snapshot `one` is not deleted");
    assert_eq!(world.disposed(), ["file:/savepoints/savepoint-2"]);
    // The next one tries again.
    world.flink.set(|_| Fault::None);
    world.place.run(UP).expect(0);
    assert_eq!(world.disposed(), ["file:/savepoints/savepoint-2", "file:/savepoints/savepoint-1"]);
}

#[test]
fn a_deletion_that_is_cut_off_leaves_nothing_that_counts_as_taken() {
    let (docker, flink) = running();
    let world = World::new(&docker, &flink);
    let both = [("one", SAVEPOINT), ("two", SAVEPOINT)];
    world.file("", "parallelism: 1", &both);
    world.place.run(UP).expect(0);
    world.file("", "parallelism: 1", &both[1..]);
    world.up_that_is_cut_while_it_deletes();
    // Its document comes back: the one whose files may be gone is not it.
    world.file("", "parallelism: 1", &both);
    world
        .place
        .run(UP)
        .expect(0)
        .says("savepoint `one` of job `count` is file:/savepoints/savepoint-3");
    let snapshots = world.snapshots();
    assert_eq!(snapshots["one"]["path"], "file:/savepoints/savepoint-3");
    assert_eq!(
        snapshots.as_object().map(serde_json::Map::len),
        Some(2),
        "the first one is seen through: {snapshots}"
    );
}

/// Answers looks at the checkpoints of jobs, from the k-th one on.
fn checkpoints_from(look: usize, answer: Value) -> impl FnMut(&Request) -> Fault + Send + 'static {
    let mut looks = 0;
    move |request| {
        let is_it = request.method == "GET" && request.path.ends_with("/checkpoints");
        looks += usize::from(is_it);
        if is_it && look <= looks { Fault::Answer(Answer::json(200, &answer)) } else { Fault::None }
    }
}

#[test]
fn a_savepoint_that_somebody_takes_by_hand_is_not_ours() {
    let (docker, flink) = running();
    let world = World::new(&docker, &flink);
    world.file("", "parallelism: 1", &[("before", SAVEPOINT)]);
    // The JobManager has forgotten what it was asked for, and has a newer savepoint.
    let history = json!([{
        "id": 9, "is_savepoint": true, "status": "COMPLETED", "trigger_timestamp": 4_102_444_800_000_i64,
        "external_path": "file:/savepoints/savepoint-by-hand",
    }]);
    world.flink.set(move |request| {
        let is_look = request.method == "GET";
        if is_look && request.path.contains("/savepoints/") {
            let said = json!({"errors": ["Operation not found under key"]});
            return Fault::Answer(Answer::json(404, &said));
        }
        if is_look && request.path.ends_with("/checkpoints") {
            let said = json!({"latest": {}, "history": history});
            return Fault::Answer(Answer::json(200, &said));
        }
        Fault::None
    });
    world.place.run(UP).expect(1).says("has forgotten what it was asked for");
    let snapshots = world.snapshots();
    assert!(!snapshots.to_string().contains("by-hand"), "{snapshots}");
    // The control: another one is taken, and known.
    world.flink.set(|_| Fault::None);
    world.file("", "parallelism: 1", &[("before", SAVEPOINT), ("other", SAVEPOINT)]);
    world.place.run(UP);
    assert_eq!(world.snapshots()["other"]["state"], "COMPLETED");
}

#[test]
fn what_begins_to_refer_to_a_savepoint_after_the_first_look_keeps_it() {
    let (docker, flink) = running();
    let world = World::new(&docker, &flink);
    world.file("", "parallelism: 1", &[("one", SAVEPOINT), ("two", SAVEPOINT)]);
    world.place.run(UP).expect(0);
    world.file("", "parallelism: 1", &[("two", SAVEPOINT)]);
    let restored = json!({"external_path": "file:///savepoints/savepoint-1/_metadata"});
    world.flink.set(checkpoints_from(2, json!({"latest": {"restored": restored}})));
    world.place.run(UP).expect(0).says("snapshot `one` stays for now: a job that runs");
    assert_eq!(world.disposed(), [""; 0]);
    let one = &world.snapshots()["one"];
    assert_eq!([&one["disposing"], &one["dropped"]], [&Value::Null; 2], "the mark is taken back");
    // The control: nothing refers to it any more.
    world.flink.set(|_| Fault::None);
    world.place.run(UP).expect(0).says("snapshot `one` is deleted");
    assert_eq!(world.disposed().len(), 1);
}

#[test]
fn no_job_starts_from_a_savepoint_that_is_being_deleted() {
    let (docker, flink) = running();
    let world = World::new(&docker, &flink);
    world.file("", "parallelism: 1", &[("one", SAVEPOINT), ("two", SAVEPOINT)]);
    world.place.run(UP).expect(0);
    world.file("", "parallelism: 1", &[("two", SAVEPOINT)]);
    world.up_that_is_cut_while_it_deletes();
    let jobs = || world.flink.with(|flink| flink.work.jobs.len());
    let before = jobs();
    let run = |path: &str| {
        world.place.run(&["run", "-d", "--from-savepoint", path, "-c", "a.B", "count.jar"])
    };
    run("file:/savepoints/savepoint-1/").expect(1).says("is being deleted (snapshot `one`)");
    assert_eq!(jobs(), before);
    // The control: another one.
    run("file:/savepoints/savepoint-2").expect(0);
    assert_eq!(jobs(), before + 1);
    // What was refused does not refer to it.
    world.place.run(UP).expect(0).says("snapshot `one` is deleted");
}

#[test]
fn what_the_jobmanager_does_not_find_is_not_called_deleted() {
    let (docker, flink) = running();
    let world = World::new(&docker, &flink);
    world.file("", "parallelism: 1", &[("one", SAVEPOINT), ("two", SAVEPOINT)]);
    world.place.run(UP).expect(0);
    world.file("", "parallelism: 1", &[("two", SAVEPOINT)]);
    world.flink.set(|request| {
        if !request.path.starts_with("/savepoint-disposal/") {
            return Fault::None;
        }
        let said =
            "java.io.FileNotFoundException: Cannot find checkpoint or savepoint file/directory";
        let cause = json!({"class": "java.lang.Exception", "stack-trace": said});
        let operation = json!({"failure-cause": cause});
        let done = json!({"status": {"id": "COMPLETED"}, "operation": operation});
        Fault::Answer(Answer::json(200, &done))
    });
    world.place.run(UP).expect(0).says(
        "snapshot `one` is forgotten: the JobManager does not find file:/savepoints/savepoint-1",
    );
    assert!(world.snapshots()["one"].is_null());
}

#[test]
fn while_a_job_runs_that_nobody_knows_nothing_is_deleted() {
    let (docker, flink) = running();
    let world = World::new(&docker, &flink);
    world.file("", "parallelism: 1", &[("one", SAVEPOINT)]);
    world.place.run(UP).expect(0);
    world.file("", "parallelism: 1", &[("two", SAVEPOINT)]);
    world.flink.with(|flink| flink.work.submit("ab".repeat(16)));
    world.place.run(UP).expect(0).says("no snapshot is deleted: job abab");
    assert_eq!(world.disposed(), [""; 0]);
    // Nor does anybody know what it was started from once it is adopted.
    world.place.run(&["adopt-job", "abab", "--jar", "count.jar", "-c", "a.B"]).expect(0);
    world.place.run(UP).expect(0).says("no snapshot is deleted: job abab");
    assert_eq!(world.disposed(), [""; 0]);
    // The control.
    world.flink.with(|flink| flink.work.jobs.remove(&"ab".repeat(16)));
    world.place.run(UP).expect(0);
    assert_eq!(world.disposed().len(), 1);
}

#[test]
fn what_becomes_of_a_snapshot_is_told() {
    let (docker, flink) = running();
    let world = World::new(&docker, &flink);
    let there = "savepoint: {path: 'file:/sp/savepoint-x', alreadyExists: true}";
    let checkpoint = "jobReference: {name: count}, checkpoint: {}";
    world.file("", "parallelism: 1", &[("there", there), ("now", checkpoint)]);
    world
        .place
        .run(UP)
        .expect(0)
        .says("savepoint `there` is file:/sp/savepoint-x")
        .says("checkpoint `now` of job `count` is file:/checkpoints/");
    assert_eq!(world.savepoints(), 0);
    // What was there before is nobody's to delete.
    world.file("", "parallelism: 1", &[]);
    world
        .place
        .run(UP)
        .expect(0)
        .says("snapshot `there` is forgotten; file:/sp/savepoint-x stays where it is");
    assert_eq!(world.disposed(), [""; 0]);
    world.file(
        "",
        "parallelism: 1, state: suspended, upgradeMode: savepoint",
        &[("late", SAVEPOINT)],
    );
    world
        .place
        .run(UP)
        .expect(1)
        .says("savepoint `late` is not taken: its job `count` does not run");
    world.place.run(UP).expect(0);
}

#[test]
fn a_watch_takes_savepoints_by_the_clock_and_keeps_the_last_two() {
    let world = World::fresh();
    let options = "nutkin.snapshots.savepoint-interval: 1 s, nutkin.snapshots.max-count: 2";
    world.file(options, "parallelism: 1", &[]);
    world.place.run(UP).expect(0).says("while `nutkin watch a` runs");
    let watch = world.place.start(&["watch", "a", "--interval", "1"]);
    eventually("old savepoints are deleted", LIMIT, || 2 <= world.disposed().len());
    drop(watch);
    let (taken, disposed) = (world.savepoints() as usize, world.disposed());
    let oldest: Vec<String> =
        (1..=disposed.len()).map(|index| format!("file:/savepoints/savepoint-{index}")).collect();
    assert_eq!(disposed, oldest, "the oldest go first");
    assert!(disposed.len() + 2 <= taken, "the last two stay: {taken} were taken");
}

#[test]
fn a_schedule_that_is_none_is_refused_before_anything_starts() {
    let world = World::fresh();
    world.file("nutkin.snapshots.savepoint-interval: soon", "parallelism: 1", &[]);
    world
        .place
        .run(UP)
        .expect(2)
        .says("`soon` is neither a duration (`60s`, `6 h`) nor a cron expression of Quartz");
    assert_eq!(world.place.server.with(|docker| docker.titles()), Vec::<String>::new());
}
