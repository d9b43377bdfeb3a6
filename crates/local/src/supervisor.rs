//! The supervisor: keeps the processes of one session running, and ends with it.
//!
//! It takes its orders from `launch.json` (read at the start and at SIGHUP), tells what is in
//! `processes.json`, and sleeps in `poll(2)` on one pidfd for each process. SIGTERM ends the session.
//! There is neither a socket nor a runtime: a supervisor that can do little can fail little.
//!
//! Killed with SIGKILL it leaves the JVMs running. The next one finds them by their token and adopts
//! them; a pidfd can be polled by others than the parent.

mod loss;
mod process;
mod signs;
mod wait;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use nutkin_core::supervision::life::Leadership;
use nutkin_core::supervision::{self, ProcessStep};
use nutkin_shell::files::document;
use rustix::process::Signal;

use self::process::{Process, State, adopted, describe, reap, spawn, state_of};
use self::wait::{drain, on_signal, wait};
use super::directory::{self, SessionDirectory};
use super::launch::{Definition, Launch, Role, Running, is_helper};
use super::recovery::Recovery;
use super::{life, ownership, rotate, silent};

/// How often the sizes of the `.out` files are looked at: a handful of `stat` calls.
const ROTATE_EVERY: Duration = Duration::from_mins(1);

/// The name of ZooKeeper's port among those of a session.
const ZOOKEEPER_PORT: &str = "zookeeper";

/// How often it is looked at whether a ZooKeeper that ended is there again.
const ZOOKEEPER_LOOK: Duration = Duration::from_millis(250);

/// How long the end of a killed supervisor may take: it has some kilobytes of memory and a few files.
const CLEARED_AWAY: Duration = Duration::from_secs(2);

/// Why a supervisor could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum SupervisorError {
    /// Another one does it.
    #[error("session `{0}` has a supervisor already")]
    Taken(String),
    /// The orders cannot be read.
    #[error(transparent)]
    Orders(#[from] document::StateError),
    /// The system refused.
    #[error("the supervisor cannot go on")]
    System(#[from] io::Error),
}

/// Runs until the session ends.
///
/// # Errors
/// Another supervisor has the session, or its orders cannot be read. Once it runs it does not give up.
pub fn run(directory: &SessionDirectory) -> Result<(), SupervisorError> {
    // Before the lock, which says to others that signals are heard.
    let hang_up = on_signal(&[signal_hook::consts::SIGHUP])?;
    let terminate = on_signal(&[signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT])?;
    let Some(_lock) = lock(directory)? else {
        return Err(SupervisorError::Taken(directory.name().to_owned()));
    };
    let launch: Launch = document::read_json(&directory.launch())?;
    let mut supervisor = Supervisor::new(directory, &launch);
    supervisor.adopt();
    if supervisor.recovers && !supervisor.has_job_manager() {
        // It was lost while nobody looked. Whoever has started this supervisor has the jobs go on.
        supervisor.end_task_managers();
    }
    supervisor.obey(launch);
    let mut next_rotation = Instant::now() + ROTATE_EVERY;
    let mut next_look = Instant::now() + silent::LOOK_EVERY;
    loop {
        supervisor.write();
        if supervisor.ending && supervisor.processes.is_empty() {
            return Ok(());
        }
        let next = next_rotation.min(next_look);
        let next = match supervisor.zookeeper_away {
            Some(_) => next.min(Instant::now() + ZOOKEEPER_LOOK),
            None => next,
        };
        let deadline = supervisor.deadline().map_or(next, |at| at.min(next));
        let ended = wait(&hang_up, &terminate, &supervisor.processes, deadline)?;
        if drain(&terminate) {
            supervisor.end_all();
        }
        if drain(&hang_up) {
            // Whoever asks may not be able to read what was told before.
            supervisor.written = None;
            supervisor.read_orders();
        }
        for name in ended {
            supervisor.ended(&name);
        }
        if let Some(status) = supervisor.recovery.ended().filter(|status| !status.success()) {
            supervisor.note(&format!(
                "not all jobs go on: the command that has them go on {}",
                describe(status)
            ));
        }
        supervisor.act_on_time(Instant::now());
        supervisor.follow_zookeeper();
        if next_look <= Instant::now() {
            next_look = Instant::now() + silent::LOOK_EVERY;
            supervisor.kill_silent(Instant::now());
        }
        if next_rotation <= Instant::now() {
            next_rotation = Instant::now() + ROTATE_EVERY;
            supervisor.rotate();
        }
    }
}

/// The lock of the supervisors; one that was killed a moment ago may hold it for as long as the system takes to
/// clear it away.
fn lock(directory: &SessionDirectory) -> io::Result<Option<File>> {
    let start = Instant::now();
    loop {
        let taken = directory::try_flock(&directory.supervisor_lock())?;
        if taken.is_some() || CLEARED_AWAY < start.elapsed() {
            return Ok(taken);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

struct Supervisor<'a> {
    directory: &'a SessionDirectory,
    orders: BTreeMap<String, Definition>,
    generation: u64,
    token: String,
    processes: BTreeMap<String, Process>,
    ending: bool,
    written: Option<Running>,
    /// How long a stopped process is left alone.
    patience: Duration,
    /// JobManagers that can be asked for a sign of life, and where.
    addresses: BTreeMap<String, String>,
    /// What they were asked last, until all have answered.
    question: Option<life::Question>,
    /// When it was looked at last whether processes hang.
    looked: Option<Instant>,
    /// Whether somebody leads.
    leadership: Leadership,
    /// Where the ZooKeeper of these orders listens, and how long sessions with it last without it.
    zookeeper: Option<(u16, Duration)>,
    /// Since when it is away.
    zookeeper_away: Option<Instant>,
    /// When this supervisor was started.
    started: Instant,
    /// Whether jobs go on when their JobManager is lost.
    recovers: bool,
    /// Whether jobs wait for the next JobManager.
    is_lost: bool,
    recovery: Recovery,
}

impl<'a> Supervisor<'a> {
    /// One that runs nothing yet.
    fn new(directory: &'a SessionDirectory, launch: &Launch) -> Self {
        Self {
            directory,
            orders: BTreeMap::new(),
            generation: 0,
            token: launch.token.clone(),
            processes: BTreeMap::new(),
            ending: false,
            written: None,
            patience: silent::patience(launch),
            addresses: BTreeMap::new(),
            question: None,
            looked: None,
            leadership: Leadership::default(),
            zookeeper: None,
            zookeeper_away: None,
            started: Instant::now(),
            recovers: launch.recovers,
            is_lost: false,
            recovery: Recovery::default(),
        }
    }

    /// Takes over what a former supervisor left running.
    fn adopt(&mut self) {
        let before = document::read_json::<Running>(&self.directory.processes()).ok();
        for owned in ownership::find_all(self.directory.path()) {
            // Leaders only: what a JVM started itself carries the same variables and ends with it.
            if owned.leads_group
                && owned.token == self.token
                && !is_helper(&owned.process)
                && !self.processes.contains_key(&owned.process)
            {
                let noted = before.as_ref().and_then(|running| {
                    running.processes.iter().find(|process| process.name == owned.process)
                });
                let process = adopted(owned, noted);
                self.processes.insert(process.0, process.1);
            }
        }
    }

    fn read_orders(&mut self) {
        match document::read_json::<Launch>(&self.directory.launch()) {
            Ok(launch) if launch.token == self.token => self.obey(launch),
            // Orders for another session, or none to be read: the ones it has still hold.
            Ok(_) => self.note("launch.json belongs to another start of this session; ignored"),
            Err(error) => self.note(&format!("{error}; keeping what runs")),
        }
    }

    /// Brings what runs to what shall run.
    fn obey(&mut self, launch: Launch) {
        if self.ending {
            return;
        }
        self.generation = launch.generation;
        self.patience = silent::patience(&launch);
        self.addresses = life::addresses(&launch);
        let port = launch.ports.get(ZOOKEEPER_PORT);
        self.zookeeper = port.map(|port| (*port, silent::session(&launch)));
        self.recovers = launch.recovers;
        self.orders = launch.processes.into_iter().map(|one| (one.name.clone(), one)).collect();
        let desired =
            self.orders.iter().map(|(name, one)| (name.clone(), one.fingerprint())).collect();
        let actual = self
            .processes
            .iter()
            .map(|(name, one)| (name.clone(), one.fingerprint.clone()))
            .collect();
        for step in supervision::reconcile(&desired, &actual) {
            match step {
                ProcessStep::Start(name) => self.start(&name),
                ProcessStep::Replace(name) | ProcessStep::End(name) => self.end(&name),
            }
        }
    }

    /// Starts a process by its orders. One that cannot be started counts as dead at once.
    fn start(&mut self, name: &str) {
        let Some(definition) = self.orders.get(name) else { return };
        let fingerprint = definition.fingerprint();
        let is_held = definition.role == Role::TaskManager && self.has_ending_job_manager();
        let started =
            if is_held { Ok(None) } else { spawn(definition, &fingerprint, &self.token).map(Some) };
        let before = self.processes.remove(name);
        let mut process = Process {
            fingerprint,
            role: definition.role,
            out: definition.out.clone(),
            state: State::Waiting { until: Instant::now() },
            failures: before.as_ref().map_or(0, |process| process.failures),
            restarts: before.as_ref().map_or(0, |process| process.restarts),
            last_end: before.and_then(|process| process.last_end),
        };
        match started {
            Ok(Some(living)) => process.state = State::Running { living },
            Ok(None) => process.state = State::Held,
            Err(error) => {
                let program = definition.program.display();
                process.last_end = Some(format!("`{program}` could not be started: {error}"));
                self.note(&format!("{name}: `{program}` could not be started: {error}"));
                process.failures = supervision::failures_after(process.failures, Duration::ZERO);
                process.state =
                    State::Waiting { until: Instant::now() + supervision::delay(process.failures) };
            }
        }
        self.processes.insert(name.to_owned(), process);
    }

    /// Whether a JobManager is ending. A TaskManager that finds one takes it for its own: its successor at the same address has
    /// another actor there, and the TaskManager asks the old one until it gives up (`RetryingRegistration` keeps its gateway).
    fn has_ending_job_manager(&self) -> bool {
        let is_ending = |one: &Process| matches!(one.state, State::Ending { .. });
        self.processes.values().any(|one| one.role == Role::JobManager && is_ending(one))
    }

    /// Starts what was held until all JobManagers that were to end have ended.
    fn start_held(&mut self) {
        if self.has_ending_job_manager() {
            return;
        }
        for name in self.names(|process| matches!(process.state, State::Held)) {
            self.start_if_wanted(&name);
        }
    }

    /// Asks a process to end. Whether it is started again is decided when it has ended.
    fn end(&mut self, name: &str) {
        let Some(mut process) = self.processes.remove(name) else { return };
        process.state = match process.state {
            State::Running { living } => {
                // To the leader alone: it ends its own helpers, as after Flink's `stop` scripts.
                living.signal(Signal::TERM);
                State::Ending { living, kill_at: Instant::now() + supervision::GRACE }
            }
            State::Waiting { .. } | State::Held => {
                self.start_if_wanted(name);
                return;
            }
            ending @ State::Ending { .. } => ending,
        };
        self.processes.insert(name.to_owned(), process);
    }

    fn end_all(&mut self) {
        self.ending = true;
        self.recovery.end();
        self.orders.clear();
        self.end_next_stage();
    }

    /// Ends Flink first and its ZooKeeper last: a JobManager that lost it cannot end in good order.
    fn end_next_stage(&mut self) {
        let flink: Vec<_> = self.names(|process| process.role != Role::ZooKeeper);
        let now = if flink.is_empty() { self.names(|_| true) } else { flink };
        for name in now {
            self.end(&name);
        }
    }

    fn names(&self, wanted: impl Fn(&Process) -> bool) -> Vec<String> {
        let matching = self.processes.iter().filter(|(_, process)| wanted(process));
        matching.map(|(name, _)| name.clone()).collect()
    }

    fn start_if_wanted(&mut self, name: &str) {
        if !self.ending && self.orders.contains_key(name) {
            self.start(name);
        }
    }

    /// A process has ended: reaps it, ends what is left of its group, and decides what comes next.
    fn ended(&mut self, name: &str) {
        let Some(mut process) = self.processes.remove(name) else { return };
        let (living, asked) = match process.state {
            State::Running { living } => (living, false),
            State::Ending { living, .. } => (living, true),
            State::Waiting { .. } | State::Held => {
                self.processes.insert(name.to_owned(), process);
                return;
            }
        };
        let lived = living.since.elapsed();
        let killed_for = living.killed_for.clone();
        let stopped = living.stopped;
        let end = reap(living);
        let end = killed_for.unwrap_or(end);
        if asked {
            self.start_if_wanted(name);
            self.start_held();
            if self.ending {
                self.end_next_stage();
            }
            return;
        }
        self.note(&format!("{name} {end} after {} s", lived.as_secs()));
        if process.role == Role::ZooKeeper {
            // One that was stopped has been away since then.
            self.zookeeper_away.get_or_insert_with(|| stopped.unwrap_or_else(Instant::now));
        }
        process.failures = supervision::failures_after(process.failures, lived);
        process.last_end = Some(end);
        process.state =
            State::Waiting { until: Instant::now() + supervision::delay(process.failures) };
        let is_job_manager = process.role == Role::JobManager;
        let is_lost = is_job_manager && self.recovers;
        self.processes.insert(name.to_owned(), process);
        if is_job_manager {
            self.let_go(name);
        }
        if is_lost {
            self.is_lost = true;
            self.recovery.end();
            self.end_task_managers();
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let deadlines = self.processes.values().filter_map(|process| match process.state {
            State::Running { .. } | State::Held => None,
            State::Waiting { until } => Some(until),
            State::Ending { kill_at, .. } => Some(kill_at),
        });
        deadlines.min()
    }

    fn act_on_time(&mut self, now: Instant) {
        for name in self.names(|_| true) {
            let Some(process) = self.processes.get_mut(&name) else { continue };
            match &mut process.state {
                State::Waiting { until } if *until <= now => {
                    process.restarts += 1;
                    let has_jobs = self.is_lost && process.role == Role::JobManager;
                    self.start(&name);
                    if has_jobs && self.has_job_manager() {
                        self.recover(&name);
                    }
                }
                State::Ending { living, kill_at } if *kill_at <= now => {
                    living.signal(Signal::KILL);
                    *kill_at = now + supervision::GRACE;
                }
                _ => {}
            }
        }
    }

    fn rotate(&self) {
        for process in self.processes.values() {
            if let Err(error) = rotate::if_larger(&process.out, rotate::LARGEST) {
                self.note(&format!("cannot rotate `{}`: {error}", process.out.display()));
            }
        }
    }

    /// Tells what runs, when that has changed.
    fn write(&mut self) {
        let running = Running {
            generation: self.generation,
            supervisor: rustix::process::getpid().as_raw_pid(),
            processes: self
                .processes
                .iter()
                .map(|(name, process)| state_of(name, process))
                .collect(),
        };
        if self.written.as_ref() == Some(&running) {
            return;
        }
        if let Err(error) = document::write_json(&self.directory.processes(), &running) {
            self.note(&format!("cannot write `{}`: {error}", self.directory.processes().display()));
        }
        self.written = Some(running);
    }

    /// A line into `run/supervisor.out`, where stderr goes.
    #[allow(clippy::unused_self, reason = "only a supervisor has such a file")]
    fn note(&self, line: &str) {
        use std::io::Write;
        let _ = writeln!(io::stderr(), "{} {line}", jiff::Timestamp::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zookeeper_that_was_stopped_has_been_away_since_then() {
        fn away(stopped: Option<Instant>) -> Option<Instant> {
            let temporary = tempfile::tempdir().unwrap();
            let directory = SessionDirectory::at(temporary.path().join("sessions/s"));
            let definition = Definition {
                name: "zookeeper".to_owned(),
                role: Role::ZooKeeper,
                program: "/bin/sleep".into(),
                arguments: vec!["60".to_owned()],
                environment: BTreeMap::new(),
                directory: temporary.path().to_owned(),
                out: temporary.path().join("out"),
                log: temporary.path().join("log"),
                inputs: String::new(),
            };
            let launch = Launch {
                generation: 1,
                token: String::new(),
                flink_version: String::new(),
                rest_urls: Vec::new(),
                ports: BTreeMap::new(),
                options: BTreeMap::new(),
                files: BTreeMap::new(),
                recovers: false,
                processes: vec![definition],
            };
            let mut supervisor = Supervisor::new(&directory, &launch);
            supervisor.obey(launch);
            let process = supervisor.processes.get_mut("zookeeper").unwrap();
            let State::Running { living } = &mut process.state else { panic!("it does not run") };
            living.stopped = stopped;
            // Its end is waited for with it.
            living.signal(Signal::KILL);
            supervisor.ended("zookeeper");
            supervisor.zookeeper_away
        }
        let before = Instant::now();
        let stopped = before.checked_sub(Duration::from_secs(20)).unwrap();
        assert_eq!(away(Some(stopped)), Some(stopped));
        // The control: one that died is away from now on.
        assert!(away(None).is_some_and(|away| before <= away));
    }
}
