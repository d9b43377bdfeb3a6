//! The command line of a JVM, part by part.

use super::flags::{ARCHIVE_FLAGS, java_flags};

/// What the command line of a JVM is made of. [`Jvm::arguments`] puts the parts in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Jvm {
    /// `JVM_ARGS` of the environment.
    pub first: Vec<String>,
    /// Whether it runs a TaskManager, which has a garbage collector of its own.
    pub task_manager: bool,
    /// Sizes of its memory.
    pub memory: Vec<String>,
    /// Its major version: 8, 11, 17, 21...
    pub major: u8,
    /// Flags of the user: [`super::UserFlags`], split.
    pub user: Vec<String>,
    /// Path of a class data archive.
    pub archive: Option<String>,
    /// Where Flink logs.
    pub log: String,
    /// The configuration of log4j.
    pub log4j: String,
    /// The configuration of logback, if there is one.
    pub logback: Option<String>,
    /// The class path.
    pub class_path: String,
    /// The main class.
    pub class: String,
    /// What follows the main class.
    pub arguments: Vec<String>,
}

impl Jvm {
    /// The flags that are there before an archive is chosen.
    pub fn flags(&self) -> Vec<String> {
        let mut flags = self.first.clone();
        if self.task_manager && self.user.is_empty() {
            // taskmanager.sh adds it unless the user gives flags.
            flags.push("-XX:+UseG1GC".to_owned());
        }
        flags.extend(self.memory.iter().cloned());
        flags.extend(java_flags(self.major));
        // After all of ours: of two flags that contradict each other the JVM takes the last one.
        flags.extend(self.user.iter().cloned());
        flags
    }

    /// All that follows the `java` program.
    pub fn arguments(self) -> Vec<String> {
        let mut line = self.flags();
        if let Some(archive) = self.archive {
            // An archive that does not fit any more is passed over, and in silence. Its checksums are
            // compared, because a JVM that runs on flipped bits dies. That costs 25 ms of processor time (50 MB of
            // archive, Java 17) of the 3 s that a start takes, and an archive spares more than 1 s.
            let [file, others @ ..] = ARCHIVE_FLAGS;
            line.push(format!("{file}{archive}"));
            line.extend(others.map(str::to_owned));
        }
        line.push(format!("-Dlog.file={}", self.log));
        line.push(format!("-Dlog4j.configuration=file:{}", self.log4j));
        line.push(format!("-Dlog4j.configurationFile=file:{}", self.log4j));
        if let Some(logback) = self.logback {
            line.push(format!("-Dlogback.configurationFile=file:{logback}"));
        }
        line.push("-classpath".to_owned());
        line.push(self.class_path);
        line.push(self.class);
        line.extend(self.arguments);
        line
    }
}

/// Options as words of a command line: `-D`, `key=value`.
pub fn dynamic(options: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    options
        .into_iter()
        .flat_map(|(key, value)| ["-D".to_owned(), format!("{key}={value}")])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(jvm: Jvm, expected: &str) {
        assert_eq!(jvm.arguments().join(" "), expected);
    }

    #[test]
    fn every_part_is_in_its_place() {
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let jvm = Jvm {
            first: texts(&["-Dfirst"]),
            task_manager: true,
            memory: texts(&["-Xmx1g"]),
            major: 8,
            archive: Some("/a.jsa".to_owned()),
            log: "/l.log".to_owned(),
            log4j: "/l.properties".to_owned(),
            logback: Some("/l.xml".to_owned()),
            class_path: "/c.jar".to_owned(),
            class: "Main".to_owned(),
            arguments: texts(&["--x"]),
            user: Vec::new(),
        };
        let with_user =
            Jvm { user: texts(&["-Duser"]), archive: None, logback: None, ..jvm.clone() };
        check(
            jvm,
            "-Dfirst -XX:+UseG1GC -Xmx1g -XX:SharedArchiveFile=/a.jsa -Xshare:auto -XX:+VerifySharedSpaces -Xlog:cds*=off \
             -Xlog:class+path=off -Dlog.file=/l.log -Dlog4j.configuration=file:/l.properties \
             -Dlog4j.configurationFile=file:/l.properties -Dlogback.configurationFile=file:/l.xml -classpath /c.jar Main --x",
        );
        check(
            with_user,
            "-Dfirst -Xmx1g -Duser -Dlog.file=/l.log -Dlog4j.configuration=file:/l.properties \
             -Dlog4j.configurationFile=file:/l.properties -classpath /c.jar Main --x",
        );
    }
}
