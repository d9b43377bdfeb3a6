//! What the container was told to do: the words behind the entrypoint, or the name under which it was called.
//!
//! Sources: `docker-entrypoint.sh` of flink-docker's branches dev-1.13 to dev-2.3; `jobmanager.sh`,
//! `taskmanager.sh`, `standalone-job.sh`, `historyserver.sh`, `zookeeper.sh`, `start-cluster.sh`,
//! `stop-cluster.sh`, `kubernetes-jobmanager.sh` and `kubernetes-taskmanager.sh` of flink-dist.

use std::collections::BTreeMap;

use super::host::{self, Host};
use super::{Service, words};
use nutkin_flink::Problem;

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Print how the entrypoint is used.
    Help,
    /// Become one process of Flink.
    Start(Start),
    /// Start a process in the background, as `jobmanager.sh start` does.
    Daemon {
        /// Which one.
        service: Service,
        /// The arguments behind `start`.
        arguments: Vec<String>,
    },
    /// End the last process of a kind, or all of them.
    Stop {
        /// Which kind.
        service: Service,
        /// `stop-all`.
        all: bool,
    },
    /// `start-cluster.sh`.
    StartCluster,
    /// `stop-cluster.sh`.
    StopCluster,
    /// Become another program, which is not one of ours.
    PassThrough(Vec<String>),
}

/// A process of Flink in the foreground.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Which one.
    pub service: Service,
    /// The arguments behind the verb, as they came.
    pub arguments: Vec<String>,
    /// Which variables count.
    pub rules: Rules,
    /// `ha` stood behind `cluster`: cluster-id, quorum and directories come from variables.
    pub ha: bool,
    /// A TaskManager starts beside this JobManager (`local`).
    pub with_task_manager: bool,
    /// What was decided on the way, to be said.
    pub said: Vec<String>,
}

impl Start {
    /// What one of Flink's scripts starts: no variable counts.
    pub fn of_script(service: Service, arguments: &[String]) -> Self {
        Self {
            service,
            arguments: arguments.to_vec(),
            rules: Rules::Script,
            ha: false,
            with_task_manager: false,
            said: Vec::new(),
        }
    }
}

/// Whose variables a process follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// None: Flink's own scripts read the configuration as it is.
    Script,
    /// Those of the official entrypoint.
    Official,
    /// Those of the official entrypoint, and the ones for clusters whose roles go by host name:
    /// `JOB_MANGER_HOSTS`, `FLINK_CLUSTER_IDENT`, `FLINK_ZK_QUORUM`, `*_HEAP_MB`.
    Cluster,
}

/// Variables that only clusters by host name have: one of them brings [`Rules::Cluster`].
const CLUSTER_VARIABLES: [&str; 6] = [
    "JOB_MANGER_HOSTS",
    "JOB_MANAGER_HOSTS",
    "FLINK_CLUSTER_IDENT",
    "FLINK_ZK_QUORUM",
    "JOB_MANAGER_HEAP_MB",
    "TASK_MANAGER_HEAP_MB",
];

/// The names of Flink's scripts that this entrypoint stands for.
pub const SCRIPTS: [&str; 9] = [
    "jobmanager.sh",
    "standalone-job.sh",
    "taskmanager.sh",
    "historyserver.sh",
    "zookeeper.sh",
    "start-cluster.sh",
    "stop-cluster.sh",
    "kubernetes-jobmanager.sh",
    "kubernetes-taskmanager.sh",
];

/// The name of the official entrypoint.
pub const ENTRYPOINT: &str = "docker-entrypoint.sh";

/// Whether a program called so is the entrypoint, whatever stands behind the name.
pub fn is_entrypoint(name: &str) -> bool {
    name == ENTRYPOINT || SCRIPTS.contains(&name)
}

/// Reads the command. `name` is the last part of the program's own name: one of [`SCRIPTS`], or anything else for the
/// entrypoint proper.
///
/// # Errors
/// A script was called with words that it does not have.
pub fn parse(
    name: &str,
    arguments: &[String],
    environment: &BTreeMap<String, String>,
    host: &Host,
) -> Result<Command, Vec<Problem>> {
    if SCRIPTS.contains(&name) {
        return Ok(told_of_variables(script(name, arguments)?, name, environment));
    }
    let Some((verb, rest)) = arguments.split_first() else { return Ok(Command::Help) };
    let rules = if CLUSTER_VARIABLES.iter().any(|name| is_set(environment, name)) {
        Rules::Cluster
    } else {
        Rules::Official
    };
    let start = |service, arguments: &[String], rules| Start {
        service,
        arguments: arguments.to_vec(),
        rules,
        ha: false,
        with_task_manager: false,
        said: Vec::new(),
    };
    Ok(match verb.as_str() {
        "help" | "--help" | "-h" => Command::Help,
        "jobmanager" | "taskmanager" => {
            let service = match verb.as_str() {
                "jobmanager" => Service::StandaloneSession,
                _ => Service::TaskExecutor,
            };
            // `jobmanager ha` of such clusters; everywhere else the word is a host.
            let ha = rules == Rules::Cluster && rest.first().is_some_and(|word| word == "ha");
            Command::Start(Start { ha, ..start(service, &rest[usize::from(ha)..], rules) })
        }
        "standalone-job" => Command::Start(start(Service::StandaloneJob, rest, rules)),
        "history-server" => Command::Start(start(Service::HistoryServer, rest, rules)),
        "cluster" => {
            let ha = rest.first().is_some_and(|word| word == "ha");
            let (service, said) = role(environment, host);
            let start = start(service, &rest[usize::from(ha)..], Rules::Cluster);
            Command::Start(Start { ha, said: vec![said], ..start })
        }
        "local" => {
            let said = "local: a JobManager and a TaskManager in this container".to_owned();
            let start = start(Service::StandaloneSession, rest, Rules::Cluster);
            Command::Start(Start { with_task_manager: true, said: vec![said], ..start })
        }
        _ => pass_through(arguments, environment)?,
    })
}

/// A variable that is there and not empty.
pub(super) fn is_set(environment: &BTreeMap<String, String>, name: &str) -> bool {
    environment.get(name).is_some_and(|value| !value.is_empty())
}

/// Variables that name the hosts of JobManagers. The first spelling is the one that users have.
const HOSTS: [&str; 2] = ["JOB_MANGER_HOSTS", "JOB_MANAGER_HOSTS"];

/// The hosts that run JobManagers.
pub(super) fn job_manager_hosts(environment: &BTreeMap<String, String>) -> Vec<&str> {
    let texts = HOSTS.into_iter().filter_map(|name| environment.get(name));
    let hosts = texts.flat_map(|hosts| hosts.split([',', ' ']));
    hosts.filter(|host| !host.is_empty()).collect()
}

/// The spelling that this container has been given.
pub(super) fn hosts_variable(environment: &BTreeMap<String, String>) -> &'static str {
    HOSTS.into_iter().find(|name| is_set(environment, name)).unwrap_or(HOSTS[0])
}

fn role(environment: &BTreeMap<String, String>, host: &Host) -> (Service, String) {
    let hosts = job_manager_hosts(environment);
    let (short, variable) = (host::short(&host.name), hosts_variable(environment));
    if hosts.contains(&short) {
        let said = format!("cluster: `{short}` is one of {variable}: starting a JobManager");
        (Service::StandaloneSession, said)
    } else if hosts.is_empty() {
        let said = format!(
            "cluster: {variable} is not set, so `{short}` starts a TaskManager; without it no host is a \
             JobManager"
        );
        (Service::TaskExecutor, said)
    } else {
        let said = format!(
            "cluster: `{short}` is not one of {variable} ({}): starting a TaskManager",
            hosts.join(", ")
        );
        (Service::TaskExecutor, said)
    }
}

/// A command that is not a verb: one of Flink's scripts, alone or in `bash -c`, or any other program.
fn pass_through(
    arguments: &[String],
    environment: &BTreeMap<String, String>,
) -> Result<Command, Vec<Problem>> {
    let as_it_is = || Ok(Command::PassThrough(arguments.to_vec()));
    if environment.get("NUTKIN_ENTRYPOINT").is_some_and(|value| value == "passthrough") {
        return as_it_is();
    }
    let words = match arguments {
        [shell, flag, text] if is_shell(shell) && flag == "-c" => words::split(text, environment),
        [name, ..] if SCRIPTS.contains(&name.as_str()) => Some(arguments.to_vec()),
        _ => None,
    };
    let Some(mut words) = words else { return as_it_is() };
    if words.first().is_some_and(|word| word == "exec") {
        words.remove(0);
    }
    match words.split_first() {
        Some((name, rest)) if SCRIPTS.contains(&base(name)) => {
            Ok(told_of_variables(script(base(name), rest)?, base(name), environment))
        }
        _ => as_it_is(),
    }
}

/// Variables that the verbs read and the scripts do not.
const OF_VERBS: [&str; 3] =
    ["JOB_MANAGER_RPC_ADDRESS", "TASK_MANAGER_NUMBER_OF_TASK_SLOTS", "FLINK_PROPERTIES"];

/// Scripts with a verb that starts the same process.
const WITH_VERB: [(&str, &str); 4] = [
    ("jobmanager.sh", "jobmanager"),
    ("taskmanager.sh", "taskmanager"),
    ("standalone-job.sh", "standalone-job"),
    ("historyserver.sh", "history-server"),
];

/// The command, which says that variables do not count where somebody has set them. Flink's native mode sets none of them.
fn told_of_variables(
    command: Command,
    script: &str,
    environment: &BTreeMap<String, String>,
) -> Command {
    let verb = WITH_VERB.iter().find(|(name, _)| *name == script).map(|(_, verb)| verb);
    let (Command::Start(mut start), Some(verb)) = (command.clone(), verb) else { return command };
    let set: Vec<&str> = OF_VERBS.into_iter().filter(|name| is_set(environment, name)).collect();
    if !set.is_empty() {
        start.said.push(format!(
            "{script} reads the configuration alone, not {}: the verb `{verb}` reads both",
            set.join(", ")
        ));
    }
    Command::Start(start)
}

fn is_shell(program: &str) -> bool {
    matches!(base(program), "bash" | "sh" | "dash")
}

/// The last part of a path.
pub fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn script(name: &str, arguments: &[String]) -> Result<Command, Vec<Problem>> {
    let foreground =
        |service, arguments: &[String]| Ok(Command::Start(Start::of_script(service, arguments)));
    let service = match name {
        "kubernetes-taskmanager.sh" => {
            return foreground(Service::KubernetesTaskManager, arguments);
        }
        "kubernetes-jobmanager.sh" => {
            return match arguments.split_first() {
                Some((word, rest)) if word == "kubernetes-session" => {
                    foreground(Service::KubernetesSession, rest)
                }
                Some((word, rest)) if word == "kubernetes-application" => {
                    foreground(Service::KubernetesApplication, rest)
                }
                _ => Err(usage(name, "(kubernetes-session|kubernetes-application) [args]")),
            };
        }
        "start-cluster.sh" => return Ok(Command::StartCluster),
        "stop-cluster.sh" => return Ok(Command::StopCluster),
        "jobmanager.sh" => Service::StandaloneSession,
        "standalone-job.sh" => Service::StandaloneJob,
        "historyserver.sh" => Service::HistoryServer,
        "zookeeper.sh" => Service::ZooKeeper,
        _ => Service::TaskExecutor,
    };
    let Some((verb, rest)) = arguments.split_first() else {
        return Err(usage(name, "(start|start-foreground|stop|stop-all) [args]"));
    };
    match verb.as_str() {
        "start" => Ok(Command::Daemon { service, arguments: rest.to_vec() }),
        "start-foreground" => foreground(service, rest),
        "stop" => Ok(Command::Stop { service, all: false }),
        "stop-all" => Ok(Command::Stop { service, all: true }),
        _ => Err(usage(name, "(start|start-foreground|stop|stop-all) [args]")),
    }
}

fn usage(name: &str, words: &str) -> Vec<Problem> {
    vec![
        Problem::new(name, "is called with words that it does not know")
            .hint(format!("usage: {name} {words}")),
    ]
}
