//! The pod of a role.

use serde_json::{Value, json};

use super::super::steps::draft::{Draft, FLINK_USER, Role};
use super::super::steps::effective::is_highly_available;
use super::super::steps::json::{append, object};
use super::super::steps::memory::Sizes;
use super::super::steps::{
    claims as flink_claims, env_secrets, flink_conf, hadoop, init, jars, kerberos, secrets,
    template,
};
use super::super::{config_map, marks};
use super::claims::{self, Claim};
use super::effective::is_on_zookeeper;
use super::workload::Workload;
use super::{default_to, probes};
use crate::change::readers;
use nutkin_flink::dialect::Dialect;
use nutkin_flink::digest;

/// Standbys send jars where the leader's BLOB server says it is: from 2.x on the host name of the pod where it is bound
/// to all addresses, which nobody else can resolve (`BlobServer.getAddress`, 2.3).
const BIND: &str = "-Djobmanager.bind-host=$(_POD_IP_ADDRESS)";

const SLOTS: &str = "taskmanager.numberOfTaskSlots";

/// Fills pod and main container.
pub(super) fn fill(draft: &mut Draft<'_>, workload: Workload, claims: &[Claim], sizes: Sizes) {
    template::start(draft);
    init::decorate(
        draft,
        match draft.role {
            Role::JobManager => sizes.job_manager,
            Role::TaskManager => sizes.task_manager,
        },
    );
    name(draft, workload);
    env_secrets::decorate(draft);
    secrets::decorate(draft);
    flink_claims::decorate(draft);
    jars::decorate(draft, workload == Workload::OneStatefulSet);
    command(draft, workload);
    hadoop::decorate(draft);
    kerberos::decorate(draft);
    flink_conf::decorate(draft);
    claims::mount(draft, claims);
    if draft.role == Role::JobManager {
        jars::check(draft);
    }
    if workload != Workload::OneStatefulSet {
        probes::add(draft);
    }
    secure(draft);
}

/// The pod's name as a variable: TaskManagers are called by it, JobManagers of a StatefulSet are reached by it.
fn name(draft: &mut Draft<'_>, workload: Workload) {
    if draft.role == Role::JobManager && workload == Workload::Deployments {
        return;
    }
    // A template may have it already, and Kubernetes refuses a variable that is there twice.
    let variables = draft.container.get("env").and_then(Value::as_array);
    if variables.is_some_and(|all| all.iter().any(|one| one["name"] == "POD_NAME")) {
        return;
    }
    let field = json!({"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}});
    append(&mut draft.container, "env", [json!({"name": "POD_NAME", "valueFrom": field})]);
}

/// What the container runs: a word that every entrypoint of Flink's images knows, and the address of this pod,
/// where there are several JobManagers.
fn command(draft: &mut Draft<'_>, workload: Workload) {
    let entry = draft.settings.text_or_default("kubernetes.entry.path");
    let highly_available = is_highly_available(&draft.settings);
    let address = match workload {
        Workload::Deployments => "$(_POD_IP_ADDRESS)".to_owned(),
        _ => format!("$(POD_NAME).{}.{}", draft.cluster_id, draft.namespace),
    };
    let identity = "-Dtaskmanager.resource-id=$(POD_NAME)".to_owned();
    let mut args = match (workload, draft.role) {
        (Workload::OneStatefulSet, _) => vec!["cluster".to_owned()],
        (_, Role::JobManager) => vec!["jobmanager".to_owned()],
        (_, Role::TaskManager) => vec!["taskmanager".to_owned(), identity.clone()],
    };
    // 2.x took the host argument away from its scripts.
    let is_named = draft.settings.version.is_at_least(2, 0);
    let option = format!("-Djobmanager.rpc.address={address}");
    match (workload, draft.role) {
        (Workload::OneStatefulSet, _) => {
            // To entrypoints with roles by host name this word means ZooKeeper, whose quorum they then want.
            if is_on_zookeeper(&draft.settings) {
                args.push("ha".to_owned());
            }
            if highly_available {
                args.extend(is_named.then(|| BIND.to_owned()));
                args.push(option);
            }
            args.push(identity);
            // And one slot in the configuration means to them as many as there are processors.
            let slots = draft.settings.text_or_default(SLOTS);
            args.push(format!("-D{SLOTS}={slots}"));
        }
        (_, Role::JobManager) if highly_available && is_named => {
            args.extend([BIND.to_owned(), option]);
        }
        (_, Role::JobManager) if highly_available => args.push(address),
        _ => {}
    }
    draft.container.insert("command".to_owned(), json!([entry]));
    draft.container.insert("args".to_owned(), json!(args));
}

/// Runs as Flink's user and lets it write to volumes, unless the template or `nutkin.security-context: none` says
/// otherwise.
fn secure(draft: &mut Draft<'_>) {
    if !draft.is_secured() {
        return;
    }
    let spec = object(&mut draft.pod, "spec");
    for field in ["runAsUser", "runAsGroup", "fsGroup"] {
        default_to(spec, &["securityContext", field], json!(FLINK_USER));
    }
}

/// Notes in the pod which configuration it starts with: all files, but of the options only those that these roles
/// read, so that no other change restarts it.
pub(super) fn mark_configuration(draft: &mut Draft<'_>, others: &[Value], roles: &[Role]) {
    let is_read = |key: &str| {
        let (job_manager, task_manager) = readers(key);
        roles.iter().any(|role| match role {
            Role::JobManager => job_manager,
            Role::TaskManager => task_manager,
        })
    };
    let is_read_at_start = |item: &&Value| item["kind"] == "ConfigMap" || item["kind"] == "Secret";
    let mut read = String::new();
    for item in others.iter().filter(is_read_at_start) {
        let options = config_map::options_of(item);
        for (key, value) in options.iter().filter(|(key, _)| is_read(key)) {
            read.push_str(&format!("{key}={value}\n"));
        }
        for (file, text) in item["data"].as_object().into_iter().flatten() {
            if Dialect::of_file(file).is_none() {
                read.push_str(&format!("{file}={text}\n"));
            }
        }
    }
    let metadata = object(&mut draft.pod, "metadata");
    let annotations = object(metadata, "annotations");
    annotations.insert(marks::CONFIGURATION.to_owned(), json!(digest::short(read)));
    if let Some(nonce) = draft.session.restart_nonce {
        annotations.insert(marks::RESTART.to_owned(), json!(nonce.to_string()));
    }
}
