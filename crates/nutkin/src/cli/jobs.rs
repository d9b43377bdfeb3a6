//! `nutkin jobs`.

use std::collections::BTreeMap;

use nutkin_core::ledger::{Bringer, Ledger};
use serde_json::json;

use super::again::{self, WatchArgs};
use super::client::{Target, target};
use super::job_details::{self, Details, duration};
use super::shared::{Output, OutputArgs, SessionArgs, document};
use super::{Context, outcomes};
use crate::report::table;
use crate::{Exit, Outcome};
use nutkin_rest::Job;
use nutkin_rest::jobs::failure;

/// Arguments of `nutkin jobs`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "CHECKPOINT is how long ago the last one was complete. RESTARTS counts since the job was submitted to this session. \
ON CHANGE is what becomes of the job when its session changes; `nutkin plan` says more.

Examples:
  nutkin jobs
  nutkin jobs orders                the jobs of the session `orders`
  nutkin jobs --watch=5
  nutkin jobs --all -o name         their ids"
)]
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
    watch: WatchArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Lists the jobs of a session, oldest first.
///
/// # Errors
/// No such session (5), or no JobManager answers (1).
pub fn run(mut args: Args, context: &Context<'_>) -> Outcome {
    args.session.session = args.name.take().or(args.session.session);
    again::repeat(args.watch, context, async || {
        let Target { client, session, .. } = target(&args.session, context).await?;
        let mut jobs = client.jobs().await.map_err(failure)?;
        let ids = jobs.iter().map(|job| job.id.as_str());
        let applications = client.applications(ids).await.unwrap_or_default();
        let mut ledger = None;
        if let Some(session) = &session
            && let Some(known) = outcomes::note(session, &client, &jobs).await
        {
            outcomes::tell_gone(session, &client, &known, &jobs, context).await;
            ledger = Some(known);
        }
        let phase = ledger.as_ref().and_then(|ledger| ledger.phase.clone());
        let ended = jobs.len();
        jobs.retain(|job| args.all || !job.state.has_ended());
        let ended = ended - jobs.len();
        let details = job_details::of(&jobs, &client, session.as_ref(), ledger.as_ref()).await;
        if args.output.output != Output::Text {
            let all = jobs.iter().zip(&details);
            let item = |(job, more): (&Job, &Details)| {
                let mut item = more.document(job.document());
                if let Some(one) = applications.iter().find(|one| one.has(&job.id)) {
                    item["application"] = json!({"id": one.id, "name": one.name});
                }
                item
            };
            let items: Vec<_> = all.map(item).collect();
            let mut fields = json!({"items": items});
            if let Some(phase) = phase {
                fields["underWay"] = phase.document();
            }
            context.printer.document(&args.output.output, &document("JobList", fields))?;
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
        let heads = ["ID", "STATE", "DURATION", "CHECKPOINT", "RESTARTS", "ON CHANGE", "NAME"];
        let mut rows = vec![heads.map(str::to_owned)];
        let in_file = ledger.map(names_in_file).unwrap_or_default();
        for (job, more) in jobs.iter().zip(&details) {
            let [checkpoint, restarts, fate] = more.columns();
            // What other commands call it.
            let name = in_file.get(&job.id).filter(|name| **name != job.name);
            let name = name.map(|name| format!("{} (`{name}` of the session file)", job.name));
            rows.push([
                job.id.clone(),
                job.state.to_string(),
                duration(job.duration),
                checkpoint,
                restarts,
                fate,
                name.unwrap_or_else(|| job.name.clone()),
            ]);
        }
        context.printer.show(&table(&rows));
        for one in &applications {
            let ids: Vec<&str> = one.running().map(String::as_str).collect();
            context.printer.say(&format!(
                "application `{}` ({}): {}",
                one.name,
                one.id,
                match ids[..] {
                    [] => "no job of it runs".to_owned(),
                    _ => ids.join(", "),
                }
            ));
        }
        for (job, more) in jobs.iter().zip(&details) {
            if let Some(warning) = more.warning(&job.name) {
                context.printer.warn(&warning);
            }
        }
        Ok(Exit::Done)
    })
}

/// Names that jobs have in the session file, by id.
fn names_in_file(ledger: Ledger) -> BTreeMap<String, String> {
    let of_file = ledger.jobs.into_iter().filter(|(_, job)| job.origin == Bringer::File);
    of_file.filter_map(|(name, job)| Some((job.id?, name))).collect()
}
