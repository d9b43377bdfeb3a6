//! Commands that are killed while they read or write the ledger on a Docker volume: what they leave is in nobody's way.

use nutkin_testkit::scenario::{Docker, Fault, Flink, Server};
use nutkin_testkit::side_by_side;

use crate::scenario::{LIMIT, Place, once};

const UP: &[&str] = &["up", "a"];
const CHANGE: &[&str] = &["up", "a", "--yes", "--force", "-D", "env.java.opts.all=-Dx=y"];
const DOWN: &[&str] = &["down", "a", "--yes", "--force"];
const DELETE: &[&str] = &["down", "a", "--yes", "--force", "--delete-data"];

fn world() -> (Place<Docker>, Server<Flink>) {
    let flink = Server::start(Flink { slots: 8, task_managers: 4, ..Flink::default() });
    (Place::docker(flink.port()), flink)
}

/// Kills a command at its first request of this kind, which is carried out.
#[track_caller]
fn kill(place: &Place<Docker>, part: &'static str, args: &[&str]) {
    place.server.set(once(part, Fault::Hang).rule());
    let killed = place.start(args);
    assert!(place.server.hangs_within(LIMIT), "never asked: {part}");
    drop(killed);
    place.server.set(|_| Fault::None);
    let helpers = place.server.with(|docker| docker.helpers());
    assert_eq!(helpers.len(), 1, "the control: it had a helper when it was killed");
}

/// Kills a change while the ledger is written, and runs the next command.
#[track_caller]
fn check(part: &'static str, next: &[&str], is_deleted: bool) {
    let (place, _flink) = world();
    place.run(UP).expect(0);
    kill(&place, part, CHANGE);
    place.run(next).expect(0);
    assert_eq!(place.server.with(|docker| docker.helpers()), Vec::<String>::new());
    let is_empty = place.server.with(|docker| docker.titles()).is_empty();
    assert_eq!(is_empty, is_deleted);
}

/// A helper is made, and then the ledger is written through it.
const PARTS: [&str; 2] = ["containers/create?name=nutkin-a-ledger", "PUT /containers/0000"];

#[test]
fn a_change_that_is_killed_while_it_writes_is_not_in_the_way_of_another() {
    let other = &["up", "a", "--yes", "--force", "-D", "env.java.opts.all=-Dx=z"][..];
    let cases = [(PARTS[0], other), (PARTS[1], other), (PARTS[0], CHANGE)];
    side_by_side(cases, |(part, next)| check(part, next, false));
}

#[test]
fn a_change_that_is_killed_while_it_writes_is_not_in_the_way_of_an_end() {
    let cases = PARTS.into_iter().flat_map(|part| [(part, DELETE, true), (part, DOWN, false)]);
    side_by_side(cases, |(part, next, is_deleted)| check(part, next, is_deleted));
}

#[test]
fn a_look_that_is_killed_while_it_reads() {
    let (place, _flink) = world();
    place.run(UP).expect(0);
    place.run(DOWN).expect(0);
    kill(&place, "GET /containers/0000", &["ls"]);
    place.run(DELETE).expect(0);
    assert_eq!(place.server.with(|docker| docker.helpers()), Vec::<String>::new());
    assert_eq!(place.server.with(|docker| docker.titles()), Vec::<String>::new());
}

#[test]
fn a_container_of_somebody_else_on_the_volume_stays() {
    let (place, _flink) = world();
    place.run(UP).expect(0);
    place.server.with(|docker| docker.put_container_on("other", "nutkin-a-data"));
    place.run(DELETE).expect(1).says("volume is in use");
    let titles = place.server.with(|docker| docker.titles());
    assert_eq!(titles, ["container/other", "volume/nutkin-a-data"]);
}
