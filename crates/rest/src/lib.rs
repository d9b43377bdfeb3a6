//! The JobManager's REST API, Flink 1.13 to 2.3, and the ways to it. No platform is known here: how an address is kept
//! reachable is a value that the platform hands over.

pub mod http;
pub mod jobs;
pub mod why;

mod applications;
mod client;
mod connected;
mod error;
mod identity;
mod probe;
mod running;
mod snapshots;
#[cfg(test)]
mod tests;
mod trigger;
mod tunnel;
mod types;
mod view;

pub use applications::Application;
pub use client::{Client, POLL, UPLOAD_DIGITS};
pub use connected::Connected;
pub use error::RestError;
pub use identity::Identity;
pub use probe::{Overview, Probe, RunningJob};
pub use running::RunningJobs;
pub use snapshots::{last_savepoint, left_after, named_last, newest_checkpoint};
pub use trigger::{Polled, Trigger, TriggerId};
pub use tunnel::Tunnel;
pub use types::{
    Job, JobState, Outcome, RunRequest, newest_state, retains_checkpoints, savepoint_at_end,
};
pub use view::{ProcessView, Ready, View, Waited};
