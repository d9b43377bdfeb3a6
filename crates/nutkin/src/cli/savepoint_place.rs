//! Whether the place of savepoints outlives a change of its session.

use std::path::Path;

use nutkin_core::jobs::Hindrance;
use nutkin_core::kubernetes::kept;
use nutkin_core::selection::Platform;
use nutkin_core::session::Session;
use serde_json::Value;

use crate::files::of_address;

/// Why savepoints in a directory are of no use for a change of this session; `None`: they outlive it.
pub(super) fn hindrance(
    directory: String,
    platform: Platform,
    wanted: &Session,
) -> Option<Hindrance> {
    match platform {
        Platform::Local => unwritable(&directory),
        platform @ (Platform::Docker | Platform::Kubernetes) => {
            let templates = [
                &wanted.pod_template,
                &wanted.job_manager.pod_template,
                &wanted.task_manager.pod_template,
            ];
            let is_docker = platform == Platform::Docker;
            let is_mounted = |path: &Path| {
                let mut templates = templates.iter().filter_map(|template| template.as_ref());
                templates.any(|template| is_kept(path, template, is_docker))
            };
            let is_claimed = |path: &Path| {
                let claims = wanted.configuration.iter().filter(|(key, _)| {
                    key.strip_prefix("nutkin.claim.")
                        .is_some_and(|claim| claim.strip_suffix(".path").is_some())
                });
                let mut paths = claims.map(|(_, entry)| entry.value.to_string());
                !is_docker && paths.any(|claimed| path.starts_with(claimed.trim()))
            };
            let is_on_volume = |path: &Path| is_docker && path.starts_with(DOCKER_VOLUME);
            let outlives = of_address(&directory)
                .is_none_or(|path| is_on_volume(path) || is_mounted(path) || is_claimed(path));
            (!outlives).then_some(Hindrance::EndsWithPods(directory))
        }
    }
}

/// Why nothing can be written to a directory of this machine, which Flink makes where it is not there.
fn unwritable(directory: &str) -> Option<Hindrance> {
    let path = of_address(directory)?;
    let there = path.ancestors().find(|path| path.exists())?;
    // A file without a name, which is gone when it is closed.
    let error = tempfile::tempfile_in(there).err()?;
    Some(Hindrance::Unwritable(directory.to_owned(), error.to_string()))
}

/// Where the containers of a session see its volume, in images that have Flink where the official ones have it.
const DOCKER_VOLUME: &str = "/opt/flink/data";

/// Whether a pod of this template keeps what is at a path. `is_docker`: all pods are containers of one machine.
fn is_kept(path: &Path, template: &Value, is_docker: bool) -> bool {
    let is_on_host = || {
        is_docker
            && kept::volume_at(template, path).is_some_and(|volume| !volume["hostPath"].is_null())
    };
    kept::outlives(template, path) || is_on_host()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_directory_that_takes_nothing() {
        let temporary = tempfile::tempdir().unwrap();
        let text = |path: &Path| format!("file://{}", path.display());
        // It need not be there yet.
        assert_eq!(unwritable(&text(&temporary.path().join("a/b"))), None);
        assert_eq!(unwritable("s3://bucket/sp"), None);
        let taken = temporary.path().join("file");
        std::fs::write(&taken, "").unwrap();
        assert!(unwritable(&text(&taken.join("sp"))).is_some());
    }

    #[test]
    fn what_outlives_pods() {
        #[track_caller]
        fn check(path: &str, expected: bool) {
            let template = json!({"spec": {
                "volumes": [
                    {"name": "kept", "persistentVolumeClaim": {"claimName": "c"}},
                    {"name": "gone", "emptyDir": {}},
                ],
                "containers": [{"volumeMounts": [
                    {"name": "kept", "mountPath": "/kept"},
                    {"name": "gone", "mountPath": "/gone"},
                ]}],
            }});
            assert_eq!(is_kept(Path::new(path), &template, false), expected, "{path}");
        }
        check("/kept/sp", true);
        check("/gone/sp", false);
        check("/tmp/sp", false);
        check("/keptnot/sp", false);
    }
}
