//! The start of a container up to the JVM, beside the JVMs that the official entrypoint starts before it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::Bench;
use super::figures::Unit;
use super::flink::{Component, VERSION};
use super::measure::{Run, interleaved};
use super::page::{Row, Section};

/// From `exec` of the entrypoint to `exec` of the JVM, in milliseconds.
const TIME: f64 = 10.0;
/// What the image's file has.
const CONFIGURATION: &str = "\
jobmanager:
  rpc: {address: localhost, port: 6123}
  memory: {process: {size: 1600m}}
taskmanager: {numberOfTaskSlots: 1, memory: {process: {size: 1728m}}}
parallelism.default: 1
";

/// Measures it.
///
/// # Errors
/// When something cannot be run.
pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let flink = bench.flink()?;
    let site = Site::new(bench)?;
    let conf = &site.conf;
    flink.calculator("java", Component::JobManager, conf)?;
    let official = |question: &str| {
        let command = flink.ask("java", question, conf);
        command.unwrap_or_else(|_| Command::new("false"))
    };
    let runs = interleaved(
        bench.runs(21),
        [
            &|| site.ours(bench),
            &|| {
                let mut command = official("UPDATE_AND_GET_FLINK_CONFIGURATION");
                command
                    .args(["-Djobmanager.rpc.address=flink-jobmanager", "-Dparallelism.default=4"]);
                command
            },
            &|| official("GET_JM_RESOURCE_PARAMS"),
        ],
    )?;
    let [ours, update, memory] = &runs;
    let both = |figure: fn(&Run) -> f64| -> Vec<f64> {
        update.iter().zip(memory).map(|(update, memory)| figure(update) + figure(memory)).collect()
    };
    let wall = |run: &Run| Unit::Milliseconds.of(run.wall);
    let cpu = |run: &Run| Unit::Milliseconds.of(run.cpu);
    let times: Vec<f64> = ours.iter().map(wall).collect();
    let worked: Vec<f64> = ours.iter().map(cpu).collect();
    let ms = Unit::Milliseconds;
    let rows = vec![
        Row::beside("from `exec` to `exec` of the JVM, time", ms, &times, &both(wall))
            .at_most(ms, &times, TIME),
        Row::beside("processor time", ms, &worked, &both(cpu)),
    ];
    let intro = format!(
        "`nutkin entrypoint jobmanager` with two variables, with a program in place of Java that ends at once, until \
         it is reaped; beside it the two JVMs that `docker-entrypoint.sh` and `jobmanager.sh` of Flink {VERSION} start \
         for the configuration and for the memory (`BashJavaUtils`), without what their shells take. Median of {} \
         runs.",
        ours.len()
    );
    Ok(Section { title: "The entrypoint of a container", intro, rows })
}

/// What an image has.
pub(crate) struct Site {
    directory: PathBuf,
    conf: PathBuf,
    /// `FLINK_HOME`.
    home: PathBuf,
    /// In place of Java a program that ends at once: what is left is the way there.
    java_home: PathBuf,
}

impl Site {
    /// Lays it out.
    ///
    /// # Errors
    /// When a file cannot be written, or Flink cannot be installed.
    pub(crate) fn new(bench: &Bench) -> Result<Self> {
        let home = bench.flink()?.home.clone();
        let directory = bench.fresh("entrypoint")?;
        let conf = directory.join("conf");
        fs::create_dir(&conf)?;
        fs::write(conf.join("config.yaml"), CONFIGURATION)?;
        let java_home = directory.join("java");
        fs::create_dir_all(java_home.join("bin"))?;
        fs::copy("/bin/true", java_home.join("bin/java")).context("`/bin/true` is needed")?;
        fs::write(java_home.join("release"), "JAVA_VERSION=\"17.0.15\"\n")?;
        Ok(Self { directory, conf, home, java_home })
    }

    /// The binary as a container's entrypoint, with two variables.
    pub(crate) fn ours(&self, bench: &Bench) -> Command {
        let mut command = Command::new(&bench.binary);
        command
            .args(["entrypoint", "jobmanager"])
            .env("FLINK_HOME", &self.home)
            .env("FLINK_CONF_DIR", &self.conf)
            .env("FLINK_LOG_DIR", self.directory.join("log"))
            .env("TMPDIR", &self.directory)
            .env("JAVA_HOME", &self.java_home)
            .env("JOB_MANAGER_RPC_ADDRESS", "flink-jobmanager")
            .env("FLINK_PROPERTIES", "parallelism.default: 4");
        command
    }
}
