//! `cargo xtask demo`: a session, a job on a text, its result, and the end of the session.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use nutkin_flink::FlinkVersion;

use crate::jobs;
use crate::root::{cargo, output, root, run as command, say};

/// Of both lines of Flink that people run, the one that still knows `flink-conf.yaml`.
const VERSION: FlinkVersion = FlinkVersion::new(1, 20, 5);
/// Name of the session.
const SESSION: &str = "demo";
/// Words in the table that is printed: what fits on a screen beside what was said before.
const SHOWN: usize = 12;
/// Columns of the longest bar.
const BAR: u64 = 40;

/// Arguments of `cargo xtask demo`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask demo
  cargo xtask demo --keep")]
pub(crate) struct Args {
    /// Leave the session up and say how to reach it
    #[arg(long)]
    keep: bool,
}

/// The binary with a state directory of its own, so that the demo meets no session of the user.
struct Demo {
    binary: PathBuf,
    directory: PathBuf,
}

/// Runs it.
///
/// # Errors
/// When a step fails. The session is taken down then too, unless it shall stay.
pub(crate) fn run(args: &Args) -> Result<()> {
    say("Building nutkin");
    command(&mut cargo(&["build", "--quiet", "--package", "nutkin"]))?;
    let target = crate::root::target();
    let demo = Demo { binary: target.join("debug/nutkin"), directory: target.join("demo") };
    fs::create_dir_all(&demo.directory)?;
    let done = demo.show();
    if args.keep {
        let (state, binary) = (demo.state(), demo.binary.display());
        match demo.session() {
            Some(text) if text == "running" => {
                say("\nThe session stays up. To reach it and to end it:");
            }
            Some(text) => say(&format!("\nThe session is {text}. To look at it and to end it:")),
            None => {
                say("\nThere is no session that could stay up.");
                return done;
            }
        }
        say(&format!("  export XDG_STATE_HOME={}", state.display()));
        say(&format!("  {binary} status {SESSION}"));
        say(&format!("  {binary} down {SESSION}"));
        return done;
    }
    let down = demo.step(&["down", SESSION, "--yes", "--force"]);
    done.and(down)
}

impl Demo {
    fn show(&self) -> Result<()> {
        let home = output(&mut self.nutkin(&["dist", "install", &VERSION.to_string()]))?;
        let jobs = jobs::compile(VERSION, Path::new(home.trim()), &self.directory.join("jobs"))?;
        let text = root().join("examples/data/squirrel.txt");
        let counts = self.directory.join("counts");
        if counts.exists() {
            fs::remove_dir_all(&counts)?;
        }
        let version = VERSION.to_string();
        self.step(&["up", SESSION, "--flink", &version, "--task-managers", "2"])?;
        let jar = jobs.join("WordCount.jar");
        let words = [&jar, &text, &counts].map(|path| path.to_string_lossy().into_owned());
        let [jar, input, output] = words.each_ref().map(String::as_str);
        self.step(&["run", "--session", SESSION, jar, "--input", input, "--output", output])?;
        self.step(&["status", SESSION])?;
        let counts = read(&counts)?;
        ensure!(!counts.is_empty(), "the job wrote no counts below {output}");
        let _ = std::io::stdout().write_all(table(&counts).as_bytes());
        Ok(())
    }

    fn state(&self) -> PathBuf {
        self.directory.join("state")
    }

    /// The state of the session as `nutkin status` says it; `None` where there is none.
    fn session(&self) -> Option<String> {
        let status = self.nutkin(&["status", SESSION, "-o", "json"]).output().ok()?;
        let document: serde_json::Value = serde_json::from_slice(&status.stdout).ok()?;
        Some(document["state"].as_str()?.to_owned())
    }

    fn nutkin(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(args).current_dir(root()).env("XDG_STATE_HOME", self.state());
        command
    }

    /// Says the command as the user would type it, and runs it.
    fn step(&self, args: &[&str]) -> Result<()> {
        let top = format!("{}/", root().display());
        let words = args.iter().map(|word| word.replace(&top, "")).collect::<Vec<_>>();
        say(&format!("\n$ nutkin {}", words.join(" ")));
        command(&mut self.nutkin(args))
    }
}

/// Reads lines `word count` of a file, or of the files of a directory that are not hidden: hidden ones
/// are not committed.
fn read(path: &Path) -> Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    let files = if path.is_dir() {
        let mut files = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with('.') {
                files.push(entry.path());
            }
        }
        files
    } else {
        vec![path.to_owned()]
    };
    for file in files {
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        for line in text.lines() {
            let (word, count) = line.split_once(' ').context("a line is `word count`")?;
            counts.insert(word.to_owned(), count.parse()?);
        }
    }
    Ok(counts)
}

fn table(counts: &BTreeMap<String, u64>) -> String {
    use std::fmt::Write as _;
    let mut words: Vec<_> = counts.iter().collect();
    words.sort_by_key(|(word, count)| (std::cmp::Reverse(**count), (*word).clone()));
    let most = words.first().map_or(1, |(_, count)| **count).max(1);
    let sum: u64 = counts.values().sum();
    let mut text =
        format!("\n{sum} words, {} different ones. The most frequent:\n\n", counts.len());
    for (word, count) in words.into_iter().take(SHOWN) {
        let bar = usize::try_from((count * BAR).div_ceil(most)).unwrap_or_default();
        let _ = writeln!(text, "  {word:<12}{count:>4}  {}", "\u{2588}".repeat(bar));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_words_first_and_bars_in_proportion() {
        let counts = [("an", 1), ("oak", 2), ("the", 4)];
        let counts = counts.into_iter().map(|(word, count)| (word.to_owned(), count)).collect();
        let bar = |columns| "\u{2588}".repeat(columns);
        let expected = format!(
            "\n7 words, 3 different ones. The most frequent:\n\n  \
             the            4  {}\n  oak            2  {}\n  an             1  {}\n",
            bar(40),
            bar(20),
            bar(10)
        );
        assert_eq!(table(&counts), expected);
    }
}
