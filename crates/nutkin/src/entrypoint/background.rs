//! `jobmanager.sh start`, `taskmanager.sh stop`, `start-cluster.sh`: processes in the background of a container.
//!
//! A PID in a file is only believed where the process with that number runs the class that the file is for.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use nutkin_container::entrypoint::daemon::{self, ClusterFiles};
use nutkin_container::entrypoint::launch::{self, LaunchMode};
use nutkin_container::entrypoint::{self, ObservedContainer, Service, Start};
use nutkin_flink::{Configuration, options};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::FlockOperation;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::time::Timespec;

use super::{foreground, places};
use crate::{Context, Exit, Outcome};
use nutkin_local::rotate;
use nutkin_shell::Error;

/// How long a process has to end before it is killed; `flink-daemon.sh` waits as long.
const PATIENCE: Duration = Duration::from_secs(10);

/// A new program's words can be read within microseconds; a second is for a machine that stands still.
const EXEC_LOOKS: u32 = 1000;
/// Between two looks.
const EXEC_PAUSE: Duration = Duration::from_millis(1);

/// Where PID files are unless told otherwise, as in `config.sh`.
const PID_DIRECTORY: &str = "/tmp";

/// Starts one process.
pub(super) fn start(
    service: Service,
    arguments: &[String],
    observed: &ObservedContainer,
    context: &Context<'_>,
) -> Outcome {
    let printer = context.printer;
    let version = foreground::version(observed)?;
    let start = Start::of_script(service, arguments);
    let effective = entrypoint::effective(&start, version, observed).map_err(Error::input)?;
    for line in entrypoint::report::lines(&start, &effective, observed) {
        printer.say(&line);
    }
    let pids = PidFile::open(service, observed, &effective.configuration)?;
    let mut known = pids.read();
    let running = known.iter().filter(|pid| is_running(**pid, service)).count();
    if running == 0 {
        known.clear();
    }
    let name = format!("{}-{}", service.name(), known.len());
    let private = places::private(&observed.environment, &name)?;
    let (links, machine) =
        foreground::machine(&effective, observed, &private, known.len(), context)?;
    let mut launch =
        launch::launch(&start, LaunchMode::Daemon, version, &effective, observed, &machine)
            .map_err(Error::input)?;
    launch.links.extend(links);
    let host = &observed.host.name;
    if 0 < running {
        printer.out(&format!(
            "[INFO] {running} instance(s) of {} are already running on {host}.\n",
            service.name()
        ));
    }
    printer.out(&format!("Starting {} daemon on host {host}.\n", service.name()));
    if !launch.files.is_empty() || !launch.links.is_empty() {
        places::fill(&private, &launch.files, &launch.links)?;
    }
    fs::create_dir_all(&machine.log_directory)
        .with_context(|| format!("cannot make `{}`", machine.log_directory))?;
    let out = Path::new(&launch.out);
    rotate::before_start(out)?;
    let file = File::create(out).with_context(|| format!("cannot write `{}`", out.display()))?;
    let mut child = process::Command::new(&launch.program)
        .args(&launch.arguments)
        .envs(&launch.environment)
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        // A Ctrl-C in the shell that called is not for it.
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot execute `{}`", launch.program))?;
    let pid = i32::try_from(child.id())?;
    known.push(pid);
    pids.write(&known)?;
    // The kernel lets the caller of `exec` go on before the new program's words can be read, and the next start or
    // stop knows the process by them.
    for _ in 0..EXEC_LOOKS {
        if is_running(pid, service) || child.try_wait()?.is_some() {
            break;
        }
        std::thread::sleep(EXEC_PAUSE);
    }
    Ok(Exit::Done)
}

/// Ends the last process of a kind, or all of them.
pub(super) fn stop(
    service: Service,
    all: bool,
    observed: &ObservedContainer,
    context: &Context<'_>,
) -> Outcome {
    let printer = context.printer;
    let (name, host) = (service.name(), &observed.host.name);
    let pids = PidFile::open(service, observed, &options_of(observed))?;
    let mut known = pids.read();
    let ending = if all { std::mem::take(&mut known) } else { known.pop().into_iter().collect() };
    if ending.is_empty() && !all {
        printer.out(&format!("No {name} daemon to stop on host {host}.\n"));
    }
    pids.write(&known)?;
    for pid in ending {
        let line = match (end(pid, service)?, all) {
            (Ended::Gently, _) => format!("Stopping {name} daemon (pid: {pid}) on host {host}."),
            (Ended::Killed, _) => format!(
                "Stopping {name} daemon (pid: {pid}) on host {host}.\nDaemon {name} didn't stop within {} seconds. \
                 Killing it.",
                PATIENCE.as_secs()
            ),
            (Ended::Before, false) => {
                format!("No {name} daemon (pid: {pid}) is running anymore on {host}.")
            }
            (Ended::Before, true) => format!(
                "Skipping {name} daemon (pid: {pid}), because it is not running anymore on {host}."
            ),
        };
        printer.out(&format!("{line}\n"));
    }
    Ok(Exit::Done)
}

/// Starts all processes that `masters` and `workers` name, or ends them.
pub(super) fn cluster(
    starts: bool,
    observed: &ObservedContainer,
    context: &Context<'_>,
) -> Outcome {
    let read = |name: &str| fs::read_to_string(Path::new(&observed.conf_directory).join(name)).ok();
    let (masters, workers) = (read("masters"), read("workers"));
    let files = ClusterFiles {
        directory: &observed.conf_directory,
        masters: masters.as_deref(),
        workers: workers.as_deref(),
    };
    let configuration = options_of(observed);
    let version = foreground::version(observed)?;
    let available = options::lookup(&configuration, "high-availability.type", version)
        .or_else(|| options::lookup(&configuration, "high-availability", version))
        .is_some_and(|(_, entry)| entry.value.to_string().eq_ignore_ascii_case("zookeeper"));
    let mut steps = daemon::cluster(&files, available, &observed.host).map_err(Error::input)?;
    if starts {
        let masters = steps.iter().filter(|(service, _)| *service == Service::StandaloneSession);
        context.printer.out(&if available {
            format!("Starting HA cluster with {} masters.\n", masters.count())
        } else {
            "Starting cluster.\n".to_owned()
        });
        for (service, arguments) in steps {
            start(service, &arguments, observed, context)?;
        }
    } else {
        // TaskManagers first.
        steps.reverse();
        for (service, _) in steps {
            stop(service, false, observed, context)?;
        }
    }
    Ok(Exit::Done)
}

/// The options of the mounted file; none where it cannot be read, which a start says and a stop need not know.
fn options_of(observed: &ObservedContainer) -> Configuration {
    let start = Start::of_script(Service::TaskExecutor, &[]);
    let version = entrypoint::version(&observed.lib, &observed.environment);
    version
        .and_then(|version| entrypoint::effective(&start, version, observed).ok())
        .map(|effective| effective.configuration)
        .unwrap_or_default()
}

/// The PID file of a kind of process, held against other starts and stops.
struct PidFile {
    path: PathBuf,
    /// Locked; closed and so unlocked on drop.
    _directory: File,
}

impl PidFile {
    fn open(
        service: Service,
        observed: &ObservedContainer,
        configuration: &Configuration,
    ) -> anyhow::Result<Self> {
        let named = observed.environment.get("FLINK_PID_DIR").filter(|path| !path.is_empty());
        let directory = named
            .cloned()
            .or_else(|| configuration.text("env.pid.dir"))
            .unwrap_or_else(|| PID_DIRECTORY.to_owned());
        let told = || format!("cannot keep PID files in `{directory}`");
        fs::create_dir_all(&directory).with_context(told)?;
        let file = File::open(&directory).with_context(told)?;
        rustix::fs::flock(&file, FlockOperation::LockExclusive).with_context(told)?;
        let name = format!("{}.pid", launch::prefix(service, &observed.environment));
        Ok(Self { path: Path::new(&directory).join(name), _directory: file })
    }

    fn read(&self) -> Vec<i32> {
        daemon::pids(&fs::read_to_string(&self.path).unwrap_or_default())
    }

    fn write(&self, pids: &[i32]) -> anyhow::Result<()> {
        if pids.is_empty() {
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(error).with_context(|| self.path.display().to_string())
                }
                _ => Ok(()),
            };
        }
        fs::write(&self.path, daemon::pid_file(pids))
            .with_context(|| format!("cannot write `{}`", self.path.display()))
    }
}

/// Whether the process with this number runs the service's class.
fn is_running(pid: i32, service: Service) -> bool {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    words.split(|byte| *byte == 0).any(|word| word == service.class().as_bytes())
}

enum Ended {
    /// It was not running.
    Before,
    /// It ended when it was told to.
    Gently,
    /// It had to be killed.
    Killed,
}

fn end(pid: i32, service: Service) -> anyhow::Result<Ended> {
    let Some(raw) = Pid::from_raw(pid) else { return Ok(Ended::Before) };
    // The descriptor comes first: what is read and signalled below is this very process.
    let Ok(process) = pidfd_open(raw, PidfdFlags::empty()) else { return Ok(Ended::Before) };
    if !is_running(pid, service) {
        return Ok(Ended::Before);
    }
    let told = || format!("cannot end the process {pid}");
    pidfd_send_signal(&process, Signal::TERM).with_context(told)?;
    let patience = Timespec { tv_sec: i64::try_from(PATIENCE.as_secs())?, tv_nsec: 0 };
    let mut fds = [PollFd::new(&process, PollFlags::IN)];
    if poll(&mut fds, Some(&patience)).with_context(told)? == 0 {
        pidfd_send_signal(&process, Signal::KILL).with_context(told)?;
        return Ok(Ended::Killed);
    }
    Ok(Ended::Gently)
}
