//! Before a jar is submitted: whether its session takes jobs now, and where it keeps jars.

use std::time::Duration;

use nutkin_core::ledger::{Ledger, Phase};
use nutkin_shell::{Error, ledger};

use super::Context;
use crate::jobs::Jars;
use crate::platform::ledger::under_way;
use crate::platform::{self, Session};

/// How long another platform may take to tell whether a session moves away from there: an honest one answers within a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a session keeps jars, once it is known that it takes jobs. Without a session: on this machine.
///
/// # Errors
/// The session moves to another platform, or is what one moves to: whatever is submitted now is not moved along.
pub(super) async fn jars_of<'c>(
    session: Option<&Session>,
    context: &Context<'c>,
) -> Result<Jars<'c>, Error> {
    let here = Jars::of(context.environment);
    let Some(session) = session else { return Ok(here) };
    // What cannot be read is told when the job is noted.
    let Ok(opened) = ledger::load(session).await else { return Ok(here) };
    let ledger = &opened.ledger;
    let name = session.name();
    if let Some(phase) = &ledger.phase {
        if phase.to.is_some() {
            return Err(under_way(name, phase));
        }
        let line = phase.line();
        context
            .events
            .warn(&format!("session `{name}`: {line}, and may end jobs that it does not know"));
    }
    if let Some(phase) = moves_here(session, ledger, context).await {
        return Err(under_way(name, &phase));
    }
    let wanted = ledger.wanted.as_ref().and_then(|wanted| wanted.session().ok());
    Ok(wanted.map_or(here, |wanted| Jars::of_session(&wanted.configuration, context.environment)))
}

/// The move that has made a session and has not arrived yet: taken back, it ends the session with all that runs there.
async fn moves_here(session: &Session, ledger: &Ledger, context: &Context<'_>) -> Option<Phase> {
    let mark = ledger.made_by.as_ref()?;
    let known = platform::known(context.environment).ok()?;
    let is_other = |platform| platform != session.platform();
    for (known, place) in known {
        if known.name != session.name() || !is_other(place.platform()) {
            continue;
        }
        let asked = async {
            let old = platform::ledger::store(&known.name, &place, context).await.ok()?;
            ledger::load(&old).await.ok()?.ledger.phase
        };
        let phase = tokio::time::timeout(PATIENCE, Box::pin(asked)).await.ok().flatten();
        let comes = |phase: &Phase| {
            let to = phase.to.as_ref();
            to.is_some_and(|to| to.mark.as_ref() == Some(mark) && !to.has_arrived)
        };
        if let Some(phase) = phase.filter(comes) {
            return Some(phase);
        }
    }
    None
}
