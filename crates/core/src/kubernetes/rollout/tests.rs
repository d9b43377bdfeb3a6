//! A small model of Kubernetes: whatever the order in which pods come back, the promises hold.

use super::*;
use proptest::prelude::*;

const TYPE: &str = "flink-standalone-kubernetes";

fn workload(kind: &str, name: &str, component: Option<&str>, replicas: usize) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": kind,
        "metadata": {
            "name": name, "uid": name, "generation": 2,
            "labels": {"type": TYPE, "component": component},
            "annotations": {"deployment.kubernetes.io/revision": "2"},
        },
        "spec": {"replicas": replicas, "template": {}},
        "status": {"observedGeneration": 2, "updateRevision": "new"},
    })
}

/// A pod of a set: its revision, and whether it is ready.
#[derive(Debug, Clone)]
struct Pod {
    name: String,
    owner: &'static str,
    component: &'static str,
    new: bool,
    ready: bool,
}

impl Pod {
    fn json(&self) -> Value {
        json!({
            "metadata": {
                "name": self.name, "ownerReferences": [{"uid": self.owner}],
                "labels": {
                    "component": self.component,
                    "controller-revision-hash": if self.new { "new" } else { "old" },
                },
            },
            "status": {"conditions": [
                {"type": "Ready", "status": if self.ready { "True" } else { "False" }},
            ]},
        })
    }
}

fn pods(name: &'static str, component: &'static str, count: usize) -> impl Iterator<Item = Pod> {
    (0..count).map(move |ordinal| Pod {
        name: format!("{name}-{ordinal}"),
        owner: name,
        component,
        new: false,
        ready: true,
    })
}

proptest! {
    /// Sets: no more TaskManagers are missing than may be, jobs fail over no more often than was said, the leader ends
    /// once, and everything is new in the end.
    #[test]
    fn sets_keep_what_is_promised(
        job_managers in 1_usize..4,
        task_managers in 0_usize..6,
        max_unavailable in 1_usize..7,
        leader in 0_usize..3,
        order in proptest::collection::vec(any::<bool>(), 400),
    ) {
        let mut workloads = [
            workload("StatefulSet", "a", Some("jobmanager"), job_managers),
            workload("StatefulSet", "b", Some("taskmanager"), task_managers),
        ];
        for one in &mut workloads {
            *one = held(one);
        }
        let mut all: Vec<Pod> = pods("a", "jobmanager", job_managers)
            .chain(pods("b", "taskmanager", task_managers))
            .collect();
        let mut leader = format!("a-{}", leader % job_managers);
        let (mut failovers, mut leaders_ended) = (0, 0);
        let mut order = order.into_iter();
        loop {
            let seen: Vec<Value> = all.iter().map(Pod::json).collect();
            let seen = SeenPods {
                workloads: &workloads, replica_sets: &[], pods: &seen,
                leader: Some(&leader), max_unavailable,
            };
            match step(seen) {
                RolloutStep::Done => unreachable!("nothing takes the hold away here"),
                RolloutStep::Release(_) => break,
                RolloutStep::Wait(_) => {
                    let mut late: Vec<&mut Pod> = all.iter_mut().filter(|pod| !pod.ready).collect();
                    prop_assert!(!late.is_empty(), "it waits for nothing");
                    let again = order.next().unwrap_or(true);
                    let index = if again { 0 } else { late.len() - 1 };
                    late[index].ready = true;
                }
                RolloutStep::End(names) => {
                    prop_assert!(!names.is_empty());
                    let mut fails = false;
                    for pod in all.iter_mut().filter(|pod| names.contains(&pod.name)) {
                        prop_assert!(!pod.new, "{} is new already", pod.name);
                        pod.new = true;
                        pod.ready = false;
                        fails |= pod.component == "taskmanager" || pod.name == leader;
                        leaders_ended += usize::from(pod.name == leader);
                    }
                    failovers += usize::from(fails);
                    let missing = all.iter().filter(|pod| pod.component == "taskmanager" && !pod.ready);
                    prop_assert!(missing.count() <= max_unavailable);
                    let standby = all.iter().find(|pod| pod.component == "jobmanager" && pod.ready);
                    if let Some(standby) = standby.filter(|_| names.contains(&leader)) {
                        prop_assert!(standby.new, "an old one leads, and will end");
                        leader = standby.name.clone();
                    }
                }
            }
        }
        prop_assert!(all.iter().all(|pod| pod.new && pod.ready));
        prop_assert_eq!(leaders_ended, 1);
        // Batches are cut smaller only where pods come back one by one.
        prop_assert!(failovers <= task_managers.max(1));
        if task_managers <= max_unavailable {
            prop_assert_eq!(failovers, 1);
        }
    }
}

#[test]
fn deployments_are_released_when_all_new_pods_are_ready() {
    #[track_caller]
    fn check(deployments: &[Value], ready: (u64, u64), expected: Result<RolloutStep, &str>) {
        check_with(&[], deployments, ready, expected);
    }
    #[track_caller]
    fn check_with(
        pods: &[Value],
        deployments: &[Value],
        ready: (u64, u64),
        expected: Result<RolloutStep, &str>,
    ) {
        let set = |owner: &str, ready: u64, revision: &str| {
            json!({
                "metadata": {
                    "uid": format!("{owner}-{revision}"),
                    "ownerReferences": [{"uid": owner}],
                    "annotations": {"deployment.kubernetes.io/revision": revision},
                },
                "status": {"readyReplicas": ready},
            })
        };
        let sets =
            [set("a", 9, "1"), set("a", ready.0, "2"), set("b", 9, "1"), set("b", ready.1, "2")];
        let seen = SeenPods {
            workloads: deployments,
            replica_sets: &sets,
            pods,
            leader: None,
            max_unavailable: 1,
        };
        match (step(seen), expected) {
            (RolloutStep::Wait(what), Err(words)) => assert!(what.contains(words), "{what}"),
            (found, expected) => assert_eq!(Ok(found), expected),
        }
    }
    let deployments = [
        held(&workload("Deployment", "a", Some("jobmanager"), 2)),
        held(&workload("Deployment", "b", Some("taskmanager"), 3)),
    ];
    check(&deployments, (1, 3), Err("1 of 2 new JobManagers"));
    check(&deployments, (2, 2), Err("2 of 3 new TaskManagers"));
    let release = |name: &str| Ok(RolloutStep::Release(vec![name.to_owned()]));
    check(&deployments, (2, 3), release("a"));

    let next = [workload("Deployment", "a", Some("jobmanager"), 2), deployments[1].clone()];
    let pod = |revision: &str, ends: Value| {
        json!({"metadata": {
            "labels": {"component": "jobmanager"}, "deletionTimestamp": ends,
            "ownerReferences": [{"uid": format!("a-{revision}")}],
        }})
    };
    let new = pod("2", Value::Null);
    check_with(&[new.clone(), pod("1", Value::Null)], &next, (2, 3), Err("the old JobManager"));
    check_with(&[new, pod("1", json!("2026-01-01T00:00:00Z"))], &next, (2, 3), release("b"));
    check(&next, (0, 3), release("b"));
    check(&next, (0, 2), Err("2 of 3 new TaskManagers"));

    let mut unseen = deployments.clone();
    unseen[1]["metadata"]["generation"] = json!(3);
    check(&unseen, (2, 3), Err("to see the change"));
    let free = [workload("Deployment", "a", None, 2)];
    check(&free, (2, 3), Ok(RolloutStep::Done));
}

#[test]
fn without_a_second_job_manager_there_is_nothing_to_hold() {
    let mut alone = workload("Deployment", "a", Some("jobmanager"), 1);
    alone["spec"]["strategy"]["type"] = json!("Recreate");
    assert_eq!(held(&alone), alone);
    let set = held(&workload("StatefulSet", "a", None, 4));
    assert!(is_held(&set));
    assert_eq!(release(&set)[0]["value"]["type"], "RollingUpdate");
    assert_eq!((hold(&set), hold(&alone)), (None, None));
    let mut usual = workload("StatefulSet", "a", None, 4);
    usual["spec"]["updateStrategy"] = release(&set)[0]["value"].clone();
    let patch = hold(&usual).unwrap();
    assert_eq!(patch[0]["value"], usual["metadata"]["uid"]);
    assert_eq!(patch[1]["value"], set["spec"]["updateStrategy"]);
}

#[test]
fn a_broken_pod_of_before_is_in_nobodys_way() {
    let sets = [
        workload("StatefulSet", "a", Some("jobmanager"), 1),
        held(&workload("StatefulSet", "b", Some("taskmanager"), 2)),
    ];
    let mut all: Vec<Pod> = pods("a", "jobmanager", 1).chain(pods("b", "taskmanager", 2)).collect();
    all[2].ready = false;
    let mut seen: Vec<Value> = all.iter().map(Pod::json).collect();
    let check = |pods: &[Value], expected: &str| {
        let seen = SeenPods {
            workloads: &sets,
            replica_sets: &[],
            pods,
            leader: None,
            max_unavailable: 1,
        };
        assert!(format!("{:?}", step(seen)).contains(expected), "{:?}", step(seen));
    };
    check(&seen, r#"End(["b-1"])"#);
    seen[2]["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    check(&seen, "2 old pods to terminate");
}

#[test]
fn predicted_failovers() {
    let set = workload("StatefulSet", "a", None, 4);
    assert_eq!(failovers(&set, 3, 1), 3);
    assert_eq!(failovers(&set, 3, 2), 2);
    assert_eq!(failovers(&set, 3, 9), 1);
    assert_eq!(failovers(&workload("Deployment", "a", None, 4), 3, 1), 1);
}

#[test]
fn what_becomes_of_a_change_that_nobody_continues() {
    #[track_caller]
    fn check(kind: &str, expected: Option<&str>) {
        let workload = workload(kind, "a", None, 1);
        assert_eq!(left_alone(std::slice::from_ref(&workload)), None);
        let said = left_alone(&[held(&workload)]);
        assert_eq!(said.is_some(), expected.is_some());
        let expected = expected.unwrap_or_default();
        assert!(said.unwrap_or_default().contains(expected), "{said:?}");
    }
    check("Deployment", Some("for nine minutes"));
    check("StatefulSet", Some("stay as they are"));
}
