//! What `stop`, `savepoint` and `checkpoint` share: start it, wait, say where it is.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use nutkin_core::jobs::arguments;
use serde_json::{Value, json};

use super::Context;
use super::client::target;
use super::shared::{Output, OutputArgs, SessionArgs, document};
use super::taken::Asked;
use crate::jobs::{Driven, Patience, failure, said_from_now_on, until_done, until_tasks_run};
use crate::progress::Spinner;
use crate::runtime::{self, unless_interrupted};
use crate::{Exit, Outcome};
use nutkin_rest::{Client, Job, RestError, Trigger, TriggerId, left_after, savepoint_at_end};
use nutkin_shell::{Error, Kind};

/// What `stop` and `savepoint` take alike.
#[derive(Debug, clap::Args)]
pub(super) struct SavepointArgs {
    /// NATIVE or CANONICAL
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<String>,

    #[command(flatten)]
    pub(super) wait: WaitArgs,
}

/// What all three take alike.
#[derive(Debug, clap::Args)]
pub(super) struct WaitArgs {
    /// How long to wait for the result
    #[arg(long, default_value = "300", value_name = "SECONDS")]
    pub(super) timeout: u64,

    #[command(flatten)]
    pub(super) session: SessionArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What to do, and how to speak of it.
pub(super) struct Snapshot<'a> {
    pub(super) job: &'a str,
    pub(super) args: &'a WaitArgs,
    /// `Savepoint` or `Checkpoint`.
    pub(super) kind: &'static str,
    pub(super) trigger: Trigger,
}

/// How far it is, for what Ctrl-C has to say.
enum Stage {
    Before,
    /// The session was asked, and its answer is not there yet.
    Asked(String),
    /// The session works on it.
    Begun(String),
}

pub(super) fn run(snapshot: &Snapshot<'_>, context: &Context<'_>) -> Outcome {
    let stage = RefCell::new(Stage::Before);
    runtime::block_on(async {
        let left = || interrupted(snapshot, stage.replace(Stage::Before));
        unless_interrupted(take(snapshot, &stage, context), left).await
    })
}

/// What Ctrl-C leaves behind: what Flink has begun it brings to its end.
fn interrupted(snapshot: &Snapshot<'_>, stage: Stage) -> Error {
    let noun = snapshot.kind.to_lowercase();
    let stops = matches!(snapshot.trigger, Trigger::Stop { .. });
    let (message, id) = match stage {
        Stage::Before => {
            let message = format!("interrupted; no {noun} was begun");
            return Error::new(Kind::Interrupted, message);
        }
        Stage::Asked(id) => {
            (format!("interrupted; a {noun} of job {id} was asked for and may have begun"), id)
        }
        Stage::Begun(id) if stops => (
            format!("interrupted; the savepoint goes on, and job {id} stops when it is complete"),
            id,
        ),
        Stage::Begun(id) => (format!("interrupted; the {noun} of job {id} goes on"), id),
    };
    Error::new(Kind::Interrupted, message).hint(format!("`nutkin job {id}` shows it"))
}

async fn take(snapshot: &Snapshot<'_>, stage: &RefCell<Stage>, context: &Context<'_>) -> Outcome {
    let noun = snapshot.kind.to_lowercase();
    let target = target(&snapshot.args.session, context).await?;
    let mut trigger = snapshot.trigger.clone();
    if let Trigger::Savepoint { directory, .. } | Trigger::Stop { directory, .. } = &mut trigger
        && let Some(given) = directory.take()
    {
        let here = &context.environment.directory;
        let whole = arguments::snapshot_path(&given, &target.sight, here, "DIR");
        *directory = Some(whole.map_err(|problem| Error::input(vec![problem]))?);
    }
    if matches!(snapshot.trigger, Trigger::Checkpoint { .. })
        && !target.client.version().line().has_checkpoint_trigger
    {
        let version = target.client.version();
        let message = format!("Flink {version} takes checkpoints only by its own clock");
        return Err(Error::new(Kind::Invalid, message)
            .hint("Flink 1.17 and later take them on request; `nutkin savepoint` works here"));
    }
    let job = target.job(snapshot.job).await?;
    let client = &target.client;
    let has_ended = job.state.has_ended();
    let about = (job.id.as_str(), has_ended);
    let noted = Asked::begin(target.session.as_ref(), about, &trigger, client.version()).await;
    let id = noted.as_ref().and_then(|noted| noted.id.clone());
    if has_ended && id.is_none() {
        return Err(too_late(client, &job).await);
    }
    let asked = match id {
        // An earlier command asked for it, and its end is what there is to tell.
        Some(id) if has_ended => Ok(TriggerId::of(&job.id, &trigger, &id)),
        id => {
            until_tasks_run(client, &job.id).await;
            stage.replace(Stage::Asked(job.id.clone()));
            client.trigger(&job.id, &trigger, id.as_deref()).await
        }
    };
    let result = match asked {
        Ok(asked) => wait(snapshot, (client, &job.id), &asked, stage, context).await,
        Err(error) => Err(error),
    };
    if let Some(noted) = noted {
        noted.settle(&result).await;
    }
    let Some(result) = result.map_err(hinted)? else {
        let message =
            format!("the {noun} is not complete after {} s; it goes on", snapshot.args.timeout);
        return Err(
            Error::new(Kind::TimedOut, message).hint(format!("`nutkin job {}` shows it", job.id))
        );
    };
    print(snapshot, context, &job.id, &result)
}

/// That a job has ended, with its last savepoint where it has one: another command may have made it, and been killed.
async fn too_late(client: &Client, job: &Job) -> Error {
    let (id, state) = (&job.id, &job.state);
    let said = said_from_now_on(client, id).await;
    let (Ok(checkpoints), Ok(config)) = said else {
        let message = format!("job {id} is {state}; what it has left is not known");
        return Error::new(Kind::Broken, message);
    };
    let left = left_after(&state.to_string(), &checkpoints, &config, id);
    // The savepoint of a job that went on for long after it is not where it goes on.
    let Some(newest) =
        left.newest.filter(|_| !state.is_finished() || savepoint_at_end(&checkpoints).is_some())
    else {
        return Error::new(Kind::Broken, format!("job {id} is {state}: it has no state any more"));
    };
    let message = format!("job {id} is {state}; it has left {newest}");
    Error::new(Kind::Broken, message)
        .hint(format!("`nutkin run --from-savepoint {newest} JAR` continues from it"))
}

/// Waits for the result; `None` when the time is over.
async fn wait(
    snapshot: &Snapshot<'_>,
    (client, id): (&Client, &str),
    asked: &TriggerId,
    stage: &RefCell<Stage>,
    context: &Context<'_>,
) -> Result<Option<Value>, RestError> {
    stage.replace(Stage::Begun(id.to_owned()));
    let noun = snapshot.kind.to_lowercase();
    context.printer.say(&format!("taking a {noun} of job {id}"));
    let mut show = Spinner::at_terminal(context.printer);
    let started = Instant::now();
    let mut patience =
        Patience::new(Some(Duration::from_secs(snapshot.args.timeout))).telling(|_| {
            show(&format!("waiting for the {noun}, {} s", started.elapsed().as_secs()));
        });
    Ok(match until_done(client, asked, &mut patience).await? {
        Driven::Done(result) => Some(result),
        // Ctrl-C ends the whole command.
        Driven::TimedOut | Driven::Interrupted => None,
    })
}

fn print(snapshot: &Snapshot<'_>, context: &Context<'_>, id: &str, result: &Value) -> Outcome {
    if snapshot.args.output.output == Output::Text {
        let said = match (result["location"].as_str(), result["checkpointId"].as_u64()) {
            (Some(location), _) => location.to_owned(),
            (None, Some(number)) => number.to_string(),
            (None, None) => String::new(),
        };
        context.printer.out(&format!("{said}\n"));
    } else {
        let fields = json!({
            "job": id,
            "location": result["location"],
            "checkpointId": result["checkpointId"],
        });
        context.printer.document(&snapshot.args.output.output, &document(snapshot.kind, fields))?;
    }
    Ok(Exit::Done)
}

/// With what helps where a directory is missing.
fn hinted(error: RestError) -> Error {
    let text = error.to_string();
    let failure = failure(error);
    if text.contains("directory") && text.contains("configured") {
        return failure.hint("name a directory, or set `state.savepoints.dir` for the session");
    }
    failure
}
