//! Changes of sessions in standalone mode under a job: what `plan` predicts, held against what happens.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nutkin_e2e::Rest;
use nutkin_e2e::exactly_once::{committed, faults};
use nutkin_e2e::node::{World, image};
use serde_json::{Value, json};

const ROLES: [&str; 2] = ["jobmanager", "taskmanager"];

/// More than the job reaches: it is stopped when all changes are made.
const ENDLESS: &str = "100000";

/// Between two looks at the pods. They live for many seconds.
const LOOK: Duration = Duration::from_millis(200);

/// A session `a` of one JobManager and as many TaskManagers, of one slot each, as the job has tasks of a kind.
struct Session {
    world: World,
    version: &'static str,
    file: PathBuf,
    /// What was said of it so far: words of `plan` and `up`.
    said: Vec<String>,
    /// Slots that there are when nothing is about to change.
    slots: u64,
    /// Failovers so far, as predicted at most and as seen.
    failovers: (u64, u64),
}

/// How the pods of each role are seen: identity, and whether it is ready.
type Pods = BTreeMap<String, bool>;

impl Session {
    #[track_caller]
    fn start(title: &str, version: &'static str, options: &[(&str, &str)]) -> Self {
        Self::of(title, version, options, [json!({}), json!({})])
    }

    /// With pod templates of both roles.
    #[track_caller]
    fn of(
        title: &str,
        version: &'static str,
        options: &[(&str, &str)],
        [job_manager, task_manager]: [Value; 2],
    ) -> Self {
        let world = World::new(&format!("{title}, Flink {version}"));
        world.claim("data");
        let (major, minor) = version.split_once('.').expect("a version");
        let minor = minor.split('.').next().expect("a minor version");
        let text = json!({
            "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
            "metadata": {"name": "a"},
            "spec": {"flinkVersion": format!("v{major}_{minor}"), "mode": "standalone",
                "jobManager": {"replicas": 1, "podTemplate": job_manager},
                "taskManager": {"replicas": 2, "podTemplate": task_manager}},
        });
        let file = world.cluster.nutkin.file("session.yaml", &text.to_string());
        let checkpoints = "execution.checkpointing.dir=file:///data/checkpoints";
        let savepoints = "execution.checkpointing.savepoint-dir=file:///data/savepoints";
        let mut session =
            Self { world, version, file, said: Vec::new(), slots: 2, failovers: (0, 0) };
        let slots = "taskmanager.numberOfTaskSlots=1";
        for option in ["nutkin.claim.data.path=/data", checkpoints, savepoints, slots] {
            session.said.extend(["-D".to_owned(), option.to_owned()]);
        }
        for (key, value) in options {
            session.said.extend(["-D".to_owned(), format!("{key}={value}")]);
        }
        session.up(&[]).expect(0);
        session
    }

    fn words<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        self.said.iter().map(String::as_str).chain(more.iter().copied()).collect()
    }

    #[track_caller]
    fn up(&self, more: &[&str]) -> nutkin_e2e::Finished {
        self.world.up_file(&self.file, self.version, &self.words(more))
    }

    /// Starts the job with two tasks of each kind, and waits until it has a checkpoint to go on from.
    #[track_caller]
    fn job(&self) -> String {
        self.world.directory("attempts");
        let jar = self.world.cluster.nutkin.setup().job(self.version, "ExactlyOnce");
        let jar = jar.to_str().expect("a path in UTF-8");
        let run = ["run", "--session", "a", "-d", "-p", "2", jar, "--output", "/data/out"];
        let more = ["--attempts", "/data/attempts", "--total", ENDLESS, "--rate", "50"];
        let run = self.world.ok(&[&run[..], &more].concat());
        let job = run.stdout.trim().to_owned();
        self.completes_two(&job);
        job
    }

    /// Waits until the job, as it now runs, has completed two checkpoints.
    #[track_caller]
    fn completes_two(&self, job: &str) {
        let rest = self.rest();
        let number = |seen: &Value, pointer: &str| seen.pointer(pointer).and_then(Value::as_u64);
        let checkpoints = || rest.get(&format!("/jobs/{job}/checkpoints")).unwrap_or_default();
        let mut before = None;
        self.world.eventually("two checkpoints are completed", || {
            let now = number(&checkpoints(), "/latest/completed/id");
            let first = *before.get_or_insert(now.unwrap_or_default());
            now.is_some_and(|now| first + 2 <= now)
        });
    }

    fn rest(&self) -> Rest {
        self.world.rest("a-rest")
    }

    /// How often the job has begun: each time, both counting tasks leave a file.
    fn attempts(&self) -> u64 {
        let files = std::fs::read_dir(self.world.shared().join("attempts")).expect("a directory");
        (files.count() as u64).div_ceil(2)
    }

    fn pods(&self, role: &str) -> Pods {
        let pods = self.world.pods(&format!("app=a,component={role}"));
        let is_ready = |pod: &Value| {
            let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
            conditions.into_iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
        };
        let uid = |pod: &Value| pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        pods.iter().map(|pod| (uid(pod), is_ready(pod))).collect()
    }

    /// Identities of all pods, of those that are ending too.
    fn all_pods(&self) -> Vec<String> {
        let uids = "jsonpath={.items[*].metadata.uid}";
        let pods = self.world.cluster.kubectl(&["get", "pods", "-l", "app=a", "-o", uids]);
        pods.split_whitespace().map(str::to_owned).collect()
    }

    fn identities(&self) -> [BTreeSet<String>; 2] {
        ROLES.map(|role| self.pods(role).into_keys().collect())
    }

    /// Says something more, and holds what `plan` predicts against what `up` does. `expected`: whether JobManagers and
    /// TaskManagers restart, and how often the job fails over at most. Gives the plan.
    #[track_caller]
    fn change(&mut self, job: &str, words: [&str; 2], expected: ([bool; 2], u64)) -> Value {
        self.said.extend(words.map(str::to_owned));
        let plan = self.world.plan_file(&self.file, self.version, &self.words(&[]));
        let restarts = ["jobManagers", "taskManagers"].map(|role| plan["restarts"][role] == true);
        let failovers = plan["failovers"].as_u64().expect("a number");
        assert_eq!((restarts, failovers), expected, "of {words:?}: {plan:#}");
        assert_eq!((&plan["jobsLost"], &plan["runningJobs"]), (&json!(false), &json!(1)));
        self.completes_two(job);

        let (before, attempts) = (self.identities(), self.attempts());
        let (up, missing) = self.watched(&["--yes"]);
        up.expect(0);
        // `up` does not wait until the old pods have ended, and the job may continue with them until then.
        let replaced: BTreeSet<&String> = before
            .iter()
            .zip(restarts)
            .filter(|(_, all)| *all)
            .flat_map(|(uids, _)| uids)
            .collect();
        self.world.eventually("the old pods have ended", || {
            self.all_pods().iter().all(|uid| !replaced.contains(uid))
        });
        let rest = self.rest();
        self.world
            .eventually("the job runs on", || rest.job_state(job).as_deref() == Some("RUNNING"));
        self.completes_two(job);
        let after = self.identities();
        for (index, role) in ROLES.iter().enumerate() {
            let stay = before[index].intersection(&after[index]).count();
            let expected = if restarts[index] { 0 } else { before[index].len() };
            assert_eq!(stay, expected, "pods of the {role} that stay, after {words:?}");
        }
        let seen = self.attempts() - attempts;
        let least = u64::from(0 < failovers);
        assert!((least..=failovers).contains(&seen), "{seen} failovers by {words:?}: {plan:#}");
        self.failovers = (self.failovers.0 + failovers, self.failovers.1 + seen);
        let allowed = self.max_unavailable();
        assert!(missing <= allowed, "{missing} TaskManagers were missing, {allowed} may be");
        let slots = plan["sizes"].as_array().into_iter().flatten().find_map(|size| {
            let number = |side: &str| size[side].as_str()?.parse::<u64>().ok();
            (size["what"] == "slots of all TaskManagers").then(|| (number("old"), number("new")))
        });
        if let Some((old, new)) = slots {
            assert_eq!(old, Some(self.slots), "slots before, by {plan:#}");
            self.slots = new.unwrap_or_default();
        }
        self.world.eventually("the slots are as predicted", || {
            self.world.status("a")["slots"]["total"] == self.slots
        });
        plan
    }

    /// How many TaskManagers may be missing: none of a Deployment, whose new pods start beside the old ones.
    fn max_unavailable(&self) -> usize {
        let is_set = self.said.iter().any(|option| option.ends_with("workload=statefulset"));
        usize::from(is_set)
    }

    /// Runs `up` and looks at the TaskManagers all the while. Gives how many were missing at most.
    #[track_caller]
    fn watched(&self, more: &[&str]) -> (nutkin_e2e::Finished, usize) {
        let ready = || self.pods("taskmanager").values().filter(|ready| **ready).count();
        let (wanted, is_done) = (ready(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let least = scope.spawn(|| {
                let mut least = wanted;
                while !is_done.load(Ordering::Relaxed) {
                    least = least.min(ready());
                    std::thread::sleep(LOOK);
                }
                least
            });
            let up = self.up(more);
            is_done.store(true, Ordering::Relaxed);
            (up, wanted - least.join().expect("the watch does not fail"))
        })
    }

    /// Ends the job with a savepoint, judges what it has written, and ends the session.
    #[track_caller]
    fn end(self, job: &str) {
        let (predicted, seen) = self.failovers;
        self.world.measured("failovers", format!("{seen} of {predicted}"));
        self.world.ok(&["stop", "--session", "a", job]);
        let faults = of_stopped(&self.world.shared().join("out"));
        assert_eq!(faults, Vec::<String>::new());
        self.world.ok(&["down", "a", "--yes"]);
    }
}

/// What is wrong in the output of a job of two sources that was stopped: nothing twice, no gap in the counts, and no
/// number missing but at the end of what each source emits.
fn of_stopped(output: &Path) -> Vec<String> {
    let lines = committed(output);
    let of_all = faults(&lines, ENDLESS.parse().expect("a number"));
    let mut wrong: Vec<String> =
        of_all.into_iter().filter(|fault| !fault.ends_with("is missing")).collect();
    let number = |line: &String| line.split(' ').next()?.parse::<u64>().ok();
    let numbers: BTreeSet<u64> = lines.iter().filter_map(number).collect();
    let begins: Vec<&u64> =
        numbers.iter().filter(|n| **n == 0 || !numbers.contains(&(**n - 1))).collect();
    if begins.len() != 2 {
        wrong.push(format!("two sources emit two rows of numbers: these begin at {begins:?}"));
    }
    wrong
}

/// Kubernetes' high availability on the claim.
const AVAILABLE: [(&str, &str); 3] = [
    ("high-availability.type", "kubernetes"),
    ("high-availability.storageDir", "file:///data/ha"),
    ("nutkin.rbac.create", "true"),
];

#[test]
fn deployments_are_changed_as_predicted() {
    let mut session = Session::start("changes of Deployments", "1.20.5", &AVAILABLE);
    let job = session.job();
    let memory = ["-D", "taskmanager.memory.process.size=1100m"];
    let plan = session.change(&job, memory, ([false, true], 1));
    let sizes = json!([{"what": "memory of a TaskManager", "old": "1024 MiB", "new": "1100 MiB"}]);
    assert_eq!(plan["sizes"], sizes, "{plan:#}");
    session.change(&job, ["-D", "rest.flamegraph.enabled=true"], ([true, false], 1));
    // The same image under its full name: another text all the same.
    let other = format!("kubernetes.container.image.ref=docker.io/{}", image("1.20.5"));
    session.change(&job, ["-D", &other], ([true, true], 1));
    let plan = session.change(&job, ["--task-managers", "3"], ([false, false], 0));
    let sizes = json!([{"what": "slots of all TaskManagers", "old": "2", "new": "3"}]);
    assert_eq!(plan["sizes"], sizes, "{plan:#}");
    session.end(&job);
}

/// Claims that are made along with the session, of a storage class with a provisioner: one for all pods and one for each
/// TaskManager.
const MADE_ALONG: [(&str, &str); 14] = [
    ("high-availability.type", "kubernetes"),
    ("high-availability.storageDir", "file:///state/ha"),
    ("nutkin.rbac.create", "true"),
    ("execution.checkpointing.dir", "file:///state/checkpoints"),
    ("nutkin.standalone.workload", "statefulset"),
    ("nutkin.claim.state.path", "/state"),
    ("nutkin.claim.state.size", "1Gi"),
    ("nutkin.claim.state.access-mode", "ReadWriteMany"),
    ("nutkin.claim.state.storage-class", "standard"),
    ("nutkin.claim.local.path", "/local"),
    ("nutkin.claim.local.role", "taskmanager"),
    ("nutkin.claim.local.size", "1Gi"),
    ("nutkin.claim.local.per-pod", "true"),
    ("process.taskmanager.working-dir", "/local/work"),
];

/// Pods with fixed names cannot start beside the old ones: one TaskManager at a time, and a failover for each. Checkpoints
/// and what each TaskManager keeps are on claims that a provisioner fills.
#[test]
fn stateful_sets_are_changed_as_predicted() {
    let version = "2.3.0";
    // A directory of the node gets no group, and this provisioner makes it root's.
    let open = |names: &[&str]| {
        let mount = |name: &&str| json!({"name": name, "mountPath": format!("/{name}")});
        let paths = names.iter().map(|name| format!("/{name}"));
        let command: Vec<String> =
            ["chmod", "777"].map(str::to_owned).into_iter().chain(paths).collect();
        json!({"spec": {"containers": [], "initContainers": [{
            "name": "open", "image": image(version), "imagePullPolicy": "Never", "command": command,
            "securityContext": {"runAsUser": 0},
            "volumeMounts": names.iter().map(mount).collect::<Vec<_>>(),
        }]}})
    };
    let templates = [open(&["state"]), open(&["state", "local"])];
    let mut session = Session::of("changes of StatefulSets", version, &MADE_ALONG, templates);
    let cluster = &session.world.cluster;
    let claims = || -> BTreeMap<String, String> {
        let list = cluster.kubectl(&["get", "pvc", "-o", "json"]);
        let list: Value = serde_json::from_str(&list).expect("JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let items = list["items"].as_array().into_iter().flatten();
        items.map(|one| (text(&one["metadata"]["name"]), text(&one["status"]["phase"]))).collect()
    };
    let before = claims();
    let names = ["data", "local-a-taskmanager-0", "local-a-taskmanager-1", "state"];
    assert_eq!(before.keys().map(String::as_str).collect::<Vec<_>>(), names);
    assert!(before.values().all(|phase| phase == "Bound"), "{before:?}");
    let job = session.job();
    session.change(&job, ["-D", "parallelism.default=2"], ([true, true], 2));
    session.end(&job);
}

/// A JobManager that restarts loses its jobs: they are named, nothing is done without a word, and then they are lost.
#[test]
fn jobs_without_high_availability_are_lost_only_with_consent() {
    let mut session = Session::start("changes without high availability", "1.20.5", &[]);
    let job = session.job();
    session.change(&job, ["-D", "taskmanager.debug.memory.log=true"], ([false, true], 1));
    session.said.extend(["-D", "parallelism.default=2"].map(str::to_owned));
    let plan = session.world.plan_file(&session.file, session.version, &session.words(&[]));
    assert_eq!((&plan["jobsLost"], &plan["fates"][0]["fate"]), (&json!(false), &json!("moved")));
    let lose = session.words(&["--jobs", "lose"]);
    let plan = session.world.plan_file(&session.file, session.version, &lose);
    assert_eq!((&plan["jobsLost"], &plan["runningJobs"]), (&json!(true), &json!(1)), "{plan:#}");
    let (before, attempts) = (session.identities(), session.attempts());
    for consent in [&["--jobs", "lose"][..], &["--jobs", "lose", "--yes"]] {
        let asked = session.up(consent);
        asked.expect(6).says("will be lost").says(&job);
    }
    session.completes_two(&job);
    assert_eq!((session.identities(), session.attempts()), (before.clone(), attempts));

    session.up(&["--jobs", "lose", "--yes", "--force"]).expect(0);
    let after = session.identities();
    assert!(before.iter().zip(&after).all(|(before, after)| before.is_disjoint(after)));
    let jobs = session.world.ok(&["jobs", "--session", "a", "--all", "-o", "json"]).json();
    assert_eq!(jobs["items"], json!([]), "the job is lost");
    assert_eq!(session.attempts(), attempts, "and was not begun again");
    session.world.ok(&["down", "a", "--yes"]);
}
