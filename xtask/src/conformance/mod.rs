//! `cargo xtask conformance`: our answers beside those of a real Flink, on cases made from a seed.

mod config;
mod config_texts;
pub(crate) mod entrypoint;
mod kubernetes;
mod memory;
mod memory_cases;
mod random;

use std::process::ExitCode;

use anyhow::Result;

/// Arguments of `cargo xtask conformance`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Configuration files: read, written, and the types of their values
    Config(config::Args),
    /// What a container's variables make of its configuration
    Entrypoint(entrypoint::Args),
    /// The objects of native Kubernetes sessions: what Flink's own client sends
    Kubernetes(kubernetes::Args),
    /// The memory of both processes: JVM arguments and dynamic options
    Memory(memory::Args),
}

/// Runs one comparison.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    match args {
        Args::Config(args) => config::run(args),
        Args::Entrypoint(args) => entrypoint::run(args),
        Args::Kubernetes(args) => kubernetes::run(args),
        Args::Memory(args) => memory::run(args),
    }
}
