//! Native sessions with two JobManagers, from the example: the one that leads is killed, and the job goes on.

use std::time::Instant;

use nutkin_e2e::Rest;
use nutkin_e2e::exactly_once::{committed, faults};
use nutkin_e2e::node::{World, seconds};
use serde_json::Value;

use super::standalone::example;

/// The session, as the example calls it.
const NAME: &str = "elastic";
const JOB_MANAGERS: &str = "app=elastic,component=jobmanager";
const TASK_MANAGERS: &str = "app=elastic,component=taskmanager";

/// Numbers of the job, and how many each second: 40 s of work, of which the failover comes in the first.
const NUMBERS: u64 = 4000;
const RATE: &str = "100";

/// The exactly-once job on the session.
struct Job {
    id: String,
    rest: Rest,
}

impl Job {
    #[track_caller]
    fn start(world: &World, version: &str) -> Self {
        let jar = world.cluster.nutkin.setup().job(version, "ExactlyOnce");
        let output = world.shared().join("numbers");
        let [jar, to] = [&jar, &output].map(|path| path.to_str().expect("a path in UTF-8"));
        let total = NUMBERS.to_string();
        let run = ["run", "--session", NAME, "-d", jar, "--output", to, "--total", &total];
        let run = world.ok(&[&run[..], &["--rate", RATE]].concat());
        Self { id: run.stdout.trim().to_owned(), rest: world.rest("elastic-rest") }
    }

    /// What is known of the job's checkpoints, once it is as wanted. Nobody may answer for a while.
    #[track_caller]
    fn checkpoints(&self, world: &World, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/jobs/{}/checkpoints", self.id);
        let mut seen = Value::Null;
        world.eventually(what, || {
            seen = self.rest.get(&path).unwrap_or_default();
            is_so(&seen)
        });
        seen
    }

    /// Waits for two checkpoints, and gives the last one's number.
    #[track_caller]
    fn two_checkpoints(&self, world: &World) -> u64 {
        let two = |seen: &Value| 2 <= number(seen, "/counts/completed");
        let seen = self.checkpoints(world, "two checkpoints are completed", two);
        number(&seen, "/latest/completed/id")
    }
}

/// Zero where it is not there, as while nobody answers.
fn number(seen: &Value, pointer: &str) -> u64 {
    seen.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

/// The pod that leads, by the address in the ConfigMap over which JobManagers elect.
fn leader(world: &World) -> Option<String> {
    let map = world.cluster.get("configmap/elastic-cluster-config-map");
    let address = map["data"]["org.apache.flink.k8s.leader.restserver"].as_str()?.to_owned();
    let pods = world.pods(JOB_MANAGERS);
    let pod = pods.iter().find(|pod| {
        let ip = pod["status"]["podIP"].as_str();
        ip.is_some_and(|ip| address.contains(&format!("//{ip}:")))
    })?;
    pod["metadata"]["name"].as_str().map(str::to_owned)
}

#[track_caller]
fn check(version: &str) {
    let world = World::new(&format!("example native, 2 JobManagers, Flink {version}"));
    let place = |name: &str| format!("file://{}", world.shared().join(name).display());
    // A claim in place of a bucket, and so no file system of a cloud.
    world.claim("data");
    let mount = format!(
        "          volumeMounts: [{{name: data, mountPath: {}}}]
      volumes: [{{name: data, persistentVolumeClaim: {{claimName: data}}}}]\n",
        world.shared().display()
    );
    let without = ["Flink's images bring", "ENABLE_BUILT_IN_PLUGINS", "flink-s3-fs-hadoop"];
    let instead = [("          env:\n", mount.as_str()), ("s3://flink/elastic/", &place(""))];
    let file = example(&world, "native", &without, &instead);
    world.up_file(&file, version, &[]).expect(0).says("2 JobManagers");
    let ready = |pod: &Value| pod["status"]["containerStatuses"][0]["ready"] == true;
    world.eventually("both JobManagers are ready", || {
        let pods = world.pods(JOB_MANAGERS);
        pods.len() == 2 && pods.iter().all(ready)
    });
    assert_eq!(world.pod_names(TASK_MANAGERS), Vec::<String>::new(), "nobody needs one yet");
    let job = Job::start(&world, version);
    let last = job.two_checkpoints(&world);
    let first = leader(&world).expect("one JobManager leads");

    let killed = Instant::now();
    world.crash(&first);
    world.eventually("another JobManager leads", || {
        leader(&world).is_some_and(|leader| leader != first)
    });
    world.measured("to failover", seconds(killed.elapsed()));
    let resumed = |seen: &Value| 1 <= number(seen, "/counts/restored");
    let seen = job.checkpoints(&world, "the same job goes on from a checkpoint", resumed);
    let restored = number(&seen, "/latest/restored/id");
    assert!(last <= restored, "from checkpoint {restored}, though {last} was completed: {seen:#}");
    let next = |seen: &Value| restored < number(seen, "/latest/completed/id");
    job.checkpoints(&world, "it completes a checkpoint", next);
    world.measured("to resumed", seconds(killed.elapsed()));
    world.eventually("the job has finished", || {
        job.rest.job_state(&job.id).as_deref() == Some("FINISHED")
    });
    let lines = committed(&world.shared().join("numbers"));
    assert_eq!(faults(&lines, NUMBERS), Vec::<String>::new(), "of {} lines", lines.len());
    let jobs = world.ok(&["jobs", "--session", NAME, "--all", "-o", "json"]).json();
    let ids: Vec<&Value> =
        jobs["items"].as_array().into_iter().flatten().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&Value::from(job.id.as_str())]);

    let of_job = format!("configmap/elastic-{}-config-map", job.id);
    world
        .eventually("Flink has removed what is the job's", || world.cluster.get(&of_job).is_null());

    let down = world.ok(&["down", NAME, "-o", "json"]).json();
    let kept = ["ConfigMap/elastic-cluster-config-map", &place("ha"), &place("checkpoints")];
    assert_eq!(down["kept"], serde_json::json!(kept), "{down:#}");
    assert_eq!(world.pod_names("app=elastic"), Vec::<String>::new());
    // What permits is not waited for.
    let left = || -> Vec<String> { world.cluster.objects().into_keys().collect() };
    let rest = ["ConfigMap/elastic-cluster-config-map", "PersistentVolumeClaim/data"];
    world.eventually("only what is kept, and the test's own claim, is left", || left() == rest);
    world.measured("objects left", "1: the cluster's ConfigMap, kept");
}

#[test]
fn nothing_is_lost_or_doubled_when_the_leader_of_flink_1_20_is_killed() {
    check("1.20.5");
}

#[test]
fn nothing_is_lost_or_doubled_when_the_leader_of_flink_2_3_is_killed() {
    check("2.3.0");
}

/// The control of the tests above: without high availability the job is lost with its JobManager, and the checker sees
/// what is missing.
#[test]
fn without_high_availability_the_job_is_lost() {
    let world = World::new("native, no high availability, Flink 1.20.5");
    let template = world.template();
    world.up(NAME, "1.20.5", &["-D", "nutkin.rbac.create=true", "-D", &template]).expect(0);
    let job = Job::start(&world, "1.20.5");
    job.two_checkpoints(&world);
    let first = world.pod_names(JOB_MANAGERS).pop().expect("a JobManager");
    world.crash(&first);
    world.eventually("another JobManager answers", || {
        world.pod_names(JOB_MANAGERS).first().is_some_and(|pod| *pod != first)
            && world.status(NAME)["state"] == "running"
    });
    let jobs = world.ok(&["jobs", "--session", NAME, "--all", "-o", "json"]).json();
    assert_eq!(jobs["items"].as_array().map(Vec::len), Some(0), "the job is lost: {jobs:#}");
    let gaps = faults(&committed(&world.shared().join("numbers")), NUMBERS);
    assert!(gaps.iter().any(|fault| fault.ends_with("is missing")), "{gaps:?}");
    world.ok(&["down", NAME]);
}
