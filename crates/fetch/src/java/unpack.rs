//! Archives of a Java: `.tar.gz` as Adoptium publishes them, and zip files, of which a wheel is one.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use nutkin_shell::files::fault::{At, with_hint};
use nutkin_shell::{Error, Kind};
use walkdir::WalkDir;

/// Archives of Java have their home at most this far below their root (macOS has it deepest).
const DEPTH: usize = 4;

/// The largest Java that is unpacked, in bytes: six times a JDK with all its modules. An archive can be made that would fill any disk.
const LIMIT: u64 = 2 << 30;

/// Takes what a file needs from what is left of the limit.
fn take(left: &mut u64, bytes: u64) -> io::Result<()> {
    let rest = left.checked_sub(bytes);
    *left = rest.ok_or_else(|| io::Error::other("it is larger than any Java: more than 2 GiB"))?;
    Ok(())
}

/// Unpacks an archive into a new folder and finds the home of the Java in it. `go_on` is asked before each file.
///
/// # Errors
/// The archive is damaged or of another kind, there is no `bin/java` in it, or the disk cannot take it.
pub fn archive(
    archive: &Path,
    folder: &Path,
    mut go_on: impl FnMut() -> io::Result<()>,
) -> Result<PathBuf, Error> {
    fs::create_dir_all(folder).at("make the directory", folder).map_err(with_hint)?;
    let file = BufReader::new(File::open(archive).at("open", archive)?);
    let is_zip = archive.extension().is_some_and(|end| end == "whl" || end == "zip");
    let unpacked =
        if is_zip { unzip(file, folder, &mut go_on) } else { untar(file, folder, &mut go_on) };
    unpacked.at("unpack", archive).map_err(|error| {
        with_hint(error).hint("archives of a Java are .tar.gz, .zip or .whl; is it whole?")
    })?;
    let javas = WalkDir::new(folder).max_depth(DEPTH + 2).sort_by_file_name();
    let found = javas.into_iter().flatten().find(|entry| entry.path().ends_with("bin/java"));
    let home = found.and_then(|entry| Some(entry.path().parent()?.parent()?.to_owned()));
    home.ok_or_else(|| {
        let message = format!("there is no `bin/java` in `{}`", archive.display());
        Error::new(Kind::Invalid, message)
    })
}

fn untar(
    file: impl io::Read,
    folder: &Path,
    go_on: &mut dyn FnMut() -> io::Result<()>,
) -> io::Result<()> {
    let mut left = LIMIT;
    let mut tar = tar::Archive::new(GzDecoder::new(file));
    for entry in tar.entries()? {
        go_on()?;
        let mut entry = entry?;
        take(&mut left, entry.size())?;
        // Never outside of the folder, by its name or through a link.
        entry.unpack_in(folder)?;
    }
    // The end of the compressed stream carries its checksum.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map(drop)
}

fn unzip(
    file: impl io::Read + io::Seek,
    folder: &Path,
    go_on: &mut dyn FnMut() -> io::Result<()>,
) -> io::Result<()> {
    let mut left = LIMIT;
    let mut zip = zip::ZipArchive::new(file)?;
    for index in 0..zip.len() {
        go_on()?;
        let mut entry = zip.by_index(index)?;
        // Names that lead outside have none.
        let Some(name) = entry.enclosed_name().filter(|_| entry.is_file()) else { continue };
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        let mut file = File::create(&path)?;
        // What the archive says of a size may be wrong.
        let written = io::copy(&mut io::Read::take(&mut entry, left + 1), &mut file)?;
        take(&mut left, written)?;
        let mode = if entry.unix_mode().unwrap_or_default() & 0o111 == 0 { 0o644 } else { 0o755 };
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}
