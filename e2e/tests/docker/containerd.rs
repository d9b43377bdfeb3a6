//! An image under containerd alone: imported and run with its own client, without a word to Docker. It is the daemon's
//! containerd, in a namespace of its own.

use std::fs;
use std::process::{Command, Output};
use std::time::Instant;

use nutkin_e2e::Rest;

use crate::world::{RECOVERY, World, variable};

/// Where a daemon's own containerd listens, in the daemon's mount namespace.
const SOCKET: &str = "/run/docker/containerd/containerd.sock";
/// Docker's own containers are in `moby`.
const NAMESPACE: &str = "nutkin-test";
/// The container, of which there is one.
const NAME: &str = "jobmanager";

/// A program in the daemon's mount and PID namespaces.
fn inside(program: &str, words: &[&str]) -> Output {
    let mut command = Command::new("nsenter");
    command.args(["--target", &variable("NUTKIN_TEST_NAMESPACES"), "--mount", "--pid", program]);
    command.args(words).output().expect("nsenter runs")
}

fn try_ctr(words: &[&str]) -> Output {
    inside("ctr", &[&["--address", SOCKET, "--namespace", NAMESPACE], words].concat())
}

#[track_caller]
fn ctr(words: &[&str]) -> String {
    let output = try_ctr(words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "ctr {words:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Removes container and image, whatever has become of the test.
struct CleanUp<'a>(&'a str);

impl Drop for CleanUp<'_> {
    fn drop(&mut self) {
        try_ctr(&["tasks", "delete", "--force", NAME]);
        try_ctr(&["containers", "delete", NAME]);
        try_ctr(&["images", "remove", "--sync", self.0]);
    }
}

#[test]
fn an_archive_runs_under_containerd_alone() {
    let world = World::new("containerd");
    // The tag of the image that the stage has built.
    let image = "docker.io/nutkin/flink:1.20.5";
    let cleanup = CleanUp(image);
    ctr(&["images", "import", &variable("NUTKIN_TEST_ARCHIVE")]);
    assert_eq!(ctr(&["images", "list", "--quiet"]).trim(), image);

    // On the machine's own network, where ports are not published: any that is free.
    let properties = "FLINK_PROPERTIES=jobmanager.memory.process.size: 900m\nrest.port: 0\nrest.bind-address: 127.0.0.1\n\
                      rest.address: 127.0.0.1\njobmanager.rpc.port: 0\njobmanager.bind-host: 127.0.0.1\nblob.server.port: 0";
    let log = world.nutkin.directory().join("container.log");
    let log_uri = format!("file://{}", log.display());
    let run = ["run", "--detach", "--net-host", "--log-uri", &log_uri, "--env", properties];
    ctr(&[&run[..], &[image, NAME, "/docker-entrypoint.sh", "jobmanager"]].concat());
    let said = || fs::read_to_string(&log).unwrap_or_default();
    let end = Instant::now() + RECOVERY;
    let listening = "Rest endpoint listening at ";
    while !said().contains(listening) {
        assert!(Instant::now() < end, "no REST endpoint listens:\n{}", said());
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let said = said();
    let (_, address) = said.split_once(listening).expect("it was there");
    let address = address.split_whitespace().next().unwrap_or_default();
    let rest = Rest::new(&format!("http://{address}"));
    world.eventually("Flink answers", || rest.get("/overview").is_some());
    assert_eq!(rest.get("/overview").expect("an answer")["flink-version"], world.flink);

    // It is the JVM itself, as the image's user.
    let tasks = ctr(&["tasks", "list"]);
    let task = tasks.lines().find(|line| line.starts_with(NAME)).expect("a task");
    let pid = task.split_whitespace().nth(1).expect("a PID");
    let status = inside("cat", &[&format!("/proc/{pid}/status")]).stdout;
    let status = String::from_utf8_lossy(&status);
    assert!(status.starts_with("Name:\tjava\n"), "{status}");
    assert!(status.contains("\nUid:\t9999\t9999\t9999\t9999\n"), "{status}");
    drop(cleanup);
}
