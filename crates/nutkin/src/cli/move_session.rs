//! `nutkin move`.

use std::cell::Cell;

use serde_json::json;

use super::consent::{self, ConsentArgs};
use super::shared::{
    self, JOBS_SECONDS, Limits, MoveArgs, NameArgs, Output, OutputArgs, SESSION_SECONDS,
};
use super::shared::{SpecArgs, document};
use super::{Context, relocation, select, session_file, wanted, way_back};
use crate::jobs::moving::Candidate;
use crate::jobs::random_id;
use crate::platform::ledger::{rebuilt, takes_back, under_way};
use crate::platform::{self, Decision, Session};
use crate::runtime::{self, unless_interrupted};
use crate::{Exit, Outcome};
use nutkin_core::ledger::{Destination, Ledger, Opened, Phase, Wanted};
use nutkin_core::selection::Platform;
use nutkin_core::session;
use nutkin_flink::Problem;
use nutkin_shell::ledger;
use nutkin_shell::{ClusterPlace, Error, Kind, Purpose, Wish};

use super::moving::Moves;
use relocation::Relocation;

/// Arguments of `nutkin move`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The new session comes up beside the old one. Then the jobs are stopped with savepoints, and resumed in the new \
session; the old one ends when each of them has a first checkpoint there. Whatever fails before that leaves the old session, with its \
jobs from the same savepoints. The savepoints have to lie where both sessions can read them.

Examples:
  nutkin move orders --on kubernetes -n flink
  nutkin move orders --on docker -f session.yaml    with another session file
  nutkin move orders --on local --jar count=count.jar
  nutkin abort orders                               takes back a move that is under way"
)]
pub struct Args {
    #[command(flatten)]
    name: NameArgs,

    #[command(flatten)]
    spec: SpecArgs,

    /// Number of TaskManagers there
    #[arg(long, value_name = "N")]
    task_managers: Option<u32>,

    /// Where the session is now, if there are several of its name
    #[arg(long, value_enum, value_name = "PLATFORM")]
    from: Option<shared::Platform>,

    /// The jar of a job, by its name or id, where it is not kept: JOB=PATH
    #[arg(long, value_name = "JOB=PATH")]
    jar: Vec<String>,

    /// How long to wait until the new session is ready
    #[arg(long, default_value_t = SESSION_SECONDS, value_name = "SECONDS")]
    timeout: u64,

    /// How long a job may take to stop, and again to its first checkpoint
    #[arg(long, default_value_t = JOBS_SECONDS, value_name = "SECONDS")]
    move_timeout: u64,

    /// Leave a move that fails as it is; otherwise the jobs go on in the old session
    #[arg(long)]
    no_rollback: bool,

    #[command(flatten)]
    consent: ConsentArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Moves a session with its jobs to another platform.
///
/// # Errors
/// It cannot move, and why (2); no such session (5), consent needed (6), not ready in time (4), a job that does not go on there (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let begun = Cell::new(false);
    runtime::block_on(async {
        let moves = Box::pin(move_session(&args, &begun, context));
        unless_interrupted(moves, || interrupted(begun.get())).await
    })
}

/// What Ctrl-C leaves behind.
fn interrupted(begun: bool) -> Error {
    if !begun {
        return Error::new(Kind::Interrupted, "interrupted; nothing was changed");
    }
    Error::new(Kind::Interrupted, "interrupted while the session was being moved")
        .hint("the same command again goes on from there")
        .hint("`nutkin abort NAME` takes the move back")
}

async fn move_session(args: &Args, begun: &Cell<bool>, context: &Context<'_>) -> Outcome {
    let Some(on) = args.spec.platform.on.map(Platform::from) else {
        let problem = Problem::new("--on", "it is not said where the session moves to");
        return Err(Error::input(vec![problem.hint("--on local, --on docker or --on kubernetes")]));
    };
    let from = args.from.map(Platform::from);
    let found = select::find_elsewhere(args.name.get(), on, from, context).await;
    let old = match (found, args.name.get()) {
        (Err(failure), Some(name)) if failure.kind == Kind::NotFound => {
            // Who runs the same command again wants nothing more.
            let there = select::place_of(on, &args.spec.platform);
            if platform::open(name, &there, context).await.is_err() {
                return Err(failure);
            }
            context.printer.say(&format!("session `{name}` is on {on}, and nowhere else"));
            tell(args, name, [on, on], &[], context)?;
            return Ok(Exit::Done);
        }
        (found, _) => found?,
    };
    let mut opened = rebuilt(&old, context).await?;
    let name = old.name().to_owned();
    let Some(said) = opened.ledger.wanted.clone() else {
        let message = format!("no ledger says what session `{name}` is");
        return Err(Error::new(Kind::Broken, message)
            .hint(format!("`nutkin up {name} -f FILE` with all options says it")));
    };
    let asked = args.moves();
    let wish = wanted::Wish::of_ledger(&old, said.clone(), context)?;
    let moves = Moves::at_change(CHANGE, &asked, &wish, context)?;
    if let Some(phase) = &opened.ledger.phase {
        let is_this = phase.to.as_ref().is_some_and(|to| to.platform == on.to_string());
        let is_same_place = phase.to.as_ref().is_some_and(|to| is_at(to, args));
        if !is_this || !is_same_place || phase.taken_back.is_some() {
            return Err(under_way(&name, phase));
        }
        context.printer.say(&format!("session `{name}`: {}", phase.line()));
        consent::ask(args.consent, false, "Go on?", context)?;
    } else {
        begin(args, on, &old, &mut opened, &moves, said, context).await?;
    }
    begun.set(true);
    let limits = Limits { session: args.session_limit(), jobs: args.jobs_limit() };
    let to = opened.ledger.phase.as_ref().and_then(|phase| phase.to.clone()).unwrap_or_default();
    let relocation = Relocation::of(&old, &wish, &moves, to, asked.jars()?, limits, context)?;
    let relocation = relocation.forced(args.consent.force);
    let names = match Box::pin(relocation.carry_out()).await {
        Ok(names) => names,
        Err(failure) => return Err(rescue(args, &old, failure, limits, context).await),
    };
    context
        .printer
        .say(&format!("session `{name}` runs on {on}, and has ended on {}", old.platform()));
    tell(args, &name, [old.platform(), on], &names, context)?;
    Ok(Exit::Done)
}

/// What programs read.
fn tell(
    args: &Args,
    name: &str,
    [from, to]: [Platform; 2],
    jobs: &[String],
    context: &Context<'_>,
) -> Result<(), Error> {
    if args.output.output == Output::Text {
        return Ok(());
    }
    let fields =
        json!({ "name": name, "from": from.to_string(), "to": to.to_string(), "jobs": jobs });
    context.printer.document(&args.output.output, &document("Move", fields))
}

/// Whether that is where the arguments say, as far as they say it.
fn is_at(to: &Destination, args: &Args) -> bool {
    let said = select::cluster_of(&args.spec.platform);
    let is_so = |said: Option<String>, noted: &Option<String>| said.is_none() || said == *noted;
    is_so(said.namespace, &to.namespace) && is_so(said.context, &to.context)
}

/// The option that says where a session runs.
const PLATFORM: &str = "nutkin.platform";

/// What the ledger calls it.
const CHANGE: &str = "move";

impl Args {
    fn moves(&self) -> MoveArgs {
        MoveArgs {
            jobs: None,
            jar: self.jar.clone(),
            move_timeout: self.move_timeout,
            no_rollback: self.no_rollback,
            rollback_timeout: self.timeout,
        }
    }

    const fn session_limit(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.timeout)
    }

    const fn jobs_limit(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.move_timeout)
    }
}

/// Refuses what cannot move, shows what will be done, asks, and writes into the ledger that it begins.
async fn begin(
    args: &Args,
    on: Platform,
    old: &Session,
    opened: &mut Opened,
    moves: &Moves<'_>,
    said: Wanted,
    context: &Context<'_>,
) -> Result<(), Error> {
    let name = old.name();
    let (new, wanted) = there(args, name, &said, context)?;
    check(&new, name, on, &said)?;
    session_file::check_options(&new, context)?;
    let there = platform::ledger::surroundings(&wanted, context.environment);
    let inner = &platform::ledger::within(there.as_ref(), context);
    let place = select::place(&args.spec, &new, context)?;
    let (candidates, lost) = relocation::candidates(moves, old, opened, &Ledger::new(name)).await?;
    refuse_hindered(name, &candidates)?;
    refuse_lost(name, &lost, args.consent.force, opened)?;
    let asked = Wish { session: &new, place: &place, purpose: Purpose::Look, adopt: false };
    let decision = Decision::of(asked, &|_| (), inner).await?;
    if !candidates.is_empty() {
        let before = said.session().map_err(Error::input)?;
        relocation::check_state((old, &before), (&decision.session(), &new)).await?;
    }
    let outline = decision.outline();
    let is_free = outline.change.is_new && ledger::load(&decision.session()).await?.is_new();
    if !is_free {
        let message = format!(
            "session `{name}` cannot move: there is one of that name on {on}, or its ledger"
        );
        return Err(Error::new(Kind::Conflict, message)
            .hint(format!("`nutkin down {name} --on {on} --delete-data` removes it")));
    }
    let printer = context.printer;
    printer.say(&format!("session `{name}` moves from {} to {on}:", old.platform()));
    printer.say(&format!("  {}", outline.about.summary()));
    if !candidates.is_empty() {
        let jobs: Vec<String> =
            candidates.iter().map(|one| format!("`{}`", one.about.name)).collect();
        printer.say(&format!(
            "  jobs that are stopped with a savepoint and resumed there: {}",
            jobs.join(", ")
        ));
    }
    printer.say(&format!("  then the session ends on {}", old.platform()));
    consent::ask(args.consent, false, "Go on?", context)?;
    let ClusterPlace { namespace, context: cluster, kubeconfig } =
        decision.session().exact_place().cluster();
    let who = ledger::who(context.environment);
    let to = Destination {
        platform: on.to_string(),
        namespace,
        context: cluster,
        kubeconfig: kubeconfig.map(|path| path.display().to_string()),
        mark: Some(random_id()?),
        wanted: Box::new(wanted),
        ..Destination::default()
    };
    let phase = Phase::new(CHANGE, &ledger::now(), &who, &context.environment.words);
    opened.ledger.begin(Phase { to: Some(to), ..phase }, &said);
    ledger::save(old, opened).await
}

/// What is wanted of the session where it moves to: what the arguments say, or what was wanted of it so far.
fn there(
    args: &Args,
    name: &str,
    said: &Wanted,
    context: &Context<'_>,
) -> Result<(session::Session, Wanted), Error> {
    if session_file::says_nothing(&args.spec, args.task_managers, context)? {
        return Ok((said.session().map_err(Error::input)?, said.clone()));
    }
    let (session, wanted, _) = wanted::said(&args.spec, Some(name), args.task_managers, context)?;
    Ok((session, wanted))
}

/// # Errors
/// Exit 2: it would be another session, or its file says another platform.
fn check(new: &session::Session, name: &str, on: Platform, said: &Wanted) -> Result<(), Error> {
    let mut problems = Vec::new();
    if new.name != name {
        let message = format!("the file is one of session `{}`", new.name);
        problems.push(Problem::new("-f", message));
    }
    let before = said.session().map_err(Error::input)?;
    if before.namespace != new.namespace {
        let message =
            "a session that moves keeps `metadata.namespace`: the ids of its jobs depend on it";
        problems.push(
            Problem::new("metadata.namespace", message)
                .hint("`-n` says where it runs on Kubernetes"),
        );
    }
    let option = new.configuration.text(PLATFORM);
    if let Some(option) = option.filter(|text| text.trim() != on.to_string()) {
        let message = format!("the session says `{PLATFORM}: {option}`");
        problems.push(Problem::new("--on", message).hint("give another session file with -f"));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::input(problems)) }
}

/// Jobs that their JobManager has lost do not come along: with `force` they are given up, which the ledger knows from then on.
///
/// # Errors
/// There are some.
fn refuse_lost(name: &str, lost: &[String], force: bool, opened: &mut Opened) -> Result<(), Error> {
    if !lost.is_empty() && !force {
        let names = way_back::quoted(lost);
        let message =
            format!("session `{name}` cannot move, because its JobManager has lost jobs: {names}");
        return Err(Error::new(Kind::Invalid, message)
            .hint(relocation::go_on(name))
            .hint("`--force` moves the session without them"));
    }
    let ids = lost.iter().filter_map(|job| opened.ledger.jobs.get(job)?.id.clone());
    for id in ids.collect::<Vec<_>>() {
        opened.ledger.note_forgotten(&id);
    }
    Ok(())
}

/// # Errors
/// A job cannot be moved, and why.
fn refuse_hindered(name: &str, candidates: &[Candidate]) -> Result<(), Error> {
    let hindered = candidates.iter().filter_map(|one| {
        let why = one.about.hindrance.as_ref()?.line();
        Some(format!("`{}` ({why})", one.about.name))
    });
    let hindered: Vec<String> = hindered.collect();
    if hindered.is_empty() {
        return Ok(());
    }
    let message =
        format!("session `{name}` cannot move, because these jobs cannot: {}", hindered.join(", "));
    let failure = Error::new(Kind::Invalid, message);
    let failure = Moves::hints(candidates).into_iter().fold(failure, Error::hint);
    Err(failure.hint("`nutkin stop JOB` ends one with a savepoint"))
}

/// After a move that has failed: the jobs go on where they were.
async fn rescue(
    args: &Args,
    old: &Session,
    failure: Error,
    limits: Limits,
    context: &Context<'_>,
) -> Error {
    const AGAIN: &str = "the same command again goes on from there";
    let name = old.name();
    let Ok(opened) = ledger::load(old).await else { return failure.hint(AGAIN) };
    let phase = opened.ledger.phase.as_ref();
    let Some((phase, to)) = phase.and_then(|phase| Some((phase, phase.to.as_ref()?))) else {
        return failure;
    };
    if to.has_arrived {
        return failure.hint(format!("its jobs run on {} already: {AGAIN}", to.platform));
    }
    let is_ours = !matches!(failure.kind, Kind::Conflict | Kind::Interrupted);
    if args.no_rollback || !is_ours || phase.taken_back.is_some() {
        return failure.hint(AGAIN).hint(takes_back(name));
    }
    let why = format!("{:#}", failure.error);
    context.printer.warn(&format!("the move of session `{name}` has failed: {why}"));
    match Box::pin(relocation::take_back(old, &why, limits, context)).await {
        Ok(jobs) => failure.hint(relocation::done(old, &jobs)),
        Err(second) => failure
            .hint(format!("the way back failed, too: {:#}", second.error))
            .hint(platform::ledger::goes_back(name)),
    }
}

/// The session of that name that is moving, where there are several of it.
///
/// # Errors
/// The state directory cannot be read.
pub(super) async fn find_begun(
    name: &str,
    context: &Context<'_>,
) -> Result<Option<Session>, Error> {
    let known = platform::known(context.environment)?;
    for (_, place) in known.into_iter().filter(|(one, _)| one.name == name) {
        let Ok(session) = platform::open(name, &place, context).await else { continue };
        let Ok(opened) = ledger::load(&session).await else { continue };
        if opened.ledger.phase.is_some_and(|phase| phase.to.is_some()) {
            return Ok(Some(session));
        }
    }
    Ok(None)
}
