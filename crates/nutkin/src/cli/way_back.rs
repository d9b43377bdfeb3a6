//! The way back from a change that has stopped jobs: the session as it was, and its jobs from the savepoints that they were
//! moved with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nutkin_core::jobs::{self as rules, MovableJob, Moved, ObservedJob, WayBack};
use nutkin_core::ledger::{Bringer, JobRecord, Ledger, Left, Opened, Phase};
use nutkin_core::session;
use nutkin_rest::{Client, Job, Waited};
use nutkin_shell::{Error, Kind, Purpose, Wish, ledger};

use super::Context;
use super::shared::{Limits, not_ready};
use crate::jobs::moving::{self, Candidate, Within};
use crate::jobs::{failure, until_it_ends};
use crate::platform::ledger::{surroundings, within};
use crate::platform::{self, Carried, Decision, Session};
use crate::progress::Spinner;

/// How long a session that is left may take to answer for its jobs, and a job of it to be canceled.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often the change back may turn out to be another one than was seen first.
const ROUNDS: usize = 10;

/// What people read when it is done.
pub(super) fn done(name: &str, jobs: &[String]) -> String {
    match jobs {
        [] => format!("session `{name}` is as it was before the change"),
        jobs => format!(
            "session `{name}` is as it was before the change, and these jobs run in it again: {}",
            quoted(jobs)
        ),
    }
}

/// Names of jobs in a row.
pub(super) fn quoted(jobs: &[String]) -> String {
    jobs.iter().map(|job| format!("`{job}`")).collect::<Vec<_>>().join(", ")
}

/// What people read of a job that does again what it has done since.
pub(super) fn repeats(name: &str) -> String {
    format!(
        "job `{name}` continues from the savepoint before the change: its sinks get again what they have committed since"
    )
}

/// Takes the change under way back. What a cut leaves the same call completes. Gives the names of the jobs that go on.
///
/// # Errors
/// Nobody knows what the session was before, or it does not come up.
pub(super) async fn take_back(
    session: &Session,
    why: &str,
    limits: Limits,
    context: &Context<'_>,
) -> Result<Vec<String>, Error> {
    let name = session.name();
    let mut opened = ledger::load(session).await?;
    let Some(phase) = opened.ledger.phase.clone() else { return Ok(Vec::new()) };
    let Some(before) = phase.before.as_deref() else {
        let message = format!("no ledger says what session `{name}` was before");
        return Err(Error::new(Kind::Broken, message)
            .hint(format!("`nutkin up {name} -f FILE` with all options says what it is to be")));
    };
    let there = surroundings(before, context.environment);
    let context = &within(there.as_ref(), context);
    let wanted = before.session().map_err(Error::input)?;
    if phase.taken_back.is_none() {
        let place = session.exact_place();
        let asked = Wish { session: &wanted, place: &place, purpose: Purpose::Look, adopt: false };
        let is_left = !Decision::of(asked, &|_| (), context).await?.outline().is_done();
        if is_left {
            leave(session, &opened, &phase, &wanted, limits, context).await;
        }
        opened = ledger::load(session).await?;
        opened.ledger.take_back(why);
        opened.ledger.namespace.clone_from(&wanted.namespace);
        ledger::save(session, &mut opened).await?;
    }
    let jobs = opened.ledger.moving().into_iter().map(str::to_owned).collect();
    let place = session.exact_place();
    let asked = Wish { session: &wanted, place: &place, purpose: Purpose::Act, adopt: false };
    let file = before.source.as_ref().map(|source| PathBuf::from(&source.file));
    Box::pin(bring(asked, file.as_deref(), limits.session, |_| (), context)).await?;
    let connected = session.connect(true).await?;
    let client = connected.client()?;
    let base = platform::ledger::base(before, context.environment);
    let found = |id: &str| session.newest_state(id);
    let given = BTreeMap::new();
    let all = Within {
        session: &wanted,
        base: &base,
        given: &given,
        found: &found,
        limit: limits.jobs,
        context,
    };
    let why = phase.taken_back.as_deref().unwrap_or(why);
    let event =
        ledger::event(context.environment, vec![format!("the change was taken back: {why}")]);
    let ends = |ledger: &mut Ledger| {
        ledger.close();
        ledger.note(event);
    };
    moving::resume(session, &client, ends, all).await?;
    Ok(jobs)
}

/// Brings a session up that was agreed to, and waits until it serves. `note` changes its ledger where that is written with it;
/// `file` is what it was made from.
///
/// # Errors
/// It does not come up in time.
pub(super) async fn bring(
    asked: Wish<'_>,
    file: Option<&Path>,
    limit: Duration,
    note: impl Fn(&mut Opened),
    context: &Context<'_>,
) -> Result<(), Error> {
    let name = &asked.session.name;
    for _ in 0..ROUNDS {
        let mut decision = Decision::of(asked, &|_| (), context).await?;
        decision.prepare(context).await?;
        let outline = decision.outline();
        let mut carried = Carried::Done;
        if !(outline.is_done() && outline.steps.is_empty()) {
            if let Some(mut known) = decision.ledger().await? {
                note(&mut known);
                decision.remember(known, context).await?;
            }
            carried = Box::pin(decision.carry_out(true, context)).await?;
        }
        if carried == Carried::Differs {
            continue;
        }
        decision.note(file, context)?;
        let mut spinner = Spinner::new(context.printer);
        let ready = decision.wait(limit, |line| spinner.say(line), context).await?;
        drop(spinner);
        return match ready {
            Waited::Ready(_) => Ok(()),
            Waited::TimedOut(seen) => Err(not_ready(name, limit.as_secs(), &seen)),
        };
    }
    Err(Error::new(Kind::Conflict, format!("session `{name}` keeps changing")))
}

/// The changed session that is left.
struct Leaving<'a> {
    session: &'a Session,
    /// What it is, and what it is to be again.
    now: session::Session,
    before: &'a session::Session,
    limits: Limits,
    context: &'a Context<'a>,
}

/// Leaves the changed session: its jobs are brought to where they go on from. What does not answer is left as it is.
async fn leave(
    session: &Session,
    opened: &Opened,
    phase: &Phase,
    before: &session::Session,
    limits: Limits,
    context: &Context<'_>,
) {
    let answer = async {
        let connected = session.connect(true).await?;
        let client = connected.client()?;
        let listed = client.jobs().await.map_err(failure)?;
        Ok::<_, Error>((connected, client, listed))
    };
    let answer = tokio::time::timeout(PATIENCE, answer).await.ok().and_then(Result::ok);
    let now = opened.ledger.wanted.as_ref().and_then(|wanted| wanted.session().ok());
    let now = now.unwrap_or_else(|| before.clone());
    let leaving = Leaving { session, now, before, limits, context };
    let answer = answer.as_ref().map(|(_, client, listed)| (client, listed.as_slice()));
    let mut ours = BTreeSet::new();
    for (name, old) in &phase.jobs {
        let Some(job) = opened.ledger.jobs.get(name) else { continue };
        let last = job.pending.as_deref().unwrap_or(job);
        ours.extend([&last.id, &old.id].into_iter().flatten().cloned());
        if last.generation == old.generation {
            continue;
        }
        if leaving.job(name, job, last, answer).await {
            context.printer.warn(&repeats(name));
        }
    }
    if let Some((client, listed)) = answer {
        let is_other = |(id, _): &(String, String)| !ours.contains(id);
        let others: Vec<_> = moving::running(listed).into_iter().filter(is_other).collect();
        leaving.with(async |within| moving::part(client, &others, within).await).await;
    }
}

impl Leaving<'_> {
    async fn with<T>(&self, work: impl AsyncFnOnce(Within<'_>) -> T) -> T {
        let found = |id: &str| self.session.newest_state(id);
        let given = BTreeMap::new();
        let within = Within {
            session: &self.now,
            base: &self.context.environment.directory,
            given: &given,
            found: &found,
            limit: self.limits.jobs,
            context: self.context,
        };
        work(within).await
    }

    /// One job that was submitted to it. Gives whether its sinks may get something twice.
    async fn job(
        &self,
        name: &str,
        job: &JobRecord,
        last: &JobRecord,
        answer: Option<(&Client, &[Job])>,
    ) -> bool {
        let id = last.id.clone().unwrap_or_default();
        let Some((client, listed)) = answer else {
            // It was resumed: its first checkpoint was complete.
            return !job.moving;
        };
        let state = listed.iter().find(|one| one.id == id);
        let state =
            state.map_or(ObservedJob::Absent, |one| ObservedJob::of_state(&one.state.to_string()));
        let has_checkpoint = async || {
            let checkpoints = client.job(&id, "/checkpoints").await.unwrap_or_default();
            moving::has_completed(&checkpoints)
        };
        let moved = Moved {
            state: Some(state),
            has_checkpoint: !job.moving || (state.is_alive() && has_checkpoint().await),
            is_readable: rules::reads_savepoints(self.before.flink, client.version()),
        };
        let (way, repeats) = moved.way_back();
        match way {
            WayBack::StaysEnded => {
                let ended = |ledger: &mut Ledger| {
                    ledger.stays_ended(name);
                    ledger.note_end(&id, "FINISHED", Left::default());
                };
                let _ = ledger::update(self.session, ended).await;
                false
            }
            WayBack::FromSavepoint => repeats,
            WayBack::Stop if self.stop(name, &id, last, client).await => false,
            WayBack::Stop | WayBack::Cancel => {
                cancel(client, &id).await;
                // It may have completed one in this very moment.
                repeats || moved.has_checkpoint || has_checkpoint().await
            }
        }
    }

    /// Stops it with a savepoint, from which it goes on. Gives whether that is done.
    async fn stop(&self, name: &str, id: &str, last: &JobRecord, client: &Client) -> bool {
        let about = MovableJob { id: id.to_owned(), name: name.to_owned(), hindrance: None };
        let job = rules::again(name, last);
        let (key, by_id) = (name.to_owned(), last.origin != Bringer::File);
        let candidate = [Candidate { about, key, job, by_id, takes_savepoint: true }];
        let stop = async |within: Within<'_>| {
            moving::stop(self.session, client, &candidate, |_| (), within).await
        };
        match self.with(stop).await {
            Ok(()) => true,
            Err(failure) => {
                self.context.printer.warn(&format!("{:#}", failure.error));
                false
            }
        }
    }
}

/// Cancels a job and waits a moment for its end.
async fn cancel(client: &Client, id: &str) {
    if client.cancel(id).await.is_ok() {
        let _ = until_it_ends(client, id, Some(PATIENCE), None, |_| (), async || None).await;
    }
}
