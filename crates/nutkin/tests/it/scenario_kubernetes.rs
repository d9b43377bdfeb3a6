//! What commands make of the refusals and faults of an API server.

use std::time::Duration;

use nutkin_testkit::Finished;
use nutkin_testkit::scenario::Fault;
use nutkin_testkit::scenario::kubernetes::status;
use serde_json::json;

use crate::scenario::{On, Place, SECRET, always, may_not, once, refused, times, trouble};

const UP: &[&str] = &["up", "a", "--no-wait"];
const CHANGE: &[&str] = &["up", "a", "--no-wait", "--yes", "-D", "containerized.master.env.X=1"];
const DOWN: &[&str] = &["down", "a"];
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/default/deployments/a";

/// A command and what an API server makes of it.
struct Row<'r> {
    /// Commands before it, which succeed.
    before: &'r [&'r [&'r str]],
    args: &'r [&'r str],
    on: On,
    code: i32,
    /// Parts of what it says.
    says: &'r [&'r str],
    /// How often requests came that contain the part.
    came: &'r [(&'r str, usize)],
    /// Whether what there is afterwards is what there is without the fault.
    same: bool,
}

/// Runs the command without the fault, which is the control, and with it.
#[track_caller]
fn check(row: &Row<'_>) -> Finished {
    let prepared = || {
        let place = Place::kubernetes();
        for args in row.before {
            place.run(args).expect(0);
        }
        place
    };
    let place = prepared();
    place.run(row.args).expect(0);
    let control = place.server.with(|kubernetes| kubernetes.plain());
    let place = prepared();
    let run = place.run_with(&row.on, row.args);
    run.expect(row.code);
    for text in row.says {
        run.says(text);
    }
    for (part, expected) in row.came {
        let seen = place.count(part);
        assert_eq!(seen, *expected, "requests with `{part}`\n{}", run.all());
    }
    let now = place.server.with(|kubernetes| kubernetes.plain());
    assert_eq!(now == control, row.same, "afterwards there is {:#?}\n{}", now, run.all());
    run
}

#[test]
fn a_creation_that_is_refused() {
    let row = |part, fault, says| Row {
        before: &[],
        args: UP,
        on: always(part, fault),
        code: 1,
        says,
        came: &[],
        same: false,
    };
    let nothing_left = |row: &Row<'_>| {
        let place = Place::kubernetes();
        place.run_with(&row.on, row.args).expect(row.code);
        assert_eq!(place.server.with(|one| one.titles()), Vec::<String>::new());
    };
    for row in [
        row(
            "POST",
            refused(401, "Unauthorized", "Unauthorized"),
            &["credentials are not accepted"],
        ),
        row(
            "POST",
            may_not("POST", DEPLOYMENTS),
            &["you may not create Deployment/a", "cannot create resource", "`nutkin rbac` prints"],
        ),
        row(
            "POST",
            refused(404, "NotFound", "namespaces \"default\" not found"),
            &["namespaces \"default\" not found", "kubectl create namespace"],
        ),
        row(
            "POST",
            refused(403, "Forbidden", "pods \"a\" is forbidden: exceeded quota: small"),
            &["Kubernetes does not create Deployment/a", "exceeded quota", "ResourceQuota"],
        ),
        row(
            "POST /api/v1/namespaces/default/configmaps",
            may_not("POST", "/api/v1/namespaces/default/configmaps"),
            &["you may not create ConfigMap/flink-config-a", "had made was removed again"],
        ),
        row(
            "POST /api/v1/namespaces/default/services",
            refused(422, "Invalid", "Service \"a\" is invalid"),
            &["Kubernetes does not create Service/a", "had made was removed again"],
        ),
    ] {
        check(&row);
        nothing_left(&row);
    }
}

#[test]
fn a_refusal_for_good_is_not_repeated() {
    for (fault, came) in [
        (refused(401, "Unauthorized", "Unauthorized"), 1),
        (may_not("POST", DEPLOYMENTS), 1),
        (refused(422, "Invalid", "Deployment \"a\" is invalid"), 1),
        // The control: this one is for the moment.
        (trouble(503), 6),
    ] {
        check(&Row {
            before: &[],
            args: UP,
            on: always("POST /apis", fault),
            code: 1,
            says: &["error: "],
            came: &[("POST /apis", came)],
            same: false,
        });
    }
}

#[test]
fn a_fault_that_passes_is_none() {
    let busy = Fault::Answer(status(429, "TooManyRequests", "busy"));
    let cases = [
        (&[][..], UP, once("POST", Fault::CutBefore)),
        (&[][..], UP, once("POST", Fault::CutAfter)),
        (&[][..], UP, once("POST", Fault::CutInside)),
        (&[][..], UP, once("services", Fault::CutAfter)),
        (&[][..], UP, once("configmaps", Fault::CutAfter)),
        (&[][..], UP, once("PATCH", Fault::CutAfter)),
        (&[][..], UP, times(3, "POST", trouble(500))),
        (&[][..], UP, times(2, "services", trouble(502))),
        (&[][..], UP, times(2, "configmaps", trouble(503))),
        (&[][..], UP, times(2, "", trouble(504))),
        (&[][..], UP, times(2, "", busy.clone())),
        (&[][..], UP, times(2, "", Fault::Slow(Duration::from_millis(300)))),
        (&[UP][..], CHANGE, times(2, "GET", trouble(500))),
        (&[UP][..], CHANGE, times(2, "PATCH", Fault::CutAfter)),
        (&[UP][..], CHANGE, times(2, "PATCH", Fault::CutBefore)),
        (&[UP][..], CHANGE, times(2, "PATCH", busy.clone())),
        (&[UP][..], CHANGE, once("dryRun", Fault::CutInside)),
        (&[UP][..], DOWN, once("DELETE", Fault::CutAfter)),
        (&[UP][..], DOWN, once("DELETE", Fault::CutBefore)),
        (&[UP][..], DOWN, times(2, "DELETE", trouble(500))),
        (&[UP][..], DOWN, times(3, "GET", busy)),
    ];
    for (before, args, on) in cases {
        check(&Row { before, args, on, code: 0, says: &[], came: &[], same: true });
    }
}

#[test]
fn a_busy_server_says_when_to_come_again() {
    let busy = |seconds: &str| {
        Fault::Answer(status(429, "TooManyRequests", "busy").header("Retry-After", seconds))
    };
    let row = |fault| Row {
        before: &[],
        args: UP,
        on: once("POST /apis", fault),
        code: 0,
        says: &[],
        came: &[("POST /apis", 2)],
        same: true,
    };
    let second = Duration::from_secs(1);
    assert!(second <= check(&row(busy("1"))).took);
    // The control: without the header it is asked again at once.
    assert!(check(&row(trouble(429))).took < second);
}

#[test]
fn what_is_in_the_way_is_not_touched() {
    #[track_caller]
    fn check(plural: &str, object: serde_json::Value, says: &str) {
        let place = Place::kubernetes();
        place.server.with(|kubernetes| kubernetes.put(plural, object.clone()));
        let before = place.server.with(|kubernetes| kubernetes.plain());
        place.run(UP).expect(1).says(says);
        assert_eq!(place.server.with(|kubernetes| kubernetes.plain()), before);
    }
    let object = |version: &str, kind: &str, name: &str, labels: serde_json::Value| json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": labels}});
    let none = json!({});
    check(
        "deployments",
        object("apps/v1", "Deployment", "a", none.clone()),
        "Deployment/a in namespace default is in the way",
    );
    check(
        "deployments",
        object(
            "apps/v1",
            "Deployment",
            "a",
            json!({"type": "flink-native-kubernetes", "app": "a"}),
        ),
        "--adopt takes it over",
    );
    check(
        "configmaps",
        object("v1", "ConfigMap", "flink-config-a", none.clone()),
        "ConfigMap/flink-config-a in namespace default is in the way",
    );
    check(
        "services",
        object("v1", "Service", "a-rest", json!({"nutkin.dev/session": "b"})),
        "it belongs to the session `b`",
    );
}

#[test]
fn a_change_that_is_refused() {
    let row = |part, fault, says| Row {
        before: &[UP],
        args: CHANGE,
        on: always(part, fault),
        code: 1,
        says,
        came: &[],
        same: false,
    };
    let config_map = "/api/v1/namespaces/default/configmaps/flink-config-a";
    let other =
        "Operation cannot be fulfilled on deployments.apps \"a\": the object has been modified";
    for row in [
        row("GET", may_not("GET", DEPLOYMENT), &["you may not get Deployment/a"]),
        row(
            "configmaps/flink-config-a?dryRun",
            may_not("PATCH", config_map),
            &["you may not change ConfigMap/flink-config-a", "`nutkin rbac`"],
        ),
        row(
            "dryRun",
            refused(
                422,
                "Invalid",
                "Deployment \"a\" is invalid: spec.selector: field is immutable",
            ),
            &["field is immutable", "`nutkin down a` ends the session"],
        ),
        row(
            "deployments/a?fieldManager=nutkin&force",
            refused(409, "Conflict", other),
            &["Kubernetes does not change Deployment/a", "run the same command again"],
        ),
        row(
            "configmaps/flink-config-a?fieldManager=nutkin&force",
            may_not("PATCH", config_map),
            &["you may not change ConfigMap/flink-config-a", "run the same command again"],
        ),
    ] {
        check(&row);
    }
}

#[test]
fn without_consent_nothing_is_changed_but_looked_at() {
    let place = Place::kubernetes();
    let secret = format!("s3.secret-key={SECRET}");
    place.run(&["up", "a", "--no-wait", "-D", &secret]).expect(0);
    let before = place.server.with(|kubernetes| kubernetes.plain());
    place.server.set(|_| Fault::None);
    let up = place.run(&["up", "a", "--no-wait", "-D", "s3.secret-key=other"]);
    up.expect(6).says("s3.secret-key").says("******").says("--yes");
    assert_eq!(place.server.with(|kubernetes| kubernetes.plain()), before);
    for seen in place.server.seen() {
        let line = seen.request.line();
        // The creation is the question whether there is one.
        let looks = line.starts_with("GET")
            || line.contains("dryRun=All")
            || line.starts_with("POST /apis/apps");
        assert!(looks, "{line}");
    }
    let plan = place.run(&["plan", "a", "-o", "json"]);
    plan.expect(0);
    assert_eq!(plan.json()["changes"], true);
}

#[test]
fn an_end_that_is_refused() {
    let row =
        |on, code, says| Row { before: &[UP], args: DOWN, on, code, says, came: &[], same: false };
    let conflict = "Precondition failed: UID in precondition: 1, UID in object meta: 2";
    for row in [
        row(
            always("DELETE", may_not("DELETE", DEPLOYMENT)),
            1,
            &["you may not delete Deployment/a", "`nutkin rbac`"],
        ),
        row(
            always("DELETE", refused(409, "Conflict", conflict)),
            1,
            &["Deployment/a is another one by now", "run the same command again"],
        ),
        row(
            always("GET /apis/apps", may_not("GET", DEPLOYMENT)),
            1,
            &["you may not get Deployment/a"],
        ),
        row(
            always("pods", may_not("GET", "/api/v1/namespaces/default/pods")),
            1,
            &["you may not list pods"],
        ),
    ] {
        check(&row);
    }
    Place::kubernetes().run(DOWN).expect(5).says("no session `a`");
}
<<<<<<< HEAD
=======

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

const STANDALONE: &str = "
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: a}
spec:
  flinkVersion: v1_20
  mode: standalone
  taskManager: {replicas: 2}
";

#[test]
fn the_number_of_task_managers_is_changed_by_its_workload() {
    #[track_caller]
    fn check(on: Option<On>, code: i32, says: &str, replicas: u64) {
        let place = Place::kubernetes();
        place.file("session.yaml", STANDALONE);
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
    check(always("events", events), status, 0, "starting", "");
    check(always("GET", may_not("GET", DEPLOYMENT)), status, 1, "", "you may not get Deployment/a");
    check(always("GET", trouble(500)), status, 1, "", "500");
    check(always("GET", trouble(503)), ls, 1, "", "503");
    check(times(3, "GET", trouble(503)), ls, 0, "a", "");
    check(always("GET", Fault::CutBefore), status, 1, "", "the connection to the API server broke");
    check(times(2, "GET", Fault::CutBefore), status, 0, "starting", "");
}

#[test]
fn an_api_server_that_is_not_there() {
    let place = Place::kubernetes();
    let kubeconfig = Kubernetes::kubeconfig("http://127.0.0.1:1", TOKEN);
    let path = place.file("nowhere", &kubeconfig);
    for args in [UP, DOWN, &["status", "a"]] {
        let mut command = place.command(args);
        command.env("KUBECONFIG", &path);
        let run = finish(Running::start(command));
        run.expect(1).says("the API server at http://127.0.0.1:1/ does not answer");
        run.says("--context");
    }
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
    check(&[UP], "GET", "interrupted; session `a` was not touched");
    check(&[UP], "flink-config-a?fieldManager", changed);
    // The workload of a new session is there as soon as it was asked for.
    check(&[], "POST /apis/apps", changed);
    check(&[], "POST /api/v1", changed);
}
>>>>>>> 8aecd7f (Say after a creation that was interrupted that the session was being changed)
