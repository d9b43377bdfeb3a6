//! `nutkin scale`.

use super::Context;
use super::consent::{self, ConsentArgs};
use super::shared::PlatformArgs;
use crate::local::launch::{Definition, Role};
use crate::local::rest::Probe;
use crate::local::{control, directory};
use crate::{Exit, Failure, Outcome, runtime, select};

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
    select::only_local(args.platform.on)?;
    let session = select::find(args.name.as_deref(), None, context)?;
    let mut launch = select::read_launch(&session)?;
    let is_task_manager = |one: &Definition| one.role == Role::TaskManager;
    let old = launch.processes.iter().filter(|one| is_task_manager(one)).count();
    let new = args.task_managers as usize;
    let name = session.name().to_owned();
    if old == new {
        context.printer.say(&format!("session `{name}` has {new} TaskManagers already"));
        return Ok(Exit::Done);
    }
    let Some(pattern) = launch.processes.iter().find(|one| is_task_manager(one)).cloned() else {
        return Err(Failure::new(
            Exit::Failed,
            "the session has no TaskManager to take as a pattern",
        )
        .hint("use `nutkin up --task-managers N`"));
    };
    runtime::block_on(async {
        let overview =
            Probe::new(&launch.rest_urls)?.overview().await.map(|(overview, _)| overview);
        let jobs = overview.map_or(0, |overview| overview.jobs_running);
        if new < old && 0 < jobs {
            context.printer.say(&format!(
                "{} TaskManagers end; jobs on them fail over to their last checkpoint ({jobs} run)",
                old - new
            ));
            consent::ask(args.consent, false, "Go on?", context)?;
        }
        let number = |one: &Definition| one.name.rsplit('-').next()?.parse::<usize>().ok();
        launch
            .processes
            .retain(|one| !is_task_manager(one) || number(one).is_some_and(|n| n <= new));
        for index in old + 1..=new {
            launch.processes.push(renamed(&pattern, index));
        }
        launch.generation += 1;
        let _lock = session.lock(std::time::Duration::from_secs(30), || ())?;
        directory::read_json::<serde_json::Value>(&session.launch())
            .map_err(|error| select::damaged(&session, error))?;
        control::give_orders(&std::env::current_exe()?, &session, &launch)?;
        context.printer.say(&format!("session `{name}`: {old} -> {new} TaskManagers"));
        Ok(Exit::Done)
    })
}

/// The same TaskManager under another number.
fn renamed(pattern: &Definition, index: usize) -> Definition {
    let old = &pattern.name;
    let new = format!("taskmanager-{index}");
    let swap = |text: &str| {
        text.replace(&format!("/{old}."), &format!("/{new}.")).replace(
            &format!("taskmanager.resource-id={old}"),
            &format!("taskmanager.resource-id={new}"),
        )
    };
    let path = |path: &std::path::Path| swap(&path.display().to_string()).into();
    Definition {
        arguments: pattern.arguments.iter().map(|argument| swap(argument)).collect(),
        out: path(&pattern.out),
        log: path(&pattern.log),
        name: new.clone(),
        ..pattern.clone()
    }
}
