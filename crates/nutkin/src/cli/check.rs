//! `nutkin check`: what is wrong with hand-written files of Flink.

mod sarif;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use nutkin_check::{Finding, Report, Settings, Severity, Skipped, check, codes};
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::FlinkVersion;
use nutkin_flink::Problem;
use serde_json::{Value, json};

use super::Context;
use super::shared::document;
use crate::{Exit, Outcome, files, jobs, runtime};
use nutkin_shell::Error;

/// Arguments of `nutkin check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin check                                      everything below this directory
  nutkin check deploy/ conf/flink-conf.yaml         a directory and a file, as one system
  nutkin check -f session.yaml --strict             warnings count as well
  nutkin check deploy/ -o sarif > nutkin.sarif      for code scanning
  nutkin check --allow NK0901='behind the VPN'      silence a code
  nutkin explain NK0202                             what a code means

A code is silenced at its line by a comment: # nutkin: allow NK0901 because REASON
Exit code 1 when there are errors (with --strict: or warnings).")]
pub struct Args {
    /// Files and directories; without any, the working directory
    #[arg(value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,

    /// A session file
    #[arg(long, short, value_name = "FILE")]
    file: Vec<PathBuf>,

    /// Flink release, if the files do not name it: 1.20, 1.20.5, v1_20
    #[arg(long, value_name = "VERSION")]
    flink: Option<FlinkVersion>,

    /// Silence a code everywhere, with the reason
    #[arg(long, value_name = "CODE=REASON")]
    allow: Vec<String>,

    /// Exit with 1 on warnings, too
    #[arg(long)]
    strict: bool,

    /// How to print
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Output {
    /// For people
    #[default]
    Text,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// Looks at all files together and prints what is wrong.
///
/// # Errors
/// A file cannot be read, or an argument is none (2).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let name = |path: &PathBuf| {
        path.strip_prefix("./").unwrap_or(path).to_string_lossy().replace('\\', "/")
    };
    let settings = Settings {
        flink: args.flink,
        silenced: silenced(&args.allow)?,
        session_files: args.file.iter().map(name).collect(),
    };
    let mut paths: Vec<PathBuf> = args.paths.iter().chain(&args.file).cloned().collect();
    if paths.is_empty() {
        paths.push(".".into());
    }
    let files::Found { inputs, skipped } = files::read(&paths).map_err(Error::input)?;
    if inputs.is_empty() && skipped.is_empty() {
        let problem = Problem::new("", "none of the files is of a kind that is looked at here")
            .hint("Kubernetes YAML, Docker Compose files, flink-conf.yaml, config.yaml, log4j*.properties, Dockerfiles, *.sh");
        return Err(Error::input(vec![problem]));
    }
    let mut report = check(&inputs, &settings);
    // Below a directory lies much that is not meant; of a file that was named somebody expects an answer.
    let foreign = std::mem::take(&mut report.foreign);
    let foreign = foreign.into_iter().filter(|name| is_named(name, &paths));
    let reason = "no Kubernetes object and no configuration of Flink is in it".to_owned();
    report.skipped.extend(foreign.map(|name| Skipped { name, reason: reason.clone() }));
    report.files += skipped.len();
    report.skipped.extend(skipped);
    report.skipped.sort();
    match args.output {
        Output::Text => text::print(&report, context.printer),
        Output::Json => context.printer.json(&json(&report)),
        Output::Sarif => context.printer.json(&sarif::document(&report)),
    }
    for problem in args.file.iter().flat_map(|file| missing_jars(file)) {
        context.printer.warn(&problem);
    }
    let bad =
        report.count(Severity::Error) != 0 || args.strict && report.count(Severity::Warning) != 0;
    Ok(if bad { Exit::Failed } else { Exit::Done })
}

/// What is wrong with the jars of a session file that are files of this machine: `up` would refuse it. Where the file itself
/// cannot be read nothing is said: its findings tell.
fn missing_jars(path: &Path) -> Vec<String> {
    let name = path.display().to_string();
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    let Ok(file) = spec::read(&text, &name) else { return Vec::new() };
    let inputs = Inputs { file: Some(file), ..Inputs::default() };
    let Ok(session) = spec::resolve(&inputs) else { return Vec::new() };
    let base = path.parent().unwrap_or(Path::new(""));
    let found = runtime::block_on(async { Ok(jobs::local_jars(&session.jobs, base).await.err()) });
    let line = |problem: Problem| format!("{name}: {problem}");
    found.ok().flatten().unwrap_or_default().into_iter().map(line).collect()
}

/// Whether a file was named itself, not only its directory.
fn is_named(name: &str, paths: &[PathBuf]) -> bool {
    paths.iter().any(|path| path.strip_prefix("./").unwrap_or(path) == std::path::Path::new(name))
}

/// `CODE=REASON` of the command line.
fn silenced(allow: &[String]) -> Result<BTreeMap<String, String>, Error> {
    let mut silenced = BTreeMap::new();
    let mut problems = Vec::new();
    for text in allow {
        let (code, reason) = text.split_once('=').unwrap_or((text, ""));
        match codes::find(code) {
            None => problems.push(
                Problem::new("--allow", format!("`{code}` is not a code"))
                    .hint("docs/checks/README.md lists all codes"),
            ),
            Some(_) if reason.trim().is_empty() => problems.push(
                Problem::new("--allow", format!("`{code}` is silenced without a reason"))
                    .hint(format!("--allow {code}='why it may be silent'")),
            ),
            Some(rule) => {
                silenced.insert(rule.code.to_owned(), reason.trim().to_owned());
            }
        }
    }
    if problems.is_empty() { Ok(silenced) } else { Err(Error::input(problems)) }
}

fn json(report: &Report) -> Value {
    let sessions: Vec<Value> = report
        .sessions
        .iter()
        .map(|session| {
            let flink = session.flink.map(|version| version.to_string());
            json!({ "title": session.title, "flinkVersion": flink, "files": session.files })
        })
        .collect();
    document(
        "FindingList",
        json!({
            "items": report.findings.iter().map(item).collect::<Vec<_>>(),
            "errors": report.count(Severity::Error),
            "warnings": report.count(Severity::Warning),
            "notes": report.count(Severity::Note),
            "files": report.files,
            "skipped": report.skipped.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "sessions": sessions,
        }),
    )
}

fn item(finding: &Finding) -> Value {
    let patch = finding
        .patch
        .as_ref()
        .map(|patch| json!({ "line": patch.line, "remove": patch.remove, "insert": patch.insert }));
    json!({
        "code": finding.rule.code,
        "severity": finding.severity().name(),
        "title": finding.rule.title,
        "file": finding.location.file,
        "line": finding.location.line,
        "column": finding.location.column,
        "quote": finding.quote,
        "message": finding.message,
        "happens": finding.rule.happens,
        "cure": finding.advice(),
        "patch": patch,
        "silenced": finding.silenced,
    })
}
