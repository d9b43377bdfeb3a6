//! What somebody needs who keeps the jobs of a session running: which containers run, since when, and what jobs have left.

use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use bollard::errors::Error as DaemonError;
use bollard::models::{EventMessage, MountPoint};
use bollard::query_parameters::{
    EventsOptionsBuilder, InspectContainerOptions, RestartContainerOptionsBuilder,
};
use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use futures_util::stream::BoxStream;
use nutkin_core::jobs::{Archived, archived};
use nutkin_core::plan::docker::SESSION;
use nutkin_core::supervision::fence::{LivingProcesses, ProcessStart};
use nutkin_flink::process::Role;
use nutkin_shell::{Error, Kind};

use super::session::{DockerSession, ListedContainer};
use super::{checkpoints, failure, make, status};

impl DockerSession {
    /// The containers that run, a paused one included: it has not ended.
    ///
    /// # Errors
    /// The daemon refuses.
    pub async fn processes(&self) -> Result<LivingProcesses, Error> {
        let containers = self.containers().await?;
        let starts = try_join_all(containers.iter().map(|one| self.start_of(one))).await?;
        let of = |role| {
            let all = containers.iter().zip(&starts).filter(move |(one, _)| one.seen.role == role);
            all.filter_map(|(_, start)| start.clone()).collect()
        };
        Ok(LivingProcesses {
            job_managers: of(Some(Role::JobManager)),
            task_managers: of(Some(Role::TaskManager)),
        })
    }

    /// When a container was started; `None`: it does not run.
    async fn start_of(&self, one: &ListedContainer) -> Result<Option<ProcessStart>, Error> {
        let found = self.docker.inspect_container(&one.id, None::<InspectContainerOptions>).await;
        let found = match found {
            Err(error) if status(&error) == Some(404) => return Ok(None),
            found => found.map_err(|error| failure(&error))?,
        };
        // One that waits for its next start is told to run as well.
        let lives = |state: &bollard::models::ContainerState| {
            state.running == Some(true) && state.restarting != Some(true)
        };
        let state = found.state.filter(lives);
        Ok(state.map(|state| ProcessStart {
            name: one.seen.alias.clone(),
            id: one.id.clone(),
            since: state.started_at.unwrap_or_default(),
        }))
    }

    /// Kills containers and starts them again.
    ///
    /// # Errors
    /// The daemon refuses.
    pub async fn end_processes(&self, all: &[ProcessStart]) -> Result<(), Error> {
        let ended = all.iter().map(|one| async {
            let options = RestartContainerOptionsBuilder::default().t(0).build();
            match self.docker.restart_container(&one.id, Some(options)).await {
                Err(error) if status(&error) != Some(404) => Err(failure(&error)),
                _ => Ok(()),
            }
        });
        try_join_all(ended).await.map(drop)
    }

    /// The complete checkpoints of jobs below a directory of containers; `None`: no JobManager runs, or nobody can look there. Of a
    /// JobManager without a shell the newest ones are looked for in what the daemon packs.
    pub async fn left(
        &self,
        directory: &str,
        jobs: &[&str],
    ) -> Option<BTreeMap<String, BTreeMap<u64, String>>> {
        let job_manager = self.processes().await.ok()?.job_managers.into_iter().next()?;
        if let Some(listed) = checkpoints::listed_by(self, &job_manager.id, directory, jobs).await {
            return Some(listed);
        }
        let mut all = BTreeMap::new();
        for job in jobs {
            let newest = checkpoints::packed(self, Path::new(directory), job).await.ok()?;
            let number = |path: &str| path.rsplit_once("chk-")?.1.parse().ok();
            if let Some(found) = newest.and_then(|(path, _)| Some((number(&path)?, path))) {
                all.insert((*job).to_owned(), [found].into());
            }
        }
        (!jobs.is_empty()).then_some(all)
    }

    /// What JobManagers wrote down of a job in a directory of containers.
    ///
    /// # Errors
    /// The daemon refuses, or there is no container.
    pub async fn archived(&self, directory: &str, job: &str) -> Result<Archived, Error> {
        let containers = self.containers().await?;
        let is_one = |one: &&ListedContainer| one.seen.role == Some(Role::JobManager);
        let one = containers.iter().find(is_one);
        let one = one.ok_or_else(|| Error::new(Kind::NotFound, "there is no JobManager"))?;
        let path = format!("{}/{job}", directory.trim_end_matches('/'));
        let Some(packed) = make::download(self, &one.id, &path).await? else {
            return Ok(Archived::nothing(self.is_kept(&one.id, Path::new(&path)).await?));
        };
        let mut archive = tar::Archive::new(packed.as_slice());
        let Some(entry) = archive.entries()?.next() else { return Ok(Archived::Unclear) };
        let mut text = Vec::new();
        entry?.read_to_end(&mut text)?;
        Ok(archived(Some(&text), job))
    }

    /// Whether what is at a path of a container is there for the next one as well.
    async fn is_kept(&self, container: &str, path: &Path) -> Result<bool, Error> {
        let found = self.docker.inspect_container(container, None::<InspectContainerOptions>).await;
        let mounts = found.map_err(|error| failure(&error))?.mounts.unwrap_or_default();
        let above = mounts.iter().filter_map(|mount| {
            let point = Path::new(mount.destination.as_deref()?);
            path.starts_with(point).then(|| (point.components().count(), mount))
        });
        let innermost = above.max_by_key(|(depth, _)| *depth);
        Ok(innermost.is_some_and(|(_, mount)| outlives(mount)))
    }
}

/// Whether the files of a mount outlive the container. A volume that was made along with it goes with it: the daemon has named that one.
fn outlives(mount: &MountPoint) -> bool {
    let name = mount.name.as_deref().unwrap_or_default();
    let is_anonymous = name.len() == ANONYMOUS && name.bytes().all(|one| one.is_ascii_hexdigit());
    match mount.typ.as_deref() {
        Some("bind" | "cluster") => true,
        Some("volume") => !is_anonymous,
        _ => false,
    }
}

/// Hexadecimal digits of the name that a daemon gives to a volume (`stringid.GenerateRandomID`).
const ANONYMOUS: usize = 64;

/// What happens to the containers of a session, as the daemon tells.
#[allow(missing_debug_implementations, reason = "the stream inside has none")]
pub struct ContainerChanges {
    session: DockerSession,
    stream: Option<BoxStream<'static, Result<EventMessage, DaemonError>>>,
}

impl ContainerChanges {
    /// Of a session; nothing is asked yet.
    pub const fn of(session: DockerSession) -> Self {
        Self { session, stream: None }
    }

    /// Asks from now on, where that is not asked already.
    pub fn open(&mut self) {
        if self.stream.is_some() {
            return;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let filters: HashMap<String, Vec<String>> = [
            ("type".to_owned(), vec!["container".to_owned()]),
            ("event".to_owned(), ["die", "start", "destroy"].map(str::to_owned).to_vec()),
            ("label".to_owned(), vec![format!("{SESSION}={}", self.session.name)]),
        ]
        .into();
        let options = EventsOptionsBuilder::default().since(&now.to_string()).filters(&filters);
        let docker = self.session.docker.clone();
        self.stream = Some(docker.events(Some(options.build())).boxed());
    }

    /// Ends when something has happened; where the daemon tells nothing, never.
    pub async fn next(&mut self) {
        if let Some(stream) = &mut self.stream {
            if let Some(Ok(_)) = stream.next().await {
                return;
            }
            self.stream = None;
        }
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_that_outlive_their_container() {
        #[track_caller]
        fn check(kind: &str, name: &str, expected: bool) {
            let [typ, name] = [kind, name].map(|text| Some(text.to_owned()));
            let mount = MountPoint { typ, name, ..MountPoint::default() };
            assert_eq!(outlives(&mount), expected, "{mount:?}");
        }
        check("volume", "nutkin-a-data", true);
        check("volume", &"a0".repeat(32), false);
        check("bind", "", true);
        check("tmpfs", "", false);
        check("image", "", false);
    }
}
