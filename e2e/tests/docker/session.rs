//! Sessions as containers.

use std::fs;
use std::path::{Path, PathBuf};

use nutkin_e2e::Rest;
use nutkin_e2e::Running;
use nutkin_e2e::exactly_once::{committed, faults};
use serde_json::Value;

use crate::world::{World, docker, left, try_docker};

/// Numbers that the exactly-once job emits: enough for checkpoints before and after a failover.
const NUMBERS: u64 = 3000;

#[test]
fn up_word_count_scale_and_down() {
    let world = World::new("plain");
    let wanted = ["--task-managers", "2", "-D", "taskmanager.numberOfTaskSlots=4"];
    let wanted = [&wanted[..], &["-D", "nutkin.docker.publish=9999"]].concat();
    world.up(&wanted).expect(0).says("1 JobManager, 2 TaskManagers, 8 slots");
    let status = world.status();
    assert_eq!(status["restUrl"], "http://127.0.0.1:9999");
    assert_eq!(status["slots"]["total"], 8, "{status:#}");
    let overview = Rest::new("http://127.0.0.1:9999").get("/overview").expect("Flink answers");
    assert_eq!(overview["taskmanagers"], 2);

    // Limits and health are what was planned.
    let inspected: Value =
        serde_json::from_str(&docker(&["inspect", "nutkin-plain-taskmanager-1"]))
            .expect("JSON of Docker");
    let host = &inspected[0]["HostConfig"];
    assert_eq!(host["Memory"], 1024_u64 << 20);
    assert_eq!(host["RestartPolicy"]["Name"], "unless-stopped");
    world.eventually("all containers are healthy", || {
        let shown = docker(&[
            "ps",
            "--filter",
            "label=nutkin.dev/session=plain",
            "--format",
            "{{.Status}}",
        ]);
        shown.lines().count() == 3 && shown.lines().all(|line| line.contains("(healthy)"))
    });

    // The JVMs have taken the image's archives.
    for (container, archive) in
        [("jobmanager", "jobmanager.jsa"), ("taskmanager-1", "taskmanager.jsa")]
    {
        let name = format!("nutkin-plain-{container}");
        let maps = docker(&["exec", &name, "cat", "/proc/1/maps"]);
        assert!(maps.contains(&format!("/opt/flink/class-data/{archive}")), "{name}\n{maps}");
    }

    let ids = || docker(&["ps", "-q", "--filter", "label=nutkin.dev/session=plain"]);
    let before = ids();
    world.up(&wanted).expect(0).says("session `plain` is unchanged");
    assert_eq!(ids(), before, "nothing was replaced");

    count_words(&world);
    without_java(&world);

    world.ok(&["scale", "plain", "--on", "docker", "--task-managers", "3", "--yes", "--force"]);
    world.eventually("three TaskManagers are there", || world.status()["slots"]["total"] == 12);
    world.up(&wanted).expect(0).says("removes nutkin-plain-taskmanager-3");
    world.eventually("two TaskManagers are there", || world.status()["slots"]["total"] == 8);
    let logs = world.ok(&["logs", "--session", "plain", "--on", "docker", "jobmanager"]).stdout;
    assert!(logs.contains("Rest endpoint listening"), "{logs}");

    world.ok(&["down", "plain", "--yes", "--force"]).says("nutkin-plain-data");
    assert_eq!(docker(&["ps", "-aq", "--filter", "label=nutkin.dev/session=plain"]), "");
    assert_eq!(docker(&["network", "ls", "-q", "--filter", "name=nutkin-plain"]), "");
    world.run(&["status", "plain", "--on", "docker"]).expect(5);
    // Its data has no session any more, and is found all the same.
    assert_ne!(left("plain"), "", "checkpoints and savepoints stay");
    world.run(&["down", "plain", "--delete-data"]).expect(5).says("`--on docker` looks for data");
    let deleted = world.ok(&["down", "plain", "--delete-data", "--on", "docker", "-o", "json"]);
    let volume = "volume nutkin-plain-data: checkpoints and savepoints";
    assert_eq!(deleted.json()["deleted"], serde_json::json!([volume]));
    assert_eq!(left("plain"), "");
    world.run(&["down", "plain", "--delete-data", "--on", "docker"]).expect(5);
}

/// On a machine without any Java everything works but Flink's own client, and that says so in one sentence.
#[track_caller]
fn without_java(world: &World) {
    let flink = |words: &[&str]| world.run_without_java(&[&["flink"], words].concat(), &[]);
    let address = "127.0.0.1:9999";
    flink(&["list", "-m", address]).expect(0);
    let jar = world.nutkin.setup().job("1.20.5", "WordCount");
    let jar = jar.to_str().expect("a path in UTF-8");
    let refused = flink(&["run", "-m", address, "-C", "file:///none.jar", jar]);
    refused.expect(1).says("main() runs here (--client jvm): `-C` is given");
    refused.says("error: Flink's own client needs a Java: no source has Java 17");
    let is_error = |line: &&str| line.starts_with("error: ");
    assert_eq!(refused.stderr.lines().filter(is_error).count(), 1, "{}", refused.stderr);
}

/// From the host, through the published port, with files on the session's volume.
#[track_caller]
pub(crate) fn count_words(world: &World) {
    let input = world.nutkin.file("words.txt", "to be or not to be\n");
    let session = world.session;
    let volume = format!("nutkin-{session}-jobmanager:/opt/flink/data");
    docker(&["cp", input.to_str().expect("a path in UTF-8"), &format!("{volume}/words.txt")]);
    let jar = world.nutkin.setup().job(world.flink, "WordCount");
    let jar = jar.to_str().expect("a path in UTF-8");
    let run = ["run", "--session", session, "--on", "docker", jar];
    let files = ["--input", "/opt/flink/data/words.txt", "--output", "/opt/flink/data/counts"];
    world.ok(&[&run[..], &files].concat());
    let output = world.nutkin.directory().join("counts");
    docker(&["cp", &format!("{volume}/counts"), output.to_str().expect("a path in UTF-8")]);
    let mut lines = lines_of(&output);
    lines.sort();
    assert_eq!(lines, ["be 2", "not 1", "or 1", "to 2"]);
}

/// Lines of a finished job's output: a file, or a directory at any depth, as the sink of its Flink writes it.
fn lines_of(path: &Path) -> Vec<String> {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("the output").map(|entry| entry.expect("a file"));
        return entries.flat_map(|entry| lines_of(&entry.path())).collect();
    }
    let text = fs::read_to_string(path).expect("text");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn nothing_is_lost_or_doubled_when_the_leader_is_killed() {
    let world = World::new("ha");
    let options = [
        "-D",
        "high-availability.type=zookeeper",
        "-D",
        "nutkin.docker.publish=0",
        // What notices the loss, in the time of a test.
        "-D",
        "high-availability.zookeeper.client.session-timeout=10000",
    ];
    world.up(&options).expect(0).says("2 JobManagers, 1 TaskManager");
    let jar = world.nutkin.setup().job("1.20.5", "ExactlyOnce");
    let total = NUMBERS.to_string();
    let args = ["--output", "/opt/flink/data/numbers", "--total", &total, "--rate", "100"];
    let job = world.rest().submit(&jar, &args);
    world.eventually("two checkpoints are completed", || 2 <= count(&world, &job, "completed"));
    let mut leader = String::new();
    world.eventually("one JobManager leads", || {
        let leaders = leaders();
        leader = leaders.first().cloned().unwrap_or_default();
        leaders.len() == 1
    });
    docker(&["kill", &leader]);
    world.eventually("the job goes on from a checkpoint", || 1 <= count(&world, &job, "restored"));
    world.eventually("the job has finished", || {
        let state = rests(&world).iter().find_map(|rest| rest.job_state(&job));
        state.as_deref() == Some("FINISHED")
    });
    let seen = leaders();
    assert!(!seen.contains(&leader), "{seen:?} without {leader}");
    let output = world.nutkin.directory().join("numbers");
    let from = "nutkin-ha-taskmanager-1:/opt/flink/data/numbers";
    docker(&["cp", from, output.to_str().expect("a path in UTF-8")]);
    let lines = committed(&output);
    assert_eq!(faults(&lines, NUMBERS), Vec::<String>::new(), "of {} lines", lines.len());
}

/// The control of the test above: the same kill of the same job, without high availability.
#[test]
fn without_high_availability_the_same_kill_loses_numbers() {
    let world = World::new("control");
    world.up(&["-D", "nutkin.docker.publish=0"]).expect(0).says("1 JobManager, 1 TaskManager");
    let jar = world.nutkin.setup().job("1.20.5", "ExactlyOnce");
    let total = NUMBERS.to_string();
    let args = ["--output", "/opt/flink/data/numbers", "--total", &total, "--rate", "100"];
    let job = world.rest().submit(&jar, &args);
    world.eventually("two checkpoints are completed", || 2 <= count(&world, &job, "completed"));
    let leader = "nutkin-control-jobmanager";
    docker(&["kill", leader]);
    // A kill by hand is a wish that no restart policy goes against.
    docker(&["start", leader]);
    let answers = |rest: &Rest| rest.get("/overview").is_some_and(|seen| seen["taskmanagers"] == 1);
    world.eventually("the JobManager is there again", || rests(&world).iter().any(answers));
    let known: Vec<String> = rests(&world).iter().filter_map(|rest| rest.job_state(&job)).collect();
    assert_eq!(known, Vec::<String>::new(), "the job is gone");
    let output = world.nutkin.directory().join("numbers");
    let from = "nutkin-control-taskmanager-1:/opt/flink/data/numbers";
    docker(&["cp", from, output.to_str().expect("a path in UTF-8")]);
    let lines = committed(&output);
    assert_ne!(faults(&lines, NUMBERS), Vec::<String>::new(), "of {} lines", lines.len());
}

/// All JobManagers that are published.
fn rests(world: &World) -> Vec<Rest> {
    let label = format!("label=nutkin.dev/session={}", world.session);
    let ports = docker(&["ps", "--filter", &label, "--format", "{{.Ports}}"]);
    let port = |line: &str| {
        let (_, rest) = line.split_once("127.0.0.1:")?;
        rest.split_once("->").map(|(port, _)| format!("http://127.0.0.1:{port}"))
    };
    ports.lines().filter_map(port).map(|url| Rest::new(&url)).collect()
}

fn count(world: &World, job: &str, what: &str) -> u64 {
    let path = format!("/jobs/{job}/checkpoints");
    let found = rests(world).iter().find_map(|rest| rest.get(&path));
    found.and_then(|found| found["counts"][what].as_u64()).unwrap_or_default()
}

/// Running JobManagers that lead, by what each has logged last of it.
fn leaders() -> Vec<String> {
    let filter =
        ["--filter", "label=nutkin.dev/session=ha", "--filter", "label=nutkin.dev/role=JobManager"];
    let names = docker(&[&["ps", "--format", "{{.Names}}"][..], &filter].concat());
    let leads = |name: &&str| {
        let output = try_docker(&["logs", name]);
        let log = String::from_utf8_lossy(&output.stdout).into_owned();
        let granted = log.rfind("was granted leadership");
        // The dispatcher says it with an article: where ZooKeeper's session has expired on a loaded machine.
        let revoked = ["was revoked leadership", "was revoked the leadership"];
        granted.is_some() && revoked.iter().all(|words| log.rfind(words) < granted)
    };
    names.lines().filter(leads).map(str::to_owned).collect()
}

#[test]
fn a_container_by_hand_with_flinks_scripts_in_it() {
    // As write-ups do it: a shell in one container, both daemons started in it, REST published at another port.
    let name = "nutkin-by-hand";
    let _ = try_docker(&["rm", "-f", name]);
    let network = "nutkin-by-hand";
    let _ = try_docker(&["network", "rm", network]);
    docker(&["network", "create", network]);
    let run = ["run", "-d", "--name", name, "--network", network, "-p", "127.0.0.1:9998:8081"];
    docker(&[&run[..], &["nutkin/flink:1.20.5", "bash", "-c", "sleep 600"]].concat());
    let inside = |script: &str| docker(&["exec", name, "bash", "-c", script]);
    inside("jobmanager.sh start");
    inside("taskmanager.sh start");
    let rest = Rest::new("http://127.0.0.1:9998");
    let end = std::time::Instant::now() + crate::world::RECOVERY;
    let registered = || rest.get("/overview").is_some_and(|overview| overview["taskmanagers"] == 1);
    while !registered() {
        let log = || inside("cat /opt/flink/log/*");
        assert!(std::time::Instant::now() < end, "no TaskManager has registered\n{}", log());
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    inside("taskmanager.sh stop; jobmanager.sh stop");
    docker(&["rm", "-f", "-v", name]);
    docker(&["network", "rm", network]);
}

#[test]
fn what_the_daemon_refuses_is_said_plainly() {
    let world = World::new("refused");
    let file = world.nutkin.file(
        "image.yaml",
        "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {name: refused}\n\
         spec: {flinkVersion: v1_20, image: nutkin/no-such:1, imagePullPolicy: Never}\n",
    );
    let file = file.to_str().expect("a path in UTF-8");
    let up = ["up", "-f", file, "--on", "docker"];
    world.run(&up).expect(1).says("no image `nutkin/no-such:1`").says("nutkin image build");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let publish = format!("nutkin.docker.publish={port}");
    world.up(&["-D", &publish]).expect(2).says("is taken").says("choose another one");
    assert_eq!(docker(&["ps", "-aq", "--filter", "label=nutkin.dev/session=refused"]), "");
}

#[test]
fn changes_that_lose_jobs_need_consent() {
    let world = World::new("consent");
    fs::create_dir_all(world.nutkin.directory()).expect("a directory");
    world.up(&["-D", "nutkin.docker.publish=0"]).expect(0);
    let jar = world.nutkin.setup().job("1.20.5", "ExactlyOnce");
    let args = ["--output", "/opt/flink/data/numbers", "--total", "1000000", "--rate", "10"];
    let job = world.rest().submit(&jar, &args);
    let rest = world.rest();
    world.eventually("the job runs", || rest.job_state(&job).as_deref() == Some("RUNNING"));
    let change = ["-D", "nutkin.docker.publish=0", "-D", "web.refresh-interval=1000"];
    world.up(&change).expect(6).says("web.refresh-interval").says("will be lost");
    world.run(&["down", "consent", "--on", "docker"]).expect(6);
    assert_eq!(rest.job_state(&job).as_deref(), Some("RUNNING"), "nothing was touched");
}

#[test]
fn two_commands_that_make_the_same_session_make_one() {
    let world = World::new("twice");
    let finished = std::thread::scope(|scope| {
        let up = || world.up(&["-D", "nutkin.docker.publish=0"]);
        let both = [scope.spawn(up), scope.spawn(up)];
        both.map(|one| one.join().expect("a command that ends"))
    });
    // Whoever decides before the other one is done is told so, and has touched nothing.
    for one in &finished {
        match one.code {
            Some(0) => {}
            Some(1) => {
                one.says("another command changed session `twice` in the meantime");
            }
            _ => panic!("{}", one.all()),
        }
    }
    assert!(finished.iter().any(|one| one.code == Some(0)), "one of them has made it");
    let shown = ["ps", "-aq", "--filter", "label=nutkin.dev/session=twice"];
    assert_eq!(docker(&shown).lines().count(), 2, "a JobManager and a TaskManager");
    world.up(&["-D", "nutkin.docker.publish=0"]).expect(0).says("session `twice` is unchanged");

    // Other verbs wait for a command that is at work, and touch nothing until it is done.
    let task_managers = || {
        let role = ["--filter", "label=nutkin.dev/role=TaskManager"];
        docker(&[&shown[..], &role].concat()).lines().count()
    };
    let scale = ["scale", "twice", "--on", "docker", "--task-managers", "2", "--yes"];
    let down = ["down", "twice", "--on", "docker", "--delete-data", "--yes"];
    let (path, locked) = lock_of(&world);
    let scaling = world.start(&scale);
    world.eventually("`scale` is at the lock", || has_open(&scaling, &path));
    let ending = world.start(&down);
    world.eventually("`down` is at the lock", || has_open(&ending, &path));
    assert_eq!(task_managers(), 1, "nothing was touched");
    drop(locked);
    // Whoever comes second finds what the first one made of the session.
    let (scaled, ended) = (scaling.wait(crate::world::LIMIT), ending.wait(crate::world::LIMIT));
    ended.expect(0);
    match scaled.code {
        Some(0) => assert!(ended.all().contains("taskmanager-2"), "{}", ended.all()),
        _ => drop(scaled.expect(1).says("another command changed session `twice` in the meantime")),
    }
    assert_eq!(docker(&shown), "", "nothing of it is left");
}

/// Does what a command does that changes a session: holds its lock, until dropped.
fn lock_of(world: &World) -> (PathBuf, fs::File) {
    let folder = world.nutkin.sessions().with_file_name("docker");
    let daemon = fs::read_dir(&folder).expect("a directory of locks").next();
    let daemon = daemon.expect("the daemon's locks").expect("a directory").path();
    let path = daemon.join(format!("{}.lock", world.session));
    let file = fs::File::options().write(true).open(&path).expect("the session's lock");
    file.lock().expect("it can be locked");
    (path, file)
}

/// Whether a command has opened a file, and not closed it.
fn has_open(command: &Running, path: &Path) -> bool {
    let open = fs::read_dir(format!("/proc/{}/fd", command.pid().as_raw_pid()));
    let mut open = open.into_iter().flatten().flatten();
    open.any(|one| fs::read_link(one.path()).is_ok_and(|target| target == path))
}
