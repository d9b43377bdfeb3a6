//! `nutkin stop`.

use super::Context;
use super::shared::{OutputArgs, SessionArgs};
use super::snapshot::{self, Snapshot};
use crate::Outcome;
use nutkin_rest::Trigger;

/// Arguments of `nutkin stop`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin stop 5f3a
  nutkin stop 5f3a --savepoint file:///data/savepoints
  nutkin run --from-savepoint $(nutkin stop 5f3a) job.jar")]
pub struct Args {
    /// Its name in the session file, its id or a unique beginning of that, or its unique name in Flink
    #[arg(value_name = "JOB")]
    job: String,

    /// Directory of the savepoint; the session's by default
    #[arg(long, value_name = "DIR")]
    savepoint: Option<String>,

    /// Finish all windows first; the job cannot be resumed from this savepoint
    #[arg(long)]
    drain: bool,

    /// NATIVE or CANONICAL
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,

    /// How long to wait for the savepoint
    #[arg(long, default_value = "300", value_name = "SECONDS")]
    timeout: u64,

    #[command(flatten)]
    session: SessionArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Stops a job with a savepoint and prints where that is.
///
/// # Errors
/// No such session or job (5), not complete in time (4), Flink's own refusal (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let trigger = Trigger::Stop {
        directory: args.savepoint.clone(),
        format: args.format.clone(),
        drain: args.drain,
    };
    let Args { job, session, output, timeout, .. } = &args;
    let kind = "Savepoint";
    snapshot::run(&Snapshot { job, session, output, timeout: *timeout, kind, trigger }, context)
}
