//! Jobs that are watched over REST from the loss of their JobManager to their end, on any platform.

use std::collections::BTreeSet;

use crate::Rest;

/// The ids of jobs that run and have completed a checkpoint.
pub fn with_checkpoint(flink: &Rest) -> BTreeSet<String> {
    let jobs = flink.get("/jobs/overview").unwrap_or_default();
    let all = jobs["jobs"].as_array().into_iter().flatten();
    let running = all.filter(|job| job["state"] == "RUNNING");
    let ids = running.filter_map(|job| job["jid"].as_str().map(str::to_owned));
    ids.filter(|id| {
        let seen = flink.get(&format!("/jobs/{id}/checkpoints")).unwrap_or_default();
        seen["latest"]["completed"].is_object()
    })
    .collect()
}

/// Whether there are so many jobs, and all have finished.
pub fn have_finished(flink: &Rest, count: usize) -> bool {
    let jobs = flink.get("/jobs/overview").unwrap_or_default();
    let all = jobs["jobs"].as_array().cloned().unwrap_or_default();
    all.len() == count && all.iter().all(|job| job["state"] == "FINISHED")
}

/// Checks that each of these jobs was restored from a checkpoint, and not from a savepoint or from nothing.
///
/// # Panics
/// When one was not.
#[track_caller]
pub fn assert_restored_from_checkpoints(flink: &Rest, ids: &BTreeSet<String>) {
    for id in ids {
        let seen = flink.get(&format!("/jobs/{id}/checkpoints")).unwrap_or_default();
        let from = seen["latest"]["restored"]["external_path"].as_str().unwrap_or_default();
        assert!(from.contains("/chk-"), "{seen}");
    }
}
