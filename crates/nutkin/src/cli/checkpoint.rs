//! `nutkin checkpoint`.

use super::Context;
use super::snapshot::{self, Snapshot, WaitArgs};
use crate::Outcome;
use nutkin_rest::Trigger;

/// Arguments of `nutkin checkpoint`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin checkpoint 5f3a
  nutkin checkpoint 5f3a --full")]
pub struct Args {
    /// Its name in the session file, its id or a unique beginning of that, or its unique name in Flink
    #[arg(value_name = "JOB")]
    job: String,

    /// A full checkpoint, also where the job takes incremental ones
    #[arg(long)]
    full: bool,

    #[command(flatten)]
    wait: WaitArgs,
}

/// Takes a checkpoint now and prints its number. Flink 1.17 and later.
///
/// # Errors
/// No such session or job (5), not complete in time (4), Flink's own refusal (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let trigger = Trigger::Checkpoint { kind: if args.full { "FULL" } else { "CONFIGURED" } };
    let (job, args) = (&args.job, &args.wait);
    snapshot::run(&Snapshot { job, args, kind: "Checkpoint", trigger }, context)
}
