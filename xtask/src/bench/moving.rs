//! A session of five jobs that changes: `nutkin up` beside Flink's own tools, one command after the other; and the submission of
//! a jar that the session has.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Bench;
use super::figures::{Unit, median};
use super::flink::{Flink, VERSION, render};
use super::page::{Row, Section};
use super::{measure, rest, stock};
use crate::root::{output, run, say, target};

/// Jobs of the session.
const JOBS: usize = 5;
/// TaskManagers and their slots: one slot for each job, and one for the submissions.
const TASK_MANAGERS: u32 = 2;
const SLOTS: u32 = 3;
/// What a move may take of the time of Flink's tools, and so a job's downtime.
const RATIO: f64 = 0.5;
/// Milliseconds that a submission may take beyond what the JobManager itself takes.
const BEYOND: f64 = 50.0;
/// Name of the session.
const NAME: &str = "bench";
/// Between two looks at the jobs.
const EVERY: Duration = Duration::from_millis(20);
/// Until all jobs run: ten times what a busy machine takes.
const GIVE_UP: Duration = Duration::from_mins(3);

/// What a move took.
#[derive(Debug, Clone, Copy)]
struct Moved {
    /// From the first command until all jobs run again and the last command has ended.
    wall: Duration,
    /// How long a job did not run, on average.
    down: Duration,
}

/// Measures it.
///
/// # Errors
/// When a session does not come up, or a job does not run.
pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let flink = bench.flink()?;
    let jars = crate::jobs::compile(VERSION, &flink.home, &target().join("bench-jobs"))?;
    let jar = jars.join("ExactlyOnce.jar");
    let rounds = bench.runs(3);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut submissions: [Vec<f64>; 3] = Default::default();
    for _ in 0..rounds {
        let (moved, more) = by_nutkin(bench, flink, &jar)?;
        let stock = by_flink(bench, flink, &jar, &mut submissions[2])?;
        say(&format!(
            "{:.2} s ({:.2} s down)  {:.2} s ({:.2} s down)",
            moved.wall.as_secs_f64(),
            moved.down.as_secs_f64(),
            stock.wall.as_secs_f64(),
            stock.down.as_secs_f64()
        ));
        for (all, more) in submissions.iter_mut().zip(more) {
            all.extend(more);
        }
        ours.push(moved);
        theirs.push(stock);
    }
    let (s, ms) = (Unit::Seconds, Unit::Milliseconds);
    let wall = |all: &[Moved]| all.iter().map(|one| s.of(one.wall)).collect::<Vec<_>>();
    let down = |all: &[Moved]| all.iter().map(|one| s.of(one.down)).collect::<Vec<_>>();
    let [run, server, client] = submissions;
    let server = median(&server);
    let beyond: Vec<f64> = run.iter().map(|one| one - server).collect();
    let rows = vec![
        Row::beside("all jobs run again", s, &wall(&ours), &wall(&theirs)).ratio_at_most(RATIO),
        Row::beside("a job does not run", s, &down(&ours), &down(&theirs)).ratio_at_most(RATIO),
        Row::beside("`nutkin run -d` of a jar that the session has", ms, &run, &client),
        Row::new("the same beyond the JobManager's own time", ms, &beyond)
            .at_most(ms, &beyond, BEYOND),
    ];
    let intro = format!(
        "A session of one JobManager and {TASK_MANAGERS} TaskManagers, Flink {VERSION}, with {JOBS} jobs (exactly once, a checkpoint each \
         second) gets another option for its JVMs. `nutkin up` stops the jobs with savepoints, restarts the session, resumes the jobs and waits for their \
         first checkpoints; beside it, one command after the other, `flink stop` for each job, the processes killed and started as by \
         `start-cluster.sh`, and `flink run -s` for each job, until all jobs run, \
         without waiting for checkpoints. The client is started without the shell of its script, which favours it. How long a job \
         does not run is asked every {} ms, on average over the jobs. A submission is that of the same jar once more; the JobManager's own time is that of \
         `POST /jars/:id/run`. Median of {rounds} rounds in turn.",
        EVERY.as_millis(),
    );
    Ok(Section { title: "A session of five jobs that changes", intro, rows })
}

/// Options of the session, and of the changed one.
fn arguments(port: u16, state: &Path, is_changed: bool) -> Vec<String> {
    let mut options = vec![
        format!("rest.port={port}"),
        format!("taskmanager.numberOfTaskSlots={SLOTS}"),
        format!("state.savepoints.dir=file://{}", state.join("savepoints").display()),
        format!("state.checkpoints.dir=file://{}", state.join("checkpoints").display()),
    ];
    if is_changed {
        options.push("env.java.opts.all=-Dbench=changed".to_owned());
    }
    let numbers = ["--flink", &VERSION.to_string(), "--task-managers", &TASK_MANAGERS.to_string()];
    let mut all: Vec<String> = numbers.map(str::to_owned).to_vec();
    all.extend(options.into_iter().flat_map(|option| ["-D".to_owned(), option]));
    all
}

/// Arguments of main() of a job that goes on for longer than it is looked at.
fn of_main(state: &Path, number: usize) -> Vec<String> {
    let output = state.join(format!("output-{number}")).display().to_string();
    ["--output", &output, "--total", "1000000", "--rate", "200", "--interval", "1000"]
        .map(str::to_owned)
        .to_vec()
}

/// The same of one that ends at once.
fn of_short(state: &Path) -> Vec<String> {
    let output = state.join("short").display().to_string();
    ["--output", &output, "--total", "1"].map(str::to_owned).to_vec()
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// How many jobs run with all their tasks.
fn running(port: u16) -> usize {
    count(port, |job| job["state"] == "RUNNING" && job["tasks"]["running"] == job["tasks"]["total"])
}

/// How many jobs have not ended.
fn alive(port: u16) -> usize {
    count(port, |job| !["FINISHED", "CANCELED", "FAILED"].iter().any(|end| job["state"] == *end))
}

fn count(port: u16, is_meant: impl Fn(&Value) -> bool) -> usize {
    let overview = rest::get(address(port), "/jobs/overview").unwrap_or_default();
    overview["jobs"].as_array().map_or(0, |jobs| jobs.iter().filter(|job| is_meant(job)).count())
}

/// Waits until the jobs run, and nothing else.
fn until_all_run(port: u16) -> Result<()> {
    let started = Instant::now();
    while (running(port), alive(port)) != (JOBS, JOBS) {
        ensure!(started.elapsed() < GIVE_UP, "the jobs do not run");
        std::thread::sleep(EVERY);
    }
    Ok(())
}

/// Counts how long jobs do not run, until it is told to stop.
struct Watch {
    ends: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

impl Watch {
    fn begin(port: u16) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let ended = ends.clone();
        let thread = std::thread::spawn(move || {
            let (mut down, mut last) = (Duration::ZERO, Instant::now());
            while !ended.load(Ordering::Relaxed) {
                let missing = JOBS.saturating_sub(running(port));
                let now = Instant::now();
                down += (now - last) * u32::try_from(missing).unwrap_or(0);
                last = now;
                std::thread::sleep(EVERY);
            }
            down / u32::try_from(JOBS).unwrap_or(1)
        });
        Self { ends, thread }
    }

    fn end(self) -> Result<Duration> {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow::anyhow!("the looking thread panicked"))
    }
}

/// Gives what the move took, and milliseconds of submissions: by `nutkin run`, and of the JobManager alone.
fn by_nutkin(bench: &Bench, flink: &Flink, jar: &Path) -> Result<(Moved, [Vec<f64>; 2])> {
    let state = bench.fresh("moving-nutkin")?;
    let port = rest::free_port()?;
    let nutkin = || bench.nutkin(&flink.cache, &state);
    let up = |is_changed: bool| {
        let mut command = nutkin();
        command.args(["up", NAME, "--on", "local", "--yes", "--quiet"]);
        command.args(arguments(port, &state, is_changed));
        command
    };
    let submit = |of_main: &[String]| {
        let mut command = nutkin();
        command.args(["run", "-d", "--session", NAME, "--quiet"]).arg(jar).args(of_main);
        command
    };
    let measured = (|| -> Result<_> {
        measure::run(&mut up(false))?;
        for number in 0..JOBS {
            measure::run(&mut submit(&of_main(&state, number)))?;
        }
        until_all_run(port)?;
        let mut submissions: [Vec<f64>; 2] = Default::default();
        for _ in 0..bench.runs(5) {
            let taken = measure::run(&mut submit(&of_short(&state)))?;
            submissions[0].push(Unit::Milliseconds.of(taken.wall));
            submissions[1].push(Unit::Milliseconds.of(submitted(port, &of_short(&state))?));
        }
        until_all_run(port)?;
        let watch = Watch::begin(port);
        let started = Instant::now();
        measure::run(&mut up(true))?;
        until_all_run(port)?;
        let wall = started.elapsed();
        Ok((Moved { wall, down: watch.end()? }, submissions))
    })();
    let down = run(nutkin().args(["down", NAME, "--yes", "--force", "--quiet"]));
    let measured = measured?;
    down?;
    Ok(measured)
}

/// What the JobManager takes for a submission of the jar that it has.
fn submitted(port: u16, of_main: &[String]) -> Result<Duration> {
    let jars = rest::get(address(port), "/jars").context("the JobManager lists its jars")?;
    let id = jars["files"][0]["id"].as_str().context("the JobManager has the jar")?;
    let body = json!({"programArgsList": of_main}).to_string();
    let started = Instant::now();
    rest::post(address(port), &format!("/jars/{id}/run"), &body).context("the jar runs")?;
    Ok(started.elapsed())
}

fn by_flink(bench: &Bench, flink: &Flink, jar: &Path, runs: &mut Vec<f64>) -> Result<Moved> {
    let state = bench.fresh("moving-flink")?;
    let port = rest::free_port()?;
    let slots = u64::from(TASK_MANAGERS * SLOTS);
    let rendered = |is_changed: bool| -> Result<stock::Rendered> {
        let all = arguments(port, &state, is_changed);
        Ok(serde_json::from_value(render(bench, &flink.plain, &state, &all)?)?)
    };
    let (first, second) = (rendered(false)?, rendered(true)?);
    let session = stock::Session::start(flink, &first, port, slots)?;
    // What the `flink` script comes to: it is in no distribution of a package index.
    let client = |words: &[&str]| -> Command {
        let mut command = Command::new(first.java());
        command
            .env("FLINK_CONF_DIR", first.conf())
            .args(first.opens())
            .arg("-cp")
            .arg(flink.home.join("lib/*"));
        command.arg("org.apache.flink.client.cli.CliFrontend").args(words);
        command.args(["-m", &format!("127.0.0.1:{port}")]);
        command
    };
    let submit = |from: Option<&str>, of_main: &[String]| -> Command {
        let mut command = client(&["run", "-d"]);
        command.args(from.iter().flat_map(|from| ["-s", from])).arg(jar).args(of_main);
        command
    };
    let mut ids = Vec::new();
    for number in 0..JOBS {
        let said = output(&mut submit(None, &of_main(&state, number)))?;
        ids.push(after(&said, "Job has been submitted with JobID ")?);
    }
    until_all_run(port)?;
    for _ in 0..bench.runs(3) {
        runs.push(Unit::Milliseconds.of(measure::run(&mut submit(None, &of_short(&state)))?.wall));
    }
    until_all_run(port)?;
    let watch = Watch::begin(port);
    let started = Instant::now();
    let savepoints = state.join("savepoints");
    let mut from = Vec::new();
    for id in &ids {
        let said = output(client(&["stop"]).arg("-p").arg(&savepoints).arg(id))?;
        from.push(after(&said, "Savepoint completed. Path: ")?);
    }
    drop(session);
    let _session = stock::Session::start(flink, &second, port, slots)?;
    for (number, from) in from.iter().enumerate() {
        output(&mut submit(Some(from), &of_main(&state, number)))?;
    }
    until_all_run(port)?;
    Ok(Moved { wall: started.elapsed(), down: watch.end()? })
}

/// The word after a text.
fn after(said: &str, text: &str) -> Result<String> {
    let rest = said.split(text).nth(1).and_then(|rest| rest.split_whitespace().next());
    rest.map(str::to_owned).with_context(|| format!("`{text}` is not in `{said}`"))
}
