//! The machine from which a session is made: what Flink's client reads there.

use std::collections::BTreeMap;

use crate::session::Session;
use nutkin_flink::{FlinkVersion, options};

/// What the shell found at a path of [`wanted`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeenPath {
    /// A file and what is in it.
    File(Vec<u8>),
    /// A directory.
    Directory,
    /// Something that cannot be read, and why.
    Unreadable(String),
}

/// The client's machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientMachine {
    /// Namespace of the kubeconfig's context, for sessions that name none.
    pub context_namespace: Option<String>,
    /// The environment: `HADOOP_CONF_DIR`, `HADOOP_HOME`, `FLINK_JM_HEAP`, `FLINK_TM_HEAP` count.
    pub environment: BTreeMap<String, String>,
    /// What is at the paths that [`wanted`] named. A path where nothing is, is not in here.
    pub files: BTreeMap<String, SeenPath>,
}

impl ClientMachine {
    /// A variable that is set to more than blanks.
    pub(in crate::plan::kubernetes) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// The Hadoop configuration directory of this machine, as Flink looks for it: `HADOOP_CONF_DIR`, otherwise
    /// what exists of `etc/hadoop` and `conf` in `HADOOP_HOME`.
    pub(in crate::plan::kubernetes) fn hadoop_directory(&self) -> Option<String> {
        if let Some(directory) = self.variable("HADOOP_CONF_DIR") {
            return Some(directory.to_owned());
        }
        let home = self.variable("HADOOP_HOME")?;
        let places = HADOOP_PLACES.map(|place| format!("{home}/{place}"));
        places.into_iter().find(|place| self.files.contains_key(place))
    }
}

/// Where a Hadoop 2 and a Hadoop 1 keep their configuration.
const HADOOP_PLACES: [&str; 2] = ["etc/hadoop", "conf"];

/// The files of a Hadoop configuration that Flink takes along (`Constants.HADOOP_CONF...`, all versions).
pub(in crate::plan::kubernetes) const HADOOP_FILES: [&str; 2] = ["core-site.xml", "hdfs-site.xml"];

/// The files of a configuration directory that go with the options: logging, in the order of the volume's
/// items. 2.x takes every file that one of its scripts reads.
pub(in crate::plan::kubernetes) fn log_files(version: FlinkVersion) -> &'static [&'static str] {
    const CONSOLE: &[&str] = &["logback-console.xml", "log4j-console.properties"];
    const ALL: &[&str] = &[
        "logback.xml",
        "log4j.properties",
        "logback-console.xml",
        "log4j-console.properties",
        "logback-session.xml",
        "log4j-session.properties",
        "log4j-cli.properties",
    ];
    if version.is_at_least(2, 0) { ALL } else { CONSOLE }
}

/// The paths that a plan may need, for the shell to read: templates, logging, Hadoop, Kerberos. What is not
/// there is left out of [`ClientMachine::files`]; the plan knows what it cannot do without.
pub fn wanted(session: &Session, environment: &BTreeMap<String, String>) -> Vec<String> {
    let mut paths = Vec::new();
    for key in FILE_OPTIONS {
        if let Some((_, entry)) = options::lookup(&session.configuration, key, session.flink) {
            paths.push(entry.value.to_string());
        }
    }
    if let Some(directory) = &session.conf_dir {
        let names = log_files(session.flink).iter();
        paths.extend(names.map(|name| format!("{}/{name}", directory.path)));
    }
    let variable = |name: &str| environment.get(name).filter(|value| !value.trim().is_empty());
    let mut places: Vec<String> = variable("HADOOP_CONF_DIR").into_iter().cloned().collect();
    if let Some(home) = variable("HADOOP_HOME") {
        places.extend(HADOOP_PLACES.map(|place| format!("{home}/{place}")));
    }
    for place in places {
        paths.extend(HADOOP_FILES.map(|file| format!("{place}/{file}")));
        paths.push(place);
    }
    paths
}

/// Options that name a file of the client's machine.
const FILE_OPTIONS: [&str; 4] = [
    "kubernetes.pod-template-file.jobmanager",
    "kubernetes.pod-template-file.taskmanager",
    "security.kerberos.login.keytab",
    "security.kerberos.krb5-conf.path",
];
