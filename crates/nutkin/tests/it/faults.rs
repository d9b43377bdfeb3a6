//! What goes wrong around `up`: each fault is named with what to do, and the next `up` is as good as the first.

use std::fs;
use std::process::Child;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use nutkin_testkit::{Finished, side_by_side};

use crate::world::{World, eventually, finish};

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

/// `up` again brings the session, whatever happened before.
#[track_caller]
fn check_converges(world: &World) {
    world.up("a", &[]).expect(0);
    let living = world.until_running("a");
    eventually("one supervisor is left", || world.living("a").len() == 3);
    world.up("a", &[]).expect(0).says("session `a` is unchanged");
    assert_eq!(world.until_running("a").len(), living.len().min(3));
}

#[test]
fn ctrl_c_while_another_command_has_the_session() {
    let world = World::new();
    let held = world.session("a").try_lock().unwrap();
    let said = world.file("said", "");
    let mut command = world.command(&["up", "a", "--no-wait"]);
    command.stderr(fs::File::create(&said).unwrap());
    let child = command.spawn().unwrap();
    let says = |text: &str| fs::read_to_string(&said).unwrap().contains(text);
    eventually("it waits for the lock", || says("another command works on `a`: waiting"));
    interrupt(&child);
    finish(child).expect(130);
    assert!(says("interrupted while session `a` was being changed"));
    drop(held);
    assert_eq!(world.living("a"), []);
    check_converges(&world);
}

#[test]
fn ctrl_c_while_the_session_starts() {
    let world = World::new();
    let child = world.command(&["up", "a", "-D", "rest.port=0"]).spawn().unwrap();
    eventually("the orders are given", || world.session("a").launch().exists());
    let before = world.until_running("a");
    interrupt(&child);
    finish(child)
        .expect(130)
        .says("interrupted; session `a` goes on starting")
        .says("`nutkin down a` ends it");
    assert_eq!(world.living("a"), before, "the message is true");
    check_converges(&world);
}

/// Moments that nobody chose: before the handler, within the decision, around the orders.
#[test]
fn ctrl_c_at_any_moment() {
    side_by_side([0, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96], |millis| {
        let world = World::new();
        let child = world.command(&["up", "a", "-D", "rest.port=0"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        interrupt(&child);
        let said = finish(child);
        match said.code {
            // Before it heard signals, so before it did anything.
            None => assert!(!world.session("a").exists(), "{said:?}"),
            _ => drop(said.expect(130).says("interrupted")),
        }
        check_converges(&world);
        world.run(&["down", "a", "--yes"]).expect(0);
        assert_eq!(world.living("a"), []);
    });
}

/// A Java that cannot do it.
#[track_caller]
fn check_java(prepare: impl Fn(&World), args: &[&str], code: i32, says: &[&str]) {
    let world = World::new();
    prepare(&world);
    let said = world.run(&[&["up", "a", "-D", "rest.port=0"], args].concat());
    for text in says {
        said.expect(code).says(text);
    }
    assert_eq!(world.living("a"), []);
}

#[test]
fn java_is_not_where_the_option_says() {
    let args = ["-D", "env.java.home=/nowhere"];
    check_java(|_| (), &args, 2, &["`env.java.home`: there is no Java in `/nowhere`"]);
}

#[test]
fn a_java_home_that_is_none_is_said() {
    let world = World::new();
    world.java("java", "17.0.1", "exec sleep 600");
    let up = |home: &str| {
        let path = format!("{}:/usr/bin:/bin", world.path("java/bin").display());
        let mut command = world.command(&["plan", "a"]);
        command.env("JAVA_HOME", world.path(home)).env("PATH", path);
        finish(command.spawn().unwrap())
    };
    let said = up("nowhere");
    said.expect(0)
        .says("JAVA_HOME names `")
        .says("where there is no `bin/java`: Nutkin takes Java 17");
    // The control.
    assert!(!up("java").expect(0).stderr.contains("JAVA_HOME"));
}

#[test]
fn java_is_too_old() {
    let old = |world: &World| world.java("java8", "1.8.0_392", "exec sleep 600");
    let args = ["-D", "env.java.home=../java8", "--flink", "2.3"];
    check_java(old, &args, 1, &["Java 8", "install"]);
}

#[test]
fn java_dies_at_once() {
    let dies = |world: &World| world.java("java", "17.0.1", "echo 'no such luck' >&2; exit 3");
    check_java(
        dies,
        &[],
        1,
        &["did not start: ended with exit code 3", "no such luck", "session `a` was ended again"],
    );
}

#[test]
fn a_port_that_is_taken_between_choice_and_use_is_another_one() {
    let world = World::new();
    let script = "case \"$*\" in *StandaloneSession*) if [ ! -e ../failed ] && [ ! -e \"$HOME/failed\" ]; then touch \"$HOME/failed\"; \
         echo 'Caused by: java.net.BindException: Could not start rest endpoint on any port in port range 8081'; exit 1; fi;; \
         esac; exec sleep 600";
    world.java("java", "17.0.1", script);
    let said = world.run(&["up", "a", "-D", "rest.port=0", "--timeout", "3"]);
    said.expect(4)
        .says("another program has taken a port of session `a`: Nutkin starts it with other ports");
    // It runs, and answers nobody here. The control is `java_dies_at_once`, which is ended.
    world.until_running("a");
}

#[test]
fn an_address_that_this_machine_does_not_have_is_not_a_taken_port() {
    let dies = "echo 'Caused by: java.net.BindException: Could not start rest endpoint on any port in port range 8081'; exit 1";
    // An address of TEST-NET-3 (RFC 5737), which no machine has.
    let elsewhere = "rest.bind-address=203.0.113.9";
    let world = World::new();
    world.java("java", "17.0.1", dies);
    let said = world.run(&["up", "a", "-D", "rest.port=0", "-D", elsewhere]);
    said.expect(1)
        .says("Could not start rest endpoint")
        .says("this machine does not have the address `203.0.113.9` of `rest.bind-address`");
    assert!(!said.stderr.contains("another program"), "{}", said.all());
    assert_eq!(world.living("a"), []);
}

#[test]
fn java_is_no_program() {
    let broken = |world: &World| {
        world.java("java", "17.0.1", "");
        fs::write(world.path("java/bin/java"), "\u{7f}not a program").unwrap();
    };
    check_java(broken, &[], 1, &["java/bin/java` could not be started"]);
}

#[test]
fn a_port_that_another_program_has() {
    let world = World::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    world
        .run(&["up", "a", "--no-wait", "-D", &format!("rest.port={port}")])
        .expect(2)
        .says(&format!("another program listens on port {port}"))
        .says("-D rest.port=N");
    assert!(!world.session("a").exists());
}

/// Damages a file of a session that runs.
#[track_caller]
fn check_damage(
    file: &str,
    damage: impl Fn(&std::path::Path),
    check: impl Fn(&World, &[(String, i32)]),
) {
    let world = World::new();
    world.up("a", &[]).expect(0);
    let before = world.until_running("a");
    damage(&world.session("a").join(file));
    check(&world, &before);
    world.run(&["down", "a", "--yes", "--force"]).expect(0);
    assert_eq!(world.living("a"), []);
    assert!(!world.session("a").path().exists());
    check_converges(&world);
}

fn truncate(path: &std::path::Path) {
    let text = fs::read(path).unwrap();
    fs::write(path, &text[..text.len() / 2]).unwrap();
}

fn remove(path: &std::path::Path) {
    fs::remove_file(path).unwrap();
}

/// Orders that cannot be read: nothing is guessed, and what runs is left to run.
fn orders_are_damaged(world: &World, before: &[(String, i32)]) {
    let said = world.up("a", &[]);
    said.expect(1).says("the state of session `a` is damaged").says("`nutkin down a` ends");
    world.run(&["status", "a"]).expect(0).prints("damaged");
    world.run(&["ls"]).expect(0).prints("damaged");
    world.run(&["scale", "a", "--task-managers", "2"]).expect(1).says("damaged");
    world.run(&["plan", "a"]).expect(1).says("damaged");
    world.run(&["logs", "--session", "a"]).expect(1).says("damaged");
    assert_eq!(world.living("a"), before);
}

#[test]
fn orders_that_were_cut() {
    check_damage("launch.json", truncate, orders_are_damaged);
}

#[test]
fn orders_that_are_no_json() {
    check_damage("launch.json", |path| fs::write(path, "[]").unwrap(), orders_are_damaged);
    check_damage("launch.json", |path| fs::write(path, b"\xff\x00").unwrap(), orders_are_damaged);
}

#[test]
fn orders_that_are_gone() {
    check_damage("launch.json", remove, orders_are_damaged);
}

/// What can be made again is made again, and no process restarts for it.
fn is_mended(world: &World, before: &[(String, i32)]) {
    world.up("a", &[]).expect(0);
    world.until_running("a");
    assert_eq!(world.living("a"), before);
    world.up("a", &[]).expect(0).says("session `a` is unchanged");
}

#[test]
fn reports_that_were_cut_or_are_gone() {
    check_damage("processes.json", truncate, |world, before| {
        let said = world.run(&["status", "a"]);
        for (name, pid) in before.iter().filter(|(name, _)| name != "supervisor") {
            said.expect(0).prints(name).prints(&format!("PID {pid}"));
        }
        is_mended(world, before);
    });
    check_damage("processes.json", remove, is_mended);
}

#[test]
fn configuration_that_is_gone() {
    check_damage("conf/config.yaml", remove, |world, before| {
        is_mended(world, before);
        assert!(world.session("a").join("conf/config.yaml").exists());
    });
}

/// `up` in a place that takes nothing.
#[track_caller]
fn check_disk(said: &Finished, says: &[&str]) {
    for text in says {
        said.expect(1).says(text);
    }
}

#[test]
fn a_full_disk() {
    let world = World::new();
    // Files cannot grow beyond a block: enough for nothing that a session writes.
    let mut command = world.command_after("trap '' XFSZ; ulimit -f 1;", &["up", "a", "--no-wait"]);
    let said = finish(command.spawn().unwrap());
    check_disk(&said, &["cannot write `", "ulimit -f"]);
    assert_eq!(world.living("a"), []);
    check_converges(&world);
}

#[test]
fn a_home_that_cannot_be_written() {
    let world = World::new();
    world.file("plain", "");
    for state in ["plain", "plain/below"] {
        let mut command = world.command(&["up", "a", "--no-wait"]);
        command.env("XDG_STATE_HOME", world.path(state));
        let said = finish(command.spawn().unwrap());
        check_disk(&said, &["plain", "XDG_STATE_HOME"]);
    }
    // A file system of the kernel's, where nobody can make a directory, not even root.
    let mut command = world.command(&["up", "a", "--no-wait"]);
    command.env("XDG_STATE_HOME", "/proc/self");
    check_disk(&finish(command.spawn().unwrap()), &["/proc/self/nutkin", "XDG_STATE_HOME"]);
}
