//! Jobs that are moved when their session changes: stopped, resumed, and brought back where the change fails.

mod fates;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use nutkin_core::change::Effect;
use nutkin_core::decide::{Fate, Fates, JobFate, Outline};
use nutkin_core::jobs::{Hindrance, JobsChoice};
use nutkin_core::ledger::{InTheWay, JobRecord, Ledger, Opened, Phase, Wanted};
use nutkin_rest::Client;
use nutkin_shell::{Error, Kind, ledger};

use super::shared::{Limits, MoveArgs};
use super::way_back;
use super::{Context, wanted};
use crate::jobs::Patience;
use crate::jobs::moving::{self, Candidate, Within};
use crate::platform::ledger::{goes_back, takes_back, under_way};
use crate::platform::{Session, rebuild};
use crate::progress::Spinner;

/// What a user says of jobs that run.
pub(super) struct Moves<'a> {
    wish: &'a wanted::Wish,
    choice: Option<JobsChoice>,
    jars: BTreeMap<String, PathBuf>,
    limit: Duration,
    /// The change that jobs are moved for; `None`: the session ends.
    change: Option<&'static str>,
    /// How long the way back may take; `None`: nobody wants to go it.
    way_back: Option<Limits>,
    /// The session whose jobs are resumed as it says.
    wanted: nutkin_core::session::Session,
    /// Jobs that were to be parted with: they are not stopped again, whatever has become of them.
    parted: RefCell<BTreeSet<String>>,
    /// The session, while jobs wait to be resumed.
    under_way: RefCell<Option<Session>>,
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
        let mut moves = Self::at_change("up", &asked.moves, wish, context)?;
        if asked.no_jobs {
            moves.wanted.jobs.clear();
        }
        Ok(moves)
    }

    /// The same for a change of this name.
    ///
    /// # Errors
    /// Exit 2: an argument is wrong.
    pub(super) fn at_change(
        change: &'static str,
        asked: &MoveArgs,
        wish: &'a wanted::Wish,
        context: &'a Context<'a>,
    ) -> Result<Self, Error> {
        Ok(Self {
            wish,
            choice: asked.jobs.map(JobsChoice::from),
            jars: asked.jars()?,
            limit: Duration::from_secs(asked.move_timeout),
            change: Some(change),
            way_back: asked.way_back(),
            wanted: wish.session.clone(),
            parted: RefCell::default(),
            under_way: RefCell::default(),
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
            change: None,
            way_back: None,
            wanted: wish.session.clone(),
            parted: RefCell::default(),
            under_way: RefCell::default(),
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
            self.under_way.replace(Some(session.clone()));
            let before = rebuild::of(session.name(), &session.exact_place(), self.context).await;
            let begins = |ledger: &mut Ledger| self.begin(ledger, before);
            let stopped = moving::stop(session, &client, &to_stop, begins, within).await;
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
            moving::end_applications(&client, &lost, within).await;
            self.parted.borrow_mut().extend(lost.into_iter().map(|(id, _)| id));
        }
        Ok(())
    }

    /// Writes into the ledger that the change begins, and the way back. `rebuilt` is what is wanted of the session as far as
    /// it is seen in what runs, which counts where nobody noted it.
    fn begin(&self, ledger: &mut Ledger, rebuilt: Option<Wanted>) {
        let Some(change) = self.change else { return };
        let environment = self.context.environment;
        let who = ledger::who(environment);
        let mut phase = Phase::new(change, &ledger::now(), &who, &environment.words);
        if ledger.wanted.is_none() {
            phase.before = rebuilt.map(Box::new);
        }
        ledger.begin(phase, &self.wish.wanted);
    }

    /// The jobs that were stopped go on in the session as it is.
    async fn back(&self, failure: Error, session: &Session, client: &Client) -> Error {
        let mut as_it_was = self.wish.session.clone();
        as_it_was.jobs.clear();
        let found = |id: &str| session.newest_state(id);
        let within = self.within(&as_it_was, &found);
        let resumed = async {
            let why = format!("{:#}", failure.error);
            ledger::update(session, |ledger| {
                ledger.take_back(&why);
            })
            .await?;
            moving::resume(session, client, Ledger::close, within).await
        };
        let name = &self.wish.session.name;
        match resumed.await {
            Ok(()) => failure
                .hint(format!("session `{name}` was not changed, and its jobs run as they did")),
            Err(second) => failure.hint(format!("{:#}", second.error)).hint(goes_back(name)),
        }
    }

    /// After a change that has failed: the session goes back to what it was, and with it the jobs that were stopped.
    pub(super) async fn rescue(&self, failure: Error) -> Error {
        let Some(session) = &self.under_way.take() else { return failure };
        let Ok(opened) = ledger::load(session).await else { return failure };
        if opened.ledger.phase.is_none() && opened.ledger.moving().is_empty() {
            return failure;
        }
        let name = session.name();
        // What another command made of it is not this one's to take back.
        let is_ours = !matches!(failure.kind, Kind::Conflict | Kind::Interrupted);
        let Some(limits) = self.way_back.filter(|_| is_ours && opened.ledger.phase.is_some())
        else {
            let failure = failure.hint(left(&opened));
            return match opened.ledger.phase {
                Some(_) => failure.hint(takes_back(name)),
                None => failure,
            };
        };
        let why = format!("{:#}", failure.error);
        self.context.printer.warn(&format!("the change of session `{name}` has failed: {why}"));
        self.context.printer.say(&format!("session `{name}` goes back to what it was"));
        let back = Box::pin(way_back::take_back(session, &why, limits, self.context)).await;
        match back {
            Ok(jobs) => failure.hint(way_back::done(name, &jobs)),
            Err(second) => failure
                .hint(format!("the way back failed, too: {:#}", second.error))
                .hint(goes_back(name)),
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
        moving::resume(session, &client, Ledger::close, self.within(&self.wanted, &found)).await?;
        self.under_way.take();
        Ok(())
    }

    /// Refuses while another change of the session is under way. Gives whether this one is what takes it back.
    ///
    /// # Errors
    /// Another one is.
    pub(super) fn in_the_way(&self, opened: Option<&Opened>) -> Result<bool, Error> {
        let Some(ledger) = opened.map(|opened| &opened.ledger) else { return Ok(false) };
        match (ledger.in_the_way(&self.wish.wanted), &ledger.phase) {
            (InTheWay::Yes, Some(phase)) => Err(under_way(&ledger.name, phase)),
            (is, _) => Ok(is == InTheWay::TakesBack),
        }
    }

    /// Completes a change back that was cut off.
    ///
    /// # Errors
    /// The session does not come up.
    pub(super) async fn take_back(&self, session: &Session) -> Result<(), Error> {
        let limits = self.way_back.unwrap_or_default();
        let jobs = Box::pin(way_back::take_back(session, "", limits, self.context)).await?;
        self.context.printer.say(&way_back::done(session.name(), &jobs));
        Ok(())
    }

    /// Sees in the ledger whether jobs wait to be resumed.
    pub(super) fn see(&self, ledger: Option<&Ledger>, session: &Session) {
        if ledger.is_some_and(|ledger| ledger.phase.is_some() || !ledger.moving().is_empty()) {
            self.under_way.replace(Some(session.clone()));
        }
    }

    /// Whether jobs wait to be resumed.
    pub(super) fn are_under_way(&self) -> bool {
        self.under_way.borrow().is_some()
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

/// Whether a job that is not resumed gets a savepoint all the same: only a batch job takes none.
fn is_parted(candidate: &Candidate) -> bool {
    candidate.takes_savepoint && candidate.about.hindrance != Some(Hindrance::Batch)
}
