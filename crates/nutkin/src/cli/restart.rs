//! `nutkin restart`.

use std::cell::Cell;
use std::time::Duration;

use super::Context;
use super::consent::{self, ConsentArgs};
use super::outcomes;
use super::select;
use super::shared::{PlatformArgs, goes_on, not_ready};
use crate::platform::Restarting;
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
started stays.

Examples:
  nutkin restart
  nutkin restart orders --yes"
)]
pub struct Args {
    /// The session's name
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Return as soon as everything is ordered
    #[arg(long)]
    no_wait: bool,

    /// How long to wait until the session is ready again
    #[arg(long, default_value = "120", value_name = "SECONDS")]
    timeout: u64,

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
    Error::new(Kind::Interrupted, "interrupted while processes were being restarted")
        .hint("`nutkin status` shows how the session is, `nutkin up NAME` starts what does not run")
}

async fn restart(args: &Args, begun: &Cell<bool>, context: &Context<'_>) -> Outcome {
    let session = select::find(args.name.as_deref(), None, &args.platform, context).await?;
    let name = session.name().to_owned();
    outcomes::keep_finished(&session).await;
    let mut restarting = Box::pin(Restarting::of(session, context)).await?;
    let outline = restarting.outline();
    context.printer.say(&format!("session `{name}` restarts:"));
    for line in outline.announcement(words) {
        context.printer.say(&format!("  {line}"));
    }
    if outline.harm != Harm::None {
        consent::ask(args.consent, outline.harm == Harm::Loss, "Go on?", context)?;
    }
    begun.set(true);
    restarting.carry_out(!args.no_wait, context).await?;
    if args.no_wait {
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
            Ok(Exit::Done)
        }
        Waited::TimedOut(seen) => Err(not_ready(&name, args.timeout, &seen).hint(goes_on(&name))),
    }
}
