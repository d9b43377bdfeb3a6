//! What people read of snapshots that a session file or the clock asks for.

/// It is there.
pub(crate) fn taken(kind: &str, name: &str, job: Option<&str>, path: Option<&str>) -> String {
    let of = of_job(job);
    let at = path.map_or_else(|| " is taken".to_owned(), |path| format!(" is {path}"));
    format!("{kind} `{name}`{of}{at}")
}

/// It is not there, and is tried again.
pub(crate) fn failed(kind: &str, name: &str, job: Option<&str>, why: &str, retry: &str) -> String {
    format!("{kind} `{name}`{} failed: {why}; it is tried again after {retry}", of_job(job))
}

/// It is not there, and is not tried again.
pub(crate) fn failed_for_good(kind: &str, name: &str, job: Option<&str>, why: &str) -> String {
    format!(
        "{kind} `{name}`{} failed: {why}; another `metadata.name` asks for it again",
        of_job(job)
    )
}

/// Its job does not run.
pub(crate) fn abandoned(kind: &str, name: &str, job: Option<&str>) -> String {
    format!(
        "{kind} `{name}` is not taken: its job{} does not run; another `metadata.name` asks for it again",
        job.map(|job| format!(" `{job}`")).unwrap_or_default()
    )
}

/// The release takes no checkpoint on request.
pub(crate) fn no_checkpoint(version: &str) -> String {
    format!("Flink {version} takes checkpoints only by its own clock")
}

/// No JobManager knows of it.
pub(crate) const FORGOTTEN: &str = "the JobManager has forgotten what it was asked for";

/// It is gone, and its files with it.
pub(crate) fn disposed(name: &str, path: &str) -> String {
    format!("snapshot `{name}` is deleted: {path}")
}

/// No JobManager finds it.
pub(crate) fn not_found(name: &str, path: &str) -> String {
    format!("snapshot `{name}` is forgotten: the JobManager does not find {path}")
}

/// A snapshot is being deleted from which a job was to start.
pub(crate) fn is_going(name: &str, path: &str) -> String {
    format!("{path} is being deleted (snapshot `{name}`): no job starts from it")
}

/// It is not in the ledger any more, and its files stay.
pub(crate) fn forgotten(name: &str, path: Option<&str>) -> String {
    match path {
        Some(path) => format!("snapshot `{name}` is forgotten; {path} stays where it is"),
        None => format!("snapshot `{name}` is forgotten"),
    }
}

/// It stays although nobody asks for it any more.
pub(crate) fn stays(name: &str, path: &str, who: &str) -> String {
    format!("snapshot `{name}` stays for now: {who} refers to {path}")
}

/// A job refers to it.
pub(crate) fn job(session: &str, job: &str) -> String {
    format!("job `{job}` of session `{session}`")
}

/// A running job was restored from it.
pub(crate) const RESTORED: &str = "a job that runs";

/// The session file refers to it.
pub(crate) const FILE: &str = "the session file";

/// The rest of a ledger refers to it.
pub(crate) fn ledger(session: &str) -> String {
    format!("the ledger of session `{session}`")
}

/// The tasks of its job do not run yet.
pub(crate) fn waits_for_tasks(name: &str) -> String {
    format!("waiting for the tasks of the job of snapshot `{name}` to run")
}

/// It takes its time.
pub(crate) fn waits(kind: &str, name: &str) -> String {
    format!("waiting for {kind} `{name}`")
}

/// It is to be taken, for `plan`.
pub(crate) fn is_taken(kind: &str, name: &str, job: Option<&str>) -> String {
    format!("  + {kind} `{name}`{}: taken", of_job(job))
}

/// It is there already, for `plan`.
pub(crate) fn is_noted(name: &str) -> String {
    format!("  + savepoint `{name}`: noted, as it is there already")
}

/// It goes, for `plan`.
pub(crate) fn goes(name: &str, path: &str) -> String {
    format!("  - savepoint `{name}`: deleted unless something refers to it ({path})")
}

/// It is forgotten, for `plan`.
pub(crate) fn is_forgotten(name: &str) -> String {
    format!("  - snapshot `{name}`: forgotten, its files stay")
}

/// A text that says no times.
pub(crate) fn no_schedule(text: &str) -> String {
    format!(
        "`{text}` is neither a duration (`60s`, `6 h`) nor a cron expression of Quartz (`0 0 3 * * ?`)"
    )
}

/// A text that says no number.
pub(crate) fn no_count(text: &str) -> String {
    format!("`{text}` is not a number of snapshots")
}

/// A text that says no age.
pub(crate) fn no_age(text: &str) -> String {
    format!("`{text}` is not a duration: write `24 h`")
}

/// A text that is not a boolean.
pub(crate) fn no_boolean(text: &str) -> String {
    format!("`{text}` is neither `true` nor `false`, and nothing is deleted")
}

/// A text that is not a format.
pub(crate) fn no_format(text: &str) -> String {
    format!("`{text}` is not CANONICAL or NATIVE")
}

/// An option of the operator that is wrong.
pub(crate) fn ignored(key: &str, message: &str) -> String {
    format!("`{key}` has no effect: {message}")
}

/// A problem of the options of a job.
pub(crate) fn of(job: &str, message: &str) -> String {
    format!("job `{job}`: {message}")
}

fn of_job(job: Option<&str>) -> String {
    job.map(|job| format!(" of job `{job}`")).unwrap_or_default()
}
