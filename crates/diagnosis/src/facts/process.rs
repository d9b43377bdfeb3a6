//! Ends of processes and containers, and processes that live and do nothing.

use nutkin_flink::process::Role;

use crate::codes;
use crate::evidence::{Evidence, ProcessEnd, ProcessEvidence};
use crate::fact::{Fact, Level, Source};
use crate::time;

/// What exit codes mean. Sources: `ClusterEntrypoint` (1, 2), `TaskManagerRunner` (1), `ApplicationStatus` (1443 and 1445, of
/// which the system keeps eight bits), `FatalExitExceptionHandler` (-17), HotSpot (3: `-XX:+ExitOnOutOfMemoryError`), POSIX shells
/// (126, 127), and 128 with the number of the signal.
const EXIT_CODES: [(i32, &str); 14] = [
    (1, codes::START_FAILED),
    (2, codes::RUN_FAILED),
    (3, codes::JAVA_OUT_OF_MEMORY),
    (126, codes::NO_COMMAND),
    (127, codes::NO_COMMAND),
    // What kubelet notes where the runtime could not start it.
    (128, codes::NO_COMMAND),
    (134, codes::NATIVE_CRASH),
    (137, codes::KILLED),
    (139, codes::NATIVE_CRASH),
    (143, codes::TERMINATED),
    (163, codes::APPLICATION_FAILED),
    (165, codes::APPLICATION_FAILED),
    (239, codes::FATAL),
    (255, codes::CODE_LOST),
];

/// Signals by their numbers on Linux: SIGHUP, SIGINT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGSEGV and SIGTERM.
const SIGNALS: [(i32, &str); 10] = [
    (1, codes::TERMINATED),
    (2, codes::TERMINATED),
    (4, codes::NATIVE_CRASH),
    (5, codes::NATIVE_CRASH),
    (6, codes::NATIVE_CRASH),
    (7, codes::NATIVE_CRASH),
    (8, codes::NATIVE_CRASH),
    (9, codes::KILLED),
    (11, codes::NATIVE_CRASH),
    (15, codes::TERMINATED),
];

/// Seconds after which a process has started: TaskManagers that cannot register end after `taskmanager.registration.timeout` (5 min), and
/// that is the longest that a start takes.
const STARTED: u64 = 10 * 60;

/// For how long an end is of interest after which the process was started again, milliseconds: one that ends again and again does so
/// within minutes; what has run well for an hour has recovered.
const RECENT: i64 = 60 * 60_000;

/// What is known of one process.
pub(super) fn facts(process: &ProcessEvidence, evidence: &Evidence) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(end) = &process.end {
        let now = evidence.now.as_deref().and_then(time::of_rfc3339);
        facts.extend(ended(&process.name, Some(process.role), end, process.runs, now));
    }
    let name = &process.name;
    if process.hangs {
        let text = format!("{name} lives and does not answer");
        facts.push(plain(name, Some(process.role), codes::HANGS, text));
    }
    if process.paused {
        let text = format!("{name} is paused");
        facts.push(plain(name, Some(process.role), codes::HANGS, text));
    }
    facts
}

/// An end of a process that runs again, or does not. One that was asked to end, and has, is as it should be.
pub(super) fn ended(
    name: &str,
    role: Option<Role>,
    end: &ProcessEnd,
    runs_again: bool,
    now: Option<i64>,
) -> Option<Fact> {
    let code = end_code(end, runs_again)?;
    let at = end.at.as_deref().and_then(time::of_rfc3339);
    // A JobManager that ends with 0 was shut down, and comes back empty.
    let is_job_manager = role == Some(Role::JobManager);
    let is_on_purpose = code == codes::TERMINATED || code == codes::ENDED && !is_job_manager;
    let is_recent = now.zip(at).is_some_and(|(now, at)| now.saturating_sub(at) < RECENT);
    if runs_again && (is_on_purpose || !is_recent) {
        return None;
    }
    let mut text = format!("{name} {}", end.words);
    if end.out_of_memory {
        text.push_str(", because its memory ran out");
    }
    let fact = plain(name, role, code, text);
    Some(Fact { at, source: Source::End, previous: runs_again, ..fact })
}

fn end_code(end: &ProcessEnd, runs_again: bool) -> Option<&'static str> {
    if end.out_of_memory {
        return Some(codes::OUT_OF_MEMORY);
    }
    let find = |table: &[(i32, &'static str)], number: i32| {
        table.iter().find(|(known, _)| *known == number).map(|(_, code)| *code)
    };
    match (end.signal, end.code) {
        (Some(signal), _) => Some(find(&SIGNALS, signal).unwrap_or(codes::CODE_LOST)),
        (None, Some(0)) => Some(codes::ENDED),
        // `TaskManagerRunner` ends with 1 also because of an error long after its start.
        (None, Some(1)) if end.lived.is_some_and(|lived| STARTED <= lived) => Some(codes::FATAL),
        (None, Some(number)) => {
            let signal = || find(&SIGNALS, number.wrapping_sub(128));
            Some(find(&EXIT_CODES, number).or_else(signal).unwrap_or(codes::CODE_LOST))
        }
        (None, None) if runs_again => None,
        (None, None) if end.words.contains("could not be started") => Some(codes::NO_COMMAND),
        (None, None) => Some(codes::NOT_RUNNING),
    }
}

/// A fact of which the reader knows the code.
pub(super) fn plain(
    of: &str,
    role: Option<Role>,
    code: &'static str,
    text: impl Into<String>,
) -> Fact {
    let text = text.into();
    Fact {
        at: None,
        source: Source::Look,
        of: of.to_owned(),
        role,
        level: Level::Loud,
        previous: false,
        code: Some(code),
        cause: None,
        quote: vec![super::shown(&text)],
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_end_means() {
        #[track_caller]
        fn check(code: Option<i32>, signal: Option<i32>, lived: Option<u64>, expected: &str) {
            let end = ProcessEnd { code, signal, lived, ..ProcessEnd::default() };
            assert_eq!(end_code(&end, false), Some(expected));
        }
        check(Some(1), None, Some(3), codes::START_FAILED);
        check(Some(1), None, None, codes::START_FAILED);
        check(Some(1), None, Some(10 * 24 * 3600), codes::FATAL);
        check(Some(130), None, Some(3), codes::TERMINATED);
        check(None, Some(7), None, codes::NATIVE_CRASH);
        // Nobody says what these mean.
        check(Some(42), None, Some(3), codes::CODE_LOST);
        check(None, Some(30), None, codes::CODE_LOST);
        // The controls.
        check(Some(137), None, Some(10 * 24 * 3600), codes::KILLED);
        check(None, Some(9), None, codes::KILLED);
    }
}
