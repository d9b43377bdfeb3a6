//! Drives a session to what is wanted: looks, decides, shows, asks once, acts, and waits until nothing is left to do.
//!
//! Nothing here knows a platform, and nothing of it a terminal, a clock or a network: the platform is a [`Shell`], and
//! who watches, agrees and waits is [`Attend`]. A command attends at a terminal; a test, an operator or a dashboard do
//! in their own way.

use std::time::Duration;

use nutkin_core::decide::{Again, Decision, Harm};
use nutkin_shell::{Error, Kind, Shell};

/// How often a decision is made again because somebody else was faster. Each time another one has finished, so that only
/// a crowd of them needs more than two.
const ATTEMPTS: usize = 10;

/// Who attends while a session is driven.
#[allow(async_fn_in_trait, reason = "a driver runs on one thread")]
pub trait Attend<S> {
    /// Sees what was decided, before any of it is done. `asks`: it does more harm than was agreed to until now, and has
    /// to be agreed to.
    ///
    /// # Errors
    /// It was not agreed to.
    fn decided(&mut self, decision: &Decision<S>, asks: bool) -> Result<(), Error>;

    /// A step begins: from now on something may have changed.
    fn begins(&mut self, step: &S);

    /// Nothing is to be done until something has happened by itself. Waits for so long; `false`: not any longer.
    async fn waits(&mut self, reason: &str, after: Duration) -> bool;
}

/// How the driving ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Driven<S> {
    /// Nothing is left to do. Whether all is well is in the conditions of the last decision.
    Done(Decision<S>),
    /// Whoever attends did not wait any longer for what was decided last.
    Left(Decision<S>),
}

/// Brings a session to what is wanted.
///
/// # Errors
/// It was not agreed to, or the platform refuses.
pub async fn drive<S: Shell>(
    shell: &mut S,
    attend: &mut impl Attend<S::Step>,
) -> Result<Driven<S::Step>, Error> {
    let mut agreed = Harm::None;
    let mut conflicts = 0;
    loop {
        let seen = shell.observe().await?;
        let decision = shell.decide(&seen)?;
        attend.decided(&decision, agreed < decision.harm)?;
        agreed = agreed.max(decision.harm);
        match act(shell, &decision, attend).await {
            Ok(()) => {}
            Err(error) if error.kind == Kind::Conflict && conflicts < ATTEMPTS => {
                conflicts += 1;
                continue;
            }
            Err(error) => return Err(error),
        }
        shell.save(&decision).await?;
        match &decision.again {
            Again::Done => return Ok(Driven::Done(decision)),
            Again::Look => {}
            Again::Wait { reason, after } => {
                if !attend.waits(reason, *after).await {
                    return Ok(Driven::Left(decision));
                }
            }
        }
    }
}

/// Does what was decided.
async fn act<S: Shell>(
    shell: &mut S,
    decision: &Decision<S::Step>,
    attend: &mut impl Attend<S::Step>,
) -> Result<(), Error> {
    for step in &decision.steps {
        attend.begins(step);
        shell.act(step).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
