//! A session as processes on one machine: what Flink's own start scripts would start, without their
//! calculator JVMs and with every address on loopback.
//!
//! Sources: `config.sh`, `jobmanager.sh`, `taskmanager.sh`, `zookeeper.sh` and `flink-daemon.sh` of
//! flink-dist 1.13 to 2.3.

pub(crate) mod configuration;
mod file_systems;
pub(crate) mod jvm;
pub(crate) mod log;

use std::collections::BTreeMap;

pub use configuration::effective;

use crate::jars;
use crate::plan::network;
use crate::session::Session;
use nutkin_flink::memory::{self, LegacyHeap, MemoryInput};
use nutkin_flink::process::{Role, is_dist};
use nutkin_flink::{Problem, Remedy};

/// What the shell found and chose on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Flink's home directory.
    pub flink_home: String,
    /// Names of the jars in its `lib/`, in any order.
    pub lib: Vec<String>,
    /// Jars of `nutkin.libs`, as absolute paths.
    pub extra_libs: Vec<String>,
    /// The plugins directory: Flink's own, or one that also has `nutkin.plugins`.
    pub plugins: String,
    /// What is in that directory: name of a plugin, names of its jars.
    pub plugin_jars: BTreeMap<String, Vec<String>>,
    /// Java's home directory.
    pub java_home: String,
    /// 8, 11, 17, 21...
    pub java_major: u8,
    /// The session's directory.
    pub directory: String,
    /// Where checkpoints, savepoints and high availability data go unless told otherwise: it outlives
    /// the session.
    pub data: String,
    /// REST port of each JobManager; their number is the number of JobManagers.
    pub rest_ports: Vec<u16>,
    /// RPC port of the JobManager, unused with high availability.
    pub rpc_port: u16,
    /// Client port of a ZooKeeper that Nutkin brings along.
    pub zookeeper_port: Option<u16>,
    /// Class data archives, where there are valid ones.
    pub archives: Archives,
    /// Variables that the processes get: `PATH`, `HOME`, `LANG`, `HADOOP_CLASSPATH` and the like.
    pub environment: BTreeMap<String, String>,
}

/// Paths of class data archives by role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Archives {
    /// For JobManagers.
    pub job_manager: Option<String>,
    /// For TaskManagers.
    pub task_manager: Option<String>,
}

/// Files and processes of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processes {
    /// Files to write before anything starts: path below the session's directory, text.
    pub files: BTreeMap<String, String>,
    /// Processes, in the order of their roles; all may start at once.
    pub processes: Vec<Process>,
    /// REST addresses, one for each JobManager.
    pub rest_urls: Vec<String>,
    /// All options that Flink finds in its configuration file, and ours that decide what is loaded.
    pub options: BTreeMap<String, String>,
    /// What lets others than this machine reach them, each in one line.
    pub open: Vec<String>,
}

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// `jobmanager`, `jobmanager-1`, `taskmanager-1`, `zookeeper`.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Path of the `java` program.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Where stdout and stderr go, below the session's directory.
    pub out: String,
    /// Where Flink logs, below the session's directory.
    pub log: String,
}

/// Plans the processes of a session.
///
/// # Errors
/// All that is wrong: memory that does not fit, values that the configuration file cannot hold, numbers
/// that are not numbers, file systems without their plugin, a Flink without its main jar.
pub fn plan(session: &Session, machine: &Machine) -> Result<Processes, Vec<Problem>> {
    let configuration = effective(session, machine);
    let mut problems: Vec<Problem> =
        jars::without_claims(&session.configuration).err().into_iter().collect();
    let input = MemoryInput {
        configuration: &configuration,
        version: session.flink,
        legacy: LegacyHeap::default(),
    };
    let job_manager = memory::job_manager(&input).map_err(|problem| problems.push(problem)).ok();
    let task_manager = memory::task_manager(&input).map_err(|problem| problems.push(problem)).ok();
    let count = u32::try_from(machine.rest_ports.len()).unwrap_or(u32::MAX);
    let task_managers = session.task_manager.replicas.unwrap_or(1);
    problems.extend(network::shared(&configuration, count, task_managers));
    problems.extend(log::problem(&session.log_configuration, &machine.extra_libs));
    problems.extend(file_systems::missing(&configuration, session.flink, machine));
    if !machine.lib.iter().any(|jar| is_dist(jar)) {
        let message = format!("`{}/lib` has no flink-dist jar", machine.flink_home);
        problems.push(
            Problem::new("", message).hint(Remedy::Reinstall { flink: session.flink.to_string() }),
        );
    }
    let (name, text) = configuration::file(&configuration, session.flink, &mut problems);
    let (Some(job_manager), Some(task_manager), true) =
        (job_manager, task_manager, problems.is_empty())
    else {
        return Err(problems);
    };
    let mut files = BTreeMap::from([(format!("conf/{name}"), text)]);
    let logging = log::files(&session.log_configuration, &machine.extra_libs, &mut files);
    let jvm = jvm::Jvm { machine, configuration: &configuration, logging: &logging };

    let mut processes = Vec::new();
    if let Some(port) = machine.zookeeper_port {
        files.insert("conf/zoo.cfg".to_owned(), zookeeper_file(&machine.directory, port));
        processes.push(jvm.zookeeper());
    }
    for (index, port) in machine.rest_ports.iter().enumerate() {
        let name = match (count, index) {
            (1, _) => "jobmanager".to_owned(),
            (_, index) => format!("jobmanager-{}", index + 1),
        };
        processes.push(jvm.job_manager(name, *port, &job_manager));
    }
    for index in 1..=task_managers {
        processes.push(jvm.task_manager(index, &task_manager));
    }
    let mut options: BTreeMap<String, String> = configuration
        .iter()
        .map(|(key, entry)| (key.to_owned(), entry.value.to_string()))
        .collect();
    if !machine.extra_libs.is_empty() {
        options.insert("nutkin.libs".to_owned(), machine.extra_libs.join(";"));
    }
    if machine.plugins != format!("{}/plugins", machine.flink_home) {
        options.insert("nutkin.plugins".to_owned(), machine.plugins.clone());
    }
    if let Some(nonce) = session.restart_nonce {
        options.insert("spec.restartNonce".to_owned(), nonce.to_string());
    }
    Ok(Processes {
        files,
        processes,
        rest_urls: machine
            .rest_ports
            .iter()
            .map(|port| format!("http://127.0.0.1:{port}"))
            .collect(),
        options,
        open: network::open(&configuration),
    })
}

/// What Flink's processes of a session may take, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessMemory {
    /// All JobManagers.
    pub job_managers: u64,
    /// Each TaskManager.
    pub task_manager: u64,
    /// How many of those there are.
    pub task_managers: u64,
}

impl ProcessMemory {
    /// All of them together.
    pub const fn all(&self) -> u64 {
        self.job_managers.saturating_add(self.task_manager.saturating_mul(self.task_managers))
    }

    /// How many TaskManagers fit beside the JobManagers into so much, all that may be.
    pub fn fitting(&self, there: u64) -> u64 {
        there.saturating_sub(self.job_managers).checked_div(self.task_manager).unwrap_or(0)
    }
}

/// What they may take; `None`: [`plan`] says what is wrong.
pub fn memory(session: &Session, machine: &Machine) -> Option<ProcessMemory> {
    let configuration = effective(session, machine);
    let input = MemoryInput {
        configuration: &configuration,
        version: session.flink,
        legacy: LegacyHeap::default(),
    };
    let job_manager = memory::job_manager(&input).ok()?.process();
    let task_manager = memory::task_manager(&input).ok()?.process();
    Some(ProcessMemory {
        job_managers: job_manager.saturating_mul(machine.rest_ports.len() as u64),
        task_manager,
        task_managers: u64::from(session.task_manager.replicas.unwrap_or(1)),
    })
}

/// A ZooKeeper of one server. Flink's own peer wants a server line even then. It looks for sessions that are over at each tick:
/// short ones let a dead leader go up to 1.5 s earlier than the usual 2 s do. The limits of sessions are those of usual ticks.
fn zookeeper_file(directory: &str, port: u16) -> String {
    format!(
        "tickTime=500\nminSessionTimeout=4000\nmaxSessionTimeout=40000\ninitLimit=40\nsyncLimit=20\ndataDir={directory}/zookeeper\nclientPort={port}\n\
         clientPortAddress=127.0.0.1\nadmin.enableServer=false\nserver.1=127.0.0.1:2888:3888\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with a Flink that has what every Flink has.
    pub(super) fn machine() -> Machine {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Machine {
            flink_home: "/flink".to_owned(),
            lib: texts(&["log4j-core-2.24.3.jar", "flink-dist-1.20.5.jar", "flink-cep-1.20.5.jar"]),
            extra_libs: Vec::new(),
            plugins: "/flink/plugins".to_owned(),
            plugin_jars: BTreeMap::from([(
                "metrics-graphite".to_owned(),
                texts(&["flink-metrics-graphite-1.20.5.jar"]),
            )]),
            java_home: "/java".to_owned(),
            java_major: 17,
            directory: "/session".to_owned(),
            data: "/data".to_owned(),
            rest_ports: vec![8081],
            rpc_port: 6123,
            zookeeper_port: None,
            archives: Archives::default(),
            environment: BTreeMap::new(),
        }
    }
}
