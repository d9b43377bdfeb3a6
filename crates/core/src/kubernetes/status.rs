//! How a session on Kubernetes is, in the words that every platform uses.

use serde_json::Value;

use super::progress::{self, JobManagerProgress};
use super::resource::title;
use super::shape;
use crate::remedy::Remark;
use crate::status::SessionState;
use crate::words::status as words;

/// A pod of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Whether it is a JobManager; otherwise a TaskManager.
    pub is_job_manager: bool,
    /// Whether its containers run.
    pub runs: bool,
    /// In words: `Running on node-1`, `Pending`.
    pub state: String,
    /// How often its containers were started again.
    pub restarts: u32,
    /// How a container ended the last time.
    pub last_end: Option<String>,
    /// When the container that runs was started, in RFC 3339.
    pub started: Option<String>,
}

impl Pod {
    /// Reads a pod.
    pub fn of(pod: &Value) -> Self {
        let (metadata, status) = (&pod["metadata"], &pod["status"]);
        let phase = status["phase"].as_str().unwrap_or("Unknown");
        let node = pod["spec"]["nodeName"].as_str();
        let ending = progress::is_ending(pod);
        let containers = status["containerStatuses"].as_array();
        let containers = || containers.into_iter().flatten();
        let waiting = containers().find_map(|one| one["state"]["waiting"]["reason"].as_str());
        let word = if ending { "Terminating" } else { waiting.unwrap_or(phase) };
        let ended = containers().map(|one| &one["lastState"]["terminated"]);
        let mut started =
            containers().filter_map(|one| one["state"]["running"]["startedAt"].as_str());
        let restarts = containers().filter_map(|one| one["restartCount"].as_u64()).max();
        Self {
            name: metadata["name"].as_str().unwrap_or_default().to_owned(),
            is_job_manager: shape::is_job_manager(pod),
            runs: phase == "Running" && !ending && waiting.is_none(),
            state: node.map_or_else(|| word.to_owned(), |node| format!("{word} on {node}")),
            restarts: u32::try_from(restarts.unwrap_or(0)).unwrap_or(u32::MAX),
            last_end: ended.filter(|one| one.is_object()).map(how_ended).next(),
            started: started.next().map(str::to_owned),
        }
    }
}

fn how_ended(ended: &Value) -> String {
    let reason = ended["reason"].as_str().unwrap_or("ended");
    format!("{reason}, exit code {}", ended["exitCode"])
}

/// The state, and in sentences what is not as it should be, with what fixes it. `registered` is the number of
/// TaskManagers that REST reports; `None` where it does not answer. `own` is the TaskManagers' workload, where they have
/// one.
pub fn derive(
    deployment: &Value,
    own: Option<&Value>,
    pods: &[Value],
    events: &[Value],
    registered: Option<u32>,
) -> (SessionState, Vec<Remark>) {
    if progress::is_ending(deployment) {
        return (SessionState::Stopped, vec![words::being_deleted()]);
    }
    if deployment["spec"]["replicas"] == 0 {
        return (SessionState::Stopped, vec![words::scaled_to_zero(&title(deployment))]);
    }
    let is_job_manager = |pod: &&Value| shape::is_job_manager(pod);
    let job_managers: Vec<Value> = pods.iter().filter(is_job_manager).cloned().collect();
    match progress::of(deployment, &job_managers, events) {
        JobManagerProgress::Stuck(stuck) => {
            (SessionState::Degraded, vec![Remark::new(stuck.what, vec![stuck.hint])])
        }
        JobManagerProgress::Waiting(what) => (SessionState::Starting, vec![what.into()]),
        JobManagerProgress::Runs => {
            let Some(registered) = registered else {
                return (SessionState::Starting, vec![words::silent()]);
            };
            let (state, mut messages) = task_managers(deployment, own, pods, events, registered);
            messages.extend(progress::unready(&job_managers));
            (state, messages)
        }
    }
}

/// The same of TaskManagers, where the JobManager answers.
fn task_managers(
    deployment: &Value,
    own: Option<&Value>,
    pods: &[Value],
    events: &[Value],
    registered: u32,
) -> (SessionState, Vec<Remark>) {
    let mut state = SessionState::Running;
    let mut messages = Vec::new();
    let wanted = shape::task_managers(deployment, own);
    let lacks = wanted.filter(|wanted| u64::from(registered) < *wanted);
    if let Some(wanted) = lacks {
        state = SessionState::Starting;
        messages.push(words::registered(registered, u32::try_from(wanted).unwrap_or(u32::MAX)));
        if let Some(stuck) = progress::not_made(own.unwrap_or(deployment), events) {
            state = SessionState::Degraded;
            messages.push(Remark::new(stuck.what, vec![stuck.hint]));
        }
    }
    for pod in pods.iter().filter(|pod| !shape::is_job_manager(pod)) {
        // One that ends is not missed: another one follows where it is wanted.
        if progress::is_ending(pod) {
            continue;
        }
        let Pod { name, .. } = Pod::of(pod);
        match progress::of_pod(pod, events) {
            JobManagerProgress::Runs => {}
            JobManagerProgress::Waiting(what) => {
                let grows = if progress::is_unscheduled(pod) {
                    SessionState::Degraded
                } else {
                    SessionState::Starting
                };
                state = state.max(grows);
                messages.push(words::of_pod(&name, &what).into());
            }
            JobManagerProgress::Stuck(stuck) => {
                state = SessionState::Degraded;
                messages.push(Remark::new(words::of_pod(&name, &stuck.what), vec![stuck.hint]));
            }
        }
    }
    (state, messages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(component: &str, phase: &str) -> Value {
        json!({
            "metadata": {"name": format!("a-{component}"), "labels": {"component": component}},
            "spec": {"nodeName": "n", "containers": []},
            "status": {"phase": phase},
        })
    }

    #[track_caller]
    fn check(pods: &[Value], registered: Option<u32>, expected: SessionState, words: Option<&str>) {
        let (state, messages) = derive(&json!({}), None, pods, &[], registered);
        assert_eq!(state, expected, "{messages:?}");
        assert_eq!(messages.len(), usize::from(words.is_some()), "{messages:?}");
        if let Some(words) = words {
            assert!(messages[0].plain().contains(words), "{messages:?}");
        }
    }

    #[test]
    fn states() {
        use SessionState::{Degraded, Running, Starting};
        let runs = pod("jobmanager", "Running");
        check(&[], None, Starting, Some("make the JobManager's pod"));
        check(&[pod("jobmanager", "Pending")], None, Starting, Some("is being made"));
        check(std::slice::from_ref(&runs), None, Starting, Some("does not answer"));
        check(std::slice::from_ref(&runs), Some(0), Running, None);
        let pending = pod("taskmanager", "Pending");
        let made = "a-taskmanager: the TaskManager's container is being made";
        check(&[runs.clone(), pending], Some(0), Starting, Some(made));
        let mut unscheduled = pod("taskmanager", "Pending");
        unscheduled["status"]["conditions"] = json!([{
            "type": "PodScheduled", "status": "False", "message": "0/1 nodes: Insufficient cpu",
        }]);
        let why = "a-taskmanager: waiting for a node: 0/1 nodes: Insufficient cpu";
        check(&[runs.clone(), unscheduled], Some(0), Degraded, Some(why));
        let mut ends = pod("taskmanager", "Running");
        ends["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        check(&[runs, ends], Some(0), Running, None);
    }

    #[test]
    fn task_managers_that_are_wanted() {
        #[track_caller]
        fn check(own: &Value, registered: u32, expected: SessionState, says: &[&str]) {
            let deployment =
                json!({"metadata": {"labels": {"type": "flink-standalone-kubernetes"}}});
            let pods = [pod("jobmanager", "Running")];
            let (state, messages) = derive(&deployment, Some(own), &pods, &[], Some(registered));
            assert_eq!(state, expected, "{messages:?}");
            let messages: Vec<String> = messages.iter().map(Remark::plain).collect();
            assert_eq!(messages.len(), says.len(), "{messages:?}");
            for (message, part) in messages.iter().zip(says) {
                assert!(message.contains(part), "{message}");
            }
        }
        use SessionState::{Degraded, Running, Starting};
        let own = |replicas: u64, failure: bool| {
            json!({
                "metadata": {"labels": {"component": "taskmanager"}},
                "spec": {"replicas": 2},
                "status": {"replicas": replicas, "conditions": [{
                    "type": "ReplicaFailure", "status": if failure { "True" } else { "False" },
                    "message": "pods \"x\" is forbidden: exceeded quota: tiny",
                }]},
            })
        };
        check(&own(2, false), 2, Running, &[]);
        check(&own(2, false), 1, Starting, &["1 of 2 TaskManagers are registered"]);
        // What Kubernetes has once refused does not count where it was made since.
        check(&own(2, true), 1, Starting, &["1 of 2 TaskManagers are registered"]);
        let quota = "does not make a TaskManager's pod: exceeded quota: tiny; ask for less";
        check(&own(1, true), 1, Degraded, &["1 of 2 TaskManagers are registered", quota]);
    }

    #[test]
    fn pods() {
        let mut crashed = pod("jobmanager", "Running");
        crashed["status"]["containerStatuses"] = json!([{
            "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"reason": "Error", "exitCode": 1}},
        }]);
        let pod = Pod::of(&crashed);
        assert_eq!((pod.state.as_str(), pod.restarts), ("CrashLoopBackOff on n", 3));
        assert_eq!(pod.last_end.as_deref(), Some("Error, exit code 1"));
        assert!(!pod.runs);
    }
}
