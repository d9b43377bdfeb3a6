//! Changes the number of TaskManagers of a session on this machine.

use std::time::Duration;

use super::control;
use super::directory::{self, SessionDirectory};
use super::launch::{Definition, Launch, Role};
use crate::{Context, Exit, Failure, select};

/// How long another command may hold the session's lock: longer than any of them does.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// Another number of TaskManagers, decided and not carried out.
#[derive(Debug)]
pub struct Scaling {
    directory: SessionDirectory,
    launch: Launch,
    /// The number there is.
    pub old: usize,
}

/// Makes the orders for so many TaskManagers; the others are not touched.
///
/// # Errors
/// The state is damaged, or there is no TaskManager to take as a pattern.
pub fn decide(session: &SessionDirectory, new: usize) -> Result<Scaling, Failure> {
    let mut launch = read_launch(session)?;
    let is_task_manager = |one: &Definition| one.role == Role::TaskManager;
    let old = launch.processes.iter().filter(|one| is_task_manager(one)).count();
    let Some(pattern) = launch.processes.iter().find(|one| is_task_manager(one)).cloned() else {
        return Err(Failure::new(
            Exit::Failed,
            "the session has no TaskManager to take as a pattern",
        )
        .hint("use `nutkin up --task-managers N`"));
    };
    let number = |one: &Definition| one.name.rsplit('-').next()?.parse::<usize>().ok();
    launch.processes.retain(|one| !is_task_manager(one) || number(one).is_some_and(|n| n <= new));
    for index in old + 1..=new {
        launch.processes.push(renamed(&pattern, index));
    }
    launch.generation += 1;
    Ok(Scaling { directory: session.clone(), launch, old })
}

impl Scaling {
    /// Gives the orders.
    ///
    /// # Errors
    /// Another command changed the session since, the lock is held too long, or the system refuses.
    pub async fn carry_out(&self, context: &Context<'_>) -> Result<(), Failure> {
        let name = self.directory.name();
        let waiting =
            || context.printer.say(&format!("another command works on `{name}`: waiting"));
        let _lock = self.directory.lock(LOCK_WAIT, waiting).await?;
        let now = read_launch(&self.directory)?;
        if (now.token.as_str(), now.generation + 1) != self.launch.identity() {
            let message = format!("another command changed session `{name}` in the meantime");
            return Err(Failure::new(Exit::Failed, message)
                .hint("run the same command again: it starts from what is there now"));
        }
        control::give_orders(&std::env::current_exe()?, &self.directory, &self.launch)?;
        Ok(())
    }
}

/// Reads a session's `launch.json`.
///
/// # Errors
/// It is missing or damaged: what to do is said.
pub(super) fn read_launch(directory: &SessionDirectory) -> Result<Launch, Failure> {
    directory::read_json(&directory.launch()).map_err(|error| select::damaged(directory, error))
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
