//! One turn for a resource: from what it asks for and what was seen, what its status says and what is done next.
//!
//! A turn remembers nothing: what it needs to know after a cut is in the status (what is wanted) and in the session's ledger (what
//! was submitted). Carried out and decided again, it decides for nothing.

mod deployment;
mod session_job;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::Value;

use crate::event::{ClusterEvent, EventComponent, EventReason, EventType};

pub use deployment::{RunningJobList, SeenSession, SeenWorkload, deployment};
pub use session_job::{SeenRun, SeenSessionJob, SessionGate, session_job, while_at_work};

/// Between two looks at something that is under way.
const SOON: Duration = Duration::from_secs(1);

/// Between two looks at what is at rest: everything that Kubernetes knows wakes the driver by itself, so that this is only for what
/// Flink alone knows.
const REST: Duration = Duration::from_secs(30);

/// Between two looks at something that somebody else has to do.
const PATIENT: Duration = Duration::from_secs(10);

/// The time, as statuses have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnTime {
    /// RFC 3339, to the second.
    pub text: String,
    /// Milliseconds since 1970.
    pub millis: i64,
}

/// Something that is said about a resource, once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourceEvent {
    /// FKO's component: `Operator`, `JobManagerDeployment`, `Job`.
    pub component: &'static str,
    /// FKO's reason.
    pub reason: &'static str,
    /// Whether something is wrong.
    pub is_warning: bool,
    /// For people.
    pub message: String,
}

impl ResourceEvent {
    fn normal(component: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self { component, reason, is_warning: false, message: message.into() }
    }

    /// As the API server has events; `None`: a word that the contract does not have.
    pub fn to_cluster(&self) -> Option<ClusterEvent> {
        let component = EventComponent::named(self.component)?;
        let reason = EventReason::named(self.reason)?;
        let severity = if self.is_warning { EventType::Warning } else { EventType::Normal };
        Some(ClusterEvent {
            severity,
            ..ClusterEvent::new(component, reason, self.message.as_str())
        })
    }

    fn warning(component: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self { is_warning: true, ..Self::normal(component, reason, message) }
    }
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceAct {
    /// Bring it to what its resource says, as `nutkin up` does.
    Bring,
    /// End the session, with its high availability data and its ledger.
    End,
    /// Cancel the job, and forget it.
    Cancel,
    /// Stop the job with a savepoint, and forget it.
    Stop,
}

/// What follows.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceTurn {
    /// What its status says. Written before the act, and not at all where it is the same.
    pub status: Value,
    /// The finalizer is set (`true`) or taken away; `None`: it stays as it is. Set before everything else, taken away after it.
    pub hold: Option<bool>,
    /// What is said.
    pub events: Vec<ResourceEvent>,
    /// What is done.
    pub act: Option<ResourceAct>,
    /// When to look again if nothing happens before; `None`: not by itself.
    pub again: Option<Duration>,
}

impl ResourceTurn {
    /// Nothing is to be done with such a status.
    fn nothing(status: &Value) -> Self {
        Self { status: status.clone(), hold: None, events: Vec::new(), act: None, again: None }
    }
}
