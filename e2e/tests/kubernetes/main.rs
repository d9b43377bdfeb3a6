//! Tests with a real API server, one binary. Run by `cargo xtask test kubernetes`, which starts one.

mod applied;
mod cuts;
mod drop_in;
mod examples;
mod operator;
mod permissions;
mod rbac;
mod rest;
mod sessions;
mod standalone;
