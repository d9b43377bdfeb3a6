//! `nutkin down`.

use std::cell::RefCell;
use std::time::Duration;

use nutkin_core::Remark;
use nutkin_core::ledger::{ENDED, Opened};
use nutkin_core::selection::Platform;
use nutkin_flink::{Configuration, Problem};

use super::consent::{self, ConsentArgs};
use super::end_jobs::{self, AtEnd};
use super::select;
use super::shared::{Output, OutputArgs, PlatformArgs, WhichArgs, document};
use super::{Context, outcomes};
use crate::at_boot::BootUnit;
use crate::platform::{self, Session};
use crate::remedies::words;
use crate::runtime::unless_interrupted;
use crate::{Exit, Outcome, runtime};
use nutkin_kubernetes::api::Api;
use nutkin_kubernetes::cluster;
use nutkin_kubernetes::end::delete_what_is_left;
use nutkin_shell::ledger::{self, Store};
use nutkin_shell::{Ended, Ending, Kept};
use nutkin_shell::{Error, Kind};

/// How long a session is asked which of its jobs have ended before it ends itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// Arguments of `nutkin down`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A session whose jobs can go on from a savepoint or checkpoint keeps its ledger: `nutkin ls` shows it as \
ended, `nutkin up NAME` starts it again.

Examples:
  nutkin down             the only session there is
  nutkin down orders --yes    without asking, unless jobs would be lost
  nutkin down orders --force  with the jobs that run
  nutkin down orders --jobs savepoint   its jobs go on when `up orders` starts it again
  nutkin down orders --keep-logs
  nutkin down orders --delete-data
  nutkin down orders --delete-data --on docker   the volume of a session that is gone, too"
)]
pub struct Args {
    #[command(flatten)]
    which: WhichArgs,

    #[command(flatten)]
    platform: PlatformArgs,

    /// What becomes of jobs that run
    #[arg(long, value_enum, value_name = "WHAT")]
    jobs: Option<AtEnd>,

    /// How long a savepoint may take
    #[arg(long, default_value = "600", value_name = "SECONDS")]
    savepoint_timeout: u64,

    /// Keep the log files
    #[arg(long)]
    keep_logs: bool,

    /// Delete savepoints, checkpoints, high availability data and the ledger, which are kept otherwise; of a session that is gone, too
    #[arg(long)]
    delete_data: bool,

    /// Delete the high availability data of the session in Kubernetes, which brings its jobs back otherwise
    #[arg(long)]
    delete_ha_data: bool,

    /// End a session on Kubernetes that somebody else started
    #[arg(long)]
    adopt: bool,

    #[command(flatten)]
    consent: ConsentArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Ends a session and removes its state. Works on a damaged one, too.
///
/// # Errors
/// No such session (5), consent needed (6), something could not be ended (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let begun = RefCell::new(None);
    runtime::block_on(async {
        unless_interrupted(end(&args, &begun, context), || interrupted(begun.take())).await
    })
}

/// What Ctrl-C leaves behind.
fn interrupted(begun: Option<Session>) -> Error {
    let Some(session) = begun else {
        return Error::new(Kind::Interrupted, "interrupted; nothing was ended");
    };
    let name = session.name();
    let mut message = format!("interrupted while session `{name}` was being ended");
    match session.left() {
        Some(left) if left.is_empty() => message += "; none of its processes runs any more",
        Some(left) => message += &format!("; at this moment there are still: {}", left.join(", ")),
        None => {}
    }
    Error::new(Kind::Interrupted, message)
        .hint(format!("`nutkin status {name}` shows what is left, `nutkin down {name}` ends it"))
}

/// Deletes what a session left behind that is gone: a later one of its name would bring its jobs back.
async fn delete_ha_data(args: &Args, not_found: Error, context: &Context<'_>) -> Outcome {
    let on = args.platform.on.map(Platform::from);
    let (Some(name), Some(Platform::Kubernetes)) = (args.which.name(), on) else {
        return Err(not_found);
    };
    let place = select::cluster_of(&args.platform);
    let access = cluster::find(&place, &Configuration::new(), context.environment).await?;
    let deleted = delete_what_is_left(&Api::new(access)?, name).await?;
    if deleted.is_empty() {
        return Err(not_found);
    }
    context.printer.say(&format!("session `{name}` was gone; deleted: {}", deleted.join(", ")));
    if args.output.output != Output::Text {
        let fields = serde_json::json!({
            "name": name, "platform": "kubernetes", "ended": deleted, "kept": [],
        });
        context.printer.document(&args.output.output, &document("Down", fields))?;
    }
    Ok(Exit::Done)
}

/// A session that is gone may have left its data where nobody has looked.
fn nothing_left(failure: Error, args: &Args) -> Error {
    match args.platform.on {
        None => failure.hint("`--on docker` looks for data that it left on the Docker daemon"),
        Some(_) => failure,
    }
}

/// The ledger, where it can be read: a session ends without it, too.
async fn open(session: &Session, context: &Context<'_>) -> Option<Opened> {
    match ledger::load(session).await {
        Ok(opened) => Some(opened).filter(|opened| !opened.is_new()),
        Err(failure) => {
            context.printer.warn(&format!("{:#}; it is left alone", failure.error));
            None
        }
    }
}

/// Whether jobs run as far as the ledger knows. One that cannot be read, or not all of it, may know of some.
async fn has_open_jobs(session: &Session) -> bool {
    let has = |opened: Opened| !opened.lost.is_empty() || opened.ledger.open_jobs() != 0;
    ledger::load(session).await.map_or(true, has)
}

/// # Errors
/// It is moving: its jobs may run elsewhere, and would run twice when it comes again.
fn refuse_move(name: &str, opened: Option<&Opened>) -> Result<(), Error> {
    let phase = opened.and_then(|opened| opened.ledger.phase.as_ref());
    let phase = phase.filter(|phase| phase.to.is_some());
    phase.map_or(Ok(()), |phase| Err(platform::ledger::under_way(name, phase)))
}

fn resumable(opened: &Opened) -> Vec<String> {
    opened.ledger.resumable().into_iter().map(str::to_owned).collect()
}

/// Notes the end, so that what is kept is what this Nutkin writes, and outlives the session everywhere.
async fn remember_end(
    session: &Session,
    opened: &mut Opened,
    context: &Context<'_>,
) -> Result<(), Error> {
    // What it was before a change that is under way is nowhere to go back to.
    opened.ledger.close();
    opened.ledger.note(ledger::event(context.environment, vec![ENDED.to_owned()]));
    ledger::save(session, opened).await
}

/// Removes the ledger that an end which was cut off has left, unless something in it could be resumed.
async fn forget_left(
    name: &str,
    platform: Platform,
    args: &Args,
    context: &Context<'_>,
) -> Result<(), Error> {
    let place = select::place_of(platform, &args.platform);
    let left = platform::ledger::store(name, &place, context).await?;
    let opened = ledger::load(&left).await?;
    if !opened.is_new() && (args.delete_data || resumable(&opened).is_empty()) {
        Store::remove(&left, &opened.version).await?;
        context.printer.say(&format!("session `{name}` was gone; its ledger was removed"));
    }
    Ok(())
}

async fn end(args: &Args, begun: &RefCell<Option<Session>>, context: &Context<'_>) -> Outcome {
    let (name, file) = (args.which.name(), args.which.file());
    let found = select::find(name, file, &args.platform, context).await;
    if let (Err(failure), Some(name), Some(on)) = (&found, name, args.platform.on)
        && failure.kind == Kind::NotFound
    {
        forget_left(name, on.into(), args, context).await?;
    }
    let session = match found {
        Err(failure) if failure.kind == Kind::NotFound && args.delete_ha_data => {
            return delete_ha_data(args, failure, context).await;
        }
        Err(failure) if failure.kind == Kind::NotFound && args.delete_data => {
            // What it has left is found by its name.
            let left = select::find_left(name, file, &args.platform, context).await?;
            left.ok_or_else(|| nothing_left(failure, args))?
        }
        found => found?,
    };
    let name = session.name().to_owned();
    if args.delete_data && args.jobs == Some(AtEnd::Savepoint) {
        let message = "`--delete-data` deletes the savepoints of `--jobs savepoint`";
        let problem = Problem::new("--delete-data", message);
        return Err(Error::input(vec![problem.hint("leave one of the two out")]));
    }
    let ending = Ending {
        keep_logs: args.keep_logs,
        delete_data: args.delete_data,
        delete_ha_data: args.delete_ha_data,
        adopt: args.adopt,
    };
    for one in session.deletes(ending).await? {
        context.printer.say(&format!("session `{name}`: will be deleted: {one}"));
    }
    let limit = Duration::from_secs(args.savepoint_timeout);
    if args.jobs.is_some() && !args.consent.force {
        // Before any of them is stopped.
        refuse_move(&name, open(&session, context).await.as_ref())?;
    }
    let have_ended = match args.jobs {
        Some(choice) => end_jobs::bring(choice, &session, limit, args.consent, context).await?,
        None => false,
    };
    let jobs = session.endangered(!args.consent.yes && !args.consent.force).await?;
    if let Some(names) = jobs.names().filter(|_| !have_ended) {
        let comes_back = session.comes_back(ending).await?;
        let what = if comes_back {
            "jobs that end, and that high availability runs again in a session of this name"
        } else {
            "jobs that will be lost"
        };
        context.printer.say(&format!("session `{name}`: {what}: {names}"));
        // What may have jobs and does not say so is ended with `--yes`: it is broken. Not so where the ledger knows of some.
        let may_lose = jobs.are_some() || !args.consent.yes || has_open_jobs(&session).await;
        let is_loss = !comes_back && may_lose;
        consent::ask(args.consent, is_loss, "End the session?", context)?;
    }
    let mut opened = open(&session, context).await;
    if !args.consent.force {
        refuse_move(&name, opened.as_ref())?;
    }
    begun.replace(Some(session.clone()));
    if opened.as_ref().is_some_and(|opened| opened.ledger.open_jobs() != 0) {
        // The session can still tell what they have left.
        let _ = tokio::time::timeout(PATIENCE, outcomes::look(&session)).await;
        opened = open(&session, context).await;
    }
    let resumable =
        opened.as_ref().map(resumable).filter(|_| !args.delete_data).unwrap_or_default();
    if let Some(opened) = opened.as_mut().filter(|_| !resumable.is_empty()) {
        remember_end(&session, opened, context).await?;
    }
    let Ended { ended, mut kept, deleted } = session.end(ending, context).await?;
    if resumable.is_empty() {
        // On Kubernetes values may lie there without a ledger, left by a command that was cut off.
        if opened.is_some() || matches!(session, Session::Kubernetes(_)) {
            let expected = opened.as_ref().map(|opened| opened.version.clone()).unwrap_or_default();
            match Store::remove(&session, &expected).await {
                Err(failure) if failure.kind == Kind::Denied => {
                    context.printer.warn(&format!("the ledger stays: {:#}", failure.error));
                }
                removed => removed?,
            }
        }
        platform::forget(context.environment, &name, &session.place());
    } else {
        let what = format!("the ledger of session `{name}`");
        kept.push(Kept { what, remark: Remark::default(), is_data: true });
    }
    if matches!(session, Session::Local(_)) {
        BootUnit::of(&name, context.environment).remove(context)?;
    }
    if ended.is_empty() {
        context.printer.say(&format!("session `{name}`: none of its processes was running"));
    } else {
        context.printer.say(&format!("session `{name}` ended: {}", ended.join(", ")));
    }
    for one in &deleted {
        context.printer.say(&format!("deleted {one}"));
    }
    for one in &kept {
        let remark = one.remark.line(words);
        let remark = if remark.is_empty() { remark } else { format!(": {remark}") };
        let quote = if one.what.contains('`') { "" } else { "`" };
        context.printer.say(&format!("kept {quote}{}{quote}{remark}", one.what));
    }
    if !resumable.is_empty() {
        for line in opened.iter().flat_map(|opened| opened.ledger.goes_on()) {
            context.printer.say(&words(&line));
        }
        let printer = context.printer;
        printer.suggest(&format!("`nutkin up {name}` starts it again with the same options"));
        printer.suggest(&format!("`nutkin down {name} --delete-data` removes the ledger, too"));
    }
    if args.output.output != Output::Text {
        let data = kept.iter().filter(|one| one.is_data).map(|one| &one.what);
        let fields = serde_json::json!({
            "name": name,
            "platform": session.platform().to_string(),
            "ended": ended,
            "deleted": deleted,
            "kept": data.collect::<Vec<_>>(),
        });
        context.printer.document(&args.output.output, &document("Down", fields))?;
    }
    Ok(Exit::Done)
}
