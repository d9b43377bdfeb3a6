//! Directories that several pods must share: a file of one pod's own disk is gone with the pod, and no other pod can
//! read it.

use serde_json::Value;

use super::super::native::draft::Draft;
use super::super::native::effective::is_highly_available;
use crate::Problem;
use crate::flink::options;

/// A directory that Flink keeps things in for others to read.
struct Directory {
    key: &'static str,
    what: &'static str,
    /// Whether TaskManagers write there as well.
    both: bool,
}

const CHECKPOINTS: Directory =
    Directory { key: "state.checkpoints.dir", what: "checkpoints", both: true };
const SAVEPOINTS: Directory =
    Directory { key: "state.savepoints.dir", what: "savepoints", both: true };
const HIGH_AVAILABILITY: Directory =
    Directory { key: "high-availability.storageDir", what: "jobs and leaders", both: false };

/// Refuses directories that pods cannot share, and warns of those that only pods of one node share.
pub(super) fn check(job_manager: &mut Draft<'_>, task_manager: &Draft<'_>) {
    let mut directories = vec![CHECKPOINTS, SAVEPOINTS];
    if is_highly_available(&job_manager.settings) {
        directories.push(HIGH_AVAILABILITY);
    }
    for directory in directories {
        // 2.x and 1.20 have new names for two of them; a release that lacks a name reads the other.
        let newer = match directory.key {
            "state.checkpoints.dir" => "execution.checkpointing.dir",
            "state.savepoints.dir" => "execution.checkpointing.savepoint-dir",
            key => key,
        };
        let keys = [newer, directory.key];
        let settings = &job_manager.settings;
        let written = |key: &str| {
            let (key, entry) = options::lookup(&settings.configuration, key, settings.version)?;
            Some((key.to_owned(), entry.value.to_string()))
        };
        let Some((key, uri)) = keys.into_iter().find_map(written) else { continue };
        let Some(path) = local_path(&uri) else { continue };
        let mut worst = volume_of(job_manager, path);
        if directory.both {
            worst = worst.max(volume_of(task_manager, path));
        }
        let what = directory.what;
        match worst {
            Reach::Shared => {}
            Reach::Node => {
                let message = format!(
                    "`{path}` is a directory of the node: pods of another node see other {what}"
                );
                let hint = "use a claim or an object store where there is more than one node";
                job_manager.settings.warnings.push(Problem::new(key, message).hint(hint));
            }
            Reach::Pod => {
                let message = format!(
                    "`{path}` is on each pod's own disk: {what} would be lost with the pod"
                );
                let hint = "name an object store or HDFS, or mount a claim there: `nutkin.claim.<name>.path`";
                job_manager.settings.problem(Problem::new(key, message).hint(hint));
            }
        }
    }
}

/// Who sees a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Shared,
    Node,
    Pod,
}

/// Who sees the files below a path of a pod: what the innermost mount says.
fn volume_of(draft: &Draft<'_>, path: &str) -> Reach {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let mounts = list(draft.container.get("volumeMounts"));
    let below = |mount: &&Value| {
        let point = mount["mountPath"].as_str().unwrap_or_default().trim_end_matches('/');
        path.strip_prefix(point).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let length = |mount: &&Value| mount["mountPath"].as_str().map_or(0, str::len);
    let Some(mount) = mounts.iter().filter(below).max_by_key(length) else { return Reach::Pod };
    let spec = draft.pod.get("spec").and_then(|spec| spec.get("volumes"));
    let volumes = list(spec);
    match volumes.iter().find(|volume| volume["name"] == mount["name"]) {
        // A claim of each pod's own stands in the StatefulSet, not among the volumes.
        None => Reach::Pod,
        Some(volume) if volume.get("emptyDir").is_some() => Reach::Pod,
        Some(volume) if volume.get("ephemeral").is_some() => Reach::Pod,
        Some(volume) if volume.get("hostPath").is_some() => Reach::Node,
        Some(_) => Reach::Shared,
    }
}

/// The path of a URI that means the local file system. A path without a scheme means the default file system, which
/// is the local one unless `fs.default-scheme` says otherwise.
fn local_path(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix("file:").or_else(|| uri.starts_with('/').then_some(uri))?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    rest.starts_with('/').then_some(rest)
}
