//! `nutkin init --from`.

use nutkin_testkit::Test;

const CONF: &str = "jobmanager.memory.process.size: 1600m\ntaskmanager.memory.process.size: 2048 m\n\
                    taskmanager.numberOfTaskSlots: 2\ntaskmanager.numberOfTaskSlots: 4\n";

#[test]
fn a_configuration_directory_becomes_a_session_file() {
    let said = Test::new()
        .file("conf/flink-conf.yaml", CONF)
        .args(["init", "orders", "--from", "conf", "--explain"])
        .stderr(
            "cured NK0104 (conf/flink-conf.yaml:4:1): `taskmanager.numberOfTaskSlots` appears once, with the last value\n\
             conf/flink-conf.yaml:1:1: jobmanager.memory.process.size -> spec.jobManager.resource.memory\n\
             conf/flink-conf.yaml:2:1: taskmanager.memory.process.size -> spec.taskManager.resource.memory\n\
             conf/flink-conf.yaml:3:1: taskmanager.numberOfTaskSlots -> nowhere: conf/flink-conf.yaml:4:1 counts in its place\n\
             conf/flink-conf.yaml:4:1: taskmanager.numberOfTaskSlots -> spec.flinkConfiguration, `taskmanager.numberOfTaskSlots`\n\
             wrote `orders.yaml`; `nutkin check -f orders.yaml` looks at it\n\
             note: `flinkVersion: v1_20` is a guess, because no file names a release of Flink; `--flink VERSION` says which one it is\n",
        )
        .run();
    let text = std::fs::read_to_string(said.directory.path().join("orders.yaml")).unwrap();
    assert!(
        text.contains(
            "    # conf/flink-conf.yaml, line 4\n    taskmanager.numberOfTaskSlots: \"4\"\n"
        ),
        "{text}"
    );
    assert!(text.contains("memory: 2048m"), "{text}");
}

#[test]
fn objects_without_a_place_lie_beside() {
    let said = Test::new()
        .file("deploy/pods.yaml", &session_with("parallelism.default: 2"))
        .args(["init", "--from", "deploy"])
        .any_stderr()
        .run();
    let read = |name: &str| std::fs::read_to_string(said.directory.path().join(name)).unwrap();
    assert!(read("orders.yaml").contains("mode: standalone"), "{}", read("orders.yaml"));
    assert!(read("orders-objects.yaml").contains("kind: PersistentVolumeClaim"));
}

#[test]
fn files_without_a_session_are_told() {
    let said = Test::new()
        .file("service.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n")
        .args(["init", "--from", "service.yaml"])
        .code(2)
        .any_stderr()
        .run();
    assert!(said.stderr.contains("describe no session"), "{}", said.stderr);
}

/// Two Deployments that are told the same options, which name the release of their image.
#[test]
fn what_both_roles_are_told_is_no_defect_and_the_release_of_the_image_stays() {
    let pods = |role: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: orders-{role}\nspec:\n  template:\n    spec:\n      \
             containers:\n      - name: {role}\n        image: flink:1.20.1\n        args: [{role}]\n        env:\n        \
             - name: FLINK_PROPERTIES\n          value: |\n            jobmanager.rpc.address: orders-jobmanager\n            \
             parallelism.default: 3\n---\n"
        )
    };
    let said = Test::new()
        .file("pods.yaml", &(pods("jobmanager") + &pods("taskmanager")))
        .args(["init", "--from", "pods.yaml", "--explain"])
        .any_stderr()
        .run();
    assert!(!said.stderr.contains("cured NK0104"), "{}", said.stderr);
    assert!(
        said.stderr.contains("parallelism.default -> nowhere: pods.yaml:33:13 says the same"),
        "{}",
        said.stderr
    );
    let text = std::fs::read_to_string(said.directory.path().join("orders.yaml")).unwrap();
    assert!(text.contains("nutkin.flink.version: \"1.20.1\"\n"), "{text}");
}

#[test]
fn a_format_is_no_file() {
    #[track_caller]
    fn check(args: &[&str], word: &str) {
        let said = Test::new().file("flink-conf.yaml", CONF).args(args).code(2).any_stderr().run();
        assert!(said.stderr.contains(&format!("`{word}` is a format")), "{}", said.stderr);
        assert!(said.stderr.contains("`-o -` prints"), "{}", said.stderr);
        assert!(!said.directory.path().join(word).exists());
    }
    check(&["init", "-o", "json"], "json");
    check(&["init", "--from", "flink-conf.yaml", "-o", "yaml"], "yaml");
    check(&["convert", "flink-conf.yaml", "-o", "json"], "json");
}

/// Two Deployments without a configuration of their own, a claim, and checkpoints where `up` does not want them.
fn session_with(options: &str) -> String {
    let pods = |role: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: orders-{role}\nspec:\n  template:\n    spec:\n      \
             containers:\n      - name: {role}\n        image: flink:1.20.1\n        args: [{role}]\n        env:\n        \
             - name: FLINK_PROPERTIES\n          value: |\n            jobmanager.rpc.address: orders-jobmanager\n            \
             {options}\n---\n"
        )
    };
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: jars\n";
    pods("jobmanager") + &pods("taskmanager") + claim
}

#[test]
fn whoever_is_refused_finds_nothing_written() {
    #[track_caller]
    fn check(test: Test, code: i32, written: &[&str]) {
        let said = test.code(code).any_stderr().run();
        for name in ["orders.yaml", "orders-objects.yaml"] {
            let path = said.directory.path().join(name);
            let found = std::fs::read_to_string(path).unwrap_or_default();
            assert_eq!(!found.is_empty() && found != "mine\n", written.contains(&name), "{name}");
        }
    }
    let with = |options: &str| Test::new().file("pods.yaml", &session_with(options));
    let both = ["orders.yaml", "orders-objects.yaml"];
    let good = "parallelism.default: 2";
    check(with(good).args(["init", "--from", "pods.yaml"]), 0, &both);
    for name in both {
        let test = with(good).file(name, "mine\n").args(["init", "--from", "pods.yaml"]);
        check(test, 2, &[]);
    }
    let lost = "state.checkpoints.dir: file:///tmp/checkpoints";
    check(with(lost).args(["init", "--from", "pods.yaml", "--as-is"]), 2, &[]);
    check(with(lost).args(["init", "--from", "pods.yaml"]), 0, &both);
    check(with("taskmanager.numberOfTaskSlots: two").args(["init", "--from", "pods.yaml"]), 2, &[]);
}
