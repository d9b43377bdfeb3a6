//! A session that exists, and what can be done with it as a whole.

use nutkin_core::record::SessionRecord;
use nutkin_core::selection::Platform;

use super::{Connected, View};
use crate::docker::{self, DockerSession};
use crate::local::directory::SessionDirectory;
use crate::local::{self, scale};
use crate::{Context, Failure, Outcome, kubernetes};

/// A session that exists.
#[derive(Debug, Clone)]
pub enum Session {
    /// Processes of this machine.
    Local(SessionDirectory),
    /// Objects of an API server.
    Kubernetes(Box<kubernetes::session::Session>),
    /// Containers of a Docker daemon.
    Docker(DockerSession),
}

/// Which logs to show, and how.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    /// Processes or pods; all where empty.
    pub processes: Vec<String>,
    /// Go on with what is logged from now on.
    pub follow: bool,
    /// Only so many of the last lines of each.
    pub tail: Option<usize>,
    /// Logs of containers that ended before, too.
    pub previous: bool,
}

/// How a session ends.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ending {
    /// Keep log files, where they are files of the session.
    pub keep_logs: bool,
    /// Delete what Flink keeps beyond the session.
    pub delete_data: bool,
    /// Delete the high availability data of the cluster-id, on Kubernetes.
    pub delete_ha_data: bool,
    /// End it although somebody else started it.
    pub adopt: bool,
}

/// What ended, and what did not.
#[derive(Debug, Clone, Default)]
pub struct Ended {
    /// Processes, pods or objects that ran or were there.
    pub ended: Vec<String>,
    /// What remains on purpose.
    pub kept: Vec<Kept>,
    /// What was deleted of what would have remained, each in one line.
    pub deleted: Vec<String>,
}

/// Something that outlives its session.
#[derive(Debug, Clone)]
pub struct Kept {
    /// A path or an object.
    pub what: String,
    /// What it is good for, and what deletes it; may be empty.
    pub remark: String,
    /// Whether a session of the same name would find it again.
    pub is_data: bool,
}

impl Session {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Local(directory) => directory.name(),
            Self::Kubernetes(session) => &session.name,
            Self::Docker(session) => &session.name,
        }
    }

    /// Where it runs.
    pub const fn platform(&self) -> Platform {
        match self {
            Self::Local(_) => Platform::Local,
            Self::Kubernetes(_) => Platform::Kubernetes,
            Self::Docker(_) => Platform::Docker,
        }
    }

    /// Looks at it.
    ///
    /// # Errors
    /// The platform cannot be asked. That the session is broken is in the view.
    pub async fn look(&self) -> Result<View, Failure> {
        match self {
            Self::Local(directory) => local::view::look(directory).await,
            Self::Kubernetes(session) => session.look().await,
            Self::Docker(session) => docker::view::look(session).await,
        }
    }

    /// Names of the jobs that its end would lose, or that they are not known; `None` when there are none. Where
    /// nobody is asked for consent, a session that does not answer is not waited for.
    ///
    /// # Errors
    /// The platform cannot be asked.
    pub async fn endangered(&self, is_asked: bool) -> Result<Option<String>, Failure> {
        match self {
            Self::Local(directory) => local::suffering::of(directory, is_asked).await,
            Self::Kubernetes(session) => Ok(session.jobs().await?.names()),
            Self::Docker(session) => docker::view::endangered(session, is_asked).await,
        }
    }

    /// Makes its REST API reachable. `secret` where nobody but this command shall use the way that is opened.
    ///
    /// # Errors
    /// Its state is damaged, or no way leads there.
    pub async fn connect(&self, secret: bool) -> Result<Connected, Failure> {
        match self {
            Self::Local(directory) => local::connect(directory),
            Self::Kubernetes(session) => session.connect(secret).await,
            Self::Docker(session) => session.connect().await,
        }
    }

    /// Prints logs.
    ///
    /// # Errors
    /// There is no such process (exit 2), or the platform cannot be asked.
    pub async fn logs(&self, logs: &Logs, context: &Context<'_>) -> Outcome {
        match self {
            Self::Local(directory) => local::logs::show(directory, logs, context).await,
            Self::Kubernetes(session) => kubernetes::logs::show(session, logs, context).await,
            Self::Docker(session) => docker::view::logs(session, logs, context).await,
        }
    }

    /// What changing the number of TaskManagers means.
    ///
    /// # Errors
    /// This session's TaskManagers are not counted, and by whom they are.
    pub async fn scaling(&self, task_managers: u32) -> Result<Scaling, Failure> {
        match self {
            Self::Local(directory) => {
                Ok(Scaling::Local(Box::new(scale::decide(directory, task_managers as usize)?)))
            }
            Self::Docker(session) => {
                let scaling = docker::end::scaling(session, task_managers as usize).await?;
                Ok(Scaling::Docker(Box::new(scaling)))
            }
            Self::Kubernetes(session) => {
                let scaling = kubernetes::scale::scaling(session, task_managers).await?;
                Ok(Scaling::Kubernetes(Box::new(scaling)))
            }
        }
    }

    /// Ends it and waits until nothing of it is left but what is kept on purpose.
    ///
    /// # Errors
    /// Something could not be ended.
    pub async fn end(&self, ending: Ending, context: &Context<'_>) -> Result<Ended, Failure> {
        match self {
            Self::Local(directory) => local::down::end(directory, ending, context).await,
            Self::Kubernetes(session) => kubernetes::down::end(session, ending, context).await,
            Self::Docker(session) => docker::end::end(session, ending, context).await,
        }
    }

    /// What an end deletes for good because that was asked for, each in one line.
    ///
    /// # Errors
    /// The platform cannot be asked.
    pub async fn deletes(&self, ending: Ending) -> Result<Vec<String>, Failure> {
        if !ending.delete_data {
            return Ok(Vec::new());
        }
        match self {
            Self::Local(directory) => Ok(local::down::deletable(directory).into_iter().collect()),
            Self::Docker(session) => docker::end::deletable(session).await,
            // Its data lies where Flink was told to write it; `down` says so.
            Self::Kubernetes(_) => Ok(Vec::new()),
        }
    }

    /// What still runs when its end was cut off, where that can be told at once.
    pub fn left(&self) -> Option<Vec<String>> {
        match self {
            Self::Local(directory) => Some(local::down::left(directory)),
            Self::Kubernetes(_) | Self::Docker(_) => None,
        }
    }

    /// What Nutkin remembers of it.
    ///
    /// # Errors
    /// It is damaged.
    pub async fn record(&mut self) -> Result<SessionRecord, Failure> {
        match self {
            Self::Local(directory) => local::record(directory),
            Self::Kubernetes(session) => kubernetes::record::read(session).await,
            Self::Docker(session) => docker::end::record(session).await,
        }
    }

    /// Remembers it. What somebody else remembered since [`Session::record`] is never overwritten.
    ///
    /// # Errors
    /// It cannot be written, or somebody else was faster.
    pub async fn remember(&mut self, record: &SessionRecord) -> Result<(), Failure> {
        match self {
            Self::Local(directory) => local::remember(directory, record),
            Self::Kubernetes(session) => kubernetes::record::write(session, record).await,
            Self::Docker(session) => docker::end::remember(session, record).await,
        }
    }
}

/// A change of the number of TaskManagers, decided and not carried out.
#[derive(Debug)]
pub enum Scaling {
    /// Processes of this machine.
    Local(Box<scale::Scaling>),
    /// Containers of a Docker daemon.
    Docker(Box<docker::end::Scaling>),
    /// Pods of a workload.
    Kubernetes(Box<kubernetes::scale::Scaling>),
}

impl Scaling {
    /// The number there is.
    pub fn now(&self) -> usize {
        match self {
            Self::Local(scaling) => scaling.old,
            Self::Docker(scaling) => scaling.old,
            Self::Kubernetes(scaling) => scaling.old,
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// The platform refuses.
    pub async fn carry_out(&mut self, context: &Context<'_>) -> Result<(), Failure> {
        match self {
            Self::Local(scaling) => scaling.carry_out(context).await,
            Self::Docker(scaling) => scaling.carry_out(context).await,
            Self::Kubernetes(scaling) => scaling.carry_out().await,
        }
    }
}
