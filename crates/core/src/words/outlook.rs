//! What is to come from a job of a session file, for `plan`.

/// It ends without another state.
pub(crate) const CANCELED: &str = "canceled";

/// It ends with a savepoint.
pub(crate) const STOPPED: &str = "stopped with a savepoint";

/// It ends with what its last checkpoint has.
pub(crate) const AT_CHECKPOINT: &str = "canceled at its last checkpoint";

/// It begins, or goes on.
pub(crate) const SUBMITTED: &str = "submitted";

/// It continues, with a savepoint more.
pub(crate) const SAVEPOINT: &str = "a savepoint is taken";

/// It continues, with a checkpoint more.
pub(crate) const CHECKPOINT: &str = "a checkpoint is taken";

/// One job, and its steps in order.
pub(crate) fn line(sign: char, name: &str, steps: &[&str]) -> String {
    format!("  {sign} job `{name}`: {}", steps.join(", then "))
}
