//! A real Docker daemon for tests, and a registry: of the run's own, in namespaces of their own, without a trace
//! afterwards. `cargo xtask docker up|down`. Needs root, Debian's `docker.io` and `docker-registry`.
//!
//! The daemon has mount and PID namespaces of its own and the host's network without iptables: published ports are at
//! 127.0.0.1, and neither rules nor forwarding of the host change. Its end is the end of its PID 1, by the kernel.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::groups;
use crate::root::{run as command, say};

/// `cargo xtask docker`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Action,

    /// Where the daemon keeps its files; short, as a socket's path has at most 107 bytes
    #[arg(long, global = true, default_value = "target/docker")]
    directory: PathBuf,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Start a daemon and a registry, and print how to reach them
    Up,
    /// Stop them and remove their files
    Down,
}

/// How long a daemon may take to answer: half a second is usual.
const PATIENCE: Duration = Duration::from_mins(1);
/// Where the daemon's networks get their addresses: tells ours from others', and meets nobody's.
const POOL: &str = "10.203.77.";

/// What runs in the namespaces: a `/run` and a `/proc` of its own, and the daemon. A signal to end, if one comes, goes
/// to the daemon; whoever wants it quickly kills this shell, which is PID 1 there.
const INIT: &str = r#"
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/lock
dockerd --host "unix://$1/docker.sock" --group root --data-root "$1/data" \
  --exec-root /run/docker --pidfile /run/dockerd.pid --storage-driver overlay2 --oom-score-adjust 0 \
  --cgroup-parent /nutkin-test --exec-opt native.cgroupdriver=cgroupfs --log-driver json-file \
  --default-address-pool "base=$2,size=28" \
  --iptables=false --ip-masq=false --ip-forward=false --bridge=none &
daemon=$!
trap 'kill $daemon' TERM
wait $daemon || wait $daemon || true
"#;

/// Runs the task.
///
/// # Errors
/// When the daemon does not start, with the end of its log.
#[allow(clippy::print_stdout, reason = "a task talks to the developer")]
pub(crate) fn run(args: Args) -> Result<()> {
    let directory = std::path::absolute(&args.directory)?;
    match args.command {
        Action::Up => {
            let daemon = Daemon::start(&directory)?;
            println!("export DOCKER_HOST={}", daemon.host());
            println!("# registry: {}", daemon.registry());
        }
        Action::Down => Daemon::stop(&directory)?,
    }
    Ok(())
}

/// A running daemon with its registry.
#[derive(Debug)]
pub(crate) struct Daemon {
    directory: PathBuf,
    registry: u16,
}

impl Daemon {
    /// Starts both.
    ///
    /// # Errors
    /// Not root, programs that are missing, a daemon that does not answer.
    pub(crate) fn start(directory: &Path) -> Result<Self> {
        for program in ["dockerd", "ctr", "docker-registry", "nsenter", "unshare", "ip"] {
            let found =
                Command::new("sh").args(["-c", &format!("command -v {program}")]).output()?;
            ensure!(
                found.status.success(),
                "`{program}` is missing: apt-get install docker.io docker-registry iproute2"
            );
        }
        let id = Command::new("id").arg("-u").output()?.stdout;
        ensure!(id == b"0\n", "a Docker daemon for tests needs root");
        ensure!(
            directory.as_os_str().len() < 90,
            "`{}` is too long for a socket",
            directory.display()
        );
        fs::create_dir_all(directory.join("data"))?;
        let log = fs::File::create(directory.join("dockerd.log"))?;
        let mut namespaces = Command::new("setsid");
        namespaces
            .args([
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "--propagation",
                "slave",
            ])
            .args(["bash", "-euc", INIT, "init"])
            .arg(directory)
            .arg(format!("{POOL}0/24"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = namespaces.spawn().context("cannot start the daemon's namespaces")?;
        fs::write(directory.join("dockerd.pid"), child.id().to_string())?;
        let daemon = Self { directory: directory.to_owned(), registry: free_port()? };
        let socket = directory.join("docker.sock");
        let answers = || answers(&socket);
        if let Err(error) = until(child, answers) {
            let log = fs::read_to_string(directory.join("dockerd.log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(10)..].join("\n");
            Self::stop(directory)?;
            bail!("the Docker daemon does not start: {error:#}\n{last}");
        }
        daemon.start_registry()?;
        Ok(daemon)
    }

    fn start_registry(&self) -> Result<()> {
        let data = self.directory.join("registry");
        fs::create_dir_all(&data)?;
        let configuration = self.directory.join("registry.yml");
        let text = format!(
            "version: 0.1\nlog:\n  level: warn\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {}\n",
            data.display(),
            self.registry()
        );
        fs::write(&configuration, text)?;
        let log = fs::File::create(self.directory.join("registry.log"))?;
        let child = Command::new("setsid")
            .args(["docker-registry", "serve"])
            .arg(&configuration)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start the registry")?;
        fs::write(self.directory.join("registry.pid"), child.id().to_string())?;
        let address = self.registry();
        until(child, || std::net::TcpStream::connect(&address).is_ok())
    }

    /// `DOCKER_HOST`.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}/docker.sock", self.directory.display())
    }

    /// Where the registry listens, without TLS.
    pub(crate) fn registry(&self) -> String {
        format!("127.0.0.1:{}", self.registry)
    }

    /// A process whose namespaces are the daemon's, PID 1 of them: its containerd is reached there.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn namespaces(&self) -> Result<String> {
        let first = inits(&self.directory).into_iter().next();
        first.context("the Docker daemon has ended")
    }

    /// Ends both, and removes what they left: bridges, control groups, files. That nothing runs is not an error.
    ///
    /// # Errors
    /// Files cannot be removed.
    pub(crate) fn stop(directory: &Path) -> Result<()> {
        if let Some(outer) = pid(directory, "dockerd.pid") {
            for child in inits(directory) {
                let _ = Command::new("kill").args(["-9", &child]).status();
            }
            wait_for_end(outer);
        }
        if let Some(registry) = pid(directory, "registry.pid") {
            let _ = Command::new("kill").arg(registry.to_string()).stderr(Stdio::null()).status();
            wait_for_end(registry);
        }
        remove_bridges()?;
        groups::remove("nutkin-test");
        if directory.exists() {
            fs::remove_dir_all(directory)
                .with_context(|| format!("cannot remove `{}`", directory.display()))?;
        }
        Ok(())
    }
}

/// The process that a file names.
fn pid(directory: &Path, name: &str) -> Option<u32> {
    fs::read_to_string(directory.join(name)).ok()?.trim().parse().ok()
}

/// PID 1 of the namespaces: `setsid` has become `unshare`, and this is its only child.
fn inits(directory: &Path) -> Vec<String> {
    let Some(outer) = pid(directory, "dockerd.pid") else { return Vec::new() };
    let children = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children"));
    children.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// A port that nobody has now. The registry takes it within a second.
fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn answers(socket: &Path) -> bool {
    use std::io::{Read as _, Write as _};
    let Ok(mut stream) = std::os::unix::net::UnixStream::connect(socket) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    let mut answer = [0; 15];
    let asked = stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: d\r\n\r\n");
    asked.and_then(|()| stream.read_exact(&mut answer)).is_ok() && answer.ends_with(b"200 OK")
}

fn until(mut child: Child, mut is_ready: impl FnMut() -> bool) -> Result<()> {
    let started = Instant::now();
    while !is_ready() {
        if let Some(status) = child.try_wait()? {
            bail!("it ended with {status}");
        }
        ensure!(started.elapsed() < PATIENCE, "it does not answer within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn wait_for_end(pid: u32) {
    for _ in 0..100 {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // A zombie is ours to bury, and runs no more.
        if stat.is_empty() || stat.contains(") Z ") {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    say(&format!("process {pid} does not end"));
}

/// Bridges of the daemon's networks are links of the host; those of ours have an address of its pool.
fn remove_bridges() -> Result<()> {
    let listed = Command::new("ip").args(["-4", "-o", "addr"]).output()?;
    for line in String::from_utf8_lossy(&listed.stdout).lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [_, link, _, address, ..] = words.as_slice()
            && address.starts_with(POOL)
        {
            command(Command::new("ip").args(["link", "del", link]))?;
        }
    }
    Ok(())
}
