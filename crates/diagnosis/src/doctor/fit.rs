//! Whether every pod finds a node: what the filters of the scheduler will say, before they are asked.
//!
//! Requests, selectors, taints and the number of pods are held against what nodes have free. Affinities are not.

use serde_json::Value;

use super::pod::{PodWish, Room, is_over, refusal};

/// Nodes of which it is said why they do not take a pod.
const SHOWN: usize = 3;

/// What is free on a node.
struct Node<'n> {
    name: &'n str,
    object: &'n Value,
    free: Room,
}

/// The pods that no node takes, each kind in some lines: what it asks for, and what the nodes with most room have. `running`: all pods of the
/// cluster but those of the session itself.
pub(super) fn fit(wanted: &[PodWish], nodes: &[Value], running: &[&Value]) -> Vec<String> {
    let mut nodes: Vec<Node<'_>> = nodes.iter().map(|node| free(node, running)).collect();
    let mut wanted: Vec<(Room, &PodWish)> =
        wanted.iter().map(|pod| (Room::of_pod(&pod.spec, "requests"), pod)).collect();
    // The largest first: where the small ones go is free for them in more places.
    wanted.sort_by_key(|(room, _)| std::cmp::Reverse((room.memory, room.cpu)));
    let mut lines = Vec::new();
    for (room, pod) in wanted {
        let placed = (0..pod.count).take_while(|_| place(&mut nodes, &pod.spec, room)).count();
        let placed = u64::try_from(placed).unwrap_or(u64::MAX);
        if placed < pod.count {
            let missing = pod.count - placed;
            let of = if pod.count == 1 {
                "it".to_owned()
            } else {
                format!("{missing} of {}", pod.count)
            };
            let asks = room.shown();
            lines.push(format!("{}: no node has room for {of}; it asks for {asks}", pod.name));
            lines.extend(reasons(&mut nodes, &pod.spec, room));
        }
    }
    lines
}

fn free<'n>(node: &'n Value, running: &[&Value]) -> Node<'n> {
    let name = node["metadata"]["name"].as_str().unwrap_or_default();
    let there = running.iter().filter(|pod| pod["spec"]["nodeName"] == name && !is_over(pod));
    let free = there
        .map(|pod| Room::of_pod(&pod["spec"], "requests"))
        .fold(Room::of_node(node), Room::without);
    Node { name, object: node, free }
}

/// Puts a pod onto the node with most memory free.
fn place(nodes: &mut [Node<'_>], spec: &Value, room: Room) -> bool {
    let fits = |node: &&mut Node<'_>| node.free.has(room) && refusal(node.object, spec).is_none();
    let Some(node) = nodes.iter_mut().filter(fits).max_by_key(|node| node.free.memory) else {
        return false;
    };
    node.free = node.free.without(room);
    true
}

fn reasons(nodes: &mut [Node<'_>], spec: &Value, room: Room) -> Vec<String> {
    if nodes.is_empty() {
        return vec!["the cluster has no node".to_owned()];
    }
    nodes.sort_by_key(|node| {
        (refusal(node.object, spec).is_some(), std::cmp::Reverse(node.free.memory))
    });
    let why = |node: &Node<'_>| {
        let name = node.name;
        match refusal(node.object, spec) {
            Some(why) => format!("node `{name}` {why}"),
            None if node.free.pods < room.pods => {
                format!("node `{name}` has as many pods as it takes")
            }
            None => format!("node `{name}` has {} free", node.free.shown()),
        }
    };
    let mut lines: Vec<String> = nodes.iter().take(SHOWN).map(why).collect();
    match nodes.len().saturating_sub(SHOWN) {
        0 => {}
        1 => lines.push("another node has less room, or refuses it too".to_owned()),
        more => lines.push(format!("{more} other nodes have less room, or refuse it too")),
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(name: &str, cpu: &str, memory: &str) -> Value {
        json!({
            "metadata": {"name": name, "labels": {"disk": "ssd"}},
            "spec": {},
            "status": {"allocatable": {"cpu": cpu, "memory": memory, "pods": "3"}},
        })
    }

    fn spec(cpu: &str, memory: &str) -> Value {
        json!({"containers": [{"resources": {"requests": {"cpu": cpu, "memory": memory}}}]})
    }

    fn pods(name: &str, count: u64, spec: Value) -> PodWish {
        PodWish { name: name.to_owned(), count, spec }
    }

    #[track_caller]
    fn check(wanted: &[PodWish], nodes: &[Value], running: &[Value], expected: &[&str]) {
        let running: Vec<&Value> = running.iter().collect();
        assert_eq!(fit(wanted, nodes, &running), expected);
    }

    #[test]
    fn room_is_filled_by_the_largest_first() {
        let session = |count| {
            [pods("JobManager", 1, spec("1", "1Gi")), pods("TaskManager", count, spec("2", "4Gi"))]
        };
        let two = [node("a", "4", "8Gi"), node("b", "4", "8Gi")];
        check(&session(3), &two, &[], &[]);
        check(
            &session(5),
            &two,
            &[],
            &[
                "TaskManager: no node has room for 1 of 5; it asks for 2.0 CPUs and 4.0 GiB",
                "node `a` has 0.0 CPUs and 0.0 GiB free",
                "node `b` has 0.0 CPUs and 0.0 GiB free",
                "JobManager: no node has room for it; it asks for 1.0 CPUs and 1.0 GiB",
                "node `a` has 0.0 CPUs and 0.0 GiB free",
                "node `b` has 0.0 CPUs and 0.0 GiB free",
            ],
        );
        // What runs has its room, what has ended does not.
        let running = |phase: &str| {
            let mut spec = spec("3", "6Gi");
            spec["nodeName"] = json!("a");
            [json!({"spec": spec, "status": {"phase": phase}})]
        };
        check(&session(1), &two[..1], &running("Succeeded"), &[]);
        check(
            &session(1),
            &two[..1],
            &running("Running"),
            &[
                "TaskManager: no node has room for it; it asks for 2.0 CPUs and 4.0 GiB",
                "node `a` has 1.0 CPUs and 2.0 GiB free",
            ],
        );
        check(
            &[pods("TaskManager", 4, spec("100m", "1Mi"))],
            &two[..1],
            &[],
            &[
                "TaskManager: no node has room for 1 of 4; it asks for 0.1 CPUs and 0.0 GiB",
                "node `a` has as many pods as it takes",
            ],
        );
        check(
            &session(1),
            &[],
            &[],
            &[
                "TaskManager: no node has room for it; it asks for 2.0 CPUs and 4.0 GiB",
                "the cluster has no node",
                "JobManager: no node has room for it; it asks for 1.0 CPUs and 1.0 GiB",
                "the cluster has no node",
            ],
        );
    }

    #[test]
    fn selectors_taints_and_cordons() {
        #[track_caller]
        fn refused(node: Value, more: &Value, expected: Option<&str>) {
            let mut spec = spec("1", "1Gi");
            for (key, value) in more.as_object().unwrap() {
                spec[key] = value.clone();
            }
            let found = fit(&[pods("JobManager", 1, spec)], &[node], &[]);
            assert_eq!(found.get(1).map(String::as_str), expected);
        }
        let plain = || node("a", "4", "8Gi");
        let with = |key: &str, value: Value| {
            let mut node = plain();
            node["spec"][key] = value;
            node
        };
        let tainted =
            || with("taints", json!([{"key": "for", "value": "x", "effect": "NoSchedule"}]));
        let tolerates = |one: Value| json!({"tolerations": [one]});
        refused(plain(), &json!({"nodeSelector": {"disk": "ssd"}}), None);
        let selector = json!({"nodeSelector": {"disk": "nvme"}});
        refused(plain(), &selector, Some("node `a` does not have the label `disk: nvme`"));
        let cordoned = Some("node `a` takes no more pods (it is cordoned)");
        refused(with("unschedulable", json!(true)), &json!({}), cordoned);
        let kept = Some("node `a` has the taint `for=x:NoSchedule`");
        refused(tainted(), &json!({}), kept);
        refused(tainted(), &tolerates(json!({"key": "for", "operator": "Exists"})), None);
        refused(tainted(), &tolerates(json!({"operator": "Exists"})), None);
        refused(tainted(), &tolerates(json!({"key": "for", "value": "x"})), None);
        refused(tainted(), &tolerates(json!({"key": "for", "value": "y"})), kept);
        let other = json!({"key": "for", "value": "x", "effect": "NoExecute"});
        refused(tainted(), &tolerates(other), kept);
        let soft = with("taints", json!([{"key": "for", "effect": "PreferNoSchedule"}]));
        refused(soft, &json!({}), None);
    }
}
