//! `nutkin stop`.

use super::Context;
use super::snapshot::{self, SavepointArgs, Snapshot};
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

    #[command(flatten)]
    taken: SavepointArgs,
}

/// Stops a job with a savepoint and prints where that is.
///
/// # Errors
/// No such session or job (5), not complete in time (4), Flink's own refusal (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let trigger = Trigger::Stop {
        directory: args.savepoint.clone(),
        format: args.taken.format.clone(),
        drain: args.drain,
    };
    let (job, args) = (&args.job, &args.taken.wait);
    snapshot::run(&Snapshot { job, args, kind: "Savepoint", trigger }, context)
}
