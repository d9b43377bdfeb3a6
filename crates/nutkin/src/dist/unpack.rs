//! Distributions out of archives and directories.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use tar::Archive;

use crate::Failure;

/// The folders of a distribution that sessions need. Scripts and examples are not among them: Nutkin
/// does what the scripts do.
const FOLDERS: &[&str] = &["lib", "opt", "plugins", "bin", "conf", "licenses"];

/// Unpacks a `.tgz` of Apache (`flink-1.20.5/lib/...`) or of the Python package (`.../deps/lib/...`).
///
/// # Errors
/// It cannot be read, is no gzip'd tar, breaks off, or the disk is full.
pub(super) fn archive(archive: &Path, into: &Path) -> Result<(), Failure> {
    let context = |error: io::Error| {
        let message = format!("cannot unpack `{}`", archive.display());
        Failure::from(anyhow::Error::new(error).context(message))
            .hint("nothing was installed; the archive may be damaged, or the disk full")
    };
    let file = File::open(archive).map_err(context)?;
    for entry in Archive::new(GzDecoder::new(file)).entries().map_err(context)? {
        let mut entry = entry.map_err(context)?;
        let Some(path) = inside(&entry.path().map_err(context)?) else { continue };
        let target = into.join(path);
        if entry.header().entry_type().is_dir() {
            fs::create_dir_all(&target).map_err(context)?;
        } else if entry.header().entry_type().is_file() {
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(context)?;
            }
            let mut file = File::create(&target).map_err(context)?;
            io::copy(&mut entry, &mut file).map_err(context)?;
        }
    }
    Ok(())
}

/// The path of an entry below the distribution's home, if it belongs to one of the folders. Entries that
/// would leave it are passed over.
fn inside(path: &Path) -> Option<PathBuf> {
    let parts: Vec<&str> = path
        .components()
        .map(|part| match part {
            Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    // The first part is the archive's own folder; the Python package has one more.
    let ([_, "deps", rest @ ..] | [_, rest @ ..]) = parts.as_slice() else { return None };
    let folder = rest.first()?;
    FOLDERS.contains(folder).then(|| rest.iter().collect())
}

/// Copies a distribution, with hard links where the file system allows it.
///
/// # Errors
/// A file cannot be read or written.
pub(super) fn copy(home: &Path, into: &Path) -> Result<(), Failure> {
    for folder in FOLDERS {
        for entry in walkdir::WalkDir::new(home.join(folder)).into_iter().flatten() {
            let relative = entry.path().strip_prefix(home)?;
            let target = into.join(relative);
            if entry.file_type().is_dir() {
                fs::create_dir_all(&target)?;
            } else if fs::hard_link(entry.path(), &target).is_err() {
                fs::copy(entry.path(), &target)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folders_of_a_distribution() {
        #[track_caller]
        fn check(path: &str, expected: Option<&str>) {
            assert_eq!(inside(Path::new(path)).as_deref(), expected.map(Path::new), "{path}");
        }
        check("flink-1.20.5/lib/a.jar", Some("lib/a.jar"));
        check("apache_flink_libraries-1.20.5/deps/lib/a.jar", Some("lib/a.jar"));
        check("flink-1.20.5/README.txt", None);
        check("x/../../lib/a.jar", None);
        check("/lib/a.jar", None);
        check("lib", None);
    }

    #[test]
    fn what_is_no_archive_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("x.tgz");
        fs::write(&file, "not gzip").unwrap();
        let failure = archive(&file, directory.path()).unwrap_err();
        assert!(failure.error.to_string().starts_with("cannot unpack"), "{failure:?}");
    }
}
