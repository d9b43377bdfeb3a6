//! Sessions in pods that run: our entrypoint and class data archives beside the official start of the same pods.

mod log;
mod site;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result};
use site::Site;

use super::Bench;
use super::figures::{Unit, median};
use super::flink::VERSION;
use super::page::{Row, Section};
use crate::jobs;
use crate::kube::{Binaries, Node, PodPrograms};
use crate::root::{run, say, target};
use crate::test::static_release;

/// Seconds to all tasks of a native session, of which Flink's own client took 24 to 28.
const NATIVE: f64 = 12.0;
/// Our entrypoint and class data archives.
const ARCHIVED: &str = "nutkin/bench:class-data";
/// The same without archives, and with what the official way starts before each process.
const PLAIN: &str = "nutkin/bench:plain";
/// Where that is in the image.
const OFFICIAL: &str = "kubernetes.entry.path=/official.sh";
/// The steps of a native session from `run` to all tasks, in their order.
const STEPS: [&str; 5] = [
    "`run`: the jar is brought, and main() has given the job",
    "the JobManager asks for TaskManager pods",
    "each pod is scheduled, its container and JVM started, up to the first line of its log",
    "TaskManagers start and register",
    "slots are given, and all tasks run",
];

/// How the processes in pods are started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Ours,
    Official,
}

impl Way {
    const fn image(self) -> &'static str {
        match self {
            Self::Ours => ARCHIVED,
            Self::Official => PLAIN,
        }
    }

    fn options<'a>(self, more: &[&'a str]) -> Vec<&'a str> {
        let own: &[&str] = if self == Self::Official { &[OFFICIAL] } else { &[] };
        [own, more].concat()
    }
}

/// Times of one round in standalone mode.
struct Standalone {
    tasks: Duration,
    drained: Duration,
    crashed: Duration,
}

/// Times of one round in native mode.
struct Native {
    ready: Duration,
    tasks: Duration,
    steps: [f64; STEPS.len()],
}

/// Starts a node, measures and ends it.
///
/// # Errors
/// When it does not start, or a session does not come up.
pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let binaries = Binaries::ensure_node()?;
    let programs = PodPrograms::ensure()?;
    let directory = target().join("bench/node");
    Node::stop(&directory)?;
    let node = Node::start(&binaries, &programs, &directory)?;
    let measured = on(bench, &node, &binaries, &directory);
    Node::stop(&directory)?;
    measured
}

fn on(bench: &Bench, node: &Node, binaries: &Binaries, directory: &Path) -> Result<Section> {
    images(bench, node, directory)?;
    let shared = directory.join("shared");
    fs::create_dir_all(&shared)?;
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o777))?;
    let jobs = jobs::compile(VERSION, &bench.flink()?.home, &target().join("test-jobs"))?;
    let jar = jobs.join("ExactlyOnce.jar");
    let site = Site { bench, node, binaries, shared, jar };
    site.prepare()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut native, mut native_official) = (Vec::new(), Vec::new());
    let rounds = bench.runs(3);
    for round in 0..=rounds {
        let (a, b) = (standalone(&site, Way::Ours)?, standalone(&site, Way::Official)?);
        let (c, d) = (in_native_mode(&site, Way::Ours)?, in_native_mode(&site, Way::Official)?);
        let say = |what: &str, times: [Duration; 4]| {
            say(&format!("{what}: {:.1?} s", times.map(|time| time.as_secs_f64())));
        };
        say("to all tasks", [a.tasks, b.tasks, c.tasks, d.tasks]);
        say("JobManager deleted and crashed", [a.drained, b.drained, a.crashed, b.crashed]);
        // The first one reads images from the disk.
        if 0 < round {
            ours.push(a);
            theirs.push(b);
            native.push(c);
            native_official.push(d);
        }
    }
    Ok(section(&[ours, theirs], &[native, native_official]))
}

/// Both images, from the same parts.
fn images(bench: &Bench, node: &Node, directory: &Path) -> Result<()> {
    let binary = static_release()?;
    let script = directory.join("official.sh");
    fs::write(&script, include_str!("official.sh"))?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    // Nutkin's images do without it.
    let utilities = bench.flink()?.home.join("bin/bash-java-utils.jar");
    let archive = directory.join("flink.tar");
    for (image, more) in [(ARCHIVED, &["--class-data"][..]), (PLAIN, &[])] {
        let mut build = Command::new(&bench.binary);
        build
            .args(["image", "build", "--flink", &VERSION.to_string(), "-t", image])
            .args(["--program", "bash", "--copy"])
            .arg(format!("{}:/official.sh", script.display()))
            .arg("--copy")
            .arg(format!("{}:/bash-java-utils.jar", utilities.display()))
            .arg("--binary")
            .arg(&binary)
            .args(more)
            .arg("--archive")
            .arg(&archive)
            .env("XDG_CACHE_HOME", &bench.flink()?.cache);
        run(&mut build)?;
        node.import(&archive)?;
        fs::remove_file(&archive)?;
    }
    Ok(())
}

/// One session with high availability: up to all tasks, and twice from the loss of its only JobManager to a checkpoint.
fn standalone(site: &Site<'_>, way: Way) -> Result<Standalone> {
    let started = Instant::now();
    let available =
        ["high-availability.type=kubernetes", "high-availability.storageDir=file:///bench/ha"];
    site.up("standalone", way.image(), &way.options(&available))?;
    let session = site.submit()?;
    session.all_run()?;
    let tasks = started.elapsed();
    let lost = |in_order: bool| -> Result<Duration> {
        let seen = session.two_checkpoints()?;
        let lost = Instant::now();
        site.end_leader(in_order)?;
        session.resumed(seen)?;
        Ok(lost.elapsed())
    };
    let (drained, crashed) = (lost(true)?, lost(false)?);
    site.down()?;
    Ok(Standalone { tasks, drained, crashed })
}

/// One native session up to all tasks, and where the time went by the clocks in its logs.
fn in_native_mode(site: &Site<'_>, way: Way) -> Result<Native> {
    let started = Instant::now();
    site.up("native", way.image(), &way.options(&[]))?;
    let ready = started.elapsed();
    let begun = SystemTime::now();
    let session = site.submit()?;
    session.all_run()?;
    let (tasks, all_run) = (started.elapsed(), SystemTime::now());
    let job_managers = site.logs("jobmanager")?;
    let job_manager = job_managers.first().context("there is no JobManager")?;
    let workers = site.logs("taskmanager")?;
    let last = workers.iter().filter_map(|log| log::first(log)).max();
    let marks = [
        Some(begun),
        log::said(job_manager, "Received JobGraph submission"),
        log::said_last(job_manager, "Creating new TaskManager pod"),
        last,
        log::said_last(job_manager, "Registering TaskManager with ResourceID"),
        Some(all_run),
    ];
    let marks: Option<Vec<SystemTime>> = marks.into_iter().collect();
    let marks = marks.context("a log does not say when something happened")?;
    let mut steps = [0.0; STEPS.len()];
    for (step, between) in steps.iter_mut().zip(marks.windows(2)) {
        *step = between[1].duration_since(between[0]).unwrap_or_default().as_secs_f64();
    }
    site.down()?;
    Ok(Native { ready, tasks, steps })
}

fn section(standalone: &[Vec<Standalone>; 2], native: &[Vec<Native>; 2]) -> Section {
    let s = Unit::Seconds;
    let [ours, theirs] = standalone;
    let of = |all: &[Standalone], time: fn(&Standalone) -> Duration| -> Vec<f64> {
        all.iter().map(|one| s.of(time(one))).collect()
    };
    let row = |what: &str, time: fn(&Standalone) -> Duration| {
        Row::beside(what, s, &of(ours, time), &of(theirs, time))
    };
    let mut rows = vec![
        row("standalone: from `up` to all tasks RUNNING", |one| one.tasks),
        row("JobManager's pod deleted, to the next completed checkpoint", |one| one.drained),
        row("JobManager crashed, to the next completed checkpoint", |one| one.crashed),
    ];
    let [ours, theirs] = native;
    let of = |all: &[Native], time: &dyn Fn(&Native) -> f64| -> Vec<f64> {
        all.iter().map(time).collect()
    };
    let row = |what: &str, time: &dyn Fn(&Native) -> f64| {
        Row::beside(what, s, &of(ours, time), &of(theirs, time))
    };
    let tasks = of(ours, &|one| s.of(one.tasks));
    rows.push(
        row("native: from `up` to all tasks RUNNING", &|one| s.of(one.tasks))
            .at_most(s, &tasks, NATIVE),
    );
    rows.push(row("of that: `up` until REST answers", &|one| s.of(one.ready)));
    for (index, step) in STEPS.iter().enumerate() {
        rows.push(row(&format!("of that: {step}"), &|one| one.steps[index]));
    }
    let intro = format!(
        "Sessions of Flink {VERSION} on one Kubernetes node (containerd, kubelet, kube-proxy, control plane) of this machine, \
         with the repository's exactly-once job, a checkpoint each half second, two tasks of each kind on two TaskManagers of one \
         slot. Nutkin: an image of `nutkin image build --class-data`, whose entrypoint is Nutkin. Beside it: the same objects, \
         with an image of the same parts without archives, whose entrypoint starts first the JVMs that the official image's \
         entrypoint and Flink's scripts start (`BashJavaUtils`); what their shells take is left out, which favours them. \
         Commands are Nutkin's in both. In standalone mode there is one JobManager with Kubernetes' high availability: deleted, it \
         gives up its lease; crashed, its successor waits 15 s for the lease to end. Where the time of native mode goes is by the \
         clocks in the logs, the later of two TaskManagers. Flink's own client and the official way of starting took 24 to 28 s \
         to all tasks on such a node. Median of {} rounds in turn, after one that is not counted; the longest native start of Nutkin was \
         {:.1} s, the median {:.1} s.",
        tasks.len(),
        tasks.iter().copied().fold(0.0, f64::max),
        median(&tasks),
    );
    Section { title: "Sessions on a node", intro, rows }
}
