//! The Kubernetes platform: a session as objects of an API server, its processes as pods.
//!
//! Reading order: [`cluster`] finds the API server, [`api`] asks it, [`session`] is what the commands use.

pub mod api;
pub mod cluster;
pub mod error;
pub mod reach;
pub mod session;
pub mod tunnel;
