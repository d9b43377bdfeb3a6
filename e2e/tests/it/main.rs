//! Tests with real JVMs, one binary. Run by `cargo xtask test`, which sets up what they need.

mod dist;
mod documents;
mod entrypoint;
mod file_jobs;
mod flink_command;
mod job_faults;
mod jobs;
mod local;
mod lost;
mod modules;
mod moving;
mod session;
mod verbs;
mod why;
