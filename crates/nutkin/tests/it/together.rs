//! Commands that work on sessions at the same moment.

use std::collections::BTreeSet;

use nutkin_testkit::Finished;

use crate::world::{World, eventually, finish};

/// Runs all of these at once.
fn at_once(world: &World, commands: &[Vec<&str>]) -> Vec<Finished> {
    let children: Vec<_> =
        commands.iter().map(|args| world.command(args).spawn().unwrap()).collect();
    children.into_iter().map(finish).collect()
}

#[test]
fn the_same_up_several_times_is_one() {
    let world = World::new();
    let up = vec!["up", "a", "--no-wait", "--task-managers", "2"];
    for said in at_once(&world, &vec![up.clone(); 4]) {
        said.expect(0);
    }
    world.until_running("a");
    let names = |world: &World| -> Vec<String> {
        world.living("a").into_iter().map(|(name, _)| name).collect()
    };
    // One that came second waits a moment for the first one's lock before it goes.
    eventually("one supervisor is left", || {
        names(&world) == ["jobmanager", "supervisor", "taskmanager-1", "taskmanager-2"]
    });
    world.run(&up).expect(0).says("session `a` is unchanged");
}

#[test]
fn two_different_ups_are_not_mixed() {
    let world = World::new();
    let up = |slots| vec!["up", "a", "--no-wait", "-D", slots];
    let (one, two) = ("taskmanager.numberOfTaskSlots=3", "taskmanager.numberOfTaskSlots=5");
    let said = at_once(&world, &[up(one), up(two)]);
    let done = said.iter().filter(|said| said.code == Some(0)).count();
    assert!(done >= 1, "{said:#?}");
    for told in said.iter().filter(|said| said.code != Some(0)) {
        // Told after the fact, or asked because the other one was there first.
        let text = "another command changed session `a` in the meantime";
        assert!(told.code == Some(6) || told.stderr.contains(text), "{told:#?}");
    }
    world.until_running("a");
    let launch = world.launch("a");
    let arguments = &launch.processes[0].arguments;
    let slots = &launch.options["taskmanager.numberOfTaskSlots"];
    assert!(["3", "5"].contains(&slots.as_str()), "{arguments:?}");
    let conf = world.session("a").join("conf/config.yaml");
    let conf = std::fs::read_to_string(conf).unwrap();
    assert!(conf.contains(&format!("'taskmanager.numberOfTaskSlots': '{slots}'")), "{conf}");
}

/// None of these asks for a port: each would like the same one.
#[test]
fn sessions_that_start_together_never_share_a_port() {
    let world = World::new();
    let names = ["a", "b", "c", "d", "e", "f"];
    let commands: Vec<_> = names.iter().map(|name| vec!["up", name, "--no-wait"]).collect();
    for said in at_once(&world, &commands) {
        said.expect(0);
    }
    let mut ports = BTreeSet::new();
    for name in names {
        for (what, port) in world.launch(name).ports {
            assert!(ports.insert(port), "`{what}` of `{name}` is {port} again");
        }
    }
}

#[test]
fn an_asked_port_of_another_session_is_named() {
    let world = World::new();
    world.up("a", &[]).expect(0);
    let port = format!("rest.port={}", world.launch("a").ports["rest"]);
    world
        .run(&["up", "b", "--no-wait", "-D", &port])
        .expect(2)
        .says("session `a` has port")
        .says("-D rest.port=N");
    assert!(!world.session("b").path().exists(), "nothing was touched");
}

#[test]
fn up_and_down_together_leave_nothing_astray() {
    let world = World::new();
    for _ in 0..3 {
        world.up("a", &[]).expect(0);
        let up = vec!["up", "a", "--no-wait", "-D", "rest.port=0"];
        let down = vec!["down", "a", "--yes", "--force"];
        at_once(&world, &[down.clone(), up, down.clone()]);
        // Whoever was last: a session that has files can be seen, and one that has none has no processes.
        if !world.session("a").exists() {
            assert_eq!(world.living("a"), []);
        }
        world.run(&down);
        assert_eq!(world.living("a"), []);
        assert!(!world.session("a").exists());
    }
}

#[test]
fn two_scalings_at_once_do_not_overwrite_each_other() {
    let world = World::new();
    world.up("a", &[]).expect(0);
    let before = world.launch("a");
    let scale = |number| vec!["scale", "a", "--yes", "--task-managers", number];
    let said = at_once(&world, &[scale("2"), scale("3")]);
    let done = said.iter().filter(|said| said.code == Some(0)).count();
    let after = world.launch("a");
    assert_eq!(after.generation, before.generation + done as u64, "{said:#?}");
    for told in said.iter().filter(|said| said.code != Some(0)) {
        told.expect(1).says("another command changed session `a` in the meantime");
    }
    world.until_running("a");
}

#[test]
fn an_up_does_not_wait_for_a_session_that_has_ended() {
    let world = World::new();
    let up = world.command(&["up", "a", "-D", "rest.port=0"]).spawn().unwrap();
    world.until_running("a");
    world.run(&["down", "a", "--force"]).expect(0);
    // Otherwise it waits for 120 s.
    let said = finish(up);
    said.expect(1).says("another command changed session `a` in the meantime");
    assert_eq!(world.living("a"), []);
}
