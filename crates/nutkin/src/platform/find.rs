//! The sessions that there are, on every platform that is asked.
#![allow(clippy::unused_async, reason = "what one platform does at once, others wait for")]

use nutkin_core::selection::{Known, Platform};

use super::Session;
use crate::local::directory::SessionDirectory;
use crate::{Context, Environment, Exit, Failure};

/// Where sessions are looked for or made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The platform.
    pub platform: Platform,
    /// Namespace that was given, for Kubernetes.
    pub namespace: Option<String>,
    /// Context of the kubeconfig that was given.
    pub context: Option<String>,
}

/// Sessions that are known without asking anybody but this machine.
///
/// # Errors
/// The state directory cannot be read.
pub fn known(environment: &Environment) -> std::io::Result<Vec<Known>> {
    let local = SessionDirectory::all(environment)?;
    let known = local
        .iter()
        .map(|one| Known { name: one.name().to_owned(), platform: Platform::Local })
        .collect();
    Ok(known)
}

/// All sessions of a platform, by name.
///
/// # Errors
/// It cannot be asked.
pub async fn all(place: &Place, context: &Context<'_>) -> Result<Vec<Session>, Failure> {
    match place.platform {
        Platform::Local => {
            let directories = SessionDirectory::all(context.environment)?;
            Ok(directories.into_iter().map(Session::Local).collect())
        }
        other => Err(not_here(other)),
    }
}

/// The session of that name.
///
/// # Errors
/// The platform cannot be asked.
pub async fn open(name: &str, place: &Place, context: &Context<'_>) -> Result<Session, Failure> {
    match place.platform {
        Platform::Local => Ok(Session::Local(SessionDirectory::of(context.environment, name)?)),
        other => Err(not_here(other)),
    }
}

/// Says no to a platform that this build does not have.
pub(super) fn not_here(platform: Platform) -> Failure {
    let message = format!("`--on {platform}` is not in this build yet");
    Failure::new(Exit::Failed, message).hint("sessions run on this machine: --on local")
}
