//! Brings the `FlinkSessionJob`s of a file to what it says.

use std::path::Path;
use std::time::Duration;

use nutkin_core::decide::Again;
use nutkin_core::jobs::{self as rules, Act, Next};
use nutkin_core::ledger::{JobRecord, Ledger};
use nutkin_core::session::Session;

use super::drive::{Driven, Patience};
use super::known::known;
use super::local_jars;
use super::work::{PATIENCE, Work};
use crate::Context;
use crate::progress::Spinner;
use crate::report::Printer;
use nutkin_rest::{Client, RestError};
use nutkin_shell::{Error, Kind};

/// Carries out what is to be done for every job and remembers it after each step. `base` is the folder of the file:
/// relative jars count from there.
///
/// # Errors
/// A job could not be stopped or submitted. Dropped or failed, what is done is remembered, and the same command
/// goes on.
pub async fn bring(
    session: &Session,
    client: &Client,
    record: &mut Ledger,
    base: &Path,
    context: &Context<'_>,
    mut remember: impl AsyncFnMut(&Ledger) -> Result<(), Error>,
) -> Result<(), Error> {
    let namespace = session.namespace.as_deref().unwrap_or(rules::NAMESPACE);
    let jars = local_jars(&session.jobs, base).await.map_err(Error::input)?;
    let mut problems = Vec::new();
    for job in &session.jobs {
        let settled =
            rules::settle(job, record.jobs.get(&job.name), &known(client, namespace, job).await?);
        problems.extend(rules::problems(job, settled.as_ref()));
    }
    if !problems.is_empty() {
        return Err(Error::input(problems));
    }
    record.namespace.clone_from(&session.namespace);
    for job in &session.jobs {
        let about =
            rules::AboutJob { job, namespace, session: &session.configuration, by_id: false };
        // Asked again for each: the jobs before it may have taken long.
        let known = known(client, namespace, job).await?;
        let remembered = record.jobs.get(&job.name).cloned();
        let next = rules::next(job, &session.configuration, remembered.as_ref(), &known, false);
        let Next { record: old, state, steps } = next;
        let jar = jars.get(&job.name).map(|jar| jar.digest.as_str());
        for note in rules::notes(job, client.version(), old.as_ref(), state, &steps, jar) {
            if note.is_warning {
                context.events.warn(&note.text);
            } else {
                context.events.say(&note.text);
            }
        }
        let keep = async |now: &JobRecord| {
            if record.jobs.get(&job.name).unwrap_or(&JobRecord::default()) == now {
                return Ok(());
            }
            record.jobs.insert(job.name.clone(), now.clone());
            remember(record).await
        };
        let work = Work::new(about, client, base, context);
        let manner = Manner::of_file(&job.name);
        drive(about, work, remembered, &manner, context, keep).await?;
    }
    Ok(())
}

/// How many ids of one job may be those of jobs that have ended for good: each costs a submission, and a result store that
/// holds more is better looked at.
const IDS: usize = 8;

/// How one job is driven.
#[derive(Debug)]
pub(super) struct Manner {
    /// What has not come about where it fails: `job x is not ...`.
    pub(super) otherwise: String,
    /// How often a savepoint is asked for that fails.
    pub(super) tries: u32,
    /// How long one thing may take.
    pub(super) limit: Duration,
    /// Whether a JobManager that is silent for a moment is waited for.
    pub(super) is_patient: bool,
    /// Whether the waiting is shown: only where one job is driven at a time.
    pub(super) is_shown: bool,
}

impl Manner {
    fn of_file(name: &str) -> Self {
        let otherwise = format!("job `{name}` is not as the file says");
        Self { otherwise, tries: 1, limit: PATIENCE, is_patient: false, is_shown: true }
    }
}

/// Brings one job to what the file says: looks, decides, keeps the record, acts, waits. Gives what the record is then.
pub(super) async fn drive(
    about: rules::AboutJob<'_>,
    mut work: Work<'_>,
    mut record: Option<JobRecord>,
    manner: &Manner,
    context: &Context<'_>,
    mut keep: impl AsyncFnMut(&JobRecord) -> Result<(), Error>,
) -> Result<JobRecord, Error> {
    let name = &about.job.name;
    let version = work.version();
    let not_so = |failed: Error| {
        let error = failed.error.context(manner.otherwise.clone());
        Error { error, ..failed }.hint("run the same command again to go on from here")
    };
    let (mut tries, mut taken) = (manner.tries, 0);
    let mut waiting: Option<Waiting<'_>> = None;
    loop {
        let seen = match work.observe(record.as_ref()).await {
            Ok(seen) => seen,
            Err(silent) if manner.is_patient && is_silent(&silent) => {
                let waiting = waiting.get_or_insert_with(|| Waiting::new(manner, context.printer));
                if !waiting.waits("for an answer of the JobManager", nutkin_rest::POLL).await {
                    return Err(not_so(silent));
                }
                continue;
            }
            Err(failed) => return Err(not_so(failed)),
        };
        let turn = about.turn(record.as_ref(), &seen);
        keep(&turn.record).await?;
        if !turn.news.is_empty() || turn.act.is_some() {
            waiting = None;
        }
        for news in &turn.news {
            context.events.say(&news.line(name, &version));
        }
        if turn.has_failed {
            let failed = work.failed();
            tries = tries.saturating_sub(1);
            if tries == 0 {
                return Err(not_so(failed));
            }
            context.events.say(&format!("job `{name}`: {:#}; it is asked again", failed.error));
        }
        let mut now = turn.record;
        if let Some(act) = &turn.act {
            match work.act(act, &mut now).await {
                // Whether it was heard the same command sees.
                Err(failed) if work.is_open => return Err(not_so(failed)),
                Err(_) if work.is_taken && taken < IDS => {
                    taken += 1;
                    work.is_taken = false;
                    now = about.taken(&now);
                    keep(&now).await?;
                }
                Err(failed) => {
                    now = about.refused(&now, act);
                    keep(&now).await?;
                    // It may have ended by itself in this very moment, or just have restarted.
                    let may_repeat = matches!(act, Act::Trigger { .. }) && 1 < tries;
                    if !may_repeat {
                        return Err(not_so(failed));
                    }
                    tries -= 1;
                }
                Ok(news) => {
                    keep(&now).await?;
                    if let Some(news) = news {
                        context.events.say(&news.line(name, &version));
                    }
                    if matches!(act, Act::Submit { .. }) {
                        return Ok(now);
                    }
                }
            }
        }
        record = Some(now.clone());
        match turn.again {
            Again::Done if turn.has_failed => {}
            Again::Done => return Ok(now),
            Again::Look => {}
            Again::Wait { reason, after } => {
                let waiting = waiting.get_or_insert_with(|| Waiting::new(manner, context.printer));
                if !waiting.waits(&reason, after).await {
                    let message = format!(
                        "timed out after {} s {reason}; it goes on",
                        manner.limit.as_secs()
                    );
                    return Err(not_so(Error::new(Kind::TimedOut, message)));
                }
            }
        }
    }
}

/// Whether nobody answered, which may pass.
pub(super) fn is_silent(failed: &Error) -> bool {
    let error = failed.error.downcast_ref::<RestError>();
    matches!(error, Some(RestError::Unreachable(..) | RestError::NoLeader))
}

/// Waits for one thing, and shows that where a person watches.
struct Waiting<'a>(Patience<'a>);

impl<'a> Waiting<'a> {
    fn new(manner: &Manner, printer: &'a Printer) -> Self {
        let patience = Patience::new(Some(manner.limit));
        Self(if manner.is_shown {
            patience.telling(Spinner::at_terminal(printer))
        } else {
            patience
        })
    }

    async fn waits(&mut self, reason: &str, after: Duration) -> bool {
        matches!(self.0.waits(reason, after).await, Driven::Done(()))
    }
}
