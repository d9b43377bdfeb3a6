//! Why jobs cannot be moved, in words for people: each ends the sentence "they cannot be moved: ...".

/// Nutkin knows neither jar nor arguments.
pub(crate) const NOT_OURS: &str =
    "Nutkin did not submit them, and knows neither their jar nor their arguments";

/// Only a streaming job takes a savepoint.
pub(crate) const BATCH: &str = "a batch job takes no savepoint";

/// One program submitted several jobs.
pub(crate) const SEVERAL: &str = "their program submits several jobs, and REST submits one";

/// Flink runs several jobs as a unit, which one program submits.
pub(crate) fn of_application(name: &str) -> String {
    format!("they are the jobs of application `{name}`, and REST resumes one job of a program")
}

/// No jar: a module of Python, a program that no upload runs.
pub(crate) const NO_JAR: &str = "REST submits jars only, and their program is none";

/// The session has no directory for savepoints.
pub(crate) const NO_DIRECTORY: &str =
    "the session has no directory for savepoints: set `state.savepoints.dir`";

/// The jar that runs is nowhere any more.
pub(crate) fn jar_gone(jar: &str) -> String {
    format!("the jar that runs is not kept, and `{jar}` is not there or another one")
}

/// Savepoints would end with what is replaced.
pub(crate) fn ends_with_pods(directory: &str) -> String {
    format!(
        "savepoints in `{directory}` end with the pods: set `state.savepoints.dir` to a place that outlives them"
    )
}

/// Savepoints cannot be written.
pub(crate) fn unwritable(directory: &str, why: &str) -> String {
    format!("no savepoint can be written to `{directory}`: {why}")
}

/// What Flink says before the path of a savepoint whose job failed while it was stopping, and after it.
pub(crate) const SAVEPOINT_AT: [&str; 2] =
    ["A savepoint has been created at: ", ", but the corresponding job"];

/// Why a job that is moved does not continue from its last checkpoint.
pub(crate) const SAVEPOINT_ONLY: &str = "a move waits for its savepoint";

/// Why a job continues: it is waited for.
pub(crate) const WAITS: &str = "the change waits for their end";
