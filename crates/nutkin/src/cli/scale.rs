//! `nutkin scale`.

use std::cell::RefCell;

use super::Context;
use super::consent::{self, ConsentArgs};
use super::moving::Moves;
use super::select;
use super::shared::{Jobs, MoveArgs, PlatformArgs, WhichArgs};
use super::wanted::Wish;
use crate::platform::{Scaling, Session};
use crate::runtime::{self, unless_interrupted};
use crate::{Exit, Outcome, remedies};
use nutkin_flink::counted;
use nutkin_shell::{Error, Kind};

/// Arguments of `nutkin scale`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Jobs on TaskManagers that end fail over to their last checkpoint. A job that takes none, or is not to repeat anything, \
is stopped with a savepoint and resumed from it with `--jobs move`.

Examples:
  nutkin scale --task-managers 3
  nutkin scale orders --task-managers 1 --yes
  nutkin scale orders --task-managers 1 --jobs move"
)]
pub struct Args {
    #[command(flatten)]
    which: WhichArgs,

    /// Number of TaskManagers
    #[arg(long, value_name = "N")]
    task_managers: u32,

    #[command(flatten)]
    moves: MoveArgs,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    consent: ConsentArgs,
}

/// Starts or ends TaskManagers; the others are not touched.
///
/// # Errors
/// No such session (5), consent needed (6).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let begun = RefCell::new(None);
    runtime::block_on(async {
        unless_interrupted(scale(&args, &begun, context), || interrupted(begun.take())).await
    })
}

/// A change on its way: the session, and how many TaskManagers it had and gets.
type Begun = (String, usize, usize);

/// What Ctrl-C leaves behind.
fn interrupted(begun: Option<Begun>) -> Error {
    let Some((name, old, new)) = begun else {
        return Error::new(Kind::Interrupted, "interrupted; nothing was changed");
    };
    let message = format!(
        "interrupted while session `{name}` went from {old} to {}",
        counted(new, "TaskManager")
    );
    Error::new(Kind::Interrupted, message).hint(format!(
        "`nutkin status {name}` shows how many run, `nutkin scale {name} --task-managers {new}` goes on"
    ))
}

async fn scale(args: &Args, begun: &RefCell<Option<Begun>>, context: &Context<'_>) -> Outcome {
    let session =
        select::find(args.which.name(), args.which.file(), &args.platform, context).await?;
    let (name, new) = (session.name().to_owned(), args.task_managers as usize);
    let mut scaling = Scaling::of(session.clone(), args.task_managers, context).await?;
    let old = scaling.old;
    let is_begun = scaling.ledger().is_some_and(|ledger| ledger.phase.is_some());
    if is_begun || matches!(args.moves.jobs, Some(Jobs::Move | Jobs::Wait)) {
        return with_jobs(args, &session, scaling, begun, context).await;
    }
    let jobs = scaling.endangered(!args.consent.yes && !args.consent.force).await?;
    if let Some(jobs) = jobs.names() {
        context.printer.say(&format!(
            "ends {}; jobs there fail over to their last checkpoint: {jobs}",
            counted(old - new, "TaskManager")
        ));
        consent::ask(args.consent, false, "Go on?", context)?;
    }
    if scaling.starts_all() {
        context.printer.say(&format!(
            "no process of session `{name}` runs: Nutkin starts its JobManagers, too"
        ));
    }
    for remark in scaling.remarks() {
        context.printer.warn(&remark.line(remedies::words));
    }
    begun.replace(Some((name.clone(), old, new)));
    Box::pin(scaling.carry_out(context)).await?;
    told(&scaling, context);
    Ok(Exit::Done)
}

fn told(scaling: &Scaling, context: &Context<'_>) {
    let (name, old, new) = (scaling.name(), scaling.old, scaling.new as usize);
    context.printer.say(&if scaling.is_there() {
        format!("session `{name}` has {} already", counted(new, "TaskManager"))
    } else {
        format!("session `{name}`: {old} -> {}", counted(new, "TaskManager"))
    });
}

/// What the ledger calls it.
const CHANGE: &str = "scale";

/// The same with jobs that are stopped with savepoints before, and resumed afterwards.
async fn with_jobs(
    args: &Args,
    session: &Session,
    scaling: Scaling,
    begun: &RefCell<Option<Begun>>,
    context: &Context<'_>,
) -> Outcome {
    let name = session.name();
    let Some(wanted) = scaling.wanted().cloned() else {
        let message = format!("no ledger says what session `{name}` is, and could resume its jobs");
        return Err(Error::new(Kind::Broken, message));
    };
    let wish = Wish::of_ledger(session, wanted, context)?;
    let moves = Moves::at_change(CHANGE, &args.moves, &wish, context)?;
    moves.see(scaling.ledger(), session);
    match Box::pin(move_jobs(args, session, scaling, &moves, begun, context)).await {
        Err(failure) if begun.borrow().is_some() && moves.are_under_way() => {
            Err(moves.rescue(failure).await)
        }
        ended => ended,
    }
}

async fn move_jobs(
    args: &Args,
    session: &Session,
    mut scaling: Scaling,
    moves: &Moves<'_>,
    begun: &RefCell<Option<Begun>>,
    context: &Context<'_>,
) -> Outcome {
    let begins = (session.name().to_owned(), scaling.old, scaling.new as usize);
    loop {
        // More TaskManagers end nothing.
        if scaling.old <= scaling.new as usize {
            break;
        }
        let (fates, candidates) = moves.at_scaling(session).await?;
        if candidates.is_empty() {
            break;
        }
        for line in fates.lines(0, None) {
            context.printer.say(&line);
        }
        for hint in Moves::hints(&candidates) {
            context.printer.hint(hint);
        }
        if begun.borrow().is_none() {
            consent::ask(args.consent, false, "Go on?", context)?;
        }
        begun.replace(Some(begins.clone()));
        if !moves.stops(&fates) {
            break;
        }
        moves.stop(&fates, &candidates, session).await?;
        // The ledger is another one by now, and another job may have come in.
        scaling = Scaling::of(session.clone(), args.task_managers, context).await?;
    }
    begun.replace(Some(begins));
    Box::pin(scaling.carry_out(context)).await?;
    told(&scaling, context);
    moves.resume(session).await?;
    Ok(Exit::Done)
}
