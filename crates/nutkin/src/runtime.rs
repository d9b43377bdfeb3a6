//! The async runtime of one command: one thread, as a command waits far more than it works.

use std::future::Future;

use crate::{Failure, Outcome};

/// Runs a command's future to its end.
///
/// # Errors
/// Those of the command, and a system that allows no event queue.
pub fn block_on(future: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failure::from)?.block_on(future)
}
