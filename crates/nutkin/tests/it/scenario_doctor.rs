//! What `doctor` says of places and sessions, and that it changes nothing.

use std::process::Stdio;

use nutkin_testkit::scenario::kubernetes::status;
use nutkin_testkit::scenario::{Docker, Fault, Flink, Kubernetes, Server};
use serde_json::{Value, json};

use crate::scenario::{Place, always, standalone};
use crate::world::{World, finish};

fn node(cpu: &str, memory: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-a"}, "spec": {},
        "status": {"allocatable": {"cpu": cpu, "memory": memory, "pods": "110"}},
    })
}

/// A quota of the namespace for so many pods.
fn quota(name: &str, hard: &str, used: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": name, "namespace": "default"},
        "status": {"hard": {"pods": hard}, "used": {"pods": used}},
    })
}

/// A cluster with one node of this size, and the file of a session with two TaskManagers.
fn cluster(cpu: &str, memory: &str) -> Place<Kubernetes> {
    let mut kubernetes = Kubernetes::default();
    kubernetes.runs_pods = true;
    kubernetes.flink.task_managers = 2;
    kubernetes.put("nodes", node(cpu, memory));
    let place = Place::kubernetes_with(kubernetes);
    place.file("session.yaml", &standalone(2));
    place.server.set(|_| Fault::None);
    place
}

const PRE: &[&str] = &["doctor", "--pre", "-f", "session.yaml"];

#[test]
fn a_cluster_that_has_what_a_session_needs() {
    let place = cluster("8", "16Gi");
    let said = place.run(PRE);
    said.expect(0).prints("Kubernetes\n  √ the API server answers and is new enough: v1.34.0\n");
    said.prints("√ you may do what starts and changes a session: ");
    said.prints("√ every pod finds a node: 1 nodes");
    said.prints("session `a`\n  √ it can be planned");
    // It looks: a dry run and reviews are all that is not a GET.
    for seen in place.server.seen() {
        let line = seen.request.line();
        let looks = line.starts_with("GET ")
            || line.contains("dryRun=All")
            || line.contains("accessreviews");
        assert!(looks, "{line}");
    }
    // The control: it can be started.
    place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
    // Its own pods are not counted twice.
    place.run(PRE).expect(0);
    place.run(&["doctor", "a"]).expect(0).prints("√ its processes run");
}

#[test]
fn what_a_cluster_lacks_is_a_finding() {
    let place = cluster("2", "1Gi");
    place.server.with(|kubernetes| {
        kubernetes.may_not.push("create deployments".to_owned());
        kubernetes.put("resourcequotas", quota("few", "2", "1"));
    });
    let said = place.run(PRE);
    said.expect(1).prints("× you may do what starts and changes a session: NK2703");
    said.prints("you: may not create `deployments.apps`");
    said.prints("ResourceQuota `few` has 1 of `pods` left, the session needs 3");
    said.prints("node `node-a` has 2.0 CPUs and 1.0 GiB free");
    let json = place.run(&[PRE, &["-o", "json"]].concat());
    let document = nutkin_testkit::schema::read(&json.expect(1).stdout);
    let items = document["items"].as_array().expect("findings");
    let codes: Vec<&str> = items.iter().filter_map(|one| one["code"].as_str()).collect();
    assert_eq!(codes, ["NK2703", "NK2103", "NK2102"]);
    let failed = |one: &&Value| one["result"] == "failed";
    let checks = document["checks"].as_array().expect("checks");
    assert_eq!(checks.iter().filter(failed).count(), 3);
}

#[test]
fn a_session_that_is_not_well() {
    let place = cluster("8", "16Gi");
    place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
    // The control: nothing is wrong yet.
    place.run(&["doctor", "a"]).expect(0).prints("√ its configuration is understood");
    place.server.with(|kubernetes| {
        kubernetes.logs.insert(
            "a-taskmanager-0".to_owned(),
            "Unrecognized VM option 'UseParallelOldGC'\n".to_owned(),
        );
        let mut pod = kubernetes.get("Pod", "a-taskmanager-0");
        let status = &mut pod["status"]["containerStatuses"][0];
        status["restartCount"] = json!(3);
        status["state"] = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        status["lastState"]["terminated"] = json!({"exitCode": 1, "reason": "Error"});
        kubernetes.put("pods", pod);
        kubernetes.flink.task_managers -= 1;
    });
    let said = place.run(&["doctor", "a"]);
    said.expect(1).prints("× its configuration is understood: NK2601");
    said.prints("√ its processes reach each other").prints("error NK2601");
    let other = place.run(&["doctor", "b"]);
    other.expect(5).says("there is no session `b`").says("`nutkin doctor --pre`");
}

#[test]
fn a_daemon_and_one_that_does_not_answer() {
    let flink = Server::start(Flink { slots: 8, task_managers: 4, ..Flink::default() });
    let place: Place<Docker> = Place::docker(flink.port());
    place.run(&["doctor", "--pre"]).expect(0).prints("Docker\n  √ the daemon answers: ");
    drop(place);
    let world = World::new();
    let mut command = world.command(&["doctor", "--pre", "--on", "docker"]);
    command.env("DOCKER_HOST", "unix:///nobody/listens/here.sock");
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let said = finish(command.spawn().unwrap());
    said.expect(1).prints("× the daemon answers: NK2701");
}

#[test]
fn this_machine() {
    let world = World::new();
    let doctor = |args: &[&str]| {
        // Any port: somebody else may have 8081, which would be a warning.
        world.run(&[&["doctor", "--pre", "-D", "rest.port=0"], args].concat())
    };
    let said = doctor(&[]);
    said.expect(0).prints("√ a Java is there that the release of Flink can use: 17 at ");
    said.prints("√ the plan has no warning");
    let refused = doctor(&["-D", "rest.port=many"]);
    refused.expect(1).prints("NK2706").prints("rest.port");
    let said = doctor(&["-D", "env.java.home=/nowhere"]);
    said.expect(1).prints("× a Java is there that the release of Flink can use: NK2705");
    said.prints("| this machine: `env.java.home`: there is no Java in `/nowhere`");
    doctor(&["-f", "nowhere.yaml"]).expect(2);
}

/// What is said of a session with an account and high availability whose account has no permission.
fn of_account(options: &[&str]) -> nutkin_testkit::Finished {
    let place = cluster("8", "16Gi");
    place.server.with(|kubernetes| kubernetes.unbound.push("flink".to_owned()));
    let options = [
        &["kubernetes.service-account=flink", "high-availability.type=kubernetes"][..],
        &["high-availability.storageDir=s3://b/ha"],
        options,
    ];
    let options = options.concat();
    let options = options.iter().flat_map(|option| ["-D", option]);
    place.run(&PRE.iter().copied().chain(options).collect::<Vec<_>>())
}

#[test]
fn an_account_that_up_gives_its_permissions_is_not_refused() {
    let created = of_account(&["nutkin.rbac.create=true"]);
    assert!(!created.stdout.contains("NK2107"), "{}", created.all());
    assert!(!created.stdout.contains("the account `flink`"), "{}", created.all());
    created.prints("√ every pod finds a node");
    // The control.
    let refused = of_account(&[]);
    refused.expect(1).prints("× the account `flink` may do what its pods do: NK");
    refused.prints("flink: may not ");
}

#[test]
fn without_a_plan_nothing_is_ticked_that_depends_on_it() {
    let place = cluster("8", "16Gi");
    let said = place.run(&[PRE, &["-D", "taskmanager.memory.process.size=1m"]].concat());
    said.expect(1).prints("× it can be planned: options, files, ports and images: NK2706");
    said.prints("√ the API server answers and is new enough");
    for what in ["every pod finds a node", "the quotas of the namespace", "claims"] {
        assert!(!said.stdout.contains(what), "{what}: {}", said.all());
    }
    // The control.
    place.run(PRE).expect(0).prints("every pod finds a node").prints("claims");
}

#[test]
fn own_pods_are_not_counted_twice_without_rights_on_nodes() {
    let place = cluster("8", "16Gi");
    place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
    place.server.with(|kubernetes| kubernetes.put("resourcequotas", quota("full", "3", "3")));
    let refused = status(403, "Forbidden", "nodes is forbidden");
    let nodes = always("GET /api/v1/nodes", Fault::Answer(refused));
    let said = place.run_with(&nodes, PRE);
    said.prints("√ the quotas of the namespace have room for all pods");
    said.prints("? every pod finds a node");
    // The control: pods of others that fill it.
    let place = cluster("8", "16Gi");
    place.server.with(|kubernetes| kubernetes.put("resourcequotas", quota("full", "3", "3")));
    place.run_with(&nodes, PRE).expect(1).prints("ResourceQuota `full` has 0 of `pods` left");
}
