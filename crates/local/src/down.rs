//! Ends a session on this machine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::directory::SessionDirectory;
use super::launch::SUPERVISOR;
use super::{control, ownership};
use nutkin_shell::{Context, Error, Kind};
use nutkin_shell::{Ended, Ending, Kept};

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
) -> Result<Ended, Error> {
    // Held to the end: an `up` that starts something meanwhile would lose its files, not its processes.
    let name = directory.name();
    let waiting = || context.events.say(&format!("another command works on `{name}`: waiting"));
    let lock = directory.lock(LOCK_WAIT, waiting).await;
    if let Err(failure) = &lock
        && failure.kind == Kind::TimedOut
    {
        return lock.map(|_| Ended::default());
    }
    // Where no lock can be had (a read-only disk) processes can be ended all the same.
    let ended = end_processes(directory).await?;
    directory.remove(ending.keep_logs)?;
    let mut kept = Vec::new();
    if ending.keep_logs {
        let what = directory.log().display().to_string();
        kept.push(Kept { what, remark: String::new(), is_data: false });
    }
    let mut deleted = Vec::new();
    let holds = contents(&directory.data());
    if let Some(data) = keep_or_delete(directory, ending.delete_data)? {
        let remark =
            format!("{holds}: a session of this name finds it again; --delete-data deletes it");
        kept.push(Kept { what: data.display().to_string(), remark, is_data: true });
    }
    if ending.delete_data && !holds.is_empty() {
        deleted.push(described(directory, &holds));
    }
    Ok(Ended { ended, kept, deleted })
}

/// Ends all processes. On a thread of its own, so that Ctrl-C is heard while processes take their time; it ends with the command then.
///
/// # Errors
/// Something could not be ended.
pub async fn end_processes(directory: &SessionDirectory) -> std::io::Result<Vec<String>> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let directory = directory.clone();
    std::thread::spawn(move || send.send(control::end(&directory)));
    receive.await.unwrap_or_else(|_| Err(std::io::Error::other("nothing was ended")))
}

/// Names of the processes that still live.
pub fn left(directory: &SessionDirectory) -> Vec<String> {
    let living = ownership::find_all(directory.path());
    let mut names: Vec<String> = living.into_iter().map(|one| one.process).collect();
    names.retain(|name| !name.is_empty() && name != SUPERVISOR);
    names.sort();
    names.dedup();
    names
}

/// The data that an end with `--delete-data` deletes; `None` where there is none.
pub fn deletable(directory: &SessionDirectory) -> Option<String> {
    let holds = contents(&directory.data());
    (!holds.is_empty()).then(|| described(directory, &holds))
}

fn described(directory: &SessionDirectory, holds: &str) -> String {
    format!("`{}`: {holds}", directory.data().display())
}

/// What the data of a session is, by its folders: `checkpoints (12 files), savepoints (3 files)`. Empty where there is
/// none.
fn contents(data: &Path) -> String {
    let folders = std::fs::read_dir(data).into_iter().flatten().flatten();
    let mut parts: Vec<String> = folders
        .filter_map(|folder| {
            let files = walkdir::WalkDir::new(folder.path()).into_iter().flatten();
            let count = files.filter(|entry| entry.file_type().is_file()).count();
            let noun = if count == 1 { "file" } else { "files" };
            let name = folder.file_name().to_string_lossy().into_owned();
            (0 < count).then(|| format!("{name} ({count} {noun})"))
        })
        .collect();
    parts.sort();
    parts.join(", ")
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
