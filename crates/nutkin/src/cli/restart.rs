//! `nutkin restart`.

use std::cell::Cell;
use std::time::Duration;

use super::Context;
use super::consent::{self, ConsentArgs};
use super::moving::Moves;
use super::shared::{MoveArgs, PlatformArgs, WhichArgs, goes_on, not_ready};
use super::{outcomes, select, wanted};
use crate::platform::{Restarting, Session};
use crate::progress::Spinner;
use crate::remedies::words;
use crate::runtime::{self, unless_interrupted};
use crate::{Exit, Outcome};
use nutkin_flink::counted;
use nutkin_rest::Waited;
use nutkin_shell::{Error, Harm, Kind};

/// Arguments of `nutkin restart`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "JobManagers and TaskManagers restart with what is wanted of the session. A ZooKeeper that Nutkin \
started stays. Jobs that nothing brings back are stopped with savepoints before, and resumed from them.

Examples:
  nutkin restart
  nutkin restart orders --yes
  nutkin restart orders --jobs wait"
)]
pub struct Args {
    #[command(flatten)]
    which: WhichArgs,

    /// Return as soon as everything is ordered
    #[arg(long)]
    no_wait: bool,

    /// How long to wait until the session is ready again
    #[arg(long, default_value = "120", value_name = "SECONDS")]
    timeout: u64,

    #[command(flatten)]
    moves: MoveArgs,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    consent: ConsentArgs,
}

/// Restarts all processes of a session.
///
/// # Errors
/// No such session (5), consent needed (6), not ready in time (4).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let begun = Cell::new(false);
    runtime::block_on(async {
        unless_interrupted(restart(&args, &begun, context), || interrupted(begun.get())).await
    })
}

/// What Ctrl-C leaves behind.
fn interrupted(begun: bool) -> Error {
    if !begun {
        return Error::new(Kind::Interrupted, "interrupted; nothing was restarted");
    }
    Error::new(Kind::Interrupted, "interrupted while processes were being restarted").hint(
        "`nutkin status` shows how the session is, `nutkin up NAME` starts what does not run and resumes jobs that were stopped",
    )
}

async fn restart(args: &Args, begun: &Cell<bool>, context: &Context<'_>) -> Outcome {
    let session =
        select::find(args.which.name(), args.which.file(), &args.platform, context).await?;
    outcomes::keep_ended(&session).await;
    let restarting = Box::pin(Restarting::of(session.clone(), context)).await?;
    let wanted = restarting.opened().ledger.wanted.clone().unwrap_or_default();
    let wish = wanted::Wish::of_ledger(&session, wanted, context)?;
    let moves = Moves::at_change(CHANGE, &args.moves, &wish, context)?;
    moves.see(Some(&restarting.opened().ledger), &session);
    let work = carry_out(args, &session, restarting, &moves, begun, context);
    match Box::pin(work).await {
        Err(failure) if begun.get() && moves.are_under_way() => Err(moves.rescue(failure).await),
        ended => ended,
    }
}

/// What the ledger calls it.
const CHANGE: &str = "restart";

async fn carry_out(
    args: &Args,
    session: &Session,
    mut restarting: Restarting,
    moves: &Moves<'_>,
    begun: &Cell<bool>,
    context: &Context<'_>,
) -> Outcome {
    let name = session.name();
    loop {
        let (outline, candidates) =
            moves.of_jobs(restarting.outline(), Some(restarting.opened()), session).await?;
        // Once jobs are stopped for it, only what was not shown before is.
        if !begun.get() || outline.loses_jobs() {
            context.printer.say(&format!("session `{name}` restarts:"));
            for line in outline.announcement(words) {
                context.printer.say(&format!("  {line}"));
            }
            for hint in Moves::hints(&candidates) {
                context.printer.hint(hint);
            }
            if outline.harm != Harm::None {
                consent::ask(args.consent, outline.harm == Harm::Loss, "Go on?", context)?;
            }
        }
        begun.set(true);
        if !moves.has_work(&outline, &candidates) {
            break;
        }
        moves.stop(&outline.jobs, &candidates, session).await?;
        // The ledger is another one by now, and another job may have come in.
        restarting = Box::pin(Restarting::of(session.clone(), context)).await?;
    }
    let outline = restarting.outline();
    restarting.carry_out(!args.no_wait, context).await?;
    if args.no_wait && !moves.are_under_way() {
        context.printer.say(&format!("session `{name}` is starting"));
        return Ok(Exit::Done);
    }
    let timeout = Duration::from_secs(args.timeout);
    let mut spinner = Spinner::new(context.printer);
    let waited = restarting.wait(timeout, |line| spinner.say(line), context).await;
    drop(spinner);
    match waited? {
        Waited::Ready(ready) => {
            let slots = counted(ready.overview.slots_total, "slot");
            let summary = outline.about.summary();
            context.printer.say(&format!("session `{name}` is up again: {summary}, {slots}"));
            moves.resume(session).await?;
            Ok(Exit::Done)
        }
        Waited::TimedOut(seen) => Err(not_ready(name, args.timeout, &seen).hint(goes_on(name))),
    }
}
