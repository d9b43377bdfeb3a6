//! A restart of all processes of a session: what the ledger wants, with a time in it that nothing was started for yet.

use std::time::Duration;

use nutkin_core::change::Effect;
use nutkin_core::decide::Outline;
use nutkin_core::ledger::Opened;
use nutkin_rest::Waited;
use nutkin_shell::{Environment, Error, Kind, Purpose, Wish, ledger};

use super::attend::Carried;
use super::ledger::{none_under_way, rebuilt, surroundings, unless_denied, within};
use super::{Decision, Session};
use crate::Context;

/// What the history says of a restart.
const NOTED: &str = "restart of all processes";

/// A restart, decided and not carried out.
#[derive(Debug)]
pub struct Restarting {
    session: Session,
    /// What the ledger is to say: the restart is a line of its history.
    opened: Opened,
    decision: Decision,
    /// Where relative paths of what is wanted count from, if not from here.
    there: Option<Environment>,
}

impl Restarting {
    /// What a restart means. Nothing is touched for it.
    ///
    /// # Errors
    /// Nobody knows what is wanted of the session, or it is otherwise not what is wanted of it; the platform cannot be
    /// asked or restarts nothing.
    pub async fn of(session: Session, context: &Context<'_>) -> Result<Self, Error> {
        let mut opened = rebuilt(&session, context).await?;
        none_under_way(&opened.ledger, "restart")?;
        let place = session.exact_place();
        let Some(wanted) = &opened.ledger.wanted else {
            let name = session.name();
            let message = format!("no ledger says what is wanted of session `{name}`");
            return Err(Error::new(Kind::Broken, message).hint(format!(
                "`nutkin up {name} -f FILE` with all options says it, then restart the session"
            )));
        };
        let there = surroundings(wanted, context.environment);
        let asked = wanted.session().map_err(Error::input)?.restarted(ledger::now());
        opened.ledger.note(ledger::event(context.environment, vec![NOTED.to_owned()]));
        let context = &within(there.as_ref(), context);
        // Jars and plugins are those that the session has.
        let wish = Wish { session: &asked, place: &place, purpose: Purpose::Scale, adopt: false };
        let mut decision = Decision::of(wish, &|_| (), context).await?;
        decision.prepare(context).await?;
        if decision.outline().change.effect == Effect::Loss {
            opened.ledger.given_up = Some(ledger::now());
        }
        let restarting = Self { session, opened, decision, there };
        restarting.check()?;
        Ok(restarting)
    }

    /// Sees that nothing else would change.
    fn check(&self) -> Result<(), Error> {
        let outline = self.decision.outline();
        let name = self.session.name();
        if outline.change.is_new {
            let message = format!("session `{name}` does not run");
            return Err(
                Error::new(Kind::NotFound, message).hint(format!("`nutkin up {name}` starts it"))
            );
        }
        let other = outline.change.beside_restart();
        if !other.is_empty() {
            let message =
                format!("session `{name}` is not what is wanted of it: {}", other.join(", "));
            return Err(Error::new(Kind::Broken, message).because("Drifted").hint(format!(
                "`nutkin plan {name}` shows it; `nutkin up {name}` brings about what is wanted, and restarts what that needs"
            )));
        }
        if outline.is_done() {
            let message = format!("nothing of session `{name}` would be restarted");
            return Err(Error::new(Kind::Invalid, message)
                .hint("another `spec.restartNonce` in the session file restarts all processes"));
        }
        Ok(())
    }

    /// The ledger, as it is to be when the restart is ordered.
    pub const fn opened(&self) -> &Opened {
        &self.opened
    }

    /// What it means.
    pub fn outline(&self) -> Outline {
        self.decision.outline()
    }

    /// Does it, and notes it in the history. A ledger that must not be written is told, and no failure.
    ///
    /// # Errors
    /// Another command changed the session, or the platform refuses.
    pub async fn carry_out(&mut self, waits: bool, context: &Context<'_>) -> Result<(), Error> {
        let context = &within(self.there.as_ref(), context);
        if self.decision.carry_out(waits, context).await? == Carried::Differs {
            return Err(Error::changed_meanwhile(self.session.name()));
        }
        let written = ledger::save(&self.session, &mut self.opened).await;
        unless_denied(written, "the restart", context)
    }

    /// Waits until the session is ready, telling `progress` what is waited for.
    ///
    /// # Errors
    /// It never will be, and why.
    pub async fn wait(
        &mut self,
        timeout: Duration,
        progress: impl FnMut(&str),
        context: &Context<'_>,
    ) -> Result<Waited, Error> {
        let context = &within(self.there.as_ref(), context);
        self.decision.wait(timeout, progress, context).await
    }
}
