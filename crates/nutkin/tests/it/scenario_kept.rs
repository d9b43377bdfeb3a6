//! Where jars are kept, and what high availability has left in a namespace: on scenario servers.

use std::fs;

use nutkin_shell::files::digest::sha256_of;
use nutkin_testkit::scenario::{Answer, Docker, Fault, Flink, Kubernetes, Server};
use nutkin_testkit::side_by_side;
use serde_json::{Value, json};

use crate::scenario::Place;
use crate::scenario_moving::jar_in;

const JOB: &str = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
const RUN: &[&str] = &["run", "-d", "--job-id", JOB, "-c", "a.B", "count.jar"];

/// Where an earlier Nutkin kept all jars.
const OF_MACHINE: &str = ".local/state/nutkin/jars";

#[test]
fn a_directory_of_the_users_has_the_jar_that_a_move_needs() {
    let options = vec![("state.savepoints.dir", "file:///opt/flink/data/savepoints")];
    let flink = Server::start(Flink { slots: 4, options, ..Flink::default() });
    let mut docker = Docker::default().with_image("flink:1.20.5");
    docker.rest_port = flink.port();
    let place = Place::docker_with(docker);
    let store = place.folder().join("store").display().to_string();
    let option = format!("nutkin.jars.store={store}");
    place.run(&["up", "a", "-D", &option]).expect(0);
    let jar = jar_in(&place);
    place.run(RUN).expect(0);
    fs::remove_file(jar).unwrap();
    assert!(!place.folder().join(OF_MACHINE).exists());
    let listed = place.run(&["jars", "-o", "json"]).json();
    assert_eq!(listed["items"][0]["where"], store, "{listed}");
    assert_eq!(listed["items"][0]["neededBy"][0]["job"], JOB);
    let change = ["plan", "a", "-D", &option, "-D", "env.java.opts.all=-Dx=y"];
    let plan = place.run(&change);
    assert!(!plan.expect(0).stdout.contains("is not kept"), "{}", plan.all());
    // The control: the directory is not there any more.
    fs::remove_dir_all(&store).unwrap();
    let plan = place.run(&change);
    assert!(plan.expect(0).stdout.contains("count.jar"), "{}", plan.all());
    assert_eq!(place.run(&["jars", "-o", "json"]).json()["items"], json!([]));
}

/// A session on Kubernetes that keeps uploads, with a job whose jar is nowhere else.
fn on_a_claim() -> Place<Kubernetes> {
    let place = Place::kubernetes();
    place.server.with(|one| {
        one.runs_pods = true;
        let options = vec![
            ("state.savepoints.dir", "s3://bucket/savepoints"),
            ("web.upload.dir", "/opt/flink/kept-jars"),
        ];
        one.flink = Flink { slots: 4, options, ..Flink::default() };
    });
    place.run(&["up", "a", "-D", "nutkin.jars.store=claim"]).expect(0);
    let jar = jar_in(&place);
    place.run(RUN).expect(0);
    fs::remove_file(jar).unwrap();
    place
}

#[test]
fn a_claim_has_the_jar_that_a_move_needs() {
    let place = on_a_claim();
    let claim = place.server.with(|one| one.get("PersistentVolumeClaim", "a-jars"));
    assert_eq!(claim["metadata"]["ownerReferences"], Value::Null, "it outlives the session");
    assert!(!place.folder().join(OF_MACHINE).exists());
    let listed = place.run(&["jars", "-o", "json"]).json();
    assert_eq!(listed["items"][0]["where"], "claim of session `a`", "{listed}");
    let change =
        ["plan", "a", "-D", "nutkin.jars.store=claim", "-D", "containerized.master.env.X=1"];
    let plan = place.run(&change);
    let moved = "stopped with a savepoint and resumed from it";
    assert!(plan.expect(0).stdout.contains(moved), "{}", plan.all());
    // The control: nobody has it.
    place.server.with(|one| one.flink.work.jars.clear());
    let plan = place.run(&change);
    assert!(!plan.expect(0).stdout.contains(moved), "{}", plan.all());
}

#[test]
fn plan_names_jars_that_are_only_on_the_machine_that_submitted_them() {
    const AVAILABLE: [&str; 4] =
        ["-D", "high-availability.type=kubernetes", "-D", "high-availability.storageDir=s3://b/ha"];
    /// `options`: of the session; `change`: what else its plan wants.
    #[track_caller]
    fn check(options: &[&str], change: &[&str], is_told: bool) {
        let place = Place::kubernetes();
        place.server.with(|one| {
            one.runs_pods = true;
            let options = vec![("state.savepoints.dir", "s3://bucket/savepoints")];
            one.flink = Flink { slots: 4, options, ..Flink::default() };
        });
        place.run(&[&["up", "a"], options].concat()).expect(0);
        let before = place.run(&[&["plan", "a"], options].concat());
        assert!(!before.expect(0).stdout.contains(ONLY_HERE), "there is no job: {}", before.all());
        jar_in(&place);
        place.run(RUN).expect(0);
        let plan = [&["plan", "a"], options, change].concat();
        let told = place.run(&plan);
        assert_eq!(told.expect(0).stdout.contains(ONLY_HERE), is_told, "{}", told.all());
        let document = place.run(&[&plan[..], &["-o", "json"]].concat()).json();
        let names = if is_told { json!([JOB]) } else { json!([]) };
        assert_eq!(document["jarsOnlyHere"], names, "{document:#}");
    }
    let restart = ["-D", "env.java.opts.all=-Dx=y"];
    // Whoever recovers jobs needs them, and whoever moves jobs.
    check(&[], &[], true);
    check(&["-D", "nutkin.jobs.recover=false"], &restart, true);
    check(&AVAILABLE, &[&restart[..], &["--jobs", "move"]].concat(), true);
    // The controls: nobody needs them, or there is a place for them.
    check(&AVAILABLE, &[], false);
    check(&AVAILABLE, &restart, false);
    check(&["-D", "nutkin.jobs.recover=false"], &[], false);
    check(&["-D", "nutkin.jars.store=claim"], &restart, false);
}

#[test]
fn plan_warns_of_what_a_session_may_lose() {
    let place = Place::kubernetes();
    let plan = |value: &str| {
        let option = format!("execution.checkpointing.externalized-checkpoint-retention={value}");
        place.run(&["plan", "a", "-D", &option])
    };
    plan("DELETE_ON_CANCELLATION").expect(0).says("NK0211");
    // The control: what it has anyway.
    let retained = plan("RETAIN_ON_CANCELLATION");
    assert!(!retained.expect(0).all().contains("NK0211"), "{}", retained.all());
}

const ONLY_HERE: &str = "only on the machine that submits them";

/// A key of high availability data that brings nothing back.
pub(crate) const LEADER: &str = "org.apache.flink.k8s.leader.restserver";

/// High availability data of a cluster-id, with this key in it.
pub(crate) fn leave(place: &Place<Kubernetes>, name: &str, key: &str) {
    let labels = json!({"app": name, "type": "flink-native-kubernetes"});
    let map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": format!("{name}-cluster-config-map"), "namespace": "default", "labels": labels},
        "data": {key: "x"},
    });
    place.server.with(|one| one.put("configmaps", map));
}

#[test]
fn gc_knows_what_high_availability_has_left_in_a_namespace() {
    let place = Place::kubernetes();
    place.run(&["up", "a", "--no-wait"]).expect(0);
    leave(&place, "a", LEADER);
    leave(&place, "gone", LEADER);
    leave(&place, "back", &format!("jobGraph-{JOB}"));
    let gc = ["gc", "--on", "kubernetes"];
    let shown = place.run(&[&gc[..], &["--dry-run"]].concat());
    shown.expect(0).says("`gone`").says("may bring jobs back from it");
    assert!(!shown.stdout.contains("`a`"), "{}", shown.all());
    place.run(&gc).expect(6);
    let has = |name: &str| {
        let title = format!("ConfigMap/{name}-cluster-config-map");
        place.server.with(|one| one.titles().contains(&title))
    };
    assert!(["a", "gone", "back"].iter().all(|name| has(name)));
    place.run(&[&gc[..], &["--yes"]].concat()).expect(0).says("deleted: 1");
    assert_eq!(["a", "gone", "back"].map(&has), [true, false, true]);
    // The control: the session has ended, and nothing of it is in a ledger.
    place.run(&["down", "a", "--delete-data", "--force"]).expect(0);
    assert_eq!(["a", "gone", "back"].map(&has), [true, false, true]);
    place.run(&[&gc[..], &["--yes"]].concat()).expect(0).says("deleted: 1");
    assert_eq!(["a", "gone", "back"].map(&has), [false, false, true]);
}

#[test]
fn gc_deletes_nothing_while_it_may_not_see_who_lives() {
    /// `kind`: what may not be listed, after it was listed so many times.
    #[track_caller]
    fn check(kind: &'static str, times: usize, is_left: bool) {
        let place = Place::kubernetes();
        leave(&place, "gone", LEADER);
        let mut listed = 0;
        place.server.set(move |request| {
            listed += usize::from(request.method == "GET" && request.path.ends_with(kind));
            if times < listed { Fault::Answer(refused()) } else { Fault::None }
        });
        let said = place.run(&["gc", "--on", "kubernetes", "--yes"]);
        let title = "ConfigMap/gone-cluster-config-map";
        let is_there = place.server.with(|one| one.titles().iter().any(|one| one == title));
        assert_eq!(is_there, is_left, "{kind} {times}: {}", said.all());
        said.expect(i32::from(is_left));
        let seen = place.server.seen();
        let is_deleted = seen.iter().any(|seen| seen.request.method == "DELETE");
        assert_eq!(is_deleted, !is_left, "{kind} {times}");
    }
    let kinds = ["/configmaps", "/deployments", "/statefulsets", "/pods"];
    // When it looks first, and when it looks again before it deletes.
    let cases = kinds.into_iter().flat_map(|kind| [(kind, 0), (kind, 1)]);
    side_by_side(cases, |(kind, times)| check(kind, times, true));
    // The control: nothing is refused.
    check("/configmaps", usize::MAX, false);
}

fn refused() -> Answer {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 403,
        "reason": "Forbidden", "message": "you cannot list that",
    });
    Answer::json(403, &status)
}

#[test]
fn a_damaged_jar_of_this_machine_is_kept_anew() {
    /// `damage`: what its file holds by then.
    #[track_caller]
    fn check(damage: Option<&str>) {
        let options = vec![("state.savepoints.dir", "file:///opt/flink/data/savepoints")];
        let flink = Server::start(Flink { slots: 4, options, ..Flink::default() });
        let mut docker = Docker::default().with_image("flink:1.20.5");
        docker.rest_port = flink.port();
        let place = Place::docker_with(docker);
        place.run(&["up", "a"]).expect(0);
        let jar = jar_in(&place);
        place.run(RUN).expect(0);
        let whole = fs::read(&jar).unwrap();
        let kept = place.folder().join(OF_MACHINE).join(sha256_of(&whole)).join("count.jar");
        assert_eq!(fs::read(&kept).unwrap(), whole);
        if let Some(damage) = damage {
            fs::write(&kept, damage).unwrap();
        }
        fs::remove_file(&jar).unwrap();
        let plan = place.run(&["plan", "a", "-D", "env.java.opts.all=-Dx=y"]);
        let is_told = plan.all().contains("is another file than its name says, and is removed");
        assert_eq!(is_told, damage.is_some(), "{}", plan.all());
        assert_eq!(kept.exists(), damage.is_none());
        // The next job with it.
        fs::write(&jar, &whole).unwrap();
        let mut run = RUN.to_vec();
        run[3] = "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b";
        place.run(&run).expect(0);
        assert_eq!(fs::read(&kept).unwrap(), whole);
    }
    check(Some("damaged"));
    check(Some(""));
    // The control: a whole one stays.
    check(None);
}
