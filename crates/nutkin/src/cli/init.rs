//! `nutkin init`.

use super::Context;
use crate::{Exit, Failure, Outcome};

/// Arguments of `nutkin init`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// Always, until it is written.
pub fn run(_args: Args, _context: &Context<'_>) -> Outcome {
    Err(Failure::new(Exit::Failed, "`nutkin init` is not written yet"))
}
