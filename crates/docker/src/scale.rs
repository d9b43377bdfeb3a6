//! The number of TaskManagers of a session, and changing it where nobody noted what is wanted.

use nutkin_core::decide::docker::resized;
use nutkin_core::remedy::Deed;
use nutkin_flink::process::Role;
use nutkin_shell::{Context, Error, Kind};

use super::observe::{Aim, Run};
use super::session::{DockerSession, ListedContainer};

/// The number of TaskManagers that were started once.
///
/// # Errors
/// The daemon refuses.
pub async fn task_managers(session: &DockerSession) -> Result<usize, Error> {
    let is_one = |one: &&ListedContainer| {
        one.seen.role == Some(Role::TaskManager) && !one.seen.hash.is_empty()
    };
    Ok(session.containers().await?.iter().filter(is_one).count())
}

/// Ends the last TaskManagers, or makes more like the first.
///
/// # Errors
/// There is none to make others like (5); another command changed the session since; the daemon refuses.
pub async fn resize(
    session: &DockerSession,
    wanted: u32,
    context: &Context<'_>,
) -> Result<(), Error> {
    let mut run = Run::new(session.clone(), Aim::Resized);
    let seen = run.observe(context).await?;
    let Some(decision) = resized(wanted, &seen) else { return Err(nothing_like(session)) };
    for step in &decision.steps {
        run.act(step, context).await?;
    }
    run.release();
    Ok(())
}

fn nothing_like(session: &DockerSession) -> Error {
    let message = format!("session `{}` has no TaskManager to make others like", session.name);
    Error::new(Kind::NotFound, message)
        .hint(Deed::up_on("docker").does("with the same file and options makes them"))
}
