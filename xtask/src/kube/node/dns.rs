//! The objects of the cluster's DNS, and the storage class of dynamic claims.

use serde_json::{Value, json};

/// Image of `CoreDNS`.
pub(super) const IMAGE: &str = "nutkin.test/coredns:1";
/// The namespace of the cluster's own parts.
pub(super) const NAMESPACE: &str = "kube-system";

/// What it serves. Answers live for a short time only: tests replace what names stand for.
const CONFIGURATION: &str = ".:53 {
  errors
  health
  ready
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    pods insecure
    ttl 5
  }
  cache 5
  loadbalance
}
";

/// Everything, as one list. `address` is that of the DNS server.
pub(super) fn objects(address: &str) -> Value {
    let labels = json!({"k8s-app": "kube-dns"});
    let metadata = json!({"name": "coredns", "namespace": NAMESPACE, "labels": labels});
    let access = json!({"name": "system:coredns"});
    let rules = json!([
        {"apiGroups": [""], "resources": ["services", "pods", "namespaces", "endpoints"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]);
    let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"});
    let account = json!({"kind": "ServiceAccount", "name": "coredns", "namespace": NAMESPACE});
    let container = json!({
        "name": "coredns",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1},
        "volumeMounts": [{"name": "configuration", "mountPath": "/etc/coredns"}],
    });
    let pod = json!({
        "serviceAccountName": "coredns",
        "dnsPolicy": "Default",
        "containers": [container],
        "volumes": [{"name": "configuration", "configMap": {"name": "coredns"}}],
    });
    let port =
        |protocol: &str| json!({"name": protocol.to_lowercase(), "port": 53, "protocol": protocol});
    let items = json!([
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": access, "rules": rules},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": access,
            "roleRef": role, "subjects": [account]},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"Corefile": CONFIGURATION}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        }},
        {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "kube-dns", "namespace": NAMESPACE, "labels": labels},
            "spec": {"clusterIP": address, "selector": labels, "ports": [port("UDP"), port("TCP")]}},
        {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            "provisioner": "kubernetes.io/host-path"},
    ]);
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}
