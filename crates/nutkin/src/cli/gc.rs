//! `nutkin gc`.

mod cluster;
mod zookeeper;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

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
ledger, checkpoint or savepoint needs them, and on this machine high availability data of sessions that are gone, if nothing is in it but results of jobs. \
With `--on kubernetes` it removes the ConfigMaps of high availability in a namespace instead, of sessions that have no workload, pod and \
ledger there, if no job can be brought back from them. With `--on zookeeper` it removes their znodes, of sessions that no JobManager \
leads and no ledger here names. What may be needed stays.

Examples:
  nutkin gc --dry-run     what would be removed, and why it can be
  nutkin gc --yes         without asking
  nutkin gc orders        what session `orders` has left, and no jars
  nutkin gc --on kubernetes -n flink --dry-run     what high availability has left in a namespace
  nutkin gc --on zookeeper --quorum zk-1:2181,zk-2:2181 --dry-run     and in a ZooKeeper"
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

    /// Look into a namespace of a Kubernetes cluster, or into a ZooKeeper, instead of on this machine
    #[arg(long, value_enum, value_name = "PLATFORM")]
    on: Option<Cluster>,

    /// Kubernetes namespace
    #[arg(long, short, requires = "on")]
    namespace: Option<String>,

    /// Context of the kubeconfig
    #[arg(long, requires = "on")]
    context: Option<String>,

    /// Servers of the ZooKeeper (`high-availability.zookeeper.quorum`), with commas between them
    #[arg(long, value_name = "HOST:PORT", requires = "on", required_if_eq("on", "zookeeper"))]
    quorum: Option<String>,

    /// Where sessions keep their data in it (`high-availability.zookeeper.path.root`) [default: /flink]
    #[arg(long, value_name = "PATH", requires = "quorum")]
    root: Option<String>,
}

/// Where there is high availability data that is not on this machine. Not `NUTKIN_PLATFORM`: jars are on this machine, wherever sessions run.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Cluster {
    /// A namespace.
    Kubernetes,
    /// What its JobManagers keep in a ZooKeeper.
    Zookeeper,
}

/// Removes what nobody needs any more.
///
/// # Errors
/// Consent needed (6), something cannot be removed (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    runtime::block_on(async {
        match args.on {
            Some(Cluster::Kubernetes) => return cluster::run(&args, context).await,
            Some(Cluster::Zookeeper) => return zookeeper::run(&args, context).await,
            None => {}
        }
        let judged = judged(&args, context).await?;
        let goes = to_delete(judged, |one| one.needed.is_none(), Judged::line, &args, context)?;
        if goes.is_empty() {
            return Ok(Exit::Done);
        }
        let mut again = LookAgain::default();
        let (mut count, mut failed) = (0, None);
        for one in goes {
            // Somebody may have started a job since, also while other things were deleted.
            let goes = match again.look(async || judge_again(&args, context).await).await {
                Ok(goes) => goes.contains(&one.leftover.path),
                // Nobody knows any more what is needed: the rest stays.
                Err(failure) => {
                    failed.get_or_insert(failure);
                    break;
                }
            };
            match if goes { remove(&one.leftover) } else { Ok(false) } {
                Ok(true) => count += 1,
                Ok(false) => {
                    let path = &one.leftover.path;
                    context.printer.warn(&format!("{path} stays: it is needed by now"));
                }
                // The others go all the same.
                Err(failure) => {
                    context.printer.warn(&format!("{:#}", failure.error));
                    failed.get_or_insert(failure);
                }
            }
        }
        context.printer.say(&format!("deleted: {count}"));
        failed.map_or(Ok(Exit::Done), Err)
    })
}

/// What nobody needs of what is left, once the user has agreed that it goes; nothing where nothing goes, or where the user only looks.
///
/// # Errors
/// Consent needed (6).
fn to_delete<T>(
    left: Vec<T>,
    goes: impl Fn(&T) -> bool,
    line: impl Fn(&T) -> String,
    args: &Args,
    context: &Context<'_>,
) -> Result<Vec<T>, Error> {
    let printer = context.printer;
    let (goes, stays): (Vec<T>, Vec<T>) = left.into_iter().partition(|one| goes(one));
    if args.dry_run {
        for one in &stays {
            printer.say(&line(one));
        }
    }
    if goes.is_empty() {
        printer.say("nothing is left that nobody needs");
        return Ok(goes);
    }
    printer.say(if args.dry_run { "would be deleted:" } else { "will be deleted:" });
    for one in &goes {
        printer.say(&format!("  {}", line(one)));
    }
    if args.dry_run {
        return Ok(Vec::new());
    }
    let agreed = ConsentArgs { yes: args.yes, force: false };
    consent::ask(agreed, false, "Delete them?", context)?;
    Ok(goes)
}

/// How long it holds that nobody needs what is left: a session takes longer to start and to write anything.
const FRESH: Duration = Duration::from_secs(2);

/// What a look has found that is made again before a deletion, and when it began; `None`: there was none yet.
struct LookAgain<T>(Option<(Instant, T)>);

impl<T> Default for LookAgain<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> LookAgain<T> {
    /// What it has found, for as long as that holds; then it is made again.
    ///
    /// # Errors
    /// Those of the look.
    async fn look(&mut self, look: impl AsyncFnOnce() -> Result<T, Error>) -> Result<&T, Error> {
        let holds = self.0.take().filter(|(began, _)| began.elapsed() <= FRESH);
        let now = match holds {
            Some(now) => now,
            None => (Instant::now(), look().await?),
        };
        Ok(&self.0.insert(now).1)
    }
}

async fn judge_again(args: &Args, context: &Context<'_>) -> Result<BTreeSet<String>, Error> {
    let judged = judged(args, context).await?;
    let goes = judged.into_iter().filter(|one| one.needed.is_none());
    Ok(goes.map(|one| one.leftover.path).collect())
}

async fn judged(args: &Args, context: &Context<'_>) -> Result<Vec<Judged>, Error> {
    let mut left = leftovers::all(context.environment);
    left.extend(Jars::of(context.environment).all());
    let holders = holders(&left, context).await?;
    let judged = gc::judge(left, &holders);
    let is_asked = |one: &Judged| {
        args.name.as_ref().is_none_or(|name| one.leftover.session.as_ref() == Some(name))
    };
    Ok(judged.into_iter().filter(is_asked).collect())
}

/// All sessions that are known here, those that are gone and may come back, and those that live although nothing says so.
///
/// # Errors
/// The state directory cannot be read.
pub(super) async fn holders(
    left: &[Leftover],
    context: &Context<'_>,
) -> Result<Vec<Holder>, Error> {
    let mut all = Vec::new();
    for (known, place) in platform::known(context.environment)? {
        let asked = Box::pin(holder(&known.name, &place, context));
        let asked = tokio::time::timeout(PATIENCE, asked).await;
        all.push(asked.unwrap_or_else(|_| silent(&known.name)));
    }
    let gone: BTreeSet<&String> = left.iter().filter_map(|one| one.session.as_ref()).collect();
    for name in gone {
        if all.iter().any(|one| one.session == *name) {
            continue;
        }
        if platform::without_directory(name, context.environment).is_some() {
            all.push(silent(name));
        } else if leftovers::may_bring_back(context.environment, name) {
            all.push(Holder { is_highly_available: true, lives: false, ..silent(name) });
        }
    }
    Ok(all)
}

/// A session of which nothing is known.
fn silent(name: &str) -> Holder {
    let session = name.to_owned();
    Holder { session, ledger: None, running: None, lives: true, is_highly_available: false }
}

/// What a session may need.
pub(super) async fn holder(name: &str, place: &Place, context: &Context<'_>) -> Holder {
    // On Kubernetes a ledger does not say whether there is a session.
    let found = match place {
        Place::Kubernetes(_) => platform::open(name, place, context).await,
        Place::Local | Place::Docker => platform::ledger::store(name, place, context).await,
    };
    let Ok(session) = found else { return silent(name) };
    let opened = ledger::load(&session).await.ok();
    let is_whole =
        |opened: &&nutkin_core::ledger::Opened| opened.lost.is_empty() && opened.missing.is_empty();
    let ledger = opened.as_ref().filter(is_whole).map(|opened| opened.ledger.clone());
    let wanted = ledger.as_ref().and_then(|ledger| ledger.wanted.as_ref());
    let wanted = wanted.and_then(|wanted| wanted.session().ok());
    // What is not known may be so.
    let is_available = wanted.is_none_or(|wanted| is_highly_available(&wanted.configuration));
    let (mut running, mut lives) = running(&session).await;
    let is_here = *place == Place::Local;
    if is_here && !lives && platform::without_directory(name, context.environment).is_some() {
        // It is on its way, or its directory was damaged while it runs.
        (running, lives) = (None, true);
    }
    // A note on a session of which nobody finds anything: it is elsewhere, or another daemon is asked.
    let is_empty =
        ledger.as_ref().is_none_or(|ledger| ledger.wanted.is_none() && ledger.jobs.is_empty());
    if !is_here && !lives && is_empty {
        return silent(name);
    }
    let session = name.to_owned();
    Holder { session, ledger, running, lives, is_highly_available: is_available }
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

/// Whether it went; one that may bring jobs back by now stays.
fn remove(leftover: &Leftover) -> Result<bool, Error> {
    let path = Path::new(&leftover.path);
    let removed = match leftover.what {
        LeftoverKind::Archive(_) => fs::remove_file(path).map(|()| true),
        LeftoverKind::HighAvailability { .. } => leftovers::remove_high_availability(path),
        LeftoverKind::Jar(_) | LeftoverKind::Checkpoints(_) | LeftoverKind::Savepoint => {
            fs::remove_dir_all(path).map(|()| true)
        }
    };
    Ok(removed.at("delete", path)?)
}
