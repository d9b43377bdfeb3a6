//! Logging of a process in a container: the mounted files, else a default that says everything on standard output.

use super::{Observed, launch::Kind};

/// To standard output, where a container's log is looked for; as Flink's `log4j-console.properties` it keeps no file
/// that would be lost with the container.
const CONSOLE: &str = "\
monitorInterval = 30
rootLogger.level = ${env:ROOT_LOG_LEVEL:-INFO}
rootLogger.appenderRef.console.ref = Console
logger.pekko.name = org.apache.pekko
logger.pekko.level = INFO
logger.kafka.name = org.apache.kafka
logger.kafka.level = INFO
logger.zookeeper.name = org.apache.zookeeper
logger.zookeeper.level = INFO
appender.console.name = Console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %-60c %x - %m%n
# Netty says at every stop that a channel was closed, as an error.
logger.netty.name = org.jboss.netty.channel.DefaultChannelPipeline
logger.netty.level = OFF
";

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
pub(super) fn choose(observed: &Observed, kind: Kind, conf: &str, private: &str) -> Logging {
    let has = |name: &&str| observed.conf_others.iter().any(|other| other == *name);
    let (log4j, logback) = match kind {
        Kind::Foreground => (
            ["log4j-console.properties", "log4j.properties"],
            ["logback-console.xml", "logback.xml"],
        ),
        Kind::Daemon => (
            ["log4j.properties", "log4j-console.properties"],
            ["logback.xml", "logback-console.xml"],
        ),
    };
    let logback = logback.into_iter().find(has).map(|name| format!("{conf}/{name}"));
    if let Some(name) = log4j.into_iter().find(has) {
        return Logging { log4j: format!("{conf}/{name}"), logback, write: None };
    }
    let text = match kind {
        Kind::Foreground => CONSOLE,
        Kind::Daemon => crate::plan::process::log::DEFAULT,
    };
    let name = "log4j.properties";
    Logging { log4j: format!("{private}/{name}"), logback, write: Some((name, text)) }
}
