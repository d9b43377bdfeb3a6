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
use nutkin_rest::Client;
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
        let about = rules::AboutJob { job, namespace, session: &session.configuration };
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
        drive(about, work, remembered, context, keep).await?;
    }
    Ok(())
}

/// Brings one job to what the file says: looks, decides, keeps the record, acts, waits.
async fn drive(
    about: rules::AboutJob<'_>,
    mut work: Work<'_>,
    mut record: Option<JobRecord>,
    context: &Context<'_>,
    mut keep: impl AsyncFnMut(&JobRecord) -> Result<(), Error>,
) -> Result<(), Error> {
    let name = &about.job.name;
    let version = work.version();
    let not_so = |failed: Error| {
        let error = failed.error.context(format!("job `{name}` is not as the file says"));
        Error { error, ..failed }.hint("run the same command again to go on from here")
    };
    let mut waiting: Option<Waiting<'_>> = None;
    loop {
        let seen = work.observe(record.as_ref()).await.map_err(not_so)?;
        let turn = about.turn(record.as_ref(), &seen);
        keep(&turn.record).await?;
        if !turn.news.is_empty() || turn.act.is_some() {
            waiting = None;
        }
        for news in &turn.news {
            context.events.say(&news.line(name, &version));
        }
        if turn.has_failed {
            return Err(not_so(work.failed()));
        }
        let mut now = turn.record;
        if let Some(act) = &turn.act {
            match work.act(act, &mut now).await {
                // Whether it was heard the same command sees.
                Err(failed) if work.is_open => return Err(not_so(failed)),
                Err(failed) => {
                    keep(&about.refused(&now, act)).await?;
                    return Err(not_so(failed));
                }
                Ok(news) => {
                    keep(&now).await?;
                    if let Some(news) = news {
                        context.events.say(&news.line(name, &version));
                    }
                }
            }
            if matches!(act, Act::Submit { .. }) {
                return Ok(());
            }
        }
        record = Some(now);
        match turn.again {
            Again::Done => return Ok(()),
            Again::Look => {}
            Again::Wait { reason, after } => {
                let waiting = waiting.get_or_insert_with(|| Waiting::new(context.printer));
                if !waiting.waits(&reason, after).await {
                    let message =
                        format!("timed out after {} s {reason}; it goes on", PATIENCE.as_secs());
                    return Err(not_so(Error::new(Kind::TimedOut, message)));
                }
            }
        }
    }
}

/// Waits for one thing, and shows that where a person watches.
struct Waiting<'a>(Patience<'a>);

impl<'a> Waiting<'a> {
    fn new(printer: &'a Printer) -> Self {
        Self(Patience::new(Some(PATIENCE)).telling(Spinner::at_terminal(printer)))
    }

    async fn waits(&mut self, reason: &str, after: Duration) -> bool {
        matches!(self.0.waits(reason, after).await, Driven::Done(()))
    }
}
