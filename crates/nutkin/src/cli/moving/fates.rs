//! What becomes of each job that runs when its session changes, and why.

use std::collections::BTreeSet;
use std::time::Duration;

use nutkin_core::change::Effect;
use nutkin_core::decide::{Fate, Fates, Outline};
use nutkin_core::jars::JarStore;
use nutkin_core::jobs::{self as rules, Hindrance, JobsChoice, MovableJob, Stop};
use nutkin_core::ledger::{Bringer, JobRecord, Opened};
use nutkin_flink::Configuration;
use nutkin_rest::Client;
use nutkin_shell::{Error, ledger};

use super::super::savepoint_place;
use super::Moves;
use crate::jobs::moving::{self, Candidate};
use crate::jobs::{failure, located};
use crate::platform::Session;

/// How long a session may take to answer for its jobs before a change of it.
const PATIENCE: Duration = Duration::from_secs(10);

impl Moves<'_> {
    /// The decision with a fate for each job that runs. A session that does not answer in time keeps the one fate of all.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(in crate::cli) async fn of_jobs(
        &self,
        outline: Outline,
        opened: Option<&Opened>,
        session: &Session,
    ) -> Result<(Outline, Vec<Candidate>), Error> {
        let effect = outline.change.effect;
        let Fates::Known(jobs) = &outline.jobs else { return Ok((outline, Vec::new())) };
        let is_of_interest = match effect {
            Effect::None => false,
            Effect::Restart => matches!(self.choice, Some(JobsChoice::Move | JobsChoice::Wait)),
            Effect::Loss => true,
        };
        if outline.is_done() || !is_of_interest {
            return Ok((outline, Vec::new()));
        }
        let opened = match opened {
            Some(opened) => opened.clone(),
            None => ledger::load(session).await?,
        };
        let mut running: Vec<(String, String)> =
            jobs.iter().map(|job| (job.id.clone(), job.name.clone())).collect();
        for (id, name) in being_stopped(&opened) {
            if running.iter().all(|(listed, _)| *listed != id) {
                running.push((id, name));
            }
        }
        if running.is_empty() {
            return Ok((outline, Vec::new()));
        }
        let asked = tokio::time::timeout(PATIENCE, self.ask(&running, &opened, session)).await;
        let Ok(Ok(candidates)) = asked else { return Ok((outline, Vec::new())) };
        let candidates = self.with_jars(candidates, &opened, session).await;
        let about: Vec<MovableJob> = candidates.iter().map(|one| one.about.clone()).collect();
        let fates = rules::fates(effect, self.choice, &about);
        Ok((outline.with_fates(fates), candidates))
    }

    /// Looks at each job that runs, whether it can be moved.
    ///
    /// # Errors
    /// The session does not answer.
    pub(in crate::cli) async fn look(
        &self,
        running: &[(String, String)],
        opened: &Opened,
        session: &Session,
    ) -> Result<Vec<Candidate>, Error> {
        let candidates = self.ask(running, opened, session).await?;
        Ok(self.with_jars(candidates, opened, session).await)
    }

    /// The same, as far as the session tells.
    ///
    /// # Errors
    /// It does not answer.
    async fn ask(
        &self,
        running: &[(String, String)],
        opened: &Opened,
        session: &Session,
    ) -> Result<Vec<Candidate>, Error> {
        let connected = session.connect(true).await?;
        let client = connected.client()?;
        let begun: BTreeSet<String> = being_stopped(opened).map(|(id, _)| id).collect();
        let of_all = self.hindrance_of_all(&client, session).await?;
        let takes_savepoint = of_all.is_none();
        let ids = running.iter().map(|(id, _)| id.as_str());
        let applications = client.applications(ids).await.map_err(failure)?;
        let application = |id: &str| {
            let all = applications.iter().filter(|one| one.is_of_several());
            let name = all.filter(|one| one.has(id)).map(|one| one.name.clone()).next();
            name.map(Hindrance::Application)
        };
        let found = |id: &str| session.newest_state(id);
        let within = self.within(&self.wanted, &found);
        let mut candidates = Vec::new();
        for (id, name) in running {
            let found = within.recorded(id, opened);
            // The list of jobs may be a moment old.
            let is_stopped = |record: &JobRecord| {
                record.moving && matches!(rules::stopped(record, id), Stop::At(_))
            };
            if found.as_ref().is_some_and(|(_, _, record)| is_stopped(record)) {
                continue;
            }
            let mut hindrance = of_all.clone();
            let Some((key, job, record)) = found else {
                let hindrance = application(id).or(Some(Hindrance::NotOurs));
                let (key, name) = (id.clone(), name.clone());
                let about = MovableJob { id: id.clone(), name, hindrance };
                let job = rules::again(&key, &JobRecord::default());
                candidates.push(Candidate { about, key, job, by_id: true, takes_savepoint });
                continue;
            };
            if hindrance.is_none() && moving::is_batch(&client, id).await {
                hindrance = Some(Hindrance::Batch);
            }
            if hindrance.is_none() && rules::is_one_of_several(&key, &opened.ledger) {
                hindrance = Some(Hindrance::Several);
            }
            let hindrance = hindrance.or_else(|| application(id));
            // What was begun is brought to its end.
            let hindrance = hindrance.filter(|_| !begun.contains(id));
            let by_id = record.origin != Bringer::File;
            let about = MovableJob { id: id.clone(), name: name.clone(), hindrance };
            candidates.push(Candidate { about, key, job, by_id, takes_savepoint });
        }
        Ok(candidates)
    }

    /// With those hindered whose jars are nowhere: that may take a download.
    async fn with_jars(
        &self,
        mut candidates: Vec<Candidate>,
        opened: &Opened,
        session: &Session,
    ) -> Vec<Candidate> {
        let begun: BTreeSet<String> = being_stopped(opened).map(|(id, _)| id).collect();
        let found = |id: &str| session.newest_state(id);
        let within = self.within(&self.wanted, &found);
        let is_open =
            |one: &&mut Candidate| one.about.hindrance.is_none() && !begun.contains(&one.about.id);
        // Where uploads are kept it tells which ones it has.
        // Before the change as well: a directory of uploads that gets a claim only now is empty afterwards.
        let ledger = &opened.ledger;
        let before = ledger.phase.as_ref().and_then(|phase| phase.before.as_deref());
        let before = before.or(ledger.wanted.as_ref()).and_then(|before| before.session().ok());
        let keeps = |options: &Configuration| JarStore::of(options) == Ok(JarStore::Claim);
        let is_claim = keeps(&self.wanted.configuration)
            && before.is_some_and(|before| keeps(&before.configuration));
        let connected = if is_claim { session.connect(true).await.ok() } else { None };
        let client = connected.as_ref().and_then(|connected| connected.client().ok());
        for one in candidates.iter_mut().filter(is_open) {
            let Some((key, _, record)) = within.recorded(&one.about.id, opened) else { continue };
            let is_of_file = self.wanted.jobs.iter().any(|job| job.name == key)
                && record.origin == Bringer::File;
            if !is_of_file {
                let found = located(&key, &record, client.as_ref(), within).await;
                one.about.hindrance = found.err();
            }
        }
        candidates
    }

    /// What becomes of each job where TaskManagers end.
    ///
    /// # Errors
    /// The session does not answer.
    pub(in crate::cli) async fn at_scaling(
        &self,
        session: &Session,
    ) -> Result<(Fates, Vec<Candidate>), Error> {
        let opened = ledger::load(session).await?;
        let connected = session.connect(true).await?;
        let listed = connected.client()?.jobs().await.map_err(failure)?;
        let candidates = self.look(&moving::running(&listed), &opened, session).await?;
        let about: Vec<MovableJob> = candidates.iter().map(|one| one.about.clone()).collect();
        Ok((Fates::Known(rules::fates(Effect::Restart, self.choice, &about)), candidates))
    }

    /// Whether anything has to be done about jobs before that.
    pub(in crate::cli) fn stops(&self, fates: &Fates) -> bool {
        let Fates::Known(fates) = fates else { return false };
        self.choice == Some(JobsChoice::Wait) || fates.iter().any(|job| job.fate == Fate::Moved)
    }

    /// What keeps every job from being moved: no directory for savepoints, or one that cannot be used.
    async fn hindrance_of_all(
        &self,
        client: &Client,
        session: &Session,
    ) -> Result<Option<Hindrance>, Error> {
        let Some(directory) = moving::directory(client).await? else {
            return Ok(Some(Hindrance::NoDirectory));
        };
        Ok(savepoint_place::hindrance(directory, session.platform(), &self.wish.session))
    }

    /// What helps the jobs that cannot be moved, each once.
    pub(in crate::cli) fn hints(candidates: &[Candidate]) -> Vec<&'static str> {
        let mut hints: Vec<&str> =
            candidates.iter().filter_map(|one| help(one.about.hindrance.as_ref()?)).collect();
        hints.sort_unstable();
        hints.dedup();
        hints
    }
}

/// Jobs that somebody has asked to stop without hearing of the end of it, by id and name in the ledger.
fn being_stopped(opened: &Opened) -> impl Iterator<Item = (String, String)> {
    let moving = opened.ledger.jobs.iter().filter(|(_, job)| job.moving && job.suspended);
    moving.filter_map(|(name, job)| {
        let id = job.id.clone()?;
        (rules::stopped(job, &id) == Stop::Lost).then(|| (id, name.clone()))
    })
}

/// What helps where jobs cannot be moved.
fn help(hindrance: &Hindrance) -> Option<&'static str> {
    Some(match hindrance {
        Hindrance::NotOurs => {
            "`nutkin adopt-job JOB --jar PATH` says what runs as the job: then it is moved, too"
        }
        Hindrance::JarGone(_) => "`--jar JOB=PATH` names the jar of a job",
        Hindrance::Batch => "`--jobs wait` changes the session when its jobs have ended",
        _ => return None,
    })
}
