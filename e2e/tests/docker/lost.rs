//! A JobManager in a container is lost without high availability: `nutkin watch` has its jobs go on, and what they have committed is
//! right to the last number.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use nutkin_e2e::Rest;
use nutkin_e2e::exactly_once::{committed, faults};
use nutkin_e2e::lost::{assert_restored_from_checkpoints, have_finished, with_checkpoint};
use rustix::process::{Pid, Signal, kill_process};

use crate::world::{World, docker};

/// Numbers of each job, and how many each second: 40 s, of which the JobManager is lost in the first ten.
const NUMBERS: u64 = 8000;
const RATE: &str = "200";

/// So many jobs.
const JOBS: usize = 3;

/// How the process of the JobManager ends: by a signal from outside of its container, which Docker then starts again.
#[derive(Debug, Clone, Copy)]
enum End {
    Kill,
    Politely,
}

fn until_all_have_a_checkpoint(world: &World, flink: &Rest) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    world.eventually("all jobs run and have a checkpoint", || {
        found = with_checkpoint(flink);
        found.len() == JOBS
    });
    found
}

/// Starts a session with three jobs, which write to its volume.
fn start(world: &World, more: &[&str]) -> Rest {
    let slots = ["-D", "taskmanager.numberOfTaskSlots=6", "-D", "nutkin.docker.publish=0"];
    world.up(&[&slots[..], more].concat()).expect(0);
    let jar = world.nutkin.setup().job("1.20.5", "ExactlyOnce");
    let total = NUMBERS.to_string();
    for number in 0..JOBS {
        let output = format!("/opt/flink/data/numbers-{number}");
        let jar = jar.to_str().expect("a path in UTF-8");
        let run = ["run", "--session", world.session, "--on", "docker", "-d", jar];
        let job = ["--output", &output, "--total", &total, "--rate", RATE, "--interval", "1000"];
        world.ok(&[&run[..], &job].concat());
    }
    world.rest()
}

/// When the JobManager's container was started.
fn started(world: &World) -> String {
    let name = format!("nutkin-{}-jobmanager", world.session);
    docker(&["inspect", "--format", "{{.State.StartedAt}} {{.State.Running}}", &name])
}

/// Ends the process of the JobManager from the daemon's machine, and waits until Docker has started another one.
fn end_job_manager(world: &World, how: End) {
    let name = format!("nutkin-{}-jobmanager", world.session);
    let before = started(world);
    let id = docker(&["inspect", "--format", "{{.Id}}", &name]);
    let pid = first_process(id.trim()).expect("a process");
    let signal = match how {
        End::Kill => Signal::KILL,
        End::Politely => Signal::TERM,
    };
    kill_process(pid, signal).expect("the JobManager can be killed");
    world.eventually("Docker has started the JobManager again", || {
        let now = started(world);
        now != before && now.contains("true")
    });
}

/// The first process of a container, as this machine numbers it: the daemon has a PID namespace of its own.
fn first_process(container: &str) -> Option<Pid> {
    let is_first = |pid: &i32| {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
        let numbers = read("status").unwrap_or_default();
        let numbers = numbers.lines().find_map(|line| line.strip_prefix("NSpid:"));
        let is_one = numbers.and_then(|all| all.split_whitespace().last()) == Some("1");
        is_one && read("cgroup").is_some_and(|cgroup| cgroup.contains(container))
    };
    let entries = std::fs::read_dir("/proc").ok()?;
    let mut pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.find(is_first).and_then(Pid::from_raw)
}

/// What the jobs have committed.
fn outputs(world: &World) -> Vec<Vec<String>> {
    let name = format!("nutkin-{}-jobmanager", world.session);
    let of = |number: usize| {
        let output: PathBuf = world.nutkin.directory().join(format!("numbers-{number}"));
        let from = format!("{name}:/opt/flink/data/numbers-{number}");
        docker(&["cp", &from, output.to_str().expect("a path in UTF-8")]);
        committed(&output)
    };
    (0..JOBS).map(of).collect()
}

/// The jobs keep their ids, and commit each number once.
fn goes_on_after(session: &'static str, how: End) {
    let world = World::new(session);
    let flink = start(&world, &[]);
    // Port 0 is another one after each start of the container.
    let watch = world.start(&["watch", world.session, "--on", "docker"]);
    let before = until_all_have_a_checkpoint(&world, &flink);
    let lost = Instant::now();
    end_job_manager(&world, how);
    let flink = world.rest();
    let after = until_all_have_a_checkpoint(&world, &flink);
    let seconds = lost.elapsed().as_secs_f64();
    let line =
        format!("Docker, {how:?}: {JOBS} jobs at their first checkpoints after {seconds:.1} s");
    writeln!(std::io::stdout(), "{line}").expect("somebody listens");
    assert_eq!(before, after);
    assert_restored_from_checkpoints(&flink, &after);
    world.eventually("all jobs have finished", || have_finished(&flink, JOBS));
    for lines in outputs(&world) {
        assert_eq!(faults(&lines, NUMBERS), Vec::<String>::new(), "of {} lines", lines.len());
    }
    // What has finished does not come back with the next JobManager.
    end_job_manager(&world, how);
    world.ok(&["watch", world.session, "--on", "docker", "--once"]);
    let jobs = ["jobs", "--session", world.session, "--on", "docker", "--all", "-o", "json"];
    let jobs = world.ok(&jobs).json();
    assert_eq!(jobs["items"].as_array().map(Vec::len), Some(0), "{jobs}");
    drop(watch);
}

#[test]
fn jobs_go_on_after_a_kill() {
    goes_on_after("lost-kill", End::Kill);
}

#[test]
fn jobs_go_on_after_a_polite_end() {
    goes_on_after("lost-term", End::Politely);
}

/// The control: without a watch the jobs are gone, until the next `up`.
#[test]
fn without_a_watch_they_are_gone_until_the_next_up() {
    let world = World::new("lost-control");
    let flink = start(&world, &[]);
    let before = until_all_have_a_checkpoint(&world, &flink);
    end_job_manager(&world, End::Politely);
    world.eventually("another JobManager answers", || {
        world
            .rest()
            .get("/jobs/overview")
            .is_some_and(|jobs| jobs["jobs"].as_array().is_some_and(Vec::is_empty))
    });
    let gaps = outputs(&world).iter().map(|lines| faults(lines, NUMBERS)).collect::<Vec<_>>();
    assert!(gaps[0].iter().any(|fault| fault.ends_with("is missing")), "{gaps:?}");
    world.ok(&["up", world.session, "--on", "docker"]).says("goes on from");
    assert_eq!(until_all_have_a_checkpoint(&world, &world.rest()), before);
}
