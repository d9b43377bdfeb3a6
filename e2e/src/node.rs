//! What the tests share: Nutkin in a namespace of a node, files, figures, and a look around when something fails.

use std::fmt::Display;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::{Cluster, Finished, Rest};
use nutkin_testkit::eventually_or;
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

/// How long anything may take: pods start in ten seconds, on a loaded machine in forty, and Kubernetes' high availability
/// needs fifteen to notice that a leader is gone.
pub const RECOVERY: Duration = Duration::from_mins(3);

/// Between two looks, each a few requests to the API server.
const POLL: Duration = Duration::from_millis(200);

/// Sizes that let two sessions live beside each other on a machine for tests. Pods may use the processors that are idle:
/// a limit of a fraction makes a JVM's start take a minute.
const SMALL: [&str; 7] = [
    "jobmanager.memory.process.size=900m",
    "taskmanager.memory.process.size=1024m",
    "kubernetes.jobmanager.cpu.amount=0.1",
    "kubernetes.taskmanager.cpu.amount=0.1",
    "kubernetes.jobmanager.cpu.limit-factor=20",
    "kubernetes.taskmanager.cpu.limit-factor=20",
    "kubernetes.rest-service.exposed.type=ClusterIP",
];

/// A test's world. On drop its namespace goes, pods at once.
#[derive(Debug)]
pub struct World {
    /// The namespace, and Nutkin's home.
    pub cluster: Cluster,
    title: String,
    shared: PathBuf,
}

impl World {
    /// For a test of this title, a row of the table that ends the stage.
    ///
    /// # Panics
    /// When `cargo xtask test` has not set up a node.
    #[track_caller]
    pub fn new(title: &str) -> Self {
        Self::of(title, Cluster::new())
    }

    /// The same in a namespace of this name: that of the files which the test is about.
    ///
    /// # Panics
    /// As [`Self::new`].
    #[track_caller]
    pub fn in_namespace(title: &str, namespace: &str) -> Self {
        Self::of(title, Cluster::in_namespace(namespace))
    }

    #[track_caller]
    fn of(title: &str, cluster: Cluster) -> Self {
        let shared = PathBuf::from(variable("NUTKIN_TEST_SHARED")).join(&cluster.namespace);
        let world = Self { cluster, title: title.to_owned(), shared };
        world.directory("");
        world
    }

    /// A directory that is at this path here and, by a `hostPath`, in pods.
    pub fn shared(&self) -> &Path {
        &self.shared
    }

    /// The option by which pods of both roles see [`Self::shared`] at its path.
    ///
    /// # Panics
    /// When the file cannot be written.
    #[track_caller]
    pub fn template(&self) -> String {
        self.template_of(&json!({"hostPath": {"path": self.shared}}))
    }

    /// The same by way of a claim: makes it first.
    ///
    /// # Panics
    /// When the API server refuses.
    #[track_caller]
    pub fn template_with_claim(&self, name: &str) -> String {
        self.claim(name);
        self.template_of(&json!({"persistentVolumeClaim": {"claimName": name}}))
    }

    #[track_caller]
    fn template_of(&self, volume: &Value) -> String {
        let mut shared = volume.clone();
        shared["name"] = json!("shared");
        let mount = json!({"name": "shared", "mountPath": self.shared});
        let main = json!({"name": "flink-main-container", "volumeMounts": [mount]});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "template"},
            "spec": {"volumes": [shared], "containers": [main]}});
        let file = self.cluster.nutkin.file("pod-template.yaml", &pod.to_string());
        format!("kubernetes.pod-template-file.default={}", file.display())
    }

    /// A claim of [`Self::shared`] that any number of pods may use.
    ///
    /// # Panics
    /// When the API server refuses.
    #[track_caller]
    pub fn claim(&self, name: &str) {
        let volume = self.volume(name, "", &self.shared);
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": self.cluster.namespace},
            "spec": {"accessModes": ["ReadWriteMany"], "storageClassName": "", "volumeName": volume,
                "resources": {"requests": {"storage": "1Gi"}}}});
        self.cluster.apply(&claim);
    }

    /// A volume of a storage class, for a claim of somebody's own files: a directory of this machine. Gives its name.
    ///
    /// # Panics
    /// When the API server refuses.
    #[track_caller]
    pub fn volume(&self, name: &str, class: &str, path: &Path) -> String {
        let volume = format!("{}-{name}", self.cluster.namespace);
        self.cluster.apply(&json!({"apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": volume, "labels": {"test": self.cluster.namespace}},
            "spec": {"capacity": {"storage": "5Gi"}, "accessModes": ["ReadWriteMany"],
                "storageClassName": class, "persistentVolumeReclaimPolicy": "Retain",
                "hostPath": {"path": path}}}));
        volume
    }

    /// A directory below [`Self::shared`] that everybody may write to.
    ///
    /// # Panics
    /// When it cannot be made.
    #[track_caller]
    pub fn directory(&self, name: &str) -> PathBuf {
        let path = self.shared.join(name);
        std::fs::create_dir_all(&path).expect("a directory");
        let everybody = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(&path, everybody).expect("a directory for everybody");
        path
    }

    /// Runs Nutkin in the namespace.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Finished {
        let command = self.cluster.command(args);
        self.cluster.nutkin.start(command).wait(RECOVERY)
    }

    /// The same, and expects exit code 0.
    ///
    /// # Panics
    /// When it ends otherwise.
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> Finished {
        let finished = self.run(args);
        finished.expect(0);
        finished
    }

    /// `nutkin up` of a session with the node's image and small sizes; `more` is said after these.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn up(&self, session: &str, version: &str, more: &[&str]) -> Finished {
        self.up_with(&[&["up", session, "--flink", version][..], more].concat(), version)
    }

    /// The same for a session file, whose sizes do not count.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn up_file(&self, file: &Path, version: &str, more: &[&str]) -> Finished {
        let file = file.to_str().expect("a path in UTF-8");
        self.up_with(&[&["up", "-f", file, "--flink", version][..], more].concat(), version)
    }

    #[track_caller]
    fn up_with(&self, words: &[&str], version: &str) -> Finished {
        let started = Instant::now();
        let finished = self.run_small(&[words, &["--timeout", "170"]].concat(), version);
        if finished.code == Some(0) {
            self.measured("to ready", seconds(started.elapsed()));
        }
        finished
    }

    /// What `nutkin plan -o json` predicts of the same change as [`Self::up_file`] makes.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn plan_file(&self, file: &Path, version: &str, more: &[&str]) -> Value {
        let file = file.to_str().expect("a path in UTF-8");
        let words = ["plan", "-o", "json", "-f", file, "--flink", version];
        let finished = self.run_small(&[&words[..], more].concat(), version);
        finished.expect(0);
        finished.json()
    }

    /// A verb with the node's image and small sizes.
    #[track_caller]
    fn run_small(&self, words: &[&str], version: &str) -> Finished {
        let image = format!("kubernetes.container.image.ref={}", image(version));
        let mut sizes = vec!["-D", image.as_str()];
        for option in &SMALL {
            sizes.extend(["-D", option]);
        }
        // What the test says comes last, and holds.
        let (first, rest) = words.split_at(1);
        self.run(&[first, &sizes, rest].concat())
    }

    /// `nutkin status -o json`.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn status(&self, session: &str) -> Value {
        self.ok(&["status", session, "-o", "json"]).json()
    }

    /// Pods of a label selector that are not about to end.
    ///
    /// # Panics
    /// When the API server cannot be asked.
    #[track_caller]
    pub fn pods(&self, selector: &str) -> Vec<Value> {
        let list = self.cluster.kubectl(&["get", "pods", "-l", selector, "-o", "json"]);
        let list: Value = serde_json::from_str(&list).expect("JSON");
        let pods = list["items"].as_array().cloned().unwrap_or_default();
        pods.into_iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null()).collect()
    }

    /// Their names.
    ///
    /// # Panics
    /// When the API server cannot be asked.
    #[track_caller]
    pub fn pod_names(&self, selector: &str) -> Vec<String> {
        let name = |pod: &Value| pod["metadata"]["name"].as_str().map(str::to_owned);
        self.pods(selector).iter().filter_map(name).collect()
    }

    /// REST behind a Service, asked without Nutkin: at its node port where it has one.
    ///
    /// # Panics
    /// When it has no address.
    #[track_caller]
    pub fn rest(&self, service: &str) -> Rest {
        let service = self.cluster.get(&format!("service/{service}"));
        let port = &service["spec"]["ports"][0];
        if let Some(port) = port["nodePort"].as_u64() {
            return Rest::new(&format!("http://{}:{port}", address()));
        }
        let address = service["spec"]["clusterIP"].as_str().expect("an address");
        Rest::new(&format!("http://{address}:{}", port["port"]))
    }

    /// Asks again until it is so.
    ///
    /// # Panics
    /// When it is not so in time.
    #[track_caller]
    pub fn eventually(&self, what: &str, is_so: impl FnMut() -> bool) -> Duration {
        // What there is around it is printed when the test's world ends.
        eventually_or(what, RECOVERY, POLL, String::new, is_so)
    }

    /// Ends the processes of a pod as a crash would, and the pod with them: nothing of it closes in order.
    ///
    /// # Panics
    /// When it has none.
    #[track_caller]
    pub fn crash(&self, pod: &str) {
        let own = format!("HOSTNAME={pod}");
        let entries = std::fs::read_dir("/proc").expect("processes");
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let is_of = |pid: &i32| {
            let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environ.split(|byte| *byte == 0).any(|entry| entry == own.as_bytes())
        };
        let killed = pids.filter(is_of).filter_map(rustix::process::Pid::from_raw);
        let killed = killed.filter(|pid| kill_process(*pid, Signal::KILL).is_ok()).count();
        assert!(killed != 0, "no process of pod {pod} was found");
        // Or Kubernetes would start the container again in the same pod.
        self.cluster.kubectl(&["delete", "pod", pod, "--force", "--grace-period=0"]);
    }

    /// Adds a figure to the table that ends the stage.
    ///
    /// # Panics
    /// When it cannot be noted.
    pub fn measured(&self, column: &str, value: impl Display) {
        let line = format!("{}\t{column}\t{value}\n", self.title);
        let file = std::fs::File::options()
            .append(true)
            .create(true)
            .open(variable("NUTKIN_TEST_MEASURED"));
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        written.expect("the figure is written");
    }

    /// Pods, events and the ends of logs: what one would look at by hand.
    fn around(&self) -> String {
        let mut text = String::new();
        let mut add = |args: &[&str]| {
            let said = self.cluster.try_kubectl(args);
            text.push_str(&format!("--- kubectl {}\n{said}\n", args.join(" ")));
        };
        add(&["get", "pods,services,configmaps", "-o", "wide"]);
        add(&["get", "events", "--sort-by=.lastTimestamp"]);
        let names = self.cluster.try_kubectl(&["get", "pods", "-o", "name"]);
        for name in names.lines() {
            add(&["logs", name, "--tail=15"]);
            let restarts = "jsonpath={.status.containerStatuses[*].restartCount}";
            if !matches!(self.cluster.try_kubectl(&["get", name, "-o", restarts]).trim(), "" | "0")
            {
                add(&["logs", name, "--tail=15", "--previous"]);
            }
        }
        text
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "{}", self.around());
        }
        let now = ["--force", "--grace-period=0", "--wait=false"];
        let owners = ["delete", "deployments,statefulsets", "--all", "--wait=false"];
        self.cluster.try_kubectl(&owners);
        self.cluster.try_kubectl(&[&["delete", "pods", "--all"][..], &now].concat());
        let label = format!("test={}", self.cluster.namespace);
        self.cluster.try_kubectl(&["delete", "persistentvolumes", "-l", &label, "--wait=false"]);
    }
}

/// The image of a version of Flink that is in the node.
pub fn image(version: &str) -> String {
    format!("nutkin/flink:{version}")
}

/// Where node ports are.
///
/// # Panics
/// When `cargo xtask test` has not set up a node.
pub fn address() -> String {
    variable("NUTKIN_TEST_NODE")
}

/// This machine, as pods see it.
///
/// # Panics
/// When `cargo xtask test` has not set up a node.
pub fn host() -> String {
    variable("NUTKIN_TEST_HOST")
}

/// For the table: tenths are enough.
pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[track_caller]
fn variable(name: &str) -> String {
    let value = std::env::var(name);
    value.unwrap_or_else(|_| panic!("{name} is not set: run these tests with `cargo xtask test`"))
}
