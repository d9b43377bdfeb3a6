//! A checkpoint from which no job can start any more: damaged, or a part of it is gone.

/// What Flink says of it. Sources, 1.20.5 and 2.3.0: `AbstractFsCheckpointStorageAccess` (the checkpoint or its metadata is not there),
/// `Checkpoints` and `MetadataSerializers` (the metadata is not what it should be), `BackendRestorerProcedure` (state is not there, or
/// is not what it should be).
const SAID: [&str; 6] = [
    "Cannot find checkpoint or savepoint file/directory",
    "Cannot find meta data file '_metadata'",
    "Unexpected magic number",
    "Unrecognized checkpoint version number",
    "Could not restore operator state backend",
    "Could not restore keyed state backend",
];

/// Where the metadata is read, in the stack of an exception of any kind: a part of the file is missing, for example
/// (`Checkpoints.loadCheckpointMetadata`).
const READS_METADATA: &str = "Checkpoints.loadCheckpointMetadata";

/// What is said where the program has become another one: it does not start from an older checkpoint either. Sources: the same,
/// `StateMigrationException`.
const OTHER_PROGRAM: [&str; 2] =
    ["StateMigrationException", "Cannot map checkpoint/savepoint state"];

/// Whether a failure, in Flink's words with its causes, says that a checkpoint cannot be read.
pub fn is_unreadable(failure: &str) -> bool {
    let has = |one: &&str| failure.contains(*one);
    (SAID.iter().any(|one| has(&one)) || has(&READS_METADATA))
        && !OTHER_PROGRAM.iter().any(|one| has(&one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_flink_says() {
        #[track_caller]
        fn check(failure: &str, expected: bool) {
            assert_eq!(is_unreadable(failure), expected, "{failure}");
        }
        check("IOException: Unexpected magic number. This can have multiple reasons: (1)", true);
        check(
            "EOFException\n\tat org.apache.flink.runtime.checkpoint.Checkpoints.loadCheckpointMetadata(Checkpoints.java:98)",
            true,
        );
        check(
            "FlinkException: Could not restore keyed state backend for Count_0a(1/1) from any of the 1 provided restore options.",
            true,
        );
        check(
            "FileNotFoundException: Cannot find checkpoint or savepoint file/directory '/c/chk-9' on file system 'file'.",
            true,
        );
        // An older one would not help.
        check(
            "Could not restore keyed state backend ... StateMigrationException: The new key serializer",
            false,
        );
        check(
            "IllegalStateException: Failed to rollback to checkpoint/savepoint /c/chk-9. Cannot map checkpoint/savepoint state for operator",
            false,
        );
        check("RuntimeException: the broker does not answer", false);
    }
}
