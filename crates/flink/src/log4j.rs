//! Log4j 2 configurations for processes whose session brings none: one set of loggers, and the places to write to.

macro_rules! root {
    ($($appender:literal = $name:literal),+) => {
        concat!(
            "monitorInterval = 30\nrootLogger.level = ${env:ROOT_LOG_LEVEL:-INFO}\n",
            $("rootLogger.appenderRef.", $appender, ".ref = ", $name, "\n",)+
            "\
logger.pekko.name = org.apache.pekko
logger.pekko.level = INFO
logger.kafka.name = org.apache.kafka
logger.kafka.level = INFO
logger.zookeeper.name = org.apache.zookeeper
logger.zookeeper.level = INFO
"
        )
    };
}

macro_rules! console {
    () => {
        "\
appender.console.name = Console
appender.console.type = Console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %-60c %x - %m%n
"
    };
}

/// Rotated at 100 MB, ten kept: what Flink's own daemons do. The literal says whether a process continues with the file
/// of the one before it.
macro_rules! file {
    ($append:literal) => {
        concat!(
            "\
appender.file.name = File
appender.file.type = RollingFile
appender.file.append = ",
            $append,
            "
appender.file.fileName = ${sys:log.file}
appender.file.filePattern = ${sys:log.file}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %-60c %x - %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 100MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 10
"
        )
    };
}

macro_rules! netty {
    () => {
        "\
# Netty says at every stop that a channel was closed, as an error.
logger.netty.name = org.jboss.netty.channel.DefaultChannelPipeline
logger.netty.level = OFF
"
    };
}

/// To a file: a process of this machine, a daemon in a container.
pub const FILE: &str = concat!(root!("file" = "File"), file!("true"), netty!());

/// To a file that each run begins again: a client, whose screen is the program's.
pub const CLIENT: &str = concat!(root!("file" = "File"), file!("false"), netty!());

/// To standard output, where a container's log is looked for; as Flink's `log4j-console.properties` it keeps no file
/// that would be lost with the container.
pub const CONSOLE: &str = concat!(root!("console" = "Console"), console!(), netty!());

/// To standard output, where `kubectl logs` looks, and to a file, which the web UI shows.
pub const CONSOLE_AND_FILE: &str =
    concat!(root!("console" = "Console", "file" = "File"), console!(), file!("false"), netty!());
