//! Which processes of this machine are ours.
//!
//! A PID alone says nothing: it may have been given to somebody else since. A process is ours when its
//! environment holds the session's token, and it is the one we mean when its start time is the one noted.
//! Between looking and acting a pidfd holds on to it.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::launch::{DEFINITION_VARIABLE, PROCESS_VARIABLE, TOKEN_VARIABLE};

/// Clock ticks in a second, as `/proc` counts them: `USER_HZ`, which is 100 on every architecture that Java runs on (time(7)).
pub const TICKS: u64 = 100;

/// [`Stat::state`] of a process that a signal has stopped (proc_pid_stat(5)). One that a debugger holds has another.
pub const STOPPED: char = 'T';

/// Time since the machine was started, to a hundredth of a second (proc_uptime(5)).
pub fn since_boot() -> Option<Duration> {
    let text = fs::read_to_string("/proc/uptime").ok()?;
    Duration::try_from_secs_f64(text.split(' ').next()?.parse().ok()?).ok()
}

/// The same in whole seconds.
pub fn seconds_since_boot() -> Option<u64> {
    since_boot().map(|time| time.as_secs())
}

/// How often a process that becomes another program is looked at: that takes well below a millisecond where there is a CPU
/// for it, and on a machine that is busy it waits for one.
const LOOKS: u32 = 1000;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(1);

/// A living process of a session.
#[derive(Debug)]
pub struct Owned {
    /// Its PID.
    pub pid: Pid,
    /// Its start time in clock ticks since boot.
    pub start_time: u64,
    /// Whether it leads its process group, as everything that the supervisor starts does.
    pub leads_group: bool,
    /// The token in its environment.
    pub token: String,
    /// Name of the process it is, or that one of its ancestors is.
    pub process: String,
    /// Fingerprint of the definition it was started by.
    pub definition: String,
    /// Holds on to it: readable when it has ended.
    pub pidfd: OwnedFd,
}

/// State, process group and start time of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// `Z` for one that has ended and was not waited for.
    pub state: char,
    /// Process group.
    pub group: i32,
    /// Clock ticks since boot.
    pub start_time: u64,
}

/// Reads `/proc/<pid>/stat`; `None` when there is no such process.
pub fn stat(pid: Pid) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?)
}

/// The process with this PID, if its environment holds a token for the session in `directory`.
pub fn find(pid: Pid, directory: &Path) -> Option<Owned> {
    // The pidfd comes first: whatever is read below is read of this very process, or the last check fails.
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    let before = stat(pid)?;
    if before.state == 'Z' {
        return None;
    }
    let environ = environment(pid)?;
    let token = variable(&environ, TOKEN_VARIABLE)?;
    let path = token.split_once(':')?.1;
    if path.as_bytes() != directory.as_os_str().as_bytes() {
        return None;
    }
    if stat(pid)?.start_time != before.start_time {
        return None;
    }
    Some(Owned {
        pid,
        start_time: before.start_time,
        leads_group: before.group == pid.as_raw_pid(),
        process: variable(&environ, PROCESS_VARIABLE).unwrap_or_default(),
        definition: variable(&environ, DEFINITION_VARIABLE).unwrap_or_default(),
        token,
        pidfd,
    })
}

/// What is in `/proc/<pid>/environ`. It is empty for a moment while the process becomes another program, and one
/// that nobody sees then would be left behind.
fn environment(pid: Pid) -> Option<Vec<u8>> {
    let of = |what: &str| format!("/proc/{}/{what}", pid.as_raw_pid());
    for _ in 0..LOOKS {
        let environ = fs::read(of("environ")).ok()?;
        // The kernel's own threads have neither.
        if !environ.is_empty() || fs::read_link(of("exe")).is_err() {
            return Some(environ);
        }
        let stat = fs::read_to_string(of("stat")).ok()?;
        if has_environment(&stat)? {
            // It has one since, or was started without any variable, and so not by us.
            return fs::read(of("environ")).ok();
        }
        std::thread::sleep(LOOK);
    }
    Some(Vec::new())
}

/// Whether a process has the place for its environment, which holds nothing where it has no variables: field 50 of `stat`,
/// see proc_pid_stat(5). It is 0 while the process becomes another program.
fn has_environment(stat: &str) -> Option<bool> {
    let place: u64 = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(47)?.parse().ok()?;
    Some(place != 0)
}

/// All processes of the session in `directory`, oldest first, without the calling one.
pub fn find_all(directory: &Path) -> Vec<Owned> {
    let own = rustix::process::getpid();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let mut found: Vec<Owned> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok().and_then(Pid::from_raw))
        .filter(|pid| *pid != own)
        .filter_map(|pid| find(pid, directory))
        .collect();
    found.sort_by_key(|owned| (owned.start_time, owned.pid.as_raw_pid()));
    found
}

/// Whether the process that was noted with this PID and start time still lives and is the session's.
pub fn is_alive(pid: i32, start_time: u64, directory: &Path) -> bool {
    Pid::from_raw(pid)
        .and_then(|pid| find(pid, directory))
        .is_some_and(|owned| owned.start_time == start_time)
}

/// Fields 3, 5 and 22 of `stat`, see proc_pid_stat(5). The second one, the name, may hold anything.
fn parse_stat(text: &str) -> Option<Stat> {
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let group = fields.nth(1)?.parse().ok()?;
    let start_time = fields.nth(16)?.parse().ok()?;
    Some(Stat { state, group, start_time })
}

fn variable(environ: &[u8], name: &str) -> Option<String> {
    environ.split(|byte| *byte == 0).find_map(|entry| {
        let value = entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(String::from_utf8_lossy(value).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    #[test]
    fn stat_with_a_spiteful_name() {
        let text = "42 (a) R 1 (b) S 7 43 43 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 9876 1 2";
        let expected = Stat { state: 'S', group: 43, start_time: 9876 };
        assert_eq!(parse_stat(text), Some(expected));
        assert_eq!(parse_stat(""), None);
        assert_eq!(parse_stat("1 (x) S 2"), None);
    }

    struct Fake(Child);

    impl Drop for Fake {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn sleeper(token: &str) -> (Fake, Pid) {
        let child = Command::new("sleep").arg("60").env(TOKEN_VARIABLE, token).spawn().unwrap();
        let pid = Pid::from_child(&child);
        // Until `exec` is through the child shows the environment of this test, or none at all.
        let shows = |environ: Vec<u8>| variable(&environ, TOKEN_VARIABLE).as_deref() == Some(token);
        while !fs::read(format!("/proc/{}/environ", child.id())).is_ok_and(shows) {
            std::thread::yield_now();
        }
        (Fake(child), pid)
    }

    #[test]
    fn only_the_right_token_is_ours() {
        let ours = Path::new("/made-up/ownership/ours");
        let (_a, a) = sleeper("00:/made-up/ownership/ours");
        let (_b, b) = sleeper("00:/made-up/ownership/theirs");
        let (_c, c) = sleeper("00:/made-up/ownership/ours/not");
        assert!(find(a, ours).is_some());
        assert!(find(b, ours).is_none());
        assert!(find(c, ours).is_none());
        let all: Vec<_> = find_all(ours).into_iter().map(|owned| owned.pid).collect();
        assert_eq!(all, [a]);
    }

    /// `up` starts a supervisor and ends: a `down` right behind it must not take its session for one without processes.
    #[test]
    fn a_process_is_seen_as_soon_as_it_was_started() {
        let ours = Path::new("/made-up/ownership/young");
        for _ in 0..100 {
            let mut command = Command::new("sleep");
            command.arg("60").env(TOKEN_VARIABLE, "00:/made-up/ownership/young");
            let child = Fake(command.spawn().unwrap());
            assert!(find(Pid::from_child(&child.0), ours).is_some());
        }
    }

    #[test]
    fn a_process_without_variables_is_looked_at_once() {
        let child = Fake(Command::new("sleep").arg("60").env_clear().spawn().unwrap());
        let pid = Pid::from_child(&child.0);
        let stat = || fs::read_to_string(format!("/proc/{}/stat", child.0.id())).unwrap();
        while has_environment(&stat()) != Some(true) {
            std::thread::yield_now();
        }
        assert_eq!(environment(pid), Some(Vec::new()));
        assert_eq!(has_environment("1 (x) S 2"), None);
    }

    #[test]
    fn while_a_process_becomes_another_program_its_environment_has_no_place() {
        let stat = |place: &str| {
            // Fields 4 to 49.
            let between = "0 ".repeat(46);
            format!("1 (x) S {between}{place} 140 0 0")
        };
        assert_eq!(has_environment(&stat("0")), Some(false));
        assert_eq!(has_environment(&stat("140735")), Some(true));
    }

    #[test]
    fn a_reused_pid_is_not_ours() {
        let ours = Path::new("/made-up/ownership/reused");
        let (_a, a) = sleeper("00:/made-up/ownership/reused");
        let start_time = stat(a).unwrap().start_time;
        assert!(is_alive(a.as_raw_pid(), start_time, ours));
        // The same PID noted at an earlier start: somebody else has it now, even with our token.
        assert!(!is_alive(a.as_raw_pid(), start_time - 1, ours));
        // The same PID and start time, but a stranger's environment.
        let (_b, b) = sleeper("nothing of ours");
        assert!(!is_alive(b.as_raw_pid(), stat(b).unwrap().start_time, ours));
    }

    #[test]
    fn the_dead_are_not_alive() {
        let ours = Path::new("/made-up/ownership/dead");
        let (mut a, pid) = sleeper("00:/made-up/ownership/dead");
        a.0.kill().unwrap();
        let start_time = stat(pid).unwrap().start_time;
        while stat(pid).is_some_and(|stat| stat.state != 'Z') {
            std::thread::yield_now();
        }
        assert!(!is_alive(pid.as_raw_pid(), start_time, ours), "a zombie is dead");
    }
}
