//! A native session: the objects that Flink's own client creates (`kubernetes-session.sh`). The JobManager
//! then asks the API server for TaskManager pods by itself.
//!
//! Sources: `KubernetesClusterDescriptor`, `KubernetesJobManagerFactory` and its decorators in 1.13.6,
//! 1.17.2, 1.20.5 and 2.3.0, as observed by running them: see `docs/conformance.md`. Where Flink's client is
//! wrong, this is right, and `docs/differences-from-flink.md` says so.

pub(super) mod claims;
pub(super) mod client;
mod command;
mod deployment;
pub(super) mod draft;
pub(super) mod effective;
pub(super) mod env_secrets;
pub(super) mod flink_conf;
pub(super) mod hadoop;
pub(super) mod init;
mod internal_service;
pub(super) mod json;
pub(super) mod kerberos;
mod logging;
pub(super) mod memory;
pub(super) mod names;
pub(super) mod owners;
mod pod_template;
mod resources;
pub(super) mod rest_service;
pub(super) mod secrets;
pub(super) mod settings;
mod shape;
pub(super) mod template;
mod tolerations;
mod unique;

pub use client::{Client, Seen, wanted};

use super::Objects;
use crate::session::Session;
use nutkin_flink::Problem;

/// Plans the objects of a native session.
///
/// # Errors
/// All that is wrong with options, templates and files, at once.
pub fn plan(session: &Session, client: &Client) -> Result<Objects, Vec<Problem>> {
    draft::plan(session, client)
}

#[cfg(test)]
mod tests;
