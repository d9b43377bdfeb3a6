//! `cargo xtask bench`: what Nutkin costs, beside what it replaces, in one run.
//!
//! A scenario is one entry of [`SCENARIOS`]: a name and a function that measures and fills a section of
//! `docs/benchmarks.md`. Tests never look at a clock; this is the only place that does.

mod beside;
mod check;
mod commands;
mod entrypoint;
mod figures;
mod flink;
mod kubernetes;
mod machine;
mod measure;
mod moving;
mod node;
mod page;
mod rest;
mod session;
mod stock;
mod supervisor;

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use flink::Flink;
pub(crate) use measure::weigher;
use page::Section;

use crate::root::{cargo, root, run as command, say, target};

/// Arguments of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask bench
  cargo xtask bench --quick
  cargo xtask bench --only session --runs 11
  cargo xtask bench --beside ../old/nutkin")]
pub(crate) struct Args {
    /// Few runs and no change of docs/benchmarks.md: to see that it works
    #[arg(long)]
    quick: bool,

    /// Only this scenario; may be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,

    /// Measure this binary instead of building one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,

    /// Compare with this binary, in turn, instead of with Flink
    #[arg(long, value_name = "FILE", conflicts_with = "only")]
    beside: Option<PathBuf>,

    /// Number of counted runs (with --beside: rounds) of each command, where a scenario has not fixed its own
    #[arg(long, value_name = "N")]
    runs: Option<usize>,
}

/// Something to measure.
pub(crate) struct Scenario {
    /// For `--only`.
    name: &'static str,
    /// Measures, and says what it found.
    measure: fn(&Bench) -> Result<Section>,
}

/// All of them, in the order of the page.
const SCENARIOS: &[Scenario] = &[
    Scenario { name: "check", measure: check::measure },
    Scenario { name: "commands", measure: commands::measure },
    Scenario { name: "entrypoint", measure: entrypoint::measure },
    Scenario { name: "kubernetes", measure: kubernetes::measure },
    Scenario { name: "moving", measure: moving::measure },
    Scenario { name: "node", measure: node::measure },
    Scenario { name: "session", measure: session::measure },
    Scenario { name: "supervisor", measure: supervisor::measure },
];

/// What scenarios measure with.
pub(crate) struct Bench {
    /// The release binary.
    pub(crate) binary: PathBuf,
    /// A directory for what scenarios write.
    pub(crate) directory: PathBuf,
    /// Whether a short look is enough.
    pub(crate) quick: bool,
    runs: Option<usize>,
    flink: OnceCell<Flink>,
}

impl Bench {
    /// How often to run each command: as the user says, otherwise `full`, or twice for a quick look.
    pub(crate) fn runs(&self, full: usize) -> usize {
        self.runs.unwrap_or(if self.quick { full.min(2) } else { full })
    }

    /// Flink, installed when the first scenario needs it.
    ///
    /// # Errors
    /// When it cannot be installed.
    pub(crate) fn flink(&self) -> Result<&Flink> {
        if let Some(flink) = self.flink.get() {
            return Ok(flink);
        }
        let flink = Flink::install(&self.binary, &self.directory)?;
        Ok(self.flink.get_or_init(|| flink))
    }

    /// The binary with its own state directory: the bench meets no session of the user.
    pub(crate) fn nutkin(&self, cache: &Path, state: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        command.env("XDG_CACHE_HOME", cache).env("XDG_STATE_HOME", state);
        for name in ["FLINK_HOME", "NUTKIN_SESSION", "NUTKIN_PLATFORM"] {
            command.env_remove(name);
        }
        command
    }

    /// The same measurements with a copy of a binary, in a directory of its own. Peak memory has the pages of the binary
    /// in it, as many as the page cache gives at once, and that turns on how and when the file was written: equal
    /// binaries were 17 % apart. Files that were just written alike can be compared.
    pub(crate) fn with_copy(&self, binary: &Path, directory: &str) -> Result<Self> {
        let directory = self.fresh(directory)?;
        // Not `nutkin`: directories of that name are made beside it.
        let copy = directory.join("binary");
        fs::copy(binary, &copy).with_context(|| format!("cannot copy `{}`", binary.display()))?;
        Ok(Self {
            binary: copy,
            directory,
            quick: self.quick,
            runs: self.runs,
            flink: OnceCell::new(),
        })
    }

    /// An empty directory of that name.
    ///
    /// # Errors
    /// When what was there cannot be removed.
    pub(crate) fn fresh(&self, name: &str) -> Result<PathBuf> {
        let path = self.directory.join(name);
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(&path)?;
        Ok(path)
    }
}

/// Builds, measures and writes the page.
///
/// # Errors
/// When something cannot be run. A target that is missed is not an error: it is written down.
pub(crate) fn run(args: &Args) -> Result<()> {
    let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
    for name in &args.only {
        ensure!(names.contains(&name.as_str()), "`{name}` is not one of {}", names.join(", "));
    }
    let binary = if let Some(binary) = &args.binary {
        existing(binary)?
    } else {
        say("Building the release binary");
        command(&mut cargo(&["build", "--release", "--quiet", "--package", "nutkin"]))?;
        target().join("release/nutkin")
    };
    let directory = target().join("bench");
    fs::create_dir_all(&directory)?;
    let bench =
        Bench { binary, directory, quick: args.quick, runs: args.runs, flink: OnceCell::new() };
    if let Some(other) = &args.beside {
        let text = beside::run(bench, &existing(other)?)?;
        return publish(args.quick, beside::NAME, &text);
    }
    let wanted = |scenario: &&Scenario| {
        args.only.is_empty() || args.only.iter().any(|name| name == scenario.name)
    };
    for scenario in SCENARIOS.iter().filter(wanted) {
        say(&format!("\n== {}", scenario.name));
        let load = machine::load();
        let section = (scenario.measure)(&bench)?;
        let java = machine::java_version("java");
        let circumstances = machine::circumstances(&machine::today(), java.as_deref(), load);
        let text = page::markdown(scenario.name, &section, &circumstances);
        publish(args.quick, scenario.name, &text)?;
    }
    Ok(())
}

/// Shows a section, and puts it into the page unless it comes from a quick look.
fn publish(quick: bool, name: &str, section: &str) -> Result<()> {
    say(section);
    if !quick {
        let docs = root().join("docs/benchmarks.md");
        let old = fs::read_to_string(&docs).unwrap_or_else(|_| page::EMPTY.to_owned());
        fs::write(&docs, page::with_section(&old, name, section))?;
    }
    Ok(())
}

fn existing(file: &Path) -> Result<PathBuf> {
    fs::canonicalize(file).with_context(|| format!("cannot read `{}`", file.display()))
}
