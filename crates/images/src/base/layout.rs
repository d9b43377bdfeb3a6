//! Bases in an OCI layout, or in an archive of one or of `docker save`.

use std::fs;
use std::path::Path;

use nutkin_container::image::Blob;
use serde_json::Value;

use super::{BaseLayer, Loaded, assemble, open_tar};
use nutkin_shell::files::At;
use nutkin_shell::files::digest::{is_sha256, sha256_of_file};
use nutkin_shell::{Error, Kind};

/// An image index may name indexes (one for each platform); nobody nests them deeper.
const NESTED: usize = 3;

/// Reads a layout.
pub(super) fn load(directory: &Path, architecture: &str) -> Result<Loaded, Error> {
    let name = directory.display().to_string();
    let index = json(&directory.join("index.json"))?;
    let (digest, manifest) = manifest(directory, index, architecture)?;
    let config = json(&blob(directory, &manifest["config"])?.path)?;
    let mut layers = Vec::new();
    for layer in manifest["layers"].as_array().into_iter().flatten() {
        let layer = blob(directory, layer)?;
        if sha256_of_file(&layer.path).at("read", &layer.path)? != layer.blob.sha256 {
            return Err(damaged(&format!("`{}` does not have its digest", layer.path.display())));
        }
        layers.push(layer);
    }
    assemble(name, Some(digest), &config, layers)
}

/// Unpacks an archive, and reads it.
pub(super) fn load_archive(
    archive: &Path,
    architecture: &str,
    work: &Path,
) -> Result<Loaded, Error> {
    let folder = work.join("base-archive");
    tar::Archive::new(open_tar(archive)?).unpack(&folder).at("unpack", archive)?;
    let mut loaded = if folder.join("index.json").is_file() {
        load(&folder, architecture)?
    } else {
        saved(&folder)?
    };
    loaded.base.name = archive.display().to_string();
    Ok(loaded)
}

/// What `docker save` of daemons before 25 writes: `manifest.json`, plain layers.
fn saved(folder: &Path) -> Result<Loaded, Error> {
    let manifest = json(&folder.join("manifest.json"))?;
    let image = &manifest[0];
    let path = |value: &Value| value.as_str().map(|name| folder.join(name));
    let Some(config) = path(&image["Config"]) else {
        return Err(damaged("`manifest.json` names no configuration"));
    };
    let config = json(&config)?;
    let mut layers = Vec::new();
    for layer in image["Layers"].as_array().into_iter().flatten() {
        let Some(path) = path(layer) else { continue };
        let sha256 = sha256_of_file(&path).at("read", &path)?;
        let bytes = fs::metadata(&path).at("read", &path)?.len();
        let media_type = "application/vnd.oci.image.layer.v1.tar".to_owned();
        layers.push(BaseLayer { blob: Blob { media_type, sha256, bytes }, path });
    }
    assemble(String::new(), None, &config, layers)
}

/// The manifest for a platform, through indexes, and its digest.
fn manifest(
    directory: &Path,
    mut index: Value,
    architecture: &str,
) -> Result<(String, Value), Error> {
    for _ in 0..NESTED {
        let all = index["manifests"].as_array().cloned().unwrap_or_default();
        let Some(chosen) = for_platform(&all, architecture) else {
            return Err(Error::new(
                Kind::Invalid,
                format!("`{}` has no image for linux/{architecture}", directory.display()),
            ));
        };
        let digest = chosen["digest"].as_str().unwrap_or_default().to_owned();
        let document = json(&blob(directory, chosen)?.path)?;
        if document.get("manifests").is_none() {
            return Ok((digest, document));
        }
        index = document;
    }
    Err(damaged("its indexes name only other indexes"))
}

/// The entry for a platform: the one that says so, otherwise the first one that says nothing.
pub(super) fn for_platform<'a>(all: &'a [Value], architecture: &str) -> Option<&'a Value> {
    let matches = |one: &&Value| {
        one["platform"]["os"] == "linux" && one["platform"]["architecture"] == architecture
    };
    all.iter().find(matches).or_else(|| all.iter().find(|one| one.get("platform").is_none()))
}

fn blob(directory: &Path, descriptor: &Value) -> Result<BaseLayer, Error> {
    let digest = descriptor["digest"].as_str().unwrap_or_default();
    let Some(sha256) = digest.strip_prefix("sha256:").filter(|hex| is_sha256(hex)) else {
        return Err(damaged(&format!("`{digest}` is not a SHA-256 digest")));
    };
    let blob = Blob {
        media_type: descriptor["mediaType"].as_str().unwrap_or_default().to_owned(),
        sha256: sha256.to_owned(),
        bytes: descriptor["size"].as_u64().unwrap_or_default(),
    };
    Ok(BaseLayer { path: directory.join("blobs/sha256").join(sha256), blob })
}

fn json(path: &Path) -> Result<Value, Error> {
    let text = fs::read(path).at("read", path)?;
    serde_json::from_slice(&text)
        .map_err(|error| damaged(&format!("`{}` is not JSON: {error}", path.display())))
}

fn damaged(what: &str) -> Error {
    Error::new(Kind::Broken, format!("the base is damaged: {what}"))
}
