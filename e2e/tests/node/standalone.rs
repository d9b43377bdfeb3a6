//! Sessions in standalone mode, from the examples as they stand but for images, sizes and where claims come from.

use std::path::{Path, PathBuf};
use std::time::Instant;

use nutkin_e2e::Rest;
use nutkin_e2e::exactly_once::{committed, faults};
use nutkin_e2e::node::{World, address, seconds};
use serde_json::{Value, json};

use super::native::ends;

/// An example without the lines that begin with one of these words, and with others in their place.
#[track_caller]
pub(super) fn example(
    world: &World,
    name: &str,
    without: &[&str],
    instead: &[(&str, &str)],
) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../examples/{name}.yaml"));
    let mut text = std::fs::read_to_string(path).expect("the example");
    for word in without {
        assert!(text.contains(word), "the example has `{word}`");
        text = text.lines().filter(|line| !line.contains(word)).map(|l| format!("{l}\n")).collect();
    }
    for (old, new) in instead {
        assert!(text.contains(old), "the example has `{old}`");
        text = text.replace(old, new);
    }
    world.cluster.nutkin.file(&format!("{name}.yaml"), &text)
}

/// A pod is ready by its own probes.
pub(super) fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
}

/// How many numbers the job emits in all, and how many a second: long enough for a leader to be missed.
pub(super) const TOTAL: u64 = 4000;
const RATE: &str = "50";

/// Submits the job whose output is judged.
#[track_caller]
pub(super) fn submit(world: &World, session: &str, version: &str, output: &str) -> String {
    let jar = world.cluster.nutkin.setup().job(version, "ExactlyOnce");
    let jar = jar.to_str().expect("a path in UTF-8");
    let run = ["run", "--session", session, "-d", "-p", "2", jar];
    let total = TOTAL.to_string();
    let run = world.ok(&[&run[..], &arguments(output, &total)].concat());
    run.stdout.trim().to_owned()
}

/// The same by REST, at one JobManager of several.
#[track_caller]
pub(super) fn submit_to(world: &World, rest: &Rest, version: &str, output: &str) -> String {
    let jar = world.cluster.nutkin.setup().job(version, "ExactlyOnce");
    rest.submit(&jar, &arguments(output, &TOTAL.to_string()))
}

fn arguments<'a>(output: &'a str, total: &'a str) -> [&'a str; 6] {
    ["--output", output, "--total", total, "--rate", RATE]
}

/// The number of the last completed checkpoint, and of the one that was restored; 0 for none.
fn checkpoints(rest: &Rest, job: &str) -> (u64, u64) {
    let seen = rest.get(&format!("/jobs/{job}/checkpoints")).unwrap_or_default();
    let id = |kind: &str| seen["latest"][kind]["id"].as_u64().unwrap_or(0);
    (id("completed"), id("restored"))
}

/// The leader goes while the job runs: another one takes the job up at its last checkpoint, and its output is exact.
#[track_caller]
pub(super) fn survives(
    world: &World,
    rest: &Rest,
    job: &str,
    output: &Path,
    kill: impl FnOnce(),
    is_taken_over: impl FnMut() -> bool,
) {
    ends_in_spite_of(world, rest, job, kill, is_taken_over);
    assert_eq!(faults(&committed(output), TOTAL), Vec::<String>::new());
}

/// The same, but for what it has written.
#[track_caller]
pub(super) fn ends_in_spite_of(
    world: &World,
    rest: &Rest,
    job: &str,
    kill: impl FnOnce(),
    is_taken_over: impl FnMut() -> bool,
) {
    world.eventually("two checkpoints are completed", || 2 <= checkpoints(rest, job).0);
    let (seen, _) = checkpoints(rest, job);
    let lost = Instant::now();
    kill();
    world.eventually("another JobManager leads", is_taken_over);
    world.measured("to failover", seconds(lost.elapsed()));
    world.eventually("the job goes on", || {
        let (completed, restored) = checkpoints(rest, job);
        seen <= restored && restored < completed
    });
    world.measured("to resumed", seconds(lost.elapsed()));
    world.eventually("the job ends", || rest.job_state(job).as_deref() == Some("FINISHED"));
}

/// What Kubernetes' high availability has for the leader: a number that each election makes again, and the address.
pub(super) fn election(world: &World, session: &str) -> Option<String> {
    let map = world.cluster.get(&format!("configmap/{session}-cluster-config-map"));
    map["data"]["org.apache.flink.k8s.leader.restserver"].as_str().map(str::to_owned)
}

/// The pod that leads, by its address or, in a StatefulSet, its name.
pub(super) fn leader(world: &World, session: &str) -> Option<String> {
    let text = election(world, session)?;
    let host = text.rsplit_once("//")?.1.split(':').next()?.to_owned();
    let name = |pod: &Value| pod["metadata"]["name"].as_str().map(str::to_owned);
    let pods = world.pods(&format!("app={session}"));
    let pod = pods.iter().find(|pod| {
        pod["status"]["podIP"] == *host || name(pod).as_deref() == host.split('.').next()
    })?;
    name(pod)
}

#[track_caller]
fn check_high_availability(version: &str) {
    let world = World::new(&format!("example high-availability, Flink {version}"));
    world.claim("flink-jars");
    world.claim("flink-state");
    // Claims that are there; no registry to log in to.
    let without = [
        "flink-jars.size",
        "flink-jars.storage-class",
        "flink-jars.access-mode",
        "flink-state.size",
        "flink-state.storage-class",
        "flink-state.access-mode",
        "pull-secrets",
        "pull-policy",
    ];
    // Two sessions of this example cannot have the same ports of the node.
    let ports = if version == "1.20.5" { ("30082", "30025") } else { ("30083", "30026") };
    let instead = [("30082", ports.0), ("30025", ports.1)];
    let file = example(&world, "high-availability", &without, &instead);
    let exposed = "kubernetes.rest-service.exposed.type=NodePort";
    let up = world.up_file(&file, version, &["-D", exposed]);
    up.expect(0).says("session `flink-ha` is up");
    let pods = |role: &str| world.pods(&format!("app=flink-ha,component={role}"));
    assert_eq!((pods("jobmanager").len(), pods("taskmanager").len()), (2, 3));
    world.eventually("all probes are green", || {
        pods("jobmanager").iter().chain(&pods("taskmanager")).all(is_ready)
    });
    // What the Role allows, and no more.
    let user = format!("--as=system:serviceaccount:{}:flink", world.cluster.namespace);
    let may = |verb: &str, what: &str| world.cluster.can_i(&[verb, what, &user]);
    assert!(may("update", "configmaps") && !may("create", "pods") && !may("get", "secrets"));

    let rest = Rest::new(&format!("http://{}:{}", address(), ports.0));
    let status = world.status("flink-ha");
    assert_eq!(status["slots"]["total"], 6, "{status:#}");
    let query = world.cluster.get("service/flink-ha-query");
    assert_eq!(query["spec"]["ports"][0]["nodePort"].to_string(), ports.1);
    let job = submit(&world, "flink-ha", version, "/flink/out");
    let jars = || rest.get("/jars").unwrap_or_default()["files"].as_array().map_or(0, Vec::len);
    world.eventually("the jar is there", || jars() == 1);

    let before = leader(&world, "flink-ha").expect("a leader");
    let kill = || {
        let force = ["delete", "pod", &before, "--grace-period=0", "--force"];
        world.cluster.kubectl(&force);
    };
    let other = || leader(&world, "flink-ha").is_some_and(|now| now != before);
    survives(&world, &rest, &job, &world.shared().join("out"), kill, other);
    world.eventually("both JobManagers are there", || {
        pods("jobmanager").len() == 2 && pods("jobmanager").iter().all(is_ready)
    });
    assert_eq!(jars(), 1, "the jar outlives the pod that it was sent to");
    let down = world.ok(&["down", "flink-ha", "--delete-ha-data"]);
    down.says("flink-ha");
    let left = ["get", "deployments,pods,services,configmaps", "-l", "app=flink-ha", "-o", "name"];
    let left = || world.cluster.kubectl(&left).lines().count();
    world.eventually("all of it is gone", || left() == 0);
    world.measured("objects left", left());
    assert!(!world.cluster.get("pvc/flink-jars").is_null(), "claims stay");
}

#[test]
fn high_availability_of_deployments_1_20() {
    check_high_availability("1.20.5");
}

#[test]
fn high_availability_of_deployments_2_3() {
    check_high_availability("2.3.0");
}

/// Flink's own example, in all four slots.
#[track_caller]
fn state_machine(world: &World) -> String {
    let class = "org.apache.flink.streaming.examples.statemachine.StateMachineExample";
    let jar = "mvn:org.apache.flink:flink-examples-streaming:1.20.0";
    let run = ["run", "--session", "words", "-d", "-p", "4", "-c", class, jar];
    let more = ["--backend", "hashmap", "--checkpoint-dir", "file:///data/state", "--rps", "100"];
    world.ok(&[&run[..], &more].concat()).stdout.trim().to_owned()
}

#[test]
fn a_session_and_a_task_manager_that_is_lost() {
    let world = World::new("example session, Flink 1.20.5");
    world.claim("data");
    let file = example(&world, "session", &[], &[]);
    let up = world.up_file(&file, "1.20.5", &["-D", "nutkin.claim.data.path=/data"]);
    up.expect(0).says("session `words` is up");
    let pods = || world.pods("app=words");
    assert_eq!(pods().len(), 3);
    world.eventually("all probes are green", || pods().iter().all(is_ready));
    let jar = world.cluster.nutkin.setup().job("1.20.5", "WordCount");
    std::fs::write(world.shared().join("words.txt"), "to be or not to be\n").expect("a file");
    let jar = jar.to_str().expect("a path in UTF-8");
    let run =
        ["run", "--session", "words", jar, "--input", "/data/words.txt", "--output", "/data/out"];
    world.ok(&run).says("has finished");
    let mut lines = committed(&world.shared().join("out"));
    lines.sort();
    assert_eq!(lines, ["be 2", "not 1", "or 1", "to 2"]);

    let slots = || world.status("words")["slots"]["total"].clone();
    assert_eq!(slots(), 4);
    let job = state_machine(&world);
    let rest = world.rest("words-rest");
    world.eventually("two checkpoints are completed", || 2 <= checkpoints(&rest, &job).0);
    let (seen, _) = checkpoints(&rest, &job);
    let lost = world.pod_names("app=words,component=taskmanager").remove(0);
    world.cluster.kubectl(&["delete", "pod", &lost, "--grace-period=0", "--force"]);
    let started = Instant::now();
    let back = || {
        let names = world.pod_names("app=words,component=taskmanager");
        names.len() == 2 && !names.contains(&lost) && world.pods("app=words").iter().all(is_ready)
    };
    world.eventually("another TaskManager", back);
    world.eventually("its slots", || slots().as_u64() >= Some(4));
    world.eventually("the job goes on", || {
        let (completed, restored) = checkpoints(&rest, &job);
        seen <= restored && restored < completed
    });
    world.measured("to resumed", seconds(started.elapsed()));
    // The source makes no event that is out of order: one that seems so would be one of a state that was lost.
    let said = world.ok(&["logs", "--session", "words"]).stdout;
    assert!(!said.contains("ALERT "), "{said}");
    for line in ["Rest endpoint listening", "Successful registration at resource manager"] {
        assert!(said.contains(line), "of pods of both roles: {said}");
    }
    world.ok(&["cancel", "--session", "words", &job]);

    // A change that only TaskManagers read: predicted, and seen.
    let change = ["-D", "nutkin.claim.data.path=/data", "-D", "taskmanager.debug.memory.log=true"];
    let job_manager = world.pod_names("app=words,component=jobmanager");
    let before = world.pod_names("app=words,component=taskmanager");
    let up = world.up_file(&file, "1.20.5", &[&change[..], &["--yes"]].concat());
    up.expect(0).says("restarts all TaskManagers");
    let after = world.pod_names("app=words,component=taskmanager");
    assert!(after.len() == 2 && after.iter().all(|pod| !before.contains(pod)), "{after:?}");
    assert_eq!(world.pod_names("app=words,component=jobmanager"), job_manager);
    world.ok(&["scale", "words", "--task-managers", "1", "--yes"]);
    world
        .eventually("one TaskManager", || world.pods("app=words,component=taskmanager").len() == 1);
    world.eventually("its slots", || slots() == 2);
    ends(&world, "words");
}

#[test]
fn at_a_port_of_the_node() {
    let world = World::new("example node-port, Flink 1.20.5");
    let file = example(&world, "node-port", &[], &[]);
    let exposed = "kubernetes.rest-service.exposed.type=NodePort";
    world.up_file(&file, "1.20.5", &["-D", exposed]).expect(0).says("session `analytics` is up");
    let url = format!("http://{}:30081", address());
    // A port that does not answer in a moment is gone round, and then nothing is said of it.
    world.eventually("its port is told", || world.status("analytics")["restUrl"] == *url);
    let rest = Rest::new(&url);
    let overview = rest.get("/overview").expect("an answer");
    assert_eq!((&overview["taskmanagers"], &overview["slots-total"]), (&json!(2), &json!(8)));
    // Nutkin takes the same way: the address that it tells.
    let jar = world.cluster.nutkin.setup().job("1.20.5", "ExactlyOnce");
    let jar = jar.to_str().expect("a path in UTF-8");
    let run = ["run", "--session", "analytics", "-d", "-p", "4", jar, "--output", "/tmp/out"];
    let id = world.ok(&[&run[..], &["--total", "1000000", "--rate", "10"]].concat());
    let id = id.stdout.trim().to_owned();
    world.eventually("four tasks of each kind run", || {
        let job = rest.get(&format!("/jobs/{id}")).unwrap_or_default();
        let tasks = job["vertices"].as_array().cloned().unwrap_or_default();
        !tasks.is_empty()
            && tasks.iter().all(|task| task["status"] == "RUNNING")
            && tasks.iter().any(|task| task["parallelism"] == 4)
    });
    world.ok(&["cancel", "--session", "analytics", &id]);
    world.ok(&["down", "analytics"]);
}
