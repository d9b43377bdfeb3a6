//! Shows the logs of processes on this machine.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use super::directory::SessionDirectory;
use super::scale::read_launch;
use super::wait::tail;
use crate::platform::Logs;
use crate::report::Style;
use crate::{Context, Exit, Failure, Outcome};

/// How often a followed log is looked at: quick for a reader, idle for the machine.
const POLL: Duration = Duration::from_millis(200);

/// Shows logs and outputs of the processes with a prefix for each.
///
/// # Errors
/// The state is damaged, or there is no such process (2).
pub async fn show(directory: &SessionDirectory, logs: &Logs, context: &Context<'_>) -> Outcome {
    let launch = read_launch(directory)?;
    let names: Vec<&str> = launch.processes.iter().map(|one| one.name.as_str()).collect();
    for wanted in &logs.processes {
        if !names.contains(&wanted.as_str()) {
            let message = format!("session `{}` has no process `{wanted}`", directory.name());
            return Err(Failure::new(Exit::BadInput, message)
                .hint(format!("there are: {}", names.join(", "))));
        }
    }
    let width = names.iter().map(|name| name.len()).max().unwrap_or(0);
    let mut sources: Vec<(String, PathBuf, u64)> = Vec::new();
    for process in &launch.processes {
        if !logs.processes.is_empty() && !logs.processes.contains(&process.name) {
            continue;
        }
        let prefix = context.printer.style_out(Style::Cyan, &format!("{:<width$}", process.name));
        for path in [&process.out, &process.log] {
            let size = path.metadata().map_or(0, |metadata| metadata.len());
            for line in tail(path, logs.tail.unwrap_or(usize::MAX)) {
                context.printer.out(&format!("{prefix} | {line}\n"));
            }
            sources.push((prefix.clone(), path.clone(), size));
        }
    }
    if !logs.follow {
        return Ok(Exit::Done);
    }
    let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        for (prefix, path, seen) in &mut sources {
            for line in news(path, seen) {
                context.printer.out(&format!("{prefix} | {line}\n"));
            }
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            _ = &mut interrupt => return Ok(Exit::Done),
        }
    }
}

/// The whole lines that a file has beyond `seen`. A file that shrank was rotated: it is read from its start.
fn news(path: &PathBuf, seen: &mut u64) -> Vec<String> {
    let Ok(mut file) = File::open(path) else { return Vec::new() };
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    if size < *seen {
        *seen = 0;
    }
    let mut bytes = Vec::new();
    let read = file.seek(SeekFrom::Start(*seen)).and_then(|_| file.read_to_end(&mut bytes));
    let Some(end) = read.ok().and_then(|_| bytes.iter().rposition(|byte| *byte == b'\n')) else {
        return Vec::new();
    };
    *seen += end as u64 + 1;
    String::from_utf8_lossy(&bytes[..end]).lines().map(str::to_owned).collect()
}
