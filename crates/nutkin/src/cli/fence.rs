//! Ends TaskManagers of a JobManager that is lost, before its jobs go on.

use std::time::Duration;

use nutkin_core::supervision::fence::{ProcessStart, Watched};
use nutkin_rest::POLL;
use nutkin_shell::Error;

use super::Context;
use crate::jobs::{Driven, Patience};
use crate::platform::Session;

/// How long their end may take: they are killed, but a node may be slow to say so.
const ENDS: Duration = Duration::from_secs(30);

/// Ends these. That it cannot be done is said; whether they have gone is to be seen.
pub(super) async fn end(session: &Session, old: &[ProcessStart], context: &Context<'_>) {
    if old.is_empty() {
        return;
    }
    let names: Vec<&str> = old.iter().map(|one| one.name.as_str()).collect();
    let names = names.join(", ");
    match session.end_processes(old).await {
        Ok(()) => context.events.say(&format!("ended, because their JobManager is lost: {names}")),
        Err(failure) => {
            let why = format!("{:#}", failure.error);
            context
                .events
                .warn(&format!("the JobManager of {names} is lost, and they continue: {why}"));
        }
    }
}

/// Ends all that may know jobs of the JobManagers before, and waits until they have gone. Gives whether none is left. `are_used`:
/// jobs run on them by now, which are left alone.
///
/// # Errors
/// The platform cannot be asked.
pub(super) async fn freed(
    session: &Session,
    watched: &Watched,
    are_used: bool,
    context: &Context<'_>,
) -> Result<bool, Error> {
    let seen = session.processes().await?.unwrap_or_default();
    let mut old = watched.old(&seen);
    if are_used || old.is_empty() {
        return Ok(old.is_empty());
    }
    end(session, &old, context).await;
    let mut patience = Patience::new(Some(ENDS));
    loop {
        let now = session.processes().await?.unwrap_or_default();
        old.retain(|one| now.task_managers.contains(one));
        if old.is_empty() {
            return Ok(true);
        }
        if !matches!(patience.waits("", POLL).await, Driven::Done(())) {
            return Ok(false);
        }
    }
}
