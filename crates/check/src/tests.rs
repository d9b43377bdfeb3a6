//! Every code with its two examples, and the promises of the table.

use super::{Input, Settings, Severity, check, codes};

fn inputs(files: &[(&str, &str)]) -> Vec<Input> {
    let input =
        |(name, text): &(&str, &str)| Input { name: (*name).to_owned(), text: (*text).to_owned() };
    files.iter().map(input).collect()
}

fn told(files: &[(&str, &str)]) -> (Vec<&'static str>, String) {
    let report = check(&inputs(files), &Settings::default());
    let text = report.findings.iter().map(|finding| {
        format!(
            "{} {}: {}\n  | {}\n",
            finding.rule.code, finding.location, finding.message, finding.quote
        )
    });
    let text = text.collect();
    let open = report.findings.iter().filter(|finding| finding.silenced.is_none());
    (open.map(|finding| finding.rule.code).collect(), text)
}

#[test]
fn each_code_finds_its_bad_example_and_not_its_good_one() {
    let mut faults = String::new();
    for rule in codes::all() {
        assert!(!rule.bad().is_empty() && !rule.good().is_empty(), "{} has no examples", rule.code);
        let (found, text) = told(&rule.bad());
        if !found.contains(&rule.code) {
            faults.push_str(&format!("{} misses its bad example; found:\n{text}\n", rule.code));
        }
        // A defect has one name: the bad example shows nothing else that is as bad.
        let others: Vec<_> = found.iter().filter(|code| **code != rule.code).collect();
        let is_error =
            |code: &&&str| codes::find(code).is_some_and(|r| r.severity == Severity::Error);
        if others.iter().any(is_error) {
            faults.push_str(&format!("{}'s bad example has other errors:\n{text}\n", rule.code));
        }
        let (found, text) = told(&rule.good());
        if found.contains(&rule.code) {
            faults.push_str(&format!("{} alarms at its good example:\n{text}\n", rule.code));
        }
        if found.iter().any(|code| is_error(&code)) {
            faults.push_str(&format!("{}'s good example has errors:\n{text}\n", rule.code));
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn the_table_keeps_its_promises() {
    let codes: Vec<&str> = codes::all().map(|rule| rule.code).collect();
    assert!(codes.is_sorted() && codes.windows(2).all(|two| two[0] != two[1]), "{codes:?}");
    for rule in codes::all() {
        let title = rule.title;
        assert!(!title.ends_with('.') && !rule.theme().is_empty(), "{}", rule.code);
        assert!(rule.happens.ends_with('.') && rule.cure.ends_with('.'), "{}", rule.code);
        assert_eq!(codes::find(&rule.code.to_lowercase()), Some(rule));
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test looks at the committed pages")]
fn the_pages_are_those_of_the_table() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks");
    let pages = super::page::pages();
    for (name, text) in &pages {
        nutkin_testkit::check_golden(&directory.join(name), text);
    }
    let mut strays = Vec::new();
    for entry in std::fs::read_dir(&directory).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        // Those of what runs are held by a test of the crate that finds it.
        let is_of_running = name.starts_with(codes::RUNNING) || name == "running.md";
        if !is_of_running && !pages.iter().any(|(known, _)| *known == name) {
            strays.push(name);
        }
    }
    assert!(strays.is_empty(), "pages of no code: {strays:?}");
}

/// Whole sessions with nothing wrong: what a corrected file looks like.
#[test]
fn correct_files_raise_no_alarm() {
    const SYSTEMS: &[&[(&str, &str)]] = &[
        &[("session.yaml", include_str!("../fixtures/check/standalone/session.yaml"))],
        &[
            ("session.yaml", include_str!("../fixtures/check/kubernetes-ha/session.yaml")),
            ("access.yaml", include_str!("../fixtures/check/kubernetes-ha/access.yaml")),
        ],
        &[
            ("conf/config.yaml", include_str!("../fixtures/check/machine/conf/config.yaml")),
            ("conf/masters", include_str!("../fixtures/check/machine/conf/masters")),
            ("conf/workers", include_str!("../fixtures/check/machine/conf/workers")),
            (
                "conf/log4j-console.properties",
                include_str!("../fixtures/check/machine/conf/log4j-console.properties"),
            ),
        ],
    ];
    for files in SYSTEMS {
        let (found, text) = told(files);
        assert!(found.is_empty(), "{text}");
        assert_eq!(check(&inputs(files), &Settings::default()).sessions.len(), 1, "one session");
    }
}

/// Codes that a text of one file leads to, beside a configuration for that Flink.
#[track_caller]
fn finds(name: &str, text: &str, flink: &str, expected: &[(&str, u32)]) {
    let files = inputs(&[("conf/config.yaml", "parallelism: {default: 2}\n"), (name, text)]);
    let settings = Settings { flink: flink.parse().ok(), ..Settings::default() };
    let report = check(&files, &settings);
    let found: Vec<(&str, u32)> = report
        .findings
        .iter()
        .filter(|finding| finding.location.file == name)
        .map(|finding| (finding.rule.code, finding.location.line.unwrap_or_default()))
        .collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn logback_files() {
    let file = "<configuration>\n  <appender name=\"console\" class=\"ch.qos.logback.core.ConsoleAppender\">\n    \
                <encoder><pattern>%d %m%n</pattern></encoder>\n  </appender>\n  <!-- <appender-ref ref=\"old\"/> -->\n  \
                <logger name=\"akka\" level=\"INFO\"/>\n  <logger name=\"org.apache.kafka\" level=\"OFF%\"/>\n  \
                <root level=\"${LEVEL:-INFO}\">\n    <appender-ref ref=\"console\"/>\n    <appender-ref ref=\"file\"/>\n  \
                </root>\n</configuration>\n";
    let name = "conf/logback-console.xml";
    let both = [("NK0801", 7), ("NK0803", 10)];
    finds(name, file, "2.3.0", &[&[("NK0802", 6)], &both[..]].concat());
    finds(name, file, "1.20.5", &[&[("NK0802", 6)], &both[..]].concat());
    let older = file.replace("name=\"akka\"", "name=\"org.apache.pekko\"");
    finds(name, &older, "1.17.2", &[&[("NK0802", 6)], &both[..]].concat());
    finds(
        name,
        &file
            .replace("OFF%", "OFF")
            .replace("\"file\"", "\"console\"")
            .replace("akka", "org.apache.pekko"),
        "2.3.0",
        &[],
    );
}

/// The account of a session against what its release needs.
#[test]
fn rights_of_sessions() {
    let good = codes::find("NK0309").unwrap().good()[0].1;
    let told = |text: &str| told(&[("session.yaml", text)]).0;
    assert!(told(good).is_empty());
    assert_eq!(
        told(
            &good
                .replace("  taskManager:\n", "  mode: standalone\n  taskManager:\n")
                .replace("create, delete", "create")
        ),
        [""; 0]
    );
    let ha = good.replace(
        "    taskmanager.numberOfTaskSlots",
        "    high-availability.type: kubernetes\n    high-availability.storageDir: s3://state/ha\n    taskmanager.numberOfTaskSlots",
    );
    assert!(told(&ha).contains(&"NK0309"), "configmaps");
    assert_eq!(told(&good.replace("delete]\n- apiGroups", "get]\n- apiGroups")), ["NK0309"]);
    assert_eq!(told(&good.replace("resources: [deployments]", "resources: [\"*\"]")), [""; 0]);
}

/// A JobManager and a TaskManager of the image's own configuration, and the Service between them.
const BY_VARIABLES: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: jm}
spec:
  replicas: 1
  selector: {matchLabels: {app: jm}}
  template:
    metadata: {labels: {app: jm}}
    spec:
      containers:
      - name: jm
        image: flink:1.16.3-scala_2.12-java11
        args: ["jobmanager"]
        env:
        - {name: JOB_MANAGER_RPC_ADDRESS, value: jm}
        - {name: FLINK_PROPERTIES, value: "jobmanager.memory.process.size: 1600m"}
        resources: {requests: {cpu: 500m, memory: 1600Mi}, limits: {memory: 1600Mi}}
        livenessProbe: {tcpSocket: {port: 6124}}
---
apiVersion: v1
kind: Service
metadata: {name: jm}
spec:
  selector: {app: jm}
  ports:
  - {name: rpc, port: 6123}
  - {name: blob, port: 6124}
  - {name: ui, port: 8081}
"#;

/// Two JobManagers with ZooKeeper, a port of their own, and a Service for the names of their pods.
const PORT_OF_LEADERS: &str = r"
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data:
  flink-conf.yaml: |
    high-availability.type: zookeeper
    high-availability.zookeeper.quorum: zk:2181
    high-availability.cluster-id: /st
    high-availability.storageDir: hdfs:///flink/ha
    high-availability.jobmanager.port: 50010
    blob.server.port: 6124
    jobmanager.memory.process.size: 2g
  log4j-console.properties: |
    rootLogger.level = INFO
    rootLogger.appenderRef.console.ref = C
    appender.console.name = C
    appender.console.type = CONSOLE
    appender.console.layout.type = PatternLayout
    appender.console.layout.pattern = %d %p %c - %m%n
---
apiVersion: v1
kind: Service
metadata: {name: jm}
spec:
  clusterIP: None
  selector: {app: jm}
  ports: [{name: rest, port: 8081}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: jm}
spec:
  serviceName: jm
  replicas: 2
  selector: {matchLabels: {app: jm}}
  template:
    metadata: {labels: {app: jm}}
    spec:
      containers:
      - name: jm
        image: registry.example.com/flink:1.17.2
        args: [jobmanager]
        ports: [{containerPort: 50010, name: rpc}, {containerPort: 8081, name: rest}]
        livenessProbe: {tcpSocket: {port: rpc}}
        resources: {requests: {cpu: 1, memory: 2Gi}, limits: {memory: 2Gi}}
        volumeMounts: [{name: conf, mountPath: /opt/flink/conf}]
      volumes: [{name: conf, configMap: {name: conf}}]
";

#[test]
fn ports_that_somebody_listens_on_are_no_defect() {
    for text in [BY_VARIABLES, PORT_OF_LEADERS] {
        let (found, told) = told(&[("all.yaml", text)]);
        assert!(!found.iter().any(|code| code.starts_with("NK04")), "{told}");
    }
}

#[track_caller]
fn check_codes(files: &[(&str, &str)], expected: &[&str]) {
    let (found, told) = told(files);
    assert_eq!(found, expected, "{told}");
}

#[test]
fn a_byte_order_mark_is_a_letter_of_the_first_key_for_the_old_parser_only() {
    let slots = "\u{feff}taskmanager.numberOfTaskSlots: 2\n";
    check_codes(&[("flink-conf.yaml", slots)], &["NK0007", "NK0101"]);
    check_codes(&[("config.yaml", slots)], &[]);
}

#[test]
fn a_value_in_a_map_on_one_line_is_no_number_that_was_made_of_a_text() {
    check_codes(
        &[("config.yaml", "pipeline: {name: 7}\njobmanager: {rpc: {address: 10.0.0.7}}\n")],
        &[],
    );
    check_codes(&[("config.yaml", "pipeline.name: 007\n")], &["NK0116"]);
}

#[test]
fn the_configuration_of_another_program_is_not_flinks() {
    check_codes(&[("config.yaml", "server: {port: 80}\nlogging: {level: debug}\n")], &[]);
    let report = check(
        &inputs(&[("a.yaml", "a: [1\nb: 2\n"), ("b.yaml", "apiVersion: [")]),
        &Settings::default(),
    );
    assert_eq!(report.foreign, ["a.yaml"]);
}

/// A session file that the planner refuses is wrong where the user calls it a session file, and what another tool may run
/// where not.
#[test]
fn session_files_are_judged_as_up_judges_them() {
    let text = "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {name: orders}\nspec:\n  flinkVersion: v1_20\n  \
                mode: standalone\n  flinkConfiguration:\n    execution.checkpointing.dir: file:///tmp/checkpoints\n";
    let errors = |text: &str, session_files: &[&str]| -> Vec<String> {
        let session_files = session_files.iter().map(|name| (*name).to_owned()).collect();
        let settings = Settings { session_files, ..Settings::default() };
        let found = check(&inputs(&[("session.yaml", text)]), &settings).findings.into_iter();
        let errors = found.filter(|finding| finding.severity() == Severity::Error);
        errors.map(|one| format!("{} {}", one.rule.code, one.location)).collect()
    };
    assert_eq!(errors(text, &["session.yaml"]), ["NK0005 session.yaml:8:5"]);
    assert_eq!(errors(text, &[]), [""; 0]);
    assert_eq!(errors(text, &["other.yaml"]), [""; 0]);
    let shared = text.replace("    execution", "    nutkin.claim.state.path: /tmp\n    execution");
    assert_eq!(errors(&shared, &["session.yaml"]), [""; 0]);
    // On Docker and on this machine memory has to add up as well.
    let local = text.replace("  mode: standalone\n", "").replace(
        "execution.checkpointing.dir: file:///tmp/checkpoints",
        "taskmanager.memory.process.size: 64m",
    );
    assert_eq!(errors(&local, &["session.yaml"]), ["NK0005 session.yaml:7:5"]);
    assert_eq!(errors(&local.replace("64m", "2g"), &["session.yaml"]), [""; 0]);
}

/// `up` starts a session whose leaders keep their files on a node, and warns: `check` of the same file does not call it an error.
#[test]
fn storage_on_a_node_is_a_warning_as_it_is_for_up() {
    #[track_caller]
    fn judged(volume: &str, expected: Severity) {
        let text = format!(
            "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: orders}}\nspec:\n  flinkVersion: v1_20\n  \
             mode: standalone\n  flinkConfiguration:\n    high-availability.type: kubernetes\n    \
             high-availability.storageDir: file:///flink/ha\n  podTemplate:\n    spec:\n      containers:\n      \
             - {{name: flink-main-container, volumeMounts: [{{name: v, mountPath: /flink}}]}}\n      volumes:\n      \
             - {{name: v, {volume}}}\n"
        );
        let report = check(&inputs(&[("session.yaml", &text)]), &Settings::default());
        let found = report.findings.iter().filter(|one| one.rule.code == "NK0201");
        let found: Vec<Severity> = found.map(super::Finding::severity).collect();
        assert_eq!(found, [expected], "{volume}");
    }
    judged("hostPath: {path: /data}", Severity::Warning);
    // The control: it goes with the pod.
    judged("emptyDir: {}", Severity::Error);
}

/// A Deployment of one role. `more`: further fields of its container, in the notation of a map.
fn deployment(role: &str, memory: &str, more: &str, volumes: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {role}}}\nspec:\n  replicas: 1\n  \
         selector: {{matchLabels: {{part: {role}}}}}\n  template:\n    metadata: {{labels: {{part: {role}}}}}\n    \
         spec:\n      volumes: [{volumes}]\n      containers:\n      - {{name: flink, image: 'flink:1.18.1', \
         resources: {{requests: {{cpu: 1, memory: {memory}}}, limits: {{memory: {memory}}}}}, {more}}}\n---\n"
    )
}

/// What both roles need to find each other.
const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: jobmanager}\nspec:\n  selector: {part: jobmanager}\n  \
                       ports: [{name: rpc, port: 6123}, {name: blob, port: 6124}, {name: ui, port: 8081}]\n---\n";

#[test]
fn a_workload_is_judged_by_its_own_configuration() {
    // Each role mounts a file of its own, in which the other one's sizes are not looked after.
    let mount = "volumeMounts: [{name: c, mountPath: /opt/flink/conf/flink-conf.yaml, subPath: flink-conf.yaml}]";
    let map = |role: &str, size: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: of-{role}}}\ndata:\n  flink-conf.yaml: |\n    \
             jobmanager.rpc.address: jobmanager\n    blob.server.port: 6124\n    jobmanager.memory.process.size: 1600m\n    \
             taskmanager.memory.process.size: {size}\n---\n"
        )
    };
    let role = |role: &str, memory: &str| {
        let volume = format!("{{name: c, configMap: {{name: of-{role}}}}}");
        deployment(role, memory, &format!("args: [{role}], {mount}"), &volume)
    };
    let both = role("taskmanager", "2Gi") + &role("jobmanager", "1600Mi") + SERVICE;
    let system = |of_workers: &str, of_leader: &str| {
        both.clone() + &map("taskmanager", of_workers) + &map("jobmanager", of_leader)
    };
    check_codes(&[("a.yaml", &system("2g", "8g"))], &["NK0117", "NK0117"]);
    // The control: the TaskManagers' own file asks for more than their limit.
    check_codes(&[("a.yaml", &system("8g", "2g"))], &["NK0502", "NK0117", "NK0117"]);
}

#[test]
fn a_variable_in_a_value_is_not_judged() {
    let with = |env: &str, args: &str| {
        let address = "{name: JOB_MANAGER_RPC_ADDRESS, value: jobmanager}";
        let leader = format!("args: [jobmanager], env: [{address}]");
        let workers = format!("{args}, env: [{address}, {env}]");
        deployment("jobmanager", "2Gi", &leader, "")
            + &deployment("taskmanager", "2Gi", &workers, "")
            + SERVICE
    };
    let shell = |slots: &str| {
        let exec = "exec /docker-entrypoint.sh taskmanager -Dtaskmanager.numberOfTaskSlots=";
        with("{name: SLOTS, value: '6'}", &format!("command: [sh, -c], args: ['{exec}{slots}']"))
    };
    check_codes(&[("a.yaml", &shell("$SLOTS"))], &[]);
    check_codes(&[("a.yaml", &shell("six"))], &["NK0103"]);
    let properties = |size: &str| {
        let size = format!("taskmanager.memory.process.size: {size}");
        with(
            &format!("{{name: MEM, value: 2g}}, {{name: FLINK_PROPERTIES, value: '{size}'}}"),
            "args: [taskmanager]",
        )
    };
    check_codes(&[("a.yaml", &properties("$(MEM)"))], &[]);
    check_codes(&[("a.yaml", &properties("3g"))], &["NK0502"]);
}

/// A JobManager and TaskManagers with nothing wrong. `args`: of the TaskManagers; `volumes`: those of their pods.
fn pair(args: &str, volumes: &str) -> String {
    let address = "env: [{name: JOB_MANAGER_RPC_ADDRESS, value: jobmanager}]";
    deployment("jobmanager", "2Gi", &format!("args: [jobmanager], {address}"), "")
        + &deployment("taskmanager", "2Gi", &format!("args: {args}, {address}"), volumes)
        + SERVICE
}

#[test]
fn kinds_of_the_core() {
    let beside = |kind: &str| {
        let object = format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: beside}}\n");
        pair("[taskmanager]", "") + &object
    };
    let long = "Pod".repeat(40_000);
    for kind in ["Node", "Event", "Binding", "PodTemplate", "ReplicationController", "Role", &long]
    {
        check_codes(&[("a.yaml", &beside(kind))], &[]);
    }
    for kind in ["Nod", "Evnt", "Job"] {
        check_codes(&[("a.yaml", &beside(kind))], &["NK0618"]);
    }
}

#[test]
fn arguments_that_are_filled_in() {
    check_codes(&[("a.yaml", &pair("'${ARGS}'", ""))], &[]);
    check_codes(&[("a.yaml", &pair("taskmanager", ""))], &["NK0618"]);
}

#[test]
fn names_with_a_slip() {
    let scaled = |target: &str| {
        let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: beside}\nspec: ";
        let target = format!("{{scaleTargetRef: {{kind: Deployment, name: {target}}}}}\n");
        pair("[taskmanager]", "") + &deployment("tm", "1Gi", "", "") + scaler + &target
    };
    for target in ["ui", "tasks", &"t".repeat(100_000)] {
        check_codes(&[("a.yaml", &scaled(target))], &[]);
    }
    check_codes(&[("a.yaml", &scaled("taskmanger"))], &["NK0619"]);
    let mounted = |kind: &str, path: &str| {
        let claim =
            |name: &str| format!("{{name: c, persistentVolumeClaim: {{claimName: {name}}}}}");
        let claims = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: cups}\n---\n";
        let inside =
            path.split('/').rev().fold(format!("{{volumes: [{}]}}", claim("cups")), |all, key| {
                format!("{{{key}: {all}}}")
            });
        let other = format!("kind: {kind}\nmetadata: {{name: beside}}\nspec: {inside}\n");
        told(&[("a.yaml", &(pair("[taskmanager]", &claim("cup")) + claims + &other))]).0
    };
    let has = |found: Vec<&str>| found.contains(&"NK0619");
    assert!(!has(mounted("CronJob", "jobTemplate/spec/template/spec")));
    assert!(!has(mounted("FlinkDeployment", "podTemplate/spec")));
    assert!(!has(mounted("FlinkDeployment", "taskManager/podTemplate/spec")));
    assert!(has(mounted("CronJob", "elsewhere")));
}

/// A value of a Secret on the line of its key, in JSON: a finding on that line does not show it.
#[test]
fn values_of_a_secret_are_not_shown() {
    let quoted = |kind: &str| {
        let secret = format!(
            "{{\"apiVersion\": \"v1\", \"kind\": \"{kind}\", \"metadata\": {{\"name\": \"s\"}},\n\
             \u{a0}\"data\": {{\"password\": \"aHVudGVy\",\n\"b\": \"eA==\"}}}}\n"
        );
        told(&[("a.yaml", &pair("[taskmanager]", "")), ("secret.json", &secret)])
    };
    let (found, text) = quoted("Secret");
    assert!(found.contains(&"NK0007") && !text.contains("aHVudGVy"), "{text}");
    let (_, text) = quoted("ConfigMap");
    assert!(text.contains("aHVudGVy"), "{text}");
}
