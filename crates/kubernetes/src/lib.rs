//! The Kubernetes platform: a session as objects of an API server, its processes as pods.
//!
//! ```text
//! core::decide::kubernetes: question ─► Ask      decide ─► Step
//!                               │                   │
//! run, end: observe ◄── answers ┘     act ◄─────────┘
//! ```
//!
//! Reading order: [`cluster`] finds the API server, [`api`] asks it, [`run`] brings a session to what is wanted and
//! [`end`] to its end, [`session`] is what the other commands use.

pub mod act;
pub mod api;
pub mod cluster;
pub mod doctor;
pub mod drop_in;
pub mod end;
pub mod error;
pub mod leftovers;
pub mod logs;
mod look;
pub mod native_client;
mod note;
pub mod reach;
mod refused;
pub mod resources;
pub mod run;
pub mod scale;
pub mod session;
pub mod store;
pub mod tunnel;
mod view;
pub mod watch;
mod way;
mod why;
