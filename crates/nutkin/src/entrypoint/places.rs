//! Directories that the entrypoint can write, whoever it is and however much of the file system is read-only.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::fs::{Access, access};
use rustix::process::getuid;

use nutkin_shell::{Error, Kind};

/// Where temporary files may be, the likeliest first; the last one is memory.
const TEMPORARY: [&str; 4] = ["/tmp", "/var/tmp", "/run", "/dev/shm"];

/// Only the process's own user may look: the configuration may hold secrets.
const PRIVATE: u32 = 0o700;

/// The path of a directory of this process's own. `name` tells the processes of a container apart and is the same at
/// every start of it, so that a container that restarts does not fill its disk.
///
/// # Errors
/// Nothing can be written anywhere.
pub(super) fn private(
    environment: &BTreeMap<String, String>,
    name: &str,
) -> Result<PathBuf, Error> {
    let of_user = environment.get("TMPDIR").map(String::as_str).filter(|path| !path.is_empty());
    let directory = of_user.into_iter().chain(TEMPORARY).find(|path| is_writable(Path::new(path)));
    let Some(directory) = directory else {
        let tried = TEMPORARY.join("`, `");
        let message = format!("there is no place to write to: TMPDIR, `{tried}` are read-only");
        return Err(Error::new(Kind::Broken, message)
            .hint("mount an empty volume at /tmp (Kubernetes: emptyDir, Docker: --tmpfs /tmp)"));
    };
    let name = format!("nutkin-{}-{name}", getuid().as_raw());
    Ok(Path::new(directory).join(name))
}

/// Whether a directory is there and can be written.
pub(super) fn is_writable(directory: &Path) -> bool {
    directory.is_dir() && access(directory, Access::WRITE_OK).is_ok()
}

/// The directory for log files: the wanted one where it can be written or made, otherwise one below the private
/// directory. Makes nothing.
pub(super) fn logs(wanted: &str, private: &Path) -> PathBuf {
    let wanted = PathBuf::from(wanted);
    let there = wanted.ancestors().find(|path| path.exists());
    if there.is_some_and(is_writable) { wanted } else { private.join("log") }
}

/// Makes the private directory again and fills it.
///
/// # Errors
/// It cannot be written, or somebody else's directory has its name.
pub(super) fn fill(
    private: &Path,
    files: &BTreeMap<String, String>,
    links: &BTreeMap<String, String>,
) -> anyhow::Result<()> {
    match fs::symlink_metadata(private) {
        Ok(there) => {
            let is_mine = there.is_dir() && there.uid() == getuid().as_raw();
            anyhow::ensure!(is_mine, "`{}` belongs to somebody else", private.display());
            fs::remove_dir_all(private)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| private.display().to_string()),
    }
    DirBuilder::new()
        .mode(PRIVATE)
        .create(private)
        .with_context(|| format!("cannot make `{}`", private.display()))?;
    let place = |name: &str| -> anyhow::Result<PathBuf> {
        let path = private.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(path)
    };
    for (name, text) in files {
        let path = place(name)?;
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    for (name, target) in links {
        let path = place(name)?;
        symlink(target, &path).with_context(|| format!("cannot link `{}`", path.display()))?;
    }
    Ok(())
}
