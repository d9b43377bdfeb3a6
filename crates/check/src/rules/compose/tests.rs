//! What reaches a session on Docker, and what does not.

use crate::{Input, Settings, Severity, check};

/// A JobManager and a TaskManager with nothing wrong, further lines of the JobManager, and further services.
fn pair(master: &str, more: &str) -> String {
    format!(
        "services:\n  jobmanager:\n    image: flink:1.20.5\n    command: jobmanager\n    hostname: jobmanager\n{master}  taskmanager:\n    \
         image: flink:1.20.5\n    command: taskmanager\n    environment: {{JOB_MANAGER_RPC_ADDRESS: jobmanager}}\n{more}"
    )
}

#[track_caller]
fn finds(text: &str, expected: &[&str]) {
    let input = Input { name: "compose.yaml".to_owned(), text: text.to_owned() };
    let report = check(&[input], &Settings::default());
    let all = report.findings.iter().filter(|one| one.severity() != Severity::Note);
    let all: Vec<String> =
        all.map(|one| format!("{}:{}", one.rule.code, one.location.line.unwrap_or(0))).collect();
    assert_eq!(all, expected, "{text}");
}

#[test]
fn ports_at_which_nobody_listens() {
    let ports = |ports: &str| {
        format!("    environment: {{FLINK_PROPERTIES: \"rest.port: 9999\"}}\n    ports: {ports}\n")
    };
    finds(&pair(&ports("['127.0.0.1:8081:9999']"), ""), &[]);
    finds(&pair(&ports("['127.0.0.1:8081:8081']"), ""), &["NK1005:7"]);
    // Others may be those of an agent in the image.
    finds(&pair(&ports("['127.0.0.1:8081:8081', '127.0.0.1:9999:9999']"), ""), &[]);
    finds(&pair(&ports("['127.0.0.1:8081:8080']"), ""), &["NK1005:7"]);
    finds(&pair(&ports("['127.0.0.1:6123:6123', '127.0.0.1:6125:6125']"), ""), &[]);
    // What others call `flink` may listen anywhere, unless the files say where.
    let of = |image: &str, text: &str| text.replacen("image: flink:1.20.5", image, 1);
    let silent = pair("    ports: ['127.0.0.1:8081:8080']\n", "");
    finds(&silent, &["NK1005:6"]);
    finds(&of("image: registry.example.com/shop/flink:1.20.5", &silent), &[]);
    finds(&of("image: flink:1.20.5\n    build: .", &silent), &[]);
    let said = pair(&ports("['127.0.0.1:8081:8081']"), "");
    finds(&of("image: registry.example.com/shop/flink:1.20.5", &said), &["NK1005:7"]);
    let own = ports("['127.0.0.1:8081:8081']") + "    entrypoint: [/run.sh]\n";
    finds(&pair(&own, ""), &[]);
    let check = |port: u16| {
        format!(
            "    ports: ['127.0.0.1:8081:8081']\n    healthcheck: {{test: [CMD, curl, -f, 'http://localhost:{port}/overview']}}\n"
        )
    };
    let waits = "  other:\n    image: busybox\n    depends_on: {jobmanager: {condition: service_healthy}}\n";
    finds(&pair(&check(8082), waits), &["NK1005:7"]);
    finds(&pair(&check(8081), waits), &[]);
    // Nobody waits for it.
    finds(&pair(&check(8082), ""), &[]);
}

#[test]
fn clients_look_for_the_job_manager() {
    let client = |words: &str, name: &str| {
        format!("  client:\n    image: flink:1.20.5\n    {words}\n").replace("NAME", name)
    };
    for words in [
        "command: flink run -m NAME:8081 -d /jobs/a.jar",
        "command: [bin/sql-client.sh, -D, rest.address=NAME]",
        "command: sh -c 'sleep 9; flink run --jobmanager NAME:8081 /jobs/a.jar'",
        "command: bin/sql-client.sh\n    environment: {FLINK_PROPERTIES: \"rest.address: NAME\"}",
        "command: flink list\n    environment: {JOB_MANAGER_RPC_ADDRESS: NAME}",
    ] {
        finds(&pair("", &client(words, "jobmanager")), &[]);
        finds(&pair("", &client(words, "flink.example.com")), &[]);
        let line = if words.contains("environment") { 13 } else { 12 };
        finds(&pair("", &client(words, "jobmanger")), &[&format!("NK1006:{line}")]);
        finds(&pair("", &client(words, "localhost")), &[&format!("NK1006:{line}")]);
    }
    // Options of other programs and of the job, and words that do not name a service.
    for words in [
        "command: sh -c 'curl -m 5 jobmanager:8081; flink list -m jobmanager'",
        "command: sh -c 'mkdir -m 777 /x && python -m pip list && flink list -m jobmanager'",
        "command: flink run -d /jobs/a.jar -m prod",
        "command: flink run -m yarn-cluster /jobs/a.jar",
        "command: flink list -m shop-jobmanager-1:8081",
    ] {
        finds(&pair("", &client(words, "")), &[]);
    }
    for words in [
        "command: sh -c 'curl -m 5 jobmanager:8081; flink list -m jobmanger'",
        "command: flink run -C file:///b.jar -m jobmanger /jobs/a.jar",
        "command: flink list -m shop-jobmanger-1:8081",
    ] {
        finds(&pair("", &client(words, "")), &["NK1006:12"]);
    }
    // A network that another file makes has names of its own.
    let network = |external: &str| {
        client("networks: [default, shop]\n    command: flink list -m jobmanger", "")
            + &format!("networks: {{shop: {{external: {external}}}}}\n")
    };
    finds(&pair("", &network("true")), &[]);
    finds(&pair("", &network("false")), &["NK1006:13"]);
    let program = "  other:\n    image: acme/flink-tools:1\n    command: report --to jobmanger\n    environment: {JOB_MANAGER_RPC_ADDRESS: jobmanger}\n";
    finds(&pair("", program), &[]);
}

#[test]
fn directories_over_the_jars_of_flink() {
    let mount = |path: &str| format!("    volumes: ['{path}']\n");
    finds(&pair(&mount("./lib:/opt/flink/lib"), ""), &["NK1007:6"]);
    finds(&pair(&mount("./lib/a.jar:/opt/flink/lib/a.jar"), ""), &[]);
    finds(&pair(&mount("./flink-1.20.5/lib:/opt/flink/lib"), ""), &[]);
    finds(&pair(&mount("./flink-jars:/opt/flink/lib"), ""), &["NK1007:6"]);
    // Docker fills a new volume with what the image has there.
    let volume = pair(&mount("jars:/opt/flink/lib"), "volumes: {jars: {}}\n");
    finds(&volume, &[]);
}

#[test]
fn services_that_do_not_start_together() {
    let other = |profiles: &str| format!("  kafka:\n    image: apache/kafka:4.0.0\n{profiles}");
    finds(&pair("    depends_on: [kafka]\n", &other("")), &[]);
    finds(&pair("    depends_on: [kafka]\n", &other("    profiles: [in]\n")), &["NK1008:6"]);
    let optional = "    depends_on: {kafka: {condition: service_started, required: false}}\n";
    finds(&pair(optional, &other("    profiles: [in]\n")), &[]);
}
