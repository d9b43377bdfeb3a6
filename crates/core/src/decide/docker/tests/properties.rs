//! What holds of every decision: carried out, there is nothing left; cut anywhere, the next one completes it.

use proptest::prelude::*;

use super::daemon::Daemon;
use super::{HA, session};
use crate::Remedy;
use crate::decide::docker::{Mine, decide};
use crate::decide::{Ending, Goal};
use crate::session::Session;

/// Each case plans several sessions: more would take the quick suite many seconds.
const CASES: u32 = 64;

/// Sessions that differ in everything that a change can be about.
fn any_session() -> impl Strategy<Value = Session> {
    let replicas = 0..4_u32;
    let options = (any::<bool>(), any::<bool>(), any::<bool>());
    let images = prop_oneof![Just(None), Just(Some("flink:1.20.5")), Just(Some("mine/flink:1"))];
    let policy = prop_oneof![Just("IfNotPresent"), Just("Always")];
    (replicas, options, images, policy).prop_map(|(replicas, (ha, web, memory), image, policy)| {
        let mut all = Vec::new();
        if ha {
            all.push(HA);
        }
        if web {
            all.push(("web.refresh-interval", "1000"));
        }
        if memory {
            all.push(("taskmanager.memory.network.min", "65m"));
        }
        let mut session = session(replicas, &all);
        session.image = image.map(str::to_owned);
        session.image_pull_policy = Some(policy.to_owned());
        session
    })
}

/// A daemon without images that can pull every one, jars that are here or not.
fn any_daemon() -> impl Strategy<Value = Daemon> {
    let jar =
        prop_oneof![Just(None), Just(Some("fetched".to_owned())), Just(Some("other".to_owned()))];
    (any::<bool>(), proptest::option::of(jar)).prop_map(|(has_image, jar)| {
        let mut daemon = Daemon::new();
        if !has_image {
            daemon.images.clear();
        }
        if let Some(jar) = jar {
            daemon.extras.insert("lib/udf.jar".to_owned(), jar);
        }
        daemon
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn carried_out_there_is_nothing_left(mut daemon in any_daemon(), sessions in prop::collection::vec(any_session(), 1..4)) {
        for session in &sessions {
            daemon.bring(session);
            let wanted = Goal::Session(session);
            let again = decide(wanted, &daemon.seen(wanted, &Mine::default())).expect("a decision");
            prop_assert_eq!(&again.steps, &Vec::new());
            prop_assert!(again.is_done(), "{:?}", again.lines(Remedy::plain));
        }
        let gone = Goal::Gone(Ending { delete_data: true, ..Ending::default() });
        daemon.carry_out(gone, usize::MAX);
        prop_assert_eq!(decide(gone, &daemon.seen(gone, &Mine::default())).expect("a decision").steps, Vec::new());
    }

    #[test]
    fn a_cut_after_any_step_comes_to_the_same(
        mut daemon in any_daemon(),
        before in any_session(),
        after in any_session(),
        stopped in any::<bool>(),
        cut in 0..12_usize,
    ) {
        daemon.bring(&before);
        if stopped {
            daemon.stop("taskmanager-1");
        }
        let mut uncut = daemon.clone();
        uncut.bring(&after);
        daemon.carry_out(Goal::Session(&after), cut);
        daemon.bring(&after);
        prop_assert_eq!(daemon.shape(), uncut.shape());
    }

    #[test]
    fn an_end_that_was_cut_is_completed(before in any_session(), cut in 0..8_usize, delete_data in any::<bool>()) {
        let mut daemon = Daemon::new();
        daemon.bring(&before);
        let gone = Goal::Gone(Ending { delete_data, ..Ending::default() });
        let mut uncut = daemon.clone();
        uncut.carry_out(gone, usize::MAX);
        daemon.carry_out(gone, cut);
        daemon.carry_out(gone, usize::MAX);
        prop_assert_eq!(daemon.shape(), uncut.shape());
    }
}
