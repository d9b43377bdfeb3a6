//! `cargo xtask conformance`: our answers beside those of a real Flink, on cases made from a seed.

mod config;
mod config_texts;
mod random;

use std::process::ExitCode;

use anyhow::Result;

/// Arguments of `cargo xtask conformance`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// Configuration files: read, written, and the types of their values
    Config(config::Args),
}

/// Runs one comparison.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    match args {
        Args::Config(args) => config::run(args),
    }
}
