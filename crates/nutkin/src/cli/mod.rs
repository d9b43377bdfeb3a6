//! What the user types. Parsing only records; each command is in a file of its own.

pub mod abort;
pub mod adopt_job;
mod again;
pub mod cache;
pub mod cancel;
pub mod capture;
pub mod check;
pub mod checkpoint;
pub mod client;
pub mod completions;
pub mod consent;
pub mod convert;
pub mod dist;
pub mod doctor;
pub mod down;
pub mod edit;
mod end_jobs;
pub mod entrypoint;
pub mod explain;
mod fence;
mod file_jobs;
pub mod flink;
mod flink_jvm;
mod flink_python;
mod flink_submitted;
mod flink_target;
pub mod gc;
mod groups;
pub mod image;
pub mod init;
pub mod job;
mod job_details;
pub mod jobs;
pub mod kept_jars;
pub mod kubernetes_session;
pub mod logs;
mod lost;
pub mod ls;
pub mod move_session;
mod moving;
mod noted;
pub mod open;
pub mod operator;
mod outcomes;
pub mod output;
pub mod plan;
pub mod probe;
pub mod rbac;
mod relocation;
pub mod render;
mod render_objects;
pub mod restart;
pub mod run;
pub mod savepoint;
mod savepoint_place;
pub mod scale;
pub mod select;
pub mod self_check;
pub mod session_file;
pub mod shared;
mod snapshot;
mod snapshots;
pub mod status;
pub mod stop;
mod submission;
mod submitting;
pub mod supervise;
mod taken;
pub mod template;
pub mod up;
mod wanted;
pub mod watch;
mod way_back;
pub mod why;

use std::ffi::OsString;
use std::sync::Arc;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub use crate::Context;
use crate::report::Printer;

use crate::{Exit, Outcome};
use nutkin_shell::{Environment, Sink};

/// Apache Flink session clusters anywhere: local processes, Docker, Kubernetes.
#[derive(Debug, Parser)]
#[command(name = "nutkin", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// Print only warnings and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,

    /// The command
    #[command(subcommand)]
    pub command: Command,
}

/// All commands, in the order of `nutkin --help`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a session, or change it to match its file
    Up(up::Args),
    /// Stop a session
    Down(down::Args),
    /// Show what `up` would change
    #[command(visible_alias = "diff")]
    Plan(plan::Args),
    /// Change what is wanted of a session in an editor, and bring it to that
    Edit(edit::Args),
    /// Print the files and objects of a session
    Render(render::Args),
    /// Print the Kubernetes permissions that pods or users need
    Rbac(rbac::Args),
    /// Show one session
    Status(status::Args),
    /// List the sessions
    Ls(ls::Args),
    /// Show the logs of JobManagers and TaskManagers
    Logs(logs::Args),
    /// Print the address of the web UI and open it
    Open(open::Args),
    /// Say what is wrong with a session, the earliest cause first
    Why(why::Args),
    /// Check whether a session can run somewhere, and whether it is well
    Doctor(doctor::Args),
    /// Write what there is to see of a session into one archive, secrets hidden
    Capture(capture::Args),
    /// Keep a session and its jobs running
    Watch(watch::Args),
    /// List the jars that are kept, and the jobs that need them
    Jars(kept_jars::Args),
    /// Delete what sessions have left and nobody needs
    Gc(gc::Args),
    /// Change the number of TaskManagers
    Scale(scale::Args),
    /// Move a session with its jobs to another platform
    Move(move_session::Args),
    /// Restart the processes of a session
    Restart(restart::Args),
    /// Take back a change of a session that is under way
    Abort(abort::Args),
    /// Run a job on a session
    Run(run::Args),
    /// List the jobs of a session
    Jobs(jobs::Args),
    /// Show one job
    Job(job::Args),
    /// Take over a job that somebody else submitted, so that it can be moved
    AdoptJob(adopt_job::Args),
    /// Cancel a job
    Cancel(cancel::Args),
    /// Stop a job with a savepoint
    Stop(stop::Args),
    /// Take a savepoint of a job, or delete one
    Savepoint(savepoint::Args),
    /// Take a checkpoint of a job now
    Checkpoint(checkpoint::Args),
    /// Write a session file to start from
    Init(init::Args),
    /// Find defects in hand-written Flink files
    Check(check::Args),
    /// Convert flink-conf.yaml to config.yaml and back, for another Flink
    Convert(convert::Args),
    /// Explain an option, a code of `check`, or how memory is divided
    Explain(explain::Args),
    /// Install, list and remove Flink distributions and Javas
    Dist(dist::Args),
    /// Run as the entrypoint of a container
    Entrypoint(entrypoint::Args),
    /// Build container images with Flink
    Image(image::Args),
    /// Replace the `flink` command
    Flink(flink::Args),
    /// Replace Flink's `kubernetes-session.sh`
    KubernetesSession(kubernetes_session::Args),
    /// Keep sessions and jobs as their custom resources say
    Operator(operator::Args),
    /// Delete what can be fetched or made again
    Cache(cache::Args),
    /// Say which Nutkin this is, and what it keeps on this machine
    #[command(name = "self")]
    SelfCheck(self_check::Args),
    /// Print completions for a shell
    Completions(completions::Args),
}

/// The command line of what Nutkin starts itself. It is read apart: a supervisor lives as long as its session and should
/// not carry the definitions of all other commands, which are most of what reading a command line takes in memory.
#[derive(Debug, Parser)]
#[command(name = "nutkin", version)]
struct Inner {
    #[command(subcommand)]
    command: InnerCommand,
}

#[derive(Debug, Subcommand)]
enum InnerCommand {
    /// Tell whether somebody listens at an address
    Probe(probe::Args),
    /// Keep the processes of a local session alive
    Supervise(supervise::Args),
}

/// The arguments with the command in them for which the binary's own name stands, where it is one of Flink's.
pub fn in_its_place(arguments: Vec<OsString>) -> Vec<OsString> {
    kubernetes_session::in_its_place(flink::in_its_place(arguments))
}

/// Parses and runs.
pub fn run(arguments: Vec<OsString>, environment: &Environment) -> Exit {
    let is_inner =
        arguments.get(1).is_some_and(|word| InnerCommand::has_subcommand(&word.to_string_lossy()));
    if is_inner {
        return match read::<Inner>(arguments, environment) {
            Ok(inner) => execute(false, environment, |context| inner.command.run(context)),
            Err(exit) => exit,
        };
    }
    match read_grouped(arguments, environment) {
        Ok(cli) => execute(cli.quiet, environment, |context| cli.command.run(context)),
        Err(exit) => exit,
    }
}

/// The command line, with help in groups.
fn read_grouped(arguments: Vec<OsString>, environment: &Environment) -> Result<Cli, Exit> {
    let mut command = groups::grouped(Cli::command());
    let parsed = command.try_get_matches_from_mut(arguments).and_then(|mut matches| {
        Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
    });
    or_ended(parsed, environment)
}

/// The command line, or the exit code when there is nothing more to do.
fn read<T: Parser>(arguments: Vec<OsString>, environment: &Environment) -> Result<T, Exit> {
    or_ended(T::try_parse_from(arguments), environment)
}

fn or_ended<T>(parsed: Result<T, clap::Error>, environment: &Environment) -> Result<T, Exit> {
    parsed.map_err(|error| {
        // Help and version go to stdout with code 0; usage errors to stderr with 2.
        let printer = Printer::new(environment, false);
        printer.usage(&error);
        if error.use_stderr() { Exit::BadInput } else { delivered(Exit::Done, &printer) }
    })
}

fn execute(
    quiet: bool,
    environment: &Environment,
    command: impl FnOnce(&Context<'_>) -> Outcome,
) -> Exit {
    let printer = Printer::new(environment, quiet);
    let events: Sink = Arc::new(printer.clone());
    let exit = command(&Context::new(&printer, &events, environment)).unwrap_or_else(|failure| {
        printer.failure(&failure);
        Exit::of(&failure)
    });
    delivered(exit, &printer)
}

/// The exit code, where all data has reached stdout. A command that did all else has failed without that; one that failed
/// has its own code.
fn delivered(exit: Exit, printer: &Printer) -> Exit {
    match printer.delivered() {
        Ok(()) => exit,
        Err(failure) => {
            printer.failure(&failure);
            if exit == Exit::Done { Exit::of(&failure) } else { exit }
        }
    }
}

impl InnerCommand {
    fn run(self, context: &Context<'_>) -> Outcome {
        match self {
            Self::Probe(args) => probe::run(args, context),
            Self::Supervise(args) => supervise::run(args, context),
        }
    }
}

impl Command {
    fn run(self, context: &Context<'_>) -> Outcome {
        match self {
            Self::Up(args) => up::run(args, context),
            Self::Down(args) => down::run(args, context),
            Self::Plan(args) => plan::run(args, context),
            Self::Edit(args) => edit::run(args, context),
            Self::Render(args) => render::run(args, context),
            Self::Rbac(args) => rbac::run(args, context),
            Self::Status(args) => status::run(args, context),
            Self::Ls(args) => ls::run(args, context),
            Self::Logs(args) => logs::run(args, context),
            Self::Open(args) => open::run(args, context),
            Self::Why(args) => why::run(args, context),
            Self::Doctor(args) => doctor::run(args, context),
            Self::Capture(args) => capture::run(args, context),
            Self::Watch(args) => watch::run(args, context),
            Self::Jars(args) => kept_jars::run(args, context),
            Self::Gc(args) => gc::run(args, context),
            Self::Scale(args) => scale::run(args, context),
            Self::Move(args) => move_session::run(args, context),
            Self::Restart(args) => restart::run(args, context),
            Self::Abort(args) => abort::run(args, context),
            Self::Run(args) => run::run(args, context),
            Self::Jobs(args) => jobs::run(args, context),
            Self::Job(args) => job::run(args, context),
            Self::AdoptJob(args) => adopt_job::run(args, context),
            Self::Cancel(args) => cancel::run(args, context),
            Self::Check(args) => check::run(args, context),
            Self::Convert(args) => convert::run(args, context),
            Self::Stop(args) => stop::run(args, context),
            Self::Savepoint(args) => savepoint::run(args, context),
            Self::Checkpoint(args) => checkpoint::run(args, context),
            Self::Init(args) => init::run(args, context),
            Self::Explain(args) => explain::run(args, context),
            Self::Dist(args) => dist::run(args, context),
            Self::Entrypoint(args) => entrypoint::run(args, context),
            Self::Image(args) => image::run(args, context),
            Self::Operator(args) => operator::run(args, context),
            Self::Flink(args) => flink::run(args, context),
            Self::KubernetesSession(args) => kubernetes_session::run(args, context),
            Self::Cache(args) => cache::run(args, context),
            Self::SelfCheck(args) => self_check::run(args, context),
            Self::Completions(args) => completions::run(args, context),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_sound() {
        super::Cli::command().debug_assert();
        super::Inner::command().debug_assert();
    }
}
