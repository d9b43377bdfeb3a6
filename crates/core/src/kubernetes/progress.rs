//! What a session that starts waits for, from conditions and events and not from a clock.

use serde_json::Value;

use super::shape;
pub use crate::words::progress::plain;
use crate::words::progress::{CONTAINERS_ENDED, Defect, EndedContainer, NO_NODE, Waits};
use crate::words::status as words;
use crate::{Remark, Remedy};

/// How far the JobManager is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobManagerProgress {
    /// It is on its way: what is waited for, as a sentence.
    Waiting(String),
    /// It does not get on by itself.
    Stuck(Stuck),
    /// Its container runs; REST may answer at any moment.
    Runs,
}

/// Why a session does not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// What is wrong, as a sentence.
    pub what: String,
    /// What can be done.
    pub hint: Remedy,
    /// The pod whose previous container's log says more.
    pub crashed: Option<String>,
}

impl Stuck {
    fn by(defect: Defect<'_>) -> Self {
        Self { what: defect.to_string(), hint: defect.remedy(), crashed: None }
    }
}

impl From<Waits<'_>> for JobManagerProgress {
    fn from(what: Waits<'_>) -> Self {
        Self::Waiting(what.to_string())
    }
}

/// Whether the pods that the Deployment asks for now are the only ones: a change has reached all of them.
pub fn is_rolled_out(deployment: &Value) -> bool {
    let status = &deployment["status"];
    let wanted = shape::replicas(deployment);
    is_observed(deployment)
        && number(&status["updatedReplicas"]) == wanted
        && number(&status["replicas"]) == wanted
}

/// Whether the workload's controller has seen what is asked for now.
pub fn is_observed(workload: &Value) -> bool {
    number(&workload["metadata"]["generation"]) <= number(&workload["status"]["observedGeneration"])
}

/// Whether a workload has pods of an older template.
pub fn has_old_pods(workload: &Value) -> bool {
    let status = &workload["status"];
    number(&status["updatedReplicas"]) < number(&status["replicas"])
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// Whether an object was told to end.
pub fn is_ending(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

/// Whether Services lead to a pod.
pub fn is_ready(pod: &Value) -> bool {
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|one| one["type"] == "Ready" && one["status"] == "True")
}

/// That Services lead to none of these JobManagers, which run: the readiness probe of none of them has succeeded.
pub fn unready(pods: &[Value]) -> Option<Remark> {
    let mut running =
        pods.iter().filter(|pod| !is_ending(pod) && pod["status"]["phase"] == "Running");
    let containers =
        |pod: &'_ Value| pod["spec"]["containers"].as_array().cloned().unwrap_or_default();
    let delays = |pod: &Value| {
        let probes = containers(pod).into_iter().map(|one| one["readinessProbe"].clone());
        let probes = probes.filter(Value::is_object);
        probes.map(|probe| probe["initialDelaySeconds"].as_u64().unwrap_or(0)).max()
    };
    let first = running.next()?;
    let delay = delays(first)?;
    let is_any_ready = is_ready(first) || running.any(is_ready);
    (!is_any_ready).then(|| words::not_ready(delay))
}

/// Whether no node takes a pod, by the scheduler's word.
pub fn is_unscheduled(pod: &Value) -> bool {
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|one| one["type"] == "PodScheduled" && one["status"] == "False")
}

/// Why Kubernetes does not make pods that a workload lacks: a quota, an account that is missing, a policy.
pub fn not_made(workload: &Value, events: &[Value]) -> Option<Stuck> {
    let lacks = number(&workload["status"]["replicas"]) < shape::replicas(workload);
    refused(workload, events).filter(|_| lacks)
}

/// Why Kubernetes does not make a pod of a workload, those that take the place of old ones included.
pub fn refused(workload: &Value, events: &[Value]) -> Option<Stuck> {
    let failure = creation_failure(workload, events)?;
    let message = failure["message"].as_str().unwrap_or_default();
    Some(Stuck::by(Defect::NoPod(role_of(workload), message)))
}

/// What says that pods of a workload cannot be made: a condition, or an event.
fn creation_failure<'a>(workload: &'a Value, events: &'a [Value]) -> Option<&'a Value> {
    let conditions = workload["status"]["conditions"].as_array().into_iter().flatten();
    let failure = conditions
        .into_iter()
        .find(|one| one["type"] == "ReplicaFailure" && one["status"] == "True");
    // A StatefulSet has no conditions; what it cannot make it tells in events.
    failure.or_else(|| {
        let about = |event: &&Value| {
            event["involvedObject"]["kind"] == "StatefulSet"
                && event["involvedObject"]["uid"] == workload["metadata"]["uid"]
        };
        let newest = events.iter().filter(about).max_by_key(|event| time(event));
        newest.filter(|event| event["reason"] == "FailedCreate")
    })
}

/// How far the JobManager is, from its Deployment, its pods, and events about both.
pub fn of(deployment: &Value, pods: &[Value], events: &[Value]) -> JobManagerProgress {
    let mut pods: Vec<&Value> = pods.iter().filter(|pod| !is_ending(pod)).collect();
    // The newest belong to the change that is waited for.
    pods.sort_by_key(|pod| pod["metadata"]["creationTimestamp"].as_str().unwrap_or_default());
    let hash = |pod: &Value| revision(pod).cloned();
    let newest = pods.last().map(|pod| hash(pod));
    pods.retain(|pod| Some(hash(pod)) == newest);
    if pods.is_empty() {
        return without_pod(deployment, events);
    }
    let all: Vec<JobManagerProgress> = pods.iter().map(|pod| of_pod(pod, events)).collect();
    // One JobManager that runs is enough; one that is on its way lets hope.
    let runs = all.iter().find(|one| **one == JobManagerProgress::Runs);
    let waits = || all.iter().find(|one| matches!(one, JobManagerProgress::Waiting(_)));
    runs.or_else(waits).unwrap_or(&all[0]).clone()
}

fn role_of(workload: &Value) -> &'static str {
    if workload["metadata"]["labels"]["component"] == "taskmanager" {
        "TaskManager"
    } else {
        "JobManager"
    }
}

/// For which pod template a pod was made: the label of Deployments, or that of StatefulSets.
pub fn revision(pod: &Value) -> Option<&Value> {
    let labels = &pod["metadata"]["labels"];
    ["pod-template-hash", "controller-revision-hash"].iter().find_map(|key| labels.get(key))
}

fn without_pod(deployment: &Value, events: &[Value]) -> JobManagerProgress {
    let Some(failure) = creation_failure(deployment, events) else {
        return Waits::Pod(role_of(deployment)).into();
    };
    let message = failure["message"].as_str().unwrap_or_default();
    JobManagerProgress::Stuck(Stuck::by(Defect::NoPod(role_of(deployment), message)))
}

/// How far one pod is.
pub fn of_pod(pod: &Value, events: &[Value]) -> JobManagerProgress {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let conditions = pod["status"]["conditions"].as_array();
    let condition = |kind: &str| conditions.into_iter().flatten().find(|one| one["type"] == kind);
    if let Some(one) = condition("PodScheduled").filter(|one| one["status"] == "False") {
        return Waits::Node(Some(one["message"].as_str().unwrap_or(NO_NODE))).into();
    }
    let statuses = ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .flat_map(|key| pod["status"][key].as_array().into_iter().flatten());
    for container in statuses {
        if let Some(progress) = of_container(container, pod) {
            return progress;
        }
    }
    match pod["status"]["phase"].as_str() {
        Some("Running") => JobManagerProgress::Runs,
        Some("Failed") => {
            let message = pod["status"]["message"].as_str().unwrap_or(CONTAINERS_ENDED);
            Waits::Failed(name, message).into()
        }
        _ => starting(pod, name, events).into(),
    }
}

/// Where a pod is between its node and its first container, from the newest event about it.
fn starting<'a>(pod: &'a Value, name: &str, events: &'a [Value]) -> Waits<'a> {
    let about = |event: &&Value| event["involvedObject"]["name"] == name;
    let newest = events.iter().filter(about).max_by_key(|event| time(event));
    let reason = newest.map_or("", |event| event["reason"].as_str().unwrap_or_default());
    let message = newest.map_or("", |event| event["message"].as_str().unwrap_or_default());
    let containers = pod["spec"]["containers"].as_array();
    let image = containers.and_then(|all| all.last()).and_then(|one| one["image"].as_str());
    match reason {
        "Pulling" => Waits::Image(image.unwrap_or_default()),
        "FailedMount" | "FailedAttachVolume" => Waits::Volume(message),
        "FailedCreatePodSandBox" => Waits::Network(message),
        _ if pod["spec"]["nodeName"].is_string() => {
            Waits::Container(if shape::is_job_manager(pod) { "JobManager" } else { "TaskManager" })
        }
        _ => Waits::Node(None),
    }
}

fn time(event: &Value) -> &str {
    let of = |key: &str| event[key].as_str();
    of("lastTimestamp").or_else(|| of("eventTime")).or_else(|| of("firstTimestamp")).unwrap_or("")
}

fn of_container(container: &Value, pod: &Value) -> Option<JobManagerProgress> {
    let stuck = |defect| Some(JobManagerProgress::Stuck(Stuck::by(defect)));
    let name = container["name"].as_str().unwrap_or_default();
    let image = container["image"].as_str().unwrap_or_default();
    let waiting = &container["state"]["waiting"];
    let message = waiting["message"].as_str().unwrap_or_default();
    match waiting["reason"].as_str() {
        Some("InvalidImageName") => return stuck(Defect::ImageName(image)),
        Some(reason @ ("ErrImagePull" | "ImagePullBackOff" | "ErrImageNeverPull")) => {
            let defect = Defect::Image(image, or(message, reason));
            // The first failure may be the registry's mood; Kubernetes backs off after the second.
            if reason == "ErrImagePull" {
                return Some(JobManagerProgress::Waiting(defect.to_string()));
            }
            return stuck(defect);
        }
        Some(
            reason @ ("CreateContainerConfigError" | "CreateContainerError" | "RunContainerError"),
        ) => return stuck(Defect::Container(name, or(message, reason))),
        _ => {}
    }
    let ended = [&container["state"]["terminated"], &container["lastState"]["terminated"]]
        .into_iter()
        .find(|ended| ended.is_object());
    let ready = container["ready"] == true;
    let ended = ended.filter(|ended| !ready && ended["exitCode"] != 0)?;
    let (reason, code) = (ended["reason"].as_str(), ended["exitCode"].to_string());
    let metadata = &pod["metadata"];
    let (pod_name, session) = (metadata["name"].as_str(), metadata["labels"]["app"].as_str());
    let ended = EndedContainer {
        container: name,
        pod: pod_name.unwrap_or_default(),
        session: session.unwrap_or_default(),
        is_job_manager: shape::is_job_manager(pod),
        reason,
        code: &code,
    };
    let crashed = pod_name.map(str::to_owned);
    Some(JobManagerProgress::Stuck(Stuck { crashed, ..Stuck::by(Defect::Ended(ended)) }))
}

fn or<'a>(message: &'a str, reason: &'a str) -> &'a str {
    if message.is_empty() { reason } else { message }
}

#[cfg(test)]
mod tests;
