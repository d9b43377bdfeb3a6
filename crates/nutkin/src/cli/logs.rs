//! `nutkin logs`.

use super::Context;
use super::shared::PlatformArgs;
use crate::platform::{self};
use crate::runtime::Interrupt;
use crate::{Exit, Outcome, runtime, select};
use nutkin_shell::Logs;

/// Arguments of `nutkin logs`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin logs                     all processes, each line with its process
  nutkin logs jobmanager -f       follow one
  nutkin logs --session orders --tail 20 taskmanager-1")]
pub struct Args {
    /// Processes to show: jobmanager, taskmanager-1; all by default
    #[arg(value_name = "PROCESS")]
    processes: Vec<String>,

    /// The session's name
    #[arg(long)]
    session: Option<String>,

    /// Continue with new lines
    #[arg(long, short)]
    follow: bool,

    /// Only the last lines of each process
    #[arg(long, value_name = "LINES")]
    tail: Option<usize>,

    /// Logs of containers that ended before, too
    #[arg(long, short)]
    previous: bool,

    #[command(flatten)]
    platform: PlatformArgs,
}

/// Shows logs and outputs of the processes with a prefix for each.
///
/// # Errors
/// No such session (5) or process (2).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let named = args.processes.clone();
    runtime::block_on(async {
        let session = select::find(args.session.as_deref(), None, &args.platform, context).await?;
        let logs = Logs {
            processes: args.processes,
            follow: args.follow,
            tail: args.tail,
            previous: args.previous,
        };
        let shown = session.logs(&logs, context);
        if !logs.follow {
            return shown.await.map(|()| Exit::Done);
        }
        let mut interrupt = Interrupt::listen()?;
        tokio::select! {
            shown = shown => shown?,
            () = interrupt.pressed() => context.printer.after_interrupt(),
        }
        Ok(Exit::Done)
    })
    .map_err(|failure| match mistaken(&named, context) {
        Some(name) => {
            failure.hint(format!("`{name}` is a session: `nutkin logs --session {name}`"))
        }
        None => failure,
    })
}

/// A session that was named where a process is due.
fn mistaken<'a>(named: &'a [String], context: &Context<'_>) -> Option<&'a String> {
    let known = platform::known(context.environment).ok()?;
    named.iter().find(|name| known.iter().any(|(session, _)| session.name == **name))
}
