//! Sessions on Kubernetes: what is to be done, decided from plain facts.
//!
//! ```text
//!            ┌── question ──► Ask ──► answered by a shell ──┐
//! Observation◄──────────────────────────────────────────────┘
//!      │
//!      └── decide ──► Decision<Step> ──► acted by a shell ──► Observation::after
//! ```
//!
//! What has to be known depends on what is known: which objects there are on the plan, what applying would give on the
//! objects, whose log is read on the pods. [`question`] says what to ask next, so that a shell only answers.
//!
//! The cheapest way to ask whether there is a session is to create its workload. So who acts does that first, and `already
//! exists` is an answer like any other.

mod down;
mod follow;
mod live;
mod plan;
mod refusal;
mod scale;
mod seen;
mod step;
#[cfg(test)]
mod tests;
mod up;

pub use down::{After, EndedObjects, Ends, KeptObject, end_data, owned};
pub use live::ledger_name;
pub use plan::Plan;
pub use refusal::Refusal;
pub use scale::{Scaling, scaling};
pub use seen::{By, Creation, FoundObjects, Look, Observation, Predicted, Rest, SeenProgress};
pub use step::{Authors, Step, Target};

use serde_json::Value;

use super::Decision;

/// What has to be asked next.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// For the session's objects.
    Look(Look),
    /// What applying these objects would give.
    Predict(Vec<Value>),
    /// For the jobs that run on the session of this workload.
    Jobs(Value),
    /// How far the session is: workloads, pods and events.
    Progress,
    /// More of a session whose pods are being replaced: `ReplicaSets`, and who leads.
    Replacing,
    /// What REST says.
    Rest,
    /// What the API server refuses to the session's own processes.
    Told,
    /// The end of the log of this pod's container.
    Crash(String),
}

/// What has to be asked next before [`decide`] can say more; `None`: nothing.
///
/// # Errors
/// What is there already says that what is wanted cannot be had.
pub fn question(plan: &Plan, seen: &Observation) -> Result<Option<Ask>, Refusal> {
    match &seen.progress {
        Some(progress) if seen.refused.is_none() => Ok(follow::question(progress)),
        _ => up::question(plan, seen),
    }
}

/// What is to be done so that the planned session is there.
///
/// # Errors
/// It cannot be had as things are; nothing is to be touched.
pub fn decide(plan: &Plan, seen: &Observation) -> Result<Decision<Step>, Refusal> {
    match &seen.progress {
        Some(progress) if seen.refused.is_none() => follow::decide(plan, progress, &seen.ended),
        _ => up::decide(plan, seen),
    }
}
