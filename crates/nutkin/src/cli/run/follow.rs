//! Follows a job that was submitted to its end, and prints how it ended.

use std::time::Duration;

use serde_json::json;

use super::{Args, Submitted};
use crate::cli::shared::{Output, document};
use crate::cli::{Context, outcomes};
use crate::jobs::{Ended, failure, until_it_ends};
use crate::progress::Spinner;
use crate::remedies::words;
use crate::report::Style;
use crate::runtime::Interrupt;
use crate::{Exit, Outcome};
use nutkin_rest::{self, RestError};
use nutkin_shell::{Error, Kind};

pub(super) async fn follow(
    args: &Args,
    context: &Context<'_>,
    submitted: &Submitted,
    interrupt: &mut Interrupt,
) -> Outcome {
    let printer = context.printer;
    let Submitted { client, id, .. } = submitted;
    printer.say(&format!("job {id} is submitted"));
    let mut spinner = Spinner::new(printer);
    let timeout = args.timeout.map(Duration::from_secs);
    let progress = |line: &str| spinner.say(line);
    let why = async || {
        let view = submitted.place.as_ref()?.look().await.ok()?;
        let said: Vec<String> = view.messages.iter().map(|one| one.line(words)).collect();
        (!said.is_empty()).then(|| said.join("; "))
    };
    let ended = until_it_ends(client, id, timeout, Some(interrupt), progress, why).await;
    drop(spinner);
    match ended.map_err(|error| out_of_sight(id, error))? {
        Ended::Job(state, outcome) => {
            if let Some(place) = &submitted.place {
                let ended = [(id.clone(), state.to_string())];
                outcomes::note_ended(place, client, &ended).await;
            }
            let seconds = outcome.runtime.map(|millis| millis as f64 / 1000.0);
            let after = seconds.map(|seconds| format!(" after {seconds:.1} s")).unwrap_or_default();
            let fields = json!({
                "id": id,
                "state": state.to_string(),
                "runtimeMillis": outcome.runtime,
                "cause": outcome.cause,
            });
            if state.is_finished() {
                printer.say(&printer.style(Style::Green, &format!("job {id} has finished{after}")));
                return print(args, context, id, fields);
            }
            print(args, context, id, fields)?;
            let texts = cause_texts(&outcome);
            let advice = nutkin_diagnosis::advice(texts.iter().map(String::as_str));
            let cause = outcome.cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            let mut failed =
                Error::new(Kind::JobFailed, format!("job {id} is {state}{after}{cause}"));
            if !outcome.trace.is_empty() {
                let lines = shortened(&outcome.trace).join("\n    ");
                failed = failed.hint(format!("the exception:\n    {lines}"));
            }
            if let Some(advice) = advice {
                failed = failed.hint(advice);
            }
            Err(failed.hint("`nutkin logs` shows what the TaskManagers say"))
        }
        Ended::TimedOut(state) => {
            Err(Error::new(Kind::TimedOut, format!("job {id} is {state}; it goes on"))
                .hint(format!("`nutkin job {id}` shows it, `nutkin cancel {id}` ends it")))
        }
        Ended::Interrupted if args.cancel_on_interrupt => {
            client.cancel(id).await.map_err(failure)?;
            Err(Error::new(Kind::Interrupted, format!("interrupted; job {id} is being canceled")))
        }
        Ended::Interrupted => {
            Err(Error::new(Kind::Interrupted, format!("interrupted; job {id} goes on"))
                .hint(format!("`nutkin job {id}` shows it, `nutkin cancel {id}` ends it")))
        }
    }
}

/// The job cannot be followed any more, which says nothing about how it is.
fn out_of_sight(id: &str, error: RestError) -> Error {
    let is_lost = matches!(error, RestError::NotFound(_));
    let failed = failure(error);
    let message = format!("job {id} can no longer be followed");
    let failed = Error { kind: Kind::Broken, error: failed.error.context(message), ..failed };
    if is_lost {
        return failed.hint(
            "its JobManager was started again: jobs outlive that with high availability only \
             (`high-availability.type: zookeeper`)",
        );
    }
    failed.hint("`nutkin status` shows the session, `nutkin jobs --all` its jobs")
}

/// Frames of each exception that are shown: where it was thrown, and who called that.
const FRAMES: usize = 2;

/// An exception with its causes, of each the first frames. `nutkin job` and the logs have them all.
fn shortened(trace: &[String]) -> Vec<&str> {
    let mut frames = 0;
    let is_shown = |line: &&String| {
        let is_frame = line.trim_start().starts_with("at ") || line.trim_start().starts_with("...");
        frames = if is_frame { frames + 1 } else { 0 };
        frames <= FRAMES
    };
    trace.iter().filter(is_shown).map(String::as_str).collect()
}

/// What may say why, the root cause first.
fn cause_texts(outcome: &nutkin_rest::Outcome) -> Vec<String> {
    outcome.cause.iter().chain(outcome.trace.iter().rev()).cloned().collect()
}

pub(super) fn print(
    args: &Args,
    context: &Context<'_>,
    id: &str,
    fields: serde_json::Value,
) -> Outcome {
    if args.output.output == Output::Text {
        if args.detached {
            context.printer.out(&format!("{id}\n"));
        }
    } else {
        context.printer.document(&args.output.output, &document("Job", fields))?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_exception_is_shown_with_few_frames() {
        let trace = ["a.B: no", "at c", "at d", "at e", "Caused by: f", "at g", "... 3 more"];
        let trace = trace.map(str::to_owned);
        let shown = ["a.B: no", "at c", "at d", "Caused by: f", "at g", "... 3 more"];
        assert_eq!(super::shortened(&trace), shown);
    }
}
