//! What is to be done on this machine, one thing at a time.

use std::collections::BTreeMap;
use std::fmt;

use super::Launch;
use nutkin_flink::FlinkVersion;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Installs a Java that the session's Flink runs on.
    InstallJava {
        /// Its major version.
        major: u8,
    },
    /// Installs a release of Flink.
    Install {
        /// The release.
        flink: FlinkVersion,
    },
    /// Fetches all jars and plugins that are not on this machine yet, and puts the plugins where Flink finds them.
    Fetch {
        /// What they are, for people.
        what: Vec<String>,
    },
    /// Writes what is wanted into the ledger, under the session's lock, which is kept for the orders that follow. Whoever cuts the
    /// change off after that finds in the ledger what it was to become. Refused as [`Step::Give`] is.
    SaveLedger {
        /// Token and generation of the orders that were looked at; `None`: there were none.
        instead: Option<(String, u64)>,
    },
    /// Writes files and orders, under the locks of the session and of ports. Refused where the session is no longer the one
    /// that was looked at.
    Give(Box<Give>),
    /// Has the orders obeyed: by the supervisor there is, otherwise by a new one.
    Supervise,
    /// Ends all processes, the supervisor first.
    End,
    /// Removes the session's files.
    Remove {
        /// Whether log files stay.
        keep_logs: bool,
    },
    /// Deletes what Flink keeps beyond the session, or the empty folder of it.
    DeleteData,
    /// Deletes high availability data whose index goes with the session: no later one finds it.
    DeleteOrphaned {
        /// Its folder.
        directory: String,
    },
}

impl Step {
    /// Whether it only brings something to this machine, and touches no session.
    pub const fn only_brings(&self) -> bool {
        matches!(self, Self::InstallJava { .. } | Self::Install { .. } | Self::Fetch { .. })
    }
}

/// Orders to give.
#[derive(Clone, PartialEq, Eq)]
pub struct Give {
    /// The orders.
    pub launch: Launch,
    /// Files to write: path below the session's directory, text. They may hold passwords.
    pub files: BTreeMap<String, String>,
    /// Token and generation of the orders that these take the place of; `None`: there were none.
    pub instead: Option<(String, u64)>,
}

impl fmt::Debug for Give {
    /// Without options and the text of files, where passwords may be.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.launch.processes.iter().map(|one| &one.name);
        f.debug_struct("Give")
            .field("generation", &self.launch.generation)
            .field("processes", &names.collect::<Vec<_>>())
            .field("files", &self.files.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InstallJava { major } => write!(f, "install Java {major}"),
            Self::Install { flink } => write!(f, "install Flink {flink}"),
            Self::Fetch { what } if what.is_empty() => f.write_str("link plugins"),
            Self::Fetch { what } => write!(f, "fetch {}", what.join(", ")),
            Self::Give(give) => {
                let names: Vec<_> =
                    give.launch.processes.iter().map(|one| one.name.as_str()).collect();
                write!(f, "give orders {}: {}", give.launch.generation, names.join(", "))
            }
            Self::SaveLedger { .. } => f.write_str("save the ledger"),
            Self::Supervise => f.write_str("have the orders obeyed"),
            Self::End => f.write_str("end all processes"),
            Self::Remove { keep_logs: false } => f.write_str("remove the session's files"),
            Self::Remove { keep_logs: true } => f.write_str("remove the session's files but logs"),
            Self::DeleteData => f.write_str("delete the session's data"),
            Self::DeleteOrphaned { .. } => f.write_str("delete high availability data"),
        }
    }
}
