//! The `FlinkSessionJob`s of a session file, for `up -f` and `run -f`.

use std::path::{Path, PathBuf};

use nutkin_core::record::SessionRecord;
use nutkin_core::session::Session;

use super::Context;
use crate::{jobs, platform};
use nutkin_shell::Error;

/// Looks at the jars of the jobs before anything is started for them.
///
/// # Errors
/// Exit 2 with all that is wrong.
pub(super) fn check(
    session: &Session,
    file: Option<&Path>,
    context: &Context<'_>,
) -> Result<(), Error> {
    let base = folder(file, context);
    jobs::local_jars(&session.jobs, &base).map(drop).map_err(Error::input)
}

/// The folder of the file: relative jars count from there.
fn folder(file: Option<&Path>, context: &Context<'_>) -> PathBuf {
    let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
    context.environment.directory.join(folder)
}

/// Brings the jobs to what the file says, and remembers what was done in the session's record.
///
/// # Errors
/// The record is damaged, or a job could not be stopped or submitted.
pub(super) async fn bring(
    session: &Session,
    mut place: platform::Session,
    file: Option<&Path>,
    context: &Context<'_>,
) -> Result<(), Error> {
    if session.jobs.is_empty() {
        return Ok(());
    }
    let connected = place.connect(true).await?;
    let client = connected.client()?;
    let mut record = place.record().await?;
    let base = folder(file, context);
    let remember = async |record: &SessionRecord| place.remember(record).await;
    jobs::bring(session, &client, &mut record, &base, context, remember).await
}
