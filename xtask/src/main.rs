//! Tasks of this repository. `cargo xtask --help` lists them.

mod kube;
mod root;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// Tasks of this repository: everything that is not compiling.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", max_term_width = 100, arg_required_else_help = true)]
enum Task {
    /// Run the tests, with all their set-up
    Test(test::Args),
    /// Start and stop a real Kubernetes control plane
    Kube(kube::Args),
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Test(args) => test::run(&args),
        Task::Kube(args) => kube::run(args).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        root::say(&format!("error: {error:#}"));
        ExitCode::FAILURE
    })
}
