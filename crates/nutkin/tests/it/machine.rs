//! Machines that lack something: no Java anywhere, a Java that is none, a disk that is full. Made with mounts that only
//! the command sees (`unshare`), so that it looks where it always looks.

use std::path::Path;
use std::process::{Command, Stdio};

use nutkin_testkit::Finished;

use crate::world::{World, finish};

/// Where Linux distributions keep their Javas.
const JAVAS: &str = "/usr/lib/jvm";

/// `nutkin` after `mounts`, which are lines of shell.
fn command(world: &World, mounts: &str, args: &[&str]) -> Command {
    let inner = world.command(args);
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-ec"]);
    command.arg(format!("{mounts}\nexec \"$@\"")).args(["sh", "/bin/sh"]);
    command.args(inner.get_args()).current_dir(world.path("work")).env_clear();
    for (name, value) in inner.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// An empty disk of this many KiB.
fn disk(at: &Path, size: usize) -> String {
    format!("mount -t tmpfs -o size={size}k none '{0}'\n", at.display())
}

/// `up` of Flink 2.3 where no Java is installed; `PATH` leads to what lies in `bin`.
fn up(world: &World, java_home: Option<&str>) -> Finished {
    let mounts = if Path::new(JAVAS).exists() { disk(Path::new(JAVAS), 4) } else { String::new() };
    // Programs of the shell are taken before `PATH` becomes a place without any.
    let mounts = format!("{mounts}export PATH='{}'", world.path("bin").display());
    let args = ["up", "a", "--no-wait", "--flink", "2.3", "-D", "rest.port=0"];
    let mut command = command(world, &mounts, &args);
    match java_home {
        Some(home) => command.env("JAVA_HOME", world.path(home)),
        None => command.env_remove("JAVA_HOME"),
    };
    finish(command.spawn().unwrap())
}

#[track_caller]
fn check(prepare: impl Fn(&World), java_home: Option<&str>, says: &[&str]) {
    let world = World::new();
    world.file("bin/none", "");
    prepare(&world);
    let said = up(&world, java_home);
    for text in says {
        said.expect(1).says(&text.replace("$DIR", world.path("").to_str().unwrap()));
    }
    assert!(!world.session("a").exists());
    assert!(!world.path("cache/nutkin/dist").exists(), "Flink is not fetched for nothing");
}

#[test]
fn no_java_at_all() {
    let install = "hint: install Java 17: `apt install openjdk-17-jdk-headless`";
    check(|_| (), None, &["error: there is no Java on this machine", install]);
    let says = ["there is no Java", "JAVA_HOME names `$DIRgone`, where there is no `bin/java`"];
    check(|_| (), Some("gone"), &says);
}

#[test]
fn a_java_that_is_too_new_or_too_old() {
    for (version, major) in [("1.8.0_392", 8), ("99.0.1", 99)] {
        let refused =
            format!("error: Flink 2.3.0 does not run on Java {major}: it needs 11, 17 or 21");
        let which = format!("hint: Java {major} is `$DIRother`");
        let other = |world: &World| world.java("other", version, "exit 7");
        check(other, Some("other"), &[&refused, &which, "hint: install Java 17"]);
    }
}

#[test]
fn a_java_that_says_nothing() {
    let silent = |world: &World| {
        world.java("silent", "", "exit 0");
        std::fs::remove_file(world.path("silent/release")).unwrap();
        std::os::unix::fs::symlink(world.path("silent/bin/java"), world.path("bin/java")).unwrap();
    };
    let says = "PATH leads to `$DIRsilent`, whose `bin/java` does not say which version it is";
    check(silent, None, &["there is no Java", says]);
}

#[test]
fn a_disk_that_is_full_when_a_session_is_written() {
    let world = World::new();
    std::fs::create_dir(world.path("state")).unwrap();
    // Full at the first file, and at a later one.
    for size in [4, 12] {
        let mounts = disk(&world.path("state"), size);
        let args = ["up", "a", "--no-wait", "-D", "rest.port=0"];
        let said = finish(command(&world, &mounts, &args).spawn().unwrap());
        said.expect(1).says("cannot write ").says("No space left on device");
        said.says("hint: free some space (`df -h`), or set XDG_STATE_HOME to a larger disk");
        assert_eq!(world.living("a"), [], "nothing is started of a session that cannot be written");
    }
}
