//! Drift: `status` and `plan` say what runs and is not what the ledger wants. Each row has its control: nothing is said
//! before somebody interferes.

use std::fs;

use nutkin_testkit::Finished;
use nutkin_testkit::scenario::{Fault, Flink, Server};
use serde_json::{Value, json};

use crate::scenario::{Place, always, may_not, standalone, trouble};
use crate::world::{World, answer, rest_port};

/// What the Session document says: `action object what: old -> new`.
fn drift(status: &Finished) -> Option<Vec<String>> {
    let document = status.json();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |one: &Value| {
        let [action, object, what, old, new] =
            ["action", "object", "what", "old", "new"].map(|key| text(&one[key]));
        format!("{action} {object} {what}: {old} -> {new}")
    };
    document["drift"].as_array().map(|all| all.iter().map(line).collect())
}

/// A session on Kubernetes that somebody interferes with.
#[track_caller]
fn check_kubernetes(
    interfere: impl Fn(&Place<nutkin_testkit::scenario::Kubernetes>),
    json: &[&str],
    line: &str,
) {
    let place = Place::kubernetes();
    place.server.with(|kubernetes| kubernetes.runs_pods = true);
    place.file("session.yaml", &standalone(2));
    place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
    assert_eq!(drift(&place.run(&["status", "a", "-o", "json"])), Some(Vec::new()));
    let status = place.run(&["status", "a"]);
    status.expect(0);
    assert!(!status.stdout.contains("drift"), "{}", status.all());
    interfere(&place);
    let before = place.server.with(|kubernetes| kubernetes.plain());
    place.server.set(|_| Fault::None);
    assert_eq!(drift(&place.run(&["status", "a", "-o", "json"])).unwrap_or_default(), json);
    for seen in place.server.seen() {
        let line = seen.request.line();
        assert!(line.starts_with("GET") || line.contains("dryRun=All"), "{line}");
    }
    let status = place.run(&["status", "a"]);
    status.expect(0).prints("drift").prints(line);
    status
        .prints("wanted by `nutkin up -f session.yaml --no-wait` (")
        .prints("`nutkin up a` brings it about");
    place.run(&["plan", "a"]).expect(0).prints("wanted by `nutkin up -f session.yaml --no-wait` (");
    assert_eq!(place.server.with(|kubernetes| kubernetes.plain()), before);
}

#[test]
fn somebody_scales_a_deployment_by_hand() {
    check_kubernetes(
        |place| {
            place.server.with(|kubernetes| {
                let mut workload = kubernetes.get("Deployment", "a-taskmanager");
                workload["spec"]["replicas"] = json!(5);
                kubernetes.put("deployments", workload);
            });
        },
        &["change Deployment/a-taskmanager spec.replicas: 5 -> 2"],
        "Deployment/a-taskmanager spec.replicas: 5 -> 2",
    );
}

#[test]
fn somebody_deletes_a_service() {
    check_kubernetes(
        |place| place.server.with(|kubernetes| kubernetes.remove("Service", "a-rest")),
        &["add Service/a-rest -: - -> -"],
        "+ Service/a-rest",
    );
}

#[test]
fn what_may_not_be_asked_is_not_claimed() {
    let place = Place::kubernetes();
    place.file("session.yaml", &standalone(2));
    place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
    let status = ["status", "a", "-o", "json"];
    let config_map = "/api/v1/namespaces/default/configmaps/flink-config-a";
    for on in [
        always("dryRun", may_not("PATCH", config_map)),
        always(
            "configmaps/nutkin-a",
            may_not("GET", "/api/v1/namespaces/default/configmaps/nutkin-a"),
        ),
        always("configmaps/nutkin-a", trouble(500)),
    ] {
        let run = place.run_with(&on, &status);
        run.expect(0);
        assert_eq!(drift(&run), None);
        assert_eq!(run.stderr, "");
    }
    assert_eq!(drift(&place.run(&status)), Some(Vec::new()), "the control");
}

#[test]
fn somebody_removes_a_container_by_hand() {
    let flink = Server::start(Flink { slots: 8, task_managers: 4, ..Flink::default() });
    let place = Place::docker(flink.port());
    place.run(&["up", "a", "--task-managers", "2"]).expect(0);
    let status = ["status", "a", "-o", "json"];
    assert_eq!(drift(&place.run(&status)), Some(Vec::new()));
    place.server.with(|docker| docker.remove_container("nutkin-a-taskmanager-2"));
    place.server.set(|_| Fault::None);
    assert_eq!(
        drift(&place.run(&status)).unwrap_or_default(),
        ["change - taskManager.replicas: 1 -> 2"]
    );
    assert!(place.server.seen().iter().all(|seen| seen.request.method == "GET"));
    place
        .run(&["status", "a"])
        .expect(0)
        .prints("taskManager.replicas: 1 -> 2")
        .prints("wanted by `nutkin up a --task-managers 2` (");
    place.run(&["plan", "a"]).expect(0).prints("~ taskManager.replicas: 1 -> 2");
    // An image that somebody removed says nothing of what runs.
    place.server.with(|docker| docker.images.clear());
    assert_eq!(drift(&place.run(&status)), None);
}

#[test]
fn orders_on_this_machine_that_are_not_what_is_wanted() {
    let world = World::new();
    world.up("a", &[]).expect(0);
    world.until_running("a");
    answer(rest_port(&world.launch("a")), 1, &[]);
    let status = ["status", "a", "-o", "json"];
    assert_eq!(drift(&world.run(&status)), Some(Vec::new()));
    // Another terminal, with another Java and other variables, is not what anybody wants of the session.
    world.java("java11", "11.0.2", "exec sleep 600");
    let mut elsewhere = world.command(&status);
    elsewhere.env("JAVA_HOME", world.path("java11")).env("HADOOP_CONF_DIR", "/hadoop");
    assert_eq!(drift(&crate::world::finish(elsewhere.spawn().unwrap())), Some(Vec::new()));

    let path = world.session("a").record();
    let mut ledger: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    ledger["wanted"]["taskManagers"] = json!(3);
    ledger["wanted"]["options"]["parallelism.default"] = json!("2");
    fs::write(&path, ledger.to_string()).unwrap();
    let run = world.run(&status);
    assert_eq!(
        drift(&run).unwrap_or_default(),
        ["change - taskManager.replicas: 1 -> 3", "add - parallelism.default: - -> 2"]
    );
    let run = world.run(&["status", "a"]);
    run.expect(0)
        .prints("drift          taskManager.replicas: 1 -> 3")
        .prints("+ parallelism.default: 2");
    run.prints("wanted by `nutkin up a --no-wait -D rest.port=0` (");
    world.run(&["plan", "a"]).expect(0).prints("wanted by `nutkin up a --no-wait");
    // The control: of a session that does not run, nothing is compared.
    let mut down = world.command(&["plan", "b"]);
    let plan = crate::world::finish(down.stdin(std::process::Stdio::null()).spawn().unwrap());
    assert!(!plan.stdout.contains("wanted by"), "{}", plan.all());
}
