//! What `up` would do, and doing it.

use std::path::Path;
use std::time::Duration;

use nutkin_core::decide::Outline;
use nutkin_core::ledger::Opened;
use nutkin_core::selection::Platform;

use nutkin_docker::{Aim, DockerSession};
use nutkin_rest::Waited;
use nutkin_shell::{Error, Place, Purpose, Wish};

use super::attend::Carried;
use super::docker::Change;
use super::kubernetes::Up;
use super::{Session, local};
use crate::Context;

/// The difference between what is wanted and what is there. A session that exists is not touched before
/// [`Decision::carry_out`]. On Kubernetes [`Decision::of`] creates the workload of a new one and takes the ownership of its
/// fields, where that is all that can be asked cheaply; on this machine [`Decision::prepare`] installs and fetches.
#[derive(Debug)]
pub enum Decision {
    /// Processes of this machine.
    Local(Box<local::Up>),
    /// Objects of an API server.
    Kubernetes(Box<Up>),
    /// Containers of a Docker daemon.
    Docker(Box<Change>),
}

impl Decision {
    /// Compares what is wanted with what is there. `begins` hears whether something may have changed from now on that
    /// somebody could see.
    ///
    /// # Errors
    /// Bad input (exit 2), or the platform cannot be asked.
    pub async fn of(
        wish: Wish<'_>,
        begins: &dyn Fn(bool),
        context: &Context<'_>,
    ) -> Result<Self, Error> {
        match wish.place.platform() {
            Platform::Kubernetes => {
                Ok(Self::Kubernetes(Box::new(Box::pin(Up::of(wish, begins, context)).await?)))
            }
            Platform::Local => {
                Ok(Self::Local(Box::new(local::Up::decide(wish.session, context).await?)))
            }
            Platform::Docker => {
                let session = DockerSession::of(&wish.session.name, context).await?;
                let wanted = Box::new(wish.session.clone());
                let aim = match wish.purpose {
                    Purpose::Scale => Aim::Scaled(wanted),
                    Purpose::Look | Purpose::Act => Aim::Session(wanted),
                };
                Ok(Self::Docker(Box::new(Change::of(session, aim, context).await?)))
            }
        }
    }

    /// The ledger, where it was read while the change was decided; `None`: it is still to be read.
    ///
    /// # Errors
    /// A newer Nutkin wrote it.
    pub async fn ledger(&mut self) -> Result<Option<Opened>, Error> {
        match self {
            Self::Kubernetes(up) => up.run.ledger().await,
            Self::Local(_) | Self::Docker(_) => Ok(None),
        }
    }

    /// Says what the ledger is to be: it is written with the change itself, before anything that runs is touched.
    ///
    /// # Errors
    /// Another command changed the session, or the platform cannot be asked.
    pub async fn remember(&mut self, wanted: Opened, context: &Context<'_>) -> Result<(), Error> {
        match self {
            Self::Kubernetes(up) => up.run.remember(wanted),
            Self::Docker(change) => change.remember(wanted, context).await?,
            Self::Local(up) => up.remember(wanted)?,
        }
        Ok(())
    }

    /// What became of writing it with the change; `None`: it is still to be written.
    pub fn remembered(&mut self) -> Option<Result<(), Error>> {
        match self {
            Self::Kubernetes(up) => up.run.saved(),
            Self::Docker(change) => change.remembered(),
            Self::Local(up) => up.remembered(),
        }
    }

    /// What it means.
    pub fn outline(&self) -> Outline {
        match self {
            Self::Local(up) => up.decision.outline(),
            Self::Kubernetes(up) => up.decision.outline(),
            Self::Docker(change) => change.decision.outline(),
        }
    }

    /// Brings what the session needs to where it can be used, touches no session, and decides again with it. `false`: it
    /// was all there.
    ///
    /// # Errors
    /// It cannot be had.
    pub async fn prepare(&mut self, context: &Context<'_>) -> Result<bool, Error> {
        match self {
            Self::Local(up) => up.prepare(context).await,
            Self::Kubernetes(_) | Self::Docker(_) => Ok(false),
        }
    }

    /// Does it, as far as it is the change that was shown.
    ///
    /// # Errors
    /// The platform refuses; what was made by this very call and is of no use is removed again.
    pub async fn carry_out(
        &mut self,
        waits: bool,
        context: &Context<'_>,
    ) -> Result<Carried, Error> {
        match self {
            Self::Local(up) => up.carry_out(context).await,
            Self::Kubernetes(decision) => decision.carry_out(waits).await.map(|()| Carried::Done),
            Self::Docker(decision) => Box::pin(decision.carry_out(waits, context)).await,
        }
    }

    /// Notes where the session runs, and the session file that it was made from, for commands to come.
    ///
    /// # Errors
    /// The note cannot be written.
    pub fn note(&self, file: Option<&Path>, context: &Context<'_>) -> Result<(), Error> {
        if context.environment.manager.is_some() {
            // No person at this machine asks for it later.
            return Ok(());
        }
        // Nobody can read standard input again.
        let file = file.filter(|file| *file != Path::new("-"));
        let file = file.map(|file| context.environment.directory.join(file));
        match self {
            Self::Local(up) => up.directory().set_origin(file)?,
            Self::Docker(decision) => {
                let name = &decision.session().name;
                super::remember(context.environment, name, &Place::Docker, file)?;
            }
            Self::Kubernetes(decision) => {
                let run = &decision.run;
                let name = &run.plan.objects.cluster_id;
                super::remember(context.environment, name, &run.place(), file)?;
            }
        }
        Ok(())
    }

    /// What becomes of the change that was carried out if nobody waits for its end; `None`: it ends by itself.
    pub fn left_alone(&self) -> Option<&'static str> {
        match self {
            Self::Kubernetes(up) => up.left_alone,
            Self::Local(_) | Self::Docker(_) => None,
        }
    }

    /// Waits until the session is ready, telling `progress` what is waited for.
    ///
    /// # Errors
    /// It never will be, and why.
    pub async fn wait(
        &mut self,
        timeout: Duration,
        progress: impl FnMut(&str),
        context: &Context<'_>,
    ) -> Result<Waited, Error> {
        match self {
            Self::Local(up) => up.wait(timeout, progress, context).await,
            Self::Kubernetes(decision) => decision.wait(timeout, progress).await,
            Self::Docker(change) => change.wait(timeout, progress, context).await,
        }
    }

    /// What is left to do when a new session never came up: the failure with what was done about it.
    ///
    /// # Errors
    /// What was started cannot be ended.
    pub async fn give_up(&mut self, failure: Error, context: &Context<'_>) -> Result<Error, Error> {
        match self {
            Self::Local(up) => up.give_up(failure).await,
            Self::Kubernetes(_) => Ok(failure),
            Self::Docker(decision) => decision.give_up(failure, context).await,
        }
    }

    /// The session, now that it exists.
    pub fn session(&self) -> Session {
        match self {
            Self::Local(up) => Session::Local(up.directory().clone()),
            Self::Kubernetes(decision) => Session::Kubernetes(Box::new(decision.run.session())),
            Self::Docker(change) => Session::Docker(Box::new(change.session().clone())),
        }
    }
}
