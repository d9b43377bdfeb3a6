//! What a command wants of a session: what its arguments say, or, where they say nothing, what the ledger does.

use std::path::{Path, PathBuf};

use nutkin_core::ledger::{Ledger, Opened, Source, Stored, Wanted};
use nutkin_core::session::Session;
use nutkin_shell::ledger as store;
use nutkin_shell::{Environment, Error, Kind, Place};

use super::select;
use super::shared::{MoveArgs, NameArgs, SpecArgs};
use super::{Context, session_file};
use crate::platform::{self, ledger, rebuild};
use crate::{remedies, runtime};

/// Which session, and what it shall be: what `up` and `plan` are told alike.
#[derive(Debug, clap::Args)]
pub(super) struct WishArgs {
    #[command(flatten)]
    pub(super) name: NameArgs,

    #[command(flatten)]
    pub(super) spec: SpecArgs,

    /// Number of TaskManagers
    #[arg(long, value_name = "N")]
    pub(super) task_managers: Option<u32>,

    /// Take over a session on Kubernetes that somebody else started
    #[arg(long)]
    pub(super) adopt: bool,

    /// Leave the jobs of the file alone
    #[arg(long)]
    pub(super) no_jobs: bool,

    #[command(flatten)]
    pub(super) moves: MoveArgs,
}

/// What is wanted, and where.
pub(super) struct Wish {
    /// The session.
    pub(super) session: Session,
    /// Where.
    pub(super) place: Place,
    /// The folder that relative jars count from.
    pub(super) base: PathBuf,
    /// What the ledger is to say of it.
    pub(super) wanted: Wanted,
    /// Who said it, where the ledger says so.
    pub(super) of_ledger: Option<String>,
}

/// Reads the arguments, and the ledger where they say nothing of what is wanted.
///
/// # Errors
/// Exit 2 with all problems; the platform cannot be asked for the ledger.
pub(super) fn wish(asked: &WishArgs, context: &Context<'_>) -> Result<Wish, Error> {
    let WishArgs { name, spec: args, task_managers, .. } = asked;
    let (name, task_managers) = (name.get(), *task_managers);
    let (session, wanted, base) = said(args, name, task_managers, context)?;
    let place = select::place(args, &session, context)?;
    if session_file::says_nothing(args, task_managers, context)? {
        let opened = runtime::block_on(ledger::of(&session.name, &place, context))?;
        if let Some(opened) = &opened {
            ledger::tell_damage(opened, context);
        }
        let ledger = opened.map(|opened| opened.ledger);
        let who = ledger.as_ref().map(|ledger| ledger.says_wanted_by().line(remedies::words));
        let of_ledger = ledger.and_then(|ledger| ledger.wanted);
        let found = match of_ledger {
            Some(wanted) => Some((wanted, who)),
            None => rebuilt(&session.name, &place, context)?.map(|wanted| (wanted, None)),
        };
        if let Some((wanted, of_ledger)) = found {
            let session = wanted.session().map_err(Error::input)?;
            let base = ledger::base(&wanted, context.environment);
            return Ok(Wish { session, place, base, wanted, of_ledger });
        }
    }
    Ok(Wish { session, place, base, wanted, of_ledger: None })
}

/// What the arguments alone say: the session, what the ledger is to say of it, and the folder that relative jars count from.
///
/// # Errors
/// Exit 2 with all problems.
pub(super) fn said(
    args: &SpecArgs,
    name: Option<&str>,
    task_managers: Option<u32>,
    context: &Context<'_>,
) -> Result<(Session, Wanted, PathBuf), Error> {
    let (session, mut wanted) = session_file::load_wanted(args, name, task_managers, context)?;
    let base = session_file::folder(args.file.as_deref(), context);
    wanted.directory = Some(context.environment.directory.display().to_string());
    wanted.source = args.file.as_deref().map(|file| source(file, &base, context));
    Ok((session, wanted, base))
}

/// What is wanted of a session whose ledger is lost, as far as it is seen in what runs.
fn rebuilt(name: &str, place: &Place, context: &Context<'_>) -> Result<Option<Wanted>, Error> {
    let wanted = runtime::block_on(async { Ok(rebuild::of(name, place, context).await) })?;
    if wanted.is_some() {
        context.printer.warn(&format!(
            "no ledger says what is wanted of session `{name}`: Nutkin takes the options and processes that it has; its \
             session file, the jobs in that and the history are not known"
        ));
        context.printer.hint("`nutkin up -f FILE` with all options says it anew");
    }
    Ok(wanted)
}

/// Where a session file is.
fn source(file: &Path, base: &Path, context: &Context<'_>) -> Source {
    let host = store::who(context.environment).host;
    Source {
        file: file.display().to_string(),
        base: base.display().to_string(),
        host: Some(host).filter(|host| !host.is_empty()),
    }
}

impl Wish {
    /// What a session is wanted to be already.
    ///
    /// # Errors
    /// Exit 2: that is damaged.
    pub(super) fn of_ledger(
        session: &platform::Session,
        wanted: Wanted,
        context: &Context<'_>,
    ) -> Result<Self, Error> {
        Ok(Self {
            session: wanted.session().map_err(Error::input)?,
            place: session.exact_place(),
            base: ledger::base(&wanted, context.environment),
            wanted,
            of_ledger: None,
        })
    }

    /// Where it is looked for: relative paths that the ledger has count from where they were given.
    pub(super) fn surroundings(&self, context: &Context<'_>) -> Option<Environment> {
        self.of_ledger.as_ref()?;
        ledger::surroundings(&self.wanted, context.environment)
    }

    /// What was wanted so far and is not any more: one line, where there is anything.
    pub(super) fn left_out(&self, ledger: &Ledger) -> Option<String> {
        let before = ledger.wanted.as_ref().filter(|_| self.of_ledger.is_none())?;
        let left_out = before.left_out(&self.wanted);
        let left_out: Vec<String> = left_out.iter().map(remedies::left_out).collect();
        (!left_out.is_empty()).then(|| format!("- no longer wanted: {}", left_out.join(", ")))
    }

    /// Writes into the ledger what is wanted from now on, and gives it. A ledger that must not be written is told, and no
    /// failure.
    ///
    /// # Errors
    /// Another command wants something else, or the platform refuses.
    pub(super) async fn remember(
        &self,
        session: &platform::Session,
        changes: &[String],
        known: Option<Opened>,
        is_new: bool,
        context: &Context<'_>,
    ) -> Result<Option<Ledger>, Error> {
        let is_guessed = is_new && known.is_none();
        // There is hardly a ledger of a new session: that is seen when it is written.
        let new = || nutkin_core::ledger::open(Stored::default(), session.name()).ok();
        let known = if is_guessed { new() } else { known };
        let written = match self.write(session, changes, known, context).await {
            Err(failure) if is_guessed && failure.kind == Kind::Conflict => {
                self.write(session, changes, None, context).await
            }
            written => written,
        };
        match written {
            Ok(ledger) => Ok(Some(ledger)),
            Err(failure) => self.told(Err(failure), context).map(|()| None),
        }
    }

    /// Warns of a ledger that must not be written, which is not a failure.
    ///
    /// # Errors
    /// Any other reason why it was not.
    pub(super) fn told(
        &self,
        written: Result<(), Error>,
        context: &Context<'_>,
    ) -> Result<(), Error> {
        let what = format!("what is wanted of session `{}`", self.session.name);
        ledger::unless_denied(written, &what, context)
    }

    async fn write(
        &self,
        session: &platform::Session,
        changes: &[String],
        known: Option<Opened>,
        context: &Context<'_>,
    ) -> Result<Ledger, Error> {
        let mut opened = match known {
            Some(known) => known,
            None => store::load(session).await?,
        };
        self.note(&mut opened, changes, context);
        store::save(session, &mut opened).await?;
        Ok(opened.ledger)
    }

    /// Notes what is wanted from now on.
    pub(super) fn note(&self, opened: &mut Opened, changes: &[String], context: &Context<'_>) {
        ledger::tell_damage(opened, context);
        let ledger = &mut opened.ledger;
        if ledger.wanted.as_ref() != Some(&self.wanted) || !changes.is_empty() {
            ledger.wanted = Some(self.wanted.clone());
            ledger.namespace.clone_from(&self.session.namespace);
            ledger.note(store::event(context.environment, changes.to_vec()));
        }
    }
}
