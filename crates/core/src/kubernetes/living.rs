//! Whether the process in a pod runs, and since when.

use serde_json::Value;

use crate::supervision::fence::ProcessStart;

/// The container of Flink's process, of which Flink's own templates know the name.
const MAIN: &str = "flink-main-container";

/// The start of Flink's process in a pod; `None`: it does not run. One that is to end runs until it has ended, and of one on a node
/// that is silent nobody knows that it has.
pub fn start(pod: &Value) -> Option<ProcessStart> {
    let (metadata, status) = (&pod["metadata"], &pod["status"]);
    let is_in = |phases: &[&str]| phases.iter().any(|phase| status["phase"] == *phase);
    if is_in(&["Failed", "Succeeded"]) {
        return None;
    }
    let name = container(pod);
    let statuses = status["containerStatuses"].as_array().into_iter().flatten();
    let mut own = statuses.filter(|one| one["name"].as_str() == name);
    let since = match own.next() {
        Some(one) => one["state"]["running"].as_object()?.get("startedAt"),
        None if !is_in(&["Running", "Unknown"]) => return None,
        // Nobody has told yet.
        None => Some(&metadata["creationTimestamp"]),
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Some(ProcessStart {
        name: text(&metadata["name"]),
        id: text(&metadata["uid"]),
        since: since.map(text).unwrap_or_default(),
    })
}

/// The name of the container of Flink's process.
pub fn container(pod: &Value) -> Option<&str> {
    main(pod)?["name"].as_str()
}

/// The container of Flink's process.
pub(super) fn main(pod: &Value) -> Option<&Value> {
    let all = pod["spec"]["containers"].as_array()?;
    all.iter().find(|one| one["name"] == MAIN).or_else(|| all.first())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(phase: &str, state: &Value, ending: bool, expected: Option<&str>) {
        let mut pod = json!({
            "metadata": {"name": "a-1", "uid": "u", "creationTimestamp": "2026-11-30T12:00:00Z"},
            "spec": {"containers": [{"name": "mesh"}, {"name": MAIN}]},
            "status": {"phase": phase, "containerStatuses": [
                {"name": "mesh", "state": {"running": {"startedAt": "2026-11-30T12:00:01Z"}}},
                {"name": MAIN, "state": state},
            ]},
        });
        if ending {
            pod["metadata"]["deletionTimestamp"] = json!("2026-11-30T12:00:09Z");
        }
        let found = start(&pod);
        assert_eq!(found.as_ref().map(|one| one.since.as_str()), expected);
        assert!(found.is_none_or(|one| (one.name.as_str(), one.id.as_str()) == ("a-1", "u")));
    }

    #[test]
    fn a_process_runs_until_its_container_has_ended() {
        let runs = json!({"running": {"startedAt": "2026-11-30T12:00:05Z"}});
        let since = Some("2026-11-30T12:00:05Z");
        check("Running", &runs, false, since);
        check("Running", &runs, true, since);
        // The node is silent.
        check("Unknown", &runs, false, since);
        check("Running", &json!({"terminated": {"exitCode": 143}}), true, None);
        check("Running", &json!({"waiting": {"reason": "CrashLoopBackOff"}}), false, None);
        // Evicted by its node.
        check("Failed", &runs, false, None);
        check("Pending", &json!({"waiting": {"reason": "ContainerCreating"}}), false, None);
        assert_eq!(start(&json!({"status": {"phase": "Pending"}})), None);
        let untold =
            json!({"metadata": {"creationTimestamp": "t"}, "status": {"phase": "Running"}});
        assert_eq!(start(&untold).map(|one| one.since), Some("t".to_owned()));
    }
}
