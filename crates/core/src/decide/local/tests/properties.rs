//! Whatever is there and whatever is wanted: a change ends, needs nothing more, and may be cut off anywhere.

use crate::session::Session;
use proptest::prelude::*;

use super::super::*;
use super::world::{World, session};
use crate::Remedy;
use crate::decide::{Again, Ending};

const OPTIONS: [(&str, &str); 6] = [
    ("taskmanager.numberOfTaskSlots", "4"),
    ("web.refresh-interval", "5000"),
    ("high-availability.type", "zookeeper"),
    ("rest.port", "9000"),
    ("nutkin.libs", "/u.jar"),
    ("nutkin.flink.version", "2.0.0"),
];

fn sessions() -> impl Strategy<Value = Session> {
    (proptest::sample::subsequence(OPTIONS.to_vec(), 0..=OPTIONS.len()), 0..4_u32)
        .prop_map(|(options, task_managers)| session(&options, task_managers))
}

/// What happened to a session behind our back.
fn harmed() -> impl Strategy<Value = [bool; 6]> {
    any::<[bool; 6]>()
}

fn harm(world: &mut World, [a_process, all, supervisor, files, flink, port]: [bool; 6]) {
    if a_process && let Some(name) = world.living.iter().next().cloned() {
        world.living.remove(&name);
    }
    if all {
        world.living.clear();
        if port && let Some(orders) = &world.orders {
            world.programs.extend(orders.ports.get("rpc"));
        }
    }
    if supervisor {
        world.supervisor = false;
    }
    if files {
        world.files.clear();
    }
    if flink {
        world.installed.clear();
        world.fetched = false;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_is_left_to_do(first in sessions(), then in sessions(), happened in harmed()) {
        let mut world = World::new();
        world.drive(Ok(&first), usize::MAX);
        harm(&mut world, happened);
        let run = world.drive(Ok(&then), usize::MAX);
        prop_assert_eq!(run.again, Again::Done);
        let before = world.clone();
        let decision = decide(Goal::Session(&then), &world.observe(Some(&then), None)).unwrap();
        prop_assert_eq!(&decision.steps, &[]);
        prop_assert!(decision.is_done(), "{:?}", decision.lines(Remedy::plain));
        world.drive(Ok(&then), usize::MAX);
        prop_assert_eq!(world, before);
    }

    #[test]
    fn a_cut_is_made_up_for(first in sessions(), then in sessions(), happened in harmed()) {
        let mut world = World::new();
        world.drive(Ok(&first), usize::MAX);
        harm(&mut world, happened);
        let mut uncut = world.clone();
        let run = uncut.drive(Ok(&then), usize::MAX);
        for limit in 0..run.steps.len() {
            let mut cut = world.clone();
            cut.drive(Ok(&then), limit);
            cut.drive(Ok(&then), usize::MAX);
            // A cache: what nothing needs any more is not fetched a second time.
            cut.fetched = uncut.fetched;
            prop_assert_eq!(&cut, &uncut, "cut after {} of {:?}", limit, &run.steps);
        }
    }

    #[test]
    fn the_ledger_is_ahead_of_the_orders(first in sessions(), then in sessions(), happened in harmed()) {
        let mut world = World::new();
        world.drive(Ok(&first), usize::MAX);
        harm(&mut world, happened);
        let mut uncut = world.clone();
        let run = uncut.drive(Ok(&then), usize::MAX);
        for limit in 0..=run.steps.len() {
            let mut cut = world.clone();
            cut.drive(Ok(&then), limit);
            let has_orders = cut.orders != world.orders;
            let noted = cut.ledger.clone().unwrap();
            prop_assert!(!has_orders || noted == then, "cut after {} of {:?}", limit, &run.steps);
            // Nobody says again what was wanted.
            let is_carried_on = noted == then;
            cut.drive(Ok(&noted), usize::MAX);
            cut.fetched = uncut.fetched;
            prop_assert!(!is_carried_on || cut == uncut, "cut after {} of {:?}", limit, &run.steps);
        }
    }

    #[test]
    fn an_end_is_one(first in sessions(), happened in harmed(), keep_logs: bool, delete_data: bool) {
        let ending = Ending { keep_logs, delete_data, ..Ending::default() };
        let mut world = World::new();
        world.drive(Ok(&first), usize::MAX);
        world.data.insert("savepoints".to_owned(), 3);
        harm(&mut world, happened);
        let mut uncut = world.clone();
        let run = uncut.drive(Err(ending), usize::MAX);
        prop_assert!(uncut.living.is_empty() && uncut.orders.is_none() && !uncut.supervisor);
        prop_assert_eq!(uncut.data.is_empty(), delete_data);
        let decision = decide(Goal::Gone(ending), &uncut.observe(None, None)).unwrap();
        prop_assert_eq!(decision.steps, []);
        for limit in 0..run.steps.len() {
            let mut cut = world.clone();
            cut.drive(Err(ending), limit);
            cut.drive(Err(ending), usize::MAX);
            prop_assert_eq!(&cut, &uncut);
        }
    }
}
