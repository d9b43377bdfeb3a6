//! What is refused of a `FlinkDeployment`. Source: `DefaultValidator.validateDeployment` of FKO 1.16.

use nutkin_core::spec::is_name;
use nutkin_flink::memory::{self, LegacyHeap, MemoryInput};
use nutkin_flink::{Configuration, FlinkVersion, is_highly_available};
use serde_json::Value;

use super::{ResourceRefusal, Sort, filled, given, is_on, refusal, resources};
use crate::texts;

/// A deployment, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct DeploymentFacts<'a> {
    /// `metadata.name`.
    pub name: &'a str,
    /// `spec`.
    pub spec: &'a Value,
    /// The options of the spec.
    pub options: &'a Configuration,
    /// The spec that was deployed last; `None` before the first time.
    pub last: Option<&'a Value>,
}

/// All that is refused; what FKO would say comes first.
pub fn deployment(new: &DeploymentFacts<'_>) -> Vec<ResourceRefusal> {
    let mut found = Vec::new();
    found.extend(name(new.name, "metadata.name"));
    version(new, &mut found);
    options(new.options, &mut found);
    if let Some(ingress) = given(new.spec, "ingress")
        && given(ingress, "template").is_none()
    {
        found.push(refusal(Sort::Ingress, "spec.ingress.template", texts::INGRESS));
    }
    let files = new.spec["logConfiguration"].as_object();
    let strange = files.into_iter().flatten().map(|(key, _)| key.as_str());
    for key in strange.filter(|key| !texts::LOG_KEYS.contains(key)) {
        let text = [texts::LOG_KEY[0], key, texts::LOG_KEY[1]].concat();
        found.push(refusal(Sort::LogFile, "spec.logConfiguration", text));
    }
    job_managers(new, &mut found);
    task_managers(new, &mut found);
    if let Some(last) = new.last {
        switches(new.spec, last, &mut found);
    }
    if given(new.spec, "serviceAccount").is_none() {
        found.push(refusal(Sort::ServiceAccount, "spec.serviceAccount", texts::SERVICE_ACCOUNT));
    }
    found
}

/// Whether a deployment may have this name.
pub(super) fn name(name: &str, path: &'static str) -> Option<ResourceRefusal> {
    let text = || [texts::NAME[0], name, texts::NAME[1]].concat();
    (!is_name(name)).then(|| refusal(Sort::Name, path, text()))
}

fn version(new: &DeploymentFacts<'_>, found: &mut Vec<ResourceRefusal>) {
    const PATH: &str = "spec.flinkVersion";
    let Some(name) = given(new.spec, "flinkVersion").and_then(Value::as_str) else {
        found.push(refusal(Sort::Version, PATH, texts::NO_VERSION));
        return;
    };
    // FKO ended its support for the two oldest lines with 1.7.
    let is_supported =
        FlinkVersion::from_operator_name(name).is_some_and(|version| version.is_at_least(1, 15));
    if !is_supported {
        let [before, after] = texts::UNSUPPORTED_VERSION;
        found.push(refusal(Sort::Version, PATH, [before, name, after].concat()));
    }
}

fn options(options: &Configuration, found: &mut Vec<ResourceRefusal>) {
    const PATH: &str = "spec.flinkConfiguration";
    for key in texts::FORBIDDEN_KEYS.iter().filter(|key| options.contains(key)) {
        let text = format!("{}{key}", texts::FORBIDDEN_KEY);
        found.push(refusal(Sort::ForbiddenOption, PATH, text));
    }
    let rollback = is_on(options, "kubernetes.operator.deployment.rollback.enabled", false);
    if rollback && !is_highly_available(options) {
        found.push(refusal(Sort::NeedsOption, PATH, texts::ROLLBACK));
    }
    let health = is_on(options, "kubernetes.operator.cluster.health-check.enabled", false);
    if health && !is_on(options, "kubernetes.operator.jm-deployment-recovery.enabled", true) {
        found.push(refusal(Sort::NeedsOption, PATH, texts::HEALTH_CHECK));
    }
}

/// What memory is calculated from, where no field states it.
fn memory_of(
    new: &DeploymentFacts<'_>,
    role: &str,
    calculate: impl Fn(&MemoryInput<'_>) -> bool,
) -> bool {
    let role = &new.spec[role];
    let is_stated = |value: &Value| match value {
        Value::String(text) => !text.trim().is_empty(),
        Value::Number(_) => true,
        _ => false,
    };
    let fields = ["/resource/memory", "/resources/requests/memory", "/resources/limits/memory"];
    if fields.iter().any(|field| role.pointer(field).is_some_and(is_stated)) {
        return true;
    }
    let version = given(new.spec, "flinkVersion").and_then(Value::as_str);
    let version = version.and_then(FlinkVersion::from_operator_name);
    calculate(&MemoryInput {
        configuration: new.options,
        version: version.unwrap_or(FlinkVersion::DEFAULT),
        legacy: LegacyHeap::default(),
    })
}

fn job_managers(new: &DeploymentFacts<'_>, found: &mut Vec<ResourceRefusal>) {
    if !memory_of(new, "jobManager", |input| memory::job_manager(input).is_ok()) {
        let path = "spec.jobManager.resource.memory";
        found.push(refusal(Sort::NoMemory, path, texts::NO_JOB_MANAGER_MEMORY));
    }
    resources::check("JobManager", "spec.jobManager", &new.spec["jobManager"], found);
    let path = "spec.jobManager.replicas";
    match new.spec["jobManager"]["replicas"].as_i64() {
        Some(replicas) if replicas < 1 => {
            found.push(refusal(Sort::TooFew, path, texts::JOB_MANAGERS));
        }
        Some(replicas) if 1 < replicas && !is_highly_available(new.options) => {
            found.push(refusal(Sort::Standby, path, texts::STANDBY));
        }
        _ => {}
    }
}

fn task_managers(new: &DeploymentFacts<'_>, found: &mut Vec<ResourceRefusal>) {
    if !memory_of(new, "taskManager", |input| memory::task_manager(input).is_ok()) {
        let path = "spec.taskManager.resource.memory";
        found.push(refusal(Sort::NoMemory, path, texts::NO_TASK_MANAGER_MEMORY));
    }
    resources::check("TaskManager", "spec.taskManager", &new.spec["taskManager"], found);
    if new.spec["taskManager"]["replicas"].as_i64().is_some_and(|replicas| replicas < 1) {
        found.push(refusal(Sort::TooFew, "spec.taskManager.replicas", texts::TASK_MANAGERS));
    }
}

fn switches(new: &Value, last: &Value, found: &mut Vec<ResourceRefusal>) {
    match (given(last, "job").is_some(), given(new, "job").is_some()) {
        (false, true) => found.push(refusal(Sort::Switch, "spec.job", texts::TO_JOB)),
        (true, false) => found.push(refusal(Sort::Switch, "spec.job", texts::TO_SESSION)),
        _ => {}
    }
    let is_standalone = |spec: &Value| spec["mode"] == "standalone";
    match (is_standalone(last), is_standalone(new)) {
        (false, true) => found.push(refusal(Sort::Switch, "spec.mode", texts::TO_STANDALONE)),
        (true, false) => found.push(refusal(Sort::Switch, "spec.mode", texts::TO_NATIVE)),
        _ => {}
    }
}

/// The directories that a job needs. Source: `validateJobSpec`.
pub(super) fn directories(job: &Value, options: &Configuration, found: &mut Vec<ResourceRefusal>) {
    const PATH: &str = "spec.flinkConfiguration";
    let mode = job["upgradeMode"].as_str().unwrap_or("stateless");
    let checkpoints = ["execution.checkpointing.dir", "state.checkpoints.dir"];
    if mode != "stateless" && filled(options, &checkpoints).is_none() {
        found.push(refusal(Sort::Directory, PATH, texts::CHECKPOINT_DIRECTORY));
    }
    let savepoints = ["execution.checkpointing.savepoint-dir", "state.savepoints.dir"];
    if filled(options, &savepoints).is_some() {
        return;
    }
    let age = "kubernetes.operator.job.upgrade.last-state.max.allowed.checkpoint.age";
    let text = if mode == "savepoint" {
        texts::SAVEPOINT_UPGRADE
    } else if given(job, "savepointTriggerNonce").is_some() {
        texts::SAVEPOINT_NONCE
    } else if options.contains("kubernetes.operator.periodic.savepoint.interval") {
        texts::PERIODIC_SAVEPOINTS
    } else if options.contains(age) {
        texts::CHECKPOINT_AGE
    } else {
        return;
    };
    found.push(refusal(Sort::Directory, PATH, text));
}
