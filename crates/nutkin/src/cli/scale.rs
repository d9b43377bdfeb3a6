//! `nutkin scale`.

use super::Context;
use super::consent::{self, ConsentArgs};
use super::shared::PlatformArgs;
use crate::{Exit, Outcome, runtime, select};
use nutkin_core::counted;

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
    runtime::block_on(async {
        let session = select::find(args.name.as_deref(), None, &args.platform, context).await?;
        let (name, new) = (session.name(), args.task_managers as usize);
        let mut scaling = session.scaling(args.task_managers).await?;
        let old = scaling.now();
        if old == new {
            context
                .printer
                .say(&format!("session `{name}` has {} already", counted(new, "TaskManager")));
            return Ok(Exit::Done);
        }
        if new < old
            && let Some(jobs) = session.endangered(!args.consent.yes && !args.consent.force).await?
        {
            context.printer.say(&format!(
                "ends {}; jobs there fail over to their last checkpoint: {jobs}",
                counted(old - new, "TaskManager")
            ));
            consent::ask(args.consent, false, "Go on?", context)?;
        }
        scaling.carry_out(context).await?;
        context.printer.say(&format!("session `{name}`: {old} -> {}", counted(new, "TaskManager")));
        Ok(Exit::Done)
    })
}
