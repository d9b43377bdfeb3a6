//! `nutkin entrypoint`: what an image starts, in place of `docker-entrypoint.sh` and of Flink's start scripts.
//!
//! `nutkin-core` decides everything; here is what looks and what acts: `observe`, then `exec` of the JVM, so that
//! PID 1 is Java and signals and exit code are its own.

mod background;
mod foreground;
mod observe;
mod places;
mod privileges;

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process;
use std::sync::Arc;

use nutkin_container::entrypoint::{Command, command, launch, unknown};
use nutkin_flink::Problem;

use crate::report::Printer;
use crate::{Context, Exit, Outcome};
use nutkin_shell::{Environment, Error, Sink};

/// How the entrypoint itself is told to behave, before the words of the container.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Print what would be started, and start nothing.
    pub dry_run: bool,
    /// As one JSON document.
    pub json: bool,
    /// Say only what is wrong.
    pub quiet: bool,
}

const HELP: &str = "\
Usage: docker-entrypoint.sh [--dry-run [-o json]] [--quiet] VERB [ARGS]

  jobmanager [HOST [PORT]] [-D key=value]   a JobManager of a session
  taskmanager [-D key=value]                a TaskManager
  standalone-job ARGS                       a JobManager with one application
  history-server                            the history server
  cluster [ha]                              JobManager or TaskManager, by the host names in JOB_MANGER_HOSTS
  local                                     a JobManager and a TaskManager in one container
  flink ARGS                                Flink's command: run, list, cancel, stop, savepoint, checkpoint
  help                                      this text

Anything else is executed as it stands; the commands of Flink's native mode on Kubernetes are understood without a
shell. NUTKIN_ENTRYPOINT=passthrough leaves those to the image's own scripts.

Variables: JOB_MANAGER_RPC_ADDRESS, TASK_MANAGER_NUMBER_OF_TASK_SLOTS, FLINK_PROPERTIES, ENABLE_BUILT_IN_PLUGINS,
DISABLE_JEMALLOC, FLINK_HOME, FLINK_CONF_DIR, HADOOP_CONF_DIR, JOB_MANGER_HOSTS, FLINK_CLUSTER_IDENT, FLINK_ZK_QUORUM,
JOB_MANAGER_HEAP_MB, TASK_MANAGER_HEAP_MB.
";

/// Whether the program was called as the entrypoint: under one of its names, or by `nutkin entrypoint` with words
/// that are not for the command line's own help. Gives the name and the words.
pub fn invocation(arguments: &[OsString]) -> Option<(&str, &[OsString])> {
    let (program, words) = arguments.split_first()?;
    let name = Path::new(program).file_name().and_then(OsStr::to_str).unwrap_or_default();
    if command::is_entrypoint(name) {
        return Some((name, words));
    }
    match words {
        [verb, rest @ ..] if verb == "entrypoint" => {
            let is_help = rest.first().is_some_and(|word| word == "--help" || word == "-h");
            (!is_help).then_some((command::ENTRYPOINT, rest))
        }
        _ => None,
    }
}

/// Runs the entrypoint; returns only if nothing was executed.
pub fn main(name: &str, words: &[OsString], environment: &Environment) -> Exit {
    let is_entrypoint = name == command::ENTRYPOINT;
    // The scripts have no options of ours.
    let taken = if is_entrypoint { options(words) } else { Ok((Options::default(), words)) };
    let quiet = taken.as_ref().is_ok_and(|(options, _)| options.quiet);
    let printer = Printer::new(environment, quiet);
    let events: Sink = Arc::new(printer.clone());
    let context = Context::new(&printer, &events, environment);
    let outcome = taken.and_then(|(options, words)| run(name, words, options, &context));
    outcome.unwrap_or_else(|failure| {
        printer.failure(&failure);
        // Flink's scripts know 0 and 1 only.
        if is_entrypoint { Exit::of(&failure) } else { Exit::Failed }
    })
}

/// Takes our own options from the front. Whatever begins with a dash there is no program's name.
fn options(mut words: &[OsString]) -> Result<(Options, &[OsString]), Error> {
    let mut options = Options::default();
    while let [word, rest @ ..] = words {
        let (text, mut rest) = (word.to_string_lossy(), rest);
        match text.as_ref() {
            "--dry-run" => options.dry_run = true,
            "-q" | "--quiet" => options.quiet = true,
            "-ojson" | "-o=json" | "--output=json" => options.json = true,
            "-o" | "--output" if rest.first().is_some_and(|form| form == "json") => {
                options.json = true;
                rest = &rest[1..];
            }
            other if other.starts_with('-') => {
                let problem = Problem::new(other, "the entrypoint has no such option")
                    .hint("before the verb stand --dry-run, -o json and --quiet, behind it Flink's own arguments");
                return Err(Error::input(vec![problem]));
            }
            _ => break,
        }
        words = rest;
    }
    Ok((options, words))
}

/// Carries out what the container was told.
///
/// # Errors
/// Bad input, all of it at once; or something could not be written or executed.
pub fn run(name: &str, words: &[OsString], options: Options, context: &Context<'_>) -> Outcome {
    let text: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let environment = observe::variables(context.environment);
    let host = observe::host();
    let command = command::parse(name, &text, &environment, &host).map_err(Error::input)?;
    let in_background =
        !matches!(command, Command::Help | Command::Start(_) | Command::PassThrough(_));
    if options.dry_run && in_background {
        let problem = Problem::new("--dry-run", "shows what takes the place of this process only")
            .hint("use `start-foreground` in place of `start`");
        return Err(Error::input(vec![problem]));
    }
    match command {
        Command::Help => {
            context.printer.out(HELP);
            Ok(Exit::Done)
        }
        Command::Start(start) => {
            // Flink's scripts run as whoever calls them; the entrypoint does not run as root.
            let user = if name == command::ENTRYPOINT { privileges::user() } else { None };
            let observed = observe::observe(environment, host);
            foreground::run(&start, observed, user, options, context)
        }
        Command::PassThrough(_) => pass_through(words, &environment, options, context),
        Command::Daemon { service, arguments } => {
            background::start(service, &arguments, &observe::observe(environment, host), context)
        }
        Command::Stop { service, all } => {
            background::stop(service, all, &observe::observe(environment, host), context)
        }
        Command::StartCluster => {
            background::cluster(true, &observe::observe(environment, host), context)
        }
        Command::StopCluster => {
            background::cluster(false, &observe::observe(environment, host), context)
        }
    }
}

/// Becomes another program, as whom the container's processes run.
fn pass_through(
    words: &[OsString],
    environment: &std::collections::BTreeMap<String, String>,
    options: Options,
    context: &Context<'_>,
) -> Outcome {
    let Some((program, arguments)) = words.split_first() else { return Ok(Exit::Done) };
    let mut command = process::Command::new(program);
    command.args(arguments);
    if let Some(library) = foreground::jemalloc(environment) {
        command.env("LD_PRELOAD", launch::preload(environment, &library));
    }
    if options.dry_run {
        let words: Vec<String> =
            words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        context.printer.out(&format!("{}\n", foreground::shell_line(&words)));
        return Ok(Exit::Done);
    }
    if let Some(user) = privileges::user() {
        privileges::become_user(&user)?;
        command.env("HOME", &user.home);
    }
    let error = command.exec();
    Err(Error::from(
        anyhow::Error::new(error).context(format!("cannot execute `{}`", program.display())),
    )
    .hint(hint(Path::new(program))))
}

/// What helps whoever named a program that is not there.
fn hint(program: &Path) -> String {
    let is_session = program.file_name().is_some_and(|name| name == "kubernetes-session.sh");
    if is_session {
        return "images of Nutkin do not have it: `nutkin kubernetes-session` takes the same arguments"
            .to_owned();
    }
    unknown::hint(&program.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &str, expected: Option<(Options, &str)>) {
        let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        let found = options(&words).ok();
        let joined = |rest: &[OsString]| {
            rest.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
        };
        let found = found.map(|(options, rest)| (options, joined(rest)));
        assert_eq!(found, expected.map(|(options, rest)| (options, rest.to_owned())));
    }

    #[test]
    fn options_stand_before_the_verb() {
        let none = Options::default();
        let dry = Options { dry_run: true, ..none };
        check("jobmanager --dry-run", Some((none, "jobmanager --dry-run")));
        check("--dry-run jobmanager -o json", Some((dry, "jobmanager -o json")));
        let all = Options { json: true, quiet: true, ..dry };
        check("-o json -q --dry-run ls -o json", Some((all, "ls -o json")));
        check("--output=json ls", Some((Options { json: true, ..none }, "ls")));
        check("--dryrun jobmanager", None);
        check("-o yaml jobmanager", None);
    }
}
