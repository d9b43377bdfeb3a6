//! `nutkin run`.

mod built;
mod follow;
mod own_client;

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::Duration;

use nutkin_core::jobs::{ClaimMode, arguments};
use nutkin_flink::Problem;
use nutkin_flink::flink_cli::is_job_id;
use nutkin_flink::{FlinkVersion, dynamic};
use serde_json::json;

use nutkin_core::ledger::Bringer;

use super::client::{Target, target, until_started};
use super::select;
use super::shared::{OutputArgs, SessionArgs, SpecArgs};
use super::submission::Submission;
use super::submitting::jars_of;
use super::{Context, file_jobs, session_file};
use crate::jobs::{Jar, arrives, failure, random_id, shortage, submit};
use crate::runtime::{self, Interrupt, unless_interrupted};
use crate::{Exit, Outcome, platform};
use nutkin_fetch::artifacts::Fetcher;
use nutkin_rest::{Client, RestError, RunRequest};
use nutkin_shell::{Error, Kind};

/// Arguments of `nutkin run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Everything after JAR belongs to the job.

Examples:
  nutkin run target/job.jar --input data.txt
  nutkin run -d -c org.example.Main -p 4 job.jar
  nutkin run --main org.example.Main .      the jar that Maven or Gradle has built here
  nutkin run mvn:org.apache.flink:flink-examples-streaming:1.20.0:WordCount
  nutkin run --from-savepoint file:///data/savepoint-1 job.jar
  nutkin run -f session.yaml         the jobs of a session file")]
pub struct Args {
    /// The jar (a path, a directory that was built in, https://... or mvn:group:artifact:version[:classifier]), and what its job is given
    // One list and not two: with an argument of its own for the jar, an option of ours that follows the
    // jar would still be ours, and the job of `job.jar --output x` never see it.
    #[arg(value_names = ["JAR", "ARGS"], num_args = 1.., trailing_var_arg = true,
        required_unless_present = "file")]
    job: Vec<String>,

    /// The main class, where the jar names none
    #[arg(long, short, visible_alias = "main")]
    class: Option<String>,

    /// The job's parallelism
    #[arg(long, short)]
    parallelism: Option<u32>,

    /// Start from this savepoint or checkpoint
    #[arg(long, value_name = "PATH")]
    from_savepoint: Option<String>,

    /// Drop state that no operator takes
    #[arg(long)]
    allow_non_restored_state: bool,

    /// Who owns the savepoint afterwards: CLAIM, NO_CLAIM, LEGACY (Flink 1.17 and later)
    #[arg(long, value_name = "MODE")]
    claim_mode: Option<String>,

    /// Set an option of the job: -D key=value (Flink 1.17 and later)
    #[arg(short = 'D', value_name = "KEY=VALUE")]
    options: Vec<String>,

    /// The id that the job shall have: 32 hex digits
    #[arg(long, value_name = "ID")]
    job_id: Option<String>,

    /// Do not ask for the job's plan first, for which main() runs once more
    #[arg(long)]
    no_slot_check: bool,

    /// Return as soon as the job is submitted
    #[arg(long, short)]
    detached: bool,

    /// Stop waiting after so long; the job goes on
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,

    /// Ctrl-C cancels the job
    #[arg(long)]
    cancel_on_interrupt: bool,

    #[command(flatten)]
    session: SessionArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Runs a job on a session, to its end unless told otherwise.
///
/// # Errors
/// Bad input (2), the job failed or was canceled (3), the time is over (4), no session (5).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    check(&args)?;
    let Some(uri) = args.job.first() else { return run_file(&args, context) };
    let uri = built::jar(uri, &context.environment.directory)?;
    runtime::block_on(async {
        let given = args.job_id.as_ref().map(|id| id.to_lowercase());
        let id = given.map_or_else(random_id, Ok)?;
        let stage = RefCell::new(Stage::Before);
        let mut interrupt = Interrupt::listen()?;
        let begun = tokio::select! {
            biased;
            begun = submit_jar(&args, (&uri, &id), context, &stage) => begun?,
            () = interrupt.pressed() => {
                let stage = stage.replace(Stage::Before);
                return Err(interrupted(stage, &id, args.cancel_on_interrupt).await);
            }
        };
        let submitted = match begun {
            Begun::Submitted(submitted) => submitted,
            Begun::OwnClient(program) => return program.run(context).await,
        };
        if args.detached {
            let Submitted { id, session, jar, .. } = &submitted;
            context
                .printer
                .say(&format!("job {id} runs; `nutkin job {}` shows it", &id[..id.len().min(8)]));
            let fields = json!({"id": id, "session": session, "jar": jar});
            return follow::print(&args, context, id, fields);
        }
        follow::follow(&args, context, &submitted, &mut interrupt).await
    })
}

/// How long Ctrl-C waits for a job that is to be canceled, and whose main() still runs.
const PATIENCE: Duration = Duration::from_secs(10);

/// How far a submission is, for what Ctrl-C has to say.
enum Stage {
    /// The session knows nothing of the job.
    Before,
    /// main() runs in the JobManager, which nobody can end.
    Submitting(Client),
}

/// What has begun with a jar.
enum Begun {
    /// Its job is submitted.
    Submitted(Submitted),
    /// Nothing: its main() needs Flink's own client, here.
    OwnClient(Box<own_client::Program>),
}

/// Classes with a main() that a hint lists: a jar with its libraries has some of theirs, too.
const CLASSES: usize = 5;

/// A job that the session has.
struct Submitted {
    client: Client,
    session: String,
    id: String,
    /// The jar's name in the session.
    jar: String,
    /// Where the session runs, where Nutkin knows it.
    place: Option<platform::Session>,
}

async fn interrupted(stage: Stage, id: &str, cancel: bool) -> Error {
    let Stage::Submitting(client) = stage else {
        return Error::new(Kind::Interrupted, "interrupted; no job was submitted");
    };
    if cancel && arrives(&client, id, PATIENCE).await && client.cancel(id).await.is_ok() {
        let message = format!("interrupted; job {id} is being canceled");
        return Error::new(Kind::Interrupted, message);
    }
    let message = format!("interrupted; job {id} goes on: its main() runs in the JobManager");
    Error::new(Kind::Interrupted, message)
        .hint(format!("`nutkin job {id}` shows it, `nutkin cancel {id}` ends it"))
}

async fn submit_jar(
    args: &Args,
    (uri, id): (&str, &str),
    context: &Context<'_>,
    stage: &RefCell<Stage>,
) -> Result<Begun, Error> {
    let printer = context.printer;
    let fetcher = Fetcher { events: context.events, environment: context.environment };
    let is_elsewhere = uri.contains("://") || uri.starts_with("mvn:");
    // Nothing is fetched for a session that is not there.
    let known = if is_elsewhere { Some(target(&args.session, context).await?) } else { None };
    let path = fetcher.fetch(uri, &context.environment.directory).await?;
    let jar = Jar::read(&path).await.map_err(|error| {
        Error::input(vec![Problem::new("JAR", error.to_string()).hint("has the job been built?")])
    })?;
    if args.class.is_none() && jar.main_class.is_none() {
        return Err(Error::input(vec![nameless(uri, &path)]));
    }
    let mut request = request(args)?;
    let target = match known {
        Some(known) => known,
        None => target(&args.session, context).await?,
    };
    until_started(&target, context).await?;
    let jars = jars_of(target.session.as_ref(), context).await?;
    check_release(args, target.client.version())?;
    let directory = &context.environment.directory;
    if let Some(given) = request.savepoint.take() {
        let whole = arguments::snapshot_path(&given, &target.sight, directory, "--from-savepoint");
        request.savepoint = Some(whole.map_err(|problem| Error::input(vec![problem]))?);
    }
    let reasons = own_client::reasons(args, &jar);
    let is_own_client = !reasons.is_empty() && own_client::is_possible(args);
    match arguments::resolved(&request.arguments, &target.sight, directory, Path::exists) {
        Ok(resolved) => {
            resolved.said.iter().for_each(|line| printer.say(line));
            request.arguments = resolved.arguments;
        }
        // main() runs here, and sees what is here.
        Err(_) if is_own_client => {}
        Err(problems) => return Err(Error::input(problems)),
    }
    if is_own_client {
        let program = own_client::Program::new(args, (&jar, &reasons), request, target, context);
        let program = program.await?;
        return Ok(Begun::OwnClient(Box::new(program)));
    }
    if !reasons.is_empty() {
        own_client::warn(&reasons, context);
    }
    let Target { client, name: session, sight, session: place, .. } = target;
    for hint in arguments::hints(&request.arguments, &sight, directory, Path::exists) {
        printer.hint(&hint);
    }
    jars.keep(&jar, None, context).await;
    let uploaded = jar.bring(&client).await.map_err(failure)?;
    if !args.no_slot_check
        && let Some(shortage) = shortage(&client, &uploaded, &request).await
    {
        printer.warn(&shortage.to_string());
        for hint in shortage.hints() {
            context.events.hint(&hint);
        }
    }
    let uri = if is_elsewhere { uri.to_owned() } else { directory.join(uri).display().to_string() };
    let submission = Submission { id, jar: &uri, digest: &jar.digest, origin: Bringer::Run };
    let noted = submission.begin(place.as_ref(), &request, context).await?;
    stage.replace(Stage::Submitting(client.clone()));
    let submitted = submit(&client, &uploaded, id, &request).await;
    noted.settle(place.as_ref(), submitted.as_ref().err(), context).await;
    submitted.map_err(|error| {
        if let RestError::Broken(_) = error {
            return failure(error).hint("`nutkin jobs --all` shows whether the job is there");
        }
        let refused = failure(error);
        let context = format!("the job was not submitted to `{session}`");
        Error { error: refused.error.context(context), ..refused }
    })?;
    let (id, jar) = (id.to_owned(), jar.upload_name);
    Ok(Begun::Submitted(Submitted { client, session, id, jar, place }))
}

/// A jar whose manifest names no main class, and which ones it could be.
fn nameless(uri: &str, path: &Path) -> Problem {
    let problem = Problem::new("JAR", format!("`{uri}` does not name its main class"));
    match &Jar::with_main(path, CLASSES)[..] {
        [] => problem.hint("name it with --class, or in the jar's manifest"),
        classes => {
            let listed: Vec<String> = classes.iter().map(|one| format!("--class {one}")).collect();
            problem.hint(format!("these have a main(): {}", listed.join(", ")))
        }
    }
}

/// `run -f FILE`: the jobs of the file, not the session.
fn run_file(args: &Args, context: &Context<'_>) -> Outcome {
    let spec = SpecArgs {
        file: args.session.file.clone(),
        platform: args.session.platform.clone(),
        ..SpecArgs::default()
    };
    let session = session_file::load(&spec, None, None, context)?;
    if session.jobs.is_empty() {
        context.printer.say(&format!("the file has no jobs for session `{}`", session.name));
        return Ok(Exit::Done);
    }
    let is_begun = Cell::new(false);
    let work = async {
        let file = spec.file.as_deref();
        let place = select::find(args.session.session.as_deref(), file, &spec.platform, context);
        let place = place.await?;
        is_begun.set(true);
        let base = session_file::folder(file, context);
        file_jobs::bring(&session, &place, &base, context).await?;
        Ok(Exit::Done)
    };
    runtime::block_on(unless_interrupted(work, || file_interrupted(is_begun.get())))
}

fn file_interrupted(is_begun: bool) -> Error {
    if !is_begun {
        return Error::new(Kind::Interrupted, "interrupted; no job was submitted");
    }
    Error::new(Kind::Interrupted, "interrupted; what was begun in the session goes on")
        .hint("`nutkin jobs --all` shows the jobs; the same command goes on from there")
}

fn check(args: &Args) -> Result<(), Error> {
    let mut problems = Vec::new();
    if let Some(id) = args.job_id.as_ref().filter(|id| !is_job_id(id)) {
        problems.push(
            Problem::new("--job-id", format!("`{id}` is not a job id")).hint("give 32 hex digits"),
        );
    }
    if args.parallelism == Some(0) {
        problems.push(Problem::new("--parallelism", "a job has at least one part"));
    }
    problems.extend(claim_mode(args).err());
    if problems.is_empty() { Ok(()) } else { Err(Error::input(problems)) }
}

fn claim_mode(args: &Args) -> Result<Option<ClaimMode>, Problem> {
    args.claim_mode.as_deref().map(|text| ClaimMode::read(text, "--claim-mode")).transpose()
}

/// What the session's release would ignore without a word is refused before anything is uploaded.
fn check_release(args: &Args, version: FlinkVersion) -> Result<(), Error> {
    let mut problems = Vec::new();
    if !args.options.is_empty() && !version.line().run_takes_configuration {
        problems.push(
            Problem::new("-D", format!("Flink {version} takes none with a job"))
                .hint("set it for the whole session, or use Flink 1.17 or later"),
        );
    }
    if args.claim_mode.is_some() {
        let has_savepoint = args.from_savepoint.is_some();
        problems.extend(ClaimMode::problems(version, has_savepoint, "--claim-mode"));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::input(problems)) }
}

fn request(args: &Args) -> Result<RunRequest, Error> {
    let options = dynamic::parse(&args.options).map_err(Error::input)?;
    let claim_mode = claim_mode(args).map_err(|problem| Error::input(vec![problem]))?;
    Ok(RunRequest {
        class: args.class.clone(),
        arguments: args.job.iter().skip(1).cloned().collect(),
        parallelism: args.parallelism,
        job_id: None,
        savepoint: args.from_savepoint.clone(),
        allow_non_restored_state: args.allow_non_restored_state,
        claim_mode: claim_mode.map(|mode| mode.name().to_owned()),
        options: options
            .iter()
            .map(|(key, entry)| (key.to_owned(), entry.value.to_string()))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        run: Args,
    }

    /// The arguments of a command line that begins with `run`.
    pub(super) fn parsed(line: &str) -> Result<Args, clap::Error> {
        Line::try_parse_from(line.split(' ')).map(|line| line.run)
    }

    #[track_caller]
    fn check(line: &str, job: &[&str], detached: bool) {
        let run = parsed(line).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(run.job, job);
        assert_eq!(run.detached, detached);
    }

    #[test]
    fn what_follows_the_jar_belongs_to_the_job() {
        check("run a.jar --output x -d", &["a.jar", "--output", "x", "-d"], false);
        check("run -d -o json a.jar --output x", &["a.jar", "--output", "x"], true);
        check("run -d a.jar x -- --y", &["a.jar", "x", "--", "--y"], true);
        check("run -f s.yaml", &[], false);
    }

    #[test]
    fn an_unknown_option_is_no_jar() {
        assert!(Line::try_parse_from(["run", "--typo", "a.jar"]).is_err());
        assert!(Line::try_parse_from(["run"]).is_err());
    }
}
