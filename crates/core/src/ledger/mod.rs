//! The ledger: all that Nutkin knows of a session beyond what runs, in one JSON document that is the same on every
//! platform. It says what is wanted, what was submitted, how far a change is and who made it.
//!
//! ```text
//! command ──► Wanted ──► Ledger ──► seal ──► document + Secrets ──► the platform's store
//!                ▲                                                     │
//!   spec::resolve┴────── Ledger ◄── open ◄── Stored ◄──────────────────┘
//! ```
//!
//! A store keeps texts and compares versions; it understands nothing. What a damaged document still says, what a newer
//! Nutkin added, which values are secret and what two commands may both have written is decided here.

mod bounds;
mod history;
mod job;
mod lease;
mod merge;
mod outcome;
mod phase;
mod read;
mod secrets;
mod sighting;
mod snapshot;
mod store;
#[cfg(test)]
mod tests;
mod wanted;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use bounds::{DOCUMENT_LIMIT, TooLarge};
pub use history::{ENDED, Event, Who};
pub use job::{Bringer, JobRecord, Request, Snapshot};
pub use lease::LeaseMark;
pub use merge::{Conflict, merge};
pub(crate) use outcome::FORGOTTEN;
pub use outcome::Left;
pub use phase::{Destination, InTheWay, Phase};
pub use read::{Newer, Read, read};
pub use secrets::{MissingSecret, Secrets, masked_line, masked_words};
pub use sighting::Sighting;
pub use snapshot::{SnapshotLimits, SnapshotOrigin, SnapshotRecord, SnapshotState};
pub use store::{Opened, Sealed, Stored, Version, open};
pub use wanted::{ConfDirectory, LeftOut, Source, Wanted};

/// Version of the form of the document. Fields are only ever added to it; what an older reader would misunderstand gets
/// another version.
pub const API_VERSION: &str = "nutkin/v1";

/// Kind of the document.
pub const KIND: &str = "SessionRecord";

/// The ledger of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ledger {
    /// [`API_VERSION`].
    #[serde(default)]
    pub api_version: String,
    /// [`KIND`].
    #[serde(default)]
    pub kind: String,
    /// The session's name.
    #[serde(default)]
    pub name: String,
    /// The namespace that its file names, which is a part of the ids of its jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// How often the document was written. A store compares it, or what its platform has for that.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub version: u64,
    /// What is wanted; `None`: nobody has said it since there is a ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Wanted>,
    /// The change that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// Jobs: those of the session file by their name there, others by their id.
    #[serde(default)]
    pub jobs: BTreeMap<String, JobRecord>,
    /// Snapshots that a session file or the clock asked for, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub snapshots: BTreeMap<String, SnapshotRecord>,
    /// How jobs were seen last by whoever watches the session, by their ids: what speaks for or against that a job ran when its
    /// JobManager was lost.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sightings: BTreeMap<String, Sighting>,
    /// When a change was last agreed to that ended the jobs of the session (RFC 3339): none that was submitted before goes on by
    /// itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<String>,
    /// The mark of the move that has made the session ([`Destination::mark`]); `None`: none has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
    /// Which operator wrote it last; `None`: none that holds a Lease has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<LeaseMark>,
    /// Who changed what, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Event>,
    /// Names of the values that lie beside the document, with their digests.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
    /// Fields of a newer Nutkin, which are kept.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Ledger {
    /// The ledger of a session of which nothing is known.
    pub fn new(name: &str) -> Self {
        Self {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            name: name.to_owned(),
            namespace: None,
            version: 0,
            wanted: None,
            phase: None,
            jobs: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            sightings: BTreeMap::new(),
            given_up: None,
            made_by: None,
            operator: None,
            history: Vec::new(),
            secrets: BTreeMap::new(),
            unknown: BTreeMap::new(),
        }
    }

    /// Snapshots of the job of this name that the session file or the clock asked for, by their names.
    pub fn snapshots_of<'a>(
        &'a self,
        job: &'a str,
    ) -> impl Iterator<Item = (&'a String, &'a SnapshotRecord)> {
        self.snapshots.iter().filter(move |(_, one)| one.job.as_deref() == Some(job))
    }

    /// Names of the jobs that could go on from a state that they left. A session that ends with any of these keeps its
    /// ledger; without one the ledger goes with it.
    pub fn resumable(&self) -> Vec<&str> {
        let jobs = self.jobs.iter().filter(|(_, job)| job.is_resumable());
        jobs.map(|(name, _)| name.as_str()).collect()
    }
}
