//! A change of a session on this machine, from the first look to the last step.

use std::time::{Duration, Instant};

use nutkin_core::decide::local::Step;
use nutkin_core::decide::{Decision, Goal};
use nutkin_core::ledger::Opened;
use nutkin_core::session::Session;
use nutkin_local::directory::SessionDirectory;
use nutkin_local::ready;
use nutkin_local::shell::LocalShell;
use nutkin_rest::Waited;
use nutkin_shell::{Error, Kind};

use super::attend::{Agreed, Carried, Looks, Watcher, waited};
use crate::Context;
use crate::drive::{carry_on, drive, look};
use crate::remedies::words;

/// How often a new session is begun anew with other ports: another program rarely takes one in the moment between choice and
/// use, and hardly twice.
const BEGINNINGS: usize = 3;

/// Bringing a session to what is wanted.
#[derive(Debug)]
pub struct Up {
    session: Session,
    shell: LocalShell,
    /// What is to be done.
    pub decision: Decision<Step>,
    /// Whether there was no such session when this began.
    is_new: bool,
}

impl Up {
    /// Looks and decides; what the decision hangs on is waited for.
    ///
    /// # Errors
    /// Bad input, a damaged state directory, no Java.
    pub async fn decide(session: &Session, context: &Context<'_>) -> Result<Self, Error> {
        let directory = SessionDirectory::of(context.environment, &session.name)?;
        let mut shell = LocalShell::new(directory);
        let mut wanting = shell.wanting(Goal::Session(session), context);
        let decision = look(&mut wanting, &mut Looks).await?;
        let is_new = decision.change.is_new;
        Ok(Self { session: session.clone(), shell, decision, is_new })
    }

    /// Where the session keeps its files.
    pub fn directory(&self) -> &SessionDirectory {
        &self.shell.directory
    }

    /// Says what the ledger is to be: it is written under the session's lock, before the orders.
    ///
    /// # Errors
    /// As [`Up::decide`].
    pub fn remember(&mut self, ledger: Opened) -> Result<(), Error> {
        if let Some(decision) = self.shell.remember(ledger, Goal::Session(&self.session))? {
            self.decision = decision;
        }
        Ok(())
    }

    /// Whether the ledger was written with the change; `None`: it is still to be written.
    pub fn remembered(&self) -> Option<Result<(), Error>> {
        self.shell.has_remembered().then_some(Ok(()))
    }

    /// Brings what the session needs to this machine, and decides again with it. `false`: it was all there.
    ///
    /// # Errors
    /// It cannot be had.
    pub async fn prepare(&mut self, context: &Context<'_>) -> Result<bool, Error> {
        if !self.decision.steps.iter().any(Step::only_brings) {
            return Ok(false);
        }
        let wanted = Goal::Session(&self.session);
        for step in self.decision.steps.iter().filter(|step| step.only_brings()) {
            self.shell.act(step, wanted, context).await?;
        }
        self.decision = look(&mut self.shell.wanting(wanted, context), &mut Looks).await?;
        Ok(true)
    }

    /// Does what was decided. What another command did since is taken into account, where the user need not agree to
    /// anything else for it.
    ///
    /// # Errors
    /// Another command changed the session to something else, the lock is held too long, or the system refuses.
    pub async fn carry_out(&mut self, context: &Context<'_>) -> Result<Carried, Error> {
        if self.is_new {
            self.decision
                .change
                .remarks
                .iter()
                .for_each(|one| context.printer.say(&one.line(words)));
        }
        let first = self.decision.clone();
        let mut agreed = Agreed::new(&first, Step::only_brings, &self.session.name, context);
        let mut wanting = self.shell.wanting(Goal::Session(&self.session), context);
        let driven = carry_on(&mut wanting, first, &mut agreed).await;
        if let Some(other) = agreed.differs {
            self.decision = other;
            return Ok(Carried::Differs);
        }
        self.decision = driven?.decision();
        Ok(Carried::Done)
    }

    /// Waits until the session is ready, telling `progress` what is waited for.
    ///
    /// # Errors
    /// A process died before: its last lines are in the error. Another command changed the session.
    pub async fn wait(
        &mut self,
        timeout: Duration,
        mut progress: impl FnMut(&str),
        context: &Context<'_>,
    ) -> Result<Waited, Error> {
        let started = Instant::now();
        let mut beginnings = 1;
        loop {
            let guards = Some(self.session.name.as_str());
            let mut watcher = Watcher { started, timeout, progress: &mut progress, guards };
            let mut wanting = self.shell.wanting(Goal::Session(&self.session), context);
            let driven = drive(&mut wanting, &mut watcher).await?;
            let stalled = match waited(driven, self.shell.answered.clone(), &self.session.name)? {
                Ok(Waited::TimedOut(seen)) => {
                    let full = self.shell.directory.lacks_room();
                    return Ok(Waited::TimedOut(full.unwrap_or(seen)));
                }
                Ok(waited) => return Ok(waited),
                Err(stalled) => stalled,
            };
            let failure = ready::died(&self.shell.directory, &stalled.message);
            let refused = ready::refused_address(&self.shell.directory);
            let lacks_a_port = refused.is_none() && ready::lacks_a_port(&failure);
            if !self.is_new || !lacks_a_port || BEGINNINGS <= beginnings {
                return Err(refused.into_iter().fold(failure, Error::hint));
            }
            beginnings += 1;
            context.printer.say(&format!(
                "another program has taken a port of session `{}`: Nutkin starts it with other ports",
                self.session.name
            ));
            self.begin_anew(context).await?;
        }
    }

    /// Ends what was started of a new session, and starts it as if nothing of it had been there: with ports that are free now.
    async fn begin_anew(&mut self, context: &Context<'_>) -> Result<(), Error> {
        self.shell.forget_orders(context).await?;
        let mut wanting = self.shell.wanting(Goal::Session(&self.session), context);
        self.decision = look(&mut wanting, &mut Looks).await?;
        self.carry_out(context).await.map(drop)
    }

    /// Ends a new session that never came up: it is of no use; its logs are.
    ///
    /// # Errors
    /// Something could not be ended.
    pub async fn give_up(&self, failure: Error) -> Result<Error, Error> {
        // What another command made of it is not this one's to end.
        if !self.is_new || failure.kind == Kind::Conflict {
            return Ok(failure);
        }
        nutkin_local::down::end_processes(self.directory()).await?;
        let name = &self.session.name;
        Ok(failure.hint(format!(
            "session `{name}` was ended again; `nutkin down {name}` removes its logs"
        )))
    }
}
