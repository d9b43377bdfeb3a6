//! The number of TaskManagers of a session on this machine.

use nutkin_core::remedy::{Deed, UpWith};
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
    let file = session.origin().map(|file| file.display().to_string());
    let what = if file.is_some() {
        "does it, and notes it"
    } else {
        "with the same options does it, and notes it"
    };
    let task_managers = Some(wanted.to_string());
    let up = UpWith { name: Some(name.to_owned()), file, task_managers, on: None };
    Error::new(Kind::Broken, message).because("NothingNoted").hint(Deed::Up(up).does(what))
}
