//! High availability data that sessions on this machine have left: what `gc` deletes, and what it leaves alone.

use std::fs;

use crate::world::World;

const HA: &str = "state/nutkin/data/a/ha";

#[test]
fn nothing_of_a_living_session_goes_although_its_directory_was_removed() {
    let world = World::new();
    world.up("a", &[]).expect(0);
    let before = world.until_running("a");
    let directory = world.session("a").path().to_owned();
    let aside = world.path("aside");
    fs::rename(&directory, &aside).unwrap();
    let result = world.file(&format!("{HA}/job-result-store/a/0a.json"), "x");
    let id = "0a".repeat(16);
    let checkpoint = format!("state/nutkin/data/a/checkpoints/{id}/chk-1/_metadata");
    let checkpoint = world.file(&checkpoint, "x");
    world.run(&["gc", "--yes"]).expect(0).says("nothing is left that nobody needs");
    assert!(result.exists() && checkpoint.exists());
    fs::rename(&aside, &directory).unwrap();
    assert_eq!(world.living("a"), before);
    world.run(&["down", "a", "--force"]).expect(0);
    // The control: it has ended, and its ledger went with it.
    world.run(&["gc"]).expect(6);
    assert!(result.exists() && checkpoint.exists());
    world.run(&["gc", "--yes"]).expect(0).says("deleted: 2");
    assert!(!world.path(HA).exists() && !checkpoint.exists());
}

#[test]
fn what_may_bring_jobs_back_keeps_everything_of_its_session() {
    let world = World::new();
    let graph = world.file(&format!("{HA}/a/submittedJobGraph0b"), "x");
    let id = "0a".repeat(16);
    let checkpoint = format!("state/nutkin/data/a/checkpoints/{id}/chk-1/_metadata");
    let checkpoint = world.file(&checkpoint, "x");
    let run = world.run(&["gc", "--dry-run"]);
    run.expect(0).says("may bring jobs back from it, or it cannot be read");
    world.run(&["gc", "--yes"]).expect(0).says("nothing is left that nobody needs");
    assert!(graph.exists() && checkpoint.exists());
    // The control.
    fs::remove_file(graph).unwrap();
    world.run(&["gc", "--yes"]).expect(0).says("deleted: 2");
}
