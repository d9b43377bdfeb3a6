//! Changes that are taken back with the jobs that they have stopped: by themselves where they fail, or by `abort`.

use nutkin_testkit::{Finished, side_by_side};

use crate::scenario_moving::{CHANGE, World, flink};

const ABORT: &[&str] = &["abort", "a", "--yes"];

impl World {
    /// A session with a job that does not run once the session has changed.
    fn with_fault() -> Self {
        let world = Self::with_job(flink());
        world.flink.with(|flink| flink.work.fails = Some(flink.work.before + 1));
        world
    }

    /// The session is what it was, and its job runs in it from the one savepoint.
    #[track_caller]
    fn is_back(&self, run: &Finished) {
        let (jobs, savepoints) = self.jobs();
        let all = run.all();
        assert_eq!(savepoints, 1, "{all}");
        let alive: Vec<_> = jobs.values().filter(|job| job.state == "RUNNING").collect();
        assert_eq!(alive.len(), 1, "{all}");
        assert_eq!(alive[0].from.as_deref(), Some("file:/savepoints/savepoint-1"), "{all}");
        assert_eq!(alive[0].arguments, serde_json::json!(["--n", "7"]));
        assert!(!self.is_moving(), "{all}");
        assert_eq!(self.ledger()["wanted"].get("options"), None, "{all}");
        // Nothing of it is another one than the ledger wants.
        self.place.run(&["plan", "a", "--detailed-exitcode"]).expect(0);
    }
}

#[test]
fn a_change_in_which_a_job_does_not_run_is_taken_back() {
    let world = World::with_fault();
    let run = world.place.run(CHANGE);
    run.expect(1)
        .says("is FAILED")
        .says("session `a` goes back to what it was")
        .says("session `a` is as it was before the change");
    world.is_back(&run);
    // The control: where it runs it is moved.
    let world = World::with_job(flink());
    world.is_moved(&world.place.run(CHANGE));
}

#[test]
fn a_change_that_fails_is_left_where_that_is_wanted_and_then_taken_back() {
    let world = World::with_fault();
    let run = world.place.run(&[CHANGE, &["--no-rollback"]].concat());
    run.expect(1).says("is FAILED").says("`nutkin abort a` takes the change back");
    assert!(world.is_moving(), "{}", run.all());
    // Whoever looks is told, and whoever wants something else, too.
    let line = "`nutkin up a --yes -D env.java.opts.all=-Dx=y --no-rollback` of ";
    world.place.run(&["status", "a"]).expect(0).prints(line);
    world.place.run(&["plan", "a"]).expect(0).prints(line);
    world.place.run(&["jobs", "a"]).expect(0).says(line);
    let status = world.place.run(&["status", "a", "-o", "json"]).json();
    assert_eq!(status["underWay"]["change"], "up", "{status}");
    let plan = world.place.run(&["plan", "a", "-o", "json"]).json();
    assert_eq!((&plan["underWay"]["change"], &plan["changes"]), (&"up".into(), &true.into()));
    let other = ["up", "a", "--yes", "--force", "-D", "env.java.opts.all=-Dx=z"];
    let refused = [&other[..], &["scale", "a", "--task-managers", "2"], &["restart", "a", "--yes"]];
    for args in refused {
        world.place.run(args).expect(1).says(line).says("`nutkin abort a` takes the change back");
    }
    world.place.run(&["abort", "a"]).expect(6).says(line);
    let run = world.place.run(&[ABORT, &["-o", "json"]].concat());
    run.expect(0);
    assert_eq!(run.json()["jobs"].as_array().map(Vec::len), Some(1));
    world.is_back(&run);
    // The control: nothing is under way any more.
    world.place.run(ABORT).expect(0).says("no change of session `a` is under way");
    world.place.run(&["up", "a"]).expect(0).says("session `a` is unchanged");
}

#[test]
fn the_same_command_continues_a_change_that_was_left() {
    let world = World::with_fault();
    let left = world.place.run(&[CHANGE, &["--no-rollback"]].concat());
    left.expect(1);
    // What kept it from running is fixed.
    world.flink.with(|flink| flink.work.fails = None);
    let run = world.place.run(CHANGE);
    run.expect(0).says("runs again as");
    assert!(!world.is_moving(), "{}", run.all());
    let states: Vec<_> = world.jobs().0.values().map(|job| job.state).collect();
    assert_eq!(states, ["FAILED", "RUNNING"], "{}", run.all());
}

#[test]
fn a_change_is_taken_back_whatever_is_cut() {
    let world = World::with_fault();
    let whole = world.again();
    let run = whole.place.run(CHANGE);
    whole.is_back(&run);
    let counts = whole.changes();
    // Each cut of what the JobManager is asked for, and some of what the daemon is.
    let of_flink = (1..=counts[0]).map(|cut| (true, cut));
    let of_daemon = (1..=counts[1]).step_by(9).map(|cut| (false, cut));
    let cuts = of_flink.chain(of_daemon).map(|(is_flink, cut)| (is_flink, cut, world.again()));
    side_by_side(cuts, |(is_flink, cut, world)| {
        world.cut_off(is_flink, cut);
        // In the session as it was it runs, by whichever JobManager that comes again.
        world.flink.with(|flink| flink.work.fails = None);
        let run = world.place.run(ABORT);
        run.expect(0);
        if world.jobs().1 == 0 {
            // It was cut before anything was stopped.
            assert!(!world.is_moving(), "cut {cut}: {}", run.all());
        } else {
            world.is_back(&run);
        }
    });
}
