//! A decision in lines: what changes, what restarts, what happens to jobs, and which ports are other ones.

/// A session that there was not.
pub(crate) fn new(name: &str, summary: &str) -> String {
    format!("+ session `{name}`: {summary}")
}

/// Everything is as it is wanted.
pub(crate) fn no_change(name: &str) -> String {
    format!("session `{name}`: no change")
}

/// Nothing changes, but processes are missing.
pub(crate) fn incomplete(name: &str) -> String {
    format!("session `{name}`: some of its processes are not running: `up` starts them")
}

/// A session that Nutkin did not make gets its marks.
pub(crate) fn takes_over(workload: &str) -> String {
    format!("takes over {workload} and what it owns: they get Nutkin's label")
}

/// How many objects are added, changed and removed.
pub(crate) fn total([add, change, remove]: [usize; 3]) -> String {
    format!("plan: {add} to add, {change} to change, {remove} to remove")
}

/// What restarts.
pub(crate) fn restarts(job_managers: bool, task_managers: bool, zookeeper: bool) -> String {
    let who = match (job_managers, task_managers) {
        (true, true) => "restarts all JobManagers and TaskManagers",
        (true, false) => "restarts all JobManagers",
        (false, true) => "restarts all TaskManagers",
        (false, false) => "restarts nothing",
    };
    let zookeeper = if zookeeper { "; restarts the ZooKeeper" } else { "" };
    format!("{who}{zookeeper}")
}

/// In place of names, when nobody can tell them.
pub(crate) const UNKNOWN_JOBS: &str = "unknown, because no JobManager answers";

/// Jobs that notice nothing. `why`: what is waited for before anything changes.
pub(crate) fn untouched(names: &str, why: Option<&str>) -> String {
    let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
    format!("jobs that keep running{why}: {names}")
}

/// Why a job notices nothing.
pub(crate) const NOTHING_RESTARTS: &str = "nothing restarts that it runs on";

/// Why a job fails over.
pub(crate) const RECOVERED: &str = "it goes on from its last checkpoint: its JobManager lives on, or high availability brings it back";

/// Why a job is moved.
pub(crate) const MOVED: &str =
    "no high availability brings it back: it is stopped with a savepoint and resumed from that";

/// Why jobs are not moved, although that would do them less harm.
pub(crate) fn not_moved(why: &str) -> String {
    format!("they cannot be moved: {why}")
}

/// Why a job is lost.
pub(crate) const NOT_AVAILABLE: &str = "no high availability";

/// Jobs that high availability brings back, so many times at most.
pub(crate) fn fail_over(names: &str, failovers: u64) -> String {
    if 1 < failovers {
        return format!(
            "jobs that fail over to their last checkpoint up to {failovers} times, as TaskManagers are replaced in \
             turn: {names}"
        );
    }
    format!("jobs that fail over to their last checkpoint: {names}")
}

/// Jobs that are stopped and resumed.
pub(crate) fn moved(names: &str) -> String {
    format!("jobs that are stopped with a savepoint and resumed from it: {names}")
}

/// Jobs that nothing brings back. `why`: the reason, unless high availability is missing.
pub(crate) fn lost(names: &str, why: Option<&str>) -> String {
    let why = why.unwrap_or(NOT_AVAILABLE);
    format!("jobs that will be lost ({why}): {names}")
}

/// Why high availability does not bring jobs back: the releases are of two lines.
pub(crate) fn other_line(old: &str, new: &str) -> String {
    format!(
        "Flink {new} cannot read the jobs that high availability of {old} keeps; stop each with a savepoint before, and run \
         it from that afterwards"
    )
}

/// A port of a session that did not run, taken by another program since; and the one it gets.
pub(crate) fn port_taken_since(own: u16, port: u16) -> String {
    format!("port {own} was taken in the meantime: the session uses {port}")
}

/// A range of ports for REST, or another port than the one where it is looked for.
pub(crate) fn one_rest_port(found: &str) -> String {
    format!("a session on this machine has one port for REST, found `{found}`")
}

/// What to do about that.
pub(crate) const ONE_REST_PORT: &str =
    "give the port with `rest.port`, or leave both out to get a free one";

/// The usual port of the daemon's machine, which a container or another program has; and the one that a new session gets.
pub(crate) fn port_published(usual: u16, container: Option<&str>, port: u16) -> String {
    let by = container.map(|name| format!(" by container `{name}`")).unwrap_or_default();
    format!("port {usual} is taken{by}: the session uses {port}")
}

/// The usual port, which belongs to this session or to any program; and the one that a new session gets.
pub(crate) fn port_taken(usual: u16, owner: Option<&str>, port: u16) -> String {
    let how = owner.map_or("is taken".to_owned(), |name| format!("belongs to session `{name}`"));
    format!("port {usual} {how}: the session uses {port}")
}
