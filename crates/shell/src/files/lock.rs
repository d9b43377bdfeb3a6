//! A lock between processes: one installs, the others wait and find the work done.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use super::fault::{At, FileError};

/// Held until dropped; the kernel drops it with the process, however that ends.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

/// How often a waiter looks again: short beside any download, and no load.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl FileLock {
    /// Waits for the lock. `waiting` is called once if somebody else holds it.
    ///
    /// The lock file stays behind: removing it would let a third process lock a new file of the same
    /// name while a second one still waits for the old.
    ///
    /// # Errors
    /// When the file cannot be created or the file system cannot lock.
    pub async fn take(path: &Path, waiting: impl FnOnce()) -> Result<Self, FileError> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .at("open the lock file", path)?;
        let mut waiting = Some(waiting);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) => {
                    if let Some(waiting) = waiting.take() {
                        waiting();
                    }
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                Err(TryLockError::Error(error)) => return Err(error).at("lock", path),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_waits_for_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let first = FileLock::take(&path, || panic!("nobody holds it")).await.unwrap();
        let mut told = false;
        let second = FileLock::take(&path, || told = true);
        assert!(tokio::time::timeout(Duration::from_millis(250), second).await.is_err());
        assert!(told);
        drop(first);
        FileLock::take(&path, || panic!("it was let go")).await.unwrap();
    }
}
