//! Reads the logs of processes on this machine.

mod reader;

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use futures_util::stream::{self, StreamExt as _};
use nutkin_diagnosis::LogReader;

use self::reader::Reader;
use super::directory::SessionDirectory;
use super::launch::{Definition, Launch, read_launch};
use super::{rotate, time_zone};
use nutkin_shell::logs::{Closed, LogLine, LogSource, LogStream, Logged, Logger, Stopped};
use nutkin_shell::{Error, Kind, Logs, logs};

/// How often a followed log is looked at: quick for a reader, idle for the machine.
const POLL: Duration = Duration::from_millis(200);

/// The most files that log4j and logback keep of a log, and more than are kept of an output (`strategy.max` of Flink's own files: 10).
const MOST_OLDER: u32 = 10;

/// Logs and outputs of the processes, in order of time; what is followed as it is written.
///
/// # Errors
/// In the stream: the state is damaged, or there is no such process (2).
pub fn lines<'a>(directory: &'a SessionDirectory, logs: &'a Logs) -> LogStream<'a> {
    logs::stream(async move |logger| read(directory, logs, logger).await)
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
        return Ok(());
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
    sources: Vec<File>,
}

/// One of them.
struct File {
    reader: Reader,
    lines: LogReader,
}

impl Files<'_> {
    /// Reads the files of processes that are new here, of what they hold already only so many lines.
    async fn add(&mut self, launch: &Launch, tail: Option<usize>) -> Result<(), Stopped> {
        let wanted = &self.logs.processes;
        let is_wanted = |process: &&Definition| wanted.is_empty() || wanted.contains(&process.name);
        let mut added = Vec::new();
        for process in launch.processes.iter().filter(is_wanted) {
            for path in self.of(process) {
                if !self.known.insert(path.clone()) {
                    continue;
                }
                let offset = time_zone::offset(process);
                let lines = LogReader::of_file(&process.name, &path.to_string_lossy(), offset);
                added.push(File { reader: Reader::new(&path), lines });
            }
        }
        if added.is_empty() {
            return Ok(());
        }
        let names = launch.processes.iter().map(|one| one.name.clone()).collect();
        self.logger.put(Logged::Processes(names)).await?;
        let ends = !self.logs.follow;
        let sources = added.iter_mut().map(|file| file.source(tail, ends)).collect();
        self.logger.merged(sources).await?;
        self.sources.append(&mut added);
        Ok(())
    }

    /// The files of a process that can have what is wanted.
    fn of(&self, process: &Definition) -> Vec<PathBuf> {
        let present = [process.out.clone(), process.log.clone()];
        let older = [&process.out, &process.log].into_iter().filter(|_| self.logs.previous);
        let older = older.flat_map(|path| (1..=MOST_OLDER).map(|at| rotate::older(path, at)));
        let older = older.filter(|path| path.exists() && !self.is_before(path));
        // What is written now may be followed.
        let present = present.into_iter().filter(|path| self.logs.follow || !self.is_before(path));
        older.chain(present).collect()
    }

    /// Whether nothing was written to a file since the time that is wanted.
    fn is_before(&self, path: &Path) -> bool {
        let Some(since) = self.logs.since.and_then(|since| u64::try_from(since).ok()) else {
            return false;
        };
        let since = SystemTime::UNIX_EPOCH + Duration::from_millis(since);
        let written = path.metadata().and_then(|file| file.modified());
        written.is_ok_and(|written| written < since)
    }

    async fn read_news(&mut self) -> Result<(), Closed> {
        for file in &mut self.sources {
            let news = file.reader.news();
            self.logger.lines(news.iter().map(|line| file.lines.line(line))).await?;
        }
        Ok(())
    }

    /// Lines that nobody ended.
    async fn read_rests(&mut self) -> Result<(), Closed> {
        for file in &mut self.sources {
            let rest = file.reader.rest();
            self.logger.lines(rest.iter().map(|line| file.lines.line(line))).await?;
        }
        Ok(())
    }
}

impl File {
    /// What it holds, or the last lines of that. `ends`: a line that nobody has ended is one of them.
    fn source(&mut self, tail: Option<usize>, ends: bool) -> LogSource<'_> {
        let Self { reader, lines } = self;
        let next = move || {
            let rest =
                |reader: &mut Reader| ends.then(|| reader.rest()).flatten().map(|line| vec![line]);
            reader.more().or_else(|| rest(reader))
        };
        let all = std::iter::from_fn(next).flatten().map(|line| lines.line(&line));
        let Some(tail) = tail else { return stream::iter(all.map(Ok)).boxed_local() };
        let last = all.fold(VecDeque::new(), |mut last: VecDeque<LogLine>, line| {
            last.push_back(line);
            if tail < last.len() {
                last.pop_front();
            }
            last
        });
        stream::iter(last.into_iter().map(Ok)).boxed_local()
    }
}
