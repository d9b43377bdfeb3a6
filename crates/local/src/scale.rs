//! The number of TaskManagers of a session on this machine.

use nutkin_flink::process::Role;
use nutkin_shell::{Error, Kind};

use super::directory::SessionDirectory;
use super::launch::read_launch;

/// The number of TaskManagers in the orders.
///
/// # Errors
/// The state is damaged.
pub fn task_managers(session: &SessionDirectory) -> Result<usize, Error> {
    let launch = read_launch(session)?;
    Ok(launch.processes.iter().filter(|one| one.role == Role::TaskManager).count())
}

/// Why a session cannot be scaled of which nobody noted what is wanted: its orders do not say what another TaskManager
/// would be like.
pub fn not_noted(session: &SessionDirectory, wanted: u32) -> Error {
    let name = session.name();
    let message = format!(
        "it is not noted what is wanted of session `{name}`: an older release made it, or its ledger was lost"
    );
    let hint = session.origin().map_or_else(
        || format!("`nutkin up {name} --task-managers {wanted}` with the same options"),
        |file| format!("`nutkin up {name} -f {} --task-managers {wanted}`", file.display()),
    );
    Error::new(Kind::Broken, message)
        .because("NothingNoted")
        .hint(format!("{hint} does it, and notes it"))
}
