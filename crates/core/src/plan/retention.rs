//! Checkpoints that outlive their JobManager. Without high availability nothing else brings jobs back after one.

use nutkin_flink::{Configuration, FlinkVersion, Origin, is_highly_available, options};

/// The option that says what Flink does with the checkpoints of a job that is canceled, or whose JobManager ends.
pub const RETENTION: &str = "execution.checkpointing.externalized-checkpoint-retention";

/// The value at which it leaves them where they are. With any other one Flink deletes all checkpoints of a job when its JobManager is told to end:
/// only this one is not "discard on job suspended" (`CheckpointProperties`, 1.13 to 2.3).
pub const RETAIN: &str = "RETAIN_ON_CANCELLATION";

/// Where a session keeps checkpoints, as the releases spell it; the first one that is there counts.
pub const CHECKPOINT_DIRECTORY: [&str; 2] =
    ["execution.checkpointing.dir", "state.checkpoints.dir"];

/// Where options have checkpoints kept.
pub fn checkpoint_directory(options: &Configuration) -> Option<String> {
    CHECKPOINT_DIRECTORY.iter().find_map(|key| options.text(key))
}

/// The option that says where a JobManager writes down each job that has come to its end.
pub const ARCHIVE: &str = "jobmanager.archive.fs.dir";

/// Why a session keeps them.
const REASON: &str = "without high availability jobs go on from their checkpoints";

/// Keeps checkpoints of a session without high availability, unless it says otherwise, or has no directory for them.
pub(crate) fn retain(all: &mut Configuration, flink: FlinkVersion) {
    let is_set = |key: &str| options::lookup(all, key, flink).is_some();
    let has_directory = CHECKPOINT_DIRECTORY.iter().any(|key| is_set(key));
    if has_directory && !is_set(RETENTION) && !is_highly_available(all) {
        all.set(RETENTION, RETAIN, Origin::Default(REASON));
    }
}

/// Has each job that ends written down below `data`: a job whose JobManager was lost is told from one that had ended before.
pub(crate) fn archive(all: &mut Configuration, data: &str) {
    archive_in(all, format!("file://{data}/archive"));
}

/// The same beside the checkpoints of a session that has a directory for them: whatever keeps these keeps that. Sessions may share
/// the directory.
pub(crate) fn archive_beside_checkpoints(all: &mut Configuration, session: &str) {
    if let Some(directory) = checkpoint_directory(all).filter(|text| !text.trim().is_empty()) {
        archive_in(all, format!("{}/archive/{session}", directory.trim().trim_end_matches('/')));
    }
}

fn archive_in(all: &mut Configuration, directory: String) {
    if !is_highly_available(all) {
        let why = Origin::Default(
            "a JobManager that is lost takes along what it knows of jobs that have ended",
        );
        all.set_default(ARCHIVE, directory, why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(options: &[(&str, &str)], expected: Option<&str>) {
        let mut all: Configuration = options.iter().copied().collect();
        retain(&mut all, "1.20.5".parse().unwrap());
        assert_eq!(all.text(RETENTION).as_deref(), expected);
    }

    #[test]
    fn ends_are_written_down_beside_the_checkpoints() {
        #[track_caller]
        fn check(options: &[(&str, &str)], expected: Option<&str>) {
            let mut all: Configuration = options.iter().copied().collect();
            archive_beside_checkpoints(&mut all, "orders");
            assert_eq!(all.text(ARCHIVE).as_deref(), expected);
        }
        let directory = ("state.checkpoints.dir", "file:///claim/checkpoints/");
        check(&[directory], Some("file:///claim/checkpoints/archive/orders"));
        let newer = ("execution.checkpointing.dir", "s3://b/c");
        check(&[directory, newer], Some("s3://b/c/archive/orders"));
        check(&[], None);
        check(&[("state.checkpoints.dir", "")], None);
        check(&[directory, ("high-availability.type", "kubernetes")], None);
        check(&[directory, (ARCHIVE, "s3://b/history")], Some("s3://b/history"));
    }

    #[test]
    fn kept_where_they_are_and_where_nothing_else_brings_jobs_back() {
        let directory = ("state.checkpoints.dir", "s3://b/c");
        check(&[directory], Some(RETAIN));
        check(&[("execution.checkpointing.dir", "s3://b/c")], Some(RETAIN));
        check(&[], None);
        check(&[directory, ("high-availability.type", "zookeeper")], None);
        check(&[directory, ("high-availability.type", "NONE")], Some(RETAIN));
        check(&[directory, (RETENTION, "DELETE_ON_CANCELLATION")], Some("DELETE_ON_CANCELLATION"));
    }
}
