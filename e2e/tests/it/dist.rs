//! Real distributions: installed from the package index, verified, damaged; class data archives used,
//! damaged, and never a reason to fail.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nutkin_e2e::Nutkin;

use crate::session::pid;

/// A distribution is half a gigabyte from the network, and its archives are made with four JVMs.
const INSTALL_LIMIT: Duration = Duration::from_mins(10);

/// The archives of the shared cache, by the name of their file.
fn archive(cache: &Path, version: &str, name: &str) -> PathBuf {
    let folders = fs::read_dir(cache.join("nutkin/class-data")).expect("class data archives");
    let prefix = format!("flink-{version}-");
    folders
        .map(|entry| entry.expect("a folder").path())
        .find(|path| path.file_name().is_some_and(|f| f.to_string_lossy().starts_with(&prefix)))
        .expect("the archives of the release")
        .join(name)
}

#[track_caller]
fn maps(pid: i32, file: &Path) -> bool {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("the process runs");
    maps.contains(file.to_str().expect("a plain path"))
}

#[test]
fn an_installation_from_the_package_index_is_whole_and_damage_is_seen() {
    let nutkin = Nutkin::new();
    let cache = nutkin.directory().join("cache");
    let with_cache = |args: &[&str]| {
        let mut command = nutkin.command(args);
        command.env("XDG_CACHE_HOME", &cache);
        nutkin.start(command).wait(INSTALL_LIMIT)
    };
    let args = ["dist", "install", "1.20.5", "--from", "pypi", "--no-archives", "-o", "json"];
    let installed = with_cache(&args);
    installed.expect(0).says("checksum as the package index says");
    let installed = installed.json();
    assert_eq!(installed["kind"], "Distribution");
    let home = PathBuf::from(installed["home"].as_str().expect("a path"));
    for file in ["lib/flink-dist-1.20.5.jar", "opt", "plugins", "bin/bash-java-utils.jar"] {
        assert!(home.join(file).exists(), "`{file}` is missing");
    }
    with_cache(&["dist", "list", "--verify"]).expect(0).prints("1.20.5");

    let jar = home.join("lib/flink-cep-1.20.5.jar");
    let mut content = fs::read(&jar).expect("the jar");
    content[1000] ^= 1;
    fs::write(&jar, content).expect("the jar can be changed");
    with_cache(&["dist", "list"]).expect(0);
    with_cache(&["dist", "list", "--verify"])
        .expect(1)
        .says("`lib/flink-cep-1.20.5.jar` has another content");
}

/// One test, since both halves need an archive of its own state.
#[test]
fn class_data_archives_are_used_when_sound_and_passed_over_when_not() {
    let nutkin = Nutkin::new();
    // A cache of our own, since it is damaged here; jars are linked, not copied.
    let cache = nutkin.directory().join("cache");
    let run = |args: &[&str]| {
        let mut command = nutkin.command(args);
        command.env("XDG_CACHE_HOME", &cache);
        nutkin.start(command).wait(INSTALL_LIMIT)
    };
    let from = nutkin.setup().cache.join("nutkin/dist/flink-1.20.5");
    let from = from.to_str().expect("a plain path");
    run(&["dist", "install", "1.20.5", "--from", from]).expect(0);
    let files =
        ["jobmanager", "taskmanager"].map(|role| archive(&cache, "1.20.5", &format!("{role}.jsa")));

    run(&["up", "sound", "-D", "rest.port=0"]).expect(0);
    for (process, file) in ["jobmanager", "taskmanager-1"].iter().zip(&files) {
        let pid = pid(&nutkin, "sound", process).expect("it runs");
        assert!(maps(pid, file), "{process} does not use `{}`", file.display());
    }
    run(&["down", "sound"]).expect(0);

    // Flipped bits: the JVM sees them and goes on without. A cut file would end it: it is not given one.
    for (index, file) in files.iter().enumerate() {
        let mut permissions = fs::metadata(file).expect("the archive").permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
        fs::set_permissions(file, permissions).expect("the archive is ours");
        let length = fs::metadata(file).expect("the archive").len();
        if index == 0 {
            let mut content = fs::read(file).expect("the archive");
            let middle = content.len() / 2;
            content[middle..middle + 100_000].fill(0xa5);
            fs::write(file, content).expect("the archive is written");
        } else {
            File::options()
                .write(true)
                .open(file)
                .and_then(|file| file.set_len(length / 2))
                .expect("cut");
        }
    }
    run(&["up", "damaged", "-D", "rest.port=0"]).expect(0);
    let task_manager = pid(&nutkin, "damaged", "taskmanager-1").expect("it runs");
    assert!(!maps(task_manager, &files[1]));
    for process in ["jobmanager", "taskmanager-1"] {
        let out = nutkin.sessions().join(format!("damaged/log/{process}.out"));
        let out = fs::read_to_string(out).expect("what the JVM said");
        assert!(!out.contains("[warning]"), "{out}");
    }
    run(&["down", "damaged"]).expect(0);
}
