//! `nutkin logs`.

mod wanted;

use futures_util::StreamExt as _;
use nutkin_core::logs::{LogFilter, LogSieve};

use self::wanted::WantedArgs;
use super::Context;
use super::select;
use super::shared::PlatformArgs;
use crate::platform::{self};
use crate::report::Style;
use crate::runtime::Interrupt;
use crate::{Exit, Outcome, runtime};
use nutkin_shell::{Error, LogLine, LogStream, Logged, Logs};

/// Arguments of `nutkin logs`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin logs                     all processes by time, each line with its process
  nutkin logs jobmanager -f       follow one
  nutkin logs orders              all processes of the session `orders`
  nutkin logs --session orders --tail 20 taskmanager-1
  nutkin logs --since 10m --level warn
  nutkin logs --job totals --grep 'checkpoint [0-9]+'

An exception is shown with its causes and stacks, or not at all.")]
pub struct Args {
    /// A session, and processes to show: jobmanager, taskmanager-1; all by default
    #[arg(value_name = "[NAME] PROCESS")]
    processes: Vec<String>,

    /// The session's name
    #[arg(long)]
    session: Option<String>,

    /// Continue with new lines, in the order in which they come
    #[arg(long, short)]
    follow: bool,

    /// Only the last lines of each log, before anything else is left out
    #[arg(long, value_name = "LINES")]
    tail: Option<usize>,

    /// Logs of containers that ended before, too; on this machine files that were put aside
    #[arg(long, short)]
    previous: bool,

    #[command(flatten)]
    wanted: WantedArgs,

    #[command(flatten)]
    platform: PlatformArgs,
}

/// Shows logs and outputs of the processes in order of time, with a prefix for each.
///
/// # Errors
/// No such session or job (5) or process (2).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let mut processes = args.processes;
    let mut name = args.session;
    if name.is_none() && processes.first().is_some_and(|first| is_session(first, context)) {
        name = Some(processes.remove(0));
    }
    let named = processes.clone();
    runtime::block_on(async {
        let session = select::find(name.as_deref(), None, &args.platform, context).await?;
        let filter = args.wanted.filter(&session).await?;
        let logs = Logs {
            processes,
            follow: args.follow,
            tail: args.tail,
            previous: args.previous,
            since: filter.since,
        };
        let shown = print(session.logs(&logs), filter, context);
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

/// Lines that are printed at once, where so many are there.
const AT_ONCE: usize = 256;

/// Prints lines with their process before them, and tells the rest, in the order in which it comes.
async fn print(
    logged: LogStream<'_>,
    filter: LogFilter,
    context: &Context<'_>,
) -> Result<(), Error> {
    let printer = context.printer;
    let mut sieve = LogSieve::new(filter);
    let mut width = 0;
    let mut chunks = logged.ready_chunks(AT_ONCE);
    while let Some(chunk) = chunks.next().await {
        let mut text = String::new();
        for logged in chunk {
            if !matches!(logged, Ok(Logged::Line(_))) {
                printer.out(&std::mem::take(&mut text));
            }
            match logged? {
                Logged::Line(line) => {
                    for LogLine { process, text: line, .. } in sieve.line(line) {
                        let prefix = printer.style_out(Style::Cyan, &format!("{process:<width$}"));
                        text.push_str(&format!("{prefix} | {line}\n"));
                    }
                }
                Logged::Processes(names) => {
                    width = names.iter().map(String::len).max().unwrap_or(0);
                }
                Logged::Said(line) => printer.say(&line),
                Logged::Warned(line) => printer.warn(&line),
                Logged::Hint(remedy) => context.events.hint(&remedy),
            }
        }
        printer.out(&text);
    }
    Ok(())
}

/// Whether a word is the name of a session rather than of a process.
fn is_session(word: &str, context: &Context<'_>) -> bool {
    let roles = ["jobmanager", "taskmanager", "zookeeper"];
    !roles.iter().any(|role| word.starts_with(role))
        && platform::known(context.environment)
            .is_ok_and(|known| known.iter().any(|(session, _)| session.name == word))
}

/// A session that was named where a process is due.
fn mistaken<'a>(named: &'a [String], context: &Context<'_>) -> Option<&'a String> {
    let known = platform::known(context.environment).ok()?;
    named.iter().find(|name| known.iter().any(|(session, _)| session.name == **name))
}
