//! Container images: what goes into which layer, and what the image says about itself.
//!
//! ```text
//! words of the user ──► Request ─┐
//!                                ├─► plan ──► Image { layers, config } ──► tar files, digests (shell)
//! base, Java, Flink ──► Found  ──┘                └──► dockerfile, sbom
//! ```
//!
//! Layers are ordered from what changes least to what changes most, and everything that users change alone
//! (one jar, one copied file, the configuration) is a layer of its own: a new jar uploads only itself.

mod base;
mod config;
mod dockerfile;
mod found;
mod plan;
mod request;
pub mod sbom;
mod system;

use std::collections::BTreeMap;

pub use nutkin_flink::official::{FLINK_HOME, FLINK_ID};

pub use base::{Base, BaseNode, lay_over};
pub use config::{Blob, Config, config_json, docker_manifest, index_json, manifest_json};
pub use dockerfile::{dockerfile, file_name};
pub use found::{FoundFlink, FoundJava, FoundParts};
pub use plan::{ImagePlan, missing_parts, plan};
pub use request::{Copy, Directory, ImageRequest, ImageUser, Words};

/// Where the official image has Java.
pub const JAVA_HOME: &str = "/opt/java/openjdk";

/// Where our binary stands; everything else that starts it is a link to here.
pub const BINARY: &str = "/usr/local/bin/nutkin";

/// The entry point of the official image.
pub const ENTRYPOINT: &str = "/docker-entrypoint.sh";

/// Ports that Flink's documentation gives to RPC, blobs, TaskManagers' RPC and REST.
pub const PORTS: [u16; 4] = [6123, 6124, 6122, 8081];

/// Flink's programs that our binary answers to when it is called by their names.
pub const SCRIPTS: &[&str] = &[
    "flink",
    "historyserver.sh",
    "jobmanager.sh",
    "kubernetes-jobmanager.sh",
    "kubernetes-taskmanager.sh",
    "standalone-job.sh",
    "start-cluster.sh",
    "stop-cluster.sh",
    "taskmanager.sh",
    "zookeeper.sh",
];

/// What a JVM does not read: tools for developers, sources, manuals. The largest, `jmods`, is what `jlink` takes
/// modules from.
pub const JAVA_WITHOUT: &[&str] =
    &["demo", "docs", "include", "jmods", "lib/ct.sym", "lib/src.zip", "man", "sample", "src.zip"];

/// Modules of a Java that is reduced with `jlink`: all of Java SE, since user code may ask for any, and of the JDK
/// what Flink, its `--add-exports` and common libraries use (Unsafe, Kerberos, elliptic curves, heap dumps and
/// flight recordings, JMX agents, zip file systems, name services).
pub const JAVA_MODULES: &[&str] = &[
    "java.se",
    "jdk.charsets",
    "jdk.compiler",
    "jdk.crypto.ec",
    "jdk.httpserver",
    "jdk.jcmd",
    "jdk.jfr",
    "jdk.localedata",
    "jdk.management",
    "jdk.management.agent",
    "jdk.management.jfr",
    "jdk.naming.dns",
    "jdk.net",
    "jdk.security.auth",
    "jdk.security.jgss",
    "jdk.unsupported",
    "jdk.zipfs",
];

/// One layer: what `docker history` calls it, and its entries, parents before children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// A word for file names and messages: `flink`, `jar-udf.jar`.
    pub name: String,
    /// What is in it, for people.
    pub text: String,
    /// By path in the image, without the leading slash.
    pub entries: BTreeMap<String, LayerEntry>,
}

/// One path of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerEntry {
    /// What is there.
    pub content: Content,
    /// Who owns it.
    pub owner: ImageUser,
    /// Permissions, such as `0o755`; links have none.
    pub mode: u32,
}

/// What a path of a layer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A directory.
    Directory,
    /// A symbolic link.
    Link(String),
    /// A file with this text.
    Text(String),
    /// A copy of a file of this machine.
    File(String),
    /// A copy of a directory of this machine with all that is in it. Links that stay inside are kept, others
    /// followed. The shell makes entries of it with [`mode`], owned as this entry is.
    Tree {
        /// The directory.
        source: String,
        /// What is left out, by paths below it.
        without: &'static [&'static str],
    },
}

/// Permissions of a copied file: whether it is a program is all that is kept, as the umask of whoever
/// unpacked it is not a property of the image.
pub const fn mode(is_program: bool) -> u32 {
    if is_program { 0o755 } else { 0o644 }
}

impl LayerEntry {
    /// A directory for everybody to read.
    pub const fn directory(owner: ImageUser) -> Self {
        Self { content: Content::Directory, owner, mode: 0o755 }
    }

    /// A link.
    pub fn link(target: impl Into<String>) -> Self {
        Self { content: Content::Link(target.into()), owner: ImageUser::ROOT, mode: 0o777 }
    }

    /// A text file for everybody to read.
    pub fn text(text: impl Into<String>, owner: ImageUser) -> Self {
        Self { content: Content::Text(text.into()), owner, mode: 0o644 }
    }

    /// A copied file.
    pub fn file(source: impl Into<String>, owner: ImageUser, is_program: bool) -> Self {
        Self { content: Content::File(source.into()), owner, mode: mode(is_program) }
    }

    /// A copied directory.
    pub fn tree(source: impl Into<String>, owner: ImageUser) -> Self {
        Self { content: Content::Tree { source: source.into(), without: &[] }, owner, mode: 0o755 }
    }
}
