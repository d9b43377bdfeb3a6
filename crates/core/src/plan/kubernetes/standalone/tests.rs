//! What the objects of a standalone session are, and that nothing else changes them.

mod java;
mod pods;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::steps::client::ClientMachine;
use super::plan;
use crate::plan::kubernetes::Objects;
use crate::spec::{self, Inputs};

/// Plans what a session file says.
fn planned(text: &str) -> Result<Objects, Vec<String>> {
    let file = spec::read(text, "session.yaml")
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let inputs = Inputs { file: Some(file), ..Inputs::default() };
    let paths = |problems: Vec<nutkin_flink::Problem>| {
        problems.into_iter().map(|p| p.path).collect::<Vec<_>>()
    };
    let session = spec::resolve(&inputs).map_err(paths)?;
    plan(&session, &ClientMachine::default())
        .map_err(|problems| problems.into_iter().map(|p| p.path).collect())
}

/// A session of two TaskManagers with further fields of `spec`.
fn session(version: &str, fields: &str, options: &[(&str, &str)]) -> String {
    let mut text = format!(
        "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: words, namespace: team}}\n\
         spec:\n  flinkVersion: {version}\n  mode: standalone\n  taskManager: {{replicas: 2}}\n{fields}"
    );
    text.push_str("  flinkConfiguration:\n    taskmanager.numberOfTaskSlots: \"2\"\n");
    for (key, value) in options {
        text.push_str(&format!("    {key}: \"{value}\"\n"));
    }
    text
}

/// Kind, name and one value of each object: what a test wants to see.
#[track_caller]
fn check(text: &str, expected: &[(&str, &str, Value)]) {
    let objects = planned(text).unwrap();
    let by_name: BTreeMap<(String, String), &Value> = objects
        .items
        .iter()
        .map(|item| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            ((text(&item["kind"]), text(&item["metadata"]["name"])), item)
        })
        .collect();
    for (object, pointer, value) in expected {
        let (kind, name) = object.split_once('/').unwrap();
        let item = by_name.get(&(kind.to_owned(), name.to_owned()));
        let item = item.unwrap_or_else(|| panic!("no {object} among {:?}", by_name.keys()));
        let found = item.pointer(pointer).unwrap_or(&Value::Null);
        assert_eq!(found, value, "{object} {pointer} in {item:#}");
    }
}

#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    assert_eq!(
        planned(text).map(|objects| objects.items),
        Err(expected.iter().map(|p| (*p).to_owned()).collect())
    );
}

const ARGS: &str = "/spec/template/spec/containers/0/args";

#[test]
fn with_high_availability_probes_ask_where_job_managers_listen() {
    let options = [
        ("high-availability.type", "kubernetes"),
        ("high-availability.storageDir", "s3://bucket/ha"),
        ("high-availability.jobmanager.port", "50010"),
    ];
    check(
        &session("v1_20", "  serviceAccount: flink\n", &options),
        &[
            (
                "Deployment/words",
                "/spec/template/spec/containers/0/startupProbe/tcpSocket/port",
                json!("jobmanager-rpc"),
            ),
            (
                "Deployment/words",
                "/spec/template/spec/containers/0/ports/1",
                json!({"name": "jobmanager-rpc", "containerPort": 50010}),
            ),
        ],
    );
}

#[test]
fn deployments() {
    check(
        &session("v1_20", "", &[]),
        &[
            ("Deployment/words", "/spec/replicas", json!(1)),
            ("Deployment/words", "/spec/strategy/type", json!("Recreate")),
            ("Deployment/words", ARGS, json!(["jobmanager"])),
            ("Deployment/words-taskmanager", "/spec/replicas", json!(2)),
            (
                "Deployment/words-taskmanager",
                ARGS,
                json!(["taskmanager", "-Dtaskmanager.resource-id=$(POD_NAME)"]),
            ),
            ("Service/words", "/spec/publishNotReadyAddresses", json!(true)),
            ("Service/words-rest", "/spec/selector/component", json!("jobmanager")),
            (
                "ConfigMap/flink-config-words",
                "/metadata/labels/type",
                json!("flink-standalone-kubernetes"),
            ),
        ],
    );
}

#[test]
fn high_availability_gives_each_job_manager_an_address() {
    let options: &[(&str, &str)] = &[
        ("high-availability.type", "kubernetes"),
        ("high-availability.storageDir", "s3://bucket/ha"),
    ];
    check(
        &session("v1_20", "", options),
        &[
            ("Deployment/words", "/spec/replicas", json!(2)),
            ("Deployment/words", ARGS, json!(["jobmanager", "$(_POD_IP_ADDRESS)"])),
        ],
    );
    check(
        &session("v2_0", "", options),
        &[(
            "Deployment/words",
            ARGS,
            json!([
                "jobmanager",
                "-Djobmanager.bind-host=$(_POD_IP_ADDRESS)",
                "-Djobmanager.rpc.address=$(_POD_IP_ADDRESS)",
            ]),
        )],
    );
}

#[test]
fn stateful_sets() {
    let sets = ("nutkin.standalone.workload", "statefulset");
    check(
        &session("v1_20", "", &[sets]),
        &[
            ("StatefulSet/words", "/spec/serviceName", json!("words")),
            ("StatefulSet/words-taskmanager", "/spec/serviceName", json!("words-taskmanager")),
            ("StatefulSet/words-taskmanager", "/spec/podManagementPolicy", json!("Parallel")),
            ("Service/words-taskmanager", "/spec/clusterIP", json!("None")),
        ],
    );
    let options = [
        sets,
        ("high-availability.type", "kubernetes"),
        ("high-availability.storageDir", "s3://bucket/ha"),
    ];
    let own = "-Djobmanager.rpc.address=$(POD_NAME).words.team";
    let bind = "-Djobmanager.bind-host=$(_POD_IP_ADDRESS)";
    check(
        &session("v2_0", "", &options),
        &[("StatefulSet/words", ARGS, json!(["jobmanager", bind, own]))],
    );
    let one = ("nutkin.standalone.stateful-sets", "1");
    let quorum = ("high-availability.zookeeper.quorum", "zk:2181");
    let options = [
        sets,
        one,
        quorum,
        ("high-availability.type", "zookeeper"),
        ("high-availability.storageDir", "hdfs:///ha"),
    ];
    check(
        &session("v1_20", "", &options),
        &[
            ("StatefulSet/words", "/spec/replicas", json!(4)),
            (
                "StatefulSet/words",
                ARGS,
                json!([
                    "cluster",
                    "ha",
                    "-Djobmanager.rpc.address=$(POD_NAME).words.team",
                    "-Dtaskmanager.resource-id=$(POD_NAME)",
                    "-Dtaskmanager.numberOfTaskSlots=2"
                ]),
            ),
            (
                "Service/words-rest",
                "/spec/selector",
                json!({"statefulset.kubernetes.io/pod-name": "words-0"}),
            ),
            (
                "Service/words-rest-1",
                "/spec/selector",
                json!({"statefulset.kubernetes.io/pod-name": "words-1"}),
            ),
        ],
    );
    let identity = "-Dtaskmanager.resource-id=$(POD_NAME)";
    let slots = "-Dtaskmanager.numberOfTaskSlots=2";
    check(
        &session("v2_0", "", &options),
        &[("StatefulSet/words", ARGS, json!(["cluster", "ha", bind, own, identity, slots]))],
    );
    // `ha` would ask for a quorum of ZooKeeper.
    let options = [
        sets,
        one,
        ("high-availability.type", "kubernetes"),
        ("high-availability.storageDir", "s3://bucket/ha"),
    ];
    check(
        &session("v2_0", "", &options),
        &[("StatefulSet/words", ARGS, json!(["cluster", bind, own, identity, slots]))],
    );
}

#[test]
fn services_lead_to_pods_of_their_role_in_one_stateful_set() {
    let named = |text: &str| json!({"statefulset.kubernetes.io/pod-name": text});
    let options = [
        ("nutkin.standalone.workload", "statefulset"),
        ("nutkin.standalone.stateful-sets", "1"),
        ("high-availability.type", "kubernetes"),
        ("high-availability.storageDir", "s3://bucket/ha"),
        ("nutkin.service.web.type", "NodePort"),
        ("nutkin.service.web.ports", "rest:30082"),
    ];
    let port = "/spec/ports/0/nodePort";
    check(
        &session("v1_20", "", &options),
        &[
            ("Service/web", "/spec/selector", named("words-0")),
            ("Service/web", port, json!(30082)),
            ("Service/web-1", "/spec/selector", named("words-1")),
            ("Service/web-1", port, Value::Null),
        ],
    );
    let role = [("nutkin.service.web.role", "taskmanager"), ("nutkin.service.web.ports", "rpc")];
    let refusal = [&options[..4], &role].concat();
    refused(&session("v1_20", "", &refusal), &["nutkin.service.web.role"]);
}

#[test]
fn services_and_claims_of_the_user() {
    let options = [
        ("nutkin.service.flink-jobmanager.ports", "rpc,blob,rest"),
        ("nutkin.service.flink-query.role", "taskmanager"),
        ("nutkin.service.flink-query.type", "NodePort"),
        ("nutkin.service.flink-query.ports", "query-state:30025"),
        ("queryable-state.proxy.ports", "6125"),
        ("nutkin.claim.jars.path", "/opt/flink/flink-web-upload"),
        ("nutkin.claim.jars.role", "jobmanager"),
        ("nutkin.claim.jars.size", "5Gi"),
        ("nutkin.claim.jars.access-mode", "ReadWriteMany"),
        ("kubernetes.rest-service.exposed.type", "NodePort"),
        ("nutkin.rest.node-port", "30082"),
    ];
    check(
        &session("v1_20", "", &options),
        &[
            ("Service/flink-jobmanager", "/spec/ports/2/port", json!(8081)),
            ("Service/flink-query", "/spec/ports/0/nodePort", json!(30025)),
            ("Service/flink-query", "/spec/selector/component", json!("taskmanager")),
            ("Service/words-rest", "/spec/ports/0/nodePort", json!(30082)),
            ("PersistentVolumeClaim/jars", "/spec/accessModes", json!(["ReadWriteMany"])),
            ("Deployment/words", "/spec/template/spec/securityContext/fsGroup", json!(9999)),
            (
                "Deployment/words",
                "/spec/template/spec/containers/0/volumeMounts/2/mountPath",
                json!("/opt/flink/flink-web-upload"),
            ),
            ("Deployment/words-taskmanager", "/spec/template/spec/volumes/2", Value::Null),
        ],
    );
}

/// What a session keeps is under its own name; a test of recordings holds all other names against the operator's.
#[test]
fn high_availability_data_is_called_as_the_session() {
    #[track_caller]
    fn check(mode: &str, said: Option<&str>, expected: &str) {
        let mut options = vec![
            ("high-availability.type", mode),
            ("high-availability.storageDir", "s3://bucket/ha"),
            ("high-availability.zookeeper.quorum", "zk:2181"),
        ];
        options.extend(said.map(|id| ("high-availability.cluster-id", id)));
        let objects = planned(&session("v1_20", "", &options)).unwrap();
        let map = objects.items.iter().find(|item| item["kind"] == "ConfigMap").unwrap();
        let found =
            crate::plan::kubernetes::config_map::options_of(map)["high-availability.cluster-id"]
                .clone();
        assert_eq!(found, expected);
    }
    check("zookeeper", None, "words");
    check("zookeeper", Some("/team/words"), "/team/words");
    check("kubernetes", None, "words");
    check("kubernetes", Some("/team/words"), "words");
}

#[test]
fn claims_outlive_their_session() {
    let options = [("nutkin.claim.jars.path", "/jars"), ("nutkin.claim.jars.size", "1Gi")];
    let objects = planned(&session("v1_20", "", &options)).unwrap();
    let owned = objects.owned_by("uid-1");
    let owners = |kind: &str| {
        let item = owned.iter().find(|item| item["kind"] == kind).unwrap();
        item["metadata"].get("ownerReferences").is_some()
    };
    assert!(!owners("PersistentVolumeClaim"));
    assert!(owners("ConfigMap"));
}

#[test]
fn on_request() {
    let fields =
        "  ingress: {template: \"{{name}}.{{ Namespace }}.example.com\", className: nginx}\n";
    let options = [("nutkin.network-policy", "true"), ("nutkin.pod-disruption-budget", "true")];
    check(
        &session("v1_20", fields, &options),
        &[
            ("Ingress/words", "/spec/rules/0/host", json!("words.team.example.com")),
            ("NetworkPolicy/words-taskmanager", "/spec/ingress/1", Value::Null),
            ("PodDisruptionBudget/words-taskmanager", "/spec/maxUnavailable", json!(1)),
        ],
    );
}

/// What the user's Services lead to stays open; what runs any code does not.
#[test]
fn policies_leave_open_what_is_asked_for() {
    let policy = ("nutkin.network-policy", "true");
    let services = [
        ("queryable-state.proxy.ports", "6125"),
        ("nutkin.service.query.role", "taskmanager"),
        ("nutkin.service.query.ports", "rpc,query-state,9249"),
        ("nutkin.service.jobs.ports", "rpc,blob,rest,9250"),
    ];
    let open = |ports: &[u16]| {
        let port = |port: &u16| json!({"port": port, "protocol": "TCP"});
        json!(ports.iter().map(port).collect::<Vec<_>>())
    };
    let ports = "/spec/ingress/1/ports";
    check(
        &session("v1_20", "", &[&services[..], &[policy]].concat()),
        &[
            ("NetworkPolicy/words-taskmanager", ports, open(&[6125, 9249])),
            ("NetworkPolicy/words-jobmanager", ports, open(&[8081, 9250])),
        ],
    );
    let one = [
        ("nutkin.standalone.workload", "statefulset"),
        ("nutkin.standalone.stateful-sets", "1"),
        policy,
    ];
    check(
        &session("v1_20", "", &[&services[3..], &one].concat()),
        &[("NetworkPolicy/words-jobmanager", ports, open(&[8081, 9250]))],
    );
}

#[test]
fn a_changed_configuration_changes_the_pods() {
    let hash = |options: &[(&str, &str)]| {
        let objects = planned(&session("v1_20", "", options)).unwrap();
        let pod = &objects.items[1]["spec"]["template"];
        pod["metadata"]["annotations"]["nutkin.dev/configuration-hash"].clone()
    };
    assert_eq!(hash(&[]), hash(&[]));
    assert_ne!(hash(&[]), hash(&[("parallelism.default", "3")]));
}

#[test]
fn directories_that_pods_cannot_share() {
    let available = ("high-availability.type", "kubernetes");
    let storage = ("high-availability.storageDir", "file:///flink/recovery");
    refused(&session("v1_20", "", &[available, storage]), &["high-availability.storageDir"]);
    let claim = ("nutkin.claim.recovery.path", "/flink");
    check(&session("v1_20", "", &[available, storage, claim]), &[]);
    refused(
        &session("v1_20", "", &[("state.checkpoints.dir", "/data")]),
        &["state.checkpoints.dir"],
    );
}

/// A claim is shared as far as its access mode goes; what is refused or warned of is told with the claim.
#[test]
fn claims_that_pods_cannot_share() {
    #[track_caller]
    fn check(fields: &str, more: &[(&str, &str)], expected: Result<&[&str], &[&str]>) {
        let options = [
            ("high-availability.type", "kubernetes"),
            ("high-availability.storageDir", "file:///flink/recovery"),
        ];
        let found = planned(&session("v1_20", fields, &[&options[..], more].concat()));
        let warnings: Result<Vec<String>, _> =
            found.map(|all| all.warnings.iter().map(ToString::to_string).collect());
        match (&warnings, expected) {
            (Ok(found), Ok(expected)) => {
                assert_eq!(found.len(), expected.len(), "{found:?}");
                assert!(
                    found.iter().zip(expected).all(|(one, word)| one.contains(word)),
                    "{found:?}"
                );
            }
            (Err(found), Err(expected)) => assert_eq!(found, expected),
            _ => panic!("{warnings:?}, not {expected:?}"),
        }
    }
    const PATH: (&str, &str) = ("nutkin.claim.state.path", "/flink");
    const SIZE: (&str, &str) = ("nutkin.claim.state.size", "1Gi");
    let mode = |mode| [PATH, SIZE, ("nutkin.claim.state.access-mode", mode)];
    let storage = &["high-availability.storageDir"][..];
    check("", &mode("ReadWriteMany"), Ok(&[]));
    check("", &mode("ReadWriteOnce"), Ok(&["pods of one node alone"]));
    check("", &[PATH, SIZE], Ok(&["claim `state`, which is ReadWriteOnce:"]));
    check("", &mode("ReadWriteOncePod"), Err(storage));
    check("", &mode("ReadOnlyMany"), Err(storage));
    // One pod after the other.
    let single = "  jobManager: {replicas: 1}\n";
    check(single, &mode("ReadWriteOncePod"), Ok(&[]));
    let checkpoints = ("execution.checkpointing.dir", "file:///flink/checkpoints");
    let both = [&mode("ReadWriteOncePod")[..], &[checkpoints]].concat();
    check(single, &both, Err(&["execution.checkpointing.dir"]));
    let template = |source: &str, mount: &str| {
        format!(
            "  podTemplate:\n    spec:\n      containers:\n      - name: flink-main-container\n        \
             volumeMounts: [{{name: v, mountPath: /flink{mount}}}]\n      volumes:\n      - {{name: v, {source}}}\n"
        )
    };
    check(&template("hostPath: {path: /data}", ""), &[], Ok(&["directory of the node"]));
    check(&template("emptyDir: {}", ""), &[], Err(storage));
    check(&template("configMap: {name: c}", ""), &[], Err(storage));
    check(&template("nfs: {server: s, path: /p}", ""), &[], Ok(&[]));
    check(&template("nfs: {server: s, path: /p}", ", readOnly: true"), &[], Err(storage));
}

#[test]
fn settings_that_make_no_sense() {
    refused(
        &session(
            "v1_20",
            "",
            &[
                ("nutkin.claim.jars.path", "jars"),
                ("nutkin.claim.jars.access-mode", "Often"),
                ("nutkin.service.web.ports", "http"),
                ("nutkin.rest.node-port", "30081"),
            ],
        ),
        &[
            "nutkin.claim.jars.path",
            "nutkin.claim.jars.access-mode",
            "nutkin.claim.jars.access-mode",
            "nutkin.rest.node-port",
            "nutkin.service.web.ports",
        ],
    );
}
