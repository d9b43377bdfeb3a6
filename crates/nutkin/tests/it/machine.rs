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
    // Nobody answers there: no Java is brought either.
    command.env("NUTKIN_JAVA_ARCHIVE", "http://127.0.0.1:9/java.tar.gz");
    command.env("PIP_INDEX_URL", "http://127.0.0.1:9/simple");
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
    let store = std::fs::read_dir(world.path("cache/nutkin/dist")).into_iter().flatten().flatten();
    let found: Vec<_> = store.map(|entry| entry.file_name()).collect();
    assert_eq!(found, [".lock-java-17"], "Flink is not fetched for nothing");
}

#[test]
fn no_java_at_all() {
    let install = "hint: install Java 17: `apt install openjdk-17-jdk-headless`";
    let says = [
        "error: no source has Java 17; tried http://127.0.0.1:9/java.tar.gz, pypi",
        "hint: download a .tar.gz of Java 17 by other means",
        "a mirror from NUTKIN_JAVA_ARCHIVE",
        "a mirror from PIP_INDEX_URL",
        install,
    ];
    check(|_| (), None, &says);
    let says = ["no source has Java", "JAVA_HOME names `$DIRgone`, where there is no `bin/java`"];
    check(|_| (), Some("gone"), &says);
}

#[test]
fn a_java_that_is_too_new_or_too_old() {
    for (version, major) in [("1.8.0_392", 8), ("99.0.1", 99)] {
        let refused = format!(
            "warning: Flink 2.3.0 does not run on Java {major}: it needs 11, 17 or 21; Java {major} is `$DIRother`"
        );
        let other = |world: &World| world.java("other", version, "exit 7");
        check(other, Some("other"), &[&refused, "hint: install Java 17"]);
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
    check(silent, None, &["no source has Java", says]);
}

/// A Java in an archive: what it says is its version, and then it sleeps as a JVM would run.
fn archive_of_java(world: &World) -> (Vec<u8>, String) {
    let script = "#!/bin/sh\n[ \"$1\" = -version ] && { echo 'openjdk version \"17.0.9\"' >&2; exit; }\nexec sleep 600\n";
    world.file("jdk/bin/java", script);
    world.file("jdk/release", "JAVA_VERSION=\"17.0.9\"\n");
    let java = world.path("jdk/bin/java");
    std::fs::set_permissions(&java, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    tar.append_dir_all("jdk-17", world.path("jdk")).unwrap();
    let archive = tar.into_inner().unwrap().finish().unwrap();
    let sum = nutkin_shell::files::digest::sha256_of(&archive);
    (archive, sum)
}

/// Answers two questions with these bodies, and then nobody.
fn serve(bodies: [Vec<u8>; 2]) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for body in bodies {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
            let head = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = std::io::Write::write_all(&mut stream, &[head.into_bytes(), body].concat());
        }
    });
    port
}

#[test]
fn a_machine_without_java_gets_one_and_the_next_session_has_it() {
    let world = World::new();
    world.file("bin/none", "");
    let (archive, sum) = archive_of_java(&world);
    let port = serve([sum.into_bytes(), archive]);
    let mounts = if Path::new(JAVAS).exists() { disk(Path::new(JAVAS), 4) } else { String::new() };
    let run = |args: &[&str]| {
        let mut command = command(&world, &mounts, args);
        command.env_remove("JAVA_HOME").env("PIP_INDEX_URL", "http://127.0.0.1:9/simple");
        // Programs of the shell, and no Java.
        command.env("PATH", "/usr/sbin:/sbin:/bin");
        command.env(
            "NUTKIN_JAVA_ARCHIVE",
            format!("http://127.0.0.1:{port}/java-{{major}}-{{os}}.tar.gz"),
        );
        finish(command.spawn().unwrap())
    };
    let plan = run(&["plan", "a", "-D", "rest.port=0"]);
    let says = "this machine has no Java that Flink runs on: `up` installs Java 17";
    assert!(plan.expect(0).stdout.contains(says), "{}", plan.stdout);
    assert!(!world.path("cache/nutkin/dist").exists(), "a plan brings nothing");
    let up = run(&["up", "a", "--no-wait", "-D", "rest.port=0"]);
    up.expect(0).says("Java 17 installed from http://127.0.0.1");
    let home = world.path("cache/nutkin/dist/java-17");
    let programs: Vec<_> =
        world.launch("a").processes.into_iter().map(|process| process.program).collect();
    assert_eq!(
        programs,
        [home.join("bin/java").display().to_string(), home.join("bin/java").display().to_string()]
    );
    // Nobody answers any more: it is kept.
    let other = run(&["up", "b", "--no-wait", "-D", "rest.port=0"]);
    assert!(!other.expect(0).stderr.contains("installed from"));
    let list = run(&["dist", "list"]).expect(0).stdout.clone();
    assert!(list.starts_with("Java 17.0.9"), "{list}");
    run(&["dist", "which", "java-17"]).expect(0);
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
