//! Native sessions: the JobManager asks Kubernetes for the TaskManagers that its jobs need.

use std::collections::BTreeSet;
use std::io::BufRead as _;
use std::process::Stdio;

use nutkin_e2e::Rest;
use nutkin_e2e::exactly_once::committed;
use nutkin_e2e::node::{World, address, seconds};
use serde_json::Value;

const JOB_MANAGERS: &str = "app=a,component=jobmanager";
const TASK_MANAGERS: &str = "app=a,component=taskmanager";

/// Idle TaskManagers end soon, one task each, and a Role lets the JobManager make them.
const OPTIONS: [&str; 6] = [
    "-D",
    "nutkin.rbac.create=true",
    "-D",
    "resourcemanager.taskmanager-timeout=5000",
    "-D",
    "taskmanager.numberOfTaskSlots=1",
];

/// A session from its start to its end, by the same verbs as everywhere.
#[track_caller]
fn check(version: &str, exposed: &str) {
    let world = World::new(&format!("native, {exposed}, Flink {version}"));
    let exposed_type = format!("kubernetes.rest-service.exposed.type={exposed}");
    let template = world.template();
    let more = ["-D", &exposed_type, "-D", &template];
    world.up("a", version, &[&OPTIONS[..], &more].concat()).expect(0).says("session `a` is up");
    assert_eq!(world.pod_names(TASK_MANAGERS), Vec::<String>::new(), "nobody needs one yet");
    let status = world.status("a");
    assert_eq!((&status["state"], &status["flinkVersion"]), (&"running".into(), &version.into()));
    if exposed == "NodePort" {
        let url = status["restUrl"].as_str().unwrap_or_default().to_owned();
        assert!(url.starts_with(&format!("http://{}:", address())), "{status:#}");
    }
    let list = world.ok(&["ls", "-o", "json"]).json();
    assert_eq!(list["items"][0]["name"], "a");

    task_managers_come_and_go(&world, version);
    count_words(&world, version);
    logs(&world);
    opens(&world, version);
    ends(&world, "a");
}

/// Two tasks in parallel want two TaskManagers of one slot each.
#[track_caller]
fn task_managers_come_and_go(world: &World, version: &str) {
    let jar = world.cluster.nutkin.setup().job(version, "ExactlyOnce");
    let output = world.shared().join("endless");
    let [jar, to] = [&jar, &output].map(|path| path.to_str().expect("a path in UTF-8"));
    let run = ["run", "--session", "a", "-d", "-p", "2", jar, "--output", to];
    let run = world.ok(&[&run[..], &["--total", "1000000", "--rate", "20"]].concat());
    let job = run.stdout.trim().to_owned();
    let rest = world.rest("a-rest");
    let resumed = world.eventually("all tasks run", || {
        let job = rest.get(&format!("/jobs/{job}")).unwrap_or_default();
        let tasks = job["vertices"].as_array().cloned().unwrap_or_default();
        !tasks.is_empty() && tasks.iter().all(|task| task["status"] == "RUNNING")
    });
    world.measured("to tasks", seconds(run.took + resumed));
    assert_eq!(world.pod_names(TASK_MANAGERS).len(), 2);
    let status = world.status("a");
    assert_eq!((&status["slots"]["total"], &status["jobs"]["running"]), (&2.into(), &1.into()));
    let listed = world.ok(&["jobs", "--session", "a", "-o", "json"]).json();
    assert_eq!(listed["items"][0]["id"], *job);
    world.ok(&["cancel", "--session", "a", &job]);
    world.eventually("idle TaskManagers are gone", || world.pod_names(TASK_MANAGERS).is_empty());
}

#[track_caller]
fn count_words(world: &World, version: &str) {
    let input = world.shared().join("words.txt");
    std::fs::write(&input, "to be or not to be\n").expect("a file");
    let output = world.shared().join("counts");
    let jar = world.cluster.nutkin.setup().job(version, "WordCount");
    let [jar, input, to] = [&jar, &input, &output].map(|path| path.to_str().expect("UTF-8"));
    let run = ["run", "--session", "a", jar, "--input", input, "--output", to];
    world.ok(&run).says("has finished");
    let mut lines = committed(&output);
    lines.sort();
    assert_eq!(lines, ["be 2", "not 1", "or 1", "to 2"]);

    // The file of the session hides the one in which an image opens modules of Java 17.
    let jar = world.cluster.nutkin.setup().job(version, "NeedsModules");
    let run = ["run", "--session", "a", jar.to_str().expect("a path in UTF-8")];
    world.ok(&run).says("has finished");
}

/// Of pods that run, of a container that has ended before, and as they come.
#[track_caller]
fn logs(world: &World) {
    let all = world.ok(&["logs", "--session", "a"]).stdout;
    assert!(all.contains("Rest endpoint listening"), "{all}");
    let mut follow = world.cluster.command(&["logs", "--session", "a", "-f", "--tail", "1"]);
    let mut follow =
        follow.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("nutkin starts");
    let stdout = follow.stdout.take().expect("a pipe");

    let pod = world.pod_names(JOB_MANAGERS).pop().expect("a JobManager");
    let restarts = || {
        let pod = world.cluster.get(&format!("pod/{pod}"));
        pod["status"]["containerStatuses"][0]["restartCount"].as_u64().unwrap_or_default()
    };
    assert_eq!(restarts(), 0);
    world.cluster.kubectl(&["exec", &pod, "--", "bash", "-c", "kill 1"]);
    let lines = std::io::BufReader::new(stdout).lines().map_while(Result::ok);
    let mut seen = String::new();
    let ends = lines.inspect(|line| seen.push_str(line)).any(|line| line.contains("SIGTERM"));
    let _ = follow.kill();
    let _ = follow.wait();
    assert!(ends, "the end of the JobManager was followed: {seen}");
    world.eventually("the container has started again", || restarts() == 1);
    let previous = world.ok(&["logs", "--session", "a", "--previous"]).stdout;
    assert!(previous.contains("SIGTERM"), "{previous}");
    world.eventually("the session is back", || world.status("a")["state"] == "running");
}

/// An address of this machine leads to REST as long as the command runs.
#[track_caller]
fn opens(world: &World, version: &str) {
    let mut open = world.cluster.command(&["open", "a", "--no-browser"]);
    let mut child = open.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("a pipe");
    std::io::BufReader::new(stdout).read_line(&mut line).expect("a line");
    let overview = Rest::new(line.trim()).get("/overview");
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(overview.expect("an answer")["flink-version"], version);
}

/// What is said to be ended is all there was, and nothing else.
#[track_caller]
pub(super) fn ends(world: &World, session: &str) {
    let kinds = "deployments,statefulsets,replicasets,pods,services,configmaps,secrets,serviceaccounts,roles,rolebindings";
    let there = || -> BTreeSet<String> {
        let list = world.cluster.kubectl(&["get", kinds, "-o", "json"]);
        let list: Value = serde_json::from_str(&list).expect("JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let title =
            |item: &Value| format!("{}/{}", text(&item["kind"]), text(&item["metadata"]["name"]));
        let mut titles: BTreeSet<String> = items.iter().map(title).collect();
        titles.remove("ConfigMap/kube-root-ca.crt");
        titles.remove("ServiceAccount/default");
        titles
    };
    // One that is ending already may be gone before `down` looks.
    world.eventually("no pod is ending", || {
        let ending = "jsonpath={.items[*].metadata.deletionTimestamp}";
        world.cluster.kubectl(&["get", "pods", "-o", ending]).is_empty()
    });
    let mut before = there();
    // It is not a part of the session, and goes with it.
    let ledger = format!("ConfigMap/nutkin-{session}");
    assert!(before.remove(&ledger), "{before:?}");
    let down = world.ok(&["down", session, "-o", "json"]).json();
    let ended = down["ended"].as_array().cloned().unwrap_or_default();
    let ended = ended.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect();
    assert_eq!(before, ended, "{down:#}");
    assert_eq!(down["kept"].as_array().map(Vec::len), Some(0), "{down:#}");
    // What permits is not waited for: Kubernetes removes it when it comes to that.
    world.eventually("all of it is gone", || there().is_empty());
    world.measured("objects left", there().len());
    world.run(&["status", session]).expect(5);
}

#[test]
fn flink_1_20_at_a_node_port() {
    check("1.20.5", "NodePort");
}

#[test]
fn flink_2_3_by_way_of_the_api_server() {
    check("2.3.0", "ClusterIP");
}
