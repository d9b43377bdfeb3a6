//! Clusters whose roles go by host name: one StatefulSet whose first pods are JobManagers, everything else in
//! variables.

use super::command::{hosts_variable, job_manager_hosts};
use super::layers::{Layers, variable};
use super::{ObservedContainer, Service, Start};
use nutkin_flink::Problem;
use nutkin_flink::{FlinkVersion, Origin, options};

/// Below this directory of the default HDFS stand checkpoints and high availability data unless the file says
/// otherwise.
const HDFS: &str = "hdfs:///user/flink";

/// What images of this kind have in their file for variables to replace: no value of a user's.
const PLACEHOLDERS: [(&str, &str); 4] = [
    ("high-availability.cluster-id", "cluster-id"),
    ("high-availability.zookeeper.quorum", "localhost:2181"),
    ("high-availability.storageDir", "hdfs:///flink/ha/"),
    ("state.backend.fs.checkpointdir", "checkpointdir"),
];

/// Old keys of a process's size, and the new ones that cannot stand beside a heap size.
const JOB_MANAGER_SIZES: [&str; 4] = [
    "jobmanager.heap.mb",
    "jobmanager.heap.size",
    "jobmanager.memory.process.size",
    "jobmanager.memory.flink.size",
];
const TASK_MANAGER_SIZES: [&str; 3] =
    ["taskmanager.heap.mb", "taskmanager.heap.size", "taskmanager.memory.process.size"];

/// Applies the variables of such a cluster.
pub(super) fn apply(
    layers: &mut Layers,
    start: &Start,
    version: FlinkVersion,
    observed: &ObservedContainer,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let text = |name: &str| observed.environment.get(name).filter(|value| !value.is_empty());
    if start.ha {
        problems.extend(high_availability(layers, version, observed));
    }
    let address = "jobmanager.rpc.address";
    let says_nothing =
        layers.all.text(address).is_none_or(|value| value == "localhost") && !start.ha;
    if start.service == Service::TaskExecutor
        && says_nothing
        && let Some(first) = job_manager_hosts(&observed.environment).first()
    {
        layers.set(address, *first, variable(hosts_variable(&observed.environment)));
    }
    for (name, sizes, key) in [
        ("JOB_MANAGER_HEAP_MB", JOB_MANAGER_SIZES.as_slice(), "jobmanager.memory.heap.size"),
        // What `taskmanager.heap.mb` means for every version that reads it.
        ("TASK_MANAGER_HEAP_MB", TASK_MANAGER_SIZES.as_slice(), "taskmanager.memory.flink.size"),
    ] {
        let Some(value) = text(name) else { continue };
        let Ok(megabytes) = value.trim().parse::<u32>() else {
            let problem = Problem::new(name, format!("`{value}` is not a number of megabytes"));
            problems.push(problem.hint(format!("write {name}=3072")));
            continue;
        };
        for size in sizes {
            layers.remove(size, &variable(name));
        }
        layers.set(key, format!("{megabytes}m"), variable(name));
    }
    let slots = "taskmanager.numberOfTaskSlots";
    // 1 is what the file of such images says for the variable to replace.
    let is_default = layers.all.get(slots).is_none_or(|entry| {
        matches!(entry.origin, Origin::File(..)) && entry.value.to_string() == "1"
    });
    if text("TASK_MANAGER_NUMBER_OF_TASK_SLOTS").is_none()
        && (start.service == Service::TaskExecutor || start.with_task_manager)
        && is_default
    {
        let origin = Origin::Default("one slot for each processor that this container may use");
        layers.set(slots, observed.processors.to_string(), origin);
    }
    problems
}

fn high_availability(
    layers: &mut Layers,
    version: FlinkVersion,
    observed: &ObservedContainer,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let text = |name: &str| observed.environment.get(name).filter(|value| !value.is_empty());
    let is_open = |layers: &Layers, key: &str| {
        let set =
            options::lookup(&layers.all, key, version).map(|(_, entry)| entry.value.to_string());
        set.is_none_or(|value| PLACEHOLDERS.iter().any(|(_, placeholder)| value == *placeholder))
    };
    let mode =
        if version.is_at_least(1, 17) { "high-availability.type" } else { "high-availability" };
    match options::lookup(&layers.all, mode, version).map(|(_, entry)| entry.value.to_string()) {
        None => layers.set(mode, "zookeeper", Origin::Default("`ha` stands behind the verb")),
        // What these variables say is for ZooKeeper; others have what they need in the configuration.
        Some(kind) if !kind.eq_ignore_ascii_case("zookeeper") => return problems,
        Some(_) => {}
    }
    for (name, key, meaning) in [
        ("FLINK_CLUSTER_IDENT", "high-availability.cluster-id", "default/flink-cluster"),
        ("FLINK_ZK_QUORUM", "high-availability.zookeeper.quorum", "zookeeper:2181"),
    ] {
        if let Some(value) = text(name) {
            layers.set(key, value, variable(name));
        } else if is_open(layers, key) {
            let message = format!("is not set, and the configuration has no `{key}`");
            problems.push(
                Problem::new(name, message)
                    .hint(format!("set {name}, for example {name}={meaning}")),
            );
        }
    }
    let Some(identity) = text("FLINK_CLUSTER_IDENT") else { return problems };
    let origin = variable("FLINK_CLUSTER_IDENT");
    if is_open(layers, "high-availability.storageDir") {
        let value = format!("{HDFS}/ha/{identity}");
        layers.set("high-availability.storageDir", value, origin.clone());
    }
    let checkpoints = options::canonical("state.checkpoints.dir", version);
    if is_open(layers, &checkpoints) {
        // The old spelling holds nothing but the placeholder.
        layers.remove("state.backend.fs.checkpointdir", &origin);
        layers.set(&checkpoints, format!("{HDFS}/flink-checkpoints/{identity}"), origin);
    }
    problems
}
