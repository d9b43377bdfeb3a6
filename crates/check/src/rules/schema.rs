//! The fields of pods and Services, as far as people misplace them.
//!
//! Source: the API reference of Kubernetes 1.34 (`core/v1`, `apps/v1`), fields of all versions since 1.9.

use crate::finding::Place;
use crate::kubernetes::Object;
use crate::node::{Walk, key_place};
use nutkin_flink::yaml::{Key, Node};

/// A kind of map with its fields.
pub(super) struct Shape {
    /// How to call it.
    pub(super) name: &'static str,
    pub(super) fields: &'static [&'static str],
}

const PROBE: Shape = Shape {
    name: "a probe",
    fields: &[
        "exec",
        "failureThreshold",
        "grpc",
        "httpGet",
        "initialDelaySeconds",
        "periodSeconds",
        "successThreshold",
        "tcpSocket",
        "terminationGracePeriodSeconds",
        "timeoutSeconds",
    ],
};

const CONTAINER: Shape = Shape {
    name: "a container",
    fields: &[
        "args",
        "command",
        "env",
        "envFrom",
        "image",
        "imagePullPolicy",
        "lifecycle",
        "livenessProbe",
        "name",
        "ports",
        "readinessProbe",
        "resizePolicy",
        "resources",
        "restartPolicy",
        "restartPolicyRules",
        "securityContext",
        "startupProbe",
        "stdin",
        "stdinOnce",
        "terminationMessagePath",
        "terminationMessagePolicy",
        "tty",
        "volumeDevices",
        "volumeMounts",
        "workingDir",
    ],
};

pub(super) const VOLUME: Shape = Shape {
    name: "a volume",
    fields: &[
        "awsElasticBlockStore",
        "azureDisk",
        "azureFile",
        "cephfs",
        "cinder",
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "fc",
        "flexVolume",
        "flocker",
        "gcePersistentDisk",
        "gitRepo",
        "glusterfs",
        "hostPath",
        "image",
        "iscsi",
        "name",
        "nfs",
        "persistentVolumeClaim",
        "photonPersistentDisk",
        "portworxVolume",
        "projected",
        "quobyte",
        "rbd",
        "scaleIO",
        "secret",
        "storageos",
        "vsphereVolume",
    ],
};

const POD: Shape = Shape {
    name: "a pod",
    fields: &[
        "activeDeadlineSeconds",
        "affinity",
        "automountServiceAccountToken",
        "containers",
        "dnsConfig",
        "dnsPolicy",
        "enableServiceLinks",
        "ephemeralContainers",
        "hostAliases",
        "hostIPC",
        "hostNetwork",
        "hostPID",
        "hostUsers",
        "hostname",
        "hostnameOverride",
        "imagePullSecrets",
        "initContainers",
        "nodeName",
        "nodeSelector",
        "os",
        "overhead",
        "preemptionPolicy",
        "priority",
        "priorityClassName",
        "readinessGates",
        "resourceClaims",
        "resources",
        "restartPolicy",
        "runtimeClassName",
        "schedulerName",
        "schedulingGates",
        "securityContext",
        "serviceAccount",
        "serviceAccountName",
        "setHostnameAsFQDN",
        "shareProcessNamespace",
        "subdomain",
        "terminationGracePeriodSeconds",
        "tolerations",
        "topologySpreadConstraints",
        "volumes",
    ],
};

const DEPLOYMENT: Shape = Shape {
    name: "the spec of a Deployment",
    fields: &[
        "minReadySeconds",
        "paused",
        "progressDeadlineSeconds",
        "replicas",
        "revisionHistoryLimit",
        "selector",
        "strategy",
        "template",
    ],
};

const STATEFUL_SET: Shape = Shape {
    name: "the spec of a StatefulSet",
    fields: &[
        "minReadySeconds",
        "ordinals",
        "persistentVolumeClaimRetentionPolicy",
        "podManagementPolicy",
        "replicas",
        "revisionHistoryLimit",
        "selector",
        "serviceName",
        "template",
        "updateStrategy",
        "volumeClaimTemplates",
    ],
};

const MOUNT: Shape = Shape {
    name: "a volume mount",
    fields: &[
        "mountPath",
        "mountPropagation",
        "name",
        "readOnly",
        "recursiveReadOnly",
        "subPath",
        "subPathExpr",
    ],
};

const CONTAINER_PORT: Shape = Shape {
    name: "a container port",
    fields: &["containerPort", "hostIP", "hostPort", "name", "protocol"],
};

const SERVICE: Shape = Shape {
    name: "the spec of a Service",
    fields: &[
        "allocateLoadBalancerNodePorts",
        "clusterIP",
        "clusterIPs",
        "externalIPs",
        "externalName",
        "externalTrafficPolicy",
        "healthCheckNodePort",
        "internalTrafficPolicy",
        "ipFamilies",
        "ipFamilyPolicy",
        "loadBalancerClass",
        "loadBalancerIP",
        "loadBalancerSourceRanges",
        "ports",
        "publishNotReadyAddresses",
        "selector",
        "sessionAffinity",
        "sessionAffinityConfig",
        "trafficDistribution",
        "type",
    ],
};

const SERVICE_PORT: Shape = Shape {
    name: "a port of a Service",
    fields: &["appProtocol", "name", "nodePort", "port", "protocol", "targetPort"],
};

/// Where a word belongs that stands somewhere else, the likeliest place first.
const HOMES: &[&Shape] = &[&CONTAINER, &POD, &DEPLOYMENT, &SERVICE, &SERVICE_PORT, &MOUNT];

/// A field that its map does not have.
pub(super) struct Stray {
    pub(super) place: Place,
    pub(super) key: String,
    /// Where it stands.
    pub(super) host: &'static str,
    /// Where it belongs, if it is a word that Kubernetes knows.
    pub(super) home: Option<&'static str>,
}

/// All such fields of an object.
pub(super) fn strays(object: &Object) -> Vec<Stray> {
    let mut found = Vec::new();
    let spec = object.node.get("spec");
    match object.kind.as_str() {
        "Deployment" => look(object, spec, &DEPLOYMENT, &mut found),
        "StatefulSet" => look(object, spec, &STATEFUL_SET, &mut found),
        "Service" => {
            look(object, spec, &SERVICE, &mut found);
            for port in spec.map_or(&[][..], |spec| spec.items_of("ports")) {
                look(object, Some(port), &SERVICE_PORT, &mut found);
            }
        }
        "Pod" => {}
        _ => return found,
    }
    let pod = if object.kind == "Pod" { spec } else { object.node.at("spec/template/spec") };
    let Some(pod) = pod else { return found };
    look(object, Some(pod), &POD, &mut found);
    for volume in pod.items_of("volumes") {
        look(object, Some(volume), &VOLUME, &mut found);
    }
    for kind in ["containers", "initContainers"] {
        for container in pod.items_of(kind) {
            look(object, Some(container), &CONTAINER, &mut found);
            for mount in container.items_of("volumeMounts") {
                look(object, Some(mount), &MOUNT, &mut found);
            }
            for port in container.items_of("ports") {
                look(object, Some(port), &CONTAINER_PORT, &mut found);
            }
            for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
                look(object, container.get(probe), &PROBE, &mut found);
            }
        }
    }
    // A probe that is in the wrong place is looked into as well.
    let volumes = pod.items_of("volumes").iter().chain([pod]);
    for volume in volumes {
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            look(object, volume.get(probe), &PROBE, &mut found);
        }
    }
    found
}

fn look(object: &Object, node: Option<&Node>, shape: &Shape, found: &mut Vec<Stray>) {
    let entries: &[(Key, Node)] = node.map_or(&[], Walk::entries);
    for (key, _) in entries {
        if shape.fields.contains(&key.name.as_str()) {
            continue;
        }
        let home = HOMES.iter().find(|home| home.fields.contains(&key.name.as_str()));
        found.push(Stray {
            place: key_place(key, object.file),
            key: key.name.clone(),
            host: shape.name,
            home: home.map(|home| home.name),
        });
    }
}
