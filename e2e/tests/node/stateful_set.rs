//! Sessions in StatefulSets whose leader is lost: pods come back under their names, and with the name in their role.

use nutkin_e2e::node::{World, image};
use serde_json::{Value, json};

use super::hadoop;
use super::seeds::rest_of;
use super::standalone::{election, example, is_ready, leader, submit, submit_to, survives};

/// A ZooKeeper of one, from Flink's own jars, at more addresses than that of its Service.
pub(super) fn zookeeper(world: &World, addresses: &[&str]) {
    let cfg = "tickTime=2000\ndataDir=/tmp/zookeeper\nclientPort=2181\nadmin.enableServer=false\n";
    let command = [
        "java",
        "-Xmx64m",
        "-classpath",
        "/opt/flink/lib/*",
        "org.apache.flink.runtime.zookeeper.FlinkZooKeeperQuorumPeer",
        "--zkConfigFile",
        "/zoo/zoo.cfg",
        "--peerId",
        "1",
    ];
    let labels = json!({"app": "zookeeper"});
    let container = json!({
        "name": "zookeeper", "image": image("1.20.5"), "imagePullPolicy": "Never", "args": command,
        "volumeMounts": [{"name": "zoo", "mountPath": "/zoo"}],
    });
    world.cluster.apply(&json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "zoo"}, "data": {"zoo.cfg": cfg}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "zookeeper"},
            "spec": {"selector": labels, "ports": [{"port": 2181}], "externalIPs": addresses}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "zookeeper", "labels": labels},
            "spec": {"containers": [container],
                "volumes": [{"name": "zoo", "configMap": {"name": "zoo"}}]}},
    ]}));
    world.eventually("ZooKeeper runs", || {
        world.cluster.get("pod/zookeeper")["status"]["phase"] == "Running"
    });
}

/// What is below a path, by ZooKeeper's own client.
#[track_caller]
fn in_zookeeper(world: &World, path: &str) -> String {
    let class = "org.apache.flink.shaded.zookeeper3.org.apache.zookeeper.ZooKeeperMain";
    let client = ["java", "-Xmx64m", "-classpath", "/opt/flink/lib/*", class, "ls", path];
    world.cluster.kubectl(&[&["exec", "zookeeper", "--"][..], &client].concat())
}

#[test]
fn one_stateful_set_with_zookeeper_and_hdfs() {
    let world = World::new("example stateful-set, Flink 1.20.5");
    zookeeper(&world, &[]);
    let hdfs = hadoop::start(&world, "hadoop-files");
    world.claim("output");
    let log = world.directory("log");
    // Instead of an image that has Hadoop's client.
    let (mounts, volumes) = hadoop::client(&world, "/opt/hadoop/share");
    let instead = [
        ("/var/log/flink", log.to_str().expect("a path in UTF-8")),
        ("/default/realtime", &format!("/{}/realtime", world.cluster.namespace)),
        ("          volumeMounts:\n", &format!("          volumeMounts:\n{mounts}")),
        ("      volumes:\n", &format!("      volumes:\n{volumes}")),
    ];
    let file = example(&world, "stateful-set", &["pull-policy", "  image:"], &instead);
    let more = [
        "-D",
        "nutkin.claim.output.path=/output",
        // Flink waits a minute for a JobManager that says nothing more.
        "-D",
        "high-availability.zookeeper.client.session-timeout=10000",
    ];
    world.up_file(&file, "1.20.5", &more).expect(0).says("session `realtime` is up");
    let names = || world.pod_names("app=realtime");
    assert_eq!(names(), ["realtime-0", "realtime-1", "realtime-2", "realtime-3"]);
    let roles = || -> Vec<Value> {
        let processes = world.status("realtime")["processes"].as_array().cloned();
        processes.unwrap_or_default().into_iter().map(|one| one["role"].clone()).collect()
    };
    assert_eq!(roles(), ["JobManager", "JobManager", "TaskManager", "TaskManager"]);

    let slots = || world.status("realtime")["slots"]["total"].clone();
    world.eventually("one slot of each TaskManager", || slots() == 2);
    let leads = |pod: &str| world.cluster.kubectl(&["logs", pod]).contains("granted leadership");
    let job = submit(&world, "realtime", "1.20.5", "/output/out");
    let (before, other) = if leads("realtime-0") {
        ("realtime-0", "realtime-1")
    } else {
        ("realtime-1", "realtime-0")
    };
    // The Service of the pod that stays.
    let rest = world.rest(if other == "realtime-0" { "realtime-rest" } else { "realtime-rest-1" });
    let uid = || world.cluster.get(&format!("pod/{before}"))["metadata"]["uid"].clone();
    let first = uid();
    let kill = || {
        // The NameNode's address is nowhere but in the ConfigMap: its files were read.
        hadoop::has(&world, &hdfs, &format!("/user/flink/checkpoints/realtime/{job}"), "chk-");
        let storage = format!("/user/flink/ha/realtime/{}/realtime", world.cluster.namespace);
        hadoop::has(&world, &hdfs, &storage, "completedCheckpoint");
        world.cluster.kubectl(&["delete", "pod", before, "--wait=false"]);
    };
    survives(&world, &rest, &job, &world.shared().join("out"), kill, || leads(other));
    world.eventually("the pod is back under its name", || uid().is_string() && uid() != first);
    assert_eq!(names(), ["realtime-0", "realtime-1", "realtime-2", "realtime-3"]);
    assert_eq!(roles(), ["JobManager", "JobManager", "TaskManager", "TaskManager"]);
    let down = world.ok(&["down", "realtime", "-o", "json"]).json();
    let path = format!("/flink/{}/realtime", world.cluster.namespace);
    let kept = json!([
        format!("ZooKeeper zookeeper:2181 {path}"),
        "hdfs:///user/flink/ha/realtime",
        "hdfs:///user/flink/checkpoints/realtime",
    ]);
    assert_eq!(down["kept"], kept, "{down:#}");
    assert!(in_zookeeper(&world, &path).contains("jobgraphs"), "it is where `down` says");
    let left = ["get", "statefulsets,pods,services,configmaps", "-l", "app=realtime", "-o", "name"];
    let left = world.cluster.kubectl(&left).lines().count();
    world.measured("objects left", left);
    assert_eq!(left, 0);
}

/// Flink 2.x, whose entry point takes no host as an argument: standbys of StatefulSets are reached by the names of their
/// pods all the same, and find the leader's BLOB server. TaskManagers are called as their pods, and keep their copies of
/// state under that name.
#[track_caller]
fn check_flink_2_3(title: &str, task_manager: &str) {
    let world = World::new(&format!("{title}, Flink 2.3.0"));
    let (sets, _) = title.split_once(' ').expect("a number");
    world.claim("state");
    let text = format!(
        "apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata:
  name: sets
spec:
  flinkVersion: v2_3
  mode: standalone
  jobManager:
    replicas: 2
  taskManager:
    replicas: 1
  flinkConfiguration:
    nutkin.standalone.workload: statefulset
    nutkin.standalone.stateful-sets: \"{sets}\"
    nutkin.rbac.create: true
    nutkin.claim.state.path: /state
    taskmanager.numberOfTaskSlots: 2
    high-availability.type: kubernetes
    high-availability.storageDir: file:///state/ha
    execution.checkpointing.dir: file:///state/checkpoints
    execution.state-recovery.from-local: true
    process.taskmanager.working-dir: /state/work
"
    );
    let file = world.cluster.nutkin.file("sets.yaml", &text);
    world.up_file(&file, "2.3.0", &[]).expect(0).says("session `sets` is up");
    world.eventually("all pods are ready", || {
        let pods = world.pods("app=sets");
        pods.len() == 3 && pods.iter().all(is_ready)
    });
    assert_eq!(world.pod_names("app=sets"), ["sets-0", "sets-1", task_manager]);
    let mut before = None;
    world.eventually("one leads", || {
        before = leader(&world, "sets");
        before.is_some()
    });
    let before = before.expect("a leader");
    let other = if before == "sets-0" { "sets-1" } else { "sets-0" };
    let rest = rest_of(&world, other, 8081);
    let known = rest.get("/taskmanagers").unwrap_or_default();
    let known = &known["taskmanagers"][0];
    assert_eq!((&known["id"], &known["slotsNumber"]), (&json!(task_manager), &json!(2)));
    let job = submit_to(&world, &rest, "2.3.0", "/state/out");
    let uid = || world.cluster.get(&format!("pod/{before}"))["metadata"]["uid"].clone();
    let first = uid();
    // Not by the name: the pod that is made again under it may be as fast as the standby.
    let old = election(&world, "sets");
    let is_elected = || election(&world, "sets").is_some_and(|new| Some(new) != old);
    let kill = || {
        let copies = world.shared().join(format!("work/tm_{task_manager}/localState"));
        let has_copies =
            || std::fs::read_dir(&copies).is_ok_and(|mut entries| entries.next().is_some());
        world.eventually("copies of the state for local recovery", has_copies);
        world.crash(&before);
    };
    survives(&world, &rest, &job, &world.shared().join("out"), kill, is_elected);
    world.eventually("the pod is back under its name", || uid().is_string() && uid() != first);
    world.ok(&["down", "sets", "--delete-ha-data"]);
}

#[test]
fn one_stateful_set_with_kubernetes_of_flink_2_3() {
    check_flink_2_3("1 StatefulSet", "sets-2");
}

#[test]
fn two_stateful_sets_with_kubernetes_of_flink_2_3() {
    check_flink_2_3("2 StatefulSets", "sets-taskmanager-0");
}
