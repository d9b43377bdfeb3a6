//! A process of a session, as its supervisor has it: how it is started, what describes it, and how it ended.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use nutkin_core::supervision::life::Life;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::launch::{
    DEFINITION_VARIABLE, Definition, PROCESS_VARIABLE, ProcessPhase, ProcessState, Role,
    TOKEN_VARIABLE,
};
use crate::ownership::{self, Owned};
use crate::rotate;

pub(super) struct Process {
    /// What it was started by.
    pub(super) fingerprint: String,
    pub(super) role: Role,
    pub(super) out: PathBuf,
    pub(super) state: State,
    pub(super) failures: u32,
    pub(super) restarts: u32,
    pub(super) last_end: Option<String>,
}

pub(super) enum State {
    /// It lives.
    Running { living: Living },
    /// It died and will be started again.
    Waiting { until: Instant },
    /// It is to start, once no JobManager is ending any more.
    Held,
    /// It was asked to end; what remains at `kill_at` is killed.
    Ending { living: Living, kill_at: Instant },
}

pub(super) struct Living {
    pub(super) pid: Pid,
    pub(super) start_time: u64,
    pub(super) pidfd: OwnedFd,
    pub(super) since: Instant,
    /// Since when it is stopped.
    pub(super) stopped: Option<Instant>,
    /// Its signs of life.
    pub(super) life: Life,
    /// Whether they have been missed for too long.
    pub(super) hangs: bool,
    /// Why the supervisor has killed it.
    pub(super) killed_for: Option<String>,
    /// Absent for one that a former supervisor started: init reaps it.
    pub(super) child: Option<Child>,
}

impl Process {
    pub(super) fn living(&self) -> Option<&Living> {
        match &self.state {
            State::Running { living } | State::Ending { living, .. } => Some(living),
            State::Waiting { .. } | State::Held => None,
        }
    }
}

impl Living {
    fn new(pid: Pid, start_time: u64, pidfd: OwnedFd, child: Option<Child>) -> Self {
        Self {
            pid,
            start_time,
            pidfd,
            since: Instant::now(),
            stopped: None,
            life: Life::default(),
            hangs: false,
            killed_for: None,
            child,
        }
    }

    /// To the process itself, whoever has its number by now. One that has ended is not an error.
    pub(super) fn signal(&self, signal: Signal) {
        let _ = rustix::process::pidfd_send_signal(&self.pidfd, signal);
    }
}

/// What describes it to others.
pub(super) fn state_of(name: &str, process: &Process) -> ProcessState {
    ProcessState {
        name: name.to_owned(),
        role: process.role,
        phase: match process.state {
            State::Running { .. } => ProcessPhase::Running,
            State::Waiting { .. } => ProcessPhase::Waiting,
            // What is held has not failed: it is a part of the end of its JobManager.
            State::Ending { .. } | State::Held => ProcessPhase::Ending,
        },
        pid: process.living().map(|living| living.pid.as_raw_pid()),
        start_time: process.living().map(|living| living.start_time),
        restarts: process.restarts,
        hangs: process.living().is_some_and(|living| living.hangs),
        last_end: process.last_end.clone(),
        out: process.out.clone(),
    }
}

/// What a former supervisor left running.
pub(super) fn adopted(owned: Owned, noted: Option<&ProcessState>) -> (String, Process) {
    let role = noted.map_or_else(|| Role::of_name(&owned.process), |noted| noted.role);
    let process = Process {
        fingerprint: owned.definition,
        role,
        out: noted.map(|noted| noted.out.clone()).unwrap_or_default(),
        state: State::Running {
            living: Living::new(owned.pid, owned.start_time, owned.pidfd, None),
        },
        failures: 0,
        restarts: noted.map_or(0, |noted| noted.restarts),
        last_end: noted.and_then(|noted| noted.last_end.clone()),
    };
    (owned.process, process)
}

/// Starts a process of its own group.
pub(super) fn spawn(definition: &Definition, fingerprint: &str, token: &str) -> io::Result<Living> {
    rotate::before_start(&definition.out)?;
    let out = open_out(&definition.out)?;
    let child = Command::new(&definition.program)
        .args(&definition.arguments)
        .env_clear()
        .envs(&definition.environment)
        .env(TOKEN_VARIABLE, token)
        .env(PROCESS_VARIABLE, &definition.name)
        .env(DEFINITION_VARIABLE, fingerprint)
        .current_dir(&definition.directory)
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        .process_group(0)
        .spawn()?;
    let pid = Pid::from_child(&child);
    // A child that was not waited for keeps its PID, so both of these are about this very process.
    let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
    let start_time = ownership::stat(pid).map_or(0, |stat| stat.start_time);
    Ok(Living::new(pid, start_time, pidfd, Some(child)))
}

/// For appending, so that the file can be cut under its writer.
fn open_out(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// Ends the rest of a process group and says how its leader ended.
pub(super) fn reap(living: Living) -> String {
    let Some(mut child) = living.child else {
        return "ended".to_owned();
    };
    // The leader is not waited for yet, so no other group can have got its number.
    let _ = kill_process_group(living.pid, Signal::KILL);
    child.wait().map_or_else(|error| error.to_string(), describe)
}

/// In words.
pub(super) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(9)) => "was killed (SIGKILL)".to_owned(),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
