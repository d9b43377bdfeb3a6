//! Jobs that are moved when their session changes: on scenario servers, and the same command again after a kill.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::time::Duration;

use nutkin_testkit::scenario::flink::{Stops, Submitted};
use nutkin_testkit::scenario::{Docker, Fault, Flink, Request, Seen, Server};
use nutkin_testkit::{Finished, side_by_side};
use serde_json::Value;

use crate::scenario::{Place, trouble};

/// Looks cost a request more or less, as time goes: this long the last ones are waited for.
pub(crate) const NEVER: Duration = Duration::from_secs(2);

pub(crate) const CHANGE: &[&str] = &["up", "a", "--yes", "-D", "env.java.opts.all=-Dx=y"];

/// A daemon, and the JobManager behind the port that its containers publish.
pub(crate) struct World {
    pub(crate) place: Place<Docker>,
    pub(crate) flink: Server<Flink>,
}

impl World {
    pub(crate) fn new(docker: &Docker, flink: &Flink) -> Self {
        let flink = Server::start(flink.clone());
        let mut docker = docker.clone();
        docker.rest_port = flink.port();
        let world = Self { place: Place::docker_with(docker), flink };
        world.cut_daemon(None);
        world
    }

    /// The daemon answers nothing after so many changes. A JobManager that starts anew knows nothing of the one before it.
    pub(crate) fn cut_daemon(&self, cut: Option<usize>) {
        let (flink, mut cuts) = (self.flink.changer(), cut.map(cut_after));
        self.place.server.set(move |request| {
            let ends =
                ["start", "restart"].map(|verb| format!("/containers/nutkin-a-jobmanager/{verb}"));
            if ends.iter().any(|end| request.path.contains(end.as_str())) {
                flink(&|flink| flink.work.forget());
            }
            cuts.as_mut().map_or(Fault::None, |cut| cut(request))
        });
    }

    /// A session with a job that `run` brought. Its jar is kept, and the file of it is gone.
    pub(crate) fn with_job(flink: Flink) -> Self {
        let world = Self::new(&Docker::default().with_image("flink:1.20.5"), &flink);
        world.place.run(&["up", "a"]).expect(0);
        let jar = world.jar();
        let run = ["run", "-d", "--job-id", FIRST, "-c", "a.B", "count.jar", "--n", "7"];
        world.place.run(&run).expect(0);
        std::fs::remove_file(jar).unwrap();
        world
    }

    pub(crate) fn jar(&self) -> std::path::PathBuf {
        jar_in(&self.place)
    }

    /// Another world in the same state, with the jars that this one has kept.
    pub(crate) fn again(&self) -> Self {
        let docker = self.place.server.with(|docker| docker.clone());
        let world = Self::new(&docker, &self.flink.with(|flink| flink.clone()));
        let kept = ".local/state/nutkin/jars";
        let copied = std::process::Command::new("cp")
            .args(["-r", "--parents", kept])
            .arg(world.place.folder())
            .current_dir(self.place.folder())
            .status();
        assert!(copied.unwrap().success());
        world
    }

    /// How often the JobManager and the daemon were asked to change something.
    pub(crate) fn changes(&self) -> [usize; 2] {
        let count = |seen: Vec<Seen>| seen.iter().filter(|seen| !is_look(&seen.request)).count();
        [count(self.flink.seen()), count(self.place.server.seen())]
    }

    /// The change, killed when the JobManager, or else the daemon, has been asked so often.
    pub(crate) fn cut_off(&self, is_flink: bool, cut: usize) {
        self.cut_off_in(CHANGE, is_flink, cut);
    }

    /// The same of another change.
    fn cut_off_in(&self, change: &[&str], is_flink: bool, cut: usize) {
        if is_flink {
            self.flink.set(cut_after(cut));
        } else {
            self.cut_daemon(Some(cut));
        }
        let running = self.place.start(change);
        let _ = if is_flink {
            self.flink.hangs_within(NEVER)
        } else {
            self.place.server.hangs_within(NEVER)
        };
        drop(running);
        self.flink.set(|_| Fault::None);
        self.cut_daemon(None);
    }

    pub(crate) fn jobs(&self) -> (BTreeMap<String, Submitted>, u32) {
        self.flink.with(|flink| (flink.work.jobs.clone(), flink.work.savepoints))
    }

    /// What the ledger says.
    pub(crate) fn ledger(&self) -> Value {
        let files = self.place.server.with(|docker| docker.plain());
        let files = files.values().filter_map(|one| one["files"].as_object());
        let mut files = files.flat_map(|files| files.values());
        files.find(|file| file["jobs"].is_object()).expect("a ledger").clone()
    }

    /// Whether it says that something is being moved.
    pub(crate) fn is_moving(&self) -> bool {
        let ledger = self.ledger();
        let jobs = ledger["jobs"].as_object().expect("jobs");
        jobs.values().any(|job| job["moving"] == true) || !ledger["underWay"].is_null()
    }

    #[track_caller]
    pub(crate) fn is_moved(&self, run: &Finished) {
        run.expect(0);
        let (jobs, savepoints) = self.jobs();
        assert_eq!(savepoints, 1, "{}", run.all());
        let states: Vec<_> = jobs.values().map(|job| job.state).collect();
        assert_eq!(states, ["RUNNING"], "{}", run.all());
        let second = jobs.values().next().unwrap();
        assert_eq!(second.from.as_deref(), Some("file:/savepoints/savepoint-1"));
        assert_eq!(second.arguments, serde_json::json!(["--n", "7"]));
        assert!(!self.is_moving(), "{}", run.all());
    }
}

/// A jar `count.jar` beside everything else of a place.
pub(crate) fn jar_in<B: nutkin_testkit::scenario::Backend>(place: &Place<B>) -> std::path::PathBuf {
    let jar = place.file("count.jar", "");
    let mut zip = zip::ZipWriter::new(File::create(&jar).unwrap());
    zip.start_file("a/B.class", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(b"class").unwrap();
    zip.finish().unwrap();
    jar
}

const FIRST: &str = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";

pub(crate) fn flink() -> Flink {
    let options = vec![("state.savepoints.dir", "file:///opt/flink/data/savepoints")];
    Flink { slots: 4, options, ..Flink::default() }
}

pub(crate) fn is_look(request: &Request) -> bool {
    request.method == "GET" || request.method == "HEAD"
}

/// Nothing is answered after the k-th request that changed something.
pub(crate) fn cut_after(cut: usize) -> impl FnMut(&Request) -> Fault + Send + 'static {
    let mut changes = 0;
    move |request| {
        changes += usize::from(!is_look(request));
        if changes == cut && !is_look(request) { Fault::Hang } else { Fault::None }
    }
}

#[test]
fn a_job_outlives_a_change_whatever_is_cut() {
    let world = World::with_job(flink());
    // What is to come is said, and nothing of it done.
    let fates = world.again();
    let plan = fates.place.run(&["plan", "a", "-D", "env.java.opts.all=-Dx=y", "-o", "json"]);
    plan.expect(0);
    assert_eq!(plan.json()["fates"][0]["fate"], "moved", "{}", plan.json());
    assert_eq!(plan.json()["jobsLost"], false);
    let asked = fates.place.run(&["up", "a", "-D", "env.java.opts.all=-Dx=y"]);
    asked.expect(6).says("jobs that are stopped with a savepoint and resumed from it: `job`");
    // The control: whoever chooses to lose it is asked for that, and loses it.
    let lose = ["up", "a", "--yes", "--jobs", "lose", "-D", "env.java.opts.all=-Dx=y"];
    fates.place.run(&lose).expect(6).says("jobs that will be lost (no high availability): `job`");
    assert_eq!(fates.jobs().1, 0, "nothing was stopped");

    let whole = world.again();
    whole.flink.set(|_| Fault::None);
    whole.cut_daemon(None);
    let run = whole.place.run(CHANGE);
    run.says("is stopped; its savepoint is file:/savepoints/savepoint-1").says("runs again as");
    whole.is_moved(&run);
    let counts = whole.changes();
    whole.is_moved(&whole.place.run(CHANGE));

    // Each cut of what the JobManager is asked for, and some of what the daemon is: the property test of core has all.
    let of_flink = (1..=counts[0]).map(|cut| (true, cut));
    let of_daemon = (1..=counts[1]).step_by(7).map(|cut| (false, cut));
    for (is_flink, cut) in of_flink.chain(of_daemon) {
        let world = world.again();
        world.cut_off(is_flink, cut);
        world.is_moved(&world.place.run(CHANGE));
    }
}

#[test]
fn a_job_that_does_not_stop_stops_the_change() {
    let world = World::with_job(flink());
    let before = world.place.server.with(|docker| docker.titles());
    world.flink.set(
        |request| {
            if request.path.ends_with("/stop") { trouble(500) } else { Fault::None }
        },
    );
    let run = world.place.run(CHANGE);
    run.expect(1)
        .says("is not stopped")
        .says("session `a` was not changed, and its jobs run as they did");
    world.flink.set(|_| Fault::None);
    assert_eq!(world.place.server.with(|docker| docker.titles()), before);
    let (jobs, _) = world.jobs();
    assert_eq!(jobs.values().map(|job| job.state).collect::<Vec<_>>(), ["RUNNING"]);
    // The control: without the fault it is moved.
    world.is_moved(&world.place.run(CHANGE));
}

#[test]
fn what_cannot_be_moved_is_said_before_anything_happens() {
    #[track_caller]
    fn check(flink: Flink, unmanaged: bool, says: &str) {
        let world = World::with_job(flink);
        if unmanaged {
            world.flink.with(|flink| flink.listed.insert("0b".repeat(16), "RUNNING".to_owned()));
        }
        let run = world.place.run(CHANGE);
        run.expect(6).says("jobs that will be lost (no high availability)").says(says);
        assert_eq!(world.jobs().1, 0, "nothing was stopped");
    }
    let without = Flink { options: Vec::new(), ..flink() };
    check(without, false, "they cannot be moved: the session has no directory for savepoints");
    let with_pods = vec![("state.savepoints.dir", "file:///tmp/savepoints")];
    check(Flink { options: with_pods, ..flink() }, false, "end with the pods");
    check(flink(), true, "they cannot be moved: Nutkin did not submit them");
}

#[test]
fn jobs_outlive_the_end_of_their_session() {
    let world = World::with_job(flink());
    // The control: without a word about them they would be lost.
    world.place.run(&["down", "a", "--yes"]).expect(6).says("jobs that will be lost: `job`");
    let savepoint = ["down", "a", "--yes", "--jobs", "savepoint"];
    let both = [&savepoint[..], &["--delete-data"]].concat();
    world.place.run(&both).expect(2).says("deletes the savepoints");
    assert_eq!(world.jobs().1, 0, "nothing was stopped");
    let down = world.place.run(&savepoint);
    down.expect(0)
        .says("jobs that are stopped with a savepoint and resumed from it: `job`")
        .says("can go on from file:/savepoints/savepoint-1")
        .says("`nutkin up a` starts it again");
    let up = world.place.run(&["up", "a"]);
    up.says("runs again as");
    world.is_moved(&up);
}

/// A change of a session whose job stops in this way.
#[track_caller]
fn change(stops: Stops) -> (World, Finished) {
    let world = World::with_job(flink());
    world.flink.with(|flink| flink.work.stops = stops);
    let run = world.place.run(CHANGE);
    (world, run)
}

#[test]
fn a_stop_that_goes_wrong_costs_no_state() {
    // The control: nothing goes wrong.
    let (world, run) = change(Stops::Well);
    world.is_moved(&run);
    // The savepoint is there and the job has failed: the path is in what Flink says.
    let (world, run) = change(Stops::Uncommitted);
    world.is_moved(&run);
    run.says("failed while it was stopping");
    // The savepoint fails, and the job restarts: it is waited for and asked again.
    let (world, run) = change(Stops::Refused(2));
    world.is_moved(&run);
    run.says("it is asked again");
    // It restarts when it is to be stopped.
    let (world, run) = change(Stops::Restarting(3));
    world.is_moved(&run);
}

/// The session is as it was, and so is its job.
#[track_caller]
fn is_untouched(world: &World, run: &Finished, savepoints: u32) {
    run.expect(1).says("session `a` was not changed, and its jobs run as they did");
    let (jobs, taken) = world.jobs();
    let states: Vec<_> = jobs.values().map(|job| job.state).collect();
    assert_eq!((states, taken), (vec!["RUNNING"], savepoints), "{}", run.all());
    assert!(!world.is_moving(), "{}", run.all());
    world.place.run(&["plan", "a", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_source_that_takes_no_savepoint_now_is_not_asked_for_ever() {
    let (world, run) = change(Stops::Refused(100));
    run.says("Checkpoint Coordinator is suspending");
    is_untouched(&world, &run, 0);
}

#[test]
fn a_job_that_ends_while_it_is_to_be_stopped_is_not_resumed() {
    let (world, run) = change(Stops::Ended);
    run.expect(0).says("has come to its end by itself");
    assert_eq!(world.jobs(), (BTreeMap::new(), 0), "{}", run.all());
    assert!(!world.is_moving(), "{}", run.all());
}

#[test]
fn a_job_manager_that_dies_while_a_job_is_stopped_is_told() {
    let (world, run) = change(Stops::Dies);
    run.expect(1).says("the JobManager has died while job").says("`nutkin abort a`");
    assert!(world.is_moving(), "{}", run.all());
}

#[test]
fn an_id_that_the_result_store_holds_is_not_used_again() {
    let world = World::with_job(flink());
    // What the first resubmission would be called.
    let second = nutkin_core::jobs::job_id("default", FIRST, 2);
    world.flink.with(|flink| flink.work.results = vec![second.clone()]);
    let run = world.place.run(CHANGE);
    world.is_moved(&run);
    let third = nutkin_core::jobs::job_id("default", FIRST, 3);
    assert_eq!(world.jobs().0.keys().collect::<Vec<_>>(), [&third], "{}", run.all());
}

#[test]
fn a_job_that_came_in_is_asked_about_and_the_others_go_on() {
    let world = World::with_job(flink());
    world.flink.with(|flink| flink.work.comes_in = vec!["0c".repeat(16)]);
    let run = world.place.run(CHANGE);
    run.expect(6).says("jobs that will be lost").says("session `a` is as it was before the change");
    let (jobs, savepoints) = world.jobs();
    let alive = jobs.values().filter(|job| job.state == "RUNNING").count();
    assert_eq!((alive, savepoints), (2, 1), "{}", run.all());
    assert!(!world.is_moving(), "{}", run.all());
}

#[test]
fn a_change_that_was_cut_off_is_neither_continued_nor_taken_back_without_consent() {
    let world = World::with_job(flink());
    world.cut_off(true, 1);
    assert!(world.is_moving());
    let (before, ledger) = (world.jobs(), world.ledger());
    let unasked: Vec<&str> = CHANGE.iter().copied().filter(|word| *word != "--yes").collect();
    let run = world.place.run(&unasked);
    run.expect(6);
    assert_eq!(world.changes(), [0, 0], "{}", run.all());
    assert_eq!((world.jobs(), world.ledger()), (before, ledger), "{}", run.all());
    // The control: once it is agreed to it is completed.
    world.is_moved(&world.place.run(CHANGE));
}

/// The job runs from its savepoint on what is left of the session.
#[track_caller]
fn is_moved_at_scaling(world: &World, run: &Finished) {
    run.expect(0);
    let (jobs, savepoints) = world.jobs();
    assert_eq!(savepoints, 1, "{}", run.all());
    let mut alive = jobs.values().filter(|job| job.state == "RUNNING");
    let second = alive.next().expect("a job that runs");
    assert_eq!(second.from.as_deref(), Some("file:/savepoints/savepoint-1"), "{}", run.all());
    assert_eq!((alive.count(), world.is_moving()), (0, false), "{}", run.all());
    assert_eq!(world.ledger()["wanted"]["taskManagers"], 1);
}

#[test]
fn jobs_are_moved_where_task_managers_end() {
    const SCALE: &[&str] = &["scale", "a", "--task-managers", "1", "--jobs", "move", "--yes"];
    let world = World::with_job(Flink { task_managers: 2, ..flink() });
    world.place.run(&["up", "a", "--yes", "--task-managers", "2"]).expect(0);
    let whole = world.again();
    let asked = whole.place.run(&SCALE[..6]);
    asked.expect(6).says("jobs that are stopped with a savepoint and resumed from it: `job`");
    assert_eq!(whole.jobs().1, 0, "nothing was stopped");
    whole.flink.set(|_| Fault::None);
    whole.cut_daemon(None);
    is_moved_at_scaling(&whole, &whole.place.run(SCALE));
    let counts = whole.changes();
    let of_flink = (1..=counts[0]).map(|cut| (true, cut));
    let of_daemon = (1..=counts[1]).step_by(7).map(|cut| (false, cut));
    let cuts = of_flink.chain(of_daemon).map(|(is_flink, cut)| (is_flink, cut, world.again()));
    side_by_side(cuts, |(is_flink, cut, world)| {
        world.cut_off_in(SCALE, is_flink, cut);
        is_moved_at_scaling(&world, &world.place.run(SCALE));
    });
    // The control: they fail over where nobody says more.
    let control = world.again();
    control.place.run(&["scale", "a", "--task-managers", "1", "--yes"]).expect(0);
    assert_eq!(control.jobs().1, 0);
}

#[test]
fn jobs_outlive_a_restart() {
    let world = World::with_job(flink());
    // The control: whoever chooses to lose it is asked for that.
    let lose = ["restart", "a", "--yes", "--jobs", "lose"];
    world.place.run(&lose).expect(6).says("jobs that will be lost (no high availability): `job`");
    assert_eq!(world.jobs().1, 0, "nothing was stopped");
    let run = world.place.run(&["restart", "a", "--yes"]);
    run.says("jobs that are stopped with a savepoint and resumed from it: `job`");
    run.expect(0).says("session `a` is up again").says("runs again as");
    let (jobs, savepoints) = world.jobs();
    let alive: Vec<_> = jobs.values().filter(|job| job.state == "RUNNING").collect();
    assert_eq!((alive.len(), savepoints), (1, 1), "{}", run.all());
    assert_eq!(alive[0].from.as_deref(), Some("file:/savepoints/savepoint-1"), "{}", run.all());
    assert!(!world.is_moving(), "{}", run.all());
}

#[test]
fn a_job_of_somebody_else_is_moved_once_its_jar_is_known() {
    let world = World::new(&Docker::default().with_image("flink:1.20.5"), &flink());
    world.place.run(&["up", "a"]).expect(0);
    world.flink.with(|flink| flink.work.submit("0c".repeat(16)));
    world.jar();
    // The control: nobody knows what it is.
    world.place.run(CHANGE).expect(6).says("Nutkin did not submit them").says("nutkin adopt-job");
    let adopt = ["adopt-job", "0c0c", "--jar", "count.jar", "-c", "a.B", "--args", "--n", "7"];
    world.place.run(&adopt[..4]).expect(2).says("does not name its main class");
    world.place.run(&adopt).expect(0).says("can be moved from now on");
    let submitted = world.ledger()["jobs"]["0c".repeat(16)]["submitted"].clone();
    assert!(submitted.is_string(), "what was given up before is another job: {submitted}");
    world.place.run(&adopt).expect(2).says("is known");
    world.is_moved(&world.place.run(CHANGE));
}
