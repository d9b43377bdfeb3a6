//! What `-o json` prints of a session and its jobs: the harness holds each document against its schema.

use serde_json::Value;

use crate::session::up;
use nutkin_e2e::Nutkin;

/// Runs a command and gives its document, which is of this kind.
#[track_caller]
fn check(nutkin: &Nutkin, kind: &str, args: &[&str]) -> Value {
    let document = nutkin.ok(&[args, &["-o", "json"]].concat()).json();
    assert_eq!(document["kind"], kind, "{args:?}");
    document
}

#[test]
fn documents_of_a_session_and_its_jobs_are_as_their_schemas_say() {
    let nutkin = Nutkin::new();
    let version = "1.20.5";
    let home = check(&nutkin, "Distribution", &["dist", "which", version]);
    assert_eq!(home["version"], version);
    check(&nutkin, "Processes", &["render", "--flink", version]);
    check(&nutkin, "Plan", &["plan", "a", "--flink", version]);

    // What the JobManager says of checkpoints is as old as `jobs`, the first command that asks for them.
    let old = ["-o", "json", "-D", "web.refresh-interval=600000"];
    let session = up(&nutkin, "a", version, &old).expect(0).json();
    assert_eq!((&session["kind"], &session["state"]), (&"Session".into(), &"running".into()));
    check(&nutkin, "Plan", &["plan", "a", "--flink", version, "-D", "rest.port=0", "-D", "a.b=c"]);

    let jar = nutkin.setup().job(version, "ExactlyOnce");
    let output = nutkin.directory().join("numbers");
    let [jar, to] = [&jar, &output].map(|path| path.to_str().expect("UTF-8"));
    // Runs until it is canceled.
    let endless = ["-d", "-o", "json", jar, "--output", to, "--total", "1000000", "--rate", "100"];
    let submitted = nutkin.ok(&[&["run"], &endless[..]].concat()).json();
    let id = submitted["id"].as_str().expect("an ID").to_owned();
    check(&nutkin, "JobList", &["jobs"]);
    check(&nutkin, "Savepoint", &["savepoint", &id]);
    check(&nutkin, "Checkpoint", &["checkpoint", &id]);
    let job = check(&nutkin, "Job", &["job", &id]);
    assert!(job["checkpoints"]["lastSavepoint"].is_string(), "{job:#}");
    assert_eq!(check(&nutkin, "SessionList", &["ls"])["items"][0]["jobs"]["running"], 1);
    check(&nutkin, "Job", &["cancel", &id]);
    assert_eq!(check(&nutkin, "JobList", &["jobs", "--all"])["items"][0]["state"], "CANCELED");

    // A job that ends, and one that fails, followed to their ends.
    let counts = nutkin.directory().join("counts");
    let text = nutkin.file("text", "a b a\n");
    let jar = nutkin.setup().job(version, "WordCount");
    let [jar, text, counts] = [&jar, &text, &counts].map(|path| path.to_str().expect("UTF-8"));
    let counted = ["run", "-o", "json", jar, "--input", text, "--output", counts];
    assert_eq!(nutkin.ok(&counted).json()["state"], "FINISHED");

    let ended = check(&nutkin, "Down", &["down", "a", "--yes"]);
    assert_eq!(ended["ended"], serde_json::json!(["jobmanager", "taskmanager-1"]));
}
