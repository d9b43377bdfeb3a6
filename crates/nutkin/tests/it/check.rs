//! `nutkin check` and `nutkin explain NKxxxx`.

use nutkin_testkit::Test;
use serde_json::Value;

const TWICE: &str =
    "parallelism.default: 2\ntaskmanager.numberOfTaskSlots: 2\nparallelism.default: 4\n";

#[test]
fn a_finding_quotes_its_line() {
    let said = Test::new()
        .file("conf/flink-conf.yaml", "taskmanager.numberOfTaskSlots: four\n")
        .args(["check", "conf"])
        .code(1)
        .any_stdout()
        .stderr(
            "1 error in 1 file\n`nutkin explain NK0103` shows a code with a bad and a good example\n",
        )
        .run();
    let expected = "\
error[NK0103]: the option does not accept this value
 --> conf/flink-conf.yaml:1:1
  |
1 | taskmanager.numberOfTaskSlots: four
  |
  = `taskmanager.numberOfTaskSlots`: `four` does not fit";
    assert!(said.stdout.starts_with(expected), "{}", said.stdout);
    let widest = said.stdout.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?} columns\n{}", said.stdout);
}

#[test]
fn warnings_count_with_strict_only() {
    let test = || Test::new().file("conf/flink-conf.yaml", TWICE).any_stdout().any_stderr();
    test().args(["check", "conf"]).run();
    test().args(["check", "conf", "--strict"]).code(1).run();
    test().args(["check", "conf", "--strict", "--allow", "NK0104=two people edit it"]).run();
}

#[test]
fn a_comment_silences_with_a_reason_only() {
    let file = |comment: &str| TWICE.replace("default: 4", &format!("default: 4 # {comment}"));
    let test = |comment: &str| {
        Test::new().file("flink-conf.yaml", &file(comment)).any_stdout().any_stderr()
    };
    let strict = ["check", "flink-conf.yaml", "--strict"];
    test("nutkin: allow NK0104 because two people edit it").args(strict).run();
    let said = test("nutkin: allow NK0104").args(strict).code(1).run();
    assert!(said.stdout.contains("NK0104") && said.stdout.contains("NK0006"), "{}", said.stdout);
}

#[test]
fn nothing_wrong_is_said_so() {
    Test::new()
        .file("flink-conf.yaml", "parallelism.default: 4\n")
        .args(["check"])
        .stderr("nothing is wrong in 1 file\n")
        .run();
}

#[test]
fn what_is_not_looked_at_is_not_called_correct() {
    let large = format!("apiVersion: v1\npad: |\n{}", "  a line of a text\n".repeat(250_000));
    Test::new()
        .file("flink-conf.yaml", "parallelism.default: 4\n")
        .file("deploy/large.yaml", &large)
        .file("deploy/wide.yaml", "a\0p\0i\0\n\0")
        .file("chart/Chart.yaml", "apiVersion: v2\nname: words\n")
        .file("chart/templates/pods.yaml", "kind: Deployment\nmetadata: {name: {{ .Values.name }}}\n")
        .args(["check"])
        .stderr(
            "nothing was found in 2 files\n\
             not looked at: chart/templates/pods.yaml: a template of a Helm chart; `helm template chart > all.yaml` renders it: check all.yaml\n\
             not looked at: deploy/large.yaml: it is larger than 4 MiB, which no configuration is\n\
             not looked at: deploy/wide.yaml: it holds bytes of zero: it is UTF-16, which can be saved as UTF-8, or not text\n",
        )
        .run();
}

/// A device without an end is read as far as a configuration can be long.
#[test]
fn a_file_without_an_end_ends() {
    for arguments in [
        &["check", "/dev/zero"][..],
        &["convert", "/dev/zero"],
        &["render", "-f", "/dev/zero"],
        &["init", "--from", "/dev/zero"],
    ] {
        let said = Test::new().args(arguments).code(2).any_stderr().run();
        assert!(said.stderr.contains("larger than 4 MiB"), "{arguments:?}: {}", said.stderr);
    }
}

#[test]
fn paths_that_cannot_be_read_are_told_together() {
    Test::new()
        .args(["check", "one.yaml", "two.yaml"])
        .code(2)
        .stderr(
            "error: the input has 2 problems; nothing was changed\n  \
             cannot read `one.yaml`: No such file or directory (os error 2)\n  \
             cannot read `two.yaml`: No such file or directory (os error 2)\n",
        )
        .run();
}

#[test]
fn a_silence_needs_a_known_code_and_a_reason() {
    let said = Test::new()
        .args(["check", "--allow", "NK9999=because", "--allow", "NK0104"])
        .code(2)
        .any_stderr()
        .run();
    assert!(said.stderr.contains("`NK9999` is not a code"), "{}", said.stderr);
    assert!(said.stderr.contains("without a reason"), "{}", said.stderr);
}

#[test]
fn documents_for_machines() {
    let test = || {
        let test =
            Test::new().file("flink-conf.yaml", "parallelism.default:4\ns3.secret-key: hunter2\n");
        test.any_stdout().any_stderr()
    };
    let said = test().args(["check", "-o", "json"]).run();
    assert!(!said.stdout.contains("hunter2"), "{}", said.stdout);
    let document: Value = nutkin_testkit::schema::read(&said.stdout);
    assert_eq!(document["kind"], "FindingList");
    let codes: Vec<&str> =
        document["items"].as_array().unwrap().iter().map(|i| i["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["NK0105", "NK0903"]);
    assert_eq!(document["items"][0]["patch"]["insert"][0], "parallelism.default: 4");
    assert_eq!(document["items"][1]["quote"], "s3.secret-key: ******");

    let said = test().args(["check", "-o", "sarif"]).run();
    assert!(!said.stdout.contains("hunter2"), "{}", said.stdout);
    let document: Value = serde_json::from_str(&said.stdout).unwrap();
    let run = &document["runs"][0];
    assert_eq!(document["version"], "2.1.0");
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "NK0105");
    assert_eq!(run["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"], 1);
    let fix = &run["results"][0]["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(fix["insertedContent"]["text"], "parallelism.default: 4\n");
    assert_eq!(
        (&fix["deletedRegion"]["endLine"], run["results"][1]["fixes"].is_null()),
        (&2.into(), true)
    );
}

#[test]
fn a_code_explains_itself() {
    let said = Test::new().args(["explain", "nk0202"]).any_stdout().run();
    assert!(said.stdout.starts_with("# NK0202: "), "{}", said.stdout);
    assert!(said.stdout.contains("## Bad") && said.stdout.contains("## Good"), "{}", said.stdout);
    let said = Test::new().args(["explain", "NK9999"]).code(2).any_stderr().run();
    assert!(said.stderr.contains("has no such code"), "{}", said.stderr);
}

/// What the planner refuses is an error of a session file, and of no file that somebody else may run.
#[test]
fn a_session_file_is_judged_as_render_judges_it() {
    let session = "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata:\n  name: orders\nspec:\n  \
                flinkVersion: v1_20\n  mode: standalone\n  flinkConfiguration:\n    taskmanager.numberOfTaskSlots: \"1\"\n    \
                execution.checkpointing.dir: file:///tmp/checkpoints\n";
    let test = || Test::new().file("session.yaml", session).any_stdout().any_stderr();
    let said = test().args(["check", "-f", "./session.yaml"]).code(1).run();
    assert!(said.stdout.contains("NK0005"), "{}", said.stdout);
    let said = test().args(["check", "session.yaml"]).run();
    assert!(!said.stdout.contains("NK0005"), "{}", said.stdout);
}

/// `up` would refuse it: a file that was checked is not to fail there because of a jar.
#[test]
fn jars_of_a_session_file_that_are_not_there_are_said() {
    #[track_caller]
    fn check(jar: &str, is_said: bool) {
        let session = format!(
            "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: orders}}\nspec: {{flinkVersion: v1_20}}\n---\n\
             apiVersion: flink.apache.org/v1beta1\nkind: FlinkSessionJob\nmetadata: {{name: count}}\n\
             spec: {{deploymentName: orders, job: {{jarURI: {jar}, entryClass: a.B}}}}\n"
        );
        let test = Test::new().file("session.yaml", &session).any_stdout().any_stderr();
        let said = test.args(["check", "-f", "session.yaml"]).run();
        let line = "session.yaml: `spec.job.jarURI`: job `count`:";
        assert_eq!(said.stderr.contains(line), is_said, "{}", said.stderr);
    }
    check("missing.jar", true);
    // The control: what is fetched when it is needed is not looked for.
    check("https://example.org/a.jar", false);
}
