//! `nutkin plan`.

use super::shared::{Output, OutputArgs, SpecArgs, document};
use super::{Context, session_file};
use crate::local::up::Purpose;
use crate::platform::{Decision, Wish};
use crate::{Exit, Outcome, runtime, select};

/// Arguments of `nutkin plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin plan -f session.yaml
  nutkin plan -D taskmanager.numberOfTaskSlots=4 --detailed-exitcode")]
pub struct Args {
    /// The session's name
    #[arg(value_name = "NAME")]
    name: Option<String>,

    #[command(flatten)]
    spec: SpecArgs,

    /// Number of TaskManagers
    #[arg(long, value_name = "N")]
    task_managers: Option<u32>,

    /// Take over a session on Kubernetes that somebody else started
    #[arg(long)]
    adopt: bool,

    /// Exit with 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,

    #[command(flatten)]
    output: OutputArgs,
}

/// Shows what `up` would do, and does nothing.
///
/// # Errors
/// Bad input (2; 1 with `--detailed-exitcode`), a damaged state (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let detailed = args.detailed_exitcode;
    plan(args, context).map_err(|mut failure| {
        if detailed {
            failure.exit = Exit::Failed;
        }
        failure
    })
}

fn plan(args: Args, context: &Context<'_>) -> Outcome {
    let session =
        session_file::load(&args.spec, args.name.as_deref(), args.task_managers, context)?;
    session_file::check_options(&session, context)?;
    let place = select::place(&args.spec, &session, context)?;
    runtime::block_on(async {
        let wish =
            Wish { session: &session, place: &place, purpose: Purpose::Look, adopt: args.adopt };
        let decision = Decision::of(wish, context).await?;
        if args.output.output == Output::Text {
            context.printer.out(&(decision.lines().join("\n") + "\n"));
        } else {
            let document = document("Plan", decision.document());
            context.printer.document(args.output.output, &document)?;
        }
        let changes = decision.is_new() || !decision.is_done();
        Ok(if changes && args.detailed_exitcode { Exit::Changes } else { Exit::Done })
    })
}
