//! One change of a session at a time: commands of one machine wait for each other.
//!
//! A daemon has no lock to give. Commands of different machines see each other by the containers that there are, and by
//! the daemon's refusal to give one name twice.

use std::fs;

use super::DockerSession;
use super::session::ListedContainer;
use nutkin_shell::files::{At, Digest, FileLock};
use nutkin_shell::{Context, Error};

/// Waits until no other command of this user changes the session.
///
/// # Errors
/// The lock file cannot be made.
pub(super) async fn take(
    session: &DockerSession,
    context: &Context<'_>,
) -> Result<FileLock, Error> {
    // Sessions of different daemons have nothing to do with each other.
    let mut daemon = Digest::sha256();
    daemon.update(context.environment.text("DOCKER_HOST").unwrap_or_default().as_bytes());
    let folder = context.environment.state_directory().join("docker").join(&daemon.finish()[..16]);
    fs::create_dir_all(&folder).at("make the directory", &folder)?;
    let path = folder.join(format!("{}.lock", session.name));
    let waiting = || {
        let name = &session.name;
        context.events.say(&format!("Waiting: another command changes session `{name}`"));
    };
    Ok(FileLock::take(&path, waiting).await?)
}

/// Checks under the lock that what was decided about without it (containers by name and hash) is still what is there:
/// another command may have been quicker.
///
/// # Errors
/// It was.
pub(super) async fn still_so(
    session: &DockerSession,
    seen: &[(String, String)],
) -> Result<(), Error> {
    if marks(&session.containers().await?) == seen {
        return Ok(());
    }
    Err(Error::changed_meanwhile(&session.name))
}

/// What a change of a session is seen by: names and hashes.
pub(super) fn marks(containers: &[ListedContainer]) -> Vec<(String, String)> {
    containers.iter().map(|one| (one.seen.name.clone(), one.seen.hash.clone())).collect()
}
