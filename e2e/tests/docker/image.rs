//! Images: into a registry and out of it, and as a Dockerfile.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::world::{World, docker, variable};

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
            !["hostname", "hosts", "resolv.conf", "mtab"].iter().any(|name| line.ends_with(name))
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
