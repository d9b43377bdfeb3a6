//! Bases that are a root file system: one layer.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nutkin_container::image::Blob;
use serde_json::json;
use tar::{EntryType, Header};
use walkdir::WalkDir;

use super::{BaseLayer, Loaded, assemble, open_tar};
use crate::layer::compressed;
use nutkin_shell::Error;
use nutkin_shell::files::{At, FileError};

/// What a running system has that does not belong in an image.
const SKIPPED: &[&str] = &["dev", "proc", "sys", "run"];

/// Packs a directory with its owners and permissions.
pub(super) fn load_directory(directory: &Path, work: &Path) -> Result<Loaded, Error> {
    let packed = compressed(work, |out| {
        let mut tar = tar::Builder::new(out);
        for entry in WalkDir::new(directory).min_depth(1).sort_by_file_name() {
            let entry = entry.map_err(io::Error::from).at("read", directory)?;
            let path = entry.path();
            let Ok(name) = path.strip_prefix(directory) else { continue };
            let is_skipped =
                entry.depth() > 1 && SKIPPED.iter().any(|skipped| name.starts_with(skipped));
            if !is_skipped {
                append(&mut tar, path, name)?;
            }
        }
        tar.into_inner().at("pack", directory)?.flush().at("pack", directory)
    })?;
    loaded(directory, packed)
}

fn append(
    tar: &mut tar::Builder<&mut dyn io::Write>,
    path: &Path,
    name: &Path,
) -> Result<(), FileError> {
    let metadata = fs::symlink_metadata(path).at("read", path)?;
    let mut header = Header::new_gnu();
    header.set_uid(metadata.uid().into());
    header.set_gid(metadata.gid().into());
    header.set_mode(metadata.mode() & 0o7777);
    header.set_mtime(0);
    header.set_size(0);
    if metadata.is_dir() {
        header.set_entry_type(EntryType::Directory);
        tar.append_data(&mut header, name.join(""), io::empty()).at("pack", path)
    } else if metadata.is_symlink() {
        header.set_entry_type(EntryType::Symlink);
        let target = fs::read_link(path).at("read", path)?;
        tar.append_link(&mut header, name, target).at("pack", path)
    } else if metadata.is_file() {
        header.set_size(metadata.len());
        let file = fs::File::open(path).at("read", path)?;
        tar.append_data(&mut header, name, file).at("pack", path)
    } else {
        // Devices, sockets and pipes belong to the machine.
        Ok(())
    }
}

/// Takes a tar file as it is.
pub(super) fn load_tar(file: &Path, work: &Path) -> Result<Loaded, Error> {
    let packed =
        compressed(work, |out| io::copy(&mut open_tar(file)?, out).map(drop).at("read", file))?;
    loaded(file, packed)
}

fn loaded(source: &Path, packed: (String, Blob, std::path::PathBuf)) -> Result<Loaded, Error> {
    let (diff_id, blob, path) = packed;
    let config = json!({
        "rootfs": {"diff_ids": [diff_id]},
        "history": [{"created": super::super::CREATED, "created_by": "nutkin: root file system"}],
    });
    // Not the path: where the base lay is not a property of the image.
    let name = source.file_name().unwrap_or_default().to_string_lossy().into_owned();
    assemble(name, None, &config, vec![BaseLayer { blob, path }])
}
