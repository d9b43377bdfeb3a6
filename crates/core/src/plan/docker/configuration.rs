//! The configuration that the containers of a session read.

use super::{REST_PORT, TASK_MANAGER_PORT, ZOOKEEPER_PORT};
use crate::plan::{retention, zookeeper};
use crate::session::Session;
use nutkin_flink::{Configuration, Origin};

/// The session's options completed for containers. Precedence, lowest first:
///
/// 1. places on the volume, for what outlives containers;
/// 2. the session's own options;
/// 3. what containers dictate: names instead of addresses, everything bound to all addresses of the container (its
///    network is the session's own; what leaves it is published, see [`super::PUBLISH`]), ports that are known.
pub(super) fn effective(session: &Session, data: &str, zookeeper: bool) -> Configuration {
    let mut all = session.configuration.clone();
    // 1.
    let place = Origin::Default("on the session's volume unless told otherwise");
    let is_new = session.flink.is_at_least(2, 0);
    for (keys, folder) in [
        (["state.checkpoints.dir", "execution.checkpointing.dir"], "checkpoints"),
        (["state.savepoints.dir", "execution.checkpointing.savepoint-dir"], "savepoints"),
    ] {
        if !keys.iter().any(|key| all.contains(key)) {
            all.set(keys[usize::from(is_new)], format!("file://{data}/{folder}"), place.clone());
        }
    }
    retention::retain(&mut all, session.flink);
    retention::archive(&mut all, data);
    if zookeeper {
        let quorum = Origin::Derived("the ZooKeeper that Nutkin brings along");
        all.set(
            "high-availability.zookeeper.quorum",
            format!("zookeeper:{ZOOKEEPER_PORT}"),
            quorum,
        );
        all.set_default("high-availability.storageDir", format!("file://{data}/ha"), place.clone());
        all.set_default("high-availability.cluster-id", format!("/{}", session.name), place);
        zookeeper::fail_over_soon(&mut all, session.flink);
    }
    // 3.
    let open = Origin::Default("the session's network is its own");
    for key in ["rest.bind-address", "jobmanager.bind-host", "taskmanager.bind-host"] {
        all.set_default(key, "0.0.0.0", open.clone());
    }
    let names = Origin::Derived("containers find each other by name");
    let job_manager = match session.job_managers() {
        1 => "jobmanager",
        _ => "jobmanager-1",
    };
    all.set("jobmanager.rpc.address", job_manager, names.clone());
    all.set("rest.port", REST_PORT.to_string(), names.clone());
    all.set("taskmanager.rpc.port", TASK_MANAGER_PORT.to_string(), names);
    // Options of our own do not concern Flink.
    let own: Vec<String> = all
        .iter()
        .filter(|(key, _)| key.starts_with("nutkin.") || key.starts_with("kubernetes."))
        .map(|(key, _)| key.to_owned())
        .collect();
    for key in own {
        all.remove(&key);
    }
    all
}

/// A ZooKeeper of one server. Flink's own peer wants a server line even then.
pub(super) fn zookeeper(data: &str) -> String {
    format!(
        "tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir={data}/zookeeper\nclientPort={ZOOKEEPER_PORT}\n\
         admin.enableServer=false\nserver.1=127.0.0.1:2888:3888\n"
    )
}
