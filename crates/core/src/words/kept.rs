//! What outlives a session, and what it is good for.

use std::collections::BTreeSet;

/// Data on this machine that stays: where, and what it is.
pub(crate) fn keeps(directory: &str, what: &str) -> String {
    format!("keeps `{directory}`: {what}")
}

/// Why data stays.
pub(crate) const FINDS_AGAIN: &str = "a session of this name finds it again";

/// Permissions that nothing asks for any more.
pub(crate) fn keeps_permissions(titles: &str) -> String {
    format!(
        "keeps {titles}: of `nutkin.rbac.create`, which is not set any more; pods may still use them"
    )
}

/// A field of a workload's pods that somebody else has set.
pub(crate) fn by_hand(workload: &str, field: &str, author: &str) -> String {
    format!(
        "{workload}: `{author}` has set `{field}`, which nobody wants of the session: Nutkin leaves it as it is"
    )
}

/// High availability data, with the jobs that it names.
pub(crate) fn comes_back(jobs: &[String]) -> String {
    match jobs {
        [] => "a session of this name continues with it".to_owned(),
        jobs => format!("a session of this name runs these jobs again: {}", jobs.join(", ")),
    }
}

/// High availability data in a ZooKeeper.
pub(crate) fn zookeeper_keeps(servers: &str, path: &str) -> String {
    format!(
        "a session of this `high-availability.cluster-id` continues with its jobs; \
         `zkCli.sh -server {servers} deleteall {path}` deletes it"
    )
}

/// Files at the place that an option names.
pub(crate) fn not_ours_to_delete(key: &str) -> String {
    format!("`{key}` of the session: files there are not Nutkin's to delete")
}

/// A claim of a volume.
pub(crate) fn claim_stays(name: &str) -> String {
    format!(
        "a session of this name takes it again; `kubectl delete pvc {name}` deletes it and its files"
    )
}

/// Jobs whose jars nobody has but the machine that submitted them.
pub(crate) fn only_here(jobs: &BTreeSet<String>) -> String {
    let jobs: Vec<String> = jobs.iter().map(|job| format!("`{job}`")).collect();
    format!(
        "jars of {} are only on the machine that submits them: a move or a recovery from another one cannot resume these jobs; \
         set `nutkin.jars.store` to `claim` or to an object store",
        jobs.join(", ")
    )
}
