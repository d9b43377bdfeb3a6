//! With which sizes a TaskManager of a native session was started: a JobManager that is about to end may ask for pods, and
//! the next one takes them over as they are.

use serde_json::Value;

use super::{progress, shape};
use crate::plan::kubernetes::{Objects, config_map};
use nutkin_flink::memory::{self, LegacyHeap, LegacyTarget, MemoryInput};
use nutkin_flink::units::MemorySize;
use nutkin_flink::{Configuration, FlinkVersion};

/// The option for the number of slots.
const SLOTS: &str = "taskmanager.numberOfTaskSlots";

/// What the keys of all parts of a TaskManager's memory begin with.
const MEMORY: &str = "taskmanager.memory.";

/// The least network memory and JVM overhead are also the most, and count once.
const TWICE: &str = ".min";

/// Parts may be rounded by a byte or two: what differs by less than this is the same size.
const SAME: u64 = MemorySize::MIB;

/// What Flink's ResourceManager tells a TaskManager that it asks for (`TaskExecutorProcessUtils.generateDynamicConfigsStr`,
/// 1.13 to 2.3): key and value; none where the sizes cannot be computed, or the JobManager is given others beside its
/// configuration.
pub fn wanted(objects: &Objects, version: FlinkVersion) -> Vec<(String, String)> {
    let job_manager = words(&objects.workload()["spec"]["template"]);
    if job_manager.contains(SLOTS) || job_manager.contains(MEMORY) {
        return Vec::new();
    }
    let maps = objects.items.iter().filter(|item| item["kind"] == "ConfigMap");
    let options = maps.map(config_map::options_of).find(|options| !options.is_empty());
    let configuration: Configuration = options.unwrap_or_default().into_iter().collect();
    let legacy =
        LegacyHeap { job_manager: None, task_manager: None, target: LegacyTarget::Kubernetes };
    let input = MemoryInput { configuration: &configuration, version, legacy };
    memory::task_manager(&input).map(|memory| memory.dynamic_options()).unwrap_or_default()
}

/// Whether a pod is a TaskManager that was started with other slots or another memory than these, and is not ending.
pub fn is_old(pod: &Value, wanted: &[(String, String)]) -> bool {
    if shape::is_job_manager(pod) || progress::is_ending(pod) {
        return false;
    }
    let text = words(pod);
    let found = |key: &str| value(&text, key);
    let slots = wanted.iter().find(|(key, _)| key == SLOTS).map(|(_, value)| value.as_str());
    if found(SLOTS).is_some_and(|found| Some(found) != slots.or(Some(found))) {
        return true;
    }
    let parts = wanted.iter().filter(|(key, _)| key.starts_with(MEMORY) && !key.ends_with(TWICE));
    let sizes = parts.filter_map(|(key, value)| Some((bytes(found(key)?)?, bytes(value)?)));
    let (has, shall) = sizes.fold((0, 0), |(a, b), (one, other)| (a + one, b + other));
    SAME <= u64::abs_diff(has, shall)
}

/// All that the containers of a pod are started with: words, and variables such as `FLINK_PROPERTIES`.
fn words(pod: &Value) -> String {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let lists = containers.flat_map(|one| [&one["command"], &one["args"], &one["env"]]);
    let words = lists.flat_map(|list| list.as_array().into_iter().flatten());
    let text = |word: &Value| word.as_str().or_else(|| word["value"].as_str()).map(str::to_owned);
    words.filter_map(text).collect::<Vec<_>>().join(" ")
}

/// The value that is given to a key, `-D key=value` or `-Dkey='value'`.
fn value<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let start = text.find(&format!("{key}="))? + key.len() + 1;
    let rest = text[start..].trim_start_matches(['\'', '"']);
    let end = rest.find(|c: char| c.is_whitespace() || c == '\'' || c == '"');
    Some(&rest[..end.unwrap_or(rest.len())])
}

fn bytes(text: &str) -> Option<u64> {
    text.strip_suffix('b')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Whether a TaskManager with these words is old in a session with so many slots and so much memory.
    #[track_caller]
    fn check(words: &str, slots: u64, process: &str, expected: bool) {
        check_of("kubernetes-jobmanager.sh kubernetes-session", words, slots, process, expected);
    }

    /// The same with other words for the JobManager.
    #[track_caller]
    fn check_of(first: &str, words: &str, slots: u64, process: &str, expected: bool) {
        let text = format!("{SLOTS}: {slots}\ntaskmanager.memory.process.size: {process}\n");
        let objects = Objects {
            cluster_id: "a".to_owned(),
            namespace: "n".to_owned(),
            items: vec![
                json!({"spec": {"template": {"spec": {"containers": [{"args": [first]}]}}}}),
                json!({"kind": "ConfigMap", "data": {"config.yaml": text}}),
            ],
            warnings: Vec::new(),
        };
        let pod = json!({
            "metadata": {"labels": {"component": "taskmanager"}},
            "spec": {"containers": [{"args": ["bash", "-c", words]}]},
        });
        assert_eq!(is_old(&pod, &wanted(&objects, FlinkVersion::DEFAULT)), expected, "{words}");
    }

    /// The words for a TaskManager of 1728 MiB, as Flink writes them, with so much heap for tasks.
    fn of(slots: u64, task_heap: u64) -> String {
        format!(
            "kubernetes-taskmanager.sh -Djobmanager.rpc.port=6123 -D taskmanager.memory.framework.heap.size=134217728b \
             -D taskmanager.memory.network.max=134217730b -D taskmanager.memory.network.min=134217730b \
             -D taskmanager.memory.framework.off-heap.size=134217728b -D taskmanager.memory.managed.size=536870920b \
             -D taskmanager.memory.task.heap.size={task_heap}b -D taskmanager.memory.task.off-heap.size=0b \
             -D taskmanager.memory.jvm-metaspace.size=268435456b -D taskmanager.memory.jvm-overhead.max=201326592b \
             -D taskmanager.numberOfTaskSlots={slots} -Dtaskmanager.resource-id='a-taskmanager-1-1'"
        )
    }

    #[test]
    fn a_task_manager_is_told_by_what_it_was_started_with() {
        let heap = 402_653_174;
        check(&of(2, heap), 2, "1728m", false);
        check(&of(2, heap + 2), 2, "1728m", false);
        check(&of(2, heap), 4, "1728m", true);
        check(&of(2, heap), 2, "1800m", true);
        check(&of(2, heap / 2), 2, "1728m", true);
        // What the JobManager is given beside its configuration is what it tells them.
        let given =
            "kubernetes-jobmanager.sh kubernetes-session -D taskmanager.numberOfTaskSlots=4";
        check_of(given, &of(4, heap), 2, "1728m", false);
        // Nothing is known of what says nothing.
        check("sleep 1", 2, "1728m", false);
    }

    #[test]
    fn only_task_managers_that_stay_are_old() {
        let wanted = [(SLOTS.to_owned(), "4".to_owned())];
        let pod = |component: &str, ends: bool| {
            json!({
                "metadata": {
                    "labels": {"component": component},
                    "deletionTimestamp": ends.then_some("2026-01-01T00:00:00Z"),
                },
                "spec": {"containers": [{"args": [of(2, 0)]}]},
            })
        };
        assert!(is_old(&pod("taskmanager", false), &wanted));
        assert!(!is_old(&pod("taskmanager", true), &wanted));
        assert!(!is_old(&pod("jobmanager", false), &wanted));
    }
}
