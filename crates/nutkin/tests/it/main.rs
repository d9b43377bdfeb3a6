//! Tests of the `nutkin` binary and library that need no JVM.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test; clippy sees only its body")]

mod check;
mod cli;
mod convert;
mod dist;
mod documents;
mod explain;
mod faults;
mod house;
mod image;
mod init;
mod ledger_damage;
mod ledger_jobs;
mod looking;
mod machine;
mod render_kubernetes;
mod scenario;
mod scenario_calls;
mod scenario_cuts;
mod scenario_docker;
mod scenario_drift;
mod scenario_helpers;
mod scenario_jobs;
mod scenario_kubernetes;
mod scenario_ledger;
mod scenario_looking;
mod scenario_rbac;
mod scenario_records;
mod session;
mod supervisor;
mod terminal;
mod tidy;
mod together;
mod waits;
mod words;
mod world;
