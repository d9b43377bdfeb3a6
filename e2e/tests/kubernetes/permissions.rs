//! Permissions of Flink's own processes: real JobManagers and TaskManagers on this machine, acting as the accounts that
//! `nutkin rbac` makes. What it grants suffices; each verb of it that is taken away breaks something that is named.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use nutkin_e2e::{Cluster, Rest};
use nutkin_testkit::api_proxy::Fault;
use serde_json::{Value, json};

/// A JVM on a loaded machine of two cores is up in this time; what it then does takes seconds.
const LIMIT: Duration = Duration::from_mins(4);

/// Options of the session: accounts of their own, and elections that do not take long.
const OPTIONS: [&str; 6] = [
    "kubernetes.jobmanager.service-account=jm",
    "kubernetes.taskmanager.service-account=tm",
    "high-availability.kubernetes.leader-election.retry-period=1s",
    "high-availability.kubernetes.leader-election.renew-deadline=4s",
    "high-availability.kubernetes.leader-election.lease-duration=5s",
    "kubernetes.transactional-operation.max-retries=2",
];

/// What makes a JobManager of a pod one of this machine.
const HERE: [&str; 8] = [
    "rest.bind-port=0",
    "rest.address=127.0.0.1",
    "rest.bind-address=127.0.0.1",
    "blob.server.port=0",
    "jobmanager.rpc.address=127.0.0.1",
    "jobmanager.rpc.port=0",
    "high-availability.jobmanager.port=0",
    "taskmanager.numberOfTaskSlots=1",
];

const JOB_MANAGER: &str =
    "org.apache.flink.kubernetes.entrypoint.KubernetesSessionClusterEntrypoint";
const TASK_MANAGER: &str = "org.apache.flink.kubernetes.taskmanager.KubernetesTaskExecutorRunner";

/// A session whose pods nobody starts.
struct Site {
    cluster: Cluster,
    version: &'static str,
    options: Vec<String>,
    /// The Role of the JobManager and that of the TaskManager, as they were granted.
    roles: Vec<Value>,
}

/// A process of Flink's.
struct Process {
    child: Child,
    log: PathBuf,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// REST, once the JobManager listens.
    fn rest(&self) -> Option<Rest> {
        let log = self.log();
        let address = log.split("Rest endpoint listening at ").nth(1)?.split_whitespace().next()?;
        Some(Rest::new(&format!("http://{address}")))
    }

    fn leads(&self) -> bool {
        self.rest().and_then(|rest| rest.get("/overview")).is_some()
    }

    fn is_refused(&self, verb: &str, resource: &str) -> bool {
        self.log().contains(&format!("cannot {verb} resource \"{resource}\""))
    }
}

impl Site {
    /// The objects of a session, the accounts, and their kubeconfigs.
    #[track_caller]
    fn new(version: &'static str, ha: bool) -> Self {
        let cluster = Cluster::new();
        let storage = cluster.nutkin.directory().join("ha");
        let mut all: Vec<String> = OPTIONS.map(str::to_owned).into();
        if !ha {
            // Pods whose TaskManagers do not come, as here, are given up and deleted.
            all.push("resourcemanager.taskmanager-registration.timeout=5s".to_owned());
        }
        if ha {
            all.push("high-availability.type=kubernetes".to_owned());
            all.push(format!("high-availability.storageDir=file://{}", storage.display()));
        }
        // Its own pod must stay away from the election.
        let template =
            r#"{"apiVersion": "v1", "kind": "Pod", "spec": {"schedulerName": "nobody"}}"#;
        let template = cluster.nutkin.file("pod.yaml", template);
        all.push(format!("kubernetes.pod-template-file.jobmanager={}", template.display()));
        let mut options = vec!["--flink".to_owned(), version.to_owned()];
        options.extend(all.into_iter().flat_map(|option| ["-D".to_owned(), option]));
        let words: Vec<&str> = options.iter().map(String::as_str).collect();
        let rbac = cluster.run(&[&["rbac", "a", "-o", "json"], &words[..]].concat());
        let rbac: Value = serde_json::from_str(&rbac.expect(0).stdout).expect("a list");
        cluster.apply(&rbac);
        let roles = rbac["items"].as_array().cloned().unwrap_or_default();
        let roles = roles.into_iter().filter(|one| one["kind"] == "Role").collect();
        cluster.run(&[&["up", "a", "--no-wait"], &words[..]].concat()).expect(0);
        let map = cluster.get("configmap/flink-config-a");
        for (name, text) in map["data"].as_object().expect("files") {
            cluster.nutkin.file(&format!("conf/{name}"), text.as_str().unwrap_or_default());
        }
        Self { cluster, version, options, roles }
    }

    /// Takes a verb away from the first Role (the JobManager's) or the second, and waits until the authorizer knows.
    #[track_caller]
    fn take(&self, role: usize, verb: &str, resource: &str) {
        self.set(role, verb, resource, false);
    }

    fn give_back(&self, role: usize, verb: &str, resource: &str) {
        self.set(role, verb, resource, true);
    }

    #[track_caller]
    fn set(&self, role: usize, verb: &str, resource: &str, allowed: bool) {
        let mut changed = self.roles[role].clone();
        let all = changed["rules"].as_array_mut().expect("rules");
        let found = all.iter_mut().find(|one| one["resources"][0] == resource);
        let verbs = found.and_then(|one| one["verbs"].as_array_mut()).expect("the table has it");
        let count = verbs.len();
        verbs.retain(|one| allowed || one != verb);
        assert_eq!(verbs.len() + usize::from(!allowed), count, "the table has {verb} {resource}");
        self.cluster.apply(&changed);
        let account = ["jm", "tm"][role];
        let user = format!("--as=system:serviceaccount:{}:{account}", self.cluster.namespace);
        let known = || self.cluster.can_i(&[verb, resource, &user]) == allowed;
        self.cluster.nutkin.eventually("the authorizer knows", LIMIT, known);
    }

    /// Starts a process as an account.
    #[track_caller]
    fn start(&self, class: &str, account: &str, name: &str, options: &[String]) -> Process {
        let conf = self.cluster.nutkin.directory().join("conf");
        let log = self.cluster.nutkin.file(name, "");
        let logging = format!(
            "-Dlog4j.configurationFile=file:{}",
            conf.join("log4j-console.properties").display()
        );
        // Flink's own scripts set it; without it a file of that very name lies where the process runs.
        let file = format!("-Dlog.file={}", log.with_extension("file.log").display());
        let flags = [&FLAGS[..], &[&logging, &file]].concat();
        let mut command = self.cluster.nutkin.setup().java(self.version, &flags, class);
        let output = File::create(&log).expect("a log");
        command
            .args(options)
            .env("KUBECONFIG", self.cluster.kubeconfig_of(account))
            .env("FLINK_CONF_DIR", &conf)
            .env("_POD_IP_ADDRESS", "127.0.0.1")
            .env("_POD_NODE_ID", "here")
            .stdin(Stdio::null())
            .stderr(output.try_clone().expect("the same"))
            .stdout(output);
        Process { child: command.spawn().expect("java starts"), log }
    }

    #[track_caller]
    fn job_manager(&self) -> Process {
        let options: Vec<String> = HERE.map(|option| format!("-D{option}")).into();
        self.start(JOB_MANAGER, "jm", "jobmanager.log", &options)
    }

    /// A TaskManager in the place of the pod that the JobManager asked for.
    #[track_caller]
    fn task_manager(&self, pod: &str) -> Process {
        let words: Vec<&str> = self.options.iter().map(String::as_str).collect();
        let explain = ["explain", "memory", "--component", "taskmanager", "-o", "json"];
        let size = ["-D", "taskmanager.memory.process.size=1728m"];
        let memory = self.cluster.nutkin.ok(&[&explain[..], &words, &size].concat()).json();
        let options = memory["items"][0]["dynamicOptions"].as_object().cloned();
        let mut options: Vec<String> = options
            .into_iter()
            .flatten()
            .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
            .collect();
        options.push(format!("taskmanager.resource-id={pod}"));
        options.extend(["taskmanager.host=127.0.0.1", "taskmanager.rpc.port=0"].map(str::to_owned));
        options.push("taskmanager.numberOfTaskSlots=1".to_owned());
        let conf = self.cluster.nutkin.directory().join("conf");
        let mut words: Vec<String> =
            options.into_iter().flat_map(|option| ["-D".to_owned(), option]).collect();
        words.extend(["--configDir".to_owned(), conf.display().to_string()]);
        self.start(TASK_MANAGER, "tm", "taskmanager.log", &words)
    }

    /// A JobManager that leads. One that ends before is started again, as Kubernetes would: where its lease runs out while
    /// it writes who leads, Flink ends.
    #[track_caller]
    fn leader(&self) -> Process {
        let started = std::time::Instant::now();
        let mut manager = self.job_manager();
        while !manager.leads() {
            assert!(started.elapsed() < LIMIT, "there is no leader:\n{}", manager.log());
            if manager.has_ended() {
                drop(manager);
                manager = self.job_manager();
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        manager
    }

    /// Waits for something that a process does, and shows its log where it does not.
    #[track_caller]
    fn until(what: &str, process: &Process, mut is_so: impl FnMut() -> bool) {
        let started = std::time::Instant::now();
        while !is_so() {
            let log = process.log();
            let end = log.len().saturating_sub(6000);
            let end = (end..=log.len()).find(|at| log.is_char_boundary(*at)).unwrap_or_default();
            assert!(started.elapsed() < LIMIT, "{what} is not so:\n{}", &log[end..]);
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The pods that a JobManager asked for.
    fn task_managers(&self) -> Vec<String> {
        let names = ["get", "pods", "-l", "component=taskmanager", "-o", "name"];
        self.cluster.kubectl(&names).lines().map(str::to_owned).collect()
    }

    /// Gives a pod to a node that is not there.
    #[track_caller]
    fn schedule(&self, pod: &str) {
        let name = pod.trim_start_matches("pod/");
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
            "target": {"apiVersion": "v1", "kind": "Node", "name": "nowhere"},
        });
        let file = self.cluster.nutkin.file("binding.json", &binding.to_string());
        let path = format!("/api/v1/namespaces/{}/pods/{name}/binding", self.cluster.namespace);
        let file = file.to_str().expect("a path in UTF-8");
        self.cluster.kubectl(&["create", "--raw", &path, "-f", file]);
    }

    fn is_there(&self, what: &str) -> bool {
        self.cluster.get(what) != Value::Null
    }

    /// Submits a job that needs a slot.
    #[track_caller]
    fn submit(&self, rest: &Rest) -> String {
        let jar = self.cluster.nutkin.setup().job(self.version, "ExactlyOnce");
        let output = self.cluster.nutkin.directory().join("numbers");
        let output = output.to_str().expect("a path in UTF-8");
        rest.submit(&jar, &["--output", output, "--total", "1000000", "--rate", "10"])
    }
}

/// Flags without which Flink does not run on Java 17.
const FLAGS: [&str; 5] = [
    "-Xmx512m",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.net=ALL-UNNAMED",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
];

/// Native without high availability: pods of TaskManagers, and the Deployment that owns them.
#[track_caller]
fn check_native(version: &'static str) {
    let site = Site::new(version, false);
    // Which TaskManagers are there already is the first that is asked, and without an answer nothing goes on.
    site.take(0, "list", "pods");
    let mut first = site.job_manager();
    let log = first.log.clone();
    let log = || fs::read_to_string(&log).unwrap_or_default();
    site.cluster.nutkin.eventually("it ends", LIMIT, || first.has_ended());
    assert!(log().contains("cannot list resource \"pods\""), "{}", log());
    drop(first);
    site.give_back(0, "list", "pods");

    // Each pod needs its owner's UID, and to be made.
    site.take(0, "get", "deployments");
    let manager = site.job_manager();
    Site::until("there is a leader", &manager, || manager.leads());
    let rest = manager.rest().expect("REST listens");
    let job = site.submit(&rest);
    let refused = || manager.is_refused("get", "deployments");
    Site::until("the Deployment is not found", &manager, refused);
    site.take(0, "create", "pods");
    let refused = || manager.is_refused("create", "pods");
    Site::until("no pod is made", &manager, refused);
    assert_eq!(site.task_managers(), Vec::<String>::new());
    site.give_back(0, "create", "pods");
    Site::until("a pod is made", &manager, || !site.task_managers().is_empty());

    // One that has a node and whose TaskManager does not come is deleted.
    site.take(0, "delete", "pods");
    site.schedule(&site.task_managers()[0]);
    let refused = || manager.is_refused("delete", "pods");
    // That the pod is still there says nothing more: Kubernetes itself deletes pods of nodes that are not there.
    Site::until("no pod is deleted", &manager, refused);
    rest.cancel(&job);
    site.give_back(0, "delete", "pods");

    // The end of the cluster is the end of its Deployment.
    site.take(0, "delete", "deployments");
    rest.end();
    let refused = || manager.is_refused("delete", "deployments");
    Site::until("the Deployment is not deleted", &manager, refused);
    assert!(site.is_there("deployment/a"));
}

/// High availability: without any one of these there is no leader, or none that stays.
#[track_caller]
fn check_election(version: &'static str) {
    let site = Site::new(version, true);
    for verb in ["get", "create", "list", "watch", "update", "patch"] {
        site.take(0, verb, "configmaps");
        let mut manager = site.job_manager();
        // The answer to a refused watch is not an object, and names nothing.
        let refused = || {
            manager.is_refused(verb, "configmaps")
                || (verb == "watch" && manager.log().contains("Forbidden"))
        };
        Site::until(&format!("{verb} is refused"), &manager, refused);
        // Without `patch` it cannot stay the leader: it is elected and loses the leadership, again and again.
        let what = format!("there is no leader without {verb}");
        site.cluster.nutkin.eventually(&what, LIMIT, || {
            manager.has_ended() || !manager.leads() || manager.log().contains("lost leadership")
        });
        drop(manager);
        site.cluster.kubectl(&[
            "delete",
            "configmap",
            "a-cluster-config-map",
            "--ignore-not-found",
        ]);
        site.give_back(0, verb, "configmaps");
    }
}

/// High availability: what is granted suffices for a job, from the election to the end of the cluster.
#[track_caller]
fn check_job(version: &'static str) {
    let site = Site::new(version, true);
    let manager = site.leader();
    let rest = manager.rest().expect("REST listens");
    let job = site.submit(&rest);
    Site::until("a pod is made", &manager, || site.task_managers().len() == 1);
    let pod = site.task_managers().remove(0).trim_start_matches("pod/").to_owned();

    // A TaskManager finds the leader in its ConfigMap.
    for verb in ["list", "watch"] {
        site.take(1, verb, "configmaps");
        let worker = site.task_manager(&pod);
        let refused =
            || worker.is_refused(verb, "configmaps") || worker.log().contains("Forbidden");
        Site::until(&format!("{verb} is refused"), &worker, refused);
        let known = rest.get("/overview").map(|overview| overview["taskmanagers"].clone());
        assert_eq!(known, Some(Value::from(0)), "it found no leader");
        drop(worker);
        site.give_back(1, verb, "configmaps");
    }
    let worker = site.task_manager(&pod);
    Site::until("the job runs", &worker, || rest.job_state(&job).as_deref() == Some("RUNNING"));
    rest.cancel(&job);
    Site::until("it is canceled", &manager, || rest.job_state(&job).as_deref() == Some("CANCELED"));

    // What it remembers goes with the cluster.
    site.take(0, "delete", "configmaps");
    rest.end();
    Site::until("delete is refused", &manager, || manager.is_refused("delete", "configmaps"));
    assert!(site.is_there("configmap/a-cluster-config-map"));
}

#[test]
fn election_1_20() {
    check_election("1.20.5");
}

#[test]
fn election_2_3() {
    check_election("2.3.0");
}

#[test]
fn job_with_high_availability_1_20() {
    check_job("1.20.5");
}

#[test]
fn job_with_high_availability_2_3() {
    check_job("2.3.0");
}

#[test]
fn native_1_20() {
    check_native("1.20.5");
}

#[test]
fn native_2_3() {
    check_native("2.3.0");
}

/// An account that may do nothing: the JobManager ends, and `up`, `status` and `logs` say what it lacks and who gives it.
/// Its real log stands for that of the container, which nobody runs here. With high availability the pod is shown as it
/// is shortly before that end.
#[track_caller]
fn check_powerless(version: &'static str, ha: bool) {
    let site = Site::new(version, ha);
    let cluster = &site.cluster;
    cluster.kubectl(&["delete", "rolebindings", "--all"]);
    let user = format!("--as=system:serviceaccount:{}:jm", cluster.namespace);
    let (verb, resource) = ("list", if ha { "configmaps" } else { "pods" });
    let known = || !cluster.can_i(&[verb, resource, &user]);
    cluster.nutkin.eventually("the authorizer knows", LIMIT, known);
    let mut manager = site.job_manager();
    let refused = || manager.is_refused(verb, resource);
    Site::until("it is refused", &manager, refused);
    cluster.nutkin.eventually("it ends", LIMIT, || manager.has_ended());
    let log: &'static str = manager.log().leak();
    drop(manager);

    let now = "2026-01-01T00:00:00Z";
    let state = if ha {
        json!({"ready": true, "started": true, "state": {"running": {"startedAt": now}}})
    } else {
        let ended = json!({"reason": "Error", "exitCode": 1, "startedAt": now, "finishedAt": now});
        json!({"ready": false, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": ended}})
    };
    let mut container = json!({
        "name": "flink-main-container", "restartCount": u8::from(!ha), "image": "flink", "imageID": "flink",
    });
    container.as_object_mut().expect("a map").extend(state.as_object().expect("a map").clone());
    let condition = json!({"type": "PodScheduled", "status": "True", "lastTransitionTime": now});
    let status = json!({"status": {
        "phase": "Running", "conditions": [condition], "containerStatuses": [container],
    }});
    let pods = || cluster.get("pods")["items"].as_array().cloned().unwrap_or_default();
    cluster.nutkin.eventually("a pod", LIMIT, || pods().len() == 1);
    let pod = pods()[0]["metadata"]["name"].as_str().expect("a name").to_owned();
    cluster.kubectl(&["patch", "pod", &pod, "--subresource=status", "-p", &status.to_string()]);

    let proxied = cluster.proxy();
    proxied.proxy.set(move |seen| {
        if seen.path.contains("/log?") { Fault::Answer("200 OK", log) } else { Fault::None }
    });
    // The session was made by way of another context, which is remembered.
    let run = |words: &[&str]| {
        let words = [&words[..1], &["--context", "c"], &words[1..]].concat();
        cluster.finish(cluster.command_by(&proxied, &words))
    };
    let account = format!(
        "ServiceAccount `jm` of namespace `{}` may not {verb} {resource}",
        cluster.namespace
    );
    let options: Vec<&str> = site.options.iter().map(String::as_str).collect();
    let up = run(&[&["up", "a", "--timeout", "120"], &options[..]].concat());
    up.expect(1).says(&account).says("`nutkin rbac` with the same file");
    run(&["status", "a"]).expect(0).prints(&account).prints("`nutkin rbac` with the same file");
    let logs = run(&["logs", "--session", "a"]);
    logs.expect(0).says(&account).says("`nutkin rbac` with the same file");
}

#[test]
fn without_any_right_1_20() {
    check_powerless("1.20.5", false);
}

#[test]
fn without_any_right_and_high_availability_2_3() {
    check_powerless("2.3.0", true);
}
