//! What is done on the node and waited for.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::super::Bench;
use super::super::flink::VERSION;
use super::super::rest;
use crate::kube::{Binaries, Node};
use crate::root::{output, run};

/// Where the sessions are.
pub(super) const NAMESPACE: &str = "bench";
/// Name of every session: one at a time.
pub(super) const NAME: &str = "s";
/// Between two looks: little beside the seconds that are measured.
const LOOK: Duration = Duration::from_millis(20);
/// For anything that is waited for; Kubernetes' high availability alone takes fifteen seconds.
const PATIENCE: Duration = Duration::from_mins(4);

/// The sizes of all sessions, and what lets their REST tell what is so and not what was so three seconds ago. Pods may use
/// the processors that are idle.
const OPTIONS: [&str; 11] = [
    "jobmanager.memory.process.size=900m",
    "taskmanager.memory.process.size=1024m",
    "kubernetes.jobmanager.cpu.amount=0.1",
    "kubernetes.taskmanager.cpu.amount=0.1",
    "kubernetes.jobmanager.cpu.limit-factor=20",
    "kubernetes.taskmanager.cpu.limit-factor=20",
    "taskmanager.numberOfTaskSlots=1",
    "web.refresh-interval=50",
    "nutkin.rbac.create=true",
    "kubernetes.rest-service.exposed.type=ClusterIP",
    "execution.checkpointing.dir=file:///bench/checkpoints",
];

/// The node and the commands on it.
pub(super) struct Site<'a> {
    pub(super) bench: &'a Bench,
    pub(super) node: &'a Node,
    pub(super) binaries: &'a Binaries,
    /// A directory that pods see at `/bench`.
    pub(super) shared: PathBuf,
    /// The job's jar.
    pub(super) jar: PathBuf,
}

/// A session that is up.
pub(super) struct Session {
    rest: SocketAddr,
    /// The job's ID.
    job: String,
}

impl Site<'_> {
    pub(super) fn kubectl(&self, words: &[&str]) -> Result<String> {
        let mut command = self.binaries.command("kubectl");
        command.arg("--kubeconfig").arg(self.node.kubeconfig()).args(["-n", NAMESPACE]);
        output(command.args(words))
    }

    /// Makes the namespace, and the claim of the shared directory.
    pub(super) fn prepare(&self) -> Result<()> {
        let (size, modes) = (json!({"storage": "1Gi"}), json!(["ReadWriteMany"]));
        let objects = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
            {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "bench"},
                "spec": {"capacity": size, "accessModes": modes, "storageClassName": "",
                    "hostPath": {"path": self.shared}}},
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {"name": "bench", "namespace": NAMESPACE},
                "spec": {"accessModes": modes, "storageClassName": "", "volumeName": "bench",
                    "resources": {"requests": size}}},
        ]});
        let path = self.shared.join("objects.json");
        fs::write(&path, objects.to_string())?;
        let path = path.to_str().context("a path in UTF-8")?;
        self.kubectl(&["apply", "-f", path]).map(drop)
    }

    fn nutkin(&self, words: &[&str]) -> Result<Command> {
        let flink = self.bench.flink()?;
        let mut command = self.bench.nutkin(&flink.cache, &self.shared);
        let (verb, rest) = words.split_at(1);
        command.args(verb).args(["-n", NAMESPACE, "--on", "kubernetes"]).args(rest);
        command.env("KUBECONFIG", self.node.kubeconfig()).stdin(Stdio::null());
        Ok(command)
    }

    /// `nutkin up` until it returns.
    pub(super) fn up(&self, mode: &str, image: &str, options: &[&str]) -> Result<()> {
        let version = format!("v{}_{}", VERSION.major, VERSION.minor);
        let mount = json!({"name": "bench", "mountPath": "/bench"});
        let main = json!({"name": "flink-main-container", "volumeMounts": [mount]});
        let volume = json!({"name": "bench", "persistentVolumeClaim": {"claimName": "bench"}});
        let mut file = json!({
            "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
            "metadata": {"name": NAME},
            "spec": {"flinkVersion": version, "image": image, "mode": mode,
                "podTemplate": {"spec": {"volumes": [volume], "containers": [main]}}},
        });
        let path = self.shared.join("session.yaml");
        if mode == "standalone" {
            file["spec"]["jobManager"] = json!({"replicas": 1});
            file["spec"]["taskManager"] = json!({"replicas": 2});
        }
        fs::write(&path, file.to_string())?;
        let mut command = self.nutkin(&["up", "--timeout", "240", "--quiet", "-f"])?;
        command.arg(&path).args(["--flink", &VERSION.to_string()]);
        for option in OPTIONS.iter().chain(options) {
            command.args(["-D", option]);
        }
        run(command.stdout(Stdio::null()))
    }

    /// `nutkin run` of a job with two tasks of each kind.
    pub(super) fn submit(&self) -> Result<Session> {
        let out = self.shared.join("out");
        if out.exists() {
            fs::remove_dir_all(out)?;
        }
        let mut command = self.nutkin(&["run", "--session", NAME, "-d", "-p", "2"])?;
        let words = ["--output", "/bench/out", "--total", "1000000", "--rate", "20"];
        let job = output(command.arg(&self.jar).args(words))?.trim().to_owned();
        let words = ["get", "service", &format!("{NAME}-rest"), "-o", "jsonpath={.spec.clusterIP}"];
        let address: IpAddr = self.kubectl(&words)?.trim().parse()?;
        Ok(Session { rest: SocketAddr::from((address, 8081)), job })
    }

    /// Ends the session, with all that it kept.
    pub(super) fn down(&self) -> Result<()> {
        let words = ["down", NAME, "--yes", "--force", "--delete-ha-data", "--quiet"];
        run(self.nutkin(&words)?.stdout(Stdio::null()))?;
        let pods = || self.kubectl(&["get", "pods", "-o", "name"]);
        wait("the pods are gone", || Ok(pods()?.trim().is_empty()))
    }

    /// Names of the pods of a role.
    pub(super) fn pods(&self, role: &str) -> Result<Vec<String>> {
        let selector = format!("app={NAME},component={role}");
        let names = self.kubectl(&["get", "pods", "-l", &selector, "-o", "name"])?;
        Ok(names.lines().map(|name| name.trim_start_matches("pod/").to_owned()).collect())
    }

    /// What the pods of a role have said.
    pub(super) fn logs(&self, role: &str) -> Result<Vec<String>> {
        self.pods(role)?.iter().map(|pod| self.kubectl(&["logs", pod])).collect()
    }

    /// Ends the JobManager's pod: in order, as a node that is drained does, or as a crash would.
    pub(super) fn end_leader(&self, in_order: bool) -> Result<()> {
        let pods = self.pods("jobmanager")?;
        let pod = pods.first().context("there is no JobManager")?;
        if in_order {
            self.kubectl(&["delete", "pod", pod, "--wait=false"])?;
            return Ok(());
        }
        let mut killed = 0;
        for entry in fs::read_dir("/proc")? {
            let path = entry?.path();
            if is_of(&path, pod) {
                let pid = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                run(Command::new("kill").args(["-KILL", &pid]))?;
                killed += 1;
            }
        }
        ensure!(0 < killed, "no process of pod {pod} was found");
        // Or Kubernetes would start the container again in the same pod.
        self.kubectl(&["delete", "pod", pod, "--force", "--grace-period=0"])?;
        Ok(())
    }
}

/// Whether a directory of `/proc` is that of a process in a pod.
fn is_of(process: &Path, pod: &str) -> bool {
    let own = format!("HOSTNAME={pod}");
    let environ = fs::read(process.join("environ")).unwrap_or_default();
    environ.split(|byte| *byte == 0).any(|entry| entry == own.as_bytes())
}

impl Session {
    /// Waits until all tasks run. Of all documents this one is made again for each request.
    pub(super) fn all_run(&self) -> Result<()> {
        wait("all tasks run", || {
            let jobs = rest::get(self.rest, "/jobs/overview").unwrap_or_default();
            let jobs = jobs["jobs"].as_array().cloned().unwrap_or_default();
            Ok(jobs.iter().any(|job| {
                let tasks = &job["tasks"];
                job["jid"] == *self.job && tasks["running"] == tasks["total"] && tasks["total"] != 0
            }))
        })
    }

    fn checkpoints(&self) -> Value {
        rest::get(self.rest, &format!("/jobs/{}/checkpoints", self.job)).unwrap_or_default()
    }

    /// Waits for two more checkpoints, and gives the last one's number.
    pub(super) fn two_checkpoints(&self) -> Result<u64> {
        let last = || self.checkpoints()["latest"]["completed"]["id"].as_u64();
        let (mut first, mut seen) = (None, 0);
        wait("two checkpoints are completed", || {
            seen = last().unwrap_or_default();
            let first = *first.get_or_insert(seen);
            Ok(first + 2 <= seen)
        })?;
        Ok(seen)
    }

    /// Waits until the job has gone on from a checkpoint no older than that one, and has completed another.
    pub(super) fn resumed(&self, seen: u64) -> Result<()> {
        wait("the job goes on", || {
            let latest = &self.checkpoints()["latest"];
            let id = |kind: &str| latest[kind]["id"].as_u64();
            Ok(id("restored").is_some_and(|restored| {
                seen <= restored && id("completed").is_some_and(|completed| restored < completed)
            }))
        })
    }
}

/// Asks again until it is so.
fn wait(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let started = Instant::now();
    while !is_so()? {
        ensure!(started.elapsed() < PATIENCE, "not within {} s: {what}", PATIENCE.as_secs());
        std::thread::sleep(LOOK);
    }
    Ok(())
}
