//! A real node beside the control plane: containerd, kubelet, kube-proxy, pods with addresses and names. Everything in
//! mount, PID and network namespaces of its own, as root, and gone with them.
//!
//! From this machine the node's address reaches node ports, and pods and Services have routes. Pods see this machine's
//! files where a `hostPath` names them, and nothing of the network beyond it.

mod containerd;
mod dns;
mod image;
mod kubelet;
mod namespaces;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use namespaces::Network;

use super::binary::{Binaries, PodPrograms};
use super::control_plane::{ControlPlane, Site};
use super::pki::NODE;

/// What a node is made of besides Kubernetes, and Debian's package of each.
const PROGRAMS: [(&str, &str); 8] = [
    ("containerd", "containerd"),
    ("ctr", "containerd"),
    ("runc", "runc"),
    ("iptables", "iptables"),
    ("conntrack", "conntrack"),
    ("ip", "iproute2"),
    ("unshare", "util-linux"),
    ("sysctl", "procps"),
];
/// Debian's place of the program that connects pods, and its package.
const BRIDGE: (&str, &str) = ("/usr/lib/cni/bridge", "containernetworking-plugins");
/// containerd answers within a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running node with its control plane. It outlives this value: [`Node::stop`] ends it.
#[derive(Debug)]
pub(crate) struct Node {
    directory: PathBuf,
    network: Network,
    plane: ControlPlane,
}

impl Node {
    /// Starts a control plane and a node whose files are in `directory`.
    ///
    /// # Errors
    /// Not root, a program is missing, or a part does not get ready; what was started is stopped again.
    pub(crate) fn start(
        binaries: &Binaries,
        programs: &PodPrograms,
        directory: &Path,
    ) -> Result<Self> {
        check()?;
        fs::create_dir_all(directory.join("logs"))?;
        let started = Self::start_all(binaries, programs, directory);
        // The logs stay, so that there is something to read.
        started.inspect_err(|_| namespaces::stop(directory))
    }

    fn start_all(binaries: &Binaries, programs: &PodPrograms, directory: &Path) -> Result<Self> {
        let network = namespaces::start(directory)?;
        let enter = namespaces::enter(directory)?;
        let site = Site {
            bind: network.node(),
            advertise: network.node(),
            services: network.services(),
            service: network.service(1),
            enter: enter.clone(),
        };
        let plane = ControlPlane::start_in(binaries, directory, site)?;
        let node = Self { directory: directory.to_owned(), network, plane };
        node.start_containerd(&enter, programs)?;
        node.start_kubelet(binaries)?;
        node.apply(binaries, &dns::objects(&network.service(kubelet::DNS)))?;
        let ready = format!("node/{NODE}");
        node.plane.wait(binaries, "kubelet", &["get", &ready])?;
        let waits: [&[&str]; 2] = [
            &["wait", "--for=condition=Ready", &ready],
            &["-n", dns::NAMESPACE, "rollout", "status", "deployment/coredns"],
        ];
        for words in waits {
            node.plane.wait(binaries, "kubelet", &[words, &["--timeout=60s"]].concat())?;
        }
        Ok(node)
    }

    fn start_containerd(&self, enter: &[String], programs: &PodPrograms) -> Result<()> {
        let configuration = containerd::configure(&self.directory, self.network)?;
        let mut command = Command::new("containerd");
        self.plane.spawn_command("containerd", command.arg("--config").arg(configuration))?;
        let started = Instant::now();
        while !containerd::answers(enter) {
            let log = self.directory.join("logs/containerd.log");
            let said = || fs::read_to_string(&log).unwrap_or_default();
            ensure!(started.elapsed() < PATIENCE, "containerd does not answer:\n{}", said());
            std::thread::sleep(Duration::from_millis(50));
        }
        // Before there is anything that wants them: a pod without its image waits 10 s for the next try.
        for (name, program) in [(containerd::PAUSE, &programs.pause), (dns::IMAGE, &programs.dns)] {
            let archive = self.directory.join("image.tar");
            image::write(&archive, name, program)?;
            containerd::import(enter, &archive)?;
            fs::remove_file(archive)?;
        }
        Ok(())
    }

    fn start_kubelet(&self, binaries: &Binaries) -> Result<()> {
        let mut kubelet = binaries.command("kubelet");
        kubelet.args(kubelet::kubelet(&self.directory, self.network)?);
        let mut proxy = binaries.command("kube-proxy");
        proxy.args(kubelet::proxy(self.network));
        for (part, mut command) in [("kubelet", kubelet), ("kube-proxy", proxy)] {
            command.arg(format!("--kubeconfig={}", self.plane.part_kubeconfig(part)));
            self.plane.spawn_command(part, &command)?;
        }
        Ok(())
    }

    fn apply(&self, binaries: &Binaries, objects: &serde_json::Value) -> Result<()> {
        let mut kubectl = binaries.command("kubectl");
        let mut child = kubectl
            .arg("--kubeconfig")
            .arg(self.plane.kubeconfig())
            .args(["apply", "--server-side", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let stdin = child.stdin.as_mut().context("a pipe")?;
        stdin.write_all(objects.to_string().as_bytes())?;
        let status = child.wait_with_output()?.status;
        ensure!(status.success(), "the DNS server's objects cannot be made ({status})");
        Ok(())
    }

    /// Brings the images of an archive into the node.
    ///
    /// # Errors
    /// When containerd refuses.
    pub(crate) fn import(&self, archive: &Path) -> Result<()> {
        containerd::import(&namespaces::enter(&self.directory)?, archive)
    }

    /// The administrator's kubeconfig.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.plane.kubeconfig()
    }

    /// Address of the node, where this machine reaches node ports.
    pub(crate) fn address(&self) -> String {
        self.network.node()
    }

    /// Address of this machine, as pods see it.
    pub(crate) fn host(&self) -> String {
        self.network.host()
    }

    /// Whether there is something of a node in a directory.
    pub(crate) fn is_in(directory: &Path) -> bool {
        namespaces::network(directory).is_some() || namespaces::alive(directory)
    }

    /// Each part, and whether it runs.
    pub(crate) fn status(directory: &Path) -> Vec<(&'static str, bool)> {
        let mut parts = vec![("namespaces", namespaces::alive(directory))];
        parts.extend(ControlPlane::status(directory));
        let runs = |part| ControlPlane::runs(directory, part);
        parts.extend(["containerd", "kubelet", "kube-proxy"].map(|part| (part, runs(part))));
        parts
    }

    /// Ends everything and removes the directory. That nothing runs is not an error.
    ///
    /// # Errors
    /// When the directory cannot be removed.
    pub(crate) fn stop(directory: &Path) -> Result<()> {
        namespaces::stop(directory);
        if directory.exists() {
            fs::remove_dir_all(directory)
                .with_context(|| format!("cannot remove `{}`", directory.display()))?;
        }
        Ok(())
    }
}

/// Names everything that is missing, with the packages to install.
fn check() -> Result<()> {
    let id = Command::new("id").arg("-u").output()?.stdout;
    ensure!(id == b"0\n", "a Kubernetes node for tests needs root");
    let mut missing = Vec::new();
    for (program, package) in PROGRAMS {
        let words = ["-c", &format!("command -v {program}")];
        if !Command::new("sh").args(words).output()?.status.success() {
            missing.push((program, package));
        }
    }
    if !Path::new(BRIDGE.0).is_file() {
        missing.push(BRIDGE);
    }
    let names: Vec<_> = missing.iter().map(|(name, _)| *name).collect();
    let packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    ensure!(
        missing.is_empty(),
        "missing for a Kubernetes node: {}; apt-get install {}",
        names.join(", "),
        packages.join(" ")
    );
    Ok(())
}
