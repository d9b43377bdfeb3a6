//! What the pods of both roles have in common with those of native sessions: images, places, templates, logging.

use serde_json::{Value, json};

use super::super::plan;
use super::session;
use crate::plan::kubernetes::Objects;
use crate::plan::kubernetes::steps::client::{ClientMachine, SeenPath};
use crate::spec::{self, Inputs};

/// What a session file makes on a machine that has these files.
#[track_caller]
fn planned(text: &str, client: &ClientMachine) -> Objects {
    let file = spec::read(text, "session.yaml").unwrap();
    let session = spec::resolve(&Inputs { file: Some(file), ..Inputs::default() }).unwrap();
    plan(&session, client).unwrap()
}

/// Pods of JobManagers and of TaskManagers.
fn pods(objects: &Objects) -> [&Value; 2] {
    [0, 1].map(|index| &objects.items[index]["spec"]["template"])
}

/// The container with Flink in it.
fn main(pod: &Value) -> &Value {
    let mut containers = pod["spec"]["containers"].as_array().unwrap().iter();
    containers.find(|one| one["name"] == "flink-main-container").unwrap()
}

/// Names in a list of a pod or a container.
fn names(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect()
}

#[test]
fn images_are_pulled_alike_by_both_roles() {
    for workload in ["deployment", "statefulset"] {
        let options = [
            ("nutkin.standalone.workload", workload),
            ("kubernetes.container.image.ref", "registry.example.com/flink:1"),
            ("kubernetes.container.image.pull-policy", "Always"),
            ("kubernetes.container.image.pull-secrets", "login;mirror"),
        ];
        let objects = planned(&session("v1_20", "", &options), &ClientMachine::default());
        for pod in pods(&objects) {
            let secrets = json!([{"name": "login"}, {"name": "mirror"}]);
            assert_eq!(pod["spec"]["imagePullSecrets"], secrets);
            assert_eq!(main(pod)["imagePullPolicy"], "Always");
            assert_eq!(main(pod)["image"], "registry.example.com/flink:1");
        }
    }
}

#[test]
fn each_role_has_its_place() {
    let options = [
        ("kubernetes.jobmanager.node-selector", "disk:ssd"),
        ("kubernetes.taskmanager.node-selector", "zone:a"),
        ("kubernetes.taskmanager.tolerations", "key:batch,operator:Exists,effect:NoSchedule"),
    ];
    let objects = planned(&session("v1_20", "", &options), &ClientMachine::default());
    let [job_manager, task_manager] = pods(&objects).map(|pod| &pod["spec"]);
    assert_eq!(job_manager["nodeSelector"], json!({"disk": "ssd"}));
    assert_eq!(task_manager["nodeSelector"], json!({"zone": "a"}));
    assert_eq!(job_manager["tolerations"], Value::Null);
    let toleration = json!([{"key": "batch", "operator": "Exists", "effect": "NoSchedule"}]);
    assert_eq!(task_manager["tolerations"], toleration);
}

/// The template of both roles, and on it that of one: containers, volumes and variables go by name.
#[test]
fn templates_are_merged_by_name() {
    let fields = r#"
  podTemplate:
    spec:
      affinity: {nodeAffinity: {}}
      securityContext: {runAsUser: 1000}
      containers:
        - name: flink-main-container
          env: [{name: ZONE, value: a}, {name: SHARED, value: "1"}]
          volumeMounts: [{name: logs, mountPath: /opt/flink/log}]
        - {name: sidecar, image: "collector:1"}
      volumes: [{name: logs, hostPath: {path: /var/log/flink}}]
  jobManager:
    podTemplate:
      spec:
        containers:
          - name: flink-main-container
            env: [{name: ZONE, value: b}]
          - {name: sidecar, image: "collector:2"}
        volumes: [{name: more, emptyDir: {}}]
"#;
    let text = session("v1_20", fields, &[]);
    let objects = planned(&text, &ClientMachine::default());
    let [job_manager, task_manager] = pods(&objects);
    for (pod, zone, sidecar) in
        [(job_manager, "b", "collector:2"), (task_manager, "a", "collector:1")]
    {
        let spec = &pod["spec"];
        assert_eq!(spec["affinity"], json!({"nodeAffinity": {}}));
        let user = json!({"runAsUser": 1000, "runAsGroup": 9999, "fsGroup": 9999});
        assert_eq!(spec["securityContext"], user, "what the template says wins");
        let env = main(pod)["env"].as_array().unwrap();
        let value =
            |name: &str| env.iter().find(|one| one["name"] == name).unwrap()["value"].clone();
        assert_eq!((value("ZONE"), value("SHARED")), (json!(zone), json!("1")));
        assert_eq!(spec["containers"][0]["image"], sidecar);
        assert_eq!(names(&spec["containers"]), ["sidecar", "flink-main-container"]);
        assert!(names(&main(pod)["volumeMounts"]).contains(&"logs"));
        assert!(main(pod)["livenessProbe"].is_object(), "probes stay");
    }
    let volumes = |pod: &Value| names(&pod["spec"]["volumes"]).join(" ");
    assert_eq!(volumes(job_manager), "logs more user-artifacts-volume flink-config-volume");
    assert_eq!(volumes(task_manager), "logs user-artifacts-volume flink-config-volume");
}

#[test]
fn an_owner_of_the_user_owns_the_first_workload() {
    let owner = "apiVersion:v1,kind:ConfigMap,name:stack,uid:u-1";
    let options = [("kubernetes.jobmanager.owner.reference", owner)];
    let objects = planned(&session("v1_20", "", &options), &ClientMachine::default());
    let owners = |item: &Value| item["metadata"]["ownerReferences"].clone();
    let expected =
        json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "stack", "uid": "u-1"}]);
    assert_eq!(owners(&objects.items[0]), expected);
    let rest = objects.owned_by("u-2");
    assert!(rest.iter().all(|item| owners(item)[0]["uid"] == "u-2"), "one delete removes all");
}

#[test]
fn logging_is_what_the_session_file_says() {
    #[track_caller]
    fn check(fields: &str, files: &[&str]) {
        let objects = planned(&session("v1_20", fields, &[]), &ClientMachine::default());
        let map = objects.items.iter().find(|item| item["kind"] == "ConfigMap").unwrap();
        let mut found: Vec<&String> = map["data"].as_object().unwrap().keys().collect();
        found.sort_unstable();
        assert_eq!(found, files);
        for pod in pods(&objects) {
            let volumes = pod["spec"]["volumes"].as_array().unwrap();
            let volume = volumes.iter().find(|one| one["name"] == "flink-config-volume").unwrap();
            let items = volume["configMap"]["items"].as_array().unwrap();
            let mut items: Vec<&str> =
                items.iter().filter_map(|one| one["path"].as_str()).collect();
            items.sort_unstable();
            assert_eq!(items, files, "all of them are in the pods");
        }
    }
    check("", &["config.yaml", "log4j-console.properties"]);
    let logback = "  logConfiguration: {logback-console.xml: <configuration/>}\n";
    check(logback, &["config.yaml", "logback-console.xml"]);
}

/// Hadoop's files, secrets and Kerberos reach both roles; what holds them is made once.
#[test]
fn both_roles_have_hadoop_secrets_and_kerberos() {
    let options = [
        ("kubernetes.hadoop.conf.config-map.name", "hadoop-files"),
        ("kubernetes.secrets", "token:/var/token"),
        ("kubernetes.env.secretKeyRef", "env:PASSWORD,secret:login,key:password"),
        ("security.kerberos.login.keytab", "/home/user/flink.keytab"),
        ("security.kerberos.login.principal", "flink@EXAMPLE.COM"),
        ("security.kerberos.krb5-conf.path", "/etc/krb5.conf"),
    ];
    let text = |text: &str| SeenPath::File(text.as_bytes().to_vec());
    let files =
        [("/home/user/flink.keytab", text("key")), ("/etc/krb5.conf", text("[libdefaults]"))];
    let client = ClientMachine {
        files: files.into_iter().map(|(path, seen)| (path.to_owned(), seen)).collect(),
        ..ClientMachine::default()
    };
    let objects = planned(&session("v1_20", "", &options), &client);
    for pod in pods(&objects) {
        let volumes = names(&pod["spec"]["volumes"]);
        for volume in [
            "hadoop-config-volume",
            "token-volume",
            "kerberos-keytab-volume",
            "kerberos-krb5conf-volume",
        ] {
            assert!(volumes.contains(&volume), "{volume} in {volumes:?}");
        }
        let env = names(&main(pod)["env"]);
        assert!(env.contains(&"PASSWORD") && env.contains(&"HADOOP_CONF_DIR"), "{env:?}");
    }
    let count = |kind: &str| objects.items.iter().filter(|item| item["kind"] == kind).count();
    assert_eq!((count("Secret"), count("ConfigMap")), (1, 2), "the keytab; options and krb5.conf");
}

/// Probes call ports by name, so that pods have to declare them also where they use the network of their nodes.
#[test]
fn pods_in_the_network_of_their_nodes_declare_what_probes_ask() {
    for enabled in ["true", "false"] {
        let options = [("kubernetes.hostnetwork.enabled", enabled)];
        let objects = planned(&session("v1_20", "", &options), &ClientMachine::default());
        for pod in pods(&objects) {
            assert_eq!(pod["spec"]["hostNetwork"], json!(enabled == "true"));
            let main = main(pod);
            let port = main["livenessProbe"]["tcpSocket"]["port"].as_str().unwrap();
            assert!(names(&main["ports"]).contains(&port), "{main}");
        }
    }
}

#[test]
fn without_an_image_it_is_that_of_the_release() {
    #[track_caller]
    fn check(version: &str, image: &str) {
        let objects = planned(&session(version, "", &[]), &ClientMachine::default());
        for pod in pods(&objects) {
            assert_eq!(main(pod)["image"], image);
        }
    }
    check("v1_16", "apache/flink:1.16.3-scala_2.12");
    check("v1_19", "apache/flink:1.19.3-scala_2.12");
    check("v1_20", "apache/flink:1.20.5-scala_2.12");
    check("v2_0", "apache/flink:2.0.2-scala_2.12");
}

#[test]
fn a_variable_of_the_template_is_there_once() {
    let template = "  podTemplate:\n    spec:\n      containers:\n      - name: flink-main-container\n        env:\n        \
                    - name: POD_NAME\n          valueFrom: {fieldRef: {fieldPath: metadata.name}}\n";
    let objects = planned(&session("v1_20", template, &[]), &ClientMachine::default());
    for pod in pods(&objects) {
        let names = names(&main(pod)["env"]);
        assert_eq!(names.iter().filter(|name| **name == "POD_NAME").count(), 1, "{names:?}");
    }
}
