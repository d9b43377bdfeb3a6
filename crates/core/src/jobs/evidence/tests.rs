//! What was seen, by whom and when.

use super::*;

const ID: &str = "0123456789abcdef0123456789abcdef";
/// Starts of three JobManagers, one after the other.
const STARTS: [&str; 3] = ["2026-11-29T11:00:00Z", "2026-11-29T12:30:00Z", "2026-11-29T12:30:20Z"];

fn record() -> JobRecord {
    JobRecord {
        id: Some(ID.to_owned()),
        submitted: Some("2026-11-29T12:00:00Z".to_owned()),
        ..JobRecord::default()
    }
}

fn sighting(state: &str, time: &str, start: Option<&str>) -> Sighting {
    Sighting {
        state: state.to_owned(),
        time: format!("2026-11-29T{time}Z"),
        job_manager: start.map(str::to_owned),
        ..Sighting::default()
    }
}

/// The job was seen, and nothing more is known.
fn looks(state: &str, time: &str, start: Option<&str>) -> Looks {
    Looks {
        sightings: [(ID.to_owned(), sighting(state, time, start))].into(),
        ended: None,
        now: "2026-11-29T12:45:00Z".to_owned(),
    }
}

#[track_caller]
fn check(looks: &Looks, since: Option<&str>, expected: &Evidence<'_>) {
    assert_eq!(looks.of(&record(), ID, since), *expected, "{looks:?}");
}

#[test]
fn alive_counts_for_a_short_time() {
    let [first, second, third] = STARTS;
    for (time, expected) in [
        ("12:29:59", Evidence::Alive),
        ("12:28:00", Evidence::Alive),
        ("12:27:59", Evidence::Nothing),
        // Another clock says that it was after the end.
        ("12:32:00", Evidence::Alive),
        ("12:32:01", Evidence::Nothing),
    ] {
        check(&looks("RUNNING", time, Some(first)), Some(second), &expected);
    }
    // Whoever looked saw the end itself, however long the next one takes.
    let heard = |time: &str, of: &str| Looks {
        ended: Some((of.to_owned(), format!("2026-11-29T{time}Z"))),
        ..looks("RUNNING", "12:10:00", Some(first))
    };
    check(&heard("12:10:05", first), Some(second), &Evidence::Alive);
    // It slept: the laptop was closed, or its looks hung.
    check(&heard("12:30:00", first), Some(second), &Evidence::Nothing);
    // That was the end of another one.
    check(&heard("12:10:05", second), Some(third), &Evidence::Nothing);
    // Nobody tells the start.
    check(&looks("RUNNING", "12:44:00", None), None, &Evidence::Alive);
    check(&looks("RUNNING", "12:42:00", None), None, &Evidence::Nothing);
    // A damaged time is none.
    check(&looks("RUNNING", "99:99:99", Some(first)), Some(second), &Evidence::Nothing);
}

#[test]
fn alive_counts_of_the_job_manager_directly_before() {
    let [first, second, third] = STARTS;
    let seen = looks("RUNNING", "12:29:50", Some(first));
    check(&seen, Some(third), &Evidence::Alive);
    // One was between: it has said something of another job, or its end was seen.
    let mut other = seen.clone();
    other.sightings.insert("b".repeat(32), sighting("RUNNING", "12:30:10", Some(second)));
    check(&other, Some(third), &Evidence::Nothing);
    let ended = Some((second.to_owned(), "2026-11-29T12:30:15Z".to_owned()));
    check(&Looks { ended, ..seen.clone() }, Some(third), &Evidence::Nothing);
    // The one that lives is none between, and an older one neither.
    let mut other = seen;
    other.sightings.insert("b".repeat(32), sighting("RUNNING", "12:30:25", Some(third)));
    other
        .sightings
        .insert("c".repeat(32), sighting("RUNNING", "10:30:25", Some("2026-11-29T10:00:00Z")));
    check(&other, Some(third), &Evidence::Alive);
    // The one that lives had it.
    check(&other, Some(first), &Evidence::Known);
}

#[test]
fn an_end_counts_for_ever_and_for_one_run() {
    let [first, second, _] = STARTS;
    for (state, expected) in [
        ("CANCELED", Evidence::Ended("CANCELED")),
        ("FAILED", Evidence::Ended("FAILED")),
        ("FINISHED", Evidence::Ended("FINISHED")),
        ("CANCELLING", Evidence::Ending("CANCELLING")),
        ("FAILING", Evidence::Ending("FAILING")),
        ("RESTARTING", Evidence::Nothing),
        ("SUSPENDED", Evidence::Nothing),
    ] {
        check(&looks(state, "12:01:00", Some(first)), Some(second), &expected);
        // It was submitted later.
        check(&looks(state, "11:59:59", Some(first)), Some(second), &Evidence::Nothing);
    }
}

#[test]
fn the_later_of_two_looks_counts() {
    let [first, second, _] = STARTS;
    let mut ledger = Ledger::new("s");
    let noted = |state, time| [(ID.to_owned(), sighting(state, time, Some(first)))].into();
    ledger.sightings = noted("CANCELLING", "12:29:59");
    let mine = looks("RUNNING", "12:29:58", Some(first));
    check(&mine.clone().with(&ledger), Some(second), &Evidence::Ending("CANCELLING"));
    ledger.sightings = noted("RUNNING", "12:29:57");
    check(&mine.with(&ledger), Some(second), &Evidence::Alive);
    check(&Looks::default().with(&ledger), Some(second), &Evidence::Alive);
}

#[test]
fn little_is_written() {
    #[track_caller]
    fn check(moving: bool, noted: Option<&str>, now: &str, [soon, due]: [bool; 2]) {
        let one = |state: &str| [(ID.to_owned(), sighting(state, "12:29:59", None))].into();
        let mut ledger = Ledger::new("s");
        ledger.jobs.insert("orders".to_owned(), JobRecord { moving, ..record() });
        ledger.sightings = noted.map(one).unwrap_or_default();
        let seen = one(now);
        let writes =
            [false, true].map(|is_due| !sightings_to_write(&ledger, &seen, is_due).is_empty());
        assert_eq!(writes, [soon, due], "{noted:?} {now}");
        // Nobody asks what becomes of one that has ended.
        ledger.jobs.get_mut("orders").unwrap().ended = Some("CANCELED".to_owned());
        assert!(sightings_to_write(&ledger, &seen, true).is_empty());
    }
    for moving in [true, false] {
        check(moving, None, "RUNNING", [false, true]);
        check(moving, Some("RUNNING"), "RESTARTING", [false, true]);
        check(moving, Some("RUNNING"), "CANCELLING", [true, true]);
        check(moving, Some("CANCELLING"), "CANCELLING", [false, false]);
        check(moving, None, "FAILING", [true, true]);
        // It was submitted again.
        check(moving, Some("FAILED"), "RUNNING", [true, true]);
        // The record has the end, unless the job is somebody's.
        check(moving, Some("CANCELLING"), "CANCELED", [moving, moving]);
    }
}
