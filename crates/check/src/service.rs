//! What a service of a Compose file has beside what pods have.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Place;

/// The kind of the objects that services become.
pub(super) const KIND: &str = "service";

/// What a service has beside what pods have.
#[derive(Debug, Clone, Default)]
pub(super) struct Service {
    /// The Compose file.
    pub(super) project: String,
    /// Its `hostname`.
    pub(super) hostname: Option<String>,
    /// Whether other Compose files lie beside its own, which may be started with it.
    pub(super) has_siblings: bool,
    /// What the project calls itself: `name`.
    pub(super) name: Option<String>,
    /// Names under which the other containers reach it.
    pub(super) hosts: BTreeSet<String>,
    /// Names among them that it has in one network only: name and network.
    pub(super) aliases: BTreeSet<(String, String)>,
    /// Hosts that it knows beside those of its networks: name, address and place.
    pub(super) extra_hosts: Vec<(String, String, Place)>,
    /// The user that its container starts as.
    pub(super) user: Option<(String, Place)>,
    /// What it is built from.
    pub(super) build: Option<Build>,
    /// Whose network it has, where it is not its own: `host`, `none`, `service:NAME`, `container:NAME`.
    pub(super) network_mode: Option<String>,
    /// Its networks; `None`: that of the host or of another container.
    pub(super) networks: Option<BTreeSet<String>>,
    /// Those of its networks that are made elsewhere: others there may have any name.
    pub(super) outer_networks: BTreeSet<String>,
    /// Published ports.
    pub(super) published: Vec<(Port, Place)>,
    /// What is mounted.
    pub(super) mounts: Vec<Mounted>,
    /// Texts of its health check, if another service waits for that.
    pub(super) health: Vec<(String, Place)>,
    /// Services without which it does not start.
    pub(super) needs: Vec<(String, Place)>,
    /// Profiles without which it does not start.
    pub(super) profiles: Vec<String>,
    /// Whether other services of its file extend it: it may have no process of its own.
    pub(super) is_base: bool,
    /// Whether a session is made without it, because of its profiles.
    pub(super) is_left: bool,
    /// Variables that no file gives a value.
    pub(super) open: Vec<String>,
    /// Files that it names and that are not among those that were read.
    pub(super) missing: Vec<String>,
    /// All other fields: name and place.
    pub(super) fields: Vec<(String, Place)>,
}

/// What an image is built from.
#[derive(Debug, Clone)]
pub(super) struct Build {
    /// The Dockerfile.
    pub(super) dockerfile: String,
    /// Its text, where it is in the Compose file.
    pub(super) inline: Option<String>,
    /// Values of its `ARG`s.
    pub(super) args: BTreeMap<String, String>,
    /// The stage that is built; `None`: the last one.
    pub(super) target: Option<String>,
}

/// Something that is mounted.
#[derive(Debug, Clone)]
pub(super) struct Mounted {
    /// What it is.
    pub(super) source: Source,
    /// The path in the container.
    pub(super) target: String,
    /// Whether the container may only read it.
    pub(super) read_only: bool,
    /// How the daemon calls a volume, where that is known.
    pub(super) volume: Option<String>,
    /// Where it stands.
    pub(super) place: Place,
}

/// What a container can mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A file or directory beside the Compose file: its path, as files are named here.
    Path(String),
    /// A volume that others may mount.
    Volume(String),
    /// Nothing that is there before or after the container.
    Own,
    /// A text that Compose copies into the container: of `configs` with `content`, or of a Secret of the shell.
    Text(String),
}

/// A published port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Port {
    /// The address of the host; `None`: all of them.
    pub(super) address: Option<String>,
    /// The port of the host; `None`: the daemon chooses.
    pub(super) host: Option<u16>,
    /// The port of the container.
    pub(super) target: u16,
    /// Whether it is one of TCP: others have numbers of their own.
    pub(super) is_tcp: bool,
}
