//! High availability data of sessions that are gone, in a namespace of Kubernetes, and who needs it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Needed;
use crate::calendar::seconds_of;
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
    /// The time, in RFC 3339.
    pub now: String,
}

/// How long a leader may not have renewed its lease, in seconds: by default it does so every 5 s
/// (`high-availability.kubernetes.leader-election.retry-period`), and an API server that is away for longer than this is seen by everybody.
const LEASE: i64 = 600;

/// The annotation in which a leader writes when it renewed its lease (`KubernetesLeaderElector`, 1.13 to 2.3).
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";

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
    let names: BTreeSet<String> = seen.maps.iter().filter_map(name).collect();
    // Whatever names a cluster-id may be what runs it: by its own name, by a label, in an option of its command or of its configuration.
    // Pods of a node that is silent outlive their workload.
    let ledgers: BTreeSet<String> = of_ids.keys().map(|id| ledger_name(id)).collect();
    let others = seen.maps.iter().filter(|map| {
        let id = map["metadata"]["labels"]["app"].as_str().unwrap_or_default();
        !ha::is_map(map, id) && name(map).is_none_or(|name| !ledgers.contains(&name))
    });
    let mentioned: BTreeSet<String> =
        seen.workloads.iter().chain(&seen.pods).chain(others).flat_map(words_of).collect();
    of_ids
        .into_iter()
        .filter(|(id, maps)| {
            !mentioned.contains(*id) && !maps.iter().any(|map| is_led(map, &seen.now))
        })
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

/// All that may be a name in an object: runs of letters, digits, points and dashes.
fn words_of(object: &Value) -> BTreeSet<String> {
    let text = object.to_string();
    let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    text.split(|c: char| !is_inside(c)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Whether a leader has renewed its lease not long ago, or has written something that is not understood.
fn is_led(map: &Value, now: &str) -> bool {
    let Some(text) = map["metadata"]["annotations"][LEADER].as_str() else { return false };
    let lease: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    let times = seconds_of(now).zip(lease["renewTime"].as_str().and_then(seconds_of));
    times.is_none_or(|(now, renewed)| now - renewed < LEASE)
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
    fn check(seen: &SeenNamespace, expected: &[Option<Needed>]) {
        let found = left_maps(seen);
        let needed: Vec<_> = found.iter().take(1).map(|one| one.needed.clone()).collect();
        assert_eq!(needed, expected, "{found:?}");
    }

    #[test]
    fn what_nobody_needs_goes() {
        check(&gone(), &[None]);
        let found = left_maps(&gone()).remove(0);
        assert_eq!((found.cluster_id.as_str(), found.maps.len()), ("a", 2));
        check(&SeenNamespace::default(), &[]);
    }

    #[test]
    fn nothing_of_a_living_session_goes() {
        let named = json!({"metadata": {"name": "a"}});
        let labelled = json!({"metadata": {"name": "a-jobmanager-0", "labels": {"app": "a"}}});
        check(&SeenNamespace { workloads: vec![named.clone()], ..gone() }, &[]);
        check(&SeenNamespace { workloads: vec![labelled.clone()], ..gone() }, &[]);
        check(&SeenNamespace { pods: vec![labelled], ..gone() }, &[]);
        // The control: somebody else's.
        let other = json!({"metadata": {"name": "b", "labels": {"app": "b"}}});
        let workloads = vec![other.clone()];
        check(&SeenNamespace { workloads, pods: vec![other], ..gone() }, &[None]);
    }

    /// Flink's own manifests: the workload is called otherwise, and an option of its configuration has the cluster-id.
    #[test]
    fn a_session_that_somebody_else_has_made_lives() {
        let stock = json!({"metadata": {"name": "flink-jobmanager", "labels": {"app": "flink"}}});
        let options = |id: &str| {
            let text = format!("kubernetes.cluster-id: {id}\n");
            json!({"metadata": {"name": "flink-config"}, "data": {"config.yaml": text}})
        };
        let with = |id: &str| {
            let mut seen = SeenNamespace { workloads: vec![stock.clone()], ..gone() };
            seen.maps.push(options(id));
            seen
        };
        check(&with("a"), &[]);
        // The control.
        check(&with("b"), &[None]);
    }

    #[test]
    fn whoever_renews_its_lease_lives() {
        let led = |renewed: &str| {
            let mut seen = SeenNamespace { now: "2026-11-30T12:00:00Z".to_owned(), ..gone() };
            let lease = json!({"holderIdentity": "x", "renewTime": renewed}).to_string();
            seen.maps[0]["metadata"]["annotations"] = json!({LEADER: lease});
            seen
        };
        check(&led("2026-11-30T11:59:55.123456Z"), &[]);
        check(&led("some time"), &[]);
        check(&led("2026-11-30T11:00:00.123456Z"), &[None]);
    }

    #[test]
    fn what_may_bring_jobs_back_stays() {
        let with = |data: Value| {
            let mut seen = gone();
            seen.maps.push(map("a-dispatcher-leader", data));
            seen
        };
        for key in ["jobGraph-", "executionPlan-", "checkpointID-"] {
            check(&with(json!({format!("{key}{JOB}"): "x"})), &[Some(Needed::BringsBack)]);
        }
        check(&with(json!({"address": "x"})), &[None]);
        let mut ended = gone();
        let document = json!({"kind": "SessionRecord", "name": "a"}).to_string();
        ended
            .maps
            .push(json!({"metadata": {"name": "nutkin-a"}, "data": {"record.json": document}}));
        check(&ended, &[Some(Needed::Ledger("a".to_owned()))]);
    }
}
