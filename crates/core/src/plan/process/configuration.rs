//! The configuration that the processes of one machine read.

use super::Machine;
use crate::plan::zookeeper::{self, KeptBy};
use crate::plan::{registration, retention};
use crate::session::Session;
use nutkin_flink::Problem;
use nutkin_flink::dialect::{self, Dialect};
use nutkin_flink::{Configuration, FlinkVersion, Origin};

/// The session's options completed for one machine. Precedence, lowest first:
///
/// 1. defaults that make a session on one machine useful: places for jars, checkpoints, savepoints; and ready soon;
/// 2. the session's own options;
/// 3. what the machine dictates: ports and addresses that were chosen, and loopback for everything that
///    the user did not open in so many words (REST is open to anyone who reaches it).
pub fn effective(session: &Session, machine: &Machine) -> Configuration {
    let mut all = session.configuration.clone();
    let Machine { directory, data, .. } = machine;

    // 1.
    let place = Origin::Default("inside the session's directory unless told otherwise");
    all.set_default("io.tmp.dirs", format!("{directory}/tmp"), place.clone());
    all.set_default("web.upload.dir", format!("{directory}/jars"), place.clone());
    registration::find_again(&mut all);
    let checkpoints = ["state.checkpoints.dir", "execution.checkpointing.dir"];
    if !checkpoints.iter().any(|key| all.contains(key)) {
        all.set(
            dir_key(session.flink, checkpoints),
            format!("file://{data}/checkpoints"),
            place.clone(),
        );
    }
    let savepoints = ["state.savepoints.dir", "execution.checkpointing.savepoint-dir"];
    if !savepoints.iter().any(|key| all.contains(key)) {
        all.set(
            dir_key(session.flink, savepoints),
            format!("file://{data}/savepoints"),
            place.clone(),
        );
    }
    retention::retain(&mut all, session.flink);
    retention::archive(&mut all, data);
    if let Some(port) = machine.zookeeper_port {
        let quorum = Origin::Derived("the ZooKeeper that Nutkin brings along");
        all.set("high-availability.zookeeper.quorum", format!("127.0.0.1:{port}"), quorum);
        all.set_default("high-availability.storageDir", format!("file://{data}/ha"), place.clone());
        all.set_default("high-availability.cluster-id", format!("/{}", session.name), place);
        zookeeper::fail_over_soon(&mut all, session.flink, KeptBy::Supervisor);
    }

    // 3.
    let loopback = Origin::Default("nobody but this machine reaches it unless an address is given");
    for key in [
        "rest.address",
        "rest.bind-address",
        "jobmanager.bind-host",
        "taskmanager.host",
        "taskmanager.bind-host",
    ] {
        all.set_default(key, "127.0.0.1", loopback.clone());
    }
    let chosen = Origin::Derived("chosen for this machine");
    all.set("jobmanager.rpc.address", "127.0.0.1", chosen.clone());
    all.set("jobmanager.rpc.port", machine.rpc_port.to_string(), chosen.clone());
    // Each of several JobManagers is told its own on its command line.
    all.remove("rest.port");
    // It would win over the port that was chosen.
    all.remove("rest.bind-port");
    if let [port] = machine.rest_ports.as_slice() {
        all.set("rest.port", port.to_string(), chosen);
    }
    // Options of our own do not concern Flink, and those of other readers would restart it for nothing.
    let own: Vec<String> = all
        .iter()
        .filter(|(key, _)| NOT_FOR_PROCESSES.iter().any(|prefix| key.starts_with(prefix)))
        .map(|(key, _)| key.to_owned())
        .collect();
    for key in own {
        all.remove(&key);
    }
    all
}

/// Options that no process of one machine reads: ours, those of the Java operator, and the CPUs of pods.
const NOT_FOR_PROCESSES: &[&str] =
    &["nutkin.", "kubernetes.operator.", "kubernetes.jobmanager.cpu", "kubernetes.taskmanager.cpu"];

/// The spelling of a directory option that a release reads: 2.x dropped the first one.
fn dir_key(version: FlinkVersion, keys: [&'static str; 2]) -> &'static str {
    keys[usize::from(version.is_at_least(2, 0))]
}

/// Name and text of the configuration file. `config.yaml` is written with whole keys (`a.b: 'c'`), which Flink
/// flattens to the same thing: nested, a key that is also a parent of another would be lost.
pub(crate) fn file(
    configuration: &Configuration,
    version: FlinkVersion,
    problems: &mut Vec<Problem>,
) -> (&'static str, String) {
    let mut text = String::from(
        "# Written by nutkin for this session. It is written anew by every `nutkin up`.\n",
    );
    let dialect = Dialect::for_version(version);
    match dialect {
        Dialect::FlinkConf => match dialect::write(dialect, configuration) {
            Ok(lines) => text.push_str(&lines),
            Err(all) => problems.extend(all),
        },
        Dialect::ConfigYaml => text.push_str(&dialect::flat_yaml(configuration)),
    }
    (dialect.file_name(), text)
}
