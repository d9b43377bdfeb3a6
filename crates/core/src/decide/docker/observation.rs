//! What a shell has seen of a session, its daemon and its image.

use std::collections::{BTreeMap, BTreeSet};

use crate::decide::Jobs;
use crate::decide::ready::Registered;
use crate::plan::docker::{EXTRAS, FILES, HealthCheck, SeenContainer};
use nutkin_flink::official::{FLINK_HOME, FLINK_ID};
use nutkin_flink::process::Role;

/// Everything that a decision about Docker is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The session's name.
    pub session: String,
    /// Each image of [`super::images`], in that order; `None` where the daemon does not have it.
    pub images: Vec<(String, Option<Image>)>,
    /// Jars and plugins that the session adds to its Flink.
    pub extras: Extras,
    /// The session's containers: ZooKeeper, JobManagers, TaskManagers, each by its number.
    pub containers: Vec<FoundContainer>,
    /// The network of the session's name.
    pub network: Thing,
    /// The volume of the session's name.
    pub volume: Thing,
    /// Names of all volumes with the session's label.
    pub volumes: Vec<String>,
    /// Ports of the daemon's machine that others have, as far as that is known.
    pub taken: Vec<TakenPort>,
    /// Jobs that run. None where no JobManager does.
    pub jobs: Jobs,
    /// What the JobManager says of its TaskManagers; `None` where none answers.
    pub overview: Option<Registered>,
    /// Whether the ledger says already what is wanted now, or need not say it.
    pub is_saved: bool,
    /// What this very run has made until now.
    pub mine: Mine,
}

/// An image that the daemon has, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its `FLINK_HOME`.
    pub flink_home: String,
    /// How its containers see whether a port of their own answers.
    pub probe: HealthCheck,
    /// User and group of Flink's files.
    pub owner: (u32, u32),
    /// Whether its containers start as root, and become another user by themselves.
    pub starts_as_root: bool,
    /// Whether this very run pulled it: then there is no newer one to pull.
    pub is_fresh: bool,
}

/// An image that nobody looked into: like the official one, or like ours where it is not named as the official is.
pub fn assumed(name: &str) -> Image {
    Image {
        flink_home: FLINK_HOME.to_owned(),
        probe: if is_official(name) { HealthCheck::Bash } else { HealthCheck::Nutkin },
        owner: (FLINK_ID, FLINK_ID),
        starts_as_root: is_official(name),
        is_fresh: false,
    }
}

/// The official image is `flink`, wherever it is mirrored to.
fn is_official(name: &str) -> bool {
    let name = name.split('@').next().unwrap_or(name);
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split(':').next() == Some("flink") && !name.starts_with("nutkin/")
}

/// Jars and plugins that the session adds to its Flink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extras {
    /// What the options name. By path below `FLINK_HOME`: the digest of the content, or `None` while it is still to be
    /// fetched.
    Named(BTreeMap<String, Option<String>>),
    /// Those that the containers have, from one of which new ones get them: what `scale` wants.
    Kept,
}

/// A container of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundContainer {
    /// What is compared.
    pub seen: SeenContainer,
    /// The daemon's ID for it: another container of this name has another one.
    pub id: String,
    /// In the daemon's words: `Up 3 minutes (healthy)`.
    pub status: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Where REST is published, of one that runs.
    pub rest: Option<(String, u16)>,
}

/// A port of the daemon's machine that somebody else has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenPort {
    /// The address, `0.0.0.0` for all of them.
    pub address: String,
    /// The port.
    pub port: u16,
    /// Who has it: the name of a container; `None`: another program.
    pub by: Option<String>,
}

/// A network or a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Thing {
    /// There is none of that name.
    #[default]
    Absent,
    /// It carries the session's label.
    Ours,
    /// It does not: it is used, and never removed.
    Foreign,
}

/// What one run of a driver has made: this alone is undone when a new session does not come up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mine {
    /// IDs of containers, in the order in which they were made.
    pub made: Vec<String>,
    /// IDs of containers that were started. One of them that has ended is broken, and not started again.
    pub started: BTreeSet<String>,
    /// IDs of containers that were stopped for new ones. They are ended when the session serves with those, and come back
    /// if it never does.
    pub retired: BTreeSet<String>,
    /// Whether the volume is new: then nothing on it is worth keeping.
    pub volume: bool,
}

impl FoundContainer {
    /// Digests of files and jars that it was made with, by path; `None`: an older release did not note them.
    pub(super) fn files(&self) -> Option<BTreeMap<String, String>> {
        serde_json::from_str(self.labels.get(FILES)?).ok()
    }

    /// Paths of jars and plugins that it was made with.
    pub(super) fn extras(&self) -> Vec<String> {
        let label = self.labels.get(EXTRAS).map(String::as_str).unwrap_or_default();
        serde_json::from_str(label).unwrap_or_default()
    }
}

impl Observation {
    /// A container of a role, the first one there is.
    pub(super) fn first(&self, role: Role) -> Option<&FoundContainer> {
        self.containers.iter().find(|one| one.seen.role == Some(role))
    }

    /// What core compares of the containers.
    pub(super) fn plain(&self) -> Vec<SeenContainer> {
        self.containers.iter().map(|one| one.seen.clone()).collect()
    }
}
