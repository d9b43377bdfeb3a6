//! What a session waits for, what it is in the middle of, and what was assumed for a plan.

use nutkin_flink::counted;

/// No answer of REST yet.
pub(crate) const JOB_MANAGER: &str = "waiting for the JobManager to answer";

/// The JobManager answers, but not what jobs there are.
pub(crate) const JOBS: &str = "waiting for the JobManager to tell its jobs";

/// The first look at what was ordered comes next.
pub(crate) const KUBERNETES: &str = "waiting for Kubernetes";

/// Pods of the old content are there.
pub(crate) const OLD_PODS: &str = "waiting for the old pods to terminate";

/// The same of TaskManagers alone.
pub(crate) const OLD_TASK_MANAGERS: &str = "waiting for the old TaskManagers to terminate";

/// The JobManager's container runs.
pub(crate) const REST: &str = "waiting for the JobManager's REST API";

/// TaskManagers are registered, and their slots are not.
pub(crate) const SLOTS: &str = "waiting for the slots of the TaskManagers";

/// Held pods are let go.
pub(crate) const ENDING: &str = "ending the old pods";

/// Orders are given on this machine.
pub(crate) const CHANGING: &str = "the session is being changed";

/// Containers are brought to what is wanted.
pub(crate) const CONTAINERS: &str = "containers are made and ended";

/// Nobody noted with which content TaskManagers were started.
pub(crate) const PRESENT: &str =
    "assumed: the TaskManagers run with the session's present configuration; nobody noted it";

/// These pods make room for new ones.
pub(crate) fn replacing(names: &[String]) -> String {
    format!("replacing {}", names.join(", "))
}

/// What is waited for, and what keeps it from coming.
pub(crate) fn because(what: &str, why: &str) -> String {
    format!("{what}; {why}")
}

/// These objects are being deleted.
pub(crate) fn end_of(what: &str) -> String {
    format!("waiting for the end of {what}")
}

/// Some TaskManagers are there.
pub(crate) fn registered(registered: u32, wanted: u32) -> String {
    format!("{registered} of {} registered", counted(wanted, "TaskManager"))
}

/// The same on Kubernetes.
pub(crate) fn task_managers(registered: u32, wanted: u64) -> String {
    format!("waiting for TaskManagers: {registered} of {wanted} are registered")
}

/// All that was waited for.
pub(crate) fn complete(task_managers: u32, slots: u32) -> String {
    format!("{}, {}", counted(task_managers, "TaskManager"), counted(slots, "slot"))
}

/// A process or container that ended at its start.
pub(crate) fn died(name: &str, how: &str) -> String {
    format!("{name} did not start: {how}")
}

/// A release is to be brought to this machine.
pub(crate) fn installs(flink: &str) -> String {
    format!(
        "Flink {flink} is not installed: `up` installs it, from Apache's archive or else from PyPI; its jars are shown \
         as lib/*"
    )
}

/// A Java is to be brought to this machine.
pub(crate) fn installs_java(major: u8) -> String {
    format!(
        "this machine has no Java that Flink runs on: `up` installs Java {major} for Nutkin alone"
    )
}

/// A file is to be brought to this machine.
pub(crate) fn fetches(what: &str) -> String {
    format!("{what} is not on this machine: `up` fetches it")
}

/// An image is to be pulled.
pub(crate) fn assumed_image(name: &str) -> String {
    format!("the daemon has no image `{name}`: assumed is one like the official")
}

/// Files are to be fetched for containers.
pub(crate) fn assumed_files(paths: &str) -> String {
    format!("not fetched yet: {paths}; assumed to be what the session has")
}
