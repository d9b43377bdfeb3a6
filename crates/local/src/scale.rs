//! Changes the number of TaskManagers of a session on this machine.

use nutkin_shell::files::document;
use std::time::Duration;

use super::control;
use super::directory::{self, SessionDirectory};
use super::launch::{Definition, Launch, Role};
use nutkin_shell::{Context, Error, Kind};

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
/// The state is damaged, or the session was made without TaskManagers: nothing says what one would be like.
pub fn decide(session: &SessionDirectory, new: usize) -> Result<Scaling, Error> {
    let mut launch = read_launch(session)?;
    let old = launch.processes.iter().filter(|one| is_task_manager(one)).count();
    if old != new && !resize(&mut launch, new) {
        let file = session.origin().map_or_else(
            || "`nutkin up --task-managers N` with the same options".to_owned(),
            |file| format!("`nutkin up -f {} --task-managers N`", file.display()),
        );
        let message = "the session was made without TaskManagers: there is no TaskManager to use as a template";
        return Err(Error::new(Kind::Broken, message).hint(format!("{file} makes them")));
    }
    Ok(Scaling { directory: session.clone(), launch, old })
}

fn is_task_manager(one: &Definition) -> bool {
    one.role == Role::TaskManager
}

/// Makes the orders ones for so many TaskManagers; not, where there is none to make others like.
fn resize(launch: &mut Launch, new: usize) -> bool {
    let first = launch.processes.iter().find(|one| is_task_manager(one)).cloned().map(Box::new);
    let Some(pattern) = first.or_else(|| launch.pattern.take()) else { return false };
    let old = launch.processes.iter().filter(|one| is_task_manager(one)).count();
    let number = |one: &Definition| one.name.rsplit('-').next()?.parse::<usize>().ok();
    launch.processes.retain(|one| !is_task_manager(one) || number(one).is_some_and(|n| n <= new));
    for index in old + 1..=new {
        launch.processes.push(renamed(&pattern, index));
    }
    launch.pattern = (new == 0).then_some(pattern);
    launch.generation += 1;
    true
}

impl Scaling {
    /// Gives the orders.
    ///
    /// # Errors
    /// Another command changed the session since, the lock is held too long, or the system refuses.
    pub async fn carry_out(&self, context: &Context<'_>) -> Result<(), Error> {
        let name = self.directory.name();
        let waiting = || context.events.say(&format!("another command works on `{name}`: waiting"));
        let _lock = self.directory.lock(LOCK_WAIT, waiting).await?;
        let now = read_launch(&self.directory)?;
        if (now.token.as_str(), now.generation + 1) != self.launch.identity() {
            let message = format!("another command changed session `{name}` in the meantime");
            return Err(Error::new(Kind::Broken, message)
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
pub(super) fn read_launch(directory: &SessionDirectory) -> Result<Launch, Error> {
    document::read_json(&directory.launch()).map_err(|error| directory::damaged(directory, error))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn definition(name: &str) -> Definition {
        Definition {
            name: name.to_owned(),
            role: Role::of_name(name),
            program: "java".into(),
            arguments: vec![
                format!("-Dlog.file=/log/{name}.log"),
                format!("-Dtaskmanager.resource-id={name}"),
            ],
            environment: BTreeMap::new(),
            directory: "/".into(),
            out: format!("/log/{name}.out").into(),
            log: format!("/log/{name}.log").into(),
            inputs: String::new(),
        }
    }

    fn launch(names: &[&str]) -> Launch {
        Launch {
            generation: 1,
            token: "t".to_owned(),
            flink_version: "1.20.5".to_owned(),
            rest_urls: Vec::new(),
            ports: BTreeMap::new(),
            options: BTreeMap::new(),
            files: BTreeMap::new(),
            processes: names.iter().map(|name| definition(name)).collect(),
            pattern: None,
        }
    }

    #[test]
    fn task_managers_come_and_go_and_come_back() {
        #[track_caller]
        fn check(launch: &mut Launch, new: usize, names: &[&str]) {
            assert!(resize(launch, new));
            let expected: Vec<Definition> = names.iter().map(|name| definition(name)).collect();
            assert_eq!(launch.processes, expected);
        }
        let mut orders = launch(&["jobmanager", "taskmanager-1"]);
        let all = ["jobmanager", "taskmanager-1", "taskmanager-2", "taskmanager-3"];
        check(&mut orders, 3, &all);
        check(&mut orders, 1, &all[..2]);
        check(&mut orders, 0, &all[..1]);
        check(&mut orders, 3, &all);
        assert_eq!(orders.pattern, None);
        assert_eq!(orders.generation, 5);
    }

    #[test]
    fn nothing_is_made_like_what_there_never_was() {
        let mut orders = launch(&["jobmanager"]);
        assert!(!resize(&mut orders, 1));
        assert_eq!(orders, launch(&["jobmanager"]));
    }
}
