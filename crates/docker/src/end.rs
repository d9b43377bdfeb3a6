//! Ending a session, and what it leaves.

use nutkin_core::Remark;
use nutkin_core::decide::docker::Step;
use nutkin_core::remedy::Deed;
use nutkin_shell::{Context, Ended, Ending, Error, Kept};

use super::observe::{Aim, Run};
use super::session::{self, DockerSession};
use super::{failure, status};

/// Ends a session. Its volume stays unless told otherwise: savepoints and checkpoints are there.
///
/// # Errors
/// The daemon refuses.
pub async fn end(
    session: &DockerSession,
    ending: Ending,
    context: &Context<'_>,
) -> Result<Ended, Error> {
    let mut run = Run::new(session.clone(), Aim::Gone(ending));
    // Held to the end: nobody makes containers of a session that is being ended.
    run.hold(context).await?;
    let seen = run.observe(context).await?;
    let decision = run.decide(&seen)?;
    let mut done = Ended::default();
    for step in &decision.steps {
        run.act(step, context).await?;
        match step {
            Step::End { name, .. } => done.ended.push(session.alias(name).to_owned()),
            Step::RemoveNetwork { name } => done.ended.push(format!("network {name}")),
            Step::RemoveVolume { name } => done.deleted.push(described(name)),
            _ => {}
        }
    }
    run.release();
    let kept = if ending.delete_data { &[][..] } else { &seen.volumes[..] };
    let kept = kept.iter().map(|volume| Kept {
        what: format!("volume {volume}"),
        remark: Remark::new(
            "checkpoints and savepoints: a session of this name finds them again",
            vec![Deed::down_with_data(session.name.as_str(), Some("docker")).does("deletes it")],
        ),
        is_data: true,
    });
    done.kept = kept.collect();
    Ok(done)
}

/// The volumes that an end with `--delete-data` deletes.
///
/// # Errors
/// The daemon cannot be asked.
pub async fn deletable(session: &DockerSession) -> Result<Vec<String>, Error> {
    Ok(session::volumes(session).await?.iter().map(|one| described(one)).collect())
}

/// Whether the daemon has anything of the session.
///
/// # Errors
/// The daemon refuses.
pub async fn exists(session: &DockerSession) -> Result<bool, Error> {
    if !session.containers().await?.is_empty() {
        return Ok(true);
    }
    let network = format!("nutkin-{}", session.name);
    match session.docker.inspect_network(&network, None).await {
        Ok(_) => Ok(true),
        Err(error) if status(&error) == Some(404) => Ok(false),
        Err(error) => Err(failure(&error)),
    }
}

fn described(volume: &str) -> String {
    format!("volume {volume}: checkpoints and savepoints")
}
