//! The shells of Nutkin: they look at the world, call `nutkin-core` for every decision, and act.
//!
//! Reading order: [`cli`] records what the user typed, the command files in it call the shells, and
//! everything that is printed goes through [`report::Printer`].

pub mod artifacts;
pub mod cache;
pub mod cli;
pub mod context;
pub mod dist;
pub mod docker;
pub mod entrypoint;
pub mod environment;
pub mod exit;
pub mod failure;
pub mod files;
pub mod flink_rest;
pub mod http;
pub mod image;
pub mod java;
pub mod jobs;
pub mod kubernetes;
pub mod local;
pub mod native_client;
pub mod platform;
pub mod progress;
pub mod report;
pub mod runtime;
pub mod select;

use std::process::ExitCode;

pub use context::Context;
pub use environment::Environment;
pub use exit::Exit;
pub use failure::{Failure, Outcome};

/// Everything between `exec` and the exit code.
pub fn main() -> ExitCode {
    let environment = Environment::of_process();
    let arguments: Vec<_> = std::env::args_os().collect();
    // Before the command line is built and read: a container's process starts as soon as it can.
    match entrypoint::invocation(&arguments) {
        Some((name, words)) => entrypoint::main(name, words, &environment).into(),
        None => cli::run(cli::in_its_place(arguments), &environment).into(),
    }
}
