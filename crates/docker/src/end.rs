//! Ending a session, changing its size, and what is remembered of it.

use std::collections::HashMap;
use std::io::Read as _;

use bollard::models::{ContainerCreateBody, EndpointSettings, NetworkingConfig};
use bollard::query_parameters::{
    InspectContainerOptions, ListVolumesOptionsBuilder, RemoveVolumeOptions,
};
use nutkin_container::image::User;
use nutkin_core::plan::docker::{EXTRAS, NAME, SESSION};
use nutkin_core::record::SessionRecord;
use nutkin_flink::process::Role;

use super::make::{self, Archive};
use super::session::{Container, DockerSession};
use super::{failure, lock, status};
use nutkin_shell::{Context, Error, Kind};
use nutkin_shell::{Ended, Ending, Kept};

/// Where the record is on the volume, below Flink's home.
const RECORD: &str = "data/.nutkin/record.json";

/// Ends containers and network; volumes too where they are named.
///
/// # Errors
/// The daemon refuses.
pub async fn all(
    session: &DockerSession,
    network: &str,
    volumes: &[String],
) -> Result<Vec<String>, Error> {
    let mut ended = Vec::new();
    // TaskManagers first: they would look for the JobManager.
    for one in session.containers().await?.iter().rev() {
        make::end(session, &one.seen.name).await?;
        ended.push(one.seen.alias.clone());
    }
    let of_session = session.docker.inspect_network(network, None).await;
    match of_session {
        Ok(found) if found.labels.as_ref().is_some_and(|labels| is_ours(labels, session)) => {
            let removed = session.docker.remove_network(network).await;
            removed.map_err(|error| failure(&error))?;
            ended.push(format!("network {network}"));
        }
        _ => {}
    }
    for volume in volumes {
        let removed = session.docker.remove_volume(volume, None::<RemoveVolumeOptions>).await;
        removed.map_err(|error| failure(&error))?;
    }
    Ok(ended)
}

fn is_ours(labels: &HashMap<String, String>, session: &DockerSession) -> bool {
    labels.get(SESSION) == Some(&session.name)
}

/// Ends a session. Its volume stays unless told otherwise: savepoints and checkpoints are there.
///
/// # Errors
/// The daemon refuses.
pub async fn end(
    session: &DockerSession,
    ending: Ending,
    context: &Context<'_>,
) -> Result<Ended, Error> {
    let network = format!("nutkin-{}", session.name);
    // Held to the end: nobody makes containers of a session that is being ended.
    let _lock = lock::take(session, context).await?;
    let volumes = volumes(session).await?;
    let (deleted, kept) =
        if ending.delete_data { (&volumes[..], &[][..]) } else { (&[][..], &volumes[..]) };
    let ended = all(session, &network, deleted).await?;
    let kept = kept.iter().map(|volume| Kept {
        what: format!("volume {volume}"),
        remark: format!(
            "checkpoints and savepoints: a session of this name finds them again; \
             `nutkin down {} --delete-data --on docker` deletes it",
            session.name
        ),
        is_data: true,
    });
    Ok(Ended { ended, kept: kept.collect(), deleted: deleted.iter().map(described).collect() })
}

/// Names of the volumes that carry the session's label, which a session that is gone has left as well.
async fn volumes(session: &DockerSession) -> Result<Vec<String>, Error> {
    let label = format!("{SESSION}={}", session.name);
    let filters = HashMap::from([("label".to_owned(), vec![label])]);
    let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
    let found =
        session.docker.list_volumes(Some(options)).await.map_err(|error| failure(&error))?;
    let mut names: Vec<String> =
        found.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect();
    names.sort();
    Ok(names)
}

fn described(volume: &String) -> String {
    format!("volume {volume}: checkpoints and savepoints")
}

/// The volumes that an end with `--delete-data` deletes.
///
/// # Errors
/// The daemon cannot be asked.
pub async fn deletable(session: &DockerSession) -> Result<Vec<String>, Error> {
    Ok(volumes(session).await?.iter().map(described).collect())
}

/// A change of the number of TaskManagers, not carried out.
#[derive(Debug)]
pub struct Scaling {
    /// TaskManagers that there are.
    pub old: usize,
    session: DockerSession,
    seen: Vec<Container>,
    wanted: usize,
}

/// What changing the number of TaskManagers means.
///
/// # Errors
/// None shall be left (2), there is no such session (5), or the daemon refuses.
pub async fn scaling(session: &DockerSession, wanted: usize) -> Result<Scaling, Error> {
    if wanted == 0 {
        let name = &session.name;
        let message = format!("one TaskManager of session `{name}` stays: further ones are copies");
        return Err(Error::new(Kind::Invalid, message).hint(format!(
            "`--task-managers 1` is the least; `nutkin down {name}` ends the session"
        )));
    }
    let seen = session.containers().await?;
    let old = task_managers(&seen).count();
    if old == 0 {
        let message = format!("session `{}` has no TaskManager to copy", session.name);
        return Err(Error::new(Kind::NotFound, message)
            .hint("`nutkin up --on docker` with the same file and options makes them"));
    }
    Ok(Scaling { old, session: session.clone(), seen, wanted })
}

/// Those that were started once: one that never was may lack its files.
fn task_managers(seen: &[Container]) -> impl Iterator<Item = &Container> {
    seen.iter().filter(|one| one.seen.role == Some(Role::TaskManager) && !is_unfinished(one))
}

/// Whether a command was cut off while it made this one.
fn is_unfinished(one: &Container) -> bool {
    one.seen.hash.is_empty()
}

impl Scaling {
    /// Ends the last TaskManagers, or makes more like the first one.
    ///
    /// # Errors
    /// Another command changed the session since, or the daemon refuses.
    pub async fn carry_out(&self, context: &Context<'_>) -> Result<(), Error> {
        let _lock = lock::take(&self.session, context).await?;
        lock::still_so(&self.session, &self.seen).await?;
        let unfinished = self.seen.iter().filter(|one| is_unfinished(one));
        for one in task_managers(&self.seen).skip(self.wanted).chain(unfinished) {
            make::end(&self.session, &one.seen.name).await?;
        }
        let Some(first) = task_managers(&self.seen).next() else { return Ok(()) };
        for number in self.old + 1..=self.wanted {
            self.copy(first, number).await?;
        }
        Ok(())
    }

    async fn copy(&self, first: &Container, number: usize) -> Result<(), Error> {
        let DockerSession { docker, .. } = &self.session;
        let alias = format!("taskmanager-{number}");
        let found = docker
            .inspect_container(&first.seen.name, None::<InspectContainerOptions>)
            .await
            .map_err(|error| failure(&error))?;
        let config = found.config.unwrap_or_default();
        let home = home(config.env.as_deref().unwrap_or_default());
        let old = first.seen.alias.as_str();
        let command = config.cmd.unwrap_or_default();
        let command = command.iter().map(|word| word.replace(old, &alias)).collect();
        let mut labels = config.labels.unwrap_or_default();
        labels.insert(NAME.to_owned(), alias.clone());
        let host = found.host_config.unwrap_or_default();
        let network = host.network_mode.clone().unwrap_or_default();
        let endpoint =
            EndpointSettings { aliases: Some(vec![alias.clone()]), ..EndpointSettings::default() };
        let body = ContainerCreateBody {
            hostname: Some(alias.clone()),
            image: config.image,
            cmd: Some(command),
            env: config.env,
            labels: Some(labels),
            healthcheck: config.healthcheck,
            host_config: Some(host),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some([(network, endpoint)].into()),
            }),
            ..ContainerCreateBody::default()
        };
        let mut archives = Vec::new();
        let label = first.labels.get(EXTRAS).map(String::as_str).unwrap_or_default();
        let extras: Vec<String> = serde_json::from_str(label).unwrap_or_default();
        let copied = std::iter::once("conf".to_owned()).chain(extras);
        for path in copied {
            let (folder, _) = path.rsplit_once('/').unwrap_or_default();
            let from = format!("{home}/{path}");
            let Some(bytes) = make::download(&self.session, &first.seen.name, &from).await? else {
                continue;
            };
            let mut above = Archive::new(User::default());
            if folder.contains('/') {
                above.directory(folder)?;
            }
            archives.push((home.clone(), above.finish()?));
            archives.push((format!("{home}/{folder}"), bytes.into()));
        }
        let name = format!("nutkin-{}-{alias}", self.session.name);
        make::make(&self.session, &name, body, &archives, &mut Vec::new()).await
    }
}

fn home(environment: &[String]) -> String {
    let home = environment.iter().find_map(|one| one.strip_prefix("FLINK_HOME="));
    home.unwrap_or(nutkin_flink::official::FLINK_HOME).to_owned()
}

/// The container through which the volume is reached, and its Flink home.
async fn keeper(session: &DockerSession) -> Result<(String, String), Error> {
    let containers = session.containers().await?;
    let of_role = containers.iter().find(|one| one.seen.role == Some(Role::JobManager));
    let Some(one) = of_role else {
        let message = format!("session `{}` has no JobManager", session.name);
        return Err(Error::new(Kind::NotFound, message).hint("`nutkin up --on docker` starts it"));
    };
    let found =
        session.docker.inspect_container(&one.seen.name, None::<InspectContainerOptions>).await;
    let found = found.map_err(|error| failure(&error))?;
    let variables = found.config.and_then(|config| config.env).unwrap_or_default();
    Ok((one.seen.name.clone(), home(&variables)))
}

/// What is remembered of the session: a file on its volume.
///
/// # Errors
/// The daemon refuses, or the file is damaged.
pub async fn record(session: &DockerSession) -> Result<SessionRecord, Error> {
    let (container, home) = keeper(session).await?;
    let Some(bytes) = make::download(session, &container, &format!("{home}/{RECORD}")).await?
    else {
        return Ok(SessionRecord::new(&session.name));
    };
    let mut text = String::new();
    for entry in tar::Archive::new(bytes.as_slice()).entries()? {
        entry?.read_to_string(&mut text)?;
    }
    serde_json::from_str(&text).map_err(|error| {
        let message = format!("the record of session `{}` is damaged: {error}", session.name);
        Error::new(Kind::Broken, message)
            .hint(format!("it is `{home}/{RECORD}` of container `{container}`"))
    })
}

/// Remembers it.
///
/// # Errors
/// The daemon refuses.
pub async fn remember(session: &DockerSession, record: &SessionRecord) -> Result<(), Error> {
    let (container, home) = keeper(session).await?;
    let mut archive = Archive::new(User::default());
    archive.directory("data/.nutkin")?;
    archive.text(RECORD, &serde_json::to_string_pretty(record)?)?;
    make::upload(session, &container, &home, archive.finish()?).await
}

/// Whether the daemon has anything of the session.
///
/// # Errors
/// The daemon refuses.
pub async fn exists(session: &DockerSession) -> Result<bool, Error> {
    if !session.containers().await?.is_empty() {
        return Ok(true);
    }
    let network = format!("nutkin-{}", session.name);
    match session.docker.inspect_network(&network, None).await {
        Ok(_) => Ok(true),
        Err(error) if status(&error) == Some(404) => Ok(false),
        Err(error) => Err(failure(&error)),
    }
}
