//! From evidence to facts: one reader for each kind of evidence.

mod check;
mod kubernetes;
mod log;
mod look;
mod process;
mod rest;

use crate::evidence::{Evidence, LogEvidence};
use crate::fact::Fact;
use crate::log_reader::stamped;
use crate::time;

/// All that happened, in order of time; what has no time comes last.
pub(crate) fn of(evidence: &Evidence) -> Vec<Fact> {
    let mut facts: Vec<Fact> = evidence.logs.iter().flat_map(log::facts).collect();
    for process in &evidence.processes {
        facts.extend(process::facts(process, evidence));
    }
    let now = evidence.now.as_deref().and_then(time::of_rfc3339);
    let pending = kubernetes::pending(&evidence.objects);
    for object in &evidence.objects {
        facts.extend(kubernetes::facts(object, &pending, now));
    }
    if let Some(flink) = &evidence.flink {
        facts.extend(rest::facts(flink, evidence));
    }
    facts.extend(look::facts(evidence));
    facts.extend(evidence.checks.iter().flat_map(check::facts));
    facts.sort_by_key(|fact| (fact.at.is_none(), fact.at));
    facts
}

/// Longest line that is shown, in characters: Flink's longest messages say what is wrong within that.
const SHOWN: usize = 300;

/// A line as it is shown: secrets hidden, and cut.
pub(crate) fn shown(line: &str) -> String {
    let line = nutkin_core::ledger::masked_line(line.trim());
    if line.chars().count() <= SHOWN {
        return line;
    }
    let cut: String = line.chars().take(SHOWN).collect();
    format!("{cut}...")
}

/// What of a log is not of a life that began after this end, without the times that a container runtime has put before its lines.
pub(crate) fn written_before(log: &LogEvidence, end: Option<i64>) -> String {
    let started = log.started.as_deref().and_then(time::of_rfc3339);
    let next = started.filter(|started| end.is_some_and(|end| end <= *started));
    let of_next = |(at, line): &(Option<i64>, &str)| {
        let at = at.or_else(|| time::of_log(line, log.offset));
        at.zip(next).is_some_and(|(at, next)| next <= at)
    };
    let lines = log.text.lines().map(stamped).take_while(|line| !of_next(line));
    lines.map(|(_, line)| line).collect::<Vec<_>>().join("\n")
}
