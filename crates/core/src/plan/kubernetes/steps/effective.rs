//! The options of a session as Flink's client completes them before it builds anything.

use super::client::ClientMachine;
use super::modules;
use super::settings::Settings;
use crate::plan::{registration, retention};
use crate::session::Session;
use nutkin_flink::Problem;
use nutkin_flink::dialect::Dialect;
use nutkin_flink::memory::{self, LegacyHeap, LegacyTarget, MemoryInput};
use nutkin_flink::units::MemorySize;
use nutkin_flink::{Entry, Origin, options};

/// Class that the JobManager's start script runs (`KubernetesClusterDescriptor.deploySessionCluster`).
const ENTRYPOINT: &str =
    "org.apache.flink.kubernetes.entrypoint.KubernetesSessionClusterEntrypoint";

/// Ports that must be known before a pod runs, and what they are when the option says 0
/// (`Constants.BLOB_SERVER_PORT`, `TASK_MANAGER_RPC_PORT`, `REST_PORT`).
const FIXED_PORTS: [(&str, u16); 3] =
    [("blob.server.port", 6124), ("taskmanager.rpc.port", 6122), ("rest.bind-port", 8081)];

/// The session's options completed. Precedence, lowest first:
///
/// 1. the session's own options;
/// 2. fields of a session file that stand for an option (`spec.image`);
/// 3. what the deployment dictates: target, cluster-id, entrypoint, fixed ports, high availability.
pub(in crate::plan::kubernetes) fn effective(
    session: &Session,
    client: &ClientMachine,
) -> Settings {
    let mut settings = begin(session, client);
    let all = &mut settings.configuration;
    let dictated = Origin::Derived("what a native session needs");
    all.set("execution.target", "kubernetes-session", dictated.clone());
    all.set("kubernetes.cluster-id", session.name.as_str(), dictated.clone());
    all.set("internal.cluster.execution-mode", "NORMAL", dictated.clone());
    all.set("kubernetes.internal.jobmanager.entrypoint.class", ENTRYPOINT, dictated.clone());
    settle_old_heap(session, &mut settings);
    for (key, port) in FIXED_PORTS {
        fix_port(&mut settings, key, port.to_string());
    }
    if is_highly_available(&settings) {
        settings.configuration.set("high-availability.cluster-id", session.name.as_str(), dictated);
        let rpc = settings.text_or_default("jobmanager.rpc.port");
        fix_port(&mut settings, "high-availability.jobmanager.port", rpc);
    }
    settings
}

/// Fields of a role stand for options in the words of Flink 1.17: clients before it call the CPUs otherwise, and have no
/// factor between request and limit.
fn respell(settings: &mut Settings) {
    for role in ["jobmanager", "taskmanager"] {
        let cpu = format!("kubernetes.{role}.cpu");
        let factors =
            ["cpu", "memory"].map(|what| format!("kubernetes.{role}.{what}.limit-factor"));
        for key in [&[format!("{cpu}.amount")], &factors[..]].concat() {
            let is_field = |entry: &Entry| matches!(entry.origin, Origin::Field(_));
            if settings.has(&key) || !settings.configuration.get(&key).is_some_and(is_field) {
                continue;
            }
            let Some(Entry { value, origin }) = settings.configuration.remove(&key) else {
                continue;
            };
            // What the command line says in this Flink's own words counts more than the file.
            if key.ends_with(".amount") && !settings.configuration.contains(&cpu) {
                settings.configuration.set(&*cpu, value, origin);
            }
        }
    }
}

/// Says in today's words what an old heap size means. To Flink's client it is the size of the pod; the script in the pod
/// takes it for the heap alone, and the process grows over its limit. TaskManagers are told their sizes one by one. A configuration
/// directory is taken as it is.
fn settle_old_heap(session: &Session, settings: &mut Settings) {
    const SIZE: &str = "jobmanager.memory.process.size";
    let all = &settings.configuration;
    let is_old = ["jobmanager.heap.size", "jobmanager.heap.mb"].iter().any(|key| all.contains(key));
    let is_sized = [SIZE, "jobmanager.memory.flink.size", "jobmanager.memory.heap.size"];
    let is_directory = session.conf_dir.is_some();
    if is_directory || !is_old || is_sized.iter().any(|key| all.contains(key)) {
        return;
    }
    let legacy = LegacyHeap { target: LegacyTarget::Kubernetes, ..LegacyHeap::default() };
    let input = MemoryInput { configuration: all, version: settings.version, legacy };
    // What cannot be calculated is told later.
    let Ok(memory) = memory::job_manager(&input) else { return };
    let size = MemorySize::from_bytes(memory.process()).to_string();
    let reason = Origin::Derived("what an old heap size means on Kubernetes");
    settings.configuration.set(SIZE, size, reason);
}

/// Steps 1 and 2, which all modes share.
pub(in crate::plan::kubernetes) fn begin(session: &Session, client: &ClientMachine) -> Settings {
    let mut settings = Settings {
        configuration: session.configuration.clone(),
        version: session.flink,
        dialect: session
            .conf_dir
            .as_ref()
            .map_or(Dialect::for_version(session.flink), |directory| directory.dialect),
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    fields(session, &mut settings);
    respell(&mut settings);
    namespace(session, client, &mut settings);
    let all = &mut settings.configuration;
    // Options of our own do not concern Flink.
    let own: Vec<String> = all
        .iter()
        .map(|(key, _)| key.to_owned())
        .filter(|key| key.starts_with("nutkin."))
        .collect();
    for key in own {
        all.remove(&key);
    }
    modules::open(session, &mut settings);
    if session.conf_dir.is_none() {
        retention::retain(&mut settings.configuration, session.flink);
        retention::archive_beside_checkpoints(&mut settings.configuration, &session.name);
        registration::find_again_in_pods(&mut settings.configuration);
    }
    settings
}

/// The kind of high availability, as it is written. The newer key is not known to 1.13 and 1.14.
pub(in crate::plan::kubernetes) fn high_availability(settings: &Settings) -> Option<String> {
    settings.text("high-availability.type").or_else(|| settings.text("high-availability"))
}

/// Whether standby JobManagers can take over. Any value but NONE counts, a misspelt one as well.
pub(in crate::plan::kubernetes) fn is_highly_available(settings: &Settings) -> bool {
    high_availability(settings).is_some_and(|mode| !mode.eq_ignore_ascii_case("none"))
}

/// Warns of high availability without a place for its data: the JobManager ends before it has done anything
/// (`BlobUtils.createFileSystemBlobStore`). Flink's client deploys it, and a custom factory may have a place of its own.
pub(in crate::plan::kubernetes) fn warn_of_missing_storage(settings: &mut Settings) {
    let needs = high_availability(settings).is_some_and(|mode| {
        let mode = mode.to_ascii_lowercase();
        ["kubernetes", "zookeeper"].contains(&mode.as_str())
            || mode.ends_with("kuberneteshaservicesfactory")
    });
    if needs && settings.text(STORAGE).is_none_or(|text| text.trim().is_empty()) {
        let message =
            "high availability has no place for its data: the JobManager will end at once";
        let hint = "name a directory that all pods reach: `s3://bucket/ha`";
        settings.warnings.push(Problem::new(STORAGE, message).hint(hint));
    }
}

/// Where high availability keeps its data.
const STORAGE: &str = "high-availability.storageDir";

/// Gives an option a port when it asks for any; a range cannot be used before a pod runs.
pub(in crate::plan::kubernetes) fn fix_port(settings: &mut Settings, key: &str, port: String) {
    let text = settings.text_or_default(key);
    match text.parse::<i32>() {
        Ok(0) => {
            let reason = "services need to know the port beforehand";
            settings.configuration.set(key, port, Origin::Derived(reason));
        }
        Ok(number) if u16::try_from(number).is_ok() => {}
        Ok(_) => settings.problem(no_port(key)),
        Err(_) => {
            let message = "on Kubernetes this must be one port, not a range or a list";
            settings.problem(Problem::new(key, message).hint(PORT_HINT));
        }
    }
}

/// What is said of a value that is not a port.
pub(in crate::plan::kubernetes) fn no_port(key: &str) -> Problem {
    Problem::new(key, "the value is not a port").hint(PORT_HINT)
}

const PORT_HINT: &str = "write a number from 1 to 65535, or remove the option";

/// Fields of a session file that stand for an option.
fn fields(session: &Session, settings: &mut Settings) {
    let image = if settings.has("kubernetes.container.image.ref") {
        "kubernetes.container.image.ref"
    } else {
        "kubernetes.container.image"
    };
    for (field, key, value) in [
        ("spec.image", image, &session.image),
        (
            "spec.imagePullPolicy",
            "kubernetes.container.image.pull-policy",
            &session.image_pull_policy,
        ),
        ("spec.serviceAccount", "kubernetes.service-account", &session.service_account),
    ] {
        set_field(settings, field, key, value.clone());
    }
    // 1.13 and its neighbours read an older key.
    for role in ["jobmanager", "taskmanager"] {
        let newer = format!("kubernetes.{role}.cpu.amount");
        let entry = settings.configuration.get(&newer).cloned();
        if let Some(Entry { value, origin: Origin::Field(field) }) =
            entry.filter(|_| !settings.has(&newer))
        {
            settings.configuration.remove(&newer);
            set_field(settings, &field, &format!("kubernetes.{role}.cpu"), Some(value.to_string()));
        }
    }
    // Before 1.17 there is no such option.
    let key = "kubernetes.jobmanager.replicas";
    let replicas = session.job_manager.replicas.filter(|_| settings.has(key));
    set_field(settings, "spec.jobManager.replicas", key, replicas.map(|count| count.to_string()));
}

/// The command line is stronger than a field, and a field stronger than `spec.flinkConfiguration`.
fn set_field(settings: &mut Settings, field: &str, key: &str, value: Option<String>) {
    let set = options::lookup(&settings.configuration, key, settings.version);
    let said_on_command_line =
        set.is_some_and(|(_, entry)| Origin::Field(String::new()) < entry.origin);
    if let (Some(value), false) = (value, said_on_command_line) {
        settings.configuration.set(key, value, Origin::Field(field.to_owned()));
    }
}

/// Writes the namespace into the options, because the JobManager reads it there. Precedence, lowest first:
/// the context of the kubeconfig, the option, `metadata.namespace`, the option on the command line.
fn namespace(session: &Session, client: &ClientMachine, settings: &mut Settings) {
    set_field(settings, "metadata.namespace", NAMESPACE, session.namespace.clone());
    if let (None, Some(namespace)) = (settings.text(NAMESPACE), &client.context_namespace) {
        let origin = Origin::Derived("the namespace of the kubeconfig's context");
        settings.configuration.set(NAMESPACE, namespace.as_str(), origin);
    }
}

/// The option that names the namespace.
pub(in crate::plan::kubernetes) const NAMESPACE: &str = "kubernetes.namespace";
