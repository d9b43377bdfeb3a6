//! Writing layers: tar files that are the same wherever and whenever they are written.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use nutkin_container::image::{Blob, Content, ImageUser, Layer, LayerEntry, mode};
use tar::{EntryType, Header};

use nutkin_shell::files::{At, Digest, FileError};

/// Jars are compressed already; what is left is compressed well enough by the fastest level, which takes a third of
/// the time of the default one.
const LEVEL: Compression = Compression::fast();

/// Media type of the layers that are written here.
pub const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// A layer in a file.
#[derive(Debug, Clone)]
pub struct Written {
    /// What is in it, for people.
    pub text: String,
    /// `sha256:...` of the tar file.
    pub diff_id: String,
    /// The compressed one.
    pub blob: Blob,
    /// Where it is.
    pub path: PathBuf,
    /// Files in it, in order.
    pub files: Vec<LayerFile>,
}

/// A file in a layer.
#[derive(Debug, Clone)]
pub struct LayerFile {
    /// In the image, without the leading slash.
    pub path: String,
    /// On this machine; `None` for a text.
    pub source: Option<PathBuf>,
    /// SHA-256 as hex.
    pub sha256: String,
}

/// Writes a layer into `directory`, named by its digest.
///
/// # Errors
/// A source cannot be read, or the disk is full.
pub fn write(layer: &Layer, directory: &Path) -> Result<Written, FileError> {
    let entries = expand(&layer.entries)?;
    let mut files = Vec::new();
    let (diff_id, blob, path) = compressed(directory, |out| {
        let mut tar = Tar::new(out);
        for (path, entry) in &entries {
            tar.append(path, entry, &mut files)?;
        }
        tar.finish()
    })?;
    Ok(Written { text: layer.text.clone(), diff_id, blob, path, files })
}

/// Writes a layer as a plain tar file, for the context of a Dockerfile.
///
/// # Errors
/// A source cannot be read, or the disk is full.
pub fn write_plain(layer: &Layer, path: &Path) -> Result<(), FileError> {
    let entries = expand(&layer.entries)?;
    let mut out = BufWriter::new(File::create(path).at("write", path)?);
    let mut tar = Tar::new(&mut out);
    for (name, entry) in &entries {
        tar.append(name, entry, &mut Vec::new())?;
    }
    tar.finish()?;
    out.flush().at("write", path)
}

/// Compresses what `write_to` writes. Digest of the tar file, the blob, and its file.
///
/// # Errors
/// Those of `write_to`, or the disk is full.
pub fn compressed(
    directory: &Path,
    write_to: impl FnOnce(&mut dyn Write) -> Result<(), FileError>,
) -> Result<(String, Blob, PathBuf), FileError> {
    let file = tempfile::NamedTempFile::new_in(directory).at("write into", directory)?;
    let counted = Counted::new(BufWriter::new(file));
    // A header without name and time, so that the same bytes give the same bytes.
    let gzip = GzEncoder::new(counted, LEVEL);
    let mut plain = Counted::new(gzip);
    write_to(&mut plain)?;
    let (gzip, diff_id, _) = plain.finish();
    let (out, sha256, bytes) = gzip.finish().at("write into", directory)?.finish();
    let file =
        out.into_inner().map_err(io::IntoInnerError::into_error).at("write into", directory)?;
    let path = directory.join(&sha256);
    file.persist(&path).map_err(|error| error.error).at("write", &path)?;
    let blob = Blob { media_type: GZIP.to_owned(), sha256, bytes };
    Ok((format!("sha256:{diff_id}"), blob, path))
}

/// Counts and sums what passes through.
struct Counted<W> {
    inner: W,
    digest: Digest,
    bytes: u64,
}

impl<W> Counted<W> {
    fn new(inner: W) -> Self {
        Self { inner, digest: Digest::sha256(), bytes: 0 }
    }

    fn finish(self) -> (W, String, u64) {
        (self.inner, self.digest.finish(), self.bytes)
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.digest.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A tar file in the making.
struct Tar<'a> {
    builder: tar::Builder<&'a mut dyn Write>,
}

impl<'a> Tar<'a> {
    fn new(out: &'a mut dyn Write) -> Self {
        Self { builder: tar::Builder::new(out) }
    }

    fn append(
        &mut self,
        path: &str,
        entry: &LayerEntry,
        files: &mut Vec<LayerFile>,
    ) -> Result<(), FileError> {
        let mut header = header(entry.owner, entry.mode);
        let shown = Path::new(path);
        match &entry.content {
            // Trees are directories by now, with their content behind them.
            Content::Directory | Content::Tree { .. } => {
                header.set_entry_type(EntryType::Directory);
                header.set_size(0);
                self.builder
                    .append_data(&mut header, format!("{path}/"), io::empty())
                    .at("pack", shown)
            }
            Content::Link(target) => {
                header.set_entry_type(EntryType::Symlink);
                header.set_size(0);
                self.builder.append_link(&mut header, path, target).at("pack", shown)
            }
            Content::Text(text) => {
                header.set_size(text.len() as u64);
                let sha256 = nutkin_shell::files::digest::sha256_of(text.as_bytes());
                files.push(LayerFile { path: path.to_owned(), source: None, sha256 });
                self.builder.append_data(&mut header, path, text.as_bytes()).at("pack", shown)
            }
            Content::File(source) => {
                let source = Path::new(source);
                let file = File::open(source).at("read", source)?;
                let length = file.metadata().at("read", source)?.len();
                header.set_size(length);
                let mut digest = Digest::sha256();
                let reader = Summed { file, digest: &mut digest, left: length };
                self.builder.append_data(&mut header, path, reader).at("read", source)?;
                let sha256 = digest.finish();
                files.push(LayerFile {
                    path: path.to_owned(),
                    source: Some(source.to_owned()),
                    sha256,
                });
                Ok(())
            }
        }
    }

    fn finish(self) -> Result<(), FileError> {
        self.builder.into_inner().map(drop).at("pack", Path::new("the end of the layer"))
    }
}

/// Reads exactly the announced length: a file that shrinks meanwhile would make a broken archive.
struct Summed<'a> {
    file: File,
    digest: &'a mut Digest,
    left: u64,
}

impl Read for Summed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read(&mut buffer[..wanted])?;
        if read == 0 && self.left != 0 && wanted != 0 {
            return Err(io::Error::other("it became shorter while it was read"));
        }
        self.digest.update(&buffer[..read]);
        self.left -= read as u64;
        Ok(read)
    }
}

/// Without names of users and with the same time everywhere.
fn header(owner: ImageUser, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_uid(owner.uid.into());
    header.set_gid(owner.gid.into());
    header.set_mode(mode);
    header.set_mtime(0);
    header
}

/// Puts the content of directories in their place, and sees which copied files are programs.
pub(super) fn expand(
    entries: &BTreeMap<String, LayerEntry>,
) -> Result<BTreeMap<String, LayerEntry>, FileError> {
    let mut all = BTreeMap::new();
    for (path, entry) in entries {
        match &entry.content {
            Content::Tree { source, without } => {
                let root = fs::canonicalize(source).at("read", Path::new(source))?;
                let tree = Tree { root: &root, target: path, owner: entry.owner, without };
                tree.walk(&root, path, &mut all)?;
            }
            Content::File(source) => {
                let metadata = fs::metadata(source).at("read", Path::new(source))?;
                let mode = entry.mode | (mode(is_program(&metadata)) & 0o111);
                all.insert(path.clone(), LayerEntry { mode, ..entry.clone() });
            }
            _ => {
                all.insert(path.clone(), entry.clone());
            }
        }
    }
    Ok(all)
}

fn is_program(metadata: &fs::Metadata) -> bool {
    metadata.mode() & 0o100 != 0
}

struct Tree<'a> {
    root: &'a Path,
    target: &'a str,
    owner: ImageUser,
    without: &'a [&'a str],
}

impl Tree<'_> {
    fn walk(
        &self,
        directory: &Path,
        target: &str,
        all: &mut BTreeMap<String, LayerEntry>,
    ) -> Result<(), FileError> {
        all.insert(target.to_owned(), LayerEntry::directory(self.owner));
        for entry in fs::read_dir(directory).at("read", directory)? {
            let entry = entry.at("read", directory)?;
            let source = entry.path();
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                let error = io::Error::other("its name is not UTF-8");
                return Err(error).at("read", &source);
            };
            let path = format!("{target}/{name}");
            let below = path.strip_prefix(self.target).unwrap_or(&path).trim_start_matches('/');
            if self.without.contains(&below) {
                continue;
            }
            let kind = entry.file_type().at("read", &source)?;
            if kind.is_symlink() {
                let link = fs::read_link(&source).at("read", &source)?;
                if self.is_inside(directory, &link) {
                    let link = link.to_string_lossy().into_owned();
                    all.insert(path, LayerEntry::link(link));
                    continue;
                }
            }
            let metadata = fs::metadata(&source).at("read", &source)?;
            if metadata.is_dir() {
                self.walk(&source, &path, all)?;
            } else if metadata.is_file() {
                let source = source.to_string_lossy().into_owned();
                all.insert(path, LayerEntry::file(source, self.owner, is_program(&metadata)));
            } else {
                let error = io::Error::other("it is neither a file nor a directory");
                return Err(error).at("copy", &source);
            }
        }
        Ok(())
    }

    /// Whether a link leads to a place of the same tree, so that it still does in the image.
    fn is_inside(&self, directory: &Path, link: &Path) -> bool {
        let Ok(directory) = directory.strip_prefix(self.root) else { return false };
        if link.is_absolute() {
            return false;
        }
        let mut depth = directory.components().count();
        for part in link.components() {
            match part {
                Component::ParentDir if depth == 0 => return false,
                Component::ParentDir => depth -= 1,
                Component::CurDir => {}
                _ => depth += 1,
            }
        }
        fs::metadata(self.root.join(directory).join(link)).is_ok()
    }
}
