//! Ports that are called by name. A session names the ports of Flink as Flink's client does, and whatever called them by
//! a name of the files has to follow.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::system::System;
use nutkin_flink::yaml::Node;

/// A port of Flink: its option, the number where that is silent, and the name that a session gives it
/// (`Constants.REST_PORT_NAME` and neighbours).
type Port = (&'static str, i64, &'static str);

const OF_JOB_MANAGER: &[Port] = &[
    ("rest.port", 8081, "rest"),
    ("rest.bind-port", 8081, "rest"),
    ("jobmanager.rpc.port", 6123, "jobmanager-rpc"),
    ("high-availability.jobmanager.port", 6123, "jobmanager-rpc"),
    ("blob.server.port", 6124, "blobserver"),
];

const OF_TASK_MANAGER: &[Port] = &[("taskmanager.rpc.port", 6122, "taskmanager-rpc")];

/// Fields that hold a port by number or name: of probes and hooks, Services, monitors and policies.
const FIELDS: [&str; 2] = ["port", "targetPort"];

/// The name that a session gives a port that a container of the files declares, or `None` for one that is not Flink's.
pub(super) fn own_name(
    system: &System<'_>,
    workload: &Workload<'_>,
    port: &Node,
) -> Option<&'static str> {
    let number = port.get("containerPort").and_then(Walk::whole)?;
    let settings = system.settings_of(workload);
    let is_one = |(key, default, _): &&Port| settings.port(key).unwrap_or(*default) == number;
    let known = |ports: &'static [Port]| ports.iter().find(is_one).map(|(.., name)| *name);
    let of_job_manager = || {
        let name = port.text_of("name").unwrap_or_default();
        let is_web = ["ui", "web", "rest"].iter().any(|word| name.contains(word));
        known(OF_JOB_MANAGER).or(is_web.then_some("rest"))
    };
    let is_master = workload.role.is_job_manager();
    let found = is_master.then(of_job_manager).flatten();
    found.or_else(|| workload.role.is_task_manager().then(|| known(OF_TASK_MANAGER)).flatten())
}

/// Whether TaskManagers answer questions about state.
pub(super) fn answers_queries(system: &System<'_>) -> bool {
    let settings = system.settings_of_task_managers();
    settings.value("queryable-state.enable").is_some_and(|value| value.trim() == "true")
}

/// The names of the files for ports of Flink, and those of the session.
pub(super) fn names(
    system: &System<'_>,
    workload: &Workload<'_>,
) -> BTreeMap<String, &'static str> {
    let ports = workload.container.items_of("ports").iter();
    let named = ports.filter_map(|port| {
        Some((port.text_of("name")?.to_owned(), own_name(system, workload, port)?))
    });
    named.collect()
}

/// Lets whatever is in a value call ports as the session names them.
pub(super) fn follow(value: &mut Value, names: &BTreeMap<String, &'static str>) {
    match value {
        Value::Object(map) => {
            for (field, value) in map {
                let new = value.as_str().and_then(|name| names.get(name));
                match new {
                    Some(new) if FIELDS.contains(&field.as_str()) => *value = (*new).into(),
                    _ => follow(value, names),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| follow(item, names)),
        _ => {}
    }
}
