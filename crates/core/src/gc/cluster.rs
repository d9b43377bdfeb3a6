//! High availability data of sessions that are gone, in a namespace of Kubernetes, and who needs it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Needed;
use crate::decide::kubernetes::ledger_name;
use crate::kubernetes::ha;
use crate::words::gc as words;

/// What a namespace has, as far as it matters.
#[derive(Debug, Clone, Default)]
pub struct SeenNamespace {
    /// All `ConfigMap`s, listed first.
    pub maps: Vec<Value>,
    /// All Deployments and `StatefulSets`.
    pub workloads: Vec<Value>,
    /// All pods.
    pub pods: Vec<Value>,
}

/// High availability data of one cluster-id that no workload has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftMaps {
    /// The cluster-id.
    pub cluster_id: String,
    /// Names of the `ConfigMap`s.
    pub maps: Vec<String>,
    /// Who needs it; `None`: nobody does.
    pub needed: Option<Needed>,
}

impl LeftMaps {
    /// The proof, or who needs it.
    pub fn line(&self) -> String {
        let what = words::maps(&self.cluster_id, &self.maps);
        match &self.needed {
            None => words::maps_go(&what),
            Some(needed) => words::stays(&what, &needed.line()),
        }
    }
}

/// High availability data in a namespace, one for each cluster-id that has neither a workload nor a pod: what a living session has
/// is not among them.
pub fn left_maps(seen: &SeenNamespace) -> Vec<LeftMaps> {
    let mut of_ids: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for map in &seen.maps {
        let id = map["metadata"]["labels"]["app"].as_str().unwrap_or_default();
        if ha::is_map(map, id) {
            of_ids.entry(id).or_default().push(map);
        }
    }
    let name = |object: &Value| object["metadata"]["name"].as_str().map(str::to_owned);
    // Pods of a node that is silent outlive their workload.
    let label = |object: &Value| object["metadata"]["labels"]["app"].as_str().map(str::to_owned);
    let living: BTreeSet<String> =
        seen.workloads.iter().flat_map(|one| [name(one), label(one)]).flatten().collect();
    let pods: BTreeSet<String> = seen.pods.iter().filter_map(label).collect();
    let names: BTreeSet<String> = seen.maps.iter().filter_map(name).collect();
    of_ids
        .into_iter()
        .filter(|(id, _)| !living.contains(*id) && !pods.contains(*id))
        .map(|(id, maps)| {
            let needed = if names.contains(&ledger_name(id)) {
                Some(Needed::Ledger(id.to_owned()))
            } else if maps.iter().any(|map| ha::may_bring_back(map)) {
                Some(Needed::BringsBack)
            } else {
                None
            };
            let maps = maps.into_iter().filter_map(name).collect();
            LeftMaps { cluster_id: id.to_owned(), maps, needed }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const JOB: &str = "00000000000000000000000000000001";

    fn map(name: &str, data: Value) -> Value {
        let labels = json!({"app": "a", "type": "flink-native-kubernetes"});
        json!({"metadata": {"name": name, "labels": labels}, "data": data})
    }

    fn gone() -> SeenNamespace {
        let leader = json!({"org.apache.flink.k8s.leader.restserver": "x,http://10.0.0.1:8081"});
        SeenNamespace {
            maps: vec![
                map("a-cluster-config-map", leader),
                map(&format!("a-{JOB}-config-map"), json!({"counter": "7"})),
            ],
            ..SeenNamespace::default()
        }
    }

    #[track_caller]
    fn check(seen: &SeenNamespace, expected: Option<Option<Needed>>) {
        let found = left_maps(seen);
        assert_eq!(found.first().map(|one| one.needed.clone()), expected, "{found:?}");
    }

    #[test]
    fn what_nobody_needs_goes() {
        check(&gone(), Some(None));
        let found = left_maps(&gone()).remove(0);
        assert_eq!((found.cluster_id.as_str(), found.maps.len()), ("a", 2));
        check(&SeenNamespace::default(), None);
    }

    #[test]
    fn nothing_of_a_living_session_goes() {
        let named = json!({"metadata": {"name": "a"}});
        let labelled = json!({"metadata": {"name": "a-jobmanager-0", "labels": {"app": "a"}}});
        check(&SeenNamespace { workloads: vec![named.clone()], ..gone() }, None);
        check(&SeenNamespace { workloads: vec![labelled.clone()], ..gone() }, None);
        check(&SeenNamespace { pods: vec![labelled], ..gone() }, None);
        // The control: somebody else's.
        let other = json!({"metadata": {"name": "b", "labels": {"app": "b"}}});
        let workloads = vec![other.clone()];
        check(&SeenNamespace { workloads, pods: vec![other], ..gone() }, Some(None));
    }

    #[test]
    fn what_may_bring_jobs_back_stays() {
        let with = |data: Value| {
            let mut seen = gone();
            seen.maps.push(map("a-dispatcher-leader", data));
            seen
        };
        for key in ["jobGraph-", "executionPlan-", "checkpointID-"] {
            check(&with(json!({format!("{key}{JOB}"): "x"})), Some(Some(Needed::BringsBack)));
        }
        check(&with(json!({"address": "x"})), Some(None));
        let mut ended = gone();
        ended.maps.push(json!({"metadata": {"name": "nutkin-a"}}));
        check(&ended, Some(Some(Needed::Ledger("a".to_owned()))));
    }
}
