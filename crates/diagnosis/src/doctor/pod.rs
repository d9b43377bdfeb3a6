//! What a pod asks for, and which nodes it may run on.

use nutkin_core::kubernetes::quantity;
use serde_json::Value;

/// A pod that shall run.
#[derive(Debug, Clone, PartialEq)]
pub struct PodWish {
    /// What it is, as a person calls it: `JobManager`.
    pub name: String,
    /// How many of it.
    pub count: u64,
    /// Its `spec`.
    pub spec: Value,
}

/// Whether a pod has ended: what it asked for is free again, for nodes and for quotas.
pub(super) fn is_over(pod: &Value) -> bool {
    pod["status"]["phase"] == "Succeeded" || pod["status"]["phase"] == "Failed"
}

/// An amount of what nodes have and pods ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Room {
    /// CPUs, in thousandths.
    pub(super) cpu: u64,
    /// Bytes.
    pub(super) memory: u64,
    /// Pods.
    pub(super) pods: u64,
}

impl Room {
    /// What the containers of a pod ask for, or may take (`requests`, `limits`): all that run together, or the greatest of those that run
    /// before them (Kubernetes, "Init Containers", resource sharing).
    pub(super) fn of_pod(spec: &Value, kind: &str) -> Self {
        let list = |name: &str| spec[name].as_array().map_or(&[][..], Vec::as_slice);
        // A container for the start that is always restarted stays beside the others.
        let stays = |one: &&Value| one["restartPolicy"] == "Always";
        let together = list("containers").iter().chain(list("initContainers").iter().filter(stays));
        let all = together.fold(Self::default(), |sum, one| {
            let one = Self::of_container(one, kind);
            Self {
                cpu: sum.cpu.saturating_add(one.cpu),
                memory: sum.memory.saturating_add(one.memory),
                ..sum
            }
        });
        let before = list("initContainers").iter().filter(|one| !stays(one));
        let all = before.fold(all, |greatest, one| {
            let one = Self::of_container(one, kind);
            Self {
                cpu: greatest.cpu.max(one.cpu),
                memory: greatest.memory.max(one.memory),
                ..greatest
            }
        });
        Self { pods: 1, ..all }
    }

    /// What one container asks for, or may take. What says no request asks for its limit.
    pub(super) fn of_container(container: &Value, kind: &str) -> Self {
        let resources = &container["resources"];
        let text = |key: &str| {
            let amount = &resources[kind][key];
            let amount = if amount.is_null() { &resources["limits"][key] } else { amount };
            amount.as_str().map(str::to_owned).or_else(|| Some(amount.as_number()?.to_string()))
        };
        let cpu = text("cpu").and_then(|text| quantity::thousandths(&text)).unwrap_or(0);
        let memory = text("memory").and_then(|text| quantity::whole(&text)).unwrap_or(0);
        Self { cpu, memory, pods: 0 }
    }

    /// What a node has for pods.
    pub(super) fn of_node(node: &Value) -> Self {
        let text = |key: &str| node["status"]["allocatable"][key].as_str();
        Self {
            cpu: text("cpu").and_then(quantity::thousandths).unwrap_or(0),
            memory: text("memory").and_then(quantity::whole).unwrap_or(0),
            // What does not say how many pods it takes is not asked (kubelet: 110).
            pods: text("pods").and_then(quantity::whole).unwrap_or(110),
        }
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(other.cpu),
            memory: self.memory.saturating_sub(other.memory),
            pods: self.pods.saturating_sub(other.pods),
        }
    }

    pub(super) const fn has(self, wanted: Self) -> bool {
        wanted.cpu <= self.cpu && wanted.memory <= self.memory && wanted.pods <= self.pods
    }

    /// `1.5 CPUs and 4.0 GiB`.
    pub(super) fn shown(self) -> String {
        #[allow(clippy::cast_precision_loss, reason = "shown with one digit behind the point")]
        let (cpu, memory) = (self.cpu as f64 / 1e3, self.memory as f64 / f64::from(1 << 30));
        format!("{cpu:.1} CPUs and {memory:.1} GiB")
    }
}

/// Why a pod does not run on a node, whatever room that has.
pub(super) fn refusal(node: &Value, spec: &Value) -> Option<String> {
    if node["spec"]["unschedulable"] == true {
        return Some("takes no more pods (it is cordoned)".to_owned());
    }
    let labels = &node["metadata"]["labels"];
    let selector = spec["nodeSelector"].as_object().into_iter().flatten();
    for (key, value) in selector {
        if labels[key] != *value {
            let value = value.as_str().unwrap_or_default();
            return Some(format!("does not have the label `{key}: {value}`"));
        }
    }
    let taints = node["spec"]["taints"].as_array().into_iter().flatten();
    let kept_away = |taint: &&Value| {
        let effect = taint["effect"].as_str().unwrap_or_default();
        let all = spec["tolerations"].as_array().into_iter().flatten();
        ["NoSchedule", "NoExecute"].contains(&effect)
            && !all.into_iter().any(|one| tolerates(one, taint))
    };
    taints.into_iter().find(kept_away).map(|taint| {
        let text = |key: &str| taint[key].as_str().unwrap_or_default();
        format!("has the taint `{}={}:{}`", text("key"), text("value"), text("effect"))
    })
}

/// Whether a toleration is for a taint (`k8s.io/api/core/v1`, `Toleration.ToleratesTaint`).
fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let text = |of: &Value, key: &str| of[key].as_str().unwrap_or_default().to_owned();
    let effect = text(toleration, "effect");
    let key = text(toleration, "key");
    let is_same = |of: &str, key: &str| of.is_empty() || *of == text(taint, key);
    let is_value = text(toleration, "value") == text(taint, "value");
    is_same(&effect, "effect")
        && is_same(&key, "key")
        && match text(toleration, "operator").as_str() {
            "Exists" => true,
            _ => !key.is_empty() && is_value,
        }
}
