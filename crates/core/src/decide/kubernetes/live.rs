//! Which of the objects that were found are the session's, which are somebody else's, and which nothing wants any more.

use serde_json::Value;

use super::{FoundObjects, Refusal};
use crate::kubernetes::ownership::{self, Owner};
use crate::kubernetes::resource::title;
use crate::plan::kubernetes::Objects;

/// The objects of a session that exists.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Live<'f> {
    /// The workload of the JobManagers.
    pub workload: &'f Value,
    /// Objects that the plan has, too.
    pub others: Vec<&'f Value>,
    /// Objects with the session's label that the plan has no more.
    pub extra: Vec<&'f Value>,
    /// Accounts that the plan has and somebody else made: they are left as they are.
    pub shared: Vec<&'f Value>,
    /// Accounts and permissions that the plan has no more. They go with the session and not before: pods that run may
    /// need them, and who took the option away may still name the account.
    pub permissions: Vec<&'f Value>,
    /// Whether the session was made by somebody else and is to be taken over.
    pub adopted: bool,
}

/// Name of the `ConfigMap` with the ledger of a session, and of the Secret beside it.
pub fn ledger_name(cluster_id: &str) -> String {
    format!("nutkin-{cluster_id}")
}

/// Tells the objects of a session apart. `None`: there is no workload of that kind and name.
///
/// # Errors
/// Something of another one is in the way; a session of Flink's own client is there and is not to be adopted.
pub(super) fn of<'f>(
    objects: &Objects,
    found: &'f FoundObjects,
    adopts: bool,
) -> Result<Option<Live<'f>>, Refusal> {
    let id = &objects.cluster_id;
    let in_the_way = |object: &Value| Refusal::in_the_way(object, id, &objects.namespace);
    let Some(workload) = &found.workload else {
        let owner = objects.workload();
        let is_foreign = |other: &&Value| {
            // An account may be shared by whatever runs in the namespace.
            other["kind"] != "ServiceAccount" && !ownership::is_of_session(other, id, owner)
        };
        return match found.others.iter().find(is_foreign) {
            Some(other) => Err(in_the_way(other)),
            None => Ok(None),
        };
    };
    let adopted = is_adopted(workload, objects, adopts)?;
    let uid = workload["metadata"]["uid"].as_str().unwrap_or_default();
    let mut live = Live {
        workload,
        others: Vec::new(),
        extra: Vec::new(),
        shared: Vec::new(),
        permissions: Vec::new(),
        adopted,
    };
    for other in &found.others {
        // Such an account is used as it is.
        if other["kind"] == "ServiceAccount" && !ownership::is_of_session(other, id, workload) {
            live.shared.push(other);
            continue;
        }
        // What Flink's client made is owned by its Deployment; anything else is not ours to take.
        let is_free = if adopted {
            ownership::is_owned_by(other, uid) || is_of_cluster(other, id)
        } else {
            ownership::is_of_session(other, id, workload)
        };
        if !is_free {
            return Err(in_the_way(other));
        }
        live.others.push(other);
    }
    // Not by what was found: another command may have made it in between.
    let is_wanted = |one: &Value| objects.items.iter().any(|item| is_same(item, one));
    let permissions = found.permissions.iter();
    live.permissions =
        permissions.filter(|one| ownership::is_owned_by(one, uid) && !is_wanted(one)).collect();
    let noted = ledger_name(id);
    let is_extra = |one: &&Value| {
        !is_wanted(one)
            && one["metadata"]["name"] != *noted
            && one["metadata"]["uid"] != uid
            && ownership::is_of_session(one, id, workload)
    };
    live.extra = found.labelled.iter().filter(is_extra).collect();
    Ok(Some(live))
}

/// Whether both are of one kind and name.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    one["kind"] == other["kind"] && one["metadata"]["name"] == other["metadata"]["name"]
}

impl<'f> Live<'f> {
    /// The object of the same kind and name.
    pub(super) fn find(&self, object: &Value) -> Option<&'f Value> {
        std::iter::once(&self.workload)
            .chain(&self.others)
            .find(|one| is_same(one, object))
            .copied()
    }

    /// Whether an object may be deleted and made again: not the one that owns all others, and not what holds data.
    pub(super) fn may_be_replaced(&self, item: &Value) -> bool {
        let outlives = &item["metadata"]["annotations"][crate::plan::kubernetes::marks::OUTLIVES];
        !is_same(item, self.workload) && outlives.is_null()
    }
}

fn is_of_cluster(object: &Value, cluster_id: &str) -> bool {
    let labels = &object["metadata"]["labels"];
    labels["app"] == cluster_id
        && labels["type"].as_str().is_some_and(|one| ownership::TYPES.contains(&one))
}

/// Whether the workload is to be adopted; a refusal where it may not be touched.
fn is_adopted(workload: &Value, objects: &Objects, adopts: bool) -> Result<bool, Refusal> {
    let id = &objects.cluster_id;
    match ownership::of_workload(workload) {
        Owner::Nutkin(session) if session == *id => Ok(false),
        Owner::Flink(_) if adopts => Ok(true),
        Owner::Flink(_) => Err(Refusal::NotOurs {
            workload: title(workload),
            session: id.clone(),
            namespace: objects.namespace.clone(),
            ends: false,
        }),
        _ => Err(Refusal::in_the_way(workload, id, &objects.namespace)),
    }
}
