//! Who a container runs as, and what it can do without writing to its image.

use std::time::Instant;

use crate::world::{RECOVERY, docker, try_docker};

/// Sizes for a machine that runs other tests as well.
const PROPERTIES: &str = "FLINK_PROPERTIES=jobmanager.memory.process.size: 900m";

/// A JobManager as `user`, on a read-only root file system: its process is `expected` and Flink answers.
#[track_caller]
fn check(name: &str, user: &str, expected: u32) {
    let _ = try_docker(&["rm", "-f", name]);
    let _ = try_docker(&["network", "rm", name]);
    docker(&["network", "create", name]);
    let run = ["run", "-d", "--name", name, "--network", name, "--user", user, "-e", PROPERTIES];
    let shut = ["--read-only", "--tmpfs", "/tmp", "nutkin/flink:1.20.5", "jobmanager"];
    docker(&[&run[..], &shut].concat());
    let end = Instant::now() + RECOVERY;
    let log = || String::from_utf8_lossy(&try_docker(&["logs", name]).stdout).into_owned();
    while !log().contains("Rest endpoint listening") {
        let state = docker(&["inspect", "--format", "{{.State.Running}}", name]);
        assert_eq!(state.trim(), "true", "{name} ended\n{}", log());
        assert!(Instant::now() < end, "{name} does not answer\n{}", log());
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let status = docker(&["exec", name, "cat", "/proc/1/status"]);
    let line = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(line("Uid:"), vec![expected.to_string(); 4], "{status}");
    assert_eq!(line("Name:"), ["java"], "PID 1 is the JVM: {status}");
    docker(&["rm", "-f", "-v", name]);
    docker(&["network", "rm", name]);
}

#[test]
fn root_becomes_flink() {
    check("nutkin-as-root", "0", 9999);
}

#[test]
fn anybody_else_stays_who_they_are() {
    check("nutkin-as-anybody", "1234567:0", 1_234_567);
}
