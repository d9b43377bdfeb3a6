//! The write-ups of people who run Flink on Kubernetes: every known defect of their files is found at its
//! line, and nothing else is.
//!
//! The documents are no part of this repository. The stage runs where `NUTKIN_SEEDS` names their directory.

mod cut;
mod expected;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use nutkin_core::Problem;
use nutkin_core::check::adopt::{Request, adopt};
use nutkin_core::check::{Input, Report, Settings, Severity, check};
use nutkin_core::spec::{self, Inputs};
use nutkin_core::units::MemorySize;

/// The variable that names the directory.
pub(crate) const VARIABLE: &str = "NUTKIN_SEEDS";

/// Checks all documents; one result for each.
///
/// # Errors
/// The variable is not set, or the directory cannot be read.
pub(crate) fn run() -> Result<Vec<(String, Result<()>)>> {
    let directory = std::env::var(VARIABLE).with_context(|| format!("{VARIABLE} is not set"))?;
    let mut results = Vec::new();
    for (stem, options) in expected::SESSIONS {
        let result =
            document(Path::new(&directory), stem).and_then(|files| session(&files, options));
        results.push((format!("session file of {stem}"), result));
    }
    for (stem, expected) in expected::SEEDS {
        let result = document(Path::new(&directory), stem).and_then(|files| {
            let report = check(&files, &Settings::default());
            compare(&report, expected)
        });
        results.push((format!("check of {stem}"), result));
    }
    Ok(results)
}

/// The files of the document whose name begins so.
fn document(directory: &Path, stem: &str) -> Result<Vec<Input>> {
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(stem) {
            let files = cut::files(&fs::read_to_string(&path)?, stem);
            ensure!(!files.is_empty(), "no files in {name}");
            return Ok(files);
        }
    }
    bail!("no document begins with {stem}")
}

/// The session file that is made of the files: our reader takes it, its options and sizes are those that
/// counted before, and no error is left in it.
fn session(files: &[Input], options: &[(&str, &str)]) -> Result<()> {
    let told = |problems: Vec<Problem>| anyhow!("{problems:?}");
    let adoption = adopt(files, &Request::default()).map_err(told)?;
    let file = spec::read(&adoption.text, "made.yaml").map_err(told)?;
    let inputs = Inputs { file: Some(file), ..Inputs::default() };
    let session = spec::resolve(&inputs).map_err(told)?;
    for (key, value) in options {
        let found = session.configuration.text(key).unwrap_or_default();
        let bytes = |text: &str| text.parse::<MemorySize>().map(MemorySize::bytes);
        let same_size = key.ends_with(".process.size") && bytes(&found) == bytes(value);
        ensure!(
            found == *value || same_size,
            "`{key}` is {found:?}, not {value:?}\n{}",
            adoption.text
        );
    }
    let made = [Input { name: "made.yaml".to_owned(), text: adoption.text.clone() }];
    let report = check(&made, &Settings::default());
    let errors = report.findings.iter().find(|finding| finding.severity() == Severity::Error);
    if let Some(error) = errors {
        bail!("{} {}: {}\n{}", error.rule.code, error.location, error.message, adoption.text);
    }
    Ok(())
}

/// What is found against what is known: code and line of each.
fn compare(report: &Report, expected: &[(&str, u32)]) -> Result<()> {
    let mut found: Vec<(&str, u32)> = report
        .findings
        .iter()
        .map(|finding| (finding.rule.code, finding.location.line.unwrap_or_default()))
        .collect();
    found.sort_unstable();
    let mut wanted = expected.to_vec();
    wanted.sort_unstable();
    let missing: Vec<_> = wanted.iter().filter(|one| !found.contains(one)).collect();
    let surplus: Vec<String> = report
        .findings
        .iter()
        .filter(|f| !wanted.contains(&(f.rule.code, f.location.line.unwrap_or_default())))
        .map(|f| format!("\n  {} {}: {}\n    | {}", f.rule.code, f.location, f.message, f.quote))
        .collect();
    ensure!(
        missing.is_empty() && surplus.is_empty(),
        "not found: {missing:?}; found, but not known: {}",
        surplus.concat()
    );
    Ok(())
}
