//! Errors of files that name the file, and what to do about the common ones.

use std::io;
use std::path::{Path, PathBuf};

use nutkin_core::Remedy;

use crate::Error;

/// An error of the file system with what was being done to which file.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`", .path.display())]
pub struct FileError {
    /// `write`, `read`, `make the directory`...
    pub action: &'static str,
    /// The file.
    pub path: PathBuf,
    /// The reason.
    pub source: io::Error,
}

/// Adds the action and the file to an error.
pub trait At<T> {
    /// Says what failed, on which file.
    ///
    /// # Errors
    /// The error that was there.
    fn at(self, action: &'static str, path: &Path) -> Result<T, FileError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, FileError> {
        self.map_err(|source| FileError { action, path: path.to_owned(), source })
    }
}

/// A failure with what to do about full disks and missing permissions, wherever in the
/// chain of causes they stand.
pub fn with_hint(error: impl Into<anyhow::Error>) -> Error {
    let error: anyhow::Error = error.into();
    let kind =
        error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    let failure = Error::from(error);
    match kind {
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => failure
            .hint("free some space (`df -h`), or set XDG_CACHE_HOME to a larger disk")
            .hint(Remedy::ListDistributions),
        Some(io::ErrorKind::FileTooLarge) => {
            failure.hint("the limit for file sizes is too low here: see `ulimit -f`")
        }
        Some(io::ErrorKind::PermissionDenied) => {
            failure.hint("check the owner and the permissions of the path and of its folders")
        }
        Some(io::ErrorKind::ReadOnlyFilesystem) => {
            failure.hint("set XDG_CACHE_HOME to a directory that can be written")
        }
        _ => failure,
    }
}
