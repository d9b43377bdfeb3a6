//! What a container does when it starts: from the words it was given, its environment and the mounted
//! configuration to one command line of Java.
//!
//! ```text
//! name, words, environment ──► command::parse ──► Start ──► effective ──► launch ──► files, exec
//!                                   │                          ▲             ▲
//!                   Daemon, Stop, StartCluster, PassThrough    └── Observed ─┘
//! ```
//!
//! Sources: `docker-entrypoint.sh` of flink-docker's branches dev-1.13, dev-1.18 and dev-2.3, which are the three
//! variants that there are; Flink's own scripts as [`command`] names them.

mod cluster;
pub mod command;
pub mod daemon;
pub mod effective;
pub mod host;
pub mod launch;
mod layers;
mod logging;
pub mod plugins;
pub mod processors;
pub mod report;
mod substitute;
pub mod unknown;
pub mod user;
pub mod words;

use std::collections::BTreeMap;

pub use crate::service::{Service, Sizing};
pub use command::{Command, Rules, Start};
pub use effective::{Effective, effective};
pub use host::Host;
pub use launch::{ContainerMachine, ProcessLaunch, launch};
pub use layers::Overridden;

use nutkin_flink::FlinkVersion;

/// What the shell sees before anything is decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObservedContainer {
    /// The variables of the process that are text.
    pub environment: BTreeMap<String, String>,
    /// `FLINK_HOME`, otherwise where the links to this program lie, otherwise `/opt/flink`.
    pub flink_home: String,
    /// Names of the jars in its `lib/`.
    pub lib: Vec<String>,
    /// `FLINK_CONF_DIR`, otherwise `conf` below Flink's home.
    pub conf_directory: String,
    /// Texts of `flink-conf.yaml` and `config.yaml`, where they are there.
    pub conf: BTreeMap<String, String>,
    /// Names of everything else in that directory.
    pub conf_others: Vec<String>,
    /// Whether the official entrypoint could edit the configuration file.
    pub conf_writable: bool,
    /// The machine's names.
    pub host: Host,
    /// Processors that the container may use: [`processors::count`].
    pub processors: u32,
}

/// The release, by the name of the main jar in `lib/`, otherwise by `FLINK_VERSION` of the official images.
pub fn version(lib: &[String], environment: &BTreeMap<String, String>) -> Option<FlinkVersion> {
    let of_jar = |name: &String| {
        let name = name.strip_prefix("flink-dist")?.strip_suffix(".jar")?;
        // `flink-dist_2.12-1.13.6.jar` has the Scala release first.
        name.rsplit_once('-')?.1.parse().ok()
    };
    lib.iter().find_map(of_jar).or_else(|| environment.get("FLINK_VERSION")?.parse().ok())
}
