//! Entries of logs: what Flink writes through log4j or logback, and what the JVM writes to its output.

use nutkin_core::crash_log;
use nutkin_core::logs::LogLevel;

use super::shown;
use crate::cause::root_cause;
use crate::evidence::LogEvidence;
use crate::fact::{Fact, Level, Source};
use crate::log_reader::stamped;
use crate::time;

/// Causes that are shown below an entry: the last ones say most.
const CAUSES: usize = 2;

/// The entries.
pub(super) fn facts(log: &LogEvidence) -> Vec<Fact> {
    let lines: Vec<(Option<i64>, &str)> = log.text.lines().map(stamped).collect();
    let texts: Vec<&str> = lines.iter().map(|(_, text)| *text).collect();
    let entries = crash_log::entries(&texts);
    let mut first = texts.len() - entries.iter().map(|entry| entry.len()).sum::<usize>();
    let started = log.started.as_deref().and_then(time::of_rfc3339);
    let mut facts = Vec::new();
    let mut last = None;
    for entry in entries {
        let at = lines[first].0.or_else(|| time::of_log(entry[0], log.offset));
        // What has no time was written behind what has one.
        last = at.or(last);
        first += entry.len();
        let is_older = last.zip(started).is_some_and(|(at, started)| at < started);
        facts.push(Fact { previous: log.previous || is_older, ..fact(log, entry, last) });
    }
    facts
}

fn fact(log: &LogEvidence, entry: &[&str], at: Option<i64>) -> Fact {
    let heads = crash_log::without_stacks(entry);
    let text = heads.join("\n");
    let causes = &heads[1.min(heads.len())..];
    let causes = &causes[causes.len().saturating_sub(CAUSES)..];
    let quote = entry[..1].iter().chain(causes).map(|line| shown(line)).collect();
    // What has no level was written by the JVM or a script: that is loud.
    let is_quiet = LogLevel::of(entry[0]).is_some_and(|level| level <= LogLevel::Info);
    Fact {
        at,
        source: Source::Log,
        of: log.process.clone(),
        role: Some(log.role),
        level: if is_quiet { Level::Quiet } else { Level::Loud },
        previous: log.previous,
        code: None,
        cause: (1 < heads.len()).then(|| shown(&root_cause(&text))),
        text,
        quote,
    }
}

#[cfg(test)]
mod tests {
    use nutkin_flink::process::Role;

    use super::*;

    fn read(text: &str) -> Vec<Fact> {
        let log = LogEvidence {
            process: "jobmanager".to_owned(),
            role: Role::JobManager,
            previous: false,
            started: None,
            offset: 0,
            text: text.to_owned(),
        };
        facts(&log)
    }

    #[test]
    fn entries_with_their_causes() {
        let facts = read(
            "\tat cut.off(A.java:1)\n2026-01-01 00:00:01,000 INFO  a.B [] - starts\n\
             2026-01-01 00:00:02,500 ERROR a.B [] - fails\njava.lang.Error: outer\n\tat a.B.c(D.java:1)\n\
             Caused by: java.lang.Error: inner\n\t... 3 more\n",
        );
        assert_eq!(facts.len(), 2);
        assert_eq!((facts[0].level, facts[1].level), (Level::Quiet, Level::Loud));
        assert_eq!(facts[1].at.map(|at| at % 60_000), Some(2500));
        assert_eq!(facts[1].cause.as_deref(), Some("inner"));
        assert_eq!(facts[1].quote.len(), 3);
    }

    #[test]
    fn times_of_a_container_runtime_come_first() {
        let facts = read(
            "2026-01-01T00:00:05.25Z Unrecognized VM option 'X'\n2026-01-01T00:00:06Z Error: no\n",
        );
        assert_eq!(facts[0].text, "Unrecognized VM option 'X'");
        assert_eq!(facts[0].at.map(|at| at % 60_000), Some(5250));
        assert_eq!(facts[0].level, Level::Loud);
    }

    #[test]
    fn secrets_are_hidden() {
        let facts = read("2026-01-01 00:00:01,000 WARN  a.B [] - uses s3.secret-key: abcdef now");
        assert!(!facts[0].quote[0].contains("abcdef"), "{:?}", facts[0].quote);
    }
}
