//! `nutkin dist` as a whole process: what it prints, and what happens when it is stopped or starved.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::process::{Pid, Signal, kill_process};

struct World {
    directory: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self, prefix: &str) -> Command {
        let mut command = Command::new("sh");
        let binary = env!("CARGO_BIN_EXE_nutkin");
        command
            .args(["-c", &format!("{prefix} exec {binary} \"$@\""), "sh"])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("XDG_CACHE_HOME", self.path("cache"))
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command("").args(args).output().unwrap()
    }

    fn left(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("cache/nutkin/dist")) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| !name.starts_with(".lock-")).collect()
    }

    /// An archive with a distribution of a megabyte.
    fn archive(&self) -> PathBuf {
        let path = self.path("flink.tgz");
        // Stored, not compressed, so that half of the file is half of the content.
        let file = File::create(&path).unwrap();
        let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::none()));
        let mut header = tar::Header::new_gnu();
        let content = vec![7; 1 << 20];
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        let name = "flink-1.20.5/lib/flink-dist-1.20.5.jar";
        tar.append_data(&mut header, name, content.as_slice()).unwrap();
        tar.into_inner().unwrap().finish().unwrap();
        path
    }

    /// A command that reads half of the archive from a pipe and then waits for the rest.
    fn half_way(&self) -> (Child, File) {
        let archive = fs::read(self.archive()).unwrap();
        let pipe = self.path("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let args = ["dist", "install", "1.20.5", "--no-archives", "--from", "pipe"];
        let child = self.command("").args(args).spawn().unwrap();
        let mut writer = File::options().write(true).open(&pipe).unwrap();
        writer.write_all(&archive[..archive.len() / 2]).unwrap();
        let jar =
            self.path("cache/nutkin/dist/.staging-flink-1.20.5/home/lib/flink-dist-1.20.5.jar");
        eventually("the jar is being written", || jar.is_file());
        (child, writer)
    }
}

#[track_caller]
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "not in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[track_caller]
fn check(output: &Output, code: i32, stderr: &[&str]) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{:?}\n{said}", output.status);
    for part in stderr {
        assert!(said.contains(part), "{part:?} is missing in:\n{said}");
    }
    assert!(!said.contains("panicked"), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn install(world: &World, from: &Path) -> Output {
    let from = from.to_str().unwrap();
    world.run(&["dist", "install", "1.20.5", "--no-archives", "--from", from])
}

#[test]
fn install_list_which_remove() {
    let world = World::new();
    let home = format!("{}\n", world.path("cache/nutkin/dist/flink-1.20.5").display());
    let none = check(&world.run(&["dist", "list"]), 0, &["nothing is installed"]);
    assert_eq!(none, "");
    check(&world.run(&["dist", "which", "1.20"]), 5, &["Flink 1.20.5 is not installed"]);
    let output = install(&world, &world.archive());
    assert_eq!(check(&output, 0, &["installed from", "no published checksum"]), home);
    assert_eq!(check(&world.run(&["dist", "which", "v1_20"]), 0, &[]), home);
    let list = check(&world.run(&["dist", "list", "--verify", "-o", "json"]), 0, &[]);
    let list = nutkin_testkit::schema::read(&list);
    assert_eq!(list["kind"], "DistributionList");
    assert_eq!(list["items"][0]["product"], "flink");
    assert_eq!(list["items"][0]["version"], "1.20.5");
    assert_eq!(list["items"][0]["bytes"], 1 << 20);
    assert_eq!(list["items"][0]["damage"], serde_json::json!([]));
    check(&world.run(&["dist", "remove", "1.20.5"]), 0, &["removed"]);
    assert_eq!(world.left(), Vec::<String>::new());
    check(&world.run(&["dist", "remove", "1.20.5"]), 5, &["not installed"]);
}

#[test]
fn all_of_a_bad_input_is_said() {
    let world = World::new();
    let output = world.run(&["dist", "install", "9.9", "--from", "nowhere"]);
    check(&output, 2, &["2 problems", "`9.9` is not a Flink version", "nowhere`"]);
    assert!(!world.path("cache").exists());
}

#[test]
fn a_limit_of_the_disk_is_said_and_leaves_nothing() {
    let world = World::new();
    let archive = world.archive();
    // In units of 512 bytes or 1 KiB: less than the jar in both.
    let mut command = world.command("trap '' XFSZ; ulimit -f 100;");
    let args = ["dist", "install", "1.20.5", "--no-archives", "--from"];
    let output = command.args(args).arg(&archive).output().unwrap();
    check(&output, 1, &["cannot write `", "flink-dist-1.20.5.jar`", "ulimit -f"]);
    assert_eq!(world.left(), Vec::<String>::new());
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    let world = World::new();
    let archive = world.archive();
    fs::create_dir(world.path("cache")).unwrap();
    // A disk that is smaller than the jar, which only this command sees.
    let script = "mount -t tmpfs -o size=512k none cache; code=0; \"$@\" || code=$?
        ls -A cache/nutkin/dist; exit $code";
    let output = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-ec", script, "sh"])
        .arg(env!("CARGO_BIN_EXE_nutkin"))
        .args(["dist", "install", "1.20.5", "--no-archives", "--from"])
        .arg(&archive)
        .env("XDG_CACHE_HOME", world.path("cache"))
        .current_dir(world.directory.path())
        .output()
        .unwrap();
    let said = ["cannot write `", "No space left on device", "hint: free some space (`df -h`"];
    assert_eq!(check(&output, 1, &said), ".lock-flink-1.20.5\n");
}

#[test]
fn ctrl_c_leaves_nothing_to_be_taken_for_a_distribution() {
    let world = World::new();
    let (child, mut writer) = world.half_way();
    signal(&child, Signal::INT);
    // The reader wakes up, sees that it shall stop, and cleans up.
    std::thread::sleep(Duration::from_millis(200));
    let _ = writer.write_all(&[7; 100]);
    let output = child.wait_with_output().unwrap();
    check(&output, 130, &["interrupted; nothing was installed"]);
    assert_eq!(world.left(), Vec::<String>::new());
}

#[test]
fn a_killed_installation_is_cleaned_up_by_the_next() {
    let world = World::new();
    let (mut child, writer) = world.half_way();
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    drop(writer);
    assert_eq!(world.left(), [".staging-flink-1.20.5"]);
    check(&world.run(&["dist", "which", "1.20.5"]), 5, &[]);
    check(&install(&world, &world.path("flink.tgz")), 0, &[]);
    assert_eq!(world.left(), ["flink-1.20.5"]);
}

#[test]
fn the_second_of_two_waits_and_finds_the_work_done() {
    let world = World::new();
    let (first, mut writer) = world.half_way();
    let archive = world.path("flink.tgz");
    let args = ["dist", "install", "1.20.5", "--no-archives", "--from"];
    let second = world.command("").args(args).arg(&archive).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let content = fs::read(&archive).unwrap();
    writer.write_all(&content[content.len() / 2..]).unwrap();
    drop(writer);
    check(&first.wait_with_output().unwrap(), 0, &["installed from"]);
    let second = second.wait_with_output().unwrap();
    check(&second, 0, &["waiting for another nutkin that installs Flink 1.20.5"]);
    assert!(!String::from_utf8_lossy(&second.stderr).contains("installed from"));
}

#[test]
fn a_cache_that_cannot_be_written() {
    let world = World::new();
    fs::write(world.path("cache"), "a file").unwrap();
    check(&install(&world, &world.archive()), 1, &["cannot make the directory `"]);
}
