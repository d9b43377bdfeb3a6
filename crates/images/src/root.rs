//! A root file system of an image's layers, in a directory: what the image's own programs can be run in.
//!
//! Owners are not kept, as they are not everybody's to give. Times are, since class data archives depend on them.

use std::fs::{self, File, FileTimes};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::SystemTime;

use nutkin_container::image::{Content, Layer};

use super::layer;
use nutkin_shell::files::{At, FileError};

/// What a layer has in place of a file of a lower one that is gone (OCI image specification, "Whiteouts").
const WHITEOUT: &str = ".wh.";
/// The same for all that a directory had.
const OPAQUE: &str = ".wh..wh..opq";

/// Lays a base's layer over what is there. `wanted` chooses by path, without a leading slash.
///
/// # Errors
/// It is damaged, or the disk is full.
pub(super) fn unpack(
    layer: impl Read,
    root: &Path,
    wanted: &impl Fn(&str) -> bool,
) -> io::Result<()> {
    let mut archive = tar::Archive::new(layer);
    fs::create_dir_all(root)?;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let text = path.to_string_lossy().into_owned();
        let text = text.trim_start_matches("./").trim_matches('/');
        let kind = entry.header().entry_type();
        if text.is_empty()
            || !wanted(text)
            || kind.is_character_special()
            || kind.is_block_special()
        {
            continue;
        }
        let (folder, name) = text.rsplit_once('/').unwrap_or(("", text));
        if name == OPAQUE {
            for below in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
                remove(&below.path())?;
            }
        } else if let Some(gone) = name.strip_prefix(WHITEOUT) {
            remove(&root.join(folder).join(gone))?;
        } else {
            // Never outside of the root: `unpack_in` refuses paths that lead there, by links as well.
            entry.set_preserve_permissions(false);
            entry.unpack_in(root)?;
        }
    }
    Ok(())
}

/// Lays one of our layers over what is there, without packing it first.
///
/// # Errors
/// A source cannot be read, or the disk is full.
pub(super) fn place(
    layer: &Layer,
    root: &Path,
    wanted: &impl Fn(&str) -> bool,
) -> Result<(), FileError> {
    for (path, entry) in layer::expand(&layer.entries)? {
        if !wanted(&path) {
            continue;
        }
        let target = root.join(&path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).at("make the directory", parent)?;
        }
        match &entry.content {
            Content::Directory | Content::Tree { .. } => {
                fs::create_dir_all(&target).at("make the directory", &target)?;
            }
            Content::Link(to) => {
                remove(&target).at("remove", &target)?;
                symlink(to, &target).at("link", &target)?;
            }
            Content::Text(text) => {
                remove(&target).at("remove", &target)?;
                fs::write(&target, text).at("write", &target)?;
            }
            Content::File(source) => {
                remove(&target).at("remove", &target)?;
                fs::copy(source, &target).at("copy", Path::new(source))?;
                let permissions = fs::Permissions::from_mode(entry.mode | 0o200);
                fs::set_permissions(&target, permissions).at("write", &target)?;
                // As layers have it.
                let times = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH);
                let file = File::options().write(true).open(&target).at("write", &target)?;
                file.set_times(times).at("write", &target)?;
            }
        }
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(there) if there.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar_of(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, text) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(5);
            tar.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn files(root: &Path) -> Vec<String> {
        let entries = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().flatten();
        let files = entries.filter(|entry| entry.file_type().is_file());
        let below =
            files.map(|entry| entry.path().strip_prefix(root).unwrap().display().to_string());
        below.collect()
    }

    #[test]
    fn later_layers_replace_and_remove() {
        let root = tempfile::tempdir().unwrap();
        let all = |path: &str| !path.starts_with("opt/");
        for layer in [
            tar_of(&[("a/one", "1"), ("a/two", "2"), ("b/three", "3"), ("opt/x", "x")]),
            tar_of(&[("a/.wh.one", ""), ("b/.wh..wh..opq", ""), ("b/four", "4"), ("a/two", "22")]),
        ] {
            unpack(layer.as_slice(), root.path(), &all).unwrap();
        }
        assert_eq!(files(root.path()), ["a/two", "b/four"]);
        assert_eq!(fs::read_to_string(root.path().join("a/two")).unwrap(), "22");
    }
}
