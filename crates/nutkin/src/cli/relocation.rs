//! The steps of a session to another platform.

mod back;
mod sight;

pub(super) use back::take_back;
pub(super) use sight::check_state;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use nutkin_core::decide::Ending;
use nutkin_core::ledger::{Destination, ENDED, Ledger, Opened};
use nutkin_core::relocation::{self as rules, RelocationStep, Seen, StateSight};
use nutkin_core::selection::{self, Platform};
use nutkin_core::session;
use nutkin_core::supervision::fence::LivingProcesses;
use nutkin_rest::{Client, Job};
use nutkin_shell::ledger::{self, Store};
use nutkin_shell::{ClusterPlace, Environment, Error, Kind, Place, Purpose, Wish};

use super::moving::Moves;
use super::shared::Limits;
use super::{Context, wanted, way_back};
use crate::jobs::failure;
use crate::jobs::moving::{self, Candidate, Within};
use crate::platform::ledger::{base, surroundings, under_way, within};
use crate::platform::{self, Session};

/// How long a session that is about to end may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What people read when the jobs go on where they were.
pub(super) fn done(old: &Session, jobs: &[String]) -> String {
    format!(
        "session `{}` stays on {}: {}",
        old.name(),
        old.platform(),
        way_back::done(old.name(), jobs)
    )
}

/// The jobs that run in a session, and whether they can be moved; and names of those that its JobManager has lost.
///
/// # Errors
/// It does not answer.
pub(super) async fn candidates(
    moves: &Moves<'_>,
    session: &Session,
    opened: &Opened,
    new: &Ledger,
) -> Result<(Vec<Candidate>, Vec<String>), Error> {
    let connected = session.connect(true).await?;
    let client = connected.client()?;
    let jobs = client.jobs().await.map_err(failure)?;
    let lost = lost(session, opened, new, &jobs).await?;
    Ok((moves.look(&moving::running(&jobs), opened, session).await?, lost))
}

/// Names of the jobs that the JobManager has lost: nobody would miss them where their session has moved. `new`: the ledger of the
/// session that they move to.
async fn lost(
    session: &Session,
    opened: &Opened,
    new: &Ledger,
    jobs: &[Job],
) -> Result<Vec<String>, Error> {
    let listed = jobs.iter().map(|job| job.id.clone()).collect();
    let lost = opened.ledger.lost_on_the_way(new, &listed, None);
    if lost.is_empty() {
        return Ok(lost);
    }
    let processes = session.processes().await?;
    let since = processes.as_ref().and_then(LivingProcesses::job_manager_since);
    Ok(opened.ledger.lost_on_the_way(new, &listed, since))
}

/// How lost jobs go on.
pub(super) fn go_on(name: &str) -> String {
    format!(
        "`nutkin watch {name} --once` has jobs that are lost go on from their newest checkpoints"
    )
}

/// Where a session moves to.
fn place_of(to: &Destination) -> Place {
    let platform = selection::parse(&to.platform).unwrap_or(Platform::Local);
    let cluster = ClusterPlace {
        namespace: to.namespace.clone(),
        context: to.context.clone(),
        kubeconfig: to.kubeconfig.as_ref().map(PathBuf::from),
    };
    Place::on(platform, cluster)
}

/// A move that was begun.
pub(super) struct Relocation<'a> {
    old: &'a Session,
    /// What the old session is.
    wish: &'a wanted::Wish,
    moves: &'a Moves<'a>,
    to: Destination,
    place: Place,
    /// What the new session is.
    new: session::Session,
    jars: BTreeMap<String, PathBuf>,
    limits: Limits,
    /// Whether jobs may be lost that come in meanwhile.
    force: bool,
    there: Option<Environment>,
    context: &'a Context<'a>,
}

impl<'a> Relocation<'a> {
    /// # Errors
    /// What the ledger says of it is damaged.
    pub(super) fn of(
        old: &'a Session,
        wish: &'a wanted::Wish,
        moves: &'a Moves<'a>,
        to: Destination,
        jars: BTreeMap<String, PathBuf>,
        limits: Limits,
        context: &'a Context<'a>,
    ) -> Result<Self, Error> {
        let (new, place) = (to.wanted.session().map_err(Error::input)?, place_of(&to));
        let there = surroundings(&to.wanted, context.environment);
        let force = false;
        Ok(Self { old, wish, moves, to, place, new, jars, limits, force, there, context })
    }

    /// The same where it is agreed to lose jobs that come in meanwhile.
    pub(super) fn forced(self, force: bool) -> Self {
        Self { force, ..self }
    }

    /// Does step after step. Gives the names of the jobs that run in the new session.
    ///
    /// # Errors
    /// A step fails. The same call goes on from there.
    pub(super) async fn carry_out(&self) -> Result<Vec<String>, Error> {
        let mut serves = false;
        loop {
            let (seen, opened, candidates) = self.look(serves).await?;
            let printer = self.context.printer;
            match rules::next(seen) {
                RelocationStep::Start => {
                    Box::pin(self.start()).await?;
                    serves = true;
                }
                RelocationStep::Stop => self.stop(&candidates).await?,
                RelocationStep::HandOver => {
                    let change =
                        vec![format!("its jobs came from the session on {}", self.old.platform())];
                    let event = ledger::event(self.context.environment, change);
                    let handed = |new: &mut Ledger| {
                        opened.ledger.hand_over(new, &self.to.wanted);
                        new.note(event);
                    };
                    ledger::update(&self.new_session().await?, handed).await?;
                }
                RelocationStep::Resume => self.resume().await?,
                RelocationStep::Arrive => {
                    let arrived = |ledger: &mut Ledger| {
                        let to = ledger.phase.as_mut().and_then(|phase| phase.to.as_mut());
                        if let Some(to) = to {
                            to.has_arrived = true;
                        }
                    };
                    ledger::update(self.old, arrived).await?;
                }
                RelocationStep::End => {
                    self.refuse_newcomers(&opened).await?;
                    let jobs = opened.ledger.phase.iter().flat_map(|phase| phase.jobs.keys());
                    let jobs = jobs.cloned().collect();
                    printer.say(&format!(
                        "session `{}` ends on {}",
                        self.old.name(),
                        self.old.platform()
                    ));
                    end(self.old, Ending::default(), self.context).await?;
                    return Ok(jobs);
                }
            }
        }
    }

    /// # Errors
    /// Jobs came into the old session since its own have left, and nobody has agreed to lose them (6).
    async fn refuse_newcomers(&self, opened: &Opened) -> Result<(), Error> {
        let running = async {
            let connected = self.old.connect(true).await?;
            let jobs = connected.client()?.jobs().await.map_err(failure)?;
            Ok::<_, Error>(moving::running(&jobs))
        };
        // One that does not answer may have ended already.
        let running = tokio::time::timeout(PATIENCE, running).await.ok().and_then(Result::ok);
        // The list of jobs may be a moment old.
        let is_stopped = |id: &String| {
            let mut records = opened.ledger.jobs.values();
            records.any(|record| record.suspended && record.id.as_ref() == Some(id))
        };
        let running = running.unwrap_or_default().into_iter();
        let newcomers = running.filter(|(id, _)| !is_stopped(id));
        let names: Vec<String> = newcomers.map(|(_, name)| name).collect();
        if names.is_empty() || self.force {
            return Ok(());
        }
        let (name, platform) = (self.old.name(), self.old.platform());
        let names = way_back::quoted(&names);
        let message = format!("jobs came into session `{name}` on {platform} meanwhile: {names}");
        Err(Error::new(Kind::Unconfirmed, message)
            .hint("with `--force` the session ends there, and they are lost"))
    }

    async fn new_session(&self) -> Result<Session, Error> {
        platform::open(self.old.name(), &self.place, self.context).await
    }

    async fn look(&self, serves: bool) -> Result<(Seen, Opened, Vec<Candidate>), Error> {
        let opened = ledger::load(self.old).await?;
        let name = self.old.name();
        let phase = opened.ledger.phase.as_ref().filter(|phase| phase.to.is_some());
        let Some(phase) = phase else {
            let message = format!("the move of session `{name}` was taken back meanwhile");
            return Err(Error::new(Kind::Conflict, message));
        };
        if phase.taken_back.is_some() {
            return Err(under_way(name, phase));
        }
        let mut seen = Seen {
            has_arrived: phase.to.as_ref().is_some_and(|to| to.has_arrived),
            serves,
            runs: false,
            is_handed_over: false,
            waits: false,
        };
        if seen.has_arrived || !serves {
            return Ok((seen, opened, Vec::new()));
        }
        let new = self.ledger_there(&self.new_session().await?).await?;
        let (candidates, lost) = candidates(self.moves, self.old, &opened, &new).await?;
        if !lost.is_empty() {
            // They are not resumed from something older, there or here.
            let at_rest = |ledger: &mut Ledger| {
                for job in &lost {
                    ledger.stays_ended(job);
                }
            };
            ledger::update(self.old, at_rest).await?;
            let names = way_back::quoted(&lost);
            let message =
                format!("the JobManager of session `{name}` has ended, and jobs with it: {names}");
            return Err(Error::new(Kind::Broken, message).hint(go_on(name)));
        }
        seen.runs = !candidates.is_empty();
        let mut handed = new.clone();
        opened.ledger.hand_over(&mut handed, &self.to.wanted);
        seen.is_handed_over = handed == new;
        seen.waits = !new.moving().is_empty();
        Ok((seen, opened, candidates))
    }

    /// The ledger of the new session.
    ///
    /// # Errors
    /// It is not the one that this move makes.
    async fn ledger_there(&self, new: &Session) -> Result<Ledger, Error> {
        let ledger = ledger::load(new).await?.ledger;
        if ledger.is_made_by(&self.to) {
            return Ok(ledger);
        }
        let (name, platform) = (new.name(), new.platform());
        let message = format!(
            "somebody else has made session `{name}` on {platform} while it was moving there"
        );
        Err(Error::new(Kind::Conflict, message))
    }

    /// Brings the new session up. What a cut has left of it is completed.
    async fn start(&self) -> Result<(), Error> {
        match self.new_session().await {
            Ok(new) => drop(self.ledger_there(&new).await?),
            Err(failure) if failure.kind == Kind::NotFound => {}
            Err(failure) => return Err(failure),
        }
        let context = &within(self.there.as_ref(), self.context);
        let wish =
            Wish { session: &self.new, place: &self.place, purpose: Purpose::Act, adopt: false };
        let source = self.to.wanted.source.as_ref();
        let file = source.map(|source| PathBuf::from(&source.file));
        // A platform that writes its ledger with the change writes at once whose session it is.
        let note =
            |opened: &mut Opened| opened.ledger.begin_from(self.to.mark.clone(), &self.to.wanted);
        let brought = way_back::bring(wish, file.as_deref(), self.limits.session, note, context);
        Box::pin(brought).await?;
        let new = self.new_session().await?;
        self.ledger_there(&new).await?;
        let made = |ledger: &mut Ledger| ledger.begin_from(self.to.mark.clone(), &self.to.wanted);
        ledger::update(&new, made).await?;
        let (name, platform) = (self.old.name(), self.place.platform());
        self.context.printer.say(&format!("session `{name}` is up on {platform}"));
        Ok(())
    }

    async fn stop(&self, candidates: &[Candidate]) -> Result<(), Error> {
        // One that came in meanwhile.
        if let Some((name, why)) = candidates.iter().find_map(|one| {
            one.about.hindrance.as_ref().map(|hindrance| (&one.about.name, hindrance.line()))
        }) {
            let message = format!("job `{name}` came in, and cannot be moved: {why}");
            return Err(Error::new(Kind::Broken, message));
        }
        let connected = self.old.connect(true).await?;
        let client = connected.client()?;
        if self.place.platform() == Platform::Kubernetes {
            self.look_there(&client).await?;
        }
        let found = |id: &str| self.old.newest_state(id);
        let all = self.within(&self.wish.session, &self.wish.base, &found, self.context);
        moving::stop(self.old, &client, candidates, |_| (), all).await
    }

    /// # Errors
    /// The pods of the new session do not see what this machine has where savepoints will lie.
    async fn look_there(&self, client: &Client) -> Result<(), Error> {
        let Some(directory) = moving::directory(client).await? else { return Ok(()) };
        let there = self.new_session().await?;
        let seen = sight::sight(&directory, (self.old, &self.wish.session), (&there, &self.new));
        let StateSight::Mounted(folder) = seen else { return Ok(()) };
        match sight::look(&folder, &directory, &there, &self.new).await? {
            None => Ok(()),
            Some(why) => Err(Error::new(Kind::Invalid, why)),
        }
    }

    async fn resume(&self) -> Result<(), Error> {
        let context = &within(self.there.as_ref(), self.context);
        let new = self.new_session().await?;
        let connected = new.connect(true).await?;
        let client = connected.client()?;
        let base = base(&self.to.wanted, context.environment);
        let found = |_: &str| None;
        let all = self.within(&self.new, &base, &found, context);
        moving::resume(&new, &client, |_| (), all).await
    }

    fn within<'w>(
        &'w self,
        session: &'w session::Session,
        base: &'w std::path::Path,
        found: &'w dyn Fn(&str) -> Option<String>,
        context: &'w Context<'w>,
    ) -> Within<'w> {
        Within { session, base, given: &self.jars, found, limit: self.limits.jobs, context }
    }
}

/// Ends a session of which nothing is needed any more. Its ledger goes last.
async fn end(session: &Session, how: Ending, context: &Context<'_>) -> Result<(), Error> {
    let mut opened = ledger::load(session).await?;
    if !opened.is_new() && opened.ledger.history.last().is_none_or(|last| last.changes != [ENDED]) {
        // From now on it outlives its session on every platform.
        opened.ledger.note(ledger::event(context.environment, vec![ENDED.to_owned()]));
        ledger::save(session, &mut opened).await?;
    }
    session.end(how, context).await?;
    match Store::remove(session, &opened.version).await {
        Err(failure) if failure.kind == Kind::Denied => {
            context.printer.warn(&format!("the ledger stays: {:#}", failure.error));
        }
        removed => removed?,
    }
    platform::forget(context.environment, session.name(), &session.place());
    Ok(())
}
