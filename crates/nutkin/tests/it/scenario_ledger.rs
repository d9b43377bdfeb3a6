//! The ledger of a session as commands write and read it: what it holds, what is not in it, who wins, and how long it
//! lives.

use std::time::Duration;

use nutkin_testkit::Finished;
use nutkin_testkit::scenario::{Docker, Fault, Flink, Kubernetes, Server};
use serde_json::{Value, json};

use crate::scenario::{LIMIT, Place, SECRET, always, finish, may_not, once, refused};

const UP: &[&str] = &["up", "a", "--no-wait"];
const DOWN: &[&str] = &["down", "a", "--yes"];
/// `SECRET` as a Secret holds it.
const ENCODED: &str = "cGFzc3dvcmQtdGhhdC1ub2JvZHktc2hvd3M=";

/// An empty cluster with the session `a` of these options.
pub(crate) fn with(options: &[&str]) -> Place<Kubernetes> {
    let place = Place::kubernetes();
    place.run(&[UP, &dashed(options)].concat()).expect(0);
    place
}

fn dashed<'o>(options: &[&'o str]) -> Vec<&'o str> {
    options.iter().flat_map(|option| ["-D", *option]).collect()
}

pub(crate) fn text(place: &Place<Kubernetes>) -> String {
    let map = place.server.with(|one| one.get("ConfigMap", "nutkin-a"));
    map["data"]["record.json"].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn ledger(place: &Place<Kubernetes>) -> Value {
    serde_json::from_str(&text(place)).unwrap()
}

fn write(place: &Place<Kubernetes>, document: &str) {
    place.server.with(|one| {
        let mut map = one.get("ConfigMap", "nutkin-a");
        map["data"]["record.json"] = json!(document);
        one.put("configmaps", map);
    });
}

/// Puts a ledger there although there is no session.
fn put(place: &Place<Kubernetes>, document: &Value) {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "nutkin-a", "labels": {"nutkin.dev/session": "a"}},
        "data": {"record.json": document.to_string()},
    });
    place.server.with(|one| one.put("configmaps", map));
}

/// Everything but the ledger and what lies beside it.
fn rest(place: &Place<Kubernetes>) -> Vec<(String, Value)> {
    let all = place.server.with(|one| one.plain());
    all.into_iter().filter(|(title, _)| !title.ends_with("/nutkin-a")).collect()
}

#[test]
fn no_secret_is_in_it_and_what_is_beside_it_makes_the_same_session_again() {
    let option = format!("s3.secret-key={SECRET}");
    let place = with(&[&option]);
    assert_eq!(ledger(&place)["wanted"]["name"], "a");
    let all = place.server.with(|one| one.plain());
    let holds = |object: &Value| {
        let text = object.to_string();
        text.contains(SECRET) || text.contains(ENCODED)
    };
    let mut held: Vec<&str> =
        all.iter().filter(|(_, object)| holds(object)).map(|(title, _)| title.as_str()).collect();
    held.sort_unstable();
    // Flink reads it in the one; the other lies beside the ledger.
    assert_eq!(held, ["ConfigMap/flink-config-a", "Secret/nutkin-a"]);
    place.run(UP).expect(0).says("session `a` is unchanged");
    // The control: what is said in so many words is all that is wanted.
    place.run(&[UP, &["-D", "parallelism.default=2"]].concat()).expect(6).says("s3.secret-key");
}

#[test]
fn on_docker_only_its_owner_reads_what_is_beside_it() {
    let flink = Server::start(Flink { slots: 8, task_managers: 4, ..Flink::default() });
    let place: Place<Docker> = Place::docker(flink.port());
    let option = format!("s3.secret-key={SECRET}");
    place.run(&["up", "a", "-D", &option]).expect(0);
    let files = place.server.with(|docker| docker.all_files());
    let held: Vec<_> = files.iter().filter(|(_, _, text)| text.contains(SECRET)).collect();
    assert!(!held.is_empty());
    for (file, mode, _) in held {
        assert_eq!(mode & 0o077, 0, "{file}");
        assert!(!file.contains("/ledger-"), "{file}");
    }
    place.run(&["up", "a"]).expect(0).says("session `a` is unchanged");
}

#[test]
fn of_a_newer_nutkin_it_is_left_alone() {
    let place = with(&["parallelism.default=2"]);
    let newer = text(&place).replace("nutkin/v1", "nutkin/v7");
    write(&place, &newer);
    let before = rest(&place);
    place.run(UP).expect(2).says("newer Nutkin");
    assert_eq!((text(&place), rest(&place)), (newer, before));
}

#[test]
fn what_is_damaged_is_said_and_written_anew() {
    let place = with(&["parallelism.default=2"]);
    write(&place, "{\"apiVersion\": \"nutkin/v1\", ");
    let before = rest(&place);
    let up = place.run(&[UP, &["-D", "parallelism.default=2"]].concat());
    up.expect(0).says("ledger");
    assert_eq!(ledger(&place)["wanted"]["options"]["parallelism.default"], "2");
    assert_eq!(rest(&place), before);
    place.run(UP).expect(0).says("session `a` is unchanged");
}

#[test]
fn fields_of_a_newer_nutkin_are_kept() {
    let place = with(&[]);
    let mut document = ledger(&place);
    document["later"] = json!({"x": 1});
    write(&place, &document.to_string());
    place.run(&[UP, &["--yes", "-D", "parallelism.default=2"]].concat()).expect(0);
    assert_eq!(ledger(&place)["later"], json!({"x": 1}));
}

#[test]
fn it_outlives_the_session_only_while_a_job_can_be_resumed() {
    let titles = |place: &Place<Kubernetes>| place.server.with(|one| one.titles());
    let place = with(&[]);
    place.run(DOWN).expect(0);
    assert_eq!(titles(&place), Vec::<String>::new());
    let place = with(&["parallelism.default=2"]);
    let mut document = ledger(&place);
    document["jobs"]["count"] =
        json!({"generation": 1, "digest": "d", "lastSavepoint": "s3://bucket/savepoint-1"});
    write(&place, &document.to_string());
    place.run(DOWN).expect(0).says("the ledger of session `a`").says("count");
    assert_eq!(titles(&place), ["ConfigMap/nutkin-a"]);
    place.run(UP).expect(0);
    let map = place.server.with(|one| one.get("ConfigMap", "flink-config-a"));
    assert!(map["data"].to_string().contains("parallelism"), "{map}");
}

/// What is there, by title, but the ledger's history.
fn all(place: &Place<Kubernetes>) -> std::collections::BTreeMap<String, Value> {
    place.server.with(|one| one.plain())
}

/// A ledger with a job that could be resumed.
fn with_savepoint(document: &mut Value) {
    document["jobs"]["count"] = json!({
        "generation": 3, "digest": "d", "jarDigest": "e", "lastSavepoint": "s3://bucket/savepoint-1",
    });
}

#[test]
fn an_end_that_is_refused_leaves_everything() {
    let path = "/apis/apps/v1/namespaces/default/deployments/a";
    for has_savepoint in [false, true] {
        let place = with(&["s3.secret-key=x"]);
        if has_savepoint {
            let mut document = ledger(&place);
            with_savepoint(&mut document);
            write(&place, &document.to_string());
        }
        let before = all(&place);
        let refusal = always("DELETE", may_not("DELETE", path));
        let down = place.run_with(&refusal, DOWN);
        down.expect(1).says("you may not delete Deployment/a");
        assert_eq!(all(&place), before);
        assert_eq!(place.count("DELETE"), 1, "nothing else was to be deleted before");
        // The control.
        place.run(DOWN).expect(0);
        let left = all(&place).into_keys().collect::<Vec<_>>();
        let expected: &[&str] =
            if has_savepoint { &["ConfigMap/nutkin-a", "Secret/nutkin-a"] } else { &[] };
        assert_eq!(left, expected);
    }
}

#[test]
fn a_session_that_has_ended_is_listed_and_started_again() {
    let place = with(&["parallelism.default=2"]);
    let mut document = ledger(&place);
    with_savepoint(&mut document);
    write(&place, &document.to_string());
    place.run(DOWN).expect(0);
    place.run(&["ls"]).expect(0).prints("ended");
    place.run(&["status", "a"]).expect(0).prints("ended").prints("nutkin up a");
    place.run(&["jobs", "--session", "a"]).expect(5).says("session `a` has ended");
    place.run(&["scale", "a", "--task-managers", "2"]).expect(5).says("session `a` has ended");
    // Ended once more it is as it was.
    place.run(DOWN).expect(0).says("the ledger of session `a`");
    place.run(UP).expect(0);
    place.run(&["status", "a"]).expect(0).prints("starting");
    assert_eq!(ledger(&place)["jobs"], document["jobs"]);
    place.run(&[DOWN, &["--delete-data"]].concat()).expect(0);
    place.run(&["ls"]).expect(0).says("there is no session");
    place.run(&["status", "a"]).expect(5);
}

#[test]
fn on_docker_a_session_that_has_ended_is_listed_and_started_again() {
    let flink = Server::start(Flink { slots: 8, task_managers: 4, ..Flink::default() });
    let place: Place<Docker> = Place::docker(flink.port());
    place.run(&["up", "a", "-D", "parallelism.default=2"]).expect(0);
    // The control: without a job to resume only the volume stays, and that is not a session.
    let down = &["down", "a", "--yes", "--force"][..];
    place.run(down).expect(0);
    place.run(&["ls"]).expect(0).says("there is no session");
    place.run(&["status", "a"]).expect(5);
    let mut document = json!({"apiVersion": "nutkin/v1", "kind": "SessionRecord", "name": "a"});
    document["wanted"] = json!({"name": "a", "options": {"parallelism.default": "3"}});
    with_savepoint(&mut document);
    let text = document.to_string();
    let page = format!("{{\"sequence\": 90, \"bytes\": {}}}\n{text}", text.len());
    place.server.with(|docker| docker.put_file("nutkin-a-data", ".nutkin/ledger-0", &page));
    place.run(&["ls"]).expect(0).prints("ended");
    place.run(&["status", "a"]).expect(0).prints("ended").prints("nutkin up a");
    place.run(&["up", "a"]).expect(0).says("session `a` is up");
    place.run(&["ls"]).expect(0).prints("running");
    let files = place.server.with(|docker| docker.all_files());
    assert!(
        files.iter().any(|(_, _, text)| text.contains("'parallelism.default': '3'")),
        "{files:?}"
    );
    place.run(down).expect(0).says("the ledger of session `a`");
    place.run(&[down, &["--delete-data"]].concat()).expect(0);
    place.run(&["ls"]).expect(0).says("there is no session");
    assert_eq!(place.server.with(|docker| docker.titles()), Vec::<String>::new());
}

#[test]
fn a_command_that_lost_is_told() {
    let conflict = refused(409, "Conflict", "the object has been modified");
    let change = [UP, &["--yes", "-D", "parallelism.default=2"]].concat();
    // Somebody else writes the same all the time: this one gives up.
    let place = with(&[]);
    let rule = always("PUT /api/v1/namespaces/default/configmaps/nutkin-a", conflict.clone());
    place.run_with(&rule, &change).expect(1).says("commands change session `a`");
    // The control: once is no more than a pause.
    let place = with(&[]);
    let rule = once("PUT /api/v1/namespaces/default/configmaps/nutkin-a", conflict);
    place.run_with(&rule, &change).expect(0);
    assert_eq!(ledger(&place)["wanted"]["options"]["parallelism.default"], "2");
}

/// Runs a change while somebody else writes the ledger, after it was read and before it is written.
fn between(
    place: &Place<Kubernetes>,
    args: &[&str],
    write: impl FnOnce(&Place<Kubernetes>),
) -> Finished {
    let path = "GET /api/v1/namespaces/default/configmaps/nutkin-a";
    place.server.set(once(path, Fault::Slow(Duration::from_secs(2))).rule());
    let up = place.start(args);
    nutkin_testkit::eventually("it is read", LIMIT, || place.count(path) != 0);
    write(place);
    let finished = finish(up);
    place.server.set(|_| Fault::None);
    finished
}

/// What somebody else wants, who is called Bob.
fn of_bob() -> Value {
    json!({
        "apiVersion": "nutkin/v1", "kind": "SessionRecord", "name": "a", "version": 9, "jobs": {},
        "wanted": {"name": "a", "options": {"parallelism.default": "3"}},
        "history": [{"time": "2026-01-01T00:00:00Z", "user": "bob", "host": "h", "command": "nutkin up a"}],
    })
}

#[test]
fn of_two_changes_at_once_one_is_told_before_it_touches_anything() {
    let change = [UP, &["--yes", "-D", "parallelism.default=2"]].concat();
    let place = with(&[]);
    let before = rest(&place);
    let up = between(&place, &change, |place| write(place, &of_bob().to_string()));
    up.expect(1).says("another command changed what is wanted of session `a`").says("bob@h");
    up.says("run the same command again");
    assert_eq!((ledger(&place), rest(&place)), (of_bob(), before));
    // The control: nobody else writes.
    let place = with(&[]);
    between(&place, &change, |_| ()).expect(0);
    assert_eq!(ledger(&place)["wanted"]["options"]["parallelism.default"], "2");
    // Whoever notes something else is in nobody's way.
    let place = with(&[]);
    between(&place, &change, |place| {
        let mut document = ledger(place);
        with_savepoint(&mut document);
        write(place, &document.to_string());
    })
    .expect(0);
    assert_eq!(ledger(&place)["wanted"]["options"]["parallelism.default"], "2");
    assert_eq!(ledger(&place)["jobs"]["count"]["generation"], 3);
}

#[test]
fn of_two_creations_at_once_one_is_told_and_nothing_is_doubled() {
    let create = [UP, &["-D", "parallelism.default=2"]].concat();
    let place = Place::kubernetes();
    let up = between(&place, &create, |place| put(place, &of_bob()));
    up.expect(1).says("another command changed what is wanted of session `a`").says("bob@h");
    assert_eq!(ledger(&place), of_bob());
    // What there is becomes what is wanted, by the same objects.
    place.run(&[UP, &["--yes"]].concat()).expect(0);
    let objects = place.server.with(|one| one.titles());
    let map = place.server.with(|one| one.get("ConfigMap", "flink-config-a"));
    assert!(map["data"].to_string().contains("default: '3'"), "{map}");
    // The control: nobody else writes.
    let place = Place::kubernetes();
    between(&place, &create, |_| ()).expect(0);
    assert_eq!(place.server.with(|one| one.titles()), objects);
}

#[test]
fn a_creation_is_taken_back_where_a_newer_nutkin_kept_a_ledger() {
    let create = [UP, &["-D", "parallelism.default=2"]].concat();
    let place = Place::kubernetes();
    let mut newer = of_bob();
    newer["apiVersion"] = json!("nutkin/v7");
    put(&place, &newer);
    place.run(&create).expect(2).says("newer Nutkin").says("was removed again");
    assert_eq!(place.server.with(|one| one.titles()), ["ConfigMap/nutkin-a"]);
    assert_eq!(ledger(&place), newer);
    // The control: one that is understood says what was wanted before.
    let place = Place::kubernetes();
    put(&place, &of_bob());
    place.run(&create).expect(0);
    assert_eq!(ledger(&place)["wanted"]["options"]["parallelism.default"], "2");
}

#[test]
fn two_commands_at_once_leave_one_session_and_one_ledger() {
    let place = with(&[]);
    place.server.set(|_| Fault::Slow(Duration::from_millis(50)));
    let all: Vec<_> = ["2", "3"]
        .map(|count| {
            let option = format!("parallelism.default={count}");
            place.start(&[UP, &["--yes", "-D", &option]].concat())
        })
        .into_iter()
        .map(finish)
        .collect();
    place.server.set(|_| Fault::None);
    for one in &all {
        assert!(matches!(one.code, Some(0 | 1)), "{}", one.all());
        if one.code == Some(1) {
            one.says("session `a`");
        }
    }
    assert!(all.iter().any(|one| one.code == Some(0)), "nobody won");
    // What runs is what the ledger says is wanted, at the latest after the next `up`.
    place.run(&[UP, &["--yes"]].concat()).expect(0);
    let wanted = ledger(&place)["wanted"]["options"]["parallelism.default"].clone();
    let map = place.server.with(|one| one.get("ConfigMap", "flink-config-a"));
    let line = format!("default: '{}'", wanted.as_str().unwrap_or_default());
    assert!(map["data"].to_string().contains(&line), "{wanted}: {map}");
}
