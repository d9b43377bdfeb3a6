//! What becomes of the jobs that run when `down` ends their session.

use std::time::Duration;

use clap::ValueEnum;
use nutkin_core::change::Effect;
use nutkin_core::decide::{Fate, Fates};
use nutkin_core::jobs::{self as rules, JobsChoice};
use nutkin_shell::{Error, Kind, ledger};

use super::consent::{self, ConsentArgs};
use super::moving::{Moves, until_all_have_ended};
use super::{Context, wanted};
use crate::jobs::failure;
use crate::jobs::moving::{self, Candidate};
use crate::platform::Session;

/// What becomes of jobs that run when their session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AtEnd {
    /// They are stopped with a savepoint; `up NAME` resumes them.
    Savepoint,
    /// The end waits until they have ended.
    Wait,
    /// Nothing is done for them.
    Lose,
}

/// Brings the jobs that run to their end, as it was chosen. Gives whether none is left that would be lost.
///
/// # Errors
/// Consent needed (6); a job could not be stopped: the session is as it was.
pub(super) async fn bring(
    choice: AtEnd,
    session: &Session,
    limit: Duration,
    agreed: ConsentArgs,
    context: &Context<'_>,
) -> Result<bool, Error> {
    if choice == AtEnd::Lose {
        return Ok(false);
    }
    let connected = session.connect(true).await?;
    let client = connected.client()?;
    if choice == AtEnd::Wait {
        until_all_have_ended(&client, context).await?;
        return Ok(true);
    }
    let name = session.name();
    let opened = ledger::load(session).await?;
    let said = opened.ledger.wanted.clone();
    let Some(said) = said else {
        let message = format!("no ledger says what session `{name}` is, and could resume its jobs");
        return Err(Error::new(Kind::Broken, message)
            .hint("`nutkin stop JOB` stops each job with a savepoint"));
    };
    let wish = wanted::Wish::of_ledger(session, said, context)?;
    let moves = Moves::at_end(&wish, limit, context);
    let running = moving::running(&client.jobs().await.map_err(failure)?);
    let candidates = moves.look(&running, &opened, session).await?;
    let about: Vec<_> = candidates.iter().map(|one| one.about.clone()).collect();
    let fates = rules::fates(Effect::Loss, Some(JobsChoice::Move), &about);
    let is_loss = fates.iter().any(|job| job.fate == Fate::Lost);
    let fates = Fates::Known(fates);
    for line in fates.lines(0, None) {
        context.printer.say(&format!("session `{name}`: {line}"));
    }
    for hint in Moves::hints(&candidates) {
        context.printer.hint(hint);
    }
    if !candidates.is_empty() {
        consent::ask(agreed, is_loss, "End the session?", context)?;
    }
    moves.stop(&fates, &candidates, session).await?;
    // One that came in meanwhile is told as any other is.
    let is_known = |id: &String| candidates.iter().any(|one: &Candidate| one.about.id == *id);
    let now = moving::running(&client.jobs().await.map_err(failure)?);
    Ok(now.iter().all(|(id, _)| is_known(id)))
}
