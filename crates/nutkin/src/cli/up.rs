//! `nutkin up`.

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use nutkin_core::decide::{Change, Outline};
use nutkin_core::ledger::Opened;
use nutkin_core::remedy::Deed;
use nutkin_core::selection::Platform;
use nutkin_core::session::Session;
use nutkin_core::status::other_release;

use super::consent::{self, ConsentArgs};
use super::moving::Moves;
use super::shared::{
    self, MoveArgs, NameArgs, Output, OutputArgs, SESSION_SECONDS, SpecArgs, document, goes_on,
    not_ready,
};
use super::{Context, lost, outcomes, session_file, snapshots, wanted};
use crate::at_boot::BootUnit;
use crate::jobs::moving::Candidate;
use crate::platform::{Carried, Decision};
use crate::progress::Spinner;
use crate::remedies::words;
use crate::report::Style;
use crate::runtime::unless_interrupted;
use crate::{Exit, Outcome, platform, runtime};
use nutkin_core::change::Effect;
use nutkin_flink::{Problem, counted};
use nutkin_rest::{Ready, Waited};
use nutkin_shell::Purpose;
use nutkin_shell::ledger;
use nutkin_shell::{Error, Kind};
use nutkin_shell::{Harm, Place, Wish};

/// Arguments of `nutkin up`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The file and the options are the whole of what is wanted: `up` shows what an earlier `up` said and \
this one leaves out, and asks. Without a file and options it brings the session to what its ledger says.

Examples:
  nutkin up orders                       the session as it was wanted last
  nutkin up                              a session on this machine, Flink 1.20
  nutkin up -f session.yaml              the session of a file
  nutkin up orders --at-boot             and again whenever this machine starts
  nutkin up --flink 2.3 --task-managers 3 -D taskmanager.numberOfTaskSlots=4
  nutkin up -D high-availability.type=zookeeper
                                         two JobManagers and a ZooKeeper"
)]
pub struct Args {
    #[command(flatten)]
    wish: wanted::WishArgs,

    /// Return as soon as everything is started
    #[arg(long)]
    no_wait: bool,

    /// How long to wait until the session is ready
    #[arg(long, default_value_t = SESSION_SECONDS, value_name = "SECONDS")]
    timeout: u64,

    /// Start the session when this machine starts: a unit of systemd, which `down` removes (sessions on this machine)
    #[arg(long)]
    at_boot: bool,

    #[command(flatten)]
    consent: ConsentArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Starts a session, or brings it to what is wanted.
///
/// # Errors
/// Bad input (2), consent needed (6), not ready in time (4), a process that does not start (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let is_elsewhere = |platform: Platform| args.at_boot && platform != Platform::Local;
    // What was said is looked at before anything that runs elsewhere is asked.
    if args.wish.spec.platform.on.is_some_and(|on| is_elsewhere(on.into())) {
        return Err(not_at_boot());
    }
    let wish = wanted::wish(&args.wish, context)?;
    if is_elsewhere(wish.place.platform()) {
        return Err(not_at_boot());
    }
    bring(args, &wish, context)
}

fn not_at_boot() -> Error {
    let message = "only sessions on this machine start with it";
    Error::input(vec![
        Problem::new("--at-boot", message).hint("Docker and Kubernetes bring back what ran there"),
    ])
}

impl Args {
    /// The arguments for a session whose file was edited, wherever that came from.
    pub(super) fn of_edit(
        file: Option<PathBuf>,
        timeout: u64,
        moves: MoveArgs,
        consent: ConsentArgs,
        output: OutputArgs,
    ) -> Self {
        let spec = SpecArgs { file, ..SpecArgs::default() };
        Self { timeout, output, ..Self::plain(spec, moves, consent) }
    }

    /// The arguments where nothing else is said.
    fn plain(spec: SpecArgs, moves: MoveArgs, consent: ConsentArgs) -> Self {
        let wish = wanted::WishArgs {
            name: NameArgs::default(),
            spec,
            task_managers: None,
            adopt: false,
            no_jobs: false,
            moves,
        };
        let (timeout, output) = (SESSION_SECONDS, OutputArgs::default());
        Self { wish, no_wait: false, timeout, at_boot: false, consent, output }
    }
}

/// Brings a session to what is wanted of it.
///
/// # Errors
/// As [`run`].
pub(super) fn bring(args: Args, wish: &wanted::Wish, context: &Context<'_>) -> Outcome {
    let there = wish.surroundings(context);
    let context = &there.as_ref().map_or(*context, |there| context.within(there));
    session_file::check_options(&wish.session, context)?;
    if !args.wish.no_jobs {
        super::file_jobs::check(&wish.session, &wish.base)?;
    }
    let stage = Cell::new(Stage::Looking);
    runtime::block_on(async {
        let work = bring_up(&args, wish, &stage, context);
        unless_interrupted(work, || stage.get().interrupted(&wish.session.name)).await
    })
}

/// Does the same for an operator: nobody is asked, and nothing is waited for but jobs that are moved. Jobs of the session have
/// resources of their own.
///
/// # Errors
/// As [`run`].
pub(super) async fn unasked(wish: &wanted::Wish, context: &Context<'_>) -> Result<(), Error> {
    let mut spec = SpecArgs::default();
    spec.platform.on = Some(shared::Platform::Kubernetes);
    let consent = ConsentArgs { yes: true, ..ConsentArgs::default() };
    let mut args = Args::plain(spec, MoveArgs::default(), consent);
    (args.no_wait, args.wish.no_jobs) = (true, true);
    session_file::check_options(&wish.session, context)?;
    let stage = Cell::new(Stage::Looking);
    bring_up(&args, wish, &stage, context).await.map(drop)
}

/// How far an `up` is, which says what an interrupt leaves behind.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// It looks, installs, downloads, asks.
    Looking,
    /// What the session needs has come to this machine; the session is as it was.
    Prepared,
    /// It changes the session, or waits for its turn to.
    Changing,
    /// Jobs are stopped with savepoints, to go on from these.
    Stopping,
    /// Everything is ordered.
    Starting,
    /// Pods are replaced step by step; and what becomes of them if that ends here.
    Replacing(&'static str),
    /// The session is up.
    Up,
    /// Its jobs are brought.
    Jobs,
}

impl Stage {
    fn interrupted(self, name: &str) -> Error {
        let message = match self {
            Self::Looking => format!("interrupted; session `{name}` was not touched"),
            Self::Prepared => format!(
                "interrupted; what session `{name}` needs was brought here, the session itself is as it was"
            ),
            Self::Changing => format!("interrupted while session `{name}` was being changed"),
            Self::Stopping => {
                format!(
                    "interrupted while jobs of session `{name}` were being stopped; it was not changed yet"
                )
            }
            Self::Starting => format!("interrupted; session `{name}` goes on starting"),
            Self::Replacing(_) => {
                format!("interrupted while pods of session `{name}` were being replaced")
            }
            Self::Up => format!("interrupted; session `{name}` is up"),
            Self::Jobs => {
                format!("interrupted; session `{name}` is up, what was begun with its jobs goes on")
            }
        };
        let failure = Error::new(Kind::Interrupted, message);
        match self {
            Self::Looking | Self::Prepared => failure,
            Self::Changing => failure.hint(format!(
                "`nutkin status {name}` shows what is there; the same command again completes it"
            )),
            Self::Replacing(then) => {
                failure.hint("the same command again goes on from there").hint(then)
            }
            Self::Stopping => failure
                .hint("the same command again goes on from there")
                .hint(format!("`nutkin up {name}` resumes them in the session as it is")),
            Self::Starting | Self::Up => failure
                .hint(format!("`nutkin status {name}` shows it, `nutkin down {name}` ends it")),
            Self::Jobs => failure
                .hint(format!("`nutkin jobs --all --session {name}` shows the jobs"))
                .hint("the same command again goes on from there"),
        }
    }
}

async fn bring_up(
    args: &Args,
    wish: &wanted::Wish,
    stage: &Cell<Stage>,
    context: &Context<'_>,
) -> Outcome {
    let moves = Moves::of(&args.wish, wish, context)?;
    let failure = match Box::pin(change(args, wish, &moves, stage, context)).await {
        Err(failure) if moves.are_under_way() => failure,
        ended => return ended,
    };
    stage.set(Stage::Changing);
    Err(moves.rescue(failure).await)
}

/// Changes the session. Whether jobs are stopped for that, `moves` knows.
async fn change(
    args: &Args,
    wish: &wanted::Wish,
    moves: &Moves<'_>,
    stage: &Cell<Stage>,
    context: &Context<'_>,
) -> Outcome {
    let wanted::Wish { session, place, .. } = wish;
    let asked = Wish { session, place, purpose: Purpose::Act, adopt: args.wish.adopt };
    let begins = |begun: bool| stage.set(if begun { Stage::Changing } else { Stage::Looking });
    let mut decision = Decision::of(asked, &begins, context).await?;
    let mut known = decision.ledger().await?;
    let mut changes = Vec::new();
    let mut agreed: Option<Change> = None;
    let is_new = decision.outline().change.is_new;
    loop {
        let platform = decision.outline();
        let opened = opened(&decision, known.as_ref()).await?;
        if moves.in_the_way(opened.as_ref())? {
            stage.set(Stage::Changing);
            moves.take_back(&decision.session()).await?;
            return Ok(Exit::Done);
        }
        // There may be something to do all the same that nobody would notice: a jar to fetch.
        if platform.is_done() && platform.steps.is_empty() {
            context.printer.say(&format!("session `{}` is unchanged", session.name));
            stage.set(Stage::Starting);
            if args.at_boot {
                BootUnit::of(&session.name, context.environment).install(&session.name, context)?;
            }
            let opened = known.or(opened);
            let noted =
                Box::pin(wish.remember(&decision.session(), &[], opened, false, context)).await?;
            moves.see(noted.as_ref(), &decision.session());
            if args.no_wait && !moves.are_under_way() {
                return Ok(Exit::Done);
            }
            return finish(args, wish, moves, &mut decision, stage, context).await;
        }
        let harm = platform.harm;
        let (outline, candidates) =
            moves.of_jobs(platform, opened.as_ref(), &decision.session()).await?;
        let announcement = outline.announcement(words);
        let is_agreed = agreed.as_ref().is_some_and(|agreed| is_same(agreed, &outline.change));
        let is_known = is_agreed && candidates.is_empty();
        if !(announcement.is_empty() || is_known) {
            let shown = (&outline, &announcement[..], &candidates[..]);
            agree(args, wish, &decision, shown, opened.as_ref(), context).await?;
            changes = announcement;
            agreed = Some(outline.change.clone());
        }
        // Before it was agreed to, nothing is taken back either.
        moves.see(opened.as_ref().map(|opened| &opened.ledger), &decision.session());
        let mut is_unchanged = outline.is_done();
        if decision.prepare(context).await? {
            stage.set(Stage::Prepared);
            // What was assumed is known now: there may be nothing to do, or more harm than was agreed to.
            let known = decision.outline();
            if harm < known.harm || known.is_done() {
                continue;
            }
            is_unchanged = false;
        }
        if moves.has_work(&outline, &candidates) {
            stage.set(Stage::Stopping);
            moves.stop(&outline.jobs, &candidates, &decision.session()).await?;
            // What was decided hung on the jobs that ran. Another one may have come in meanwhile.
            decision = Decision::of(asked, &begins, context).await?;
            known = decision.ledger().await?;
            continue;
        }
        let loses = outline.change.effect == Effect::Loss && !is_unchanged;
        if loses && outcomes::keep_ended(&decision.session()).await {
            // The ledger is another one by now.
            decision = Decision::of(asked, &begins, context).await?;
            known = decision.ledger().await?;
            continue;
        }
        if !is_unchanged {
            stage.set(Stage::Changing);
        }
        let before = opened.as_ref().and_then(|opened| opened.ledger.given_up.clone());
        let is_local = place.platform() == Platform::Local;
        if is_local && !is_unchanged {
            known = match opened.clone() {
                None => Some(ledger::load(&decision.session()).await?),
                opened => opened,
            };
        }
        if loses && known.is_none() {
            give_up(wish, &decision.session(), opened, context).await?;
        }
        if let Some(mut wanted) = known.clone() {
            if loses {
                wanted.ledger.given_up = Some(ledger::now());
            }
            wish.note(&mut wanted, &or_summary(&changes, &decision), context);
            decision.remember(wanted, context).await?;
        }
        // Before the first thing of it is there: what a killed command leaves is found without being told where.
        let is_noted = is_new && !is_unchanged && !is_local;
        if is_noted {
            decision.note(args.wish.spec.file.as_deref(), context)?;
        }
        let carried = decision.carry_out(!args.no_wait, context).await;
        if loses && !matches!(carried, Ok(Carried::Done)) {
            put_back(&decision.session(), before).await;
        }
        match carried {
            // What was fetched or pulled brought to light what could only be assumed before.
            Ok(Carried::Differs) if is_local => known = None,
            Ok(Carried::Differs) => {}
            Ok(Carried::Done) if is_unchanged => {}
            Ok(Carried::Done) => break,
            Err(failure) => {
                if is_noted {
                    // Throws the note away where nothing is left.
                    let _ = platform::open(&session.name, place, context).await;
                }
                return Err(failure);
            }
        }
    }
    stage.set(decision.left_alone().map_or(Stage::Starting, Stage::Replacing));
    if args.at_boot {
        BootUnit::of(&session.name, context.environment).install(&session.name, context)?;
    }
    decision.note(args.wish.spec.file.as_deref(), context)?;
    if let Some(written) = decision.remembered() {
        moves.see(known.as_ref().map(|known| &known.ledger), &decision.session());
        wish.told(written, context)?;
    } else {
        let changes = or_summary(&changes, &decision);
        let session = decision.session();
        let noted = Box::pin(wish.remember(&session, &changes, known, is_new, context)).await?;
        moves.see(noted.as_ref(), &session);
    }
    if args.no_wait && !moves.are_under_way() {
        context.printer.say(&format!("session `{}` is starting", session.name));
        return Ok(Exit::Done);
    }
    finish(args, wish, moves, &mut decision, stage, context).await
}

/// Notes that the jobs which run now are agreed to be lost: none of them goes on by itself.
///
/// # Errors
/// Another command changed the session, or the ledger cannot be read.
async fn give_up(
    wish: &wanted::Wish,
    session: &platform::Session,
    opened: Option<Opened>,
    context: &Context<'_>,
) -> Result<(), Error> {
    let mut opened = match opened {
        Some(opened) => opened,
        None => ledger::load(session).await?,
    };
    opened.ledger.given_up = Some(ledger::now());
    wish.told(ledger::save(session, &mut opened).await, context)
}

/// Takes that back where the change did not come to it: a job that still runs goes on by itself as it did.
async fn put_back(session: &platform::Session, before: Option<String>) {
    let runs = async {
        let client = session.connect(true).await.ok()?.client().ok()?;
        let jobs = client.jobs().await.ok()?;
        jobs.iter().any(|job| !job.state.has_ended()).then_some(())
    };
    if runs.await.is_some() {
        // What cannot be written now harms less than the failure that is told.
        let _ = ledger::update(session, |ledger| ledger.given_up = before).await;
    }
}

/// The ledger of a session that is there: what is under way, and what was wanted.
async fn opened(decision: &Decision, known: Option<&Opened>) -> Result<Option<Opened>, Error> {
    match (known, decision.outline().change.is_new) {
        (Some(known), _) => Ok(Some(known.clone())),
        (None, true) => Ok(None),
        (None, false) => ledger::load(&decision.session()).await.map(Some),
    }
}

/// Whether a change is the one that was agreed to. How often jobs fail over hangs on those that run.
fn is_same(agreed: &Change, now: &Change) -> bool {
    let without = |change: &Change| Change { failovers: 0, ..change.clone() };
    without(agreed) == without(now)
}

/// What the history says was changed.
fn or_summary(changes: &[String], decision: &Decision) -> Vec<String> {
    if changes.is_empty() { vec![decision.outline().about.summary()] } else { changes.to_vec() }
}

/// Shows the change and asks for consent.
async fn agree(
    args: &Args,
    wish: &wanted::Wish,
    decision: &Decision,
    (outline, announcement, candidates): (&Outline, &[String], &[Candidate]),
    known: Option<&Opened>,
    context: &Context<'_>,
) -> Result<(), Error> {
    let wanted::Wish { session, place, .. } = wish;
    let opened = match known {
        Some(known) => known.clone(),
        None => ledger::load(&decision.session()).await?,
    };
    if opened.ledger.wanted.is_none() {
        warn_of_origin(&args.wish.spec, session, place, context);
    }
    context.printer.say(&format!("session `{}` changes:", session.name));
    let left_out = wish.left_out(&opened.ledger);
    for line in announcement.iter().chain(&left_out) {
        context.printer.say(&format!("  {line}"));
    }
    for hint in Moves::hints(candidates) {
        context.printer.hint(hint);
    }
    match outline.harm {
        // What somebody wanted before is not dropped without a word, even where nothing is harmed.
        Harm::None if left_out.is_none() => Ok(()),
        harm => consent::ask(args.consent, harm == Harm::Loss, "Go on?", context),
    }
}

/// Says that a session without a ledger was made from a file, where a change is about to go back behind that.
pub(super) fn warn_of_origin(
    spec: &SpecArgs,
    session: &Session,
    place: &Place,
    context: &Context<'_>,
) {
    if spec.file.is_some() || spec.conf_dir.is_some() {
        return;
    }
    let origin = platform::origin(context.environment, &session.name, place.platform());
    if let Some(file) = origin {
        let (name, file) = (&session.name, file.display());
        context.printer.warn(&format!(
            "session `{name}` was made from `{file}`; without -f nothing that this file says holds any more"
        ));
        context.printer.hint(&format!("`nutkin up -f {file}` wants what the file says"));
    }
}

async fn finish(
    args: &Args,
    wish: &wanted::Wish,
    moves: &Moves<'_>,
    decision: &mut Decision,
    stage: &Cell<Stage>,
    context: &Context<'_>,
) -> Outcome {
    let session = &wish.session;
    let name = &session.name;
    let timeout = Duration::from_secs(args.timeout);
    let mut spinner = Spinner::new(context.printer);
    let waited = decision.wait(timeout, |line| spinner.say(line), context).await;
    drop(spinner);
    match waited {
        Ok(Waited::Ready(ready)) => {
            stage.set(Stage::Up);
            announce(session, decision, &ready, context);
            if ready.overview.has_ended_jobs() {
                outcomes::look(&decision.session()).await;
            }
            stage.set(Stage::Jobs);
            moves.resume(&decision.session()).await?;
            let limit = Duration::from_secs(args.wish.moves.move_timeout);
            // What the file says of its jobs, nobody has to say once more.
            let of_file = session.jobs.iter().filter(|job| job.running && !args.wish.no_jobs);
            let resumed = of_file.map(|job| job.name.clone()).collect();
            Box::pin(lost::recover_now(&decision.session(), resumed, limit, context)).await?;
            stage.set(Stage::Up);
            if !args.wish.no_jobs && (!session.jobs.is_empty() || args.wish.spec.file.is_some()) {
                stage.set(Stage::Jobs);
                super::file_jobs::bring(session, &decision.session(), &wish.base, context).await?;
                stage.set(Stage::Up);
            }
            if !args.wish.no_jobs {
                let whole = args.wish.spec.file.as_ref().map(|_| args.consent);
                snapshots::of_up(session, &decision.session(), whole, context).await?;
            }
            if args.output.output != Output::Text {
                let view = decision.session().look().await?;
                let document = document("Session", view.document(words));
                context.printer.document(&args.output.output, &document)?;
            }
            Ok(Exit::Done)
        }
        Ok(Waited::TimedOut(seen)) => {
            let failure = not_ready(name, args.timeout, &seen);
            let failure = super::why::explained(failure, &decision.session()).await;
            if moves.are_under_way() {
                return Err(failure);
            }
            if let Some(then) = decision.left_alone() {
                return Err(failure
                    .hint("run the same command again to continue; `--timeout` gives it more time")
                    .hint(then));
            }
            Err(failure.hint(goes_on(name)).hint(format!("`nutkin down {name}` ends it")))
        }
        Err(failure) => {
            // Before what failed is taken back.
            let failure = super::why::explained(failure, &decision.session()).await;
            stage.set(Stage::Changing);
            Err(decision.give_up(failure, context).await?)
        }
    }
}

fn announce(session: &Session, decision: &Decision, ready: &Ready, context: &Context<'_>) {
    let (printer, name) = (context.printer, &session.name);
    let mut about = decision.outline().about;
    // What the image has, not what was asked for.
    if let Some(runs) = ready.overview.flink_version {
        about.flink_version = runs.to_string();
    }
    printer.say(&format!(
        "session {} is up: {}, {}",
        printer.style(Style::Bold, &format!("`{name}`")),
        about.summary(),
        counted(ready.overview.slots_total, "slot"),
    ));
    let open = || words(&Deed::Open { name: Some(name.clone()) }.does("opens it"));
    let url = ready.url.clone().unwrap_or_else(open);
    printer.say(&format!("  web UI     {}", printer.style(Style::Cyan, &url)));
    printer.say("  run a job  nutkin run JAR");
    printer.say("  look       nutkin status, nutkin logs");
    printer.say(&format!("  stop       nutkin down {name}"));
    let release = other_release(ready.overview.flink_version, session.flink);
    for remark in release.iter().chain(&ready.remarks) {
        printer.warn(&remark.text);
        for remedy in &remark.remedies {
            printer.hint(&words(remedy));
        }
    }
}
