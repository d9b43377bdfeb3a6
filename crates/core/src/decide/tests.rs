//! Harm, fates, lines and the document, as data.

use serde_json::json;

use super::*;
use crate::Remedy;

fn jobs(names: &[&str]) -> Jobs {
    Jobs::Known(names.iter().map(|name| ("0a".to_owned(), (*name).to_owned())).collect())
}

#[test]
fn harm_is_what_happens_to_what_runs() {
    #[track_caller]
    fn check(runs: bool, effect: Effect, jobs: &Jobs, expected: Harm) {
        assert_eq!(harm(runs, effect, jobs), expected, "{runs} {effect:?} {jobs:?}");
    }
    let (none, one) = (jobs(&[]), jobs(&["a"]));
    check(false, Effect::Loss, &one, Harm::None);
    check(true, Effect::None, &one, Harm::Change);
    check(true, Effect::Restart, &one, Harm::Change);
    check(true, Effect::Loss, &none, Harm::Change);
    check(true, Effect::Loss, &one, Harm::Loss);
    check(true, Effect::Loss, &Jobs::Unknown, Harm::Loss);
}

#[test]
fn every_job_has_its_fate() {
    #[track_caller]
    fn check(effect: Effect, jobs: &Jobs, failovers: u64, lines: &[&str]) {
        assert_eq!(fates(effect, jobs).lines(failovers, None), lines);
    }
    check(Effect::None, &jobs(&["a"]), 0, &["jobs that keep running: `a` (0a)"]);
    check(Effect::Loss, &jobs(&[]), 0, &[]);
    let over = "jobs that fail over to their last checkpoint: `a` (0a), `b [2J` (0a)";
    check(Effect::Restart, &jobs(&["a", "b\u{1b}[2J"]), 1, &[over]);
    let often = "jobs that fail over to their last checkpoint up to 3 times, as TaskManagers are replaced in turn: `a` (0a)";
    check(Effect::Restart, &jobs(&["a"]), 3, &[often]);
    let unknown =
        "jobs that will be lost (no high availability): unknown, because no JobManager answers";
    check(Effect::Loss, &Jobs::Unknown, 0, &[unknown]);
    let many = fates(Effect::None, &jobs(&["a"; 12])).lines(0, None);
    assert!(many[0].ends_with("(0a), and 2 more"), "{many:?}");
}

fn decision(platform: Platform) -> Decision<()> {
    Decision::nothing(About {
        platform,
        name: "s".to_owned(),
        namespace: (platform == Platform::Kubernetes).then(|| "n".to_owned()),
        flink_version: "1.20.5".to_owned(),
        job_managers: 1,
        task_managers: (platform != Platform::Kubernetes).then_some(2),
    })
}

fn difference(what: &str) -> Difference {
    Difference { what: what.to_owned(), old: Some("1".to_owned()), new: None }
}

#[track_caller]
fn check_lines(decision: &Decision<()>, lines: &[&str], announced: bool) {
    assert_eq!(decision.lines(Remedy::plain), lines);
    assert_eq!(decision.announcement(Remedy::plain), if announced { lines } else { &[] });
}

#[test]
fn a_session_in_lines() {
    let mut new = decision(Platform::Local);
    new.change.is_new = true;
    new.assumptions.push("Flink is there".to_owned());
    let summary = "+ session `s`: Flink 1.20.5, 1 JobManager, 2 TaskManagers";
    check_lines(&new, &[summary, "Flink is there"], false);
    assert!(!new.is_done());

    let mut same = decision(Platform::Docker);
    check_lines(&same, &["session `s`: no change"], false);
    assert!(same.is_done());
    same.change.completes = true;
    check_lines(
        &same,
        &["session `s`: some of its processes are not running: `up` starts them"],
        false,
    );
    assert!(!same.is_done());
    same.change.parts.push("replaces jobmanager".to_owned());
    same.jobs = fates(Effect::Restart, &jobs(&["a"]));
    let over = "jobs that fail over to their last checkpoint: `a` (0a)";
    check_lines(&same, &["replaces jobmanager", over], true);

    let mut changed = decision(Platform::Local);
    changed.change.differences.push(difference("a.b"));
    changed.change.restarts = Restarts { zookeeper: true, ..Restarts::default() };
    check_lines(&changed, &["- a.b: 1", "restarts nothing; restarts the ZooKeeper"], true);
}

#[test]
fn objects_in_lines() {
    let object = |title: &str, action| Object {
        title: title.to_owned(),
        action,
        differences: if action == ObjectAction::Change {
            vec![difference("x")]
        } else {
            Vec::new()
        },
    };
    let mut decision = decision(Platform::Kubernetes);
    decision.change.objects.push(object("Deployment/s", ObjectAction::Keep));
    check_lines(&decision, &["session `s`: no change"], false);
    decision.change.restarts.task_managers = true;
    assert!(!decision.is_done(), "TaskManagers restart though no object changes");
    decision.change.objects.push(object("ConfigMap/c", ObjectAction::Change));
    decision.change.objects.push(object("Service/r", ObjectAction::Replace));
    decision.change.adopts = Some("Deployment/s".to_owned());
    let lines = [
        "takes over Deployment/s and what it owns: they get Nutkin's label",
        "~ ConfigMap/c",
        "    - x: 1",
        "-/+ Service/r",
        "restarts all TaskManagers",
        "plan: 1 to add, 1 to change, 1 to remove",
    ];
    check_lines(&decision, &lines, true);
    assert_eq!(decision.about.summary(), "Flink 1.20.5, 1 JobManager, namespace n");
    let document = decision.document();
    assert_eq!(document["total"], json!({"add": 1, "change": 1, "remove": 1}));
    assert_eq!(
        document["differences"],
        json!([{"object": "ConfigMap/c", "what": "x", "old": "1", "new": null}])
    );
    assert_eq!(document["restarts"], json!({"jobManagers": false, "taskManagers": true}));
}

#[test]
fn jobs_are_lost_only_where_jobs_run() {
    #[track_caller]
    fn check(platform: Platform, jobs: &Jobs, count: Option<usize>, lost: bool) {
        let mut decision = decision(platform);
        decision.jobs = fates(Effect::Loss, jobs);
        let document = decision.document();
        assert_eq!(document["jobsLost"], lost, "{platform} {jobs:?}");
        assert_eq!(document["runningJobs"], json!(count));
    }
    for platform in [Platform::Local, Platform::Docker, Platform::Kubernetes] {
        check(platform, &jobs(&[]), Some(0), false);
        check(platform, &jobs(&["a"]), Some(1), true);
        check(platform, &Jobs::Unknown, None, true);
    }
}

#[test]
fn what_differs_beside_the_number_of_task_managers() {
    #[track_caller]
    fn check(change: Change, expected: &[&str]) {
        assert_eq!(change.beside_task_managers(), expected);
    }
    let differences = |names: &[&str]| names.iter().map(|one| difference(one)).collect();
    let object = |action, names: &[&str]| Object {
        title: "Deployment/s".to_owned(),
        action,
        differences: differences(names),
    };
    let fields = |names| Change { differences: differences(names), ..Change::default() };
    let objects = |one| Change { objects: vec![one], ..Change::default() };
    check(Change::default(), &[]);
    check(fields(&["taskManager.replicas"]), &[]);
    check(fields(&["taskManager.replicas", "web.port"]), &["web.port"]);
    check(objects(object(ObjectAction::Keep, &[])), &[]);
    check(objects(object(ObjectAction::Change, &["spec.replicas"])), &[]);
    check(
        objects(object(ObjectAction::Change, &["spec.replicas", "spec.template"])),
        &["Deployment/s"],
    );
    check(objects(object(ObjectAction::Add, &[])), &["Deployment/s"]);
    let adopts = Change { adopts: Some("Deployment/s".to_owned()), ..Change::default() };
    check(adopts, &["Deployment/s"]);
}
