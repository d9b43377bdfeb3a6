//! What is different in a change: names of what is compared beside options, fields and files.

/// A variable of a process.
pub(crate) fn variable(name: &str) -> String {
    format!("environment {name}")
}

/// What a role's process is started with.
pub(crate) fn arguments(role: &str) -> String {
    format!("{role} arguments")
}

/// Where nothing else tells why a role's process is another one.
pub(crate) fn reads_at_start(role: &str) -> String {
    format!("what a {role} reads at its start")
}

/// The content of a file, by its digest.
pub(crate) fn content(digest: &str) -> String {
    format!("content {digest}")
}

/// The size that is the sum of all TaskManagers' slots.
pub(crate) const SLOTS: &str = "slots of all TaskManagers";

/// The size that is one TaskManager's slots.
pub(crate) const SLOTS_OF_ONE: &str = "slots of a TaskManager";

/// The size of a JobManager's process.
pub(crate) const JOB_MANAGER_MEMORY: &str = "memory of a JobManager";

/// The size of a TaskManager's process.
pub(crate) const TASK_MANAGER_MEMORY: &str = "memory of a TaskManager";
