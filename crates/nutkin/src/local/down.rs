//! Ends a session on this machine.

use std::path::PathBuf;
use std::time::Duration;

use super::control;
use super::directory::SessionDirectory;
use crate::platform::{Ended, Ending, Kept};
use crate::{Context, Exit, Failure};

/// How long another command may hold the session's lock: another `down` may wait for processes that do not end.
const LOCK_WAIT: Duration = Duration::from_mins(2);

/// Ends its processes and removes its state. Works on a damaged one, too.
///
/// # Errors
/// Something could not be ended or removed.
pub async fn end(
    directory: &SessionDirectory,
    ending: Ending,
    context: &Context<'_>,
) -> Result<Ended, Failure> {
    // Held to the end: an `up` that starts something meanwhile would lose its files, not its processes.
    let name = directory.name();
    let waiting = || context.printer.say(&format!("another command works on `{name}`: waiting"));
    let lock = directory.lock(LOCK_WAIT, waiting).await;
    if let Err(failure) = &lock
        && failure.exit == Exit::TimedOut
    {
        return lock.map(|_| Ended::default());
    }
    // Where no lock can be had (a read-only disk) processes can be ended all the same.
    let ended = control::end(directory)?;
    directory.remove(ending.keep_logs)?;
    let mut kept = Vec::new();
    if ending.keep_logs {
        let what = directory.log().display().to_string();
        kept.push(Kept { what, remark: String::new(), is_data: false });
    }
    if let Some(data) = keep_or_delete(directory, ending.delete_data)? {
        let remark = "a session of this name finds it again; --delete-data deletes it".to_owned();
        kept.push(Kept { what: data.display().to_string(), remark, is_data: true });
    }
    Ok(Ended { ended, kept })
}

/// Deletes the data when that is wanted or there is none. Returns where it is when it stays.
fn keep_or_delete(directory: &SessionDirectory, delete: bool) -> std::io::Result<Option<PathBuf>> {
    let data = directory.data();
    if !data.exists() {
        return Ok(None);
    }
    let has_files =
        walkdir::WalkDir::new(&data).into_iter().flatten().any(|entry| entry.file_type().is_file());
    if delete || !has_files {
        std::fs::remove_dir_all(&data)?;
        return Ok(None);
    }
    Ok(Some(data))
}
