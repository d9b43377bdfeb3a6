//! `why` with real JVMs: real faults, one after the other, and the same sessions while nothing is wrong with them.

use nutkin_e2e::Nutkin;
use serde_json::Value;

use crate::session::{RECOVERY, up};

/// Enough metaspace for a TaskManager with jobs, and little enough that a leak fills it at once.
const LITTLE_METASPACE: &str = "taskmanager.memory.jvm-metaspace.size=128m";

/// What no JVM knows.
const UNKNOWN_FLAG: &str = "env.java.opts.taskmanager=-XX:+NoJvmKnowsThis";

/// What `why` finds: its document, and the codes of the causes.
#[track_caller]
fn found(nutkin: &Nutkin, session: &str, code: i32) -> (Value, Vec<String>) {
    let said = nutkin.run(&["why", "--session", session, "-o", "json"]);
    said.expect(code);
    let document: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let items = document["items"].as_array().into_iter().flatten();
    let codes = items.filter_map(|item| item["code"].as_str()).map(str::to_owned).collect();
    (document, codes)
}

#[test]
fn the_earliest_cause_of_real_faults() {
    let nutkin = Nutkin::new();
    let version = "1.20.5";
    let jar = |name: &str| nutkin.setup().job(version, name).display().to_string();
    up(&nutkin, "a", version, &["-D", LITTLE_METASPACE]).expect(0);
    let (document, codes) = found(&nutkin, "a", 0);
    assert!(codes.is_empty(), "{document:#}");

    // A job that fails, and nothing else does.
    nutkin.run(&["run", &jar("TaskFails"), "--at", "7"]).expect(3);
    let (document, codes) = found(&nutkin, "a", 1);
    assert_eq!(codes, ["NK2512"], "{document:#}");
    assert_eq!(document["items"][0]["message"], "a job fails: failed as asked, at 7");
    let of_job = nutkin.run(&["why", "TaskFails", "--session", "a"]);
    of_job.expect(1).prints("error NK2512: a job fails: failed as asked, at 7");
    nutkin.run(&["why", "taskmanager-1", "--session", "a"]).expect(0);

    // Classes fill the metaspace of the TaskManager: that is the cause, whatever becomes of it.
    nutkin.run(&["run", &jar("LeaksMetaspace"), "--classes", "100000"]).expect(3);
    let (document, codes) = found(&nutkin, "a", 1);
    assert!(codes.contains(&"NK2303".to_owned()), "{document:#}");
    let is_cause = |item: &&Value| item["code"] == "NK2303";
    let items = document["items"].as_array().expect("items");
    let leak = items.iter().find(is_cause).expect("the leak");
    assert!(leak["subjects"].to_string().contains("LeaksMetaspace"), "{leak:#}");
    nutkin.ok(&["down", "a", "--yes", "--force"]);

    // TaskManagers whose JVM does not start.
    up(&nutkin, "b", version, &["--no-wait", "-D", UNKNOWN_FLAG]).expect(0);
    nutkin.eventually("the JobManager answers, and a TaskManager has ended", RECOVERY, || {
        let said = nutkin.run(&["why", "b"]).stdout;
        said.contains("0 of 1 TaskManagers") && said.contains("exit code 1")
    });
    let (document, codes) = found(&nutkin, "b", 1);
    assert_eq!(codes, ["NK2601"], "{document:#}");
    let proof = document["items"][0]["evidence"][0]["lines"].to_string();
    assert!(proof.contains("NoJvmKnowsThis"), "{document:#}");
    let led: Vec<&Value> = document["items"][0]["ledTo"]
        .as_array()
        .expect("consequences")
        .iter()
        .map(|item| &item["code"])
        .collect();
    assert_eq!(led, ["NK2108", "NK2121"], "{document:#}");
    let waited = up(&nutkin, "b", version, &["--timeout", "1", "-D", UNKNOWN_FLAG]);
    waited.says("the earliest cause that is seen: NK2601 the JVM refuses its arguments");
    nutkin.ok(&["down", "b", "--yes", "--force"]);
}
