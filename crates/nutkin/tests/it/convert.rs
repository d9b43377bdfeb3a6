//! `nutkin convert`.

use nutkin_testkit::Test;

const OLD: &str = "# Where\nhigh-availability: zookeeper # three of them\nparallelism.default: 2\n";

#[test]
fn an_old_file_for_the_newest_flink() {
    Test::new()
        .file("conf/flink-conf.yaml", OLD)
        .args(["convert", "conf"])
        .stdout("# Where\nhigh-availability.type: zookeeper # three of them\nparallelism.default: 2\n")
        .stderr("conf/flink-conf.yaml:2: `high-availability` is `high-availability.type` in Flink 2.3.0\n")
        .run();
}

#[test]
fn nothing_is_written_over() {
    let test = || Test::new().file("flink-conf.yaml", OLD).file("config.yaml", "a: b\n");
    let args = ["convert", "flink-conf.yaml", "--to", "1.20", "-o", "config.yaml"];
    test()
        .args(args)
        .code(2)
        .stderr(
            "error: the input has a problem; nothing was changed\n  `--output`: `config.yaml` exists\n    \
             hint: --force writes over it; --output names another\n",
        )
        .run();
    let said = test().args(args).args(["--force"]).any_stderr().run();
    let written = std::fs::read_to_string(said.directory.path().join("config.yaml")).unwrap();
    assert!(written.contains("high-availability.type: zookeeper"), "{written}");
}

#[test]
fn a_file_that_the_version_does_not_read_is_refused() {
    let said = Test::new()
        .file("flink-conf.yaml", OLD)
        .args(["convert", "flink-conf.yaml", "--to", "2.0", "-o", "flink-conf.yaml"])
        .code(2)
        .any_stderr()
        .run();
    assert!(said.stderr.contains("does not read flink-conf.yaml"), "{}", said.stderr);
}

#[test]
fn standard_input_and_back() {
    Test::new()
        .args(["convert", "-", "--to", "1.17"])
        .stdin("parallelism.default: 2\n")
        .stdout("parallelism.default: 2\n")
        .run();
}

#[test]
fn a_manifest_is_not_taken_for_the_file_in_it() {
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata:\n  flink-conf.yaml: |\n    rest.port: 8082\n";
    let said = Test::new()
        .file("flink-conf.yaml", manifest)
        .args(["convert", "flink-conf.yaml"])
        .any_stdout()
        .any_stderr()
        .run();
    assert!(said.stdout.starts_with("apiVersion: v1\nkind: ConfigMap\n"), "{}", said.stdout);
    assert!(said.stdout.contains("  config.yaml: |\n    rest.port: 8082\n"), "{}", said.stdout);
    let said = Test::new()
        .file("service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n")
        .args(["convert", "service.yaml"])
        .code(2)
        .any_stderr()
        .run();
    assert!(said.stderr.contains("is a Kubernetes manifest"), "{}", said.stderr);
}
