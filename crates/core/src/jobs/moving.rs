//! Moving jobs: stopped with a savepoint before their session changes, and resumed from it afterwards.
//!
//! One rule says what becomes of each job ([`fates`]), for every verb and platform. The move itself is two drives of the
//! same turns as for any job: to what [`to_stop`] says, and to what [`to_resume`] says.

#[cfg(test)]
mod tests;

use super::policy::FALLBACK;
use crate::change::Effect;
use crate::decide::{Fate, JobFate};
use crate::ledger::JobRecord;
use crate::session::{SessionJob, UpgradeMode};
use crate::words::moving as words;
use nutkin_flink::{Configuration, Origin};

/// What the user wants to become of jobs that run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobsChoice {
    /// They are moved.
    Move,
    /// They fail over.
    FailOver,
    /// Nothing is done for them.
    Lose,
    /// The change waits until they have ended.
    Wait,
}

/// A job that runs, as far as it matters whether it can be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovableJob {
    /// Its id.
    pub id: String,
    /// Its name in Flink.
    pub name: String,
    /// Why it cannot be moved; `None`: it can.
    pub hindrance: Option<Hindrance>,
}

/// Why a job cannot be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hindrance {
    /// Nutkin did not submit it: nobody knows its jar and arguments.
    NotOurs,
    /// It is a batch job.
    Batch,
    /// It is one of several jobs of one program.
    Several,
    /// It is one of several jobs of this application, which Flink runs as a unit.
    Application(String),
    /// Its program is not a jar.
    NoJar,
    /// Its jar, which was there, is not kept and is not there any more.
    JarGone(String),
    /// The session has no directory for savepoints.
    NoDirectory,
    /// That directory ends with what is replaced.
    EndsWithPods(String),
    /// Nothing can be written to that directory, and why.
    Unwritable(String, String),
}

impl Hindrance {
    /// What people read.
    pub fn line(&self) -> String {
        match self {
            Self::NotOurs => words::NOT_OURS.to_owned(),
            Self::Batch => words::BATCH.to_owned(),
            Self::Several => words::SEVERAL.to_owned(),
            Self::Application(name) => words::of_application(name),
            Self::NoJar => words::NO_JAR.to_owned(),
            Self::JarGone(jar) => words::jar_gone(jar),
            Self::NoDirectory => words::NO_DIRECTORY.to_owned(),
            Self::EndsWithPods(directory) => words::ends_with_pods(directory),
            Self::Unwritable(directory, why) => words::unwritable(directory, why),
        }
    }
}

/// What becomes of each job, given what the change does to a session whose jobs are left alone. Where nothing is chosen it is
/// the least harmful that is possible: a job that would be lost is moved, and one that fails over does that.
pub fn fates(effect: Effect, choice: Option<JobsChoice>, jobs: &[MovableJob]) -> Vec<JobFate> {
    let of = |job: &MovableJob| {
        let left_alone = Fate::from(effect);
        let is_to_move = match choice {
            _ if effect == Effect::None => false,
            None => effect == Effect::Loss,
            Some(choice) => choice == JobsChoice::Move,
        };
        let (fate, why) = match &job.hindrance {
            _ if choice == Some(JobsChoice::Wait) && effect != Effect::None => {
                (Fate::Untouched, Some(words::WAITS.to_owned()))
            }
            None if is_to_move => (Fate::Moved, None),
            Some(hindrance) if is_to_move => (left_alone, Some(hindrance.line())),
            _ => (left_alone, None),
        };
        JobFate { id: job.id.clone(), name: job.name.clone(), fate, why }
    };
    jobs.iter().map(of).collect()
}

/// A job as it was submitted, by its record. `name` is what the ledger calls it.
pub fn again(name: &str, record: &JobRecord) -> SessionJob {
    let mut configuration = Configuration::new();
    for (key, value) in &record.options {
        configuration.set(key.clone(), value.as_str(), Origin::Field(String::new()));
    }
    SessionJob {
        name: name.to_owned(),
        jar_uri: record.jar.clone(),
        entry_class: record.entry_class.clone(),
        args: record.args.clone(),
        parallelism: record.parallelism,
        running: true,
        upgrade_mode: UpgradeMode::Savepoint,
        initial_savepoint_path: None,
        allow_non_restored_state: record.allow_non_restored_state,
        savepoint_trigger_nonce: record.savepoint_trigger_nonce,
        checkpoint_trigger_nonce: record.checkpoint_trigger_nonce,
        savepoint_redeploy_nonce: record.savepoint_redeploy_nonce,
        restart_nonce: record.restart_nonce,
        configuration,
    }
}

/// What a job is to be before its session changes: stopped, with a savepoint whatever its file says of changes to the job
/// itself. One that is between two attempts is waited for.
#[must_use]
pub fn to_stop(mut job: SessionJob) -> SessionJob {
    job.running = false;
    job.upgrade_mode = UpgradeMode::Savepoint;
    job.configuration.set(FALLBACK, "false", Origin::Default(words::SAVEPOINT_ONLY));
    job
}

/// What it is to be afterwards: as it is wanted, from the savepoint.
#[must_use]
pub fn to_resume(mut job: SessionJob) -> SessionJob {
    job.upgrade_mode = UpgradeMode::Savepoint;
    job
}

/// How a job is once it was to be stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// It is stopped, and this is its savepoint.
    At(String),
    /// It has ended by itself, or somebody canceled it: nothing of it is to be resumed.
    Ended,
    /// Its JobManager has died, and with it what was known of the savepoint.
    Lost,
}

/// What became of a job that was to be stopped, by its record. `id` is the one that it runs under.
pub fn stopped(record: &JobRecord, id: &str) -> Stop {
    let is_of_job = |one: &&crate::ledger::Snapshot| one.job.as_deref() == Some(id);
    match record.savepoint.as_ref().filter(is_of_job) {
        _ if !record.suspended => Stop::Ended,
        Some(savepoint) => Stop::At(savepoint.path.clone()),
        None => Stop::Lost,
    }
}

/// The path of the savepoint in what Flink says where the savepoint is there and the job failed while it was stopping.
/// Source: `StopWithSavepointStoppingException`, 1.15 to 2.3 (FLINK-26783).
pub fn savepoint_in(text: &str) -> Option<&str> {
    let [before, behind] = words::SAVEPOINT_AT;
    let (_, after) = text.split_once(before)?;
    let (path, _) = after.split_once(behind)?;
    Some(path.trim())
}
