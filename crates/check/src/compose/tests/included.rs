//! Files that Compose files include, and files of variables.

use super::{finds, inputs, pair, sessions, told};
use crate::{Input, Settings, check};

#[test]
fn files_that_include_each_other() {
    let with = |of: &str| format!("include: [{of}]\n{}", pair("", ""));
    let other = "include: [compose.yaml]\nservices: {x: {image: busybox}}\n";
    finds(
        &[("compose.yaml", &with("other.yaml")), ("other.yaml", other)],
        &["NK1001 other.yaml:1"],
    );
    let harmless = "services: {x: {image: busybox}}\n";
    finds(&[("compose.yaml", &with("other.yaml")), ("other.yaml", harmless)], &[]);
}

#[test]
fn included_files_are_of_the_project() {
    let main = "include: [jobs/kafka.yml, {path: flink/one.yml, env_file: flink/some.env}]\nservices:\n  ui: {image: grafana/grafana, ports: ['8081:3000']}\n";
    let text = pair("ports: ['127.0.0.1:8081:8081']\ndepends_on: [kafka]", "");
    let text = text.replace("1.20.5", "${FLINK}").replace(
        "taskmanager:\n    image",
        "taskmanager:\n    extends: {service: base}\n    image",
    );
    let text = text
        + "  base: {image: busybox, environment: ['FLINK_PROPERTIES=taskmanager.numberOfTaskSlots: x']}\n";
    let files = [
        ("compose.yaml", main),
        ("jobs/kafka.yml", "services:\n  kafka: {image: 'apache/kafka:4.0.0'}\n"),
        ("flink/one.yml", &*text),
        ("flink/some.env", "FLINK=1.19.1\n"),
    ];
    finds(&files, &["NK0103 flink/one.yml:15", "NK1002 flink/one.yml:7"]);
    sessions(&files, &[("service jobmanager of compose.yaml", Some("1.19.1"))]);
}

/// One service of a file and of one that it includes: the including file counts more, and the rest is of the other.
#[test]
fn services_over_included_ones() {
    let flink = pair("ports: ['127.0.0.1:8081:8081']", "");
    let over =
        |more: &str| format!("include: [flink/compose.yaml]\nservices:\n  jobmanager:\n{more}");
    let files = |main: &str| {
        let all = [("compose.yaml", main), ("flink/compose.yaml", &*flink)];
        let count = check(&inputs(&all), &Settings::default()).sessions.len();
        (told(&all), count)
    };
    let (found, count) = files(&over("    image: flink:1.20.5\n    restart: always\n"));
    // Compose 2 refuses it.
    let twice = "NK1001 compose.yaml:3".to_owned();
    assert_eq!((&*found, count), (&[twice.clone()][..], 1));
    // The value of the including file counts, and it is told at that line.
    let (found, count) = files(&over(
        "    environment:\n      FLINK_PROPERTIES: \"taskmanager.numberOfTaskSlots: x\"\n",
    ));
    assert_eq!((&*found, count), (&["NK0103 compose.yaml:5".to_owned(), twice][..], 1));
    // What the same words say is there once, and `compose.override.yaml` may say more.
    let same = format!("include: [flink/compose.yaml]\n{flink}");
    assert_eq!(files(&same).0, [] as [String; 0]);
    let main = "include: [flink/compose.yaml]\n";
    let more = "services: {jobmanager: {restart: always}}\n";
    let all =
        [("compose.yaml", main), ("compose.override.yaml", more), ("flink/compose.yaml", &*flink)];
    finds(&all, &[]);
    // A file that two others include is there once.
    let main = "include: [a.yaml, b.yaml]\nservices: {ui: {image: busybox}}\n";
    let both = |name: &str| {
        format!("include: [flink/compose.yaml]\nservices: {{{name}: {{image: busybox}}}}\n")
    };
    let (a, b) = (both("a"), both("b"));
    let all =
        [("compose.yaml", main), ("a.yaml", &*a), ("b.yaml", &*b), ("flink/compose.yaml", &*flink)];
    finds(&all, &[]);
    sessions(&all, &[("service jobmanager of compose.yaml", Some("1.20.5"))]);
}

#[test]
fn included_files_that_are_not_there() {
    let main = format!("include: [other.yml, 'https://example.com/x.git']\n{}", pair("", ""));
    finds(&[("compose.yaml", &main)], &["NK1001 compose.yaml:1"]);
    finds(&[("compose.yaml", &main), ("other.yml", "volumes: {}\n")], &[]);
}

/// One service that two included files have and that differs: the first counts more, and the second has the rest.
#[test]
fn services_of_two_included_files() {
    #[track_caller]
    fn check(options: &str, expected: &[&str]) {
        let flink = pair("ports: ['127.0.0.1:8081:8081']", "");
        let more = format!(
            "services:\n  jobmanager:\n    image: flink:1.19.1\n    environment:\n      FLINK_PROPERTIES: \"{options}\"\n"
        );
        let main =
            "include: [flink/compose.yaml, more/all.yaml]\nservices: {ui: {image: busybox}}\n";
        let files =
            [("compose.yaml", main), ("flink/compose.yaml", &*flink), ("more/all.yaml", &*more)];
        finds(&files, expected);
        sessions(&files, &[("service jobmanager of compose.yaml", Some("1.20.5"))]);
    }
    let twice = "NK1001 flink/compose.yaml:2";
    check("rest.port: 8081", &[twice]);
    check("taskmanager.numberOfTaskSlots: x", &["NK0103 more/all.yaml:5", twice]);
}

/// A service that files of three levels have.
#[test]
fn services_over_several_levels_of_includes() {
    let over = |include: &str, slots: &str| {
        format!(
            "include: [{include}]\nservices:\n  taskmanager:\n    environment:\n      TASK_MANAGER_NUMBER_OF_TASK_SLOTS: {slots}\n"
        )
    };
    let (middle, flink) = (over("../flink/compose.yaml", "x"), pair("", ""));
    let check = |main: &str, expected: &[&str]| {
        let files =
            [("compose.yaml", main), ("a/middle.yaml", &*middle), ("flink/compose.yaml", &*flink)];
        finds(&files, expected);
        sessions(&files, &[("service jobmanager of compose.yaml", Some("1.20.5"))]);
    };
    // The value of the file in the middle counts, where the one above it says nothing.
    let silent = "include: [a/middle.yaml]\nservices:\n  taskmanager: {restart: always}\n";
    let twice = "NK1001 compose.yaml:3";
    check(silent, &["NK0103 a/middle.yaml:5", twice]);
    check(
        "include: [a/middle.yaml]\nservices: {ui: {image: busybox}}\n",
        &["NK0103 a/middle.yaml:5", "NK1001 a/middle.yaml:3"],
    );
    check(&over("a/middle.yaml", "2"), &[twice]);
}

#[test]
fn files_that_all_include_each_other() {
    let names: Vec<String> = (0..9).map(|index| format!("f{index}.yaml")).collect();
    let text = format!("include: [{}]\n{}", names.join(", "), pair("", ""));
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), &*text)).collect();
    assert!(told(&files).iter().all(|line| line.starts_with("NK1001")));
}

/// A file of variables that nobody can read is not missing; what it says is not known.
#[test]
fn files_of_variables_that_cannot_be_read() {
    let text = pair("ports: ['127.0.0.1:8081:8081']\nenv_file: some.env", "");
    let mut files = inputs(&[("compose.yaml", &text)]);
    let codes = |files: &[Input]| {
        let report = check(files, &Settings::default());
        let codes: Vec<_> = report.findings.iter().map(|one| one.rule.code).collect();
        (codes, report.files)
    };
    assert_eq!(codes(&files), (vec!["NK1001"], 1));
    files.push(Input::unreadable("some.env".to_owned()));
    assert_eq!(codes(&files), (Vec::new(), 1));
}
