//! The Kubernetes platform: a session as objects of an API server, its processes as pods.
//!
//! Reading order: [`cluster`] finds the API server, [`api`] asks it, [`session`] is what the commands use.

pub mod api;
pub mod apply;
pub mod cluster;
pub mod down;
pub mod error;
pub mod live;
pub mod logs;
pub mod native_client;
pub mod reach;
pub mod record;
mod refused;
pub mod rollout;
pub mod scale;
pub mod session;
pub mod tunnel;
pub mod up;
pub mod wait;
pub mod wanted;
