//! A change of a session on a Docker daemon, from the first look to the last step.

use std::time::{Duration, Instant};

use nutkin_core::decide::Decision;
use nutkin_core::decide::docker::Step;
use nutkin_core::ledger::{Ledger, Opened};
use nutkin_core::plan::docker::unreachable;
use nutkin_docker::{Aim, DockerSession, Run};
use nutkin_rest::{Ready, Waited};
use nutkin_shell::{Context, Error, Kind, ledger};

use super::attend::{Agreed, Carried, Looks, Watcher, waited};
use crate::drive::{Driven, carry_on, drive, look};
use crate::remedies::words;

/// A change, decided and perhaps on its way.
#[derive(Debug)]
pub struct Change {
    run: Run,
    /// What was decided last.
    pub decision: Decision<Step>,
    /// Whether there was no session at the first look.
    is_new: bool,
    /// The ledger before the change; `None`: it was not read.
    before: Option<Opened>,
}

impl Change {
    /// Looks and decides. Nothing is made, fetched or pulled for it.
    ///
    /// # Errors
    /// Bad input, or the daemon cannot be asked.
    pub async fn of(
        session: DockerSession,
        aim: Aim,
        context: &Context<'_>,
    ) -> Result<Self, Error> {
        if let Aim::Session(wanted) = &aim
            && let Some(problem) = unreachable(wanted, &session.host)
        {
            return Err(Error::input(vec![problem]));
        }
        let mut run = Run::new(session, aim);
        let decision = look(&mut run.within(context), &mut Looks).await?;
        let is_new = decision.change.is_new;
        Ok(Self { run, decision, is_new, before: None })
    }

    /// The session.
    pub fn session(&self) -> &DockerSession {
        &self.run.session
    }

    /// Says what the ledger is to be: it is written under the session's lock, before anything else is done.
    ///
    /// # Errors
    /// Another command changed the session since it was looked at, or the daemon cannot be asked.
    pub async fn remember(&mut self, wanted: Opened, context: &Context<'_>) -> Result<(), Error> {
        self.run.remember(wanted);
        let decision = look(&mut self.run.within(context), &mut Looks).await?;
        if decision.change != self.decision.change || self.decision.harm < decision.harm {
            return Err(Error::changed_meanwhile(&self.run.session.name));
        }
        self.decision = decision;
        Ok(())
    }

    /// Whether the ledger was written with the change; `None`: it is still to be written.
    pub fn remembered(&self) -> Option<Result<(), Error>> {
        self.run.has_remembered().then_some(Ok(()))
    }

    /// The steps that are left, carried out one by one; whatever they bring to light is decided about again.
    ///
    /// # Errors
    /// The daemon refuses, or somebody else was quicker. What a new session had until then is removed.
    pub async fn carry_out(
        &mut self,
        waits: bool,
        context: &Context<'_>,
    ) -> Result<Carried, Error> {
        if self.is_new {
            for remark in &self.decision.change.remarks {
                context.events.say(&remark.line(words));
            }
        }
        if !self.is_new && !self.decision.is_done() && self.before.is_none() {
            self.before = ledger::load(&self.run.session).await.ok();
        }
        let (first, name) = (self.decision.clone(), self.run.session.name.clone());
        let mut agreed = Agreed::new(&first, Step::only_brings, &name, context);
        let driven = carry_on(&mut self.run.within(context), first, &mut agreed).await;
        let failure = match (driven, agreed.differs) {
            (_, Some(other)) => {
                self.decision = other;
                return Ok(Carried::Differs);
            }
            (Ok(driven), None) => {
                self.decision = driven.decision();
                // Nobody sees whether the new containers serve.
                if !waits {
                    self.run.settle(context).await;
                }
                self.run.release();
                return Ok(Carried::Done);
            }
            (Err(failure), None) => failure,
        };
        if self.is_new {
            self.run.undo(context).await?;
            return Err(failure);
        }
        Err(self.taken_back(failure, context).await)
    }

    /// Has the ledger want what it wanted before the change.
    async fn want_again(&mut self, context: &Context<'_>) -> Result<(), Error> {
        let Some(before) = self.before.take() else { return Ok(()) };
        let before = before.ledger.wanted;
        let note = |ledger: &mut Ledger| {
            if ledger.wanted != before {
                ledger.wanted = before;
                let changes = vec!["the change failed and was taken back".to_owned()];
                ledger.note(ledger::event(context.environment, changes));
            }
        };
        ledger::update(&self.run.session, note).await.map(drop)
    }

    /// Takes a change back that failed, and says so.
    async fn taken_back(&mut self, failure: Error, context: &Context<'_>) -> Error {
        match self.run.roll_back().await {
            Ok(names) if names.is_empty() => failure,
            Ok(names) => {
                let said = format!("Nutkin took the change back: {} run again as before", names.join(", "));
                match self.want_again(context).await {
                    Ok(()) => failure.hint(said),
                    Err(other) => failure.hint(said).hint(format!(
                        "the ledger still wants the change: {:#}", other.error
                    )),
                }
            }
            Err(other) => failure.hint(format!(
                "taking the change back failed, too: {:#}; `nutkin status` shows what runs, `nutkin up` completes the \
                 change once its cause is fixed",
                other.error
            )),
        }
    }

    /// Waits until the session answers and has its slots. A container that has stopped is started once.
    ///
    /// # Errors
    /// It never will: the last lines of the container that died are in the error. Another command changed it.
    pub async fn wait(
        &mut self,
        timeout: Duration,
        progress: impl FnMut(&str),
        context: &Context<'_>,
    ) -> Result<Waited, Error> {
        let name = self.run.session.name.clone();
        let guards = Some(name.as_str());
        let mut watcher = Watcher { started: Instant::now(), timeout, progress, guards };
        let driven = drive(&mut self.run.within(context), &mut watcher).await;
        if let Ok(Driven::Left(_)) = &driven {
            self.run.settle(context).await;
        }
        self.run.release();
        let answered = self.run.answer();
        let ready = |(overview, url)| Ready { overview, url: Some(url), remarks: Vec::new() };
        let answered = answered.map(ready);
        match waited(driven?, answered, &name)? {
            Ok(waited) => Ok(waited),
            Err(stalled) => Err(self.run.explain(&stalled).await),
        }
    }

    /// Ends a new session that never came up.
    ///
    /// # Errors
    /// Something could not be ended.
    pub async fn give_up(&mut self, failure: Error, context: &Context<'_>) -> Result<Error, Error> {
        // What another command made of it is not this one's to end.
        if failure.kind == Kind::Conflict {
            return Ok(failure);
        }
        if !self.is_new {
            return Ok(self.taken_back(failure, context).await);
        }
        self.run.undo(context).await?;
        Ok(failure.hint(format!("session `{}` was ended again", self.run.session.name)))
    }
}
