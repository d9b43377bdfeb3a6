//! Flink distributions of this machine: a cache that all sessions share.

mod pypi;
mod unpack;

use std::fs;
use std::path::{Path, PathBuf};

use nutkin_core::flink::FlinkVersion;

use crate::Context;
use crate::local::directory;
use crate::{Exit, Failure};

/// Where an installed distribution is, whether or not it is there.
pub fn home(version: FlinkVersion, context: &Context<'_>) -> PathBuf {
    root(context).join(format!("flink-{version}"))
}

fn root(context: &Context<'_>) -> PathBuf {
    context.environment.cache_directory().join("dist")
}

/// Whether a directory holds this release: the version is in the name of its main jar.
pub fn holds(home: &Path, version: FlinkVersion) -> bool {
    let Ok(entries) = fs::read_dir(home.join("lib")) else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.starts_with("flink-dist") && name.ends_with(&format!("-{version}.jar"))
    })
}

/// All installed releases with their directories, oldest first.
pub fn installed(context: &Context<'_>) -> Vec<(FlinkVersion, PathBuf)> {
    let entries = fs::read_dir(root(context)).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix("flink-")?.parse().ok()?;
            Some((version, entry.path()))
        })
        .collect();
    found.sort();
    found
}

/// The home of a distribution, installed first when it is missing. `FLINK_HOME` is used as it is when it
/// holds the release.
///
/// # Errors
/// The installation failed; nothing half is left.
pub fn ensure(version: FlinkVersion, context: &Context<'_>) -> Result<PathBuf, Failure> {
    if let Some(home) = context.environment.path("FLINK_HOME").filter(|home| holds(home, version)) {
        return Ok(home);
    }
    let home = home(version, context);
    if holds(&home, version) {
        return Ok(home);
    }
    install(version, None, context)
}

/// Installs a release: from a directory or archive of the user, else from the index that `pip` is set up for.
/// Installing what is there already does nothing.
///
/// # Errors
/// The source has not this release, cannot be read, or the disk is full. Nothing half is left.
pub fn install(
    version: FlinkVersion,
    from: Option<&Path>,
    context: &Context<'_>,
) -> Result<PathBuf, Failure> {
    let home = home(version, context);
    let root = root(context);
    fs::create_dir_all(&root)?;
    let lock = root.join(format!("flink-{version}.lock"));
    let mut waited = false;
    let _lock = loop {
        if let Some(lock) = directory::try_flock(&lock)? {
            break lock;
        }
        if !waited {
            context.printer.say(&format!("another command installs Flink {version}: waiting"));
            waited = true;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    if holds(&home, version) {
        return Ok(home);
    }
    remove_unfinished(&root, version);
    // Beside its place, on the same file system, so that the last step is one rename.
    let staging =
        tempfile::Builder::new().prefix(&format!(".flink-{version}-")).tempdir_in(&root)?;
    let unpacked = staging.path().join("home");
    fs::create_dir(&unpacked)?;
    match from {
        Some(source) if source.is_dir() => unpack::copy(source, &unpacked)?,
        Some(archive) => unpack::archive(archive, &unpacked)?,
        None => {
            context.printer.say(&format!("installing Flink {version} (about 300 MB, once)"));
            let archive = pypi::download(version, staging.path(), context)?;
            unpack::archive(&archive, &unpacked)?;
        }
    }
    if !holds(&unpacked, version) {
        let source =
            from.map_or_else(|| "the package".to_owned(), |path| format!("`{}`", path.display()));
        let message = format!(
            "{source} is no distribution of Flink {version}: its lib/ has no flink-dist-{version}.jar"
        );
        return Err(Failure::new(Exit::Failed, message)
            .hint("nothing was installed; name another source with --from"));
    }
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    fs::rename(&unpacked, &home)?;
    context.printer.say(&format!("installed Flink {version} in `{}`", home.display()));
    Ok(home)
}

/// What an interrupted installation left.
fn remove_unfinished(root: &Path, version: FlinkVersion) {
    let prefix = format!(".flink-{version}-");
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Removes an installed release. Returns whether there was one.
///
/// # Errors
/// The system refuses.
pub fn remove(version: FlinkVersion, context: &Context<'_>) -> Result<bool, Failure> {
    let home = home(version, context);
    if !home.exists() {
        return Ok(false);
    }
    fs::remove_dir_all(&home)?;
    let _ = fs::remove_file(root(context).join(format!("flink-{version}.lock")));
    Ok(true)
}
