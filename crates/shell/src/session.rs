//! What is asked of a session on any platform, and what comes back.

use std::path::PathBuf;

use nutkin_core::Remark;
use nutkin_core::selection::Platform;
use nutkin_core::session::Session;

pub use nutkin_core::decide::{Ending, Harm};

/// Where sessions are looked for or made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The platform.
    pub platform: Platform,
    /// Namespace that was given, for Kubernetes.
    pub namespace: Option<String>,
    /// Context of the kubeconfig that was given.
    pub context: Option<String>,
    /// The kubeconfig, where it is not the usual one.
    pub kubeconfig: Option<PathBuf>,
}

impl Place {
    /// A platform, and nothing more.
    pub const fn of(platform: Platform) -> Self {
        Self { platform, namespace: None, context: None, kubeconfig: None }
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
