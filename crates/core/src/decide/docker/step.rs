//! What is to be done on a daemon, one thing at a time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::plan::docker::Container;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Fetches all jars and plugins that are not on this machine yet.
    Fetch {
        /// Their paths below `FLINK_HOME`.
        paths: Vec<String>,
    },
    /// Pulls an image.
    Pull {
        /// Its name.
        image: String,
    },
    /// Sees that the daemon has an image by now: pulling it is forbidden.
    Need {
        /// Its name.
        image: String,
    },
    /// Makes the session's network.
    MakeNetwork {
        /// Its name.
        name: String,
    },
    /// Makes the session's volume.
    MakeVolume {
        /// Its name.
        name: String,
    },
    /// Writes what is wanted, and who wants it, into the ledger on the volume.
    SaveLedger,
    /// Stops a container and removes it. One that is gone is not an error.
    End {
        /// Its name, for people.
        name: String,
        /// Its ID: another container that got its name meanwhile is left alone.
        id: String,
    },
    /// Makes a container, brings its files into it and starts it.
    Make(Box<Make>),
    /// Makes a container beside the one whose name it is to have, with its files. It is not started yet: whatever a daemon
    /// refuses is seen while the old one runs.
    Prepare(Box<Make>),
    /// Stops a container, and keeps it under another name until the new ones serve.
    Retire {
        /// Its name, for people.
        name: String,
        /// Its ID.
        id: String,
    },
    /// Gives a container that was prepared its name, and starts it.
    Promote {
        /// The name.
        name: String,
    },
    /// Makes a TaskManager like another one, where nobody knows what the session was made from.
    Copy {
        /// Its name.
        name: String,
        /// Its name below the session.
        alias: String,
        /// ID of the container that it is like.
        like: String,
    },
    /// Starts a container that is as it shall be.
    Start {
        /// Its name, for people.
        name: String,
        /// Its ID.
        id: String,
    },
    /// Stops a container and starts it again, with the files that it has.
    Restart {
        /// Its name, for people.
        name: String,
        /// Its ID.
        id: String,
    },
    /// Removes the session's network.
    RemoveNetwork {
        /// Its name.
        name: String,
    },
    /// Removes a volume with all that is on it.
    RemoveVolume {
        /// Its name.
        name: String,
    },
}

impl Step {
    /// Whether it only brings something to where it can be used, and touches no session.
    pub const fn only_brings(&self) -> bool {
        matches!(self, Self::Fetch { .. } | Self::Pull { .. } | Self::Need { .. })
    }
}

/// A container to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Make {
    /// The container.
    pub container: Container,
    /// What it shares with the others.
    pub within: Arc<Within>,
}

/// What all containers of a session share.
#[derive(Clone, PartialEq, Eq)]
pub struct Within {
    /// The network.
    pub network: String,
    /// The volume.
    pub volume: String,
    /// Where the volume is mounted.
    pub data: String,
    /// `FLINK_HOME` of the image.
    pub flink_home: String,
    /// User and group of files.
    pub owner: (u32, u32),
    /// Whether containers start as root, and become another user by themselves.
    pub starts_as_root: bool,
    /// Files of `FLINK_HOME/conf`, by name. They may hold passwords.
    pub files: BTreeMap<String, String>,
    /// Jars and plugins that this machine brings, or that are taken from a container.
    pub extras: Vec<String>,
    /// The container that has the extras; `None`: they are on this machine.
    pub like: Option<String>,
}

impl fmt::Debug for Within {
    /// Without the text of files, where passwords may be.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within")
            .field("network", &self.network)
            .field("volume", &self.volume)
            .field("data", &self.data)
            .field("flink_home", &self.flink_home)
            .field("owner", &self.owner)
            .field("starts_as_root", &self.starts_as_root)
            .field("files", &self.files.keys().collect::<Vec<_>>())
            .field("extras", &self.extras)
            .field("like", &self.like)
            .finish()
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch { paths } => write!(f, "fetch {}", paths.join(", ")),
            Self::Pull { image } => write!(f, "pull image {image}"),
            Self::Need { image } => write!(f, "need image {image}"),
            Self::MakeNetwork { name } => write!(f, "make network {name}"),
            Self::MakeVolume { name } => write!(f, "make volume {name}"),
            Self::SaveLedger => write!(f, "save the ledger"),
            Self::Copy { name, .. } => write!(f, "make {name} like the first TaskManager"),
            Self::End { name, .. } => write!(f, "end {name}"),
            Self::Make(make) => match &make.within.like {
                None => write!(f, "make {}", make.container.name),
                Some(like) => write!(f, "make {} with the jars of {like}", make.container.name),
            },
            Self::Prepare(make) => match &make.within.like {
                None => write!(f, "prepare {}", make.container.name),
                Some(like) => write!(f, "prepare {} with the jars of {like}", make.container.name),
            },
            Self::Retire { name, .. } => write!(f, "stop {name} and keep it"),
            Self::Promote { name } => write!(f, "start {name} as it was prepared"),
            Self::Start { name, .. } => write!(f, "start {name}"),
            Self::Restart { name, .. } => write!(f, "restart {name}"),
            Self::RemoveNetwork { name } => write!(f, "remove network {name}"),
            Self::RemoveVolume { name } => write!(f, "remove volume {name}"),
        }
    }
}
