//! How a session is, where that is not as it should be, with what fixes it.

/// What starts a session again: the file that it was made from, where that is known.
pub(crate) fn remedy(file: Option<&str>) -> String {
    file.map_or_else(
        || "`nutkin up` with the same file and options".to_owned(),
        |file| format!("`nutkin up -f {file}`"),
    )
}

/// No process runs. `up` is what [`remedy`] gives.
pub(crate) fn stopped(name: &str, up: &str) -> String {
    format!(
        "none of its processes is running; {up} starts it again, `nutkin down {name}` removes it"
    )
}

/// Nothing restarts the processes of this machine.
pub(crate) fn unsupervised(up: &str) -> String {
    format!("the supervisor is gone: processes that die stay dead; {up} fixes that")
}

/// These processes do not run.
pub(crate) fn not_running(names: &[&str], supervised: bool) -> String {
    let remedy = if supervised { "; the supervisor starts it again" } else { "" };
    format!("not running: {}{remedy}", names.join(", "))
}

/// These containers do not run; `up` fixes it.
pub(crate) fn stays_stopped(names: &[&str], up: &str) -> String {
    format!("not running: {}; {up} starts it again", names.join(", "))
}

/// REST does not answer.
pub(crate) fn silent() -> String {
    "the JobManager does not answer yet".to_owned()
}

/// TaskManagers are missing.
pub(crate) fn registered(registered: u32, wanted: u32) -> String {
    format!("{registered} of {wanted} TaskManagers are registered")
}

/// The objects of a session are being deleted.
pub(crate) fn being_deleted() -> String {
    "it is being deleted".to_owned()
}

/// The workload of the JobManagers has no pods, because somebody said so.
pub(crate) fn scaled_to_zero(workload: &str) -> String {
    format!("{workload} is scaled to 0; `nutkin up` starts it again")
}

/// Pods of TaskManagers that do not run.
pub(crate) fn broken_pods(registered: u32, pods: &[(&str, &str)]) -> String {
    let list: Vec<String> = pods.iter().map(|(name, state)| format!("{name} ({state})")).collect();
    format!("{registered} TaskManagers are registered; not running: {}", list.join(", "))
}

/// Who wanted what the ledger says: `command` by `who` at `time`. `session` is what brings it about.
pub(crate) fn wanted_by(event: (&str, &str, &str), session: &str) -> String {
    let (command, who, time) = event;
    format!("wanted by `{command}` ({who}, {time}); `nutkin up {session}` brings it about")
}

/// The same where nobody noted it.
pub(crate) fn wanted_by_ledger(session: &str) -> String {
    format!("wanted by the session's ledger; `nutkin up {session}` brings it about")
}

/// A job that has ended, where it can go on from, and the command that does it where `up` does not.
pub(crate) fn goes_on(job: &str, from: &str, command: Option<&str>) -> String {
    let command = command.map(|command| format!(": `{command}`")).unwrap_or_default();
    format!("job `{job}` can go on from {from}{command}")
}
