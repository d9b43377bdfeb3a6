//! Installing a Java as a distribution of Flink is installed: one at a time, prepared aside, visible as a whole.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nutkin_core::Remedy;
use nutkin_shell::files::digest::sha256_of_file;
use nutkin_shell::files::fault::{At, with_hint};
use nutkin_shell::files::staging;
use nutkin_shell::{Context, Error, Kind};
use walkdir::WalkDir;

use super::source::JavaSource;
use super::{major, said, unpack, version};
use crate::dist::Product;
use crate::dist::manifest::{FileSum, Manifest};
use crate::dist::prepare::{self, Workplace};
use crate::dist::unpack::{Files, Stop, sync_all_directories};

/// Installs a Java from the first source that has one for this machine. With `force` even if it is there and sound.
/// Returns its home.
///
/// Dropping the future stops the work and leaves nothing half.
///
/// # Errors
/// When no source can give one that runs here, or the disk cannot take it. What was there before then stays.
pub async fn install(
    major: u8,
    sources: &[JavaSource],
    force: bool,
    context: &Context<'_>,
) -> Result<PathBuf, Error> {
    let bring = async |source: &JavaSource, place: &Arc<Workplace>| {
        from_source(major, source, place, context).await
    };
    let by_hand = Remedy::JavaByHand { major };
    prepare::install(Product::Java(major), sources, force, by_hand, context, bring).await
}

async fn from_source(
    wanted: u8,
    source: &JavaSource,
    place: &Arc<Workplace>,
    context: &Context<'_>,
) -> Result<Manifest, Error> {
    let (archive, sum) = source.fetch(wanted, context, place.folder()).await?;
    let stop = Stop::default();
    let guard = stop.on_drop();
    let kept = place.clone();
    let unpacked = archive.clone();
    let progress = context.events.progress(format!("unpacking {}", sum.name), None);
    // The thread keeps the workplace alive: it is cleared when both are done with it.
    let task = tokio::task::spawn_blocking(move || prepare_home(wanted, &unpacked, &kept, &stop));
    let files = task.await??;
    drop((guard, progress));
    let version = version(&place.home()).unwrap_or_else(|| wanted.to_string());
    Ok(Manifest::new(version, source.to_string(), Some(sum), files))
}

/// That the Java of an archive is the one that is wanted, and runs here.
fn try_it(wanted: u8, home: &Path, archive: &Path) -> Result<(), Error> {
    let found = major(home);
    if found != Some(wanted) {
        let found =
            found.map_or_else(|| "another Java".to_owned(), |major| format!("Java {major}"));
        let message = format!("`{}` holds {found}, not Java {wanted}", archive.display());
        return Err(Error::new(Kind::Broken, message));
    }
    if said(&home.join("bin/java")).is_some_and(|text| text.contains('"')) {
        return Ok(());
    }
    let message = format!("the Java of `{}` does not run on this machine", archive.display());
    Err(Error::new(Kind::Broken, message)
        .hint("it may be built for another processor or C library"))
}

/// Unpacks an archive, makes what it holds the home that is prepared, and tries it.
fn prepare_home(
    wanted: u8,
    archive: &Path,
    place: &Workplace,
    stop: &Stop,
) -> Result<Files, Error> {
    let folder = place.folder().join("unpacked");
    staging::remove(&folder).at("remove", &folder)?;
    let unpacked = unpack::archive(archive, &folder, || stop.check())?;
    let home = place.home();
    fs::rename(&unpacked, &home).at("make", &home).map_err(with_hint)?;
    let mut files = Files::new();
    for entry in WalkDir::new(&home) {
        let entry = entry.map_err(std::io::Error::from).at("read", &home)?;
        let path = entry.path();
        stop.check().at("unpack", path)?;
        // Licences are links to those of another module.
        if let (true, Ok(name)) = (path.is_file(), path.strip_prefix(&home)) {
            let bytes = path.metadata().at("read", path)?.len();
            let sha256 = sha256_of_file(path).at("read", path)?;
            fs::File::open(path).and_then(|file| file.sync_all()).at("write", path)?;
            files.insert(name.to_string_lossy().into_owned(), FileSum { bytes, sha256 });
        }
    }
    sync_all_directories(&home, &files).map_err(with_hint)?;
    try_it(wanted, &home, archive)?;
    Ok(files)
}
