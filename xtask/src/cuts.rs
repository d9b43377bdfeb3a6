//! `cargo xtask cuts`: a change that moves jobs, on a real Flink, killed behind each of its writes to the ledger. Whatever a command
//! does it has written down before, so that these are all its steps.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nutkin_flink::FlinkVersion;
use serde_json::Value;

use crate::jobs;
use crate::root::{cargo, output, run as command, say, target};

/// The line with the longest support of 1.x.
const VERSION: FlinkVersion = FlinkVersion::new(1, 20, 5);
/// Name of the session.
const SESSION: &str = "cuts";
/// Between two looks at the ledger: far less than a step takes.
const EVERY: Duration = Duration::from_millis(1);
/// For one command: a restart of a session takes 15 s on a busy machine.
const GIVE_UP: Duration = Duration::from_mins(5);

/// Arguments of `cargo xtask cuts`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask cuts
  cargo xtask cuts --jobs 1 --most 3")]
pub(crate) struct Args {
    /// Jobs that the change moves
    #[arg(long, default_value_t = 3, value_name = "N")]
    jobs: usize,

    /// Only the first cuts
    #[arg(long, value_name = "K")]
    most: Option<u64>,

    /// Cut this binary instead of building one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// What became of a cut.
struct Row {
    cut: u64,
    /// What the ledger said when the command was killed.
    said: String,
    /// How long the same command took once more.
    took: Duration,
}

struct World {
    binary: PathBuf,
    cache: PathBuf,
    directory: PathBuf,
    jobs: usize,
}

/// Runs it, and prints the table.
///
/// # Errors
/// When a cut loses or doubles something, or the same command does not complete the change.
pub(crate) fn run(args: &Args) -> Result<()> {
    let binary = if let Some(binary) = &args.binary {
        binary.canonicalize()?
    } else {
        command(&mut cargo(&["build", "--quiet", "--package", "nutkin"]))?;
        target().join("debug/nutkin")
    };
    let directory = target().join("cuts");
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&directory)?;
    let world = World { binary, cache: crate::test::cache()?, directory, jobs: args.jobs };
    let done = world.cut_all(args.most.unwrap_or(u64::MAX));
    // Whatever has failed, nothing stays.
    let _ = world.nutkin(&["down", SESSION, "--yes", "--force", "--quiet"]).output();
    let rows = done?;
    let mut table =
        "| cut behind write | the ledger said | the same command took |\n|---:|---|---:|\n"
            .to_owned();
    for Row { cut, said, took } in &rows {
        let _ = writeln!(table, "| {cut} | {said} | {:.1} s |", took.as_secs_f64());
    }
    say(&table);
    say(&format!("{} cuts, {} jobs: nothing was lost or done twice", rows.len(), args.jobs));
    Ok(())
}

impl World {
    fn nutkin(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(words)
            .current_dir(&self.directory)
            .env("XDG_STATE_HOME", self.directory.join("state"))
            .env("XDG_CACHE_HOME", &self.cache);
        for name in ["FLINK_HOME", "NUTKIN_SESSION", "NUTKIN_PLATFORM"] {
            command.env_remove(name);
        }
        command
    }

    fn cut_all(&self, most: u64) -> Result<Vec<Row>> {
        let home = output(&mut self.nutkin(&["dist", "install", &VERSION.to_string()]))?;
        let jars = jobs::compile(VERSION, Path::new(home.trim()), &self.directory.join("jobs"))?;
        let jar = jars.join("ExactlyOnce.jar").display().to_string();
        output(&mut self.change(0))?;
        for job in 0..self.jobs {
            let written = self.output(job).display().to_string();
            let words = ["run", "-d", "--session", SESSION, "--quiet", &jar, "--output", &written];
            let rate = ["--total", "1000000", "--rate", "200", "--interval", "500"];
            output(&mut self.nutkin(&[&words[..], &rate].concat()))?;
        }
        let mut rows = Vec::new();
        for cut in 1..=most {
            let Some(said) = self.cut(cut)? else {
                say("the command ended before that many writes: these were all");
                break;
            };
            let started = Instant::now();
            output(&mut self.change(cut)).with_context(|| format!("after cut {cut}: {said}"))?;
            let took = started.elapsed();
            self.check(cut)?;
            say(&format!("cut {cut}: {said}; then {:.1} s", took.as_secs_f64()));
            rows.push(Row { cut, said, took });
        }
        output(&mut self.nutkin(&["down", SESSION, "--yes", "--quiet", "--jobs", "savepoint"]))?;
        for job in 0..self.jobs {
            let lines = committed(&self.output(job))?;
            let faults = faults(&lines);
            ensure!(faults.is_empty(), "output of job {job}: {}", faults.join("; "));
            ensure!(!lines.is_empty(), "job {job} has written nothing");
        }
        Ok(rows)
    }

    fn output(&self, job: usize) -> PathBuf {
        self.directory.join(format!("output-{job}"))
    }

    /// The change with this number: each is another one than the one before.
    fn change(&self, number: u64) -> Command {
        let (slots, option) = (
            format!("taskmanager.numberOfTaskSlots={}", self.jobs),
            format!("env.java.opts.all=-Dcut={number}"),
        );
        let version = VERSION.to_string();
        let words = ["up", SESSION, "--on", "local", "--yes", "--flink", &version];
        self.nutkin(&[&words[..], &["-D", &slots, "-D", &option]].concat())
    }

    /// Kills the change behind its k-th write. What the ledger says then; `None`: it had ended before.
    fn cut(&self, cut: u64) -> Result<Option<String>> {
        let until = version(&self.ledger()?) + cut;
        let mut command = self.change(cut);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let started = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                ensure!(status.success(), "{command:?} ended with {status}");
                return Ok(None);
            }
            if until <= version(&self.ledger()?) {
                child.kill()?;
                child.wait()?;
                return self.ledger().map(|ledger| Some(said(&ledger)));
            }
            ensure!(started.elapsed() < GIVE_UP, "{command:?} does not end");
            std::thread::sleep(EVERY);
        }
    }

    fn ledger(&self) -> Result<Value> {
        let path = self.directory.join(format!("state/nutkin/sessions/{SESSION}/record.json"));
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Every job runs once, and nothing is under way.
    fn check(&self, cut: u64) -> Result<()> {
        let listed = output(&mut self.nutkin(&["jobs", SESSION, "--quiet", "-o", "json"]))?;
        let listed: Value = serde_json::from_str(&listed)?;
        let states: Vec<&Value> =
            listed["items"].as_array().into_iter().flatten().map(|job| &job["state"]).collect();
        let all_run = states.len() == self.jobs && states.iter().all(|state| *state == "RUNNING");
        ensure!(all_run, "after cut {cut} these run: {states:?}");
        ensure!(listed["underWay"].is_null(), "after cut {cut} a change is under way");
        Ok(())
    }
}

fn version(ledger: &Value) -> u64 {
    ledger["version"].as_u64().unwrap_or_default()
}

/// How far the change was, by its ledger.
fn said(ledger: &Value) -> String {
    let jobs = ledger["jobs"].as_object().into_iter().flatten().map(|(_, job)| job);
    let count =
        |is_meant: &dyn Fn(&Value) -> bool| jobs.clone().filter(|job| is_meant(job)).count();
    let (moving, stopping, submitting) = (
        count(&|job| job["moving"] == true),
        count(&|job| job["request"]["kind"] == "stop"),
        count(&|job| job["pending"].is_object()),
    );
    let phase = if ledger["phase"].is_object() { "under way" } else { "not begun, or done" };
    format!("{phase}: {moving} moving, {stopping} being stopped, {submitting} being submitted")
}

/// Lines of all files below a directory that are committed: those that are not hidden.
fn committed(directory: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| format!("{}", directory.display()))? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            continue;
        }
        if path.is_dir() {
            lines.extend(committed(&path)?);
        } else {
            lines.extend(fs::read_to_string(&path)?.lines().map(str::to_owned));
        }
    }
    Ok(lines)
}

/// What is wrong with lines `number key count` of a job that was stopped with a savepoint: numbers from 0 on, and counts of each
/// key from 1 on, each once.
fn faults(lines: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    let (mut numbers, mut counts) = (BTreeSet::new(), BTreeSet::new());
    for line in lines {
        let parts: Vec<u64> = line.split(' ').filter_map(|part| part.parse().ok()).collect();
        let &[number, key, count] = parts.as_slice() else {
            faults.push(format!("not `number key count`: `{line}`"));
            continue;
        };
        if !numbers.insert(number) {
            faults.push(format!("number {number} is there twice"));
        }
        if !counts.insert((key, count)) {
            faults.push(format!("key {key} has counted {count} twice"));
        }
    }
    let missing = (0..).zip(&numbers).find(|(expected, number)| expected != *number);
    faults.extend(missing.map(|(number, _)| format!("number {number} is missing")));
    for (key, count) in &counts {
        if 1 < *count && !counts.contains(&(*key, count - 1)) {
            faults.push(format!("key {key} has never counted {}", count - 1));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[&str], expected: &[&str]) {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(faults(&lines), expected);
    }

    #[test]
    fn what_is_lost_or_done_twice() {
        check(&["1 1 1", "0 0 1", "2 0 2"], &[]);
        check(&["0 0 1", "2 0 2"], &["number 1 is missing"]);
        check(&["0 0 1", "0 0 2"], &["number 0 is there twice"]);
        check(&["0 0 1", "1 0 1"], &["key 0 has counted 1 twice"]);
        check(&["0 0 1", "1 0 3"], &["key 0 has never counted 2"]);
        check(&["x"], &["not `number key count`: `x`"]);
    }
}
