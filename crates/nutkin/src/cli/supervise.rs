//! `nutkin supervise`, which `up` starts in the background.

use std::path::PathBuf;

use super::Context;
use crate::{Exit, Outcome};
use nutkin_local::directory::SessionDirectory;
use nutkin_local::supervisor;

/// Arguments of `nutkin supervise`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin supervise ~/.local/state/nutkin/sessions/default")]
pub struct Args {
    /// The session's directory
    directory: PathBuf,
}

/// Keeps the processes of a session running until it is told to end them.
///
/// # Errors
/// The session has a supervisor already, or its directory is damaged.
pub fn run(args: Args, _context: &Context<'_>) -> Outcome {
    supervisor::run(&SessionDirectory::at(args.directory))?;
    Ok(Exit::Done)
}
