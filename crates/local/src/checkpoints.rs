//! Checkpoints that lie where a session on this machine keeps them by default.

use std::path::PathBuf;

use super::directory::SessionDirectory;

/// The newest whole checkpoint of a job. `None`: there is none, or the session keeps them elsewhere.
pub fn newest(directory: &SessionDirectory, job: &str) -> Option<PathBuf> {
    let folder = directory.data().join("checkpoints").join(job);
    let all = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let numbered = all.filter_map(|entry| {
        let number: u64 = entry.file_name().to_str()?.strip_prefix("chk-")?.parse().ok()?;
        // Written last: without it a checkpoint is not complete (`FsCheckpointMetadataOutputStream`).
        entry.path().join("_metadata").is_file().then(|| (number, entry.path()))
    });
    numbered.max_by_key(|(number, _)| *number).map(|(_, path)| path)
}

/// The newest of what a job has left where a session on this machine keeps it by default, savepoints and checkpoints: of a job
/// whose JobManager has died, and nobody else can tell. `None`: nothing, or the session keeps it elsewhere.
pub fn newest_state(directory: &SessionDirectory, job: &str) -> Option<PathBuf> {
    // `SavepointStorage` names a savepoint after the first six digits of the job's id.
    let begins = format!("savepoint-{}-", job.get(..6)?);
    let all = std::fs::read_dir(directory.data().join("savepoints")).into_iter().flatten();
    let savepoints = all
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(&begins)));
    let states = savepoints.map(|entry| entry.path()).chain(newest(directory, job));
    let timed = states.filter_map(|path| {
        let metadata = path.join("_metadata").metadata().ok()?;
        Some((metadata.modified().ok()?, path))
    });
    timed.max().map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_that_is_whole() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = SessionDirectory::at(temporary.path().join("sessions/s"));
        let checkpoints = temporary.path().join("data/s/checkpoints/aa");
        assert_eq!(newest(&directory, "aa"), None);
        for (name, file) in [("chk-9", "_metadata"), ("chk-10", "_metadata"), ("chk-11", "part")] {
            std::fs::create_dir_all(checkpoints.join(name)).unwrap();
            std::fs::write(checkpoints.join(name).join(file), "").unwrap();
        }
        assert_eq!(newest(&directory, "aa"), Some(checkpoints.join("chk-10")));
    }

    #[test]
    fn the_newest_of_savepoints_and_checkpoints() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = SessionDirectory::at(temporary.path().join("sessions/s"));
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(newest_state(&directory, id), None);
        let data = temporary.path().join("data/s");
        let mut last = None;
        for (age, path) in [
            (3, format!("checkpoints/{id}/chk-9")),
            (2, "savepoints/savepoint-012345-aa".to_owned()),
            (1, format!("checkpoints/{id}/chk-10")),
        ] {
            let path = data.join(path);
            std::fs::create_dir_all(&path).unwrap();
            let file = std::fs::File::create(path.join("_metadata")).unwrap();
            let time = std::time::SystemTime::now() - std::time::Duration::from_secs(age);
            file.set_modified(time).unwrap();
            assert_eq!(newest_state(&directory, id), Some(path.clone()));
            last = Some(path);
        }
        // The controls: one of another job, and one that is not complete.
        for path in ["savepoints/savepoint-999999-aa", "savepoints/savepoint-012345-bb"] {
            std::fs::create_dir_all(data.join(path)).unwrap();
        }
        std::fs::write(data.join("savepoints/savepoint-999999-aa/_metadata"), "").unwrap();
        assert_eq!(newest_state(&directory, id), last);
    }
}
