//! Looking at sessions on Kubernetes, waiting for them and scaling them, while an API server answers well or badly.

use nutkin_testkit::scenario::{Fault, Kubernetes};
use nutkin_testkit::{Running, side_by_side};
use serde_json::json;

use crate::scenario::{
    LIMIT, On, Place, TOKEN, always, finish, may_not, once, refused, standalone, times, trouble,
};

const UP: &[&str] = &["up", "a", "--no-wait"];
const CHANGE: &[&str] = &["up", "a", "--no-wait", "--yes", "-D", "containerized.master.env.X=1"];
const DOWN: &[&str] = &["down", "a"];
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/default/deployments/a";

#[test]
fn a_session_that_is_being_deleted_is_not_changed() {
    let place = Place::kubernetes();
    place.run(UP).expect(0);
    place.server.with(|kubernetes| {
        let mut deployment = kubernetes.get("Deployment", "a");
        deployment["metadata"]["finalizers"] = json!(["foregroundDeletion"]);
        deployment["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        kubernetes.put("deployments", deployment);
    });
    place.run(CHANGE).expect(1).says("session `a` is being deleted").says("nutkin down");
}

#[test]
fn whoever_is_there_already_when_it_is_deleted_is_no_error() {
    let gone = refused(404, "NotFound", "deployments.apps \"a\" not found");
    let place = Place::kubernetes();
    place.run(UP).expect(0);
    place.server.set(
        move |request| {
            if request.method == "DELETE" { gone.clone() } else { Fault::None }
        },
    );
    let down = place.start(DOWN);
    nutkin_testkit::eventually("it is deleted", LIMIT, || place.count("DELETE") != 0);
    place.server.with(|kubernetes| kubernetes.remove("Deployment", "a"));
    finish(down).expect(0).says("session `a` ended");
}

#[test]
fn the_number_of_task_managers_is_changed_by_its_workload() {
    #[track_caller]
    fn check(on: Option<On>, code: i32, says: &str, replicas: u64) {
        let place = Place::kubernetes();
        place.file("session.yaml", &standalone(2));
        place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
        place.server.set(|_| Fault::None);
        let args = ["scale", "a", "--task-managers", "3"];
        let scale = match on {
            Some(on) => place.run_with(&on, &args),
            None => place.run(&args),
        };
        scale.expect(code).says(says);
        let workload = place.server.with(|one| one.get("Deployment", "a-taskmanager"));
        assert_eq!(workload["spec"]["replicas"], replicas, "{}", scale.all());
    }
    let workload = "/apis/apps/v1/namespaces/default/deployments/a-taskmanager";
    let gone = refused(404, "NotFound", "deployments.apps \"a-taskmanager\" not found");
    check(None, 0, "", 3);
    check(Some(once("PATCH", Fault::CutAfter)), 0, "", 3);
    check(Some(times(2, "PATCH", trouble(503))), 0, "", 3);
    check(
        Some(always("PATCH", may_not("PATCH", workload))),
        1,
        "you may not change Deployment/a-taskmanager",
        2,
    );
    check(
        Some(always("GET /apis/apps/v1/namespaces/default/deployments/a-taskmanager", gone)),
        1,
        "`nutkin up` makes it again",
        2,
    );
}

#[test]
fn looking_at_what_answers_badly() {
    #[track_caller]
    fn check(on: On, args: &[&str], code: i32, prints: &str, says: &str) {
        let place = Place::kubernetes();
        place.run(UP).expect(0);
        let control = place.run(args);
        control.expect(0).prints("a");
        place.run_with(&on, args).expect(code).prints(prints).says(says);
    }
    let events = may_not("GET", "/api/v1/namespaces/default/events");
    let (status, ls) = (&["status", "a"][..], &["ls"][..]);
    let denied = may_not("GET", DEPLOYMENT);
    let broke = "the connection to the API server broke";
    let cases = [
        (always("events", events), status, 0, "starting", ""),
        (always("GET", denied), status, 1, "", "you may not get Deployment/a"),
        (always("GET", trouble(500)), status, 1, "", "500"),
        (always("GET", trouble(503)), ls, 1, "", "503"),
        (times(3, "GET", trouble(503)), ls, 0, "a", ""),
        (always("GET", Fault::CutBefore), status, 1, "", broke),
        (times(2, "GET", Fault::CutBefore), status, 0, "starting", ""),
    ];
    side_by_side(cases, |(on, args, code, prints, says)| check(on, args, code, prints, says));
}

#[test]
fn an_api_server_that_is_not_there() {
    let place = Place::kubernetes();
    let kubeconfig = Kubernetes::kubeconfig("http://127.0.0.1:1", TOKEN);
    let path = place.file("nowhere", &kubeconfig);
    side_by_side([UP, DOWN, &["status", "a"]], |args| {
        let mut command = place.command(args);
        command.env("KUBECONFIG", &path);
        let run = finish(Running::start(command));
        run.expect(1).says("the API server at http://127.0.0.1:1/ does not answer");
        run.says("--context");
    });
}

#[test]
fn a_session_that_is_waited_for() {
    let place = Place::kubernetes();
    place.server.with(|kubernetes| kubernetes.runs_pods = true);
    let up = place.run(&["up", "a"]);
    up.expect(0).says("session `a` is up: Flink 1.20.5, 1 JobManager");
    place.run(&["status", "a"]).expect(0).prints("running");
    // The control: a JobManager that never answers.
    let place = Place::kubernetes();
    place.server.with(|kubernetes| kubernetes.runs_pods = true);
    let up = place.run_with(&always("proxy", trouble(503)), &["up", "a", "--timeout", "1"]);
    up.expect(4).says("waiting for the JobManager's REST API");
}

#[test]
fn an_interrupt_says_how_far_it_was() {
    #[track_caller]
    fn check(before: &[&[&str]], part: &'static str, says: &str) {
        let place = Place::kubernetes();
        for args in before {
            place.run(args).expect(0);
        }
        place.server.set(once(part, Fault::Hang).rule());
        let up = place.start(CHANGE);
        assert!(place.server.hangs_within(LIMIT), "never asked: {part}");
        up.interrupt();
        finish(up).expect(130).says(says);
    }
    let changed = "interrupted while session `a` was being changed";
    check(&[UP], "GET /apis", "interrupted; session `a` was not touched");
    check(&[UP], "flink-config-a?fieldManager", changed);
    // The workload of a new session is there as soon as it was asked for.
    check(&[], "POST /apis/apps", changed);
    check(&[], "POST /api/v1", changed);
}

#[test]
fn what_was_scaled_stays_so() {
    #[track_caller]
    fn check(again: &[&str], says: &str, replicas: u64) {
        let place = Place::kubernetes();
        place.file("session.yaml", &standalone(2));
        place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
        place.run(&["scale", "a", "--task-managers", "3"]).expect(0).says("2 -> 3 TaskManagers");
        place.run(&["scale", "a", "--task-managers", "3"]).expect(0).says("already");
        place.run(again).expect(0).says(says);
        let workload = place.server.with(|one| one.get("Deployment", "a-taskmanager"));
        assert_eq!(workload["spec"]["replicas"], replicas);
    }
    check(UP, "session `a` is unchanged", 3);
    // The control: the file says two.
    let file = ["up", "-f", "session.yaml", "--no-wait", "--yes"];
    check(&file, "spec.replicas: 3 -> 2", 2);
}

#[test]
fn a_session_that_is_otherwise_not_what_is_wanted_is_not_scaled() {
    #[track_caller]
    fn check(alter: &[&str], code: i32, says: &str, replicas: u64) {
        let place = Place::kubernetes();
        place.file("session.yaml", &standalone(2));
        place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
        for name in alter {
            place.server.with(|kubernetes| kubernetes.remove("ConfigMap", name));
        }
        let scale = place.run(&["scale", "a", "--task-managers", "3"]);
        scale.expect(code).says(says);
        let workload = place.server.with(|one| one.get("Deployment", "a-taskmanager"));
        assert_eq!(workload["spec"]["replicas"], replicas, "{}", scale.all());
    }
    let says = "session `a` is not what is wanted of it: ConfigMap/flink-config-a";
    check(&["flink-config-a"], 1, says, 2);
    check(&[], 0, "2 -> 3 TaskManagers", 3);
    // Of which nothing is noted, its workload is changed as it is.
    check(&["nutkin-a"], 0, "2 -> 3 TaskManagers", 3);
}

#[test]
fn who_may_change_the_number_alone_does_so() {
    let place = Place::kubernetes();
    place.file("session.yaml", &standalone(2));
    place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
    let maps = "PATCH /api/v1/namespaces/default/configmaps";
    let scale = |number, fault| {
        place.run_with(&always(maps, fault), &["scale", "a", "--task-managers", number])
    };
    // The control: a refusal of another kind.
    scale("3", refused(422, "Invalid", "ConfigMap \"a\" is invalid")).expect(1);
    let denied = may_not("PATCH", "/api/v1/namespaces/default/configmaps/flink-config-a");
    scale("4", denied).expect(0).says("2 -> 4 TaskManagers");
    let workload = place.server.with(|one| one.get("Deployment", "a-taskmanager"));
    assert_eq!(workload["spec"]["replicas"], 4);
}
