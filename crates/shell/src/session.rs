//! What is asked of a session on any platform, and what comes back.

use std::path::PathBuf;

use nutkin_core::Remark;
use nutkin_core::selection::Platform;
use nutkin_core::session::Session;

pub use nutkin_core::decide::{Ending, Harm};

/// Where sessions are looked for or made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On this machine.
    Local,
    /// On the Docker daemon that the environment names.
    Docker,
    /// On Kubernetes.
    Kubernetes(ClusterPlace),
}

/// Which namespace of which cluster, as far as that was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterPlace {
    /// Namespace that was given.
    pub namespace: Option<String>,
    /// Context of the kubeconfig that was given.
    pub context: Option<String>,
    /// The kubeconfig, where it is not the usual one.
    pub kubeconfig: Option<PathBuf>,
}

impl Place {
    /// On a platform; `cluster` counts on Kubernetes alone.
    pub fn on(platform: Platform, cluster: ClusterPlace) -> Self {
        match platform {
            Platform::Local => Self::Local,
            Platform::Docker => Self::Docker,
            Platform::Kubernetes => Self::Kubernetes(cluster),
        }
    }

    /// The platform.
    pub const fn platform(&self) -> Platform {
        match self {
            Self::Local => Platform::Local,
            Self::Docker => Platform::Docker,
            Self::Kubernetes(_) => Platform::Kubernetes,
        }
    }

    /// Which cluster and namespace; nothing where it is not on Kubernetes.
    pub fn cluster(&self) -> ClusterPlace {
        match self {
            Self::Local | Self::Docker => ClusterPlace::default(),
            Self::Kubernetes(cluster) => cluster.clone(),
        }
    }
}

impl ClusterPlace {
    /// This, with another's answers where this has none.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            namespace: self.namespace.or(other.namespace),
            context: self.context.or(other.context),
            kubeconfig: self.kubeconfig.or(other.kubeconfig),
        }
    }
}

/// What a decision is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To show it: nothing is installed, fetched or written. What is not there is assumed, and that is said.
    Look,
    /// To carry it out: what the processes need is brought to this machine.
    Act,
    /// To carry it out on a session that is there, where only its number of TaskManagers changes: none is created, and
    /// new containers get the jars that the others have.
    Scale,
}

/// What the user wants to exist.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// The session.
    pub session: &'a Session,
    /// Where.
    pub place: &'a Place,
    /// Whether it is to be carried out, or only shown: then nothing is installed, fetched or begun for it.
    pub purpose: Purpose,
    /// Whether a session that somebody else made is taken over.
    pub adopt: bool,
}

/// Which logs to show, and how.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    /// Processes or pods; all where empty.
    pub processes: Vec<String>,
    /// Continue with new lines.
    pub follow: bool,
    /// Only so many of the last lines of each.
    pub tail: Option<usize>,
    /// Logs of containers that ended before, too.
    pub previous: bool,
    /// Only what was written at that time or later, in milliseconds since 1970, as far as that saves reading: what comes may be older.
    pub since: Option<i64>,
}

/// What ended, and what did not.
#[derive(Debug, Clone, Default)]
pub struct Ended {
    /// Processes, pods or objects that ran or were there.
    pub ended: Vec<String>,
    /// What remains on purpose.
    pub kept: Vec<Kept>,
    /// What was deleted of what would have remained, each in one line.
    pub deleted: Vec<String>,
}

/// Something that outlives its session.
#[derive(Debug, Clone)]
pub struct Kept {
    /// A path or an object.
    pub what: String,
    /// What it is good for, and what deletes it; may be empty.
    pub remark: Remark,
    /// Whether a session of the same name would find it again.
    pub is_data: bool,
}
