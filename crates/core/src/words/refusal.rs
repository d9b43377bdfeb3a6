//! Why a session cannot be what is wanted, and what an API server refused to a process of Flink's.

use std::fmt::Write as _;

/// Who may not do what: a user as Kubernetes names it, verbs and resources.
pub(crate) fn may_not(user: Option<&str>, what: &[(String, String)]) -> String {
    let parts = user.map(|user| user.split(':').collect::<Vec<_>>());
    let mut text = match (parts.as_deref(), user) {
        (Some(["system", "serviceaccount", namespace, name]), _) => {
            format!("ServiceAccount `{name}` of namespace `{namespace}` may not ")
        }
        (_, Some(user)) => format!("`{user}` may not "),
        (_, None) => "the ServiceAccount of its pods may not ".to_owned(),
    };
    for (index, (verb, resource)) in what.iter().enumerate() {
        let _ = write!(text, "{}{verb} {resource}", if index == 0 { "" } else { ", " });
    }
    text
}

/// An object with the label of another session.
pub(crate) fn of_session(session: &str) -> String {
    format!("it belongs to the session `{session}`")
}

/// An object that another one owns.
pub(crate) fn owned_by(kind: &str, name: &str) -> String {
    format!("it is owned by {kind}/{name}")
}

/// An object that Nutkin did not make, and who did, as far as it says so.
pub(crate) fn no_label(manager: Option<&str>) -> String {
    match manager {
        Some(manager) => format!("it was made with `{manager}` and has no label of Nutkin's"),
        None => "it has no label of Nutkin's".to_owned(),
    }
}

/// An object of somebody else has a name that the session needs.
pub(crate) fn in_the_way(object: &str, whose: &str, namespace: &str) -> String {
    format!("{object} in namespace {namespace} is in the way: {whose}; it was not touched")
}

/// What helps against that, up to the argument for a namespace.
pub(crate) const OTHER_PLACE: &str = "give the session another name, or another namespace (";

/// A session that somebody else started.
pub(crate) fn not_ours(workload: &str, namespace: &str) -> String {
    format!("{workload} in namespace {namespace} is a Flink session that Nutkin did not start")
}

/// What it means that Nutkin takes it over.
pub(crate) const ADOPTION: &str = "takes it over: it gets Nutkin's label, and `down` may delete it";

/// Its workload has a deletion timestamp.
pub(crate) fn being_deleted(session: &str) -> String {
    format!("session `{session}` is being deleted")
}

/// No change leads to what is wanted.
pub(crate) fn cannot_become(session: &str, why: &str) -> String {
    format!("session `{session}` cannot be changed to what is wanted: {why}")
}

/// Its workload is of the other mode.
pub(crate) const OTHER_MODE: &str = "it runs in the other of the modes native and standalone";

/// Its workload finds its pods by other labels.
pub(crate) const OTHER_WORKLOAD: &str = "it has another kind of workload";

/// A claim would have to be made again.
pub(crate) const CLAIM: &str =
    "a claim holds data: Nutkin never makes it again. Leave it, or name another one";

/// Somebody deleted the session while it was waited for.
pub(crate) fn deleted(workload: &str) -> String {
    format!("{workload} was deleted in the meantime")
}

/// It does not start because of this; with lines of a log.
pub(crate) fn stuck(session: &str, what: &str, log: &[String]) -> String {
    let lines = log.iter().map(|line| format!("\n{line}"));
    format!("session `{session}` does not start: {what}{}", lines.collect::<String>())
}

/// What is left of such a session, up to the command that ends it.
pub(crate) const STUCK_LEAVES: &str =
    "its objects are still there: the same `up` goes on once that is fixed, ";

/// There is no number of TaskManagers to change.
pub(crate) fn not_counted(session: &str) -> String {
    format!(
        "Flink itself starts and ends the TaskManagers of session `{session}`, as jobs need them"
    )
}

/// What bounds their number.
pub(crate) const BOUNDS: &str = "`slotmanager.max-total-resource.cpu` bounds them, `resourcemanager.taskmanager-timeout` ends idle ones";

/// The Deployment of the TaskManagers was deleted.
pub(crate) fn no_task_managers(session: &str) -> String {
    format!("the workload of session `{session}`'s TaskManagers is gone")
}

/// High availability data is in use.
pub(crate) fn still_runs(pod: &str) -> String {
    format!("{pod} still runs: its high availability data was not touched")
}

/// A Service that cannot be that of REST.
pub(crate) fn no_rest_port(service: &str) -> String {
    format!("Service/{service} has no port named `rest`")
}

fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

/// Processes that may take more memory than the machine has, in bytes. `fitting`: TaskManagers for which it has enough.
pub(crate) fn too_much_memory(needed: u64, there: u64, fitting: u64) -> String {
    let (needed, there, fit) = (gibibytes(needed), gibibytes(there), fit(fitting));
    format!(
        "the processes of the session may take {needed} of memory, and this machine has {there}: {fit}"
    )
}

fn fit(task_managers: u64) -> String {
    match task_managers {
        0 => "no TaskManager of this size fits".to_owned(),
        1 => "1 TaskManager of this size fits".to_owned(),
        more => format!("{more} TaskManagers of this size fit"),
    }
}

/// TaskManagers that would add slots, and may take more memory than the machine of one that is there has, in bytes.
pub(crate) fn too_many_task_managers(
    task_managers: u64,
    needed: u64,
    there: u64,
    fitting: u64,
) -> String {
    let (needed, there, fit) = (gibibytes(needed), gibibytes(there), fit(fitting));
    format!(
        "{task_managers} TaskManagers may take {needed} of memory, and the machine of the present ones has {there}: {fit}"
    )
}

/// An option with an address where others than this machine reach processes of the session.
pub(crate) fn open_to_all(option: &str) -> String {
    format!(
        "`{option}`: whoever reaches this machine can run code as the user of the session, because Flink asks for no password"
    )
}

/// The same of REST that a daemon publishes.
pub(crate) fn published_to_all(address: &str) -> String {
    format!(
        "REST is published on {address}: whoever reaches it can run code in the session, because Flink asks for no password"
    )
}

/// The same of REST behind a Service of this type.
pub(crate) fn exposed_to_all(name: &str, kind: &str) -> String {
    format!(
        "Service {name} of type {kind} leads to REST: whoever reaches it can run code in the session, because Flink asks for no password"
    )
}

/// REST that a daemon elsewhere would publish on its own machine alone.
pub(crate) fn published_elsewhere(daemon: &str, address: &str) -> String {
    format!(
        "the Docker daemon is on `{daemon}`: nobody here reaches what it publishes on {address}"
    )
}

/// What to do about that.
pub(crate) const PUBLISH_FOR_ALL: &str = "`nutkin.docker.publish: 0.0.0.0:8081` publishes on all its addresses, where anybody \
     who reaches one can run code; or forward the daemon's socket by SSH, and port 8081 with it";

/// A port that an option says and that somebody else has.
pub(crate) fn port_taken(address: &str, port: u16, by: Option<&str>) -> String {
    let by = by.map_or_else(|| "another program".to_owned(), |name| format!("container `{name}`"));
    format!("port {port} of {address} is taken by {by}")
}

/// What to do about that, behind the flag of an option.
pub(crate) fn other_port(option: &str, free: u16) -> String {
    format!(" {option}={free}; 0 takes any free one")
}
