//! The `FlinkSessionJob`s of a session file, for `up -f` and `run -f`.

use std::path::Path;

use nutkin_core::record::SessionRecord;
use nutkin_core::session::Session;

use super::Context;
use crate::{Failure, jobs, platform};

/// Brings the jobs to what the file says, and remembers what was done in the session's record.
///
/// # Errors
/// The record is damaged, or a job could not be stopped or submitted.
pub(super) async fn bring(
    session: &Session,
    mut place: platform::Session,
    file: Option<&Path>,
    context: &Context<'_>,
) -> Result<(), Failure> {
    if session.jobs.is_empty() {
        return Ok(());
    }
    let connected = place.connect(true).await?;
    let client = connected.client()?;
    let mut record = place.record().await?;
    let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
    let base = context.environment.directory.join(folder);
    let remember = async |record: &SessionRecord| place.remember(record).await;
    jobs::bring(session, &client, &mut record, &base, context, remember).await
}
