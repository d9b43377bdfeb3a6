//! Processes that live and do nothing, because somebody stopped them (SIGSTOP, Ctrl-Z) or because they hang: the others take
//! them for dead after `heartbeat.timeout`, and nobody would start them again.

use std::time::{Duration, Instant};

use nutkin_flink::{FlinkVersion, values};
use rustix::process::Pid;

use super::launch::{Launch, Role};
use super::ownership;

/// How often it is looked at whether processes are stopped or hang: one small file of `/proc` each, and one request.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Looks that are further apart than this say that the machine or the supervisor stood still: whatever was silent before
/// begins anew.
const LATE: Duration = Duration::from_secs(30);

/// `heartbeat.timeout` of every Flink unless it is set (`HeartbeatManagerOptions`).
const HEARTBEAT: Duration = Duration::from_secs(50);

/// How long a stopped process of these orders is left alone: as long as Flink's own processes wait for its heartbeat.
pub(super) fn patience(launch: &Launch) -> Duration {
    duration_of(launch, "heartbeat.timeout").unwrap_or(HEARTBEAT)
}

/// An option of these orders that is a duration, where it is set.
fn duration_of(launch: &Launch, key: &str) -> Option<Duration> {
    let version = launch.flink_version.parse().unwrap_or(FlinkVersion::DEFAULT);
    values::duration(launch.options.get(key)?, version).ok()
}

/// `high-availability.zookeeper.client.session-timeout` of every Flink unless it is set (`HighAvailabilityOptions`).
const SESSION: Duration = Duration::from_mins(1);

/// The longest session that a ZooKeeper of ours grants (`maxSessionTimeout`).
const LONGEST_SESSION: Duration = Duration::from_secs(40);

/// How long the JobManagers of these orders keep their sessions with a ZooKeeper that is away.
pub(super) fn session(launch: &Launch) -> Duration {
    let given = duration_of(launch, "high-availability.zookeeper.client.session-timeout");
    given.unwrap_or(SESSION).min(LONGEST_SESSION)
}

/// Whether something listens at this port of this machine. Nobody waits: loopback refuses at once.
pub(super) fn listens(port: u16) -> bool {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100)).is_ok()
}

/// Since when a process is stopped, as far as these looks tell. The clock does not count a suspended machine.
pub(super) fn since(pid: Pid, before: Option<Instant>, now: Instant) -> Option<Instant> {
    let is_stopped = ownership::stat(pid).is_some_and(|stat| stat.state == ownership::STOPPED);
    is_stopped.then(|| before.unwrap_or(now))
}

/// Whether what was seen before this look still counts.
pub(super) fn is_in_time(before: Option<Instant>, now: Instant) -> bool {
    before.is_some_and(|before| now.saturating_duration_since(before) < LATE)
}

/// Whether a stopped process may be killed and started again. A JobManager has the jobs: it is left alone where there is no
/// other one that runs.
pub(super) fn may_go(role: Role, other_job_managers: usize) -> bool {
    role != Role::JobManager || other_job_managers != 0
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use rustix::process::{Signal, kill_process};

    use super::*;

    #[test]
    fn a_stopped_process_is_seen() {
        let mut child = Command::new("/bin/sleep").arg("60").spawn().unwrap();
        let pid = Pid::from_child(&child);
        let now = Instant::now();
        assert_eq!(since(pid, None, now), None);
        kill_process(pid, Signal::STOP).unwrap();
        while ownership::stat(pid).unwrap().state != ownership::STOPPED {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(since(pid, None, now), Some(now));
        let later = now + Duration::from_secs(9);
        assert_eq!(since(pid, Some(now), later), Some(now));
        kill_process(pid, Signal::CONT).unwrap();
        while ownership::stat(pid).unwrap().state == ownership::STOPPED {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(since(pid, Some(now), later), None);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_machine_that_stood_still_is_nobodys_silence() {
        let now = Instant::now();
        assert!(is_in_time(Some(now), now + LOOK_EVERY));
        assert!(!is_in_time(Some(now), now + LATE));
        assert!(!is_in_time(None, now));
    }

    #[test]
    fn jobs_are_not_killed() {
        assert!(may_go(Role::TaskManager, 0));
        assert!(may_go(Role::JobManager, 1));
        assert!(!may_go(Role::JobManager, 0));
    }
}
