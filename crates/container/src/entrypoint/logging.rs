//! Logging of a process in a container: the mounted files, otherwise a default that says everything on standard output.

use super::ObservedContainer;
use nutkin_flink::log4j;

/// How a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaunchMode {
    /// In place of this program, logging to its standard output.
    Foreground,
    /// In the background, logging to files.
    Daemon,
}

/// Where the logging configuration is, and the text of one to write.
pub(super) struct Logging {
    /// Path of the log4j 2 configuration.
    pub(super) log4j: String,
    /// Path of the logback configuration, where there is one.
    pub(super) logback: Option<String>,
    /// A file to write below the private directory: path, text.
    pub(super) write: Option<(&'static str, &'static str)>,
}

/// `conf` is where the process finds the mounted files.
pub(super) fn choose(
    observed: &ObservedContainer,
    kind: LaunchMode,
    conf: &str,
    private: &str,
) -> Logging {
    let has = |name: &&str| observed.conf_others.iter().any(|other| other == *name);
    let (log4j, logback) = match kind {
        LaunchMode::Foreground => (
            ["log4j-console.properties", "log4j.properties"],
            ["logback-console.xml", "logback.xml"],
        ),
        LaunchMode::Daemon => (
            ["log4j.properties", "log4j-console.properties"],
            ["logback.xml", "logback-console.xml"],
        ),
    };
    let logback = logback.into_iter().find(has).map(|name| format!("{conf}/{name}"));
    if let Some(name) = log4j.into_iter().find(has) {
        return Logging { log4j: format!("{conf}/{name}"), logback, write: None };
    }
    let text = match kind {
        LaunchMode::Foreground => log4j::CONSOLE,
        LaunchMode::Daemon => log4j::FILE,
    };
    let name = "log4j.properties";
    Logging { log4j: format!("{private}/{name}"), logback, write: Some((name, text)) }
}
