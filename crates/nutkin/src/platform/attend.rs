//! Who attends while sessions are driven: who has ordered what was agreed to, and who waits for it.

use std::time::{Duration, Instant};

use nutkin_core::decide::{Change, Condition, Decision, Harm};
use nutkin_flink::counted;
use nutkin_rest::{Ready, Waited};
use nutkin_shell::ledger::CHANGED;
use nutkin_shell::{Context, Error, Kind};

use crate::drive::{Attend, Driven, Wait};

/// Rounds after which nobody believes any more that a change comes to rest: fetching, pulling, changing and looking at
/// it are four, and another command that is faster costs one.
const ROUNDS: usize = 15;

/// How far carrying out a change came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// To its end.
    Done,
    /// To where it turned out to be another change than the one that was shown: nothing of that was done.
    Differs,
}

/// Everything was there, and the JobManager is not any more.
pub(super) fn silent(name: &str) -> Error {
    Error::new(Kind::Retry, format!("session `{name}` does not answer any more"))
}

/// How the wait for a session ended that counts its TaskManagers itself, from what was decided last and what its JobManager
/// answered last. In `Err`: why it stalls.
///
/// # Errors
/// It does not answer any more.
pub(super) fn waited<S>(
    driven: Driven<S>,
    answered: Option<Ready>,
    name: &str,
) -> Result<Result<Waited, Condition>, Error> {
    let decision = match driven {
        Driven::Left(_) => {
            return Ok(Ok(Waited::TimedOut(answered.map_or_else(
                || "no JobManager answers".to_owned(),
                |seen| format!("{} registered", counted(seen.overview.taskmanagers, "TaskManager")),
            ))));
        }
        Driven::Done(decision) => decision,
    };
    match decision.conditions.into_iter().find(|one| one.kind == "Stalled") {
        Some(stalled) => Ok(Err(stalled)),
        None => answered.map(|ready| Ok(Waited::Ready(ready))).ok_or_else(|| silent(name)),
    }
}

/// Waits for what a decision hangs on, and for nothing else.
#[derive(Debug)]
pub(super) struct Looks;

impl<S> Attend<S> for Looks {
    fn decided(&mut self, _decision: &Decision<S>, _asks: bool) -> Result<(), Error> {
        Ok(())
    }

    fn begins(&mut self, _step: &S) {}

    async fn waits(&mut self, wait: Wait<'_>) -> bool {
        if wait.is_open {
            tokio::time::sleep(wait.after).await;
        }
        wait.is_open
    }
}

/// Has nothing done but what was agreed to. Until the session is touched, what comes to light may change what is to be
/// done, as far as nobody need agree to more; then, or after another command was faster, only the same change goes on.
pub(super) struct Agreed<'a, S> {
    name: &'a str,
    context: &'a Context<'a>,
    /// Whether a step only brings something to where it can be used.
    only_brings: fn(&S) -> bool,
    harm: Harm,
    change: Change,
    was_done: bool,
    /// What differs from what was agreed to by so much that it has to be agreed to: nothing of it was done.
    pub(super) differs: Option<Decision<S>>,
    is_touched: bool,
    conflict: Option<Error>,
    rounds: usize,
}

impl<'a, S> Agreed<'a, S> {
    /// What was agreed to.
    pub(super) fn new(
        decision: &Decision<S>,
        only_brings: fn(&S) -> bool,
        name: &'a str,
        context: &'a Context<'a>,
    ) -> Self {
        Self {
            name,
            context,
            only_brings,
            harm: decision.harm,
            change: decision.change.clone(),
            was_done: decision.is_done(),
            differs: None,
            is_touched: false,
            conflict: None,
            rounds: 0,
        }
    }
}

impl<S: Clone> Attend<S> for Agreed<'_, S> {
    fn decided(&mut self, decision: &Decision<S>, _asks: bool) -> Result<(), Error> {
        self.rounds += 1;
        if ROUNDS < self.rounds {
            let message =
                format!("session `{}` keeps changing while it is being changed", self.name);
            return Err(Error::new(Kind::Conflict, message).because("Restless"));
        }
        let conflict = self.conflict.take();
        if conflict.is_some() || self.is_touched {
            let is_same = decision.change == self.change && decision.harm <= self.harm;
            if !decision.change.is_empty() && !is_same {
                return Err(conflict.unwrap_or_else(|| Error::changed_meanwhile(self.name)));
            }
            if conflict.is_some() && decision.steps.is_empty() {
                self.context.events.say("another command has done the same in the meantime");
            }
        } else if self.harm < decision.harm || (self.was_done && !decision.is_done()) {
            self.differs = Some(decision.clone());
            return Err(Error::changed_meanwhile(self.name));
        } else {
            self.change.clone_from(&decision.change);
        }
        Ok(())
    }

    fn begins(&mut self, step: &S) {
        self.is_touched |= !(self.only_brings)(step);
    }

    fn overtaken(&mut self, conflict: Error) -> Result<(), Error> {
        // What another command wants is not overwritten, whatever there is.
        if conflict.reason == CHANGED {
            return Err(conflict);
        }
        self.conflict = Some(conflict);
        Ok(())
    }

    async fn waits(&mut self, wait: Wait<'_>) -> bool {
        Attend::<S>::waits(&mut Looks, wait).await
    }
}

/// Waits for what was ordered, for so long, and tells what for.
pub(super) struct Watcher<'n, P> {
    pub(super) started: Instant,
    pub(super) timeout: Duration,
    pub(super) progress: P,
    /// The session, where nothing may be changed any more that somebody would have to agree to: then another command
    /// wants something else of it.
    pub(super) guards: Option<&'n str>,
}

impl<S, P: FnMut(&str)> Attend<S> for Watcher<'_, P> {
    fn decided(&mut self, decision: &Decision<S>, asks: bool) -> Result<(), Error> {
        match self.guards {
            Some(name) if asks || decision.change.is_new => Err(Error::changed_meanwhile(name)),
            _ => Ok(()),
        }
    }

    fn begins(&mut self, _step: &S) {}

    async fn waits(&mut self, wait: Wait<'_>) -> bool {
        (self.progress)(wait.reason);
        if self.timeout < self.started.elapsed() {
            return false;
        }
        tokio::time::sleep(wait.after).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use nutkin_core::change::Difference;
    use nutkin_core::decide::About;
    use nutkin_core::selection::Platform;
    use nutkin_shell::{Environment, Silent};

    use super::*;

    /// A change of these fields with that harm, in one step.
    fn decision(fields: &[&str], harm: Harm) -> Decision<u8> {
        let difference =
            |what: &&str| Difference { what: (*what).to_owned(), old: None, new: None };
        let about = About {
            platform: Platform::Local,
            name: "a".to_owned(),
            namespace: None,
            flink_version: "1.20.5".to_owned(),
            job_managers: 1,
            task_managers: None,
        };
        let mut decision = Decision::nothing(about);
        decision.change.differences = fields.iter().map(difference).collect();
        decision.harm = harm;
        decision.steps = vec![0; fields.len()];
        decision
    }

    /// How many of these decisions are followed, and whether the next one has to be agreed to anew. Before each, a step
    /// that touches the session (1), one that only brings something (0), or another command (2).
    #[track_caller]
    fn check(first: &Decision<u8>, later: &[(u8, Decision<u8>)], followed: usize, asks: bool) {
        let environment = Environment::of_test(&[], "/".into());
        let events = Silent::sink();
        let context = Context { events: &events, environment: &environment };
        let mut agreed = Agreed::new(first, |step| *step == 0, "a", &context);
        agreed.decided(first, false).unwrap();
        let mut count = 0;
        for (before, decision) in later {
            match before {
                2 => agreed.overtaken(Error::new(Kind::Conflict, "faster")).unwrap(),
                step => agreed.begins(step),
            }
            if agreed.decided(decision, false).is_err() {
                break;
            }
            count += 1;
        }
        assert_eq!((count, agreed.differs.is_some()), (followed, asks));
    }

    #[test]
    fn only_what_was_agreed_to_goes_on() {
        let (none, slots) = (decision(&[], Harm::None), decision(&["slots"], Harm::Change));
        let (memory, loss) =
            (decision(&["memory"], Harm::Change), decision(&["slots"], Harm::Loss));
        check(&slots, &[(1, none.clone())], 1, false);
        check(&slots, &[(2, none.clone())], 1, false);
        check(&slots, &[(2, slots.clone()), (2, slots.clone())], 2, false);
        check(&slots, &[(2, memory.clone())], 0, false);
        check(&slots, &[(1, memory.clone())], 0, false);
        check(&slots, &[(2, loss.clone())], 0, false);
        // What was fetched brings it to light.
        check(&slots, &[(0, memory.clone()), (2, memory.clone())], 2, false);
        check(&slots, &[(0, memory), (2, slots.clone())], 1, false);
        check(&slots, &[(0, loss)], 0, true);
        check(&none, &[(0, slots.clone())], 0, true);
        check(&slots, &vec![(2, slots.clone()); 2 * ROUNDS], ROUNDS - 1, false);
    }
}
