//! `nutkin watch`.

use std::time::Duration;

use nutkin_shell::{Error, Kind, ledger};

use super::Context;
use super::lost::{self, NOBODY, SOON, Told};
use super::select;
use super::shared::{PlatformArgs, WhichArgs};
use super::snapshots;
use crate::jobs::{Driven, PATIENCE, Patience};
use crate::platform::Session;
use crate::runtime::{self, unless_interrupted};
use crate::{Exit, Outcome};

/// Arguments of `nutkin watch`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without high availability the jobs of a JobManager that is lost go on from their newest checkpoints: `nutkin watch` \
hears from Docker or Kubernetes at once when it ends, ends the TaskManagers, and submits the jobs again when the next JobManager is there. \
A JobManager that only does not answer is left alone. On this machine the supervisor of the session does the same by itself. \
Everywhere `nutkin watch` takes the periodic savepoints and checkpoints that `nutkin.snapshots.*` asks for, and deletes old ones.

Examples:
  nutkin watch orders                    until Ctrl-C
  nutkin watch orders --on kubernetes    the same of a session on Kubernetes
  nutkin watch orders --once             the jobs that are lost now
  nutkin watch orders --once --resume count    also `count`, of which nobody knows whether it had ended"
)]
pub struct Args {
    #[command(flatten)]
    which: WhichArgs,

    /// Look once, and end when the jobs that are lost run again
    #[arg(long)]
    once: bool,

    /// A job that goes on although nobody knows whether it had been canceled or had failed before its JobManager was lost
    #[arg(long, value_name = "JOB", requires = "once")]
    resume: Vec<String>,

    /// How often to look if nobody says that something has happened
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
/// No such session (5); with `--once` a job that does not go on (1), or no JobManager in time (4).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    runtime::block_on(async {
        let left = || Error::new(Kind::Interrupted, "interrupted; the session goes on");
        unless_interrupted(watch(&args, context), left).await
    })
}

async fn watch(args: &Args, context: &Context<'_>) -> Outcome {
    let session =
        select::find(args.which.name(), args.which.file(), &args.platform, context).await?;
    let told = if args.once { Told::default() } else { Told::watching() };
    let told = if args.resume.is_empty() {
        told
    } else {
        told.resuming(&args.resume, &ledger::load(&session).await?.ledger)?
    };
    if args.once {
        return Box::pin(once(args, &session, told, context)).await;
    }
    let limit = Duration::from_secs(args.move_timeout);
    context.printer.say(&format!("watching session `{}`", session.name()));
    let (mut told, mut changes) = (told, session.changes());
    let mut patience = Patience::new(None);
    let (mut trouble, mut tending) = (None, snapshots::Tending::default());
    loop {
        // Before the look, so that nothing happens between the two.
        changes.open().await;
        let mut after = Duration::from_secs(args.interval);
        match Box::pin(lost::recover(&session, limit, &mut told, NOBODY, context)).await {
            Ok(recovered) => {
                if recovered.waits {
                    trouble = None;
                    after = after.min(SOON);
                } else {
                    after = tended(&session, after, (&mut trouble, &mut tending), context).await;
                }
            }
            Err(failure) if failure.kind == Kind::NotFound => return Err(failure),
            Err(failure) => tell(&failure, &mut trouble, context),
        }
        tokio::select! {
            waited = patience.waits("", after) => {
                if !matches!(waited, Driven::Done(())) {
                    return Ok(Exit::Done);
                }
            }
            () = changes.next() => {}
        }
    }
}

/// Takes the snapshots that are due. Gives how long to wait until the next look, at most `after`.
async fn tended(
    session: &Session,
    after: Duration,
    (trouble, tending): (&mut Option<String>, &mut snapshots::Tending),
    context: &Context<'_>,
) -> Duration {
    match snapshots::tend(session, PATIENCE, tending, context).await {
        Ok(next) => {
            *trouble = None;
            next.map_or(after, |next| next.clamp(SOON, after))
        }
        Err(failure) => {
            tell(&failure, trouble, context);
            after
        }
    }
}

/// What lasts is told once.
fn tell(failure: &Error, trouble: &mut Option<String>, context: &Context<'_>) {
    let line = format!("{:#}", failure.error);
    if trouble.as_ref() != Some(&line) {
        context.printer.warn(&line);
    }
    *trouble = Some(line);
}

/// Looks until jobs that are lost run again, or until none is.
async fn once(args: &Args, session: &Session, mut told: Told, context: &Context<'_>) -> Outcome {
    let limit = Duration::from_secs(args.move_timeout);
    let mut patience = Patience::new(Some(limit));
    loop {
        let recovered = Box::pin(lost::recover(session, limit, &mut told, NOBODY, context)).await?;
        if recovered.waits {
            match patience.waits("", SOON).await {
                Driven::Done(()) => continue,
                Driven::TimedOut | Driven::Interrupted if recovered.is_doubled => {
                    return Err(lost::still_lives(session, limit));
                }
                Driven::TimedOut | Driven::Interrupted => {
                    return Err(no_job_manager(session, limit));
                }
            }
        }
        context.printer.say(&match recovered.count {
            0 => format!("session `{}` has no lost jobs that can go on", session.name()),
            1 => format!("session `{}`: 1 job runs again", session.name()),
            count => format!("session `{}`: {count} jobs run again", session.name()),
        });
        return Ok(Exit::Done);
    }
}

fn no_job_manager(session: &Session, limit: Duration) -> Error {
    let (name, seconds) = (session.name(), limit.as_secs());
    let message = format!(
        "jobs of session `{name}` wait for a JobManager, and none answers after {seconds} s"
    );
    Error::new(Kind::TimedOut, message).hint(format!("`nutkin up {name}` starts one"))
}
