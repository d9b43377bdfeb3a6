//! `cargo xtask e2e`: the stages in which a real Flink runs.

use super::{Args, Stage};

impl Args {
    /// Every test from end to end, by platform: this machine, an API server, pods of a node, containers.
    pub(crate) fn end_to_end() -> Self {
        Self {
            quick: false,
            stages: vec![Stage::E2e, Stage::Kubernetes, Stage::Node, Stage::Docker],
        }
    }
}
