//! High availability and storage: what shall outlive a pod, and does not.

mod upgrade;

use super::rules;
use super::storage::{Reach, local_path, reach, reach_of_session};
use crate::finding::{Findings, Place};
use crate::kubernetes::{Mount, Workload};
use crate::node::Walk;
use crate::settings::Setting;
use crate::system::{HighAvailability, System};
use nutkin_core::plan::retention::{CHECKPOINT_DIRECTORY, RETAIN, RETENTION};

rules! {
    LOCAL_STORAGE "NK0201" Error "high-availability storage that pods cannot share"
        happens "Kubernetes or ZooKeeper keep only a pointer; the job itself lies in `high-availability.storageDir`. When a JobManager dies, the next one follows the pointer into a directory that it does not have: every job is lost, or the JobManager restarts for ever."
        cure "Take storage that all pods reach: `s3://`, `hdfs://`, `gs://`, or a ReadWriteMany volume mounted at this path in all JobManagers and TaskManagers. A directory of the node is a warning: it holds while all pods run on one node.";
    NAMESPACE "NK0202" Error "high availability looks into another namespace than that of the pods"
        happens "Flink keeps leaders and jobs in ConfigMaps of the namespace in `kubernetes.namespace`, which is `default` when nobody sets it, wherever the pods run. The ServiceAccount has no rights there: 403 Forbidden. Whoever cures it with cluster-admin has the data of several clusters in `default`."
        cure "Set `kubernetes.namespace` to the namespace of the pods.";
    CLUSTER_ID "NK0203" Error "Kubernetes high availability without `kubernetes.cluster-id`"
        happens "The names of all ConfigMaps begin with the cluster-id. Without one JobManagers and TaskManagers stop at the start."
        cure "Set `kubernetes.cluster-id` to a name that no other cluster of the namespace has.";
    NO_HA "NK0204" Error "several JobManagers without high availability"
        happens "Each of them believes to be the only one. TaskManagers register at any of them, a job is submitted to any of them, and the web UI shows another one at each click."
        cure "Run one JobManager, or set `high-availability.type: kubernetes` with storage, cluster-id and namespace.";
    NO_STORAGE "NK0205" Error "high availability without `high-availability.storageDir`"
        happens "Flink stops at the start: it needs a directory for the jobs and checkpoints to which the leader's records point."
        cure "Set `high-availability.storageDir` to a directory that all pods reach.";
    NO_QUORUM "NK0206" Error "ZooKeeper high availability without a quorum"
        happens "Flink stops at the start: it does not know where ZooKeeper is."
        cure "Set `high-availability.zookeeper.quorum: host:2181,host:2181,host:2181`.";
    ONE_ADDRESS "NK0207" Error "several JobManagers under one address"
        happens "Every JobManager publishes `jobmanager.rpc.address` as its own address. When it is the name of a Service, messages for the leader arrive at any of them, and those that are not the leader drop them: TaskManagers come and go, jobs hang."
        cure "Give each JobManager its own address: an environment variable POD_IP from `status.podIP`, and the arguments `-D` and `jobmanager.rpc.address=$(POD_IP)`.";
    LOCAL_CHECKPOINTS "NK0208" Warning "checkpoints or savepoints where other pods cannot read them"
        happens "The TaskManagers write state into their own file systems. After a restart in another pod, or on another node, the files are not there: the job starts again without its state, or not at all."
        cure "Take a directory that all pods reach, or mount one ReadWriteMany volume at this path in JobManagers and TaskManagers.";
    FS_GROUP "NK0209" Warning "a volume that the Flink user may not be able to write"
        happens "The container runs as a user without rights, and most volumes belong to root: `Mkdirs failed to create file:...`, `Permission denied`."
        cure "Set `securityContext.fsGroup: 9999` for the pod, so that Kubernetes gives the volume to that group. Some NFS servers ignore it; there the directory itself must be given to uid 9999.";
    ONE_NODE "NK0210" Warning "a volume that only one node can mount is shared by several pods"
        happens "A claim that is ReadWriteOnce only can be mounted on one node at a time. Pods that land on another node wait for ever: `Multi-Attach error for volume`."
        cure "Ask for `ReadWriteMany`, with a storage class that has it, or use a storage service instead of a volume.";
    NOT_RETAINED "NK0211" Warning "checkpoints that end with their JobManager"
        happens "Without high availability Flink deletes the checkpoints of every job when its JobManager is told to end: at a rolling update, when a node is drained, when a pod is evicted. Only a crash leaves them. Nothing is there then from which a job could continue."
        cure "Set `execution.checkpointing.externalized-checkpoint-retention: RETAIN_ON_CANCELLATION`, and start a job again from its newest directory `chk-`, as `nutkin watch` does; or set up high availability.";
    CLAIMED "NK0212" Warning "native savepoints that are claimed"
        happens "When a job with incremental checkpoints is started with CLAIM from a native savepoint, Flink 1.15 to 2.3.0 makes a first checkpoint that cannot be restored (FLINK-39964): the next failure loses the job's state."
        cure "Take NO_CLAIM, and delete the savepoint yourself after the first checkpoint; or take savepoints in the format CANONICAL.";
    ONE_NAME "NK0213" Warning "one name for all jobs of a session"
        happens "From Flink 2.3 on, high availability brings the jobs of an application back by their names. `pipeline.name` in the configuration of a session gives all of them the same name: only the order in which they are submitted tells which state is whose."
        cure "Leave `pipeline.name` out of the session's configuration. A job gets its name in its program, or by its own options.";
    NO_DIRECTORY "NK0214" Warning "a job that keeps its state, and no directory for it"
        happens "The Flink Kubernetes Operator refuses the job, unless its own default configuration sets the directory: `Job could not be upgraded with savepoint while config key[...] is not set`. On this machine and on Docker Nutkin sets both directories; on Kubernetes it refuses changes that need one."
        cure "Set `execution.checkpointing.dir` and `execution.checkpointing.savepoint-dir` (`state.checkpoints.dir` and `state.savepoints.dir` before Flink 1.20) to directories that all pods reach, or write `upgradeMode: stateless`.";
}

pub(super) use upgrade::check as of_jobs;

/// The release from which on high availability knows applications (FLIP-549).
const APPLICATIONS: (u16, u16) = (2, 3);

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    let high_availability = system.high_availability();
    if let Some((kind, setting)) = &high_availability {
        let place = setting.place;
        high_availability_storage(system, place, out);
        if *kind == HighAvailability::Kubernetes && !system.workloads.is_empty() {
            namespace(system, place, out);
            let has_id = |workload: &Workload<'_>| {
                system.settings_of(workload).get("kubernetes.cluster-id").is_some()
            };
            if !system.workloads.iter().all(has_id) {
                out.add(&CLUSTER_ID, place, "`kubernetes.cluster-id` is not set");
            }
        }
        if *kind == HighAvailability::ZooKeeper && system.session.is_none() {
            let settings = system.settings_of_job_managers();
            if settings.get("high-availability.zookeeper.quorum").is_none() {
                out.add(&NO_QUORUM, place, "`high-availability.zookeeper.quorum` is not set");
            }
        }
    }
    for workload in system.job_managers() {
        if high_availability.is_none() {
            several_without(system, workload, out);
        } else {
            one_address(system, workload, out);
        }
    }
    if high_availability.is_none()
        && let Some(session) = system.session
        && let Some(replicas) = session.node.at("spec/jobManager/replicas")
        && let Some(number) = replicas.whole().filter(|number| 1 < *number)
    {
        let place = replicas.place(session.file);
        let message = format!("{number} JobManagers, and `high-availability.type` is not set");
        let patch = out.exchange(place, &number.to_string(), "1");
        out.add(&NO_HA, place, message).patch = patch;
    }
    checkpoints(system, out);
    if high_availability.is_none() {
        retention(system, out);
    }
    restored(system, high_availability.is_some(), out);
    volumes(system, out);
}

/// Checkpoints of a session without high availability. A session file need not say it: Nutkin retains them.
fn retention(system: &System<'_>, out: &mut Findings<'_>) {
    let settings = system.settings_of_job_managers();
    if let Some(said) = settings.get(RETENTION) {
        let value = said.text();
        if !value.trim().eq_ignore_ascii_case(RETAIN) {
            let message = format!("`{RETENTION}` is `{value}`, and there is no high availability");
            let patch = out.exchange(said.place, value.trim(), RETAIN);
            out.add(&NOT_RETAINED, said.place, message).patch = patch;
        }
        return;
    }
    let has_directory = CHECKPOINT_DIRECTORY.iter().any(|key| settings.get(key).is_some());
    let interval = settings.get("execution.checkpointing.interval");
    if let (None, true, Some(interval)) = (system.session, has_directory, interval) {
        let message = format!("jobs take checkpoints, and `{RETENTION}` is not set");
        let patch = out.append(interval.place, &format!("{RETENTION}: {RETAIN}"));
        // In a tree the key stands at another place.
        let is_flat = interval.key.starts_with("execution.") && {
            let line = out.files[interval.place.file].line(interval.place.line);
            line.is_some_and(|line| line.trim_start().starts_with("execution.checkpointing."))
        };
        out.add(&NOT_RETAINED, interval.place, message).patch = patch.filter(|_| is_flat);
    }
}

/// From what jobs are restored, and which ones.
fn restored(system: &System<'_>, is_available: bool, out: &mut Findings<'_>) {
    let settings = system.settings_of_job_managers();
    let says = |key: &str, word: &str| {
        settings.get(key).filter(|one| one.text().trim().eq_ignore_ascii_case(word))
    };
    let is_native = says("kubernetes.operator.savepoint.format.type", "NATIVE").is_some();
    let claim = says("execution.state-recovery.claim-mode", "CLAIM").filter(|_| is_native);
    if let Some(claim) = claim {
        out.add(
            &CLAIMED,
            claim.place,
            format!("`{}: CLAIM`, and savepoints are native", claim.key),
        );
    }
    let (major, minor) = APPLICATIONS;
    let has_applications = system.version.is_some_and(|version| version.is_at_least(major, minor));
    if let Some(name) = settings.get("pipeline.name").filter(|_| is_available && has_applications) {
        let message = format!("every job of the session is named `{}`", name.text());
        out.add(&ONE_NAME, name.place, message);
    }
}

fn high_availability_storage(system: &System<'_>, place: Place, out: &mut Findings<'_>) {
    let settings = system.settings_of_job_managers();
    let Some(setting) = settings.get("high-availability.storageDir") else {
        // Where Nutkin brings the ZooKeeper it has a directory for it as well.
        let platform = settings.value("nutkin.platform");
        if matches!(platform.as_deref(), Some("local" | "docker")) {
            return;
        }
        out.add(&NO_STORAGE, place, "`high-availability.storageDir` is not set");
        return;
    };
    // TaskManagers fetch jars from the JobManager where they do not see its directory (`AbstractBlobCache`).
    if let Some((reason, is_lost)) = out_of_reach(system, setting, system.job_managers()) {
        let message = format!("`{}` is not shared: {reason}", setting.text());
        let finding = out.add(&LOCAL_STORAGE, setting.place, message);
        // `up` warns of it as well: on one node, or where all nodes mount the same directory, it holds.
        if !is_lost {
            finding.only_warns();
        }
    }
}

/// Why pods cannot share the directory of a setting that `workloads` need, and whether that is so wherever they run: the worst
/// reason first.
fn out_of_reach<'s>(
    system: &'s System<'_>,
    setting: &Setting,
    workloads: impl Iterator<Item = &'s Workload<'s>>,
) -> Option<(String, bool)> {
    let text = setting.text();
    let path = local_path(&text)?;
    if let Some(session) = system.session {
        let on_kubernetes = session.namespace.is_some()
            || session.node.at("spec/mode").is_some()
            || system.settings.list.iter().any(|s| s.key.starts_with("kubernetes."));
        return match reach_of_session(&session.node, path) {
            Reach::One(reason) if on_kubernetes => Some((reason, true)),
            Reach::Disk(reason) if on_kubernetes => Some((reason, false)),
            _ => None,
        };
    }
    let mut of_node = None;
    for workload in workloads {
        match reach(system, workload, path) {
            Reach::One(reason) => return Some((format!("in {} {reason}", workload.title()), true)),
            Reach::Disk(reason) if of_node.is_none() => {
                of_node = Some((format!("in {} {reason}", workload.title()), false));
            }
            _ => {}
        }
    }
    of_node
}

fn namespace(system: &System<'_>, place: Place, out: &mut Findings<'_>) {
    let Some(namespace) = system.namespace() else { return };
    let settings = system.settings_of_job_managers();
    let set = settings.get("kubernetes.namespace");
    let value = set.map(Setting::text);
    let used = value.as_deref().unwrap_or("default");
    if used == namespace || used.contains('$') {
        return;
    }
    if let Some(setting) = set {
        let message = format!("the pods run in `{namespace}`, high availability in `{used}`");
        let patch = out.exchange(setting.place, used, namespace);
        out.add(&NAMESPACE, setting.place, message).patch = patch;
    } else {
        let message = format!(
            "`kubernetes.namespace` is not set, so Flink uses `default`; the pods run in `{namespace}`"
        );
        let line = format!("kubernetes.namespace: {namespace}");
        // Only beside an option whose whole key is in its line: a tree has it at another place.
        let is_flat = system.high_availability().is_some_and(|(_, setting)| {
            let line = out.files[place.file].line(place.line).unwrap_or_default();
            line.trim_start().starts_with(&format!("{}: ", setting.key))
        });
        let patch = out.append(place, &line).filter(|_| is_flat);
        out.add(&NAMESPACE, place, message).patch = patch;
    }
}

fn several_without(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    // The pods of a workload for both roles are not all JobManagers, and its configuration may be elsewhere.
    if workload.replicas < 2
        || workload.role.is_task_manager()
        || system.settings.is_empty() && !workload.mounts().is_empty()
        || workload.object.kind == "Job"
    {
        return;
    }
    let place = workload.object.place_of("spec/replicas");
    let message =
        format!("{} JobManagers, and `high-availability.type` is not set", workload.replicas);
    let patch = out.exchange(place, &workload.replicas.to_string(), "1");
    out.add(&NO_HA, place, message).patch = patch;
}

fn one_address(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    if workload.replicas < 2 || workload.role.is_task_manager() {
        return;
    }
    let settings = system.settings_of(workload);
    let Some(address) = settings.get("jobmanager.rpc.address") else { return };
    let positional =
        workload.words().any(|(word, _)| word.contains("$(") && !word.starts_with("-D"));
    let own = positional
        || address.text().contains("$(")
        || workload.variable("JOB_MANAGER_RPC_ADDRESS").is_some_and(|(_, value)| value.is_none());
    if !own {
        let message = format!(
            "{} JobManagers of {} all call themselves `{}`",
            workload.replicas,
            workload.title(),
            address.text()
        );
        out.add(&ONE_ADDRESS, address.place, message);
    }
}

fn checkpoints(system: &System<'_>, out: &mut Findings<'_>) {
    let settings = system.settings_of_job_managers();
    for key in ["execution.checkpointing.dir", "execution.checkpointing.savepoint-dir"] {
        let Some(setting) = settings.get(key) else { continue };
        if let Some((reason, _)) = out_of_reach(system, setting, system.workloads.iter()) {
            let message = format!("`{}` is not shared: {reason}", setting.key);
            out.add(&LOCAL_CHECKPOINTS, setting.place, message);
        }
    }
}

/// Words of commands that give a directory to somebody, or to everybody.
const GIVING: &[&str] = &["chown", "chmod", "chgrp", "setfacl", "install "];

/// Whether a container that starts before Flink gives the volume of a mount to Flink's user, or Flink's own does.
fn is_given(workload: &Workload<'_>, mount: &Mount<'_>) -> bool {
    let name = mount.node.text_of("name");
    let gives = |container: &nutkin_flink::yaml::Node| {
        let mounts = container.items_of("volumeMounts");
        let words = container.items_of("command").iter().chain(container.items_of("args"));
        mounts.iter().any(|mount| mount.text_of("name") == name)
            && words
                .filter_map(Walk::text)
                .any(|word| GIVING.iter().any(|giving| word.contains(giving)))
    };
    workload.pod.items_of("initContainers").iter().any(gives) || gives(workload.container)
}

/// Whether Flink's user may not be able to write to a volume that it is meant to write to.
pub(crate) fn lacks_group(workload: &Workload<'_>, mount: &Mount<'_>) -> bool {
    let user = |node: &nutkin_flink::yaml::Node| {
        node.at("securityContext/runAsUser").and_then(Walk::whole)
    };
    let Some(volume) = mount.volume else { return false };
    let claim = volume.get("persistentVolumeClaim");
    let runs_as_root = user(workload.container).or(user(workload.pod)) == Some(0);
    let has_group = workload.pod.at("securityContext/fsGroup").is_some();
    let reads = [Some(mount.node), claim].into_iter().flatten();
    let mut reads = reads.map(|node| node.text_of("readOnly") == Some("true"));
    (claim.is_some() || volume.get("spec").is_some())
        && !has_group
        && !runs_as_root
        && !reads.any(|reads| reads)
        && !is_given(workload, mount)
}

fn volumes(system: &System<'_>, out: &mut Findings<'_>) {
    let mut pods_of_claim: Vec<(String, i64, Place)> = Vec::new();
    for workload in &system.workloads {
        for mount in workload.mounts() {
            let Some(volume) = mount.volume else { continue };
            let claim = volume.at("persistentVolumeClaim/claimName").and_then(Walk::text);
            let place = mount.node.place(workload.file());
            if lacks_group(workload, &mount) {
                let message = format!(
                    "the volume at `{}` belongs to root, and the pod sets no fsGroup",
                    mount.path
                );
                out.add(&FS_GROUP, place, message);
            }
            let Some(claim) = claim else { continue };
            if matches!(reach(system, workload, mount.path), Reach::Node(_)) {
                match pods_of_claim.iter_mut().find(|(known, ..)| known == claim) {
                    Some((_, pods, _)) => *pods += workload.replicas,
                    None => pods_of_claim.push((claim.to_owned(), workload.replicas, place)),
                }
            }
        }
    }
    for (claim, pods, place) in pods_of_claim {
        if 1 < pods {
            let message = format!("{pods} pods mount the claim `{claim}`, which is ReadWriteOnce");
            out.add(&ONE_NODE, place, message);
        }
    }
}
