//! `nutkin plan`.

use std::time::Duration;

use nutkin_core::decide::Outline;
use nutkin_core::jobs::{JarsOnlyHere, Outlook, jars_only_here};
use nutkin_core::ledger::{Ledger, Phase};
use nutkin_core::risks::risks;
use nutkin_core::selection::Platform;
use nutkin_core::session::Session;
use nutkin_core::snapshots::{SnapshotNext, outlooks as outlooks_of_snapshots};
use serde_json::{Value, json};

use super::moving::Moves;
use super::shared::{Output, OutputArgs, document};
use super::up::warn_of_origin;
use super::{Context, session_file, wanted};
use crate::jobs::{failure, foresee, goes_on, strays};
use crate::platform::Decision;
use crate::{Exit, Outcome, runtime};
use nutkin_shell::Purpose;
use nutkin_shell::ledger;
use nutkin_shell::{Error, Kind};
use nutkin_shell::{Harm, Wish};

/// How long a session may take to answer for its jobs: a plan is not a reason to wait for one that starts.
const PATIENCE: Duration = Duration::from_secs(10);

/// Arguments of `nutkin plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin plan orders               what runs against what its ledger says
  nutkin plan -f session.yaml
  nutkin plan -D taskmanager.numberOfTaskSlots=4 --detailed-exitcode")]
pub struct Args {
    #[command(flatten)]
    wish: wanted::WishArgs,

    /// Exit with 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,

    #[command(flatten)]
    output: OutputArgs,
}

/// Shows what `up` would do, and does nothing.
///
/// # Errors
/// Bad input (2; 1 with `--detailed-exitcode`), a damaged state (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let detailed = args.detailed_exitcode;
    plan(args, context).map_err(|mut failure| {
        if detailed {
            failure.kind = Kind::Broken;
        }
        failure
    })
}

fn plan(args: Args, context: &Context<'_>) -> Outcome {
    let wish = wanted::wish(&args.wish, context)?;
    let there = wish.surroundings(context);
    let context = &there.as_ref().map_or(*context, |there| context.within(there));
    let wanted::Wish { session, place, .. } = &wish;
    session_file::check_options(session, context)?;
    for risk in risks(session) {
        context.events.warn_problem(&risk);
    }
    if !args.wish.no_jobs {
        super::file_jobs::check(session, &wish.base)?;
    }
    runtime::block_on(async {
        let asked = Wish { session, place, purpose: Purpose::Look, adopt: args.wish.adopt };
        let decision = Decision::of(asked, &|_| (), context).await?;
        let moves = Moves::of(&args.wish, &wish, context)?;
        let is_new = decision.outline().change.is_new;
        let opened = if is_new { None } else { Some(ledger::load(&decision.session()).await?) };
        let phase = opened.as_ref().and_then(|opened| opened.ledger.phase.as_ref());
        let (outline, _) =
            moves.of_jobs(decision.outline(), opened.as_ref(), &decision.session()).await?;
        let is_done = outline.is_done();
        let foreseen = if args.wish.no_jobs {
            Ok(Foreseen::default())
        } else {
            let has_file = args.wish.spec.file.is_some();
            foresee_all(session, has_file, &decision, &outline).await
        };
        let (outlooks, strays) = match foreseen {
            Err(failure) if failure.kind == Kind::Invalid => return Err(failure),
            Ok(Foreseen { outlooks, strays }) => (Some(outlooks), strays),
            Err(_) => (None, Vec::new()),
        };
        let mut left_out = None;
        if !is_new && !is_done {
            left_out = opened.as_ref().and_then(|opened| wish.left_out(&opened.ledger));
            if opened.as_ref().is_some_and(|opened| opened.ledger.wanted.is_none()) {
                warn_of_origin(&args.wish.spec, session, place, context);
            }
        }
        let snapshots = if args.wish.no_jobs {
            Vec::new()
        } else {
            let none = Ledger::new(&session.name);
            let ledger = opened.as_ref().map_or(&none, |opened| &opened.ledger);
            outlooks_of_snapshots(
                session,
                ledger,
                args.wish.spec.file.is_some(),
                super::snapshots::deletes(place.platform()),
            )
        };
        let only_here = if place.platform() == Platform::Kubernetes {
            let of_file = if args.wish.no_jobs { &[] } else { &session.jobs[..] };
            let ledger = opened.as_ref().map(|opened| &opened.ledger);
            jars_only_here(session, of_file, ledger, &outline.jobs)
        } else {
            JarsOnlyHere::default()
        };
        let comes = !snapshots.is_empty()
            || outlooks.iter().flatten().any(|outlook| !outlook.names().is_empty());
        if args.output.output == Output::Text {
            let mut lines = outline.lines(crate::remedies::words);
            lines.extend(phase.map(Phase::line));
            lines.extend(left_out);
            let is_drift = !is_new && !is_done;
            lines.extend(wish.of_ledger.clone().filter(|_| is_drift));
            lines.extend(outlooks.iter().flatten().filter_map(Outlook::line));
            lines.extend(only_here.line());
            lines.extend(snapshots.iter().map(|one| one.line.clone()));
            lines.extend(strays.iter().map(|(name, id)| goes_on(name, id)));
            if outlooks.is_none() {
                lines.push("what becomes of the jobs of the file is not known: the session does not answer".to_owned());
            }
            context.printer.show(&(lines.join("\n") + "\n"));
        } else {
            let mut plan = outline.document();
            plan["jobs"] = outlooks.as_ref().map_or(Value::Null, |outlooks| {
                let item =
                    |outlook: &Outlook| json!({"name": outlook.name, "steps": outlook.names()});
                outlooks.iter().map(item).collect()
            });
            let item = |one: &SnapshotNext| json!({"name": one.name, "job": one.job, "action": one.action});
            plan["snapshots"] = snapshots.iter().map(item).collect();
            plan["jarsOnlyHere"] = json!(only_here.0);
            if let Some(phase) = phase {
                plan["underWay"] = phase.document();
            }
            if comes || phase.is_some() {
                plan["changes"] = Value::Bool(true);
            }
            context.printer.document(&args.output.output, &document("Plan", plan))?;
        }
        let changes = is_new || !is_done || comes || phase.is_some();
        Ok(if changes && args.detailed_exitcode { Exit::Changes } else { Exit::Done })
    })
}

/// What becomes of the jobs of the file, and of those that it had before.
#[derive(Debug, Default)]
struct Foreseen {
    outlooks: Vec<Outlook>,
    /// Names and ids of those that run and that it no longer has.
    strays: Vec<(String, String)>,
}

async fn foresee_all(
    session: &Session,
    has_file: bool,
    decision: &Decision,
    outline: &Outline,
) -> Result<Foreseen, Error> {
    let has_jobs = !session.jobs.is_empty();
    if outline.change.is_new || !has_jobs && !has_file {
        let outlooks = foresee(session, None, &Ledger::new(&session.name), false).await?;
        return Ok(Foreseen { outlooks, strays: Vec::new() });
    }
    let asked = async {
        let place = decision.session();
        let record = ledger::load(&place).await?.ledger;
        if !has_jobs && record.jobs.is_empty() {
            return Ok(Foreseen::default());
        }
        let client = place.connect(true).await?.client()?;
        let listed = client.jobs().await.map_err(failure)?;
        let strays = strays(session, &record, &listed);
        let is_lost = outline.harm == Harm::Loss;
        let outlooks = foresee(session, Some(&client), &record, is_lost).await?;
        Ok(Foreseen { outlooks, strays })
    };
    let late = |_| Error::new(Kind::TimedOut, "the session does not answer");
    match tokio::time::timeout(PATIENCE, asked).await.map_err(late).flatten() {
        // A file without jobs has none of which something would not be known.
        Err(_) if !has_jobs => Ok(Foreseen::default()),
        foreseen => foreseen,
    }
}
