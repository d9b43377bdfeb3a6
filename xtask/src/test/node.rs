//! The tests that need pods which run: one node for all of them, gone afterwards, and a table of what they measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::docker::static_binary;
use super::tally::Tally;
use super::{cargo_test, report, setup};
use crate::kube::{Binaries, Node, PodPrograms};
use crate::root::{run as command, say, target};
use crate::seeds;

/// Versions of Flink whose images are in the node, as `nutkin/flink:VERSION`.
const IMAGES: [&str; 2] = ["1.20.5", "2.3.0"];

/// What an image of one of the seeds has beside Flink: a client of HDFS, and where the seed mounts its files.
const HADOOP: [&str; 8] = [
    "--jar",
    "mvn:org.apache.hadoop:hadoop-client-api:3.3.6",
    "--jar",
    "mvn:org.apache.hadoop:hadoop-client-runtime:3.3.6",
    "--jar",
    "mvn:commons-logging:commons-logging:1.2",
    "--env",
    "HADOOP_CONF_DIR=/home/vipshop/conf/hadoop",
];

/// Builds images, starts a node with them, runs the tests, and ends the node.
///
/// # Errors
/// When something they need cannot be made, or the node does not start.
pub(crate) fn run() -> Result<Tally> {
    let ready = setup::prepare()?;
    ensure!(ready.failed == 0, "the tests with a node are not set up");
    let binaries = Binaries::ensure_node()?;
    let programs = PodPrograms::ensure()?;
    let binary = static_binary()?;
    let directory = target().join("node-test");
    // One that a killed run left.
    Node::stop(&directory)?;
    let node = Node::start(&binaries, &programs, &directory)?;
    let tally = test(&node, &binaries, &binary, &directory);
    Node::stop(&directory)?;
    tally
}

fn test(node: &Node, binaries: &Binaries, binary: &Path, directory: &Path) -> Result<Tally> {
    let mut archives = Vec::new();
    for version in IMAGES {
        archives.push(bring_image(node, directory, binary, version)?);
    }
    let measured = directory.join("measured");
    let mut tests = setup::tests("node")?;
    if std::env::var_os(seeds::VARIABLE).is_some() {
        let files = directory.join("seeds");
        seeds::write(&files)?;
        bring_hadoop_image(node, directory, binary, &archives[0])?;
        tests.env("NUTKIN_TEST_SEEDS", files);
    } else {
        say(&format!("The tests `seeds` are left out: {} names no directory", seeds::VARIABLE));
        tests.args(["--skip", "seeds::"]);
    }
    for archive in archives {
        fs::remove_file(archive)?;
    }
    setup::with_cluster(&mut tests, &node.kubeconfig(), binaries);
    tests
        .env("NUTKIN_TEST_NODE", node.address())
        .env("NUTKIN_TEST_HOST", node.host())
        .env("NUTKIN_TEST_MEASURED", &measured)
        // Where pods find files of tests: not everything of this machine is theirs to see.
        .env("NUTKIN_TEST_SHARED", directory.join("shared"));
    let tally = cargo_test::run(&mut tests)?;
    say(&report::table(report::NODE, &fs::read_to_string(&measured).unwrap_or_default()));
    Ok(tally)
}

/// Gives the archive that it was brought in.
fn bring_image(node: &Node, directory: &Path, binary: &Path, version: &str) -> Result<PathBuf> {
    let archive = directory.join(format!("flink-{version}.tar"));
    let mut build = Command::new(setup::binary());
    build
        .args(["image", "build", "--flink", version, "-t", &format!("nutkin/flink:{version}")])
        // What tests look around with.
        .args(["--program", "bash", "--program", "ls", "--program", "cat", "--program", "sleep"])
        // What the servers of HDFS call.
        .args(["--program", "chmod", "--program", "df", "--program", "du", "--program", "id"]);
    bring(node, build, binary, &archive)?;
    Ok(archive)
}

/// `nutkin/flink:VERSION-hadoop`, on top of the first image.
fn bring_hadoop_image(node: &Node, directory: &Path, binary: &Path, base: &Path) -> Result<()> {
    let version = IMAGES[0];
    let archive = directory.join("hadoop.tar");
    let mut build = Command::new(setup::binary());
    build
        .args(["image", "build", "--flink", version, "--flink-from", "base"])
        .args(["-t", &format!("nutkin/flink:{version}-hadoop"), "--base"])
        .arg(base)
        .args(HADOOP);
    bring(node, build, binary, &archive)?;
    Ok(fs::remove_file(archive)?)
}

/// Builds an image with a static binary as an archive, and gives it to the node.
fn bring(node: &Node, mut build: Command, binary: &Path, archive: &Path) -> Result<()> {
    build
        .arg("--binary")
        .arg(binary)
        .arg("--archive")
        .arg(archive)
        .env("XDG_CACHE_HOME", setup::cache()?);
    command(&mut build)?;
    node.import(archive)
}
