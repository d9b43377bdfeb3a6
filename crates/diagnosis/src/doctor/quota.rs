//! Whether the quotas and limits of a namespace have room for all pods.

use nutkin_core::kubernetes::quantity;
use serde_json::Value;

use super::pod::{PodWish, Room};

/// What quotas do not have room for, each in one line. `own`: pods of the session that run, which are counted already.
pub(super) fn beyond_quota(wanted: &[PodWish], own: &[Value], quotas: &[Value]) -> Vec<String> {
    let mut lines = Vec::new();
    for quota in quotas.iter().filter(|quota| counts_all(quota)) {
        let name = quota["metadata"]["name"].as_str().unwrap_or_default();
        let status = &quota["status"];
        for (key, hard) in status["hard"].as_object().into_iter().flatten() {
            let Some((needed, scale)) = needed(key, wanted) else { continue };
            let (counted, _) = needed_by_own(key, own);
            let read = |value: &Value| {
                let text = value.as_str()?;
                if scale == 1000 { quantity::thousandths(text) } else { quantity::whole(text) }
            };
            let (Some(hard), used) = (read(hard), read(&status["used"][key]).unwrap_or(0)) else {
                continue;
            };
            let left = hard.saturating_sub(used.saturating_sub(counted));
            if left < needed {
                let shown = |amount: u64| shown(key, amount);
                lines.push(format!(
                    "ResourceQuota `{name}` has {} of `{key}` left, the session needs {}",
                    shown(left),
                    shown(needed)
                ));
            }
        }
    }
    lines
}

/// Whether a quota counts the pods of a session: it has no scope, or one that all of them are in. Others are not judged.
fn counts_all(quota: &Value) -> bool {
    let scopes = quota["spec"]["scopes"].as_array().into_iter().flatten();
    let is_ours = |scope: &Value| *scope == "NotTerminating" || *scope == "NotBestEffort";
    quota["spec"]["scopeSelector"].is_null() && scopes.into_iter().all(is_ours)
}

/// What pods need of a quota, and in how many parts of one it is counted; `None`: it is about something else.
fn needed(key: &str, wanted: &[PodWish]) -> Option<(u64, u64)> {
    let sum = |of: &dyn Fn(Room, Room) -> u64| {
        let each = wanted.iter().map(|pod| {
            let (asks, may) =
                (Room::of_pod(&pod.spec, "requests"), Room::of_pod(&pod.spec, "limits"));
            of(asks, may).saturating_mul(pod.count)
        });
        each.fold(0, u64::saturating_add)
    };
    Some(match key {
        "pods" | "count/pods" => (sum(&|_, _| 1), 1),
        "cpu" | "requests.cpu" => (sum(&|asks, _| asks.cpu), 1000),
        "memory" | "requests.memory" => (sum(&|asks, _| asks.memory), 1),
        "limits.cpu" => (sum(&|_, may| may.cpu), 1000),
        "limits.memory" => (sum(&|_, may| may.memory), 1),
        _ => return None,
    })
}

fn needed_by_own(key: &str, own: &[Value]) -> (u64, u64) {
    let own: Vec<PodWish> = own
        .iter()
        .map(|pod| PodWish { name: String::new(), count: 1, spec: pod["spec"].clone() })
        .collect();
    needed(key, &own).unwrap_or((0, 1))
}

fn shown(key: &str, amount: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "shown with one digit behind the point")]
    let of = |unit: f64| amount as f64 / unit;
    match key {
        "pods" | "count/pods" => amount.to_string(),
        key if key.ends_with("cpu") => format!("{:.1} CPUs", of(1e3)),
        _ => format!("{:.1} GiB", of(f64::from(1 << 30))),
    }
}

/// Containers and pods that are larger than a LimitRange of the namespace allows, each in one line.
pub(super) fn beyond_limits(wanted: &[PodWish], limits: &[Value]) -> Vec<String> {
    let mut lines = Vec::new();
    for range in limits {
        let name = range["metadata"]["name"].as_str().unwrap_or_default();
        for item in range["spec"]["limits"].as_array().into_iter().flatten() {
            for pod in wanted {
                for may in parts(&item["type"], pod) {
                    lines.extend(beyond(name, &item["max"], &pod.name, may));
                }
            }
        }
    }
    lines
}

/// What an item of a LimitRange is held against: each container, or the whole pod.
fn parts(kind: &Value, pod: &PodWish) -> Vec<Room> {
    match kind.as_str() {
        Some("Pod") => vec![Room::of_pod(&pod.spec, "limits")],
        Some("Container") => {
            let all = ["containers", "initContainers"].map(|list| pod.spec[list].as_array());
            let all = all.into_iter().flatten().flatten();
            all.map(|container| Room::of_container(container, "limits")).collect()
        }
        _ => Vec::new(),
    }
}

fn beyond(name: &str, most: &Value, pod: &str, may: Room) -> Vec<String> {
    let memory = most["memory"].as_str().and_then(quantity::whole);
    let cpu = most["cpu"].as_str().and_then(quantity::thousandths);
    let amounts = [("memory", memory, may.memory), ("cpu", cpu, may.cpu)];
    let beyond = amounts.into_iter().filter_map(|(key, most, may)| {
        let most = most.filter(|most| *most < may)?;
        let (most, may) = (shown(key, most), shown(key, may));
        Some(format!("LimitRange `{name}` allows {most} of `{key}`, a {pod} may take {may}"))
    });
    beyond.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn session() -> [PodWish; 1] {
        let amounts = json!({"cpu": "1", "memory": "2Gi"});
        let spec = json!({"containers": [{"resources": {"requests": amounts, "limits": amounts}}]});
        [PodWish { name: "TaskManager".to_owned(), count: 3, spec }]
    }

    #[test]
    fn quotas_with_and_without_room() {
        #[track_caller]
        fn check(hard: &Value, used: &Value, own: usize, expected: &[&str]) {
            let quota = json!({"metadata": {"name": "q"}, "status": {"hard": hard, "used": used}});
            let own = vec![json!({"spec": session()[0].spec}); own];
            assert_eq!(beyond_quota(&session(), &own, &[quota]), expected);
        }
        check(&json!({"pods": "3", "limits.memory": "6Gi"}), &json!({}), 0, &[]);
        let few = json!({"pods": "4", "requests.cpu": "4"});
        let used = json!({"pods": "2", "requests.cpu": "2500m"});
        check(
            &few,
            &used,
            0,
            &[
                "ResourceQuota `q` has 2 of `pods` left, the session needs 3",
                "ResourceQuota `q` has 1.5 CPUs of `requests.cpu` left, the session needs 3.0 CPUs",
            ],
        );
        // Its own pods are counted already.
        check(&few, &used, 2, &[]);
        check(&json!({"services.nodeports": "0"}), &json!({}), 0, &[]);
        let scoped = |scope: &str| {
            let status = json!({"hard": {"pods": "0"}});
            [json!({"metadata": {"name": "q"}, "spec": {"scopes": [scope]}, "status": status})]
        };
        assert_eq!(beyond_quota(&session(), &[], &scoped("BestEffort")), [""; 0]);
        assert_eq!(beyond_quota(&session(), &[], &scoped("NotBestEffort")).len(), 1);
    }

    #[test]
    fn limits_of_a_container() {
        let range = |memory: &str| json!({"metadata": {"name": "r"}, "spec": {"limits": [{"type": "Container", "max": {"memory": memory}}]}});
        assert_eq!(beyond_limits(&session(), &[range("2Gi")]), [""; 0]);
        // Each container for itself.
        let mut two = session();
        let container = two[0].spec["containers"][0].clone();
        two[0].spec["containers"] = json!([container, container]);
        assert_eq!(beyond_limits(&two, &[range("3Gi")]), [""; 0]);
        assert_eq!(
            beyond_limits(&session(), &[range("1Gi")]),
            ["LimitRange `r` allows 1.0 GiB of `memory`, a TaskManager may take 2.0 GiB"]
        );
    }
}
