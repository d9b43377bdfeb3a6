//! The processes of sessions on one machine: one golden file for each feature.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use nutkin_core::plan::process::{Archives, Machine, Processes, plan};
use nutkin_core::session::Session;
use nutkin_core::spec::{self, Inputs};
use nutkin_testkit::check_golden;

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn session(flink: &str, options: &[(&str, &str)]) -> Session {
    let options = options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let flink = Some(flink.parse().unwrap());
    spec::resolve(&Inputs { options, flink, ..Inputs::default() }).unwrap()
}

fn machine() -> Machine {
    let lib = [
        "log4j-core.jar",
        "flink-dist.jar",
        "flink-table-runtime.jar",
        "flink-cep.jar",
        "Zeta.jar",
    ];
    Machine {
        flink_home: "/flink".to_owned(),
        lib: texts(&lib),
        extra_libs: Vec::new(),
        plugins: "/flink/plugins".to_owned(),
        plugin_jars: BTreeMap::from([
            ("metrics-graphite".to_owned(), texts(&["flink-metrics-graphite.jar"])),
            ("s3-fs-presto".to_owned(), texts(&["flink-s3-fs-presto.jar"])),
        ]),
        java_home: "/java".to_owned(),
        java_major: 17,
        directory: "/session".to_owned(),
        data: "/data".to_owned(),
        rest_ports: vec![8081],
        rpc_port: 6123,
        zookeeper_port: None,
        archives: Archives::default(),
        environment: BTreeMap::from([("PATH".to_owned(), "/bin".to_owned())]),
    }
}

fn show(planned: &Processes) -> String {
    let mut text = String::new();
    for (path, content) in &planned.files {
        let _ = writeln!(text, "==> {path}\n{content}");
    }
    for process in &planned.processes {
        let _ = writeln!(text, "==> {} ({:?})", process.name, process.role);
        for (name, value) in &process.environment {
            let _ = writeln!(text, "{name}={value}");
        }
        let _ = writeln!(text, "{}", process.program);
        for argument in &process.arguments {
            let _ = writeln!(text, "  {argument}");
        }
        let _ = writeln!(text, "> {}, {}\n", process.out, process.log);
    }
    let _ = writeln!(text, "{}", planned.rest_urls.join("\n"));
    text
}

#[track_caller]
fn check(name: &str, session: &Session, machine: &Machine) {
    let planned = plan(session, machine).unwrap();
    assert_eq!(plan(session, machine).as_ref(), Ok(&planned), "the same input, the same plan");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/process/{name}.txt"));
    check_golden(&path, &show(&planned));
}

#[test]
fn default() {
    check("default", &session("1.20.5", &[]), &machine());
}

#[test]
fn two_task_managers() {
    let mut two = session("1.20.5", &[]);
    two.task_manager.replicas = Some(2);
    check("two-task-managers", &two, &machine());
}

#[test]
fn newest_flink_on_java_21() {
    check("flink-2.3", &session("2.3.0", &[]), &Machine { java_major: 21, ..machine() });
}

#[test]
fn oldest_flink_on_two_javas() {
    let oldest = session("1.13.6", &[("taskmanager.network.numberOfBuffers", "4096")]);
    check("flink-1.13", &oldest, &machine());
    check("flink-1.13-java-8", &oldest, &Machine { java_major: 8, ..machine() });
}

#[test]
fn high_availability() {
    let session = session("1.20.5", &[("high-availability.type", "zookeeper")]);
    let machine = Machine { rest_ports: vec![8081, 8082], zookeeper_port: Some(2181), ..machine() };
    check("high-availability", &session, &machine);
}

#[test]
fn flags_of_the_user() {
    let options = [
        ("env.java.default-opts.all", "--add-opens=java.base/java.lang=ALL-UNNAMED"),
        ("env.java.opts.all", "-Dall='a b' -Xss1m"),
        ("env.java.opts.jobmanager", "-Xlog:gc:${FLINK_LOG_PREFIX}.gc.log"),
        ("env.java.opts.taskmanager", "-XX:+UseZGC"),
        ("env.log.max", "3"),
        ("env.log.level", "DEBUG"),
    ];
    check("java-options", &session("1.20.5", &options), &machine());
}

#[test]
fn logging_of_the_user() {
    let mut session = session("1.20.5", &[]);
    for name in ["log4j-cli.properties", "log4j-console.properties", "logback-console.xml"] {
        session.log_configuration.insert(name.to_owned(), format!("text of {name}\n"));
    }
    check("logging", &session, &machine());
}

#[test]
fn jars_and_plugins_of_the_user() {
    let machine = Machine {
        extra_libs: texts(&["/jars/udf.jar"]),
        plugins: "/cache/plugins/1".to_owned(),
        plugin_jars: BTreeMap::from([("gs".to_owned(), texts(&["flink-gs-fs-hadoop.jar"]))]),
        ..machine()
    };
    let options = [("state.savepoints.dir", "gs://bucket/a"), ("nutkin.libs", "udf.jar")];
    check("jars-and-plugins", &session("1.20.5", &options), &machine);
}

#[test]
fn hadoop_and_class_data() {
    let mut machine = machine();
    machine.archives = Archives {
        job_manager: Some("/cache/jobmanager.jsa".to_owned()),
        task_manager: Some("/cache/taskmanager.jsa".to_owned()),
    };
    let path = ("HADOOP_CLASSPATH".to_owned(), "/hadoop/*".to_owned());
    machine.environment.extend([path]);
    let options = [
        ("env.hadoop.conf.dir", "/etc/hadoop"),
        ("state.checkpoints.dir", "hdfs:///checkpoints"),
        ("rest.bind-address", "0.0.0.0"),
    ];
    check("hadoop-and-class-data", &session("1.20.5", &options), &machine);
}

#[test]
fn all_that_is_wrong_at_once() {
    let options = [
        ("taskmanager.memory.process.size", "100m"),
        ("jobmanager.memory.process.size", "1 parsec"),
        ("state.savepoints.dir", "oss://bucket/a"),
        ("a.b", "x # y"),
    ];
    let machine = Machine { lib: texts(&["log4j-core.jar"]), ..machine() };
    let problems = plan(&session("1.17.2", &options), &machine).unwrap_err();
    let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    let expected = [
        "jobmanager.memory.process.size",
        "taskmanager.memory.process.size",
        "state.savepoints.dir",
        "",
        "a.b",
    ];
    assert_eq!(paths, expected, "{problems:#?}");
    assert!(problems.iter().all(|problem| problem.hint.is_some()), "{problems:#?}");
}
