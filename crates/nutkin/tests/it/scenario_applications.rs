//! Applications of Flink 2.3, which have several jobs: shown, canceled and drained as a unit.

use nutkin_testkit::scenario::{Docker, Flink};
use serde_json::{Value, json};

use crate::scenario_moving::{World, flink};

/// A session of 2.3 with an application of two jobs that somebody else has submitted.
fn with_application() -> World {
    let docker = Docker::default().with_image("flink:2.3.0");
    let world = World::new(&docker, &Flink { version: "2.3.0", ..flink() });
    world.place.run(&["up", "a", "--flink", "2.3"]).expect(0);
    world.flink.with(|flink| {
        let jobs = ["0c", "0d"].map(|id| id.repeat(16));
        for id in &jobs {
            flink.work.submit(id.clone());
        }
        flink.work.applications.insert("0e".repeat(16), ("orders".to_owned(), jobs.to_vec()));
    });
    world
}

#[test]
fn an_application_is_shown_and_drained_as_a_unit() {
    const CHANGE: &[&str] = &["up", "a", "--flink", "2.3", "-D", "env.java.opts.all=-Dx=y"];
    let world = with_application();
    world.flink.with(|flink| flink.work.submit("0f".repeat(16)));
    let listed = world.place.run(&["jobs", "a", "-o", "json"]).json();
    let items = listed["items"].as_array().unwrap().iter();
    let applications: Vec<Value> = items.map(|job| job["application"]["name"].clone()).collect();
    assert_eq!(applications, [json!("orders"), json!("orders"), Value::Null], "{listed:#}");
    let text = world.place.run(&["jobs", "a"]);
    text.expect(0).says("application `orders`").says(&"0e".repeat(16));
    world.jar();
    let adopt = |id| ["adopt-job", id, "--jar", "count.jar", "-c", "a.B"];
    world.place.run(&adopt("0c0c")).expect(2).says("one of 2 of application `orders`");
    world.place.run(&adopt("0f0f")).expect(0);
    let plan = world.place.run(CHANGE);
    plan.expect(6).says("they are the jobs of application `orders`");
    let (jobs, savepoints) = world.jobs();
    assert!(savepoints == 0 && jobs.values().all(|job| job.state == "RUNNING"));
    let run = world.place.run(&[CHANGE, &["--force"]].concat());
    run.expect(0).says("application `orders` has ended with its jobs").says("its savepoint is");
    // The control: the job beside it is moved.
    let (jobs, savepoints) = world.jobs();
    let alive: Vec<_> = jobs.values().filter(|job| job.state == "RUNNING").collect();
    assert_eq!((alive.len(), savepoints), (1, 3), "{}", run.all());
}

#[test]
fn a_job_is_not_canceled_with_others_unasked() {
    let world = with_application();
    world.flink.with(|flink| flink.work.submit("0f".repeat(16)));
    let run = world.place.run(&["cancel", "0c0c"]);
    run.expect(6).says("of application `orders`").says(&"0d".repeat(16));
    assert!(world.jobs().0.values().all(|job| job.state == "RUNNING"));
    world.place.run(&["cancel", "0c0c", "--force"]).expect(0);
    // The controls: a job by itself, and one whose application outlives it.
    world.place.run(&["cancel", "0f0f"]).expect(0);
    let option = "execution.terminate-application-on-any-job-terminated-exceptionally";
    let world = with_application();
    world.flink.with(|flink| flink.options.push((option, "false")));
    world.place.run(&["cancel", "0c0c"]).expect(0);
}
