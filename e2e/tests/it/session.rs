//! What several tests do with a session.

use std::time::Duration;

use nutkin_e2e::{Finished, Nutkin, Rest};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How long a session may take to recover: Flink notices a lost process by its heartbeats, up to half a minute
/// later, and a JVM starts in 3 s, in a multiple of it on a loaded machine. Far more than is needed, because a
/// test that waits for nothing that comes is rare, and one that gives up too early is worthless.
pub(crate) const RECOVERY: Duration = Duration::from_mins(3);

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

/// Waits until the status of the session is as wanted, and gives that status. A single look proves little: Flink
/// on a loaded machine may not answer within the second that a look takes.
#[track_caller]
pub(crate) fn until(nutkin: &Nutkin, name: &str, what: &str, is_so: fn(&Value) -> bool) -> Value {
    let mut seen = Value::Null;
    nutkin.eventually(what, RECOVERY, || {
        seen = status(nutkin, name);
        is_so(&seen)
    });
    seen
}

#[track_caller]
pub(crate) fn until_running(nutkin: &Nutkin, name: &str) -> Value {
    until(nutkin, name, "the session is running", |seen| seen["state"] == "running")
}

/// What Flink itself answers, asked until it does.
#[track_caller]
pub(crate) fn answer(nutkin: &Nutkin, name: &str, path: &str) -> Value {
    let flink = rest(nutkin, name);
    let mut seen = None;
    nutkin.eventually("Flink answers", RECOVERY, || {
        seen = flink.get(path);
        seen.is_some()
    });
    seen.unwrap_or_default()
}

/// Waits until Flink says that a job is in a state.
#[track_caller]
pub(crate) fn until_job(nutkin: &Nutkin, flink: &Rest, job: &str, state: &str) {
    nutkin.eventually(&format!("the job is {state}"), RECOVERY, || {
        flink.job_state(job).as_deref() == Some(state)
    });
}
