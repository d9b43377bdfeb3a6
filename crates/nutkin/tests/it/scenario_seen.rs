//! What was seen of jobs before their JobManager was lost, where no archive of ended jobs is read, on a scenario server.

use nutkin_testkit::eventually;
use nutkin_testkit::scenario::{Fault, Kubernetes, Request};
use serde_json::{Value, json};

use crate::scenario::{Place, finish, standalone, trouble};
use crate::scenario_lost::{
    JOB, LATER, LIMIT, NEWEST, cluster, cluster_with, container, flink, jobs, lose_in_pod,
};

/// A watch that looks all the time.
const WATCH: &[&str] = &["watch", "a", "--interval", "1"];
/// What the ledger has once somebody has seen a job.
const SEEN: &str = "\"sightings\":{\"";
const ONCE: &[&str] = &["watch", "a", "--once"];

/// The ledger, as one line of JSON.
fn ledger(place: &Place<Kubernetes>) -> String {
    let map = place.server.with(|one| one.get("ConfigMap", "nutkin-a"));
    let record = map["data"]["record.json"].as_str().unwrap_or("null");
    serde_json::from_str::<Value>(record).unwrap().to_string()
}

#[track_caller]
fn until_noted(place: &Place<Kubernetes>, what: &str) {
    eventually("it is noted", LIMIT, || ledger(place).contains(what));
}

/// The job is as it says.
fn is_now(place: &Place<Kubernetes>, state: &'static str) {
    place.server.with(|one| one.flink.work.jobs.get_mut(JOB).expect("the job").state = state);
}

/// Waits until the watch has looked so often from now on.
fn looks(place: &Place<Kubernetes>, count: usize) {
    let before = place.count("/proxy/jobs/overview");
    eventually("it has looked", LIMIT, || before + count <= place.count("/proxy/jobs/overview"));
}

/// The JobManager has ended, and its successor is started that many seconds from now.
fn lose_until(place: &Place<Kubernetes>, seconds: i64) {
    let start = jiff::Timestamp::now().as_second() + seconds;
    let start = jiff::Timestamp::from_second(start).expect("a time").to_string();
    place.server.with(|one| one.flink.work.forget());
    container(place, "a-0", &json!({"running": {"startedAt": start}}));
}

#[test]
fn a_watch_that_goes_with_the_job_manager() {
    // It was seen a moment before, or too long before.
    for (seconds, goes_on) in [(30, true), (600, false)] {
        let place = cluster(&standalone(1), LATER);
        place.server.with(|one| one.printed = None);
        let watch = place.start(WATCH);
        until_noted(&place, "chk-1");
        until_noted(&place, SEEN);
        drop(watch);
        lose_until(&place, seconds);
        let once = place.run(ONCE);
        let noted = format!("file:/checkpoints/{JOB}/chk-1");
        if goes_on {
            once.expect(0).says("1 job runs again");
            assert_eq!(jobs(&place), [(JOB.to_owned(), Some(noted))]);
        } else {
            once.expect(0).says("had failed before is not known");
            assert_eq!(jobs(&place), []);
        }
    }
}

#[test]
fn what_was_on_its_way_to_the_end_is_refused_by_every_command() {
    for state in ["CANCELLING", "FAILING", "RUNNING"] {
        let place = cluster(&standalone(1), LATER);
        let watch = place.start(WATCH);
        until_noted(&place, SEEN);
        is_now(&place, state);
        until_noted(&place, &format!("\"state\":\"{state}\""));
        drop(watch);
        // An archive is read, and nothing is in it: the end was not written down any more.
        lose_in_pod(&place);
        if state == "RUNNING" {
            place.run(ONCE).expect(0).says("1 job runs again");
            continue;
        }
        for command in [ONCE, &["up", "a"], ONCE] {
            let run = place.run(command);
            let run = run.expect(0).says(&format!("it was {state} when it was seen last"));
            run.says(&format!("--once --resume {JOB}"));
            assert_eq!(jobs(&place), [], "{command:?}");
        }
        let resume = ["watch", "a", "--once", "--resume", JOB];
        place.run(&resume).expect(0).says("1 job runs again");
        assert_eq!(jobs(&place), [(JOB.to_owned(), Some(NEWEST.to_owned()))]);
    }
}

#[test]
fn what_is_canceled_during_a_watch_does_not_come_back() {
    // Nobody can write that down before the loss: the watch remembers it.
    let refuses = |request: &Request| {
        let writes = request.method != "GET" && request.path.contains("/configmaps/");
        if writes { trouble(503) } else { Fault::None }
    };
    for state in ["CANCELED", "RUNNING"] {
        let place = cluster_with(&standalone(1), LATER, false);
        let watch = place.start(WATCH);
        looks(&place, 1);
        place.server.set(refuses);
        is_now(&place, state);
        looks(&place, 2);
        lose_in_pod(&place);
        place.server.set(|_| Fault::None);
        if state == "CANCELED" {
            until_noted(&place, "\"ended\":\"CANCELED\"");
            assert_eq!(jobs(&place), []);
        } else {
            let expected = [(JOB.to_owned(), Some(NEWEST.to_owned()))];
            eventually("the job goes on", LIMIT, || jobs(&place) == expected);
        }
        drop(watch);
    }
}

#[test]
fn what_was_resumed_and_has_failed_is_not_started_again_at_the_next_loss() {
    for fails in [true, false] {
        let place = cluster_with(&standalone(1), LATER, false);
        let watch = place.start(WATCH);
        until_noted(&place, SEEN);
        place.server.with(|one| one.flink.work.fails = fails.then_some(one.flink.work.before + 1));
        lose_until(&place, 30);
        eventually("the job was resumed", LIMIT, || !jobs(&place).is_empty());
        let state = if fails { "FAILED" } else { "RUNNING" };
        until_noted(&place, &format!("\"state\":\"{state}\""));
        drop(watch);
        lose_until(&place, 60);
        let once = place.run(ONCE);
        if fails {
            once.expect(0).says("was FAILED before its JobManager was lost");
            assert_eq!(jobs(&place), []);
        } else {
            once.expect(0).says("1 job runs again");
        }
    }
}

#[test]
fn up_goes_on_where_neither_checkpoints_nor_the_archive_can_be_looked_into() {
    for has_directory in [false, true] {
        let place = cluster(&standalone(1), LATER);
        if !has_directory {
            let mut flink = flink(true);
            flink.options.retain(|(key, _)| *key != "state.checkpoints.dir");
            place.server.with(|one| (one.flink.options, one.printed) = (flink.options, None));
        }
        lose_in_pod(&place);
        // The control: checkpoints are listed, and only the archive is not read for a while.
        place.server.set(move |request| {
            let reads =
                request.path.ends_with("/exec") && request.query("command").contains("/archive/");
            if has_directory && reads { trouble(503) } else { Fault::None }
        });
        let run = place.run(&["up", "a"]);
        run.expect(i32::from(has_directory));
        assert_eq!(jobs(&place), []);
    }
}

#[test]
fn jobs_are_named_for_one_loss_only() {
    let place = cluster(&standalone(1), LATER);
    let unknown = place.run(&["watch", "a", "--once", "--resume", "other"]);
    unknown.expect(2).says("does not have a job `other`");
    // Who watches on would mean every loss to come.
    let watch = place.start(&["watch", "a", "--resume", JOB]);
    finish(watch).expect(2).says("--once");
}
