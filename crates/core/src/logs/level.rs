//! How loud an entry of a log is.

/// Words within which the level of an entry is: date, time, level; some layouts have the thread or the logger before it.
const WITHIN: usize = 5;

/// Levels, as log4j and logback write them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// TRACE.
    Trace,
    /// DEBUG.
    Debug,
    /// INFO.
    Info,
    /// WARN.
    Warn,
    /// ERROR, and FATAL, which log4j has above it.
    Error,
}

const WORDS: [(&str, LogLevel); 6] = [
    ("TRACE", LogLevel::Trace),
    ("DEBUG", LogLevel::Debug),
    ("INFO", LogLevel::Info),
    ("WARN", LogLevel::Warn),
    ("ERROR", LogLevel::Error),
    ("FATAL", LogLevel::Error),
];

impl LogLevel {
    /// The level of an entry, by its first line. What has none was written by the JVM, a script, or a job that prints.
    pub fn of(line: &str) -> Option<Self> {
        let words = line.split_whitespace().take(WITHIN);
        let mut words = words.map(|word| word.trim_matches(['[', ']']));
        words.find_map(|word| WORDS.iter().find(|(known, _)| *known == word).map(|(_, one)| *one))
    }
}

#[cfg(test)]
mod tests {
    use super::LogLevel;

    #[test]
    fn levels_of_layouts() {
        #[track_caller]
        fn check(line: &str, expected: Option<LogLevel>) {
            assert_eq!(LogLevel::of(line), expected, "{line}");
        }
        check("2026-01-01 00:00:01,000 INFO  a.B [] - ERROR", Some(LogLevel::Info));
        check("2026-01-01 00:00:01,000 [main] WARN a.B - x", Some(LogLevel::Warn));
        check("[ERROR] x", Some(LogLevel::Error));
        check("Unrecognized VM option 'X'", None);
        check("a job prints that there was no ERROR", None);
    }
}
