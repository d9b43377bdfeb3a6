//! Changes of a session on this machine that are killed at each thing they write: whoever wants nothing else then gets what
//! the ledger says, and that is ahead of the orders.

use std::fs;

use nutkin_local::directory::{is_locked, try_flock};

use crate::world::{World, answer, eventually, rest_port};

const OPTION: &str = "taskmanager.numberOfTaskSlots";

/// Kills the change of a session of two slots to three once `is_there` says so, while `held` is locked by another one.
/// `slots`: what the session without a word more has.
#[track_caller]
fn check(held: Option<&str>, is_there: fn(&World, before: &[Vec<u8>; 2]) -> bool, slots: &str) {
    let world = World::new();
    world.up("a", &["-D", &format!("{OPTION}=2")]).expect(0);
    world.until_running("a");
    answer(rest_port(&world.launch("a")), 1, &[]);
    let before = written(&world);
    let lock = held.map(|path| try_flock(&world.session("a").join(path)).unwrap().unwrap());
    let three = format!("{OPTION}=3");
    let change = ["up", "a", "--no-wait", "--force", "-D", "rest.port=0", "-D", &three];
    let mut child = world.command(&change).spawn().unwrap();
    eventually("it has come so far", || is_there(&world, &before));
    child.kill().unwrap();
    child.wait().unwrap();
    drop(lock);
    world.run(&["up", "a", "--no-wait", "--force"]).expect(0);
    assert_eq!(world.launch("a").options[OPTION], slots);
    world.until_running("a");
    world.run(&["up", "a", "--no-wait"]).expect(0).says("session `a` is unchanged");
}

/// The ledger and the orders.
fn written(world: &World) -> [Vec<u8>; 2] {
    let session = world.session("a");
    [session.record(), session.launch()].map(|path| fs::read(path).unwrap())
}

#[test]
fn killed_before_the_ledger_is_written() {
    let is_there = |world: &World, before: &[Vec<u8>; 2]| {
        is_locked(&world.session("a").join("lock")) && written(world) == *before
    };
    check(Some("ledger.lock"), is_there, "2");
}

#[test]
fn killed_between_the_ledger_and_the_orders() {
    let is_there = |world: &World, before: &[Vec<u8>; 2]| {
        let [ledger, orders] = written(world);
        assert_eq!(orders, before[1], "the ledger comes first");
        ledger != before[0]
    };
    check(Some("../.ports.lock"), is_there, "3");
}

#[test]
fn killed_when_the_orders_are_written() {
    check(None, |world, before| written(world)[1] != before[1], "3");
}
