//! Kubernetes: the objects that Flink's own client sends to an API server, and those that we plan.

mod api_server;
mod case;
mod client;
mod options;
mod templates;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use nutkin_flink::FlinkVersion;
use nutkin_testkit::recording::{Recording, Verdict, compare};
use serde_json::Value;

use crate::java::Flink;
use crate::root::say;
use case::Case;
use client::Client;

/// Arguments of `cargo xtask conformance kubernetes`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A distribution to compare with; may be given several times
    #[arg(long, value_name = "VERSION=DIRECTORY", required_unless_present = "recording")]
    flink: Vec<Flink>,

    /// Where the cases come from: the same seed makes the same ones
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Number of random cases for each version
    #[arg(long, default_value_t = 200)]
    count: u64,

    /// Run the inputs of this recording instead of random ones: how the next release is recorded
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "count"])]
    again: Option<PathBuf>,

    /// Compare with a recording, without Flink: VERSION=FILE; may be given several times
    #[arg(long, value_name = "VERSION=FILE")]
    recording: Vec<String>,

    /// Write what Flink did to DIRECTORY/VERSION.jsonl.gz
    #[arg(long, value_name = "DIRECTORY")]
    record: Option<PathBuf>,
}

/// Compares, says every difference, and fails if there is one.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut differences = 0;
    for given in &args.recording {
        let (version, path) = given.split_once('=').context("expected VERSION=FILE")?;
        let version: FlinkVersion = version.parse().map_err(|error| anyhow!("{error}"))?;
        let recorded = read(Path::new(path))?;
        differences += check(version, &recorded)?;
    }
    for flink in &args.flink {
        let cases = match &args.again {
            Some(path) => {
                let recorded = read(path)?;
                // A client that waits for words on its standard input never ends here.
                let waits = |one: &Value| one["args"].to_string().contains("execution.attached");
                let cases = recorded.iter().filter(|one| !waits(one)).map(Case::from_json);
                cases.collect::<Result<Vec<_>>>()?
            }
            None => {
                (0..args.count).map(|index| Case::random(args.seed, index, flink.version)).collect()
            }
        };
        let mut client = Client::new(flink)?;
        let recorded = cases.iter().map(|case| client.record(case)).collect::<Result<Vec<_>>>()?;
        differences += check(flink.version, &recorded)?;
        if let Some(directory) = &args.record {
            write(&directory.join(format!("{}.jsonl.gz", flink.version)), recorded)?;
        }
    }
    say(&format!("differences: {differences}"));
    Ok(if differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says what differs, and how often.
fn check(version: FlinkVersion, recorded: &[Value]) -> Result<usize> {
    let (mut same, mut nothing, mut different, mut refused) = (0, 0, 0, 0);
    for one in recorded {
        let recording = Recording::read(version, &one.to_string())
            .map_err(|malformed| anyhow!("no recording: {}", malformed.0))?;
        refused += usize::from(recording.posted().is_empty());
        match compare(&recording) {
            Verdict::Same(_) => same += 1,
            Verdict::NothingToPlan => nothing += 1,
            Verdict::Different(what) => {
                different += 1;
                let said = one["said"].as_str().unwrap_or_default();
                say(&format!(
                    "Flink {version}, {}: {}\n{said}\n{what}\n",
                    recording.case,
                    input(one)
                ));
            }
        }
    }
    say(&format!(
        "Flink {version}: {same} the same ({refused} of all refused by Flink), {nothing} without a plan, {different} different"
    ));
    Ok(different)
}

/// What went in, for a report.
fn input(one: &Value) -> String {
    let part = |name: &str| format!("{name} {}", one[name]);
    [part("args"), part("env"), part("files")].join("\n  ")
}

fn read(path: &Path) -> Result<Vec<Value>> {
    let mut text = String::new();
    let mut file = File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    if path.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(file).read_to_string(&mut text)?;
    } else {
        file.read_to_string(&mut text)?;
    }
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn write(path: &Path, recorded: Vec<Value>) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut out = GzEncoder::new(File::create(path)?, Compression::best());
    for mut one in recorded {
        // A Java library's words are not behaviour that anybody needs.
        if let Some(fields) = one.as_object_mut() {
            fields.remove("said");
        }
        writeln!(out, "{one}")?;
    }
    out.finish()?;
    Ok(())
}
