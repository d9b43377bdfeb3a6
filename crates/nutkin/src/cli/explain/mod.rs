//! `nutkin explain`: what an option means.

pub mod option;

use super::Context;
use crate::Outcome;

/// Arguments of `nutkin explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin explain taskmanager.numberOfTaskSlots     one option
  nutkin explain taskmanager.memory                all options below a prefix
  nutkin explain state.checkpoints.dir --flink 2.3 what became of an old spelling")]
pub struct Args {
    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of arguments, documented at its type")]
    pub option: option::OptionArgs,
}

/// Runs the command.
///
/// # Errors
/// No option has such a key.
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    option::run(&args.option, context)
}
