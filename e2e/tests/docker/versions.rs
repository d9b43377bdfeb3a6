//! A session on the oldest and on the newest line of Flink, in images of this machine's parts.

use crate::session::count_words;
use crate::world::{World, docker, variable};

#[track_caller]
fn check(session: &'static str, flink: &'static str) {
    let world = World::of(session, flink);
    let binary = variable("NUTKIN_TEST_STATIC");
    let build = ["image", "build", "--flink", flink, "--load", "--binary", &binary];
    world.ok(&[&build[..], &["--program", "cat"]].concat());
    world.up(&["-D", "nutkin.docker.publish=0"]).expect(0);
    assert_eq!(world.status()["flinkVersion"], flink);
    count_words(&world);
    world.ok(&["down", session, "--on", "docker", "--delete-data", "--yes", "--force"]);
    docker(&["rmi", "-f", &format!("nutkin/flink:{flink}")]);
}

#[test]
fn the_oldest_line_counts_words() {
    check("oldest", "1.13.6");
}

#[test]
fn the_newest_line_counts_words() {
    check("newest", "2.3.0");
}
