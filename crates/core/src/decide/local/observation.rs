//! What a shell has seen of a session on this machine, and of the machine.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Launch;
use super::ports::{self, Ports, Taken};
use crate::decide::Jobs;
use crate::decide::ready::Registered;
use crate::plan::process::{Archives, Machine};
use crate::session::Session;
use nutkin_flink::process::Role;

/// Everything that a decision about a session on this machine is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The session's name.
    pub session: String,
    /// Its directory.
    pub directory: String,
    /// Where savepoints, checkpoints and the like go unless told otherwise: it outlives the session.
    pub data_directory: String,
    /// Its orders.
    pub orders: Orders,
    /// Whether anything of the session is in its directory, whole or damaged.
    pub exists: bool,
    /// Its processes.
    pub processes: Vec<SeenProcess>,
    /// Whether a supervisor lives.
    pub supervisor: bool,
    /// The generation of the orders that the supervisor follows, or the last one did.
    pub follows: Option<u64>,
    /// The generation of the orders that this very run has had obeyed: what does not live yet is waited for, and not
    /// ordered again and again.
    pub told: Option<u64>,
    /// Whether the ledger says what this very run is to write into it, or nothing is to be written.
    pub is_saved: bool,
    /// How long a living JobManager has been asked for its jobs, and has not answered.
    pub silent: Duration,
    /// Files that processes read, by path below the directory, each with [`nutkin_flink::digest::short`] of its content.
    pub files: BTreeMap<String, String>,
    /// Jobs that run. None where no JobManager lives.
    pub jobs: Jobs,
    /// What the JobManager says of its TaskManagers; `None` where none answers.
    pub overview: Option<Registered>,
    /// What there is below the place for data.
    pub data: Data,
    /// The machine, where a session is wanted on it.
    pub machine: Option<Surroundings>,
}

/// The orders of the last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Orders {
    /// There are none.
    Absent,
    /// They cannot be read.
    Damaged,
    /// These.
    Given(Box<Launch>),
}

impl Orders {
    /// Those that can be read.
    pub fn given(&self) -> Option<&Launch> {
        match self {
            Self::Given(launch) => Some(launch),
            Self::Absent | Self::Damaged => None,
        }
    }
}

/// A process as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenProcess {
    /// `jobmanager`, `taskmanager-1`.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Whether it lives.
    pub lives: bool,
    /// Whether it runs as it shall: it neither ends nor waits to be started again.
    pub runs: bool,
    /// How it ended, where it waits to be started again.
    pub died: Option<String>,
}

/// What a session has left, or will leave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Data {
    /// Whether there is the directory.
    pub exists: bool,
    /// Number of files in each folder of it; without those that have none.
    pub files: BTreeMap<String, usize>,
}

impl Data {
    /// `checkpoints (12 files), savepoints (1 file)`; empty where there is none.
    pub fn describe(&self) -> String {
        let part = |(name, count): (&String, &usize)| {
            format!("{name} ({})", nutkin_flink::counted(*count, "file"))
        };
        self.files.iter().map(part).collect::<Vec<_>>().join(", ")
    }
}

/// What a machine has for a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// The distribution of the release that is wanted.
    pub flink: Flink,
    /// The Java that the session's Flink runs on.
    pub java: JavaHome,
    /// Jars and plugins that the session adds.
    pub extras: Extras,
    /// Class data archives, where there are valid ones.
    pub archives: Archives,
    /// Variables that processes get.
    pub environment: BTreeMap<String, String>,
    /// Ports that cannot be had, and some that can.
    pub ports: Taken,
    /// Its memory in bytes, where that is known.
    pub memory: Option<u64>,
    /// A fresh token, for a session that has none.
    pub token: String,
}

/// A distribution of Flink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flink {
    /// Its home directory, or where it will be.
    pub home: String,
    /// Names of the jars in its `lib/`; what is assumed, where it is not installed.
    pub lib: Vec<String>,
    /// Whether it is on this machine.
    pub is_installed: bool,
}

/// A Java.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JavaHome {
    /// Its home directory, or where it will be.
    pub home: String,
    /// 8, 11, 17...
    pub major: u8,
    /// Whether it is on this machine.
    pub is_installed: bool,
}

/// What a session adds to its Flink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extras {
    /// Absolute paths of jars.
    pub libs: Vec<String>,
    /// Flink's own plugins directory, or one of links to its plugins and those of the user.
    pub plugins: String,
    /// What is in that directory: name of a plugin, names of its jars.
    pub plugin_jars: BTreeMap<String, Vec<String>>,
    /// What is not on this machine yet.
    pub absent: Vec<String>,
    /// Whether the plugins directory is there.
    pub is_ready: bool,
}

/// The folder of high availability data, unless the user names another one.
const HIGH_AVAILABILITY: &str = "ha";

impl Observation {
    /// The data that is worth keeping after an end. High availability data is not where its index is in the ZooKeeper that
    /// Nutkin brings along: that goes with the session.
    pub fn lasting_data(&self) -> Data {
        let mut data = self.data.clone();
        if self.has_own_zookeeper() {
            data.files.remove(HIGH_AVAILABILITY);
        }
        data
    }

    /// The folder of high availability data that nothing finds again after an end, where there is one.
    pub(super) fn orphaned_data(&self) -> Option<String> {
        let is_orphaned =
            self.has_own_zookeeper() && self.data.files.contains_key(HIGH_AVAILABILITY);
        is_orphaned.then(|| format!("{}/{HIGH_AVAILABILITY}", self.data_directory))
    }

    fn has_own_zookeeper(&self) -> bool {
        match self.orders.given() {
            Some(launch) => launch.count(Role::ZooKeeper) != 0,
            // Orders that cannot be read say nothing of it; what runs does.
            None => self.processes.iter().any(|one| one.role == Role::ZooKeeper),
        }
    }

    /// Whether a process of this name lives.
    pub fn lives(&self, name: &str) -> bool {
        self.processes.iter().any(|one| one.name == name && one.lives)
    }

    /// Whether any process lives.
    pub fn runs(&self) -> bool {
        self.processes.iter().any(|one| one.lives)
    }
}

impl Surroundings {
    /// As the planner knows it, with the ports of the session.
    pub(super) fn machine(&self, session: &Session, seen: &Observation, ports: &Ports) -> Machine {
        let mut lib = self.flink.lib.clone();
        if !self.flink.is_installed {
            // As Java writes all jars of a directory.
            lib.insert(0, "*".to_owned());
        }
        let rest = |index| ports.get(&ports::rest_name(index)).copied();
        Machine {
            flink_home: self.flink.home.clone(),
            lib,
            extra_libs: self.extras.libs.clone(),
            plugins: self.extras.plugins.clone(),
            plugin_jars: self.extras.plugin_jars.clone(),
            java_home: self.java.home.clone(),
            java_major: self.java.major,
            directory: seen.directory.clone(),
            data: seen.data_directory.clone(),
            rest_ports: (1..=session.job_managers()).filter_map(rest).collect(),
            rpc_port: ports.get("rpc").copied().unwrap_or_default(),
            zookeeper_port: ports.get("zookeeper").copied(),
            archives: self.archives.clone(),
            environment: self.environment.clone(),
        }
    }
}
