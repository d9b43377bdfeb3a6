//! The binary: the command line, what it prints, and the three platforms behind one face.
//!
//! Reading order: [`cli`] records what the user typed, the command files in it call the shells by way of [`platform`],
//! and everything that is printed goes through [`report::Printer`].

pub mod at_boot;
pub mod cli;
pub mod context;
pub mod drive;
pub mod entrypoint;
mod events;
pub mod exit;
pub mod files;
pub mod jobs;
pub mod operator;
pub mod platform;
pub mod progress;
pub mod remedies;
pub mod report;
pub mod runtime;
mod zookeeper;

use std::process::ExitCode;

use nutkin_shell::Environment;

pub use context::Context;
pub use exit::{Exit, Outcome};

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
