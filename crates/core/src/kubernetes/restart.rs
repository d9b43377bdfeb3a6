//! A restart of all pods of a session that somebody asked for: a time in the pod templates, as `kubectl rollout restart`
//! writes one.

use serde_json::{Value, json};

use super::{desired, ownership};

/// Annotation of a pod template: when somebody asked for a restart of its pods.
pub const RESTARTED_AT: &str = "nutkin.dev/restarted-at";

/// Gives workloads the time of the restart that is asked for. Without one they keep that of the last. `live` finds an object
/// of the same kind and name.
pub fn ask<'l>(
    items: &mut [Value],
    time: Option<&str>,
    live: impl Fn(&Value) -> Option<&'l Value>,
) {
    for item in items.iter_mut().filter(|item| desired::is_workload(item)) {
        let last = live(item).and_then(last);
        if let Some(time) = time.or(last) {
            item["spec"]["template"]["metadata"]["annotations"][RESTARTED_AT] = json!(time);
        }
    }
}

/// Whether a restart is asked for which the pods of a workload that is there were not started for.
pub fn is_due(workload: &Value, time: Option<&str>) -> bool {
    time.is_some() && last(workload) != time
}

fn last(workload: &Value) -> Option<&str> {
    ownership::annotation(&workload["spec"]["template"], RESTARTED_AT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(time: Option<&str>) -> Value {
        let annotations = time.map(|time| json!({RESTARTED_AT: time}));
        json!({"kind": "Deployment",
            "spec": {"template": {"metadata": {"annotations": annotations}}}})
    }

    #[track_caller]
    fn check(live: Option<&str>, asked: Option<&str>, expected: Option<&str>, due: bool) {
        let there = workload(live);
        let mut items = [workload(None), json!({"kind": "Service"})];
        ask(&mut items, asked, |_| Some(&there));
        assert_eq!(last(&items[0]), expected);
        assert_eq!(items[1], json!({"kind": "Service"}));
        assert_eq!(is_due(&there, asked), due);
    }

    #[test]
    fn a_restart_is_once() {
        check(None, None, None, false);
        check(None, Some("2026"), Some("2026"), true);
        check(Some("2026"), Some("2026"), Some("2026"), false);
        check(Some("2025"), Some("2026"), Some("2026"), true);
        // Whoever wants no restart keeps what was restarted.
        check(Some("2025"), None, Some("2025"), false);
    }
}
