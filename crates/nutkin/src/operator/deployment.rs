//! Works for a `FlinkDeployment`, once: looks, has it decided, writes and acts.

use std::collections::BTreeMap;
use std::time::Duration;

use nutkin_core::jobs as rules;
use nutkin_flink::Problem;
use nutkin_kubernetes::end::delete_what_is_left;
use nutkin_kubernetes::session::KubernetesSession;
use nutkin_operator::resource::CustomResource;
use nutkin_operator::status::{ReconciliationState, as_brought};
use nutkin_operator::turn::{self, ResourceAct, SeenSession, SeenWorkload};
use nutkin_shell::ledger::{self, Store as _};
use nutkin_shell::{Ending, Error, Kind};

use super::board::Board;
use super::hands::{Hands, Recovery, SessionWish};
use super::queue::Outcome;
use super::world::Key;
use super::{ACTS, clock, look, refused, said, write};
use crate::Context;
use crate::platform::{Session, drift, kubernetes};

/// Between two looks at jobs that wait for a JobManager: it starts in seconds, and the pods wake the worker anyway.
const SOON: Duration = Duration::from_millis(500);

/// The pause after a failure of that; as often as `nutkin watch` looks.
const PAUSE: Duration = Duration::from_secs(5);

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
        let looks = looks && !is_brought;
        let (mut seen, session) = observe(key, &resource, &wish, looks, board, context).await?;
        seen.problems.splice(0..0, refused.iter().cloned());
        seen.is_brought = is_brought;
        seen.failed.clone_from(&failed);
        let turn = turn::deployment(&resource, &seen, &clock::turn());
        write::turn(key, &mut resource, &turn, board, context).await?;
        if failed.is_some() {
            return Ok(Outcome::Failed);
        }
        board.leads()?;
        if turn.act.is_some() && !board.queue.borrow_mut().has_alone(key) {
            return Ok(Outcome::Alone);
        }
        let done = match (turn.act, &wish) {
            (Some(ResourceAct::Bring), Ok(wish)) => Box::pin(hands.bring(wish, context)).await,
            // Also of a resource that cannot be read any more.
            (Some(ResourceAct::End), _) => {
                hands.forget(&key.namespace, &key.name);
                end(key, board, context).await
            }
            _ => {
                let then = recover(key, &resource, &wish, session, board, hands, context).await;
                return Ok(then.unwrap_or(Outcome::Again(turn.again)));
            }
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
) -> Result<(SeenSession, Option<Session>), Error> {
    let mut seen = SeenSession {
        session_jobs: board.world.borrow().jobs_of(key).into_iter().map(|job| job.name).collect(),
        ..SeenSession::default()
    };
    if resource.is_application() {
        return Ok((seen, None));
    }
    let (session, workload) = look::workload(&board.api(key), &key.name).await?;
    seen.workload = workload;
    let wish = match wish {
        Ok(wish) => wish,
        Err(problems) => {
            seen.problems = problems.iter().map(Problem::to_string).collect();
            return Ok((seen, None));
        }
    };
    seen.task_managers = wish.session.task_manager.replicas.unwrap_or(1);
    let Some(session) = session else { return Ok((seen, None)) };
    if seen.workload == SeenWorkload::Available
        && let Some((_connected, client)) = look::client(&session).await
    {
        if resource.is_deleted() {
            seen.running = look::running(&client).await;
        } else {
            seen.info = look::info(&client).await;
        }
    }
    let session = Session::Kubernetes(Box::new(session));
    if looks && !resource.is_deleted() {
        let drifted = Box::pin(drift::of(&session, context)).await;
        let all = drifted.map(|drifted| drifted.drift).unwrap_or_default();
        seen.drift = all.iter().map(drift_line).collect();
    }
    Ok((seen, Some(session)))
}

/// Has jobs of a session that runs as it is wanted go on where its JobManager is lost and no high availability brings them back. Gives
/// what follows, if that is another thing than otherwise.
async fn recover(
    key: &Key,
    resource: &CustomResource,
    wish: &Result<SessionWish, Vec<Problem>>,
    session: Option<Session>,
    board: &Board,
    hands: &impl Hands,
    context: &Context<'_>,
) -> Option<Outcome> {
    let is_deployed =
        ReconciliationState::of(&resource.status) == Some(ReconciliationState::Deployed);
    let (Ok(wish), Some(session)) = (wish, session) else { return None };
    if resource.is_deleted() || !is_deployed || !wish.session.recovers() {
        return None;
    }
    let jobs: Vec<_> = {
        let world = board.world.borrow();
        let all = world.jobs_of(key);
        all.iter().filter_map(|job| world.get(job)).map(as_brought).collect()
    };
    let place = &board.api.access().place;
    let read = |job: &CustomResource| SessionWish::of(resource, Some(job), place, context).ok();
    let jobs: Vec<_> = jobs.iter().filter_map(read).flat_map(|wish| wish.session.jobs).collect();
    let again = |after| Some(Outcome::Again(Some(after)));
    let recovered = loop {
        let others = board.others(key);
        let may_act = !others.only_looks;
        let decided = || {
            let mut queue = board.queue.borrow_mut();
            queue.shares(key);
            queue.waits(key);
        };
        let recovered = tokio::select! {
            recovered = Box::pin(hands.recover(&session, jobs.clone(), others, &decided, context)) => recovered,
            // It may wait long for a checkpoint. Cut off, the next look continues it.
            () = until_changed(key, resource.metadata.generation, board) => return again(SOON),
        };
        match recovered {
            Ok(Recovery { acts: true, .. }) if may_act => return again(SOON),
            Ok(Recovery { acts: true, .. }) if board.queue.borrow_mut().has_alone(key) => {}
            Ok(Recovery { acts: true, .. }) => return Some(Outcome::Alone),
            recovered => break recovered,
        }
    };
    match recovered {
        Ok(Recovery { waits, went_on, mut stays, resumed, .. }) => {
            board.recovers(key);
            board.resume(key, resumed);
            if !waits && !went_on {
                Box::pin(left_open(key, &session, &mut stays, board)).await;
            }
            board.stay_lost(key, stays);
            if went_on {
                board.wake_jobs(key);
            }
            if waits { again(SOON) } else { None }
        }
        Err(failure) => {
            let is_other = failure.kind != Kind::Conflict;
            if is_other && board.fails_to_recover(key, &said::line(&failure)) {
                said::failed(key, &failure, context);
            }
            again(PAUSE)
        }
    }
}

/// Adds to the jobs that stay lost those that ended under the JobManager that lives, which has forgotten them: nobody goes on to look
/// for these, and the ledger has them as running. Wakes the others that were open.
async fn left_open(
    key: &Key,
    session: &Session,
    stays: &mut BTreeMap<String, String>,
    board: &Board,
) {
    let mut jobs = board.open_jobs(key);
    let others = board.others(key);
    let is_left = |job: &Key| {
        let goes_on = board.resumed.borrow().contains_key(job) || others.busy.contains(&job.name);
        !stays.contains_key(&job.name) && !goes_on
    };
    jobs.retain(is_left);
    if jobs.is_empty() {
        return;
    }
    let Ok(opened) = ledger::load(session).await else { return };
    // Whoever makes a change brings its jobs back.
    if opened.ledger.phase.is_some() {
        return;
    }
    for job in jobs {
        if rules::open(&opened.ledger).any(|(name, _)| *name == job.name) {
            let line = forgotten(&job.name);
            stays.insert(job.name, line);
        } else {
            board.wake(&job, false);
        }
    }
}

fn forgotten(job: &str) -> String {
    format!(
        "job `{job}` has ended, and Flink has forgotten how: `initialSavepointPath` with another `savepointRedeployNonce` starts it \
         again"
    )
}

/// Waits until a session is another one than of this generation, or is deleted.
async fn until_changed(key: &Key, generation: i64, board: &Board) {
    let is_same = |now: &CustomResource| now.metadata.generation == generation && !now.is_deleted();
    while board.resource(key).as_ref().is_some_and(is_same) {
        clock::pause(SOON).await;
    }
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
