//! Ends a session on this machine.

use std::path::PathBuf;

use super::control;
use super::directory::SessionDirectory;
use crate::Failure;
use crate::platform::{Ended, Ending, Kept};

/// Ends its processes and removes its state. Works on a damaged one, too.
///
/// # Errors
/// Something could not be ended or removed.
pub fn end(directory: &SessionDirectory, ending: Ending) -> Result<Ended, Failure> {
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
