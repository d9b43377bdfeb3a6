//! Stages of a longer task: each is timed, and a table at the end says how each went.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// Runs stages one after the other and remembers how they went.
#[derive(Debug, Default)]
pub(crate) struct Stages {
    done: Vec<(String, Duration, bool)>,
}

impl Stages {
    /// Runs one stage. A failed one is reported at the end; later ones still run.
    #[allow(clippy::print_stderr, reason = "a task talks to the developer")]
    pub(crate) fn run(&mut self, name: &str, stage: impl FnOnce() -> Result<()>) {
        eprintln!("==> {name}");
        let started = Instant::now();
        let result = stage();
        if let Err(error) = &result {
            eprintln!("==> {name} failed: {error:#}");
        }
        self.done.push((name.to_owned(), started.elapsed(), result.is_ok()));
    }

    /// Prints the table and a last line that test runners know.
    ///
    /// # Errors
    /// When a stage failed.
    #[allow(clippy::print_stdout, reason = "the table is the result of the task")]
    pub(crate) fn finish(self) -> Result<()> {
        println!("\n{:<24} {:>8}  result", "stage", "seconds");
        for (name, time, passed) in &self.done {
            let result = if *passed { "passed" } else { "FAILED" };
            println!("{name:<24} {:>8.1}  {result}", time.as_secs_f64());
        }
        let failed = self.done.iter().filter(|(_, _, passed)| !passed).count();
        println!("stages: {} passed, {failed} failed", self.done.len() - failed);
        ensure!(failed == 0, "{failed} of {} stages failed", self.done.len());
        Ok(())
    }
}

/// Runs a command of the repository's own tool chain in the repository's root.
///
/// # Errors
/// When it cannot be started or fails.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Result<()> {
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .status()
        .with_context(|| format!("failed to start `{program}`"))?;
    ensure!(status.success(), "`{program} {}` failed ({status})", arguments.join(" "));
    Ok(())
}

/// The repository's root.
pub(crate) fn root() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(std::path::Path::new("."))
}
