//! What commands ask of a Docker daemon, and what they make of its faults.

use std::time::Duration;

use nutkin_testkit::scenario::docker::refusal;
use nutkin_testkit::scenario::{Docker, Fault, Flink, Request, Server};
use nutkin_testkit::{Finished, Running, side_by_side};
use serde_json::json;

use crate::scenario::{LIMIT, On, Place, SECRET, always, finish, once, times, trouble};

const UP: &[&str] = &["up", "a"];
const CHANGE: &[&str] = &["up", "a", "--yes", "-D", "env.java.opts.all=-Dx=y"];
const SCALE: &[&str] = &["scale", "a", "--task-managers", "2"];
const DOWN: &[&str] = &["down", "a", "--yes", "--force"];

/// A daemon, and the JobManager behind the port that its containers publish.
fn world() -> (Place<Docker>, Server<Flink>) {
    let flink = Server::start(Flink { slots: 8, task_managers: 4, ..Flink::default() });
    (Place::docker(flink.port()), flink)
}

/// A command and what a daemon makes of it.
struct Row<'r> {
    before: &'r [&'r [&'r str]],
    args: &'r [&'r str],
    on: On,
    code: i32,
    says: &'r [&'r str],
    /// What there is afterwards.
    left: Left,
}

/// What there is after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// What there is without the fault.
    Same,
    /// What there was before the command.
    Before,
    /// Something else.
    Other,
}

/// Runs the command without the fault, which is the control, and with it.
#[track_caller]
fn check(row: &Row<'_>) -> Finished {
    let prepared = || {
        let (place, flink) = world();
        for args in row.before {
            place.run(args).expect(0);
        }
        (place, flink)
    };
    let (place, _flink) = prepared();
    let before = place.server.with(|docker| docker.plain());
    place.run(row.args).expect(0);
    let control = place.server.with(|docker| docker.plain());
    assert_ne!(before, control, "the control changes something");
    let (place, _flink) = prepared();
    let run = place.run_with(&row.on, row.args);
    run.expect(row.code);
    for text in row.says {
        run.says(text);
    }
    let now = place.server.with(|docker| docker.plain());
    let left = match now {
        _ if now == control => Left::Same,
        _ if now == before => Left::Before,
        _ => Left::Other,
    };
    let titles = place.server.with(|docker| docker.titles());
    assert_eq!(left, row.left, "there is {titles:#?}\n{}", run.all());
    run
}

fn no(status: u16, message: &str) -> Fault {
    Fault::Answer(refusal(status, message))
}

#[test]
fn what_a_new_session_asks_for() {
    let (place, _flink) = world();
    let secret = format!("s3.secret-key={SECRET}");
    place.server.set(|_| Fault::None);
    place.run(&["up", "a", "-D", &secret]).expect(0).says("session `a` is up: Flink 1.20.5");
    let changes: Vec<String> = place
        .server
        .seen()
        .iter()
        .filter(|seen| seen.request.method != "GET")
        .map(|seen| format!("{} {}", seen.request.method, seen.request.path))
        .map(|line| match line.split_once("/0000") {
            // The store of the ledger has a helper without a name.
            Some((start, rest)) => format!(
                "{start}/HELPER{}",
                rest.trim_start_matches(|c: char| c.is_ascii_hexdigit())
            ),
            None => line,
        })
        .collect();
    assert_eq!(
        changes,
        [
            "POST /networks/create",
            "POST /volumes/create",
            "POST /containers/create",
            "PUT /containers/nutkin-a-jobmanager/archive",
            "POST /containers/nutkin-a-jobmanager/start",
            "POST /containers/create",
            "PUT /containers/nutkin-a-taskmanager-1/archive",
            "POST /containers/nutkin-a-taskmanager-1/start",
            "POST /containers/create",
            "PUT /containers/HELPER/archive",
            "DELETE /containers/HELPER",
        ]
    );
    // What is secret lies in files of containers that only their owner reads, and nowhere else.
    let files = place.server.with(|docker| docker.all_files());
    let held: Vec<_> = files.iter().filter(|(_, _, text)| text.contains(SECRET)).collect();
    assert!(!held.is_empty());
    for (file, mode, _) in held {
        assert_eq!(mode & 0o077, 0, "{file}");
    }
    for seen in place.server.seen().iter().filter(|seen| seen.request.method != "PUT") {
        let body = String::from_utf8_lossy(&seen.request.body).into_owned();
        assert!(!body.contains(SECRET), "{}", seen.request.line());
    }
    // Again: it is only looked at.
    place.server.set(|_| Fault::None);
    place.run(&["up", "a", "-D", &secret]).expect(0).says("session `a` is unchanged");
    assert!(place.server.seen().iter().all(|seen| seen.request.method == "GET"));
}

#[test]
fn what_a_killed_creation_leaves_is_found_without_being_told_where() {
    let (place, _flink) = world();
    let here = |args: &[&str]| {
        let mut command = place.command(args);
        command.env_remove("NUTKIN_PLATFORM");
        finish(Running::start(command))
    };
    // The control: what is refused is removed again, and its note with it.
    let refused = always("taskmanager-1/start", no(500, "no space left on device"));
    place.run_with(&refused, UP).expect(1);
    here(&["ls"]).expect(0).says("there is no session");
    place.server.set(|request| {
        let is_last = request.line().contains("taskmanager-1/archive");
        if is_last { Fault::Hang } else { Fault::None }
    });
    let running = place.start(UP);
    assert!(place.server.hangs_within(LIMIT));
    drop(running);
    place.server.set(|_| Fault::None);
    here(&["ls"]).expect(0).prints("\na ");
    here(&["status", "a"]).expect(0).prints("jobmanager");
    here(&["down", "a", "--yes", "--force"]).expect(0);
    here(&["ls"]).expect(0).says("there is no session");
}

#[test]
fn a_creation_that_is_refused_leaves_nothing() {
    let row = |part, fault, says| Row {
        before: &[],
        args: UP,
        on: always(part, fault),
        code: 1,
        says,
        left: Left::Before,
    };
    let rows = [
        row("images/", no(404, "No such image"), &["cannot be pulled", "nutkin image build"]),
        row("networks/create", no(500, "no address pool"), &["no address pool"]),
        row("volumes/create", no(500, "no space left on device"), &["no space left on device"]),
        row(
            "containers/create?name=nutkin-a-taskmanager-1",
            no(500, "no space left on device"),
            &["cannot start `nutkin-a-taskmanager-1`", "no space left on device"],
        ),
        row("archive", no(500, "no space left on device"), &["no space left on device"]),
        row(
            "jobmanager/start",
            no(500, "driver failed: Bind for 127.0.0.1:8081 failed: port is already allocated"),
            &["the port for the REST API", "nutkin.docker.publish"],
        ),
        row("containers/json", no(500, "the store is locked"), &["the store is locked"]),
        row("volumes/create", Fault::CutBefore, &["error: "]),
        row("taskmanager-1/start", Fault::CutBefore, &["error: "]),
    ];
    side_by_side(rows, |row| drop(check(&row)));
}

#[test]
fn a_container_of_somebody_else_is_not_touched() {
    let (place, _flink) = world();
    place.server.with(|docker| docker.put_container("nutkin-a-taskmanager-1", &json!({})));
    place
        .run(UP)
        .expect(1)
        .says("there is a container `nutkin-a-taskmanager-1` that Nutkin did not make");
    let titles = place.server.with(|docker| docker.titles());
    assert_eq!(titles, ["container/nutkin-a-taskmanager-1"]);
}

#[test]
fn the_log_says_who_leads() {
    let (place, _flink) = world();
    place.run(&["up", "a", "-D", "high-availability.type=zookeeper"]).expect(0);
    let leads = || -> Vec<String> {
        let said = place.run(&["status", "a"]).stdout;
        let lines = said.lines().filter(|line| line.contains(", leads"));
        lines.map(|line| line.split_whitespace().next().unwrap_or_default().to_owned()).collect()
    };
    let say = |name: &str, words: &str| {
        let words = format!("INFO  ClusterEntrypoint [] - {words}\n");
        place.server.with(|docker| docker.say(name, &words));
    };
    let none: Vec<String> = Vec::new();
    for name in ["nutkin-a-jobmanager-1", "nutkin-a-jobmanager-2"] {
        say(name, " Starting StandaloneSessionClusterEntrypoint (Version: 1.20.5)");
    }
    // The control: they elect one.
    assert_eq!(leads(), none);
    say(
        "nutkin-a-jobmanager-2",
        "http://jobmanager-2:8081 was granted leadership with leaderSessionID=a",
    );
    assert_eq!(leads(), ["jobmanager-2"]);
}

#[test]
fn a_paused_container_is_said_to_be_one() {
    let (place, _flink) = world();
    place.run(UP).expect(0);
    let status = || place.run(&["status", "a"]).stdout;
    assert!(!status().contains("paused"), "the control");
    place.server.with(|docker| docker.pause("nutkin-a-jobmanager"));
    let said = status();
    assert!(said.contains("paused: jobmanager; `docker unpause nutkin-a-jobmanager`"), "{said}");
    assert!(!said.contains("ended last") && !said.contains("not running"), "{said}");
    place.run(UP).expect(1).says("`docker unpause nutkin-a-jobmanager` lets it go on");
}

#[test]
fn one_missed_answer_is_not_a_job_manager_that_hangs() {
    let (place, flink) = world();
    place.run(UP).expect(0);
    let lived = Duration::from_hours(1);
    place.server.with(|docker| docker.age("nutkin-a-jobmanager", lived));
    let status = |misses: usize| {
        flink.set(times(misses, "/overview", trouble(503)).rule());
        let said = place.run(&["status", "a"]);
        flink.set_rule(|_| Fault::None);
        said
    };
    status(2).expect(0).prints("a  running");
    // The control: it does not answer at all.
    let said = status(usize::MAX);
    said.expect(0).prints("a  degraded").prints("does not answer");
}

#[test]
fn a_session_is_named_by_its_place_or_by_a_flag() {
    let (place, _flink) = world();
    place.run(&["up", "--session", "a"]).expect(0);
    place.run(&["up", "b"]).expect(0);
    for command in ["status", "open", "plan", "jobs", "restart", "scale"] {
        let more = match command {
            "restart" => &["--yes"][..],
            "scale" => &["--task-managers", "1"],
            _ => &[],
        };
        let with = |name: &[&'static str]| [&[command], name, more].concat();
        place.run(&with(&["a"])).expect(0);
        place.run(&with(&["--session", "a"])).expect(0);
        // The control: nobody says which of the two.
        if command != "plan" {
            place.run(&with(&[])).expect(2).says("there are several sessions: a, b");
        }
        place.run(&with(&["a", "--session", "b"])).expect(2).says("cannot be used with");
    }
    place.file("b.yaml", &crate::scenario::standalone(1).replace("name: a", "name: b"));
    place.run(&["open", "-f", "b.yaml", "--on", "docker"]).expect(0);
    place.run(&["down", "--session", "b", "--yes"]).expect(0);
    place.run(&["status"]).expect(0).prints("a  running");
}

#[test]
fn a_container_that_runs_again_says_how_it_ended() {
    let (place, _flink) = world();
    place.run(UP).expect(0);
    let status = || place.run(&["status", "a"]).stdout;
    assert!(!status().contains("ended last"), "the control");
    place.server.with(|docker| {
        docker.crash("nutkin-a-jobmanager", 137);
        docker.restart("nutkin-a-jobmanager");
    });
    let said = status();
    assert!(said.contains("restarted once, ended last: exit code 137"), "{said}");
    assert_eq!(said.matches("ended last").count(), 1, "{said}");
}

#[test]
fn a_session_whose_job_manager_is_gone_is_started_by_its_name() {
    let (place, _flink) = world();
    place.run(UP).expect(0);
    place.run(&["jobs", "a"]).expect(0);
    place.server.with(|docker| docker.crash("nutkin-a-jobmanager", 137));
    place.run(&["jobs", "a"]).expect(1).says("`nutkin up a --on docker` starts it");
}

#[test]
fn an_image_that_is_missing_is_pulled() {
    let (place, _flink) = world();
    place.server.with(|docker| {
        docker.images.clear();
        docker.registry.push("flink:1.20.5".to_owned());
    });
    place.run(UP).expect(0).says("Pulling flink:1.20.5");
    // The control: no registry has it.
    let (place, _flink) = world();
    place.server.with(|docker| docker.images.clear());
    place.run(UP).expect(1).says("cannot be pulled").says("pull access denied");
}

#[test]
fn a_container_that_dies_is_shown_with_its_last_words() {
    let (place, _flink) = world();
    let words = "Exception in thread \"main\" java.lang.IllegalArgumentException: no memory\n";
    place.server.with(|docker| {
        docker.dies.insert("nutkin-a-jobmanager".to_owned(), words.to_owned());
    });
    let up = place.run(UP);
    up.expect(1).says("jobmanager did not start: Exited (1)").says(words.trim());
    up.says("session `a` was ended again");
    assert_eq!(place.server.with(|docker| docker.titles()), Vec::<String>::new());
}

#[test]
fn slow_answers_are_waited_for() {
    let slow = Fault::Slow(Duration::from_millis(300));
    side_by_side([(&[][..], UP), (&[UP][..], CHANGE), (&[UP][..], DOWN)], |(before, args)| {
        let on = times(3, "", slow.clone());
        check(&Row { before, args, on, code: 0, says: &[], left: Left::Same });
    });
    // What never answers is ended by Ctrl-C, which says what is left.
    let (place, _flink) = world();
    place.server.set(once("containers/create", Fault::Hang).rule());
    let up = place.start(UP);
    assert!(place.server.hangs_within(LIMIT));
    up.interrupt();
    finish(up).expect(130).says("interrupted while session `a` was being changed");
}

#[test]
fn a_change_that_is_refused_says_why_and_goes_on_at_the_next_call() {
    let faults = [
        (
            "stop",
            no(500, "cannot stop container: tried to kill, but got no exit event"),
            "cannot stop container",
        ),
        ("containers/create", no(500, "no space left on device"), "no space left on device"),
        ("PUT", no(500, "no space left on device"), "no space left on device"),
        ("start", no(500, "OCI runtime create failed"), "OCI runtime create failed"),
        ("containers/create", Fault::CutAfter, "error: "),
        ("start", Fault::CutAfter, "error: "),
    ];
    side_by_side(faults, |(part, fault, says)| {
        let (place, _flink) = world();
        place.run(UP).expect(0);
        place.run(CHANGE).expect(0);
        let control = place.server.with(|docker| docker.plain());
        let (place, _flink) = world();
        place.run(UP).expect(0);
        place.run_with(&once(part, fault), CHANGE).expect(1).says(says);
        place.run(CHANGE).expect(0);
        assert_eq!(place.server.with(|docker| docker.plain()), control, "after `{part}`: {says}");
    });
}

/// A session with folders of the daemon's machine, and what means nothing to a container.
const TEMPLATE: &str = "apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: a}
spec:
  flinkVersion: v1_20
  podTemplate:
    spec:
      nodeSelector: {disk: ssd}
      containers:
        - name: flink-main-container
          env: [{name: BUCKET, value: orders}]
          volumeMounts: [{name: in, mountPath: /in, readOnly: true}, {name: tmp, mountPath: /scratch}]
      volumes: [{name: in, hostPath: {path: /srv/in}}, {name: tmp, emptyDir: {}}]
";

#[test]
fn containers_get_what_the_template_says_and_no_more_privileges_than_they_need() {
    let (place, _flink) = world();
    place.file("session.yaml", TEMPLATE);
    let up = &["up", "-f", "session.yaml", "--on", "docker"];
    place.run(up).expect(0).says("no effect on Docker: spec.nodeSelector of `podTemplate`");
    place.run(up).expect(0).says("session `a` is unchanged");
    let all = place.server.with(|docker| docker.plain());
    for name in ["container/nutkin-a-jobmanager", "container/nutkin-a-taskmanager-1"] {
        let body = &all[name]["body"];
        let env: Vec<&str> =
            body["Env"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
        assert!(env.contains(&"BUCKET=orders"), "{env:?}");
        let host = &body["HostConfig"];
        let mounts = json!([
            {"Target": "/opt/flink/data", "Source": "nutkin-a-data", "Type": "volume"},
            {"Target": "/in", "Source": "/srv/in", "Type": "bind", "ReadOnly": true},
            {"Target": "/scratch", "Type": "volume", "ReadOnly": false},
        ]);
        assert_eq!(host["Mounts"], mounts);
        let logs = json!({"Type": "json-file", "Config": {"max-size": "100m", "max-file": "3"}});
        assert_eq!(host["LogConfig"], logs);
        assert_eq!(
            (&host["CapDrop"], &host["SecurityOpt"]),
            (&json!(["ALL"]), &json!(["no-new-privileges"]))
        );
        let needed = json!(["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"]);
        assert_eq!(host["CapAdd"], needed, "the official image starts as root");
        assert_eq!(all[name]["files"]["/scratch"]["owner"], json!([9999, 9999]));
    }
    // The control, and a change of the template.
    let (place, _flink) = world();
    place.run(&["up", "a", "-D", "nutkin.docker.hardened=false"]).expect(0);
    let all = place.server.with(|docker| docker.plain());
    let host = &all["container/nutkin-a-jobmanager"]["body"]["HostConfig"];
    assert!(host["CapDrop"].is_null() && host["SecurityOpt"].is_null());
    place.file("session.yaml", TEMPLATE);
    let up = ["up", "-f", "session.yaml", "--on", "docker", "--yes"];
    place.run(&up).expect(0).says("replaces nutkin-a-jobmanager");
}

#[test]
fn a_change_that_fails_is_taken_back() {
    let dies = |docker: &mut Docker| {
        docker.dies.insert("nutkin-a-jobmanager".to_owned(), "Unrecognized VM option".to_owned());
    };
    let taken = no(500, "driver failed: Bind for 127.0.0.1:8081 failed: port is already allocated");
    for (part, fault, dies, says) in [
        ("containers/create?name=nutkin-a-taskmanager", no(500, "no space"), None, "no space"),
        ("nutkin-a-jobmanager/start", taken, None, "is taken"),
        (
            "nutkin-a-taskmanager-1/start",
            no(500, "OCI runtime"),
            None,
            "Nutkin took the change back",
        ),
        ("nothing", no(500, "never"), Some(dies), "jobmanager did not start: Exited (1)"),
    ] {
        let (place, _flink) = world();
        place.run(UP).expect(0);
        let before = place.server.with(|docker| docker.running());
        assert_eq!(before.len(), 2);
        if let Some(dies) = dies {
            place.server.with(dies);
        }
        place.run_with(&once(part, fault), CHANGE).expect(1).says(says);
        place.server.set(|_| Fault::None);
        assert_eq!(place.server.with(|docker| docker.running()), before, "{part}");
        assert_eq!(place.server.with(|docker| docker.titles()).len(), 4, "{part}");
        // What is wanted is what it was.
        place.server.with(|docker| docker.dies.clear());
        place.run(UP).expect(0).says("session `a` is unchanged");
    }
    // The controls: without a fault others run, and an old container that stays does not fail the change.
    let (place, _flink) = world();
    place.run(UP).expect(0);
    let before = place.server.with(|docker| docker.running());
    let (old, refusal) = (before.clone(), no(409, "removal is already in progress"));
    let stays = move |request: &Request| {
        let line = request.line();
        let is_of_old = line.starts_with("DELETE") && old.iter().any(|id| line.contains(id));
        if is_of_old { refusal.clone() } else { Fault::None }
    };
    place.run_under(stays, CHANGE).expect(0).says("was not removed").says("in progress");
    place.server.set(|_| Fault::None);
    let after = place.server.with(|docker| docker.running());
    assert!(after.iter().all(|id| !before.contains(id)), "{before:?} {after:?}");
    place.run(CHANGE).expect(0);
    assert_eq!(place.server.with(|docker| docker.titles()).len(), 4);
}

#[test]
fn scaling() {
    let row = |on, code, says, left| Row { before: &[UP], args: SCALE, on, code, says, left };
    let rows = [
        row(
            times(2, "", Fault::Slow(Duration::from_millis(50))),
            0,
            &["1 -> 2 TaskManagers"][..],
            Left::Same,
        ),
        row(
            always("containers/create", no(500, "no space left on device")),
            1,
            &["no space left on device"],
            Left::Before,
        ),
        row(always("containers/json", no(500, "locked")), 1, &["locked"], Left::Before),
    ];
    side_by_side(rows, |row| drop(check(&row)));
}

#[test]
fn ending() {
    let row = |on, code, says, left| Row { before: &[UP], args: DOWN, on, code, says, left };
    let rows = [
        row(once("taskmanager-1/stop", no(304, "")), 0, &["session `a` ended"][..], Left::Same),
        row(
            once("jobmanager/stop", no(404, "No such container")),
            0,
            &["session `a` ended"],
            Left::Same,
        ),
        row(always("stop", no(500, "got no exit event")), 1, &["got no exit event"], Left::Before),
        row(
            always("DELETE /networks", no(403, "has active endpoints")),
            1,
            &["active endpoints"],
            Left::Other,
        ),
        row(always("volumes?", no(500, "locked")), 1, &["locked"], Left::Before),
    ];
    side_by_side(rows, |row| drop(check(&row)));
    let (place, _flink) = world();
    place.run(DOWN).expect(5).says("`a`");
}

#[test]
fn looking_at_a_daemon_that_answers_badly() {
    #[track_caller]
    fn check(on: On, args: &[&str], code: i32, prints: &str, says: &str) {
        let (place, _flink) = world();
        place.run(UP).expect(0);
        place.run(args).expect(0).prints("running");
        place.run_with(&on, args).expect(code).prints(prints).says(says);
    }
    let status = &["status", "a"][..];
    check(
        always("/json?", no(500, "the store is locked")),
        status,
        1,
        "",
        "the Docker daemon: the store is locked",
    );
    check(once("nutkin-a-jobmanager/json", no(500, "locked")), status, 0, "jobmanager", "");
    check(always("version", Fault::CutBefore), status, 1, "", "no Docker daemon answers");
    check(always("version", no(503, "starting")), status, 1, "", "starting");
    let (place, _flink) = world();
    place.run(UP).expect(0);
    let mut command = place.command(status);
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let run = finish(Running::start(command));
    run.expect(1).says("no Docker daemon listens at `/nowhere/docker.sock`");
}

#[test]
fn what_was_scaled_stays_so() {
    #[track_caller]
    fn check(again: &[&str], says: &str, is_kept: bool) {
        let (place, _flink) = world();
        place.run(&["up", "a", "-D", "taskmanager.numberOfTaskSlots=2"]).expect(0);
        place.run(SCALE).expect(0).says("session `a`: 1 -> 2 TaskManagers");
        place.run(SCALE).expect(0).says("session `a` has 2 TaskManagers already");
        place.run(again).expect(0).says(says);
        let titles = place.server.with(|docker| docker.titles());
        assert_eq!(titles.contains(&"container/nutkin-a-taskmanager-2".to_owned()), is_kept);
    }
    check(UP, "session `a` is unchanged", true);
    // The control: all that is wanted is said, and the number is not.
    let all = ["up", "a", "--yes", "-D", "taskmanager.numberOfTaskSlots=2"];
    check(&all, "removes nutkin-a-taskmanager-2", false);
}

#[test]
fn a_session_that_is_otherwise_not_what_is_wanted_is_not_scaled() {
    let (place, _flink) = world();
    place.run(UP).expect(0);
    let image = "nutkin/flink:1.20.5";
    // The control: it is one that the session is not made of.
    place.run(SCALE).expect(0);
    place.server.with(|docker| *docker = docker.clone().with_image(image));
    let before = place.server.with(|docker| docker.plain());
    let scale = place.run(&["scale", "a", "--task-managers", "3"]);
    scale.expect(1).says("session `a` is not what is wanted of it: image");
    scale.says("`nutkin up a` brings about what is wanted");
    assert_eq!(place.server.with(|docker| docker.plain()), before);
}

#[test]
fn a_number_that_runs_already_is_noted() {
    let (place, _flink) = world();
    place.run(UP).expect(0);
    place.run(SCALE).expect(0);
    let scaled = place.server.with(|docker| docker.plain());
    // Refused between the ledger and the containers.
    let one = ["scale", "a", "--task-managers", "1"];
    place.run_with(&always("stop", no(500, "got no exit event")), &one).expect(1);
    let two = &["up", "a", "--task-managers", "2"];
    assert_ne!(place.server.with(|docker| docker.plain()), scaled, "the ledger wants one");
    place.run(SCALE).expect(0).says("already");
    assert_eq!(place.server.with(|docker| docker.plain()), scaled);
    place.run(two).expect(0).says("session `a` is unchanged");
}

#[test]
fn a_restart_keeps_the_containers() {
    let (place, _flink) = world();
    place.run(UP).expect(0);
    let before = place.server.with(|docker| docker.plain());
    let restart = &["restart", "a"];
    let said = place.run(restart);
    said.expect(0).says("restarts nutkin-a-jobmanager, nutkin-a-taskmanager-1");
    said.says("session `a` is up again");
    let history = "restart of all processes";
    let ledger = |docker: &mut Docker| format!("{:?}", docker.all_files()).contains(history);
    assert!(place.server.with(ledger));
    place.run(UP).expect(0).says("session `a` is unchanged");
    let titles: Vec<String> = before.into_keys().collect();
    assert_eq!(place.server.with(|docker| docker.titles()), titles);
    // A daemon that refuses it, and a session that there is not.
    place.run_with(&always("restart", no(500, "no such process")), restart).expect(1);
    place.run(&["restart", "b"]).expect(5);
    // What is wanted has another image by now.
    place.server.with(|docker| *docker = docker.clone().with_image("nutkin/flink:1.20.5"));
    place.run(restart).expect(1).says("session `a` is not what is wanted of it: image");
}

#[test]
fn a_restart_that_loses_jobs_needs_consent() {
    let jobs = vec!["orders".to_owned()];
    let flink = Server::start(Flink { slots: 4, task_managers: 1, jobs, ..Flink::default() });
    let place: Place<Docker> = Place::docker(flink.port());
    place.run(UP).expect(0);
    let said = place.run(&["restart", "a", "--yes"]);
    said.expect(6).says("jobs that will be lost (no high availability): `orders`");
    place.run(&["restart", "a", "--force"]).expect(0).says("Restarting nutkin-a-jobmanager");
}

#[test]
fn taskmanagers_without_a_task_end_without_a_question() {
    #[track_caller]
    fn check(task_managers: u32, idle: &[&str], code: i32) {
        let idle = idle.iter().map(|name| (*name).to_owned()).collect();
        let jobs = vec!["orders".to_owned()];
        let flink = Flink { slots: 4, task_managers: 2, jobs, idle, ..Flink::default() };
        let flink = Server::start(flink);
        let place: Place<Docker> = Place::docker(flink.port());
        place.run(&["up", "a", "--task-managers", "2"]).expect(0);
        flink.with(|flink| flink.task_managers = task_managers);
        place.run(&["scale", "a", "--task-managers", "1"]).expect(code);
    }
    check(2, &["taskmanager-2"], 0);
    // It has not registered yet, and may be about to.
    check(1, &[], 6);
    // The control: the other one has none.
    check(2, &["taskmanager-1"], 6);
}
