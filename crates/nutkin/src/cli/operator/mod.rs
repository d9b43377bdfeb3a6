//! `nutkin operator`.

mod hands;
mod run;

use crate::{Context, Outcome};

/// Arguments of `nutkin operator`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: OperatorCommand,
}

/// What the operator can be asked for.
#[derive(Debug, clap::Subcommand)]
enum OperatorCommand {
    /// Watch FlinkDeployments and FlinkSessionJobs, and keep the cluster as they say
    Run(run::Args),
}

/// Does what is asked for.
///
/// # Errors
/// Those of the command.
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    match args.command {
        OperatorCommand::Run(args) => run::run(args, context),
    }
}
