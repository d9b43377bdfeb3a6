//! What the API server refuses, and what it takes.

use super::{is_label, is_quantity};
use crate::{Input, Settings, check};

/// A session with nothing wrong.
const SESSION: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: flink}
data:
  flink-conf.yaml: 'jobmanager.rpc.address: jm'
---
apiVersion: v1
kind: Service
metadata: {name: jm}
spec:
  selector: {app: jm}
  ports: [{name: rpc, port: 6123}, {name: blob, port: 6124}, {name: rest, port: 8081}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ui, annotations: {nginx.ingress.kubernetes.io/auth-type: basic}}
spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: jm, port: {number: 8081}}}}]}}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: state}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: jm}
spec:
  replicas: 1
  selector: {matchLabels: {app: jm}}
  template:
    metadata: {labels: {app: jm}}
    spec:
      restartPolicy: Always
      containers:
      - name: main
        image: flink:1.18.1
        args: [jobmanager]
        env: [{name: TZ, value: UTC}, {name: JOB_MANAGER_RPC_ADDRESS, value: jm}]
        ports: [{name: rpc, containerPort: 6123}]
        resources: {limits: {cpu: 1, memory: 2Gi}}
        livenessProbe: {tcpSocket: {port: 6123}}
        volumeMounts: [{name: logs, mountPath: /logs}, {name: conf, mountPath: /conf, readOnly: true}]
      - {name: beside, image: busybox, args: [sleep], resources: {limits: {memory: 1Gi}}}
      volumes: [{name: logs, emptyDir: {}}, {name: conf, configMap: {name: flink}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: tm}
spec:
  selector: {matchLabels: {app: tm}}
  template:
    metadata: {labels: {app: tm}}
    spec:
      containers:
      - name: main
        image: flink:1.18.1
        args: [taskmanager]
        env: [{name: JOB_MANAGER_RPC_ADDRESS, value: jm}]
        resources: {limits: {memory: 2Gi}}
";

#[test]
fn objects_that_the_server_refuses() {
    #[track_caller]
    fn errors(text: &str) -> Vec<(&'static str, String)> {
        let input = Input { name: "a.yaml".to_owned(), text: text.to_owned() };
        let report = check(&[input], &Settings::default());
        let errors = report.findings.iter().filter(|one| one.severity() == crate::Severity::Error);
        errors.map(|one| (one.rule.code, one.message.clone())).collect()
    }
    assert_eq!(errors(SESSION), []);
    // The server fills these in.
    let empty = SESSION.replacen("image: busybox", "image: busybox, imagePullPolicy: ''", 1);
    assert_eq!(errors(&empty), []);
    // What is null is not there.
    for (from, to) in [
        ("name: logs, emptyDir: {}", "name: logs, hostPath: null, emptyDir: {}"),
        ("value: UTC", "value: UTC, valueFrom: null"),
        ("tcpSocket: {port: 6123}", "httpGet: null, tcpSocket: {port: 6123}"),
    ] {
        let changed = SESSION.replacen(from, to, 1);
        assert_ne!(changed, SESSION, "{from}");
        assert_eq!(errors(&changed), [], "{to}");
    }
    // Patches that no kustomization among the files names.
    let patches = [
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: tm}\nspec: {template: {spec: {containers: [{name: main, image: \
             flink:1.18.1, args: [taskmanager], resources: {limits: {memory: 2Gi}}, livenessProbe: {periodSeconds: 9}}]}}}\n",
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: state}\nspec: {resources: {requests: {storage: 9Gi}}}\n",
    ];
    for patch in patches {
        let found = errors(&format!("{SESSION}---\n{patch}"));
        assert!(!found.iter().any(|(code, _)| *code == "NK0618"), "{patch}: {found:?}");
    }
    for (from, to, message) in [
        (
            "  selector: {app: jm}\n",
            "  selector: {app: jm}\n  type: Nodeport\n",
            "`type` is not `Nodeport`",
        ),
        ("pathType: Prefix, ", "", "a path without `pathType`"),
        (
            "{service: {name: jm, port: {number: 8081}}}",
            "{serviceName: jm, servicePort: 8081}",
            "in this version",
        ),
        ("accessModes: [ReadWriteOnce], ", "", "`spec.accessModes` is missing"),
        ("accessModes: [ReadWriteOnce]", "accessModes: null", "`spec.accessModes` is missing"),
        ("image: busybox", "image: null", "the container `beside` has no image"),
        ("selector: {matchLabels: {app: tm}}", "selector: null", "`spec.selector` is missing"),
        ("replicas: 1", "replicas: '1'", "`replicas` is a whole number"),
        ("containerPort: 6123", "containerPort: \"6123\"", "`containerPort` is a whole number"),
        ("readOnly: true", "readOnly: 'true'", "`readOnly` is true or false"),
        ("name: rpc, containerPort", "protocol: tcp, containerPort", "`protocol` is not `tcp`"),
        ("  selector: {matchLabels: {app: tm}}\n", "", "`spec.selector` is missing"),
        ("restartPolicy: Always", "restartPolicy: Never", "`restartPolicy` of a Deployment"),
        ("labels: {app: tm}", "labels: {app: tm, of: Data Team}", "the label `of` is `Data Team`"),
        ("name: beside", "name: main", "two containers have the name `main`"),
        ("name: conf, configMap", "name: logs, configMap", "two volumes have the name `logs`"),
        (
            "{name: logs, emptyDir: {}}",
            "{name: logs, emptyDir: {}, hostPath: {path: /x}}",
            "of several kinds",
        ),
        ("image: busybox, ", "", "the container `beside` has no image"),
        ("mountPath: /conf", "mountPath: /logs", "two mounts have the mountPath `/logs`"),
        (
            "env: [{name: TZ, value: UTC}, {name: JOB_MANAGER_RPC_ADDRESS, value: jm}]",
            "env: {TZ: UTC}",
            "`env` is a list",
        ),
        (
            "value: UTC",
            "value: UTC, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}",
            "exclude each other",
        ),
        ("memory: 1Gi", "memory: 1GB", "`1GB` of `memory` is not an amount"),
        (
            "tcpSocket: {port: 6123}",
            "tcpSocket: {port: 6123}, exec: {command: [ls]}",
            "asks in several ways",
        ),
        ("tcpSocket: {port: 6123}", "periodSeconds: 5", "asks nothing"),
        ("{name: blob, port: 6124}", "{port: 6124}", "of several ports each has a name"),
        ("{name: blob, port: 6124}", "{name: rpc, port: 6124}", "two ports have the name `rpc`"),
        (
            "'jobmanager.rpc.address: jm'",
            "{jobmanager.rpc.address: jm}",
            "a map: `|` behind the colon is missing",
        ),
    ] {
        let changed = SESSION.replacen(from, to, 1);
        assert_ne!(changed, SESSION, "{from}");
        let found = errors(&changed);
        let is_told = |(code, text): &(&str, String)| *code == "NK0618" && text.contains(message);
        assert!(found.iter().any(is_told), "{to}: {found:?}");
        // A value that is filled in later may be right.
        if let Some(value) = to.strip_prefix("replicas: ") {
            let open = SESSION.replacen(from, &to.replace(value, "'${N}'"), 1);
            assert_eq!(errors(&open), []);
        }
    }
}

/// Templates of pods in session files.
#[test]
fn templates_that_the_server_refuses() {
    let found_of = |env: &str, more: &str| {
        let text = format!(
            "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: s}}\nspec:\n  image: flink:1.20.1\n  flinkVersion: \
                 v1_20\n  serviceAccount: flink\n  podTemplate: {{spec: {{containers: [{{name: flink-main-container, env: {env}{more}}}]}}}}\n  \
                 jobManager: {{resource: {{memory: 2g, cpu: 1}}}}\n  taskManager: {{resource: {{memory: 2g, cpu: 1}}}}\n"
        );
        let report = check(&[Input { name: "s.yaml".to_owned(), text }], &Settings::default());
        report.findings.iter().any(|one| one.rule.code == "NK0618")
    };
    let found = |env: &str| found_of(env, "");
    assert!(found("{TZ: UTC}"));
    assert!(!found("[{name: TZ, value: UTC}]"));
    // The template of a role may time the probe of the one for both.
    let probe = |fields: &str| found_of("[]", &format!(", livenessProbe: {{{fields}}}"));
    assert!(!probe("periodSeconds: 5"));
    assert!(probe("tcpSocket: {port: 6123}, exec: {command: [ls]}"));
}

#[test]
fn amounts_and_labels() {
    for text in ["1", "1.5Gi", "500m", "1e3", "1E", ".5", "12E2", "2Ti", "100u"] {
        assert!(is_quantity(text), "{text}");
    }
    for text in ["", "1728mi", "1 core", "2GB", "512MB", "Gi", "1.2.3", "two", "1K"] {
        assert!(!is_quantity(text), "{text}");
    }
    for text in ["", "a", "Flink-1.18_b", "9"] {
        assert!(is_label(text), "{text}");
    }
    for text in ["a b", "-a", "a.", "ä", &"a".repeat(64)] {
        assert!(!is_label(text), "{text}");
    }
}
