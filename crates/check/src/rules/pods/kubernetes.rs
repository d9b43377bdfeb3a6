//! API versions that Kubernetes no longer has.

use super::NO_SUCH_API;
use crate::finding::Findings;
use crate::kubernetes::Workload;
use crate::node::Walk;
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
