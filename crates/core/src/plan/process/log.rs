//! Logging of processes on one machine.

use std::collections::BTreeMap;

/// What the JVMs are told about logging.
pub(super) struct Logging {
    /// File name below `conf/` of the log4j 2 configuration.
    pub(super) log4j: String,
    /// File name below `conf/` of the logback configuration, if the user gave one.
    pub(super) logback: Option<String>,
}

/// One file for each process, rotated at start and at 100 MB, ten kept: what Flink's own daemons do.
pub(crate) const DEFAULT: &str = "\
monitorInterval = 30
rootLogger.level = ${env:ROOT_LOG_LEVEL:-INFO}
rootLogger.appenderRef.file.ref = File
logger.pekko.name = org.apache.pekko
logger.pekko.level = INFO
logger.kafka.name = org.apache.kafka
logger.kafka.level = INFO
logger.zookeeper.name = org.apache.zookeeper
logger.zookeeper.level = INFO
appender.file.name = File
appender.file.type = RollingFile
appender.file.append = true
appender.file.fileName = ${sys:log.file}
appender.file.filePattern = ${sys:log.file}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %-60c %x - %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 100MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 10
# Netty says at every stop that a channel was closed, as an error.
logger.netty.name = org.jboss.netty.channel.DefaultChannelPipeline
logger.netty.level = OFF
";

/// Adds the logging files to `files`. `spec.logConfiguration` wins; its files keep their names.
pub(super) fn files(
    given: &BTreeMap<String, String>,
    files: &mut BTreeMap<String, String>,
) -> Logging {
    for (name, text) in given {
        files.insert(format!("conf/{name}"), text.clone());
    }
    // What `flink-daemon.sh` takes, then what `flink-console.sh` takes, then whatever there is.
    let of = |framework: &str, wanted: [&str; 2]| {
        let named = wanted.into_iter().find(|name| given.contains_key(*name)).map(str::to_owned);
        // Those of the client are no use to a process.
        let is_other = |name: &&String| name.starts_with(framework) && !name.contains("-cli");
        named.or_else(|| given.keys().find(is_other).cloned())
    };
    let log4j =
        of("log4j", ["log4j.properties", "log4j-console.properties"]).unwrap_or_else(|| {
            files.insert("conf/log4j.properties".to_owned(), DEFAULT.to_owned());
            "log4j.properties".to_owned()
        });
    Logging { log4j, logback: of("logback", ["logback.xml", "logback-console.xml"]) }
}
