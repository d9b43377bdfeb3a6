//! What the cache knows about a file: where it came from and what its bytes must be.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use nutkin_shell::files::digest::sha256_of_file;
use nutkin_shell::files::staging::write_atomically;

/// Stands beside the file as `<file>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    /// Where it came from, without secrets.
    pub source: String,
    /// SHA-256 of the content.
    pub sha256: String,
    /// Length in bytes.
    pub bytes: u64,
    /// The server's name for this version of the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

impl Record {
    fn path(file: &Path) -> PathBuf {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(".json");
        file.with_file_name(name)
    }

    /// The record of a cached file whose bytes are what they were; `None` for an absent, unknown or
    /// damaged one, which is then fetched again.
    pub(super) fn of_intact(file: &Path) -> Option<Self> {
        let record: Self = serde_json::from_slice(&fs::read(Self::path(file)).ok()?).ok()?;
        let length = fs::metadata(file).ok()?.len();
        (length == record.bytes && sha256_of_file(file).ok()? == record.sha256).then_some(record)
    }

    /// Writes the record of a file that is about to be put in place, so that a file without a record
    /// is never trusted.
    pub(super) fn write(&self, file: &Path) -> std::io::Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(std::io::Error::other)?;
        write_atomically(&Self::path(file), &text)
    }
}
