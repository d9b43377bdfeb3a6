//! What several tests do with a session.

use std::time::Duration;

use nutkin_e2e::{Finished, Nutkin, Rest};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How long a process may take to come back: a JVM starts in 3 s, in 8 s on a loaded machine, and the
/// supervisor waits a little longer before each attempt.
pub(crate) const RECOVERY: Duration = Duration::from_mins(1);

/// `nutkin up`, on a port of its own: tests run at the same time, and between the choice of 8081 and the JVM
/// that listens there another test would choose it too.
pub(crate) fn up(nutkin: &Nutkin, name: &str, version: &str, more: &[&str]) -> Finished {
    nutkin.run(&[&["up", name, "--flink", version, "-D", "rest.port=0"], more].concat())
}

pub(crate) fn status(nutkin: &Nutkin, name: &str) -> Value {
    nutkin.ok(&["status", name, "-o", "json"]).json()
}

pub(crate) fn rest(nutkin: &Nutkin, name: &str) -> Rest {
    Rest::new(status(nutkin, name)["restUrl"].as_str().expect("an address"))
}

/// PID of a process of the session; `None` while it does not run.
pub(crate) fn pid(nutkin: &Nutkin, session: &str, process: &str) -> Option<i32> {
    let status = status(nutkin, session);
    let processes = status["processes"].as_array().expect("processes");
    let process = processes.iter().find(|one| one["name"] == process)?;
    process["pid"].as_i64()?.try_into().ok()
}

#[track_caller]
pub(crate) fn kill(pid: i32) {
    let pid = Pid::from_raw(pid).expect("a PID");
    kill_process(pid, Signal::KILL).expect("the process can be killed");
}

#[track_caller]
pub(crate) fn until_running(nutkin: &Nutkin, name: &str) {
    nutkin.eventually("the session is running", RECOVERY, || {
        status(nutkin, name)["state"] == "running"
    });
}
