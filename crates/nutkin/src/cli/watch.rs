//! `nutkin watch`.

use std::time::Duration;

use nutkin_shell::{Error, Kind};

use super::Context;
use super::lost::{self, Told};
use super::select;
use super::shared::PlatformArgs;
use crate::jobs::{Driven, Patience};
use crate::platform::Session;
use crate::runtime::{self, unless_interrupted};
use crate::{Exit, Outcome};

/// Arguments of `nutkin watch`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without high availability the jobs of a JobManager that is lost go on from their newest checkpoints. On this \
machine the supervisor of the session does the same by itself.

Examples:
  nutkin watch orders          until Ctrl-C
  nutkin watch orders --once   the jobs that are lost now"
)]
pub struct Args {
    /// The session's name
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Look once, and end when the jobs that are lost run again
    #[arg(long)]
    once: bool,

    /// How often to look
    #[arg(long, default_value = "5", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    interval: u64,

    /// How long a job may take to its first checkpoint
    #[arg(long, default_value = "600", value_name = "SECONDS")]
    move_timeout: u64,

    #[command(flatten)]
    platform: PlatformArgs,
}

/// Keeps the jobs of a session running for as long as this runs.
///
/// # Errors
/// No such session (5); with `--once` a job that does not go on (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    runtime::block_on(async {
        let left = || Error::new(Kind::Interrupted, "interrupted; the session goes on");
        unless_interrupted(watch(&args, context), left).await
    })
}

async fn watch(args: &Args, context: &Context<'_>) -> Outcome {
    let session = select::find(args.name.as_deref(), None, &args.platform, context).await?;
    check(&session)?;
    let limit = Duration::from_secs(args.move_timeout);
    let mut told = Told::new();
    if args.once {
        let count = lost::recover(&session, limit, &mut told, context).await?;
        context.printer.say(&match count {
            0 => format!("session `{}` has no lost jobs that can go on", session.name()),
            1 => format!("session `{}`: 1 job runs again", session.name()),
            count => format!("session `{}`: {count} jobs run again", session.name()),
        });
        return Ok(Exit::Done);
    }
    context.printer.say(&format!("watching session `{}`", session.name()));
    let mut patience = Patience::new(None);
    let mut trouble = None;
    loop {
        match lost::recover(&session, limit, &mut told, context).await {
            Ok(_) => trouble = None,
            Err(failure) if failure.kind == Kind::NotFound => return Err(failure),
            Err(failure) => {
                // What lasts is told once.
                let line = format!("{:#}", failure.error);
                if trouble.as_ref() != Some(&line) {
                    context.printer.warn(&line);
                }
                trouble = Some(line);
            }
        }
        let interval = Duration::from_secs(args.interval);
        if !matches!(patience.waits("", interval).await, Driven::Done(())) {
            return Ok(Exit::Done);
        }
    }
}

/// # Errors
/// Checkpoints of this session are not seen from here.
fn check(session: &Session) -> Result<(), Error> {
    if session.is_seen() {
        return Ok(());
    }
    let message = format!("sessions on {} are not watched yet", session.platform());
    Err(Error::new(Kind::Invalid, message)
        .hint("high availability brings the jobs of such a session back"))
}
