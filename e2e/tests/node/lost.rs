//! A JobManager's pod is lost without high availability: `nutkin watch` has its jobs go on, and what they have committed is right to
//! the last number.

use std::collections::BTreeSet;
use std::time::Instant;

use nutkin_e2e::Rest;
use nutkin_e2e::exactly_once::{committed, faults};
use nutkin_e2e::lost::{assert_restored_from_checkpoints, have_finished, with_checkpoint};
use nutkin_e2e::node::{World, seconds};
use serde_json::json;

const NAME: &str = "lost";
const JOB_MANAGERS: &str = "app=lost,component=jobmanager";

/// Numbers of each job, and how many each second: 60 s, of which the JobManager is lost in the first twenty.
const NUMBERS: u64 = 6000;
const RATE: &str = "100";

/// So many jobs.
const JOBS: usize = 3;

const STANDALONE: &str = "
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: lost}
spec:
  flinkVersion: v1_20
  mode: standalone
  taskManager: {replicas: 1}
";

/// How the JobManager ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// By the eviction API, as a drain of its node does: `SIGTERM`, and another pod.
    Eviction,
    /// `SIGTERM` to its process, which the node starts again in the same pod.
    Term,
    /// `SIGKILL` to its process, and the pod is deleted.
    Kill,
}

fn until_all_have_a_checkpoint(world: &World, flink: &Rest) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    world.eventually("all jobs run and have a checkpoint", || {
        found = with_checkpoint(flink);
        found.len() == JOBS
    });
    found
}

/// Starts a session with three jobs. Checkpoints are on a claim, and below them the archive of ended jobs.
fn start(world: &World, mode: &str, options: &[&str]) -> Rest {
    let template = world.template_with_claim("data");
    let place = |name: &str| format!("file://{}", world.directory(name).display());
    let checkpoints = format!("state.checkpoints.dir={}", place("checkpoints"));
    let mut words = vec!["-D", "nutkin.rbac.create=true", "-D", "taskmanager.numberOfTaskSlots=6"];
    for option in [&template, &checkpoints] {
        words.extend(["-D", option.as_str()]);
    }
    words.extend(options);
    if mode == "standalone" {
        let file = world.cluster.nutkin.file("session.yaml", STANDALONE);
        world.up_file(&file, "1.20.5", &words).expect(0);
    } else {
        world.up(NAME, "1.20.5", &words).expect(0);
    }
    let jar = world.cluster.nutkin.setup().job("1.20.5", "ExactlyOnce");
    let total = NUMBERS.to_string();
    for number in 0..JOBS {
        let output = world.shared().join(format!("numbers-{number}"));
        let [jar, to] = [&jar, &output].map(|path| path.to_str().expect("a path in UTF-8"));
        let run = ["run", "--session", NAME, "-d", jar, "--output", to, "--total", &total];
        world.ok(&[&run[..], &["--rate", RATE, "--interval", "1000"]].concat());
    }
    world.rest("lost-rest")
}

/// The JobManager's pod, and how often its container was started again.
fn job_manager(world: &World) -> Option<(String, u64)> {
    let pods = world.pods(JOB_MANAGERS);
    let [pod] = pods.as_slice() else { return None };
    let status = &pod["status"]["containerStatuses"][0];
    status["state"]["running"].as_object()?;
    Some((pod["metadata"]["uid"].as_str()?.to_owned(), status["restartCount"].as_u64()?))
}

fn end_job_manager(world: &World, how: End) {
    let before = job_manager(world).expect("a JobManager");
    let pod = world.pod_names(JOB_MANAGERS).pop().expect("a JobManager");
    match how {
        End::Eviction => {
            let namespace = &world.cluster.namespace;
            let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction",
                "metadata": {"name": pod, "namespace": namespace}});
            let file = world.cluster.nutkin.file("eviction.json", &eviction.to_string());
            let file = file.to_str().expect("a path in UTF-8");
            let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/eviction");
            world.cluster.kubectl(&["create", "--raw", &path, "-f", file]);
        }
        End::Term => {
            world.cluster.kubectl(&["exec", &pod, "--", "bash", "-c", "kill -TERM 1"]);
        }
        End::Kill => world.crash(&pod),
    }
    world.eventually("another JobManager runs", || {
        job_manager(world).is_some_and(|now| now != before)
    });
}

/// The jobs keep their ids, and commit each number once.
#[track_caller]
fn check(mode: &str, how: End) {
    let world = World::new(&format!("lost JobManager, {mode}, {how:?}"));
    let flink = start(&world, mode, &[]);
    let watch = world.cluster.nutkin.start(world.cluster.command(&["watch", NAME]));
    let before = until_all_have_a_checkpoint(&world, &flink);
    let lost = Instant::now();
    end_job_manager(&world, how);
    let after = until_all_have_a_checkpoint(&world, &flink);
    world.measured("to resumed", seconds(lost.elapsed()));
    assert_eq!(before, after);
    assert_restored_from_checkpoints(&flink, &after);
    world.eventually("all jobs have finished", || have_finished(&flink, JOBS));
    for number in 0..JOBS {
        let lines = committed(&world.shared().join(format!("numbers-{number}")));
        assert_eq!(faults(&lines, NUMBERS), Vec::<String>::new(), "of {} lines", lines.len());
    }
    drop(watch);
    world.ok(&["down", NAME]);
}

#[test]
fn jobs_of_a_native_session_go_on_after_an_eviction() {
    check("native", End::Eviction);
}

#[test]
fn jobs_of_a_standalone_session_go_on_after_an_eviction() {
    check("standalone", End::Eviction);
}

#[test]
fn jobs_of_a_native_session_go_on_after_a_polite_end() {
    check("native", End::Term);
}

#[test]
fn jobs_of_a_native_session_go_on_after_a_kill() {
    check("native", End::Kill);
}

/// The control: by hand, with Flink's default heartbeat. The pod is evicted, and each job is resubmitted from its newest checkpoint
/// under another id as soon as the next JobManager answers; slots are free when the TaskManagers have missed the old one.
#[test]
fn by_hand_it_takes_as_long_as_a_heartbeat() {
    let world = World::new("lost JobManager, native, by hand");
    let flink = start(&world, "native", &["-D", "nutkin.jobs.recover=false"]);
    let before = until_all_have_a_checkpoint(&world, &flink);
    let lost = Instant::now();
    end_job_manager(&world, End::Eviction);
    world.eventually("the next JobManager answers", || flink.get("/jobs/overview").is_some());
    world.ok(&["watch", NAME, "--once"]).says("no lost jobs");
    let jar = world.cluster.nutkin.setup().job("1.20.5", "ExactlyOnce");
    let total = NUMBERS.to_string();
    for (number, id) in before.iter().enumerate() {
        let directory = world.shared().join("checkpoints").join(id);
        let entries = std::fs::read_dir(&directory).expect("checkpoints");
        let numbers = entries.filter_map(|entry| {
            let entry = entry.ok()?;
            let number: u64 = entry.file_name().to_str()?.strip_prefix("chk-")?.parse().ok()?;
            entry.path().join("_metadata").exists().then_some(number)
        });
        let newest = numbers.max().expect("a checkpoint");
        let from = directory.join(format!("chk-{newest}"));
        let output = world.shared().join(format!("by-hand-{number}"));
        let [jar, from, to] = [&jar, &from, &output].map(|path| path.to_str().expect("UTF-8"));
        let run = ["run", "--session", NAME, "-d", "--from-savepoint", from, jar, "--output", to];
        let job = ["--total", &total, "--rate", RATE, "--interval", "1000"];
        world.ok(&[&run[..], &job].concat());
    }
    until_all_have_a_checkpoint(&world, &flink);
    world.measured("to resumed", seconds(lost.elapsed()));
    world.ok(&["down", NAME, "--yes", "--force"]);
}
