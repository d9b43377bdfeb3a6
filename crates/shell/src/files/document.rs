//! JSON files that a reader sees as the old one or the new one, never half.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It is not there.
    #[error("`{0}` is missing")]
    Missing(PathBuf),
    /// It is there, but not what Nutkin writes.
    #[error("`{0}` is damaged")]
    Damaged(PathBuf, #[source] serde_json::Error),
    /// The system refused.
    #[error("`{0}` cannot be read")]
    Unreadable(PathBuf, #[source] io::Error),
}

/// Reads a JSON file.
///
/// # Errors
/// Missing, damaged or unreadable.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, StateError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error)
            if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) =>
        {
            return Err(StateError::Missing(path.to_owned()));
        }
        Err(error) => return Err(StateError::Unreadable(path.to_owned(), error)),
    };
    serde_json::from_slice(&text).map_err(|error| StateError::Damaged(path.to_owned(), error))
}

/// Writes a JSON file: a reader sees the old one or the new one, also after a power cut.
///
/// # Errors
/// The system refused.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    write_private(path, &text)
}

/// Writes a file for the owner alone, by way of a temporary one beside it.
///
/// # Errors
/// The system refused.
pub fn write_private(path: &Path, data: &[u8]) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    let partial = PathBuf::from(partial);
    let result = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&partial)
        .and_then(|mut file| file.write_all(data).and_then(|()| file.sync_data()))
        .and_then(|()| fs::rename(&partial, path));
    if result.is_err() {
        let _ = fs::remove_file(&partial);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_back_or_named() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("x.json");
        assert!(matches!(read_json::<Vec<u8>>(&path), Err(StateError::Missing(_))));
        write_json(&path, &vec![1, 2]).unwrap();
        assert_eq!(read_json::<Vec<u8>>(&path).unwrap(), [1, 2]);
        fs::write(&path, "[1, ").unwrap();
        let error = read_json::<Vec<u8>>(&path).unwrap_err();
        assert!(error.to_string().contains("x.json` is damaged"), "{error}");
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 1, "nothing partial is left");
    }
}
