//! Works for a `FlinkDeployment`, once: looks, has it decided, writes and acts.

use nutkin_flink::Problem;
use nutkin_kubernetes::end::delete_what_is_left;
use nutkin_kubernetes::session::KubernetesSession;
use nutkin_operator::resource::CustomResource;
use nutkin_operator::status::as_brought;
use nutkin_operator::turn::{self, ResourceAct, SeenSession, SeenWorkload};
use nutkin_shell::ledger::{self, Store as _};
use nutkin_shell::{Ending, Error};

use super::board::Board;
use super::hands::{Hands, SessionWish};
use super::queue::Outcome;
use super::world::Key;
use super::{ACTS, clock, look, refused, said, write};
use crate::Context;
use crate::platform::{Session, drift, kubernetes};

/// Works for it. `looks`: something that belongs to it may have changed.
///
/// # Errors
/// The API server refuses, or somebody else was faster.
pub(super) async fn work(
    key: &Key,
    mut resource: CustomResource,
    looks: bool,
    board: &Board,
    hands: &impl Hands,
    context: &Context<'_>,
) -> Result<Outcome, Error> {
    let refused = refused::session(key, &resource);
    let wish = wish(&resource, !refused.is_empty(), board, context);
    let (mut is_brought, mut failed) = (false, None::<String>);
    for _ in 0..ACTS {
        let mut seen = observe(key, &resource, &wish, looks && !is_brought, board, context).await?;
        seen.problems.splice(0..0, refused.iter().cloned());
        seen.is_brought = is_brought;
        seen.failed.clone_from(&failed);
        let turn = turn::deployment(&resource, &seen, &clock::turn());
        write::turn(key, &mut resource, &turn, board, context).await?;
        if failed.is_some() {
            return Ok(Outcome::Failed);
        }
        let done = match (turn.act, &wish) {
            (Some(ResourceAct::Bring), Ok(wish)) => Box::pin(hands.bring(wish, context)).await,
            // Also of a resource that cannot be read any more.
            (Some(ResourceAct::End), _) => end(key, board, context).await,
            _ => return Ok(Outcome::Again(turn.again)),
        };
        match done {
            Ok(()) => is_brought = true,
            Err(failure) => failed = Some(said::line(&failure)),
        }
    }
    Ok(Outcome::Again(None))
}

/// What is wanted; where that is refused, what was wanted last is kept.
fn wish(
    resource: &CustomResource,
    is_refused: bool,
    board: &Board,
    context: &Context<'_>,
) -> Result<SessionWish, Vec<Problem>> {
    let wanted = if is_refused { as_brought(resource) } else { resource.clone() };
    SessionWish::of(&wanted, None, &board.api.access().place, context)
}

async fn observe(
    key: &Key,
    resource: &CustomResource,
    wish: &Result<SessionWish, Vec<Problem>>,
    looks: bool,
    board: &Board,
    context: &Context<'_>,
) -> Result<SeenSession, Error> {
    let mut seen = SeenSession {
        session_jobs: board.world.borrow().jobs_of(key).into_iter().map(|job| job.name).collect(),
        ..SeenSession::default()
    };
    if resource.is_application() {
        return Ok(seen);
    }
    let (session, workload) = look::workload(&board.api(key), &key.name).await?;
    seen.workload = workload;
    let wish = match wish {
        Ok(wish) => wish,
        Err(problems) => {
            seen.problems = problems.iter().map(Problem::to_string).collect();
            return Ok(seen);
        }
    };
    seen.task_managers = wish.session.task_manager.replicas.unwrap_or(1);
    let Some(session) = session else { return Ok(seen) };
    if seen.workload == SeenWorkload::Available
        && let Some((_connected, client)) = look::client(&session).await
    {
        if resource.is_deleted() {
            seen.running = look::running(&client).await;
        } else {
            seen.info = look::info(&client).await;
        }
    }
    if looks && !resource.is_deleted() {
        let session = Session::Kubernetes(Box::new(session));
        let drifted = Box::pin(drift::of(&session, context)).await;
        let all = drifted.map(|drifted| drifted.drift).unwrap_or_default();
        seen.drift = all.iter().map(drift_line).collect();
    }
    Ok(seen)
}

fn drift_line(drift: &nutkin_core::decide::Drift) -> String {
    let words = [&drift.object, &drift.what].into_iter().flatten().cloned();
    words.collect::<Vec<_>>().join(" ")
}

/// Ends a session, with the data that would bring its jobs back. Its ledger stays where something in it could be resumed. What somebody
/// else made under this name is left alone.
async fn end(key: &Key, board: &Board, context: &Context<'_>) -> Result<(), Error> {
    let api = board.api(key);
    let store = KubernetesSession::gone(&api, &key.name);
    let has_ledger = !ledger::load(&store).await?.is_new();
    let ending = Ending { delete_ha_data: true, ..Ending::default() };
    match nutkin_kubernetes::session::open(&api, &key.name).await? {
        Some(session) if session.is_ours() => {
            drop(kubernetes::end(&session, ending, context).await?);
        }
        None if has_ledger => drop(delete_what_is_left(&api, &key.name).await?),
        // Somebody else's, or nothing of ours.
        Some(_) | None => {}
    }
    let opened = ledger::load(&store).await?;
    if !opened.is_new() && opened.ledger.resumable().is_empty() {
        store.remove(&opened.version).await?;
    }
    Ok(())
}
