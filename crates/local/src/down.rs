//! Ends processes of a session, and what it leaves behind.

use std::collections::BTreeMap;
use std::path::Path;

use nutkin_core::decide::local::Data;

use super::directory::SessionDirectory;
use super::launch::is_helper;
use super::{control, ownership};

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
    names.retain(|name| !name.is_empty() && !is_helper(name));
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
    Data { exists: true, files: folders(data) }.describe()
}

/// Number of files in each folder that has some.
pub(super) fn folders(data: &Path) -> BTreeMap<String, usize> {
    let folders = std::fs::read_dir(data).into_iter().flatten().flatten();
    let counted = folders.map(|folder| {
        let files = walkdir::WalkDir::new(folder.path()).into_iter().flatten();
        let count = files.filter(|entry| entry.file_type().is_file()).count();
        (folder.file_name().to_string_lossy().into_owned(), count)
    });
    counted.filter(|(_, count)| 0 < *count).collect()
}
