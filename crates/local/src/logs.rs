//! Shows the logs of processes on this machine.

mod reader;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use self::reader::Reader;
use super::directory::SessionDirectory;
use super::launch::read_launch;
use super::launch::{Definition, Launch};
use nutkin_shell::Logs;
use nutkin_shell::{Context, Error, Kind};

/// How often a followed log is looked at: quick for a reader, idle for the machine.
const POLL: Duration = Duration::from_millis(200);

/// Shows logs and outputs of the processes with a prefix for each.
///
/// # Errors
/// The state is damaged, or there is no such process (2).
pub async fn show(
    directory: &SessionDirectory,
    logs: &Logs,
    context: &Context<'_>,
) -> Result<(), Error> {
    let launch = read_launch(directory)?;
    let names: Vec<&str> = launch.processes.iter().map(|one| one.name.as_str()).collect();
    for wanted in &logs.processes {
        if !names.contains(&wanted.as_str()) {
            let message = format!("session `{}` has no process `{wanted}`", directory.name());
            return Err(
                Error::new(Kind::Invalid, message).hint(format!("there are: {}", names.join(", ")))
            );
        }
    }
    let mut shown = Shown { logs, context, known: BTreeSet::new(), sources: Vec::new() };
    shown.add(&launch, logs.tail);
    if !logs.follow {
        shown.print_rests();
        return Ok(());
    }
    loop {
        tokio::time::sleep(POLL).await;
        let exists = directory.exists();
        shown.print_news();
        if !exists {
            shown.print_rests();
            context.events.say(&format!("session `{}` has ended", directory.name()));
            return Ok(());
        }
        // What was scaled up or changed since is followed, too. Orders that cannot be read now may be later.
        if let Ok(launch) = read_launch(directory) {
            shown.add(&launch, None);
        }
    }
}

/// The files that are shown.
struct Shown<'a> {
    logs: &'a Logs,
    context: &'a Context<'a>,
    known: BTreeSet<PathBuf>,
    sources: Vec<(String, Reader)>,
}

impl Shown<'_> {
    /// Shows the files of processes that are new here, of what they hold already only so many lines.
    fn add(&mut self, launch: &Launch, tail: Option<usize>) {
        let width = launch.processes.iter().map(|one| one.name.len()).max().unwrap_or(0);
        let wanted = &self.logs.processes;
        let is_wanted = |process: &&Definition| wanted.is_empty() || wanted.contains(&process.name);
        for process in launch.processes.iter().filter(is_wanted) {
            let prefix = format!("{:<width$}", process.name);
            for path in [&process.out, &process.log] {
                if self.known.insert(path.clone()) {
                    let mut reader = Reader::new(path);
                    let lines = reader.news();
                    let skipped = tail.map_or(0, |tail| lines.len().saturating_sub(tail));
                    self.print(&prefix, &lines[skipped..]);
                    self.sources.push((prefix.clone(), reader));
                }
            }
        }
    }

    fn print_news(&mut self) {
        for index in 0..self.sources.len() {
            let lines = self.sources[index].1.news();
            self.print(&self.sources[index].0, &lines);
        }
    }

    /// Lines that nobody ended.
    fn print_rests(&mut self) {
        for index in 0..self.sources.len() {
            let rest = self.sources[index].1.rest();
            self.print(&self.sources[index].0, rest.as_slice());
        }
    }

    fn print(&self, prefix: &str, lines: &[String]) {
        if !lines.is_empty() {
            self.context.events.log(prefix, lines);
        }
    }
}
