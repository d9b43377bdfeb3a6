//! Log configuration: levels, loggers and appenders that are not there. The table for both kinds of files, and those of Log4j.

use std::collections::BTreeSet;

use super::rules;
use crate::embedded::Embedded;
use crate::finding::Findings;
use crate::system::System;

rules! {
    LEVEL "NK0801" Warning "this is not a log level"
        happens "The word is not understood, and another level counts: for Log4j usually that of the root logger, for Logback DEBUG. One line on the console says so, which nobody reads."
        cure "Write one of OFF, ERROR, WARN, INFO, DEBUG, TRACE, ALL; Log4j knows FATAL as well.";
    ABSENT_LOGGER "NK0802" Note "a logger of classes that this Flink does not have"
        happens "The lines have no effect. Flink 1.18 replaced Akka by Pekko: what was silenced under the old name is loud again under the new one."
        cure "Write the name of the package that this version has, or remove the lines.";
    ABSENT_APPENDER "NK0803" Error "a logger refers to an appender that is not defined"
        happens "The logging says so once on the console and writes nothing there: the file or the console stays empty."
        cure "Define the appender (`appender.NAME.name`, `appender.NAME.type` for Log4j, `<appender>` for Logback), or fix the reference.";
    OLD_LOG4J "NK0804" Warning "properties of Log4j 1"
        happens "Flink includes Log4j 2 since 1.11, which does not understand them: it falls back to errors on the console, and all other logs are missing."
        cure "Write them as Log4j 2 has them: `rootLogger.level = INFO`, `appender.console.type = CONSOLE`.";
    NO_CONSOLE "NK0805" Warning "nothing is logged to the console of the pod"
        happens "`kubectl logs` shows nothing, and when the pod is gone its files are gone, too: the reason of a crash cannot be found."
        cure "Add an appender of type CONSOLE (Logback: a ConsoleAppender) to the root logger beside the file.";
    LATER_LOGGER "NK0806" Note "a logger of classes that a later Flink names differently"
        happens "It works in this version. After an upgrade to Flink 1.18 or later the lines have no effect."
        cure "Add the lines for the new name now, or with the upgrade; both can exist side by side.";
}

const LEVELS: &[&str] = &["OFF", "FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE", "ALL"];

/// One file of Log4j, or one that is taken for such.
pub(super) fn of_text(system: &System<'_>, text: &Embedded, out: &mut Findings<'_>) {
    let lines: Vec<(u32, &str, &str)> = lines(text).collect();
    let old = lines.iter().find(|(_, key, _)| key.starts_with("log4j."));
    if let Some((number, key, _)) = old {
        let message = format!("`{key}` is an option of Log4j 1");
        out.add(&OLD_LOG4J, text.place(out.files, *number, 1), message);
        return;
    }
    levels(text, &lines, out);
    loggers(system, text, &lines, out);
    appenders(system, text, &lines, out);
}

/// The properties of the file: line, key and value.
fn lines(text: &Embedded) -> impl Iterator<Item = (u32, &str, &str)> {
    text.text.lines().enumerate().filter_map(|(index, line)| {
        let line = line.trim();
        if line.starts_with(['#', '!']) {
            return None;
        }
        let (key, value) = line.split_once('=').or_else(|| line.split_once(':'))?;
        Some((u32::try_from(index + 1).ok()?, key.trim(), value.trim()))
    })
}

/// The last word of a key.
fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

fn levels(text: &Embedded, lines: &[(u32, &str, &str)], out: &mut Findings<'_>) {
    for (number, key, value) in lines {
        let is_level =
            last(key) == "level" && (key.starts_with("logger.") || *key == "rootLogger.level");
        let known =
            value.contains("${") || LEVELS.iter().any(|level| level.eq_ignore_ascii_case(value));
        if is_level && !known {
            let letters: String = value.chars().filter(char::is_ascii_alphabetic).collect();
            let place = text.place(out.files, *number, 1);
            let fixed = LEVELS.iter().find(|level| level.eq_ignore_ascii_case(&letters));
            let patch = fixed.and_then(|level| out.replace(place, &format!("{key} = {level}")));
            out.add(&LEVEL, place, format!("`{value}` is not a log level")).patch = patch;
        }
    }
}

fn loggers(
    system: &System<'_>,
    text: &Embedded,
    lines: &[(u32, &str, &str)],
    out: &mut Findings<'_>,
) {
    let Some(version) = system.version else { return };
    let has_pekko = version.is_at_least(1, 18);
    for (number, key, value) in lines {
        if !key.starts_with("logger.") || last(key) != "name" {
            continue;
        }
        let under = |package: &str| *value == package || value.starts_with(&format!("{package}."));
        let now = if under("akka") && has_pekko {
            "org.apache.pekko"
        } else if under("org.apache.pekko") && !has_pekko {
            "akka"
        } else if under("akka") {
            let message = "from Flink 1.18 on these classes are in `org.apache.pekko`";
            out.add(&LATER_LOGGER, text.place(out.files, *number, 1), message);
            continue;
        } else if under("org.jboss.netty") || value.contains("shaded.akka.org.jboss.netty") {
            // Akka's old netty is shaded by `flink-rpc-akka` up to 1.17 under another name again.
            if has_pekko { "org.jboss.netty.channel.DefaultChannelPipeline" } else { continue }
        } else {
            continue;
        };
        if now == *value {
            continue;
        }
        let place = text.place(out.files, *number, 1);
        let message = format!("Flink {version} has no classes in `{value}`; they are in `{now}`");
        let patch = out.replace(place, &format!("{key} = {now}"));
        out.add(&ABSENT_LOGGER, place, message).patch = patch;
    }
}

fn appenders(
    system: &System<'_>,
    text: &Embedded,
    lines: &[(u32, &str, &str)],
    out: &mut Findings<'_>,
) {
    let of = |end: &'static str| {
        lines.iter().filter(move |(_, key, _)| {
            key.starts_with("appender.") && key.ends_with(end) && key.matches('.').count() == 2
        })
    };
    let names: BTreeSet<&str> = of(".name").map(|(_, _, value)| *value).collect();
    for (number, key, value) in lines {
        let is_reference = key.contains(".appenderRef.") && last(key) == "ref";
        if is_reference && !names.contains(value) && !value.contains("${") {
            let message = format!("no appender is called `{value}`");
            out.add(&ABSENT_APPENDER, text.place(out.files, *number, 1), message);
        }
    }
    let on_kubernetes = system.is_on_kubernetes() && text.name.contains("console");
    let has_console = of(".type").any(|(_, _, value)| value.eq_ignore_ascii_case("console"));
    let logs = lines.iter().find(|(_, key, _)| key.starts_with("rootLogger"));
    if let (true, false, Some((number, ..))) = (on_kubernetes, has_console, logs) {
        let place = text.place(out.files, *number, 1);
        out.add(&NO_CONSOLE, place, "the root logger has no appender of type CONSOLE");
    }
}
