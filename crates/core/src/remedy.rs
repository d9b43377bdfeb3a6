//! What to do next, as data. Whoever shows it knows the commands and their flags, and words it: a command line, a page,
//! the message of a Condition.

use crate::selection::Platform;

/// What helps, or what shows more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// In words that name no command of Nutkin's.
    Words(String),
    /// The session is brought up, on this platform where it matters, from this file where one is known.
    Up {
        /// The platform to name.
        on: Option<Platform>,
        /// The session file to name.
        file: Option<String>,
    },
    /// The session is ended, whatever is left of it, and its files are removed.
    Down {
        /// The session.
        name: String,
    },
    /// The session's state tells what it waits for.
    Status {
        /// The session, where it is not the one that was meant anyway.
        name: Option<String>,
    },
    /// No TaskManager has registered; the session's state tells why.
    TaskManagersMissing,
    /// So many TaskManagers have the slots that are missing.
    Scale {
        /// Their number.
        task_managers: u64,
    },
    /// More TaskManagers add slots.
    AddSlots,
    /// All jobs of the session are listed, those that ended included.
    ListJobs,
    /// Other jobs hold the slots; the job waits until they end.
    SlotsAreHeld,
    /// The account and the permissions that Flink's processes need are given to them.
    ProcessPermissions,
    /// The cache of distributions is full: it can be looked at.
    ListDistributions,
    /// This release is what the archive holds: it is installed from there.
    Install {
        /// The release.
        flink: String,
    },
    /// An archive of this release is brought by other means, and installed from its path.
    InstallByHand {
        /// The release.
        flink: String,
    },
}

impl From<String> for Remedy {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl From<&str> for Remedy {
    fn from(words: &str) -> Self {
        Self::Words(words.to_owned())
    }
}
