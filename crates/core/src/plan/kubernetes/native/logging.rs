//! Logging of pods whose session says nothing about it.

use std::collections::BTreeMap;

/// To stdout, where `kubectl logs` looks, and to a file, which the web UI shows.
const CONSOLE: &str = "\
monitorInterval = 30
rootLogger.level = ${env:ROOT_LOG_LEVEL:-INFO}
rootLogger.appenderRef.console.ref = Console
rootLogger.appenderRef.file.ref = File
logger.pekko.name = org.apache.pekko
logger.pekko.level = INFO
logger.kafka.name = org.apache.kafka
logger.kafka.level = INFO
logger.zookeeper.name = org.apache.zookeeper
logger.zookeeper.level = INFO
appender.console.name = Console
appender.console.type = Console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %-60c %x - %m%n
appender.file.name = File
appender.file.type = RollingFile
appender.file.append = false
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

/// The files of a session file, and log4j to the console where they hold nothing for a console.
pub(in crate::plan::kubernetes) fn files(
    given: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut files = given.clone();
    if !files
        .keys()
        .any(|name| name.ends_with("-console.properties") || name.ends_with("-console.xml"))
    {
        files.insert("log4j-console.properties".to_owned(), CONSOLE.to_owned());
    }
    files
}
