//! The steps of Flink's own pipeline, from a session to parts of pods and objects. Both modes use them: native in
//! Flink's order, standalone for each role.

pub(super) mod claims;
pub(super) mod client;
pub(super) mod draft;
pub(super) mod effective;
pub(super) mod env_secrets;
pub(super) mod flink_conf;
pub(super) mod hadoop;
pub(super) mod ingress;
pub(super) mod init;
pub(super) mod jars;
pub(super) mod json;
pub(super) mod kerberos;
pub(super) mod logging;
pub(super) mod memory;
mod modules;
pub(super) mod names;
pub(super) mod owners;
pub(super) mod resources;
pub(super) mod rest_service;
pub(super) mod secrets;
pub(super) mod settings;
pub(super) mod shape;
pub(super) mod template;
pub(super) mod tolerations;
pub(super) mod unique;
