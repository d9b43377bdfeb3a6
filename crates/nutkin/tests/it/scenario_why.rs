//! What `why` says of sessions on Kubernetes, and what it asks for.

use nutkin_testkit::scenario::{Docker, Fault, Flink, Kubernetes, Server};
use serde_json::{Value, json};

use crate::scenario::{Place, SECRET, always, may_not, standalone};

/// A session whose pods run, with so many TaskManagers.
fn session(task_managers: u32) -> Place<Kubernetes> {
    let mut kubernetes = Kubernetes::default();
    kubernetes.runs_pods = true;
    kubernetes.flink.task_managers = task_managers;
    let place = Place::kubernetes_with(kubernetes);
    place.file("session.yaml", &standalone(task_managers));
    place.run(&["up", "-f", "session.yaml", "--no-wait"]).expect(0);
    place.server.set(|_| Fault::None);
    place
}

/// The first TaskManager's container has ended, and its log says this.
fn end(place: &Place<Kubernetes>, terminated: &Value, log: &str) {
    place.server.with(|kubernetes| {
        let mut pod = kubernetes.get("Pod", "a-taskmanager-0");
        let status = &mut pod["status"]["containerStatuses"][0];
        status["restartCount"] = json!(3);
        status["state"] = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        status["lastState"]["terminated"] = terminated.clone();
        kubernetes.put("pods", pod);
        kubernetes.logs.insert("a-taskmanager-0".to_owned(), log.to_owned());
        kubernetes.flink.task_managers -= 1;
    });
}

#[test]
fn the_cause_comes_first_and_what_it_led_to_follows() {
    let place = session(2);
    let well = place.run(&["why", "a"]);
    well.expect(0).prints("session `a`: nothing is wrong that is known here");
    let flag = "Unrecognized VM option 'UseParallelOldGC'\nError: Could not create the Java Virtual Machine.\n";
    let terminated =
        json!({"exitCode": 1, "reason": "Error", "finishedAt": "2026-01-01T00:01:00Z"});
    end(&place, &terminated, flag);
    let said = place.run(&["why", "a"]);
    said.expect(1).prints("session `a`: one cause, and 2 things that it led to");
    said.prints("error NK2601: the JVM refuses its arguments");
    said.prints("Unrecognized VM option 'UseParallelOldGC'");
    said.prints("NK2108 a process failed when it started (a-taskmanager-0)");
    said.prints("1 of 2 TaskManagers are registered");
    let document = place.run(&["why", "a", "-o", "json"]);
    let document = nutkin_testkit::schema::read(&document.expect(1).stdout);
    assert_eq!(document["items"][0]["code"], "NK2601");
    assert_eq!(document["items"][0]["ledTo"].as_array().map(Vec::len), Some(2));
    assert_eq!(document["platform"], "kubernetes");
    // The word names a pod, of the only session; the other one has nothing to do with it.
    place.run(&["why", "a-taskmanager-0", "--session", "a"]).expect(1).prints("NK2601");
    let other = place.run(&["why", "a-taskmanager-1", "--session", "a"]);
    other.expect(0).prints("nothing is wrong");
    let unknown = place.run(&["why", "nobody", "--session", "a"]);
    unknown
        .expect(5)
        .says("session `a` has no process and no job `nobody`")
        .says("a-taskmanager-1");
    place.run(&["why", "b", "--session", "a"]).expect(5).says("no job `b`");
    place.run(&["why", "--session", "b"]).expect(5).says("there is no session `b`");
}

#[test]
fn it_changes_nothing_and_asks_once_for_each_thing() {
    let place = session(50);
    place.run(&["why", "a"]).expect(0);
    let asked = place.server.seen();
    let is_write = |method: &str| method != "GET";
    assert!(asked.iter().all(|seen| !is_write(&seen.request.method)));
    let logs = asked.iter().filter(|seen| seen.request.path.ends_with("/log")).count();
    assert_eq!(logs, 51);
    let others: Vec<String> = asked
        .iter()
        .filter(|seen| !seen.request.path.ends_with("/log"))
        .map(|seen| seen.request.line())
        .collect();
    assert!(others.len() <= 25, "{}:\n{}", others.len(), others.join("\n"));
    let every = asked.iter().filter(|seen| seen.request.path.ends_with("/log"));
    assert!(every.into_iter().all(|seen| seen.request.query("tailLines") == "300"));
}

#[test]
fn what_may_not_be_read_is_a_finding() {
    let place = session(1);
    let path = "/api/v1/namespaces/default/pods/a-taskmanager-0/log";
    let refused = always("pods/a-taskmanager-0/log", may_not("GET", path));
    let said = place.run_with(&refused, &["why", "a"]);
    said.expect(1).prints("NK2001").prints("the log of a-taskmanager-0").prints("you may not read");
}

#[test]
fn nobody_shows_a_secret_that_a_log_has() {
    let place = session(1);
    let log = format!(
        "2026-01-01 00:00:01,000 ERROR a.B [] - fails with s3.secret-key: {SECRET} here\n\
         org.apache.flink.configuration.IllegalConfigurationException: s3.secret-key={SECRET} does not fit\n"
    );
    let terminated = json!({"exitCode": 1, "reason": "Error", "message": format!("run with --password {SECRET} and password={SECRET}")});
    end(&place, &terminated, &log);
    for form in ["text", "json"] {
        let said = place.run(&["why", "a", "-o", form]);
        said.expect(1).prints("NK2604").prints("******");
        assert!(!said.all().contains(SECRET), "{}", said.all());
    }
}

#[test]
fn what_a_container_said_before_its_restart_is_read() {
    let place = session(2);
    let terminated =
        json!({"exitCode": 1, "reason": "Error", "finishedAt": "2026-01-01T00:01:00Z"});
    end(&place, &terminated, "2026-01-01 00:00:01,000 INFO  a.B [] - starts\n");
    let before = "Unrecognized VM option 'UseParallelOldGC'\n";
    place.server.with(|kubernetes| {
        kubernetes.logs.insert("a-taskmanager-0.previous".to_owned(), before.to_owned());
    });
    place.run(&["why", "a"]).expect(1).prints("NK2601");
    // The control: what the present container says explains nothing.
    place.server.with(|kubernetes| {
        kubernetes.logs.insert("a-taskmanager-0.previous".to_owned(), "nothing\n".to_owned());
    });
    let said = place.run(&["why", "a"]);
    assert!(!said.expect(1).stdout.contains("NK2601"), "{}", said.stdout);
}

#[test]
fn containers_of_a_daemon_are_judged_by_the_same_table() {
    let flink = Server::start(Flink { slots: 2, task_managers: 1, ..Flink::default() });
    let place: Place<Docker> = Place::docker(flink.port());
    place.run(&["up", "a"]).expect(0);
    place.run(&["why", "a"]).expect(0).prints("nothing is wrong");
    place.server.with(|docker| {
        docker.pause("nutkin-a-taskmanager-1");
        docker.say("nutkin-a-taskmanager-1", "2026-01-01 00:00:01,000 INFO  a.B [] - starts\n");
    });
    flink.with(|flink| flink.task_managers = 0);
    let said = place.run(&["why", "a"]);
    said.expect(1)
        .prints("NK2119: a process lives and does nothing")
        .prints("taskmanager-1 is paused");
    said.prints("0 of 1 TaskManagers are registered");
    let one = place.run(&["why", "taskmanager-1", "--session", "a", "-o", "json"]);
    let document = nutkin_testkit::schema::read(&one.expect(1).stdout);
    assert_eq!(document["platform"], "docker");
    assert_eq!(document["items"][0]["code"], "NK2119");
}

#[test]
fn remedies_name_the_session() {
    let place = session(2);
    let terminated =
        json!({"exitCode": 1, "reason": "Error", "finishedAt": "2026-01-01T00:01:00Z"});
    end(&place, &terminated, "nothing that is known\n");
    place.run(&["why", "a"]).expect(1).prints("`nutkin logs a` shows the whole of it");
}
