//! What people read of the jobs of a session file, of files that a job names, and of slots that it lacks.

/// A job that failed and that nothing submits again by itself.
pub(crate) fn failed(name: &str) -> String {
    format!("job `{name}` has failed and is left alone; another spec.restartNonce submits it again")
}

/// A job that came to its end.
pub(crate) fn finished(name: &str) -> String {
    format!("job `{name}` has finished; another spec.restartNonce runs it again")
}

/// A job that the file suspends.
pub(crate) fn suspended(name: &str) -> String {
    format!("job `{name}` is suspended")
}

/// A job for which nothing is done.
pub(crate) fn unchanged(name: &str) -> String {
    format!("job `{name}` is unchanged")
}

/// The file of the jar has another content than what runs.
pub(crate) fn other_jar(name: &str) -> String {
    format!(
        "job `{name}` keeps running with its old jar, but the file has changed; another spec.restartNonce runs the new one"
    )
}

/// The session does not know a job that it should have.
pub(crate) fn lost(name: &str) -> String {
    format!("the session has lost job `{name}`: it is submitted again")
}

/// Options of a job in a release that takes none.
pub(crate) fn no_options(name: &str, version: &str, options: &str) -> String {
    format!(
        "job `{name}`: Flink {version} takes no options with a job, `{options}` has no effect; set it for the whole \
         session, or use Flink 1.17 or later"
    )
}

/// A job that was stopped with a savepoint.
pub(crate) fn stopped(name: &str, path: &str) -> String {
    format!("job `{name}` is stopped; its savepoint is {path}")
}

/// A job whose savepoint is there, and that failed while it was stopping.
pub(crate) fn uncommitted(name: &str, path: &str) -> String {
    format!(
        "job `{name}` failed while it was stopping; its savepoint {path} is complete, but what its sinks wrote last may not \
         be committed"
    )
}

/// A job that ended before it could be stopped.
pub(crate) fn ended_by_itself(name: &str) -> String {
    format!("job `{name}` has come to its end by itself: nothing of it is to be resumed")
}

/// A savepoint of a job that goes on.
pub(crate) fn savepoint(name: &str, path: &str) -> String {
    format!("job `{name}`: savepoint {path}")
}

/// A checkpoint that was asked for.
pub(crate) fn checkpoint(name: &str) -> String {
    format!("job `{name}`: checkpoint taken")
}

/// A release that takes no checkpoint on request.
pub(crate) fn no_checkpoint(name: &str, version: &str) -> String {
    format!(
        "job `{name}`: Flink {version} takes checkpoints only by its own clock; spec.job.checkpointTriggerNonce has no \
         effect"
    )
}

/// A job that was canceled.
pub(crate) fn canceled(name: &str) -> String {
    format!("job `{name}` is canceled")
}

/// The state that an ended job has left.
pub(crate) fn left(name: &str, path: &str) -> String {
    format!("job `{name}` has ended; its last state is {path}")
}

/// A job that was submitted.
pub(crate) fn submitted(name: &str, id: &str, from: Option<&str>) -> String {
    let from = from.map(|path| format!(" from {path}")).unwrap_or_default();
    format!("job `{name}` is submitted as {id}{from}")
}

/// All tasks must run before a savepoint is taken.
pub(crate) fn waits_for_tasks(name: &str) -> String {
    format!("waiting for the tasks of job `{name}` to run")
}

/// A savepoint takes its time.
pub(crate) fn waits_for_savepoint(name: &str) -> String {
    format!("waiting for the savepoint of job `{name}`")
}

/// A checkpoint takes its time.
pub(crate) fn waits_for_checkpoint(name: &str) -> String {
    format!("waiting for the checkpoint of job `{name}`")
}

/// A job that was stopped or canceled, and has not ended yet.
pub(crate) fn waits_for_end(name: &str) -> String {
    format!("waiting for job `{name}` to end")
}

/// Slots that a job lacks, of how many.
pub(crate) fn shortage(needed: u64, total: u64, free: u64, missing: u64) -> String {
    let slots = if needed == 1 { "slot" } else { "slots" };
    let are = |count: u64| if count == 1 { "is" } else { "are" };
    format!(
        "the job needs {needed} {slots}; {free} of {total} {} free, {missing} {} missing",
        are(free),
        are(missing)
    )
}

/// Flink may not ask for more slots than this.
pub(crate) fn most_slots(most: u64) -> String {
    format!("`slotmanager.number-of-slots.max` allows {most}: raise it")
}

/// What fits into the slots that there are.
pub(crate) fn fits(parallelism: u64) -> String {
    format!("a parallelism of at most {parallelism} fits now")
}

/// An argument that is a file where main() does not run.
pub(crate) fn file_elsewhere(path: &str) -> String {
    format!(
        "`{path}` is a file of this machine; main() runs in the JobManager, which has files of its own: put it where \
         both reach it"
    )
}

/// An argument that main() would look for below another directory, and how it is found.
pub(crate) fn relative_file(path: &str, whole: &str) -> String {
    format!(
        "`{path}` is relative; main() runs in the JobManager, whose working directory is another one: write `{whole}`"
    )
}

/// A relative path of this machine, and the whole one that main() gets.
pub(crate) fn passed_as(path: &str, whole: &str) -> String {
    format!("`{path}` is passed as `{whole}`: main() runs in the JobManager, in another directory")
}

/// A relative path of this machine where main() does not run here.
pub(crate) fn relative_elsewhere(path: &str) -> String {
    format!(
        "`{path}` is a file of this machine; main() runs in the JobManager, which has files of its own"
    )
}

/// What to do about that.
pub(crate) const REACHED_BY_BOTH: &str = "put it where the JobManager reaches it (a volume of the session, `s3://`, \
     `hdfs://`), and name it by its whole path there";
