//! Pods, events, workloads and nodes of Kubernetes.

use nutkin_core::kubernetes::shape;
use nutkin_core::kubernetes::status::Pod;
use nutkin_flink::process::Role;
use serde_json::Value;

use super::process::{ended, plain};
use super::shown;
use crate::codes;
use crate::evidence::ProcessEnd;
use crate::fact::{Fact, Level, Source};
use crate::time;

/// Whether an object is a pod.
pub(super) fn is_pod(object: &Value) -> bool {
    object["kind"] == "Pod"
}

/// Whether an object is the pod of a TaskManager that is not about to end.
pub(super) fn is_task_manager(object: &Value) -> bool {
    let is_ending = !object["metadata"]["deletionTimestamp"].is_null() || is_over(object);
    is_pod(object) && !is_ending && !shape::is_job_manager(object)
}

/// Whether a pod has ended for good: Kubernetes keeps it, and another one takes its place.
fn is_over(pod: &Value) -> bool {
    pod["status"]["phase"] == "Failed" || pod["status"]["phase"] == "Succeeded"
}

/// What an object says. `pending`: pods that are there and do not run.
pub(super) fn facts(object: &Value, pending: &[&str], now: Option<i64>) -> Vec<Fact> {
    match object["kind"].as_str() {
        Some("Pod") => of_pod(object, now),
        Some("Event") => of_event(object, pending).into_iter().collect(),
        Some("Node") => of_node(object).into_iter().collect(),
        Some(_) => of_workload(object),
        None => Vec::new(),
    }
}

/// Pods that are there and do not run.
pub(super) fn pending(objects: &[Value]) -> Vec<&str> {
    let pods =
        objects.iter().filter(|object| is_pod(object) && !is_over(object) && !Pod::of(object).runs);
    pods.map(name_of).collect()
}

fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or("an object")
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn of_pod(pod: &Value, now: Option<i64>) -> Vec<Fact> {
    let name = name_of(pod);
    let role = if shape::is_job_manager(pod) { Role::JobManager } else { Role::TaskManager };
    let mut facts = Vec::new();
    let status = &pod["status"];
    // `Evicted`, `NodeLost`, `UnexpectedAdmissionError`: the pod's own word.
    if !text(status, "reason").is_empty() {
        let words = format!("{name}: {}: {}", text(status, "reason"), text(status, "message"));
        let previous = is_over(pod);
        facts.push(Fact { previous, ..said(name, Some(role), words, ended_at(pod)) });
    }
    let conditions = status["conditions"].as_array().into_iter().flatten();
    for one in conditions.filter(|one| one["status"] == "False") {
        if one["type"] == "PodScheduled" && !text(one, "message").is_empty() {
            let words = format!("{name}: {}: {}", text(one, "reason"), text(one, "message"));
            facts.push(said(name, Some(role), words, one["lastTransitionTime"].as_str()));
        }
    }
    for list in ["initContainerStatuses", "containerStatuses"] {
        for container in status[list].as_array().into_iter().flatten() {
            // An init container that has done its work.
            let is_done = container["state"]["terminated"]["exitCode"] == 0;
            if list == "containerStatuses" || !is_done {
                facts.extend(of_container(name, role, container, is_over(pod), now));
            }
        }
    }
    facts
}

/// When the last container of a pod has ended.
fn ended_at(pod: &Value) -> Option<&str> {
    let containers = pod["status"]["containerStatuses"].as_array()?;
    containers.iter().filter_map(|one| one["state"]["terminated"]["finishedAt"].as_str()).max()
}

fn of_container(
    pod: &str,
    role: Role,
    container: &Value,
    is_over: bool,
    now: Option<i64>,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let (state, last) = (&container["state"], &container["lastState"]);
    let waiting = &state["waiting"];
    // A container that crashes waits, too; its end says why.
    let is_news = !["", "CrashLoopBackOff", "ContainerCreating", "PodInitializing"]
        .contains(&text(waiting, "reason"));
    if is_news {
        let words = format!("{pod}: {}: {}", text(waiting, "reason"), text(waiting, "message"));
        facts.push(said(pod, Some(role), words, None));
    }
    let runs = state["running"].is_object();
    for (terminated, again) in
        [(&last["terminated"], runs || is_over), (&state["terminated"], is_over)]
    {
        let Some(code) = terminated["exitCode"].as_i64() else { continue };
        let container = text(container, "name");
        let mut words = format!("(container `{container}`) ended with exit code {code}");
        for key in ["reason", "message"] {
            if !text(terminated, key).is_empty() {
                words.push_str(&format!(", {}", text(terminated, key).trim()));
            }
        }
        let time = |key: &str| terminated[key].as_str().and_then(time::of_rfc3339);
        let lived = time("startedAt").zip(time("finishedAt"));
        let end = ProcessEnd {
            lived: lived.and_then(|(from, to)| u64::try_from((to - from) / 1000).ok()),
            at: terminated["finishedAt"].as_str().map(str::to_owned),
            code: i32::try_from(code).ok(),
            signal: None,
            out_of_memory: terminated["reason"] == "OOMKilled",
            words,
        };
        facts.extend(ended(pod, Some(role), &end, again, now));
    }
    facts
}

/// Warnings alone: the others say what goes well. Kubernetes keeps them for an hour, so most are over.
fn of_event(event: &Value, pending: &[&str]) -> Option<Fact> {
    if event["type"] == "Normal" {
        return None;
    }
    let about = &event["involvedObject"];
    let name = text(about, "name");
    let role = match text(about, "kind") {
        "Pod" if name.contains("taskmanager") => Some(Role::TaskManager),
        "Pod" => Some(Role::JobManager),
        _ => None,
    };
    let words = format!(
        "{}/{name}: {}: {}",
        text(about, "kind"),
        text(event, "reason"),
        text(event, "message").trim()
    );
    let at = ["firstTimestamp", "eventTime", "lastTimestamp"];
    let at = at.iter().find_map(|key| event[*key].as_str());
    Some(Fact { previous: !pending.contains(&name), ..said(name, role, words, at) })
}

fn of_workload(object: &Value) -> Vec<Fact> {
    let name = name_of(object);
    let mut facts = Vec::new();
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    for one in conditions {
        if one["type"] == "ReplicaFailure" && one["status"] == "True" {
            let words = format!("{}: {}", text(one, "reason"), text(one, "message"));
            facts.push(said(name, None, words, one["lastTransitionTime"].as_str()));
        }
    }
    let ending = object["metadata"]["deletionTimestamp"].as_str();
    let finalizers = object["metadata"]["finalizers"].as_array();
    if let (Some(since), Some(finalizers)) = (ending, finalizers.filter(|all| !all.is_empty())) {
        let finalizers: Vec<&str> = finalizers.iter().filter_map(Value::as_str).collect();
        let words =
            format!("is being deleted since {since}, and waits for {}", finalizers.join(", "));
        facts.push(Fact {
            at: time::of_rfc3339(since),
            ..plain(name, None, codes::TERMINATING, words)
        });
    }
    facts
}

fn of_node(node: &Value) -> Option<Fact> {
    let name = name_of(node);
    let conditions = node["status"]["conditions"].as_array()?;
    let ready = conditions.iter().find(|one| one["type"] == "Ready")?;
    if ready["status"] == "True" {
        return None;
    }
    let words = format!("node {name} is not ready: {}", text(ready, "message"));
    let at = ready["lastTransitionTime"].as_str().and_then(time::of_rfc3339);
    Some(Fact { at, source: Source::Event, ..plain(name, None, codes::NODE_LOST, words) })
}

/// Something that Kubernetes says in words, in which rules search.
fn said(of: &str, role: Option<Role>, words: String, at: Option<&str>) -> Fact {
    Fact {
        at: at.and_then(time::of_rfc3339),
        source: Source::Event,
        of: of.to_owned(),
        role,
        level: Level::Loud,
        previous: false,
        code: None,
        quote: vec![shown(&words)],
        text: words,
        cause: None,
    }
}
