//! `nutkin gc`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use nutkin_core::gc::{self, Holder, Judged, Leftover, LeftoverKind};
use nutkin_flink::is_highly_available;
use nutkin_local::leftovers;
use nutkin_shell::files::At as _;
use nutkin_shell::{Error, Kind, Place, ledger};

use super::Context;
use super::consent::{self, ConsentArgs};
use crate::jobs::Jars;
use crate::platform::{self, Session};
use crate::{Exit, Outcome, runtime};

/// How long a session may take to tell its jobs: one that does not keeps everything.
const PATIENCE: Duration = Duration::from_secs(10);

/// Arguments of `nutkin gc`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nutkin removes kept jars, checkpoints and archives of jobs, and savepoints of sessions that are gone, where no session, \
ledger, checkpoint or savepoint needs them, and high availability data of sessions that are gone, on this machine and on Kubernetes, if it brings no job \
back. What may be needed stays.

Examples:
  nutkin gc --dry-run     what would be removed, and why it can be
  nutkin gc --yes         without asking
  nutkin gc orders        what session `orders` has left, and no jars"
)]
pub struct Args {
    /// Only what this session has left
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Show what would be removed, and what stays, and remove nothing
    #[arg(long)]
    dry_run: bool,

    /// Remove what was shown without asking
    #[arg(long, short)]
    yes: bool,
}

/// Removes what nobody needs any more.
///
/// # Errors
/// Consent needed (6), something cannot be removed (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    runtime::block_on(async {
        let (judged, of_platform) = judged(&args, context).await?;
        let (stays, goes): (Vec<Judged>, Vec<Judged>) =
            judged.into_iter().partition(|one| one.needed.is_some());
        if args.dry_run {
            for one in &stays {
                context.printer.say(&one.line());
            }
        }
        if goes.is_empty() {
            context.printer.say("nothing is left that nobody needs");
            return Ok(Exit::Done);
        }
        context.printer.say(if args.dry_run { "would be deleted:" } else { "will be deleted:" });
        for one in &goes {
            context.printer.say(&format!("  {}", one.line()));
        }
        if args.dry_run {
            return Ok(Exit::Done);
        }
        let agreed = ConsentArgs { yes: args.yes, force: false };
        consent::ask(agreed, false, "Delete them?", context)?;
        // Somebody may have started a job since.
        let again = judge_again(&args, context).await?;
        let mut count = 0;
        for one in goes {
            if again.contains(&one.leftover.path) {
                match of_platform.get(&one.leftover.path) {
                    Some(session) => session.delete_high_availability().await?,
                    None => remove(&one.leftover)?,
                }
                count += 1;
            } else {
                context.printer.warn(&format!("{} stays: it is needed by now", one.leftover.path));
            }
        }
        context.printer.say(&format!("deleted: {count}"));
        Ok(Exit::Done)
    })
}

async fn judge_again(args: &Args, context: &Context<'_>) -> Result<BTreeSet<String>, Error> {
    let (judged, _) = judged(args, context).await?;
    let goes = judged.into_iter().filter(|one| one.needed.is_none());
    Ok(goes.map(|one| one.leftover.path).collect())
}

/// What lies on a platform, by its path: the session that it is of.
type OfPlatform = BTreeMap<String, Session>;

async fn judged(args: &Args, context: &Context<'_>) -> Result<(Vec<Judged>, OfPlatform), Error> {
    let mut left = leftovers::all(context.environment);
    left.extend(Jars::of(context.environment).all());
    let (holders, of_platform) = look(&left, context).await?;
    let mut sessions = OfPlatform::new();
    for (leftover, session) in of_platform {
        sessions.insert(leftover.path.clone(), session);
        left.push(leftover);
    }
    let judged = gc::judge(left, &holders);
    let is_asked = |one: &Judged| {
        args.name.as_ref().is_none_or(|name| one.leftover.session.as_ref() == Some(name))
    };
    Ok((judged.into_iter().filter(is_asked).collect(), sessions))
}

/// All sessions that are known here, and those that are gone and may come back.
///
/// # Errors
/// The state directory cannot be read.
pub(super) async fn holders(
    left: &[Leftover],
    context: &Context<'_>,
) -> Result<Vec<Holder>, Error> {
    Ok(look(left, context).await?.0)
}

/// The same, with what sessions that are gone have left on their platforms.
async fn look(
    left: &[Leftover],
    context: &Context<'_>,
) -> Result<(Vec<Holder>, Vec<(Leftover, Session)>), Error> {
    let (mut all, mut of_platforms) = (Vec::new(), Vec::new());
    for (known, place) in platform::known(context.environment)? {
        let asked = holder(&known.name, &place, context);
        let asked = tokio::time::timeout(PATIENCE, asked).await;
        let (holder, of_platform) = asked.unwrap_or_else(|_| (silent(&known.name), None));
        all.push(holder);
        of_platforms.extend(of_platform);
    }
    let gone: BTreeSet<&String> = left.iter().filter_map(|one| one.session.as_ref()).collect();
    for name in gone {
        let is_known = all.iter().any(|one| one.session == *name);
        if !is_known && leftovers::brings_jobs_back(context.environment, name) {
            all.push(Holder { is_highly_available: true, lives: false, ..silent(name) });
        }
    }
    Ok((all, of_platforms))
}

/// A session of which nothing is known.
fn silent(name: &str) -> Holder {
    let session = name.to_owned();
    Holder { session, ledger: None, running: None, lives: true, is_highly_available: false }
}

/// What a session may need, and what it has left on its platform where it is gone.
pub(super) async fn holder(
    name: &str,
    place: &Place,
    context: &Context<'_>,
) -> (Holder, Option<(Leftover, Session)>) {
    let Ok(session) = platform::ledger::store(name, place, context).await else {
        return (silent(name), None);
    };
    let opened = ledger::load(&session).await.ok();
    let is_whole =
        |opened: &&nutkin_core::ledger::Opened| opened.lost.is_empty() && opened.missing.is_empty();
    let ledger = opened.as_ref().filter(is_whole).map(|opened| opened.ledger.clone());
    let wanted = ledger.as_ref().and_then(|ledger| ledger.wanted.as_ref());
    let wanted = wanted.and_then(|wanted| wanted.session().ok());
    // What is not known may be so.
    let is_available = wanted.is_none_or(|wanted| is_highly_available(&wanted.configuration));
    let (running, lives) = running(&session).await;
    // What has no ledger may be another's.
    let is_ours = opened.as_ref().is_some_and(|opened| !opened.is_new());
    let of_platform = if is_ours && !lives { left_by(name, session).await } else { None };
    let holder = Holder {
        session: name.to_owned(),
        ledger,
        running,
        lives,
        is_highly_available: is_available,
    };
    (holder, of_platform)
}

/// High availability data that a session of ours, which is gone, has left on its platform.
async fn left_by(name: &str, session: Session) -> Option<(Leftover, Session)> {
    let (objects, jobs) = session.high_availability_left().await.ok().flatten()?;
    let leftover = Leftover {
        session: Some(name.to_owned()),
        what: LeftoverKind::HighAvailability(jobs.len()),
        bytes: 0,
        path: objects.join(", "),
        mentions: BTreeSet::new(),
    };
    Some((leftover, session))
}

/// Ids of the jobs that have not ended (`None`: they are not told), and whether the session is there.
async fn running(session: &Session) -> (Option<BTreeSet<String>>, bool) {
    match session.connect(true).await {
        Ok(connected) => {
            let told = async {
                let jobs = connected.client().ok()?.jobs().await.ok()?;
                let living = jobs.into_iter().filter(|job| !job.state.has_ended());
                Some(living.map(|job| job.id).collect())
            };
            (told.await, true)
        }
        // It has ended, and has no processes.
        Err(failure) if failure.kind == Kind::NotFound => (Some(BTreeSet::new()), false),
        Err(_) => (None, true),
    }
}

fn remove(leftover: &Leftover) -> Result<(), Error> {
    let path = Path::new(&leftover.path);
    let removed = match leftover.what {
        LeftoverKind::Archive(_) => fs::remove_file(path),
        LeftoverKind::Jar(_)
        | LeftoverKind::Checkpoints(_)
        | LeftoverKind::Savepoint
        | LeftoverKind::HighAvailability(_) => fs::remove_dir_all(path),
    };
    Ok(removed.at("delete", path)?)
}
