//! Commands that only think, as whole processes, beside the JVM that Flink's scripts run for the same answer.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::Bench;
use super::figures::Unit;
use super::flink::{Component, VERSION, render};
use super::measure::{Run, floor, interleaved};
use super::page::{Row, Section};

/// Wall time that a command may take, in milliseconds: less than anybody sees.
const TIME: f64 = 10.0;
/// MiB that it may take.
const MEMORY: u32 = 20;

/// Measures them.
///
/// # Errors
/// When one fails.
pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let flink = bench.flink()?;
    let site = Site::new(bench)?;
    let Site { conf, java, .. } = &site;
    // Fails here, once, when it cannot be put together.
    flink.calculator(java, Component::TaskManager, conf)?;
    let runs = interleaved(
        bench.runs(21),
        [&|| site.render(bench), &|| site.explain(bench), &|| {
            flink
                .calculator(java, Component::TaskManager, conf)
                .unwrap_or_else(|_| Command::new("false"))
        }],
    )?;
    let [render, explain, calculator] = &runs;
    let time = |runs: &[Run]| -> Vec<f64> {
        runs.iter().map(|run| Unit::Milliseconds.of(run.wall)).collect()
    };
    let peak = |runs: &[Run]| -> Vec<f64> { runs.iter().map(|run| run.peak as f64).collect() };
    let (ms, bytes, limit) = (Unit::Milliseconds, Unit::Bytes, Unit::mebibytes(MEMORY));
    let timed = |what: &str, ours: &[Run]| {
        Row::beside(what, ms, &time(ours), &time(calculator)).at_most(ms, &time(ours), TIME)
    };
    let weighed = |what: &str, ours: &[Run]| {
        Row::beside(what, bytes, &peak(ours), &peak(calculator)).at_most(bytes, &peak(ours), limit)
    };
    let cpu = |runs: &[Run]| -> Vec<f64> { runs.iter().map(|run| ms.of(run.cpu)).collect() };
    let worked = |what: &str, ours: &[Run]| Row::beside(what, ms, &cpu(ours), &cpu(calculator));
    let rows = vec![
        timed("`nutkin explain memory`, time", explain),
        worked("`nutkin explain memory`, processor time", explain),
        weighed("`nutkin explain memory`, peak memory", explain),
        timed("`nutkin render --on local`, time", render),
        worked("`nutkin render --on local`, processor time", render),
        weighed("`nutkin render --on local`, peak memory", render),
    ];
    let floor = floor().map(|floor| bytes.text(floor as f64)).unwrap_or_default();
    let intro = format!(
        "Whole processes, from their start until they are reaped. Beside them: one JVM of Flink's own calculator \
         (`BashJavaUtils GET_TM_RESOURCE_PARAMS`), as `taskmanager.sh` of Flink {VERSION} runs it; it answers what \
         `explain memory` does, on the same configuration, and a part of what `render` does. Peak memory is what the \
         kernel noted; below {floor}, the size of the measuring program, it cannot tell. Median of {} runs.",
        calculator.len()
    );
    Ok(Section { title: "Commands", intro, rows })
}

/// What the commands read.
pub(crate) struct Site {
    cache: PathBuf,
    state: PathBuf,
    /// The configuration that a session would have, for Nutkin and Flink to read.
    conf: PathBuf,
    /// The program of its JVMs.
    java: String,
    /// The options of both commands.
    options: [String; 2],
}

impl Site {
    /// Writes it.
    ///
    /// # Errors
    /// When `render` fails.
    pub(crate) fn new(bench: &Bench) -> Result<Self> {
        let cache = bench.flink()?.cache.clone();
        let state = bench.fresh("commands")?;
        let options = ["--flink".to_owned(), VERSION.to_string()];
        let conf = state.join("conf");
        fs::create_dir_all(&conf)?;
        let rendered = render(bench, &cache, &state, &options)?;
        for (path, text) in rendered["files"].as_object().into_iter().flatten() {
            if let Some(name) = path.strip_prefix("conf/") {
                fs::write(conf.join(name), text.as_str().context("files are texts")?)?;
            }
        }
        let java = rendered["processes"][0]["program"].as_str().context("a program")?.to_owned();
        Ok(Self { cache, state, conf, java, options })
    }

    /// `nutkin render --on local`.
    pub(crate) fn render(&self, bench: &Bench) -> Command {
        let mut command = bench.nutkin(&self.cache, &self.state);
        command.args(["render", "--on", "local"]).args(&self.options);
        command
    }

    /// `nutkin explain memory` of a TaskManager.
    pub(crate) fn explain(&self, bench: &Bench) -> Command {
        let mut command = bench.nutkin(&self.cache, &self.state);
        command.args(["explain", "memory", "--component", "taskmanager"]).args(&self.options);
        command.arg("--conf-dir").arg(&self.conf);
        command
    }
}
