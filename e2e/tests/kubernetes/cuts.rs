//! Trouble on the way to the API server: commands that are killed, answers that are lost, refusals for a while.

use std::time::Duration;

use nutkin_e2e::{Cluster, Proxied, assert_same};
use nutkin_testkit::api_proxy::Fault;

const UP: [&str; 3] = ["up", "a", "--no-wait"];
const CHANGE: [&str; 6] = ["up", "a", "--no-wait", "--yes", "-D", "containerized.master.env.X=1"];

/// Kills the command after each of its requests in turn; the same command then brings about what an uncut one does.
#[track_caller]
fn check_cuts(before: &[&[&str]], args: &[&str]) {
    check_cuts_of("", before, args);
}

/// The same for a session of a file, whose place is `FILE` in the arguments.
#[track_caller]
fn check_cuts_of(file: &str, before: &[&[&str]], args: &[&str]) {
    let by = |cluster: &Cluster, proxied: &Proxied, args: &[&str]| {
        let path = cluster.nutkin.file("session.yaml", file);
        let path = path.to_str().expect("a path in UTF-8");
        let words: Vec<&str> =
            args.iter().map(|word| if *word == "FILE" { path } else { word }).collect();
        cluster.command_by(proxied, &words)
    };
    let prepare = || {
        let cluster = Cluster::new();
        let proxied = cluster.proxy();
        for args in before {
            cluster.finish(by(&cluster, &proxied, args)).expect(0);
        }
        (cluster, proxied)
    };
    let (cluster, proxied) = prepare();
    proxied.proxy.set(|_| Fault::None);
    cluster.finish(by(&cluster, &proxied, args)).expect(0);
    let uncut = proxied.proxy.seen().len();
    let expected = cluster.objects();
    assert!(1 < uncut, "{uncut} requests");
    for cut in 1..=uncut {
        let (cluster, proxied) = prepare();
        proxied.proxy.set(move |seen| if seen.number == cut { Fault::Hang } else { Fault::None });
        let running = cluster.nutkin.start(by(&cluster, &proxied, args));
        // Requests of one batch come in any order, and a controller may cost one more or less.
        let hangs = proxied.proxy.hangs_within(Duration::from_secs(20));
        drop(running);
        proxied.proxy.set(|_| Fault::None);
        // The Deployment, what it owns, and a note on each at least.
        assert!(hangs || 6 < cut, "request {cut} of {uncut} never came");
        let again = cluster.finish(by(&cluster, &proxied, args));
        again.expect(0);
        assert_same(&cluster.objects(), &expected, &format!("cut after request {cut} of {uncut}"));
    }
}

#[test]
fn an_up_that_is_killed_anywhere_converges() {
    check_cuts(&[], &UP);
}

#[test]
fn a_change_that_is_killed_anywhere_converges() {
    check_cuts(&[&UP], &CHANGE);
}

/// A session of two `StatefulSet`s.
const STANDALONE: &str = r"
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: a}
spec:
  flinkVersion: v1_20
  mode: standalone
  taskManager: {replicas: 2}
  flinkConfiguration: {nutkin.standalone.workload: statefulset}
";

const UP_FILE: [&str; 5] = ["up", "-f", "FILE", "--no-wait", "--yes"];

#[test]
fn an_up_of_stateful_sets_that_is_killed_anywhere_converges() {
    check_cuts_of(STANDALONE, &[], &UP_FILE);
}

#[test]
fn a_change_of_stateful_sets_that_is_killed_anywhere_converges() {
    let change = [&UP_FILE[..], &["-D", "taskmanager.numberOfTaskSlots=4"]].concat();
    check_cuts_of(STANDALONE, &[&UP_FILE], &change);
}

#[test]
fn a_down_that_is_killed_anywhere_leaves_nothing() {
    let prepare = || {
        let cluster = Cluster::new();
        let proxied = cluster.proxy();
        cluster.finish(cluster.command_by(&proxied, &UP)).expect(0);
        (cluster, proxied)
    };
    for cut in 1.. {
        let (cluster, proxied) = prepare();
        proxied.proxy.set(move |seen| if seen.number == cut { Fault::Hang } else { Fault::None });
        let running = cluster.nutkin.start(cluster.command_by(&proxied, &["down", "a"]));
        let hangs = proxied.proxy.hangs_within(Duration::from_secs(5));
        drop(running);
        proxied.proxy.set(|_| Fault::None);
        let again = cluster.finish(cluster.command_by(&proxied, &["down", "a"]));
        // Where the deletion was accepted Kubernetes goes on by itself: the session may be gone by now.
        assert!(matches!(again.code, Some(0 | 5)), "{}", again.all());
        let limit = Duration::from_secs(20);
        cluster.nutkin.eventually("nothing is left", limit, || cluster.objects().is_empty());
        if !hangs {
            assert!(5 < cut, "the command ended after {cut} requests");
            return;
        }
    }
}

/// A fault that passes is not a failure.
#[track_caller]
fn check_passing(fault: &Fault, times: usize) {
    let cluster = Cluster::new();
    let proxied = cluster.proxy();
    let fault = fault.clone();
    proxied.proxy.set(move |seen| if seen.number <= times { fault.clone() } else { Fault::None });
    cluster.finish(cluster.command_by(&proxied, &UP)).expect(0);
    assert_eq!(cluster.objects().len(), 5);
    assert!(times < proxied.proxy.seen().len());
    cluster.finish(cluster.command_by(&proxied, &UP)).expect(0).says("unchanged");
}

#[test]
fn a_busy_server_is_asked_again() {
    let busy = "429 Too Many Requests\r\nRetry-After: 1";
    check_passing(&Fault::Answer(busy, ""), 2);
}

#[test]
fn a_server_with_a_fault_is_asked_again() {
    check_passing(&Fault::Answer("500 Internal Server Error", "{}"), 3);
    check_passing(&Fault::Answer("503 Service Unavailable", ""), 2);
}

#[test]
fn a_lost_answer_makes_no_second_object_and_removes_none() {
    check_passing(&Fault::LoseAnswer, 1);
    check_passing(&Fault::LoseAnswer, 3);
}

#[test]
fn a_server_that_stays_broken_is_told_and_nothing_is_removed() {
    let cluster = Cluster::new();
    let proxied = cluster.proxy();
    let broken = Fault::Answer("500 Internal Server Error", r#"{"message": "etcd is away"}"#);
    proxied.proxy.set(
        move |seen| {
            if seen.path.contains("configmaps") { broken.clone() } else { Fault::None }
        },
    );
    // With an option, so that nobody has to ask the ledger first what is wanted.
    let up = [&UP[..], &["--flink", "1.20"]].concat();
    let broken = cluster.finish(cluster.command_by(&proxied, &up));
    broken.expect(1).says("run the same command again");
    assert!(cluster.objects().contains_key("Deployment/a"), "what there is can be continued");
    proxied.proxy.set(|_| Fault::None);
    cluster.finish(cluster.command_by(&proxied, &up)).expect(0);
    assert_eq!(cluster.objects().len(), 5);
}

#[test]
fn a_conflict_while_ownership_is_noted_does_no_harm() {
    let cluster = Cluster::new();
    let proxied = cluster.proxy();
    let conflict = r#"{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Conflict", "code": 409}"#;
    proxied.proxy.set(move |seen| {
        if seen.method == "PATCH" { Fault::Answer("409 Conflict", conflict) } else { Fault::None }
    });
    cluster.finish(cluster.command_by(&proxied, &UP)).expect(0);
    proxied.proxy.set(|_| Fault::None);
    // What could not be noted then is noted now, so that the variable goes again.
    cluster.finish(cluster.command_by(&proxied, &CHANGE)).expect(0);
    let back = [&UP[..], &["--flink", "1.20", "--yes"]].concat();
    cluster.finish(cluster.command_by(&proxied, &back)).expect(0);
    let deployment = cluster.get("deployment/a").to_string();
    assert!(!deployment.contains(r#""name":"X""#), "{deployment}");
}

#[test]
fn a_stale_list_does_not_make_a_second_session() {
    let cluster = Cluster::new();
    let proxied = cluster.proxy();
    cluster.finish(cluster.command_by(&proxied, &UP)).expect(0);
    let before = cluster.objects();
    // An API server that lags behind shows nothing of what there is.
    proxied.proxy.set(|seen| {
        let is_list = seen.method == "GET" && seen.path.contains("labelSelector");
        if is_list { Fault::Answer("200 OK", r#"{"items": []}"#) } else { Fault::None }
    });
    cluster.finish(cluster.command_by(&proxied, &UP)).expect(0);
    assert_eq!(cluster.objects(), before);
}
