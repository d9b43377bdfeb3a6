//! What a shell found for an image: its base, Java, Flink, and files of this machine.

use std::collections::{BTreeMap, BTreeSet};

use crate::image::Base;
use nutkin_flink::FlinkVersion;

/// What the shell found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundParts {
    /// What the image begins with; `None`: nothing.
    pub base: Option<Base>,
    /// In OCI's words: `amd64`, `arm64`.
    pub architecture: String,
    /// Where Java comes from.
    pub java: FoundJava,
    /// Libraries and programs of this machine: path in the image, source, whether it is a program.
    pub system: Vec<(String, String, bool)>,
    /// Links of the root directory that this machine has: `/lib` to `usr/lib`.
    pub system_links: Vec<(String, String)>,
    /// Flink's release.
    pub flink: FlinkVersion,
    /// Its files; `None` when the base has them.
    pub distribution: Option<FoundFlink>,
    /// `--conf`: name and source of each file; empty without it.
    pub configuration: Vec<(String, String)>,
    /// Those sources of copies and plugins that are directories.
    pub directories: BTreeSet<String>,
    /// Our binary; `None` when the base's entry point stays.
    pub binary: Option<String>,
    /// Class data archives and what is written down about them: file name and source.
    pub archives: Vec<(String, String)>,
}

/// Where Java comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundJava {
    /// There is none, here or in the base.
    Nowhere,
    /// The base has it there.
    InBase(String),
    /// A directory of this machine.
    Copied(String),
}

/// An unpacked distribution of Flink.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundFlink {
    /// Its directory.
    pub home: String,
    /// File names in `lib`.
    pub lib: Vec<String>,
    /// File names in `opt`.
    pub opt: Vec<String>,
    /// Folders of `plugins` with their file names.
    pub plugins: BTreeMap<String, Vec<String>>,
    /// `licenses`, `LICENSE`, `NOTICE`: those that are there.
    pub legal: Vec<String>,
}
