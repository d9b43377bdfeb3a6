//! What Flink's Kubernetes high availability leaves behind, in the naming of every version.
//!
//! Facts, by running them: 1.13 writes `<id>-{restserver,dispatcher,resourcemanager}-leader` and
//! `<id>-<job>-jobmanager-leader`; 1.15 and later `<id>-cluster-config-map` and `<id>-<job>-config-map`. Labels are not
//! help: 2.x does not write `configmap-type` any more, and `flink-config-<id>` has the same two others. None has
//! owner references, and none of Flink's own clients removes them.

use std::collections::BTreeMap;

use nutkin_flink::flink_cli::is_job_id;
use serde_json::Value;

use super::ownership::TYPES;

/// What comes after `<id>-` in the names of maps of the whole cluster.
const CLUSTER_MAPS: [&str; 4] =
    ["cluster-config-map", "restserver-leader", "dispatcher-leader", "resourcemanager-leader"];

/// What comes after `<id>-<job>` in the names of maps of one job.
const JOB_MAPS: [&str; 2] = ["-config-map", "-jobmanager-leader"];

/// Keys under which a submitted job is kept: a JobManager that starts finds it and runs it.
const JOB_KEYS: [&str; 2] = ["jobGraph-", "executionPlan-"];

/// Keys under which the place of a checkpoint is kept.
const CHECKPOINT_KEY: &str = "checkpointID-";

/// Whether a `ConfigMap` is high availability data of this cluster-id, and not another one's whose id begins the same.
pub fn is_map(map: &Value, cluster_id: &str) -> bool {
    let metadata = &map["metadata"];
    let labels = &metadata["labels"];
    let owned = metadata["ownerReferences"].as_array().is_some_and(|owners| !owners.is_empty());
    let flink = labels["type"].as_str().is_some_and(|one| TYPES.contains(&one));
    if owned || !flink || labels["app"] != cluster_id {
        return false;
    }
    let name = metadata["name"].as_str().unwrap_or_default();
    let Some(rest) = name.strip_prefix(cluster_id).and_then(|rest| rest.strip_prefix('-')) else {
        return false;
    };
    CLUSTER_MAPS.contains(&rest)
        || JOB_MAPS.iter().any(|end| rest.strip_suffix(end).is_some_and(is_job_id))
}

/// Whether a session of this cluster-id would run a job again, or one that is submitted again would start from a checkpoint of which
/// only this data knows (`KubernetesCheckpointStoreUtil`, 1.13 to 2.3).
pub fn may_bring_back(map: &Value) -> bool {
    let keys = map["data"].as_object().into_iter().flat_map(|data| data.keys());
    let prefixes = || JOB_KEYS.iter().copied().chain([CHECKPOINT_KEY]);
    keys.into_iter().any(|key| prefixes().any(|prefix| key.starts_with(prefix)))
}

/// The jobs that a session of this cluster-id would run again, by id.
pub fn jobs(maps: &[Value]) -> Vec<String> {
    let data = maps.iter().filter_map(|map| map["data"].as_object());
    let mut jobs: Vec<String> = data
        .flat_map(|data| data.keys())
        .filter_map(|key| JOB_KEYS.iter().find_map(|prefix| key.strip_prefix(prefix)))
        .map(str::to_owned)
        .collect();
    jobs.sort();
    jobs.dedup();
    jobs
}

/// The address of the leading JobManager's REST API, as it is kept in the maps of a running cluster:
/// `http://10.1.2.3:8081`.
pub fn leader(maps: &[Value]) -> Option<String> {
    let find = |name_end: &str, key: &str| {
        let of_name = |map: &&Value| {
            map["metadata"]["name"].as_str().is_some_and(|name| name.ends_with(name_end))
        };
        let map = maps.iter().find(of_name)?;
        map["data"][key].as_str().map(str::to_owned)
    };
    let key = "org.apache.flink.k8s.leader.restserver";
    if let Some(text) = find("-cluster-config-map", key) {
        // `<session>,<address>`
        return text.split_once(',').map(|(_, address)| address.to_owned());
    }
    find("-restserver-leader", "address")
}

/// Where a session with these options keeps its leaders and jobs in ZooKeeper, if it does: the servers, and the path
/// (`ZooKeeperUtils.generateZookeeperPath` of root and cluster-id, with the defaults of
/// `HighAvailabilityOptions.HA_ZOOKEEPER_ROOT` and `HA_CLUSTER_ID`).
pub fn zookeeper(options: &BTreeMap<String, String>) -> Option<(String, String)> {
    let text = |key: &str| options.get(key).map(String::as_str);
    let mode = text("high-availability.type").or_else(|| text("high-availability"))?;
    if !mode.trim().eq_ignore_ascii_case("zookeeper") {
        return None;
    }
    let root = text("high-availability.zookeeper.path.root").unwrap_or("/flink");
    let id = text("high-availability.cluster-id").unwrap_or("/default");
    let segments = root.split('/').chain(id.split('/')).filter(|segment| !segment.is_empty());
    let path = segments.map(|segment| format!("/{segment}")).collect();
    Some((text("high-availability.zookeeper.quorum")?.to_owned(), path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const JOB: &str = "00000000000000000000000000000001";

    fn map(name: &str) -> Value {
        let labels = json!({"app": "a", "type": "flink-native-kubernetes"});
        json!({"metadata": {"name": name, "labels": labels}})
    }

    #[test]
    fn names_of_every_version() {
        #[track_caller]
        fn check(name: &str, expected: bool) {
            assert_eq!(is_map(&map(name), "a"), expected, "{name}");
        }
        check("a-cluster-config-map", true);
        check(&format!("a-{JOB}-config-map"), true);
        check("a-dispatcher-leader", true);
        check("a-restserver-leader", true);
        check(&format!("a-{JOB}-jobmanager-leader"), true);
        check("flink-config-a", false);
        check("pod-template-a", false);
        check("a-1-config-map", false);
        check("a-b-cluster-config-map", false);
        check("ab-cluster-config-map", false);
        check("a-settings", false);
    }

    #[test]
    fn not_those_of_others() {
        let mut other = map("a-cluster-config-map");
        other["metadata"]["labels"]["app"] = json!("a-b");
        assert!(!is_map(&other, "a"));
        let mut owned = map("a-cluster-config-map");
        owned["metadata"]["ownerReferences"] = json!([{"uid": "u"}]);
        assert!(!is_map(&owned, "a"));
        let mut unlabelled = map("a-cluster-config-map");
        unlabelled["metadata"]["labels"] = json!({"app": "a"});
        assert!(!is_map(&unlabelled, "a"));
    }

    #[test]
    fn what_comes_back() {
        let mut old = map("a-dispatcher-leader");
        old["data"] = json!({"jobGraph-2": "x", "runningJobsRegistry-2": "x"});
        let mut new = map("a-cluster-config-map");
        new["data"] = json!({"executionPlan-1": "x", "application-1": "x"});
        assert_eq!(jobs(&[old, new]), ["1", "2"]);
    }

    #[test]
    fn who_leads() {
        let mut new = map("a-cluster-config-map");
        new["data"] = json!({"org.apache.flink.k8s.leader.restserver": "u-1,http://10.0.0.1:8081"});
        assert_eq!(leader(&[map("flink-config-a"), new]).as_deref(), Some("http://10.0.0.1:8081"));
        let mut old = map("a-restserver-leader");
        old["data"] = json!({"address": "http://10.0.0.2:8081", "sessionId": "u"});
        assert_eq!(leader(&[old]).as_deref(), Some("http://10.0.0.2:8081"));
        assert_eq!(leader(&[map("a-cluster-config-map")]), None);
    }

    #[test]
    fn what_stays_in_zookeeper() {
        #[track_caller]
        fn check(options: &[(&str, &str)], expected: Option<&str>) {
            let quorum = ("high-availability.zookeeper.quorum", "zk:2181");
            let options = options.iter().chain([&quorum]);
            let options = options.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            let place = zookeeper(&options.collect());
            let expected = expected.map(|path| ("zk:2181".to_owned(), path.to_owned()));
            assert_eq!(place, expected);
        }
        let on = ("high-availability.type", "zookeeper");
        let id = ("high-availability.cluster-id", "/team/words");
        check(&[on, id], Some("/flink/team/words"));
        check(&[("high-availability", "ZooKeeper")], Some("/flink/default"));
        check(
            &[on, ("high-availability.zookeeper.path.root", "a/b/"), id],
            Some("/a/b/team/words"),
        );
        check(&[("high-availability.type", "kubernetes"), id], None);
        check(&[id], None);
    }
}
