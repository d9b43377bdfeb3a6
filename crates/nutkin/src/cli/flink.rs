//! `nutkin flink`: a drop-in for the `flink` command, also when the binary is called so.
//!
//! It speaks Flink's words and ends with Flink's exit codes. One thing is done elsewhere: main() of a program runs in the
//! JobManager, which gets the jar over REST, and in a JVM on this side only where that is not the same.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use nutkin_core::ledger::Bringer;
use nutkin_flink::dynamic;
use nutkin_flink::flink_cli::{self, Action, Call, ProgramRun, say};
use serde_json::Value;

use super::Context;
use super::client::Target;
use super::flink_jvm;
use super::flink_target::{Whom, reach};
use super::submission::Submission;
use super::submitting::jars_of;
use super::taken::Asked;
use crate::jobs::{
    Driven, Ended, Jar, Patience, failure, is_lack, random_id, submit, until_done, until_it_ends,
};
use crate::{Exit, Outcome, runtime};
use nutkin_rest::{Client, RunRequest, Trigger};
use nutkin_shell::{Error, Kind};

/// Arguments of `nutkin flink`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin flink run -m localhost:8081 job.jar --input a.txt
  nutkin flink list -a
  nutkin flink stop -p /tmp/savepoints fd72014d4c864993a2e5a9287b4a9c5d
  ln -s $(which nutkin) ~/bin/flink")]
pub struct Args {
    /// What Flink's command takes: an action, its options, its arguments
    #[arg(value_name = "ACTION", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// The name under which the binary is this command.
const NAME: &str = "flink";

/// How long a savepoint may take: Flink's client waits without an end, which nobody wants of a script.
const PATIENCE: Duration = Duration::from_hours(24);

/// What Flink's client prints before an exception.
const BANNER: &str = "\n------------------------------------------------------------\n \
    The program finished with the following exception:\n";

const HELP: &str = "\
flink <ACTION> [OPTIONS] [ARGUMENTS]

  run [-d] [-c CLASS] [-p N] [-s SAVEPOINT] [-n] [-cm MODE] [--client auto|rest|jvm] JAR ARGS
                                                                       run a program
  info [-c CLASS] [-p N] JAR ARGS                                      show its plan
  list [-r] [-s] [-a]                                                  list jobs
  cancel [-s [DIR]] JOB                                                cancel a job
  stop [-p [DIR]] [-d] [-type T] [-detached] JOB                       stop it with a savepoint
  savepoint [-type T] [-detached] JOB [DIR]                            take a savepoint
  savepoint -d PATH                                                    dispose of one
  checkpoint [-full] JOB                                               take a checkpoint

All of them take -m HOST:PORT, -Drest.address=HOST, or -t kubernetes-session -Dkubernetes.cluster-id=ID; without them they talk to
what the configuration in FLINK_CONF_DIR names, otherwise to the session that `nutkin status` shows. --client says where main() of a program runs: in the JobManager (rest), in Flink's own client here (jvm),
or there where it is the same and else here (auto). `nutkin --help` has more.
";

/// The arguments as `nutkin flink ...`, where the binary is called `flink`.
pub fn in_its_place(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let name = arguments.first().map(Path::new).and_then(Path::file_name);
    if name.is_some_and(|name| name == NAME) {
        let is_help = arguments.get(1).is_some_and(|word| word == "--help" || word == "-h");
        arguments.insert(1, NAME.into());
        if is_help {
            // Flink's command has its own.
            arguments.insert(2, "--".into());
        }
    }
    arguments
}

/// Does what Flink's command would do.
///
/// # Errors
/// Never: what goes wrong is printed as Flink prints it, and the exit code is 1.
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let printer = context.printer;
    let (action, whom, options) = match flink_cli::parse(&args.words) {
        Ok(Call::Help(_)) => {
            printer.out(HELP);
            return Ok(Exit::Done);
        }
        Ok(Call::Version) => {
            printer.out(&format!(
                "nutkin {}, in place of Flink's client\n",
                env!("CARGO_PKG_VERSION")
            ));
            return Ok(Exit::Done);
        }
        Ok(Call::Act { action, address, target, options }) => {
            (action, Whom { address, target }, options)
        }
        Err(text) => {
            printer.out(&text);
            return Ok(Exit::Failed);
        }
    };
    if let Action::Run(run) | Action::Info(run) = &action
        && !run.jar.is_empty()
        && !Path::new(&run.jar).is_file()
    {
        printer.out(&format!(
            "Could not get job jar and dependencies from JAR file: JAR file does not exist: {}\n\n\
             Use the help option (-h or --help) to get help on the command.\n",
            run.jar
        ));
        return Ok(Exit::Failed);
    }
    let acted = runtime::block_on(async {
        let target = reach(&whom, &options, true, context).await?;
        if let Action::Run(run) = &action
            && flink_jvm::in_jvm(run, &target.sight, context).await?
        {
            let target = if flink_jvm::needs_plain_address(&target.client) {
                reach(&whom, &options, false, context).await?
            } else {
                target
            };
            let request = request(run, &options)?;
            return flink_jvm::run(&args.words, (run, &request), &target, context).await;
        }
        act(&action, &options, &target, context).await
    });
    acted.or_else(|failure| Ok(failed(failure, context)))
}

/// Says what went wrong as Flink's programs do, which end with 1 whatever it was.
pub(super) fn failed(failure: Error, context: &Context<'_>) -> Exit {
    context.printer.say(BANNER);
    context.printer.failure(&Error { kind: Kind::Broken, ..failure });
    Exit::Failed
}

async fn act(
    action: &Action,
    options: &[String],
    target: &Target,
    context: &Context<'_>,
) -> Outcome {
    let client = &target.client;
    let printer = context.printer;
    let version = client.version();
    let chosen = match action {
        Action::Stop { format, .. } | Action::Savepoint { format, .. } => format.as_deref(),
        _ => None,
    };
    // What the client asks for where the user does not: see `Trigger`.
    let format =
        chosen.unwrap_or(if version.line().native_savepoints { "NATIVE" } else { "CANONICAL" });
    let format_sent = version.is_at_least(1, 15).then(|| format.to_owned());
    printer.out(&say::before(action, format, version));
    let result = match action {
        Action::Run(run) => return submit_and_wait(run, options, target, context).await,
        Action::Info(run) => {
            let jar = bring(run, client).await?;
            let plan = client.plan(&jar, &request(run, options)?).await.map_err(failure)?;
            printer.out(&format!(
                "----------------------- Execution Plan -----------------------\n{plan:#}\n\
                 --------------------------------------------------------------\n\nNo description provided.\n"
            ));
            String::new()
        }
        Action::List { running, scheduled, all } => {
            let jobs = client.jobs().await.map_err(failure)?;
            let rows: Vec<say::Row> = jobs.iter().map(row).collect();
            printer.out(&say::list(&rows, *running, *scheduled, *all));
            String::new()
        }
        Action::Cancel { job, savepoint: None } => {
            client.cancel(job).await.map_err(failure)?;
            String::new()
        }
        Action::Cancel { job, savepoint: Some(directory) } => {
            let trigger =
                Trigger::CancelWithSavepoint { directory: directory.clone(), format: format_sent };
            wait(target, job, &trigger, false).await?
        }
        Action::Stop { job, directory, drain, detached, .. } => {
            let (directory, drain) = (directory.clone(), *drain);
            let trigger = Trigger::Stop { directory, format: format_sent, drain };
            wait(target, job, &trigger, *detached).await?
        }
        Action::Savepoint { job, directory, detached, .. } => {
            let trigger = Trigger::Savepoint { directory: directory.clone(), format: format_sent };
            wait(target, job, &trigger, *detached).await?
        }
        Action::Checkpoint { job, full } => {
            let trigger = Trigger::Checkpoint { kind: if *full { "FULL" } else { "CONFIGURED" } };
            wait(target, job, &trigger, false).await?
        }
        Action::Dispose { path } => {
            let place = client.dispose(path).await.map_err(failure)?;
            until_done(client, &place, &mut patience()).await.map_err(failure)?;
            String::new()
        }
    };
    printer.out(&say::after(action, &result));
    Ok(Exit::Done)
}

/// The place of a savepoint, the number of a checkpoint, or the id of what goes on by itself.
async fn wait(
    target: &Target,
    job: &str,
    trigger: &Trigger,
    detached: bool,
) -> Result<String, Error> {
    let client = &target.client;
    let asked = client.trigger(job, trigger, None).await.map_err(failure)?;
    if detached {
        return Ok(asked.id().to_owned());
    }
    let result = match until_done(client, &asked, &mut patience()).await.map_err(failure)? {
        Driven::Done(result) => result,
        Driven::TimedOut | Driven::Interrupted => Value::Null,
    };
    let session = target.session.as_ref();
    let noted = session.and_then(|session| Asked::sent_by_flink(session, job, trigger));
    let result = Ok(Some(result));
    if let Some(noted) = noted {
        noted.settle(&result).await;
    }
    let result = result.map_err(failure)?.unwrap_or(Value::Null);
    let number = result["checkpointId"].as_u64().map(|number| number.to_string());
    Ok(result["location"].as_str().map(str::to_owned).or(number).unwrap_or_default())
}

fn patience() -> Patience<'static> {
    Patience::new(Some(PATIENCE))
}

async fn bring(run: &ProgramRun, client: &Client) -> Result<String, Error> {
    let jar = Jar::read(Path::new(&run.jar)).await?;
    jar.bring(client).await.map_err(failure)
}

fn request(run: &ProgramRun, options: &[String]) -> Result<RunRequest, Error> {
    let options = dynamic::parse(options).map_err(Error::input)?;
    Ok(RunRequest {
        class: run.class.clone(),
        arguments: run.arguments.clone(),
        parallelism: run.parallelism,
        job_id: None,
        savepoint: run.savepoint.clone(),
        allow_non_restored_state: run.allow_non_restored_state,
        claim_mode: run.claim_mode.clone(),
        options: options
            .iter()
            .map(|(key, entry)| (key.to_owned(), entry.value.to_string()))
            .collect(),
    })
}

async fn submit_and_wait(
    run: &ProgramRun,
    options: &[String],
    target: &Target,
    context: &Context<'_>,
) -> Outcome {
    let client = &target.client;
    let printer = context.printer;
    let request = request(run, options)?;
    if !request.options.is_empty() && !client.version().line().run_takes_configuration {
        printer.warn(&format!("Flink {} takes no options with a job over REST", client.version()));
    }
    let path = context.environment.directory.join(&run.jar);
    let jar = Jar::read(&path).await?;
    jars_of(target.session.as_ref(), context).await?.keep(&jar, None, context).await;
    let uploaded = jar.bring(client).await.map_err(failure)?;
    let id = random_id()?;
    let path = path.display().to_string();
    let submission =
        Submission { id: &id, jar: &path, digest: &jar.digest, origin: Bringer::Flink };
    let noted = submission.begin(target.session.as_ref(), &request, context).await?;
    let submitted = submit(client, &uploaded, &id, &request).await;
    noted.settle(target.session.as_ref(), submitted.as_ref().err(), context).await;
    submitted.map_err(failure)?;
    printer.out(&format!("Job has been submitted with JobID {id}\n"));
    if run.detached {
        return Ok(Exit::Done);
    }
    // Flink's client says nothing while a job waits for slots that nobody has.
    let mut is_told = false;
    let progress = |line: &str| {
        if is_lack(line) && !std::mem::replace(&mut is_told, true) {
            printer.warn(line);
        }
    };
    match until_it_ends(client, &id, None, None, progress, async || None).await.map_err(failure)? {
        Ended::Job(state, outcome) if state.is_finished() => {
            let runtime = outcome.runtime.unwrap_or_default();
            printer.out(&format!(
                "Program execution finished\nJob with JobID {id} has finished.\nJob Runtime: {runtime} ms\n\n"
            ));
            Ok(Exit::Done)
        }
        Ended::Job(state, outcome) => {
            let cause = outcome.cause.unwrap_or_default();
            Err(Error::new(Kind::Broken, format!("job {id} is {state}: {cause}")))
        }
        Ended::TimedOut(_) | Ended::Interrupted => Ok(Exit::Done),
    }
}

fn row(job: &nutkin_rest::Job) -> say::Row {
    let when = jiff::Timestamp::from_millisecond(job.start_time).unwrap_or_default();
    let when = when.to_zoned(jiff::tz::TimeZone::system());
    say::Row {
        start: job.start_time,
        when: when.strftime("%d.%m.%Y %H:%M:%S").to_string(),
        id: job.id.clone(),
        name: job.name.clone(),
        state: job.state.to_string(),
    }
}
