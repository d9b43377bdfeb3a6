//! The tests that need an API server: one for all of them, on loopback, gone afterwards.

use anyhow::{Result, ensure};

use super::tally::Tally;
use super::{cargo_test, setup};
use crate::kube::{Binaries, ControlPlane};
use crate::root::target;

/// Starts a control plane, runs the tests, and ends it.
///
/// # Errors
/// When something they need cannot be made, or the control plane does not start.
pub(crate) fn run() -> Result<Tally> {
    let ready = setup::prepare()?;
    ensure!(ready.failed == 0, "the tests with an API server are not set up");
    let binaries = Binaries::ensure()?;
    let directory = target().join("kube-test");
    // One that a killed run left has its objects, and perhaps half of its processes.
    ControlPlane::stop(&directory)?;
    let plane = ControlPlane::start(&binaries, &directory)?;
    let mut tests = setup::tests("kubernetes")?;
    setup::with_cluster(&mut tests, &plane.kubeconfig(), &binaries);
    let tally = cargo_test::run(&mut tests);
    ControlPlane::stop(&directory)?;
    tally
}
