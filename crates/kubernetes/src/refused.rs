//! What the API server refuses to a session's own processes. Nothing but their logs describes it.

use nutkin_core::kubernetes::forbidden;
use nutkin_core::kubernetes::status::Pod;
use nutkin_core::plan::kubernetes::MAIN_CONTAINER;
use serde_json::Value;

use super::session::KubernetesSession;

/// Lines from the end of a log in which a refusal is looked for: one with its causes has about a hundred.
const SEARCHED_LINES: usize = 500;

/// How old a refusal of a process that runs may be: what is refused is tried again every five seconds at the latest
/// (`high-availability.kubernetes.leader-election.retry-period`), and what was fixed since then is over.
const LATELY_SECONDS: u64 = 15;

/// What is refused to the processes of these pods, as a sentence: to one that runs in the last moments, to one that
/// does not run before its end. `None` as well where the logs may not be read.
pub(super) async fn told(session: &KubernetesSession, pods: &[Value]) -> Option<String> {
    for pod in pods {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let container = main_container(pod);
        if Pod::of(pod).runs {
            let log = session.recent_log(name, container, LATELY_SECONDS).await;
            if let Some(told) = log.ok().as_deref().and_then(forbidden::told) {
                return Some(told);
            }
            continue;
        }
        for previous in [true, false] {
            let log = session.log(name, container, previous, Some(SEARCHED_LINES)).await;
            if let Some(told) = log.ok().as_deref().and_then(forbidden::told) {
                return Some(told);
            }
        }
    }
    None
}

/// The end of the log of a crashed container of this pod; empty where there is none, or it may not be read.
pub(super) async fn crash(session: &KubernetesSession, pods: &[Value], name: &str) -> String {
    let pod = pods.iter().find(|pod| pod["metadata"]["name"] == name);
    let container = pod.and_then(main_container);
    for previous in [true, false] {
        let log = session.log(name, container, previous, Some(SEARCHED_LINES)).await;
        if let Some(log) = log.ok().filter(|log| !log.trim().is_empty()) {
            return log;
        }
    }
    String::new()
}

/// The container to be asked; a pod with one container needs no name.
pub(super) fn main_container(pod: &Value) -> Option<&'static str> {
    let containers = pod["spec"]["containers"].as_array();
    let has = containers.into_iter().flatten().any(|one| one["name"] == MAIN_CONTAINER);
    has.then_some(MAIN_CONTAINER)
}
