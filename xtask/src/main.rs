//! Tasks of this repository. `cargo xtask --help` lists them.

mod bench;
mod conformance;
mod cuts;
mod demo;
mod docker;
mod groups;
mod java;
mod jobs;
mod kube;
mod options;
mod package;
mod root;
mod seeds;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// Tasks of this repository: everything that is not compiling.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", max_term_width = 100, arg_required_else_help = true)]
enum Task {
    /// Bring a session up, count the words of a text, take it down
    Demo(demo::Args),
    /// Run the tests, with all their set-up
    Test(test::Args),
    /// Run the tests that start a real Flink: here, on Kubernetes, in Docker; part of `test`
    E2e,
    /// Measure the release binary and write docs/benchmarks.md
    Bench(bench::Args),
    /// Print the peak memory of a command, in bytes: `bench` starts itself so
    #[command(hide = true)]
    Weigh {
        /// Program and arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<std::ffi::OsString>,
    },
    /// Kill a change that moves jobs behind each of its steps, on a real Flink
    Cuts(cuts::Args),
    /// Compare with a real Flink on random cases
    #[command(subcommand)]
    Conformance(conformance::Args),
    /// Make the table of Flink's options and docs/options.md
    Options(options::Args),
    /// Start and stop a real Kubernetes control plane
    Kube(kube::Args),
    /// Start and stop a real Docker daemon with a registry
    Docker(docker::Args),
    /// Make what people install: an archive, a Debian package, a wheel, and their checksums
    Package(package::Args),
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Demo(args) => demo::run(&args).map(|()| ExitCode::SUCCESS),
        Task::Test(args) => test::run(&args),
        Task::E2e => test::run(&test::Args::end_to_end()),
        Task::Bench(args) => bench::run(&args).map(|()| ExitCode::SUCCESS),
        Task::Weigh { command } => bench::weigher(&command).map(|()| ExitCode::SUCCESS),
        Task::Cuts(args) => cuts::run(&args).map(|()| ExitCode::SUCCESS),
        Task::Conformance(args) => conformance::run(&args),
        Task::Options(args) => options::run(&args).map(|()| ExitCode::SUCCESS),
        Task::Kube(args) => kube::run(args).map(|()| ExitCode::SUCCESS),
        Task::Docker(args) => docker::run(args).map(|()| ExitCode::SUCCESS),
        Task::Package(args) => package::run(&args).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        root::say(&format!("error: {error:#}"));
        ExitCode::FAILURE
    })
}
