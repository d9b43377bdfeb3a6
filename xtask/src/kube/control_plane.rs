//! Starting, watching and stopping the four processes of a control plane.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::binary::{Binaries, PARTS};
use super::pki;

/// Where the processes of a control plane run and listen.
#[derive(Debug)]
pub(super) struct Site {
    /// Address at which the API server listens.
    pub(super) bind: String,
    /// Address that it tells to pods. Endpoints may not name a loopback address.
    pub(super) advertise: String,
    /// Addresses of Services.
    pub(super) services: String,
    /// The first of them, which the API server takes for itself.
    pub(super) service: String,
    /// Words before each command: what leads into a node's namespaces.
    pub(super) enter: Vec<String>,
}

impl Site {
    /// On this machine, without a node.
    fn loopback() -> Self {
        Self {
            bind: "127.0.0.1".to_owned(),
            // Nobody uses it.
            advertise: "172.31.255.1".to_owned(),
            services: "10.96.0.0/16".to_owned(),
            service: "10.96.0.1".to_owned(),
            enter: Vec::new(),
        }
    }
}

/// A running control plane. It outlives this value: [`ControlPlane::stop`] ends it.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    directory: PathBuf,
    site: Site,
}

/// The slowest start seen on a busy machine was 7 s; a minute tells a hang from a slow disk.
const READY_WITHIN: Duration = Duration::from_mins(1);

impl ControlPlane {
    /// Starts a control plane whose files are in `directory`, or takes the one that runs there.
    ///
    /// # Errors
    /// When a part ends or is not ready within a minute; what was started is stopped again.
    pub(crate) fn start(binaries: &Binaries, directory: &Path) -> Result<Self> {
        if Self::status(directory).iter().all(|(_, alive)| *alive) {
            return Ok(Self { directory: directory.to_owned(), site: Site::loopback() });
        }
        Self::stop(directory)?;
        Self::start_in(binaries, directory, Site::loopback())
    }

    /// Starts a control plane at a site.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub(super) fn start_in(binaries: &Binaries, directory: &Path, site: Site) -> Result<Self> {
        let plane = Self { directory: directory.to_owned(), site };
        fs::create_dir_all(directory.join("logs"))?;
        pki::write(&directory.join("pki"), &plane.site.service, &plane.site.bind)?;
        plane.start_parts(binaries).inspect_err(|_| {
            for part in PARTS {
                end(directory, part);
            }
        })?;
        Ok(plane)
    }

    /// The administrator's kubeconfig.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.directory.join("kubeconfig")
    }

    /// Each part, and whether it runs.
    pub(crate) fn status(directory: &Path) -> Vec<(&'static str, bool)> {
        PARTS.iter().map(|part| (*part, pid_of(directory, part).is_some())).collect()
    }

    /// Whether one process that was started with [`Self::spawn_command`] runs.
    pub(super) fn runs(directory: &Path, part: &str) -> bool {
        pid_of(directory, part).is_some()
    }

    /// Ends all parts and removes the directory. Returns how many ran.
    ///
    /// # Errors
    /// When the directory cannot be removed.
    pub(crate) fn stop(directory: &Path) -> Result<usize> {
        // Nothing of a test cluster is worth an orderly end, which takes the API server up to 10 s.
        let stopped = PARTS.iter().rev().filter(|part| end(directory, part)).count();
        if directory.join("pki").is_dir() || directory.join("logs").is_dir() {
            fs::remove_dir_all(directory)
                .with_context(|| format!("failed to remove `{}`", directory.display()))?;
        }
        Ok(stopped)
    }

    fn start_parts(&self, binaries: &Binaries) -> Result<()> {
        let [client, peer, api, controllers, scheduler] = free_ports()?;
        let pki = self.directory.join("pki");
        let at = |name: &str| pki.join(name).display().to_string();
        let Site { bind, advertise, services, .. } = &self.site;
        let server = format!("https://{bind}:{api}");
        let etcd = format!("http://127.0.0.1:{client}");
        let peers = format!("http://127.0.0.1:{peer}");
        for (file, _, _) in pki::USERS {
            self.write_kubeconfig(file, &server)?;
        }
        fs::rename(self.directory.join("admin.kubeconfig"), self.kubeconfig())?;

        self.spawn(
            binaries,
            "etcd",
            &[
                format!("--data-dir={}", self.directory.join("etcd").display()),
                format!("--listen-client-urls={etcd}"),
                format!("--advertise-client-urls={etcd}"),
                format!("--listen-peer-urls={peers}"),
                format!("--initial-advertise-peer-urls={peers}"),
                format!("--initial-cluster=default={peers}"),
                "--unsafe-no-fsync".to_owned(),
                "--log-level=warn".to_owned(),
            ],
        )?;
        self.spawn(
            binaries,
            "kube-apiserver",
            &[
                format!("--etcd-servers={etcd}"),
                format!("--bind-address={bind}"),
                format!("--secure-port={api}"),
                format!("--advertise-address={advertise}"),
                format!("--service-cluster-ip-range={services}"),
                "--authorization-mode=Node,RBAC".to_owned(),
                "--enable-admission-plugins=NodeRestriction".to_owned(),
                format!("--token-auth-file={}", at("tokens.csv")),
                format!("--client-ca-file={}", at("ca.crt")),
                format!("--tls-cert-file={}", at("apiserver.crt")),
                format!("--tls-private-key-file={}", at("apiserver.key")),
                format!("--service-account-key-file={}", at("sa.pub")),
                format!("--service-account-signing-key-file={}", at("sa.key")),
                "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
                format!("--kubelet-certificate-authority={}", at("ca.crt")),
                format!("--kubelet-client-certificate={}", at("kubelet-client.crt")),
                format!("--kubelet-client-key={}", at("kubelet-client.key")),
                "--kubelet-preferred-address-types=InternalIP".to_owned(),
                "--profiling=false".to_owned(),
            ],
        )?;
        self.spawn(
            binaries,
            "kube-controller-manager",
            &[
                format!("--kubeconfig={}", self.part_kubeconfig("kube-controller-manager")),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--secure-port={controllers}"),
                "--leader-elect=false".to_owned(),
                "--use-service-account-credentials=true".to_owned(),
                format!("--service-account-private-key-file={}", at("sa.key")),
                format!("--root-ca-file={}", at("ca.crt")),
                // Claims get a directory of this machine.
                "--enable-hostpath-provisioner=true".to_owned(),
                // At the default 15 s a pod with a claim can take that long to start.
                "--pvclaimbinder-sync-period=1s".to_owned(),
                // At the default 20 requests a second the start takes 5 s more.
                "--kube-api-qps=500".to_owned(),
                "--kube-api-burst=1000".to_owned(),
                "--profiling=false".to_owned(),
            ],
        )?;
        self.spawn(
            binaries,
            "kube-scheduler",
            &[
                format!("--kubeconfig={}", self.part_kubeconfig("kube-scheduler")),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--secure-port={scheduler}"),
                "--leader-elect=false".to_owned(),
                "--profiling=false".to_owned(),
            ],
        )?;
        self.wait(binaries, "kube-apiserver", &["get", "--raw", "/readyz"])?;
        // Made by the controller manager, and needed by every pod: its sign of life.
        self.wait(
            binaries,
            "kube-controller-manager",
            &["get", "serviceaccount", "default", "-n", "default"],
        )
    }

    /// The kubeconfig of one part.
    pub(super) fn part_kubeconfig(&self, part: &str) -> String {
        self.directory.join(format!("{part}.kubeconfig")).display().to_string()
    }

    fn write_kubeconfig(&self, user: &str, server: &str) -> Result<()> {
        let pki = self.directory.join("pki");
        let token = fs::read_to_string(pki.join(format!("{user}.token")))?;
        let document = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {
                "server": server,
                "certificate-authority": pki.join("ca.crt"),
            }}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
        });
        let path = self.directory.join(format!("{user}.kubeconfig"));
        Ok(fs::write(path, format!("{document:#}\n"))?)
    }

    fn spawn(&self, binaries: &Binaries, part: &str, arguments: &[String]) -> Result<()> {
        self.spawn_command(part, binaries.command(part).args(arguments))
    }

    /// Starts a process at the control plane's site, with a log and a note of its PID.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn spawn_command(&self, part: &str, command: &Command) -> Result<()> {
        let log = File::create(self.log(part))?;
        let inside = std::iter::once(command.get_program()).chain(command.get_args());
        let mut words = self.site.enter.iter().map(OsStr::new).chain(inside);
        let program = words.next().unwrap_or(command.get_program());
        let child: Child = Command::new(program)
            .args(words)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("failed to start {part}"))?;
        Ok(fs::write(self.directory.join(format!("{part}.pid")), child.id().to_string())?)
    }

    fn log(&self, part: &str) -> PathBuf {
        self.directory.join("logs").join(format!("{part}.log"))
    }

    /// Waits until kubectl succeeds, as long as the part lives that is to bring that about.
    ///
    /// # Errors
    /// When it does not within a minute, with the end of the part's log.
    pub(super) fn wait(&self, binaries: &Binaries, part: &str, kubectl: &[&str]) -> Result<()> {
        let started = Instant::now();
        loop {
            let output = binaries
                .command("kubectl")
                .arg("--kubeconfig")
                .arg(self.kubeconfig())
                .args(kubectl)
                .output()?;
            if output.status.success() {
                return Ok(());
            }
            if pid_of(&self.directory, part).is_none() || READY_WITHIN < started.elapsed() {
                let log = fs::read_to_string(self.log(part)).unwrap_or_default();
                let end = log.lines().rev().take(15).collect::<Vec<_>>();
                let end = end.into_iter().rev().collect::<Vec<_>>().join("\n");
                bail!("{part} did not get ready; the end of its log:\n{end}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The PID of a part that runs: the recorded process, if it still works on this directory.
fn pid_of(directory: &Path, part: &str) -> Option<u32> {
    let pid = fs::read_to_string(directory.join(format!("{part}.pid"))).ok()?.parse().ok()?;
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let needle = directory.display().to_string();
    let is_ours = arguments.windows(needle.len()).any(|window| window == needle.as_bytes());
    is_ours.then_some(pid)
}

fn end(directory: &Path, part: &str) -> bool {
    let Some(pid) = pid_of(directory, part) else { return false };
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status();
    let started = Instant::now();
    while pid_of(directory, part).is_some() && started.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(10));
    }
    killed.is_ok_and(|status| status.success())
}

fn free_ports<const N: usize>() -> Result<[u16; N]> {
    // All are held until all are known, so that no two are the same.
    let listeners: Vec<TcpListener> =
        (0..N).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}
