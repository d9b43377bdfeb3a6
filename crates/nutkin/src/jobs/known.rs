//! What a session knows of a job of a file.

use nutkin_core::jobs::{self as rules, Known};
use nutkin_core::session::SessionJob;
use nutkin_rest::{Client, Job};
use nutkin_shell::Error;

use super::failure;

/// Asks the session.
///
/// # Errors
/// It does not answer.
pub(super) async fn known(
    client: &Client,
    namespace: &str,
    job: &SessionJob,
) -> Result<Known, Error> {
    Ok(known_of(&client.jobs().await.map_err(failure)?, namespace, &job.name))
}

/// What a session that lists these jobs knows of the one of this name.
pub(crate) fn known_of(jobs: &[Job], namespace: &str, name: &str) -> Known {
    let states: Vec<(&str, String)> =
        jobs.iter().map(|job| (job.id.as_str(), job.state.to_string())).collect();
    rules::known(namespace, name, states.iter().map(|(id, state)| (*id, state.as_str())))
}
