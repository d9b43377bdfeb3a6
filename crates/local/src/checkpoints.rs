//! Checkpoints and archives of jobs that lie on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nutkin_core::jobs::{self, Archived};
use nutkin_shell::Error;

use super::directory::SessionDirectory;

/// The newest whole checkpoint of a job. `None`: there is none, or the session keeps them elsewhere.
fn newest(directory: &SessionDirectory, job: &str) -> Option<PathBuf> {
    let all = whole(&directory.data().join("checkpoints"), job)?;
    all.into_values().next_back()
}

/// The address of the newest whole checkpoint of a job below the directory of all, and the seconds since 1970 at which it was
/// complete. `None`: there is none.
pub fn newest_below(root: &Path, job: &str) -> Option<(String, u64)> {
    let path = whole(root, job)?.into_values().next_back()?;
    let time = path.join("_metadata").metadata().ok()?.modified().ok()?;
    let seconds = time.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    Some((format!("file:{}", path.display()), seconds))
}

/// The whole checkpoints of a job below the directory of all, by their numbers. `None`: the job has no directory there.
pub fn whole(root: &Path, job: &str) -> Option<BTreeMap<u64, PathBuf>> {
    let all = std::fs::read_dir(root.join(job)).ok()?.flatten();
    let numbered = all.filter_map(|entry| {
        let number: u64 = entry.file_name().to_str()?.strip_prefix("chk-")?.parse().ok()?;
        // Written last: without it a checkpoint is not complete (`FsCheckpointMetadataOutputStream`).
        let metadata = entry.path().join("_metadata").metadata().ok()?;
        (metadata.is_file() && 0 < metadata.len()).then(|| (number, entry.path()))
    });
    Some(numbered.collect())
}

/// What JobManagers wrote down of a job in a directory.
///
/// # Errors
/// It is there and cannot be read.
pub fn archived(root: &Path, job: &str) -> Result<Archived, Error> {
    match std::fs::read(root.join(job)) {
        Ok(archive) => Ok(jobs::archived(Some(&archive), job)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Archived::Nothing),
        Err(error) => Err(error.into()),
    }
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
            std::fs::write(checkpoints.join(name).join(file), "x").unwrap();
        }
        assert_eq!(newest(&directory, "aa"), Some(checkpoints.join("chk-10")));
        let (address, seconds) = newest_below(checkpoints.parent().unwrap(), "aa").unwrap();
        assert_eq!(address, format!("file:{}", checkpoints.join("chk-10").display()));
        assert!(1_700_000_000 < seconds);
    }

    #[test]
    fn what_a_job_manager_wrote_down() {
        let temporary = tempfile::tempdir().unwrap();
        let (root, job) = (temporary.path(), "0123456789abcdef0123456789abcdef");
        let read = || archived(root, job).unwrap();
        assert_eq!(read(), Archived::Nothing);
        let row = serde_json::json!({"jid": job, "state": "CANCELED", "end-time": 1_700_000});
        let overview = serde_json::json!({"jobs": [row]}).to_string();
        let answers = serde_json::json!([
            {"path": "/config", "json": "{}"},
            {"path": "/jobs/overview", "json": overview},
        ]);
        let archive = serde_json::json!({"archive": answers}).to_string();
        std::fs::write(root.join(job), archive).unwrap();
        let ended = Archived::Ended { state: "CANCELED".to_owned(), at: Some(1_700_000) };
        assert_eq!(read(), ended);
        std::fs::write(root.join(job), "{\"archive\"").unwrap();
        assert_eq!(read(), Archived::Unclear, "its JobManager ended while it wrote");
        std::fs::remove_file(root.join(job)).unwrap();
        std::fs::create_dir(root.join(job)).unwrap();
        assert!(archived(root, job).is_err());
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
            std::fs::write(path.join("_metadata"), "x").unwrap();
            let file = std::fs::File::options().write(true).open(path.join("_metadata")).unwrap();
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
