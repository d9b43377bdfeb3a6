//! Works for a `FlinkSessionJob`, once: looks, has it decided, writes and acts.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use nutkin_core::jobs as rules;
use nutkin_core::ledger::{JobRecord, Ledger};
use nutkin_core::session::UpgradeMode;
use nutkin_flink::{Problem, is_highly_available};
use nutkin_kubernetes::session::KubernetesSession;
use nutkin_operator::resource::CustomResource;
use nutkin_operator::status::{JobManagerState, ReconciliationState, as_brought};
use nutkin_operator::turn::{
    self, ResourceAct, SeenLoss, SeenRun, SeenSessionJob, SessionGate, while_at_work,
};
use nutkin_operator::validate;
use nutkin_rest::{Client, Connected, RestError};
use nutkin_shell::ledger;
use nutkin_shell::{Error, Kind};
use serde_json::Value;

use super::board::Board;
use super::hands::{Hands, SessionWish};
use super::queue::Outcome;
use super::world::Key;
use super::{ACTS, clock, look, refused, said, write};
use crate::Context;
use crate::jobs;

/// How often whoever waits for the first checkpoint of a job looks whether something else is wanted, and when to begin with that:
/// soon enough for a person who waits.
const SUPERSEDED: Duration = Duration::from_millis(500);

/// A job with its session, as far as both can be read.
struct About {
    wish: Result<SessionWish, Vec<Problem>>,
    /// What is known of the session without asking it; `None`: it has no resource.
    session: Option<SessionWords>,
}

/// A session in the words of its resource.
#[derive(Clone, Copy)]
struct SessionWords {
    is_application: bool,
    /// Whether its status says that it is ready as it is wanted.
    serves: bool,
    /// Whether high availability brings its jobs back.
    comes_back: bool,
}

impl About {
    fn gate(&self, answers: bool) -> SessionGate {
        self.session.map_or(SessionGate::Absent, |session| {
            let SessionWords { is_application, serves, comes_back } = session;
            SessionGate::of(is_application, serves && answers, comes_back)
        })
    }
}

/// Works for it.
///
/// # Errors
/// The API server refuses, or somebody else was faster.
pub(super) async fn work(
    key: &Key,
    mut resource: CustomResource,
    board: &Board,
    hands: &impl Hands,
    context: &Context<'_>,
) -> Result<Outcome, Error> {
    // One that is deleted ends where it was brought about.
    let session = board.resource(&board.session_of(key));
    let about = about(&resource, session.as_ref(), board, context);
    let (refused, may_pass) = refused::job(&resource, session.as_ref(), board).await;
    let store = KubernetesSession::gone(&board.api(key), resource.session());
    let way = match about.gate(true) {
        SessionGate::Ready => connect(&store).await?,
        _ => None,
    };
    let gate = about.gate(way.is_some());
    let (mut is_brought, mut failed) = (false, None::<String>);
    for _ in 0..ACTS {
        let client = way.as_ref().map(|(_, client)| client);
        let mut seen = observe(key, &about.wish, client, &store).await?;
        if is_brought {
            seen.loss = SeenLoss::No;
        }
        if seen.run.as_ref().is_some_and(SeenRun::has_ended) {
            // It is not resumed again and again.
            board.resumed.borrow_mut().remove(key);
        }
        let older = board.resumed.borrow().get(key).cloned();
        if older.is_some() && !is_brought {
            seen.loss = SeenLoss::GoesOn;
        }
        board.sees_open(key, seen.loss == SeenLoss::Open);
        (seen.gate, seen.is_brought) = (gate, is_brought);
        if let Some(session) = &session {
            seen.options = validate::options_of(&session.spec);
        }
        if seen.loss == SeenLoss::Open
            && let Some(why) = board.lost.borrow().get(key)
        {
            seen.loss = SeenLoss::Stays(why.clone());
        }
        seen.problems.splice(0..0, refused.iter().cloned());
        seen.failed.clone_from(&failed);
        let turn = turn::session_job(&resource, &seen, &clock::turn());
        if turn.forgets {
            board.leads()?;
            forget(key, &store).await?;
        }
        let ran = runs(&resource.status);
        write::turn(key, &mut resource, &turn, board, context).await?;
        if !ran && runs(&resource.status) {
            // Whoever works for its session sees that it was alive, in case its JobManager is lost now.
            board.wake(&board.session_of(key), false);
        }
        if seen.loss == SeenLoss::Open {
            // Whoever works for its session has it go on.
            board.wake(&board.session_of(key), false);
        }
        if failed.is_some() {
            return Ok(Outcome::Failed);
        }
        let (Some(act), Some(client)) = (turn.act, client) else {
            return Ok(if may_pass { Outcome::Failed } else { Outcome::Again(turn.again) });
        };
        let Ok(wish) = &about.wish else {
            if act == ResourceAct::Bring {
                return Ok(Outcome::Again(turn.again));
            }
            board.leads()?;
            // Nobody can read any more how it is to end.
            match cancel(key, &seen, client, &store).await {
                Ok(()) => is_brought = true,
                Err(failure) => failed = Some(said::line(&failure)),
            }
            continue;
        };
        if act == ResourceAct::Resume {
            let older = older.unwrap_or_default();
            board.leads()?;
            board.queue.borrow_mut().waits(key);
            let resumed = Box::pin(hands.resume(&store, client, wish, &older, context));
            let done = tokio::select! {
                done = resumed => done,
                // Cut off, the next look begins with what is wanted then.
                () = until_superseded(key, resource.metadata.generation, board) => {
                    return Ok(Outcome::Again(Some(SUPERSEDED)));
                }
            };
            match done {
                Ok(()) => {
                    board.resumed.borrow_mut().remove(key);
                    is_brought = true;
                }
                Err(failure) if failure.kind == Kind::Conflict => return Err(failure),
                Err(failure) => failed = Some(said::line(&failure)),
            }
            continue;
        }
        let mut wish = wish.clone();
        if let (ResourceAct::Cancel | ResourceAct::Stop, Some(job)) =
            (act, wish.session.jobs.first_mut())
        {
            job.running = false;
            job.upgrade_mode = match act {
                ResourceAct::Stop => UpgradeMode::Savepoint,
                _ => UpgradeMode::Stateless,
            };
        }
        let resource = RefCell::new(&mut resource);
        let before = seen.run.as_ref().filter(|run| act == ResourceAct::Bring && run.has_ended());
        let before = before.map(|run| run.generation);
        let way = (client, &store);
        let mut done = bring(key, &wish, before, way, &resource, board, context).await;
        if done.is_ok() && act != ResourceAct::Bring {
            done = forget(key, &store).await;
        }
        match done {
            Ok(()) => is_brought = true,
            Err(failure) if failure.kind == Kind::Conflict => return Err(failure),
            Err(failure) => failed = Some(said::line(&failure)),
        }
    }
    Ok(Outcome::Again(None))
}

/// Whether a status says that the job runs.
fn runs(status: &Value) -> bool {
    status["jobStatus"]["state"] == "RUNNING"
}

/// Waits until a job is another one than of this generation or is deleted, or until its session is to be changed.
async fn until_superseded(key: &Key, generation: i64, board: &Board) {
    let session = board.session_of(key);
    let is_same = |now: &CustomResource| now.metadata.generation == generation && !now.is_deleted();
    while board.resource(key).as_ref().is_some_and(is_same)
        && !board.queue.borrow().is_to_be_alone(&session, Instant::now())
    {
        clock::pause(SUPERSEDED).await;
    }
}

/// What the job and its session say, and how the session is by its status.
fn about(
    job: &CustomResource,
    session: Option<&CustomResource>,
    board: &Board,
    context: &Context<'_>,
) -> About {
    let Some(session) = session else {
        return About { wish: Err(Vec::new()), session: None };
    };
    let place = &board.api.access().place;
    let mut wish = SessionWish::of(session, Some(job), place, context);
    if wish.is_err() && job.is_deleted() {
        // It ends as what was brought about last.
        let (session, job) = (as_brought(session), as_brought(job));
        wish = SessionWish::of(&session, Some(&job), place, context);
    }
    let status = &session.status;
    let is_ready = JobManagerState::of(status) == Some(JobManagerState::Ready)
        && ReconciliationState::of(status) == Some(ReconciliationState::Deployed);
    let comes_back = match &wish {
        Ok(wish) => is_highly_available(&wish.session.configuration),
        // In doubt it does: a job that is let go cannot be caught again.
        Err(_) => true,
    };
    let is_application = session.is_application();
    About { wish, session: Some(SessionWords { is_application, serves: is_ready, comes_back }) }
}

/// Cancels what runs of a job, and forgets the job.
async fn cancel(
    key: &Key,
    seen: &SeenSessionJob,
    client: &Client,
    store: &KubernetesSession,
) -> Result<(), Error> {
    if let Some(run) = seen.run.as_ref().filter(|run| !run.has_ended()) {
        client.cancel(&run.id).await.map_err(jobs::failure)?;
    }
    forget(key, store).await
}

/// Takes a job out of its session's ledger.
async fn forget(key: &Key, store: &KubernetesSession) -> Result<(), Error> {
    ledger::update(store, |ledger| drop(ledger.jobs.remove(&key.name))).await.map(drop)
}

/// The way to the session's REST API; `None`: nobody answers.
async fn connect(store: &KubernetesSession) -> Result<Option<(Connected, Client)>, Error> {
    let session = nutkin_kubernetes::session::open(&store.api, &store.name).await?;
    match session {
        Some(session) => Ok(look::client(&session).await),
        None => Ok(None),
    }
}

async fn observe(
    key: &Key,
    wish: &Result<SessionWish, Vec<Problem>>,
    client: Option<&Client>,
    store: &KubernetesSession,
) -> Result<SeenSessionJob, Error> {
    let mut seen = SeenSessionJob::default();
    if let Err(problems) = wish {
        seen.problems = problems.iter().map(Problem::to_string).collect();
    }
    let opened = ledger::load(store).await?;
    seen.record = opened.ledger.jobs.get(&key.name).cloned();
    let Some(client) = client else { return Ok(seen) };
    let jobs = client.jobs().await.map_err(jobs::failure)?;
    let known = jobs::known_of(&jobs, &key.namespace, &key.name);
    // The newest is the one that counts.
    let newest = known.keys().next_back();
    if let Some(id) = lost(key, wish, &opened.ledger, newest.copied()) {
        // The list may be a moment old.
        let state = client.state(id).await;
        if matches!(state, Err(RestError::NotFound(_))) {
            seen.loss = SeenLoss::Open;
        }
    }
    let id = newest.map(|generation| rules::job_id(&key.namespace, &key.name, *generation));
    let Some(job) = jobs.iter().find(|job| Some(&job.id) == id.as_ref()) else { return Ok(seen) };
    let mut run = SeenRun {
        id: job.id.clone(),
        generation: newest.copied().unwrap_or_default(),
        name: job.name.clone(),
        state: job.state.to_string(),
        start: job.start_time,
        runs_all: jobs::runs_all(job),
        cause: None,
    };
    if run.state == "FAILED" {
        run.cause = client.outcome(&run.id).await.ok().and_then(|outcome| outcome.cause);
    }
    seen.run = Some(run);
    Ok(seen)
}

/// The id of a job that seems lost: it ran as far as the ledger knows, its session brings no jobs back by itself, and does not list
/// it; what it had is wanted. `newest`: the generation of its newest run that the session lists.
fn lost<'l>(
    key: &Key,
    wish: &Result<SessionWish, Vec<Problem>>,
    ledger: &'l Ledger,
    newest: Option<u64>,
) -> Option<&'l str> {
    let wish = wish.as_ref().ok().filter(|wish| wish.session.recovers())?;
    let (_, record) = rules::open(ledger).find(|(name, _)| **name == key.name)?;
    let job = wish.session.jobs.first()?;
    let pending = record.pending.as_ref().map(|pending| pending.generation);
    let is_known =
        newest.is_some_and(|newest| newest == record.generation || Some(newest) == pending);
    let is_anew = job.upgrade_mode == UpgradeMode::Stateless || rules::redeploys(job, Some(record));
    record.id.as_deref().filter(|_| !is_known && !is_anew)
}

/// Brings the job to what is wanted, as `nutkin run -f` does. Each request is in the ledger before it is sent, and what it means in
/// the status.
///
/// `before`: the generation of the last run of this name, where that has ended. If the ledger does not know of it, its resource was
/// deleted, and this job is another one.
async fn bring(
    key: &Key,
    wish: &SessionWish,
    before: Option<u64>,
    (client, store): (&Client, &KubernetesSession),
    resource: &RefCell<&mut CustomResource>,
    board: &Board,
    context: &Context<'_>,
) -> Result<(), Error> {
    let mut opened = ledger::load(store).await?;
    let mut record = opened.ledger.clone();
    let name = &key.name;
    if let Some(generation) = before
        && !record.jobs.contains_key(name)
    {
        record.jobs.insert(name.clone(), JobRecord::after_another(generation));
    }
    let remember = async |record: &Ledger| {
        opened.ledger.namespace.clone_from(&record.namespace);
        let Some(now) = record.jobs.get(name) else { return Ok(()) };
        opened.ledger.jobs.insert(name.clone(), now.clone());
        board.leads()?;
        Box::pin(ledger::save(store, &mut opened)).await?;
        shows(key, now, resource, board).await
    };
    jobs::bring(&wish.session, client, &mut record, &wish.base, context, remember).await
}

/// Writes what is under way into the status, before it is asked for.
async fn shows(
    key: &Key,
    record: &JobRecord,
    resource: &RefCell<&mut CustomResource>,
    board: &Board,
) -> Result<(), Error> {
    let mut now = (**resource.borrow()).clone();
    if now.is_deleted() {
        return Ok(());
    }
    let wanted = while_at_work(&now.status, record);
    write::status(key, &mut now, &wanted, board).await?;
    **resource.borrow_mut() = now;
    Ok(())
}
