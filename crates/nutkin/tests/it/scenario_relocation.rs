//! A session that moves from a Docker daemon to Kubernetes with its job: on scenario servers, and the same command again after
//! a kill, wherever it is cut.

use nutkin_testkit::scenario::{Backend, Docker, Fault, Flink, Kubernetes, Server};
use nutkin_testkit::{Finished, Running, eventually, side_by_side};
use serde_json::Value;

use crate::scenario::{Place, TOKEN, finish, trouble};
use crate::scenario_lost::LIMIT;
use crate::scenario_moving::{NEVER, cut_after, is_look, jar_in};

const FIRST: &str = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
const MOVE: &[&str] = &["move", "a", "--on", "kubernetes", "--yes"];
const ABORT: &[&str] = &["abort", "a", "--yes"];

/// A daemon and a cluster, each with a JobManager.
struct World {
    docker: Place<Docker>,
    flink: Server<Flink>,
    kubernetes: Server<Kubernetes>,
}

/// Which server is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Daemon(usize),
    OldFlink(usize),
    /// With the JobManager behind it.
    Cluster(usize),
}

fn flink(directory: &'static str) -> Flink {
    Flink { slots: 4, options: vec![("state.savepoints.dir", directory)], ..Flink::default() }
}

impl World {
    fn new(docker: &Docker, flink: &Flink, kubernetes: &Kubernetes) -> Self {
        let flink = Server::start(flink.clone());
        let mut docker = docker.clone();
        docker.rest_port = flink.port();
        let kubernetes = Server::start(kubernetes.clone());
        let docker = Place::docker_with(docker);
        docker.file("kubeconfig", &Kubernetes::kubeconfig(kubernetes.url(), TOKEN));
        Self { docker, flink, kubernetes }
    }

    /// A session on the daemon with a job that `run` brought. It writes savepoints to this directory.
    fn with_job(directory: &'static str) -> Self {
        let mut kubernetes = Kubernetes::default();
        (kubernetes.runs_pods, kubernetes.flink) = (true, flink(directory));
        let docker = Docker::default().with_image("flink:1.20.5");
        let world = Self::new(&docker, &flink(directory), &kubernetes);
        world.run(&["up", "a"]).expect(0);
        jar_in(&world.docker);
        let run = ["run", "-d", "--job-id", FIRST, "-c", "a.B", "count.jar", "--n", "7"];
        world.run(&run).expect(0);
        world
    }

    fn start(&self, args: &[&str]) -> Running {
        let mut command = self.docker.command(args);
        let all = ["move", "abort", "ls"].contains(&args[0]);
        command.env("KUBECONFIG", self.docker.folder().join("kubeconfig"));
        if all {
            command.env_remove("NUTKIN_PLATFORM");
        }
        Running::start(command)
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> Finished {
        finish(self.start(args))
    }

    /// Another world in the same state, with what this one has noted.
    fn again(&self) -> Self {
        let docker = self.docker.server.with(|docker| docker.clone());
        let (flink, kubernetes) =
            (self.flink.with(|one| one.clone()), self.kubernetes.with(|one| one.clone()));
        let world = Self::new(&docker, &flink, &kubernetes);
        let copied = std::process::Command::new("cp")
            .args(["-r", "--parents", ".local/state/nutkin"])
            .arg(world.docker.folder())
            .current_dir(self.docker.folder())
            .status();
        assert!(copied.unwrap().success());
        world
    }

    /// How often the daemon, its JobManager and the cluster were asked to change something.
    fn changes(&self) -> [usize; 3] {
        fn count<B: Backend>(server: &Server<B>) -> usize {
            server.seen().iter().filter(|seen| !is_look(&seen.request)).count()
        }
        [count(&self.docker.server), count(&self.flink), count(&self.kubernetes)]
    }

    fn forget(&self) {
        self.docker.server.set(|_| Fault::None);
        self.flink.set(|_| Fault::None);
        self.kubernetes.set(|_| Fault::None);
    }

    /// The command, killed when one of them has been asked so often.
    fn cut_off(&self, args: &[&str], cut: Cut) {
        match cut {
            Cut::Daemon(cut) => self.docker.server.set(cut_after(cut)),
            Cut::OldFlink(cut) => self.flink.set(cut_after(cut)),
            Cut::Cluster(cut) => self.kubernetes.set(cut_after(cut)),
        }
        let running = self.start(args);
        let _ = match cut {
            Cut::Daemon(_) => self.docker.server.hangs_within(NEVER),
            Cut::OldFlink(_) => self.flink.hangs_within(NEVER),
            Cut::Cluster(_) => self.kubernetes.hangs_within(NEVER),
        };
        drop(running);
        self.forget();
    }

    /// States of the jobs of the old and of the new session.
    fn states(&self) -> [Vec<&'static str>; 2] {
        let old = self.flink.with(|flink| flink.work.jobs.values().map(|job| job.state).collect());
        let new =
            self.kubernetes.with(|one| one.flink.work.jobs.values().map(|job| job.state).collect());
        [old, new]
    }

    fn containers(&self) -> Vec<String> {
        let all = self.docker.server.with(|docker| docker.titles());
        all.into_iter().filter(|one| one.contains("jobmanager")).collect()
    }

    fn pods(&self) -> Vec<String> {
        let all = self.kubernetes.with(|kubernetes| kubernetes.titles());
        all.into_iter().filter(|one| one.starts_with("Deployment/")).collect()
    }

    /// The session is on Kubernetes alone, and its job runs there from the one savepoint.
    #[track_caller]
    fn is_moved(&self, run: &Finished) {
        run.expect(0);
        let all = run.all();
        assert_eq!(self.containers(), Vec::<String>::new(), "{all}");
        let [_, new] = self.states();
        assert_eq!(new, ["RUNNING"], "{all}");
        let job = self.kubernetes.with(|one| one.flink.work.jobs.values().next().cloned()).unwrap();
        assert_eq!(job.from.as_deref(), Some("file:/savepoints/savepoint-1"), "{all}");
        assert_eq!(job.arguments, serde_json::json!(["--n", "7"]));
        let list = self.run(&["ls", "-o", "json"]).json();
        let places: Vec<&Value> =
            list["items"].as_array().unwrap().iter().map(|one| &one["platform"]).collect();
        assert_eq!(places, ["kubernetes"], "{all}\n{list}");
    }

    /// The session is on Docker alone, and its job runs there; from the savepoint where it was stopped.
    #[track_caller]
    fn is_back(&self, run: &Finished) {
        let all = run.all();
        assert_eq!(self.pods(), Vec::<String>::new(), "{all}");
        let [_, there] = self.states();
        assert!(!there.contains(&"RUNNING"), "high availability would bring it back: {all}");
        let jobs = self.flink.with(|flink| flink.work.jobs.clone());
        let alive: Vec<_> = jobs.values().filter(|job| job.state == "RUNNING").collect();
        assert_eq!(alive.len(), 1, "{all}");
        if 1 < jobs.len() {
            assert_eq!(alive[0].from.as_deref(), Some("file:/savepoints/savepoint-1"), "{all}");
        }
        self.run(&["status", "a"]).expect(0);
        self.run(ABORT).expect(0).says("no change of session `a` is under way");
    }
}

#[test]
fn a_session_moves_to_another_platform_whatever_is_cut() {
    let world = World::with_job("s3://bucket/savepoints");
    let whole = world.again();
    whole.forget();
    let asked = whole.run(&MOVE[..4]);
    asked
        .expect(6)
        .says("session `a` moves from docker to kubernetes")
        .says("resumed there: `job`");
    assert_eq!(whole.changes(), [0, 0, 0], "{}", asked.all());
    let run = whole.run(MOVE);
    run.says("session `a` runs on kubernetes, and has ended on docker");
    whole.is_moved(&run);
    let [daemon, old, cluster] = whole.changes();
    let again = whole.run(&[MOVE, &["-o", "json"]].concat());
    again.expect(0).says("nowhere else");
    assert_eq!(
        (&again.json()["from"], &again.json()["to"]),
        (&"kubernetes".into(), &"kubernetes".into())
    );

    // Each cut of what the old JobManager and the cluster with the new one are asked for, and some of what the daemon is.
    let cuts = (1..=old).map(Cut::OldFlink).chain((1..=cluster).map(Cut::Cluster));
    let cuts = cuts.chain((1..=daemon).step_by(9).map(Cut::Daemon));
    side_by_side(cuts.map(|cut| (cut, world.again())), |(cut, world)| {
        world.cut_off(MOVE, cut);
        let run = world.run(MOVE);
        assert_eq!(run.code, Some(0), "{cut:?}: {}", run.all());
        world.is_moved(&run);
    });
}

#[test]
fn a_session_comes_back_from_there() {
    let world = World::with_job("s3://bucket/savepoints");
    world.is_moved(&world.run(MOVE));
    // The next JobManager on Docker is another one.
    world.flink.with(|flink| flink.work.forget());
    let run = world.run(&["move", "a", "--on", "docker", "--yes", "-o", "json"]);
    run.expect(0).says("session `a` runs on docker, and has ended on kubernetes");
    assert_eq!((&run.json()["from"], &run.json()["to"]), (&"kubernetes".into(), &"docker".into()));
    assert_eq!(world.pods(), Vec::<String>::new(), "{}", run.all());
    let [here, there] = world.states();
    assert_eq!((here, there), (vec!["RUNNING"], vec!["FINISHED"]), "{}", run.all());
    let job = world.flink.with(|flink| flink.work.jobs.values().next().cloned()).unwrap();
    assert_eq!(job.arguments, serde_json::json!(["--n", "7"]));
    // Nothing else of it is another one than its ledger wants.
    world.run(&["plan", "a", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_move_is_taken_back_whatever_is_cut() {
    let world = World::with_job("s3://bucket/savepoints");
    // The job fails where it is resumed.
    world.kubernetes.with(|one| one.flink.work.fails = Some(0));
    let whole = world.again();
    whole.forget();
    let run = whole.run(MOVE);
    run.expect(1).says("is FAILED").says("session `a` stays on docker");
    let [daemon, old, cluster] = whole.changes();
    whole.is_back(&run);
    // Left as it is, it is in the way of everything else.
    let left = world.again();
    left.run(&[MOVE, &["--no-rollback"]].concat()).expect(1).says("`nutkin abort a`");
    for args in [
        &["up", "a"][..],
        &["scale", "a", "--task-managers", "2"],
        &["down", "a", "--yes"],
        &["down", "a", "--yes", "--jobs", "savepoint"],
    ] {
        left.run(args).expect(1).says("is under way");
    }
    left.is_back(left.run(ABORT).expect(0));

    let cuts = (1..=old).map(Cut::OldFlink).chain((1..=cluster).step_by(2).map(Cut::Cluster));
    let cuts = cuts.chain((1..=daemon).step_by(9).map(Cut::Daemon));
    side_by_side(cuts.map(|cut| (cut, world.again())), |(cut, world)| {
        world.cut_off(MOVE, cut);
        let run = world.run(ABORT);
        assert_eq!(run.code, Some(0), "{cut:?}: {}", run.all());
        world.is_back(&run);
    });
}

#[test]
fn what_cannot_move_is_refused_before_anything_stops() {
    #[track_caller]
    fn check(world: &World, args: &[&str], code: i32, says: &str) {
        world.forget();
        let run = world.run(args);
        run.expect(code).says(says);
        assert_eq!(world.changes(), [0, 0, 0], "{}", run.all());
    }
    let apart = World::with_job("file:///opt/flink/data/savepoints");
    check(&apart, MOVE, 2, "only the session on docker sees its savepoints");
    let world = World::with_job("s3://bucket/savepoints");
    check(&world, &["move", "a", "--yes"], 2, "it is not said where the session moves to");
    let here = ["move", "a", "--on", "docker", "--yes"];
    check(&world, &here, 0, "session `a` is on docker, and nowhere else");
    check(&world, &[MOVE, &["--flink", "1.19"]].concat(), 2, "does not read savepoints");
    let named = ["-D", "nutkin.platform=docker"];
    check(&world, &[MOVE, &named].concat(), 2, "the session says `nutkin.platform: docker`");
    let unmanaged = world.again();
    unmanaged.flink.with(|flink| flink.listed.insert("0b".repeat(16), "RUNNING".to_owned()));
    check(&unmanaged, MOVE, 2, "Nutkin did not submit");
    let silent = world.again();
    silent.flink.set(|_| trouble(503));
    let run = silent.run(MOVE);
    assert_ne!(run.code, Some(0), "{}", run.all());
    assert_eq!(silent.pods(), Vec::<String>::new());
}

#[test]
fn a_job_that_may_have_finished_there_does_not_run_again() {
    let world = World::with_job("s3://bucket/savepoints");
    world.kubernetes.with(|one| one.flink.work.fails = Some(0));
    world.run(&[MOVE, &["--no-rollback"]].concat()).expect(1).says("is FAILED");
    // It runs there, and nobody answers for it.
    world.kubernetes.set(
        |request| {
            if request.path.contains("/proxy/") { trouble(503) } else { Fault::None }
        },
    );
    world.run(ABORT).expect(1).says("has finished there is not known");
    let [old, _] = world.states();
    assert_eq!(old, ["FINISHED"], "it is stopped, and not resumed");
    world.forget();
    let failed = world.again();
    world.kubernetes.with(|one| {
        for job in one.flink.work.jobs.values_mut() {
            job.state = "FINISHED";
        }
    });
    let run = world.run(ABORT);
    run.expect(0);
    assert_eq!(world.states()[0], ["FINISHED"], "{}", run.all());
    // The control: one that has failed there goes on here.
    failed.is_back(failed.run(ABORT).expect(0));
}

#[test]
fn what_high_availability_keeps_there_is_named_where_jobs_are_not_canceled() {
    for is_canceled in [false, true] {
        let world = World::with_job("s3://bucket/savepoints");
        world.kubernetes.with(|one| one.flink.work.fails = Some(0));
        let zookeeper = [
            "-D",
            "high-availability.type=zookeeper",
            "-D",
            "high-availability.zookeeper.quorum=zookeeper:2181",
            "-D",
            "high-availability.storageDir=s3://bucket/ha",
        ];
        let moving = [MOVE, &["--no-rollback"], &zookeeper].concat();
        world.run(&moving).expect(1).says("is FAILED");
        // It runs again there by now.
        world.kubernetes.with(|one| {
            for job in one.flink.work.jobs.values_mut() {
                job.state = "RUNNING";
            }
        });
        world.kubernetes.set(move |request| {
            let cancels = request.method == "PATCH" && request.path.contains("/proxy/");
            if cancels && !is_canceled { trouble(503) } else { Fault::None }
        });
        let abort = world.start(ABORT);
        if is_canceled {
            eventually("it is canceled", LIMIT, || world.states()[1] == ["CANCELLING"]);
            world.kubernetes.with(|one| {
                for job in one.flink.work.jobs.values_mut() {
                    job.state = "CANCELED";
                }
            });
        }
        let run = finish(abort);
        run.expect(0);
        let named = run.all().contains("high availability data (zookeeper) is left");
        assert_eq!(named, !is_canceled, "{}", run.all());
        assert_eq!(world.pods(), Vec::<String>::new(), "{}", run.all());
    }
}

#[test]
fn jobs_that_a_job_manager_has_lost_are_not_forgotten() {
    let world = World::with_job("s3://bucket/savepoints");
    let restart_job_manager = |world: &World| {
        world.flink.with(|flink| flink.work.forget());
        world.docker.server.with(|docker| {
            docker.crash("nutkin-a-jobmanager", 143);
            docker.restart("nutkin-a-jobmanager");
        });
    };
    let lost = world.again();
    restart_job_manager(&lost);
    lost.forget();
    let run = lost.run(MOVE);
    run.expect(2).says("has lost jobs: ").says("`nutkin watch a --once`");
    assert_eq!(lost.changes(), [0, 0, 0], "{}", run.all());
    lost.run(&[MOVE, &["--force"]].concat()).expect(0);
    assert_eq!(lost.states()[1], Vec::<&str>::new());
    // Lost while the new session comes up.
    world.cut_off(MOVE, Cut::Cluster(1));
    restart_job_manager(&world);
    let run = world.run(MOVE);
    run.expect(1).says("has ended, and jobs with it").says("`nutkin watch a --once`");
    let [old, new] = world.states();
    assert_eq!((old, new), (vec![], vec![]), "nothing starts from what is old: {}", run.all());
}

#[test]
fn a_job_that_came_in_meanwhile_is_not_lost_without_a_word() {
    let world = World::with_job("s3://bucket/savepoints");
    // The job runs there, and the session is about to end here.
    world
        .docker
        .server
        .set(|request| if request.path.ends_with("/stop") { Fault::Hang } else { Fault::None });
    let running = world.start(MOVE);
    assert!(world.docker.server.hangs_within(NEVER));
    drop(running);
    world.forget();
    world.flink.with(|flink| flink.listed.insert("0b".repeat(16), "RUNNING".to_owned()));
    // Whoever goes on agrees to it.
    world.run(&MOVE[..4]).expect(6).says("is under way");
    let elsewhere = world.run(&[MOVE, &["-n", "elsewhere"]].concat());
    elsewhere.expect(1).says("is under way");
    let run = world.run(MOVE);
    run.expect(6).says("came into session `a` on docker meanwhile");
    assert_eq!(world.containers().len(), 1, "{}", run.all());
    world.is_moved(&world.run(&[MOVE, &["--force"]].concat()));
}

#[test]
fn a_session_that_somebody_else_makes_there_is_left_alone() {
    let world = World::with_job("s3://bucket/savepoints");
    world.cut_off(MOVE, Cut::Cluster(1));
    let control = world.again();
    // Somebody has deleted what there was of it, and somebody else makes another one, who knows nothing of the move.
    world.kubernetes.with(|one| one.remove("Deployment", "a"));
    let other = Place::docker(0);
    let mut up =
        other.command(&["up", "a", "--on", "kubernetes", "-D", "rest.flamegraph.enabled=true"]);
    up.env("KUBECONFIG", world.docker.folder().join("kubeconfig"));
    finish(Running::start(up)).expect(0);
    let [_, before] = world.states();
    let run = world.run(MOVE);
    run.expect(1).says("somebody else has made session `a` on kubernetes");
    let run = world.run(ABORT);
    run.expect(0).says("and stays");
    assert_eq!(world.states(), [vec!["RUNNING"], before], "{}", run.all());
    assert_eq!(world.pods(), ["Deployment/a"], "{}", run.all());
    // The control: nobody else has.
    control.is_moved(&control.run(MOVE));
}

/// What is submitted while the session moves away would stay behind, and be lost.
#[test]
fn a_session_that_moves_away_takes_no_jobs() {
    let run = ["run", "-d", "-c", "a.B", "count.jar"];
    let world = World::with_job("s3://bucket/savepoints");
    // The control: it does not move yet.
    world.run(&run).expect(0);
    let world = World::with_job("s3://bucket/savepoints");
    world.cut_off(MOVE, Cut::OldFlink(1));
    let before = world.states();
    world.run(&run).expect(1).says("nutkin abort a");
    assert_eq!(world.states(), before);
}
