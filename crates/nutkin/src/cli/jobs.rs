//! `nutkin jobs`.

use serde_json::json;

use super::client::{Target, target};
use super::shared::{Output, OutputArgs, SessionArgs, document};
use super::{Context, outcomes};
use crate::report::table;
use crate::{Exit, Outcome, runtime};
use nutkin_rest::Job;
use nutkin_rest::jobs::failure;

/// Arguments of `nutkin jobs`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin jobs
  nutkin jobs --all -o json | jq -r '.items[].id'")]
pub struct Args {
    /// Jobs that have ended, too
    #[arg(long, short)]
    all: bool,

    #[command(flatten)]
    session: SessionArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Lists the jobs of a session, oldest first.
///
/// # Errors
/// No such session (5), or no JobManager answers (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    runtime::block_on(async {
        let Target { client, session, .. } = target(&args.session, context).await?;
        let mut jobs = client.jobs().await.map_err(failure)?;
        if let Some(session) = &session {
            outcomes::note(session, &client, &jobs).await;
        }
        let ended = jobs.len();
        jobs.retain(|job| args.all || !job.state.has_ended());
        let ended = ended - jobs.len();
        if args.output.output != Output::Text {
            let items: Vec<_> = jobs.iter().map(Job::document).collect();
            context
                .printer
                .document(args.output.output, &document("JobList", json!({"items": items})))?;
            return Ok(Exit::Done);
        }
        if jobs.is_empty() {
            let more =
                if ended == 0 { String::new() } else { format!("; {ended} have ended: --all") };
            context.printer.say(&format!("no job runs{more}"));
            return Ok(Exit::Done);
        }
        let mut rows = vec![["ID", "STATE", "DURATION", "NAME"].map(str::to_owned)];
        for job in &jobs {
            rows.push([
                job.id.clone(),
                job.state.to_string(),
                duration(job.duration),
                job.name.clone(),
            ]);
        }
        context.printer.out(&table(&rows));
        Ok(Exit::Done)
    })
}

/// `1h 02m`, `3m 05s`, `7.2s`.
pub(super) fn duration(millis: i64) -> String {
    let seconds = millis / 1000;
    match seconds {
        3600.. => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
        60.. => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{:.1}s", millis as f64 / 1000.0),
    }
}
