//! A session moves with its job from this machine to Kubernetes and back: what the job has committed is right to the last number.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use nutkin_e2e::exactly_once::{committed, faults};
use nutkin_e2e::lost::with_checkpoint;
use nutkin_e2e::node::{RECOVERY, World, image};
use nutkin_e2e::{Finished, Rest};

const NAME: &str = "roams";

/// More numbers than a job emits while it moves twice, however slow the machine is: it is stopped in the end.
const NUMBERS: &str = "100000000";
const RATE: &str = "500";

/// The session, in whose pods a volume is where this machine has what tests share.
fn file(world: &World, name: &str, volume: &str) -> PathBuf {
    let (image, place) = (image("1.20.5"), world.shared().display());
    let text = format!(
        "
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {{name: {NAME}}}
spec:
  flinkVersion: v1_20
  image: {image}
  imagePullPolicy: IfNotPresent
  jobManager: {{resource: {{memory: 900m, cpu: 0.1}}}}
  taskManager: {{resource: {{memory: 1024m, cpu: 0.1}}}}
  flinkConfiguration:
    state.savepoints.dir: file://{place}/savepoints
    state.checkpoints.dir: file://{place}/checkpoints
    nutkin.rbac.create: \"true\"
    kubernetes.jobmanager.cpu.limit-factor: \"20\"
    kubernetes.taskmanager.cpu.limit-factor: \"20\"
    kubernetes.rest-service.exposed.type: ClusterIP
  podTemplate:
    spec:
      containers:
        - name: flink-main-container
          volumeMounts: [{{name: shared, mountPath: {place}}}]
      volumes:
        - {{name: shared, {volume}}}
"
    );
    world.cluster.nutkin.file(name, &text)
}

/// A command that is on no platform until it says so. What it makes belongs to everybody: pods are somebody else.
#[track_caller]
fn run(world: &World, args: &[&str]) -> Finished {
    let nutkin = world.cluster.nutkin.command(args);
    let mut command = Command::new("sh");
    command.args(["-c", "umask 0 && exec \"$@\"", "sh"]).arg(nutkin.get_program()).args(args);
    command.env_clear();
    command.envs(nutkin.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("KUBECONFIG", world.cluster.kubeconfig());
    command.current_dir(world.cluster.nutkin.directory());
    world.cluster.nutkin.start(command).wait(RECOVERY)
}

#[track_caller]
fn ok(world: &World, args: &[&str]) -> Finished {
    let finished = run(world, args);
    finished.expect(0);
    finished
}

/// The only job that runs there, once it has a checkpoint.
fn running(world: &World, flink: &Rest) -> String {
    let mut found = Vec::new();
    world.eventually("the job runs and has a checkpoint", || {
        found = with_checkpoint(flink).into_iter().collect();
        found.len() == 1
    });
    found.remove(0)
}

/// REST of the session on this machine.
fn here(world: &World) -> Rest {
    let status = ok(world, &["status", NAME, "--on", "local", "-o", "json"]).json();
    Rest::new(status["restUrl"].as_str().expect("an address"))
}

#[track_caller]
fn has_come_from_a_savepoint(flink: &Rest, id: &str) {
    let restored = flink.get(&format!("/jobs/{id}/checkpoints")).unwrap_or_default();
    assert_eq!(restored["latest"]["restored"]["is_savepoint"], true, "{restored}");
}

#[test]
fn a_session_moves_to_kubernetes_and_back_with_its_job() {
    let world = World::new("move to Kubernetes and back");
    world.directory("savepoints");
    world.directory("checkpoints");
    // What only a node has would end with the pods.
    world.claim("data");
    let session = file(&world, "session.yaml", "persistentVolumeClaim: {claimName: data}");
    let [session, output] = [&session, &world.shared().join("numbers")]
        .map(|path| path.to_str().expect("UTF-8").to_owned());
    ok(&world, &["up", "-f", &session, "--on", "local"]);
    let jar = world.cluster.nutkin.setup().job("1.20.5", "ExactlyOnce");
    let jar = jar.to_str().expect("UTF-8");
    let job = ["--output", &output, "--total", NUMBERS, "--rate", RATE];
    ok(&world, &[&["run", "--session", NAME, "-d", jar][..], &job].concat());
    let first = running(&world, &here(&world));

    let to_pods = ["move", NAME, "--on", "kubernetes", "-n", &world.cluster.namespace, "--yes"];
    // The control: pods that have another folder there are found out before anything stops.
    let other = format!("hostPath: {{path: {}}}", world.directory("other").display());
    let other = file(&world, "other.yaml", &other);
    let other = other.to_str().expect("UTF-8");
    let refused = run(&world, &[&to_pods[..], &["-f", other]].concat());
    refused.expect(2).says("is not what the pods see there");
    assert_eq!(running(&world, &here(&world)), first, "it was not stopped");

    ok(&world, &[&to_pods[..], &["-f", &session]].concat());
    let flink = world.rest(&format!("{NAME}-rest"));
    let second = running(&world, &flink);
    has_come_from_a_savepoint(&flink, &second);
    ok(&world, &["move", NAME, "--on", "local", "--yes"]);
    let flink = here(&world);
    let third = running(&world, &flink);
    has_come_from_a_savepoint(&flink, &third);
    assert_eq!(BTreeSet::from([&first, &second, &third]).len(), 3);
    assert_eq!(world.pod_names(&format!("app={NAME}")), Vec::<String>::new());
    ok(&world, &["stop", &third, "--session", NAME]);
    let lines = committed(Path::new(&output));
    let count = u64::try_from(lines.len()).expect("so many");
    assert!(0 < count, "nothing is committed");
    assert_eq!(faults(&lines, count), Vec::<String>::new());
    ok(&world, &["down", NAME, "--on", "local", "--yes", "--force"]);
}
