//! Logs as a stream: a shell reads them, and somebody else prints, keeps or serves them.

use std::future::Future;

use futures_util::future::join_all;
use futures_util::stream::{self, LocalBoxStream};
use futures_util::{FutureExt as _, StreamExt as _};
use nutkin_core::Remedy;
pub use nutkin_core::logs::LogLine;
use nutkin_core::logs::LogMerge;
use tokio::sync::mpsc;

use crate::Error;

/// Lines that may be read before anybody wants them: enough that reader and printer do not wait for each other at every
/// one, little enough that a reader of a large log waits for a slow printer.
const AHEAD: usize = 1024;

/// One log, line by line in its order.
pub type LogSource<'a> = LocalBoxStream<'a, Result<LogLine, Error>>;

/// What comes out of logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logged {
    /// A line.
    Line(LogLine),
    /// Names of the processes whose lines may come, before the first of them.
    Processes(Vec<String>),
    /// Something about the logs that nobody logged.
    Said(String),
    /// Something in them that should be known.
    Warned(String),
    /// What to do about what was said before.
    Hint(Remedy),
}

/// Logs as they come. Dropped, they are read no further.
pub type LogStream<'a> = LocalBoxStream<'a, Result<Logged, Error>>;

/// Where a reader of logs puts what it reads.
#[derive(Debug, Clone)]
pub struct Logger(mpsc::Sender<Result<Logged, Error>>);

/// Nobody wants any more of it.
#[derive(Debug, Clone, Copy)]
pub struct Closed;

impl Logger {
    /// Hands something over, as soon as somebody has room for it.
    ///
    /// # Errors
    /// Nobody wants it.
    pub async fn put(&self, logged: Logged) -> Result<(), Closed> {
        self.0.send(Ok(logged)).await.map_err(|_| Closed)
    }

    /// Hands over lines.
    ///
    /// # Errors
    /// Nobody wants them.
    pub async fn lines(&self, lines: impl IntoIterator<Item = LogLine>) -> Result<(), Closed> {
        for line in lines {
            self.put(Logged::Line(line)).await?;
        }
        Ok(())
    }

    /// Hands over logs in order of time, to their ends. They are read side by side, one line of each ahead.
    ///
    /// # Errors
    /// Nobody wants them, or one of them cannot be read.
    pub async fn merged(&self, mut sources: Vec<LogSource<'_>>) -> Result<(), Stopped> {
        let mut merge = LogMerge::of(sources.len());
        loop {
            let wanted: Vec<usize> = merge.wants().collect();
            let reading = sources.iter_mut().enumerate();
            let reading = reading.filter(|(source, _)| wanted.contains(source));
            let read = join_all(reading.map(async |(source, log)| (source, log.next().await)));
            for (source, line) in read.await {
                merge.put(source, line.transpose()?);
            }
            match merge.take() {
                Some(line) => self.put(Logged::Line(line)).await?,
                None => return Ok(()),
            }
        }
    }
}

/// Why reading logs has ended early.
#[derive(Debug)]
pub enum Stopped {
    /// Nobody wants any more.
    Closed,
    /// It failed.
    Failed(Error),
}

impl From<Closed> for Stopped {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The stream of what a reader puts into its logger. It reads while the stream is polled, and its failure comes last.
pub fn stream<'a, F>(read: impl FnOnce(Logger) -> F) -> LogStream<'a>
where
    F: Future<Output = Result<(), Stopped>> + 'a,
{
    let (sender, receiver) = mpsc::channel(AHEAD);
    let reading = read(Logger(sender.clone()));
    let reading = async move {
        if let Err(Stopped::Failed(error)) = reading.await {
            let _ = sender.send(Err(error)).await;
        }
    };
    let lines = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|logged| (logged, receiver))
    });
    let reading = reading.into_stream().filter_map(|()| std::future::ready(None));
    stream::select(lines, reading).boxed_local()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn line(process: &str, number: i64) -> LogLine {
        LogLine {
            process: process.to_owned(),
            log: String::new(),
            text: number.to_string(),
            at: Some(number),
            begins: true,
        }
    }

    #[tokio::test]
    async fn lines_come_in_their_order_and_a_failure_last() {
        let many = 3 * AHEAD;
        let read = async |logger: Logger| {
            logger.lines((0..).take(many).map(|number| line("a", number))).await?;
            Err(Error::new(Kind::Broken, "gone").into())
        };
        let mut all: Vec<_> = stream(read).collect().await;
        assert_eq!(all.len(), many + 1);
        assert!(all.pop().is_some_and(|last| last.is_err()));
        let texts = all.into_iter().enumerate().filter_map(|(at, one)| match one {
            Ok(Logged::Line(line)) => Some((at.to_string(), line.text)),
            _ => None,
        });
        assert!(texts.into_iter().all(|(at, text)| at == text));
    }

    #[tokio::test]
    async fn nothing_is_read_for_nobody() {
        let read = async |logger: Logger| {
            logger.lines((0..).map(|number| line("a", number))).await?;
            Ok(())
        };
        let few: Vec<_> = stream(read).take(3).collect().await;
        assert_eq!(few.len(), 3);
    }

    #[tokio::test]
    async fn several_logs_are_one() {
        let log = |process: &'static str, numbers: &'static [i64]| {
            stream::iter(numbers).map(move |number| Ok(line(process, *number))).boxed_local()
        };
        let read = async |logger: Logger| {
            logger.merged(vec![log("a", &[1, 4]), log("b", &[2, 3, 5]), log("c", &[])]).await
        };
        let all: Vec<_> = stream(read).collect().await;
        let texts = all.into_iter().map(|one| match one {
            Ok(Logged::Line(line)) => format!("{}{}", line.process, line.text),
            other => format!("{other:?}"),
        });
        assert_eq!(texts.collect::<Vec<_>>(), ["a1", "b2", "b3", "a4", "b5"]);
    }

    #[tokio::test]
    async fn a_log_that_cannot_be_read_ends_all() {
        let broken = stream::iter([Err(Error::new(Kind::Broken, "gone"))]).boxed_local();
        let read = async |logger: Logger| logger.merged(vec![broken]).await;
        let all: Vec<_> = stream(read).collect().await;
        assert!(matches!(&all[..], [Err(_)]), "{all:?}");
    }
}
