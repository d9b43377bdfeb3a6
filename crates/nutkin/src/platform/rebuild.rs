//! What is wanted of a session whose ledger was lost, out of what it was started with: as far as that goes, and only where
//! the session then is what is wanted.

use nutkin_core::decide::Goal;
use nutkin_core::decide::local::{Launch, decide, plan};
use nutkin_core::ledger::Wanted;
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::process::Role;
use nutkin_local::directory::SessionDirectory;
use nutkin_local::shell::LocalShell;
use nutkin_shell::{Place, files::document};

use crate::Context;

/// What is wanted of a session on this machine, by its orders. `None`: there are none, or more was wanted than they say.
pub async fn of(name: &str, place: &Place, context: &Context<'_>) -> Option<Wanted> {
    if *place != Place::Local {
        return None;
    }
    let directory = SessionDirectory::of(context.environment, name).ok()?;
    let launch: Launch = document::read_json(&directory.launch()).ok()?;
    let bare = Inputs {
        name: Some(name.to_owned()),
        flink: launch.flink_version.parse().ok(),
        ..Inputs::default()
    };
    let mut shell = LocalShell::new(directory);
    let session = spec::resolve(&bare).ok()?;
    let seen = shell.observe(Some(&session), context).await.ok()?;
    let by_default = plan(&session, &seen).ok()?.launch.options;
    let said = launch.options.iter().filter(|(key, value)| by_default.get(*key) != Some(value));
    let inputs = Inputs {
        options: said.map(|(key, value)| (key.clone(), value.clone())).collect(),
        task_managers: Some(launch.count(Role::TaskManager)),
        ..bare
    };
    let session = spec::resolve(&inputs).ok()?;
    let seen = shell.observe(Some(&session), context).await.ok()?;
    let decision = decide(Goal::Session(&session), &seen).ok()?;
    decision.change.is_empty().then(|| Wanted::of(&inputs, &session, None))
}
