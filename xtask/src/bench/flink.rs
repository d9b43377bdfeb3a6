//! The Flink that is measured: installed once with class data archives, and once without.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use nutkin_flink::FlinkVersion;
use serde_json::Value;

use super::Bench;
use crate::root::output;

/// The line with the longest support of 1.x, which most people run.
pub(crate) const VERSION: FlinkVersion = FlinkVersion::new(1, 20, 5);

/// A Flink and the two caches that have it.
#[derive(Debug)]
pub(crate) struct Flink {
    /// What Flink's scripts call `FLINK_HOME`.
    pub(crate) home: PathBuf,
    /// `XDG_CACHE_HOME` with class data archives.
    pub(crate) cache: PathBuf,
    /// `XDG_CACHE_HOME` without them.
    pub(crate) plain: PathBuf,
}

impl Flink {
    /// Installs it in the cache of the tests, which outlives `cargo clean`, and links it into one without
    /// archives.
    ///
    /// # Errors
    /// When it cannot be installed.
    pub(crate) fn install(binary: &Path, directory: &Path) -> Result<Self> {
        let cache = crate::test::cache()?;
        let plain = directory.join("plain-cache");
        let version = VERSION.to_string();
        let install = |cache: &Path, more: &[&str]| -> Result<String> {
            let mut command = Command::new(binary);
            command.args(["dist", "install", &version]).args(more).env("XDG_CACHE_HOME", cache);
            Ok(output(&mut command)?.trim().to_owned())
        };
        let home = install(&cache, &[])?;
        install(&plain, &["--no-archives", "--from", &home])?;
        Ok(Self { home: home.into(), cache, plain })
    }

    /// What Flink's start scripts ask for the memory of a process (`runBashJavaUtilsCmd` in `config.sh`):
    /// one JVM with the calculator's own jar and flink-dist.
    ///
    /// # Errors
    /// When the distribution has no flink-dist.
    pub(crate) fn calculator(
        &self,
        java: &str,
        component: Component,
        conf: &Path,
    ) -> Result<Command> {
        self.ask(java, component.question(), conf)
    }

    /// One JVM of Flink's start scripts, with one of the questions that `BashJavaUtils` answers.
    ///
    /// # Errors
    /// When the distribution has no flink-dist.
    pub(crate) fn ask(&self, java: &str, question: &str, conf: &Path) -> Result<Command> {
        let mut jars = std::fs::read_dir(self.home.join("lib"))?.filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.starts_with("flink-dist").then_some(name)
        });
        let dist = jars.next().context("there is no flink-dist")?;
        let home = self.home.display();
        let mut command = Command::new(java);
        command
            .arg("-classpath")
            .arg(format!("{home}/bin/bash-java-utils.jar:{home}/lib/{dist}"))
            .arg("org.apache.flink.runtime.util.bash.BashJavaUtils")
            .arg(question)
            .arg("--configDir")
            .arg(conf);
        Ok(command)
    }
}

/// The two processes with a memory model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Component {
    /// A JobManager.
    JobManager,
    /// A TaskManager.
    TaskManager,
}

impl Component {
    const fn question(self) -> &'static str {
        match self {
            Self::JobManager => "GET_JM_RESOURCE_PARAMS",
            Self::TaskManager => "GET_TM_RESOURCE_PARAMS",
        }
    }
}

/// What `nutkin render` prints of a session.
///
/// # Errors
/// When it fails.
pub(crate) fn render(bench: &Bench, cache: &Path, state: &Path, args: &[String]) -> Result<Value> {
    let mut command = bench.nutkin(cache, state);
    command.args(["render", "-o", "json", "--on", "local"]).args(args);
    Ok(serde_json::from_str(&output(&mut command)?)?)
}
