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

    /// A step is done. `has_begun`: something has changed that somebody can see ([`Shell::has_begun`]).
    fn done(&mut self, has_begun: bool) {
        let _ = has_begun;
    }

    /// Somebody else was faster: nothing of the step was done, and it is looked at again.
    ///
    /// # Errors
    /// Nobody wants to see that.
    fn overtaken(&mut self, conflict: Error) -> Result<(), Error> {
        drop(conflict);
        Ok(())
    }

    /// Nothing is to be done until something has happened by itself. Waits for so long; `false`: not any longer.
    async fn waits(&mut self, wait: Wait<'_>) -> bool;
}

/// What is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Wait<'r> {
    /// In words for people.
    pub reason: &'r str,
    /// The pause.
    pub after: Duration,
    /// Whether it is not decided yet what to do, because that hangs on what is waited for.
    pub is_open: bool,
}

/// How the driving ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Driven<S> {
    /// Nothing is left to do. Whether all is well is in the conditions of the last decision.
    Done(Decision<S>),
    /// Whoever attends did not wait any longer for what was decided last.
    Left(Decision<S>),
}

impl<S> Driven<S> {
    /// What was decided last.
    pub fn decision(self) -> Decision<S> {
        match self {
            Self::Done(decision) | Self::Left(decision) => decision,
        }
    }
}

/// Brings a session to what is wanted.
///
/// # Errors
/// It was not agreed to, or the platform refuses.
pub async fn drive<S: Shell>(
    shell: &mut S,
    attend: &mut impl Attend<S::Step>,
) -> Result<Driven<S::Step>, Error> {
    let first = look(shell, attend).await?;
    carry_on(shell, first, attend).await
}

/// Looks and decides, until the decision hangs on nothing that is still to be told. Does nothing.
///
/// # Errors
/// What is wanted is wrong, or the platform cannot be asked.
pub async fn look<S: Shell>(
    shell: &mut S,
    attend: &mut impl Attend<S::Step>,
) -> Result<Decision<S::Step>, Error> {
    loop {
        let seen = shell.observe().await?;
        let decision = shell.decide(&seen)?;
        match &decision.again {
            Again::Wait { reason, after } if decision.is_open() => {
                if !attend.waits(Wait { reason, after: *after, is_open: true }).await {
                    return Ok(decision);
                }
            }
            _ => return Ok(decision),
        }
    }
}

/// Looks and decides, and does what a decision needs beforehand, until something is to be shown or has changed that
/// somebody can see.
///
/// # Errors
/// As [`look`], or the platform refuses.
pub async fn prepare<S: Shell>(
    shell: &mut S,
    attend: &mut impl Attend<S::Step>,
) -> Result<Decision<S::Step>, Error> {
    loop {
        let decision = look(shell, attend).await?;
        if decision.again != Again::Look || shell.has_begun() {
            return Ok(decision);
        }
        act(shell, &decision, attend).await?;
    }
}

/// The same from a decision on that was shown already: as far as things are still as they were seen then.
///
/// # Errors
/// As [`drive`].
pub async fn carry_on<S: Shell>(
    shell: &mut S,
    first: Decision<S::Step>,
    attend: &mut impl Attend<S::Step>,
) -> Result<Driven<S::Step>, Error> {
    let (mut decision, mut agreed, mut conflicts) = (first, Harm::None, 0);
    loop {
        attend.decided(&decision, agreed < decision.harm)?;
        agreed = agreed.max(decision.harm);
        match act(shell, &decision, attend).await {
            Ok(()) => match &decision.again {
                Again::Done => return Ok(Driven::Done(decision)),
                Again::Look => {}
                Again::Wait { reason, after } => {
                    if !attend.waits(Wait { reason, after: *after, is_open: false }).await {
                        return Ok(Driven::Left(decision));
                    }
                }
            },
            Err(error) if error.kind == Kind::Conflict && conflicts < ATTEMPTS => {
                conflicts += 1;
                attend.overtaken(error)?;
            }
            Err(error) => return Err(error),
        }
        decision = look(shell, attend).await?;
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
        attend.done(shell.has_begun());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
