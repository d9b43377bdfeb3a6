//! A session that exists, and what can be done with it as a whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nutkin_core::jobs::Archived;
use nutkin_core::ledger::Snapshot;
use nutkin_core::selection::Platform;
use nutkin_core::supervision::fence::{LivingProcesses, ProcessStart};

use nutkin_diagnosis::Evidence;
use nutkin_docker::DockerSession;
use nutkin_local::directory::SessionDirectory;
use nutkin_rest::{Connected, RunningJobs, View};
use nutkin_shell::ledger::time_of;
use nutkin_shell::{Ended, Ending, Error, Kind, LogStream, Logs, Place};
use {nutkin_docker as docker, nutkin_kubernetes as kubernetes, nutkin_local as local};

use crate::{Context, files};

/// A session that exists.
#[derive(Debug, Clone)]
pub enum Session {
    /// Processes of this machine.
    Local(SessionDirectory),
    /// Objects of an API server.
    Kubernetes(Box<kubernetes::session::KubernetesSession>),
    /// Containers of a Docker daemon.
    Docker(Box<DockerSession>),
}

/// The newest whole checkpoint of a job, as far as it is seen from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewestCheckpoint {
    /// It is there.
    There(Snapshot),
    /// There is none.
    Nothing,
    /// Nobody here can look.
    Unseen,
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

    /// Where it is found again.
    pub fn place(&self) -> Place {
        match self {
            Self::Local(_) => Place::Local,
            Self::Docker(_) => Place::Docker,
            Self::Kubernetes(session) => Place::Kubernetes(session.api.access().place.clone()),
        }
    }

    /// Where it is, also where nobody said which namespace.
    pub fn exact_place(&self) -> Place {
        match self {
            Self::Local(_) | Self::Docker(_) => self.place(),
            Self::Kubernetes(session) => Place::Kubernetes(session.api.place()),
        }
    }

    /// Looks at it.
    ///
    /// # Errors
    /// The platform cannot be asked. That the session is broken is in the view.
    pub async fn look(&self) -> Result<View, Error> {
        match self {
            Self::Local(directory) => local::view::look(directory).await,
            Self::Kubernetes(session) => session.look().await,
            Self::Docker(session) => docker::view::look(session).await,
        }
    }

    /// What there is to see of it, for whoever looks for what is wrong.
    ///
    /// # Errors
    /// It has ended (5), or the platform cannot be asked.
    pub async fn evidence(&self) -> Result<Evidence, Error> {
        match self {
            Self::Local(directory) => local::why::evidence(directory).await,
            Self::Kubernetes(session) => session.evidence().await,
            Self::Docker(session) => docker::why::evidence(session).await,
        }
    }

    /// The jobs that its end would end. Where nobody is asked for consent, a session that does not answer is not waited for.
    ///
    /// # Errors
    /// The platform cannot be asked.
    pub async fn endangered(&self, is_asked: bool) -> Result<RunningJobs, Error> {
        match self {
            Self::Local(directory) => local::suffering::of(directory, is_asked).await,
            Self::Kubernetes(session) => session.jobs().await,
            Self::Docker(session) => docker::view::endangered(session, is_asked).await,
        }
    }

    /// Whether high availability brings its jobs back when a session of its name is started after this end.
    ///
    /// # Errors
    /// The platform cannot be asked.
    pub async fn comes_back(&self, ending: Ending) -> Result<bool, Error> {
        match self {
            _ if ending.delete_data || ending.delete_ha_data => Ok(false),
            Self::Local(directory) => Ok(local::suffering::comes_back(directory)),
            Self::Kubernetes(session) => Ok(session.comes_back().await),
            Self::Docker(session) => docker::view::comes_back(session).await,
        }
    }

    /// Makes its REST API reachable. `secret` where nobody but this command shall use the way that is opened.
    ///
    /// # Errors
    /// Its state is damaged, or no way leads there.
    pub async fn connect(&self, secret: bool) -> Result<Connected, Error> {
        match self {
            Self::Local(directory) => local::connect(directory),
            Self::Kubernetes(session) => session.connect(secret).await,
            Self::Docker(session) => session.connect().await,
        }
    }

    /// The newest whole checkpoint of a job below a directory of them, as its JobManager has it.
    pub async fn newest_checkpoint(&self, directory: &str, job: &str) -> NewestCheckpoint {
        let Some(path) = path_of(directory) else { return NewestCheckpoint::Unseen };
        let found = match self {
            Self::Local(_) => Ok(local::checkpoints::newest_below(path, job)),
            Self::Docker(session) => docker::checkpoints::newest(session, path, job).await,
            Self::Kubernetes(_) => return NewestCheckpoint::Unseen,
        };
        match found {
            Ok(Some((path, seconds))) => {
                let seconds = i64::try_from(seconds).unwrap_or(i64::MAX / 1000);
                let time = time_of(seconds.saturating_mul(1000));
                let (kind, of) = ("checkpoint".to_owned(), Some(job.to_owned()));
                NewestCheckpoint::There(Snapshot {
                    path,
                    kind,
                    time,
                    job: of,
                    ..Snapshot::default()
                })
            }
            Ok(None) => NewestCheckpoint::Nothing,
            Err(_) => NewestCheckpoint::Unseen,
        }
    }

    /// The whole checkpoints of jobs below a directory of them, by job, path by number. A job without a directory there is not among
    /// them. `None`: nobody can look there from here.
    pub async fn checkpoints(
        &self,
        directory: &str,
        jobs: &[&str],
    ) -> Option<BTreeMap<String, BTreeMap<u64, String>>> {
        let path = path_of(directory)?;
        match self {
            Self::Local(_) => {
                let whole =
                    |job: &&str| Some(((*job).to_owned(), local::checkpoints::whole(path, job)?));
                let named =
                    |(number, path): (u64, PathBuf)| (number, format!("file:{}", path.display()));
                let all = jobs.iter().filter_map(whole);
                Some(all.map(|(job, all)| (job, all.into_iter().map(named).collect())).collect())
            }
            Self::Docker(session) => session.left(path.to_str()?, jobs).await,
            Self::Kubernetes(session) => session.left(path.to_str()?, jobs).await,
        }
    }

    /// What JobManagers wrote down of a job in that directory.
    ///
    /// # Errors
    /// Nobody can look there from here.
    pub async fn archived(&self, directory: &str, job: &str) -> Result<Archived, Error> {
        let unseen = || Error::new(Kind::Broken, format!("`{directory}` cannot be read from here"));
        let path = path_of(directory).ok_or_else(unseen)?;
        let text = path.to_str().ok_or_else(unseen)?;
        match self {
            Self::Local(_) => local::checkpoints::archived(path, job),
            Self::Docker(session) => session.archived(text, job).await,
            Self::Kubernetes(session) => session.archived(text, job).await,
        }
    }

    /// The processes that run; `None`: a supervisor ends those of a lost JobManager.
    ///
    /// # Errors
    /// The platform cannot be asked.
    pub async fn processes(&self) -> Result<Option<LivingProcesses>, Error> {
        match self {
            Self::Local(_) => Ok(None),
            Self::Docker(session) => session.processes().await.map(Some),
            Self::Kubernetes(session) => session.processes().await.map(Some),
        }
    }

    /// Ends processes at once; others take their places.
    ///
    /// # Errors
    /// The platform refuses.
    pub async fn end_processes(&self, all: &[ProcessStart]) -> Result<(), Error> {
        match self {
            Self::Local(_) => Ok(()),
            Self::Docker(session) => session.end_processes(all).await,
            Self::Kubernetes(session) => session.end_processes(all).await,
        }
    }

    /// What happens to its processes from now on.
    pub fn changes(&self) -> ProcessChanges {
        match self {
            Self::Local(_) => ProcessChanges::Untold,
            Self::Docker(session) => {
                let changes = docker::watch::ContainerChanges::of((**session).clone());
                ProcessChanges::Docker(Box::new(changes))
            }
            Self::Kubernetes(session) => {
                let changes = kubernetes::watch::PodChanges::of((**session).clone());
                ProcessChanges::Kubernetes(Box::new(changes))
            }
        }
    }

    /// Whether its platform is this machine, so that containers see folders of it where they ask for them.
    pub const fn sees_folders(&self) -> bool {
        match self {
            Self::Local(_) => true,
            Self::Docker(session) => session.is_here(),
            Self::Kubernetes(_) => false,
        }
    }

    /// The newest state of a job whose JobManager has died, of savepoints too, that lies where this machine sees it.
    pub fn newest_state(&self, job: &str) -> Option<String> {
        match self {
            Self::Local(directory) => {
                let path = local::checkpoints::newest_state(directory, job)?;
                Some(format!("file:{}", path.display()))
            }
            Self::Kubernetes(_) | Self::Docker(_) => None,
        }
    }

    /// What its processes log.
    ///
    /// # Errors
    /// In the stream: there is no such process (exit 2), or the platform cannot be asked.
    pub fn logs<'a>(&'a self, logs: &'a Logs) -> LogStream<'a> {
        match self {
            Self::Local(directory) => local::logs::lines(directory, logs),
            Self::Kubernetes(session) => kubernetes::logs::lines(session, logs),
            Self::Docker(session) => docker::logs::lines(session, logs),
        }
    }

    /// The number of TaskManagers that it has, or is to have by its orders.
    ///
    /// # Errors
    /// This session's TaskManagers are not counted, and by whom they are; its state is damaged.
    pub async fn task_managers(&self) -> Result<usize, Error> {
        match self {
            Self::Local(directory) => local::scale::task_managers(directory),
            Self::Docker(session) => docker::scale::task_managers(session).await,
            Self::Kubernetes(session) => kubernetes::scale::task_managers(session).await,
        }
    }

    /// Ends it and waits until nothing of it is left but what is kept on purpose.
    ///
    /// # Errors
    /// Something could not be ended.
    pub async fn end(&self, ending: Ending, context: &Context<'_>) -> Result<Ended, Error> {
        match self {
            Self::Local(directory) => local::end::end(directory, ending, context).await,
            Self::Kubernetes(session) => super::kubernetes::end(session, ending, context).await,
            Self::Docker(session) => Box::pin(docker::end::end(session, ending, context)).await,
        }
    }

    /// What an end deletes for good because that was asked for, each in one line.
    ///
    /// # Errors
    /// The platform cannot be asked.
    pub async fn deletes(&self, ending: Ending) -> Result<Vec<String>, Error> {
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
}

/// What happens to the processes of a session.
#[allow(missing_debug_implementations, reason = "the streams inside have none")]
pub enum ProcessChanges {
    /// Nobody tells.
    Untold,
    /// The daemon does.
    Docker(Box<docker::watch::ContainerChanges>),
    /// The API server does.
    Kubernetes(Box<kubernetes::watch::PodChanges>),
}

impl ProcessChanges {
    /// Asks for what happens from now on, where that is not asked already.
    pub async fn open(&mut self) {
        match self {
            Self::Untold => {}
            Self::Docker(changes) => changes.open(),
            Self::Kubernetes(changes) => changes.open().await,
        }
    }

    /// Ends when something has happened; where nobody tells, never.
    pub async fn next(&mut self) {
        match self {
            Self::Untold => std::future::pending().await,
            Self::Docker(changes) => changes.next().await,
            Self::Kubernetes(changes) => changes.next().await,
        }
    }
}

/// The path that an address of Flink's names on this machine: `file:///a`, `file:/a`, `/a`.
fn path_of(address: &str) -> Option<&Path> {
    files::of_address(address).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine() {
        #[track_caller]
        fn check(address: &str, expected: Option<&str>) {
            assert_eq!(path_of(address), expected.map(Path::new));
        }
        check("file:///a/b", Some("/a/b"));
        check("file:/a/b", Some("/a/b"));
        check("/a/b", Some("/a/b"));
        check("s3://bucket/a", None);
        check("a/b", None);
    }
}
