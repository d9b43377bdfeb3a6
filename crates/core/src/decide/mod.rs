//! The one way in which anything is decided: `decide(wanted, &observation) -> Decision`, for every verb and on every
//! platform. The ledger comes in as what is wanted, and as a part of what was observed.
//!
//! ```text
//! session file ─► wanted ─┐
//! ledger ─────────────────┤  decide (pure)  ─►  Decision { change, jobs, harm, steps, conditions, again }
//! shell.observe() ────────┘                       │
//!                                     a driver shows it, asks once, calls shell.act(&step), saves, sleeps
//! ```
//!
//! Each platform has a file of its own here with its `Observation`, its `Step` and its `decide`; what they share is
//! in this one: there is one rule for harm, one list of lines and one JSON document for a change, wherever it is asked.

pub mod docker;
mod drift;
mod gone;
pub mod kubernetes;
pub mod local;
mod ready;
mod show;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use crate::change::{Object, ObjectAction};
pub use drift::Drift;

use crate::change::{Difference, Effect};
use crate::remedy::Remark;
use crate::selection::Platform;
use crate::session::Session;

/// What shall be.
#[derive(Debug, Clone, Copy)]
pub enum Goal<'a> {
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
    /// Which session this is about, and what it will be.
    pub about: About,
    /// What differs between what is wanted and what is there.
    pub change: Change,
    /// What becomes of every job that runs.
    pub jobs: Fates,
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

/// A decision of which only the number of its steps is known: what it means, the same on every platform.
pub type Outline = Decision<()>;

/// The session that a decision is about, as it will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Where it runs.
    pub platform: Platform,
    /// Its name.
    pub name: String,
    /// Its namespace, on Kubernetes.
    pub namespace: Option<String>,
    /// The Flink release.
    pub flink_version: String,
    /// Number of JobManagers.
    pub job_managers: u32,
    /// Number of TaskManagers; `None` where Flink decides it.
    pub task_managers: Option<u32>,
}

/// Differences between what is wanted and what is there, the same on every platform.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// Whether there is no such session yet.
    pub is_new: bool,
    /// The workload that was made by `render` and becomes the session's own, `Deployment/orders`.
    pub adopts: Option<String>,
    /// Options, fields and files that differ, where they are not an object's.
    pub differences: Vec<Difference>,
    /// Kubernetes: every object, with its differences.
    pub objects: Vec<Object>,
    /// Containers that come, go or are replaced, a line for each way: `replaces taskmanager-1, taskmanager-2`.
    pub parts: Vec<String>,
    /// Slots and memory before and after, where they differ.
    pub sizes: Vec<Difference>,
    /// Whose processes restart.
    pub restarts: Restarts,
    /// What that does to jobs that run.
    pub effect: Effect,
    /// Why high availability does not bring lost jobs back, where there is one.
    pub not_recovered: Option<String>,
    /// Kubernetes: how often a job fails over at most; 0 where nothing restarts or all jobs are lost.
    pub failovers: u64,
    /// Nothing of what is wanted has changed, but not all of it is there or runs.
    pub completes: bool,
    /// What the user should know beside the change, each in one line.
    pub remarks: Vec<Remark>,
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

/// What becomes of the jobs that run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fates {
    /// Of each, in the order in which the session lists them.
    Known(Vec<JobFate>),
    /// A JobManager lives and does not answer: what becomes of those that it may have.
    Unknown(Fate),
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
    /// Why it is not moved, where that was wanted, or what is waited for; `None`: what the change does to all jobs says why.
    pub why: Option<String>,
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

impl From<Effect> for Fate {
    /// What becomes of a job that is left alone.
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::None => Self::Untouched,
            Effect::Restart => Self::FailsOver,
            Effect::Loss => Self::Lost,
        }
    }
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

impl<S> Decision<S> {
    /// A decision that nothing is to be done.
    pub fn nothing(about: About) -> Self {
        Self {
            about,
            change: Change::default(),
            jobs: Fates::Known(Vec::new()),
            harm: Harm::None,
            steps: Vec::new(),
            conditions: Vec::new(),
            assumptions: Vec::new(),
            again: Again::Done,
        }
    }

    /// What the decision means, without what its steps are.
    pub fn outline(&self) -> Outline {
        Decision {
            about: self.about.clone(),
            change: self.change.clone(),
            jobs: self.jobs.clone(),
            harm: self.harm,
            steps: vec![(); self.steps.len()],
            conditions: self.conditions.clone(),
            assumptions: self.assumptions.clone(),
            again: self.again.clone(),
        }
    }

    /// Whether everything is as it should be and runs.
    pub fn is_done(&self) -> bool {
        !self.change.is_new && !self.change.completes && self.change.is_empty()
    }

    /// Whether something that the decision hangs on is still to be told: it is waited for before anything is shown.
    pub fn is_open(&self) -> bool {
        !self.is_done() && self.steps.is_empty() && matches!(self.again, Again::Wait { .. })
    }

    /// The same decision where each job that runs has a fate of its own: what it takes to agree to is less where none is
    /// lost.
    #[must_use]
    pub fn with_fates(mut self, jobs: Vec<JobFate>) -> Self {
        self.jobs = Fates::Known(jobs);
        if self.harm == Harm::Loss && !self.loses_jobs() {
            self.harm = Harm::Change;
        }
        self
    }

    /// Whether jobs that run are lost, as far as is known.
    pub fn loses_jobs(&self) -> bool {
        match &self.jobs {
            Fates::Known(jobs) => jobs.iter().any(|job| job.fate == Fate::Lost),
            Fates::Unknown(fate) => *fate == Fate::Lost,
        }
    }
}

impl Change {
    /// Whether there is no difference. A session of which only some part does not run has none.
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty()
            && self.objects.iter().all(|one| one.action == ObjectAction::Keep)
            && self.parts.is_empty()
            && self.restarts == Restarts::default()
            && self.adopts.is_none()
    }
}

/// What a difference of the number of TaskManagers is called, apart from the objects that it is a part of.
const TASK_MANAGERS: &str = "taskManager.replicas";

/// The same within a workload.
const REPLICAS: &str = "spec.replicas";

/// What a difference is called that `restart` alone makes: the time of the last one.
pub const RESTARTED: &str = "restarted";

/// The same in the pod template of a workload: [`crate::kubernetes::restart::RESTARTED_AT`].
const RESTARTED_PODS: &str = "spec.template.metadata.annotations[nutkin.dev/restarted-at]";

impl Change {
    /// What differs beside the number of TaskManagers, as `plan` names it.
    pub fn beside_task_managers(&self) -> Vec<String> {
        self.beside(&[TASK_MANAGERS, REPLICAS])
    }

    /// What differs beside the time of a restart, as `plan` names it.
    pub fn beside_restart(&self) -> Vec<String> {
        self.beside(&[RESTARTED, RESTARTED_PODS])
    }

    /// What differs beside these fields.
    fn beside(&self, fields: &[&str]) -> Vec<String> {
        let is_other = |one: &&Difference| !fields.contains(&one.what.as_str());
        let of_fields = self.differences.iter().filter(is_other).map(|one| one.what.clone());
        let of_objects = self.objects.iter().filter(|one| match one.action {
            ObjectAction::Keep => false,
            ObjectAction::Change => one.differences.iter().any(|one| is_other(&one)),
            ObjectAction::Add | ObjectAction::Remove | ObjectAction::Replace => true,
        });
        let of_objects = of_objects.map(|one| one.title.clone());
        self.adopts.iter().cloned().chain(of_fields).chain(of_objects).collect()
    }
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

/// Why jobs are lost although high availability holds before and after, where that is so: the releases are of two lines.
fn not_recovered(is_available: bool, old: &str, new: &str) -> Option<String> {
    let crosses = is_available && !crate::change::is_recovered_in(old, new);
    crosses.then(|| crate::words::decision::other_line(old, new))
}

/// What an effect on the session means for each of its jobs.
pub fn fates(effect: Effect, jobs: &Jobs) -> Fates {
    let fate = Fate::from(effect);
    let of = |(id, name): &(String, String)| JobFate {
        id: id.clone(),
        name: name.clone(),
        fate,
        why: None,
    };
    match jobs {
        Jobs::Known(jobs) => Fates::Known(jobs.iter().map(of).collect()),
        Jobs::Unknown => Fates::Unknown(fate),
    }
}
