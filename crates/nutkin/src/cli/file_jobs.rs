//! The `FlinkSessionJob`s of a session file, for `up -f` and `run -f`.

use std::path::Path;

use nutkin_core::ledger::Ledger;
use nutkin_core::session::Session;

use super::Context;
use crate::{jobs, platform, runtime};
use nutkin_core::snapshots::going;
use nutkin_shell::{Error, ledger};

/// Looks at the jars of the jobs, and at when snapshots of them are due, before anything is started for them.
///
/// # Errors
/// Exit 2 with all that is wrong.
pub(super) fn check(session: &Session, base: &Path) -> Result<(), Error> {
    runtime::block_on(async {
        jobs::local_jars(&session.jobs, base).await.map(drop).map_err(Error::input)
    })?;
    let problems = nutkin_core::snapshots::problems(session);
    if problems.is_empty() { Ok(()) } else { Err(Error::input(problems)) }
}

/// Brings the jobs to what the file says, and remembers what was done in the session's ledger. `base` is the folder that
/// relative jars count from.
///
/// # Errors
/// The ledger cannot be used, or a job could not be stopped or submitted.
pub(super) async fn bring(
    session: &Session,
    place: &platform::Session,
    base: &Path,
    context: &Context<'_>,
) -> Result<(), Error> {
    let mut opened = ledger::load(place).await?;
    if session.jobs.is_empty() && opened.ledger.jobs.is_empty() {
        return Ok(());
    }
    let connected = place.connect(true).await?;
    let client = connected.client()?;
    platform::ledger::tell_damage(&opened, context);
    let listed = client.jobs().await.map_err(jobs::failure)?;
    for (name, id) in jobs::strays(session, &opened.ledger, &listed) {
        context.printer.say(&jobs::goes_on(&name, &id));
    }
    if session.jobs.is_empty() {
        return Ok(());
    }
    let mut record = opened.ledger.clone();
    // Only what is done here: somebody else may have written of other jobs in the meantime.
    let remember = async |record: &Ledger| {
        opened.ledger.namespace.clone_from(&record.namespace);
        for job in &session.jobs {
            if let Some(now) = record.jobs.get(&job.name) {
                opened.ledger.jobs.insert(job.name.clone(), now.clone());
            }
        }
        Box::pin(ledger::save(place, &mut opened)).await?;
        // Who deletes a savepoint marks it before looking who refers to it, and a job refers to it before this look: one of both sees
        // the other.
        let mut jobs = session.jobs.iter().filter_map(|job| opened.ledger.jobs.get(&job.name));
        jobs.find_map(|job| going(&opened.ledger, job))
            .map_or(Ok(()), |why| Err(jobs::is_going(why)))
    };
    jobs::bring(session, &client, &mut record, base, context, remember).await
}
