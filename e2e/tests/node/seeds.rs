//! Sessions of write-ups by people who run Flink on Kubernetes, taken over from their own files by `nutkin init --from` and
//! run, each to a right result.
//!
//! Nothing is changed in what `init` makes of the files. What the tests say to `up` beside them is what this node does not
//! have: an image of a registry, and as many processors and as much memory. What lies beside the files in their authors'
//! clusters (HDFS, ZooKeeper, a storage class) is made under the names and addresses that the files have for it.
//!
//! The documents are not part of this repository: `cargo xtask test node` cuts the files out of them where `NUTKIN_SEEDS`
//! names their directory, and runs these tests only there.

use std::path::{Path, PathBuf};

use nutkin_e2e::exactly_once::{committed, faults};
use nutkin_e2e::node::{World, image};
use nutkin_e2e::{Finished, Rest};

use super::hadoop;
use super::standalone::{TOTAL, ends_in_spite_of, leader, submit};
use super::stateful_set::zookeeper;

/// Flink of the image in place of those of the files: 1.4 to 1.13, and `flink:1`.
const FLINK: &str = "1.20.5";

/// One processor or more for each pod is more than this node of two has, on which another test runs as well. Pods may use
/// what is idle.
const PROCESSORS: [&str; 4] = [
    "kubernetes.jobmanager.cpu.amount=0.1",
    "kubernetes.taskmanager.cpu.amount=0.1",
    "kubernetes.jobmanager.cpu.limit-factor=20",
    "kubernetes.taskmanager.cpu.limit-factor=20",
];

/// Four times 4 GiB beside what another test runs are more than the node has.
const MEMORY: [&str; 2] =
    ["jobmanager.memory.process.size=900m", "taskmanager.memory.process.size=1024m"];

/// What a document's job, Flink's WordCount, is given; both names as the document has them.
const INPUT: &str = "aaa.txt";
const OUTPUT: &str = "bbb.txt/";

/// Makes the session file `session.yaml` of a document's files, and gives its path.
#[track_caller]
fn take_over(world: &World, files: &str, more: &[&str]) -> PathBuf {
    let seeds = std::env::var("NUTKIN_TEST_SEEDS").expect("`cargo xtask test node` names them");
    let from = format!("{seeds}/{files}");
    let nutkin = &world.cluster.nutkin;
    let init = ["init", "--from", from.as_str(), "-o", "session.yaml"];
    nutkin.ok(&[&init[..], more].concat());
    nutkin.directory().join("session.yaml")
}

/// `nutkin up` of it as it stands, but for the image and some sizes.
#[track_caller]
fn up(world: &World, file: &Path, image: &str, sizes: &[&str]) -> Finished {
    let file = file.to_str().expect("a path in UTF-8");
    let image = format!("kubernetes.container.image.ref={image}");
    let mut words = vec!["up", "-f", file, "--flink", FLINK, "--timeout", "170", "-D", &image];
    words.extend(sizes.iter().flat_map(|size| ["-D", size]));
    let up = world.ok(&words);
    world.measured("to ready", nutkin_e2e::node::seconds(up.took));
    up
}

/// Counts words by the documents' own command line, with files that lie in the pods.
#[track_caller]
fn counts_words(world: &World, service: &str) {
    let pods = world.pod_names("app=flink");
    let in_pod =
        |pod: &str, script: &str| world.cluster.kubectl(&["exec", pod, "--", "bash", "-c", script]);
    for pod in &pods {
        in_pod(pod, &format!("echo to be or not to be > {INPUT}"));
    }
    let service = world.cluster.get(&format!("service/{service}"));
    let address = service["spec"]["clusterIP"].as_str().expect("an address");
    let jar = world.cluster.nutkin.setup().job(FLINK, "WordCount");
    let jar = jar.to_str().expect("a path in UTF-8");
    let run = ["flink", "run", "-m", &format!("{address}:8081"), jar];
    world.cluster.nutkin.ok(&[&run[..], &["--input", INPUT, "--output", OUTPUT]].concat());
    let written: String =
        pods.iter().map(|pod| in_pod(pod, &format!("cat {OUTPUT}* 2>&- || true"))).collect();
    let mut lines: Vec<&str> = written.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["be 2", "not 1", "or 1", "to 2"]);
}

/// Ends the session; no pod of it is left.
#[track_caller]
fn ends(world: &World, session: &str) {
    world.ok(&["down", session]);
    assert_eq!(world.pod_names(&format!("app={session}")), Vec::<String>::new());
}

#[test]
fn two_deployments_000() {
    let world = World::new("write-up 000");
    let file = take_over(&world, "000", &[]);
    // Its containers ask for no processors, and what `init` asks for in their place is there.
    up(&world, &file, &image(FLINK), &[]).says("session `flink` is up").says("4 slots");
    // The Service of the document, with all its ports.
    counts_words(&world, "flink-jobmanager");
    ends(&world, "flink");
}

#[test]
fn two_deployments_in_a_namespace_001() {
    let world = World::in_namespace("write-up 001", "lyz");
    let file = take_over(&world, "001", &[]);
    let up = up(&world, &file, &image(FLINK), &PROCESSORS);
    up.says("session `flink` is up").says("namespace lyz, 8 slots");
    counts_words(&world, "flink-jobmanager-rest");
    ends(&world, "flink");
}

/// The ZooKeeper has the address of the document; the image has Hadoop's client, and the variable that names the directory
/// which the document mounts.
#[test]
fn one_stateful_set_002() {
    let world = World::new("write-up 002");
    let file = take_over(&world, "002", &[]);
    zookeeper(&world, &["10.198.199.112"]);
    let hdfs = hadoop::start(&world, "hdfs-conf");
    world.cluster.kubectl(&["create", "configmap", "flink-conf"]);
    // There is no registry to ask whether the image is new.
    let pull = "kubernetes.container.image.pull-policy=IfNotPresent";
    let sizes = [&PROCESSORS[..], &MEMORY, &[pull]].concat();
    let up = up(&world, &file, &format!("{}-hadoop", image(FLINK)), &sizes);
    up.says("session `flink-cluster` is up").says("2 JobManagers").says("2 slots");
    let leads = |pod: &str| world.cluster.kubectl(&["logs", pod]).contains("granted leadership");
    let [first, other] = if leads("flink-cluster-0") {
        ["flink-cluster-0", "flink-cluster-1"]
    } else {
        ["flink-cluster-1", "flink-cluster-0"]
    };
    let job = submit(&world, "flink-cluster", FLINK, "hdfs:///user/flink/out");
    let kill = || {
        let checkpoints = "/user/flink/flink-checkpoints/default/flink-cluster";
        hadoop::has(&world, &hdfs, &format!("{checkpoints}/{job}"), "chk-");
        world.cluster.kubectl(&["delete", "pod", first, "--wait=false"]);
    };
    ends_in_spite_of(&world, &rest_of(&world, other, 8080), &job, kill, || leads(other));
    // By the files that the document mounts.
    let class_path = "/home/vipshop/conf/hadoop:/opt/flink/lib/*";
    let shell = ["org.apache.hadoop.fs.FsShell", "-cat", "/user/flink/out/part-*"];
    let java = ["exec", "flink-cluster-2", "--", "java", "-Xmx64m", "-cp", class_path];
    let written = world.cluster.kubectl(&[&java[..], &shell].concat());
    let lines: Vec<String> = written.lines().map(str::to_owned).collect();
    assert_eq!(faults(&lines, TOTAL), Vec::<String>::new());
    ends(&world, "flink-cluster");
}

/// REST of one pod, whether it is ready or not.
#[track_caller]
pub(super) fn rest_of(world: &World, pod: &str, port: u16) -> Rest {
    let pod = world.cluster.get(&format!("pod/{pod}"));
    let ip = pod["status"]["podIP"].as_str().expect("an address");
    Rest::new(&format!("http://{ip}:{port}"))
}

/// The document reads Flink's code: its session is what `kubernetes-session.sh` makes of the options that the code sets.
#[test]
fn native_003() {
    let world = World::new("write-up 003");
    let file = take_over(&world, "003/conf", &["words", "--flink", "1.13"]);
    // The ServiceAccount of the document is the default one, and so is its right in Flink's own guide.
    let account = format!("--serviceaccount={}:default", world.cluster.namespace);
    let right = ["create", "rolebinding", "flink", "--clusterrole=edit", &account];
    world.cluster.kubectl(&right);
    up(&world, &file, &image(FLINK), &PROCESSORS).says("session `words` is up");
    assert_eq!(world.pod_names("app=words,component=taskmanager"), Vec::<String>::new());
    let jar = "mvn:org.apache.flink:flink-examples-streaming:1.20.0:WordCount";
    world.ok(&["run", "--session", "words", jar, "--execution-mode", "BATCH"]);
    // Of the text that the program brings.
    let said = world.ok(&["logs", "--session", "words"]).stdout;
    for count in ["(to,15)", "(be,4)", "(the,22)", "(and,12)"] {
        assert!(said.contains(count), "{count} in {said}");
    }
    ends(&world, "words");
}

#[test]
fn high_availability_of_deployments_004() {
    let world = World::in_namespace("write-up 004", "transport-ns-dev");
    let file = take_over(&world, "004", &[]);
    // Of the class that the document names.
    let volumes = ["one", "other"].map(|name| {
        let directory = world.directory(name);
        world.volume(name, "traffic-nfs-storage", &directory);
        directory
    });
    let beside = file.with_file_name("session-objects.yaml");
    world.cluster.kubectl(&["apply", "-f", beside.to_str().expect("a path in UTF-8")]);
    let up = up(&world, &file, &image(FLINK), &PROCESSORS);
    up.says("session `flink-ha` is up").says("2 JobManagers").says("6 slots");
    // The document has its probes begin after 110 seconds.
    up.says("no JobManager's pod is ready");
    let first = leader(&world, "flink-ha").expect("a leader");
    let pods = world.pod_names("app=flink-ha,component=jobmanager");
    let other = pods.iter().find(|pod| **pod != first).expect("another JobManager");
    let job = submit(&world, "flink-ha", FLINK, "/flink/recovery/out");
    let rest = rest_of(&world, other, 8081);
    let kill = || world.crash(&first);
    let is_other = || leader(&world, "flink-ha").is_some_and(|now| now != first);
    ends_in_spite_of(&world, &rest, &job, kill, is_other);
    // Both volumes fit both claims.
    let lines = volumes.map(|volume| committed(&volume.join("out"))).concat();
    assert_eq!(faults(&lines, TOTAL), Vec::<String>::new());
    ends(&world, "flink-ha");
}
