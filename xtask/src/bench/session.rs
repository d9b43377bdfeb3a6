//! From the command to a session with all slots: `nutkin up` beside what Flink's scripts do.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Bench;
use super::figures::{Unit, median};
use super::flink::{Flink, VERSION, render};
use super::measure::{self, cpu_ticks};
use super::page::{Row, Section};
use super::{rest, stock};
use crate::root::{run, say};

/// Of both: what people start who try something with a little parallelism.
const TASK_MANAGERS: u32 = 2;
/// Slots of a TaskManager.
const SLOTS: u32 = 2;
/// What a session with class data archives may take of the scripts' time.
const RATIO: f64 = 0.65;
/// Milliseconds from the last slot to the end of `up`.
const NOTICED: f64 = 50.0;
/// Name of the session.
const NAME: &str = "bench";
/// The kernel counts CPU time for `/proc` in hundredths of a second (`USER_HZ` of x86-64 and arm64).
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// What a start took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Started {
    /// From the command until REST shows all slots.
    pub(crate) ready: Duration,
    /// From the command until its end. What has no command ends when it is ready.
    pub(crate) returned: Duration,
    /// Processor time of all processes until then.
    pub(crate) cpu: Duration,
}

/// Measures it.
///
/// # Errors
/// When a session does not come up.
pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let flink = bench.flink()?;
    let rounds = bench.runs(9);
    let (mut scripts, mut plain, mut archived) = (Vec::new(), Vec::new(), Vec::new());
    // One more than are counted: the first reads all jars from the disk.
    for round in 0..=rounds {
        let three = [
            by_scripts(bench, flink)?,
            by_nutkin(bench, &flink.plain)?,
            by_nutkin(bench, &flink.cache)?,
        ];
        say(&three.map(|started| format!("{:.2} s", started.returned.as_secs_f64())).join("  "));
        if 0 < round {
            let [a, b, c] = three;
            scripts.push(a);
            plain.push(b);
            archived.push(c);
        }
    }
    let s = Unit::Seconds;
    let wall = |all: &[Started]| all.iter().map(|one| s.of(one.returned)).collect::<Vec<_>>();
    let cpu = |all: &[Started]| all.iter().map(|one| s.of(one.cpu)).collect::<Vec<_>>();
    let noticed: Vec<f64> = archived
        .iter()
        .chain(&plain)
        .map(|one| Unit::Milliseconds.of(one.returned.saturating_sub(one.ready)))
        .collect();
    let most = noticed.iter().copied().fold(0.0, f64::max);
    let ms = Unit::Milliseconds;
    let rows = vec![
        Row::beside("`nutkin up`, class data archives", s, &wall(&archived), &wall(&scripts))
            .ratio_at_most(RATIO),
        Row::beside("`nutkin up`, no archives", s, &wall(&plain), &wall(&scripts)),
        Row::beside("processor time, class data archives", s, &cpu(&archived), &cpu(&scripts)),
        Row::beside("processor time, no archives", s, &cpu(&plain), &cpu(&scripts)),
        Row::new("from the last slot to the end of `up`", ms, &noticed)
            .at_most(ms, &noticed, NOTICED),
    ];
    let intro = format!(
        "One JobManager and {TASK_MANAGERS} TaskManagers of {SLOTS} slots, Flink {VERSION}, until all slots are registered: \
         `nutkin up` until it returns, beside the same command lines started as `start-cluster.sh` starts them, one after the \
         other without waits, a calculator JVM before each, until REST shows the slots (asked every 5 ms, here and there). The \
         scripts' own shell is left out, which favours them. Processor time is that of all processes until then. Median of \
         {} interleaved rounds; the longest time from the last slot to the end of `up` was {} (median {}).",
        scripts.len(),
        ms.text(most),
        ms.text(median(&noticed)),
    );
    Ok(Section { title: "A session", intro, rows })
}

/// Arguments of `up` and `render` that make the session.
pub(crate) fn arguments(port: u16) -> Vec<String> {
    let mut arguments: Vec<String> =
        ["--flink", &VERSION.to_string(), "--task-managers", &TASK_MANAGERS.to_string()]
            .map(str::to_owned)
            .to_vec();
    let slots = format!("taskmanager.numberOfTaskSlots={SLOTS}");
    for option in [format!("rest.port={port}"), slots] {
        arguments.extend(["-D".to_owned(), option]);
    }
    arguments
}

fn by_scripts(bench: &Bench, flink: &Flink) -> Result<Started> {
    let state = bench.fresh("scripts")?;
    let port = rest::free_port()?;
    // Without archives: the scripts know none.
    let rendered = render(bench, &flink.plain, &state, &arguments(port))?;
    let rendered: stock::Rendered = serde_json::from_value(rendered)?;
    stock::start(flink, &rendered, port, u64::from(TASK_MANAGERS * SLOTS))
}

fn by_nutkin(bench: &Bench, cache: &Path) -> Result<Started> {
    let state = bench.fresh("nutkin")?;
    let started = up(bench, cache, &state);
    let down = down(bench, cache, &state);
    let started = started?;
    down?;
    Ok(started)
}

/// Brings the session up. It stays.
///
/// # Errors
/// When `up` fails.
pub(crate) fn up(bench: &Bench, cache: &Path, state: &Path) -> Result<Started> {
    let port = rest::free_port()?;
    let mut command = bench.nutkin(cache, state);
    command.args(["up", NAME, "--on", "local"]).args(arguments(port));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    // In a thread of its own, so that the end is noted when it is there and not at the next look.
    let ended = std::thread::spawn(move || measure::wait(child, started));
    let mut returned = false;
    let ready = rest::registered(port, u64::from(TASK_MANAGERS * SLOTS), || {
        // Seen by `up` and not by us at the next look: it has failed.
        anyhow::ensure!(!returned, "`nutkin up` ended before the slots were there");
        returned = ended.is_finished();
        Ok(())
    });
    let run = ended.join().map_err(|_| anyhow::anyhow!("the waiting thread panicked"))?;
    let run = run.with_context(|| format!("{command:?}"))?;
    let ready = ready?;
    let ticks: u64 = pids(state)?.into_iter().filter_map(cpu_ticks).sum();
    let cpu = run.cpu + TICK * u32::try_from(ticks)?;
    Ok(Started { ready: ready - started, returned: run.ended - started, cpu })
}

/// Ends the session.
///
/// # Errors
/// When `down` fails.
pub(crate) fn down(bench: &Bench, cache: &Path, state: &Path) -> Result<()> {
    run(bench.nutkin(cache, state).args(["down", NAME, "--yes", "--force", "--quiet"]))
}

/// PID of the supervisor.
///
/// # Errors
/// When the session does not tell it.
pub(crate) fn supervisor(state: &Path) -> Result<u32> {
    let pid = processes(state)?["supervisor"].as_u64().context("the supervisor has a PID")?;
    Ok(u32::try_from(pid)?)
}

/// PIDs of the supervisor and all that it keeps running.
fn pids(state: &Path) -> Result<Vec<u32>> {
    let mut pids = vec![supervisor(state)?];
    let processes = processes(state)?;
    let processes = processes["processes"].as_array().into_iter().flatten();
    for process in processes {
        pids.push(u32::try_from(process["pid"].as_u64().context("a process has a PID")?)?);
    }
    Ok(pids)
}

fn processes(state: &Path) -> Result<Value> {
    let path = state.join(format!("nutkin/sessions/{NAME}/processes.json"));
    let text = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}
