//! `nutkin operator`.

mod hands;
mod manifests;
mod run;

use crate::{Context, Outcome};

/// Arguments of `nutkin operator`.
#[derive(Debug, clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:
  nutkin operator manifests --image registry.example.com/nutkin:1 | kubectl apply -f -
  nutkin operator run --no-lease --health 127.0.0.1:8085"
)]
pub struct Args {
    #[command(subcommand)]
    command: OperatorCommand,
}

/// What the operator can be asked for.
#[derive(Debug, clap::Subcommand)]
enum OperatorCommand {
    /// Watch FlinkDeployments and FlinkSessionJobs, and keep the cluster as they say
    Run(run::Args),
    /// Print the objects that install the operator
    Manifests(manifests::Args),
}

/// Does what is asked for.
///
/// # Errors
/// Those of the command.
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    match args.command {
        OperatorCommand::Run(args) => run::run(args, context),
        OperatorCommand::Manifests(args) => manifests::run(args, context),
    }
}
