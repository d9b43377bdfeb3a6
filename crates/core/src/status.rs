//! How a session is, from what was seen of it. The same words on every platform.

use std::fmt;

use crate::Remark;
use crate::words::status as words;
use nutkin_flink::FlinkVersion;

/// The state of a session in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SessionState {
    /// Everything that shall run does, and the slots are there.
    Running,
    /// Everything that shall run does; REST or slots are not there yet.
    Starting,
    /// Something that shall run does not.
    Degraded,
    /// Nothing runs.
    Stopped,
    /// Its own notes cannot be read.
    Damaged,
    /// It was ended, and its ledger holds jobs that can go on.
    Ended,
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Starting => "starting",
            Self::Degraded => "degraded",
            Self::Stopped => "stopped",
            Self::Damaged => "damaged",
            Self::Ended => "ended",
        })
    }
}

/// Who starts again what dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keeper {
    /// A process of ours.
    #[default]
    Supervisor,
    /// The Docker daemon.
    Docker,
}

/// What was seen of a session.
#[derive(Debug, Clone, Default)]
pub struct ObservedSession {
    /// Who restarts its processes.
    pub keeper: Keeper,
    /// Whether it is there and does so.
    pub supervised: bool,
    /// Processes that shall run: name, and whether it lives.
    pub processes: Vec<(String, bool)>,
    /// Those that are about to be started for the first time.
    pub coming: Vec<String>,
    /// Those that somebody has stopped without ending them, which count as alive: name, and the name of the container.
    pub paused: Vec<(String, String)>,
    /// Number of TaskManagers that shall be registered.
    pub task_managers: u32,
    /// Number of TaskManagers that REST reports; `None` when it does not answer.
    pub registered: Option<u32>,
    /// Seconds for which all its JobManagers have lived, where that is known.
    pub job_managers_for: Option<u64>,
    /// The session file that it was made from, where that is known.
    pub file: Option<String>,
}

/// Seconds in which a JobManager answers that was started, also on a machine that has much else to do: as long as `up` waits by
/// default. One that has lived for longer and does not answer is not starting.
pub const STARTS: u64 = 120;

/// The state, and in sentences what is not as it should be, with what fixes it.
pub fn derive(name: &str, observed: &ObservedSession) -> (SessionState, Vec<Remark>) {
    let gone: Vec<_> = observed
        .processes
        .iter()
        .filter(|(_, alive)| !alive)
        .map(|(name, _)| name.as_str())
        .collect();
    let mut messages = Vec::new();
    let up = words::Again(observed.file.as_deref());
    if gone.len() == observed.processes.len() && !observed.supervised {
        return (SessionState::Stopped, vec![words::stopped(name, up)]);
    }
    if !observed.supervised && observed.keeper == Keeper::Supervisor {
        messages.push(words::unsupervised(up));
    }
    let is_coming = |name: &&str| observed.coming.iter().any(|one| one == name);
    if messages.is_empty() && !gone.is_empty() && gone.iter().all(is_coming) {
        return (SessionState::Starting, vec![words::coming(&gone)]);
    }
    if !gone.is_empty() {
        messages.push(match observed.keeper {
            Keeper::Supervisor => words::not_running(&gone, observed.supervised),
            // What was stopped by hand stays so.
            Keeper::Docker => words::stays_stopped(&gone, up),
        });
    }
    if !observed.paused.is_empty() {
        messages.push(words::paused(&observed.paused));
    }
    let silent_for = observed.job_managers_for.filter(|_| observed.registered.is_none());
    messages.extend(silent_for.and_then(hangs));
    if !messages.is_empty() {
        return (SessionState::Degraded, messages);
    }
    match observed.registered {
        None => messages.push(words::silent()),
        Some(registered) if registered < observed.task_managers => {
            messages.push(words::registered(registered, observed.task_managers));
        }
        Some(_) => return (SessionState::Running, messages),
    }
    (SessionState::Starting, messages)
}

/// That JobManagers do not answer which have all lived for so many seconds: `None` where they may still be starting.
pub fn hangs(lived: u64) -> Option<Remark> {
    (STARTS <= lived).then(|| words::hangs(lived))
}

/// That a JobManager is of another release line than the session is planned for.
pub fn other_release(runs: Option<FlinkVersion>, wanted: FlinkVersion) -> Option<Remark> {
    let runs = runs.filter(|runs| runs.line() != wanted.line())?;
    Some(words::other_release(&runs.to_string(), &wanted.to_string()))
}

/// Of a session of which the ledger is left, that it is so.
pub fn ended(name: &str) -> Remark {
    words::ended(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        supervised: bool,
        alive: [bool; 2],
        registered: Option<u32>,
        state: SessionState,
        words: &[&str],
    ) {
        let processes =
            vec![("jobmanager".to_owned(), alive[0]), ("taskmanager-1".to_owned(), alive[1])];
        let file = (registered == Some(1)).then(|| "s.yaml".to_owned());
        let keeper = Keeper::Supervisor;
        let coming = Vec::new();
        let task_managers = 1;
        let observed = ObservedSession {
            keeper,
            supervised,
            processes,
            coming,
            paused: Vec::new(),
            task_managers,
            registered,
            job_managers_for: Some(STARTS - 1),
            file,
        };
        let (found, messages) = derive("s", &observed);
        assert_eq!(found, state, "{messages:?}");
        assert_eq!(messages.len(), words.len(), "{messages:?}");
        for (message, word) in messages.iter().zip(words) {
            let message = message.plain();
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn what_was_never_started_is_starting() {
        #[track_caller]
        fn check(supervised: bool, coming: &[&str], state: SessionState, words: &str) {
            let processes =
                vec![("jobmanager".to_owned(), true), ("taskmanager-1".to_owned(), false)];
            let coming = coming.iter().map(|name| (*name).to_owned()).collect();
            let observed =
                ObservedSession { supervised, processes, coming, ..ObservedSession::default() };
            let (found, messages) = derive("s", &observed);
            assert_eq!(found, state, "{messages:?}");
            assert!(messages.iter().any(|one| one.plain().contains(words)), "{messages:?}");
        }
        use SessionState::{Degraded, Starting};
        check(true, &["taskmanager-1"], Starting, "being started: taskmanager-1");
        // The controls: it ran before, or nobody starts it.
        check(true, &[], Degraded, "not running: taskmanager-1");
        check(false, &["taskmanager-1"], Degraded, "the supervisor is gone");
    }

    #[test]
    fn a_job_manager_that_has_lived_for_long_is_not_starting() {
        #[track_caller]
        fn check(lived: Option<u64>, registered: Option<u32>, state: SessionState, words: &str) {
            let observed = ObservedSession {
                supervised: true,
                processes: vec![("jobmanager".to_owned(), true)],
                registered,
                job_managers_for: lived,
                ..ObservedSession::default()
            };
            let (found, messages) = derive("s", &observed);
            assert_eq!(found, state, "{messages:?}");
            let text: Vec<String> = messages.iter().map(Remark::plain).collect();
            assert_eq!(text.is_empty(), words.is_empty(), "{text:?}");
            assert!(text.join("\n").contains(words), "{text:?}");
        }
        use SessionState::{Degraded, Running, Starting};
        check(Some(STARTS), None, Degraded, "has run for 2m and does not answer");
        check(Some(3 * 3600), None, Degraded, "has run for 180m and does not answer");
        // The controls: it was started a moment ago, nobody knows when, or it answers.
        check(Some(STARTS - 1), None, Starting, "does not answer yet");
        check(None, None, Starting, "does not answer yet");
        check(Some(STARTS), Some(0), Running, "");
    }

    #[test]
    fn nobody_speaks_of_a_supervisor_of_containers() {
        #[track_caller]
        fn check(supervised: bool, alive: [bool; 2], state: SessionState, words: &str) {
            let processes =
                vec![("jobmanager".to_owned(), alive[0]), ("taskmanager-1".to_owned(), alive[1])];
            let keeper = Keeper::Docker;
            let observed =
                ObservedSession { keeper, supervised, processes, ..ObservedSession::default() };
            let (found, messages) = derive("s", &observed);
            assert_eq!(found, state);
            let text: Vec<String> = messages.iter().map(Remark::plain).collect();
            let text = text.join("\n");
            assert!(text.contains(words) && !text.contains("supervisor"), "{text}");
        }
        use SessionState::{Degraded, Starting, Stopped};
        check(true, [true, true], Starting, "does not answer");
        check(true, [true, false], Degraded, "not running: taskmanager-1; Up(");
        check(true, [false, false], Degraded, "not running: jobmanager, taskmanager-1");
        check(false, [false, false], Stopped, "none of its processes is running");
    }

    #[test]
    fn states() {
        use SessionState::{Degraded, Running, Starting, Stopped};
        check(true, [true, true], Some(1), Running, &[]);
        check(true, [true, true], Some(0), Starting, &["0 of 1 TaskManagers"]);
        check(true, [true, true], None, Starting, &["does not answer"]);
        check(true, [true, false], Some(1), Degraded, &["not running: taskmanager-1; the superv"]);
        check(true, [false, false], None, Degraded, &["not running: jobmanager, taskmanager-1"]);
        check(false, [true, true], Some(1), Degraded, &["s.yaml"]);
        check(false, [true, true], None, Degraded, &["stay dead; Up("]);
        check(false, [true, false], Some(1), Degraded, &["supervisor is gone", "taskmanager-1"]);
        check(false, [false, false], None, Stopped, &["none of its processes is running"]);
    }
}
