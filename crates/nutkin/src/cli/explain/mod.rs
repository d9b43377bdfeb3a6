//! `nutkin explain`: what an option or a code of `nutkin check` means, and where the memory goes.

mod bars;
mod code;
pub mod memory;
pub mod option;
mod shown;

use super::Context;
use crate::Outcome;

/// Arguments of `nutkin explain`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  nutkin explain taskmanager.numberOfTaskSlots     one option
  nutkin explain taskmanager.memory                all options below a prefix
  nutkin explain checkpoint storage                options that speak of both
  nutkin explain state.checkpoints.dir --flink 2.3 what became of an old spelling
  nutkin explain NK0202                            what `nutkin check` found
  nutkin explain memory -f session.yaml            where the memory goes")]
pub struct Args {
    #[command(subcommand)]
    topic: Option<Topic>,

    #[command(flatten)]
    option: option::OptionArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Topic {
    /// Where the memory of JobManagers and TaskManagers goes
    Memory(memory::MemoryArgs),
}

/// Runs the command.
///
/// # Errors
/// No option or code has such a key; memory that does not fit.
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    match args.topic {
        Some(Topic::Memory(args)) => memory::run(&args, context),
        None => match args.option.key().filter(|key| code::is_one(key)) {
            Some(key) => code::run(&key, &args.option.output, context),
            None => option::run(&args.option, context),
        },
    }
}
