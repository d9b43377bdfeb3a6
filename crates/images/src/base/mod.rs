//! What an image begins with: a registry's image, an OCI layout or archive, a root file system, or nothing.

mod compression;
mod identity;
mod layout;
mod login;
mod registry;
mod rootfs;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use nutkin_container::image::{Base, BaseNode, Blob, ImageUser, lay_over};
use nutkin_flink::{Argument, Problem};
use serde_json::Value;

use super::layer::compressed;
use nutkin_shell::files::{At, FileError};
use nutkin_shell::{Context, Error, Kind};

use compression::{decompressed, is_zstd};

pub use registry::{Registry, reference};

/// A base with its layers on this machine.
#[derive(Debug)]
pub struct Loaded {
    /// What core wants to know.
    pub base: Base,
    /// Its layers, lowest first.
    pub layers: Vec<BaseLayer>,
    /// Whether a registry has it, so that a Dockerfile can name it.
    pub is_in_registry: bool,
}

/// A layer of a base.
#[derive(Debug, Clone)]
pub struct BaseLayer {
    /// Its blob.
    pub blob: Blob,
    /// Where it is.
    pub path: PathBuf,
}

/// Where a base comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseSource {
    /// Nothing.
    None,
    /// A directory with `oci-layout`.
    Layout(PathBuf),
    /// A tar file of an image: OCI or `docker save`.
    Archive(PathBuf),
    /// A directory with a root file system.
    Directory(PathBuf),
    /// A tar file of a root file system.
    Tar(PathBuf),
    /// A name of a registry's image.
    Registry(String),
}

/// Looks what `--base` means.
///
/// # Errors
/// [`Kind::Invalid`](nutkin_shell::Kind): a path that is not there, or a name that no registry can have.
pub fn source(word: &str, directory: &Path) -> Result<BaseSource, Error> {
    if word == "none" || word == "scratch" {
        return Ok(BaseSource::None);
    }
    let path = directory.join(word);
    if path.is_dir() {
        let is_layout = path.join("oci-layout").is_file();
        return Ok(if is_layout { BaseSource::Layout(path) } else { BaseSource::Directory(path) });
    }
    if path.is_file() {
        let is_image =
            names(&path)?.iter().any(|name| name == "oci-layout" || name == "manifest.json");
        return Ok(if is_image { BaseSource::Archive(path) } else { BaseSource::Tar(path) });
    }
    let looks_like_path =
        word.starts_with(['/', '.']) || path.extension().is_some_and(|end| end == "tar");
    if looks_like_path {
        let message = format!("there is no `{}`", path.display());
        return Err(Error::input(vec![
            Problem::argument(Argument::Base, message)
                .hint("name an image, an OCI layout or archive, a root file system, or `none`"),
        ]));
    }
    reference(word, Argument::Base)?;
    Ok(BaseSource::Registry(word.to_owned()))
}

/// Loads a base. What has to be unpacked or packed goes below `work`, what is downloaded into the cache.
///
/// # Errors
/// It cannot be read or fetched, or it is damaged.
pub async fn load(
    source: &BaseSource,
    architecture: &str,
    work: &Path,
    context: &Context<'_>,
) -> Result<Option<Loaded>, Error> {
    let mut loaded = match source {
        BaseSource::None => return Ok(None),
        BaseSource::Layout(path) => layout::load(path, architecture)?,
        BaseSource::Archive(path) => layout::load_archive(path, architecture, work)?,
        BaseSource::Directory(path) => rootfs::load_directory(path, work)?,
        BaseSource::Tar(path) => rootfs::load_tar(path, work)?,
        BaseSource::Registry(name) => registry::load(name, architecture, context).await?,
    };
    without_zstd(&mut loaded, work, context)?;
    Ok(Some(loaded))
}

/// Takes in the layers and the configuration.
fn assemble(
    name: String,
    digest: Option<String>,
    config: &Value,
    layers: Vec<BaseLayer>,
) -> Result<Loaded, Error> {
    let mut base = Base { name, digest, ..Base::default() };
    let texts = |value: &Value| -> Vec<String> {
        let all = value.as_array().into_iter().flatten();
        all.filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    base.diff_ids = texts(&config["rootfs"]["diff_ids"]);
    base.history = config["history"].as_array().cloned().unwrap_or_default();
    for variable in texts(&config["config"]["Env"]) {
        if let Some((name, value)) = variable.split_once('=') {
            base.environment.push((name.to_owned(), value.to_owned()));
        }
    }
    if let Some(labels) = config["config"]["Labels"].as_object() {
        let text =
            |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        base.labels = labels.iter().filter_map(text).collect();
    }
    for layer in &layers {
        read_layer(layer, &mut base)?;
    }
    Ok(Loaded { base, layers, is_in_registry: false })
}

/// Enters what is in a layer.
fn read_layer(layer: &BaseLayer, base: &mut Base) -> Result<(), Error> {
    let path = &layer.path;
    let mut archive = tar::Archive::new(open_tar(path)?);
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    for entry in archive.entries().at("read", path)? {
        let mut entry = entry.at("read", path)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = name.trim_start_matches("./").trim_matches('/').to_owned();
        if name.is_empty() || name == "." {
            continue;
        }
        let header = entry.header();
        let id = |id: io::Result<u64>| id.ok().and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
        let kind = header.entry_type();
        let node = if kind.is_dir() {
            let owner = ImageUser { uid: id(header.uid()), gid: id(header.gid()) };
            BaseNode::Directory(owner, header.mode().unwrap_or(0o755) & 0o7777)
        } else if kind.is_symlink() {
            let target = entry.link_name_bytes().unwrap_or_default();
            BaseNode::Link(String::from_utf8_lossy(&target).into_owned())
        } else {
            BaseNode::File
        };
        for wanted in ["etc/passwd", "etc/group"] {
            if name == wanted && node == BaseNode::File {
                let mut text = String::new();
                entry.read_to_string(&mut text).at("read", path)?;
                texts.insert(wanted, text);
            }
        }
        lay_over(&mut base.nodes, &name, node);
    }
    base.passwd = texts.remove("etc/passwd").or(base.passwd.take());
    base.group = texts.remove("etc/group").or(base.group.take());
    Ok(())
}

/// Opens a tar file that may be compressed.
pub(super) fn open_tar(path: &Path) -> Result<Box<dyn Read>, FileError> {
    decompressed(BufReader::new(File::open(path).at("read", path)?)).at("read", path)
}

/// Packs layers in zstd again, with gzip: Docker's daemons before 23 neither load nor build of such.
fn without_zstd(loaded: &mut Loaded, work: &Path, context: &Context<'_>) -> Result<(), Error> {
    let Loaded { base, layers, .. } = loaded;
    for (index, layer) in layers.iter_mut().enumerate() {
        let mut start = [0; 4];
        let mut file = File::open(&layer.path).at("read", &layer.path)?;
        if file.read_exact(&mut start).is_err() || !is_zstd(&start) {
            continue;
        }
        let name = layer.blob.sha256.clone();
        context.events.say(&format!("Packing {name:.12} of the base with gzip instead of zstd"));
        let path = layer.path.clone();
        let (diff_id, blob, packed) = compressed(work, |out| {
            io::copy(&mut open_tar(&path)?, out).map(drop).at("read", &path)
        })?;
        if base.diff_ids.get(index).is_some_and(|stated| *stated != diff_id) {
            let message = format!("the base is damaged: its layer {name} is not what it says");
            return Err(Error::new(Kind::Broken, message));
        }
        *layer = BaseLayer { blob, path: packed };
    }
    Ok(())
}

/// Names of the entries of a tar file, without directories.
fn names(path: &Path) -> Result<Vec<String>, FileError> {
    let mut names = Vec::new();
    for entry in tar::Archive::new(open_tar(path)?).entries().at("read", path)? {
        let entry = entry.at("read", path)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        names.push(name.trim_start_matches("./").to_owned());
    }
    Ok(names)
}
