//! Images: into a registry and out of it, and as a Dockerfile.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::world::{RECOVERY, World, docker, try_docker, variable};

/// The parts of a small image: a Flink of a few bytes, a Java that is a program that says `true`.
pub(crate) fn parts(world: &World) -> Vec<String> {
    world.nutkin.file("flink/lib/flink-dist-1.20.5.jar", "dist");
    world.nutkin.file("my.jar", "one");
    let java: PathBuf = world.nutkin.file("java/bin/java", "");
    std::fs::copy("/bin/true", &java).expect("a program");
    std::fs::set_permissions(&java, std::fs::Permissions::from_mode(0o755)).expect("permissions");
    let binary = variable("NUTKIN_TEST_STATIC");
    let words =
        ["image", "build", "--java-from", "java", "--flink-from", "flink", "--jar", "my.jar"];
    let more = ["--program", "ls", "--program", "cat", "--binary", &binary];
    words.iter().chain(&more).map(ToString::to_string).collect()
}

#[track_caller]
fn build(world: &World, more: &[&str]) -> serde_json::Value {
    let parts = parts(world);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    world.ok(&[&parts[..], more, &["-o", "json"]].concat()).json()
}

#[test]
fn a_registry_takes_an_image_and_of_the_next_one_only_the_new_jar() {
    let world = World::new("pushed");
    let name = format!("{}/team/flink:1", variable("NUTKIN_TEST_REGISTRY"));
    let first = build(&world, &["--push", "-t", &name]);
    docker(&["pull", &name]);
    let id = docker(&["inspect", "--format", "{{.Id}}", &name]);
    assert_eq!(id.trim(), first["imageId"].as_str().expect("an id"));
    let shown = docker(&[
        "run",
        "--rm",
        "--network",
        "none",
        "--entrypoint",
        "/bin/ls",
        &name,
        "/opt/flink/lib",
    ]);
    assert_eq!(shown.lines().collect::<Vec<_>>(), ["flink-dist-1.20.5.jar", "my.jar"]);

    let parts = parts(&world);
    world.nutkin.file("my.jar", "two");
    let mut again: Vec<&str> = parts.iter().map(String::as_str).collect();
    again.extend(["--push", "-t", &name, "-o", "json"]);
    let second = world.ok(&again).json();
    assert_ne!(second["digest"], first["digest"]);
    // The jar's layer, and the configuration that names it.
    assert_eq!(second["uploadedBlobs"], 2, "{second:#}");

    // And it is a base.
    let based = ["image", "build", "--base", &name, "--flink-from", "base", "--flink", "1.20.5"];
    let more =
        ["--java-from", "java", "--keep-entrypoint", "--dir", "/data:7", "--load", "-t", "based:1"];
    world.ok(&[&based[..], &more].concat());
    let shown =
        ["run", "--rm", "--network", "none", "--entrypoint", "/bin/ls", "based:1", "-nd", "/data"];
    assert!(docker(&shown).contains(" 7 7 "), "{}", docker(&shown));
    docker(&["rmi", "-f", "based:1", &name]);
}

/// Flink is fetched, or found, all the same.
#[test]
fn a_base_with_java_needs_none_of_this_machine() {
    let world = World::new("javaless");
    let java = world.nutkin.file("root/opt/java/openjdk/bin/java", "");
    std::fs::set_permissions(&java, std::fs::Permissions::from_mode(0o755)).expect("permissions");
    world.nutkin.file("flink/lib/flink-dist-1.20.5.jar", "dist");
    for folder in ["opt", "plugins"] {
        std::fs::create_dir(world.nutkin.directory().join("flink").join(folder)).expect("a folder");
    }
    let build = ["image", "build", "--flink", "1.20.5", "--keep-entrypoint", "--layout", "out"];
    let home = world.nutkin.directory().join("flink").display().to_string();
    let based = [&build[..], &["--base", "root"]].concat();
    world.run_without_java(&based, &[("FLINK_HOME", &home)]).expect(0);
    // Without a base it has to come from somewhere.
    let none = world.run_without_java(&build, &[("FLINK_HOME", &home)]);
    none.expect(1).says("no source has Java 17").says("--java-from");
}

#[test]
fn the_dockerfile_builds_the_same() {
    let world = World::new("dockerfile");
    build(&world, &["--load", "-t", "own:1"]);
    let parts = parts(&world);
    let mut words: Vec<&str> = parts.iter().map(String::as_str).collect();
    words.extend(["--print-dockerfile", "--context", "context"]);
    world.ok(&words).prints("FROM scratch");
    let context = world.nutkin.directory().join("context");
    docker(&["build", "-q", "-t", "built:1", context.to_str().expect("a path in UTF-8")]);
    let files = |image: &str| {
        let list = [
            "--entrypoint",
            "/bin/ls",
            image,
            "-lnR",
            "/opt",
            "/etc",
            "/usr",
            "/docker-entrypoint.sh",
        ];
        let shown = docker(&[&["run", "--rm", "--network", "none"][..], &list].concat());
        // Docker's own files in /etc have the time of the container.
        let is_ours = |line: &&str| {
            let name = line.split(" -> ").next().expect("a first part");
            !["hostname", "hosts", "resolv.conf", "mtab"].iter().any(|own| name.ends_with(own))
        };
        shown
            .lines()
            .filter(is_ours)
            .filter(|line| !line.starts_with("total"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(files("own:1"), files("built:1"));
    let config = |image: &str| {
        docker(&[
            "inspect",
            "--format",
            "{{json .Config.Env}} {{.Config.User}} {{.Config.WorkingDir}} {{json .Config.Entrypoint}} {{json .Config.Cmd}}",
            image,
        ])
    };
    assert_eq!(config("own:1"), config("built:1"));
    docker(&["rmi", "-f", "own:1", "built:1"]);
}

/// What Docker makes of `--class-data --print-dockerfile`, beside what we make of the same parts at the same time.
#[test]
fn docker_builds_the_whole_image_with_archives_that_java_takes() {
    let (ours, built, name) = ("nutkin/flink:1.20.5", "built-whole:1", "nutkin-built-whole");
    docker(&["build", "-q", "-t", built, &variable("NUTKIN_TEST_CONTEXT")]);
    let size = |image: &str| -> f64 {
        let size = docker(&["inspect", "--format", "{{.Size}}", image]);
        size.trim().parse().expect("a number")
    };
    let (of_ours, of_built) = (size(ours), size(built));
    assert!((of_ours / of_built - 1.0).abs() < 0.01, "{of_ours} and {of_built} bytes");
    measured("`nutkin image build --class-data --load`", of_ours);
    measured("`--print-dockerfile` of it, built by Docker", of_built);

    let _ = try_docker(&["rm", "-f", name]);
    let _ = try_docker(&["network", "rm", name]);
    docker(&["network", "create", name]);
    let properties = "FLINK_PROPERTIES=jobmanager.memory.process.size: 900m";
    let run = ["run", "-d", "--name", name, "--network", name, "-e", properties];
    docker(&[&run[..], &[built, "jobmanager"]].concat());
    let maps = || {
        String::from_utf8_lossy(&try_docker(&["exec", name, "cat", "/proc/1/maps"]).stdout)
            .into_owned()
    };
    let end = Instant::now() + RECOVERY;
    while !maps().contains("/opt/flink/class-data/jobmanager.jsa") {
        let log = String::from_utf8_lossy(&try_docker(&["logs", name]).stdout).into_owned();
        assert!(Instant::now() < end, "no archive is taken\n{}\n{log}", maps());
        std::thread::sleep(Duration::from_millis(200));
    }
    docker(&["rm", "-f", "-v", name]);
    docker(&["network", "rm", name]);
    docker(&["rmi", "-f", built]);
}

/// A figure of the table that ends the stage.
#[track_caller]
fn measured(image: &str, bytes: f64) {
    let line = format!("{image}\tsize\t{:.0} MB\n", bytes / 1e6);
    let path = variable("NUTKIN_TEST_MEASURED");
    let file = std::fs::File::options().append(true).create(true).open(path);
    let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
    written.expect("the figure is written");
}
