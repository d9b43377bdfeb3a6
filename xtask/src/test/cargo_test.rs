//! Runs `cargo test` and counts what its test binaries report.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use super::failures::Failures;
use super::tally::Tally;
use crate::root::say;

/// Runs it, passes its output on, adds up the summaries and keeps why tests failed. Where the command fails without a failed
/// test (it does not compile, a test binary is killed) that counts as one failure.
///
/// # Errors
/// When it cannot be started or its output not be read.
pub(crate) fn run(command: &mut Command) -> Result<Tally> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    let stdout = child.stdout.take().context("the output is piped")?;
    let (mut tally, mut failures) = (Tally::default(), Failures::default());
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.context("cannot read the output of the tests")?;
        let line = String::from_utf8_lossy(&line);
        tally.add(summary(&line).unwrap_or_default());
        failures.read(&line);
        let _ = writeln!(std::io::stdout(), "{line}");
    }
    let status = child.wait().context("cannot wait for the tests")?;
    tally.failures = failures.found();
    if !status.success() && tally.failed == 0 {
        let said = format!("{command:?} ended with {status}");
        say(&format!("FAILED {said}"));
        tally.failed = 1;
        tally.failures.push(said);
    }
    Ok(tally)
}

/// Reads `test result: ok. 12 passed; 0 failed; ...`.
fn summary(line: &str) -> Option<Tally> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |what: &str| {
        counts.split("; ").find_map(|part| part.strip_suffix(what)?.trim_end().parse().ok())
    };
    Some(Tally { passed: count("passed")?, failed: count("failed")?, failures: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<(u32, u32)>) {
        let counts = summary(line).map(|tally| (tally.passed, tally.failed));
        assert_eq!(counts, expected);
    }

    #[test]
    fn summaries_of_test_binaries() {
        let rest = "0 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        check(&format!("test result: ok. 12 passed; 0 failed; {rest}"), Some((12, 0)));
        check(&format!("test result: FAILED. 1 passed; 2 failed; {rest}"), Some((1, 2)));
        check("test flink::memory ... ok", None);
        check("test result: nonsense", None);
    }
}
