//! Reads the logs of processes on this machine.

mod reader;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use self::reader::Reader;
use super::directory::SessionDirectory;
use super::launch::{Definition, Launch, read_launch};
use nutkin_shell::logs::{Closed, LogStream, Logged, Logger, Stopped, stream};
use nutkin_shell::{Error, Kind, Logs};

/// How often a followed log is looked at: quick for a reader, idle for the machine.
const POLL: Duration = Duration::from_millis(200);

/// Logs and outputs of the processes.
///
/// # Errors
/// In the stream: the state is damaged, or there is no such process (2).
pub fn lines<'a>(directory: &'a SessionDirectory, logs: &'a Logs) -> LogStream<'a> {
    stream(async move |logger| read(directory, logs, logger).await)
}

async fn read(directory: &SessionDirectory, logs: &Logs, logger: Logger) -> Result<(), Stopped> {
    let launch = read_launch(directory)?;
    let names: Vec<&str> = launch.processes.iter().map(|one| one.name.as_str()).collect();
    for wanted in &logs.processes {
        if !names.contains(&wanted.as_str()) {
            let message = format!("session `{}` has no process `{wanted}`", directory.name());
            return Err(Error::new(Kind::Invalid, message)
                .hint(format!("there are: {}", names.join(", ")))
                .into());
        }
    }
    let mut files = Files { logs, logger, known: BTreeSet::new(), sources: Vec::new() };
    files.add(&launch, logs.tail).await?;
    if !logs.follow {
        return Ok(files.read_rests().await?);
    }
    loop {
        // Files tell nobody that they have grown: whoever follows them looks now and then.
        tokio::time::sleep(POLL).await;
        let exists = directory.exists();
        files.read_news().await?;
        if !exists {
            files.read_rests().await?;
            let ended = format!("session `{}` has ended", directory.name());
            return Ok(files.logger.put(Logged::Said(ended)).await?);
        }
        // What was scaled up or changed since is followed, too. Orders that cannot be read now may be later.
        if let Ok(launch) = read_launch(directory) {
            files.add(&launch, None).await?;
        }
    }
}

/// The files that are read.
struct Files<'a> {
    logs: &'a Logs,
    logger: Logger,
    known: BTreeSet<PathBuf>,
    sources: Vec<(String, Reader)>,
}

impl Files<'_> {
    /// Reads the files of processes that are new here, of what they hold already only so many lines.
    async fn add(&mut self, launch: &Launch, tail: Option<usize>) -> Result<(), Closed> {
        let wanted = &self.logs.processes;
        let is_wanted = |process: &&Definition| wanted.is_empty() || wanted.contains(&process.name);
        let mut is_told = false;
        for process in launch.processes.iter().filter(is_wanted) {
            for path in [&process.out, &process.log] {
                if !self.known.insert(path.clone()) {
                    continue;
                }
                if !is_told {
                    let names = launch.processes.iter().map(|one| one.name.clone()).collect();
                    self.logger.put(Logged::Processes(names)).await?;
                    is_told = true;
                }
                let mut reader = Reader::new(path);
                let lines = reader.news();
                let skipped = tail.map_or(0, |tail| lines.len().saturating_sub(tail));
                self.logger.lines(&process.name, lines.into_iter().skip(skipped)).await?;
                self.sources.push((process.name.clone(), reader));
            }
        }
        Ok(())
    }

    async fn read_news(&mut self) -> Result<(), Closed> {
        for (process, reader) in &mut self.sources {
            self.logger.lines(process, reader.news()).await?;
        }
        Ok(())
    }

    /// Lines that nobody ended.
    async fn read_rests(&mut self) -> Result<(), Closed> {
        for (process, reader) in &mut self.sources {
            self.logger.lines(process, reader.rest()).await?;
        }
        Ok(())
    }
}
