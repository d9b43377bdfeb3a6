//! What the ledger holds: what releases without one remembered, and nothing that is secret.

use nutkin_testkit::scenario::{Docker, Flink, Server};
use serde_json::{Value, json};

use crate::scenario::{Place, SECRET};
use crate::scenario_ledger::{ledger, text, with};

const UP: &[&str] = &["up", "a", "--no-wait"];
const DOWN: &[&str] = &["down", "a", "--yes", "--force"];
const VOLUME: &str = "nutkin-a-data";
/// `SECRET` as a Secret holds it.
const ENCODED: &str = "cGFzc3dvcmQtdGhhdC1ub2JvZHktc2hvd3M=";

/// As releases without a ledger wrote it.
fn old_record() -> Value {
    json!({
        "apiVersion": "nutkin/v1", "kind": "SessionRecord", "name": "a",
        "jobs": {"count": {
            "generation": 3, "digest": "d", "jarDigest": "e", "lastSavepoint": "s3://bucket/savepoint-1",
            "savepointTriggerNonce": 7,
        }},
    })
}

#[test]
fn a_record_of_before_the_ledger_is_carried_over_on_kubernetes() {
    #[track_caller]
    fn check(args: &[&str]) {
        let place = with(&[]);
        let workload = place.server.with(|one| one.get("Deployment", "a"));
        // The workload owned it.
        let owner = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "name": "a", "uid": workload["metadata"]["uid"],
            "controller": true, "blockOwnerDeletion": true,
        });
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": "nutkin-a", "labels": {"nutkin.dev/session": "a"}, "ownerReferences": [owner],
            },
            "data": {"record.json": old_record().to_string()},
        });
        place.server.with(|one| {
            one.remove("ConfigMap", "nutkin-a");
            one.put("configmaps", map);
        });
        if !args.is_empty() {
            place.run(args).expect(0);
            let new = ledger(&place);
            assert_eq!(
                (&new["jobs"], &new["wanted"]["name"]),
                (&old_record()["jobs"], &json!("a"))
            );
        }
        place.run(DOWN).expect(0).says("count");
        // It outlives the workload from now on.
        assert_eq!(place.server.with(|one| one.titles()), ["ConfigMap/nutkin-a"]);
        assert_eq!(ledger(&place)["jobs"], old_record()["jobs"]);
        place.run(UP).expect(0);
        assert_eq!(ledger(&place)["jobs"], old_record()["jobs"]);
    }
    check(&[]);
    check(UP);
    check(&[UP, &["--yes", "-D", "parallelism.default=2"]].concat());
}

#[test]
fn a_record_of_before_the_ledger_is_carried_over_on_docker() {
    #[track_caller]
    fn check(args: &[&str]) {
        let flink = Server::start(Flink { slots: 8, task_managers: 4, ..Flink::default() });
        let place: Place<Docker> = Place::docker(flink.port());
        place.run(&["up", "a"]).expect(0);
        place.server.with(|docker| {
            for page in ["ledger-0", "ledger-1", "secrets-0", "secrets-1"] {
                docker.put_file(VOLUME, &format!(".nutkin/{page}"), "");
            }
            docker.put_file(VOLUME, ".nutkin/record.json", &old_record().to_string());
        });
        place.run(args).expect(0);
        let read = |page: &str| {
            let text =
                place.server.with(|docker| docker.file(VOLUME, &format!(".nutkin/{page}")))?;
            let (head, document) = text.split_once('\n')?;
            let [head, document]: [Value; 2] =
                [head, document].map(|text| serde_json::from_str(text).unwrap_or_default());
            Some((head["sequence"].as_u64(), document))
        };
        // Two pages take turns.
        let pages = [read("ledger-0"), read("ledger-1")].into_iter().flatten();
        let (_, document) = pages.max_by_key(|(sequence, _)| *sequence).unwrap_or_default();
        assert_eq!(
            (&document["jobs"], &document["wanted"]["name"]),
            (&old_record()["jobs"], &json!("a"))
        );
        place.run(DOWN).expect(0).says("count");
        place.run(&["ls"]).expect(0).prints("ended");
    }
    check(&["up", "a"]);
    check(&["up", "a", "--yes", "--force", "-D", "env.java.opts.all=-Dx=y"]);
}

/// A session file that has a secret wherever one may be, and a job with one among its arguments.
fn file(more: &str) -> String {
    format!(
        "
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {{name: a}}
spec:
  flinkVersion: v1_20
  flinkConfiguration: {{s3.secret-key: {SECRET}}}
{more}
---
apiVersion: flink.apache.org/v1beta1
kind: FlinkSessionJob
metadata: {{name: count}}
spec:
  deploymentName: a
  job: {{jarURI: 'https://h.invalid/count.jar', args: [--password, {SECRET}]}}
"
    )
}

#[test]
fn no_secret_of_a_file_is_in_it_on_kubernetes() {
    let place = Place::kubernetes();
    place.file(
        "session.yaml",
        &file(&format!(
            "  podTemplate:
    spec:
      containers:
      - name: flink-main-container
        env: [{{name: DB_PASSWORD, value: {SECRET}}}]
"
        )),
    );
    let option = format!("other.password={SECRET}");
    let up = ["up", "-f", "session.yaml", "--no-wait", "--no-jobs", "-D", &option];
    place.run(&up).expect(0);
    let document = text(&place);
    assert!(!document.contains(SECRET) && !document.contains(ENCODED), "{document}");
    // The control: all of it is wanted, and its values lie beside it.
    for part in ["DB_PASSWORD", "s3.secret-key", "--password", "other.password"] {
        assert!(document.contains(part), "{part}: {document}");
    }
    let all = place.server.with(|one| one.plain());
    let values = all["Secret/nutkin-a"]["data"].as_object().unwrap();
    let secret = values.values().filter(|value| *value == ENCODED).count();
    assert_eq!(secret, 4, "{:?}", values.keys());
    place.run(&["up", "a", "--no-wait", "--no-jobs"]).expect(0).says("is unchanged");
    assert_eq!(place.server.with(|one| one.plain()), all);
}

#[test]
fn no_secret_of_a_file_is_in_it_on_docker() {
    let flink = Server::start(Flink { slots: 8, task_managers: 4, ..Flink::default() });
    let place: Place<Docker> = Place::docker(flink.port());
    place.file("session.yaml", &file(""));
    let option = format!("other.password={SECRET}");
    place.run(&["up", "-f", "session.yaml", "--no-jobs", "-D", &option]).expect(0);
    let files = place.server.with(|docker| docker.all_files());
    let held: Vec<_> = files.iter().filter(|(_, _, text)| text.contains(SECRET)).collect();
    assert!(held.iter().any(|(file, _, _)| file.contains("/secrets-")), "{held:?}");
    for (file, mode, _) in held {
        assert!(mode.trailing_zeros() >= 6 && !file.contains("/ledger-"), "{file}");
    }
    let before = place.server.with(|docker| docker.plain());
    place.run(&["up", "a", "--no-jobs"]).expect(0).says("is unchanged");
    assert_eq!(place.server.with(|docker| docker.plain()), before);
}
