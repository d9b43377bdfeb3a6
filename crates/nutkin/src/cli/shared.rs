//! Arguments that several commands share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use nutkin_core::jobs::JobsChoice;
use nutkin_flink::Problem;

use nutkin_shell::{Error, Kind};

pub use super::output::{Output, OutputArgs};

/// A session that was waited for is not ready. `seen` is what was last seen of it.
pub(super) fn not_ready(name: &str, seconds: u64, seen: &str) -> Error {
    let message = format!("session `{name}` is not ready after {seconds} s: {seen}");
    Error::new(Kind::TimedOut, message)
}

/// A hint: how to see what becomes of such a session.
pub(super) fn goes_on(name: &str) -> String {
    format!("it goes on starting: `nutkin status {name}`, `nutkin logs --session {name}`")
}

/// How long a session may take by default until it serves: a cold start takes 10 s, a pulled image a minute.
pub(super) const SESSION_SECONDS: u64 = 120;

/// How long a savepoint may take by default, and again the way to a first checkpoint: large states go to slow storage.
pub(super) const JOBS_SECONDS: u64 = 600;

/// How long the way back from a change may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Until the session serves.
    pub(super) session: Duration,
    /// A savepoint, and again until each job has its first checkpoint.
    pub(super) jobs: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let [session, jobs] = [SESSION_SECONDS, JOBS_SECONDS].map(Duration::from_secs);
        Self { session, jobs }
    }
}

/// Where a session runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Platform {
    /// Processes on this machine.
    Local,
    /// Containers of a Docker daemon.
    Docker,
    /// A Kubernetes cluster.
    Kubernetes,
}

/// What becomes of jobs that run when their session changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Jobs {
    /// Stopped with a savepoint, and resumed from it afterwards.
    Move,
    /// Restarted from their last checkpoint, where the session brings them back.
    FailOver,
    /// Nothing is done for them.
    Lose,
    /// The change waits until they have ended.
    Wait,
}

impl From<Jobs> for JobsChoice {
    fn from(jobs: Jobs) -> Self {
        match jobs {
            Jobs::Move => Self::Move,
            Jobs::FailOver => Self::FailOver,
            Jobs::Lose => Self::Lose,
            Jobs::Wait => Self::Wait,
        }
    }
}

/// What is said about jobs that run when their session changes.
#[derive(Debug, Clone, Args)]
pub struct MoveArgs {
    /// What becomes of jobs that run; by default the least harmful that is possible
    #[arg(long, value_enum, value_name = "WHAT")]
    pub jobs: Option<Jobs>,

    /// The jar of a job that is moved, by its name or id, where it is not kept: JOB=PATH
    #[arg(long, value_name = "JOB=PATH")]
    pub jar: Vec<String>,

    /// How long a job that is moved may take to stop, and again to its first checkpoint
    #[arg(long, default_value_t = JOBS_SECONDS, value_name = "SECONDS")]
    pub move_timeout: u64,

    /// Leave a change that fails as it is; otherwise the session goes back to what it was, with the jobs that were stopped
    #[arg(long)]
    pub no_rollback: bool,

    /// How long the session may take to serve again on the way back; each job has --move-timeout again
    #[arg(long, default_value_t = SESSION_SECONDS, value_name = "SECONDS")]
    pub rollback_timeout: u64,
}

impl Default for MoveArgs {
    fn default() -> Self {
        Self {
            jobs: None,
            jar: Vec::new(),
            move_timeout: JOBS_SECONDS,
            no_rollback: false,
            rollback_timeout: SESSION_SECONDS,
        }
    }
}

impl MoveArgs {
    /// How long the way back may take; `None`: the user does not want it.
    pub(super) fn way_back(&self) -> Option<Limits> {
        let session = Duration::from_secs(self.rollback_timeout);
        let jobs = Duration::from_secs(self.move_timeout);
        (!self.no_rollback).then_some(Limits { session, jobs })
    }

    /// The jars by the job.
    ///
    /// # Errors
    /// Exit 2: one is not `JOB=PATH`.
    pub fn jars(&self) -> Result<BTreeMap<String, PathBuf>, Error> {
        let mut jars = BTreeMap::new();
        let mut problems = Vec::new();
        for text in &self.jar {
            match text.split_once('=').filter(|(job, path)| !job.is_empty() && !path.is_empty()) {
                Some((job, path)) => drop(jars.insert(job.to_owned(), PathBuf::from(path))),
                None => problems.push(
                    Problem::new("--jar", format!("`{text}` names no job"))
                        .hint("write JOB=PATH, with the job's name in the session file or its id"),
                ),
            }
        }
        if problems.is_empty() { Ok(jars) } else { Err(Error::input(problems)) }
    }
}

/// Where to look for a session.
#[derive(Debug, Clone, Default, Args)]
pub struct PlatformArgs {
    /// Where the session runs
    #[arg(long, value_enum, env = "NUTKIN_PLATFORM")]
    pub on: Option<Platform>,

    /// Kubernetes namespace
    #[arg(long, short)]
    pub namespace: Option<String>,

    /// Context of the kubeconfig
    #[arg(long)]
    pub context: Option<String>,
}

/// Which session: the argument, or `--session` as commands have it whose argument is another thing.
#[derive(Debug, Clone, Default, Args)]
pub struct NameArgs {
    /// The session's name
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// The session's name, as commands about jobs take it
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    session: Option<String>,
}

impl NameArgs {
    /// The name, however it was given.
    pub fn get(&self) -> Option<&str> {
        self.name.as_deref().or(self.session.as_deref())
    }
}

/// Which session, for commands about a session as a whole that exists.
#[derive(Debug, Clone, Default, Args)]
pub struct WhichArgs {
    #[command(flatten)]
    name: NameArgs,

    /// A session file that names it
    #[arg(long, short)]
    file: Option<PathBuf>,
}

impl WhichArgs {
    /// The name, however it was given.
    pub fn name(&self) -> Option<&str> {
        self.name.get()
    }

    /// The file.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

/// Which session, for commands about jobs.
#[derive(Debug, Clone, Default, Args)]
pub struct SessionArgs {
    /// The session's name
    #[arg(long)]
    pub session: Option<String>,

    /// A session file that names it
    #[arg(long, short)]
    pub file: Option<PathBuf>,

    /// Any JobManager's REST address instead of a session: http://host:8081
    #[arg(long, value_name = "URL", conflicts_with_all = ["session", "file"])]
    pub address: Option<String>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of arguments, documented at its type")]
    pub platform: PlatformArgs,
}

/// What a session shall be, for `up`, `plan` and `render`.
#[derive(Debug, Clone, Default, Args)]
pub struct SpecArgs {
    /// The session file
    #[arg(long, short)]
    pub file: Option<PathBuf>,

    /// A Flink configuration directory instead of a file, for --on kubernetes [env: FLINK_CONF_DIR]
    #[arg(long, value_name = "DIR", conflicts_with = "file")]
    pub conf_dir: Option<PathBuf>,

    /// Set a Flink option: -D key=value
    #[arg(short = 'D', value_name = "KEY=VALUE")]
    pub options: Vec<String>,

    /// Flink release: 1.20, 1.20.5, v1_20
    #[arg(long, value_name = "VERSION")]
    pub flink: Option<String>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of arguments, documented at its type")]
    pub platform: PlatformArgs,
}

/// Refuses a word that is a format for other commands, where `-o` names a file to write.
///
/// # Errors
/// Exit 2.
pub fn refuse_format(output: &Path) -> Result<(), Error> {
    let is_format = ["json", "yaml"].iter().any(|word| output.as_os_str() == *word);
    if !is_format {
        return Ok(());
    }
    let word = output.display();
    let message = format!("`{word}` is a format, and `-o` names the file that this command writes");
    let hint = format!("`-o -` prints what is written; `-o ./{word}` is a file of that name");
    Err(Error::input(vec![Problem::new("--output", message).hint(hint)]))
}

/// Adds the fields of one JSON object to another.
pub fn extend(document: &mut serde_json::Value, more: serde_json::Value) {
    if let (Some(document), serde_json::Value::Object(more)) = (document.as_object_mut(), more) {
        document.extend(more);
    }
}

/// A document of Nutkin's: `apiVersion`, `kind`, and the fields.
pub fn document(kind: &str, fields: serde_json::Value) -> serde_json::Value {
    let mut document = serde_json::json!({"apiVersion": "nutkin/v1", "kind": kind});
    extend(&mut document, fields);
    document
}
