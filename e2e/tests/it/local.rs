//! Sessions on this machine: they come up, stay up, and leave nothing.

use nutkin_e2e::Nutkin;
use rustix::process::{Signal, kill_process};

use crate::session::{RECOVERY, answer, kill, pid, rest, until, until_job, until_running, up};

/// Up, seen by Nutkin and by Flink, the same again, and down.
#[track_caller]
fn check_session(version: &str) {
    let nutkin = Nutkin::new();
    let first = up(&nutkin, "a", version, &["--task-managers", "2"]);
    first.expect(0).says(&format!("Flink {version}, 1 JobManager, 2 TaskManagers, 4 slots"));

    let seen = until_running(&nutkin, "a");
    assert_eq!(seen["kind"], "Session");
    assert_eq!(seen["flinkVersion"], version);
    assert_eq!(seen["slots"], serde_json::json!({"total": 4, "available": 4}));
    let flink = answer(&nutkin, "a", "/overview");
    assert_eq!(flink["flink-version"], version);
    assert_eq!(flink["taskmanagers"], 2);

    let before = nutkin.processes();
    up(&nutkin, "a", version, &["--task-managers", "2"]).expect(0).says("session `a` is unchanged");
    assert_eq!(nutkin.processes(), before, "nothing was restarted");

    nutkin.ok(&["down", "a"]).says("session `a` ended");
    assert_eq!(nutkin.processes(), Vec::<i32>::new());
    nutkin.run(&["status", "a"]).expect(5);
}

#[test]
fn a_session_of_flink_1_20() {
    check_session("1.20.5");
}

#[test]
fn a_session_of_flink_2_3() {
    check_session("2.3.0");
}

#[test]
fn a_session_of_flink_1_13() {
    check_session("1.13.6");
}

#[test]
fn two_sessions_of_two_versions_have_nothing_in_common() {
    let nutkin = Nutkin::new();
    up(&nutkin, "old", "1.20.5", &[]).expect(0);
    up(&nutkin, "new", "2.3.0", &[]).expect(0);
    let version = |name: &str| answer(&nutkin, name, "/overview")["flink-version"].clone();
    assert_eq!(version("old"), "1.20.5");
    assert_eq!(version("new"), "2.3.0");
    nutkin.ok(&["down", "old"]);
    until_running(&nutkin, "new");
}

#[test]
fn a_change_that_loses_jobs_needs_consent() {
    let nutkin = Nutkin::new();
    up(&nutkin, "a", "1.20.5", &[]).expect(0);
    let flink = rest(&nutkin, "a");
    let output = nutkin.directory().join("numbers");
    let output = output.to_str().expect("a path in UTF-8");
    let jar = nutkin.setup().job("1.20.5", "ExactlyOnce");
    let job = flink.submit(&jar, &["--output", output, "--total", "1000000", "--rate", "10"]);
    until_job(&nutkin, &flink, &job, "RUNNING");
    let before = nutkin.processes();

    let change = ["-D", "jobmanager.memory.process.size=1700m"];
    up(&nutkin, "a", "1.20.5", &change).expect(6).says("jobmanager.memory.process.size");
    nutkin.run(&["down", "a"]).expect(6);

    assert_eq!(nutkin.processes(), before, "nothing was touched");
    until_job(&nutkin, &flink, &job, "RUNNING");
}

/// Kills a process, which then comes back under another PID.
#[track_caller]
fn check_comes_back(process: &str) {
    let nutkin = Nutkin::new();
    up(&nutkin, "a", "1.20.5", &[]).expect(0);
    let before = pid(&nutkin, "a", process).expect("it runs");
    kill(before);
    nutkin.eventually("the process is another one", RECOVERY, || {
        pid(&nutkin, "a", process).is_some_and(|now| now != before)
    });
    until_running(&nutkin, "a");
    until(&nutkin, "a", "its slots are there", |seen| seen["slots"]["available"] == 2);
}

#[test]
fn a_killed_task_manager_comes_back() {
    check_comes_back("taskmanager-1");
}

#[test]
fn a_killed_job_manager_comes_back() {
    check_comes_back("jobmanager");
}

#[test]
fn a_killed_supervisor_is_told_and_mended() {
    let nutkin = Nutkin::new();
    up(&nutkin, "a", "1.20.5", &[]).expect(0);
    let task_manager = pid(&nutkin, "a", "taskmanager-1");
    kill(supervisor(&nutkin).expect("there is a supervisor"));
    // The system takes memory and files from a killed process one after the other.
    let seen = until(&nutkin, "a", "the loss is told", |seen| seen["state"] == "degraded");
    assert_eq!(supervisor(&nutkin), None);
    assert!(seen["messages"].to_string().contains("the supervisor is gone"), "{seen}");

    up(&nutkin, "a", "1.20.5", &[]).expect(0);
    until_running(&nutkin, "a");
    assert_eq!(pid(&nutkin, "a", "taskmanager-1"), task_manager, "Flink went on");
    let task_manager = task_manager.expect("it runs");
    kill(task_manager);
    nutkin.eventually("the new supervisor works", RECOVERY, || {
        pid(&nutkin, "a", "taskmanager-1").is_some_and(|now| now != task_manager)
    });
}

fn supervisor(nutkin: &Nutkin) -> Option<i32> {
    nutkin.processes().into_iter().find(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut words = line.split(|byte| *byte == 0);
        words.any(|word| word == b"supervise")
    })
}

#[test]
fn scaling_leaves_the_others_alone() {
    let nutkin = Nutkin::new();
    up(&nutkin, "a", "2.3.0", &[]).expect(0);
    let others = || (pid(&nutkin, "a", "jobmanager"), pid(&nutkin, "a", "taskmanager-1"));
    let before = others();

    nutkin.ok(&["scale", "a", "--task-managers", "3"]);
    until(&nutkin, "a", "the slots of three", |seen| seen["slots"]["total"] == 6);
    assert_eq!(others(), before);

    nutkin.ok(&["scale", "a", "--task-managers", "1"]);
    until(&nutkin, "a", "the slots of one", |seen| seen["slots"]["total"] == 2);
    assert_eq!(others(), before);
    // Flink takes a TaskManager's slots away at the start of its end, not when its process is gone.
    nutkin
        .eventually("only one process", RECOVERY, || pid(&nutkin, "a", "taskmanager-2").is_none());
}

#[test]
fn a_stopped_task_manager_is_ended_too() {
    let nutkin = Nutkin::new();
    up(&nutkin, "a", "1.20.5", &[]).expect(0);
    let stopped = pid(&nutkin, "a", "taskmanager-1").expect("it runs");
    let stopped = rustix::process::Pid::from_raw(stopped).expect("a PID");
    kill_process(stopped, Signal::STOP).expect("a signal");
    nutkin.ok(&["down", "a", "--yes", "--force"]);
    assert_eq!(nutkin.processes(), Vec::<i32>::new());
}

/// Logback in the place of log4j, as the hint about its jars says.
#[test]
fn logback_writes_the_logs() {
    let nutkin = Nutkin::new();
    let file = nutkin.file(
        "session.yaml",
        "apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: a}
spec:
  flinkVersion: v1_20
  flinkConfiguration:
    rest.port: '0'
    nutkin.flink.version: 1.20.5
    nutkin.libs: mvn:ch.qos.logback:logback-classic:1.2.13;mvn:ch.qos.logback:logback-core:1.2.13
  logConfiguration:
    logback-console.xml: |
      <configuration>
        <appender name=\"file\" class=\"ch.qos.logback.core.FileAppender\">
          <file>${log.file}</file>
          <encoder><pattern>by logback: %level %logger{0} %msg%n</pattern></encoder>
        </appender>
        <root level=\"INFO\"><appender-ref ref=\"file\"/></root>
      </configuration>
",
    );
    let file = file.display().to_string();
    nutkin.ok(&["up", "-f", &file]);
    for (process, says) in [
        ("jobmanager", "by logback: INFO ClusterEntrypoint "),
        ("taskmanager-1", "by logback: INFO TaskManagerRunner "),
    ] {
        let logs = nutkin.ok(&["logs", process]);
        logs.prints(says);
        for complaint in ["multiple SLF4J", "StatusLogger", "|-ERROR"] {
            assert!(!logs.stdout.contains(complaint), "{}", logs.stdout);
        }
    }
    nutkin.ok(&["down", "a"]);
}
