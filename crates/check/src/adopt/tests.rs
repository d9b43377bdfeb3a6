//! Whole systems as session files: every option and size is what Flink had, and what was wrong is gone.

use super::{Adoption, AdoptionRequest, adopt};
use crate::{self as check, Input, Settings, Severity};
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::units::MemorySize;

fn inputs(files: &[(&str, &str)]) -> Vec<Input> {
    files
        .iter()
        .map(|(name, text)| Input { name: (*name).to_owned(), text: (*text).to_owned() })
        .collect()
}

/// Options of the session that the file makes; every one that is expected must be there.
#[track_caller]
fn check(adoption: &Adoption, options: &[(&str, &str)], codes: &[&str]) {
    let file = spec::read(&adoption.text, "made.yaml")
        .unwrap_or_else(|p| panic!("{p:?}\n{}", adoption.text));
    let session = spec::resolve(&Inputs { file: Some(file), ..Inputs::default() }).unwrap();
    for (key, value) in options {
        let found = session.configuration.text(key).unwrap_or_default();
        let bytes = |text: &str| text.parse::<MemorySize>().map(MemorySize::bytes);
        let same_size = key.ends_with("process.size") && bytes(&found) == bytes(value);
        assert!(found == *value || same_size, "{key} is {found}\n{}", adoption.text);
    }
    let mut cured: Vec<&str> = adoption.cures.iter().map(|cure| cure.rule.code).collect();
    cured.dedup();
    assert_eq!(cured, codes, "{}", adoption.text);
    let made = inputs(&[("made.yaml", &adoption.text)]);
    let report = check::check(&made, &Settings::default());
    let errors: Vec<_> =
        report.findings.iter().filter(|f| f.severity() == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{}", adoption.text);
}

const HA: &[(&str, &str)] = &[
    ("session.yaml", include_str!("../../fixtures/check/kubernetes-ha/session.yaml")),
    ("access.yaml", include_str!("../../fixtures/check/kubernetes-ha/access.yaml")),
];

#[test]
fn a_correct_session_keeps_everything() {
    let adoption = adopt(&inputs(HA), &AdoptionRequest::default()).unwrap();
    assert_eq!(adoption.name, "orders");
    let options = [
        ("jobmanager.memory.process.size", "1600m"),
        ("taskmanager.memory.process.size", "1728m"),
        ("taskmanager.numberOfTaskSlots", "2"),
        ("high-availability.type", "kubernetes"),
        ("high-availability.storageDir", "file:///state/ha"),
        ("execution.checkpointing.dir", "file:///state/checkpoints"),
        ("blob.server.port", "6124"),
    ];
    check(&adoption, &options, &[]);
    let kinds: Vec<&str> =
        adoption.beside.iter().filter_map(|object| object["kind"].as_str()).collect();
    assert_eq!(kinds, ["PersistentVolumeClaim", "ServiceAccount", "Role", "RoleBinding"]);
    let file = spec::read(&adoption.text, "made.yaml").unwrap();
    assert_eq!((file.job_managers, file.task_managers), (Some(2), Some(2)));
    assert_eq!(file.service_account.as_deref(), Some("flink"));
    assert_eq!(file.namespace.as_deref(), Some("streams"));
    let template = file.job_manager_template.unwrap();
    let container = &template["spec"]["containers"][0];
    assert_eq!(container["name"], "flink-main-container");
    assert_eq!(container["volumeMounts"][0]["mountPath"], "/state");
    assert_eq!(template["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"], "state");
    assert!(file.log_configuration["log4j-console.properties"].contains("rootLogger"));
}

/// What an init container fetches for the main one stays mounted, and Flink keeps what it fetches somewhere else.
#[test]
fn artifacts_that_an_init_container_fetches() {
    let mount = "        - name: state\n          mountPath: /state\n";
    let volume = "      - name: state\n        persistentVolumeClaim:";
    let made = |fetches: &str, path: &str, flink: &str| {
        let text = HA[0]
            .1
            .replacen(mount, &format!("{mount}        - {{name: jars, mountPath: {path}}}\n"), 1)
            .replacen(volume, &format!("      - {{name: jars, emptyDir: {{}}}}\n{volume}"), 1)
            .replacen("      containers:\n", &format!("{fetches}      containers:\n"), 1)
            .replace("1.20.5", flink);
        let files = inputs(&[("session.yaml", &text), HA[1]]);
        let made = adopt(&files, &AdoptionRequest::default()).unwrap();
        let file = spec::read(&made.text, "made.yaml").unwrap();
        let main = file.job_manager_template.unwrap()["spec"]["containers"][0].clone();
        let mounts = main["volumeMounts"].as_array().cloned().unwrap_or_default();
        let is_mounted = mounts.iter().any(|mount| mount["name"] == "jars");
        (is_mounted, made.text.contains("user.artifacts.base-dir"))
    };
    let fetches = "      initContainers:\n      - name: fetch\n        image: busybox:1.35.0\n        args: [wget, -O, /jars/a.jar, 'https://example.com/a.jar']\n        volumeMounts: [{name: jars, mountPath: /jars}]\n";
    let usual = "/opt/flink/artifacts";
    assert_eq!(made(fetches, usual, "1.20.5"), (true, true));
    assert_eq!(made(fetches, "/opt/flink/jars", "1.20.5"), (true, false));
    // Each pod of a session has one of its own, of releases that fetch.
    assert_eq!(made("", usual, "1.20.5"), (false, false));
    assert_eq!(made("", usual, "1.17.2"), (true, false));
}

#[test]
fn each_part_of_the_files_is_accounted_for() {
    let adoption = adopt(&inputs(HA), &AdoptionRequest::default()).unwrap();
    let whats: Vec<&str> = adoption.placed.iter().map(|placed| placed.what.as_str()).collect();
    for what in [
        "Deployment flink-jobmanager",
        "Deployment flink-taskmanager",
        "ConfigMap flink-config",
        "jobmanager.rpc.address",
        "kubernetes.cluster-id",
        "image",
        "livenessProbe",
        "cpu",
        "memory",
        "ServiceAccount flink",
    ] {
        assert!(whats.contains(&what), "{what} in {whats:?}");
    }
}

/// Files of one role with a copy of its workload for the other one: half a system is refused.
fn whole(files: &[(&str, &str)]) -> Vec<Input> {
    let roles = ["jobmanager", "taskmanager"];
    let documents = || files.iter().flat_map(|(_, text)| text.split("---\n"));
    let of = |role: &str| documents().find(|text| text.contains(&format!("args: [{role}")));
    let mut all = inputs(files);
    for (here, there) in [(roles[0], roles[1]), (roles[1], roles[0])] {
        if let (Some(text), None) = (of(here), of(there)) {
            let text = text.replace(here, there);
            all.push(Input { name: "other.yaml".to_owned(), text });
        }
    }
    all
}

/// The defects of the table's examples are cured, where a session file can.
#[test]
fn defects_are_cured_and_told() {
    let of = |code: &str| check::codes::find(code).unwrap().bad();
    let cured = |code: &str| adopt(&whole(&of(code)), &AdoptionRequest::default()).unwrap();
    check(&cured("NK0204"), &[], &["NK0204"]);
    check(&cured("NK0701"), &[], &["NK0701"]);
    check(&cured("NK0603"), &[], &["NK0603"]);
    check(&cured("NK0604"), &[], &["NK0604"]);
    check(&cured("NK0201"), &[("high-availability.storageDir", "file:///flink/ha")], &["NK0201"]);
    check(&cured("NK0209"), &[], &["NK0209"]);
    check(&cured("NK0410"), &[], &["NK0410"]);
}

/// A directory of the node for temporary files is one of the pod's own, unless options keep something there.
#[test]
fn directories_of_nodes_that_hold_state_stay() {
    #[track_caller]
    fn check(option: &str, stays: bool) {
        let bad = check::codes::find("NK0604").unwrap().bad();
        let (name, text) = bad[0];
        let text = text
            .replace("mountPath: /opt/flink/log", "mountPath: /tmp")
            .replace("    taskm", &format!("    {option}\n    taskm"));
        let made = adopt(&whole(&[(name, &text)]), &AdoptionRequest::default()).unwrap();
        assert_eq!(made.text.contains("hostPath"), stays, "{option}\n{}", made.text);
    }
    check("state.checkpoints.dir: file:///tmp/checkpoints", true);
    check("state.savepoints.dir: /tmp/savepoints", true);
    check("web.upload.dir: /tmp", true);
    check("io.tmp.dirs: /tmp", false);
}

/// Pods that asked for nothing ask for little, and may use what Flink's client would ask for, also where it knows no limits.
#[test]
fn pods_without_resources_ask_for_little() {
    #[track_caller]
    fn check(files: &[(&str, &str)], flink: &str, expected: [&str; 4]) {
        let (name, text) = files[0];
        let text = text
            .replace("flink:1.20.5", &format!("flink:{flink}"))
            .replace("    taskm", "    taskmanager.numberOfTaskSlots: 3\n    taskm");
        let adoption = adopt(&whole(&[(name, &text)]), &AdoptionRequest::default()).unwrap();
        let objects = super::difference::rendered(&adoption).unwrap();
        let amounts = objects.lines().filter_map(|line| line.trim().strip_prefix("cpu: "));
        assert_eq!(amounts.collect::<Vec<_>>(), expected, "{}", adoption.text);
    }
    let of = check::codes::find("NK0505").unwrap();
    // Limit and request of the JobManager and of TaskManagers.
    for flink in ["1.13.6", "1.20.5"] {
        check(&of.bad(), flink, ["\"1.0\"", "\"0.25\"", "\"3.0\"", "\"0.25\""]);
    }
    // The control: what somebody asks for counts, and without a limit of the files the pod may use more.
    check(&of.good(), "1.20.5", ["\"1.0\"", "\"1.0\"", "\"3.0\"", "\"1.0\""]);
}

/// The claim of a cure is of the class of a claim that the files' pods share; another claim's class may be one of disks.
#[test]
fn a_shared_claim_is_of_the_class_of_another_one() {
    #[track_caller]
    fn check(mode: &str, expected: Option<&str>) {
        let bad = check::codes::find("NK0201").unwrap().bad();
        let claim = format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: jars\nspec:\n  accessModes: [{mode}]\n  \
             storageClassName: nfs\n  resources:\n    requests:\n      storage: 1Gi\n"
        );
        let files = [&bad[..], &[("claim.yaml", claim.as_str())]].concat();
        let adoption = adopt(&whole(&files), &AdoptionRequest::default()).unwrap();
        let added = adoption.beside.iter().find(|one| one["metadata"]["name"] == "flink-state");
        let class = added.expect("a claim")["spec"]["storageClassName"].as_str();
        assert_eq!(class, expected, "{:#?}", adoption.beside);
    }
    check("ReadWriteMany", Some("nfs"));
    check("ReadWriteOnce", None);
}

#[test]
fn as_is_keeps_what_was_found() {
    let bad = check::codes::find("NK0603").unwrap().bad();
    let request = AdoptionRequest { as_is: true, ..AdoptionRequest::default() };
    let adoption = adopt(&whole(&bad), &request).unwrap();
    assert!(
        adoption.cures.is_empty() && adoption.text.contains("terminationGracePeriodSeconds: 2")
    );
}

#[test]
fn what_is_no_session_is_told() {
    let several = [
        ("a/flink-conf.yaml", "parallelism.default: 1\n"),
        ("b/flink-conf.yaml", "parallelism.default: 2\n"),
    ];
    let problems = adopt(&inputs(&several), &AdoptionRequest::default()).unwrap_err();
    assert!(problems[0].message.contains("several sessions: a, b"), "{problems:?}");
    assert!(adopt(&[], &AdoptionRequest::default()).is_err());
}

#[test]
fn what_somebody_allows_stays() {
    #[track_caller]
    fn check(comment: &str, is_kept: bool) {
        let bad = check::codes::find("NK0901").unwrap().bad();
        let (name, text) = bad[0];
        let text = text.replace("  type: LoadBalancer", &format!("  type: LoadBalancer{comment}"));
        let adoption = adopt(&whole(&[(name, &text)]), &AdoptionRequest::default()).unwrap();
        assert_eq!(adoption.text.contains("LoadBalancer"), is_kept, "{}", adoption.text);
        let cured = adoption.cures.iter().any(|cure| cure.rule.code == "NK0901");
        assert_eq!(cured, !is_kept, "{:?}", adoption.cures);
    }
    check(" # nutkin: allow NK0901 because only the office reaches it", true);
    // The controls: nobody, nobody with a reason, and another code.
    check("", false);
    check(" # nutkin: allow NK0901", false);
    check(" # nutkin: allow NK0902 because of something", false);
}

/// Selectors of the objects beside: of pods they follow the session's, of both roles where they did, and those of Services stay.
#[test]
fn selectors_select_what_they_did() {
    #[track_caller]
    fn check(text: &str, kind: &str, name: &str, component: Option<&str>, app: &str) {
        let files = inputs(&[("all.yaml", text)]);
        let adoption = adopt(&files, &AdoptionRequest::default()).unwrap();
        let is_meant =
            |one: &&serde_json::Value| one["kind"] == kind && one["metadata"]["name"] == name;
        let selector = &adoption.beside.iter().find(is_meant).unwrap()["spec"]["selector"];
        let labels = selector.get("matchLabels").unwrap_or(selector);
        assert_eq!(labels["app"], app, "{labels}");
        assert_eq!(labels.get("component").and_then(|one| one.as_str()), component, "{labels}");
        let is_of_pods = kind == "Service";
        assert_eq!(labels.get("type").is_some(), is_of_pods, "{labels}");
    }
    let both = include_str!("../../strangers/service-of-both-roles/all.yaml");
    check(both, "Service", "api-metrics", None, "api");
    let monitor = include_str!("../../strangers/monitor-of-services/all.yaml");
    check(monitor, "ServiceMonitor", "ida", None, "ida");
    check(monitor, "Service", "ida-jm", Some("jobmanager"), "ida");
}

#[test]
fn options_are_mounted_at_a_path_without_a_directory() {
    let pods = |role: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {role}}}\nspec:\n  template:\n    metadata: {{labels: {{app: {role}}}}}\n    \
             spec:\n      containers:\n      - name: flink\n        image: flink:1.20\n        args: [{role}]\n        \
             volumeMounts: [{{name: conf, mountPath: config.yaml, subPath: config.yaml}}]\n      \
             volumes: [{{name: conf, configMap: {{name: conf}}}}]\n---\n"
        )
    };
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata:\n  config.yaml: |\n    parallelism.default: 1\n";
    let text = format!("{}{}{map}", pods("jobmanager"), pods("taskmanager"));
    let problems = adopt(&inputs(&[("all.yaml", &text)]), &AdoptionRequest::default()).unwrap_err();
    let expected = "Flink reads `/opt/flink/conf`";
    assert!(problems.iter().any(|one| one.message.contains(expected)), "{problems:?}");
}

/// What is said of limits is what the session file has.
#[test]
fn a_limit_that_is_not_written_is_not_promised() {
    #[track_caller]
    fn check(as_is: bool, expected: [&str; 2]) {
        let text = include_str!("../../strangers/names-with-slips/all.yaml");
        let request = AdoptionRequest { as_is, ..AdoptionRequest::default() };
        let adoption = adopt(&inputs(&[("all.yaml", text)]), &request).unwrap();
        let note = adoption.notes.iter().find(|note| note.contains("no limit of cpu")).unwrap();
        assert!(expected.iter().all(|part| note.contains(part)), "{note}");
        assert_eq!(adoption.text.contains("cpu: \"1\""), !as_is, "{}", adoption.text);
    }
    check(false, ["a JobManager 1 cpu", "a TaskManager 2 cpu"]);
    check(true, ["a JobManager 500m cpu", "a TaskManager 500m cpu"]);
}

/// An error that the session file does not cure, beside one of the same code that it does.
#[test]
fn an_error_is_cured_where_it_is() {
    let with = |other: &str| {
        let role = |role: &str, ports: &str| {
            format!(
                "  {role}:\n    image: flink:1.20.1\n    command: {role}\n    ports: [{ports}]\n    \
                 environment: [JOB_MANAGER_RPC_ADDRESS=jobmanager]\n"
            )
        };
        let text = format!(
            "services:\n{}{}  other:\n    image: busybox\n    ports: ['{other}:80']\n",
            role("jobmanager", "'127.0.0.1:8081:8081', '127.0.0.1:6123:6123'"),
            role("taskmanager", "'127.0.0.1:8081:9000'")
        );
        adopt(&inputs(&[("compose.yaml", &text)]), &AdoptionRequest::default())
    };
    let adoption = with("127.0.0.1:9000").unwrap();
    assert!(adoption.cures.iter().any(|cure| cure.rule.code == "NK1002"), "{:?}", adoption.cures);
    let problems = with("127.0.0.1:6123").unwrap_err();
    assert!(problems.iter().all(|one| one.message.starts_with("NK1002")), "{problems:?}");
    let lines: Vec<_> = problems.iter().map(|one| one.location.as_ref().unwrap().line).collect();
    assert_eq!(lines, [Some(14)]);
}

/// A ConfigMap of which the pods see some keys only: what they do not see is not in the session.
#[test]
fn keys_that_are_not_mounted_do_not_count() {
    let adopted = |mount: &str, items: &str| {
        let workload = |role: &str| {
            format!(
                "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {role}}}\nspec:\n  selector: {{matchLabels: {{app: {role}}}}}\n  \
                 template:\n    metadata: {{labels: {{app: {role}}}}}\n    spec:\n      containers:\n      - name: main\n        image: \
                 flink:1.18.1\n        args: [{role}]\n        env: [{{name: JOB_MANAGER_RPC_ADDRESS, value: jm}}]\n        resources: {{limits: {{memory: 2Gi, cpu: 1}}}}\n        volumeMounts: \
                 [{{name: conf, mountPath: /opt/flink/conf{mount}}}]\n      volumes: [{{name: conf, configMap: {{name: flink{items}}}}}]\n"
            )
        };
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: flink}}\ndata:\n  flink-conf.yaml: |\n    jobmanager.rpc.address: jm\n    \
             blob.server.port: 6124\n    jobmanager.memory.process.size: 2g\n    taskmanager.memory.process.size: 2g\n    \
             taskmanager.numberOfTaskSlots: 3\n  log4j-console.properties: |\n    rootLogger.level = WARN\n---\napiVersion: v1\nkind: \
             Service\nmetadata: {{name: jm}}\nspec:\n  selector: {{app: jobmanager}}\n  ports: [{{name: rpc, port: 6123}}, {{name: blob, \
             port: 6124}}, {{name: rest, port: 8081}}]\n{}{}",
            workload("jobmanager"),
            workload("taskmanager")
        );
        let text = adopt(&inputs(&[("a.yaml", &text)]), &AdoptionRequest::default()).unwrap().text;
        (text.contains("numberOfTaskSlots: \"3\""), text.contains("level = WARN"))
    };
    assert_eq!(adopted("", ""), (true, true));
    let one = "/flink-conf.yaml, subPath: flink-conf.yaml";
    assert_eq!(adopted(one, ""), (true, false));
    let items = ", items: [{key: flink-conf.yaml, path: flink-conf.yaml}]";
    assert_eq!(adopted("", items), (true, false));
    let log = "/log4j-console.properties, subPath: log4j-console.properties";
    assert_eq!(adopted(log, ""), (false, true));
}
