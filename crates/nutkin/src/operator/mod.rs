//! The operator's driver: hears of resources, looks, has [`nutkin_operator`] decide, carries that out, and waits.
//!
//! ```text
//! feed: lists and watches ─► World ─► Queue ─► work: look, decide, write, act ─► again?
//! ```
//!
//! One thread: whoever works waits far more than it computes. What is done for a session is done by [`Hands`], which are those of the
//! command line.

mod board;
mod clock;
mod deployment;
mod feed;
mod hands;
mod health;
mod leader;
mod look;
mod news;
mod queue;
mod refused;
mod said;
mod session_job;
mod world;
mod write;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Instant;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use nutkin_kubernetes::api::Api;
use nutkin_kubernetes::cluster::Access;
use nutkin_operator::lease::LeaseTerms;
use nutkin_operator::resource::CustomKind;
use nutkin_operator::validate::JarPolicy;
use nutkin_shell::Error;

use crate::Context;
use crate::runtime::Terminated;
use board::Board;
pub use hands::{Hands, OtherHands, Recovery, SessionWish};
use queue::Outcome;
use world::Key;

/// How many resources are worked for side by side. Source: FKO's `reconcile.parallelism`.
const AT_ONCE: usize = 50;

/// How many acts one call may do: one that brings something about, and what follows from it.
const ACTS: usize = 3;

/// What an operator is told when it starts.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Namespaces that are watched; none: all.
    pub namespaces: Vec<String>,
    /// A selector of labels of resources; empty: all.
    pub selector: String,
    /// The Lease without which nothing is done; `None`: there is only one operator.
    pub lease: Option<LeaseSettings>,
    /// Where it says that it is well; `None`: nowhere.
    pub health: Option<SocketAddr>,
    /// Where jars of jobs may come from.
    pub jars: JarPolicy,
}

/// Which Lease, and who wants it.
#[derive(Debug, Clone)]
pub struct LeaseSettings {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Who wants it.
    pub holder: String,
    /// How long it holds.
    pub terms: LeaseTerms,
}

/// Keeps sessions and jobs as their resources say, until it is told to end. What is under way then is left as it is: the next
/// operator goes on from there, as after any cut.
///
/// # Errors
/// The cluster cannot be asked, the port for health is taken, or the lease was lost.
pub async fn run(
    access: Access,
    settings: &Settings,
    hands: &impl Hands,
    context: &Context<'_>,
) -> Result<(), Error> {
    let tenure = access.tenure.clone().unwrap_or_default();
    let own = Api::new(Access { tenure: None, ..access.clone() })?;
    let api = Api::new(access)?;
    let board = Board::new(api, settings);
    let mut terminated = Terminated::listen()?;
    let health = health::listen(settings.health).await?;
    let answers = health::answer(health, &board);
    let mut leader = leader::Leader::new(&own, settings.lease.as_ref(), &tenure);
    let work = async {
        leader.acquire(context).await;
        let hold = leader.hold();
        let keep = keep(&board, settings, hands, context);
        tokio::select! { lost = hold => Err(lost), () = keep => Ok(()) }
    };
    let ended = tokio::select! {
        ended = work => ended,
        () = answers => Ok(()),
        () = terminated.received() => Ok(()),
    };
    leader.release().await;
    ended
}

/// Hears and works, for ever.
async fn keep(board: &Board, settings: &Settings, hands: &impl Hands, context: &Context<'_>) {
    let feeds = feed::all(board, settings, context);
    let mut feeds = std::pin::pin!(feeds);
    let mut workers = FuturesUnordered::new();
    loop {
        let now = Instant::now();
        // Half of what there is would mislead: a job whose session is not listed yet looks as if it had none.
        while board.has_place() {
            let next = board.queue.borrow_mut().next(now, |key| board.session_of(key));
            let Some((key, looks)) = next else { break };
            workers.push(Box::pin(async move {
                let outcome = Box::pin(work(&key, looks, board, hands, context)).await;
                (key, outcome)
            }));
        }
        let due = board.queue.borrow().due(now);
        tokio::select! {
            () = &mut feeds => return,
            () = board.woken.notified() => {}
            () = clock::until(due), if board.has_place() => {}
            Some((key, outcome)) = workers.next(), if !workers.is_empty() => {
                board.queue.borrow_mut().done(&key, outcome, Instant::now());
            }
        }
    }
}

/// Works for one resource, once, side by side with others, as the queue gives them.
async fn work(
    key: &Key,
    looks: bool,
    board: &Board,
    hands: &impl Hands,
    context: &Context<'_>,
) -> Outcome {
    let Some(resource) = board.resource(key) else {
        if key.kind == CustomKind::Deployment {
            hands.forget(&key.namespace, &key.name);
        }
        return Outcome::Again(None);
    };
    let worked = match key.kind {
        CustomKind::Deployment => {
            Box::pin(deployment::work(key, resource, looks, board, hands, context)).await
        }
        CustomKind::SessionJob => {
            Box::pin(session_job::work(key, resource, board, hands, context)).await
        }
    };
    worked.unwrap_or_else(|failure| {
        said::failed(key, &failure, context);
        Outcome::Failed
    })
}

/// What several workers share: all of it on one thread.
type Shared<T> = RefCell<T>;
