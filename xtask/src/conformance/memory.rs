//! Memory: what the calculator of Flink's start scripts answers, and what we answer.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use nutkin_flink::memory::{self, LegacyHeap, MemoryInput};
use nutkin_flink::{Configuration, FlinkVersion};
use serde_json::Value;

use super::memory_cases::{Case, Component};
use crate::java::Flink;
use crate::root::say;

/// Arguments of `cargo xtask conformance memory`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A distribution to compare with; may be given several times
    #[arg(long, value_name = "VERSION=DIRECTORY", required_unless_present = "recording")]
    flink: Vec<Flink>,

    /// Where the cases come from: the same seed makes the same ones
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Number of cases for each version
    #[arg(long, default_value_t = 1000)]
    count: u64,

    /// Answers that Flink gave before, as JSON lines; may be given several times
    #[arg(long, value_name = "FILE")]
    recording: Vec<PathBuf>,

    /// Write Flink's answers to DIRECTORY/VERSION.jsonl, to be read back with --recording
    #[arg(long, value_name = "DIRECTORY")]
    record: Option<PathBuf>,
}

impl Args {
    /// Cases of a seed for one distribution.
    pub(super) fn of(flink: Flink, seed: u64, count: u64) -> Self {
        Self { flink: vec![flink], seed, count, recording: Vec::new(), record: None }
    }
}

/// JVM arguments and dynamic options, or why there are none.
type Answer = Result<(String, BTreeMap<String, String>), String>;

/// Between the fields of a line for the probe: no value of a case has it.
const SEPARATOR: &str = "\u{1f}";

/// Compares, says every difference, and fails if there is one.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let none = differences(args)? == 0;
    Ok(if none { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compares, says every difference, and counts them.
pub(super) fn differences(args: &Args) -> Result<usize> {
    let mut differences = 0;
    for path in &args.recording {
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        let answers = text.lines().map(read).collect::<Result<Vec<_>>>()?;
        differences += compare(&path.display().to_string(), &answers);
    }
    for flink in &args.flink {
        let cases = (0..args.count).map(|index| Case::random(args.seed, index)).collect();
        let answers = ask(flink, cases)?;
        differences += compare(&format!("Flink {}", flink.version), &answers);
        if let Some(directory) = &args.record {
            fs::create_dir_all(directory)?;
            let lines: String = answers.iter().map(|answer| write(answer) + "\n").collect();
            fs::write(directory.join(format!("{}.jsonl", flink.version)), lines)?;
        }
    }
    say(&format!("differences: {differences}"));
    Ok(differences)
}

/// A case, the version that was asked, and what it said.
type Answered = (FlinkVersion, Case, Answer);

fn compare(what: &str, answers: &[Answered]) -> usize {
    let mut differences = 0;
    let mut refused = 0;
    for (version, case, theirs) in answers {
        refused += usize::from(theirs.is_err());
        let ours = ours(*version, case);
        let agrees = match (&ours, theirs) {
            (Ok(ours), Ok(theirs)) => ours == theirs,
            (Err(_), Err(_)) => true,
            _ => false,
        };
        if !agrees {
            differences += 1;
            say(&format!("Flink {version}, {case:?}\n  Flink: {theirs:?}\n  ours:  {ours:?}"));
        }
    }
    say(&format!("{what}: {} cases, {refused} of them refused by Flink", answers.len()));
    differences
}

fn ours(version: FlinkVersion, case: &Case) -> Answer {
    let configuration: Configuration = case.options.clone().into_iter().collect();
    let legacy = LegacyHeap {
        job_manager: case.heaps[0].as_deref(),
        task_manager: case.heaps[1].as_deref(),
        ..LegacyHeap::default()
    };
    let input = MemoryInput { configuration: &configuration, version, legacy };
    let (arguments, options) = match case.component {
        Component::JobManager => {
            let memory = memory::job_manager(&input).map_err(|problem| problem.to_string())?;
            (memory.jvm_args(), memory.dynamic_options())
        }
        Component::TaskManager => {
            let memory = memory::task_manager(&input).map_err(|problem| problem.to_string())?;
            (memory.jvm_args(), memory.dynamic_options())
        }
    };
    Ok((arguments.join(" "), options.into_iter().collect()))
}

fn ask(flink: &Flink, cases: Vec<Case>) -> Result<Vec<Answered>> {
    let directory = tempfile::tempdir()?;
    let configuration = directory.path().join("conf");
    fs::create_dir(&configuration)?;
    let is_yaml = flink.version.line().reads_config_yaml;
    let name = if is_yaml { "config.yaml" } else { "flink-conf.yaml" };
    fs::write(configuration.join(name), "some.key: value\n")?;
    // The class path of the scripts: the calculator has a jar of its own and is not in flink-dist.
    let mut jars = vec![flink.home.join("bin/bash-java-utils.jar")];
    ensure!(jars[0].is_file(), "`{}` is missing", jars[0].display());
    jars.extend(flink.jars()?.into_iter().filter(|jar| {
        let name = jar.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("flink-dist")
    }));
    let mut probe = flink
        .program("MemoryProbe", directory.path())?
        .args(jars)
        // The program sets variables of its own environment, which the JDK keeps closed.
        .env("JDK_JAVA_OPTIONS", "--add-opens=java.base/java.util=ALL-UNNAMED")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = probe.stdin.take().context("a pipe to the probe")?;
    let output = BufReader::new(probe.stdout.take().context("a pipe from the probe")?);
    let directory = configuration.display().to_string();
    let mut lines = output.lines();
    let mut answers = Vec::with_capacity(cases.len());
    for case in cases {
        let command = match case.component {
            Component::JobManager => "GET_JM_RESOURCE_PARAMS",
            Component::TaskManager => "GET_TM_RESOURCE_PARAMS",
        };
        let heap = |heap: &Option<String>| {
            heap.as_ref().map_or_else(|| "-".to_owned(), |heap| format!("={heap}"))
        };
        let mut fields = vec![command.to_owned(), heap(&case.heaps[0]), heap(&case.heaps[1])];
        fields.extend(["--configDir".to_owned(), directory.clone()]);
        for (key, value) in &case.options {
            fields.extend(["-D".to_owned(), format!("{key}={value}")]);
        }
        writeln!(input, "{}", fields.join(SEPARATOR))?;
        let line = lines.next().context("the probe ended early")??;
        let answer = answer(&line).with_context(|| format!("the probe said `{line}`"))?;
        answers.push((flink.version, case, answer));
    }
    drop(input);
    ensure!(probe.wait()?.success(), "the probe failed");
    Ok(answers)
}

fn answer(line: &str) -> Result<Answer> {
    let fields: Vec<&str> = line.split('\t').collect();
    Ok(match fields[..] {
        ["error", message] => Err(message.to_owned()),
        ["ok", arguments, options] => Ok((arguments.trim().to_owned(), dynamic(options))),
        _ => bail!("not an answer"),
    })
}

/// Splits `-D a=b -D c=d`.
fn dynamic(text: &str) -> BTreeMap<String, String> {
    format!(" {}", text.trim())
        .split(" -D ")
        .filter_map(|option| option.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// A line of a recording.
fn read(line: &str) -> Result<Answered> {
    let recorded: Value = serde_json::from_str(line)?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let texts = |value: &Value| -> BTreeMap<String, String> {
        let entries = value.as_object().into_iter().flatten();
        entries.filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect()
    };
    let component = match recorded["process"].as_str() {
        Some("jobmanager") => Component::JobManager,
        Some("taskmanager") => Component::TaskManager,
        other => bail!("`{other:?}` is not a process"),
    };
    let case = Case {
        component,
        heaps: ["FLINK_JM_HEAP", "FLINK_TM_HEAP"].map(|name| text(&recorded["env"][name])),
        options: texts(&recorded["conf"]),
    };
    let version = recorded["flink_version"].as_str().unwrap_or_default().parse()?;
    let answer = match recorded["jvm_args"].as_str() {
        Some(arguments) => Ok((arguments.to_owned(), texts(&recorded["dynamic"]))),
        None => Err(recorded["error"].to_string()),
    };
    Ok((version, case, answer))
}

fn write((version, case, answer): &Answered) -> String {
    let process = match case.component {
        Component::JobManager => "jobmanager",
        Component::TaskManager => "taskmanager",
    };
    let mut env = BTreeMap::new();
    for (name, heap) in ["FLINK_JM_HEAP", "FLINK_TM_HEAP"].iter().zip(&case.heaps) {
        env.extend(heap.as_ref().map(|heap| (name, heap)));
    }
    let mut recorded = serde_json::json!({
        "flink_version": version.to_string(), "process": process, "env": env, "conf": case.options,
    });
    match answer {
        Ok((arguments, options)) => {
            recorded["jvm_args"] = arguments.as_str().into();
            recorded["dynamic"] = serde_json::json!(options);
        }
        Err(message) => recorded["error"] = serde_json::json!([message]),
    }
    recorded.to_string()
}
