//! `nutkin explain KEY` and `nutkin explain memory`.

use nutkin_testkit::{Test, check_golden};

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
    let document = said.json();
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
    assert_eq!(item["observed"].as_array().map(Vec::len), Some(12));
}

#[test]
fn memory_of_one_component_as_bars() {
    let said = Test::new()
        .args(["explain", "memory", "--component", "taskmanager"])
        .args(["-D", "taskmanager.memory.process.size=1728m"])
        .args(["-D", "taskmanager.numberOfTaskSlots=2"])
        .any_stdout()
        .run();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/golden/explain-memory.txt");
    check_golden(golden.as_ref(), &said.stdout);
    let widest = said.stdout.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{widest:?} columns");
}

#[test]
fn memory_as_a_document_is_what_flink_prints() {
    let said = Test::new()
        .args(["explain", "memory", "--component", "jobmanager", "-o", "json", "--flink", "1.13"])
        .env("FLINK_JM_HEAP", "700m")
        .args(["-D", "jobmanager.heap.size=2g"])
        .any_stdout()
        .run();
    let document = said.json();
    let item = serde_json::json!({
        "component": "jobmanager",
        "jvmArgs": ["-Xmx734003200", "-Xms734003200", "-XX:MaxMetaspaceSize=268435456"],
        "dynamicOptions": {
            "jobmanager.memory.heap.size": "734003200b",
            "jobmanager.memory.off-heap.size": "134217728b",
            "jobmanager.memory.jvm-metaspace.size": "268435456b",
            "jobmanager.memory.jvm-overhead.min": "201326592b",
            "jobmanager.memory.jvm-overhead.max": "201326592b",
        },
        "bytes": {
            "heap": 734_003_200,
            "offHeap": 134_217_728,
            "metaspace": 268_435_456,
            "overhead": 201_326_592,
            "process": 1_337_982_976,
        },
    });
    assert_eq!(document["items"], serde_json::json!([item]));
}

#[test]
fn memory_that_does_not_fit_is_bad_input_for_each_process() {
    Test::new()
        .args(["explain", "memory", "-D", "taskmanager.memory.process.size=100m"])
        .stderr(
            "error: the input has 2 problems; nothing was changed\n  \
             `jobmanager.memory.process.size`: no memory size is set for the JobManager\n    \
             hint: set `jobmanager.memory.process.size` (what the container or machine gives), or \
             `jobmanager.memory.flink.size`, or `jobmanager.memory.heap.size`\n  \
             `taskmanager.memory.process.size`: 100m is too small: metaspace 256m and JVM overhead 192m \
             alone are more\n    \
             hint: raise it, or lower `taskmanager.memory.jvm-metaspace.size`\n",
        )
        .code(2)
        .run();
}

#[test]
fn memory_of_a_configuration_directory() {
    let said = Test::new()
        .file("conf/flink-conf.yaml", "jobmanager.memory.process.size: 1g # small\n")
        .args([
            "explain",
            "memory",
            "--conf-dir",
            "conf",
            "--component",
            "jobmanager",
            "-o",
            "json",
        ])
        .any_stdout()
        .run();
    assert_eq!(said.json()["items"][0]["jvmArgs"][0], "-Xmx469762048");
}

#[test]
fn an_empty_legacy_variable_is_no_size() {
    let test = Test::new().args(["explain", "memory", "--component", "jobmanager", "-D", "a=b"]);
    let said = test.env("FLINK_JM_HEAP", "").any_stderr().code(2).run();
    assert!(said.stderr.contains("`FLINK_JM_HEAP`"), "{}", said.stderr);
}

#[test]
fn words_find_options_by_their_descriptions() {
    let said = Test::new().args(["explain", "sign of life"]).any_stdout().any_stderr().code(2);
    said.run();
    let said = Test::new().args(["explain", "heartbeat timeout"]).any_stdout().run();
    assert!(said.stdout.contains("heartbeat.timeout"), "{}", said.stdout);
}
