//! The write-ups of people who run Flink on Kubernetes: every known defect of their files is found at its
//! line, and nothing else is.
//!
//! The documents are not part of this repository. The stage runs where `NUTKIN_SEEDS` names their directory.

mod cut;
mod expected;
mod native;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use nutkin_check::adopt::difference::{self, differences};
use nutkin_check::adopt::{Adoption, AdoptionRequest, adopt};
use nutkin_check::{Input, Report, Settings, Severity, check};
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::Problem;
use nutkin_flink::units::MemorySize;

/// The variable that names the directory.
pub(crate) const VARIABLE: &str = "NUTKIN_SEEDS";

/// Checks all documents; one result for each.
///
/// # Errors
/// The variable is not set, or the directory cannot be read.
pub(crate) fn run() -> Result<Vec<(String, Result<()>)>> {
    let directory = std::env::var(VARIABLE).with_context(|| format!("{VARIABLE} is not set"))?;
    let mut results = Vec::new();
    for (stem, options, left) in expected::SESSIONS {
        let result =
            document(Path::new(&directory), stem).and_then(|files| session(&files, options, left));
        results.push((format!("session file of {stem}"), result));
    }
    results.push(("session file of 003".to_owned(), native::check(Path::new(&directory))));
    for (stem, expected) in expected::SEEDS {
        let result = document(Path::new(&directory), stem).and_then(|files| {
            let report = check(&files, &Settings::default());
            compare(&report, expected)
        });
        results.push((format!("check of {stem}"), result));
    }
    Ok(results)
}

/// Writes the files of each document into a directory of its own, by which tests take them over: `000` to `004`.
///
/// # Errors
/// The variable is not set, or a file cannot be read or written.
pub(crate) fn write(into: &Path) -> Result<()> {
    let directory = std::env::var(VARIABLE).with_context(|| format!("{VARIABLE} is not set"))?;
    let directory = Path::new(&directory);
    let mut files = vec![native::configuration(&text_of(directory, "003")?)];
    for (stem, ..) in expected::SESSIONS {
        files.extend(document(directory, stem)?);
    }
    for file in files {
        let path = into.join(file.name);
        fs::create_dir_all(path.parent().context("a file is in a directory")?)?;
        fs::write(path, file.text)?;
    }
    Ok(())
}

/// The files of the document whose name begins so.
fn document(directory: &Path, stem: &str) -> Result<Vec<Input>> {
    let files = cut::files(&text_of(directory, stem)?, stem);
    ensure!(!files.is_empty(), "no files in {stem}");
    Ok(files)
}

/// The text of the document whose name begins so.
fn text_of(directory: &Path, stem: &str) -> Result<String> {
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(stem) {
            return Ok(fs::read_to_string(&path)?);
        }
    }
    bail!("no document begins with {stem}")
}

/// The session file that is made of the files: our reader takes it, its options and sizes are those that counted
/// before, every line that is otherwise in the objects it makes has a reason, and nothing is wrong with them but what
/// only the user can fix.
fn session(files: &[Input], options: &[(&str, &str)], left: &[&str]) -> Result<()> {
    let request = AdoptionRequest::default();
    let adoption = adopt(files, &request).map_err(told)?;
    has_options(&adoption, options)?;
    explained(files, &request, &adoption)?;
    let objects = difference::rendered(&adoption).map_err(told)?;
    for (name, text) in [("made.yaml", adoption.text.clone()), ("objects.yaml", objects)] {
        let report = check(&[Input { name: name.to_owned(), text }], &Settings::default());
        let mut found = report.findings.iter().filter(|finding| {
            finding.severity() != Severity::Note && !left.contains(&finding.rule.code)
        });
        if let Some(one) = found.next() {
            bail!("{} {}: {}\n{}", one.rule.code, one.location, one.message, adoption.text);
        }
    }
    Ok(())
}

fn told(problems: Vec<Problem>) -> anyhow::Error {
    anyhow!("{problems:?}")
}

/// The options count in the session.
fn has_options(adoption: &Adoption, options: &[(&str, &str)]) -> Result<()> {
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
    Ok(())
}

/// Every difference has a reason.
fn explained(files: &[Input], request: &AdoptionRequest, adoption: &Adoption) -> Result<()> {
    let found = differences(files, request, adoption).map_err(told)?;
    let lost: Vec<String> = found
        .iter()
        .filter(|one| one.why.is_none())
        .map(|one| format!("\n  {}: {}", one.object, one.line()))
        .collect();
    ensure!(lost.is_empty(), "otherwise, and nothing says why: {}", lost.concat());
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
