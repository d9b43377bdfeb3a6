//! A session moves with its job from this machine to Docker and back: what the job has committed is right to the last number.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use nutkin_e2e::exactly_once::{committed, faults};
use nutkin_e2e::lost::with_checkpoint;
use nutkin_e2e::{Finished, Rest};

use crate::world::{LIMIT, World, variable};

/// More numbers than a job emits while it moves twice, however slow the machine is: it is stopped in the end.
const NUMBERS: &str = "100000000";
const RATE: &str = "500";

/// A folder that both sessions see at its path, in a world of its own.
struct Shared {
    world: World,
    folder: PathBuf,
}

impl Shared {
    fn new(session: &'static str) -> Self {
        let world = World::new(session);
        let folder = world.nutkin.directory().join("shared");
        fs::create_dir(&folder).expect("a folder");
        // The process in a container is somebody else.
        let everybody = Permissions::from_mode(0o777);
        fs::set_permissions(&folder, everybody).expect("our own folder");
        let place = folder.display();
        let file = format!(
            "
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {{name: {session}}}
spec:
  flinkVersion: v1_20
  flinkConfiguration:
    state.savepoints.dir: file://{place}/savepoints
    state.checkpoints.dir: file://{place}/checkpoints
    jobmanager.memory.process.size: 900m
    taskmanager.memory.process.size: 1024m
  podTemplate:
    spec:
      containers:
        - name: flink-main-container
          volumeMounts: [{{name: shared, mountPath: {place}}}]
      volumes:
        - {{name: shared, hostPath: {{path: {place}}}}}
"
        );
        world.nutkin.file("session.yaml", &file);
        Self { world, folder }
    }

    /// A command on a machine whose Docker is at its usual place, where a session's folders are those of this machine. What it
    /// makes belongs to everybody.
    #[track_caller]
    fn run(&self, args: &[&str]) -> Finished {
        let nutkin = self.world.nutkin.command(args);
        let socket = variable("DOCKER_HOST").trim_start_matches("unix://").to_owned();
        let script = "mount -t tmpfs none /run && ln -s \"$0\" /run/docker.sock && umask 0 && \
                      exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script, &socket]).arg(nutkin.get_program()).args(args);
        command.env_clear();
        command.envs(nutkin.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(self.world.nutkin.directory());
        self.world.nutkin.start(command).wait(LIMIT)
    }

    #[track_caller]
    fn ok(&self, args: &[&str]) -> Finished {
        let finished = self.run(args);
        finished.expect(0);
        finished
    }

    /// Starts the session on this machine and the job in it.
    fn start(&self) {
        self.ok(&["up", "-f", "session.yaml", "--on", "local"]);
        self.submit(NUMBERS);
        self.running("local");
    }

    fn submit(&self, total: &str) {
        let jar = self.world.nutkin.setup().job("1.20.5", "ExactlyOnce");
        let output = self.output();
        let [jar, output] = [&jar, &output].map(|path| path.to_str().expect("UTF-8"));
        let run = ["run", "--session", self.world.session, "-d", jar, "--output", output];
        self.ok(&[&run[..], &["--total", total, "--rate", RATE]].concat());
    }

    fn output(&self) -> PathBuf {
        self.folder.join("numbers")
    }

    /// The only job that runs there, once it has a checkpoint.
    fn running(&self, platform: &str) -> (Rest, String) {
        let status = ["status", self.world.session, "--on", platform, "-o", "json"];
        let status = self.ok(&status).json();
        let flink = Rest::new(status["restUrl"].as_str().expect("an address"));
        let mut found = Vec::new();
        self.world.eventually("the job runs and has a checkpoint", || {
            found = with_checkpoint(&flink).into_iter().collect();
            found.len() == 1
        });
        (flink, found.remove(0))
    }

    /// Moves it, and gives the job that has come from a savepoint.
    #[track_caller]
    fn moves(&self, platform: &str) -> String {
        let name = self.world.session;
        let run = self.ok(&["move", name, "--on", platform, "--yes", "-o", "json"]);
        assert_eq!(run.json()["to"], platform);
        let list = self.ok(&["ls", "-o", "json"]).json();
        let places: Vec<_> = list["items"].as_array().into_iter().flatten().collect();
        assert_eq!(places.len(), 1, "{list}");
        let (flink, id) = self.running(platform);
        let restored = flink.get(&format!("/jobs/{id}/checkpoints")).unwrap_or_default();
        assert_eq!(restored["latest"]["restored"]["is_savepoint"], true, "{restored}");
        id
    }

    /// What is wrong with what was committed: numbers from 0 without a gap, as many as there are lines.
    fn faults(&self) -> Vec<String> {
        let lines = committed(&self.output());
        faults(&lines, u64::try_from(lines.len()).expect("so many"))
    }
}

#[test]
fn a_session_moves_to_docker_and_back_with_its_job() {
    let shared = Shared::new("roams");
    shared.start();
    let (_, first) = shared.running("local");
    let second = shared.moves("docker");
    let third = shared.moves("local");
    assert_eq!(
        [&first, &second, &third].iter().collect::<std::collections::BTreeSet<_>>().len(),
        3
    );
    let before = committed(&shared.output()).len();
    assert!(0 < before, "nothing is committed");
    shared.ok(&["stop", &third, "--session", shared.world.session]);
    assert_eq!(shared.faults(), Vec::<String>::new());
    // The control: a job that begins anew does again what was done.
    shared.submit("100");
    shared.world.eventually("the same is there twice", || {
        shared.faults().iter().any(|fault| fault.ends_with("is there twice"))
    });
    shared.ok(&["down", shared.world.session, "--on", "local", "--yes", "--force"]);
}
