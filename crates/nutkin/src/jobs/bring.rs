//! Brings the `FlinkSessionJob`s of a file to what it says.

use std::path::Path;

use nutkin_core::jobs::{self as rules, Known, Next, Step};
use nutkin_core::ledger::{JobRecord, Ledger};
use nutkin_core::session::{Session, SessionJob};

use super::work::Work;
use super::{failure, local_jars};
use crate::Context;
use nutkin_rest::Client;
use nutkin_shell::Error;

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
    let jars = local_jars(&session.jobs, base).map_err(Error::input)?;
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
        // Asked again for each: the jobs before it may have taken long.
        let known = known(client, namespace, job).await?;
        let remembered = record.jobs.get(&job.name);
        let next = rules::next(job, &session.configuration, remembered, &known, false);
        let Next { record: old, state, steps } = next;
        let jar = jars.get(&job.name).map(|jar| jar.digest.as_str());
        for note in rules::notes(job, client.version(), old.as_ref(), state, &steps, jar) {
            if note.is_warning {
                context.printer.warn(&note.text);
            } else {
                context.printer.say(&note.text);
            }
        }
        let mut after = rules::carried_out(job, old.as_ref(), &steps);
        after.id = Some(rules::job_id(namespace, &job.name, after.generation));
        let records = (old.unwrap_or_default(), after);
        let mut work = Work::new(job, namespace, client, context, records);
        let mut keep = async |now: &JobRecord| {
            record.jobs.insert(job.name.clone(), now.clone());
            remember(record).await
        };
        let not_so = |failed: Error| {
            let error = failed.error.context(format!("job `{}` is not as the file says", job.name));
            Error { error, ..failed }.hint("run the same command again to go on from here")
        };
        // Before anything is stopped: a jar that is not there shall not cost the job that runs.
        if steps.iter().any(|step| matches!(step, Step::Submit { .. })) {
            work.bring_jar(base).await.map_err(not_so)?;
        }
        for step in &steps {
            work.begin(step);
            keep(&work.now).await?;
            if let Err(failed) = work.carry_out(step).await {
                work.give_up(step);
                keep(&work.now).await?;
                return Err(not_so(failed));
            }
            // Where the state of a stopped job is must survive the failure of what follows.
            work.after.take_state(&work.now);
            keep(&work.now).await?;
        }
        keep(&work.after).await?;
    }
    Ok(())
}

pub(super) async fn known(
    client: &Client,
    namespace: &str,
    job: &SessionJob,
) -> Result<Known, Error> {
    let jobs = client.jobs().await.map_err(failure)?;
    let states: Vec<(&str, String)> =
        jobs.iter().map(|job| (job.id.as_str(), job.state.to_string())).collect();
    let states = states.iter().map(|(id, state)| (*id, state.as_str()));
    Ok(rules::known(namespace, &job.name, states))
}
