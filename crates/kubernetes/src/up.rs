//! Brings a session on Kubernetes to what the user wants.

use std::time::{Duration, Instant};

use nutkin_core::decide::kubernetes::Step;
use nutkin_core::decide::{self, Again};
use nutkin_rest::Waited;
use nutkin_shell::{Context, Error, Harm, Shell, Wish};
use serde_json::Value;

use crate::run::Run;
use crate::session::Session;

/// What was decided. Of a session that did not exist the workload may be made already.
#[derive(Debug)]
pub struct Decision {
    /// What looks and acts.
    pub run: Run,
    last: decide::Decision<Step>,
    left_alone: Option<&'static str>,
}

/// Plans the session and compares it with what is there.
///
/// # Errors
/// Bad input; something of another one is in the way; the API server cannot be asked.
pub async fn decide(wish: Wish<'_>, context: &Context<'_>) -> Result<Decision, Error> {
    decided(Run::new(wish, context).await?).await
}

/// The same of a session that is planned already.
///
/// # Errors
/// See [`decide`].
pub async fn decided(mut run: Run) -> Result<Decision, Error> {
    loop {
        let seen = run.observe().await?;
        let decision = run.decide(&seen)?;
        let prepares = run.acts() && decision.again == Again::Look;
        if !prepares || run.has_begun() {
            return Ok(Decision { run, last: decision, left_alone: None });
        }
        for step in &decision.steps {
            run.act(step).await?;
        }
    }
}

impl Decision {
    /// Whether there was no such session.
    pub const fn is_new(&self) -> bool {
        self.last.change.is_new
    }

    /// Whether everything is as it should be. Whether pods run is Kubernetes' business, and waited for in any case.
    pub fn is_done(&self) -> bool {
        self.last.is_done()
    }

    /// What `plan` prints.
    pub fn lines(&self) -> Vec<String> {
        self.last.lines()
    }

    /// What `up` says before it changes a session that exists.
    pub fn announcement(&self) -> Vec<String> {
        self.last.announcement()
    }

    /// The document of `plan -o json`.
    pub fn document(&self) -> Value {
        self.last.document()
    }

    /// What the user has to agree to.
    pub const fn harm(&self) -> Harm {
        self.last.harm
    }

    /// Does it. `waits` says that a wait follows, in which pods are replaced step by step; else Kubernetes replaces them as
    /// it does.
    ///
    /// # Errors
    /// The API server refuses, or cannot be asked: then the same command goes on from there.
    pub async fn carry_out(&mut self, waits: bool) -> Result<(), Error> {
        self.run.stays(waits);
        loop {
            let decision = self.run.decide(self.run.seen())?;
            self.left_alone = Run::left_alone(&decision);
            for step in &decision.steps {
                self.run.act(step).await?;
            }
            if decision.again != Again::Look {
                return Ok(());
            }
            self.run.observe().await?;
        }
    }

    /// What becomes of the change if nobody waits for its end; `None`: it ends by itself.
    pub const fn left_alone(&self) -> Option<&'static str> {
        self.left_alone
    }

    /// `Flink 1.20.5, 1 JobManager, namespace default`.
    pub fn summary(&self) -> String {
        self.last.about.summary()
    }

    /// The session, now that it exists.
    pub fn session(&self) -> Session {
        self.run.session()
    }

    /// Waits until it is ready, telling `progress` what is waited for.
    ///
    /// # Errors
    /// It never will be, and why.
    pub async fn wait(
        &mut self,
        timeout: Duration,
        mut progress: impl FnMut(&str),
    ) -> Result<Waited, Error> {
        let started = Instant::now();
        loop {
            let seen = self.run.observe().await?;
            let decision = self.run.decide(&seen)?;
            for step in &decision.steps {
                self.run.act(step).await?;
            }
            let (reason, after) = match decision.again {
                Again::Wait { reason, after } => (reason, after),
                Again::Look => continue,
                Again::Done => match self.run.ready() {
                    Some(ready) => return Ok(Waited::Ready(ready)),
                    None => continue,
                },
            };
            progress(&reason);
            if timeout < started.elapsed() {
                return Ok(Waited::TimedOut(reason));
            }
            tokio::time::sleep(after).await;
        }
    }
}
