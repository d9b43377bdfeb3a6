//! Which entries of logs are wanted. An entry is shown whole or not at all, and as soon as that is known.

use std::collections::{BTreeMap, VecDeque};

use regex::Regex;

use super::{LogLevel, LogLine};

/// Lines of an entry that wait for a word in a later one: the longest stacks with all causes have a few hundred.
const WAITING: usize = 1000;

/// What is wanted. Without any of it all is.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// Written at that time or later, in milliseconds since 1970. What has no time is shown.
    pub since: Option<i64>,
    /// As loud as that, or louder. What has no level is shown: the JVM writes none above its last words.
    pub level: Option<LogLevel>,
    /// One of these words in any of its lines; empty: any.
    pub words: Vec<String>,
    /// In any of its lines.
    pub pattern: Option<Regex>,
}

/// What is wanted of logs that come line by line.
#[derive(Debug)]
pub struct LogSieve {
    filter: LogFilter,
    /// By process and log.
    entries: BTreeMap<(String, String), Entry>,
}

/// The entry of a log whose lines come.
#[derive(Debug, Default)]
struct Entry {
    is_refused: bool,
    has_word: bool,
    has_pattern: bool,
    waiting: VecDeque<LogLine>,
}

impl LogSieve {
    /// Wants that.
    pub const fn new(filter: LogFilter) -> Self {
        Self { filter, entries: BTreeMap::new() }
    }

    /// The lines that are to be shown now that this one has come: none, it, or it with those of its entry before it.
    pub fn line(&mut self, line: LogLine) -> Vec<LogLine> {
        let filter = &self.filter;
        let log = (line.process.clone(), line.log.clone());
        let is_first = !self.entries.contains_key(&log);
        let entry = self.entries.entry(log).or_default();
        if line.begins || is_first {
            *entry = Entry {
                is_refused: filter.refuses(&line),
                has_word: filter.words.is_empty(),
                has_pattern: filter.pattern.is_none(),
                waiting: VecDeque::new(),
            };
        }
        if entry.is_refused {
            return Vec::new();
        }
        entry.has_word |= filter.words.iter().any(|word| line.text.contains(word.as_str()));
        entry.has_pattern |= filter.pattern.as_ref().is_some_and(|one| one.is_match(&line.text));
        entry.waiting.push_back(line);
        if entry.has_word && entry.has_pattern {
            return entry.waiting.drain(..).collect();
        }
        if WAITING < entry.waiting.len() {
            entry.waiting.pop_front();
        }
        Vec::new()
    }
}

impl LogFilter {
    /// Whether an entry with this first line is refused, whatever its other lines are.
    fn refuses(&self, head: &LogLine) -> bool {
        let is_early = self.since.zip(head.at).is_some_and(|(since, at)| at < since);
        let is_quiet =
            self.level.zip(LogLevel::of(&head.text)).is_some_and(|(least, of)| of < least);
        is_early || is_quiet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of two processes; an indented line continues the entry of its process.
    const LINES: [(&str, i64, &str); 8] = [
        ("a", 1, "x INFO starts"),
        ("b", 2, "x WARN task of job 5f3a fails"),
        ("b", 2, "  at Some.code(A.java:1)"),
        ("a", 3, "x ERROR fatal"),
        ("b", 2, "  Caused by: no space"),
        ("a", 3, "  Caused by: job 77aa"),
        ("a", 4, "x INFO job 5f3a is RUNNING"),
        ("b", 5, "Unrecognized VM option"),
    ];

    #[track_caller]
    fn check(filter: LogFilter, expected: &[usize]) {
        let mut sieve = LogSieve::new(filter);
        let mut found = Vec::new();
        for (process, at, text) in LINES {
            let line = LogLine {
                process: process.to_owned(),
                log: String::new(),
                text: text.to_owned(),
                at: Some(at),
                begins: !text.starts_with(' '),
            };
            found.extend(sieve.line(line).into_iter().map(|line| line.text));
        }
        let expected: Vec<&str> = expected.iter().map(|number| LINES[*number].2).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn entries_are_shown_whole_or_not_at_all() {
        let words = |word: &str| LogFilter { words: vec![word.to_owned()], ..LogFilter::default() };
        let pattern =
            |text: &str| LogFilter { pattern: Regex::new(text).ok(), ..LogFilter::default() };
        check(LogFilter::default(), &[0, 1, 2, 3, 4, 5, 6, 7]);
        check(
            LogFilter { level: Some(LogLevel::Warn), ..LogFilter::default() },
            &[1, 2, 3, 4, 5, 7],
        );
        check(LogFilter { since: Some(3), ..LogFilter::default() }, &[3, 5, 6, 7]);
        check(words("5f3a"), &[1, 2, 4, 6]);
        // A word in a later line brings the lines before it.
        check(pattern("no (space|room)"), &[1, 2, 4]);
        check(pattern("77aa"), &[3, 5]);
        check(LogFilter { pattern: Regex::new("RUNNING").ok(), ..words("5f3a") }, &[6]);
        check(pattern("nothing of the kind"), &[]);
    }

    #[test]
    fn what_begins_in_the_middle_of_an_entry_is_one() {
        let mut sieve = LogSieve::new(LogFilter::default());
        let line = LogLine {
            process: "a".to_owned(),
            log: String::new(),
            text: "\tat cut.off(A.java:1)".to_owned(),
            at: None,
            begins: false,
        };
        assert_eq!(sieve.line(line.clone()), [line]);
    }

    #[test]
    fn what_a_process_prints_is_not_a_part_of_what_it_logs() {
        #[track_caller]
        fn check(pattern: &str, logs: [&str; 2], expected: &[&str]) {
            let pattern = Regex::new(pattern).ok();
            let mut sieve = LogSieve::new(LogFilter { pattern, ..LogFilter::default() });
            let [log, out] = logs;
            let lines = [
                (log, "x ERROR fails", true),
                (out, " a table", false),
                (out, "a total", true),
                (log, "  at Some.code(A.java:1)", false),
                (out, " of two lines", false),
            ];
            let shown = lines.into_iter().flat_map(|(log, text, begins)| {
                let (process, log, text) = ("a".to_owned(), log.to_owned(), text.to_owned());
                sieve.line(LogLine { process, log, text, at: None, begins })
            });
            assert_eq!(shown.map(|line| line.text).collect::<Vec<_>>(), expected);
        }
        let two = ["a.log", "a.out"];
        check("fails", two, &["x ERROR fails", "  at Some.code(A.java:1)"]);
        check("total", two, &["a total", " of two lines"]);
        // The control: of one log they are entries one after the other.
        check("fails", ["", ""], &["x ERROR fails", " a table"]);
    }
}
