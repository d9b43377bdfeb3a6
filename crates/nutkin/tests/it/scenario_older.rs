//! A lost job whose newest checkpoint cannot be read goes on from an older one, once, and under another id.

use nutkin_testkit::scenario::{Fault, Kubernetes};
use serde_json::json;

use crate::scenario::{Place, standalone};
use crate::scenario_lost::{JOB, LATER, NEWEST, cluster, container, jobs};

/// The checkpoint before the newest one.
const OLDER: &str = "file:/opt/flink/data/checkpoints/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a/chk-9";

/// A cluster whose JobManager was started again in its pod, with checkpoints that cannot be read.
fn lost(unreadable: &[&str]) -> Place<Kubernetes> {
    let place = cluster(&standalone(1), LATER);
    place.server.set(|_| Fault::None);
    place.server.with(|one| {
        one.flink.work.forget();
        one.flink.work.unreadable = unreadable.iter().map(|path| (*path).to_owned()).collect();
    });
    container(&place, "a-0", &json!({"running": {"startedAt": "2098-01-01T00:00:00Z"}}));
    place
}

/// The jobs that have not ended: where each was started from.
fn living(place: &Place<Kubernetes>) -> Vec<Option<String>> {
    let all = place.server.with(|one| one.flink.work.jobs.clone());
    let living = all.into_values().filter(|job| job.state != "CANCELED");
    living.map(|job| job.from).collect()
}

#[test]
fn the_next_older_one_that_can_be_read() {
    let place = lost(&[NEWEST]);
    let run = place.run(&["watch", "a", "--once"]);
    run.expect(0).says("1 job runs again").says("which cannot be read").says("chk-9");
    assert_eq!(living(&place), [Some(OLDER.to_owned())], "{}", run.all());
    let ids: Vec<String> = jobs(&place).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), 2, "the first try was canceled: {ids:?}");
    assert!(ids.contains(&JOB.to_owned()));
    place.run(&["watch", "a", "--once"]).expect(0).says("no lost jobs");
    assert_eq!(living(&place), [Some(OLDER.to_owned())]);
    // The control: all can be read.
    let place = lost(&[]);
    place.run(&["watch", "a", "--once"]).expect(0);
    assert_eq!(jobs(&place), [(JOB.to_owned(), Some(NEWEST.to_owned()))]);
}

#[test]
fn where_none_can_be_read_nothing_loops() {
    let place = lost(&[NEWEST, OLDER]);
    let run = place.run(&["watch", "a", "--once"]);
    run.expect(1).says("no older checkpoint is there");
    assert_eq!(living(&place), Vec::<Option<String>>::new(), "{}", run.all());
    let count = jobs(&place).len();
    place.run(&["watch", "a", "--once"]);
    assert_eq!(jobs(&place).len(), count, "nothing is submitted again");
}
