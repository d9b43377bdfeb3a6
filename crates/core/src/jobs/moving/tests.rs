//! Fates, and what Flink says of stops, as data.

use super::*;

fn job(hindrance: Option<Hindrance>) -> MovableJob {
    MovableJob { id: "0a".to_owned(), name: "a".to_owned(), hindrance }
}

#[test]
fn the_least_harmful_that_is_possible() {
    #[track_caller]
    fn check(effect: Effect, choice: Option<JobsChoice>, movable: bool, expected: Fate) {
        let hindrance = (!movable).then_some(Hindrance::Batch);
        let fates = fates(effect, choice, &[job(hindrance)]);
        assert_eq!(fates[0].fate, expected, "{effect:?} {choice:?} {movable}");
    }
    use JobsChoice::{FailOver, Lose, Move, Wait};
    for choice in [None, Some(Move), Some(FailOver), Some(Lose), Some(Wait)] {
        check(Effect::None, choice, true, Fate::Untouched);
        check(Effect::None, choice, false, Fate::Untouched);
    }
    check(Effect::Loss, None, true, Fate::Moved);
    check(Effect::Loss, None, false, Fate::Lost);
    check(Effect::Loss, Some(Move), true, Fate::Moved);
    check(Effect::Loss, Some(FailOver), true, Fate::Lost);
    check(Effect::Loss, Some(Lose), true, Fate::Lost);
    check(Effect::Loss, Some(Wait), false, Fate::Untouched);
    check(Effect::Restart, None, true, Fate::FailsOver);
    check(Effect::Restart, Some(Move), true, Fate::Moved);
    check(Effect::Restart, Some(Move), false, Fate::FailsOver);
    check(Effect::Restart, Some(Wait), true, Fate::Untouched);
}

#[test]
fn each_hindrance_is_told() {
    let all = [
        Hindrance::NotOurs,
        Hindrance::Batch,
        Hindrance::Several,
        Hindrance::Application("orders".to_owned()),
        Hindrance::NoJar,
        Hindrance::JarGone("/a.jar".to_owned()),
        Hindrance::NoDirectory,
        Hindrance::EndsWithPods("file:/x".to_owned()),
        Hindrance::Unwritable("file:/x".to_owned(), "read-only".to_owned()),
    ];
    for hindrance in all {
        let line = hindrance.line();
        let fates = fates(Effect::Loss, None, &[job(Some(hindrance))]);
        assert_eq!((fates[0].fate, fates[0].why.as_ref()), (Fate::Lost, Some(&line)));
    }
}

#[test]
fn the_savepoint_of_a_job_that_failed_while_it_stopped() {
    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(savepoint_in(text), expected);
    }
    let said = "org.apache.flink.runtime.scheduler.stopwithsavepoint.StopWithSavepointStoppingException: A savepoint has \
                been created at: file:/sp/savepoint-ab12cd-0f, but the corresponding job 0a failed during stopping. The \
                savepoint is consistent, but might have uncommitted transactions. If you want to resume the job, please \
                restart a new job from this savepoint.";
    check(said, Some("file:/sp/savepoint-ab12cd-0f"));
    check("Checkpoint Coordinator is suspending.", None);
    check("A savepoint has been created at: file:/sp", None);
}

#[test]
fn how_a_job_stopped() {
    #[track_caller]
    fn check(suspended: bool, savepoint_of: Option<&str>, expected: &Stop) {
        let savepoint = savepoint_of
            .map(|id| crate::ledger::Snapshot::new("savepoint", None, "file:/sp", None, id));
        let record = JobRecord { suspended, savepoint, ..JobRecord::default() };
        assert_eq!(stopped(&record, "0a"), *expected);
    }
    check(true, Some("0a"), &Stop::At("file:/sp".to_owned()));
    check(false, Some("0a"), &Stop::Ended);
    check(false, None, &Stop::Ended);
    // The savepoint is that of an earlier submission.
    check(true, Some("0b"), &Stop::Lost);
    check(true, None, &Stop::Lost);
}
