//! When the lines of a log were written, and which of them belong together.

use nutkin_core::crash_log;
use nutkin_core::logs::LogLine;

use crate::time;

/// How long after a line another one may be written that belongs to it, milliseconds: a stack of hundreds of lines is written at once, and
/// container runtimes give each line a time of its own.
const AT_ONCE: i64 = 50;

/// Reads the lines of one log in their order.
#[derive(Debug, Clone)]
pub struct LogReader {
    process: String,
    log: String,
    /// Seconds by which times in it are ahead of UTC.
    offset: i32,
    /// Whether a container runtime has put a time before each line.
    is_stamped: bool,
    last: Option<i64>,
}

impl LogReader {
    /// Of a file of a process. `offset`: seconds by which the times in it are ahead of UTC.
    pub fn of_file(process: &str, file: &str, offset: i32) -> Self {
        let (process, log) = (process.to_owned(), file.to_owned());
        Self { process, log, offset, is_stamped: false, last: None }
    }

    /// Of a container whose runtime was asked for times. Where it gives none, those in the lines count. `life`: which of its lives that is,
    /// if each has a log of its own.
    pub fn of_container(process: &str, life: &str) -> Self {
        let (process, log) = (process.to_owned(), life.to_owned());
        Self { process, log, offset: 0, is_stamped: true, last: None }
    }

    /// The next line.
    pub fn line(&mut self, line: &str) -> LogLine {
        let (stamp, text) = if self.is_stamped { stamped(line) } else { (None, line) };
        let own = time::of_log(text, self.offset);
        let begins = own.is_some()
            || crash_log::is_head(text)
                && match (stamp, self.last) {
                    (Some(at), Some(last)) => AT_ONCE < at.saturating_sub(last),
                    // Nothing is known of when it was written: it belongs to what has a time.
                    (None, Some(_)) => false,
                    (_, None) => true,
                };
        let at = stamp.or(own).or(self.last);
        self.last = at;
        let (process, log) = (self.process.clone(), self.log.clone());
        LogLine { process, log, text: text.to_owned(), at, begins }
    }
}

/// A line without the time that a container runtime has put before it, and that time in milliseconds since 1970.
pub(crate) fn stamped(line: &str) -> (Option<i64>, &str) {
    let parts = line.split_once(' ').and_then(|(time, rest)| {
        let is_time = time.as_bytes().get(10) == Some(&b'T');
        Some((time::of_rfc3339(time).filter(|_| is_time)?, rest))
    });
    parts.map_or((None, line), |(at, rest)| (Some(at), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as `SECONDS.MILLISECONDS TEXT`, with `+` before what continues an entry.
    #[track_caller]
    fn check(mut reader: LogReader, lines: &[&str], expected: &[&str]) {
        let shown = |line: &LogLine| {
            let at = line.at.map_or_else(|| "-".to_owned(), |at| format!("{}", at % 60_000));
            format!("{}{at} {}", if line.begins { "" } else { "+" }, line.text)
        };
        let found: Vec<String> = lines.iter().map(|line| shown(&reader.line(line))).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_line_without_a_time_belongs_to_the_one_before_it() {
        check(
            LogReader::of_file("a", "a.log", 3600),
            &[
                "Picked up JAVA_TOOL_OPTIONS: -Dx",
                "2026-01-01 01:00:01,000 ERROR a.B [] - x",
                "java.lang.Error: no",
                "\tat a.B.c(D.java:1)",
                "a plan of several lines",
                "2026-01-01 01:00:02,500 INFO  a.B [] - y",
            ],
            &[
                "- Picked up JAVA_TOOL_OPTIONS: -Dx",
                "1000 2026-01-01 01:00:01,000 ERROR a.B [] - x",
                "+1000 java.lang.Error: no",
                "+1000 \tat a.B.c(D.java:1)",
                "+1000 a plan of several lines",
                "2500 2026-01-01 01:00:02,500 INFO  a.B [] - y",
            ],
        );
    }

    #[test]
    fn a_container_runtime_knows_when_every_line_was_written() {
        check(
            LogReader::of_container("a", ""),
            &[
                // The JVM is an hour ahead.
                "2026-01-01T00:00:01.001Z 2026-01-01 01:00:01,000 ERROR a.B [] - x",
                "2026-01-01T00:00:01.002Z java.lang.Error: no",
                "2026-01-01T00:00:03.002Z \tat a.B.c(D.java:1)",
                "2026-01-01T00:00:03.003Z more of it",
                "2026-01-01T00:00:09.000Z a job prints",
                "",
            ],
            &[
                "1001 2026-01-01 01:00:01,000 ERROR a.B [] - x",
                "+1002 java.lang.Error: no",
                "+3002 \tat a.B.c(D.java:1)",
                "+3003 more of it",
                "9000 a job prints",
                "+9000 ",
            ],
        );
        // Of a daemon that gives no times, those of the lines count.
        let line = "2026-01-01 00:00:01,000 INFO  a.B [] - y";
        let shown = format!("1000 {line}");
        check(LogReader::of_container("a", ""), &[line, "\tat x"], &[&shown, "+1000 \tat x"]);
    }
}
