//! Another number of TaskManagers: what the ledger wants, with this number, planned again like any change.

use nutkin_core::Remark;
use nutkin_core::change::Effect;
use nutkin_core::ledger::{Ledger, Opened, Wanted};
use nutkin_rest::RunningJobs;
use nutkin_shell::{Environment, Error, Kind, Purpose, Wish, ledger};
use {nutkin_docker as docker, nutkin_kubernetes as kubernetes, nutkin_local as local};

use super::attend::Carried;
use super::ledger::{none_under_way, rebuilt, surroundings, under_way, unless_denied, within};
use super::{Decision, Session};
use crate::Context;

/// A change of the number of TaskManagers, decided and not carried out.
#[derive(Debug)]
pub struct Scaling {
    session: Session,
    /// The number there is.
    pub old: usize,
    /// The number that is wanted.
    pub new: u32,
    /// What the ledger is to say; `None`: nobody noted what is wanted.
    opened: Option<Opened>,
    /// What follows from it; `None`: that cannot be told, and what runs is changed as it is.
    decision: Option<Decision>,
    /// Where relative paths of what is wanted count from, if not from here.
    there: Option<Environment>,
}

impl Scaling {
    /// What changing the number of TaskManagers means. Nothing is touched for it.
    ///
    /// # Errors
    /// This session's TaskManagers are not counted, and by whom they are; the session is otherwise not what is wanted
    /// of it; the platform cannot be asked.
    pub async fn of(session: Session, new: u32, context: &Context<'_>) -> Result<Self, Error> {
        let old = session.task_managers().await?;
        let mut opened = rebuilt(&session, context).await?;
        none_under_way(&opened.ledger, "scale")?;
        let place = session.exact_place();
        let Some(wanted) = &mut opened.ledger.wanted else {
            return match &session {
                Session::Local(directory) if old != new as usize => {
                    Err(local::scale::not_noted(directory, new))
                }
                _ => Ok(Self { session, old, new, opened: None, decision: None, there: None }),
            };
        };
        let there = surroundings(wanted, context.environment);
        let context = &within(there.as_ref(), context);
        let mut asked = wanted.session().map_err(Error::input)?;
        if let Some(phase) =
            opened.ledger.phase.as_ref().filter(|_| asked.task_manager.replicas != Some(new))
        {
            return Err(under_way(session.name(), phase));
        }
        if asked.task_manager.replicas != Some(new) {
            wanted.task_managers = Some(new);
            asked = wanted.session().map_err(Error::input)?;
            let changes = vec![format!("TaskManagers: {new}")];
            opened.ledger.note(ledger::event(context.environment, changes));
        }
        let wish = Wish { session: &asked, place: &place, purpose: Purpose::Scale, adopt: false };
        let mut decision = match Decision::of(wish, &|_| (), context).await {
            Ok(decision) => Some(decision),
            // Who may change the number alone is not told what else is not as it is wanted.
            Err(failure) if failure.kind == Kind::Denied => None,
            Err(failure) => return Err(failure),
        };
        if old != new as usize
            && let Some(decision) = &mut decision
        {
            decision.prepare(context).await?;
        }
        let scaling =
            Self { session, old, new, opened: Some(opened), decision, there: there.clone() };
        scaling.check()?;
        Ok(scaling)
    }

    /// Sees that nothing else would change.
    fn check(&self) -> Result<(), Error> {
        let Some(decision) = &self.decision else { return Ok(()) };
        let (name, new) = (self.session.name(), self.new);
        let outline = decision.outline();
        if outline.change.is_new {
            let message = format!("session `{name}` is gone");
            return Err(Error::new(Kind::NotFound, message)
                .hint(format!("`nutkin up {name} --task-managers {new}` starts it again")));
        }
        let other = outline.change.beside_task_managers();
        if other.is_empty() || self.is_there() {
            return Ok(());
        }
        let message = format!("session `{name}` is not what is wanted of it: {}", other.join(", "));
        Err(Error::new(Kind::Broken, message).because("Drifted").hint(format!(
            "`nutkin plan {name}` shows it; `nutkin up {name}` brings about what is wanted, then scale it"
        )))
    }

    /// What is to be known before more TaskManagers start on this machine: that it may be too small.
    pub fn remarks(&self) -> Vec<Remark> {
        let grows = self.old < self.new as usize && matches!(self.session, Session::Local(_));
        let decision = self.decision.as_ref().filter(|_| grows);
        decision.map(|decision| decision.outline().change.remarks.clone()).unwrap_or_default()
    }

    /// Whether nothing of it runs: then all of it starts.
    pub fn starts_all(&self) -> bool {
        let Session::Local(directory) = &self.session else { return false };
        let running = local::control::look(directory).running;
        let mut processes = running.iter().flat_map(|running| &running.processes);
        self.is_left() && processes.all(|one| one.pid.is_none())
    }

    /// The session's name.
    pub fn name(&self) -> &str {
        self.session.name()
    }

    /// What is wanted of it, with this number; `None`: nobody noted it.
    pub fn wanted(&self) -> Option<&Wanted> {
        self.ledger().and_then(|ledger| ledger.wanted.as_ref())
    }

    /// Its ledger, as it is to be.
    pub fn ledger(&self) -> Option<&Ledger> {
        self.opened.as_ref().map(|opened| &opened.ledger)
    }

    /// Whether there are as many as are wanted.
    pub fn is_there(&self) -> bool {
        self.old == self.new as usize
    }

    /// Jobs that may run on TaskManagers that end. Where
    /// nobody is asked for consent, a session that does not answer is not waited for.
    ///
    /// # Errors
    /// The platform cannot be asked.
    pub async fn endangered(&self, is_asked: bool) -> Result<RunningJobs, Error> {
        if self.old <= self.new as usize {
            return Ok(RunningJobs::Known(Vec::new()));
        }
        let jobs = self.session.endangered(is_asked).await?;
        // A session that did not answer this is not asked more, which would wait for its leader.
        if jobs.are_some() && self.are_idle().await {
            return Ok(RunningJobs::Known(Vec::new()));
        }
        Ok(jobs)
    }

    /// Whether no task runs on any TaskManager that ends: those with the highest numbers. On Kubernetes it is not known which
    /// ones end. A session that does not answer may have tasks there.
    async fn are_idle(&self) -> bool {
        if matches!(self.session, Session::Kubernetes(_)) {
            return false;
        }
        let Ok(connected) = self.session.connect(true).await else { return false };
        let Ok(client) = connected.client() else { return false };
        for index in self.new as usize + 1..=self.old {
            if !client.is_idle(&format!("taskmanager-{index}")).await.unwrap_or(false) {
                return false;
            }
        }
        true
    }

    /// Notes the number in the ledger, and brings it about. What an earlier call left undone is completed.
    ///
    /// # Errors
    /// Another command changed the session or what is wanted of it, or the platform refuses.
    pub async fn carry_out(&mut self, context: &Context<'_>) -> Result<(), Error> {
        let context = &within(self.there.as_ref(), context);
        let is_left = self.is_left();
        let mut opened = self.opened.take();
        if let (Some(decision), Some(noted)) = (&mut self.decision, opened.take_if(|_| is_left)) {
            decision.remember(noted, context).await?;
        }
        if let Some(noted) = &mut opened {
            self.told(ledger::save(&self.session, noted).await, context)?;
        }
        let Some(decision) = &mut self.decision else {
            return Box::pin(self.resize(context)).await;
        };
        if is_left {
            let done = decision.carry_out(false, context).await;
            let written = decision.remembered();
            let name = self.session.name();
            if done.map_err(|failure| overtaken(failure, name))? == Carried::Differs {
                return Err(Error::changed_meanwhile(name));
            }
            written.map_or(Ok(()), |written| self.told(written, context))?;
        }
        Ok(())
    }

    /// Whether something is to be done of which the ledger is not all.
    fn is_left(&self) -> bool {
        let Some(decision) = &self.decision else { return false };
        let outline = decision.outline();
        let change = &outline.change;
        let completes = change.beside_task_managers().is_empty() && change.effect == Effect::None;
        !outline.is_done() && (!self.is_there() || completes)
    }

    /// Changes what runs as it is.
    async fn resize(&self, context: &Context<'_>) -> Result<(), Error> {
        match &self.session {
            _ if self.is_there() => Ok(()),
            Session::Local(directory) => Err(local::scale::not_noted(directory, self.new)),
            Session::Docker(session) => {
                Box::pin(docker::scale::resize(session, self.new, context)).await
            }
            Session::Kubernetes(session) => kubernetes::scale::resize(session, self.new).await,
        }
    }

    /// What became of writing the ledger. One that must not be written is told, and no failure.
    fn told(&self, written: Result<(), Error>, context: &Context<'_>) -> Result<(), Error> {
        unless_denied(written, "the number of TaskManagers", context)
            .map_err(|failure| overtaken(failure, self.session.name()))
    }
}

/// A failure in the words of a command that was slower than another one, where it is that.
fn overtaken(failure: Error, name: &str) -> Error {
    if failure.reason != ledger::CHANGED {
        return failure;
    }
    Error { error: failure.error.context(Error::changed_meanwhile(name).error), ..failure }
}
