//! The process that stays beside a session: its memory, and its processor time while nothing happens.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::Bench;
use super::figures::Unit;
use super::measure::{cpu_ticks, memory_line};
use super::page::{Row, Section};
use super::session::{TICK, down, supervisor, up};

/// How long it is watched.
const WATCH: Duration = Duration::from_secs(30);
/// The same for a quick look.
const GLANCE: Duration = Duration::from_secs(3);
/// MiB that it may take.
const MEMORY: u32 = 10;

/// Measures it beside a session that has no job.
///
/// # Errors
/// When the session does not come up.
pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let flink = bench.flink()?;
    let state = bench.fresh("supervisor")?;
    let watch = if bench.quick { GLANCE } else { WATCH };
    let watched = up(bench, &flink.cache, &state).and_then(|_| {
        let pid = supervisor(&state)?;
        let ticks = || cpu_ticks(pid).context("the supervisor is gone");
        let before = ticks()?;
        sleep(watch);
        let used = TICK * u32::try_from(ticks()? - before)?;
        let status = format!("/proc/{pid}/status");
        let memory = |name| memory_line(&status, name).context("the kernel tells its memory");
        Ok((used, memory("VmHWM")?, memory("RssAnon")?))
    });
    let ended = down(bench, &flink.cache, &state);
    let (used, peak, own) = watched?;
    ended?;
    let (bytes, ms) = (Unit::Bytes, Unit::Milliseconds);
    let (peak, own, used) = ([peak as f64], [own as f64], [ms.of(used)]);
    let idle = format!("processor time in {} s without events", watch.as_secs());
    let rows = vec![
        Row::new("most resident memory", bytes, &peak).at_most(
            bytes,
            &peak,
            Unit::mebibytes(MEMORY),
        ),
        Row::new("of its own, not of the binary's pages", bytes, &own),
        Row::new(&idle, ms, &used).at_most(ms, &used, 0.0),
    ];
    let intro = "The supervisor of the session above, while no job runs. It sleeps in `poll(2)` and wakes once a minute \
                 to look at the sizes of log files; the kernel counts processor time in steps of 10 ms."
        .to_owned();
    Ok(Section { title: "The supervisor", intro, rows })
}
