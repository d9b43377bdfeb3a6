//! A directory in which something is prepared, and which then becomes visible as a whole or not at all.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::fault::{At, FileError};

/// Removed when dropped, unless it was put in place.
///
/// It stands beside its target, so that the move is one `rename` of the same file system. Its owner
/// holds the target's [`super::FileLock`]; whatever lies there when the lock is taken was left by a process
/// that was killed, and is removed.
#[derive(Debug)]
pub struct Staging {
    path: PathBuf,
}

impl Staging {
    /// Makes an empty one for `name` in `parent`, after removing what killed processes left.
    ///
    /// # Errors
    /// When the directory cannot be emptied or made.
    pub fn new(parent: &Path, name: &str) -> Result<Self, FileError> {
        let path = parent.join(format!(".staging-{name}"));
        remove(&path).at("remove", &path)?;
        let retired = retired(parent, name);
        remove(&retired).at("remove", &retired)?;
        fs::create_dir_all(&path).at("make the directory", &path)?;
        Ok(Self { path })
    }

    /// Where to prepare.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves `path()/from` to `target` in the same parent, replacing what is there. After a crash at any
    /// point the target is the old one, the new one, or absent.
    ///
    /// # Errors
    /// When a rename or flushing a directory fails; the old one is then still there where possible.
    pub fn publish(&self, from: &str, target: &Path) -> Result<(), FileError> {
        self.swap(from, target).at("put in place", target)
    }

    fn swap(&self, from: &str, target: &Path) -> io::Result<()> {
        let source = self.path.join(from);
        let parent = target.parent().unwrap_or(Path::new("/"));
        sync_directory(&source)?;
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let retired = retired(parent, &name);
        remove(&retired)?;
        match fs::rename(target, &retired) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if let Err(error) = fs::rename(&source, target) {
            let _ = fs::rename(&retired, target);
            return Err(error);
        }
        sync_directory(parent)?;
        // What is left of the old one is removed by the next staging at the latest.
        let _ = remove(&retired);
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Nothing can be done about an error here; the next staging of this name tries again.
        let _ = remove(&self.path);
    }
}

fn retired(parent: &Path, name: &str) -> PathBuf {
    parent.join(format!(".retired-{name}"))
}

/// Removes a file or a directory with all that is in it; an absent one is not an error.
///
/// # Errors
/// When something there cannot be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    let result = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Makes the names in a directory survive a power failure.
///
/// # Errors
/// When the directory cannot be opened or flushed.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Writes a small file so that readers see the old or the new content, never a part.
///
/// # Errors
/// When writing, flushing or renaming fails; the old content then stays.
pub fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::NamedTempFile::new_in(parent)?;
    io::Write::write_all(&mut file, content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_directory(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn what_was_prepared_replaces_the_old_one_and_nothing_else_stays() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("x");
        for round in ["first", "second"] {
            let staging = Staging::new(parent.path(), "x").unwrap();
            fs::create_dir(staging.path().join("home")).unwrap();
            fs::write(staging.path().join("home/file"), round).unwrap();
            staging.publish("home", &target).unwrap();
            assert_eq!(fs::read_to_string(target.join("file")).unwrap(), round);
            drop(staging);
            assert_eq!(names(parent.path()), ["x"]);
        }
    }

    #[test]
    fn a_killed_process_leaves_nothing_for_good() {
        let parent = tempfile::tempdir().unwrap();
        let left = Staging::new(parent.path(), "x").unwrap();
        fs::write(left.path().join("half"), "").unwrap();
        // A killed process runs no destructor.
        std::mem::forget(left);
        let staging = Staging::new(parent.path(), "x").unwrap();
        assert_eq!(names(staging.path()), Vec::<String>::new());
        drop(staging);
        assert_eq!(names(parent.path()), Vec::<String>::new());
    }
}
