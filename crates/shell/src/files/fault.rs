//! Errors of files that name the file, and what to do about the common ones.

use std::io;
use std::os::unix::fs::MetadataExt as _;
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
    let path = error.chain().find_map(|cause| cause.downcast_ref::<FileError>());
    let closed = path.zip(own()).and_then(|(one, own)| closed_to(own, &one.path));
    let failure = Error::from(error);
    match kind {
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => failure
            .hint("free some space (`df -h`), or set XDG_CACHE_HOME to a larger disk")
            .hint(Remedy::ListDistributions),
        Some(io::ErrorKind::FileTooLarge) => {
            failure.hint("the limit for file sizes is too low here: see `ulimit -f`")
        }
        Some(io::ErrorKind::PermissionDenied) => failure.hint(closed.unwrap_or_else(|| {
            "check the owner and the permissions of the path and of its folders".to_owned()
        })),
        Some(io::ErrorKind::ReadOnlyFilesystem) => {
            failure.hint("set XDG_CACHE_HOME to a directory that can be written")
        }
        _ => failure,
    }
}

/// That a folder on the way to a path belongs to somebody else, who alone may look into it.
fn closed_to(own: u32, path: &Path) -> Option<String> {
    // The innermost folder that can be seen: what is in it cannot.
    let (folder, seen) = path.ancestors().find_map(|one| Some((one, one.metadata().ok()?)))?;
    let is_closed = seen.uid() != own && seen.mode() & OTHERS == 0;
    is_closed.then(|| {
        format!(
            "`{}` belongs to the user with number {}, and you are {own}: a command with `sudo` may have made it; give it back \
             (`chown`), run the command as that user, or set HOME and XDG_STATE_HOME to directories of yours",
            folder.display(),
            seen.uid()
        )
    })
}

/// What a mode allows users that are neither the owner nor of the group.
const OTHERS: u32 = 0o7;

/// The user of this process: whoever owns what the kernel says of it.
fn own() -> Option<u32> {
    Some(std::fs::metadata("/proc/self").ok()?.uid())
}

#[cfg(test)]
mod tests {
    use std::fs::{DirBuilder, Permissions, set_permissions};
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};

    use super::*;

    #[test]
    fn a_folder_that_another_user_has_closed_is_named() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("state");
        DirBuilder::new().mode(0o700).create(&folder).unwrap();
        let inside = folder.join("nutkin/sessions");
        let own = own().unwrap();
        let said = closed_to(own + 1, &inside).unwrap();
        assert!(said.contains(&format!("state` belongs to the user with number {own}")), "{said}");
        // The controls: one's own, and one that is open.
        assert_eq!(closed_to(own, &inside), None);
        set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        assert_eq!(closed_to(own + 1, &inside), None);
    }
}
