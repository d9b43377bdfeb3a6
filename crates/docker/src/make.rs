//! Making and ending containers, and bringing files into them.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use bollard::body_full;
use bollard::errors::Error as DaemonError;
use bollard::models::{
    ContainerCreateBody, EndpointSettings, HealthConfig, HostConfig, HostConfigLogConfig, Mount,
    MountBindOptions, MountType, NetworkingConfig, PortBinding, RestartPolicy,
    RestartPolicyNameEnum,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder, InspectContainerOptions,
    RemoveContainerOptionsBuilder, RenameContainerOptionsBuilder, RestartContainerOptionsBuilder,
    StartContainerOptions, StopContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use nutkin_container::image::ImageUser;
use nutkin_core::decide::docker::Within;
use nutkin_core::plan::docker::{
    Container, ContainerMount, HEALTH_SECONDS, LOG_LIMITS, MountSource, PUBLISH, REST_PORT,
    START_SECONDS, TO_BECOME_ANOTHER,
};
use tar::{EntryType, Header};

use super::session::DockerSession;
use super::{failure, message, status};
use nutkin_shell::files::At;
use nutkin_shell::{Error, Kind};

/// Seconds that a container gets to end by itself: a JVM ends in less than one, a checkpoint on the way in a few.
const STOP_SECONDS: i32 = 10;

/// Drivers that keep what a container prints in files without a limit unless they are given one.
const FILE_DRIVERS: [&str; 2] = ["json-file", "local"];

/// What the daemon is asked for. `log_driver`: how it keeps what containers print.
pub fn body(one: &Container, within: &Within, log_driver: &str) -> ContainerCreateBody {
    let Within { network, volume, data, starts_as_root, .. } = within;
    let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    let log = FILE_DRIVERS.contains(&log_driver).then(|| HostConfigLogConfig {
        typ: Some(log_driver.to_owned()),
        config: Some(LOG_LIMITS.map(|(key, value)| (key.to_owned(), value.to_owned())).into()),
    });
    let nanoseconds = |seconds: u64| i64::try_from(seconds).unwrap_or_default() * 1_000_000_000;
    let (interval, timeout, retries) = HEALTH_SECONDS;
    let mut test = vec!["CMD".to_owned()];
    test.extend(one.health.iter().cloned());
    let ports = one.published.as_ref().map(|published| {
        let port = (published.port != 0).then(|| published.port.to_string());
        let binding = PortBinding {
            host_ip: Some(published.address.clone()),
            // Empty: the daemon chooses.
            host_port: Some(port.unwrap_or_default()),
        };
        HashMap::from([(format!("{REST_PORT}/tcp"), Some(vec![binding]))])
    });
    let memory = i64::try_from(one.memory).ok();
    let data_volume = Mount {
        target: Some(data.clone()),
        source: Some(volume.clone()),
        typ: Some(MountType::VOLUME),
        ..Mount::default()
    };
    let host = HostConfig {
        memory,
        // Swapped memory would make a slow session of one that is too small.
        memory_swap: memory,
        nano_cpus: one.millicpus.and_then(|cpus| i64::try_from(cpus * 1_000_000).ok()),
        restart_policy: Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::UNLESS_STOPPED),
            maximum_retry_count: None,
        }),
        port_bindings: ports,
        log_config: log,
        cap_drop: one.hardened.then(|| texts(&["ALL"])),
        cap_add: (one.hardened && *starts_as_root).then(|| texts(&TO_BECOME_ANOTHER)),
        security_opt: one.hardened.then(|| texts(&["no-new-privileges"])),
        network_mode: Some(network.clone()),
        extra_hosts: (!one.extra_hosts.is_empty()).then(|| {
            one.extra_hosts.iter().map(|(host, address)| format!("{host}:{address}")).collect()
        }),
        mounts: Some(std::iter::once(data_volume).chain(one.mounts.iter().map(mount)).collect()),
        ..HostConfig::default()
    };
    let endpoint =
        EndpointSettings { aliases: Some(vec![one.alias.clone()]), ..EndpointSettings::default() };
    ContainerCreateBody {
        hostname: Some(one.alias.clone()),
        image: Some(one.image.clone()),
        cmd: Some(one.command.clone()),
        env: Some(one.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        labels: Some(one.labels.clone().into_iter().collect()),
        exposed_ports: one.published.as_ref().map(|_| vec![format!("{REST_PORT}/tcp")]),
        healthcheck: Some(HealthConfig {
            test: Some(test),
            interval: Some(nanoseconds(interval)),
            timeout: Some(nanoseconds(timeout)),
            retries: i64::try_from(retries).ok(),
            start_period: Some(nanoseconds(START_SECONDS)),
            start_interval: None,
        }),
        host_config: Some(host),
        networking_config: Some(NetworkingConfig {
            endpoints_config: Some(HashMap::from([(network.clone(), endpoint)])),
        }),
        ..ContainerCreateBody::default()
    }
}

/// A folder of the daemon's machine, a volume of the daemon, or a folder that begins empty and is removed with the container.
fn mount(one: &ContainerMount) -> Mount {
    let (typ, is_made) = match &one.source {
        MountSource::Folder { is_made, .. } => (MountType::BIND, *is_made),
        MountSource::Volume(_) | MountSource::Scratch => (MountType::VOLUME, false),
    };
    let makes = is_made
        .then(|| MountBindOptions { create_mountpoint: Some(true), ..MountBindOptions::default() });
    Mount {
        target: Some(one.target.clone()),
        source: one.source.name().map(str::to_owned),
        typ: Some(typ),
        read_only: Some(one.read_only),
        bind_options: makes,
        ..Mount::default()
    }
}

/// Makes a container, brings files into it (tar archives with the folder they are for), and starts it. Its ID is added to
/// `made` as soon as there is one.
///
/// # Errors
/// The daemon refuses: said with the remedy.
pub async fn make(
    session: &DockerSession,
    name: &str,
    body: ContainerCreateBody,
    archives: &[(String, Bytes)],
    made: &mut Vec<String>,
) -> Result<(), Error> {
    create(session, name, body, archives, made).await?;
    start(session, name).await
}

/// The same without starting it.
///
/// # Errors
/// The daemon refuses: said with the remedy.
pub async fn create(
    session: &DockerSession,
    name: &str,
    body: ContainerCreateBody,
    archives: &[(String, Bytes)],
    made: &mut Vec<String>,
) -> Result<(), Error> {
    let options = CreateContainerOptionsBuilder::default().name(name).build();
    let created = session.docker.create_container(Some(options), body).await;
    made.push(created.map_err(|error| refused(name, &error))?.id);
    for (folder, archive) in archives {
        upload(session, name, folder, archive.clone()).await?;
    }
    Ok(())
}

/// Gives a container another name.
///
/// # Errors
/// The daemon refuses: said with the remedy.
pub async fn rename(session: &DockerSession, id: &str, name: &str) -> Result<(), Error> {
    let options = RenameContainerOptionsBuilder::default().name(name).build();
    session.docker.rename_container(id, options).await.map_err(|error| refused(name, &error))
}

/// Unpacks a tar archive in a folder of a container, with the owners that it states.
///
/// # Errors
/// The daemon refuses.
pub async fn upload(
    session: &DockerSession,
    name: &str,
    folder: &str,
    archive: Bytes,
) -> Result<(), Error> {
    let options = UploadToContainerOptionsBuilder::default().path(folder).build();
    let uploaded =
        session.docker.upload_to_container(name, Some(options), body_full(archive)).await;
    uploaded.map_err(|error| failure(&error))
}

/// A file or a folder of a container as a tar archive; `None` when it is not there.
///
/// # Errors
/// The daemon refuses.
pub async fn download(
    session: &DockerSession,
    name: &str,
    path: &str,
) -> Result<Option<Vec<u8>>, Error> {
    let options = DownloadFromContainerOptionsBuilder::default().path(path).build();
    let pieces = session.docker.download_from_container(name, Some(options));
    let all = pieces.try_fold(Vec::new(), |mut all, piece| async move {
        all.extend_from_slice(&piece);
        Ok(all)
    });
    match all.await {
        Ok(all) => Ok(Some(all)),
        // Of a container that is gone nobody knows what it had.
        Err(error) if status(&error) == Some(404) && !is_gone(&error) => Ok(None),
        Err(error) => Err(failure(&error)),
    }
}

fn is_gone(error: &DaemonError) -> bool {
    message(error).to_lowercase().contains("no such container")
}

/// Starts a container.
///
/// # Errors
/// The daemon refuses: said with the remedy.
pub async fn start(session: &DockerSession, name: &str) -> Result<(), Error> {
    let started = session.docker.start_container(name, None::<StartContainerOptions>).await;
    started.map_err(|error| refused(name, &error))
}

/// Gives a container the name that it had, and starts it, as far as it has another one or does not run.
///
/// # Errors
/// The daemon refuses: said with the remedy.
pub async fn restore(session: &DockerSession, id: &str, name: &str) -> Result<(), Error> {
    let found = session.docker.inspect_container(id, None::<InspectContainerOptions>).await;
    let found = found.map_err(|error| failure(&error))?;
    if found.name.is_none_or(|there| there.trim_start_matches('/') != name) {
        rename(session, id, name).await?;
    }
    if found.state.and_then(|state| state.running) == Some(true) {
        return Ok(());
    }
    start(session, name).await
}

/// Stops a container and starts it again.
///
/// # Errors
/// The daemon refuses.
pub async fn restart(session: &DockerSession, id: &str) -> Result<(), Error> {
    let options = RestartContainerOptionsBuilder::default().t(STOP_SECONDS).build();
    session.docker.restart_container(id, Some(options)).await.map_err(|error| failure(&error))
}

/// Stops a container; one that does not run or is gone is not an error.
///
/// # Errors
/// The daemon refuses.
pub async fn stop(session: &DockerSession, name: &str) -> Result<(), Error> {
    let stop = StopContainerOptionsBuilder::default().t(STOP_SECONDS).build();
    match session.docker.stop_container(name, Some(stop)).await {
        Err(error) if !matches!(status(&error), Some(304 | 404)) => Err(failure(&error)),
        _ => Ok(()),
    }
}

/// Stops and removes a container; one that is gone is not an error.
///
/// # Errors
/// The daemon refuses.
pub async fn end(session: &DockerSession, name: &str) -> Result<(), Error> {
    stop(session, name).await?;
    let remove = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    match session.docker.remove_container(name, Some(remove)).await {
        Err(error) if status(&error) != Some(404) => Err(failure(&error)),
        _ => Ok(()),
    }
}

/// What a daemon says when a container cannot be made or started, with the remedy.
fn refused(name: &str, error: &DaemonError) -> Error {
    let said = message(error);
    let is_taken = ["port is already allocated", "address already in use"];
    if is_taken.iter().any(|text| said.contains(text)) {
        let message = format!("the port for the REST API of `{name}` is taken: {said}");
        return Error::new(Kind::Broken, message)
            .hint(format!("choose another one: -D {PUBLISH}=PORT; 0 is any free one"));
    }
    if said.contains("Conflict. The container name") {
        let message = format!("there is a container `{name}` that Nutkin did not make");
        return Error::new(Kind::Broken, message).hint("give the session another name");
    }
    let failure =
        Error::new(Kind::Broken, format!("the Docker daemon cannot start `{name}`: {said}"));
    if said.contains("paused container") {
        return failure.hint(format!("`docker unpause {name}` lets it go on"));
    }
    if said.contains("bind source path does not exist") {
        return failure.hint(
            "make the folder on the daemon's machine, or let the daemon do it: `type: DirectoryOrCreate` of the `hostPath`",
        );
    }
    failure
}

/// A tar archive in the making, for the files of a container.
#[allow(missing_debug_implementations, reason = "the builder inside has none")]
pub struct Archive {
    tar: tar::Builder<Vec<u8>>,
    owner: ImageUser,
}

impl Archive {
    /// An empty one, of files with this owner.
    pub fn new(owner: ImageUser) -> Self {
        Self { tar: tar::Builder::new(Vec::new()), owner }
    }

    fn header(&self, mode: u32, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.set_uid(self.owner.uid.into());
        header.set_gid(self.owner.gid.into());
        header.set_mode(mode);
        header.set_size(size);
        header
    }

    /// Adds a directory.
    ///
    /// # Errors
    /// The path is none.
    pub fn directory(&mut self, path: &str) -> io::Result<()> {
        self.folder(path, 0o755)
    }

    /// Adds a directory of a mode.
    ///
    /// # Errors
    /// The path is none.
    pub fn folder(&mut self, path: &str, mode: u32) -> io::Result<()> {
        let mut header = self.header(mode, 0);
        header.set_entry_type(EntryType::Directory);
        self.tar.append_data(&mut header, format!("{path}/"), io::empty())
    }

    /// Adds a file that only its owner reads: configuration may hold passwords.
    ///
    /// # Errors
    /// The path is none.
    pub fn text(&mut self, path: &str, text: &str) -> io::Result<()> {
        let mut header = self.header(0o600, text.len() as u64);
        self.tar.append_data(&mut header, path, text.as_bytes())
    }

    /// Adds a file of this machine, or a directory with all that is in it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn copy(&mut self, path: &str, source: &Path) -> Result<(), Error> {
        if source.is_dir() {
            self.directory(path)?;
            let mut entries: Vec<_> =
                std::fs::read_dir(source).at("read", source)?.flatten().collect();
            entries.sort_by_key(std::fs::DirEntry::file_name);
            for entry in entries {
                let name = entry.file_name().to_string_lossy().into_owned();
                self.copy(&format!("{path}/{name}"), &entry.path())?;
            }
            return Ok(());
        }
        let bytes = std::fs::read(source).at("read", source)?;
        let mut header = self.header(0o644, bytes.len() as u64);
        self.tar.append_data(&mut header, path, bytes.as_slice()).at("pack", source)?;
        Ok(())
    }

    /// The archive.
    ///
    /// # Errors
    /// None in practice: it is in memory.
    pub fn finish(self) -> io::Result<Bytes> {
        Ok(Bytes::from(self.tar.into_inner()?))
    }
}
