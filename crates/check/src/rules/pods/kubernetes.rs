//! API versions that Kubernetes no longer has.

use super::{NO_SUCH_API, REFUSED_VALUE};
use crate::finding::Findings;
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::slip::is_slip;
use crate::system::World;

/// Kinds, the version that is gone, the release that does not have it any more, and what to write.
///
/// Source: "Deprecated API Migration Guide" of Kubernetes, releases 1.16 to 1.27.
const REMOVED: &[(&[&str], &str, &str, &str)] = &[
    (&["Deployment", "DaemonSet", "ReplicaSet"], "extensions/v1beta1", "1.16", "apps/v1"),
    (&["NetworkPolicy"], "extensions/v1beta1", "1.16", "networking.k8s.io/v1"),
    (&["Deployment", "StatefulSet"], "apps/v1beta1", "1.16", "apps/v1"),
    (&["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"], "apps/v1beta2", "1.16", "apps/v1"),
    (&["Ingress"], "extensions/v1beta1", "1.22", "networking.k8s.io/v1"),
    (&["Ingress", "IngressClass"], "networking.k8s.io/v1beta1", "1.22", "networking.k8s.io/v1"),
    (
        &["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"],
        "rbac.authorization.k8s.io/v1beta1",
        "1.22",
        "rbac.authorization.k8s.io/v1",
    ),
    (&["StorageClass"], "storage.k8s.io/v1beta1", "1.22", "storage.k8s.io/v1"),
    (&["PriorityClass"], "scheduling.k8s.io/v1beta1", "1.22", "scheduling.k8s.io/v1"),
    (
        &["CustomResourceDefinition"],
        "apiextensions.k8s.io/v1beta1",
        "1.22",
        "apiextensions.k8s.io/v1",
    ),
    (&["CronJob"], "batch/v1beta1", "1.25", "batch/v1"),
    (&["PodDisruptionBudget"], "policy/v1beta1", "1.25", "policy/v1"),
    (&["HorizontalPodAutoscaler"], "autoscaling/v2beta1", "1.25", "autoscaling/v2"),
    (&["HorizontalPodAutoscaler"], "autoscaling/v2beta2", "1.26", "autoscaling/v2"),
];

/// Objects beside a Flink that Kubernetes refuses for their version. Files without Flink are not looked at.
pub(in crate::rules) fn removed_versions(world: &World, out: &mut Findings<'_>) {
    let is_flinks = world
        .objects
        .iter()
        .any(|object| object.kind == "FlinkDeployment" || Workload::of(object).is_some());
    if !is_flinks {
        return;
    }
    for object in &world.objects {
        let Some(node) = object.node.get("apiVersion") else { continue };
        let Some(version) = node.text() else { continue };
        let removed = REMOVED
            .iter()
            .find(|(kinds, gone, ..)| *gone == version && kinds.contains(&object.kind.as_str()));
        let Some((_, gone, release, new)) = removed else { continue };
        let place = node.place(object.file);
        let message = format!(
            "{} is of `{gone}`, which Kubernetes {release} and later do not have; it is `{new}` now",
            object.title()
        );
        // An Ingress has other fields since, and so has an HorizontalPodAutoscaler.
        let is_same = !matches!(object.kind.as_str(), "Ingress" | "HorizontalPodAutoscaler")
            && object.node.at("spec/selector").is_some() == (*new == "apps/v1");
        let patch = out.exchange(place, gone, new).filter(|_| is_same);
        out.add(&NO_SUCH_API, place, message).patch = patch;
    }
}

/// API versions with all their kinds ("Kubernetes API", reference of 1.32). OpenShift had more of `v1`.
const KINDS: &[(&str, &[&str])] = &[
    (
        "v1",
        &[
            "Binding",
            "ComponentStatus",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "Namespace",
            "Node",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "Pod",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
    ),
    (
        "apps/v1",
        &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "Scale", "StatefulSet"],
    ),
    ("batch/v1", &["CronJob", "Job"]),
    (
        "networking.k8s.io/v1",
        &["IPAddress", "Ingress", "IngressClass", "NetworkPolicy", "ServiceCIDR"],
    ),
    ("policy/v1", &["Eviction", "PodDisruptionBudget"]),
    ("autoscaling/v2", &["HorizontalPodAutoscaler"]),
    ("rbac.authorization.k8s.io/v1", &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]),
];

/// Kinds of other versions that are written with `v1`, and that OpenShift never had there.
const NOT_OF_CORE: &[&str] = &["Deployment", "StatefulSet", "CronJob", "Ingress", "NetworkPolicy"];

/// A kind of `v1` of OpenShift that is nearly `Node`.
const OF_OPEN_SHIFT: &str = "Role";

/// Objects of a kind that their API version does not have. Files without Flink are not looked at.
pub(in crate::rules) fn unknown_kinds(world: &World, out: &mut Findings<'_>) {
    let is_flinks = world.objects.iter().any(|object| Workload::of(object).is_some());
    let objects = world.objects.iter().filter(|object| is_flinks && object.compose.is_none());
    for object in objects {
        let kind = object.kind.as_str();
        let Some(version) = object.node.text_of("apiVersion") else { continue };
        let Some((_, known)) = KINDS.iter().find(|(of, _)| *of == version) else { continue };
        let is_list = kind.ends_with("List");
        let is_known = known.contains(&kind) || version == "v1" && kind == OF_OPEN_SHIFT;
        if is_known || is_list || kind.contains(['$', '{', '<']) {
            continue;
        }
        let slip = |known: &&&str| is_slip(known, kind, 2);
        let meant = known.iter().find(slip);
        if version == "v1" && meant.is_none() && !NOT_OF_CORE.contains(&kind) {
            continue;
        }
        let home = KINDS.iter().find(|(_, kinds)| kinds.contains(&kind));
        let message = match (meant, home) {
            (_, Some((home, _))) => {
                format!("{} is of `{home}`, not of `{version}`", object.title())
            }
            (Some(meant), None) => {
                format!("`{kind}` is not a kind of `{version}`; `{meant}` is")
            }
            (None, None) => format!("`{kind}` is not a kind of `{version}`"),
        };
        let place = object.place_of("kind");
        let patch = match (meant, home) {
            (Some(meant), None) => out.exchange(place, kind, meant),
            _ => None,
        };
        out.add(&REFUSED_VALUE, place, message).patch = patch;
    }
}
