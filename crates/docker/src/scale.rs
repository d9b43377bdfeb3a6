//! Another number of TaskManagers: what the ledger wants, with this number, planned again.

use nutkin_core::decide::docker::{Container, Observation, Step, resized};
use nutkin_core::decide::{Decision, docker};
use nutkin_flink::process::Role;
use nutkin_shell::{Context, Error, Kind, ledger};

use super::observe::{Aim, Run};
use super::session::DockerSession;

/// A change of the number of TaskManagers, not carried out.
#[derive(Debug)]
pub struct Scaling {
    /// TaskManagers that there are.
    pub old: usize,
    run: Run,
    decision: Decision<Step>,
}

/// What changing the number of TaskManagers means.
///
/// # Errors
/// There is none to make others like, and nothing is noted of what the session was made from (5); the session is not
/// what is wanted (1); the daemon refuses.
pub async fn scaling(
    session: &DockerSession,
    wanted: u32,
    context: &Context<'_>,
) -> Result<Scaling, Error> {
    let mut opened = ledger::load(session).await?;
    let noted = opened.ledger.wanted.as_ref().map(nutkin_core::ledger::Wanted::session);
    let Some(noted) = noted.transpose().map_err(Error::input)? else {
        let mut run = Run::new(session.clone(), Aim::Resized);
        let seen = run.observe(context).await?;
        let Some(decision) = resized(wanted, &seen) else { return Err(nothing_like(session)) };
        return Ok(Scaling { old: count(&seen), run, decision });
    };
    if let Some(of_ledger) = &mut opened.ledger.wanted {
        of_ledger.task_managers = Some(wanted);
    }
    let line = format!("TaskManagers: {wanted}");
    opened.ledger.note(ledger::event(context.environment, vec![line]));
    let aim = Aim::Scaled(Box::new(docker::scaled(&noted, wanted)));
    let mut run = Run::new(session.clone(), aim).with_ledger(opened);
    let seen = run.observe(context).await?;
    let decision = run.decide(&seen)?;
    let other: Vec<&str> = decision
        .change
        .differences
        .iter()
        .map(|one| one.what.as_str())
        .filter(|what| *what != "taskManager.replicas")
        .collect();
    // What was cut off while TaskManagers were made is completed.
    let is_cut_off = seen.containers.iter().any(|one| one.seen.hash.is_empty());
    if !other.is_empty() && !is_cut_off {
        let name = &session.name;
        let message = format!("session `{name}` is not what is wanted of it: {}", other.join(", "));
        return Err(Error::new(Kind::Broken, message).because("Drifted").hint(format!(
            "`nutkin up {name} --task-managers {wanted}` shows what that changes, and does it"
        )));
    }
    Ok(Scaling { old: count(&seen), run, decision })
}

fn count(seen: &Observation) -> usize {
    // Those that were started once.
    let is_one =
        |one: &&Container| one.seen.role == Some(Role::TaskManager) && !one.seen.hash.is_empty();
    seen.containers.iter().filter(is_one).count()
}

fn nothing_like(session: &DockerSession) -> Error {
    let message = format!("session `{}` has no TaskManager to make others like", session.name);
    Error::new(Kind::NotFound, message)
        .hint("`nutkin up --on docker` with the same file and options makes them")
}

impl Scaling {
    /// Ends TaskManagers, or makes more.
    ///
    /// # Errors
    /// Another command changed the session since, or the daemon refuses.
    pub async fn carry_out(&mut self, context: &Context<'_>) -> Result<(), Error> {
        for step in &self.decision.steps {
            self.run.act(step, context).await?;
        }
        self.run.release();
        Ok(())
    }
}
