//! Tasks of this repository. `cargo xtask --help` lists them.

mod kube;
mod stage;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Tasks of this repository", arg_required_else_help = true)]
struct Xtask {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run all tests, with all their set-up
    Test(test::Args),
    /// Start and stop a real Kubernetes control plane
    Kube(kube::Args),
}

#[allow(clippy::print_stderr, reason = "a task talks to the developer")]
fn main() -> ExitCode {
    let result = match Xtask::parse().task {
        Task::Test(args) => test::run(&args),
        Task::Kube(args) => kube::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
