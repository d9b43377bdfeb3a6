//! An image of one program, as an archive that containerd imports.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Writes the image `name` with the static program at `/NAME OF THE FILE`, which is also what it starts.
///
/// # Errors
/// When the program cannot be read or the archive not be written.
pub(super) fn write(archive: &Path, name: &str, program: &Path) -> Result<()> {
    let file = program.file_name().context("a program has a name")?.to_string_lossy();
    let mut layer = tar::Builder::new(Vec::new());
    let bytes = fs::read(program).with_context(|| format!("no `{}`", program.display()))?;
    layer.append_data(&mut header(bytes.len(), 0o755), file.as_ref(), bytes.as_slice())?;
    let layer = layer.into_inner()?;
    let config = json!({
        "architecture": std::env::consts::ARCH.replace("x86_64", "amd64").replace("aarch64", "arm64"),
        "os": "linux",
        "config": {"Entrypoint": [format!("/{file}")]},
        "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]},
    });
    let config = config.to_string().into_bytes();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("config.v1+json", &config),
        "layers": [descriptor("layer.v1.tar", &layer)],
    });
    let manifest = manifest.to_string().into_bytes();
    let mut entry = descriptor("manifest.v1+json", &manifest);
    entry["annotations"] = json!({"io.containerd.image.name": name});
    let index = json!({"schemaVersion": 2, "manifests": [entry]}).to_string().into_bytes();
    let layout = br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec();
    let mut out = tar::Builder::new(File::create(archive)?);
    for (path, bytes) in [
        ("oci-layout".to_owned(), layout),
        ("index.json".to_owned(), index),
        (blob(&manifest), manifest),
        (blob(&config), config),
        (blob(&layer), layer),
    ] {
        out.append_data(&mut header(bytes.len(), 0o644), path, bytes.as_slice())?;
    }
    Ok(out.into_inner()?.flush()?)
}

fn descriptor(kind: &str, bytes: &[u8]) -> Value {
    json!({
        "mediaType": format!("application/vnd.oci.image.{kind}"),
        "digest": digest(bytes),
        "size": bytes.len(),
    })
}

fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn blob(bytes: &[u8]) -> String {
    format!("blobs/{}", digest(bytes).replace(':', "/"))
}

fn header(size: usize, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size as u64);
    header.set_mode(mode);
    header
}
