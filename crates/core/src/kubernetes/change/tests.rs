//! Changes between objects, and what they restart.

use super::*;

fn deployment(image: &str) -> Value {
    json!({
        "kind": "Deployment",
        "metadata": {"name": "a"},
        "spec": {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}},
    })
}

/// The workload of one role of a standalone session.
fn workload(name: &str, image: &str, replicas: u64) -> Value {
    let mut object = deployment(image);
    object["metadata"] = json!({"name": name, "labels": {"type": "flink-standalone-kubernetes"}});
    object["spec"]["replicas"] = json!(replicas);
    object
}

fn configuration(text: &str) -> Value {
    let text = format!(
        "jobmanager.memory.process.size: 1600m\ntaskmanager.memory.process.size: 1728m\n{text}"
    );
    json!({
        "kind": "ConfigMap",
        "metadata": {"name": "flink-config-a"},
        "data": {"config.yaml": text},
    })
}

fn pair(old: Option<Value>, new: Option<Value>) -> Pair {
    Pair { old, new, replace: false }
}

#[track_caller]
fn check(pairs: &[Pair], jobs: Option<&str>, expected: &[&str]) {
    let change = of(pairs, FlinkVersion::new(1, 20, 5), 1);
    assert_eq!(change.lines(jobs), expected);
}

#[test]
fn nothing_and_everything() {
    let (one, two) = (deployment("x:1"), configuration(""));
    check(
        &[pair(Some(one.clone()), Some(one.clone())), pair(Some(two.clone()), Some(two.clone()))],
        Some("j"),
        &["no change"],
    );
    check(
        &[pair(None, Some(one)), pair(None, Some(two))],
        None,
        &[
            "+ Deployment/a",
            "+ ConfigMap/flink-config-a",
            "+ slots of a TaskManager: 1",
            "+ memory of a JobManager: 1600 MiB",
            "+ memory of a TaskManager: 1728 MiB",
            "plan: 2 to add, 0 to change, 0 to remove",
        ],
    );
}

#[test]
fn a_new_image_restarts_the_job_manager() {
    let map = configuration("");
    let pairs = [
        pair(Some(deployment("x:1")), Some(deployment("x:2"))),
        pair(Some(map.clone()), Some(map)),
    ];
    let lines = [
        "~ Deployment/a",
        "    ~ spec.template.spec.containers[main].image: x:1 -> x:2",
        "restarts all JobManagers",
        "jobs that will be lost (no high availability): j",
        "plan: 0 to add, 1 to change, 0 to remove",
    ];
    check(&pairs, Some("j"), &lines);
}

#[test]
fn workloads_of_their_own_restart_by_themselves() {
    #[track_caller]
    fn check(images: (&str, &str), replicas: (u64, u64), restarts: (bool, bool), effect: Effect) {
        let map = configuration("");
        let pairs = [
            pair(Some(workload("a", "x", 1)), Some(workload("a", images.0, 1))),
            pair(
                Some(workload("a-taskmanager", "x", replicas.0)),
                Some(workload("a-taskmanager", images.1, replicas.1)),
            ),
            pair(Some(map.clone()), Some(map)),
        ];
        let change = of(&pairs, FlinkVersion::new(1, 20, 5), 1);
        assert_eq!((change.restarts_job_managers, change.restarts_task_managers), restarts);
        assert_eq!(change.effect, effect);
    }
    check(("x", "x"), (2, 3), (false, false), Effect::None);
    check(("x", "x"), (3, 2), (false, false), Effect::Restart);
    check(("x", "y"), (2, 2), (false, true), Effect::Restart);
    check(("y", "x"), (2, 2), (true, false), Effect::Loss);
    check(("y", "y"), (2, 2), (true, true), Effect::Loss);
}

#[test]
fn slots_of_the_whole_session() {
    let map = configuration("taskmanager.numberOfTaskSlots: 4\n");
    let pairs = [
        pair(Some(workload("a", "x", 1)), Some(workload("a", "x", 1))),
        pair(Some(workload("a-taskmanager", "x", 2)), Some(workload("a-taskmanager", "x", 3))),
        pair(Some(map.clone()), Some(map)),
    ];
    let lines = [
        "~ Deployment/a-taskmanager",
        "    ~ spec.replicas: 2 -> 3",
        "~ slots of all TaskManagers: 8 -> 12",
        "restarts nothing",
        "jobs that keep running: j",
        "plan: 0 to add, 1 to change, 0 to remove",
    ];
    check(&pairs, Some("j"), &lines);
}

#[test]
fn what_a_workload_cannot_become() {
    let workload = |made_by: &str, component: Option<&str>| json!({"spec": {"selector": {"matchLabels": {"type": made_by, "component": component}}}});
    let two = workload("standalone", Some("jobmanager"));
    assert_eq!(cannot_become(&two, &two), None);
    let native = workload("native", Some("jobmanager"));
    assert!(cannot_become(&two, &native).is_some_and(|why| why.contains("modes")));
    let one = workload("standalone", None);
    assert!(cannot_become(&two, &one).is_some_and(|why| why.contains("kind")));
}

#[test]
fn options_restart_who_reads_them() {
    #[track_caller]
    fn check(old: &str, new: &str, restarts: (bool, bool), effect: Effect) {
        let pairs = [
            pair(Some(deployment("x:1")), Some(deployment("x:2"))),
            pair(Some(configuration(old)), Some(configuration(new))),
        ];
        let change = of(&pairs, FlinkVersion::new(1, 20, 5), 1);
        assert_eq!((change.restarts_job_managers, change.restarts_task_managers), restarts);
        assert_eq!(change.effect, effect);
    }
    check("a: 1\n", "a: 2\n", (true, true), Effect::Loss);
    check("rest.x: 1\n", "rest.x: 2\n", (true, false), Effect::Loss);
    let available = "high-availability.type: kubernetes\n";
    check(available, &format!("{available}a: 1\n"), (true, true), Effect::Restart);
    check(available, "", (true, true), Effect::Loss);
}

#[test]
fn sizes_before_and_after() {
    let pairs = [
        pair(Some(deployment("x")), Some(deployment("x"))),
        pair(
            Some(configuration("taskmanager.numberOfTaskSlots: 2\n")),
            Some(configuration("taskmanager.numberOfTaskSlots: 4\n")),
        ),
    ];
    let change = of(&pairs, FlinkVersion::new(1, 20, 5), 1);
    let sizes: Vec<String> = change.sizes.iter().map(Difference::line).collect();
    assert_eq!(sizes, ["~ slots of a TaskManager: 2 -> 4"]);
}

#[test]
fn a_service_keeps_what_address_it_has() {
    let service = |address: Value| json!({"kind": "Service", "spec": {"clusterIP": address}});
    let (headless, with) = (service(json!("None")), service(json!("10.96.0.7")));
    let unsaid = service(Value::Null);
    assert!(must_replace(&headless, &unsaid) && must_replace(&with, &headless));
    assert!(!must_replace(&with, &unsaid) && !must_replace(&headless, &headless));
}

#[test]
fn what_goes_and_what_is_made_anew() {
    let one = deployment("x");
    let service =
        |port: u16| json!({"kind": "Service", "metadata": {"name": "s"}, "spec": {"port": port}});
    let pairs = [
        pair(Some(one.clone()), Some(one)),
        Pair { old: Some(service(1)), new: Some(service(2)), replace: true },
        pair(Some(json!({"kind": "Secret", "metadata": {"name": "k"}})), None),
    ];
    let lines = [
        "-/+ Service/s",
        "    ~ spec.port: 1 -> 2",
        "- Secret/k",
        "restarts nothing",
        "jobs that keep running: j",
        "plan: 1 to add, 0 to change, 2 to remove",
    ];
    check(&pairs, Some("j"), &lines);
}

#[test]
fn a_replacement_that_was_cut_off_goes_on() {
    let old = |updated: u64| {
        let mut own = workload("a-taskmanager", "x:2", 2);
        own["spec"]["minReadySeconds"] = json!(540);
        own["status"] = json!({"replicas": 4, "updatedReplicas": updated});
        own
    };
    let first = workload("a", "x:1", 1);
    let pairs = |old: Value| {
        let new = workload("a-taskmanager", "x:2", 2);
        [pair(Some(first.clone()), Some(first.clone())), pair(Some(old), Some(new))]
    };
    let hold = ["~ Deployment/a-taskmanager", "    - spec.minReadySeconds: 540"];
    let total = "plan: 0 to add, 1 to change, 0 to remove";
    let goes_on = "jobs that fail over to their last checkpoint: j";
    check(
        &pairs(old(2)),
        Some("j"),
        &[hold[0], hold[1], "restarts all TaskManagers", goes_on, total],
    );
    // The control: all pods are new, and only the hold is left.
    let untouched = "jobs that keep running: j";
    check(&pairs(old(4)), Some("j"), &[hold[0], hold[1], "restarts nothing", untouched, total]);
}
