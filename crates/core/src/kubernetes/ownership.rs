//! Whose object is it: that of a session of ours, of Flink's own client, or somebody else's.

use serde_json::Value;

use super::resource::WORKLOADS;
use crate::plan::kubernetes::marks;
use crate::words::refusal as words;

/// `type` labels of a Flink cluster: native mode's own, and what the Flink Kubernetes Operator writes for
/// standalone mode.
pub const TYPES: [&str; 2] = ["flink-native-kubernetes", "flink-standalone-kubernetes"];

/// Whose a JobManager's Deployment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Ours: the session's name, by label.
    Nutkin(String),
    /// A Flink cluster that somebody else made: the cluster-id.
    Flink(String),
    /// Something else.
    Other,
}

fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["labels"][key].as_str()
}

/// An annotation of an object.
pub fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["annotations"][key].as_str()
}

/// Whose workload of a JobManager it is.
pub fn of_workload(deployment: &Value) -> Owner {
    if let Some(session) = label(deployment, marks::SESSION) {
        return Owner::Nutkin(session.to_owned());
    }
    let is_flink = label(deployment, "type").is_some_and(|one| TYPES.contains(&one))
        && label(deployment, "component") != Some("taskmanager");
    match deployment["metadata"]["name"].as_str() {
        Some(name) if is_flink => Owner::Flink(name.to_owned()),
        _ => Owner::Other,
    }
}

/// Whether an object that is in the way of a session's may be changed: the session's workload owns it, or it carries
/// the session's label and no workload of another kind owns it. (One of the same kind and name was there before.)
pub fn is_of_session(object: &Value, session: &str, workload: &Value) -> bool {
    let is_ours = workload["metadata"]["uid"].as_str().is_some_and(|uid| is_owned_by(object, uid));
    is_ours
        || (label(object, marks::SESSION) == Some(session) && !has_other_owner(object, workload))
}

/// Whether an object with a session's ledger is that session's. It outlives the workload, but for one of a release that
/// made the workload its owner, whichever kind that was of.
pub fn is_ledger_of(object: &Value, session: &str) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    let mut workloads =
        owners.filter(|owner| WORKLOADS.iter().any(|one| owner["kind"] == one.kind));
    label(object, marks::SESSION) == Some(session)
        && workloads.all(|owner| owner["name"] == session)
}

/// Whether a workload owns the object that cannot be this one: a name is given once for each kind.
fn has_other_owner(object: &Value, workload: &Value) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    owners.into_iter().any(|owner| {
        WORKLOADS.iter().any(|one| owner["kind"] == one.kind)
            && (owner["kind"] != workload["kind"] || owner["name"] != workload["metadata"]["name"])
    })
}

/// Whether the object with this UID is among the owners.
pub fn is_owned_by(object: &Value, uid: &str) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array();
    owners.into_iter().flatten().any(|owner| owner["uid"] == uid)
}

/// Who else an object belongs to, for a message.
pub fn describe(object: &Value) -> String {
    if let Some(session) = label(object, marks::SESSION) {
        return words::of_session(session);
    }
    let owner = &object["metadata"]["ownerReferences"][0];
    if let (Some(kind), Some(name)) = (owner["kind"].as_str(), owner["name"].as_str()) {
        return words::owned_by(kind, name);
    }
    let managers = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let mut managers = managers.filter_map(|entry| entry["manager"].as_str());
    words::no_label(managers.find(|name| !name.starts_with("kube-")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn deployments() {
        #[track_caller]
        fn check(labels: Value, expected: Owner) {
            let object = json!({"metadata": {"name": "x", "labels": labels}});
            assert_eq!(of_workload(&object), expected);
        }
        check(json!({"nutkin.dev/session": "a"}), Owner::Nutkin("a".to_owned()));
        let native = json!({"type": "flink-native-kubernetes", "component": "jobmanager"});
        check(native, Owner::Flink("x".to_owned()));
        let workers = json!({"type": "flink-standalone-kubernetes", "component": "taskmanager"});
        check(workers, Owner::Other);
        check(json!({"app": "x"}), Owner::Other);
        check(Value::Null, Owner::Other);
    }

    #[test]
    fn other_objects() {
        let ours = json!({"metadata": {"labels": {"nutkin.dev/session": "a"}}});
        let owned = json!({"metadata": {"ownerReferences": [{"uid": "u", "kind": "Deployment", "name": "d"}]}});
        let foreign = json!({"metadata": {"managedFields": [{"manager": "kubectl"}]}});
        let workload =
            |kind: &str, uid: &str| json!({"kind": kind, "metadata": {"name": "d", "uid": uid}});
        let (u, v) = (workload("Deployment", "u"), workload("Deployment", "v"));
        assert!(is_of_session(&ours, "a", &u) && !is_of_session(&ours, "b", &u));
        assert!(is_of_session(&owned, "a", &u) && !is_of_session(&owned, "a", &v));
        assert!(!is_of_session(&foreign, "a", &u));
        // Left by an old Deployment, or held by a workload of another kind.
        let mut held = owned.clone();
        held["metadata"]["labels"] = ours["metadata"]["labels"].clone();
        assert!(is_of_session(&held, "a", &v));
        assert!(!is_of_session(&held, "a", &workload("StatefulSet", "v")));
        assert!(
            is_ledger_of(&ours, "a") && !is_ledger_of(&ours, "b") && !is_ledger_of(&owned, "a")
        );
        // An older release made the workload of the same name its owner.
        assert!(!is_ledger_of(&held, "a"));
        held["metadata"]["ownerReferences"][0]["name"] = json!("a");
        assert!(is_ledger_of(&held, "a"));
        assert_eq!(describe(&ours), "it belongs to the session `a`");
        assert_eq!(describe(&owned), "it is owned by Deployment/d");
        assert_eq!(describe(&foreign), "it was made with `kubectl` and has no label of Nutkin's");
    }
}
