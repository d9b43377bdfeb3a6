//! Words and configuration of the kubelet and of kube-proxy.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::containerd::SOCKET;
use super::namespaces::Network;
use crate::kube::pki::NODE;

/// Last part of the DNS server's address among the Services.
pub(super) const DNS: u8 = 10;

/// Writes the kubelet's configuration and gives its words.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn kubelet(directory: &Path, network: Network) -> Result<Vec<String>> {
    let pki = directory.join("pki");
    let configuration = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": "0.0.0.0",
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": true},
            "x509": {"clientCAFile": pki.join("ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": pki.join("kubelet.crt"),
        "tlsPrivateKeyFile": pki.join("kubelet.key"),
        "containerRuntimeEndpoint": format!("unix://{SOCKET}"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": format!("/{}", network.group()),
        "failCgroupV1": false,
        "failSwapOn": false,
        "clusterDomain": "cluster.local",
        "clusterDNS": [network.service(DNS)],
        "resolvConf": "",
        "podLogsDir": "/var/log/pods",
        "volumePluginDir": directory.join("plugins"),
        // A full disk is the machine's matter; a node that throws pods out hides what a test is about.
        "evictionHard": {
            "memory.available": "100Mi", "nodefs.available": "0%", "imagefs.available": "0%",
            "nodefs.inodesFree": "0%", "imagefs.inodesFree": "0%",
        },
        "imageGCHighThresholdPercent": 100,
        "registerNode": true,
        "nodeStatusUpdateFrequency": "4s",
        "healthzBindAddress": "127.0.0.1",
    });
    let path = directory.join("kubelet.json");
    fs::write(&path, configuration.to_string())?;
    Ok(vec![
        format!("--config={}", path.display()),
        format!("--root-dir={}", directory.join("kubelet").display()),
        format!("--hostname-override={NODE}"),
        format!("--node-ip={}", network.node()),
    ])
}

/// The words of kube-proxy.
pub(super) fn proxy(network: Network) -> Vec<String> {
    vec![
        "--proxy-mode=iptables".to_owned(),
        format!("--hostname-override={NODE}"),
        format!("--cluster-cidr={}", network.pods()),
        // A network namespace that is not the first may not change these.
        "--conntrack-max-per-core=0".to_owned(),
        "--conntrack-tcp-timeout-established=0s".to_owned(),
        "--conntrack-tcp-timeout-close-wait=0s".to_owned(),
        format!("--nodeport-addresses={}/32,127.0.0.1/32", network.node()),
        "--healthz-bind-address=127.0.0.1:10256".to_owned(),
        "--metrics-bind-address=127.0.0.1:10249".to_owned(),
    ]
}
