//! Waits until a session answers and has its slots, and notices at once when it never will.

use std::path::Path;
use std::time::{Duration, Instant};

use super::directory::SessionDirectory;
use super::launch::{Launch, Phase, Role};
use super::{control, rotate};
use nutkin_flink::counted;
use nutkin_rest::{Overview, Probe};
use nutkin_rest::{Ready, Waited};
use nutkin_shell::{Error, Kind};

/// Between two looks. Readiness is to be noticed within 50 ms, and a look costs a millisecond.
const POLL: Duration = Duration::from_millis(25);

/// Lines of a dead JVM's output that are shown: the exception and its cause fit.
const SHOWN_LINES: usize = 12;

/// Waits for readiness, telling `progress` in a short sentence what is waited for.
///
/// # Errors
/// A process died before the session was ready: its last lines are in the error.
pub async fn ready(
    directory: &SessionDirectory,
    launch: &Launch,
    timeout: Duration,
    mut progress: impl FnMut(&str),
) -> Result<Waited, Error> {
    let probe = Probe::new(&launch.rest_urls)?;
    let wanted = launch.processes.iter().filter(|one| one.role == Role::TaskManager).count();
    let slots = launch.options.get("taskmanager.numberOfTaskSlots");
    let slots = slots.and_then(|slots| slots.trim().parse().ok()).unwrap_or(1) * wanted;
    let started = Instant::now();
    let mut last = None;
    loop {
        died(directory, launch)?;
        if let Some((overview, url)) = probe.overview().await {
            // A TaskManager is counted a moment before its slots are.
            let complete =
                wanted <= overview.taskmanagers as usize && slots <= overview.slots_total as usize;
            if complete && is_current(directory, launch) {
                return Ok(Waited::Ready(Ready { overview, url: url.to_owned() }));
            }
            progress(&format!(
                "{} of {} registered",
                overview.taskmanagers,
                counted(wanted, "TaskManager")
            ));
            last = Some(overview);
        } else {
            progress("waiting for the JobManager to answer");
        }
        if timeout < started.elapsed() {
            return Ok(Waited::TimedOut(last.map_or_else(
                || "no JobManager answers".to_owned(),
                |overview: Overview| {
                    format!("{} registered", counted(overview.taskmanagers, "TaskManager"))
                },
            )));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Whether the supervisor follows these orders already: an answer before that is the old session's.
fn is_current(directory: &SessionDirectory, launch: &Launch) -> bool {
    let seen = control::look(directory);
    seen.running.is_some_and(|running| {
        running.generation == launch.generation
            && running.processes.iter().all(|process| process.phase == Phase::Running)
    })
}

fn died(directory: &SessionDirectory, launch: &Launch) -> Result<(), Error> {
    let Some(running) = control::look(directory).running else { return Ok(()) };
    if running.generation != launch.generation {
        return Ok(());
    }
    // A process that was restarted before is not news; one that waits to be is.
    let Some(dead) = running.processes.iter().find(|one| one.phase == Phase::Waiting) else {
        return Ok(());
    };
    let how = dead.last_end.clone().unwrap_or_else(|| "ended".to_owned());
    let log = launch.processes.iter().find(|one| one.name == dead.name).map(|one| one.log.clone());
    let mut lines = tail(&dead.out, SHOWN_LINES);
    if lines.is_empty() {
        // It was started again in this very moment, and its last words were put aside.
        lines = tail(&rotate::older(&dead.out, 1), SHOWN_LINES);
    }
    if let Some(log) = log {
        lines.extend(reasons(&log));
    }
    let message = format!("{} did not start: {how}\n{}", dead.name, lines.join("\n"));
    Err(Error::new(Kind::Broken, message.trim_end().to_owned())
        .hint(format!("its output is `{}`", dead.out.display())))
}

/// The last lines of a file; none when it cannot be read.
pub fn tail(path: &Path, count: usize) -> Vec<String> {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].iter().map(|line| (*line).to_owned()).collect()
}

/// The lines of a log that say why: exceptions and causes, without their stacks.
fn reasons(log: &Path) -> Vec<String> {
    let interesting = |line: &String| {
        (line.contains("Exception") || line.contains("Caused by") || line.contains(" ERROR "))
            && !line.trim_start().starts_with("at ")
    };
    let mut lines: Vec<String> = tail(log, 200).into_iter().filter(interesting).collect();
    lines.split_off(lines.len().saturating_sub(SHOWN_LINES))
}
