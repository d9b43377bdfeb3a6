//! A session that exists on a Docker daemon: its containers, as the daemon tells.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use bollard::Docker;
use bollard::models::{ContainerSummary, ContainerSummaryStateEnum, Volume};
use bollard::query_parameters::{ListContainersOptionsBuilder, ListVolumesOptionsBuilder};
use nutkin_core::decide::docker::{TRIED, TakenPort};
use nutkin_core::plan::docker::{
    FLINK, HASH, LOOPBACK, NAME, REST_PORT, ROLE, SESSION, SeenContainer,
};
use nutkin_core::remedy::{Deed, UpWith};
use nutkin_core::selection::Platform;
use nutkin_flink::FlinkVersion;
use nutkin_flink::Problem;
use nutkin_flink::process::Role;

use super::endpoint::{self, Endpoint};
use super::{connect, failure};
use nutkin_rest::Connected;
use nutkin_shell::{Context, Environment, Error, Kind, ports};

/// A session's name and the daemon that has it.
#[derive(Debug, Clone)]
pub struct DockerSession {
    /// Its name.
    pub name: String,
    /// The daemon.
    pub docker: Docker,
    /// Where its published ports are: this machine, or the daemon's.
    pub host: String,
    /// Whether the daemon is that of this machine for sure: a socket of another place may be forwarded.
    is_here: bool,
}

impl ListedContainer {
    /// Whether somebody has stopped its processes without ending them (`docker pause`).
    pub fn is_paused(&self) -> bool {
        self.status.ends_with("(Paused)")
    }
}

/// A container, as the daemon's list has it.
#[derive(Debug, Clone)]
pub struct ListedContainer {
    /// What core compares.
    pub seen: SeenContainer,
    /// The daemon's ID.
    pub id: String,
    /// In the daemon's words: `Up 3 minutes (healthy)`.
    pub status: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Whether a command that was cut off has prepared it, or stopped it for a new one.
    pub is_spare: bool,
    /// Where REST is published.
    pub rest: Option<(String, u16)>,
}

impl DockerSession {
    /// The session of that name, whether or not it exists.
    ///
    /// # Errors
    /// There is no daemon, or this user may not use it.
    pub async fn of(name: &str, context: &Context<'_>) -> Result<Self, Error> {
        let docker = connect(context.environment).await?;
        Ok(Self::with(name, docker, context.environment))
    }

    pub(super) fn with(name: &str, docker: Docker, environment: &Environment) -> Self {
        let endpoint = endpoint::find(environment).ok();
        let is_here = endpoint.as_ref().is_some_and(Endpoint::is_of_this_machine);
        let host = endpoint.as_ref().and_then(|one| one.host.strip_prefix("tcp://"));
        let host =
            host.and_then(|host| host.rsplit_once(':')).map_or("127.0.0.1", |(host, _)| host);
        Self { name: name.to_owned(), docker, host: host.to_owned(), is_here }
    }

    /// Whether the daemon is that of this machine for sure.
    pub const fn is_here(&self) -> bool {
        self.is_here
    }

    /// All sessions of the daemon, by name.
    ///
    /// # Errors
    /// It cannot be asked.
    pub async fn all(context: &Context<'_>) -> Result<Vec<Self>, Error> {
        let docker = connect(context.environment).await?;
        let all = list(&docker, SESSION.to_owned()).await?;
        let mut names: Vec<String> =
            all.into_iter().filter_map(|one| one.labels?.remove(SESSION)).collect();
        names.sort();
        names.dedup();
        let of = |name: &String| Self::with(name, docker.clone(), context.environment);
        Ok(names.iter().map(of).collect())
    }

    /// The name below the session of a container's name.
    pub fn alias<'a>(&self, name: &'a str) -> &'a str {
        below(&self.name, name)
    }

    /// Name of its volume.
    pub fn volume(&self) -> String {
        format!("nutkin-{}-data", self.name)
    }

    /// Its containers, by name.
    ///
    /// # Errors
    /// The daemon refuses.
    pub async fn containers(&self) -> Result<Vec<ListedContainer>, Error> {
        let all = list(&self.docker, format!("{SESSION}={}", self.name)).await?;
        Ok(listed(all))
    }

    /// Its containers, by name, and the ports that others have. `busy`: those that programs of this machine have, which are
    /// looked for once. `asked`: ports that an option says.
    ///
    /// # Errors
    /// The daemon refuses.
    pub(super) async fn survey(
        &self,
        busy: &OnceLock<Vec<TakenPort>>,
        asked: &[u16],
    ) -> Result<(Vec<ListedContainer>, Vec<TakenPort>), Error> {
        let options = ListContainersOptionsBuilder::default().all(true).build();
        let all =
            self.docker.list_containers(Some(options)).await.map_err(|error| failure(&error))?;
        let is_own = |one: &ContainerSummary| {
            one.labels.as_ref().and_then(|labels| labels.get(SESSION)) == Some(&self.name)
        };
        let (own, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_own);
        let own_ports: Vec<u16> = own.iter().flat_map(published).map(|(_, port)| port).collect();
        let mut taken = Vec::new();
        for one in &others {
            let name = one.names.iter().flatten().next();
            let by = name.map(|name| name.trim_start_matches('/').to_owned());
            let of = |(address, port)| TakenPort { address, port, by: by.clone() };
            taken.extend(published(one).map(of));
        }
        taken.extend(busy.get_or_init(|| self.taken_here(&own_ports, asked)).iter().cloned());
        Ok((listed(own), taken))
    }

    /// Ports that programs of this machine have, where it is the daemon's: of those on which a session may publish REST, and of
    /// those that an option says.
    fn taken_here(&self, own: &[u16], asked: &[u16]) -> Vec<TakenPort> {
        if !self.is_here {
            return Vec::new();
        }
        let is_taken = |port: &u16| !own.contains(port) && ports::take(*port).is_none();
        let usual = REST_PORT..REST_PORT + TRIED;
        let more = asked.iter().copied().filter(|port| !usual.contains(port));
        let ports = usual.clone().chain(more).filter(is_taken);
        ports.map(|port| TakenPort { address: LOOPBACK.to_owned(), port, by: None }).collect()
    }

    /// REST addresses of its JobManagers.
    pub fn rest_urls(&self, containers: &[ListedContainer]) -> Vec<String> {
        let published = containers.iter().filter_map(|one| one.rest.as_ref());
        published
            .map(|(address, port)| {
                let is_any = ["0.0.0.0", "::", "127.0.0.1", ""].contains(&address.as_str());
                let host = if is_any { self.host.as_str() } else { address.as_str() };
                let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
                format!("http://{host}:{port}")
            })
            .collect()
    }

    /// Makes its REST API reachable.
    ///
    /// # Errors
    /// Nothing of it runs, or its labels are damaged.
    pub async fn connect(&self) -> Result<Connected, Error> {
        let containers = self.containers().await?;
        let rest_urls = self.rest_urls(&containers);
        if rest_urls.is_empty() {
            let mut job_managers =
                containers.iter().filter(|one| one.seen.role == Some(Role::JobManager));
            if job_managers.any(|one| one.status.starts_with("Restarting")) {
                let message = format!("the JobManager of session `{}` has ended", self.name);
                return Err(Error::new(Kind::Broken, message)
                    .hint("Docker starts it again in a moment; its log says why it ended"));
            }
            let message = format!("no JobManager of session `{}` runs", self.name);
            let up =
                UpWith { name: Some(self.name.clone()), on: Some("docker"), ..UpWith::default() };
            return Err(Error::new(Kind::Broken, message).hint(Deed::Up(up).does("starts it")));
        }
        let flink = flink(&containers).ok_or_else(|| {
            let message =
                format!("the containers of session `{}` do not say their Flink", self.name);
            Error::new(Kind::Broken, message)
        })?;
        let (name, platform) = (self.name.clone(), Platform::Docker);
        Ok(Connected {
            name,
            platform,
            rest_urls,
            flink,
            identity: None,
            tunnel: None,
            tenure: None,
        })
    }
}

/// The release that the labels state.
pub(super) fn flink(containers: &[ListedContainer]) -> Option<FlinkVersion> {
    containers.iter().find_map(|one| one.labels.get(FLINK)?.parse().ok())
}

pub(super) async fn list(docker: &Docker, label: String) -> Result<Vec<ContainerSummary>, Error> {
    let filters = HashMap::from([("label".to_owned(), vec![label])]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    docker.list_containers(Some(options)).await.map_err(|error| failure(&error))
}

/// Volumes with that label.
pub(super) async fn list_volumes(docker: &Docker, label: String) -> Result<Vec<Volume>, Error> {
    let filters = HashMap::from([("label".to_owned(), vec![label])]);
    let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
    let found = docker.list_volumes(Some(options)).await.map_err(|error| failure(&error))?;
    Ok(found.volumes.unwrap_or_default())
}

/// The name below a session of a container's name.
fn below<'a>(session: &str, name: &'a str) -> &'a str {
    let below = name.strip_prefix("nutkin-").and_then(|name| name.strip_prefix(session));
    below.and_then(|name| name.strip_prefix('-')).unwrap_or(name)
}

/// Addresses and ports of the daemon's machine that a container publishes.
fn published(one: &ContainerSummary) -> impl Iterator<Item = (String, u16)> + '_ {
    let published = one.ports.iter().flatten();
    published.filter_map(|port| Some((port.ip.clone().unwrap_or_default(), port.public_port?)))
}

fn listed(all: Vec<ContainerSummary>) -> Vec<ListedContainer> {
    let mut all: Vec<ListedContainer> = all.into_iter().filter_map(container).collect();
    all.sort_by_key(order);
    all
}

fn container(one: ContainerSummary) -> Option<ListedContainer> {
    let labels: BTreeMap<String, String> = one.labels.unwrap_or_default().into_iter().collect();
    let name = one.names?.first()?.trim_start_matches('/').to_owned();
    let label = |key: &str| labels.get(key).cloned().unwrap_or_default();
    // One that does not have its own name was prepared, or stopped for a new one, by a command that was cut off.
    let alias = below(&label(SESSION), &name).to_owned();
    let is_spare = alias != label(NAME);
    let role = match label(ROLE).as_str() {
        _ if is_spare => None,
        "JobManager" => Some(Role::JobManager),
        "TaskManager" => Some(Role::TaskManager),
        "ZooKeeper" => Some(Role::ZooKeeper),
        _ => None,
    };
    let ports = one.ports.unwrap_or_default();
    let rest = ports.into_iter().find(|port| port.private_port == REST_PORT);
    let rest = rest.and_then(|port| Some((port.ip.unwrap_or_default(), port.public_port?)));
    let runs = one.state == Some(ContainerSummaryStateEnum::RUNNING);
    // What was never started may lack files that it was made for: a command was cut off. It is none that is wanted.
    let is_whole = one.state != Some(ContainerSummaryStateEnum::CREATED);
    let hash = if is_whole { label(HASH) } else { String::new() };
    let seen = SeenContainer { name, alias, role, hash, runs };
    let id = one.id.unwrap_or_default();
    let status = one.status.unwrap_or_default();
    Some(ListedContainer { seen, id, status, labels, is_spare, rest })
}

/// ZooKeeper, JobManagers, TaskManagers; each by its number.
fn order(one: &ListedContainer) -> (u8, usize, String) {
    let role = match one.seen.role {
        Some(Role::ZooKeeper) => 0,
        Some(Role::JobManager) => 1,
        Some(Role::TaskManager) => 2,
        None => 3,
    };
    (role, one.seen.alias.len(), one.seen.alias.clone())
}

/// There is no such container.
pub(super) fn no_container(
    session: &DockerSession,
    wanted: &str,
    there: &[ListedContainer],
) -> Error {
    let names: Vec<&str> = there.iter().map(|one| one.seen.alias.as_str()).collect();
    let message = format!("session `{}` has no container `{wanted}`", session.name);
    let hint = format!("there are: {}", names.join(", "));
    Error::input(vec![Problem::new("", message).hint(hint)])
}

/// Names of the volumes that carry the session's label, which a session that is gone has left as well.
pub(super) async fn volumes(session: &DockerSession) -> Result<Vec<String>, Error> {
    let found = list_volumes(&session.docker, format!("{SESSION}={}", session.name)).await?;
    let mut names: Vec<String> = found.into_iter().map(|volume| volume.name).collect();
    names.sort();
    Ok(names)
}
