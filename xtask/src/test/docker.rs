//! The tests that need a Docker daemon and a registry: one of each for all of them, gone afterwards.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::tally::Tally;
use super::{cargo_test, report, setup};
use crate::docker::Daemon;
use crate::root::{cargo, output, run as command, say, target};

/// The static binary's target: images have no C library that it could rely on.
const TARGET: &str = "x86_64-unknown-linux-musl";

/// Builds the binary that goes into images: static, without what only a debugger reads.
///
/// # Errors
/// It does not compile: the target or its C compiler may be missing.
pub(super) fn static_binary() -> Result<PathBuf> {
    build("dev", "debug")
}

/// The same as it is shipped, for what is measured.
///
/// # Errors
/// It does not compile.
pub(crate) fn static_release() -> Result<PathBuf> {
    build("release", "release")
}

/// Builds with a profile of Cargo's, whose files lie in a folder of that or another name.
fn build(profile: &str, folder: &str) -> Result<PathBuf> {
    let words = ["build", "--quiet", "--package", "nutkin", "--target", TARGET, "--profile"];
    let mut build = cargo(&[&words[..], &[profile]].concat());
    command(build.env("CARGO_PROFILE_DEV_STRIP", "true").env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
    Ok(target().join(TARGET).join(folder).join("nutkin"))
}

/// Starts the daemon, builds the image of this machine's own parts, runs the tests, and ends the daemon.
///
/// # Errors
/// When something they need cannot be made, or the daemon does not start.
pub(crate) fn run() -> Result<Tally> {
    let ready = setup::prepare()?;
    ensure!(ready.failed == 0, "the tests with a Docker daemon are not set up");
    let binary = static_binary()?;
    let directory = target().join("docker-test");
    // One that a killed run left.
    Daemon::stop(&directory)?;
    let daemon = Daemon::start(&directory)?;
    let tally = test(&daemon, &binary, &directory);
    Daemon::stop(&directory)?;
    tally
}

fn test(daemon: &Daemon, binary: &Path, directory: &Path) -> Result<Tally> {
    let [context, measured, archive] =
        ["context", "measured", "image.tar"].map(|name| directory.join(name));
    let mut image = Command::new(setup::binary());
    image
        .args(["image", "build", "--flink", "1.20.5", "--class-data", "--load", "--archive"])
        .arg(&archive)
        // The same for Docker to build, which a test does.
        .args(["--print-dockerfile", "--context"])
        .arg(&context)
        // What people type into a container.
        .args(["--program", "bash", "--program", "ls", "--program", "cat", "--program", "sleep"])
        .arg("--binary")
        .arg(binary)
        .env("XDG_CACHE_HOME", setup::cache()?)
        .env("DOCKER_HOST", daemon.host())
        .stdout(Stdio::null());
    command(&mut image)?;
    let mut tests = setup::tests("docker")?;
    tests
        .env("NUTKIN_TEST_STATIC", binary)
        .env("NUTKIN_TEST_ARCHIVE", &archive)
        .env("NUTKIN_TEST_CONTEXT", &context)
        .env("NUTKIN_TEST_MEASURED", &measured)
        .env("NUTKIN_TEST_COMPOSE_SCHEMA", compose_schema()?)
        .env("NUTKIN_TEST_REGISTRY", daemon.registry())
        .env("NUTKIN_TEST_NAMESPACES", daemon.namespaces()?)
        .env("DOCKER_HOST", daemon.host());
    let tally = cargo_test::run(&mut tests)?;
    let measured = fs::read_to_string(&measured).unwrap_or_default();
    say(&report::table(report::IMAGES, &measured));
    Ok(tally)
}

/// The schema of Compose files, out of the Go module that Compose reads them with. `xtask/compose/go.sum` pins it.
fn compose_schema() -> Result<PathBuf> {
    let module = "github.com/compose-spec/compose-go/v2";
    let mut download = Command::new("go");
    download
        .args(["mod", "download", "-json", module])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("compose"));
    let said =
        output(&mut download).context("Go is needed to fetch the schema of Compose files")?;
    let said: serde_json::Value = serde_json::from_str(&said)?;
    let directory = said["Dir"].as_str().context("`go mod download` names no directory")?;
    Ok(Path::new(directory).join("schema/compose-spec.json"))
}
