//! The operator's own workload: one static binary in one container, as the restricted Pod Security Standard asks for.

use serde_json::{Value, json};

use super::{ACCOUNT, CONFIGURATION, HEALTH, Install, NAME, metadata};

/// Where the operator finds its options.
const DIRECTORY: &str = "/etc/nutkin";

/// Replicas: one works, and the Lease lets others wait.
const REPLICAS: u32 = 1;

/// What is asked for. The process stays below 14 MiB with two sessions; the node keeps that free and twice as much for the files that the kernel
/// caches for it.
const REQUESTED: &str = "32Mi";

/// What it is killed above: enough for the first list of some thousand resources, and for a jar on its way.
const LIMIT: &str = "128Mi";

pub(super) fn object(install: &Install) -> Value {
    let from = |path: &str| json!({"fieldRef": {"fieldPath": path}});
    let probe = |delay: u32, failures: u32| {
        json!({
            "httpGet": {"path": "/", "port": "health-port"},
            "periodSeconds": delay,
            "failureThreshold": failures,
        })
    };
    let container = json!({
        "name": NAME,
        "image": install.image,
        "command": ["nutkin", "operator", "run"],
        "env": [
            {"name": "POD_NAME", "valueFrom": from("metadata.name")},
            {"name": "FLINK_CONF_DIR", "value": DIRECTORY},
            // Nothing but the directory for what is on its way can be written.
            {"name": "HOME", "value": "/tmp"},
        ],
        "ports": [{"name": "health-port", "containerPort": HEALTH, "protocol": "TCP"}],
        // Healthy within a tenth of a second; a node that is busy may take ten.
        "startupProbe": probe(1, 30),
        "livenessProbe": probe(10, 3),
        "readinessProbe": probe(5, 3),
        "resources": {
            "requests": {"cpu": "10m", "memory": REQUESTED},
            "limits": {"memory": LIMIT},
        },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": true,
        },
        "volumeMounts": [
            {"name": "configuration", "mountPath": DIRECTORY, "readOnly": true},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    });
    let selector = json!({"app.kubernetes.io/name": NAME});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(NAME, Some(&install.namespace)),
        "spec": {
            "replicas": REPLICAS,
            // A second one waits for the Lease: a change costs no pause.
            "strategy": {"type": "RollingUpdate"},
            "selector": {"matchLabels": selector},
            "template": {
                "metadata": {
                    "labels": selector,
                    "annotations": {"kubectl.kubernetes.io/default-container": NAME},
                },
                "spec": {
                    "serviceAccountName": ACCOUNT,
                    "securityContext": {
                        "runAsNonRoot": true,
                        "runAsUser": USER,
                        "runAsGroup": USER,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [container],
                    "volumes": [
                        {"name": "configuration", "configMap": {"name": CONFIGURATION, "optional": true}},
                        {"name": "tmp", "emptyDir": {}},
                    ],
                },
            },
        },
    })
}

/// `flink` in Flink's images and in ours; the API server cannot see that a name is not root's.
const USER: u32 = 9999;
