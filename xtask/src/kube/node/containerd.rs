//! containerd: its configuration, the network of pods, and images.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::namespaces::Network;

/// Where it listens, in the node's own `/run`.
pub(super) const SOCKET: &str = "/run/containerd/containerd.sock";
/// Image of what holds a pod's namespaces.
pub(super) const PAUSE: &str = "nutkin.test/pause:1";
/// Where Debian puts the plugins of pod networks.
const PLUGINS: &str = "/usr/lib/cni";
/// Kubernetes' images are in this namespace of containerd's.
const NAMESPACE: &str = "k8s.io";

/// Writes the configuration and gives its path.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn configure(directory: &Path, network: Network) -> Result<std::path::PathBuf> {
    let networks = directory.join("cni");
    fs::create_dir_all(&networks)?;
    let bridge = json!({
        "type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
        "ipam": {
            "type": "host-local", "dataDir": directory.join("addresses"),
            "ranges": [[{"subnet": network.pods()}]], "routes": [{"dst": "0.0.0.0/0"}],
        },
    });
    let ports = json!({"type": "portmap", "capabilities": {"portMappings": true}});
    let list = json!({"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge, ports]});
    fs::write(networks.join("10-pods.conflist"), list.to_string())?;
    // `restrict_oom_score_adj`: root without CAP_SYS_RESOURCE, as in many containers, may not lower that score.
    let text = format!(
        r#"version = 2
root = "{root}"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.internal.v1.tracing",
]
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{PLUGINS}"
    conf_dir = "{conf}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
"#,
        root = directory.join("containerd").display(),
        conf = networks.display(),
    );
    let path = directory.join("containerd.toml");
    fs::write(&path, text)?;
    Ok(path)
}

/// Whether it answers.
pub(super) fn answers(enter: &[String]) -> bool {
    let mut version = ctr(enter, &["version"]);
    version.stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// Brings an archive's image into the node.
///
/// # Errors
/// When containerd refuses it.
pub(super) fn import(enter: &[String], archive: &Path) -> Result<()> {
    let archive = archive.to_str().context("the archive's path is not UTF-8")?;
    let output = ctr(enter, &["images", "import", archive]).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{archive}` is not an image for the node: {}", said.trim());
    Ok(())
}

fn ctr(enter: &[String], args: &[&str]) -> Command {
    let mut command = Command::new(&enter[0]);
    command.args(&enter[1..]).args(["ctr", "--address", SOCKET, "--namespace", NAMESPACE]);
    command.args(args);
    command
}
