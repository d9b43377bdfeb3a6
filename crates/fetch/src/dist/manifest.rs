//! What is known about an installed distribution: where it came from, and what every file must be.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use nutkin_shell::files::digest::sha256_of_file;

/// Name of the manifest in a distribution.
pub(super) const FILE: &str = "nutkin-dist.json";

/// The content of `nutkin-dist.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// `nutkin/v1`.
    pub api_version: String,
    /// `DistributionManifest`.
    pub kind: String,
    /// The release.
    pub version: String,
    /// Where it came from, in words.
    pub source: String,
    /// The archive it was unpacked from; absent for a copied directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<ArchiveSum>,
    /// All files by their path below the home, with `/`.
    pub files: BTreeMap<String, FileSum>,
}

/// Checksum of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArchiveSum {
    /// File name.
    pub name: String,
    /// `sha256:<hex>` or `sha512:<hex>`.
    pub digest: String,
    /// Who published the checksum that it was compared with; absent when nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_against: Option<String>,
}

/// Size and checksum of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSum {
    /// Length.
    pub bytes: u64,
    /// SHA-256 as hex.
    pub sha256: String,
}

impl Manifest {
    /// A new one.
    pub(crate) fn new(
        version: String,
        source: String,
        archive: Option<ArchiveSum>,
        files: BTreeMap<String, FileSum>,
    ) -> Self {
        let (api_version, kind) = ("nutkin/v1".to_owned(), "DistributionManifest".to_owned());
        Self { api_version, kind, version, source, archive, files }
    }

    /// Reads the manifest of an installed distribution; an error says in words what is wrong.
    ///
    /// # Errors
    /// When it is absent or no manifest.
    pub fn read(home: &Path) -> Result<Self, String> {
        let path = home.join(FILE);
        let text = fs::read(&path).map_err(|error| format!("`{}`: {error}", path.display()))?;
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|error| format!("`{}` is damaged: {error}", path.display()))?;
        match manifest.kind.as_str() {
            "DistributionManifest" => Ok(manifest),
            other => Err(format!("`{}` is a {other}", path.display())),
        }
    }

    /// Number of bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes).sum()
    }

    /// What is wrong with the files: their sizes, or their content when `thorough`. Files that were
    /// added (a jar dropped into `lib`) are named as well, since they would be on the class path.
    pub fn damage(&self, home: &Path, thorough: bool) -> Vec<String> {
        let mut damage = Vec::new();
        for (name, expected) in &self.files {
            let path = home.join(name);
            match fs::metadata(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    damage.push(format!("`{name}` is missing"));
                }
                Err(error) => damage.push(format!("`{name}`: {error}")),
                Ok(metadata) if metadata.len() != expected.bytes => damage.push(format!(
                    "`{name}` has {} bytes instead of {}",
                    metadata.len(),
                    expected.bytes
                )),
                Ok(_) if thorough => match sha256_of_file(&path) {
                    Err(error) => damage.push(format!("`{name}`: {error}")),
                    Ok(actual) if actual != expected.sha256 => {
                        damage.push(format!("`{name}` has another content than was installed"));
                    }
                    Ok(_) => {}
                },
                Ok(_) => {}
            }
        }
        for name in super::names(&home.join("lib"), false).unwrap_or_default() {
            if !self.files.contains_key(&format!("lib/{name}")) {
                damage.push(format!("`lib/{name}` was added (use the option `nutkin.libs`)"));
            }
        }
        damage
    }
}
