//! Where Nutkin differs from Flink's client on purpose. Each stands in `docs/differences-from-flink.md` under its
//! name; a test sees each of them in a recording.

use nutkin_core::Problem;
use nutkin_core::flink::FlinkVersion;
use serde_json::Value;

use super::Recording;

/// Names of all differences.
pub const DIFFERENCES: &[&str] = &[];

/// The differences that explain why we refuse what Flink deploys, if they explain every problem.
pub(super) fn stricter(problems: &[Problem]) -> Option<Vec<&'static str>> {
    let _ = problems;
    None
}

/// The difference that explains why we plan what Flink refuses.
pub(super) fn milder(recording: &Recording) -> Option<&'static str> {
    let _ = recording;
    None
}

/// Corrects an object of Flink's where it is wrong, and tells what was.
pub(super) fn correct(item: &mut Value, flink: FlinkVersion) -> Vec<&'static str> {
    let _ = (item, flink);
    Vec::new()
}
