//! Which calls a command makes to an API server, in which order, and which of them are in flight together.

use std::time::Duration;

use nutkin_testkit::Running;
use nutkin_testkit::scenario::kubernetes::status;
use nutkin_testkit::scenario::{Answer, Call, Fault, Kubernetes, Script, Server};
use serde_json::json;

use crate::scenario::{Place, TOKEN, finish};

/// It says what is wanted: otherwise the ledger is asked first.
const UP: &[&str] = &["up", "a", "--no-wait", "--flink", "1.20"];
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

/// Time enough for all requests of one batch to come before one is answered.
const BATCH: Duration = Duration::from_millis(300);

#[test]
fn a_new_session_costs_two_round_trips() {
    let own = |method, path: &str| Call::new(method, &format!("/api/v1/namespaces/default/{path}"));
    let made = |call: Call| {
        call.query("fieldManager", "nutkin").answer_with(|request| {
            let mut object = request.json();
            object["metadata"]["uid"] = json!("u-1");
            Answer::json(201, &object)
        })
    };
    let owner = json!([{
        "apiVersion": "apps/v1", "kind": "Deployment", "name": "a", "uid": "u-1", "controller": true,
        "blockOwnerDeletion": true,
    }]);
    let tied = |call: Call| made(call).body_at("/metadata/ownerReferences", owner.clone());
    let script = Script::new()
        // Whether a ledger is left of an earlier session is asked side by side.
        .together([
            made(Call::new("POST", DEPLOYMENTS).body_at("/metadata/name", json!("a"))),
            own("GET", "configmaps/nutkin-a").answer(status(404, "NotFound", "not found")),
        ])
        .together([
            tied(own("POST", "configmaps").body_at("/metadata/name", json!("flink-config-a"))),
            tied(own("POST", "services")),
            tied(own("POST", "services")),
            // The ledger outlives the workload.
            made(own("POST", "configmaps").body_at("/metadata/name", json!("nutkin-a")))
                .body_at("/metadata/labels", json!({"nutkin.dev/session": "a"}))
                .body_at("/metadata/ownerReferences", json!(null)),
        ])
        // Nobody waits for these.
        .always(Call::new("PATCH", &format!("{DEPLOYMENTS}/a")))
        .always(own("PATCH", "configmaps/flink-config-a"))
        .always(own("PATCH", "services/a"))
        .always(own("PATCH", "services/a-rest"));
    let server = Server::start(script);
    let place = Place::of(server, "kubernetes", ("KUBECONFIG", String::new()));
    let kubeconfig = Kubernetes::kubeconfig(place.server.url(), TOKEN);
    let path = place.file("kubeconfig", &kubeconfig).display().to_string();
    let mut command = place.command(UP);
    command.env("KUBECONFIG", path);
    let up = finish(Running::start(command));
    place.server.check();
    up.expect(0).says("session `a` is starting");
    assert!(
        place
            .server
            .seen()
            .iter()
            .all(|seen| { seen.request.headers["authorization"] == format!("Bearer {TOKEN}") })
    );
}

/// Which requests are in flight together: `METHOD resource`, in order.
fn waves(place: &Place<Kubernetes>) -> Vec<String> {
    let short = |line: &String| {
        let (method, path) = line.split_once(' ').unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let path = path.split("/namespaces/default/").nth(1).unwrap_or(path);
        let dry = if query.contains("dryRun") { " (dry)" } else { "" };
        let list = if query.contains("labelSelector") { " (list)" } else { "" };
        format!("{method} {path}{list}{dry}")
    };
    let waves = place.server.waves();
    let sorted = |wave: &Vec<String>| {
        let mut wave: Vec<String> = wave.iter().map(short).collect();
        wave.sort();
        wave.join(", ")
    };
    waves.iter().map(sorted).collect()
}

#[test]
fn what_is_in_flight_together() {
    #[track_caller]
    fn check(before: &[&[&str]], args: &[&str], expected: &[&str]) {
        let place = Place::kubernetes();
        for args in before {
            place.run(args).expect(0);
        }
        place.server.set(|_| Fault::Slow(BATCH));
        place.run(args).expect(0);
        assert_eq!(waves(&place), expected);
    }
    let create = "GET configmaps/nutkin-a, POST deployments";
    let look = "GET configmaps (list), GET configmaps/flink-config-a, GET deployments/a, GET ingresses (list), \
                GET pods (list), GET rolebindings (list), GET roles (list), GET secrets/kerberos-keytab-a, GET serviceaccounts (list), \
                GET services (list), GET services/a, GET services/a-rest";
    let predict = "PATCH configmaps/flink-config-a (dry), PATCH deployments/a (dry), PATCH services/a (dry), \
                   PATCH services/a-rest (dry)";
    check(
        &[],
        UP,
        &[
            create,
            "POST configmaps, POST configmaps, POST services, POST services",
            // Whose the fields are is noted once everything is there, in one batch.
            "PATCH configmaps/flink-config-a, PATCH deployments/a, PATCH services/a, PATCH services/a-rest",
        ],
    );
    let ledger = "GET configmaps/nutkin-a";
    check(&[UP], UP, &[create, look, predict]);
    // Who says nothing of what is wanted asks the ledger for it, which is a trip before all others.
    check(&[UP], &["up", "a", "--no-wait"], &[ledger, create, look, predict]);
}
