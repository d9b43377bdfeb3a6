//! The ledger of a session, wherever its platform keeps it.

use std::path::PathBuf;

use nutkin_core::ledger::{Ledger, Opened, Phase, Sealed, Stored, Version, Wanted};
use nutkin_docker::DockerSession;
use nutkin_kubernetes as kubernetes;
use nutkin_local::directory::SessionDirectory;
use nutkin_shell::ledger::{self, Saving, Store};
use nutkin_shell::{Environment, Error, Kind, Place, Tenure};

use super::Session;
use crate::Context;

impl Store for Session {
    fn session(&self) -> &str {
        self.name()
    }

    fn tenure(&self) -> Option<&Tenure> {
        match self {
            Self::Local(_) | Self::Docker(_) => None,
            Self::Kubernetes(session) => session.tenure(),
        }
    }

    async fn load(&self) -> Result<Stored, Error> {
        match self {
            Self::Local(directory) => directory.load().await,
            Self::Kubernetes(session) => session.load().await,
            Self::Docker(session) => session.load().await,
        }
    }

    async fn save(&self, sealed: &Sealed, expected: &Version) -> Result<Saving, Error> {
        match self {
            Self::Local(directory) => directory.save(sealed, expected).await,
            Self::Kubernetes(session) => session.save(sealed, expected).await,
            Self::Docker(session) => session.save(sealed, expected).await,
        }
    }

    async fn remove(&self, expected: &Version) -> Result<(), Error> {
        match self {
            Self::Local(directory) => Store::remove(directory, expected).await,
            Self::Kubernetes(session) => session.remove(expected).await,
            Self::Docker(session) => session.remove(expected).await,
        }
    }
}

/// The store of the session of that name in a place, whether or not there is such a session.
///
/// # Errors
/// The platform cannot be asked.
pub async fn store(name: &str, place: &Place, context: &Context<'_>) -> Result<Session, Error> {
    Ok(match place {
        Place::Local => Session::Local(SessionDirectory::of(context.environment, name)?),
        Place::Docker => Session::Docker(Box::new(DockerSession::of(name, context).await?)),
        Place::Kubernetes(cluster) => {
            let api = super::find::ask(cluster, context).await?;
            Session::Kubernetes(Box::new(kubernetes::session::KubernetesSession::gone(&api, name)))
        }
    })
}

/// Surroundings in which relative paths of what is wanted mean what they meant when somebody wanted it; `None`: these do,
/// or that directory is not on this machine.
pub fn surroundings(wanted: &Wanted, environment: &Environment) -> Option<Environment> {
    let directory = wanted.directory.as_ref().map(PathBuf::from)?;
    let is_another = directory != environment.directory && directory.is_dir();
    is_another.then(|| environment.in_directory(directory))
}

/// The folder that relative jars of what is wanted count from.
pub fn base(wanted: &Wanted, environment: &Environment) -> PathBuf {
    let base = wanted.source.as_ref().map(|source| PathBuf::from(&source.base));
    base.unwrap_or_else(|| environment.directory.clone())
}

/// The context within these surroundings; `None`: the given ones.
pub fn within<'c>(there: Option<&'c Environment>, context: &Context<'c>) -> Context<'c> {
    there.map_or(*context, |there| context.within(there))
}

/// The ledger of a session that is there, with what is wanted of it as far as anybody knows; tells what of it is lost.
///
/// # Errors
/// The platform cannot be asked, or a newer Nutkin wrote it.
pub async fn rebuilt(session: &Session, context: &Context<'_>) -> Result<Opened, Error> {
    let mut opened = ledger::load(session).await?;
    tell_damage(&opened, context);
    if opened.ledger.wanted.is_none() {
        opened.ledger.wanted =
            super::rebuild::of(session.name(), &session.exact_place(), context).await;
    }
    Ok(opened)
}

/// Refuses while a change of the session is under way, `but` this one.
///
/// # Errors
/// One is: which one, and what to do.
pub fn none_under_way(ledger: &Ledger, but: &str) -> Result<(), Error> {
    match &ledger.phase {
        Some(phase) if phase.change != but || phase.taken_back.is_some() => {
            Err(under_way(&ledger.name, phase))
        }
        _ => Ok(()),
    }
}

/// A change of a session is under way, and something else is wanted of it.
pub fn under_way(name: &str, phase: &Phase) -> Error {
    let error = Error::new(Kind::Conflict, format!("session `{name}`: {}", phase.line()));
    let error = error.because("UnderWay");
    if phase.taken_back.is_some() {
        return error.hint(goes_back(name));
    }
    error.hint("that command again continues the change").hint(takes_back(name))
}

/// How a change is taken back.
pub fn takes_back(name: &str) -> String {
    format!("`nutkin abort {name}` takes the change back")
}

/// The same of one that is being taken back.
pub fn goes_back(name: &str) -> String {
    format!("`nutkin abort {name}` continues to take the change back")
}

/// Tells what of a ledger is lost.
pub fn tell_damage(opened: &Opened, context: &Context<'_>) {
    for line in opened.damage() {
        context.printer.warn(&line);
    }
}

/// What became of writing it. Who may not write it does not fail: it is told that `what` is not remembered.
///
/// # Errors
/// Any other reason why it was not.
pub fn unless_denied(
    written: Result<(), Error>,
    what: &str,
    context: &Context<'_>,
) -> Result<(), Error> {
    match written {
        Err(failure) if failure.kind == Kind::Denied => {
            context.printer.warn(&format!("{what} is not remembered: {:#}", failure.error));
            Ok(())
        }
        written => written,
    }
}

/// The ledger of the session of that name in a place, if there is one.
///
/// # Errors
/// The platform cannot be asked, or a newer Nutkin wrote it.
pub async fn of(name: &str, place: &Place, context: &Context<'_>) -> Result<Option<Opened>, Error> {
    let opened = ledger::load(&store(name, place, context).await?).await?;
    Ok((!opened.is_new()).then_some(opened))
}
