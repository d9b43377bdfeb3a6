//! A session as Flink's own scripts start it on one machine (`start-cluster.sh`): one process after the other,
//! for each first a JVM that calculates its memory, then the process in the background. Nothing is waited for
//! in between, and what the shell itself takes is left out: that favours the scripts.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::flink::{Component, Flink};
use super::measure::{self, cpu_ticks};
use super::rest;
use super::session::{Started, TICK};

/// What `nutkin render -o json` prints: the command lines are those of Flink's scripts.
#[derive(Debug, Deserialize)]
pub(crate) struct Rendered {
    files: BTreeMap<String, String>,
    processes: Vec<Process>,
}

#[derive(Debug, Deserialize)]
struct Process {
    name: String,
    program: String,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    directory: PathBuf,
    out: PathBuf,
}

/// Ends its processes when it goes.
struct Processes(Vec<Child>);

/// A session that was started so. It is killed when it goes.
pub(crate) struct Session {
    processes: Processes,
    ready: Instant,
    cpu: Duration,
}

impl Rendered {
    /// Its Java.
    pub(crate) fn java(&self) -> &str {
        self.processes.first().map_or("java", |first| first.program.as_str())
    }

    /// Flags that open Java's modules to Flink, which its client needs as well.
    pub(crate) fn opens(&self) -> impl Iterator<Item = &String> {
        let arguments = self.processes.first().into_iter().flat_map(|first| &first.arguments);
        arguments.filter(|argument| argument.starts_with("--add-"))
    }

    /// Its configuration directory.
    pub(crate) fn conf(&self) -> PathBuf {
        let first = self.processes.first().map(|first| first.directory.join("conf"));
        first.unwrap_or_default()
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts everything and waits until the slots are registered; ends it again.
///
/// # Errors
/// When a JVM cannot be started or ends.
pub(crate) fn start(flink: &Flink, rendered: &Rendered, port: u16, slots: u64) -> Result<Started> {
    let started = Instant::now();
    let Session { processes, ready, mut cpu } = Session::start(flink, rendered, port, slots)?;
    let ticks: u64 = processes.0.iter().filter_map(|child| cpu_ticks(child.id())).sum();
    cpu += TICK * u32::try_from(ticks)?;
    Ok(Started { ready: ready - started, returned: ready - started, cpu })
}

impl Session {
    /// Starts everything and waits until the slots are registered.
    ///
    /// # Errors
    /// When a JVM cannot be started or ends.
    pub(crate) fn start(flink: &Flink, rendered: &Rendered, port: u16, slots: u64) -> Result<Self> {
        let first = rendered.processes.first().context("there are no processes")?;
        write(&first.directory, &rendered.files)?;
        let conf = rendered.conf();
        let mut cpu = Duration::ZERO;
        let mut processes = Processes(Vec::new());
        for process in &rendered.processes {
            let component = if process.name.starts_with("taskmanager") {
                Component::TaskManager
            } else {
                Component::JobManager
            };
            let mut calculator = flink.calculator(&process.program, component, &conf)?;
            cpu += measure::run(&mut calculator)?.cpu;
            processes.0.push(spawn(process)?);
        }
        let ready = rest::registered(port, slots, || {
            for child in &mut processes.0 {
                let ended = child.try_wait()?;
                ensure!(ended.is_none(), "a JVM ended: {ended:?}");
            }
            Ok(())
        })?;
        Ok(Self { processes, ready, cpu })
    }
}

fn write(directory: &Path, files: &BTreeMap<String, String>) -> Result<()> {
    for folder in ["conf", "log", "tmp", "jars"] {
        fs::create_dir_all(directory.join(folder))?;
    }
    for (name, text) in files {
        fs::write(directory.join(name), text)?;
    }
    Ok(())
}

fn spawn(process: &Process) -> Result<Child> {
    let out = File::create(&process.out)
        .with_context(|| format!("cannot write `{}`", process.out.display()))?;
    Command::new(&process.program)
        .args(&process.arguments)
        .env_clear()
        .envs(&process.environment)
        .current_dir(&process.directory)
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        .spawn()
        .with_context(|| format!("cannot start {}", process.name))
}
