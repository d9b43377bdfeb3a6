//! What all jobs have in common that are moved together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nutkin_core::jobs::{self as rules, AboutJob, MovableJob};
use nutkin_core::ledger::{Bringer, JobRecord, Opened};
use nutkin_core::session::{Session, SessionJob};

use crate::Context;

/// A job that runs and can be moved, or why it cannot.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// What decides about it.
    pub about: MovableJob,
    /// What the ledger calls it.
    pub key: String,
    /// It as it runs.
    pub job: SessionJob,
    /// No session file names it.
    pub by_id: bool,
    /// Whether there is somewhere to write a savepoint of it.
    pub takes_savepoint: bool,
}

/// What all jobs of a session have in common.
#[derive(Clone, Copy)]
pub struct Within<'a> {
    /// The session that is wanted: its jobs are resumed as it says.
    pub session: &'a Session,
    /// The folder that relative jars count from.
    pub base: &'a Path,
    /// Jars that the user has named, by the name of the job or its id.
    pub given: &'a BTreeMap<String, PathBuf>,
    /// Finds the newest state of a job whose JobManager has died, where anybody can: by its id.
    pub found: &'a dyn Fn(&str) -> Option<String>,
    /// How long one thing may take: a savepoint, or the way to the first checkpoint.
    pub limit: Duration,
    /// What is said, and where.
    pub context: &'a Context<'a>,
}

impl std::fmt::Debug for Within<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Within").field("session", &self.session.name).finish_non_exhaustive()
    }
}

impl Within<'_> {
    pub(super) fn namespace(&self) -> &str {
        self.session.namespace.as_deref().unwrap_or(rules::NAMESPACE)
    }

    pub(super) fn about<'a>(&'a self, job: &'a SessionJob, by_id: bool) -> AboutJob<'a> {
        let (namespace, session) = (self.namespace(), &self.session.configuration);
        AboutJob { job, namespace, session, by_id }
    }

    /// What the ledger has of a job that runs; with it the job as it was submitted.
    pub fn recorded(&self, id: &str, opened: &Opened) -> Option<(String, SessionJob, JobRecord)> {
        let jobs = &opened.ledger.jobs;
        let is_it = |(name, record): &(&String, &JobRecord)| {
            let job = rules::again(name, record);
            let by_id = record.origin != Bringer::File;
            let generation = record.generation.max(u64::from(by_id));
            record.id.as_deref() == Some(id) || self.about(&job, by_id).id(generation) == id
        };
        if let Some((name, record)) = jobs.iter().find(is_it) {
            return Some((name.clone(), rules::again(name, record), record.clone()));
        }
        // Submitted by a command that was cut off, or the ledger was lost: the file says what it is.
        let job = self.session.jobs.iter().find(|job| {
            let states = [(id, "RUNNING")];
            !rules::known(self.namespace(), &job.name, states).is_empty()
        })?;
        Some((job.name.clone(), job.clone(), JobRecord::default()))
    }
}
