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
}
