//! `nutkin cache`: what can be fetched or made again.

use nutkin_fetch::cache::{self, Cached};
use nutkin_local::directory::SessionDirectory;
use nutkin_shell::size;

use super::consent::{self, ConsentArgs};
use super::{Context, dist};
use crate::{Exit, Outcome, runtime};

/// Arguments of `nutkin cache`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin cache prune --dry-run
  nutkin cache prune --yes")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Delete what is cached, no session uses, and can be fetched or made again
    Prune(PruneArgs),
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "What sessions of this machine use stays, and so does what was installed from a path: that may be gone. The next command that needs \
what was deleted fetches it again.

Examples:
  nutkin cache prune --dry-run     what would be deleted, and what stays
  nutkin cache prune --yes         without asking"
)]
struct PruneArgs {
    /// Show what would be deleted, and what stays, and delete nothing
    #[arg(long)]
    dry_run: bool,

    /// Delete what was shown without asking
    #[arg(long, short)]
    yes: bool,
}

/// Runs the command.
///
/// # Errors
/// Consent needed (6), something cannot be read or deleted (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    match args.command {
        Command::Prune(args) => prune(&args, context),
    }
}

/// Orders of this machine's sessions, in which everything that they use is named.
fn orders(context: &Context<'_>) -> Result<Vec<(String, String)>, nutkin_shell::Error> {
    let sessions = SessionDirectory::all(context.environment)?;
    let text = |session: &SessionDirectory| std::fs::read_to_string(session.launch()).ok();
    Ok(sessions.iter().filter_map(|one| Some((one.name().to_owned(), text(one)?))).collect())
}

/// Why something stays; `None`: it may go.
fn needed(one: &Cached, all: &[Cached], orders: &[(String, String)]) -> Option<String> {
    if let Some(reason) = used(one, orders) {
        return Some(reason);
    }
    // Plugins are folders of links, and orders name the folder.
    let of_plugins = all.iter().find(|other| {
        other.path != one.path
            && cache::leads(&other.path, &one.path)
            && used(other, orders).is_some()
    });
    match of_plugins {
        Some(other) => Some(format!("`{}`, which is in use, leads to it", other.path.display())),
        None => one.stays.clone(),
    }
}

/// Who uses something, as far as orders and command lines name it.
fn used(one: &Cached, orders: &[(String, String)]) -> Option<String> {
    let path = one.path.display().to_string();
    // The next letter ends the name: `flink-1.20.5` is not in `flink-1.20.50`.
    let names = |text: &str| {
        text.match_indices(&path)
            .any(|(at, _)| text[at + path.len()..].starts_with(['/', '"', ':']))
    };
    if let Some((name, _)) = orders.iter().find(|(_, text)| names(text)) {
        return Some(format!("session `{name}` uses it"));
    }
    if !dist::running_from(&one.path).is_empty() {
        return Some("a process runs from it".to_owned());
    }
    None
}

fn prune(args: &PruneArgs, context: &Context<'_>) -> Outcome {
    let (all, orders) = (cache::all(context.environment)?, orders(context)?);
    let line = |one: &Cached| format!("{} ({}): {}", one.what, size(one.bytes), one.path.display());
    let (mut goes, mut bytes) = (Vec::new(), 0);
    for one in &all {
        match needed(one, &all, &orders) {
            Some(reason) if args.dry_run => {
                context.printer.say(&format!("stays: {}; {reason}", line(one)));
            }
            Some(_) => {}
            None => {
                bytes += one.bytes;
                goes.push(one);
            }
        }
    }
    if goes.is_empty() {
        context.printer.say("nothing is cached that no session uses");
        return Ok(Exit::Done);
    }
    let when = if args.dry_run { "would" } else { "will" };
    context.printer.say(&format!("{when} be deleted, {} in all:", size(bytes)));
    for one in &goes {
        context.printer.say(&format!("  {}", line(one)));
    }
    if args.dry_run {
        return Ok(Exit::Done);
    }
    let agreed = ConsentArgs { yes: args.yes, force: false };
    consent::ask(agreed, false, "Delete it?", context)?;
    let mut failed = None;
    for one in goes {
        // A session may have come up while the user was asked.
        if let Some(reason) = needed(one, &all, &self::orders(context)?) {
            context.printer.warn(&format!("{} stays: {reason}", one.what));
            continue;
        }
        let removed = runtime::block_on(cache::remove(one, context));
        if let Err(failure) = removed {
            context.printer.warn(&format!("{}: {:#}", one.what, failure.error));
            failed.get_or_insert(failure);
        }
    }
    if let Some(failure) = failed {
        return Err(failure);
    }
    context.printer.say(&format!("{} freed", size(bytes)));
    Ok(Exit::Done)
}
