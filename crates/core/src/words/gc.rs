//! What is left, and who needs it, in words for people.

/// A jar goes.
pub(crate) fn jar_goes(path: &str, size: &str) -> String {
    format!("{path} ({size}): no job of a ledger needs this jar")
}

/// Checkpoints go.
pub(crate) fn checkpoints_go(path: &str, size: &str, job: &str) -> String {
    format!(
        "{path} ({size}): job {job} does not run, no ledger names it, and no checkpoint or savepoint that stays refers to it"
    )
}

/// An archive goes.
pub(crate) fn archive_goes(path: &str, size: &str, job: &str) -> String {
    format!("{path} ({size}): no ledger names job {job}, which has ended")
}

/// A savepoint goes.
pub(crate) fn savepoint_goes(path: &str, size: &str) -> String {
    format!("{path} ({size}): its session is gone, and no ledger names it")
}

/// It stays.
pub(crate) fn stays(path: &str, why: &str) -> String {
    format!("{path} stays: {why}")
}

/// Its job runs.
pub(crate) fn runs(session: &str) -> String {
    format!("its job runs in session `{session}`")
}

/// A ledger has it.
pub(crate) fn in_ledger(session: &str) -> String {
    format!("the ledger of session `{session}` names it")
}

/// Nobody tells.
pub(crate) fn not_told(session: &str) -> String {
    format!("session `{session}` may need it: it does not answer, or its ledger cannot be read")
}

/// A session that is gone.
pub(crate) fn may_return(session: &str) -> String {
    format!(
        "session `{session}` is gone, but high availability data of it is left: a session of this name may bring back jobs that need it"
    )
}

/// High availability.
pub(crate) fn may_come_back(session: &str) -> String {
    format!("high availability of session `{session}` may bring its job back")
}

/// Something else that stays.
pub(crate) fn refers(path: &str) -> String {
    format!("`{path}` refers to it")
}

/// A savepoint of a session that is there.
pub(crate) fn by_hand(session: &str) -> String {
    format!("somebody may want it: session `{session}` is still there")
}

/// High availability data goes.
pub(crate) fn high_availability_goes(path: &str, size: &str) -> String {
    format!(
        "{path} ({size}): its session is gone, no ledger names it, and nothing is in it but results of jobs that have ended"
    )
}

/// High availability data stays.
pub(crate) const BRINGS_BACK: &str =
    "a session of this name may bring jobs back from it, or it cannot be read";

/// High availability data of a cluster-id on Kubernetes.
pub(crate) fn maps(cluster_id: &str, maps: &[String]) -> String {
    format!("high availability data of `{cluster_id}` (ConfigMaps {})", maps.join(", "))
}

/// It goes.
pub(crate) fn maps_go(what: &str) -> String {
    format!(
        "{what}: in its namespace it has no workload, no pod and no ledger, and nothing is in the data that brings a job back"
    )
}

/// The session is known.
pub(crate) fn lives(session: &str) -> String {
    format!("session `{session}` is known here")
}

/// High availability data in a ZooKeeper, and of how many znodes it is.
pub(crate) fn znodes(path: &str, count: usize) -> String {
    format!("high availability data at `{path}` (znodes: {count})")
}

/// It goes.
pub(crate) fn znodes_go(what: &str) -> String {
    format!(
        "{what}: no JobManager is connected, no ledger here names it, and nothing is in the data that brings a job back"
    )
}
