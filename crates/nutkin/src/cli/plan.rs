//! `nutkin plan`.

use serde_json::json;

use super::shared::{Output, OutputArgs, SpecArgs, document};
use super::{Context, session_file};
use crate::local::launch::Role;
use crate::local::up::decide;
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
    select::only_local(args.spec.platform.on)?;
    let session = session_file::load(&args.spec, args.name.as_deref(), args.task_managers)?;
    session_file::check_options(&session, context)?;
    runtime::block_on(async {
        let decision = decide(&session, context).await?;
        let is_new = decision.old.is_none();
        let changes = is_new || !decision.is_done();
        if args.output.output == Output::Text {
            let count = |role| decision.new.processes.iter().filter(|one| one.role == role).count();
            let line = if is_new {
                format!(
                    "+ session `{}`: Flink {}, {} JobManagers, {} TaskManagers\n",
                    session.name,
                    decision.new.flink_version,
                    count(Role::JobManager),
                    count(Role::TaskManager)
                )
            } else if decision.change.is_empty() {
                let state =
                    if changes { "some of it does not run: `up` starts it" } else { "no change" };
                format!("session `{}`: {state}\n", session.name)
            } else {
                decision.lines().join("\n") + "\n"
            };
            context.printer.out(&line);
        } else {
            let differences: Vec<_> = decision
                .change
                .differences
                .iter()
                .map(|one| json!({"what": one.what, "old": one.old, "new": one.new}))
                .collect();
            let fields = json!({
                "name": session.name,
                "platform": "local",
                "new": is_new,
                "changes": changes,
                "differences": differences,
                "restarts": {
                    "jobManagers": decision.change.restarts_job_managers,
                    "taskManagers": decision.change.restarts_task_managers,
                },
                "runningJobs": decision.jobs,
                "jobsLost": decision.effect == nutkin_core::change::Effect::Loss,
            });
            context.printer.document(args.output.output, &document("Plan", fields))?;
        }
        Ok(if changes && args.detailed_exitcode { Exit::Changes } else { Exit::Done })
    })
}
