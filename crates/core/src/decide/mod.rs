//! The one way in which anything is decided: `decide(wanted, ledger, &observation) -> Decision`, for every verb and
//! on every platform.
//!
//! ```text
//! session file ─► wanted ─┐
//! ledger ─────────────────┤  decide (pure)  ─►  Decision { change, jobs, harm, steps, conditions, again }
//! shell.observe() ────────┘                       │
//!                                     a driver shows it, asks once, calls shell.act(&step), saves, sleeps
//! ```
//!
//! Each platform has a file of its own here with its `Observation`, its `Step` and its `decide`; what they share stands
//! in this one: there is one rule for harm, one list of lines and one JSON document for a change, wherever it is asked.

use std::time::Duration;

use crate::change::{Difference, Effect};
use crate::session::Session;

/// What shall be.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// This session, with its jobs unless they are to be left alone.
    Session(&'a Session),
    /// No session.
    Gone(Ending),
}

/// How a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ending {
    /// Keep log files, where they are files of the session.
    pub keep_logs: bool,
    /// Delete what Flink keeps beyond the session.
    pub delete_data: bool,
    /// Delete the high availability data of the cluster-id, on Kubernetes.
    pub delete_ha_data: bool,
    /// End it although somebody else started it.
    pub adopt: bool,
}

/// What is to be done, and what that means.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<S> {
    /// What differs between what is wanted and what is there.
    pub change: Change,
    /// What becomes of every job that runs, in the order in which the session lists them.
    pub jobs: Vec<JobFate>,
    /// What the user has to agree to before the first step.
    pub harm: Harm,
    /// What to do now, in order. A cut after any of them leaves what the next decision completes.
    pub steps: Vec<S>,
    /// How the session is, typed.
    pub conditions: Vec<Condition>,
    /// What could not be known without a change, and what was taken for it. Looked at after consent; where it turns out
    /// otherwise and the harm grows, consent is asked for again.
    pub assumptions: Vec<String>,
    /// What comes when the steps are carried out.
    pub again: Again,
}

/// Differences between what is wanted and what is there, the same on every platform.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// Whether there is no such session yet.
    pub is_new: bool,
    /// Options, fields, files and objects that differ.
    pub differences: Vec<Difference>,
    /// Processes, containers or objects that come, go or are replaced, in words of the platform.
    pub parts: Vec<String>,
    /// Whose processes restart.
    pub restarts: Restarts,
    /// What that does to jobs that run.
    pub effect: Option<Effect>,
}

/// Whose processes restart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restarts {
    /// The JobManagers.
    pub job_managers: bool,
    /// The TaskManagers.
    pub task_managers: bool,
    /// The ZooKeeper that Nutkin brings along.
    pub zookeeper: bool,
}

/// What becomes of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFate {
    /// Its id, 32 hex digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What becomes of it.
    pub fate: Fate,
}

/// The words for what a change does to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It goes on.
    Untouched,
    /// It restarts from its last checkpoint, with high availability or beneath a living JobManager.
    FailsOver,
    /// It is stopped with a savepoint and resumed from it.
    Moved,
    /// It ends, and nothing brings it back.
    Lost,
}

/// How much the user has to agree before a change is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// Nobody need be asked.
    None,
    /// It is asked; `--yes` is an answer.
    Change,
    /// Jobs are lost: only `--force` is an answer beforehand.
    Loss,
}

/// Jobs of a session, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Jobs {
    /// Those that have not ended, as id and name. None where no JobManager lives.
    Known(Vec<(String, String)>),
    /// A JobManager lives and does not answer: there may be some.
    Unknown,
}

/// What comes after the steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// Nothing: everything is as it shall be.
    Done,
    /// Observe and decide again, not before `after`.
    Wait {
        /// What is waited for, for people.
        reason: String,
        /// The pause.
        after: Duration,
    },
    /// Observe and decide again at once: the steps have made something that must be looked at.
    Look,
}

/// How one side of a session is, in the form of a Kubernetes Condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// `Ready`, `Reconciling`, `Stalled`, `Running`.
    pub kind: &'static str,
    /// `None`: not known.
    pub status: Option<bool>,
    /// One CamelCase word that programs may rely on.
    pub reason: &'static str,
    /// For people.
    pub message: String,
}

impl Jobs {
    /// Whether there is none for sure.
    pub fn are_none(&self) -> bool {
        matches!(self, Self::Known(jobs) if jobs.is_empty())
    }

    /// Their number, where it is known.
    pub fn count(&self) -> Option<usize> {
        match self {
            Self::Known(jobs) => Some(jobs.len()),
            Self::Unknown => None,
        }
    }
}

/// The one rule of harm. Whoever changes what runs asks; jobs that are lost, or may be, are asked for in so many words.
///
/// `runs`: something of the session is alive, and the change touches it. What only completes a creation that was cut off
/// touches nothing and is not asked about.
pub fn harm(runs: bool, effect: Effect, jobs: &Jobs) -> Harm {
    match effect {
        _ if !runs => Harm::None,
        Effect::Loss if !jobs.are_none() => Harm::Loss,
        _ => Harm::Change,
    }
}

/// What an effect on the session means for each of its jobs.
pub fn fates(effect: Effect, jobs: &Jobs) -> Vec<JobFate> {
    let fate = match effect {
        Effect::None => Fate::Untouched,
        Effect::Restart => Fate::FailsOver,
        Effect::Loss => Fate::Lost,
    };
    let Jobs::Known(jobs) = jobs else { return Vec::new() };
    jobs.iter().map(|(id, name)| JobFate { id: id.clone(), name: name.clone(), fate }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harm_is_what_happens_to_what_runs() {
        #[track_caller]
        fn check(runs: bool, effect: Effect, jobs: &Jobs, expected: Harm) {
            assert_eq!(harm(runs, effect, jobs), expected, "{runs} {effect:?} {jobs:?}");
        }
        let none = Jobs::Known(Vec::new());
        let one = Jobs::Known(vec![("0a".to_owned(), "a".to_owned())]);
        check(false, Effect::Loss, &one, Harm::None);
        check(true, Effect::None, &one, Harm::Change);
        check(true, Effect::Restart, &one, Harm::Change);
        check(true, Effect::Loss, &none, Harm::Change);
        check(true, Effect::Loss, &one, Harm::Loss);
        check(true, Effect::Loss, &Jobs::Unknown, Harm::Loss);
    }

    #[test]
    fn every_job_has_its_fate() {
        let one = Jobs::Known(vec![("0a".to_owned(), "a".to_owned())]);
        let expected = [(Effect::None, Fate::Untouched), (Effect::Restart, Fate::FailsOver)];
        for (effect, fate) in expected {
            assert_eq!(fates(effect, &one)[0].fate, fate);
        }
        assert_eq!(fates(Effect::Loss, &one)[0].fate, Fate::Lost);
        assert_eq!(fates(Effect::Loss, &Jobs::Unknown), []);
    }
}
