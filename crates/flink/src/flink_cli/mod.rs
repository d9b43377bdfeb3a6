//! The `flink` command's own words: which action, with which options. A drop-in must read them as Flink does.
//!
//! Sources: `CliFrontend`, `CliFrontendParser` and commons-cli's `DefaultParser` as flink-clients of 1.13.6, 1.17.2,
//! 1.20.5 and 2.3.0 answered when they were run.

mod class_file;
pub mod jvm;
pub mod kubernetes_session;
mod options;
pub mod program;
pub mod python;
pub mod say;
pub mod target;

use options::{Options, Taken};
use python::Python;

/// What `flink` was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Print help, of one action or of all.
    Help(Option<String>),
    /// Print the version.
    Version,
    /// Do something on a cluster.
    Act {
        /// What.
        action: Action,
        /// `-m host:port`.
        address: Option<String>,
        /// `-t`, or `-e`: `remote`, `kubernetes-session`.
        target: Option<String>,
        /// `-D key=value`, in their order.
        options: Vec<String>,
    },
}

/// What to do on a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `run`.
    Run(Box<ProgramRun>),
    /// `info`: the plan of a program.
    Info(Box<ProgramRun>),
    /// `list`.
    List {
        /// Jobs that run or are about to.
        running: bool,
        /// Jobs that wait to be scheduled.
        scheduled: bool,
        /// All, ended ones too.
        all: bool,
    },
    /// `cancel`.
    Cancel {
        /// The job.
        job: String,
        /// `-s`: with a savepoint, into a directory if one is named.
        savepoint: Option<Option<String>>,
    },
    /// `stop`.
    Stop {
        /// The job.
        job: String,
        /// Where the savepoint goes.
        directory: Option<String>,
        /// Send the final watermark.
        drain: bool,
        /// `CANONICAL` or `NATIVE`.
        format: Option<String>,
        /// Do not wait.
        detached: bool,
    },
    /// `savepoint`.
    Savepoint {
        /// The job.
        job: String,
        /// Where it goes.
        directory: Option<String>,
        /// `CANONICAL` or `NATIVE`.
        format: Option<String>,
        /// Do not wait.
        detached: bool,
    },
    /// `savepoint -d`.
    Dispose {
        /// Path of the savepoint.
        path: String,
    },
    /// `checkpoint`.
    Checkpoint {
        /// The job.
        job: String,
        /// A full one.
        full: bool,
    },
}

/// Where main() of a program runs: an option of ours, `--client`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MainPlace {
    /// In the JobManager where that is the same, otherwise in a JVM here.
    #[default]
    Auto,
    /// In the JobManager, which gets the jar over REST.
    Rest,
    /// In Flink's own client, a JVM on this machine.
    Jvm,
}

/// A program and how to run it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProgramRun {
    /// The jar.
    pub jar: String,
    /// `-c`.
    pub class: Option<String>,
    /// `-p`.
    pub parallelism: Option<u32>,
    /// `-s`.
    pub savepoint: Option<String>,
    /// `-n`.
    pub allow_non_restored_state: bool,
    /// `-cm`, or `-rm` before 1.20: `CLAIM`, `NO_CLAIM` or `LEGACY`.
    pub claim_mode: Option<String>,
    /// `-d`.
    pub detached: bool,
    /// What main() gets.
    pub arguments: Vec<String>,
    /// `--client`.
    pub place: MainPlace,
    /// Options that only Flink's own client has, as they were given: `-C`, `-py`.
    pub client_only: Vec<&'static str>,
    /// A program in Python, in the place of the jar.
    pub python: Option<Python>,
}

/// Reads the words behind `flink`.
///
/// # Errors
/// What Flink prints on standard output before it ends with 1, line breaks included.
pub fn parse(words: &[String]) -> Result<Call, String> {
    let Some((verb, rest)) = words.split_first() else {
        return Err("Please specify an action.\n".to_owned());
    };
    match verb.as_str() {
        "-h" | "--help" => return Ok(Call::Help(None)),
        "-v" | "--version" => return Ok(Call::Version),
        _ => {}
    }
    if !VERBS.contains(&verb.as_str()) {
        return Err(format!(
            "\"{verb}\" is not a valid action.\n\nValid actions are \"run\", \"list\", \"info\", \"savepoint\", \
             \"stop\", or \"cancel\".\n\nSpecify the version option (-v or --version) to print Flink version.\n\n\
             Specify the help option (-h or --help) to get help on the command.\n"
        ));
    }
    act(verb, rest).map_err(|message| {
        format!("{message}\n\nUse the help option (-h or --help) to get help on the command.\n")
    })
}

const VERBS: [&str; 7] = ["run", "info", "list", "cancel", "stop", "savepoint", "checkpoint"];

fn act(verb: &str, words: &[String]) -> Result<Call, String> {
    let taken = Options::of(verb).take(words)?;
    if taken.has("h") {
        return Ok(Call::Help(Some(verb.to_owned())));
    }
    let action = match verb {
        "run" => Action::Run(Box::new(program(&taken)?)),
        "info" => Action::Info(Box::new(program(&taken)?)),
        "list" => {
            Action::List { running: taken.has("r"), scheduled: taken.has("s"), all: taken.has("a") }
        }
        "cancel" => cancel(&taken)?,
        "stop" => stop(&taken)?,
        "savepoint" => savepoint(&taken)?,
        _ => {
            let job = taken
                .words
                .first()
                .ok_or("Missing JobID. Specify a Job ID to manipulate checkpoint.")?;
            Action::Checkpoint { job: id(job)?, full: taken.has("full") }
        }
    };
    let address = taken.value("m").map(str::to_owned);
    let target = taken.value("t").or_else(|| taken.value("e")).map(str::to_owned);
    Ok(Call::Act { action, address, target, options: taken.all("D") })
}

fn program(taken: &Taken) -> Result<ProgramRun, String> {
    let mut words = taken.words.iter().cloned();
    let client_only = options::CLIENT_ONLY.iter().copied().filter(|name| taken.has(name));
    let client_only: Vec<&'static str> = client_only.collect();
    // A Python program has no jar, and all words are its own.
    let is_python = options::PYTHON_PROGRAM.iter().any(|name| taken.has(name));
    let jar = if is_python { None } else { words.next() };
    let jar = if is_python { Some(String::new()) } else { jar };
    let jar = jar.ok_or("Java program should be specified a JAR file.")?;
    let place = match taken.value("client") {
        None | Some("auto") => MainPlace::Auto,
        Some("rest") => MainPlace::Rest,
        Some("jvm") => MainPlace::Jvm,
        Some(other) => return Err(format!("The client is auto, rest or jvm: {other}")),
    };
    let parallelism = match taken.value("p") {
        None => None,
        Some(text) => match text.parse::<u32>() {
            Ok(number) if 0 < number && number <= i32::MAX.unsigned_abs() => Some(number),
            _ => return Err(format!("The parallelism must be a positive number: {text}")),
        },
    };
    let claim_mode = taken.value("cm").or_else(|| taken.value("rm"));
    let claim_mode = claim_mode.map(|mode| mode.to_uppercase().replace('-', "_"));
    let python = is_python.then(|| Python {
        file: taken.value("py").map(str::to_owned),
        executable: python::given(taken.value("pyclientexec"), &taken.all("D")),
        brings: ["pyarch", "pyfs", "pypath"].iter().any(|name| taken.has(name)),
    });
    Ok(ProgramRun {
        jar,
        class: taken.value("c").map(str::to_owned),
        parallelism,
        savepoint: taken.value("s").map(str::to_owned),
        allow_non_restored_state: taken.has("n"),
        claim_mode,
        detached: taken.has("d"),
        arguments: words.collect(),
        place,
        client_only,
        python,
    })
}

fn cancel(taken: &Taken) -> Result<Action, String> {
    let missing = "Missing JobID. Specify a JobID to cancel a job.";
    if !taken.has("s") {
        let job = taken.words.first().ok_or(missing)?;
        return Ok(Action::Cancel { job: id(job)?, savepoint: None });
    }
    // `-s ID`: the word behind the option is the job when there is no other.
    let (job, directory) = match taken.words.first() {
        Some(job) => (job.as_str(), taken.value("s").map(str::to_owned)),
        None => (taken.value("s").ok_or(missing)?, None),
    };
    Ok(Action::Cancel { job: id(job)?, savepoint: Some(directory) })
}

fn stop(taken: &Taken) -> Result<Action, String> {
    let missing = "Missing JobId";
    let (job, directory) = match taken.words.first() {
        Some(job) => (job.as_str(), taken.value("p").map(str::to_owned)),
        None => (taken.value("p").ok_or(missing)?, None),
    };
    Ok(Action::Stop {
        job: id(job)?,
        directory,
        drain: taken.has("d"),
        format: format(taken)?,
        detached: taken.has("detached"),
    })
}

fn savepoint(taken: &Taken) -> Result<Action, String> {
    if let Some(path) = taken.value("d") {
        return Ok(Action::Dispose { path: path.to_owned() });
    }
    let missing = "Missing JobID. Specify a Job ID to trigger a savepoint.";
    let job = taken.words.first().ok_or(missing)?;
    Ok(Action::Savepoint {
        job: id(job)?,
        directory: taken.words.get(1).cloned(),
        format: format(taken)?,
        detached: taken.has("detached"),
    })
}

fn format(taken: &Taken) -> Result<Option<String>, String> {
    match taken.value("type").map(str::to_uppercase) {
        None => Ok(None),
        Some(format) if format == "CANONICAL" || format == "NATIVE" => Ok(Some(format)),
        Some(format) => {
            Err(format!("Could not parse the savepoint type \"{format}\": canonical or native"))
        }
    }
}

/// The same words for Flink's own client, without what says where the cluster is, and without what is ours.
pub fn for_client(words: &[String]) -> Vec<String> {
    let Some((verb, rest)) = words.split_first() else { return Vec::new() };
    let mut kept = vec![verb.clone()];
    if let Ok(taken) = Options::of(verb).take(rest) {
        let ours = ["client", "m", "t", "e", "z"];
        let options = taken.raw.iter().filter(|(name, _)| !ours.contains(name));
        kept.extend(options.flat_map(|(_, words)| words.clone()));
        kept.extend(taken.words);
    }
    kept
}

/// Whether this is the id of a job in the form in which Flink prints it (`JobID`, 16 bytes).
pub fn is_job_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A job's id.
fn id(text: &str) -> Result<String, String> {
    if is_job_id(text) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(format!(
        "Cannot parse JobID from \"{text}\". The expected format is [0-9a-fA-F]{{32}}, e.g. \
         fd72014d4c864993a2e5a9287b4a9c5d."
    ))
}
