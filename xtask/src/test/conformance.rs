//! Cases that nobody has seen before, asked of real Flinks: few each time, other ones every time.

use std::hash::{BuildHasher as _, RandomState};

use anyhow::{Result, ensure};

use super::setup;
use super::tally::Tally;
use crate::conformance::{config_of, memory_of};
use crate::java::Flink;
use crate::root::say;

/// Cases of memory for each release: a few seconds, most of them the start of a JVM.
const MEMORY: u64 = 100;
/// Cases of configuration files of each kind and release.
const FILES: u64 = 60;

/// Compares each installed release.
///
/// # Errors
/// When the releases cannot be installed.
pub(super) fn run() -> Result<Tally> {
    // Large enough that no two runs meet, small enough to be typed again.
    let seed = RandomState::new().hash_one("a seed") % 1_000_000_000;
    say(&format!("seed {seed}"));
    let ready = setup::prepare_releases();
    ensure!(ready.failed == 0, "the releases are not installed");
    let mut tally = Tally::default();
    for version in setup::VERSIONS {
        let flink = Flink { version, home: setup::install(version)? };
        let memory = memory_of(&flink, seed, MEMORY);
        tally.check(&format!("memory as Flink {version} calculates it"), memory);
        let files = config_of(&flink, seed, FILES);
        tally.check(&format!("configuration files as Flink {version} reads them"), files);
    }
    Ok(tally)
}
