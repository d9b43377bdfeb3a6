//! Starts, tells and ends supervisors, and sees what is left of a session.

use nutkin_shell::files::document;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nutkin_core::supervision::GRACE;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, pidfd_send_signal};

use super::directory::{self, SessionDirectory};
use super::launch::{
    PROCESS_VARIABLE, ProcessPhase, ProcessState, Role, Running, SUPERVISOR, TOKEN_VARIABLE,
    is_helper,
};
use super::ownership::{self, Owned};

/// What a supervisor may take beyond the grace of its processes: two stages, the second is ZooKeeper's.
const SUPERVISOR_GRACE: Duration = Duration::from_secs(2 * GRACE.as_secs() + 2);

/// Whether the session has a living supervisor.
pub fn has_supervisor(directory: &SessionDirectory) -> bool {
    directory::is_locked(&directory.supervisor_lock())
}

/// Starts a supervisor from `program`, which is this very binary outside tests.
///
/// # Errors
/// The system refused.
pub fn start_supervisor(
    program: &Path,
    directory: &SessionDirectory,
    token: &str,
) -> io::Result<Child> {
    let out = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(directory.supervisor_out())?;
    Command::new(program)
        .arg("supervise")
        .arg(directory.path())
        // It needs nothing from here and lives longer than any password that is.
        .env_clear()
        .env(TOKEN_VARIABLE, token)
        .env(PROCESS_VARIABLE, SUPERVISOR)
        .current_dir("/")
        // A group of its own: Ctrl-C is for the command in front of the terminal. Not left to the supervisor itself,
        // which would hear it until then.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        .spawn()
}

/// Has the orders obeyed that are there: by the supervisor there is, otherwise by a new one.
///
/// # Errors
/// The system refused.
pub fn have_obeyed(
    program: &Path,
    directory: &SessionDirectory,
    token: &str,
) -> io::Result<Option<Child>> {
    if has_supervisor(directory) {
        let living = ownership::find_all(directory.path());
        if let Some(supervisor) = living.iter().find(|owned| owned.process == SUPERVISOR) {
            pidfd_send_signal(&supervisor.pidfd, Signal::HUP)?;
            return Ok(None);
        }
    }
    start_supervisor(program, directory, token).map(Some)
}

/// What `processes.json` says, checked against the processes there are.
#[derive(Debug, Default)]
pub struct SeenProcesses {
    /// Whether a supervisor lives.
    pub supervisor: bool,
    /// What the supervisor, or the last one, wrote; entries of processes that are gone have no PID.
    pub running: Option<Running>,
    /// Whether `processes.json` was there but could not be read.
    pub damaged: bool,
}

/// Looks at a session's processes.
pub fn look(directory: &SessionDirectory) -> SeenProcesses {
    let supervisor = has_supervisor(directory);
    let (mut running, damaged) = match document::read_json::<Running>(&directory.processes()) {
        Ok(running) => (Some(running), false),
        Err(document::StateError::Missing(_)) => (found(directory), false),
        Err(_) => (found(directory), true),
    };
    for process in running.iter_mut().flat_map(|running| &mut running.processes) {
        let noted = process.pid.zip(process.start_time);
        let alive = noted.is_some_and(|(pid, start_time)| {
            ownership::is_alive(pid, start_time, directory.path())
        });
        if !alive {
            process.pid = None;
            process.start_time = None;
        }
    }
    SeenProcesses { supervisor, running, damaged }
}

/// What lives of a session whose `processes.json` tells nothing: what `/proc` tells.
fn found(directory: &SessionDirectory) -> Option<Running> {
    let all = ownership::find_all(directory.path());
    let supervisor = all.iter().find(|owned| owned.process == SUPERVISOR);
    let supervisor = supervisor.map_or(0, |owned| owned.pid.as_raw_pid());
    let leaders = all.iter().filter(|owned| owned.leads_group && !is_helper(&owned.process));
    let processes: Vec<_> = leaders
        .map(|owned| ProcessState {
            name: owned.process.clone(),
            role: Role::of_name(&owned.process),
            phase: ProcessPhase::Running,
            pid: Some(owned.pid.as_raw_pid()),
            start_time: Some(owned.start_time),
            restarts: 0,
            hangs: false,
            last_end: None,
            out: directory.log().join(format!("{}.out", owned.process)),
        })
        .collect();
    // Which orders they follow is not known: none that anybody waits for.
    (!processes.is_empty()).then_some(Running { generation: 0, supervisor, processes })
}

/// Ends everything that belongs to the session, in good order where a supervisor lives, otherwise by
/// searching for it. Returns the names of what was ended. Needs no readable file.
///
/// # Errors
/// Something could not be ended.
pub fn end(directory: &SessionDirectory) -> io::Result<Vec<String>> {
    let mut ended: Vec<String> = Vec::new();
    let note = |ended: &mut Vec<String>, owned: &Owned| {
        let name = &owned.process;
        if !is_helper(name) && !name.is_empty() && !ended.contains(name) {
            ended.push(name.clone());
        }
    };
    let living = ownership::find_all(directory.path());
    for owned in &living {
        note(&mut ended, owned);
    }
    let supervisors: Vec<_> =
        living.into_iter().filter(|owned| owned.process == SUPERVISOR).collect();
    signal_all(&supervisors, Signal::TERM)?;
    if !await_end(&supervisors, SUPERVISOR_GRACE)? {
        // One that does not answer must not start anything again while the rest is ended.
        signal_all(&supervisors, Signal::KILL)?;
        await_end(&supervisors, GRACE)?;
    }
    // What had no supervisor, and what one started while it was being killed.
    let mut signal = Signal::TERM;
    let give_up = Instant::now() + 3 * GRACE;
    loop {
        let rest = ownership::find_all(directory.path());
        if rest.is_empty() {
            ended.sort();
            return Ok(ended);
        }
        if give_up < Instant::now() {
            let pids: Vec<_> =
                rest.iter().map(|owned| owned.pid.as_raw_pid().to_string()).collect();
            return Err(io::Error::other(format!("cannot end the processes {}", pids.join(", "))));
        }
        for owned in &rest {
            note(&mut ended, owned);
        }
        signal_all(&rest, signal)?;
        if !await_end(&rest, GRACE)? {
            signal = Signal::KILL;
        }
    }
}

fn signal_all(processes: &[Owned], signal: Signal) -> io::Result<()> {
    for process in processes {
        match pidfd_send_signal(&process.pidfd, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Whether all of them have ended within `limit`.
fn await_end(processes: &[Owned], limit: Duration) -> io::Result<bool> {
    let deadline = Instant::now() + limit;
    for process in processes {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
            let mut fds = [PollFd::new(&process.pidfd, PollFlags::IN)];
            match poll(&mut fds, Some(&timeout)) {
                Ok(0) => return Ok(false),
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(true)
}
