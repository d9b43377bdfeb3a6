//! Drives sessions on Kubernetes: to what is wanted, and to their end.

use std::time::{Duration, Instant};

use nutkin_core::decide::kubernetes::Step;
use nutkin_core::decide::{Again, Decision};
use nutkin_kubernetes::end::{EndRun, delete_what_is_left};
use nutkin_kubernetes::run::Run;
use nutkin_kubernetes::session::KubernetesSession;
use nutkin_rest::Waited;
use nutkin_shell::{Context, Ended, Ending, Error, Kind, Shell, Wish};

use super::attend::{Watcher, silent};
use crate::drive::{Attend, Driven, Wait, drive, look, prepare};

/// How long all of a session may take to go: pods have 30 s to end by themselves, and a node may be slow.
const PATIENCE: Duration = Duration::from_mins(3);

/// How long an end takes before it is said what it waits for.
const QUIET: Duration = Duration::from_secs(2);

/// A session on its way to what is wanted, and what was decided about it last.
#[derive(Debug)]
pub struct Up {
    /// What looks and acts.
    pub run: Run,
    /// What was decided.
    pub decision: Decision<Step>,
    /// What becomes of what was ordered if nobody waits for its end.
    pub left_alone: Option<&'static str>,
}

impl Up {
    /// Plans the session and decides about it. Who acts does what a decision needs beforehand; `begins` hears before each
    /// step and after it whether something may have changed that somebody could see.
    ///
    /// # Errors
    /// Bad input; something of another one is in the way; the API server cannot be asked.
    pub async fn of(
        wish: Wish<'_>,
        begins: &dyn Fn(bool),
        context: &Context<'_>,
    ) -> Result<Self, Error> {
        Box::pin(Self::decided(Run::new(wish, context).await?.with_ledger(), begins)).await
    }

    /// The same of a session that is planned already.
    ///
    /// # Errors
    /// See [`Up::of`].
    pub async fn decided(mut run: Run, begins: &dyn Fn(bool)) -> Result<Self, Error> {
        let mut attend = Prepares(begins);
        let decision = if run.acts() {
            prepare(&mut run, &mut attend).await?
        } else {
            look(&mut run, &mut attend).await?
        };
        Ok(Self { run, decision, left_alone: None })
    }

    /// Carries out what was decided and agreed to. `stays` says that a wait follows, in which pods are replaced step by
    /// step; otherwise Kubernetes replaces them as it does.
    ///
    /// # Errors
    /// The API server refuses, or cannot be asked: then the same command goes on from there.
    pub async fn carry_out(&mut self, stays: bool) -> Result<(), Error> {
        self.run.stays(stays);
        // What was shown is decided again, because how pods are replaced hangs on that: its objects are not kept beside these.
        self.decision.steps.clear();
        let decision = self.run.decide(self.run.seen())?;
        self.left_alone = Run::left_alone(&decision);
        for step in &decision.steps {
            self.run.act(step).await?;
        }
        if decision.again == Again::Look {
            drive(&mut self.run, &mut Orders).await?;
        }
        Ok(())
    }

    /// Waits until it is ready, telling `progress` what is waited for.
    ///
    /// # Errors
    /// It never will be, and why.
    pub async fn wait(
        &mut self,
        timeout: Duration,
        progress: impl FnMut(&str),
    ) -> Result<Waited, Error> {
        let mut watcher = Watcher { started: Instant::now(), timeout, progress, guards: None };
        let name = self.run.plan.objects.cluster_id.clone();
        match drive(&mut self.run, &mut watcher).await? {
            Driven::Left(decision) => Ok(Waited::TimedOut(reason(&decision))),
            Driven::Done(_) => self.run.ready().map(Waited::Ready).ok_or_else(|| silent(&name)),
        }
    }
}

/// Ends a session, waits until all that its workload owns is gone, and tells what stays.
///
/// # Errors
/// The session is not ours and is not to be adopted; it does not end in time; the API server refuses.
pub async fn end(
    session: &KubernetesSession,
    ending: Ending,
    context: &Context<'_>,
) -> Result<Ended, Error> {
    if session.has_ended() {
        let deleted = if ending.delete_ha_data {
            delete_what_is_left(&session.api, &session.name).await?
        } else {
            Vec::new()
        };
        return Ok(Ended { deleted, ..Ended::default() });
    }
    let mut run = EndRun::new(session, ending);
    let mut told = String::new();
    let started = Instant::now();
    let progress = |reason: &str| {
        if QUIET < started.elapsed() && told != reason {
            context.events.say(reason);
            reason.clone_into(&mut told);
        }
    };
    let mut watcher = Watcher { started, timeout: PATIENCE, progress, guards: None };
    match drive(&mut run, &mut watcher).await? {
        Driven::Done(_) => Ok(run.report()),
        Driven::Left(decision) => {
            let (name, reason) = (&session.name, reason(&decision));
            let what = reason.trim_start_matches("waiting for the end of ");
            let message = format!("session `{name}` does not end: {what} is still there");
            Err(Error::new(Kind::TimedOut, message)
                .hint("`kubectl get -o yaml` shows its finalizers; Kubernetes goes on by itself"))
        }
    }
}

fn reason(decision: &Decision<Step>) -> String {
    match &decision.again {
        Again::Wait { reason, .. } => reason.clone(),
        Again::Done | Again::Look => String::new(),
    }
}

/// Orders what was agreed to, and waits for nothing.
#[derive(Debug)]
struct Orders;

impl Attend<Step> for Orders {
    fn decided(&mut self, _decision: &Decision<Step>, _asks: bool) -> Result<(), Error> {
        Ok(())
    }

    fn begins(&mut self, _step: &Step) {}

    async fn waits(&mut self, _wait: Wait<'_>) -> bool {
        false
    }
}

/// Does what a decision needs beforehand, and says whether somebody can see it.
struct Prepares<'r>(&'r dyn Fn(bool));

impl Attend<Step> for Prepares<'_> {
    fn decided(&mut self, _decision: &Decision<Step>, _asks: bool) -> Result<(), Error> {
        Ok(())
    }

    fn begins(&mut self, _step: &Step) {
        (self.0)(true);
    }

    fn done(&mut self, has_begun: bool) {
        // That there was one already is an answer, and who manages which fields is seen by nobody.
        (self.0)(has_begun);
    }

    async fn waits(&mut self, _wait: Wait<'_>) -> bool {
        false
    }
}
