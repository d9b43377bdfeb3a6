//! On what the figures were measured, in general words: no name and no path of the machine.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

/// Cores, memory, system, Java, and what else the machine was doing.
pub(crate) fn circumstances(date: &str, java: Option<&str>, load: Option<f64>) -> String {
    let cores = cores();
    let mut text = format!("{date}, {cores} cores");
    if let Some(bytes) = super::measure::memory_line("/proc/meminfo", "MemTotal") {
        let _ = write!(text, ", {} GiB of memory", bytes.div_ceil(1 << 30));
    }
    if let Ok(kernel) = fs::read_to_string("/proc/sys/kernel/osrelease") {
        let kernel: Vec<&str> = kernel.trim().split(['.', '-']).take(2).collect();
        let _ = write!(text, ", Linux {} ({})", kernel.join("."), std::env::consts::ARCH);
    }
    if let Some(java) = java {
        let _ = write!(text, ", Java {java}");
    }
    text.push('.');
    // Half a core's worth of other work can be seen in the figures.
    if let Some(load) = load.filter(|load| 0.5 < *load) {
        let _ = write!(
            text,
            " The machine was shared: {load:.1} programs wanted to run when the measurement began."
        );
    }
    if let Some(nice) = nice().filter(|nice| *nice < 0) {
        let _ = write!(text, " All that was measured ran at a raised priority (nice {nice}).");
    }
    text
}

/// Our own niceness, which everything that we start inherits: field 19 of proc_pid_stat(5).
fn nice() -> Option<i32> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(16)?.parse().ok()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// How many programs wanted to run in the last minute, on average.
pub(crate) fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

/// The version of a `java`, `17.0.15`.
pub(crate) fn java_version(java: &str) -> Option<String> {
    let output = Command::new(java).arg("-version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.split('"').nth(1).map(str::to_owned)
}

/// Today, as in 2026-11-21.
pub(crate) fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_machine_is_said_to_be_one() {
        let quiet = circumstances("2026-11-21", Some("17.0.1"), Some(0.2));
        assert!(quiet.starts_with("2026-11-21, ") && quiet.contains("Java 17.0.1."), "{quiet}");
        assert!(nice().is_some_and(|nice| (-20..20).contains(&nice)));
        assert!(circumstances("2026-11-21", None, Some(3.0)).contains("shared: 3.0 programs"));
    }
}
