//! `nutkin abort`.

use std::cell::Cell;
use std::time::Duration;

use serde_json::json;

use super::Context;
use super::consent::{self, ConsentArgs};
use super::select;
use super::shared::{Limits, Output, OutputArgs, PlatformArgs, WhichArgs, document};
use super::{move_session, relocation, way_back};
use crate::runtime::{self, unless_interrupted};
use crate::{Exit, Outcome};
use nutkin_shell::{Error, Kind, ledger};

/// Arguments of `nutkin abort`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A change that stops jobs is under way until each of them runs in the changed session and has a first \
checkpoint; `nutkin status` shows it. Nutkin goes back to what was wanted before, and resumes the jobs from the savepoints \
that they were stopped with. A job that runs in the changed session already is stopped with another savepoint first, if the \
old release can read it.

Examples:
  nutkin abort
  nutkin abort orders --yes
  nutkin abort orders --timeout 300 --move-timeout 1800"
)]
pub struct Args {
    #[command(flatten)]
    which: WhichArgs,

    /// How long to wait until the session serves again
    #[arg(long, default_value_t = Limits::default().session.as_secs(), value_name = "SECONDS")]
    timeout: u64,

    /// How long a job may take to stop, and again to its first checkpoint
    #[arg(long, default_value_t = Limits::default().jobs.as_secs(), value_name = "SECONDS")]
    move_timeout: u64,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    consent: ConsentArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Takes back the change of a session that is under way.
///
/// # Errors
/// No such session (5), consent needed (6), not ready in time (4).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let begun = Cell::new(false);
    runtime::block_on(async {
        unless_interrupted(abort(&args, &begun, context), || interrupted(begun.get())).await
    })
}

/// Why the change is taken back, for the history.
const ABORTED: &str = "the user wanted it";

/// What Ctrl-C leaves behind.
fn interrupted(begun: bool) -> Error {
    if !begun {
        return Error::new(Kind::Interrupted, "interrupted; nothing was changed");
    }
    Error::new(Kind::Interrupted, "interrupted while a change was being taken back")
        .hint("the same command again goes on from there")
}

async fn abort(args: &Args, begun: &Cell<bool>, context: &Context<'_>) -> Outcome {
    let session =
        match select::find(args.which.name(), args.which.file(), &args.platform, context).await {
            // While it moves there are two of its name.
            Err(failure) if failure.kind == Kind::Invalid && args.platform.on.is_none() => {
                let name = args.which.name().unwrap_or_default();
                move_session::find_begun(name, context).await?.ok_or(failure)?
            }
            found => found?,
        };
    let name = session.name();
    let opened = ledger::load(&session).await?;
    let phase = &opened.ledger.phase;
    let mut jobs = Vec::new();
    if let Some(phase) = phase {
        context.printer.say(&format!("session `{name}`: {}", phase.line()));
        let names: Vec<String> = phase.jobs.keys().map(|job| format!("`{job}`")).collect();
        if !names.is_empty() {
            context.printer.say(&format!(
                "  goes back to what it was; jobs that continue from savepoints there: {}",
                names.join(", ")
            ));
        }
        consent::ask(args.consent, false, "Take it back?", context)?;
        begun.set(true);
        let limits = Limits {
            session: Duration::from_secs(args.timeout),
            jobs: Duration::from_secs(args.move_timeout),
        };
        let is_moving = phase.to.is_some();
        let taken = if is_moving {
            Box::pin(relocation::take_back(&session, ABORTED, limits, context)).await
        } else {
            Box::pin(way_back::take_back(&session, ABORTED, limits, context)).await
        };
        jobs = taken.map_err(|failure| match failure.kind {
            // It has said what to do instead.
            Kind::Conflict => failure,
            _ => failure.hint("the same command again goes on from there"),
        })?;
        context.printer.say(&way_back::done(name, &jobs));
    } else {
        context.printer.say(&format!("no change of session `{name}` is under way"));
    }
    if args.output.output != Output::Text {
        let fields = json!({
            "name": name,
            "platform": session.platform().to_string(),
            "takenBack": phase.as_ref().map(nutkin_core::ledger::Phase::document),
            "jobs": jobs,
        });
        context.printer.document(&args.output.output, &document("Abort", fields))?;
    }
    Ok(Exit::Done)
}
