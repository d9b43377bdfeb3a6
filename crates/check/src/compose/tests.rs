//! Compose files as sessions: what is found in them, and which services are one.

mod included;

use crate::{Input, Settings, check};

/// A JobManager and a TaskManager with nothing wrong, with further lines for each.
fn pair(master: &str, worker: &str) -> String {
    let service = |name: &str, more: &str| {
        let more: String = more.lines().map(|line| format!("    {line}\n")).collect();
        format!(
            "  {name}:\n    image: flink:1.20.5\n    command: {name}\n    environment:\n      JOB_MANAGER_RPC_ADDRESS: jobmanager\n{more}"
        )
    };
    format!("services:\n{}{}", service("jobmanager", master), service("taskmanager", worker))
}

fn inputs(files: &[(&str, &str)]) -> Vec<Input> {
    let input =
        |(name, text): &(&str, &str)| Input { name: (*name).to_owned(), text: (*text).to_owned() };
    files.iter().map(input).collect()
}

/// The codes that are found, with their lines.
fn told(files: &[(&str, &str)]) -> Vec<String> {
    let report = check(&inputs(files), &Settings::default());
    let line = |line: Option<u32>| line.unwrap_or(0);
    let mut told: Vec<String> = report
        .findings
        .iter()
        .map(|one| format!("{} {}:{}", one.rule.code, one.location.file, line(one.location.line)))
        .collect();
    told.sort();
    told
}

#[track_caller]
fn finds(files: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(told(files), expected);
}

#[track_caller]
fn sessions(files: &[(&str, &str)], expected: &[(&str, Option<&str>)]) {
    let report = check(&inputs(files), &Settings::default());
    let found: Vec<(String, Option<String>)> = report
        .sessions
        .iter()
        .map(|one| (one.title.clone(), one.flink.map(|flink| flink.to_string())))
        .collect();
    let found: Vec<(&str, Option<&str>)> =
        found.iter().map(|(title, flink)| (title.as_str(), flink.as_deref())).collect();
    assert_eq!(found, expected);
}

#[test]
fn versions_values_and_limits_are_looked_at() {
    let text = "\
services:
  jobmanager:
    image: flink:1.16.2
    command: jobmanager
    ports: ['127.0.0.1:8081:8081']
    environment:
    - |
      FLINK_PROPERTIES=
      jobmanager.rpc.address: jobmanager
      taskmanager.numberOfTaskSlots: abc
  taskmanager:
    image: flink:1.17.0
    command: taskmanager
    environment:
      FLINK_PROPERTIES: \"jobmanager.rpc.address: jobmanager\"
    deploy: {resources: {limits: {memory: 512M}}}
";
    finds(
        &[("docker-compose.yml", text)],
        &[
            "NK0103 docker-compose.yml:10",
            "NK0502 docker-compose.yml:16",
            "NK0702 docker-compose.yml:12",
        ],
    );
    let sane = text.replace("abc", "2");
    finds(
        &[("docker-compose.yml", &sane)],
        &["NK0502 docker-compose.yml:16", "NK0702 docker-compose.yml:12"],
    );
    let sane = sane.replace("1.17.0", "1.16.2").replace("512M", "2G");
    finds(&[("docker-compose.yml", &sane)], &[]);
    sessions(
        &[("docker-compose.yml", &sane)],
        &[("service jobmanager of docker-compose.yml", Some("1.16.2"))],
    );
}

#[test]
fn a_plain_pair_has_nothing_wrong() {
    finds(&[("compose.yaml", &pair("", ""))], &[]);
}

#[test]
fn the_names_of_files_do_not_matter_and_other_systems_do_not_either() {
    sessions(
        &[("flink.yml", &pair("", ""))],
        &[("service jobmanager of flink.yml", Some("1.20.5"))],
    );
    let kafka = "services:\n  kafka:\n    image: apache/kafka:4.0.0\n    depends_on: [zoo]\n";
    finds(&[("docker-compose.yml", kafka)], &[]);
    sessions(&[("docker-compose.yml", kafka)], &[]);
    let report = check(&inputs(&[("docker-compose.yml", kafka)]), &Settings::default());
    assert_eq!(report.foreign, ["docker-compose.yml"]);
}

#[test]
fn what_compose_merges_is_one_file() {
    let base = pair("", "").replace("1.20.5", "${FLINK:-1.19.1}");
    let over = "services:\n  taskmanager:\n    scale: 3\n    ports: ['6122:6122']\n";
    sessions(
        &[("d/compose.yaml", &base), ("d/.env", "FLINK=1.18.1 # ours\n")],
        &[("service jobmanager of d/compose.yaml", Some("1.18.1"))],
    );
    finds(
        &[("compose.yaml", &base), ("compose.override.yaml", over)],
        &["NK1002 compose.override.yaml:4"],
    );
    // What a further `-f` would bring is not merged.
    finds(&[("compose.yaml", &base), ("compose.scaled.yaml", over)], &[]);
    let extended = "\
services:
  jobmanager:
    extends: {file: common/flink.yml, service: flink}
    command: jobmanager
  taskmanager:
    extends: {file: common/flink.yml, service: flink}
    command: taskmanager
    environment:
    - TASK_MANAGER_NUMBER_OF_TASK_SLOTS=some
";
    let common = "services:\n  flink:\n    image: flink:2.0.0\n    environment:\n      JOB_MANAGER_RPC_ADDRESS: jobmanager\n";
    finds(&[("compose.yaml", extended), ("common/flink.yml", common)], &["NK0103 compose.yaml:9"]);
    let anchored = "\
x-flink: &flink
  image: flink:2.0.0
  environment: &vars {JOB_MANAGER_RPC_ADDRESS: jobmanager}
services:
  jobmanager: {<<: *flink, command: jobmanager}
  taskmanager:
    <<: *flink
    command: taskmanager
    environment:
      <<: *vars
      FLINK_PROPERTIES: \"taskmanager.numberOfTaskSlots: no\"
";
    finds(&[("compose.yaml", anchored)], &["NK0103 compose.yaml:11"]);
    let file = pair("env_file: flink.env", "");
    finds(
        &[("compose.yaml", &file), ("flink.env", "FLINK_PROPERTIES=rest.port: x\n")],
        &["NK0103 flink.env:1"],
    );
}

#[test]
fn configuration_that_is_mounted_is_read() {
    let conf = "jobmanager.memory.process.size: 1g\ntaskmanager.memory.process.size: x\n";
    let mount = "volumes: ['./conf/flink.yaml:/opt/flink/conf/flink-conf.yaml:ro']";
    finds(
        &[("compose.yaml", &pair(mount, "")), ("conf/flink.yaml", conf)],
        &["NK0103 conf/flink.yaml:2", "NK0117 conf/flink.yaml:1"],
    );
    let directory = "volumes: [{type: bind, source: ./conf, target: /opt/flink/conf}]";
    let files = [("compose.yaml", &*pair(directory, "")), ("conf/flink-conf.yaml", conf)];
    finds(
        &files,
        &[
            "NK0103 conf/flink-conf.yaml:2",
            "NK0117 conf/flink-conf.yaml:1",
            "NK0605 compose.yaml:7",
        ],
    );
    sessions(&files, &[("service jobmanager of compose.yaml", Some("1.20.5"))]);
    let content = "configs: [{source: flink, target: /opt/flink/conf/config.yaml}]";
    let text = pair(content, "")
        + "configs:\n  flink:\n    content: |\n      parallelism:\n        default: x\n      jobmanager.memory.process.size: 1g\n";
    let found = told(&[("compose.yaml", &text)]);
    assert!(found.contains(&"NK0103 compose.yaml:17".to_owned()), "{found:?}");
}

#[test]
fn several_sessions_in_one_file() {
    let two = "\
services:
  a: {image: 'flink:1.20.5', command: jobmanager, environment: [JOB_MANAGER_RPC_ADDRESS=a]}
  b: {image: 'flink:1.19.1', command: jobmanager, environment: [JOB_MANAGER_RPC_ADDRESS=b]}
  a-worker: {image: 'flink:1.20.5', command: taskmanager, environment: [JOB_MANAGER_RPC_ADDRESS=a]}
  b-worker: {image: 'flink:1.19.1', command: taskmanager, environment: [JOB_MANAGER_RPC_ADDRESS=b]}
";
    sessions(
        &[("compose.yaml", two)],
        &[
            ("service a of compose.yaml", Some("1.20.5")),
            ("service b of compose.yaml", Some("1.19.1")),
        ],
    );
    finds(&[("compose.yaml", two)], &[]);
    // Beside manifests it is a session of its own.
    let manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: jm}\nspec:\n  template:\n    spec:\n      containers: [{name: jm, image: 'flink:1.19.1', args: [jobmanager]}]\n";
    sessions(
        &[("compose.yaml", &pair("", "")), ("k8s/jm.yaml", manifest)],
        &[
            ("Deployment jm", Some("1.19.1")),
            ("service jobmanager of compose.yaml", Some("1.20.5")),
        ],
    );
}

#[test]
fn addresses_between_containers() {
    let with = |master: &str, worker: &str| {
        let service = |name: &str, more: &str| {
            format!("  {name}:\n    image: flink:1.20.5\n    command: {name}\n    {more}\n")
        };
        format!("services:\n{}{}", service("jobmanager", master), service("taskmanager", worker))
    };
    let told_to = |host: &str| format!("environment: [JOB_MANAGER_RPC_ADDRESS={host}]");
    let check = |text: &str, expected: &[&str]| finds(&[("compose.yaml", text)], expected);
    check(&with(&told_to("jobmanager"), ""), &["NK0414 compose.yaml:6"]);
    check(&with("", &told_to("jobmanager")), &["NK0405 compose.yaml:9"]);
    check(&with("hostname: jobmanager", &told_to("jobmanager")), &[]);
    check(&with(&told_to("jobmanager"), &told_to("localhost")), &["NK0405 compose.yaml:9"]);
    check(&with(&told_to("jobmanager"), &told_to("jobmanger")), &["NK0405 compose.yaml:9"]);
    check(&with(&told_to("jobmanager"), &told_to("jm.example.com")), &[]);
    check(&with("network_mode: host", "network_mode: host"), &[]);
}

#[test]
fn state_that_containers_do_not_share() {
    let dir = "FLINK_PROPERTIES: 'state.checkpoints.dir: file:///state/c'";
    let both = |master: &str, worker: &str| {
        let text = pair(&format!("  {dir}\n{master}"), worker);
        text + "volumes: {state: {}, other: {}}\n"
    };
    let state = "volumes: ['state:/state']";
    let found = |files: &[(&str, &str)]| told(files).iter().any(|one| one.starts_with("NK0208"));
    assert!(found(&[("compose.yaml", &both("", ""))]));
    assert!(found(&[("compose.yaml", &both(state, ""))]));
    assert!(found(&[("compose.yaml", &both(state, "volumes: ['other:/state']"))]));
    assert!(!found(&[("compose.yaml", &both(state, state))]));
}

#[test]
fn the_rest_api_on_all_addresses() {
    let text = pair("ports: ['8081:8081']", "");
    let report = check(&inputs(&[("compose.yaml", &text)]), &Settings::default());
    let finding = &report.findings[0];
    assert_eq!((finding.rule.code, finding.location.line), ("NK0904", Some(7)));
    let patch = finding.patch.as_ref().unwrap();
    assert_eq!(patch.insert, ["    ports: ['127.0.0.1:8081:8081']"]);
    finds(&[("compose.yaml", &pair("ports: ['8081']", ""))], &["NK0904 compose.yaml:7"]);
    finds(&[("compose.yaml", &pair("ports: ['127.0.0.1:8081:8081']", ""))], &[]);
}

#[test]
fn what_compose_refuses_is_told_where_no_other_file_may_have_it() {
    let text = pair("depends_on: [zoo]\nvolumes: ['state:/state']", "");
    finds(&[("compose.yaml", &text)], &["NK1001 compose.yaml:7", "NK1001 compose.yaml:8"]);
    let other = "services:\n  zoo:\n    image: zookeeper:3.9\n";
    finds(&[("compose.yaml", &text), ("compose.zoo.yaml", other)], &[]);
    let broken = "services:\n  jobmanager:\n    image: [flink\n";
    finds(&[("compose.yaml", broken)], &["NK0001 compose.yaml:3"]);
}

#[test]
fn files_of_variables_that_are_not_there() {
    let file = |path: &str| pair(&format!("env_file: {path}"), "");
    finds(&[("compose.yaml", &file("my.env"))], &["NK1001 compose.yaml:7"]);
    finds(&[("compose.yaml", &file("my.env")), ("my.env", "A=b\n")], &[]);
    // Everybody writes one.
    finds(&[("compose.yaml", &file(".env")), (".env.example", "A=b\n")], &[]);
    finds(&[("d/compose.yaml", &file("my.env")), ("d/my.sample.env", "A=b\n")], &[]);
    finds(&[("d/compose.yaml", &file("e/.env")), ("d/e/example.env", "A=b\n")], &[]);
    finds(&[("compose.yaml", &file("/etc/my.env"))], &[]);
    finds(&[("compose.yaml", &file("~/my.env"))], &[]);
    finds(&[("/srv/flink/compose.yaml", &file("~/my.env"))], &[]);
    finds(&[("/srv/flink/compose.yaml", &file("my.env"))], &["NK1001 /srv/flink/compose.yaml:7"]);
    // Where a file from elsewhere lies is not known.
    finds(&[("/dev/stdin", &file("my.env"))], &[]);
}

/// Compose reads no more than the words of a service that no profile starts.
#[test]
fn services_that_no_profile_starts() {
    let broken = |profiles: &str| {
        let more = "    env_file: my.env\n    volumes: ['state:/state']\n    networks: [shop]\n    depends_on: [zoo]\n";
        pair("", "") + &format!("  tool:\n    image: busybox\n{more}{profiles}")
    };
    finds(&[("compose.yaml", &broken("    profiles: [tools]\n"))], &[]);
    let told = ["14", "15", "16", "17"].map(|line| format!("NK1001 compose.yaml:{line}"));
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    finds(&[("compose.yaml", &broken(""))], &told);
    let on = (".env", "COMPOSE_PROFILES=tools\n");
    finds(&[("compose.yaml", &broken("    profiles: [tools]\n")), on], &told);
    // The words themselves it reads.
    let word = broken("    profiles: [tools]\n    prots: ['1:1']\n");
    finds(&[("compose.yaml", &word)], &["NK1001 compose.yaml:19"]);
}

#[test]
fn a_compose_file_without_a_name() {
    let flow = "services:\n  jobmanager: {image: flink:1.18.1, command: jobmanager}\n  taskmanager: {image: flink:1.18.1, command: taskmanager}\n";
    finds(&[("/dev/stdin", flow)], &["NK0414 /dev/stdin:3"]);
    finds(
        &[("compose.yaml", &flow.replace("taskmanager}\n", "taskmanager\n"))],
        &["NK0001 compose.yaml:3"],
    );
}

#[test]
fn tags_and_lists_of_an_override() {
    let base = pair("ports: ['8081:8081', '9249:9249']\nvolumes: ['./a:/a']", "scale: 2");
    let over = "services:\n  jobmanager:\n    ports: !override ['127.0.0.1:8081:8081']\n    volumes: ['./b:/a']\n  taskmanager:\n    scale: !reset null\n    container_name: tm\n";
    finds(&[("compose.yaml", &base)], &["NK0904 compose.yaml:7"]);
    finds(&[("compose.yaml", &base), ("compose.override.yml", over)], &[]);
    let more = over.replace("!override ", "").replace("!reset null", "3");
    finds(
        &[("compose.yaml", &base), ("compose.override.yml", &more)],
        &[
            "NK0904 compose.yaml:7",
            "NK1001 compose.override.yml:7",
            "NK1002 compose.override.yml:3",
        ],
    );
    // Of a file that Compose does not look for, and of what `.env` lists.
    let flink = [("flink.yaml", &*base), ("flink.override.yaml", over)];
    finds(&flink, &["NK0904 flink.yaml:7"]);
    let report = check(&inputs(&flink), &Settings::default());
    assert!(report.skipped[0].reason.contains("-f flink.yaml -f flink.override.yaml config"));
    let listed = ("COMPOSE_FILE", "COMPOSE_FILE=flink.yaml:flink.override.yaml\n");
    finds(&[flink[0], flink[1], (".env", listed.1)], &[]);
}

#[test]
fn what_compose_refuses_in_a_service() {
    let one = |more: &str| pair("", more);
    let check = |text: &str, expected: &[&str]| finds(&[("compose.yaml", text)], expected);
    check(&one("container_name: tm\ndeploy: {replicas: 2}"), &["NK1001 compose.yaml:12"]);
    check(&one("extends: {service: a}"), &["NK1001 compose.yaml:12"]);
    let circle = "  a: {image: x, extends: b}\n  b: {image: x, extends: {service: a}}\n";
    check(&(one("") + circle), &["NK1001 compose.yaml:12", "NK1001 compose.yaml:13"]);
    // The first one only needs the circle.
    let needing = |end: &str| {
        format!(
            "  w: {{image: x, depends_on: [a]}}\n  a: {{image: x, depends_on: [b]}}\n  b: {{image: x{end}}}\n"
        )
    };
    check(
        &(one("") + &needing(", depends_on: {c: {}, a: {}}")),
        &["NK1001 compose.yaml:13", "NK1001 compose.yaml:14"],
    );
    check(&(one("") + &needing(", depends_on: [a]")), &["NK1001 compose.yaml:13"]);
    check(&(one("") + &needing("")), &[]);
    check(&one("networks: [some]"), &["NK0405 compose.yaml:7", "NK1001 compose.yaml:12"]);
    check(&one("network_mode: host\nnetworks: [default]"), &["NK1001 compose.yaml:12"]);
    check(&one("enviroment: {A: b}"), &["NK1001 compose.yaml:12"]);
    check(&one("ports: ['80801:8081']"), &["NK1001 compose.yaml:12"]);
    check(&one("tty: true\ntty: false"), &["NK1001 compose.yaml:13"]);
    check(&(one("") + "  other: {command: x}\n"), &["NK1001 compose.yaml:12"]);
    check(&(one("gpus: all\nx-any: y\ncap_add: [ALL]") + "x-more: z\n"), &[]);
}

#[test]
fn networks_of_the_roles() {
    let with = |master: &str, worker: &str| {
        let text = pair(&format!("networks: {master}"), &format!("networks: {worker}"));
        text + "networks: {a: {}, b: {}, c: {name: a}}\n"
    };
    finds(&[("compose.yaml", &with("[a]", "[b]"))], &["NK0405 compose.yaml:8"]);
    finds(&[("compose.yaml", &with("[a]", "{b: {}, a: {}}"))], &[]);
    finds(&[("compose.yaml", &with("[a]", "[c]"))], &[]);
}

#[test]
fn addresses_of_a_single_machine() {
    let told_to = |line: &str| format!("  FLINK_PROPERTIES: '{line}'");
    let check = |master: &str, worker: &str, expected: &[&str]| {
        finds(&[("compose.yaml", &pair(master, worker))], expected);
    };
    check(&told_to("jobmanager.bind-host: localhost"), "", &["NK0417 compose.yaml:7"]);
    let rest = told_to("rest.bind-address: localhost");
    check(&rest, "", &[]);
    check(&(rest + "\nports: ['127.0.0.1:8081:8081']"), "", &["NK0417 compose.yaml:7"]);
    let host = told_to("taskmanager.host: taskmanager");
    check("", &host, &[]);
    check("", &(host + "\nscale: 2"), &["NK0418 compose.yaml:12"]);
}

#[test]
fn images_of_others() {
    let bitnami = "\
services:
  jm: {image: 'bitnami/flink:1.19.1', environment: [FLINK_MODE=jobmanager]}
  tm:
    image: bitnami/flink:1.18.1
    environment: [FLINK_MODE=taskmanager, FLINK_JOB_MANAGER_RPC_ADDRESS=jm]
";
    finds(&[("compose.yaml", bitnami)], &["NK0702 compose.yaml:4"]);
    let unclear = "services:\n  a: {image: 'acme/flink:1.19.1', command: [./start.sh]}\n";
    let report = check(&inputs(&[("compose.yaml", unclear)]), &Settings::default());
    assert!(report.skipped[0].reason.starts_with("nothing says whether service a"));
}

#[test]
fn images_that_are_built() {
    let text = pair("", "").replace(
        "image: flink:1.20.5",
        "image: acme/jobs\n    build: {context: docker, args: {FLINK: 1.18.1}, target: flink}",
    );
    let file =
        "ARG FLINK=1.20.1\nFROM flink:${FLINK}-java11 AS flink\nFROM flink:1.17.2 AS other\n";
    let named = [("compose.yaml", &*text), ("docker/Dockerfile", file)];
    sessions(&named, &[("service jobmanager of compose.yaml", Some("1.18.1"))]);
    let plain = text.replace(", args: {FLINK: 1.18.1}", "");
    sessions(
        &[("compose.yaml", &*plain), named[1]],
        &[("service jobmanager of compose.yaml", Some("1.20.1"))],
    );
}

#[test]
fn ports_that_do_not_meet() {
    let udp = pair("ports: ['127.0.0.1:8081:8081']", "ports: ['127.0.0.1:8081:80/udp']");
    finds(&[("compose.yaml", &udp)], &[]);
    let rpc = "  FLINK_PROPERTIES: 'jobmanager.rpc.port: 6999'";
    finds(&[("compose.yaml", &pair("", rpc))], &["NK0405 compose.yaml:12"]);
    finds(&[("compose.yaml", &pair(rpc, rpc))], &[]);
}

#[test]
fn the_file_that_a_release_reads_counts() {
    let mount = "volumes: ['./a.yaml:/opt/flink/conf/flink-conf.yaml', './b.yaml:/opt/flink/conf/config.yaml']";
    let old = "jobmanager.memory.process.size: 1g\ntaskmanager.memory.process.size: 2g\n";
    let files =
        [("compose.yaml", &*pair(mount, mount)), ("a.yaml", old), ("b.yaml", "x: {y: z}\n")];
    let told_of = told(&files);
    assert!(!told_of.iter().any(|one| one.starts_with("NK0501")), "{told_of:?}");
    let dead = pair(mount, mount).replace("1.20.5", "2.0.0");
    let told_of = told(&[("compose.yaml", &dead), files[1]]);
    assert!(told_of.iter().any(|one| one.starts_with("NK0107")), "{told_of:?}");
}

#[test]
fn amounts_that_compose_refuses() {
    let check =
        |more: &str| finds(&[("compose.yaml", &pair("", more))], &["NK1001 compose.yaml:12"]);
    check("scale: 3\ndeploy: {replicas: 2}");
    check("deploy: {replicas: two}");
    check("mem_limit: lots");
    check("mem_limit: 3g\ndeploy: {resources: {limits: {memory: 2g}}}");
}
