//! The `FlinkSessionJob`s of a session file, for `up -f` and `run -f`.

use std::path::Path;

use nutkin_core::record::SessionRecord;
use nutkin_core::session::Session;

use super::Context;
use crate::flink_rest::Client;
use crate::local::directory::{self, SessionDirectory, StateError};
use crate::{Failure, jobs, select};

/// Brings the jobs to what the file says, and remembers what was done in the session's record.
///
/// # Errors
/// The record is damaged, or a job could not be stopped or submitted.
pub(super) async fn bring(
    session: &Session,
    file: Option<&Path>,
    context: &Context<'_>,
) -> Result<(), Failure> {
    if session.jobs.is_empty() {
        return Ok(());
    }
    let place = SessionDirectory::of(context.environment, &session.name)?;
    let connected = select::connect_to(place)?;
    let client = Client::new(&connected.rest_urls, connected.flink)?;
    let path = connected.directory.record();
    let mut record = match directory::read_json(&path) {
        Ok(record) => record,
        Err(StateError::Missing(_)) => SessionRecord::new(&session.name),
        Err(error) => return Err(select::damaged(&connected.directory, error)),
    };
    let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
    let base = context.environment.directory.join(folder);
    let remember = |record: &SessionRecord| directory::write_json(&path, record);
    jobs::bring(session, &client, &mut record, &base, context, remember).await
}
