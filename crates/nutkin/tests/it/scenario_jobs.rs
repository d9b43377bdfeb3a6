//! Jobs of a session file on a scenario server: a changed file, and the same command again after a kill at every change.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::time::Duration;

use nutkin_testkit::scenario::flink::Submitted;
use nutkin_testkit::scenario::{Docker, Fault, Flink, Request, Seen, Server};
use nutkin_testkit::side_by_side;
use serde_json::Value;

use crate::scenario::{Place, times, trouble};

/// Looks cost a request more or less, as time goes: this long the last ones are waited for.
const NEVER: Duration = Duration::from_secs(2);

const RUN: &[&str] = &["run", "-f", "session.yaml"];

/// A daemon, and the JobManager behind the port that its containers publish.
struct World {
    place: Place<Docker>,
    flink: Server<Flink>,
}

impl World {
    fn new(docker: &Docker, flink: &Flink, job: &str) -> Self {
        let flink = Server::start(flink.clone());
        let mut docker = docker.clone();
        docker.rest_port = flink.port();
        let place = Place::docker_with(docker);
        let text = format!(
            "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: a}}\n\
             spec: {{flinkVersion: v1_20}}\n---\n\
             apiVersion: flink.apache.org/v1beta1\nkind: FlinkSessionJob\nmetadata: {{name: count}}\n\
             spec: {{deploymentName: a, job: {{jarURI: count.jar, entryClass: a.B, {job}}}}}\n"
        );
        place.file("session.yaml", &text);
        let jar = place.file("count.jar", "");
        let mut zip = zip::ZipWriter::new(File::create(jar).unwrap());
        zip.start_file("a/B.class", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(b"class").unwrap();
        zip.finish().unwrap();
        Self { place, flink }
    }

    fn state(&self) -> (Docker, Flink) {
        (self.place.server.with(|docker| docker.clone()), self.flink.with(|flink| flink.clone()))
    }

    /// What counts: what runs, from where, how many savepoints that took, and what the ledger says of it.
    fn outcome(&self) -> (BTreeMap<String, Submitted>, u32, Value) {
        let (docker, flink) = self.state();
        let ledger = docker.plain().into_values().find_map(|one| {
            let mut job = one["files"].as_object()?.values().find(|one| one["jobs"].is_object())?
                ["jobs"]["count"]
                .clone();
            // Times of this run.
            job["submitted"].take();
            job["savepoint"]["time"].take();
            Some(job)
        });
        let work = flink.work;
        (work.jobs, work.savepoints, ledger.expect("a ledger of the job"))
    }
}

/// A session with a job as it was, and then another one is wanted.
fn changed(before: &str) -> (Docker, Flink) {
    let docker = Docker::default().with_image("flink:1.20.5");
    let flink = Flink { slots: 4, ..Flink::default() };
    let world = World::new(&docker, &flink, before);
    world.place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
    world.place.run(RUN).expect(0).says("job `count` is submitted as");
    world.state()
}

fn is_look(request: &Request) -> bool {
    request.method == "GET" || request.method == "HEAD"
}

/// How many requests changed something.
fn changes(seen: &[Seen]) -> usize {
    seen.iter().filter(|seen| !is_look(&seen.request)).count()
}

/// Nothing is answered after the k-th request that changed something. A kill after a look leaves what the change before
/// it left.
fn cut_after(cut: usize) -> impl FnMut(&Request) -> Fault + Send + 'static {
    let mut changes = 0;
    move |request| {
        changes += usize::from(!is_look(request));
        if changes == cut && !is_look(request) { Fault::Hang } else { Fault::None }
    }
}

/// Kills the command after its k-th change at each server, for every k that it has, and runs it again.
#[track_caller]
fn check(before: &str, after: &str, says: &[&str], savepoints: u32) {
    let (docker, flink) = changed(before);
    let whole = World::new(&docker, &flink, after);
    whole.place.server.set(|_| Fault::None);
    whole.flink.set(|_| Fault::None);
    let run = whole.place.run(RUN);
    run.expect(0);
    for text in says {
        run.says(text);
    }
    let counts = [changes(&whole.flink.seen()), changes(&whole.place.server.seen())];
    let expected = whole.outcome();
    assert_eq!(expected.1, savepoints);
    let again = whole.place.run(RUN);
    again.expect(0);
    assert!(
        ["unchanged", "suspended"]
            .iter()
            .any(|one| again.stderr.contains(&format!("job `count` is {one}")))
    );
    assert_eq!(whole.outcome(), expected, "deciding again decides nothing");
    let cuts = counts.into_iter().enumerate();
    let cuts = cuts.flat_map(|(side, count)| (1..=count).map(move |cut| (side, cut, count)));
    let cuts = cuts.map(|cut| (cut, docker.clone(), flink.clone()));
    side_by_side(cuts, |((side, cut, count), docker, flink)| {
        let world = World::new(&docker, &flink, after);
        let (flink, place) = (&world.flink, &world.place);
        if side == 0 {
            flink.set(cut_after(cut));
        } else {
            place.server.set(cut_after(cut));
        }
        let running = place.start(RUN);
        let hangs =
            if side == 0 { flink.hangs_within(NEVER) } else { place.server.hangs_within(NEVER) };
        drop(running);
        flink.set(|_| Fault::None);
        place.server.set(|_| Fault::None);
        let again = place.run(RUN);
        let whom = ["the JobManager", "the daemon"][side];
        assert!(
            again.code == Some(0) && world.outcome() == expected,
            "cut after request {cut} of {count} to {whom} (came: {hangs}): found, expected:\n{:#?}\n{expected:#?}\n{}",
            world.outcome(),
            again.all()
        );
    });
}

#[test]
fn another_job_after_a_stop_with_a_savepoint() {
    check(
        "upgradeMode: savepoint, args: [x]",
        "upgradeMode: savepoint, args: [y]",
        &[
            "job `count` is stopped; its savepoint is file:/savepoints/savepoint-1",
            "from file:/savepoints/savepoint-1",
        ],
        1,
    );
}

#[test]
fn another_job_after_a_cancelation_at_its_last_checkpoint() {
    check(
        "upgradeMode: last-state, args: [x]",
        "upgradeMode: last-state, args: [y]",
        &[
            "job `count` has ended; its last state is file:/checkpoints/",
            "job `count` is submitted",
        ],
        0,
    );
}

#[test]
fn a_savepoint_of_a_job_that_goes_on() {
    check(
        "upgradeMode: savepoint",
        "upgradeMode: savepoint, savepointTriggerNonce: 1",
        &["job `count`: savepoint file:/savepoints/savepoint-1"],
        1,
    );
}

#[test]
fn a_job_that_is_suspended() {
    check(
        "upgradeMode: savepoint",
        "upgradeMode: savepoint, state: suspended",
        &["job `count` is stopped; its savepoint is file:/savepoints/savepoint-1"],
        1,
    );
}

/// A job that no file names is stopped; the command is killed after each of its changes, and then given again.
#[test]
fn a_stop_that_is_killed_takes_no_second_savepoint() {
    const ID: &str = "0123456789abcdef0123456789abcdef";
    const STOP: &[&str] = &["stop", ID, "--session", "a"];
    let (docker, flink) = {
        let docker = Docker::default().with_image("flink:1.20.5");
        let world = World::new(&docker, &Flink { slots: 4, ..Flink::default() }, "args: []");
        world.place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
        let run = ["run", "-d", "--session", "a", "--job-id", ID, "-c", "a.B", "count.jar"];
        world.place.run(&run).expect(0);
        world.state()
    };
    let look = |world: &World| {
        let (docker, flink) = world.state();
        let ledger = docker.plain().into_values().find_map(|one| {
            let files = one["files"].as_object()?.values();
            files.map(|one| &one["jobs"][ID]).find(|job| job.is_object()).cloned()
        });
        let job = ledger.unwrap_or_default();
        (flink.work.savepoints, job["savepoint"]["path"].clone(), job["request"].clone())
    };
    let whole = World::new(&docker, &flink, "args: []");
    whole.flink.set(|_| Fault::None);
    whole.place.run(STOP).expect(0);
    let expected = look(&whole);
    assert_eq!(expected, (1, "file:/savepoints/savepoint-1".into(), Value::Null));
    let count = changes(&whole.flink.seen());
    let cuts = (1..=count).map(|cut| (cut, docker.clone(), flink.clone()));
    side_by_side(cuts, |(cut, docker, flink)| {
        let world = World::new(&docker, &flink, "args: []");
        world.flink.set(cut_after(cut));
        let running = world.place.start(STOP);
        world.flink.hangs_within(NEVER);
        drop(running);
        world.flink.set(|_| Fault::None);
        let again = world.place.run(STOP);
        assert_eq!(look(&world), expected, "cut after {cut} of {count}\n{}", again.all());
        assert!(again.stdout.contains("file:/savepoints/savepoint-1"), "{}", again.all());
    });
}

#[test]
fn a_relative_path_that_the_job_manager_does_not_see_is_refused_before_anything_is_submitted() {
    let docker = Docker::default().with_image("flink:1.20.5");
    let world = World::new(&docker, &Flink { slots: 4, ..Flink::default() }, "parallelism: 1");
    world.place.run(&["up", "a", "--no-wait"]).expect(0);
    world.place.file("data.txt", "to be");
    let run = |argument: &str| {
        world.place.run(&["run", "-d", "-c", "a.B", "count.jar", "--input", argument])
    };
    run("data.txt")
        .expect(2)
        .says("`ARGS`: `data.txt` is a file of this machine")
        .says("hint: put it where the JobManager reaches it");
    assert_eq!(changes(&world.flink.seen()), 0, "nothing was uploaded");
    // The control: what is not here is theirs.
    run("other.txt").expect(0);
    assert_eq!(world.flink.with(|flink| flink.work.jobs.len()), 1);
}

#[test]
fn a_session_that_starts_is_waited_for() {
    let docker = Docker::default().with_image("flink:1.20.5");
    let world = World::new(&docker, &Flink { slots: 4, ..Flink::default() }, "parallelism: 1");
    world.place.run(&["up", "a", "--no-wait"]).expect(0);
    let run = || world.place.run(&["run", "-d", "-c", "a.B", "count.jar"]);
    let waits = "the JobManager does not answer yet";
    world.flink.set(times(5, "overview", trouble(503)).rule());
    run().expect(0).says(waits);
    // The control: one that answers.
    let run = run();
    run.expect(0);
    assert!(!run.stderr.contains(waits), "{}", run.all());
    assert_eq!(world.flink.with(|flink| flink.work.jobs.len()), 2);
}

#[test]
fn a_job_that_may_run_is_not_submitted_beside_itself() {
    #[track_caller]
    fn check(status: &Fault, code: i32) {
        let docker = Docker::default().with_image("flink:1.20.5");
        let world = World::new(&docker, &Flink { slots: 4, ..Flink::default() }, "parallelism: 1");
        world.place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
        let id = nutkin_core::jobs::job_id("default", "count", 1);
        // Somebody is faster: after the last look at the jobs, when the ledger gets what is about to be submitted.
        let (flink, first, answer) = (world.flink.changer(), id.clone(), status.clone());
        world.place.server.set(move |_| {
            flink(&|flink| {
                if !flink.work.jars.is_empty() {
                    flink.work.submit(first.clone());
                }
            });
            Fault::None
        });
        world.flink.set(move |request| {
            if request.path.ends_with("/status") { answer.clone() } else { Fault::None }
        });
        let run = world.place.run(RUN);
        run.expect(code);
        world.flink.set(|_| Fault::None);
        world.place.server.set(|_| Fault::None);
        world.place.run(RUN).expect(0);
        let jobs = world.flink.with(|flink| flink.work.jobs.clone());
        assert_eq!(jobs.keys().collect::<Vec<_>>(), [&id], "{}", run.all());
    }
    check(&trouble(500), 1);
    // The control: it tells that it runs.
    check(&Fault::None, 0);
}
