//! How many passed and failed, and why.

use anyhow::Result;

use super::failures::short;
use crate::root::say;

/// Sums of one stage or of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests and checks that passed.
    pub(crate) passed: u32,
    /// Tests and checks that failed.
    pub(crate) failed: u32,
    /// Names of those that failed, with the first lines of why.
    pub(crate) failures: Vec<String>,
}

impl Tally {
    /// Adds another one.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.failures.extend(other.failures);
    }

    /// Counts one check, and says why it failed.
    pub(crate) fn check(&mut self, name: &str, result: Result<()>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(error) => {
                say(&format!("FAILED {name}: {error:#}"));
                self.failed += 1;
                self.failures.push(short(&format!("{name}: {error:#}")));
            }
        }
    }
}
