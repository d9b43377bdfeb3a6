//! The operator beside a node: a session and its job live by their resources alone, from the first pods until nothing is left, and what
//! the job has committed is right to the last number.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use nutkin_e2e::exactly_once::{committed, faults};
use nutkin_e2e::lost::{assert_restored_from_checkpoints, with_checkpoint};
use nutkin_e2e::node::{World, image, seconds};
use nutkin_e2e::{Rest, Running};
use serde_json::{Value, json};

const SESSION: &str = "flinkdeployment/orders";
const JOB: &str = "flinksessionjob/count";
const JOB_MANAGERS: &str = "app=orders,component=jobmanager";

/// More than the job reaches before it is told to hurry, also where every step takes minutes.
const NUMBERS: u64 = 40_000;
const SLOWLY: &str = "50";
const FAST: &str = "5000";

/// What the operator may fetch from: this machine, without TLS.
const OPTIONS: &str = "
kubernetes.operator.user.artifacts.allowed-schemes: http
kubernetes.operator.user.artifacts.disallow-restricted-hosts: false
";

/// Serves a jar to everybody who asks, for as long as the tests run. Gives its address.
#[track_caller]
fn serve(jar: &Path) -> String {
    let jar: Arc<[u8]> = std::fs::read(jar).expect("the jar is readable").into();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = BufReader::new(&stream).lines();
            while head.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let length = jar.len();
            let answer =
                format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.write_all(&jar));
        }
    });
    format!("http://{address}/count.jar")
}

struct Site {
    world: World,
    jar: String,
    operator: Option<Running>,
}

impl Site {
    /// Definitions, the account of Flink's pods, and the operator.
    #[track_caller]
    fn start(title: &str) -> Self {
        let world = World::new(title);
        let namespace = &world.cluster.namespace;
        let words = ["operator", "manifests", "--image", "nutkin:test", "-o", "json"];
        let more = ["--namespace", namespace, "--watch-namespaces", namespace];
        let printed = world.cluster.nutkin.ok(&[&words[..], &more].concat());
        let list: Value = serde_json::from_str(&printed.stdout).expect("a list");
        for object in list["items"].as_array().expect("items") {
            // The operator is a process beside the node.
            if object["kind"] != "Deployment" {
                world.cluster.apply_by_force(object);
            }
        }
        for name in ["flinkdeployments", "flinksessionjobs"] {
            let name = format!("crd/{name}.flink.apache.org");
            world.cluster.kubectl(&[
                "wait",
                "--for=condition=Established",
                &name,
                "--timeout=120s",
            ]);
        }
        let jar = serve(&world.cluster.nutkin.setup().job("1.20.5", "ExactlyOnce"));
        let mut site = Self { world, jar, operator: None };
        site.operate();
        site
    }

    /// Starts the operator; one that runs is killed first, whatever it is at.
    #[track_caller]
    fn operate(&mut self) {
        let cluster = &self.world.cluster;
        drop(self.operator.take());
        let options = cluster.nutkin.file("conf/flink-conf.yaml", OPTIONS);
        let directory = options.parent().and_then(Path::to_str).expect("a directory");
        let words = ["operator", "run", "--no-lease", "--health", "127.0.0.1:0"];
        let more = ["--namespaces", &cluster.namespace, "--conf-dir", directory];
        let mut command = cluster.nutkin.command(&[&words[..], &more].concat());
        command.env("KUBECONFIG", cluster.kubeconfig());
        self.operator = Some(cluster.nutkin.start(command));
    }

    fn output(&self, name: &str) -> PathBuf {
        self.world.shared().join(name)
    }

    /// The session. `mode`: with which of its options.
    #[track_caller]
    fn session(&self, mode: &str, options: &[(&str, &str)]) {
        let shared = self.world.shared().to_path_buf();
        let place = |name: &str| format!("file://{}", self.world.directory(name).display());
        let resource = json!({"memory": "1024m", "cpu": 0.1});
        // What the JobManager writes down of jobs that ended counts only where it outlives its pod.
        self.world.claim("data");
        let mut session = json!({
            "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
            "metadata": {"name": "orders"},
            "spec": {
                "image": image("1.20.5"),
                "flinkVersion": "v1_20",
                "mode": mode,
                "serviceAccount": "flink",
                "flinkConfiguration": {
                    "taskmanager.numberOfTaskSlots": "2",
                    "state.checkpoints.dir": place("checkpoints"),
                    "state.savepoints.dir": place("savepoints"),
                    "kubernetes": {"jobmanager.cpu.limit-factor": 20, "taskmanager.cpu.limit-factor": 20},
                },
                "podTemplate": {"spec": {
                    "volumes": [{"name": "shared", "persistentVolumeClaim": {"claimName": "data"}}],
                    "containers": [{
                        "name": "flink-main-container",
                        "volumeMounts": [{"name": "shared", "mountPath": shared}],
                    }],
                }},
                "jobManager": {"resource": resource},
                "taskManager": {"resource": resource},
            },
        });
        for (key, value) in options {
            session["spec"]["flinkConfiguration"][key] = json!(value);
        }
        self.world.cluster.apply(&session);
    }

    /// The job, as it writes to this directory.
    #[track_caller]
    fn job(&self, output: &str, rate: &str) {
        self.world.cluster.apply(&json!({
            "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob",
            "metadata": {"name": "count"},
            "spec": {"deploymentName": "orders", "job": {
                "jarURI": self.jar,
                "parallelism": 1,
                "upgradeMode": "savepoint",
                "args": self.args(output, rate),
            }},
        }));
    }

    fn args(&self, output: &str, rate: &str) -> Value {
        json!([
            "--output",
            self.output(output),
            "--total",
            NUMBERS.to_string(),
            "--rate",
            rate,
            "--interval",
            "1000",
        ])
    }

    #[track_caller]
    fn change_job(&self, job: &Value) {
        let patch = json!({"spec": {"job": job}}).to_string();
        self.world.cluster.kubectl(&["patch", JOB, "--type=merge", "-p", &patch]);
    }

    fn status(&self, of: &str) -> Value {
        self.world.cluster.get(of)["status"].clone()
    }

    /// Waits until the job is in this state by its resource, as that is wanted by now. Gives its id.
    #[track_caller]
    fn until_job(&self, state: &str, lifecycle: &str) -> String {
        let mut id = String::new();
        self.world.eventually(&format!("the job is {state} and {lifecycle}"), || {
            let job = self.world.cluster.get(JOB);
            let status = &job["status"];
            status["jobStatus"]["jobId"].as_str().unwrap_or_default().clone_into(&mut id);
            status["observedGeneration"] == job["metadata"]["generation"]
                && status["jobStatus"]["state"] == state
                && status["lifecycleState"] == lifecycle
                && status["error"].is_null()
        });
        id
    }

    /// The same of one that runs; every task of it does, as many of each kind as it asks for.
    #[track_caller]
    fn until_runs(&self, parallelism: u64) -> String {
        let id = self.until_job("RUNNING", "STABLE");
        // The first answer counts: that is what its status promises. A service that was made anew answers after a while.
        let mut job = Value::Null;
        self.world.eventually("Flink answers for the job", || {
            job = self.rest().get(&format!("/jobs/{id}")).unwrap_or_default();
            !job.is_null()
        });
        let vertices = job["vertices"].as_array().expect("tasks");
        let count = vertices.iter().find(|one| one["name"].to_string().contains("count"));
        assert_eq!(count.expect("the counting task")["parallelism"], parallelism, "{job}");
        for vertex in vertices {
            // A source that was given no numbers has come to its own end.
            let tasks = ["RUNNING", "FINISHED"].map(|state| vertex["tasks"][state].as_u64());
            let there = tasks.into_iter().flatten().sum::<u64>();
            assert_eq!(Some(there), vertex["parallelism"].as_u64(), "{vertex}");
        }
        id
    }

    /// Waits until Flink says of every job that it has ended.
    #[track_caller]
    fn until_nothing_runs(&self) {
        self.world.eventually("nothing runs", || {
            let overview = self.rest().get("/jobs/overview").unwrap_or_default();
            let has_ended = |job: &Value| {
                let state = job["state"].as_str().unwrap_or_default();
                ["FINISHED", "CANCELED", "FAILED"].contains(&state)
            };
            overview["jobs"].as_array().is_some_and(|jobs| jobs.iter().all(has_ended))
        });
    }

    fn rest(&self) -> Rest {
        self.world.rest("orders-rest")
    }

    #[track_caller]
    fn until_committed(&self, output: &str) {
        let id = self.until_job("FINISHED", "STABLE");
        let lines = committed(&self.output(output));
        assert_eq!(faults(&lines, NUMBERS), Vec::<String>::new(), "{id}: {} lines", lines.len());
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // One that lives would set them again. Without it nobody would let go of them, and their namespace would stay.
            drop(self.operator.take());
            for one in [JOB, SESSION] {
                let patch = json!({"metadata": {"finalizers": []}}).to_string();
                self.world.cluster.try_kubectl(&["patch", one, "--type=merge", "-p", &patch]);
            }
        }
    }
}

#[track_caller]
fn check(mode: &str, has_ha: bool) {
    let ha = if has_ha { ", highly available" } else { "" };
    let mut site = Site::start(&format!("operator, {mode}{ha}"));
    let begun = Instant::now();
    let storage = format!("file://{}", site.world.directory("ha").display());
    let options =
        [("high-availability.type", "kubernetes"), ("high-availability.storageDir", &storage)];
    site.session(mode, if has_ha { &options } else { &[] });
    // Before its session is there.
    site.job("numbers", SLOWLY);
    let first = site.until_runs(1);
    site.world.measured("to tasks", seconds(begun.elapsed()));
    let session = site.status(SESSION);
    assert_eq!(session["jobManagerDeploymentStatus"], "READY", "{session}");
    assert_eq!(session["lifecycleState"], "STABLE", "{session}");

    // Changed by way of a savepoint.
    site.change_job(&json!({"parallelism": 2}));
    site.world.eventually("the operator is at it", || {
        let job = site.world.cluster.get(JOB);
        job["status"]["observedGeneration"] == job["metadata"]["generation"]
    });
    // And is cut off.
    site.operate();
    let second = site.until_runs(2);
    assert_ne!(first, second);
    let savepoint = site.status(JOB)["jobStatus"]["upgradeSavepointPath"].clone();
    assert!(savepoint.as_str().is_some_and(|path| path.contains("/savepoints/")), "{savepoint}");

    // Suspended, and resumed.
    site.change_job(&json!({"state": "suspended"}));
    site.until_job("SUSPENDED", "SUSPENDED");
    site.until_nothing_runs();
    site.change_job(&json!({"state": "running"}));
    let id = site.until_runs(2);

    // Its JobManager is lost: it goes on from its newest checkpoint, not from that savepoint.
    site.world
        .eventually("the job has a checkpoint", || with_checkpoint(&site.rest()).contains(&id));
    let begun = Instant::now();
    for job_manager in site.world.pod_names(JOB_MANAGERS) {
        site.world.crash(&job_manager);
    }
    let mut resumed = BTreeSet::new();
    site.world.eventually("the next JobManager runs the job", || {
        resumed = with_checkpoint(&site.rest());
        !resumed.is_empty()
    });
    site.world.measured("to resumed", seconds(begun.elapsed()));
    assert_ne!(resumed, BTreeSet::new());
    assert_restored_from_checkpoints(&site.rest(), &resumed);
    // Its status may be that of the lost one still.
    site.world.eventually("the status has the job that goes on", || {
        let id = site.status(JOB)["jobStatus"]["jobId"].clone();
        id.as_str().is_some_and(|id| with_checkpoint(&site.rest()).contains(id))
    });
    site.until_runs(2);

    // What belongs to the session comes back.
    for child in ["service/orders-rest", "configmap/flink-config-orders"] {
        site.world.cluster.kubectl(&["delete", child]);
        site.world.eventually(&format!("{child} is there again"), || {
            !site.world.cluster.get(child).is_null()
        });
    }
    site.until_runs(2);

    site.change_job(&json!({"args": site.args("numbers", FAST)}));
    site.until_committed("numbers");

    // Deleted and applied again it is another job.
    site.world.cluster.kubectl(&["delete", JOB, "--timeout=120s"]);
    site.job("again", FAST);
    site.until_committed("again");

    site.world.cluster.kubectl(&["delete", JOB, SESSION, "--timeout=240s"]);
    site.world.eventually("nothing is left", || {
        let left = site.world.cluster.objects();
        let of_flink = left.keys().filter(|name| name.contains("orders"));
        of_flink.count() == 0 && site.world.pods("app=orders").is_empty()
    });
}

#[test]
fn a_native_session_and_its_job_live_by_their_resources() {
    check("native", false);
}

#[test]
fn a_standalone_session_with_high_availability_does() {
    check("standalone", true);
}
