//! `cargo xtask conformance`: our answers beside those of a real Flink, on cases made from a seed.

mod config;
mod config_texts;
pub(crate) mod entrypoint;
mod kubernetes;
mod memory;
mod memory_cases;
mod random;

use std::process::ExitCode;

use anyhow::{Result, ensure};

use crate::java::Flink;

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

/// Few cases of a seed that nobody has seen before, for the tests. The message of a failure says how to repeat it.
///
/// # Errors
/// When there is a difference, or Flink cannot be asked.
pub(crate) fn memory_of(flink: &Flink, seed: u64, count: u64) -> Result<()> {
    none("memory", memory::differences(&memory::Args::of(flink.clone(), seed, count))?, seed, count)
}

/// The same for configuration files.
///
/// # Errors
/// When there is a difference, or Flink cannot be asked.
pub(crate) fn config_of(flink: &Flink, seed: u64, count: u64) -> Result<()> {
    none("config", config::differences(&config::Args::of(flink.clone(), seed, count))?, seed, count)
}

fn none(what: &str, differences: usize, seed: u64, count: u64) -> Result<()> {
    let repeat = format!(
        "cargo xtask conformance {what} --seed {seed} --count {count} --flink VERSION=DIRECTORY"
    );
    ensure!(differences == 0, "{differences} differences; they come again with `{repeat}`");
    Ok(())
}
