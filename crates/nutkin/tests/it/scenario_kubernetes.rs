//! What commands make of the refusals and faults of an API server.

use std::time::Duration;

use nutkin_testkit::scenario::Fault;
use nutkin_testkit::scenario::kubernetes::status;
use nutkin_testkit::{Finished, side_by_side};
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
    let rows = [
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
    ];
    side_by_side(rows, |row| {
        check(&row);
        nothing_left(&row);
    });
}

#[test]
fn a_refusal_for_good_is_not_repeated() {
    let faults = [
        (refused(401, "Unauthorized", "Unauthorized"), 1),
        (may_not("POST", DEPLOYMENTS), 1),
        (refused(422, "Invalid", "Deployment \"a\" is invalid"), 1),
        // The control: this one is for the moment.
        (trouble(503), 6),
    ];
    side_by_side(faults, |(fault, came)| {
        check(&Row {
            before: &[],
            args: UP,
            on: always("POST /apis", fault),
            code: 1,
            says: &["error: "],
            came: &[("POST /apis", came)],
            same: false,
        });
    });
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
    side_by_side(cases, |(before, args, on)| {
        check(&Row { before, args, on, code: 0, says: &[], came: &[], same: true });
    });
}

#[test]
fn a_busy_server_says_when_to_come_again() {
    let busy = |seconds: &str| {
        Fault::Answer(status(429, "TooManyRequests", "busy").header("Retry-After", seconds))
    };
    let pause = |fault| {
        let on = once("POST /apis", fault);
        let came = &[("POST /apis", 2)];
        check(&Row { before: &[], args: UP, on: on.clone(), code: 0, says: &[], came, same: true });
        let place = Place::kubernetes();
        place.run_with(&on, UP).expect(0);
        let mut seen = place.server.seen();
        seen.retain(|seen| seen.request.line().starts_with("POST /apis"));
        seen[1].came - seen[0].came
    };
    let second = Duration::from_secs(1);
    assert!(second <= pause(busy("1")));
    // The control: without the header it is asked again at once.
    assert!(pause(trouble(429)) < second);
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
    let rows = [
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
    ];
    side_by_side(rows, |row| drop(check(&row)));
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
    let plan = place.run(&["plan", "a", "-o", "json", "-D", "s3.secret-key=other"]);
    plan.expect(0);
    assert_eq!(plan.json()["changes"], true);
    // Without options it is what the ledger wants, secrets and all.
    let plan = place.run(&["plan", "a", "-o", "json"]);
    plan.expect(0);
    assert_eq!(plan.json()["changes"], false);
}

#[test]
fn an_end_that_is_refused() {
    let row =
        |on, code, says| Row { before: &[UP], args: DOWN, on, code, says, came: &[], same: false };
    let conflict = "Precondition failed: UID in precondition: 1, UID in object meta: 2";
    let rows = [
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
    ];
    side_by_side(rows, |row| drop(check(&row)));
    Place::kubernetes().run(DOWN).expect(5).says("no session `a`");
}
