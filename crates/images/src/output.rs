//! Where a built image goes: an archive, a layout, a daemon, a registry.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use nutkin_container::image::{Blob, docker_manifest, index_json};
use serde_json::Value;
use tar::{EntryType, Header};

use super::base::{Registry, reference};
use nutkin_flink::Argument;
use nutkin_shell::files::staging::{remove, sync_directory};
use nutkin_shell::files::{At, FileError};
use nutkin_shell::{Context, Error};

/// A built image: blobs in files, and the two small documents.
#[derive(Debug)]
pub struct Built {
    /// Names that it gets, as the user gave them, each with its tag.
    pub tags: Vec<String>,
    /// `amd64`, `arm64`.
    pub architecture: String,
    /// The configuration.
    pub config: (Blob, Vec<u8>),
    /// The manifest.
    pub manifest: (Blob, Vec<u8>),
    /// Layers, lowest first, with their files.
    pub layers: Vec<(Blob, PathBuf)>,
}

const LAYOUT: &[u8] = b"{\"imageLayoutVersion\":\"1.0.0\"}";

impl Built {
    fn index(&self) -> Value {
        let whole = |tag: &String| {
            let parsed: Result<oci_client::Reference, _> = tag.parse();
            parsed.map_or_else(|_| tag.clone(), |reference| reference.whole())
        };
        let tags: Vec<String> = self.tags.iter().map(whole).collect();
        index_json(&self.manifest.0, &tags)
    }

    /// Documents of a layout by name, in order.
    fn documents(&self) -> Vec<(String, Vec<u8>)> {
        let blob = |(blob, bytes): &(Blob, Vec<u8>)| {
            (format!("blobs/sha256/{}", blob.sha256), bytes.clone())
        };
        vec![
            ("oci-layout".to_owned(), LAYOUT.to_vec()),
            ("index.json".to_owned(), self.index().to_string().into_bytes()),
            blob(&self.config),
            blob(&self.manifest),
        ]
    }

    /// Layers without those that appear twice: an archive must not name a file twice.
    fn distinct(&self) -> Vec<&(Blob, PathBuf)> {
        let mut seen = std::collections::BTreeSet::new();
        self.layers.iter().filter(|(blob, _)| seen.insert(&blob.sha256)).collect()
    }

    /// Writes a layout. A directory that is one already keeps what else is in it; its index is replaced.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn write_layout(&self, directory: &Path) -> Result<(), FileError> {
        let blobs = directory.join("blobs/sha256");
        fs::create_dir_all(&blobs).at("make the directory", &blobs)?;
        for (blob, source) in self.distinct() {
            let target = blobs.join(&blob.sha256);
            fs::copy(source, &target).at("write", &target)?;
        }
        // The index last: who reads it finds everything it names.
        for (name, bytes) in self.documents().iter().rev() {
            let path = directory.join(name);
            fs::write(&path, bytes).at("write", &path)?;
        }
        sync_directory(directory).at("write", directory)
    }

    /// Writes an archive that `docker load`, containerd (`ctr images import`), podman and skopeo take. It appears as
    /// a whole.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_archive(&self, path: &Path) -> Result<(), FileError> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let file = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(parent)
            .at("write into", parent)?;
        self.pack(file.as_file()).at("write", path)?;
        if path.is_dir() {
            let error = std::io::Error::other("it is a directory");
            return Err(error).at("write", path);
        }
        remove(path).at("replace", path)?;
        file.persist(path).map_err(|error| error.error).at("write", path)?;
        Ok(())
    }

    fn pack(&self, file: &File) -> std::io::Result<()> {
        let mut out = BufWriter::new(file);
        let mut tar = tar::Builder::new(&mut out);
        let layers: Vec<Blob> = self.layers.iter().map(|(blob, _)| blob.clone()).collect();
        let mut documents = self.documents();
        let manifest = docker_manifest(&self.config.0, &layers, &self.tags);
        documents.push(("manifest.json".to_owned(), manifest.to_string().into_bytes()));
        for folder in ["blobs/", "blobs/sha256/"] {
            let mut header = header(0, 0o755);
            header.set_entry_type(EntryType::Directory);
            tar.append_data(&mut header, folder, std::io::empty())?;
        }
        for (name, bytes) in documents {
            tar.append_data(&mut header(bytes.len() as u64, 0o644), name, bytes.as_slice())?;
        }
        for (blob, source) in self.distinct() {
            let name = format!("blobs/sha256/{}", blob.sha256);
            tar.append_data(&mut header(blob.bytes, 0o644), name, File::open(source)?)?;
        }
        tar.finish()?;
        drop(tar);
        out.flush()?;
        file.sync_all()
    }

    /// Pushes it under all its names. Returns how many blobs and bytes were uploaded.
    ///
    /// # Errors
    /// A registry is not there, or refuses.
    pub async fn push(&self, context: &Context<'_>) -> Result<(usize, u64), Error> {
        let (mut count, mut bytes) = (0, 0);
        for tag in &self.tags {
            let name = reference(tag, Argument::Tag)?;
            let push = oci_client::RegistryOperation::Push;
            let registry =
                Registry::open(name, &self.architecture, push, context.environment).await?;
            for (blob, path) in self.distinct() {
                context.events.say(&format!(
                    "Pushing {:.12} ({} MiB)",
                    blob.sha256,
                    blob.bytes >> 20
                ));
                if registry.push_blob(blob, path).await? {
                    count += 1;
                    bytes += blob.bytes;
                }
            }
            let (config, text) = &self.config;
            let file = tempfile::NamedTempFile::new()?;
            fs::write(file.path(), text).at("write", file.path())?;
            if registry.push_blob(config, file.path()).await? {
                count += 1;
                bytes += config.bytes;
            }
            registry.push_manifest(self.manifest.1.clone()).await?;
        }
        Ok((count, bytes))
    }
}

fn header(size: u64, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(size);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}
