//! Notes on sessions that were started from this machine and run elsewhere, so that `nutkin status NAME` finds them
//! without being told where. A note is not the truth: what is there is asked, and a note on what is gone is thrown away.

use nutkin_shell::files::document;
use std::io;
use std::path::PathBuf;

use nutkin_core::selection::Platform;
use serde::{Deserialize, Serialize};

use nutkin_core::spec;
use nutkin_shell::{ClusterPlace, Environment, Place};

/// Where a session was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kubeconfig: Option<PathBuf>,
    /// The address of its Docker daemon, where it is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// The session file that it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
}

const PLATFORMS: [Platform; 2] = [Platform::Docker, Platform::Kubernetes];

fn path_of(environment: &Environment, name: &str, platform: Platform) -> PathBuf {
    directory_of(environment, platform).join(format!("{name}.json"))
}

fn directory_of(environment: &Environment, platform: Platform) -> PathBuf {
    let state = environment.directory.join(environment.state_directory());
    state.join("elsewhere").join(platform.to_string())
}

/// All notes: names and places.
pub(super) fn all(environment: &Environment) -> Vec<(String, Place)> {
    let mut found = Vec::new();
    for platform in PLATFORMS {
        let Ok(entries) = std::fs::read_dir(directory_of(environment, platform)) else { continue };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(name) = name.and_then(|name| name.strip_suffix(".json")) else { continue };
            if let (true, Ok(Note { namespace, context, kubeconfig, .. })) =
                (spec::is_name(name), document::read_json(&path))
            {
                let cluster = ClusterPlace { namespace, context, kubeconfig };
                found.push((name.to_owned(), Place::on(platform, cluster)));
            }
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

/// The session file that a session was made from, where that was noted.
pub(super) fn file(environment: &Environment, name: &str, platform: Platform) -> Option<PathBuf> {
    document::read_json::<Note>(&path_of(environment, name, platform)).ok()?.file
}

/// Notes where a session runs, and the session file that it was made from, if any.
///
/// # Errors
/// The system refused.
pub fn remember(
    environment: &Environment,
    name: &str,
    place: &Place,
    file: Option<PathBuf>,
) -> io::Result<()> {
    let platform = place.platform();
    let directory = directory_of(environment, platform);
    std::fs::create_dir_all(&directory)?;
    let ClusterPlace { namespace, context, kubeconfig } = place.cluster();
    let host = host(environment, platform);
    let note = Note { namespace, context, kubeconfig, host, file };
    document::write_json(&path_of(environment, name, platform), &note)
}

/// Throws the note on a session away that is not at this place any more. A note on one of the same name at another place
/// (another context of the kubeconfig, another `DOCKER_HOST`) stays; that there is none is not an error.
pub fn forget(environment: &Environment, name: &str, place: &Place) {
    let platform = place.platform();
    let path = path_of(environment, name, platform);
    // Nobody can be led anywhere by a note that cannot be read.
    let is_meant = document::read_json::<Note>(&path).map_or(true, |note| {
        let Note { namespace, context, kubeconfig, host: of_note, .. } = note;
        place.cluster() == ClusterPlace { namespace, context, kubeconfig }
            && of_note == host(environment, platform)
    });
    if is_meant {
        let _ = std::fs::remove_file(path);
    }
}

/// The daemon that is asked, where it is not the usual one.
fn host(environment: &Environment, platform: Platform) -> Option<String> {
    let host = environment.text("DOCKER_HOST").filter(|_| platform == Platform::Docker);
    host.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_found_again_and_forgotten() {
        let temporary = tempfile::tempdir().unwrap();
        let environment = Environment::of_test(&[("HOME", "home")], temporary.path().to_owned());
        let place = Place::Kubernetes(ClusterPlace {
            namespace: Some("n".to_owned()),
            context: None,
            kubeconfig: Some("/k".into()),
        });
        assert_eq!(all(&environment), []);
        remember(&environment, "a", &place, None).unwrap();
        assert_eq!(all(&environment), [("a".to_owned(), place.clone())]);
        assert_eq!(file(&environment, "a", Platform::Kubernetes), None);
        remember(&environment, "a", &place, Some("/s.yaml".into())).unwrap();
        assert_eq!(file(&environment, "a", Platform::Kubernetes), Some("/s.yaml".into()));
        let damaged = temporary.path().join("home/.local/state/nutkin/elsewhere/kubernetes/b.json");
        std::fs::write(damaged, "{").unwrap();
        assert_eq!(all(&environment).len(), 1);
        forget(&environment, "a", &place);
        forget(&environment, "a", &place);
        assert_eq!(all(&environment), []);
    }

    #[test]
    fn notes_are_read_and_written_as_ever() {
        #[track_caller]
        fn check(place: &Place, host: &str, text: &str) {
            let temporary = tempfile::tempdir().unwrap();
            let variables = [("HOME", "home"), ("DOCKER_HOST", host)];
            let environment = Environment::of_test(&variables, temporary.path().to_owned());
            let path = path_of(&environment, "a", place.platform());
            remember(&environment, "a", place, Some("/s.yaml".into())).unwrap();
            let written: serde_json::Value = document::read_json(&path).unwrap();
            assert_eq!(written, serde_json::from_str::<serde_json::Value>(text).unwrap());
            std::fs::write(&path, text).unwrap();
            assert_eq!(all(&environment), [("a".to_owned(), place.clone())]);
            forget(&environment, "a", place);
            assert_eq!(all(&environment), []);
        }
        let cluster = ClusterPlace {
            namespace: Some("n".to_owned()),
            context: Some("c".to_owned()),
            kubeconfig: Some("/k".into()),
        };
        check(
            &Place::Kubernetes(cluster),
            "",
            r#"{"namespace": "n", "context": "c", "kubeconfig": "/k", "file": "/s.yaml"}"#,
        );
        check(
            &Place::Kubernetes(ClusterPlace::default()),
            "tcp://here:2375",
            r#"{"file": "/s.yaml"}"#,
        );
        check(&Place::Docker, "", r#"{"file": "/s.yaml"}"#);
        check(
            &Place::Docker,
            "tcp://here:2375",
            r#"{"host": "tcp://here:2375", "file": "/s.yaml"}"#,
        );
    }

    #[test]
    fn a_note_stays_unless_its_own_place_was_asked() {
        #[track_caller]
        fn check(asked: &Place, host: &str, stays: bool) {
            let temporary = tempfile::tempdir().unwrap();
            let environment = |host: &str| {
                let variables = [("HOME", "home"), ("DOCKER_HOST", host)];
                Environment::of_test(&variables, temporary.path().to_owned())
            };
            let here = environment("tcp://here:2375");
            for platform in PLATFORMS {
                remember(&here, "a", &at(platform, "first"), None).unwrap();
            }
            forget(&environment(host), "a", asked);
            let there =
                all(&here).into_iter().any(|(_, place)| place.platform() == asked.platform());
            assert_eq!(there, stays, "{asked:?} {host}");
        }
        fn at(platform: Platform, context: &str) -> Place {
            let context = Some(context.to_owned());
            Place::on(platform, ClusterPlace { context, ..ClusterPlace::default() })
        }
        check(&at(Platform::Kubernetes, "first"), "", false);
        check(&at(Platform::Kubernetes, "second"), "", true);
        check(&at(Platform::Docker, ""), "tcp://here:2375", false);
        check(&at(Platform::Docker, ""), "tcp://there:2375", true);
        check(&at(Platform::Docker, ""), "", true);
    }
}
