//! `cargo xtask test`: stages by name, a table of what they found and how long they took.

mod cargo_test;
mod conformance;
mod docker;
mod failures;
mod kubernetes;
mod node;
mod report;
mod setup;
mod tally;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
pub(crate) use docker::static_release;
pub(crate) use setup::cache;
use tally::Tally;

use crate::root::{cargo, run as command, say};
use crate::seeds;

/// Arguments of `cargo xtask test`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask test
  cargo xtask test --quick
  cargo xtask test e2e")]
pub(crate) struct Args {
    /// Only the stages that need neither root, network nor a JVM
    #[arg(long, conflicts_with = "stages")]
    quick: bool,

    /// Only these stages
    #[arg(value_name = "STAGE", value_enum)]
    stages: Vec<Stage>,
}

impl Args {
    /// Every test from end to end, by platform: this machine, an API server, pods of a node, containers.
    pub(crate) fn end_to_end() -> Self {
        Self {
            quick: false,
            stages: vec![Stage::E2e, Stage::Kubernetes, Stage::Node, Stage::Docker],
        }
    }
}

/// Parts of the tests, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Stage {
    /// Formatting, lints and documentation
    Tidy,
    /// Every test of the workspace that starts no JVM
    Unit,
    /// Check the files of write-ups; runs where NUTKIN_SEEDS names their directory
    Seeds,
    /// Install Flink, compile jobs and build Kubernetes for the tests that come
    Setup,
    /// Fresh random cases beside real Flinks: memory, configuration files
    Conformance,
    /// Sessions of real Flink on this machine
    E2e,
    /// Sessions as objects of a real Kubernetes API server
    Kubernetes,
    /// Sessions in pods of a real Kubernetes node; needs root
    Node,
    /// Images, and sessions as containers of a real Docker daemon; needs root
    Docker,
}

/// What a stage did.
struct Row {
    stage: Stage,
    took: Duration,
    tally: Tally,
}

/// Runs the stages and prints the table.
///
/// # Errors
/// When a command cannot be started. A test that fails is told by the exit code.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut stages = args.stages.clone();
    if stages.is_empty() {
        let has_seeds = std::env::var_os(seeds::VARIABLE).is_some();
        let stands_alone = |stage: &Stage| has_seeds || *stage != Stage::Seeds;
        stages.extend(Stage::ALL.iter().copied().filter(stands_alone));
    }
    for (stage, what) in [
        (Stage::Node, "a Kubernetes node in namespaces of its own"),
        (Stage::Docker, "a Docker daemon of its own"),
    ] {
        if !args.quick && stages.contains(&stage) {
            say(&format!("The stage {} needs root: it starts {what}.", stage.name()));
        }
    }
    let mut rows = Vec::new();
    for stage in stages.into_iter().filter(|stage| !args.quick || stage.is_quick()) {
        say(&format!("\n== {}", stage.name()));
        let start = Instant::now();
        let tally = stage.run()?;
        rows.push(Row { stage, took: start.elapsed(), tally });
    }
    say(&table(&rows));
    let failed = rows.iter().any(|row| row.tally.failed != 0);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Tests of the unit stage that run at once: most of them wait for a command or a scenario server, so that two cores
/// have work for more than two.
const UNIT_THREADS: &str = "4";

impl Stage {
    const ALL: &[Self] = &[
        Self::Tidy,
        Self::Unit,
        Self::Seeds,
        Self::Setup,
        Self::Conformance,
        Self::E2e,
        Self::Kubernetes,
        Self::Node,
        Self::Docker,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Tidy => "tidy",
            Self::Unit => "unit",
            Self::Seeds => "seeds",
            Self::Setup => "setup",
            Self::Conformance => "conformance",
            Self::E2e => "e2e",
            Self::Kubernetes => "kubernetes",
            Self::Node => "node",
            Self::Docker => "docker",
        }
    }

    /// Whether it needs no network and starts no JVM.
    const fn is_quick(self) -> bool {
        match self {
            Self::Tidy | Self::Unit | Self::Seeds => true,
            Self::Setup
            | Self::Conformance
            | Self::E2e
            | Self::Kubernetes
            | Self::Node
            | Self::Docker => false,
        }
    }

    fn run(self) -> Result<Tally> {
        match self {
            Self::Tidy => Ok(tidy()),
            Self::Unit => cargo_test::run(
                cargo(&["test", "--no-fail-fast"]).env("RUST_TEST_THREADS", UNIT_THREADS),
            ),
            Self::Seeds => {
                let mut tally = Tally::default();
                for (name, result) in seeds::run()? {
                    tally.check(&name, result);
                }
                Ok(tally)
            }
            Self::Setup => setup::prepare_all(),
            Self::Conformance => Ok(conformance::run().unwrap_or_else(|error| {
                let mut tally = Tally::default();
                tally.check("cases beside real Flinks", Err(error));
                tally
            })),
            Self::E2e => Ok(setup::e2e().unwrap_or_else(|error| {
                let mut tally = Tally::default();
                tally.check("tests with real JVMs", Err(error));
                tally
            })),
            Self::Kubernetes => Ok(kubernetes::run().unwrap_or_else(|error| {
                let mut tally = Tally::default();
                tally.check("tests with an API server", Err(error));
                tally
            })),
            Self::Node => Ok(node::run().unwrap_or_else(|error| {
                let mut tally = Tally::default();
                tally.check("tests with a node", Err(error));
                tally
            })),
            Self::Docker => Ok(docker::run().unwrap_or_else(|error| {
                let mut tally = Tally::default();
                tally.check("tests with a Docker daemon", Err(error));
                tally
            })),
        }
    }
}

fn tidy() -> Tally {
    let mut tally = Tally::default();
    let clippy = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    tally.check("formatting", command(&mut cargo(&["fmt", "--all", "--check"])));
    tally.check("lints", command(&mut cargo(&clippy)));
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--quiet"]);
    tally.check("documentation", command(doc.env("RUSTDOCFLAGS", "-D warnings")));
    tally
}

/// Why tests failed, then the sums. The closing line stands alone, with the sums of all stages, so that a machine can read it.
fn table(rows: &[Row]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let failures = rows.iter().flat_map(|row| &row.tally.failures);
    failures.for_each(|failure| text.push_str(&format!("\nFAILED {failure}\n")));
    let _ = writeln!(text, "\n{:<14}{:>8}{:>8}{:>10}", "stage", "passed", "failed", "seconds");
    let mut sum = Tally::default();
    for Row { stage, took, tally } in rows {
        let seconds = took.as_secs_f64();
        let (name, Tally { passed, failed, .. }) = (stage.name(), tally);
        let _ = writeln!(text, "{name:<14}{passed:>8}{failed:>8}{seconds:>10.1}");
        sum.add(tally.clone());
    }
    let _ = write!(text, "\n{} passed, {} failed", sum.passed, sum.failed);
    text
}
