//! `--watch`: looks again and again until Ctrl-C.

use std::time::Duration;

use super::Context;
use crate::runtime::{self, Interrupt};
use crate::{Exit, Outcome};

/// `--watch`, for commands that show what changes.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct WatchArgs {
    /// Look again every 2 seconds, or every so many, until Ctrl-C
    #[arg(long, short, value_name = "SECONDS", num_args = 0..=1, require_equals = true,
        default_missing_value = "2", value_parser = clap::value_parser!(u64).range(1..))]
    watch: Option<u64>,
}

/// Looks once, or again and again. On a terminal each look takes the place of the one before; elsewhere it follows that.
///
/// # Errors
/// Those of a look.
pub(super) fn repeat(
    args: WatchArgs,
    context: &Context<'_>,
    look: impl AsyncFn() -> Outcome,
) -> Outcome {
    runtime::block_on(async {
        let Some(seconds) = args.watch else { return look().await };
        let mut interrupt = Interrupt::listen()?;
        loop {
            context.printer.begin_again();
            tokio::select! {
                biased;
                () = interrupt.pressed() => break,
                done = look() => { done?; }
            }
            tokio::select! {
                biased;
                () = interrupt.pressed() => break,
                () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
            }
        }
        context.printer.after_interrupt();
        Ok(Exit::Done)
    })
}
