//! `nutkin scale`.

use std::cell::RefCell;

use super::Context;
use super::consent::{self, ConsentArgs};
use super::select;
use super::shared::PlatformArgs;
use crate::platform::Scaling;
use crate::runtime::{self, unless_interrupted};
use crate::{Exit, Outcome};
use nutkin_flink::counted;
use nutkin_shell::{Error, Kind};

/// Arguments of `nutkin scale`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin scale --task-managers 3
  nutkin scale orders --task-managers 1 --yes")]
pub struct Args {
    /// The session's name
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Number of TaskManagers
    #[arg(long, value_name = "N")]
    task_managers: u32,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    consent: ConsentArgs,
}

/// Starts or ends TaskManagers; the others are not touched.
///
/// # Errors
/// No such session (5), consent needed (6).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let begun = RefCell::new(None);
    runtime::block_on(async {
        unless_interrupted(scale(&args, &begun, context), || interrupted(begun.take())).await
    })
}

/// A change on its way: the session, and how many TaskManagers it had and gets.
type Begun = (String, usize, usize);

/// What Ctrl-C leaves behind.
fn interrupted(begun: Option<Begun>) -> Error {
    let Some((name, old, new)) = begun else {
        return Error::new(Kind::Interrupted, "interrupted; nothing was changed");
    };
    let message = format!(
        "interrupted while session `{name}` went from {old} to {}",
        counted(new, "TaskManager")
    );
    Error::new(Kind::Interrupted, message).hint(format!(
        "`nutkin status {name}` shows how many run, `nutkin scale {name} --task-managers {new}` goes on"
    ))
}

async fn scale(args: &Args, begun: &RefCell<Option<Begun>>, context: &Context<'_>) -> Outcome {
    let session = select::find(args.name.as_deref(), None, &args.platform, context).await?;
    let (name, new) = (session.name().to_owned(), args.task_managers as usize);
    let mut scaling = Scaling::of(session, args.task_managers, context).await?;
    let old = scaling.old;
    let jobs = scaling.endangered(!args.consent.yes && !args.consent.force).await?;
    if let Some(jobs) = jobs.names() {
        context.printer.say(&format!(
            "ends {}; jobs there fail over to their last checkpoint: {jobs}",
            counted(old - new, "TaskManager")
        ));
        consent::ask(args.consent, false, "Go on?", context)?;
    }
    if scaling.starts_all() {
        context.printer.say(&format!(
            "no process of session `{name}` runs: Nutkin starts its JobManagers, too"
        ));
    }
    begun.replace(Some((name.clone(), old, new)));
    Box::pin(scaling.carry_out(context)).await?;
    context.printer.say(&if scaling.is_there() {
        format!("session `{name}` has {} already", counted(new, "TaskManager"))
    } else {
        format!("session `{name}`: {old} -> {}", counted(new, "TaskManager"))
    });
    Ok(Exit::Done)
}
