//! Jobs whose JobManager was lost without high availability: looks what is left of them, and has them go on.

mod left;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nutkin_core::jobs::{self as rules, AfterLoss, Looks, LostJob, LostOutcome, WhyLost};
use nutkin_core::ledger::{JobRecord, Opened};
use nutkin_core::selection::Platform;
use nutkin_core::supervision::fence::LivingProcesses;
use nutkin_rest::{Client, Job};
use nutkin_shell::{Error, Kind, ledger};

use super::{Context, fence};
use crate::jobs::moving::{self, Within};
use crate::jobs::{Driven, Patience, failure, until_it_answers};
use crate::operator::SessionWish;
use crate::platform::{self, Session};
use left::look;
pub(super) use told::Told;

/// How many looks a JobManager that runs may be silent before that is said: it takes some seconds to start. The same of one that
/// has not ended yet.
const SILENT_LOOKS: usize = 30;

/// How soon to look again where jobs wait for a JobManager.
pub(super) const SOON: Duration = Duration::from_millis(500);

/// How often to look whether a JobManager lives whose jobs have been resumed and have no checkpoint yet.
const SELDOM: Duration = Duration::from_secs(2);

/// What one look came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Recovered {
    /// How many jobs go on.
    pub(super) count: usize,
    /// Whether jobs wait for a JobManager that is not there yet, or for the end of the one before.
    pub(super) waits: bool,
    /// Whether that one has not ended yet.
    pub(super) is_doubled: bool,
    /// Whether something is to be done that whoever looked may not do.
    pub(super) acts: bool,
    /// Jobs that others have go on, by their names in the ledger, each with older checkpoints for where its newest one cannot be read.
    pub(super) resumed: BTreeMap<String, Vec<String>>,
    /// Jobs that stay lost, by their names in the ledger, each with the sentence that says why.
    pub(super) stays: BTreeMap<String, String>,
}

impl Recovered {
    fn waits() -> Self {
        Self { waits: true, ..Self::default() }
    }

    fn acts() -> Self {
        Self { acts: true, ..Self::default() }
    }

    fn jobs(count: usize) -> Self {
        Self { count, ..Self::default() }
    }
}

/// What is called when nothing is left but to wait: nobody.
pub(super) const NOBODY: &dyn Fn() = &|| ();

/// The same for a command that looks once: waits for the end of a JobManager that is being replaced. `wanted`: jobs that go on also
/// where nobody knows whether they had ended.
///
/// # Errors
/// As [`recover`]; it does not end in time (4).
pub(super) async fn recover_now(
    session: &Session,
    wanted: BTreeSet<String>,
    limit: Duration,
    context: &Context<'_>,
) -> Result<(), Error> {
    let mut told = Told::wanting(wanted);
    let mut patience = Patience::new(Some(limit));
    while Box::pin(recover(session, limit, &mut told, NOBODY, context)).await?.is_doubled {
        if !matches!(patience.waits("", SOON).await, Driven::Done(())) {
            return Err(still_lives(session, limit));
        }
    }
    Ok(())
}

/// Jobs wait for the end of a JobManager, which has not come.
pub(super) fn still_lives(session: &Session, limit: Duration) -> Error {
    let (name, seconds) = (session.name(), limit.as_secs());
    let message = format!(
        "session `{name}` has two JobManagers after {seconds} s: its lost jobs go on when one of them has ended"
    );
    Error::new(Kind::TimedOut, message)
        .hint("a pod of a node that is silent ends when the node answers, or is deleted")
}

/// Has the jobs of a session go on that its JobManager does not have any more, and waits for their first checkpoints.
/// Nothing is done where high availability brings them back. `decided` is called when nothing is left but to wait.
///
/// # Errors
/// The session cannot be asked, or a job does not go on: it stays in the ledger as one that is to be resumed.
pub(super) async fn recover(
    session: &Session,
    limit: Duration,
    told: &mut Told,
    decided: &dyn Fn(),
    context: &Context<'_>,
) -> Result<Recovered, Error> {
    let opened = ledger::load(session).await?;
    let Some(said) = opened.ledger.wanted.clone() else { return Ok(Recovered::default()) };
    let mut wanted = said.session().map_err(Error::input)?;
    // Whoever makes a change brings its jobs back.
    let is_changing = opened.ledger.phase.is_some() && session.platform() != Platform::Local;
    let open = rules::open(&opened.ledger).filter(|_| !is_changing);
    let open: Vec<&JobRecord> = open.map(|(_, record)| record).collect();
    if !wanted.recovers() || (open.is_empty() && !told.watches) {
        return Ok(Recovered::default());
    }
    let processes = session.processes().await?;
    if let Some(seen) = &processes {
        let submitted: Vec<_> = open.iter().map(|record| record.submitted.as_deref()).collect();
        let mut watched = told.processes.clone();
        let old = watched.look(seen, &submitted);
        if told.others.only_looks && !old.is_empty() {
            return Ok(Recovered::acts());
        }
        told.processes = watched;
        told.sees_job_manager(seen);
        fence::end(session, &old, context).await;
    }
    if open.is_empty() {
        return Ok(Recovered::default());
    }
    if processes.as_ref().is_some_and(|seen| seen.job_managers.is_empty()) {
        return Ok(Recovered::waits());
    }
    let since = processes.as_ref().and_then(LivingProcesses::job_manager_since);
    let client = told.client(session, since).await?;
    if processes.is_none() {
        let waits = async || Ok(Some("waiting for the JobManager to answer".to_owned()));
        until_it_answers(&client, waits, |_| ()).await?;
    }
    let jobs = match client.jobs().await {
        Ok(jobs) => jobs,
        // It has not ended: nobody knows more than that.
        Err(error) => {
            told.connected = None;
            told.silent += 1;
            // Who looks once waits for as long as was agreed to.
            if processes.is_none() || (told.watches && told.silent == SILENT_LOOKS) {
                return Err(failure(error));
            }
            return Ok(Recovered::waits());
        }
    };
    told.silent = 0;
    let states: BTreeMap<String, String> =
        jobs.iter().map(|job| (job.id.clone(), job.state.to_string())).collect();
    told.sees_jobs(&open, &states, since);
    let moves = |name: &String| opened.ledger.jobs.get(name).is_some_and(|job| job.moving);
    told.handed.retain(|name, _| moves(name));
    let base = platform::ledger::base(&said, context.environment);
    wanted.jobs.extend(told.jobs.iter().cloned());
    // What a job of the file was submitted as, and not what has become of the file since.
    wanted.jobs.retain(|job| {
        let record = opened.ledger.jobs.get(&job.name);
        record.is_some_and(|record| record.digest == rules::digest(job))
    });
    let (given, nothing) = (BTreeMap::new(), |_: &str| None);
    let within =
        Within { session: &wanted, base: &base, given: &given, found: &nothing, limit, context };
    let listed: BTreeSet<String> = jobs.iter().map(|job| job.id.clone()).collect();
    let are_listed = rules::open(&opened.ledger)
        .filter(|(name, _)| !told.is_others(name, since))
        .all(|(_, record)| record.ids().all(|id| listed.contains(id)));
    if are_listed {
        let seen = (jobs.as_slice(), &states);
        return goes_on(session, &client, opened, seen, since, within, (told, decided)).await;
    }
    if let Some(names) = processes.as_ref().and_then(LivingProcesses::doubled) {
        // The one before may write as well: on a node that is silent it is to end for long.
        told.doubled += 1;
        if told.doubled == SILENT_LOOKS {
            let line = format!("lost jobs go on when only one JobManager is left of: {names}");
            context.events.warn(&line);
        }
        return Ok(Recovered { is_doubled: true, ..Recovered::waits() });
    }
    told.doubled = 0;
    let mut seen = look(session, &client, listed, &opened, within).await?;
    seen.since = since.map(str::to_owned);
    seen.looks = Looks { now: ledger::now(), ..told.looks.clone() }.with(&opened.ledger);
    seen.wanted.clone_from(&told.wanted);
    let decide = |seen: &AfterLoss| {
        let mut lost = rules::lost(&opened.ledger, seen);
        lost.retain(|job| !told.is_others(&job.name, since));
        lost
    };
    let mut lost = decide(&seen);
    let stays = |job: &LostJob| matches!(job.outcome, LostOutcome::Stays(_));
    if told.others.only_looks && !lost.iter().all(stays) {
        return Ok(Recovered::acts());
    }
    let go_on_now =
        |lost: &[LostJob]| lost.iter().any(|job| matches!(job.outcome, LostOutcome::GoesOn { .. }));
    if processes.is_some() && go_on_now(&lost) {
        let are_used = jobs.iter().any(|job| !job.state.has_ended());
        let freed = fence::freed(session, &told.processes, are_used, context).await?;
        seen.may_be_registered = !freed;
        lost = decide(&seen);
    }
    go_on(session, &client, lost, opened, (&jobs, since), within, (told, decided)).await
}

/// Nothing is lost: notes how jobs are, and sees those through that a command resumed which was cut off.
async fn goes_on(
    session: &Session,
    client: &Client,
    opened: Opened,
    (jobs, states): (&[Job], &BTreeMap<String, String>),
    since: Option<&str>,
    within: Within<'_>,
    (told, decided): (&mut Told, &dyn Fn()),
) -> Result<Recovered, Error> {
    if !told.watches {
        return Ok(Recovered::default());
    }
    if opened.ledger.phase.is_none() {
        told.notes.see(session, &opened, &told.looks.sightings, false).await?;
        let (mut cut, failed) = rules::cut(&opened.ledger, states);
        cut.retain(|name| !told.is_others(name, since));
        for line in failed {
            if told.lines.insert(line.clone()) {
                let name = session.name();
                within.context.events.warn(&format!("{line}: `nutkin up {name}` resumes it"));
            }
        }
        if !cut.is_empty() {
            let count = cut.len();
            let resumed = told.resumed_by_others(&cut, &BTreeMap::new());
            let ours = told.hand_over(cut, since);
            if !ours.is_empty() {
                decided();
                resume(session, client, (&ours, &BTreeMap::new()), opened, since, within).await?;
            }
            return Ok(Recovered { resumed, ..Recovered::jobs(count) });
        }
    }
    told.note(session, client, &opened, jobs, since).await?;
    Ok(Recovered::default())
}

/// Notes what becomes of the jobs, and has those go on that can.
async fn go_on(
    session: &Session,
    client: &Client,
    lost: Vec<LostJob>,
    mut opened: Opened,
    (jobs, since): (&[Job], Option<&str>),
    within: Within<'_>,
    (told, decided): (&mut Told, &dyn Fn()),
) -> Result<Recovered, Error> {
    let (mut names, mut again) = (Vec::new(), Vec::new());
    let mut changes = Vec::new();
    let mut all_older = BTreeMap::new();
    let mut stays = BTreeMap::new();
    for job in lost {
        let line = job.line();
        if matches!(job.outcome, LostOutcome::Stays(_)) {
            stays.insert(job.name.clone(), line.clone());
        }
        match job.outcome {
            LostOutcome::GoesOn { record, older, .. } => {
                all_older.insert(job.name.clone(), older);
                within.context.events.say(&line);
                opened.ledger.jobs.insert(job.name.clone(), *record);
                // What was seen of the lost run says nothing of the next one.
                opened.ledger.sightings.remove(&job.id);
                again.push(job.id);
                names.push(job.name);
                changes.push(line);
            }
            LostOutcome::HadEnded { record, .. } => {
                within.context.events.say(&line);
                opened.ledger.jobs.insert(job.name, *record);
                changes.push(line);
            }
            LostOutcome::Stays(why) if told.lines.insert(line.clone()) => {
                within.context.events.warn(&line);
                let from = match why {
                    WhyLost::MayHaveEnded(from) => Some(from.map(|from| format!(" from {from}"))),
                    WhyLost::WasSeen(_) => Some(None),
                    _ => None,
                };
                if let Some(from) = from {
                    let (session, from) = (session.name(), from.unwrap_or_default());
                    let hint = format!(
                        "`nutkin watch {session} --once --resume {}` has it go on{from}",
                        job.name
                    );
                    within.context.events.hint(&hint.into());
                }
            }
            LostOutcome::Stays(_) => {}
        }
    }
    if changes.is_empty() {
        if told.watches {
            // Also while one stays lost.
            told.note(session, client, &opened, jobs, since).await?;
        }
        return Ok(Recovered { stays, ..Recovered::default() });
    }
    opened.ledger.note(ledger::event(within.context.environment, changes));
    ledger::save(session, &mut opened).await?;
    told.looks.sightings.retain(|id, _| !again.contains(id));
    let count = names.len();
    let resumed = told.resumed_by_others(&names, &all_older);
    let ours = told.hand_over(names, since);
    if !ours.is_empty() {
        decided();
        let since = since.filter(|_| told.watches);
        resume(session, client, (&ours, &all_older), opened, since, within).await?;
    }
    Ok(Recovered { resumed, stays, ..Recovered::jobs(count) })
}

/// Resumes one job, of which [`recover`] has said that it goes on, and sees it to its first checkpoint.
///
/// # Errors
/// It does not go on: it stays in the ledger as one that is to be resumed.
pub(super) async fn resume_one(
    store: &impl ledger::Store,
    client: &Client,
    (name, older): (&str, &[String]),
    wish: &SessionWish,
    limit: Duration,
    context: &Context<'_>,
) -> Result<(), Error> {
    let opened = ledger::load(store).await?;
    let mut wanted = wish.session.clone();
    let Some(record) = opened.ledger.jobs.get(name) else { return Ok(()) };
    wanted.jobs.retain(|job| record.digest == rules::digest(job));
    let (given, nothing) = (BTreeMap::new(), |_: &str| None);
    let base = &wish.base;
    let within = Within { session: &wanted, base, given: &given, found: &nothing, limit, context };
    let older = match older {
        [] => BTreeMap::new(),
        older => BTreeMap::from([(name.to_owned(), older.to_vec())]),
    };
    moving::resume_these(store, client, (&[name.to_owned()], &older), opened, within).await
}

/// Resumes jobs, and sees them to their first checkpoints. `older`: where they go on instead if what is there cannot be read, by their
/// names. `since`: the start of the JobManager that has them, where somebody goes on
/// watching: when it ends, too, the next look is not to wait for that.
async fn resume(
    session: &Session,
    client: &Client,
    (names, older): (&[String], &BTreeMap<String, Vec<String>>),
    opened: Opened,
    since: Option<&str>,
    within: Within<'_>,
) -> Result<(), Error> {
    let resumed = moving::resume_these(session, client, (names, older), opened, within);
    let resumed = Box::pin(resumed);
    let Some(since) = since else { return resumed.await };
    tokio::select! {
        resumed = resumed => resumed,
        () = until_replaced(session, since) => {
            let name = session.name();
            let message = format!("the JobManager of session `{name}` has ended once more");
            Err(Error::new(Kind::Broken, message))
        }
    }
}

/// Waits until the JobManager with that start has ended.
async fn until_replaced(session: &Session, since: &str) {
    let mut patience = Patience::new(None);
    while matches!(patience.waits("", SELDOM).await, Driven::Done(())) {
        let processes = session.processes().await.ok().flatten();
        if processes.is_some_and(|seen| seen.job_manager_since() != Some(since)) {
            return;
        }
    }
}
