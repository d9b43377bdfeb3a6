//! `nutkin why`: what is wrong with a session that runs, and what came first.
//!
//! ```text
//! Evidence ──► facts::*: what happened, when, to whom ──► rules: which code that is
//!                                                              │
//!                       Vec<Diagnosis>, earliest cause first ◄── chain: what led to what
//! ```
//!
//! Shells collect the evidence ([`Evidence`]) and judge nothing; nothing here asks anybody. A code is an entry of a table ([`codes`]),
//! with the words by which Flink, Kubernetes or the JVM say it. What cannot be read is an entry like any other.

mod advice;
pub mod capture;
mod cause;
mod chain;
pub mod codes;
mod diagnosis;
pub mod doctor;
mod evidence;
mod fact;
mod facts;
mod group;
mod log_reader;
pub mod page;
mod rules;
mod symptom;
#[cfg(test)]
mod tests;
mod text;
mod time;

pub use advice::advice;
pub use cause::root_cause;
pub use diagnosis::{Diagnosis, Proof, document};
pub use evidence::{
    Evidence, FlinkEvidence, JobEvidence, LogEvidence, ProcessEnd, ProcessEvidence, Unseen,
};
pub use log_reader::LogReader;
pub use text::text;

/// What is wrong, the earliest cause first, each with what it led to. Empty: nothing that is known here.
pub fn diagnose(evidence: &Evidence) -> Vec<Diagnosis> {
    let facts = facts::of(evidence);
    chain::order(group::findings(&facts, evidence))
}
