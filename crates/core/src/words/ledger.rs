//! What is lost of a ledger, and why one is not read or not saved.

/// Another command changed this part of it; ` (who, when: command)` or nothing.
pub(crate) fn conflict(session: &str, what: &str, who: &str) -> String {
    format!("another command changed {what} of session `{session}` in the meantime{who}")
}

/// The part that says what is wanted.
pub(crate) const WANTED: &str = "what is wanted";

/// The part that names the namespace.
pub(crate) const NAMESPACE: &str = "the namespace";

/// The part that says what a command is in the middle of.
pub(crate) const PHASE: &str = "the change under way";

/// The part about one job.
pub(crate) fn job(name: &str) -> String {
    format!("job `{name}`")
}

/// The part about one snapshot.
pub(crate) fn snapshot(name: &str) -> String {
    format!("snapshot `{name}`")
}

/// It is larger than it may be, in bytes.
pub(crate) fn too_large(session: &str, bytes: usize, most: usize) -> String {
    format!(
        "what is to be remembered of session `{session}` is {bytes} bytes, and {most} is the most"
    )
}

/// Its version is not known here.
pub(crate) fn newer(session: &str, version: &str, known: &str) -> String {
    format!(
        "the ledger of session `{session}` is of a newer Nutkin: it says `{version}`, and this one reads {known}"
    )
}

/// Fields that cannot be understood.
pub(crate) fn damaged(session: &str, lost: &[String]) -> String {
    let lost = lost.join(", ");
    format!("the ledger of session `{session}` is damaged; what it said is lost of: {lost}")
}

/// Fields whose values lay in a Secret or file beside it.
pub(crate) fn values_lost(session: &str, paths: &[&str]) -> String {
    let paths = paths.join(", ");
    format!("values that lay beside the ledger of session `{session}` are lost: {paths}")
}

/// A change that somebody began and that is not done.
pub(crate) fn under_way(command: &str, who: &str, since: &str) -> String {
    format!("`{command}` of {who} is under way since {since}")
}

/// The same that is being taken back, and why.
pub(crate) fn being_taken_back(command: &str, who: &str, since: &str, why: &str) -> String {
    format!("`{command}` of {who}, begun {since}, is being taken back: {why}")
}
