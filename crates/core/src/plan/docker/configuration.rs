//! The configuration that the containers of a session read.

use super::{HealthCheck, REST_PORT, TASK_MANAGER_PORT, ZOOKEEPER_PORT};
use crate::plan::zookeeper::{self, KeptBy};
use crate::plan::{modules, registration, retention};
use crate::session::Session;
use nutkin_flink::{Configuration, Origin};

/// The session's options completed for containers. Precedence, lowest first:
///
/// 1. places on the volume, for what outlives containers;
/// 2. the session's own options;
/// 3. what containers dictate: names instead of addresses, everything bound to all addresses of the container (its
///    network is the session's own; what leaves it is published, see [`super::PUBLISH`]), ports that are known.
///
/// The entry point of the official image starts Java by the flags of the configuration alone, so that this one has what
/// opens Java's modules, like the one whose place it takes. Our own entry point opens them by itself.
pub(super) fn effective(
    session: &Session,
    data: &str,
    zookeeper: bool,
    probe: HealthCheck,
) -> Configuration {
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
    registration::find_again(&mut all);
    if zookeeper {
        let quorum = Origin::Derived("the ZooKeeper that Nutkin brings along");
        all.set(
            "high-availability.zookeeper.quorum",
            format!("zookeeper:{ZOOKEEPER_PORT}"),
            quorum,
        );
        all.set_default("high-availability.storageDir", format!("file://{data}/ha"), place.clone());
        all.set_default("high-availability.cluster-id", format!("/{}", session.name), place);
        zookeeper::fail_over_soon(&mut all, session.flink, KeptBy::Daemon);
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
    if probe == HealthCheck::Bash && session.conf_dir.is_none() {
        modules::open(&mut all, session.flink);
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{self, Inputs};
    use nutkin_flink::process::module_flags;

    /// The value of `env.java.opts.all` in the containers of a release.
    #[track_caller]
    fn check(flink: &str, own: Option<(&str, &str)>, probe: HealthCheck, expected: Option<&str>) {
        let options = own.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let inputs = Inputs {
            flink: Some(flink.parse().unwrap()),
            options: options.into_iter().collect(),
            ..Inputs::default()
        };
        let session = spec::resolve(&inputs).unwrap();
        let all = effective(&session, "/opt/flink/data", false, probe);
        let found = ["env.java.opts.all", "env.java.opts"].iter().find_map(|key| all.text(key));
        assert_eq!(found.as_deref(), expected, "{flink} {own:?}");
    }

    #[test]
    fn modules_are_opened_as_in_the_configuration_that_flink_ships() {
        let shipped = module_flags();
        let behind = format!("{shipped} -Xss1m");
        let flags = ("env.java.opts.all", "-Xss1m");
        let own = "--add-opens=java.base/java.lang=ALL-UNNAMED";
        check("1.17.2", None, HealthCheck::Bash, None);
        for flink in ["1.18.1", "1.20.5", "2.3.0"] {
            check(flink, None, HealthCheck::Bash, Some(&shipped));
            check(flink, Some(flags), HealthCheck::Bash, Some(&behind));
            // Whoever opens modules says which.
            check(flink, Some(("env.java.opts.all", own)), HealthCheck::Bash, Some(own));
            // Our own entry point opens them once.
            check(flink, None, HealthCheck::Nutkin, None);
            check(flink, Some(flags), HealthCheck::Nutkin, Some("-Xss1m"));
        }
    }
}
