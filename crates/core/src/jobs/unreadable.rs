//! A checkpoint from which no job can start any more: damaged, or a part of it is gone.

/// What Flink says of it. Sources, 1.20.5 and 2.3.0: `AbstractFsCheckpointStorageAccess` (the checkpoint or its metadata is not there),
/// `Checkpoints` and `MetadataSerializers` (the metadata is not what it should be).
const SAID: [&str; 4] = [
    "Cannot find checkpoint or savepoint file/directory",
    "Cannot find meta data file '_metadata'",
    "Unexpected magic number",
    "Unrecognized checkpoint version number",
];

/// What is said around every failure of a task to restore its state (`BackendRestorerProcedure`), also where only its storage is away.
const RESTORES: [&str; 2] =
    ["Could not restore operator state backend", "Could not restore keyed state backend"];

/// What is said beside it where the state is not there, or is not what it should be.
const GONE: [&str; 5] = [
    "FileNotFoundException",
    "NoSuchFileException",
    "NoSuchKey",
    "EOFException",
    "StreamCorruptedException",
];

/// Where the metadata is read. With one of [`GONE`] a part of the file is missing; of a stack that is shortened the frame counts that threw it.
const READS_METADATA: [&str; 2] = [
    "org.apache.flink.runtime.checkpoint.Checkpoints.loadCheckpointMetadata",
    "org.apache.flink.runtime.checkpoint.metadata.",
];

/// What is said where the program has become another one: it does not start from an older checkpoint either. Sources: the same,
/// `StateMigrationException`.
const OTHER_PROGRAM: [&str; 2] =
    ["StateMigrationException", "Cannot map checkpoint/savepoint state"];

/// Whether a failure, in Flink's words with its causes, says that a checkpoint cannot be read.
pub fn is_unreadable(failure: &str) -> bool {
    let has = |one: &&str| failure.contains(*one);
    let is_data = RESTORES.iter().chain(&READS_METADATA).any(has) && GONE.iter().any(has);
    (is_data || SAID.iter().any(has)) && !OTHER_PROGRAM.iter().any(has)
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
            "Caused by: java.io.EOFException\n\tat org.apache.flink.runtime.checkpoint.metadata.MetadataV3Serializer.deserializeOperatorState(MetadataV3Serializer.java:155)",
            true,
        );
        check(
            "FlinkException: Could not restore keyed state backend for Count_0a(1/1) from any of the 1 provided restore options. Caused by: java.io.FileNotFoundException: /c/chk-9/x",
            true,
        );
        check(
            "FileNotFoundException: Cannot find checkpoint or savepoint file/directory '/c/chk-9' on file system 'file'.",
            true,
        );
        // It may be read in a moment.
        for passes in
            ["SdkClientException: Unable to execute HTTP request", "No space left on device"]
        {
            check(&format!("Could not restore keyed state backend for Count: {passes}"), false);
        }
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
