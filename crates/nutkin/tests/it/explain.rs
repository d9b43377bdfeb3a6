//! `nutkin explain KEY`.

use nutkin_testkit::Test;

#[track_caller]
fn check(args: &[&str], stdout: &str) {
    Test::new().args(["explain"]).args(args.iter().copied()).stdout(stdout).run();
}

#[test]
fn one_option() {
    check(
        &["state.checkpoints.dir"],
        "execution.checkpointing.dir\n  Where checkpoints are written; every process must reach it\n\n  \
         note      `state.checkpoints.dir` is an old spelling of it\n  \
         type      String\n  default   none\n  versions  1.20 and later\n  \
         also read state.checkpoints.dir\n            state.backend.fs.checkpointdir\n  \
         example   execution.checkpointing.dir: s3://bucket/checkpoints\n",
    );
}

#[test]
fn one_option_of_one_version() {
    check(
        &["taskmanager.numberOfTaskSlots", "--flink", "1.13"],
        "taskmanager.numberOfTaskSlots\n  \
         How many tasks a TaskManager runs side by side; each slot gets an equal share of the managed memory\n\n  \
         type      Integer\n  default   1\n  versions  all\n  \
         example   taskmanager.numberOfTaskSlots: 4\n",
    );
}

#[test]
fn an_option_of_a_family() {
    check(
        &["metrics.reporter.prom.interval"],
        "metrics.reporter.prom.interval\n  A setting of a metric reporter\n\n  \
         family    metrics.reporter.<name>.*\n  type      Duration\n  default   10 s\n  versions  all\n",
    );
}

#[test]
fn a_prefix_lists() {
    let said = Test::new().args(["explain", "nutkin"]).any_stdout().run();
    assert!(said.stdout.lines().count() >= 8, "{}", said.stdout);
    assert!(said.stdout.lines().all(|line| line.starts_with("nutkin.")), "{}", said.stdout);
}

#[test]
fn a_misspelt_key_is_bad_input_with_a_suggestion() {
    Test::new()
        .args(["explain", "taskmanager.numberOfTaskSlot"])
        .stderr(
            "error: the input has a problem; nothing was changed\n  \
             `taskmanager.numberOfTaskSlot`: neither Flink nor Nutkin has such an option\n    \
             hint: did you mean `taskmanager.numberOfTaskSlots`?\n",
        )
        .code(2)
        .run();
}

#[test]
fn an_option_that_the_version_lacks_is_bad_input() {
    Test::new()
        .args(["explain", "taskmanager.heap.size", "--flink", "2.3"])
        .stderr(
            "error: the input has a problem; nothing was changed\n  `taskmanager.heap.size`: \
             Flink 2.3.0 does not have this option (versions: up to 1.20)\n",
        )
        .code(2)
        .run();
}

#[test]
fn the_document_for_programs() {
    let said = Test::new().args(["explain", "rest.port", "-o", "json"]).any_stdout().run();
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(
        (&document["apiVersion"], &document["kind"]),
        (&"nutkin/v1".into(), &"OptionList".into())
    );
    let item = &document["items"][0];
    assert_eq!(
        (&item["key"], &item["type"], &item["default"]),
        (&"rest.port".into(), &"Integer".into(), &"8081".into())
    );
    assert_eq!(item["alsoRead"], serde_json::json!(["web.port"]));
    assert_eq!(item["observed"].as_array().map(Vec::len), Some(4));
}
