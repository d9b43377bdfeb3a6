//! Which files of a pod are there for the next one as well.

use std::path::Path;

use serde_json::Value;

use super::living::main;

/// A volume that a driver makes. Many are shares, as the lists of storage drivers tell; by the contract of an inline one
/// (KEP-596) it goes with its pod.
const BY_DRIVER: &str = "csi";

/// Kinds of volumes whose files outlive the pod and are the same on every node.
const KEPT: [&str; 6] =
    ["persistentVolumeClaim", "nfs", BY_DRIVER, "cephfs", "glusterfs", "azureFile"];

/// Whether what Flink's process in a pod, or in pods of a template, keeps at a path outlives the pod, as far as the user may count on it.
pub fn outlives(pod: &Value, path: &Path) -> bool {
    volume_at(pod, path).is_some_and(|volume| KEPT.iter().any(|kind| !volume[*kind].is_null()))
}

/// The same where it is a proof: whatever may go with the pod does not count.
pub fn surely_outlives(pod: &Value, path: &Path) -> bool {
    outlives(pod, path) && volume_at(pod, path).is_some_and(|volume| volume[BY_DRIVER].is_null())
}

/// The volume on which a path of Flink's process is: what the innermost mount says. `None`: it is on the container's own disk, or in a
/// directory of the volume that is one pod's alone (`subPathExpr`).
pub fn volume_at<'p>(pod: &'p Value, path: &Path) -> Option<&'p Value> {
    let mounts = main(pod)?["volumeMounts"].as_array()?.iter();
    let above = mounts.filter_map(|mount| {
        let point = Path::new(mount["mountPath"].as_str()?);
        path.starts_with(point).then(|| (point.components().count(), mount))
    });
    let (_, mount) = above.max_by_key(|(depth, _)| *depth)?;
    if !mount["subPathExpr"].is_null() {
        return None;
    }
    let mut volumes = pod["spec"]["volumes"].as_array()?.iter();
    volumes.find(|volume| volume["name"] == mount["name"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(path: &str, expected: bool) {
        let pod = json!({"spec": {
            "volumes": [
                {"name": "kept", "persistentVolumeClaim": {"claimName": "c"}},
                {"name": "gone", "emptyDir": {}},
                {"name": "node", "hostPath": {"path": "/data"}},
                {"name": "driver", "csi": {"driver": "share.example.org"}},
            ],
            "containers": [
                {"name": "mesh", "volumeMounts": [{"name": "kept", "mountPath": "/mesh"}]},
                {"name": "flink-main-container", "volumeMounts": [
                    {"name": "kept", "mountPath": "/kept/"},
                    {"name": "gone", "mountPath": "/kept/gone"},
                    {"name": "gone", "mountPath": "/gone"},
                    {"name": "node", "mountPath": "/node"},
                    {"name": "driver", "mountPath": "/driver"},
                    {"name": "kept", "mountPath": "/own", "subPathExpr": "$(POD_NAME)"},
                ]},
            ],
        }});
        assert_eq!(surely_outlives(&pod, Path::new(path)), expected, "{path}");
        let may = expected || path.starts_with("/driver");
        assert_eq!(outlives(&pod, Path::new(path)), may, "{path}");
    }

    #[test]
    fn what_the_next_pod_has() {
        check("/kept/archive", true);
        check("/kept", true);
        // The controls: its own disk, a volume of its own, of its node, of another container, and one that only begins the same.
        check("/opt/flink/archive", false);
        check("/gone/archive", false);
        check("/kept/gone/archive", false);
        check("/node/archive", false);
        check("/driver/archive", false);
        check("/own/archive", false);
        check("/mesh/archive", false);
        check("/keptnot/archive", false);
        assert!(!outlives(&json!({}), Path::new("/kept")));
    }
}
