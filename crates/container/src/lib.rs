//! Containers with Flink: what goes into an image, and what happens when such a container starts.
//!
//! Deliberately absent: files, sockets, environment variables, the clock, randomness, threads and async. The shells
//! look, and carry out; `clippy.toml` of this crate and the tidy test hold this.
#![deny(missing_docs)]

pub mod class_data;
pub mod entrypoint;
pub mod image;
pub mod service;
