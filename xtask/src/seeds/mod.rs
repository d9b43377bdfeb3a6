//! The write-ups of people who run Flink on Kubernetes: every known defect of their files is found at its
//! line, and nothing else is.
//!
//! The documents are no part of this repository. The stage runs where `NUTKIN_SEEDS` names their directory.

mod cut;
mod expected;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use nutkin_core::check::{Input, Report, Settings, check};

/// The variable that names the directory.
pub(crate) const VARIABLE: &str = "NUTKIN_SEEDS";

/// Checks all documents; one result for each.
///
/// # Errors
/// The variable is not set, or the directory cannot be read.
pub(crate) fn run() -> Result<Vec<(String, Result<()>)>> {
    let directory = std::env::var(VARIABLE).with_context(|| format!("{VARIABLE} is not set"))?;
    let mut results = Vec::new();
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
