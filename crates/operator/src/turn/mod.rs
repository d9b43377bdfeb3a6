//! One turn for a resource: from what it asks for and what was seen, what its status says and what is done next.
//!
//! A turn remembers nothing: what it needs to know after a cut is in the status (what is wanted) and in the session's ledger (what
//! was submitted). Carried out and decided again, it decides for nothing.

mod deployment;
mod seen_job;
mod session_job;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::Value;

use crate::event::{ClusterEvent, EventComponent, EventReason};
use crate::resource::{CustomKind, CustomResource, last_spec};
use crate::status::{SpecDiff, StatusDraft, difference_of_specs, error};
use crate::validate;

pub use deployment::{RunningJobList, SeenSession, SeenWorkload, deployment};
pub use seen_job::{SeenLoss, SeenRun, SeenSessionJob, SessionGate};
pub use session_job::{session_job, while_at_work};

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
    /// Have a job go on whose JobManager was lost, and see it to its first checkpoint.
    Resume,
}

/// What follows.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceTurn {
    /// What its status says. Written before the act, and not at all where it is the same.
    pub status: Value,
    /// The finalizer is set (`true`) or taken away; `None`: it stays as it is. Set before everything else, taken away after it.
    pub hold: Option<bool>,
    /// The session's ledger forgets the job, before the finalizer is taken away: whoever looks after lost jobs goes by the ledger, and
    /// would bring it back.
    pub forgets: bool,
    /// What is said.
    pub events: Vec<ClusterEvent>,
    /// What is done.
    pub act: Option<ResourceAct>,
    /// When to look again if nothing happens before; `None`: not by itself.
    pub again: Option<Duration>,
}

impl ResourceTurn {
    /// Nothing is to be done with such a status.
    fn nothing(status: &Value) -> Self {
        Self {
            status: status.clone(),
            hold: None,
            forgets: false,
            events: Vec::new(),
            act: None,
            again: None,
        }
    }

    fn says(&mut self, about: EventComponent, reason: EventReason, message: impl Into<String>) {
        self.events.push(ClusterEvent::new(about, reason, message));
    }

    /// Whether all is as it is wanted, and nobody waits for anything: what is said after it is news, whatever was said before.
    pub fn is_at_rest(&self) -> bool {
        self.events.is_empty()
            && self.act.is_none()
            && self.again.is_none_or(|again| REST <= again)
            && error(&self.status).is_none()
    }
}

/// Whether an option of the resource is on.
fn is_on(resource: &CustomResource, key: &str, default: bool) -> bool {
    validate::is_on(&validate::options_of(&resource.spec), key, default)
}

/// What a turn begins with, where the resource is not deleted: it is held, and what its status says of its generation.
struct Begun {
    draft: StatusDraft,
    /// The spec that was wanted last; `None`: this is the first one.
    last: Option<Value>,
    diff: SpecDiff,
}

fn begun(resource: &CustomResource, kind: CustomKind, turn: &mut ResourceTurn) -> Begun {
    if !resource.is_held(kind) {
        turn.hold = Some(true);
    }
    let mut draft = StatusDraft::of(&resource.status);
    let generation = resource.metadata.generation;
    if resource.status["observedGeneration"] != generation {
        // What was wrong was so of another spec.
        draft.error(None);
    }
    draft.set("observedGeneration", generation);
    let last = last_spec(&resource.status);
    let diff =
        last.as_ref().map_or(SpecDiff::Upgrade, |last| difference_of_specs(last, &resource.spec));
    Begun { draft, last, diff }
}
