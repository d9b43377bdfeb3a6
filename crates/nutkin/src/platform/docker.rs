//! A change of a session on a Docker daemon, from the first look to the last step: observe, decide, show, act, and look
//! again.

use std::time::{Duration, Instant};

use nutkin_core::decide::docker::{Observation, Step};
use nutkin_core::decide::{Again, Decision};
use nutkin_docker::{Aim, DockerSession, Run};
use nutkin_flink::counted;
use nutkin_rest::{Ready, Waited};
use nutkin_shell::{Context, Error, Kind};

/// Rounds after which nobody believes any more that a change comes to rest: fetching, pulling, changing and looking at
/// it are four.
const ROUNDS: usize = 10;

/// A change, decided and perhaps on its way.
#[derive(Debug)]
pub struct Change {
    run: Run,
    /// What was decided last.
    pub decision: Decision<Step>,
    seen: Observation,
    /// Whether there was no session at the first look.
    is_new: bool,
}

/// How far carrying out a change came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// To its end.
    Done,
    /// To where it turned out to be another change than the one that was shown: nothing of that was done.
    Differs,
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
        let mut run = Run::new(session, aim);
        let seen = run.observe(context).await?;
        let decision = run.decide(&seen)?;
        let is_new = decision.change.is_new;
        Ok(Self { run, decision, seen, is_new })
    }

    /// The session.
    pub fn session(&self) -> &DockerSession {
        &self.run.session
    }

    /// The steps that are left, carried out one by one; whatever they bring to light is decided about again.
    ///
    /// # Errors
    /// The daemon refuses, or somebody else was quicker. What a new session had until then is removed.
    pub async fn carry_out(&mut self, context: &Context<'_>) -> Result<Carried, Error> {
        let done = self.follow(context).await;
        if done.is_err() && self.is_new {
            self.run.undo(context).await?;
        }
        done
    }

    async fn follow(&mut self, context: &Context<'_>) -> Result<Carried, Error> {
        let (agreed, was_unchanged) = (self.decision.harm, self.decision.is_done());
        for _ in 0..ROUNDS {
            for step in &self.decision.steps {
                self.run.act(step, context).await?;
            }
            if self.decision.again != Again::Look {
                self.run.release();
                return Ok(Carried::Done);
            }
            self.look(context).await?;
            if agreed < self.decision.harm || (was_unchanged && !self.decision.is_done()) {
                return Ok(Carried::Differs);
            }
        }
        let name = &self.run.session.name;
        let message = format!("session `{name}` keeps changing while it is being changed");
        Err(Error::new(Kind::Conflict, message).because("Restless"))
    }

    async fn look(&mut self, context: &Context<'_>) -> Result<(), Error> {
        self.seen = self.run.observe(context).await?;
        self.decision = self.run.decide(&self.seen)?;
        Ok(())
    }

    /// Waits until the session answers and has its slots.
    ///
    /// # Errors
    /// It never will: the last lines of the container that died are in the error.
    pub async fn wait(
        &mut self,
        timeout: Duration,
        mut progress: impl FnMut(&str),
        context: &Context<'_>,
    ) -> Result<Waited, Error> {
        let started = Instant::now();
        loop {
            self.look(context).await?;
            let stalled = self.decision.conditions.iter().find(|one| one.kind == "Stalled");
            if let Some(stalled) = stalled {
                return Err(self.run.explain(stalled).await);
            }
            let pause = match &self.decision.again {
                Again::Done => {
                    if let Some((overview, url)) = self.run.answer() {
                        return Ok(Waited::Ready(Ready { overview, url }));
                    }
                    Duration::ZERO
                }
                // A container has stopped: it is started once.
                Again::Look => {
                    self.follow(context).await?;
                    Duration::ZERO
                }
                Again::Wait { reason, after } => {
                    progress(reason);
                    *after
                }
            };
            if timeout < started.elapsed() {
                return Ok(Waited::TimedOut(self.seen.overview.map_or_else(
                    || "no JobManager answers".to_owned(),
                    |seen| format!("{} registered", counted(seen.task_managers, "TaskManager")),
                )));
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Ends a new session that never came up.
    ///
    /// # Errors
    /// Something could not be ended.
    pub async fn give_up(&mut self, failure: Error, context: &Context<'_>) -> Result<Error, Error> {
        if !self.is_new {
            return Ok(failure);
        }
        self.run.undo(context).await?;
        Ok(failure.hint(format!("session `{}` was ended again", self.run.session.name)))
    }
}
