//! What `stop`, `savepoint` and `checkpoint` share: start it, wait, say where it is.

use std::time::Duration;

use serde_json::{Value, json};

use super::Context;
use super::client::connect;
use super::shared::{Output, OutputArgs, SessionArgs, document};
use crate::flink_rest::{RestError, Trigger};
use crate::jobs::{failure, find, until_tasks_run};
use crate::{Exit, Failure, Outcome, runtime};

/// What to do, and how to speak of it.
pub(super) struct Snapshot<'a> {
    pub(super) job: &'a str,
    pub(super) session: &'a SessionArgs,
    pub(super) output: &'a OutputArgs,
    pub(super) timeout: u64,
    /// `Savepoint` or `Checkpoint`.
    pub(super) kind: &'static str,
    pub(super) trigger: Trigger,
}

pub(super) fn run(snapshot: &Snapshot<'_>, context: &Context<'_>) -> Outcome {
    let noun = snapshot.kind.to_lowercase();
    runtime::block_on(async {
        let (client, _) = connect(snapshot.session, context).await?;
        if matches!(snapshot.trigger, Trigger::Checkpoint { .. })
            && !client.version().line().has_checkpoint_trigger
        {
            let message =
                format!("Flink {} takes checkpoints only by its own clock", client.version());
            return Err(Failure::new(Exit::BadInput, message)
                .hint("Flink 1.17 and later take them on request; `nutkin savepoint` works here"));
        }
        let job = find(&client, snapshot.job).await?;
        if job.state.has_ended() {
            let message = format!("job {} is {}: it has no state any more", job.id, job.state);
            return Err(Failure::new(Exit::Failed, message));
        }
        until_tasks_run(&client, &job.id).await;
        let place = client.trigger(&job.id, &snapshot.trigger).await.map_err(hinted)?;
        context.printer.say(&format!("taking a {noun} of job {}", job.id));
        let result =
            client.result(&place, Duration::from_secs(snapshot.timeout)).await.map_err(hinted)?;
        let Some(result) = result else {
            let message =
                format!("the {noun} is not complete after {} s; it goes on", snapshot.timeout);
            return Err(Failure::new(Exit::TimedOut, message)
                .hint(format!("`nutkin job {}` shows it", job.id)));
        };
        print(snapshot, context, &job.id, &result)
    })
}

fn print(snapshot: &Snapshot<'_>, context: &Context<'_>, id: &str, result: &Value) -> Outcome {
    if snapshot.output.output == Output::Text {
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
        context.printer.document(snapshot.output.output, &document(snapshot.kind, fields))?;
    }
    Ok(Exit::Done)
}

/// With what helps where a directory is missing.
fn hinted(error: RestError) -> Failure {
    let text = error.to_string();
    let failure = failure(error);
    if text.contains("directory") && text.contains("configured") {
        return failure.hint("name a directory, or set `state.savepoints.dir` for the session");
    }
    failure
}
