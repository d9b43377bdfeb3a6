//! `nutkin jobs`.

use std::collections::BTreeMap;

use nutkin_core::ledger::{Bringer, Ledger};
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
  nutkin jobs orders                the jobs of the session `orders`
  nutkin jobs --all -o json | jq -r '.items[].id'")]
pub struct Args {
    /// The session's name, as with --session
    #[arg(value_name = "NAME", conflicts_with_all = ["session", "address"])]
    name: Option<String>,

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
pub fn run(mut args: Args, context: &Context<'_>) -> Outcome {
    args.session.session = args.name.take().or(args.session.session);
    runtime::block_on(async {
        let Target { client, session, .. } = target(&args.session, context).await?;
        let mut jobs = client.jobs().await.map_err(failure)?;
        let mut in_file = BTreeMap::new();
        let mut phase = None;
        if let Some(session) = &session
            && let Some(ledger) = outcomes::note(session, &client, &jobs).await
        {
            outcomes::tell_gone(session, &client, &ledger, &jobs, context).await;
            phase.clone_from(&ledger.phase);
            in_file = names_in_file(ledger);
        }
        let ended = jobs.len();
        jobs.retain(|job| args.all || !job.state.has_ended());
        let ended = ended - jobs.len();
        if args.output.output != Output::Text {
            let items: Vec<_> = jobs.iter().map(Job::document).collect();
            let mut fields = json!({"items": items});
            if let Some(phase) = phase {
                fields["underWay"] = phase.document();
            }
            context.printer.document(args.output.output, &document("JobList", fields))?;
            return Ok(Exit::Done);
        }
        if let Some(phase) = phase {
            context.printer.say(&phase.line());
        }
        if jobs.is_empty() {
            let more =
                if ended == 0 { String::new() } else { format!("; {ended} have ended: --all") };
            context.printer.say(&format!("no job runs{more}"));
            return Ok(Exit::Done);
        }
        let mut rows = vec![["ID", "STATE", "DURATION", "NAME"].map(str::to_owned)];
        for job in &jobs {
            // What other commands call it.
            let name = in_file.get(&job.id).filter(|name| **name != job.name);
            let name = name.map(|name| format!("{} (`{name}` of the session file)", job.name));
            rows.push([
                job.id.clone(),
                job.state.to_string(),
                duration(job.duration),
                name.unwrap_or_else(|| job.name.clone()),
            ]);
        }
        context.printer.show(&table(&rows));
        Ok(Exit::Done)
    })
}

/// Names that jobs have in the session file, by id.
fn names_in_file(ledger: Ledger) -> BTreeMap<String, String> {
    let of_file = ledger.jobs.into_iter().filter(|(_, job)| job.origin == Bringer::File);
    of_file.filter_map(|(name, job)| Some((job.id?, name))).collect()
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
