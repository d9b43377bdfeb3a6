//! Whether the quotas and limits of a namespace have room for all pods.

use nutkin_core::kubernetes::quantity;
use serde_json::Value;

use super::pod::{PodWish, Room, is_over};

/// What a quota or a limit is about.
#[derive(Debug, Clone, Copy)]
enum Amount {
    Pods,
    Cpu,
    Memory,
}

impl Amount {
    /// What a key of a quota is about, and whether what pods ask for is counted, or what they may take; `None`: it is about something else.
    fn of_key(key: &str) -> Option<(Self, &'static str)> {
        Some(match key {
            "pods" | "count/pods" => (Self::Pods, "requests"),
            "cpu" | "requests.cpu" => (Self::Cpu, "requests"),
            "memory" | "requests.memory" => (Self::Memory, "requests"),
            "limits.cpu" => (Self::Cpu, "limits"),
            "limits.memory" => (Self::Memory, "limits"),
            _ => return None,
        })
    }

    const fn of_room(self, room: Room) -> u64 {
        match self {
            Self::Pods => room.pods,
            Self::Cpu => room.cpu,
            Self::Memory => room.memory,
        }
    }

    fn read(self, value: &Value) -> Option<u64> {
        let text = value.as_str()?;
        match self {
            Self::Cpu => quantity::thousandths(text),
            Self::Pods | Self::Memory => quantity::whole(text),
        }
    }

    fn shown(self, amount: u64) -> String {
        #[allow(clippy::cast_precision_loss, reason = "shown with one digit behind the point")]
        let of = |unit: f64| amount as f64 / unit;
        match self {
            Self::Pods => amount.to_string(),
            Self::Cpu => format!("{:.1} CPUs", of(1e3)),
            Self::Memory => format!("{:.1} GiB", of(f64::from(1 << 30))),
        }
    }
}

/// What quotas do not have room for, each in one line. `own`: pods of the session that are there; those that have not ended are counted already.
pub(super) fn beyond_quota(wanted: &[PodWish], own: &[Value], quotas: &[Value]) -> Vec<String> {
    let mut lines = Vec::new();
    for quota in quotas.iter().filter(|quota| counts_all(quota)) {
        let name = quota["metadata"]["name"].as_str().unwrap_or_default();
        let status = &quota["status"];
        for (key, hard) in status["hard"].as_object().into_iter().flatten() {
            let Some((amount, kind)) = Amount::of_key(key) else { continue };
            let Some(hard) = amount.read(hard) else { continue };
            let used = amount.read(&status["used"][key]).unwrap_or(0);
            let of = |spec: &Value| amount.of_room(Room::of_pod(spec, kind));
            let own = own.iter().filter(|pod| !is_over(pod)).map(|pod| of(&pod["spec"]));
            let counted = own.fold(0, u64::saturating_add);
            let needed = wanted.iter().map(|pod| of(&pod.spec).saturating_mul(pod.count));
            let needed = needed.fold(0, u64::saturating_add);
            let left = hard.saturating_sub(used.saturating_sub(counted));
            if left < needed {
                lines.push(format!(
                    "ResourceQuota `{name}` has {} of `{key}` left, the session needs {}",
                    amount.shown(left),
                    amount.shown(needed)
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
    let amounts = [("memory", Amount::Memory), ("cpu", Amount::Cpu)];
    let beyond = amounts.into_iter().filter_map(|(key, amount)| {
        let may = amount.of_room(may);
        let most = amount.read(&most[key]).filter(|most| *most < may)?;
        let (most, may) = (amount.shown(most), amount.shown(may));
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
        let ended = json!({"spec": session()[0].spec, "status": {"phase": "Failed"}});
        let quota = json!({"metadata": {"name": "q"}, "status": {"hard": few, "used": used}});
        assert_eq!(beyond_quota(&session(), &[ended.clone(), ended], &[quota]).len(), 2);
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
