//! Decisions about sessions on Kubernetes: golden ones, and what holds for any.

mod any;
mod cluster;
mod follow;

use serde_json::{Value, json};

use self::cluster::Cluster;
use super::{By, Ends, Plan, Refusal, scaling};
use crate::Remedy;
use crate::decide::{Again, Ending, Harm};
use crate::plan::kubernetes::native::ClientMachine;
use crate::spec::{self, Inputs};

/// The plan of a session file's `spec`.
fn plan(fields: &str) -> Plan {
    let text = format!(
        "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: a, namespace: n}}\n\
         spec:\n  flinkVersion: v1_20\n{fields}"
    );
    let file = spec::read(&text, "session.yaml").unwrap();
    let session = spec::resolve(&Inputs { file: Some(file), ..Inputs::default() }).unwrap();
    Plan::of(&session, &ClientMachine::default()).unwrap()
}

fn acts() -> By {
    By { acts: true, ..By::default() }
}

fn stays() -> By {
    By { acts: true, stays: true, ..By::default() }
}

/// What a run does on a cluster, and that the next one has nothing to do.
#[track_caller]
fn check(cluster: &mut Cluster, plan: &Plan, by: &By, expected: &[&str]) {
    let course = cluster.run(plan, by, None).unwrap();
    assert_eq!(course.lines, expected);
    assert!(matches!(course.last.again, Again::Wait { .. }));
}

const STANDALONE: &str = "  mode: standalone\n  taskManager: {replicas: 2}\n";

#[test]
fn a_new_session_is_two_trips() {
    let mut cluster = Cluster::default();
    let plan = plan("");
    let lines = [
        "create Deployment/a, unless it is there",
        "at once: create Service/a; create Service/a-rest; create ConfigMap/flink-config-a",
        "at once: own the fields of Deployment/a; own the fields of Service/a; own the fields of Service/a-rest; \
         own the fields of ConfigMap/flink-config-a",
    ];
    check(&mut cluster, &plan, &acts(), &lines);
    // The question of the next one is answered with what there is.
    check(&mut cluster, &plan, &acts(), &lines[..1]);
}

#[test]
fn what_is_wanted_is_remembered_with_the_creation_and_before_a_change() {
    let mut cluster = Cluster::default();
    let by = By { remembers: true, ..acts() };
    let course = cluster.run(&plan(""), &by, None).unwrap();
    assert!(course.lines[1].starts_with("at once: save the ledger; create"), "{:?}", course.lines);
    check(&mut cluster, &plan(""), &by, &["create Deployment/a, unless it is there"]);
    let changed = plan("  flinkConfiguration: {a: b}\n");
    let course = cluster.run(&changed, &by, None).unwrap();
    assert_eq!(course.lines[1], "save the ledger");
    // The control: who does not keep one.
    let course = cluster.run(&plan(""), &acts(), None).unwrap();
    assert!(course.lines.iter().all(|line| !line.contains("ledger")), "{:?}", course.lines);
}

#[test]
fn who_only_looks_creates_nothing() {
    let mut cluster = Cluster::default();
    let course = cluster.run(&plan(""), &By::default(), None).unwrap();
    assert!(course.last.change.is_new && course.last.harm == Harm::None);
    assert_eq!(course.last.change.objects.len(), 4);
    assert_eq!(cluster.objects.len(), 0);
}

#[test]
fn a_change_comes_in_an_order_that_may_be_cut_off() {
    let mut cluster = Cluster::default();
    cluster.run(&plan(""), &acts(), None).unwrap();
    let changed = plan("  flinkConfiguration: {taskmanager.numberOfTaskSlots: '4'}\n");
    let shown = cluster.run(&changed, &By::default(), None).unwrap().last;
    assert_eq!(shown.harm, Harm::Change);
    assert!(shown.change.restarts.job_managers && shown.change.restarts.task_managers);
    let lines = [
        "create Deployment/a, unless it is there",
        "at once: apply Service/a; apply Service/a-rest; apply ConfigMap/flink-config-a",
        "apply Deployment/a",
        "end the pods of all TaskManagers",
        "note the TaskManagers' content on Deployment/a",
    ];
    check(&mut cluster, &changed, &acts(), &lines);
    check(&mut cluster, &changed, &acts(), &lines[..1]);
}

#[test]
fn what_a_person_has_set_becomes_ours_and_what_another_program_has_set_does_not() {
    let mut cluster = Cluster::default();
    cluster.run(&plan(""), &acts(), None).unwrap();
    let deployment = cluster.objects.get_mut("Deployment/a").unwrap();
    let version = deployment["apiVersion"].clone();
    let set = |manager: &str, name: &str| {
        let fields = json!({"f:spec": {"f:template": {"f:spec": {"f:nodeSelector": {format!("f:{name}"): {}}}}}});
        json!({"manager": manager, "operation": "Update", "apiVersion": version, "fieldsV1": fields})
    };
    let entries = [set("kubectl-edit", "disk"), set("helm", "zone")];
    deployment["spec"]["template"]["spec"]["nodeSelector"] = json!({"disk": "ssd", "zone": "a"});
    deployment["metadata"]["managedFields"].as_array_mut().unwrap().extend(entries);
    let course = cluster.run(&plan(""), &acts(), None).unwrap();
    assert!(
        course.lines.contains(&"own the fields of Deployment/a".to_owned()),
        "{:?}",
        course.lines
    );
    let deployment = &cluster.objects["Deployment/a"];
    assert_eq!(deployment["spec"]["template"]["spec"]["nodeSelector"], json!({"zone": "a"}));
    let entries = deployment["metadata"]["managedFields"].as_array().unwrap();
    let mut managers: Vec<&str> =
        entries.iter().filter_map(|entry| entry["manager"].as_str()).collect();
    managers.sort_unstable();
    assert_eq!(managers, ["helm", "nutkin"]);
}

#[test]
fn pods_of_task_managers_that_a_cut_left_are_told_of() {
    let mut cluster = Cluster::default();
    cluster.run(&plan(""), &acts(), None).unwrap();
    let changed = plan("  flinkConfiguration: {taskmanager.numberOfTaskSlots: '4'}\n");
    // All but the end of the TaskManagers and the note.
    cluster.run(&changed, &acts(), Some(5)).unwrap();
    let shown = cluster.run(&changed, &By::default(), None).unwrap().last;
    assert!(!shown.is_done() && shown.harm == Harm::Change);
    let lines = shown.announcement(Remedy::plain);
    assert!(lines.contains(&"restarts all TaskManagers".to_owned()), "{lines:?}");
    assert_eq!(shown.document()["changes"], true);
    assert_eq!(shown.document()["jobsLost"], false);
    let lines = ["create Deployment/a, unless it is there", "end the pods of all TaskManagers"];
    let course = cluster.run(&changed, &acts(), None).unwrap();
    assert!(lines.iter().all(|line| course.lines.iter().any(|one| one == line)), "{course:?}");
}

#[test]
fn jobs_are_lost_only_where_some_run() {
    let mut cluster = Cluster::default();
    cluster.run(&plan(""), &acts(), None).unwrap();
    let changed = plan("  flinkConfiguration: {a: b}\n");
    let shown = cluster.run(&changed, &By::default(), None).unwrap().last;
    assert_eq!((shown.harm, &shown.document()["jobsLost"]), (Harm::Change, &json!(false)));
}

#[test]
fn workloads_of_sets_are_held_while_somebody_stays() {
    let available = "  flinkConfiguration: {high-availability.type: kubernetes, \
                     high-availability.storageDir: 's3://b/c', nutkin.standalone.workload: statefulset";
    let session = |more: &str| plan(&format!("{STANDALONE}{available}{more}}}\n"));
    let mut cluster = Cluster::default();
    cluster.run(&session(""), &acts(), None).unwrap();
    // As Kubernetes fills it in.
    for name in ["StatefulSet/a", "StatefulSet/a-taskmanager"] {
        let set = cluster.objects.get_mut(name).unwrap();
        set["spec"]["updateStrategy"] =
            json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}});
    }
    let changed = session(", a: b");
    let mut other = cluster.clone();
    let course = cluster.run(&changed, &stays(), None).unwrap();
    assert_eq!(course.lines[1..3], ["hold StatefulSet/a", "hold StatefulSet/a-taskmanager"]);
    let course = other.run(&changed, &acts(), None).unwrap();
    assert!(course.lines.iter().all(|line| !line.starts_with("hold")), "{:?}", course.lines);
}

#[test]
fn a_refused_creation_is_undone() {
    let mut cluster = Cluster { refused: Some("Service/a-rest".to_owned()), ..Cluster::default() };
    let course = cluster.run(&plan(""), &acts(), None).unwrap();
    assert_eq!(course.lines.last().map(String::as_str), Some("undo the creation of Deployment/a"));
    assert_eq!(cluster.objects.len(), 0, "the garbage collector takes the rest");
}

#[test]
fn what_is_in_the_way_is_not_touched() {
    #[track_caller]
    fn check(object: Value, by: By, reason: &str) {
        let mut cluster = Cluster::default();
        let title = crate::kubernetes::resource::title(&object);
        cluster.objects.insert(title, object);
        let before = cluster.objects.clone();
        let refusal = cluster.run(&plan(""), &by, None).unwrap_err();
        assert_eq!(refusal.reason(), reason);
        assert!(!refusal.message().is_empty() && !refusal.hints().is_empty());
        assert_eq!(cluster.objects, before);
    }
    let object = |kind: &str, name: &str, labels: Value| {
        let version = if kind == "Deployment" { "apps/v1" } else { "v1" };
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "uid": "x", "labels": labels}})
    };
    let flink = json!({"type": "flink-native-kubernetes", "app": "a"});
    check(object("Deployment", "a", json!({"app": "x"})), acts(), "InTheWay");
    check(object("Deployment", "a", flink.clone()), acts(), "NotOurs");
    check(object("Service", "a-rest", json!({})), By::default(), "InTheWay");
    let mut ending = object("Deployment", "a", json!({"nutkin.dev/session": "a"}));
    ending["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    check(ending, acts(), "BeingDeleted");
    let mut other = object("Deployment", "a", json!({"nutkin.dev/session": "a"}));
    other["spec"]["selector"]["matchLabels"]["type"] = json!("flink-standalone-kubernetes");
    check(other, acts(), "CannotBecome");
}

#[test]
fn a_session_of_flinks_own_client_is_adopted() {
    let mut cluster = Cluster::default();
    cluster.run(&plan(""), &acts(), None).unwrap();
    for object in cluster.objects.values_mut() {
        object["metadata"]["labels"].as_object_mut().unwrap().remove("nutkin.dev/session");
        object["metadata"]["annotations"] = json!({});
    }
    let by = By { adopts: true, ..acts() };
    let mut looked = cluster.clone();
    let shown = looked.run(&plan(""), &By { adopts: true, ..By::default() }, None).unwrap().last;
    assert_eq!(shown.change.adopts.as_deref(), Some("Deployment/a"));
    assert_eq!(shown.harm, Harm::Change);
    cluster.run(&plan(""), &by, None).unwrap();
    check(&mut cluster, &plan(""), &acts(), &["create Deployment/a, unless it is there"]);
}

#[test]
fn another_number_of_task_managers() {
    #[track_caller]
    fn check(fields: &str, wanted: u32, expected: Result<(u64, &[&str]), &str>) {
        let plan = plan(fields);
        let own = plan.objects.items.iter().find(|one| one["metadata"]["name"] == "a-taskmanager");
        let scaled = scaling(plan.objects.workload(), own, wanted);
        let lines = scaled.map(|one| (one.old, one.steps.iter().map(super::Step::line).collect()));
        let expected = expected.map(|(old, lines)| {
            (old, lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())
        });
        assert_eq!(lines.as_ref().map_err(Refusal::reason), expected.as_ref().map_err(|one| *one));
    }
    check("", 2, Err("NotCounted"));
    check(STANDALONE, 3, Ok((2, &["scale Deployment/a-taskmanager to 3"])));
    check(STANDALONE, 2, Ok((2, &[])));
}

#[test]
fn an_end_deletes_the_workload_first_and_high_availability_data_last() {
    #[track_caller]
    fn check(ends: &Ends, ending: Ending, expected: &[&str]) {
        let decision = ends.decide(ending).unwrap();
        let lines: Vec<String> = decision.steps.iter().map(super::Step::line).collect();
        assert_eq!(lines, expected);
    }
    let ours = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "a", "uid": "u", "labels": {"nutkin.dev/session": "a"}},
    });
    let mut ends =
        Ends { namespace: "n".to_owned(), workload: ours, is_there: true, ..Ends::default() };
    let (plain, all) = (Ending::default(), Ending { delete_data: true, ..Ending::default() });
    // The ledger outlives the workload: whoever ends the session removes it after that.
    let whole = ["delete Deployment/a and all that it owns"];
    check(&ends, plain, &whole);
    check(&ends, all, &whole);
    ends.is_deleted = true;
    assert!(matches!(ends.decide(plain).unwrap().again, Again::Wait { .. }));
    ends.is_there = false;
    assert_eq!(ends.decide(plain).unwrap().again, Again::Look);
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a-cluster-config-map"}});
    ends.after = Some(super::After { maps: vec![map], ..super::After::default() });
    check(&ends, plain, &[]);
    let with_data = Ending { delete_ha_data: true, ..plain };
    check(&ends, with_data, &["at once: delete ConfigMap/a-cluster-config-map"]);
    ends.workload["metadata"]["labels"] = json!({});
    assert_eq!(ends.decide(plain).unwrap_err().reason(), "NotOurs");
}

#[test]
fn task_managers_of_another_size_are_told_and_ended() {
    let changed = plan("  flinkConfiguration: {taskmanager.numberOfTaskSlots: '4'}\n");
    let worker = |slots: u64| {
        let words = format!("kubernetes-taskmanager.sh -D taskmanager.numberOfTaskSlots={slots}");
        json!({
            "kind": "Pod",
            "metadata": {"name": "a-1", "labels": {"component": "taskmanager"}},
            "spec": {"containers": [{"args": ["bash", "-c", words]}]},
        })
    };
    let mut cluster = Cluster::default();
    cluster.run(&changed, &acts(), None).unwrap();
    // The control.
    cluster.pods = vec![worker(4)];
    assert!(cluster.run(&changed, &By::default(), None).unwrap().last.is_done());
    cluster.pods = vec![worker(2)];
    let shown = cluster.run(&changed, &By::default(), None).unwrap().last;
    assert_eq!(shown.harm, Harm::Change);
    let lines = shown.announcement(Remedy::plain);
    assert!(lines.contains(&"restarts all TaskManagers".to_owned()), "{lines:?}");
    let lines = [
        "create Deployment/a, unless it is there",
        "end the pods of all TaskManagers",
        "note the TaskManagers' content on Deployment/a",
    ];
    let course = cluster.run(&changed, &acts(), None).unwrap();
    assert!(lines.iter().all(|line| course.lines.iter().any(|one| one == line)), "{course:?}");
    assert!(cluster.run(&changed, &By::default(), None).unwrap().last.is_done());
}
