//! What becomes of the jobs that run when `up` changes their session, and the move of those that are moved.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use nutkin_core::change::Effect;
use nutkin_core::decide::{Fate, Fates, JobFate, Outline};
use nutkin_core::jobs::{self as rules, Hindrance, JobsChoice, MovableJob, Stop};
use nutkin_core::ledger::{Bringer, JobRecord, Ledger, Opened};
use nutkin_rest::Client;
use nutkin_shell::{Error, ledger};

use super::{Context, savepoint_place, wanted};
use crate::jobs::moving::{self, Candidate, Within};
use crate::jobs::{Patience, located};
use crate::platform::Session;
use crate::progress::Spinner;

/// How long a session may take to answer for its jobs before a change of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a user says of jobs that run.
pub(super) struct Moves<'a> {
    wish: &'a wanted::Wish,
    choice: Option<JobsChoice>,
    jars: BTreeMap<String, PathBuf>,
    limit: Duration,
    /// The session whose jobs are resumed as it says.
    wanted: nutkin_core::session::Session,
    /// Jobs that were to be parted with: they are not stopped again, whatever has become of them.
    parted: RefCell<BTreeSet<String>>,
    /// Whether jobs wait to be resumed.
    under_way: Cell<bool>,
    context: &'a Context<'a>,
}

impl<'a> Moves<'a> {
    /// # Errors
    /// Exit 2: an argument is wrong.
    pub(super) fn of(
        asked: &wanted::WishArgs,
        wish: &'a wanted::Wish,
        context: &'a Context<'a>,
    ) -> Result<Self, Error> {
        let mut wanted = wish.session.clone();
        if asked.no_jobs {
            wanted.jobs.clear();
        }
        Ok(Self {
            wish,
            choice: asked.moves.jobs.map(JobsChoice::from),
            jars: asked.moves.jars()?,
            limit: Duration::from_secs(asked.moves.move_timeout),
            wanted,
            parted: RefCell::default(),
            under_way: Cell::new(false),
            context,
        })
    }

    /// The same for the end of a session.
    pub(super) fn at_end(
        wish: &'a wanted::Wish,
        limit: Duration,
        context: &'a Context<'a>,
    ) -> Self {
        Self {
            wish,
            choice: Some(JobsChoice::Move),
            jars: BTreeMap::new(),
            limit,
            wanted: wish.session.clone(),
            parted: RefCell::default(),
            under_way: Cell::new(false),
            context,
        }
    }

    fn within<'w>(
        &'w self,
        session: &'w nutkin_core::session::Session,
        found: &'w dyn Fn(&str) -> Option<String>,
    ) -> Within<'w> {
        let Self { wish, jars, limit, context, .. } = self;
        Within { session, base: &wish.base, given: jars, found, limit: *limit, context }
    }

    /// The decision with a fate for each job that runs. A session that does not answer in time keeps the one fate of all.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(super) async fn of_jobs(
        &self,
        outline: Outline,
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
        let opened = ledger::load(session).await?;
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
        let looked = self.look(&running, &opened, session);
        let looked = tokio::time::timeout(PATIENCE, looked).await;
        let Ok(Ok(candidates)) = looked else { return Ok((outline, Vec::new())) };
        let about: Vec<MovableJob> = candidates.iter().map(|one| one.about.clone()).collect();
        let fates = rules::fates(effect, self.choice, &about);
        Ok((outline.with_fates(fates), candidates))
    }

    /// Looks at each job that runs, whether it can be moved.
    ///
    /// # Errors
    /// The session does not answer.
    pub(super) async fn look(
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
                let hindrance = Some(Hindrance::NotOurs);
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
            let is_of_file = self.wanted.jobs.iter().any(|one| one.name == key)
                && record.origin == Bringer::File;
            if hindrance.is_none() && !is_of_file {
                let found = located(&key, &record, within.base, &self.jars, self.context).await;
                hindrance = found.err();
            }
            // What was begun is brought to its end.
            let hindrance = hindrance.filter(|_| !begun.contains(id));
            let by_id = record.origin != Bringer::File;
            let about = MovableJob { id: id.clone(), name: name.clone(), hindrance };
            candidates.push(Candidate { about, key, job, by_id, takes_savepoint });
        }
        Ok(candidates)
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
    pub(super) fn hints(candidates: &[Candidate]) -> Vec<&'static str> {
        let mut hints: Vec<&str> =
            candidates.iter().filter_map(|one| help(one.about.hindrance.as_ref()?)).collect();
        hints.sort_unstable();
        hints.dedup();
        hints
    }

    /// Whether anything is to be done about jobs before the session changes.
    pub(super) fn has_work(&self, outline: &Outline, candidates: &[Candidate]) -> bool {
        let Fates::Known(fates) = &outline.jobs else { return false };
        // Jobs of which nothing is known are lost as they would be without this.
        let parted = self.parted.borrow();
        let takes =
            |id: &String| candidates.iter().any(|one| one.about.id == *id && is_parted(one));
        let is_work = |job: &JobFate| match job.fate {
            Fate::Moved => true,
            Fate::Lost => {
                self.choice != Some(JobsChoice::Lose) && takes(&job.id) && !parted.contains(&job.id)
            }
            Fate::Untouched => {
                self.choice == Some(JobsChoice::Wait) && outline.change.effect != Effect::None
            }
            Fate::FailsOver => false,
        };
        !candidates.is_empty() && fates.iter().any(is_work)
    }

    /// A failure, with what is stopped at that time.
    pub(super) async fn told(&self, failure: Error, session: &Session) -> Error {
        match ledger::load(session).await {
            Ok(opened) if !opened.ledger.moving().is_empty() => failure.hint(left(&opened)),
            _ => failure,
        }
    }

    /// Stops what is to be moved, and parts with what is lost for good: it was agreed to.
    ///
    /// # Errors
    /// A job could not be stopped: those that were are resumed, and the session is as it was.
    pub(super) async fn stop(
        &self,
        fates: &Fates,
        candidates: &[Candidate],
        session: &Session,
    ) -> Result<(), Error> {
        let Fates::Known(fates) = fates else { return Ok(()) };
        let of = |fate: Fate| -> BTreeSet<&str> {
            fates.iter().filter(|job| job.fate == fate).map(|job| job.id.as_str()).collect()
        };
        let (to_move, lost) = (of(Fate::Moved), of(Fate::Lost));
        let connected = session.connect(true).await?;
        let client = connected.client()?;
        if self.choice == Some(JobsChoice::Wait) && !candidates.is_empty() {
            return until_all_have_ended(&client, self.context).await;
        }
        let found = |id: &str| session.newest_state(id);
        let within = self.within(&self.wanted, &found);
        let to_stop: Vec<Candidate> = candidates
            .iter()
            .filter(|one| to_move.contains(one.about.id.as_str()))
            .cloned()
            .collect();
        if !to_stop.is_empty() {
            self.under_way.set(true);
            let stopped = moving::stop(session, &client, &to_stop, within).await;
            if let Err(failure) = stopped {
                return Err(self.back(failure, session, &client).await);
            }
        }
        // Whoever chose to lose them wants nothing of them.
        if self.choice != Some(JobsChoice::Lose) {
            let lost: Vec<(String, String)> = candidates
                .iter()
                .filter(|one| lost.contains(one.about.id.as_str()) && is_parted(one))
                .map(|one| (one.about.id.clone(), one.about.name.clone()))
                .collect();
            moving::part(&client, &lost, within).await;
            self.parted.borrow_mut().extend(lost.into_iter().map(|(id, _)| id));
        }
        Ok(())
    }

    /// The jobs that were stopped go on in the session as it is.
    async fn back(&self, failure: Error, session: &Session, client: &Client) -> Error {
        let mut as_it_was = self.wish.session.clone();
        as_it_was.jobs.clear();
        let found = |id: &str| session.newest_state(id);
        let resumed = moving::resume(session, client, self.within(&as_it_was, &found)).await;
        match resumed {
            Ok(()) => failure.hint(format!(
                "session `{}` was not changed, and its jobs run as they did",
                self.wish.session.name
            )),
            Err(second) => failure
                .hint(format!("{:#}; the same command again goes on from there", second.error)),
        }
    }

    /// After a change that has failed: what was stopped goes on where something answers.
    pub(super) async fn rescue(&self, failure: Error, session: &Session) -> Error {
        let Ok(opened) = ledger::load(session).await else { return failure };
        if opened.ledger.moving().is_empty() {
            return failure;
        }
        let client = match session.connect(true).await {
            Ok(connected) => connected.client().map(|client| (connected, client)),
            Err(error) => Err(error),
        };
        match client {
            Ok((_connected, client)) => self.back(failure, session, &client).await,
            Err(_) => failure.hint(left(&opened)),
        }
    }

    /// Resumes what is being moved.
    ///
    /// # Errors
    /// A job does not run in time.
    pub(super) async fn resume(&self, session: &Session) -> Result<(), Error> {
        if !self.are_under_way() {
            return Ok(());
        }
        let connected = session.connect(true).await?;
        let client = connected.client()?;
        let found = |id: &str| session.newest_state(id);
        moving::resume(session, &client, self.within(&self.wanted, &found)).await
    }

    /// Sees in the ledger whether jobs wait to be resumed.
    pub(super) fn see(&self, ledger: Option<&Ledger>) {
        let moves = ledger.is_some_and(|ledger| !ledger.moving().is_empty());
        self.under_way.set(self.under_way.get() || moves);
    }

    /// Whether jobs wait to be resumed.
    pub(super) const fn are_under_way(&self) -> bool {
        self.under_way.get()
    }
}

/// Waits until no job of a session runs any more, and shows how many do.
///
/// # Errors
/// The session does not answer.
pub(super) async fn until_all_have_ended(
    client: &Client,
    context: &Context<'_>,
) -> Result<(), Error> {
    let mut spinner = Spinner::new(context.printer);
    let mut patience = Patience::new(None).telling(|line| spinner.say(line));
    moving::until_none_runs(client, &mut patience).await.map(drop)
}

/// Jobs that somebody has asked to stop without hearing of the end of it, by id and name in the ledger.
fn being_stopped(opened: &Opened) -> impl Iterator<Item = (String, String)> {
    let moving = opened.ledger.jobs.iter().filter(|(_, job)| job.moving && job.suspended);
    moving.filter_map(|(name, job)| {
        let id = job.id.clone()?;
        (rules::stopped(job, &id) == Stop::Lost).then(|| (id, name.clone()))
    })
}

/// Jobs that are stopped, and from where they go on.
pub(super) fn left(opened: &Opened) -> String {
    let moving = opened.ledger.jobs.iter().filter(|(_, job)| job.moving);
    let line = |(name, job): (&String, &JobRecord)| {
        format!("`{name}` ({})", job.last_savepoint.as_deref().unwrap_or("no savepoint yet"))
    };
    let jobs: Vec<String> = moving.map(line).collect();
    format!(
        "jobs that are stopped and go on when the same command is run again: {}",
        jobs.join(", ")
    )
}

/// What helps where jobs cannot be moved.
fn help(hindrance: &Hindrance) -> Option<&'static str> {
    Some(match hindrance {
        Hindrance::NotOurs => {
            "`nutkin stop JOB` takes a savepoint of a job, and `nutkin run --from-savepoint` resumes it"
        }
        Hindrance::JarGone(_) => "`--jar JOB=PATH` names the jar of a job",
        Hindrance::Batch => "`--jobs wait` changes the session when its jobs have ended",
        _ => return None,
    })
}

/// Whether a job that is not resumed gets a savepoint all the same: only a batch job takes none.
fn is_parted(candidate: &Candidate) -> bool {
    candidate.takes_savepoint && candidate.about.hindrance != Some(Hindrance::Batch)
}
