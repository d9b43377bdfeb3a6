//! The mount, PID and network namespaces of a node, its link to this machine, and their end.
//!
//! The kernel cleans up: with PID 1 of the namespaces go all processes, with those all mounts and rules. What stays on
//! this machine is one link and the control groups, and these are removed by name.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::groups;
use crate::root::{run, say};

/// File with the PID of the process that holds the namespaces.
const PID: &str = "namespaces.pid";
/// File with the number of the network.
const NUMBER: &str = "network";
/// Nodes of one machine at a time: one for each checkout that runs tests.
const NODES: u8 = 8;
/// All of it takes a tenth of a second.
const PATIENCE: Duration = Duration::from_secs(20);

/// PID 1: its own `/proc` and `/run`, logs of pods and dynamic claims in the node's directory; then it buries what
/// orphans leave. `$1` is that directory.
const INIT: &str = r#"
mount --make-rshared /
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/lock "$1/pod-logs" "$1/claims" /tmp/hostpath_pv
mount --bind "$1/pod-logs" /var/log
mount --bind "$1/claims" /tmp/hostpath_pv
touch "$1/namespaces-ready"
while :; do sleep 3600 & wait $! || true; done
"#;

/// The network inside: `$1` the node's address, `$2` this machine's at the other end of the link.
const NETWORK: &str = r"
ip link set lo up
ip addr add $1/30 dev up0
ip link set up0 up
ip route add default via $2
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true
";

/// The kubelet wants the group to be there; under control groups of version 1 one for each controller, with processors
/// and memory of its own choice. A group weighs as much as one process of this machine; all pods together are to weigh as eight.
const GROUPS: &str = r#"
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  for one in cpu cpuset memory pids; do
    echo "+$one" >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || true
  done
  mkdir -p "/sys/fs/cgroup/$1"
  echo 800 >"/sys/fs/cgroup/$1/cpu.weight" 2>/dev/null || true
else
  for one in /sys/fs/cgroup/*/; do
    [ -e "$one/cgroup.procs" ] || continue
    mkdir -p "$one/$1"
    for what in cpuset.cpus cpuset.mems; do
      [ ! -e "$one/$1/$what" ] || cat "$one/$what" >"$one/$1/$what"
    done
    [ ! -e "$one/$1/cpu.shares" ] || echo 8192 >"$one/$1/cpu.shares"
  done
fi
"#;

/// Addresses of one node. The number keeps several nodes of one machine apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network(u8);

impl Network {
    /// This machine, as the node sees it.
    pub(super) fn host(self) -> String {
        format!("10.203.{}.1", 32 + self.0)
    }

    /// The node.
    pub(super) fn node(self) -> String {
        format!("10.203.{}.2", 32 + self.0)
    }

    /// Pods.
    pub(super) fn pods(self) -> String {
        format!("10.203.{}.0/24", 96 + self.0)
    }

    /// Services; `.1` is the API server.
    pub(super) fn services(self) -> String {
        format!("10.203.{}.0/24", 128 + self.0)
    }

    /// One of the Services.
    pub(super) fn service(self, last: u8) -> String {
        format!("10.203.{}.{last}", 128 + self.0)
    }

    /// Its control group, below the top.
    pub(super) fn group(self) -> String {
        format!("nutkin-node-{}", self.0)
    }

    fn link(self) -> String {
        format!("nutkin-node{}", self.0)
    }
}

/// Makes them all.
///
/// # Errors
/// Not root, a program is missing, or all networks are taken.
pub(super) fn start(directory: &Path) -> Result<Network> {
    let log = File::create(directory.join("logs/namespaces.log"))?;
    let mut child = Command::new("setsid")
        .args(["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child"])
        // What is mounted on this machine later is seen inside, and nothing of the inside here.
        .args(["--propagation", "slave", "bash", "-euc", INIT, "nutkin-node"])
        .arg(directory)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("cannot start the node's namespaces")?;
    fs::write(directory.join(PID), child.id().to_string())?;
    let ready = directory.join("namespaces-ready");
    let started = Instant::now();
    while !ready.exists() {
        let log = || fs::read_to_string(directory.join("logs/namespaces.log")).unwrap_or_default();
        ensure!(child.try_wait()?.is_none(), "the node's namespaces ended: {}", log());
        ensure!(started.elapsed() < PATIENCE, "the node's namespaces do not get ready: {}", log());
        std::thread::sleep(Duration::from_millis(20));
    }
    let network = link(child.id())?;
    fs::write(directory.join(NUMBER), network.0.to_string())?;
    let host = network.host();
    run(&mut ip(&["addr", "add", &format!("{host}/30"), "dev", &network.link()]))?;
    run(&mut ip(&["link", "set", &network.link(), "up"]))?;
    let node = network.node();
    let enter = enter(directory)?;
    let mut inside = Command::new(&enter[0]);
    run(inside.args(&enter[1..]).args(["bash", "-euc", NETWORK, "net", &node, &host]))?;
    for range in [network.pods(), network.services()] {
        run(&mut ip(&["route", "replace", &range, "via", &node]))?;
    }
    run(Command::new("bash").args(["-euc", GROUPS, "groups", &network.group()]))?;
    Ok(network)
}

/// The first link that can be made decides on the network: names of links are this machine's register.
fn link(holder: u32) -> Result<Network> {
    let holder = holder.to_string();
    let mut said = String::new();
    for network in (0..NODES).map(Network) {
        let name = network.link();
        let made = ip(&["link", "add", &name, "type", "veth"])
            .args(["peer", "name", "up0", "netns", &holder])
            .output()?;
        if made.status.success() {
            return Ok(network);
        }
        said = String::from_utf8_lossy(&made.stderr).into_owned();
    }
    bail!("no link to the node can be made ({}); are {NODES} nodes running?", said.trim())
}

/// The words that lead a command into the namespaces.
///
/// # Errors
/// When they are gone.
pub(super) fn enter(directory: &Path) -> Result<Vec<String>> {
    let inner = holder(directory).and_then(first_child);
    let inner = inner.context("the node's namespaces are gone")?.to_string();
    let words = ["nsenter", "-t", &inner, "--mount", "--pid", "--net", "--"];
    Ok(words.map(str::to_owned).to_vec())
}

/// The network of a node that runs, or that was left by one.
pub(super) fn network(directory: &Path) -> Option<Network> {
    fs::read_to_string(directory.join(NUMBER)).ok()?.trim().parse().ok().map(Network)
}

/// Whether they are there.
pub(super) fn alive(directory: &Path) -> bool {
    holder(directory).is_some()
}

/// Ends all processes and removes the link and the groups. That nothing is there is no error.
pub(super) fn stop(directory: &Path) {
    if let Some(holder) = holder(directory) {
        let inner = first_child(holder).unwrap_or(holder);
        let _ = Command::new("kill").args(["-9", &inner.to_string()]).status();
        let started = Instant::now();
        while self::holder(directory).is_some() {
            if PATIENCE < started.elapsed() {
                say(&format!("process {holder} does not end"));
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    if let Some(network) = network(directory) {
        let _ = ip(&["link", "del", &network.link()]).stderr(Stdio::null()).status();
        groups::remove(&network.group());
    }
    // The provisioner's place is in its source; ours was mounted over it. Without it another node would lose its own.
    let exists = |network: Network| Path::new("/sys/class/net").join(network.link()).exists();
    if !(0..NODES).map(Network).any(exists) {
        let _ = fs::remove_dir("/tmp/hostpath_pv");
    }
}

/// The process that made the namespaces, if it lives: its PID may be another's by now.
fn holder(directory: &Path) -> Option<u32> {
    let pid: u32 = fs::read_to_string(directory.join(PID)).ok()?.trim().parse().ok()?;
    let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let mut words = command.split(|byte| *byte == 0);
    words.any(|word| word == directory.as_os_str().as_encoded_bytes()).then_some(pid)
}

fn first_child(pid: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

fn ip(args: &[&str]) -> Command {
    let mut command = Command::new("ip");
    command.args(args);
    command
}
