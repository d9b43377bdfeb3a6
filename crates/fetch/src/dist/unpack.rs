//! Unpacking an archive, or copying a directory, with a checksum of every file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::read::GzDecoder;

use super::manifest::FileSum;
use nutkin_shell::Progress;
use nutkin_shell::files::digest::copy;
use nutkin_shell::files::staging::sync_directory;
use nutkin_shell::files::{At, Digest, FileError};

/// Folders of a distribution. `conf` and `examples` are in Apache's archives only; nothing here needs
/// them, and `log` is empty.
const FOLDERS: &[&str] = &["bin", "conf", "examples", "lib", "licenses", "opt", "plugins"];

/// What is taken of a directory of the user: not `conf`, which may hold passwords.
const FOLDERS_OF_A_HOME: &[&str] = &["bin", "lib", "licenses", "opt", "plugins"];

/// Files beside the folders.
const FILES: &[&str] = &["LICENSE", "NOTICE"];

/// Sums of all files by their path.
pub(crate) type Files = BTreeMap<String, FileSum>;

/// Set when the work shall stop: by Ctrl-C, or because nobody waits for it any more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// A guard that asks to stop when it is dropped.
    pub(crate) fn on_drop(&self) -> impl Drop + use<> {
        struct Guard(Stop);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.0.store(true, Ordering::Relaxed);
            }
        }
        Guard(self.clone())
    }

    /// An error once it was asked to stop.
    ///
    /// # Errors
    /// It was.
    pub(crate) fn check(&self) -> io::Result<()> {
        // Not `ErrorKind::Interrupted`: readers would try again.
        if self.0.load(Ordering::Relaxed) { Err(io::Error::other("interrupted")) } else { Ok(()) }
    }
}

/// Why an archive or a directory cannot become a distribution.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnpackError {
    /// Cut short, bit errors, or no archive at all.
    #[error("`{}` is damaged, or no .tgz archive", .path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The disk, or permissions.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Reads a file, counts its checksums, shows progress, stops when told to.
struct Watched<'a> {
    file: BufReader<File>,
    digests: &'a mut [Digest],
    progress: &'a mut dyn Progress,
    stop: &'a Stop,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stop.check()?;
        let read = self.file.read(buffer)?;
        for digest in &mut *self.digests {
            digest.update(&buffer[..read]);
        }
        self.progress.add(read as u64);
        Ok(read)
    }
}

/// Unpacks what belongs to a distribution from a .tgz: Apache's (`flink-1.20.5/lib/..`) or the source
/// package (`apache_flink_libraries-1.20.5/deps/lib/..`). `digests` see the whole archive.
pub(super) fn archive(
    path: &Path,
    home: &Path,
    digests: &mut [Digest],
    progress: &mut dyn Progress,
    stop: &Stop,
) -> Result<Files, UnpackError> {
    let damaged = |source| UnpackError::Archive { path: path.to_owned(), source };
    let file = BufReader::new(File::open(path).at("open", path)?);
    let mut watched = Watched { file, digests, progress, stop };
    let mut files = Files::new();
    {
        let mut tar = tar::Archive::new(GzDecoder::new(&mut watched));
        for entry in tar.entries().map_err(damaged)? {
            let mut entry = entry.map_err(damaged)?;
            let name = entry.path().map_err(damaged)?.into_owned();
            // Links could lead out of the home; no distribution has any.
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let Some(place) = place(&name) else { continue };
            let mode = entry.header().mode().unwrap_or(0o644);
            let sum =
                write(&mut entry, &home.join(&place), mode, stop).map_err(|error| match error {
                    WriteError::Read(source) => damaged(source),
                    WriteError::Write(error) => error.into(),
                })?;
            files.insert(place, sum);
        }
        // The end of the compressed stream carries its checksum.
        io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(damaged)?;
    }
    io::copy(&mut watched, &mut io::sink()).map_err(damaged)?;
    sync_all_directories(home, &files)?;
    Ok(files)
}

/// Where a file of an archive goes, if it belongs to a distribution.
fn place(name: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for component in name.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            _ => return None,
        }
    }
    let ([_, "deps", inner @ ..] | [_, inner @ ..]) = parts.as_slice() else { return None };
    let belongs = match inner {
        [file] => FILES.contains(file),
        [folder, _, ..] => FOLDERS.contains(folder),
        [] => false,
    };
    belongs.then(|| inner.join("/"))
}

enum WriteError {
    Read(io::Error),
    Write(FileError),
}

fn write(
    reader: &mut dyn Read,
    path: &Path,
    mode: u32,
    stop: &Stop,
) -> Result<FileSum, WriteError> {
    /// Tells errors of the reader from errors of the writer, which look alike in a copy.
    struct Marked<'a> {
        reader: &'a mut dyn Read,
        failed: bool,
        stop: &'a Stop,
    }
    impl Read for Marked<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let result = self.stop.check().and_then(|()| self.reader.read(buffer));
            self.failed = result.is_err();
            result
        }
    }
    let on_disk = |source: io::Error| {
        WriteError::Write(FileError { action: "write", path: path.to_owned(), source })
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(on_disk)?;
    }
    let mut file = File::create(path).map_err(on_disk)?;
    let mut digest = Digest::sha256();
    let mut marked = Marked { reader, failed: false, stop };
    let bytes = match copy(&mut marked, &mut file, |piece| digest.update(piece)) {
        Ok(bytes) => bytes,
        Err(error) if marked.failed => return Err(WriteError::Read(error)),
        Err(error) => return Err(on_disk(error)),
    };
    let executable = mode & 0o111 != 0;
    let permissions =
        std::os::unix::fs::PermissionsExt::from_mode(if executable { 0o755 } else { 0o644 });
    file.set_permissions(permissions).map_err(on_disk)?;
    file.sync_all().map_err(on_disk)?;
    Ok(FileSum { bytes, sha256: digest.finish() })
}

/// Copies a distribution of the user, by hard links where the file system can.
pub(super) fn directory(
    source: &Path,
    home: &Path,
    progress: &mut dyn Progress,
    stop: &Stop,
) -> Result<Files, UnpackError> {
    // An unpacked source package has it one level down.
    let root =
        if source.join("deps/lib").is_dir() { source.join("deps") } else { source.to_owned() };
    let mut files = Files::new();
    for top in FOLDERS_OF_A_HOME.iter().chain(FILES) {
        let top = root.join(top);
        if !top.exists() {
            continue;
        }
        for entry in walkdir::WalkDir::new(&top).follow_links(true) {
            let entry = entry.map_err(|error| {
                let path = error.path().unwrap_or(&top).to_owned();
                FileError { action: "read", path, source: error.into() }
            })?;
            if !entry.file_type().is_file() {
                continue;
            }
            let Ok(name) = entry.path().strip_prefix(&root) else { continue };
            let sum = link_or_copy(entry.path(), &home.join(name), stop)?;
            progress.add(sum.bytes);
            files.insert(name.to_string_lossy().into_owned(), sum);
        }
    }
    sync_all_directories(home, &files)?;
    Ok(files)
}

fn link_or_copy(from: &Path, to: &Path, stop: &Stop) -> Result<FileSum, UnpackError> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).at("make the directory", parent)?;
    }
    let mut file = File::open(from).at("read", from)?;
    // A link would share a link's name, not its content.
    let real = fs::canonicalize(from).at("read", from)?;
    if fs::hard_link(&real, to).is_ok() {
        let mut digest = Digest::sha256();
        let bytes =
            copy(&mut file, &mut io::sink(), |piece| digest.update(piece)).at("read", from)?;
        stop.check().at("copy", from)?;
        return Ok(FileSum { bytes, sha256: digest.finish() });
    }
    write(&mut file, to, 0o644, stop).map_err(|error| match error {
        WriteError::Read(source) => {
            FileError { action: "read", path: from.to_owned(), source }.into()
        }
        WriteError::Write(error) => error.into(),
    })
}

/// Makes the names of all these files survive a power failure.
///
/// # Errors
/// A directory cannot be flushed.
pub(crate) fn sync_all_directories(home: &Path, files: &Files) -> Result<(), FileError> {
    let mut folders: Vec<PathBuf> =
        files.keys().filter_map(|name| Some(home.join(name).parent()?.to_owned())).collect();
    folders.dedup();
    folders.into_iter().try_for_each(|folder| sync_directory(&folder).at("write", &folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(place(Path::new(name)).as_deref(), expected, "{name}");
    }

    #[test]
    fn places() {
        check("flink-1.20.5/lib/flink-dist-1.20.5.jar", Some("lib/flink-dist-1.20.5.jar"));
        check("./flink-1.20.5/plugins/x/y.jar", Some("plugins/x/y.jar"));
        check("apache_flink_libraries-1.20.5/deps/lib/a.jar", Some("lib/a.jar"));
        check("flink-1.20.5/LICENSE", Some("LICENSE"));
        check("flink-1.20.5/log/x", None);
        check("apache_flink_libraries-1.20.5/setup.py", None);
        check("apache_flink_libraries-1.20.5/pyflink/version.py", None);
        check("flink-1.20.5/lib/../../../etc/passwd", None);
        check("/lib/a.jar", None);
        check("lib", None);
        check("", None);
    }
}
