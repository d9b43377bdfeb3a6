//! What `capture` writes, and that no secret is in it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use nutkin_diagnosis::Evidence;
use nutkin_testkit::scenario::{Fault, Kubernetes};
use serde_json::json;

use crate::scenario::{Place, SECRET, standalone};

/// A value that the ledger does not know: only its name says that it is secret.
const OTHER: &str = "word-that-nobody-knows";

/// The files of an archive.
fn unpacked(path: &Path) -> BTreeMap<String, String> {
    let packed = std::fs::File::open(path).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed));
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        files.insert(name, text);
    }
    files
}

/// A session with secrets in an option, a variable, arguments and a log.
fn session() -> Place<Kubernetes> {
    let mut kubernetes = Kubernetes::default();
    kubernetes.runs_pods = true;
    kubernetes.flink.task_managers = 1;
    let place = Place::kubernetes_with(kubernetes);
    let file = standalone(1) + &format!("  flinkConfiguration: {{s3.secret-key: {SECRET}}}\n");
    place.file("session.yaml", &file);
    place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
    place.server.with(|kubernetes| {
        let mut pod = kubernetes.get("Pod", "a-taskmanager-0");
        let container = &mut pod["spec"]["containers"][0];
        container["env"] = json!([{"name": "DB_PASSWORD", "value": OTHER}, {"name": "TZ", "value": "UTC"}]);
        container["args"] = json!(["taskmanager", "--password", OTHER, format!("-Dfs.token={OTHER}")]);
        let applied = json!({"env": [{"name": "DB_PASSWORD", "value": OTHER}]}).to_string();
        pod["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] =
            json!(applied);
        kubernetes.put("pods", pod);
        let log = format!(
            "2026-01-01 00:00:01,000 ERROR a.B [] - fails with s3.secret-key: {SECRET}, that is {SECRET}\n"
        );
        kubernetes.logs.insert("a-taskmanager-0".to_owned(), log);
    });
    place.server.set(|_| Fault::None);
    place
}

#[test]
fn an_archive_has_what_was_seen_and_no_secret() {
    let place = session();
    let said = place.run(&["capture", "a"]);
    said.expect(0).prints("files about session `a` to `a-capture.tar.gz`");
    let seen = place.server.seen();
    assert!(seen.iter().all(|seen| seen.request.method == "GET"), "nothing is changed");
    let files = unpacked(&place.folder().join("a-capture.tar.gz"));
    for name in ["seen.json", "objects.json", "diagnosis.json", "diagnosis.txt", "ledger.json"] {
        assert!(files.contains_key(&format!("a/{name}")), "{name}: {:?}", files.keys());
    }
    for (name, text) in &files {
        assert!(!text.contains(SECRET) && !text.contains(OTHER), "{name}: {text}");
    }
    assert!(files["a/a-taskmanager-0.log"].contains("fails with s3.secret-key: ******"));
    assert!(files["a/objects.json"].contains("DB_PASSWORD"));
    assert!(files["a/objects.json"].contains("UTC"));
    // Its files are a case that can be judged again.
    let inner = files.iter().map(|(name, text)| (name.trim_start_matches("a/"), text.as_str()));
    let evidence = Evidence::of_files(inner.filter(|(name, _)| !name.contains("diagnosis")));
    assert_eq!(evidence.session, "a");
    assert!(!evidence.objects.is_empty() && !evidence.logs.is_empty());
}

#[test]
fn an_archive_replaces_nothing() {
    let place = session();
    place.file("a-capture.tar.gz", "mine");
    place.run(&["capture", "a"]).expect(2).says("`a-capture.tar.gz` exists already");
    assert_eq!(std::fs::read_to_string(place.folder().join("a-capture.tar.gz")).unwrap(), "mine");
    let other = place.run(&["capture", "a", "--archive", "b.tar.gz", "-o", "json"]);
    let document = nutkin_testkit::schema::read(&other.expect(0).stdout);
    assert_eq!(document["kind"], "Capture");
    place.run(&["capture", "b"]).expect(5).says("there is no session `b`");
}
