//! Drives a session on this machine: looks, decides, acts and waits until nothing is left to do.

use std::time::{Duration, Instant};

use nutkin_core::decide::local::Step;
use nutkin_core::decide::{Again, Decision, Wanted};
use nutkin_core::session::Session;
use nutkin_local::directory::SessionDirectory;
use nutkin_local::ready;
use nutkin_local::shell::Shell;
use nutkin_rest::Waited;
use nutkin_shell::{Error, Kind};

use crate::Context;

/// How often a decision is made anew because another command was faster. Each time another one has finished,
/// so that only a crowd of them needs more than two.
const ATTEMPTS: usize = 10;

/// Between two looks while another command changes the session.
const CHANGED: Duration = Duration::from_millis(25);

/// Bringing a session to what is wanted.
#[derive(Debug)]
pub struct Up {
    session: Session,
    shell: Shell,
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
        let mut shell = Shell::new(directory);
        let decision = settled(&mut shell, session, context).await?;
        let is_new = decision.change.is_new;
        Ok(Self { session: session.clone(), shell, decision, is_new })
    }

    /// Where the session keeps its files.
    pub fn directory(&self) -> &SessionDirectory {
        &self.shell.directory
    }

    /// Brings what the session needs to this machine, and decides again with it. `false`: it was all there.
    ///
    /// # Errors
    /// It cannot be had.
    pub async fn prepare(&mut self, context: &Context<'_>) -> Result<bool, Error> {
        if !self.decision.steps.iter().any(Step::only_brings) {
            return Ok(false);
        }
        let wanted = Wanted::Session(&self.session);
        for step in self.decision.steps.iter().filter(|step| step.only_brings()) {
            self.shell.act(step, wanted, context).await?;
        }
        self.decision = settled(&mut self.shell, &self.session, context).await?;
        Ok(true)
    }

    /// Does what was decided. What another command did since is taken into account, where the user need not agree to
    /// anything else for it.
    ///
    /// # Errors
    /// Another command changed the session to something else, the lock is held too long, or the system refuses.
    pub async fn carry_out(&mut self, context: &Context<'_>) -> Result<(), Error> {
        if self.is_new {
            self.decision.change.remarks.iter().for_each(|line| context.printer.say(line));
        }
        for _ in 0..ATTEMPTS {
            let conflict = match self.follow(context).await {
                Ok(()) => None,
                Err(failure) if failure.kind == Kind::Conflict => Some(failure),
                Err(failure) => return Err(failure),
            };
            let fresh = settled(&mut self.shell, &self.session, context).await?;
            let is_agreed_to = fresh.change.is_empty()
                || fresh.change == self.decision.change && fresh.harm <= self.decision.harm;
            if !is_agreed_to {
                return Err(conflict.unwrap_or_else(|| self.shell.changed()));
            }
            self.decision = fresh;
            if self.decision.steps.is_empty() {
                if conflict.is_some() {
                    context.printer.say("another command has done the same in the meantime");
                }
                return Ok(());
            }
        }
        Err(self.shell.changed())
    }

    async fn follow(&mut self, context: &Context<'_>) -> Result<(), Error> {
        for step in &self.decision.steps {
            self.shell.act(step, Wanted::Session(&self.session), context).await?;
        }
        Ok(())
    }

    /// Waits until the session is ready, telling `progress` what is waited for.
    ///
    /// # Errors
    /// A process died before: its last lines are in the error.
    pub async fn wait(
        &mut self,
        timeout: Duration,
        mut progress: impl FnMut(&str),
        context: &Context<'_>,
    ) -> Result<Waited, Error> {
        let started = Instant::now();
        loop {
            let wanted = Wanted::Session(&self.session);
            let (decision, _) = self.shell.look(wanted, context).await?;
            let (reason, after) = match &decision.again {
                Again::Wait { reason, after } => (reason.clone(), *after),
                Again::Look => ("another command changes the session".to_owned(), CHANGED),
                Again::Done => {
                    if let Some(stalled) =
                        decision.conditions.iter().find(|one| one.kind == "Stalled")
                    {
                        return Err(ready::died(&self.shell.directory, &stalled.message));
                    }
                    if let Some(ready) = self.shell.answered.clone() {
                        return Ok(Waited::Ready(ready));
                    }
                    ("waiting for the JobManager to answer".to_owned(), CHANGED)
                }
            };
            progress(&reason);
            if timeout < started.elapsed() {
                return Ok(Waited::TimedOut(self.shell.answered.as_ref().map_or_else(
                    || "no JobManager answers".to_owned(),
                    |ready| {
                        let registered = ready.overview.taskmanagers;
                        format!("{} registered", nutkin_flink::counted(registered, "TaskManager"))
                    },
                )));
            }
            tokio::time::sleep(after).await;
        }
    }
    /// Ends a new session that never came up: it is of no use; its logs are.
    ///
    /// # Errors
    /// Something could not be ended.
    pub async fn give_up(&self, failure: Error) -> Result<Error, Error> {
        if !self.is_new {
            return Ok(failure);
        }
        nutkin_local::down::end_processes(self.directory()).await?;
        let name = &self.session.name;
        Ok(failure.hint(format!(
            "session `{name}` was ended again; `nutkin down {name}` removes its logs"
        )))
    }
}

/// Looks and decides until the decision hangs on nothing that is still to be told.
async fn settled(
    shell: &mut Shell,
    session: &Session,
    context: &Context<'_>,
) -> Result<Decision<Step>, Error> {
    loop {
        let (decision, _) = shell.look(Wanted::Session(session), context).await?;
        match &decision.again {
            Again::Wait { after, .. } if decision.is_open() => tokio::time::sleep(*after).await,
            _ => return Ok(decision),
        }
    }
}
