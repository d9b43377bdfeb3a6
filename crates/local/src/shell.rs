//! A session on this machine for a driver: `observe` looks, `act` does one step of a decision. Neither decides.

use std::time::{Duration, Instant};

use nutkin_core::Remark;
use nutkin_core::decide::local::{Give, Launch, Observation, Refusal, Step, Surroundings, decide};
use nutkin_core::decide::{Decision, Goal};
use nutkin_core::ledger::Opened;
use nutkin_rest::{Probe, Ready};
use nutkin_shell::files::At;
use nutkin_shell::files::document;
use nutkin_shell::{Context, Ended, Error, Kept, Kind, ledger};

use super::directory::{self, SessionDirectory, SessionLock};
use super::{control, down, machine};

/// How long a step waits for another command that works on the same session: longer than any of them
/// holds the lock, which is only while files are written and orders given.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// The same for an end: another `down` may wait for processes that do not end.
const END_WAIT: Duration = Duration::from_mins(2);

/// One session, as one run of a driver sees and changes it.
#[derive(Debug)]
pub struct LocalShell {
    /// Where it keeps its files.
    pub directory: SessionDirectory,
    /// The JobManager that answered last, and what it said.
    pub answered: Option<Ready>,
    /// What was ended, kept and deleted until now.
    pub ended: Ended,
    /// What the machine has. It is looked at once, and again after it was changed.
    pub(super) machine: Option<Surroundings>,
    /// The generation of the orders that this run has had obeyed.
    pub(super) told: Option<u64>,
    /// A client for the addresses that it was made for.
    pub(super) probe: Option<(Vec<String>, Probe)>,
    /// Since when a living JobManager was asked for its jobs and has not answered.
    pub(super) silent_since: Option<Instant>,
    /// What was looked at last.
    seen: Option<Observation>,
    /// The ledger as it is to be saved, and whether that is done.
    ledger: Option<(Opened, bool)>,
    /// Held from the ledger to the orders, and to the end of an end: an `up` that starts something meanwhile would lose its files, not its processes.
    lock: Option<SessionLock>,
}

/// A session and what is wanted of it: what a driver drives.
#[derive(Debug)]
pub struct Wanting<'s> {
    shell: &'s mut LocalShell,
    wanted: Goal<'s>,
    context: &'s Context<'s>,
}

impl nutkin_shell::Shell for Wanting<'_> {
    type Seen = Observation;
    type Step = Step;

    async fn observe(&mut self) -> Result<Observation, Error> {
        let session = match self.wanted {
            Goal::Session(session) => Some(session),
            Goal::Gone(_) => None,
        };
        let seen = self.shell.observe(session, self.context).await?;
        self.shell.seen = Some(seen.clone());
        Ok(seen)
    }

    fn decide(&self, seen: &Observation) -> Result<Decision<Step>, Error> {
        decide(self.wanted, seen).map_err(|refusal| self.shell.refused(refusal))
    }

    async fn act(&mut self, step: &Step) -> Result<(), Error> {
        self.shell.act(step, self.wanted, self.context).await
    }
}

impl LocalShell {
    /// The session for a driver.
    pub const fn wanting<'s>(
        &'s mut self,
        wanted: Goal<'s>,
        context: &'s Context<'s>,
    ) -> Wanting<'s> {
        Wanting { shell: self, wanted, context }
    }

    /// A session by its directory.
    pub fn new(directory: SessionDirectory) -> Self {
        Self {
            directory,
            answered: None,
            ended: Ended::default(),
            machine: None,
            told: None,
            probe: None,
            silent_since: None,
            seen: None,
            ledger: None,
            lock: None,
        }
    }

    /// Says what the ledger is to be: it is written before the orders. What was looked at last is decided about again with
    /// this; `None`: nothing was looked at.
    ///
    /// # Errors
    /// As [`LocalShell::look`].
    pub fn remember(
        &mut self,
        ledger: Opened,
        wanted: Goal<'_>,
    ) -> Result<Option<Decision<Step>>, Error> {
        self.ledger = Some((ledger, false));
        let Some(seen) = &self.seen else { return Ok(None) };
        let seen = Observation { is_saved: self.is_saved(), ..seen.clone() };
        decide(wanted, &seen).map(Some).map_err(|refusal| self.refused(refusal))
    }

    /// Whether the ledger says what it is to say.
    pub fn has_remembered(&self) -> bool {
        self.ledger.is_some() && self.is_saved()
    }

    pub(super) fn is_saved(&self) -> bool {
        self.ledger.as_ref().is_none_or(|(opened, is_saved)| *is_saved || !opened.is_changed())
    }

    /// Looks, and decides.
    ///
    /// # Errors
    /// All that is wrong with what is wanted; a damaged state; no Java.
    pub async fn look(
        &mut self,
        wanted: Goal<'_>,
        context: &Context<'_>,
    ) -> Result<(Decision<Step>, Observation), Error> {
        let session = match wanted {
            Goal::Session(session) => Some(session),
            Goal::Gone(_) => None,
        };
        let seen = self.observe(session, context).await?;
        let decision = decide(wanted, &seen).map_err(|refusal| self.refused(refusal))?;
        Ok((decision, seen))
    }

    /// Why nothing could be decided, as an error.
    pub fn refused(&self, refusal: Refusal) -> Error {
        match refusal {
            Refusal::Input(problems) => Error::input(problems),
            Refusal::Damaged => match document::read_json::<Launch>(&self.directory.launch()) {
                Err(error) => directory::damaged(&self.directory, error),
                Ok(_) => Error::new(Kind::Conflict, "the session's orders have just come back"),
            },
            Refusal::Unseen => Error::new(Kind::Broken, "the machine was not looked at"),
        }
    }

    /// Does one step.
    ///
    /// # Errors
    /// [`Kind::Conflict`]: another command changed the session, look again. Else the system refuses.
    pub async fn act(
        &mut self,
        step: &Step,
        wanted: Goal<'_>,
        context: &Context<'_>,
    ) -> Result<(), Error> {
        match (step, wanted) {
            (Step::InstallJava { .. }, Goal::Session(session)) => {
                self.machine = None;
                machine::install_java(session, context).await
            }
            (Step::Install { .. }, Goal::Session(session)) => {
                self.machine = None;
                machine::install(session, context).await
            }
            (Step::Fetch { .. }, Goal::Session(session)) => {
                self.machine = None;
                machine::fetch(session, context).await
            }
            (
                Step::InstallJava { .. } | Step::Install { .. } | Step::Fetch { .. },
                Goal::Gone(_),
            ) => Ok(()),
            (Step::SaveLedger { instead }, _) => self.save_ledger(instead.as_ref(), context).await,
            (Step::Give(give), _) => self.give(give, context).await,
            (Step::Supervise, _) => self.supervise(context).await,
            (Step::End, _) => {
                self.hold(context).await?;
                self.ended.ended = down::end_processes(&self.directory).await?;
                Ok(())
            }
            (Step::Remove { keep_logs }, _) => {
                self.hold(context).await?;
                self.directory.remove(*keep_logs)?;
                if *keep_logs {
                    let what = self.directory.log().display().to_string();
                    self.ended.kept.push(Kept { what, remark: Remark::default(), is_data: false });
                }
                Ok(())
            }
            (Step::DeleteOrphaned { directory }, _) => {
                self.hold(context).await?;
                Ok(std::fs::remove_dir_all(directory)?)
            }
            (Step::DeleteData, _) => {
                self.hold(context).await?;
                self.ended.deleted.extend(down::deletable(&self.directory));
                Ok(std::fs::remove_dir_all(self.directory.data())?)
            }
        }
    }

    /// Keeps the lock, so that nobody gives other orders in between.
    async fn save_ledger(
        &mut self,
        instead: Option<&(String, u64)>,
        context: &Context<'_>,
    ) -> Result<(), Error> {
        let lock = self.lock_once(context).await?;
        self.check(instead)?;
        if let Some((opened, is_saved)) = &mut self.ledger {
            ledger::save(&self.directory, opened).await?;
            *is_saved = true;
        }
        self.lock = Some(lock);
        Ok(())
    }

    /// The lock, which the step before may have left.
    async fn lock_once(&mut self, context: &Context<'_>) -> Result<SessionLock, Error> {
        match self.lock.take() {
            Some(lock) => Ok(lock),
            None => self.lock(LOCK_WAIT, context).await,
        }
    }

    async fn give(&mut self, give: &Give, context: &Context<'_>) -> Result<(), Error> {
        let _lock = self.lock_once(context).await?;
        self.directory.create().map_err(directory::cannot)?;
        self.check(give.instead.as_ref())?;
        // A session has its ports from the moment in which its orders can be read.
        let ports = self.directory.lock_ports(LOCK_WAIT).await;
        let _ports = ports.at("lock", self.directory.path())?;
        let others = self.directory.ports_of_others();
        if give.launch.ports.values().any(|port| others.contains_key(port)) {
            return Err(self.changed());
        }
        for (path, text) in &give.files {
            let path = self.directory.join(path);
            if let Some(parent) = path.parent() {
                let made = std::fs::create_dir_all(parent);
                made.at("make the directory", parent).map_err(directory::cannot)?;
            }
            let written = document::write_private(&path, text.as_bytes());
            written.at("write", &path).map_err(directory::cannot)?;
        }
        let written = document::write_json(&self.directory.launch(), &give.launch);
        let written = written.at("write the orders of", self.directory.path());
        written.map_err(directory::cannot)
    }

    /// Ends what was started, and forgets the orders for it: the next look begins anew.
    ///
    /// # Errors
    /// Something cannot be ended, or another command holds the lock too long.
    pub async fn forget_orders(&mut self, context: &Context<'_>) -> Result<(), Error> {
        self.hold(context).await?;
        down::end_processes(&self.directory).await?;
        let orders = self.directory.launch();
        std::fs::remove_file(&orders).at("remove", &orders).map_err(directory::cannot)?;
        self.release();
        (self.machine, self.told) = (None, None);
        Ok(())
    }

    /// Has the orders obeyed, whoever gave them.
    async fn supervise(&mut self, context: &Context<'_>) -> Result<(), Error> {
        let _lock = self.lock_once(context).await?;
        let Ok(launch) = document::read_json::<Launch>(&self.directory.launch()) else {
            return Err(self.changed());
        };
        let program = std::env::current_exe()?;
        let obeyed = control::have_obeyed(&program, &self.directory, &launch.token);
        obeyed.at("start the supervisor of", self.directory.path()).map_err(directory::cannot)?;
        self.told = Some(launch.generation);
        Ok(())
    }

    /// Whether the orders are still those that were looked at.
    fn check(&mut self, instead: Option<&(String, u64)>) -> Result<(), Error> {
        let now: Option<Launch> = document::read_json(&self.directory.launch()).ok();
        let expected = instead.map(|(token, generation)| (token.as_str(), *generation));
        if now.as_ref().map(Launch::identity) == expected {
            return Ok(());
        }
        Err(self.changed())
    }

    /// Another command was faster. What it did, ports among it, is looked at anew.
    pub fn changed(&mut self) -> Error {
        self.machine = None;
        self.told = None;
        Error::changed_meanwhile(self.directory.name())
    }

    async fn lock(&self, limit: Duration, context: &Context<'_>) -> Result<SessionLock, Error> {
        let name = self.directory.name();
        let waiting = || context.events.say(&format!("another command works on `{name}`: waiting"));
        self.directory.lock(limit, waiting).await
    }

    /// Takes the lock for as long as this lives. Where none can be had (a read-only disk) processes can be ended all the
    /// same.
    ///
    /// # Errors
    /// Another command holds it too long.
    pub async fn hold(&mut self, context: &Context<'_>) -> Result<(), Error> {
        if self.lock.is_none() {
            match self.lock(END_WAIT, context).await {
                Ok(lock) => self.lock = Some(lock),
                Err(failure) if failure.kind == Kind::TimedOut => return Err(failure),
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Lets others work on the session again.
    pub fn release(&mut self) {
        self.lock = None;
    }
}
