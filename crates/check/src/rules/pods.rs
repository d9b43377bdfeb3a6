//! Pods: arguments, volumes and what the image's entrypoint makes of them.

mod entrypoint;
mod host;
mod java;
mod kubernetes;
pub(super) mod names;
mod references;
mod refused;
mod root;
mod user;
mod values;
mod words;

use super::rules;
use crate::embedded::Origin;
use crate::finding::Findings;
use crate::image::CONF;
use crate::kubernetes::{Mount, Workload};
use crate::node::Walk;
use crate::path;
use crate::source::FileKind;
use crate::system::System;

rules! {
    HOST_2X "NK0601" Error "a host as an argument, which Flink 2.x refuses"
        happens "The argument after `jobmanager` was the host to listen on. Flink 2.0 removed it: the JobManager stops with a usage message."
        cure "Write two arguments, `-D` and `jobmanager.rpc.address=$(POD_IP)`.";
    HOST_1X "NK0602" Warning "a host as an argument, which Flink 2.x refuses"
        happens "It works in Flink 1.x, which calls it deprecated. After an upgrade to 2.x the JobManager does not start."
        cure "Write two arguments, `-D` and `jobmanager.rpc.address=$(POD_IP)`, which Flink 1.16 and later take. One word, `-Djobmanager...`, would be the host for Flink 1.x.";
    GRACE "NK0603" Warning "too little time to end"
        happens "Kubernetes kills the container that many seconds after it asked it to end. Flink cannot give up its leadership or close its files in that time, so that every roll-out looks like a crash."
        cure "Leave `terminationGracePeriodSeconds` out: the default is 30 seconds.";
    HOST_PATH "NK0604" Warning "a directory of the node"
        happens "Every pod of the node writes into it, files of one pod overwrite those of another, it fills the node's disk, and after a restart on another node its content is gone. Many clusters forbid hostPath."
        cure "Take an emptyDir for logs and temporary files (Flink logs to the console as well), or a claim for data that must survive.";
    NO_LOG_CONFIG "NK0605" Warning "the mounted configuration hides the log configuration"
        happens "A volume at `/opt/flink/conf` hides the image's own files there. Without `log4j-console.properties` Flink says `No Log4j 2 configuration file found` and logs errors only: `kubectl logs` and the web UI stay nearly empty."
        cure "Put a `log4j-console.properties` into the ConfigMap, and into `items` where the volume lists them.";
    NO_EFFECT "NK0606" Warning "a variable for the entrypoint, and a configuration that it cannot write"
        happens "The image's entrypoint writes JOB_MANAGER_RPC_ADDRESS, TASK_MANAGER_NUMBER_OF_TASK_SLOTS and FLINK_PROPERTIES into the configuration file. A ConfigMap is read-only: `Read-only file system`, and the values never arrive."
        cure "Put the options into the ConfigMap, or give them as arguments: `-D`, `key=value`.";
    EDITS "NK0607" Error "an entrypoint that edits a configuration it cannot write"
        happens "`sed -i` writes a new file beside the old one. On a ConfigMap that fails: `Read-only file system`, and Flink starts with the placeholders of the template, or not at all."
        cure "Copy the configuration to a writable directory first and set FLINK_CONF_DIR to it, or give the values as arguments: `-D`, `key=value`.";
    NO_CONFIG "NK0608" Error "the mounted ConfigMap has no configuration of Flink"
        happens "The volume hides the image's own configuration, and Flink stops: `The Flink config file ... does not exist`."
        cure "Put `flink-conf.yaml` (1.x) or `config.yaml` (1.19 and later) into the ConfigMap, and into `items` where the volume lists them.";
    NO_VOLUME "NK0609" Error "a mount of a volume that the pod does not have"
        happens "Kubernetes refuses the object: `volumeMounts[...].name: Not found`."
        cure "Add the volume to `spec.template.spec.volumes`, or fix the name.";
    NO_KEY "NK0610" Error "a volume lists a file that its ConfigMap does not have"
        happens "The pod stays in ContainerCreating: `MountVolume.SetUp failed ... references non-existent config key`."
        cure "Fix the key in `items`, or add the file to the ConfigMap.";
    ONE_WORD "NK0611" Error "a word that Flink takes for a host"
        happens "Flink 1.x looks for options after `jobmanager` only if `-D` is an argument of its own; any other word is the host to listen on, the next one the port of the web UI. The JobManager stops with a usage message or an address that nobody can reach. Before Flink 1.16 there are no options at this place at all."
        cure "Write two arguments for each option, `-D` and `key=value`. Before Flink 1.16 put the option into the configuration, and the address after `jobmanager`.";
    NO_SUCH_API "NK0612" Error "an API version that Kubernetes has removed"
        happens "Kubernetes refuses the object: `no matches for kind ... in version ...`. Nothing of it is created; where it exists already, changes do not arrive any more."
        cure "Write the API version that the message names. It has been there for several releases before the old one was removed.";
    OTHER_NAMESPACE "NK0613" Error "pods use an object of another namespace"
        happens "Pods reach ConfigMaps, Secrets and claims of their own namespace only. The pod stays in ContainerCreating or Pending: `MountVolume.SetUp failed ... not found`, `CreateContainerConfigError`."
        cure "Create the object in the namespace of the pods.";
    MODULES "NK0614" Warning "the mounted configuration hides the module options for Java 17"
        happens "Java 17 and later close the classes of the JDK to Flink. Flink's own configuration opens them in `env.java.opts.all`; a configuration that is mounted over it lacks the line. Jobs whose types Kryo serializes, and some connectors, fail: `InaccessibleObjectException: Unable to make field ... accessible: module java.base does not \"opens java.util\" to unnamed module`."
        cure "Copy the line `env.java.opts.all` of the image's own configuration into yours: `docker run --rm IMAGE cat /opt/flink/conf/config.yaml` shows it (flink-conf.yaml in 1.18 and 1.19).";
    FORBIDDEN_ROOT "NK0615" Error "the image starts as root, and the pod forbids it"
        happens "Flink's images name no user: their entrypoint starts as root and becomes `flink` (uid 9999). With `runAsNonRoot: true` alone Kubernetes does not start the container: `container has runAsNonRoot and image will run as root`. Without the capabilities SETUID and SETGID the entrypoint stops: `failed switching to \"flink\": operation not permitted`."
        cure "Set `runAsUser: 9999` and `runAsGroup: 9999` in the security context: the entrypoint then starts as `flink` and needs no capability.";
    ENDS "NK0616" Error "the container ends at once"
        happens "The entrypoint of Flink's image runs a word that it does not know as a program, which does not exist; and `start` of Flink's scripts leaves the process in the background and ends. Either way the container ends, and Kubernetes restarts it for ever: `CrashLoopBackOff`."
        cure "Give the entrypoint its own words, `jobmanager` or `taskmanager`; call Flink's scripts with `start-foreground`.";
    OTHER_MAP "NK0617" Warning "the ConfigMap of the configuration is not among the files"
        happens "Where the ConfigMap is not in the cluster either, the pods stay in ContainerCreating: `configmap ... not found`. Mostly the name is a misspelling of one that is there."
        cure "Write the name of the ConfigMap that is among the files, or add the one that is named.";
    REFUSED_VALUE "NK0618" Error "a value that Kubernetes refuses"
        happens "The API server refuses the object, and nothing of it is created: labels, annotations and values of variables are text, counts and ports are numbers without quotes, names have the letters that host names may have, a request is not above its limit, what a kind needs is there, and a kind is one of its API version."
        cure "Write the value as the message says: in quotes where text is wanted and without them where it is not, with the name, word or amount that Kubernetes knows; and add what is missing.";
    OTHER_NAME "NK0619" Warning "a name that is not among the files, beside one that may be meant"
        happens "Where the cluster does not have it either: a pod with the claim stays in Pending, an Ingress answers 503, an autoscaler does nothing (`FailedGetScale`), and a pod that waits for the name waits for ever. Mostly the name is a misspelling of one that is there."
        cure "Write the name that the message gives, or add the object that is named.";
    ONE_ROLE "NK0620" Error "an entrypoint that starts one role whatever it is told"
        happens "The containers of the other role run it as well: TaskManagers start as further JobManagers, nobody registers, and jobs wait for slots."
        cure "End the script with `exec /docker-entrypoint.sh \"$@\"`, which starts what the container is told.";
    READ_ONLY "NK0621" Error "a read-only root file system, and no volume where Flink has to write"
        happens "Flink makes its working directory, blobs and uploads in `/tmp` at the start, unless `io.tmp.dirs` and `web.tmpdir` name other directories, and its entrypoint links plugins into `/opt/flink/plugins`. Where that cannot be written, the process stops: `unable to generate a JAAS configuration file`, `Could not create the DispatcherResourceManagerComponent`; or the file system of the plugin is missing."
        cure "Mount an emptyDir at `/tmp`, and one at `/opt/flink/log` for the logs. Plugins belong into the image.";
}

pub(crate) use entrypoint::of_one_role;
pub(super) use kubernetes::{removed_versions, unknown_kinds};
pub(super) use refused::of_world as refused_beside;

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    for workload in &system.workloads {
        host::check(system, workload, out);
        references::check(system, workload, out);
        grace(workload, out);
        volumes(system, workload, out);
        no_effect(workload, out);
        configuration(system, workload, out);
        java::check(system, workload, out);
        root::check(system, workload, out);
        user::check(system, workload, out);
        words::check(workload, out);
        values::check(workload, out);
        references::configuration(system, workload, out);
    }
    root::of_session(system, out);
    entrypoint::check(system, out);
    refused::check(system, out);
    names::of_system(system, out);
    edits(system, out);
}

/// Below this Flink cannot end in order: closing connections and leadership takes several seconds.
const SHORTEST: i64 = 10;

fn grace(workload: &Workload<'_>, out: &mut Findings<'_>) {
    let Some(node) = workload.pod.get("terminationGracePeriodSeconds") else { return };
    if node.whole().is_some_and(|seconds| seconds < SHORTEST) {
        let seconds = node.text().unwrap_or_default();
        let message = format!("{} has {seconds} seconds to end", workload.title());
        out.add(&GRACE, node.place(workload.file()), message);
    }
}

fn volumes(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    for mount in workload.mounts() {
        let Some(volume) = mount.volume else {
            let name = mount.node.text_of("name").unwrap_or_default();
            let message = format!("no volume `{name}` in {}", workload.title());
            out.add(&NO_VOLUME, mount.node.place(workload.file()), message);
            continue;
        };
        if let Some(path) = volume.at("hostPath/path") {
            let message = format!(
                "`{}` is the directory `{}` of the node",
                mount.path,
                path.text().unwrap_or_default()
            );
            out.add(&HOST_PATH, path.place(workload.file()), message);
        }
        let Some(map) = config_map(system, workload, mount.config_map()) else { continue };
        for item in volume.at("configMap/items").map_or(&[][..], Walk::items) {
            let Some(key) = item.get("key") else { continue };
            let name = key.text().unwrap_or_default();
            let known = ["data", "binaryData"]
                .iter()
                .any(|part| map.node.get(part).is_some_and(|data| data.get(name).is_some()));
            if !known {
                let message = format!("{} has no key `{name}`", map.title());
                out.add(&NO_KEY, key.place(workload.file()), message);
            }
        }
    }
}

fn config_map<'a>(
    system: &System<'a>,
    workload: &Workload<'a>,
    name: Option<&str>,
) -> Option<&'a crate::kubernetes::Object> {
    system.world.named("ConfigMap", name?, workload.object)
}

fn no_effect(workload: &Workload<'_>, out: &mut Findings<'_>) {
    let mount = workload.mount_of(&format!("{CONF}/config.yaml"));
    let why = if mount.is_some_and(|mount| mount.is_read_only()) {
        format!("`{CONF}` is a ConfigMap")
    } else if workload.read_only_root().is_some() && !workload.can_write(CONF) {
        "the root file system is read-only".to_owned()
    } else {
        return;
    };
    for name in ["JOB_MANAGER_RPC_ADDRESS", "TASK_MANAGER_NUMBER_OF_TASK_SLOTS", "FLINK_PROPERTIES"]
    {
        if let Some((entry, _)) = workload.variable(name) {
            let message = format!("`{name}` has no effect: {why}");
            out.add(&NO_EFFECT, entry.place(workload.file()), message);
        }
    }
}

/// What a ConfigMap over the image's configuration hides.
fn configuration(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    let Some(mount) = workload.mounts().into_iter().find(|mount| mount.path == CONF) else {
        return;
    };
    if mount.node.get("subPath").is_some() {
        return;
    }
    let Some(name) = mount.config_map() else { return };
    // Files that are mounted one by one hide nothing, and are there as well.
    let below =
        |other: &Mount<'_>| other.path.strip_prefix(CONF).is_some_and(|p| p.starts_with('/'));
    let mut files: Vec<&str> = Vec::new();
    for other in workload.mounts().iter().filter(|other| below(other)) {
        files.push(&other.path[CONF.len() + 1..]);
    }
    // The names of the files that are there: of `items`, otherwise of the ConfigMap, if it is in the files.
    let maps: Vec<_> = mount.config_maps().collect();
    for (map, items) in &maps {
        if items.is_empty() {
            let Some(map) = config_map(system, workload, Some(map)) else { return };
            let data = map.node.get("data").map_or(&[][..], Walk::entries);
            files.extend(data.iter().map(|(key, _)| key.name.as_str()));
        } else {
            files.extend(items.iter().filter_map(|item| item.text_of("path")));
        }
    }
    // A Secret or whatever else is projected beside may hold the rest.
    let sources = mount.volume.and_then(|volume| volume.at("projected/sources"));
    if sources.is_some_and(|sources| sources.items().len() != maps.len()) {
        return;
    }
    let place = mount.node.place(workload.file());
    if !files.iter().any(|file| matches!(*file, "flink-conf.yaml" | "config.yaml")) {
        let message = format!("ConfigMap {name} puts {} into `{CONF}`", listed(&files));
        out.add(&NO_CONFIG, place, message);
    }
    if !files.iter().any(|file| is_of_console(file)) {
        let message = format!("ConfigMap {name} hides the image's log4j-console.properties");
        out.add(&NO_LOG_CONFIG, place, message);
    }
}

/// Whether a file has the logging of processes that run in the foreground.
pub(super) fn is_of_console(file: &str) -> bool {
    file.starts_with("log4j") && file.contains("console") || file.starts_with("logback-console")
}

fn listed(files: &[&str]) -> String {
    if files.is_empty() { "nothing".to_owned() } else { files.join(", ") }
}

/// Scripts that write into the configuration of workloads that mount it.
fn edits(system: &System<'_>, out: &mut Findings<'_>) {
    let of_conf = |workload: &Workload<'_>| {
        workload.mounts().iter().any(|mount| {
            mount.is_read_only()
                && (mount.path.contains("flink") || mount.path.ends_with("/conf"))
                && !mount.path.contains("hadoop")
        })
    };
    let has_map = system.texts.iter().any(|text| {
        text.kind == FileKind::FlinkConf && matches!(text.origin, Origin::ConfigMap(_))
    });
    for script in &system.scripts {
        let name = path::last(&out.files[script.file].name);
        // Without a command of its own a container runs the ENTRYPOINT of its image, whatever that is.
        let runs = |workload: &Workload<'_>| {
            workload.container.get("command").is_none()
                || workload.words().any(|(word, _)| word.contains(name))
        };
        let suits = |w: &&Workload<'_>| of_conf(w) || has_map && !w.mounts().is_empty();
        let Some(workload) = system.workloads.iter().filter(suits).find(|w| runs(w)) else {
            continue;
        };
        for place in &script.edits {
            let message = format!(
                "this writes to the configuration, which {} mounts read-only",
                workload.title()
            );
            out.add(&EDITS, *place, message);
        }
    }
}
