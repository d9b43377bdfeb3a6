//! `nutkin entrypoint`.

use std::ffi::OsString;

use super::Context;
use crate::Outcome;
use crate::entrypoint::{self, Options};

/// Arguments of `nutkin entrypoint`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin entrypoint jobmanager
  nutkin entrypoint taskmanager -D taskmanager.numberOfTaskSlots=4
  nutkin entrypoint cluster ha
  nutkin entrypoint --dry-run jobmanager 10.0.0.7
  nutkin entrypoint --dry-run -o json taskmanager
  ln -s /usr/local/bin/nutkin /docker-entrypoint.sh

`nutkin entrypoint help` lists all verbs and variables.")]
pub struct Args {
    /// Print what would be started, and start nothing
    #[arg(long)]
    dry_run: bool,

    /// With --dry-run: as one document, with the effective configuration
    #[arg(long, short, value_name = "FORMAT", value_parser = ["json"])]
    output: Option<String>,

    /// What to run in the container: `jobmanager`, `taskmanager`, any other program
    #[arg(value_name = "VERB", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// Becomes the container's process.
///
/// # Errors
/// Bad input, or something cannot be executed.
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    // `-q` is the command line's own, and has reached the printer.
    let options = Options { dry_run: args.dry_run, json: args.output.is_some(), quiet: false };
    let name = nutkin_container::entrypoint::command::ENTRYPOINT;
    entrypoint::run(name, &args.words, options, context)
}
