//! Runs commands as whole processes: from their start until they are reaped.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use wait4::Wait4 as _;

use crate::root::output;

/// What one run cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// From the start to the end.
    pub(crate) wall: Duration,
    /// User and system time, with that of the children it waited for.
    pub(crate) cpu: Duration,
    /// Most memory that was resident, in bytes. It cannot read below that of this process, from which the
    /// command was forked: see [`floor`].
    pub(crate) peak: u64,
    /// When it ended.
    pub(crate) ended: Instant,
}

/// Runs a command to its end; what it prints is thrown away.
///
/// # Errors
/// When it cannot be started, or ends with anything but 0.
pub(crate) fn run(command: &mut Command) -> Result<Run> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    wait(child, started).with_context(|| format!("{command:?}"))
}

/// Waits for a command that was started then.
///
/// # Errors
/// When it ends with anything but 0.
pub(crate) fn wait(child: Child, started: Instant) -> Result<Run> {
    let used = child.wait4()?;
    let ended = Instant::now();
    ensure!(used.status.success(), "it ended with {}", used.status);
    let cpu = used.rusage.utime + used.rusage.stime;
    Ok(Run { wall: ended - started, cpu, peak: used.rusage.maxrss, ended })
}

/// Runs each command in turn, `count` times, and one time before that which is not counted: the files are
/// in memory then. Each inner list has the runs of one command.
///
/// # Errors
/// As [`run`].
pub(crate) fn interleaved<const N: usize>(
    count: usize,
    commands: [&dyn Fn() -> Command; N],
) -> Result<[Vec<Run>; N]> {
    let mut runs = std::array::from_fn(|_| Vec::with_capacity(count));
    for round in 0..=count {
        for (command, runs) in commands.iter().zip(&mut runs) {
            let run = run(&mut command())?;
            if 0 < round {
                runs.push(run);
            }
        }
    }
    Ok(runs)
}

/// Peak memory of a command in bytes, without that of this process: a small process starts it, so that
/// the kernel's figure begins at less than what the command needs.
///
/// # Errors
/// As [`run`], and when this program cannot start itself again.
pub(crate) fn weigh(command: &Command) -> Result<u64> {
    let mut small = Command::new(std::env::current_exe()?);
    small.arg("weigh").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => small.env(name, value),
            None => small.env_remove(name),
        };
    }
    let text = output(&mut small).with_context(|| format!("{command:?}"))?;
    text.trim().parse().with_context(|| format!("`{text}` is not a number of bytes"))
}

/// Prints the peak memory of a command: what [`weigh`] starts.
///
/// # Errors
/// As [`run`].
pub(crate) fn weigher(words: &[OsString]) -> Result<()> {
    let (program, arguments) = words.split_first().context("a command is needed")?;
    let run = run(Command::new(program).args(arguments))?;
    writeln!(std::io::stdout(), "{}", run.peak)?;
    Ok(())
}

/// The most memory that this process had, in bytes: below it [`Run::peak`] says nothing.
pub(crate) fn floor() -> Option<u64> {
    memory_line("/proc/self/status", "VmHWM")
}

/// A line of `/proc/<pid>/status` or `/proc/meminfo`, which count kB, in bytes.
pub(crate) fn memory_line(path: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// User and system time of a process and all its threads so far, in clock ticks.
pub(crate) fn cpu_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the name, which may hold anything, come the fields from the third one on.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_measured_to_its_end() {
        let [first, second] = interleaved(
            2,
            [&|| Command::new("true"), &|| {
                let mut command = Command::new("sh");
                command.args(["-c", "sleep 0.01; echo said"]);
                command
            }],
        )
        .unwrap();
        assert_eq!((first.len(), second.len()), (2, 2));
        assert!(second.iter().all(|run| Duration::from_millis(10) <= run.wall && 0 < run.peak));
    }

    #[test]
    fn a_failed_run_is_no_figure() {
        let error = run(&mut Command::new("false")).unwrap_err();
        assert!(format!("{error:#}").contains("ended with exit status: 1"), "{error:#}");
    }

    #[test]
    fn this_process_has_memory_and_time() {
        assert!(floor().is_some_and(|bytes| 100_000 < bytes));
        assert!(cpu_ticks(std::process::id()).is_some());
    }
}
