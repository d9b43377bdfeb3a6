//! The local platform: a session as processes of this machine.
//!
//! A command writes what shall run into the session's [`directory`], and a [`supervisor`] keeps it
//! running. What is [ours](ownership) is read from `/proc`, never from a note alone.

pub mod checkpoints;
pub mod control;
pub mod directory;
pub mod down;
pub mod end;
pub mod launch;
pub mod leftovers;
mod let_go;
mod life;
pub mod logs;
pub mod machine;
pub mod observe;
pub mod ownership;
pub mod ready;
mod recovery;
pub mod rotate;
pub mod scale;
pub mod shell;
mod silent;
pub mod store;
pub mod suffering;
pub mod supervisor;
mod time_zone;
pub mod view;
pub mod why;

use directory::SessionDirectory;
use nutkin_core::remedy::Deed;
use nutkin_core::selection::Platform;

use nutkin_rest::Connected;
use nutkin_shell::{Error, Kind};

/// How to reach a session: its addresses are those of this machine.
///
/// # Errors
/// Its state is damaged, or it does not run and nothing starts it again.
pub fn connect(directory: &SessionDirectory) -> Result<Connected, Error> {
    if directory.has_ended() {
        let name = directory.name();
        return Err(Error::new(Kind::NotFound, format!("session `{name}` has ended"))
            .hint(Deed::up_of(name).does("starts it again")));
    }
    let launch = launch::read_launch(directory)?;
    // What a supervisor starts again answers soon; what nobody does is not waited for.
    let seen = control::look(directory);
    let mut processes = seen.running.iter().flat_map(|running| &running.processes);
    if !seen.supervisor
        && !processes.any(|one| one.role == launch::Role::JobManager && one.pid.is_some())
    {
        let name = directory.name();
        return Err(Error::new(Kind::Broken, format!("no JobManager of session `{name}` runs"))
            .hint(Deed::up_of(name).does("starts it again with the same options")));
    }
    let flink = launch.flink_version.parse()?;
    let identity = launch::identity(&launch);
    Ok(Connected {
        name: directory.name().to_owned(),
        platform: Platform::Local,
        rest_urls: launch.rest_urls,
        flink,
        identity,
        tunnel: None,
        tenure: None,
    })
}
